//! The learning rate learns: the gradient of what a network comes to, with respect to how it was trained.
//!
//! Thirty steps of gradient descent with momentum and weight decay are recorded on one tape, inner gradients included,
//! from the first weights to the loss on validation data. One sweep then says how that loss changes with the learning
//! rate, the momentum and the decay. It is checked against finite differences, and an outer optimizer follows it.
//!
//! D. Maclaurin, D. Duvenaud and R. P. Adams, "Gradient-based Hyperparameter Optimization through Reversible Learning",
//! ICML 2015.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use ndarray::{Array2, array};
use nn::{Init, mse};
use optim::{Adam, Optimizer};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{ParamId, Params, Pass, Tape, Tensor};

const HIDDEN: usize = 12;
const INNER_STEPS: usize = 30;
const OUTER_STEPS: usize = 60;

/// The loss on data that neither loop has seen must fall by this factor.
const IMPROVEMENT: f64 = 3.0;

/// Points of a curve with noise: `x` and `y`, both `[n, 1]`.
struct Curve {
    x: Array2<f64>,
    y: Array2<f64>,
}

impl Curve {
    fn new(points: usize, rng: &mut ChaCha8Rng) -> Self {
        let mut draw =
            |init: Init| Array2::from_shape_vec((points, 1), init.array([points], rng).into_iter().collect());
        let x = draw(Init::uniform(-1.0, 1.0)).expect("one number a point");
        let noise = draw(Init::normal(0.0, 0.05)).expect("one number a point");
        Self { y: x.mapv(|x: f64| (4.0 * x).sin()) + noise, x }
    }

    /// What a network with these weights makes of the points, compared with them.
    fn loss(&self, pass: &Pass<'_, f64>, [w1, b1, w2, b2]: [Tensor<f64>; 4]) -> Tensor<f64> {
        let hidden = (pass.constant(&self.x).matmul(w1) + b1).tanh();
        mse(hidden.matmul(w2) + b2, pass.constant(&self.y))
    }
}

/// What trains the inner network, as numbers without bounds: the rate and the decay are powers of e, the momentum is a
/// logistic function.
struct Hyper {
    log_rate: ParamId,
    momentum: ParamId,
    log_decay: ParamId,
}

impl Hyper {
    fn new(params: &mut Params<f64>) -> Self {
        Self {
            log_rate: params.add("log_rate", &array![0.02_f64.ln()]),
            momentum: params.add("momentum", &array![0.0]),
            log_decay: params.add("log_decay", &array![0.01_f64.ln()]),
        }
    }

    /// The loss on some data of a network that was trained on other data, from the same start every time.
    fn train(&self, pass: &Pass<'_, f64>, seed: u64, training: &Curve, judge: &Curve) -> Tensor<f64> {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let shapes: [&[usize]; 4] = [&[1, HIDDEN], &[HIDDEN], &[HIDDEN, 1], &[1]];
        let scales = [2.0, 1.0, 0.3, 0.0];
        let mut start = |at: usize| pass.variable(Init::normal(0.0, scales[at]).array(shapes[at], rng));
        let mut weights = [start(0), start(1), start(2), start(3)];
        let rate = pass.parameter(self.log_rate).exp();
        let momentum = pass.parameter(self.momentum).sigmoid();
        let decay = pass.parameter(self.log_decay).exp();
        let mut velocities = weights.map(|weight| weight * 0.0);
        for _ in 0..INNER_STEPS {
            let gradients = training.loss(pass, weights).grad(weights);
            for at in 0..weights.len() {
                velocities[at] = velocities[at] * momentum + gradients[at] + weights[at] * decay;
                weights[at] -= velocities[at] * rate;
            }
        }
        judge.loss(pass, weights)
    }
}

fn run(seed: u64) -> Result<(), Box<dyn std::error::Error>> {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let [training, validation, test] = [24, 64, 64].map(|points| Curve::new(points, rng));
    let mut params = Params::new();
    let hyper = Hyper::new(&mut params);

    tape::check_params(&params, |pass| hyper.train(pass, seed, &training, &validation)).assert();

    let mut tape = Tape::new();
    let judge = |tape: &mut Tape<f64>, params: &Params<f64>, data: &Curve| {
        tape.evaluate(params, |pass| hyper.train(pass, seed, &training, data)).sum()
    };
    let before = judge(&mut tape, &params, &test);
    let mut adam = Adam::new(0.1);
    for step in 0..OUTER_STEPS {
        let (loss, gradients) = tape.value_and_grad(&params, |pass| hyper.train(pass, seed, &training, &validation));
        if step % 20 == 0 {
            let [rate, momentum, decay] = [0, 1, 2].map(|at| params.values()[at]);
            let momentum = 1.0 / (1.0 + (-momentum).exp());
            println!("  rate {:.4}, momentum {momentum:.3}, decay {:.5}: {loss:.5}", rate.exp(), decay.exp());
        }
        adam.step(&mut params, &gradients)?;
    }
    let after = judge(&mut tape, &params, &test);
    println!("seed {seed}: the loss on unseen data fell from {before:.5} to {after:.5}");
    assert!(after * IMPROVEMENT < before, "it should fall by a factor of {IMPROVEMENT}");
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    (0..3).try_for_each(run)
}
