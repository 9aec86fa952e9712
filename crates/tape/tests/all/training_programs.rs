//! A program of a pass that trains: each run draws anew from its seed, and says what running statistics become.

use ndarray::{ArrayD, array};
use proptest::prelude::*;
use tape::{Error, ParamId, Params, Pass, Program, Seed, Tape, Tensor};

/// A step of a random model: which operation, and a number for it.
type Step = (usize, f64);

struct Model {
    params: Params<f64>,
    weight: ParamId,
    running: [ParamId; 2],
}

impl Model {
    fn new(elements: &[f64]) -> Self {
        let mut params = Params::new();
        let weight = params.add("weight", &ArrayD::from_shape_vec(vec![3, 3], elements.to_vec()).unwrap());
        let mean = params.add_buffer("running_mean", &array![0.0, 0.1, 0.2]);
        let variance = params.add_buffer("running_var", &array![1.0, 1.0, 2.0]);
        Self { params, weight, running: [mean, variance] }
    }

    /// As batch normalisation does it.
    fn normalise(&self, pass: &Pass<'_, f64>, x: Tensor<f64>, momentum: f64) -> Tensor<f64> {
        let mean = x.mean_axes(0);
        let centred = x - mean;
        let variance = centred.powi(2).mean_axes(0);
        for (id, batch) in self.running.into_iter().zip([mean, variance * (4.0 / 3.0)]) {
            pass.update(id, pass.updated(id) * (1.0 - momentum) + batch.detach() * momentum);
        }
        centred / (variance + 1e-2).sqrt()
    }

    fn loss(&self, pass: &Pass<'_, f64>, steps: &[Step], x: Tensor<f64>) -> Tensor<f64> {
        let mut x = x;
        for &(operation, p) in steps {
            x = match operation {
                0 => x.matmul(pass.parameter(self.weight)).tanh(),
                1 => x * pass.bernoulli(p, x.shape()) / p,
                2 => x * pass.bernoulli(p, [x.shape()[0], 1]),
                3 => x + pass.normal(x.shape()) * 0.1,
                4 => (x - pass.uniform([3])).relu(),
                5 => self.normalise(pass, x, p),
                _ => x.t().reshape([4, 3]) + pass.parameter(self.running[0]),
            };
        }
        (x * x).sum()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_programs_that_train_are_the_eager_tape_bit_for_bit(
        steps in prop::collection::vec((0_usize..7, 0.1_f64..0.9), 1..12),
        elements in prop::collection::vec(-1.5_f64..1.5, 9 + 12 * 3),
        seeds: [u64; 2],
    ) {
        let mut model = Model::new(&elements[..9]);
        let input = |round: usize| ArrayD::from_shape_vec(vec![4, 3], elements[9 + 12 * round..][..12].to_vec()).unwrap();
        let mut program = Program::record(&model.params, (&input(2), Seed::from(0)), |pass, (x, seed)| {
            model.loss(&pass.training(seed), &steps, x)
        });
        let mut tape = Tape::new();
        for (round, seed) in seeds.into_iter().enumerate() {
            let (expected, eager) = tape.value_and_grad(&model.params, |pass| {
                model.loss(&pass.training(seed), &steps, pass.constant(input(round)))
            });
            let (loss, gradients) = program.run(&model.params, (&input(round), Seed::from(seed))).unwrap();
            prop_assert_eq!(loss.to_bits(), expected.to_bits());
            prop_assert_eq!(gradients.params(), eager.params());
            let updates = |gradients: &tape::Gradients<f64>| {
                gradients.updates().map(|(id, value)| (id, value.to_owned())).collect::<Vec<_>>()
            };
            prop_assert_eq!(updates(gradients), updates(&eager));
            model.params.apply_updates(gradients).unwrap();
        }
    }
}

#[test]
fn a_program_may_have_several_seeds_and_passes() {
    let params = Params::<f64>::new();
    let draw = |pass: &Pass<'_, f64>, [one, other]: [Seed; 2]| {
        let (one, again, other) = (pass.training(one), pass.training(one), pass.training(other));
        vec![one.normal([2]), again.normal([2]), other.normal([2]), one.normal([2])]
    };
    let mut program =
        Program::forward(&params, (Seed::from(0), Seed::from(0)), |pass, (one, other)| draw(pass, [one, other]));
    for seeds in [[1, 2], [2, 1], [7, 7]] {
        let seeds = seeds.map(Seed::from);
        program.run(&params, (seeds[0], seeds[1])).unwrap();
        let tape = Tape::new();
        let expected = draw(&tape.bind(&params), seeds);
        for (number, expected) in expected.into_iter().enumerate() {
            assert_eq!(program.output(number), &expected.to_array());
        }
    }
}

#[test]
fn updates_come_without_a_loss_and_without_a_seed_too() {
    let mut params = Params::<f64>::new();
    let mean = params.add_buffer("mean", &array![0.0, 0.0]);
    let mut program = Program::forward(&params, (&[[0.0; 2]; 3],), |pass, (x,)| {
        // Nothing is drawn, so the seed does not matter.
        pass.training(0).update(mean, pass.parameter(mean) + x.sum_axes(0));
        vec![x * 2.0]
    });
    for _ in 0..2 {
        let (_, gradients) = program.run(&params, (&[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]],)).unwrap();
        params.apply_updates(gradients).unwrap();
    }
    assert_eq!(params.values(), [12.0, 120.0]);
    assert_eq!(program.output(0)[[2, 1]], 60.0);
}

/// Recorded once, a literal seed, one that was derived, or one of another recording would draw the same for ever.
#[test]
fn only_a_seed_that_is_an_input_is_drawn_from() {
    let params = Params::<f64>::new();
    let text = "normal: the seed would be the same in every run of the program: \
                make a Seed one of its inputs, and train with that";
    let refuse = |seed_of: &dyn Fn(Seed) -> Seed| {
        let recorded = Program::try_record(&params, (Seed::from(0),), |pass, (seed,)| {
            Ok((pass.training(seed_of(seed)).try_normal([])?, Vec::new()))
        });
        assert_eq!(recorded.unwrap_err().to_string(), text);
    };
    refuse(&|_| Seed::from(3));
    refuse(&|seed| seed.child(1));
    let mut leaked = Seed::from(0);
    let _ = Program::forward(&params, (Seed::from(9),), |pass, (seed,)| {
        leaked = seed;
        vec![pass.constant(1.0)]
    });
    refuse(&|_| leaked);
    // Outside of programs it is the seed that it was.
    let tape = Tape::new();
    let [leaked, own] = [leaked, Seed::from(9)].map(|seed| tape.bind(&params).training(seed).normal([]).item());
    assert_eq!(leaked, own);
}

#[test]
fn a_seed_is_no_array_and_an_array_is_no_seed() {
    let params = Params::<f64>::new();
    let mut program = Program::forward(&params, (&[0.0; 2], Seed::from(0)), |pass, (x, seed)| {
        vec![x + pass.training(seed).normal([2])]
    });
    let refused = |result: Result<(), Error>| result.unwrap_err().to_string();
    assert_eq!(
        refused(program.run(&params, (&[0.0; 2], &[0.0; 2])).map(|_| ())),
        "program: input 1 is an array of shape [2] where the recording had a seed"
    );
    assert_eq!(
        refused(program.run(&params, (Seed::from(1), Seed::from(1))).map(|_| ())),
        "program: input 0 is a seed where the recording had an array of shape [2]"
    );
}
