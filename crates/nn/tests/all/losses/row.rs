//! What is a row of the table, and how is the loss of a row computed?

use ndarray::{ArrayD, Axis, IxDyn, Slice};
use nn::{Error, Init, Reduction};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Indices, Real, Tensor};

/// All draws of these tests come from it.
const SEED: u64 = 4;

/// What numbers a tensor has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// Predictions, logits, scores, vectors.
    Number,
    Probability,
    LogProbability,
    Positive,
    /// Of what was counted; also between the integers.
    Count,
    /// 1 or -1, a constant.
    Sign,
    /// 1 or 0, a constant.
    Bit,
}

impl Values {
    fn is_differentiable(self) -> bool {
        !matches!(self, Self::Sign | Self::Bit)
    }

    fn draw(self, shape: &[usize], rng: &mut ChaCha8Rng) -> ArrayD<f64> {
        let mut uniform = |low, high| Init::uniform(low, high).array::<f64>(shape, rng);
        match self {
            Self::Number => Init::normal(0.0, 2.0).array(shape, rng),
            Self::Probability => uniform(0.05, 0.95),
            Self::LogProbability => uniform(-4.0, -0.1),
            Self::Positive => uniform(0.1, 3.0),
            Self::Count => uniform(0.0, 5.0),
            Self::Sign => uniform(-1.0, 1.0).mapv(f64::signum),
            Self::Bit => uniform(-1.0, 1.0).mapv(|x| f64::from(x > 0.0)),
        }
    }

    /// The ends of the range in `f32`. Numbers are not at the very end, so that a few of them may be added.
    fn extremes(self) -> &'static [f32] {
        match self {
            Self::Number => &[1e37, -1e37, 0.0, 1e-38, -1.0],
            Self::Probability => &[0.0, 1.0, 0.5, 1e-38, 1e-3],
            Self::LogProbability => &[-1e37, 0.0, -1.0, -100.0, -1e-38],
            Self::Positive => &[1e-38, 1e37, 1.0, 1e3, 1e-3],
            Self::Count => &[0.0, 1.0, 100.0, 1e6, 2.0],
            Self::Sign => &[1.0, -1.0, -1.0, 1.0, 1.0],
            Self::Bit => &[1.0, 0.0, 0.0, 1.0, 1.0],
        }
    }
}

/// One tensor that a loss is given.
struct Input {
    shape: Vec<usize>,
    batch: usize,
    values: Values,
}

type Given<'a, T> = (&'a [Tensor<T>], &'a [Indices<'a>]);

type Loss<T> = dyn Fn(Given<'_, T>, Reduction) -> Result<Tensor<T>, Error>;

/// A loss in both precisions, by a reduction.
pub(crate) struct Both {
    pub(crate) double: Box<Loss<f64>>,
    pub(crate) single: Box<Loss<f32>>,
}

/// A loss as [`Both`]: of the settings, what `try_loss` is to be given, from tensors and labels.
macro_rules! both {
    ($loss:expr, $method:ident: |$x:ident, $labels:pat_param| $($given:expr),+) => {
        $crate::losses::row::Both {
            double: Box::new(|($x, $labels), reduction| $loss.reduction(reduction).$method($($given),+)),
            single: Box::new(|($x, $labels), reduction| $loss.reduction(reduction).$method($($given),+)),
        }
    };
}
pub(crate) use both;

/// A loss with settings, what goes in, and what is promised of it.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    loss: Both,
    inputs: Vec<Input>,
    labels: Vec<ArrayD<usize>>,
    /// The shape of the losses without a reduction.
    pub(crate) losses: Vec<usize>,
    /// Whether the mean divides by something else than the number of losses.
    pub(crate) weighted: bool,
    /// Whether the loss itself is beyond `f32` for the largest numbers.
    pub(crate) overflows: bool,
    /// Whether it is of a prediction and a target of the same shape.
    pub(crate) is_of_elements: bool,
}

impl Row {
    pub(crate) fn new(name: &'static str, losses: &[usize], loss: Both) -> Self {
        let (inputs, labels) = (Vec::new(), Vec::new());
        let losses = losses.to_vec();
        Self { name, loss, inputs, labels, losses, weighted: false, overflows: false, is_of_elements: false }
    }

    /// With one tensor more, whose first axis is the batch.
    pub(crate) fn input(self, values: Values, shape: &[usize]) -> Self {
        self.input_along(0, values, shape)
    }

    pub(crate) fn input_along(mut self, batch: usize, values: Values, shape: &[usize]) -> Self {
        self.inputs.push(Input { shape: shape.to_vec(), batch, values });
        self
    }

    /// With one list of labels more, whose first axis is the batch.
    pub(crate) fn labels_of(mut self, shape: &[usize], labels: &[usize]) -> Self {
        self.labels.push(ArrayD::from_shape_vec(shape, labels.to_vec()).unwrap());
        self
    }

    pub(crate) fn weighted(self) -> Self {
        Self { weighted: true, ..self }
    }

    pub(crate) fn overflows(self) -> Self {
        Self { overflows: true, ..self }
    }

    pub(crate) fn of_elements(self) -> Self {
        Self { is_of_elements: true, ..self }
    }

    /// The same loss of no samples.
    pub(crate) fn empty(mut self) -> Self {
        for input in &mut self.inputs {
            input.shape[input.batch] = 0;
        }
        for labels in &mut self.labels {
            *labels = labels.slice_axis(Axis(0), Slice::from(0..0)).to_owned();
        }
        self
    }

    pub(crate) fn labels(&self) -> &[ArrayD<usize>] {
        &self.labels
    }

    fn drawn(&self) -> Vec<ArrayD<f64>> {
        let rng = &mut ChaCha8Rng::seed_from_u64(SEED);
        self.inputs.iter().map(|input| input.values.draw(&input.shape, rng)).collect()
    }

    fn most_extreme(&self) -> Vec<ArrayD<f32>> {
        let tensor = |(at, input): (usize, &Input)| {
            let extremes = input.values.extremes();
            let mut next = at;
            ArrayD::from_shape_simple_fn(IxDyn(&input.shape), || {
                next += 1;
                extremes[next % extremes.len()]
            })
        };
        self.inputs.iter().enumerate().map(tensor).collect()
    }

    fn only_differentiable<T>(&self, all: Vec<ArrayD<T>>) -> Vec<ArrayD<T>> {
        let pairs = all.into_iter().zip(&self.inputs);
        pairs.filter(|(_, input)| input.values.is_differentiable()).map(|(array, _)| array).collect()
    }

    /// All tensors of the row, with constants beside those that are differentiated.
    fn joined<T: Real>(&self, leaves: &[Tensor<T>], all: &[ArrayD<T>]) -> Vec<Tensor<T>> {
        let mut rest = leaves.iter().copied();
        let tensor = |(input, array): (&Input, &ArrayD<T>)| match input.values.is_differentiable() {
            true => rest.next().expect("there is one for each"),
            false => leaves[0].new_constant(array),
        };
        self.inputs.iter().zip(all).map(tensor).collect()
    }

    /// What the loss is differentiated with respect to.
    pub(crate) fn differentiable(&self) -> Vec<ArrayD<f64>> {
        self.only_differentiable(self.drawn())
    }

    pub(crate) fn extremes(&self) -> Vec<ArrayD<f32>> {
        self.only_differentiable(self.most_extreme())
    }

    pub(crate) fn loss(&self, leaves: &[Tensor<f64>], labels: &[Indices<'_>], reduction: Reduction) -> Tensor<f64> {
        (self.loss.double)((&self.joined(leaves, &self.drawn()), labels), reduction).unwrap()
    }

    pub(crate) fn single(&self, leaves: &[Tensor<f32>], reduction: Reduction) -> Tensor<f32> {
        let all: Vec<_> = self.drawn().into_iter().map(|x| x.mapv(|x| x as f32)).collect();
        (self.loss.single)((&self.joined(leaves, &all), &indices(&self.labels)), reduction).unwrap()
    }

    pub(crate) fn extreme(&self, leaves: &[Tensor<f32>]) -> Tensor<f32> {
        let all = self.joined(leaves, &self.most_extreme());
        (self.loss.single)((&all, &indices(&self.labels)), Reduction::None).unwrap()
    }

    pub(crate) fn try_of(&self, x: &[Tensor<f64>]) -> Result<Tensor<f64>, Error> {
        (self.loss.double)((x, &[]), Reduction::Mean)
    }
}

pub(crate) fn indices(labels: &[ArrayD<usize>]) -> Vec<Indices<'_>> {
    labels.iter().map(Indices::from).collect()
}

/// Labels that fit as well: those of the samples in the opposite order.
pub(crate) fn other(labels: &[ArrayD<usize>]) -> Vec<ArrayD<usize>> {
    labels.iter().map(|labels| labels.slice_axis(Axis(0), Slice::new(0, None, -1)).to_owned()).collect()
}
