//! What is timed: the training steps and scalar functions of the project's yardstick table.

use ndarray::Array2;
use nn::{Sequential, cross_entropy, mse};
use num_traits::Float;
use optim::{Adam, Optimizer};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{Params, Pass, Program, ShardedProgram, Tape};

/// Rosenbrock's function of many variables.
pub fn rosenbrock<T: Float>(x: &[T]) -> T {
    let (one, hundred) = (T::one(), T::from(100.0).expect("100 is a number"));
    x.windows(2).fold(T::zero(), |sum, pair| {
        let (along, across) = (one - pair[0], pair[1] - pair[0] * pair[0]);
        sum + along * along + hundred * (across * across)
    })
}

/// The sum of `sin(x) exp(0.1 x + 1) + ln(1 + x^2)`.
pub fn transcendental<T: Float>(x: &[T]) -> T {
    let (one, tenth) = (T::one(), T::from(0.1).expect("a tenth is a number"));
    x.iter().fold(T::zero(), |sum, &x| sum + x.sin() * (tenth * x + one).exp() + (one + x * x).ln())
}

/// A point with `n` coordinates at which both functions are well-behaved.
#[must_use]
pub fn point(n: usize) -> Vec<f64> {
    (0..n).map(|i| 0.5 + 0.1 * (i * 7 % 13) as f64 / 13.0).collect()
}

/// One training step of a multilayer perceptron, in `f32`, with Adam, over mini-batches that take turns: a network that
/// has learnt its only batch by heart computes with subnormal numbers, which are slow.
pub struct Step {
    params: Params<f32>,
    model: Sequential,
    optimizer: Adam<f32>,
    tape: Tape<f32>,
    batches: Vec<(Array2<f32>, Array2<f32>, Vec<usize>)>,
    regression: bool,
    next: usize,
}

impl Step {
    /// Layers of these widths; tanh and squared error for a regression, else relu and cross-entropy.
    #[must_use]
    pub fn new(widths: &[usize], batch: usize, regression: bool) -> Self {
        let mut params = Params::new();
        let mut recipe = Sequential::new();
        for (layer, pair) in widths.windows(2).enumerate() {
            recipe = recipe.linear(pair[0], pair[1]);
            recipe = match layer + 2 == widths.len() {
                true => recipe,
                false if regression => recipe.tanh(),
                false => recipe.relu(),
            };
        }
        let model = recipe.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
        let (inputs, outputs) = (widths[0], widths[widths.len() - 1]);
        let batches = (0..16)
            .map(|k| {
                let x = Array2::from_shape_fn((batch, inputs), |(i, j)| ((i * 31 + j * 17 + k * 7) % 97) as f32 / 97.0);
                let y = Array2::from_shape_fn((batch, outputs), |(i, j)| ((i * 13 + j * 5 + k) % 11) as f32 / 11.0);
                (x, y, (0..batch).map(|i| (i * 7 + k) % outputs).collect())
            })
            .collect();
        Self { params, model, optimizer: Adam::new(1e-3), tape: Tape::new(), batches, regression, next: 0 }
    }

    /// Records, sweeps and updates; returns the loss.
    ///
    /// # Panics
    /// If the gradients are not finite.
    pub fn run(&mut self) -> f32 {
        let (x, y, labels) = &self.batches[self.next];
        self.next = (self.next + 1) % self.batches.len();
        let (loss, gradients) = self.tape.value_and_grad(&self.params, |pass| {
            let output = self.model.forward(pass, pass.constant(x));
            if self.regression { mse(output, pass.constant(y)) } else { cross_entropy(output, labels) }
        });
        self.optimizer.step(&mut self.params, &gradients).expect("the gradients are finite");
        loss
    }

    /// The step without the update, as a program.
    #[must_use]
    pub fn record(&self) -> Program<f32> {
        let (x, y, labels) = &self.batches[0];
        if self.regression {
            Program::record(&self.params, (x, y), |pass, (x, y)| mse(self.model.forward(pass, x), y))
        } else {
            let loss = |pass: &Pass<'_, f32>, x, labels| cross_entropy(self.model.forward(pass, x), labels);
            Program::record(&self.params, (x, labels), |pass, (x, labels)| loss(pass, x, labels))
        }
    }

    /// As [`run`](Self::run), with a program that [`record`](Self::record) made.
    ///
    /// # Panics
    /// If the gradients are not finite.
    pub fn replay(&mut self, program: &mut Program<f32>) -> f32 {
        let (x, y, labels) = &self.batches[self.next];
        self.next = (self.next + 1) % self.batches.len();
        let run =
            if self.regression { program.run(&self.params, (x, y)) } else { program.run(&self.params, (x, labels)) };
        let (loss, gradients) = run.expect("the inputs fit");
        self.optimizer.step(&mut self.params, gradients).expect("the gradients are finite");
        loss
    }

    /// As [`record`](Self::record), for up to so many threads.
    #[must_use]
    pub fn record_sharded(&self, threads: usize) -> ShardedProgram<f32> {
        let (x, y, labels) = &self.batches[0];
        if self.regression {
            let loss = |pass: &Pass<'_, f32>, (x, y)| mse(self.model.forward(pass, x), y);
            ShardedProgram::record(&self.params, threads, (x, y), loss)
        } else {
            let loss = |pass: &Pass<'_, f32>, x, labels| cross_entropy(self.model.forward(pass, x), labels);
            ShardedProgram::record(&self.params, threads, (x, labels), |pass, (x, labels)| loss(pass, x, labels))
        }
    }

    /// As [`run`](Self::run), with a program that [`record_sharded`](Self::record_sharded) made.
    ///
    /// # Panics
    /// If the gradients are not finite.
    pub fn replay_sharded(&mut self, program: &mut ShardedProgram<f32>) -> f32 {
        let (x, y, labels) = &self.batches[self.next];
        self.next = (self.next + 1) % self.batches.len();
        let run =
            if self.regression { program.run(&self.params, (x, y)) } else { program.run(&self.params, (x, labels)) };
        let (loss, gradients) = run.expect("the inputs fit");
        self.optimizer.step(&mut self.params, gradients).expect("the gradients are finite");
        loss
    }

    /// Asserts that it learns: the mean loss over all batches falls.
    ///
    /// # Panics
    /// If it does not.
    pub fn verify(&mut self) {
        let mut round = || (0..16).map(|_| self.run()).sum::<f32>();
        let first = round();
        let last = (0..10).map(|_| round()).last().expect("ten rounds");
        assert!(last < first, "the loss rose from {first} to {last}");
    }
}
