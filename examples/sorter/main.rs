//! A small causal transformer learns to sort: it reads digits and writes them in order, one after another.
//!
//! A text is eight digits, a sign that asks for the answer, and the digits sorted. The model is trained to tell each
//! digit of the answer from all that stands before it, and then writes answers on its own, digit by digit. One of
//! eleven sequences of digits is kept from it in training and asked for in the end.
//!
//! `cargo run --release --example sorter` trains it from three seeds, and asserts that each sorts at least 99 % of the new
//! sequences right.

#![allow(clippy::print_stdout, reason = "a program talks to its user")]

use ndarray::{Array2, ArrayView1, Axis, s};
use nn::{
    AttentionMask, Embedding, Linear, SinusoidalPositions, TransformerEncoder, TransformerEncoderLayer, cross_entropy,
};
use optim::{Adam, Optimizer, Schedule};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tape::{Indices, Params, Pass, Program, Tape, Tensor};

/// Digits of a question, and of its answer.
const LENGTH: usize = 8;
/// The token behind the question; those below are digits.
const ANSWER: usize = 10;
const FEATURES: usize = 32;
const BATCH: usize = 64;
const STEPS: u64 = 1000;
/// How many questions are asked in the end, and which share of the answers has to be right.
const ASKED: usize = 2000;
const EXPECTED: f64 = 0.99;

struct Sorter {
    tokens: Embedding,
    positions: SinusoidalPositions,
    blocks: TransformerEncoder,
    scores: Linear,
}

impl Sorter {
    fn new(params: &mut Params<f32>, rng: &mut ChaCha8Rng) -> Self {
        let block = TransformerEncoderLayer::new(FEATURES, 4).feedforward(4 * FEATURES).dropout(0.0).norm_first();
        Self {
            tokens: params.within("tokens", |params| Embedding::new(ANSWER + 1, FEATURES).build(params, rng)),
            positions: SinusoidalPositions::new(FEATURES),
            blocks: params.within("blocks", |params| TransformerEncoder::new(block, 2).norm().build(params, rng)),
            scores: params.within("scores", |params| Linear::new(FEATURES, ANSWER).build(params, rng)),
        }
    }

    /// How likely each digit is next, from the token that asks for the answer on: `[n, tokens] -> [n, answers, 10]`.
    fn forward(&self, pass: &Pass<'_, f32>, texts: &Indices<'_>) -> Tensor<f32> {
        let x = self.positions.forward(pass, self.tokens.forward(pass, texts));
        let x = self.blocks.forward(pass, x, AttentionMask::none().causal());
        self.scores.forward(pass, x.narrow(1, LENGTH..texts.shape()[1]))
    }

    /// Writes the answers to questions, each digit the likeliest behind those that are written.
    fn answer(&self, params: &Params<f32>, questions: &Array2<usize>) -> Array2<usize> {
        let (count, mut tape) = (questions.nrows(), Tape::new());
        let mut texts = questions.clone();
        texts.push_column(ArrayView1::from(&vec![ANSWER; count])).expect("a token for each question");
        for written in 0..LENGTH {
            let scores = tape.evaluate(params, |pass| self.forward(pass, &Indices::from(&texts)));
            let next = scores.index_axis(Axis(1), written).map_axis(Axis(1), |scores| {
                (0..ANSWER).max_by(|&one, &other| scores[one].total_cmp(&scores[other])).expect("there are digits")
            });
            texts
                .push_column(next.into_dimensionality().expect("a digit for each question").view())
                .expect("so is this");
        }
        texts.slice(s![.., LENGTH + 1..]).to_owned()
    }
}

/// Whether a question is one of those that are never trained on, one of eleven.
fn is_kept_back(question: &[usize]) -> bool {
    question.iter().enumerate().map(|(place, digit)| (place + 1) * digit).sum::<usize>().is_multiple_of(11)
}

/// Questions, and the answers to them: `[n, 8]` each.
fn questions(count: usize, kept_back: bool, rng: &mut ChaCha8Rng) -> (Array2<usize>, Array2<usize>) {
    let mut questions = Array2::zeros((count, LENGTH));
    for mut question in questions.rows_mut() {
        loop {
            question.mapv_inplace(|_| (rng.next_u64() % ANSWER as u64) as usize);
            if is_kept_back(&question.to_vec()) == kept_back {
                break;
            }
        }
    }
    let mut answers = questions.clone();
    answers
        .rows_mut()
        .into_iter()
        .for_each(|mut answer| answer.as_slice_mut().expect("rows are dense").sort_unstable());
    (questions, answers)
}

/// A batch to learn from: questions with their answers but for the last digit, which nothing follows, and the answers.
fn lesson(rng: &mut ChaCha8Rng) -> (Array2<usize>, Array2<usize>) {
    let (questions, answers) = questions(BATCH, false, rng);
    let asking = Array2::from_elem((BATCH, 1), ANSWER);
    (ndarray::concatenate![Axis(1), questions, asking, answers.slice(s![.., ..LENGTH - 1])], answers)
}

/// Trains a model from a seed; how many of two thousand questions that were kept back it answers right.
fn run(seed: u64) -> Result<usize, Box<dyn std::error::Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut params = Params::new();
    let model = Sorter::new(&mut params, &mut rng);
    let mut adam = Adam::new(3e-3).schedule(Schedule::cosine(STEPS).warmup(100));

    let (texts, answers) = lesson(&mut rng);
    let inputs = (Indices::from(&texts), Indices::from(&answers));
    let mut program =
        Program::record(&params, inputs, |pass, (texts, answers)| cross_entropy(model.forward(pass, &texts), &answers));
    for step in 1..=STEPS {
        let (texts, answers) = lesson(&mut rng);
        let (loss, gradients) = program.run(&params, (Indices::from(&texts), Indices::from(&answers)))?;
        adam.step(&mut params, gradients)?;
        if step.is_multiple_of(250) {
            println!("seed {seed}, step {step}: {loss:.4} nats a digit");
        }
    }

    let (asked, sorted) = questions(ASKED, true, &mut rng);
    let written = model.answer(&params, &asked);
    println!("{} sorted to {}", asked.row(0), written.row(0));
    Ok(written.rows().into_iter().zip(sorted.rows()).filter(|(written, sorted)| written == sorted).count())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for seed in 0..3 {
        let right = run(seed)?;
        println!("seed {seed}: {right} of {ASKED} new sequences are sorted right");
        assert!(right as f64 >= EXPECTED * ASKED as f64, "seed {seed}: {right} of {ASKED} are right");
    }
    Ok(())
}
