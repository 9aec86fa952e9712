//! A recurrent network learns to add numbers that are written as text: it reads `27+95` and writes `122`.
//!
//! Nobody tells it what a number is. It sees characters, one after another from the right, as on paper, and then writes the
//! digits of the sum, the units first: whatever it has to remember of what it read, carries included, is in its state. This
//! is the task of W. Zaremba, I. Sutskever, "Learning to execute", arXiv 1410.4615, 2014, in small.
//!
//! `cargo run --release --example adder` trains it from three seeds and asserts that each adds at least 99 % of the pairs of
//! numbers up to 99 that it has not seen, in either order.

#![allow(clippy::print_stdout, reason = "a program talks to its user")]

use std::time::Instant;

use ndarray::Array2;
use nn::{Embedding, Gru, Linear, cross_entropy};
use optim::{Adam, Schedule};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tape::{Params, Pass, Tape, Tensor};
use train::{Dataset, Trainer};

/// The last one stands where the network is to write.
const CHARACTERS: &str = "0123456789+ _";
/// As long as `99+99` and `198`.
const READ: usize = 5;
const WRITTEN: usize = 3;
const SEEDS: [u64; 3] = [0, 1, 2];
const EPOCHS: usize = 25;
const BATCH: usize = 64;
const EXPECTED: f64 = 0.99;

/// Characters that are read, and those that are to be written.
type Sums = Dataset<Array2<usize>, Array2<usize>>;

struct Adder {
    letters: Embedding,
    memory: Gru,
    scores: Linear,
}

impl Adder {
    fn new(params: &mut Params<f32>, rng: &mut ChaCha8Rng) -> Self {
        let (characters, hidden) = (CHARACTERS.len(), 64);
        Self {
            letters: params.within("letters", |params| Embedding::new(characters, 16).build(params, rng)),
            memory: params.within("memory", |params| Gru::new(16, hidden).batch_first().build(params, rng)),
            scores: params.within("scores", |params| Linear::new(hidden, characters).build(params, rng)),
        }
    }

    /// How well each character suits each place of the answer: `[n, READ + WRITTEN] -> [n, WRITTEN, characters]`.
    fn forward(&self, pass: &Pass<'_, f32>, text: &Array2<usize>) -> Tensor<f32> {
        let (states, _) = self.memory.forward(pass, self.letters.forward(pass, text), None);
        self.scores.forward(pass, states.narrow(1, READ..READ + WRITTEN))
    }
}

fn main() -> Result<(), train::Error> {
    for seed in SEEDS {
        let (start, rng) = (Instant::now(), &mut ChaCha8Rng::seed_from_u64(seed));
        let mut pairs: Vec<_> = (0..100).flat_map(|a| (a..100).map(move |b| [a, b])).collect();
        pairs.shuffle(rng);
        let (unseen, seen) = pairs.split_at(pairs.len() / 5);
        let (training, test) = (sums(seen)?, sums(unseen)?);

        let mut params = Params::new();
        let adder = Adder::new(&mut params, rng);
        let steps = (training.len().div_ceil(BATCH) * EPOCHS) as u64;
        let mut adam = Adam::new(1e-2).schedule(Schedule::cosine(steps).warmup(steps / 10));
        Trainer::new(&mut params, &mut adam, &training).epochs(EPOCHS).batch_size(BATCH).seed(seed).run(
            |pass, batch| {
                let scores = adder.forward(pass, &batch.inputs);
                (cross_entropy(scores, &batch.targets), scores)
            },
        )?;

        let scores = Tape::new().evaluate(&params, |pass| adder.forward(pass, test.inputs()));
        let written = Array2::from_shape_vec(test.targets().dim(), train::predictions(&scores));
        let written = written.expect("one character a place");
        let lines = test.inputs().outer_iter().zip(written.outer_iter()).zip(test.targets().outer_iter());
        let right = lines.clone().filter(|((_, written), sum)| written == sum).count();
        for ((read, written), sum) in
            lines.clone().take(3).chain(lines.filter(|((_, written), sum)| written != sum).take(3))
        {
            let mark = if written == sum { "" } else { ", which is wrong" };
            println!("{}={}{mark}", text(read.iter().take(READ)), text(written.iter()));
        }
        let share = right as f64 / test.len() as f64;
        println!("seed {seed}: {:.2} % of {} sums, {:.1} s", 100.0 * share, test.len(), start.elapsed().as_secs_f64());
        assert!(share >= EXPECTED, "seed {seed}: {share}, and at least {EXPECTED} was expected");
    }
    Ok(())
}

/// All sums of these pairs, in both orders.
fn sums(pairs: &[[usize; 2]]) -> Result<Sums, train::Error> {
    let ordered: Vec<_> =
        pairs.iter().flat_map(|&[a, b]| if a == b { vec![[a, b]] } else { vec![[a, b], [b, a]] }).collect();
    let blank = "_".repeat(WRITTEN);
    let read = ordered.iter().flat_map(|[a, b]| characters(&format!("{blank}{:>READ$}", format!("{a}+{b}"))));
    let written = ordered.iter().flat_map(|[a, b]| characters(&format!("{:>WRITTEN$}", a + b)));
    let rows =
        |length, characters| Array2::from_shape_vec((ordered.len(), length), characters).expect("all are as long");
    Dataset::new(rows(READ + WRITTEN, read.collect()), rows(WRITTEN, written.collect()))
}

/// The numbers of the characters, from the right.
fn characters(text: &str) -> Vec<usize> {
    text.chars().rev().map(|character| CHARACTERS.find(character).expect("it is one of them")).collect()
}

/// The text of numbers that go from the right.
fn text<'a>(characters: impl DoubleEndedIterator<Item = &'a usize>) -> String {
    characters.rev().map(|&number| char::from(CHARACTERS.as_bytes()[number])).collect::<String>().trim().to_owned()
}
