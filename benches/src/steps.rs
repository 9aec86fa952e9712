//! The six training steps: a network, its mini-batches, and Adam, in `f32`.
//!
//! Parameters and data follow from formulas that any other engine can work out, so that all of them do the same work and can
//! be seen to: their first losses agree.

use ndarray::ArrayD;
use nn::{Conv2d, Linear, Lstm, Sequential, TransformerEncoder, TransformerEncoderLayer, cross_entropy, mse};
use optim::{Adam, Optimizer};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{Indices, Params, Pass, Program, ShardedProgram, Tape, Tensor};

/// The names of the steps, and what each is.
pub const STEPS: [(&str, &str); 6] = [
    ("mlp-small", "MLP 2-16-16-1 tanh, batch 32, MSE"),
    ("mlp-medium", "MLP 64-128-64-10 relu, batch 64, cross-entropy"),
    ("mlp-large", "MLP 784-512-256-10 relu, batch 128, cross-entropy"),
    ("lenet", "LeNet (conv 8, conv 16, 120-84-10) 28x28, batch 64"),
    ("lstm", "LSTM 32 -> 128, 32 steps, batch 32, linear to 32"),
    ("transformer", "transformer d 64, 2 blocks, 4 heads, 64 tokens, batch 16"),
];

/// Mini-batches take turns: a network that has learnt its only batch by heart computes with subnormal numbers, which are
/// slow.
const BATCHES: usize = 16;

/// What a network computes of its inputs.
type Forward = Box<dyn Fn(&Pass<'_, f32>, Tensor<f32>) -> Tensor<f32>>;

enum Targets {
    Values(ArrayD<f32>),
    Classes(ArrayD<usize>),
}

/// One training step: forwards, backwards, Adam with a rate of 0.001.
pub struct Step {
    params: Params<f32>,
    network: Forward,
    optimizer: Adam<f32>,
    tape: Tape<f32>,
    batches: Vec<(ArrayD<f32>, Targets)>,
    next: usize,
}

impl Step {
    /// The step of this name.
    ///
    /// # Panics
    /// If it is none of [`STEPS`].
    #[must_use]
    pub fn named(name: &str) -> Self {
        let mut params = Params::new();
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let mut sequential = |plan: Sequential<nn::Init>| -> Forward {
            let model = plan.build(&mut params, rng);
            Box::new(move |pass, x| model.forward(pass, x))
        };
        let plan = Sequential::new();
        let (network, input, classes, regression): (Forward, &[usize], usize, bool) = match name {
            "mlp-small" => {
                let plan = plan.linear(2, 16).tanh().linear(16, 16).tanh().linear(16, 1);
                (sequential(plan), &[32, 2], 1, true)
            }
            "mlp-medium" => {
                let plan = plan.linear(64, 128).relu().linear(128, 64).relu().linear(64, 10);
                (sequential(plan), &[64, 64], 10, false)
            }
            "mlp-large" => {
                let plan = plan.linear(784, 512).relu().linear(512, 256).relu().linear(256, 10);
                (sequential(plan), &[128, 784], 10, false)
            }
            "lenet" => {
                let plan = plan.layer(Conv2d::new(1, 8, 5).padding(2)).relu().max_pool2d(2).conv2d(8, 16, 5).relu();
                let plan = plan.max_pool2d(2).flatten().linear(400, 120).relu().linear(120, 84).relu().linear(84, 10);
                (sequential(plan), &[64, 1, 28, 28], 10, false)
            }
            "lstm" => {
                let body = Lstm::new(32, 128).batch_first().build(&mut params, rng);
                let head = Linear::new(128, 32).build(&mut params, rng);
                (Box::new(move |pass, x| head.forward(pass, body.forward(pass, x, None).0)), &[32, 32, 32], 32, false)
            }
            "transformer" => {
                let block = TransformerEncoderLayer::new(64, 4).feedforward(256).dropout(0.0);
                let body = TransformerEncoder::new(block, 2).build(&mut params, rng);
                let head = Linear::new(64, 32).build(&mut params, rng);
                let mask = nn::AttentionMask::none;
                (Box::new(move |pass, x| head.forward(pass, body.forward(pass, x, mask()))), &[16, 64, 64], 32, false)
            }
            other => panic!("{other} is none of the steps {STEPS:?}"),
        };
        fill(&mut params);
        let batches = (0..BATCHES).map(|batch| self::batch(batch, input, classes, regression)).collect();
        Self { params, network, optimizer: Adam::new(1e-3), tape: Tape::new(), batches, next: 0 }
    }

    fn turn(&mut self) -> usize {
        let now = self.next;
        self.next = (now + 1) % BATCHES;
        now
    }

    /// Records, sweeps and updates; returns the loss.
    ///
    /// # Panics
    /// If the gradients are not finite.
    pub fn run(&mut self) -> f32 {
        let (x, targets) = &self.batches[self.next];
        let (loss, gradients) = self.tape.value_and_grad(&self.params, |pass| {
            let output = (self.network)(pass, pass.constant(x));
            match targets {
                Targets::Values(y) => mse(output, pass.constant(y)),
                Targets::Classes(labels) => cross_entropy(output, labels),
            }
        });
        self.optimizer.step(&mut self.params, &gradients).expect("the gradients are finite");
        self.turn();
        loss
    }

    /// The step without the update, as a program.
    #[must_use]
    pub fn record(&self) -> Program<f32> {
        let (x, targets) = &self.batches[0];
        match targets {
            Targets::Values(y) => Program::record(&self.params, (x, y), |pass, (x, y)| mse((self.network)(pass, x), y)),
            Targets::Classes(labels) => {
                Program::record(&self.params, (x, Indices::from(labels)), |pass, (x, labels)| {
                    cross_entropy((self.network)(pass, x), labels)
                })
            }
        }
    }

    /// As [`run`](Self::run), with a program that [`record`](Self::record) made.
    ///
    /// # Panics
    /// If the gradients are not finite.
    pub fn replay(&mut self, program: &mut Program<f32>) -> f32 {
        let (x, targets) = &self.batches[self.next];
        let run = match targets {
            Targets::Values(y) => program.run(&self.params, (x, y)),
            Targets::Classes(labels) => program.run(&self.params, (x, Indices::from(labels))),
        };
        let (loss, gradients) = run.expect("the inputs fit");
        self.optimizer.step(&mut self.params, gradients).expect("the gradients are finite");
        self.turn();
        loss
    }

    /// As [`record`](Self::record), for up to so many threads.
    #[must_use]
    pub fn record_sharded(&self, threads: usize) -> ShardedProgram<f32> {
        let (x, targets) = &self.batches[0];
        match targets {
            Targets::Values(y) => {
                ShardedProgram::record(&self.params, threads, (x, y), |pass: &Pass<'_, f32>, (x, y)| {
                    mse((self.network)(pass, x), y)
                })
            }
            Targets::Classes(labels) => {
                let inputs = (x, Indices::from(labels));
                ShardedProgram::record(&self.params, threads, inputs, |pass: &Pass<'_, f32>, (x, labels)| {
                    cross_entropy((self.network)(pass, x), labels)
                })
            }
        }
    }

    /// As [`run`](Self::run), with a program that [`record_sharded`](Self::record_sharded) made.
    ///
    /// # Panics
    /// If the gradients are not finite.
    pub fn replay_sharded(&mut self, program: &mut ShardedProgram<f32>) -> f32 {
        let (x, targets) = &self.batches[self.next];
        let run = match targets {
            Targets::Values(y) => program.run(&self.params, (x, y)),
            Targets::Classes(labels) => program.run(&self.params, (x, Indices::from(labels))),
        };
        let (loss, gradients) = run.expect("the inputs fit");
        self.optimizer.step(&mut self.params, gradients).expect("the gradients are finite");
        self.turn();
        loss
    }

    /// Asserts that it learns: the mean loss over all batches falls.
    ///
    /// # Panics
    /// If it does not.
    pub fn verify(&mut self) {
        let mut round = || (0..BATCHES).map(|_| self.run()).sum::<f32>();
        let first = round();
        let last = (0..5).map(|_| round()).last().expect("five rounds");
        assert!(last < first, "the loss rose from {first} to {last}");
    }
}

/// Weights: element `j` of a parameter of several axes is `((37 j + 11) mod 101 / 101 - 1/2) / sqrt(n)`, where `n` is the
/// product of all axes but the first. Biases are 0, and the factors of norms 1.
fn fill(params: &mut Params<f32>) {
    for (id, shape) in params.iter().map(|(id, parameter)| (id, parameter.shape().clone())).collect::<Vec<_>>() {
        let n: usize = shape[1..].iter().product();
        let is_norm = params.parameter(id).name().contains("norm");
        for (j, element) in params.view_mut(id).iter_mut().enumerate() {
            *element = match shape.rank() {
                1 if is_norm && *element == 1.0 => 1.0,
                1 => 0.0,
                _ => (((37 * j + 11) % 101) as f32 / 101.0 - 0.5) / (n as f32).sqrt(),
            };
        }
    }
}

/// Element `j` of the input of batch `k` is `(31 j + 7 k) mod 97 / 97`; target value `j` is `(13 j + k) mod 11 / 11`, target
/// class `j` is `(7 j + 3 (j / 10) + k) mod classes`.
fn batch(k: usize, input: &[usize], classes: usize, regression: bool) -> (ArrayD<f32>, Targets) {
    let array = |shape: &[usize], element: &dyn Fn(usize) -> f32| {
        let elements = (0..shape.iter().product()).map(element).collect();
        ArrayD::from_shape_vec(shape, elements).expect("as many elements as the shape has")
    };
    let x = array(input, &|j| ((31 * j + 7 * k) % 97) as f32 / 97.0);
    if regression {
        let y = array(&[input[0], classes], &|j| ((13 * j + k) % 11) as f32 / 11.0);
        return (x, Targets::Values(y));
    }
    // One class a sample, or a token of one.
    let rows = if input.len() == 3 { &input[..2] } else { &input[..1] };
    let labels = (0..rows.iter().product()).map(|j: usize| (7 * j + 3 * (j / 10) + k) % classes).collect();
    (x, Targets::Classes(ArrayD::from_shape_vec(rows, labels).expect("one class a row")))
}
