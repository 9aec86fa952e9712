//! What is a row of the table, and how is the layer of a row run?

use ndarray::{ArrayD, Axis};
use nn::{Init, Layer, Sequential};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Indices, ParamId, Params, Pass, Real, Tape, Tensor};

/// Printed by every failure through the row's name; all draws of these tests come from it.
const SEED: u64 = 4;

/// What the `forward` of a row is given: tensors, and at most one list of indices.
pub(crate) struct Given<'a, T> {
    pub(crate) tensors: Vec<Tensor<T>>,
    indices: Option<Indices<'a>>,
}

impl<T: Real> Given<'_, T> {
    /// The first tensor; most layers have no other.
    pub(crate) fn x(&self) -> Tensor<T> {
        self.tensors[0]
    }

    pub(crate) fn indices(&self) -> &Indices<'_> {
        self.indices.as_ref().expect("the row says that it has indices")
    }
}

/// What a row runs. A layer whose `forward` takes states, masks or indices, or returns several tensors, is put into a
/// struct of the row's file that implements this; several results are made one by [`Tensor::concat`].
pub(crate) trait Model {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T>;
}

impl Model for Sequential {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        self.forward(pass, given.x())
    }
}

/// A [`Model`] behind a pointer, in both precisions.
trait InBothPrecisions {
    fn single(&self, pass: &Pass<'_, f32>, given: &Given<'_, f32>) -> Tensor<f32>;
    fn double(&self, pass: &Pass<'_, f64>, given: &Given<'_, f64>) -> Tensor<f64>;
}

impl<M: Model> InBothPrecisions for M {
    fn single(&self, pass: &Pass<'_, f32>, given: &Given<'_, f32>) -> Tensor<f32> {
        self.forward(pass, given)
    }

    fn double(&self, pass: &Pass<'_, f64>, given: &Given<'_, f64>) -> Tensor<f64> {
        self.forward(pass, given)
    }
}

type Build = dyn Fn(&mut Params<f64>, &mut ChaCha8Rng) -> Box<dyn InBothPrecisions>;

/// A layer with settings, what goes in, and what is promised of it.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    build: Box<Build>,
    inputs: Vec<Slots>,
    /// With the number that all indices are below.
    indices: Option<(Slots, usize)>,
    pub(crate) output: Slots,
    pub(crate) parameters: Vec<String>,
    /// Whether the outputs of a batch are those of its inputs, each on its own.
    pub(crate) independent: bool,
    /// Whether training computes something else than evaluation.
    pub(crate) trains_differently: bool,
}

/// A shape, and which of its axes is the batch's.
#[derive(Clone)]
pub(crate) struct Slots {
    pub(crate) shape: Vec<usize>,
    pub(crate) batch: usize,
}

impl Slots {
    fn new(shape: &[usize]) -> Self {
        Self { shape: shape.to_vec(), batch: 0 }
    }

    /// The shape with another number of samples.
    pub(crate) fn of(&self, samples: usize) -> Vec<usize> {
        let mut shape = self.shape.clone();
        shape[self.batch] = samples;
        shape
    }
}

impl Row {
    /// A layer that fits a chain. Its parameters go by the names they have without a chain.
    pub(crate) fn layer(
        name: &'static str,
        plan: impl Into<Layer<Init>>,
        input: &[usize],
        output: &[usize],
        parameters: &[&str],
    ) -> Self {
        let plan = Sequential::new().layer(plan);
        let parameters: Vec<_> = parameters.iter().map(|parameter| format!("0.{parameter}")).collect();
        let row = Self::model(name, move |params, rng| plan.clone().build(params, rng), output).input(input);
        Self { parameters, ..row }
    }

    /// Any other layer: what builds it, and the shape of its output. What goes in is added with [`input`](Self::input)
    /// and [`indices`](Self::indices), the names of its parameters with [`parameters`](Self::parameters).
    pub(crate) fn model<M: Model + 'static>(
        name: &'static str,
        build: impl Fn(&mut Params<f64>, &mut ChaCha8Rng) -> M + 'static,
        output: &[usize],
    ) -> Self {
        Self {
            name,
            build: Box::new(move |params, rng| Box::new(build(params, rng))),
            inputs: Vec::new(),
            indices: None,
            output: Slots::new(output),
            parameters: Vec::new(),
            independent: true,
            trains_differently: false,
        }
    }

    /// One tensor more goes in.
    pub(crate) fn input(mut self, shape: &[usize]) -> Self {
        self.inputs.push(Slots::new(shape));
        self
    }

    /// Indices below a number go in.
    pub(crate) fn indices(mut self, shape: &[usize], below: usize) -> Self {
        self.indices = Some((Slots::new(shape), below));
        self
    }

    pub(crate) fn parameters(mut self, parameters: &[&str]) -> Self {
        self.parameters = parameters.iter().map(|&parameter| parameter.to_owned()).collect();
        self
    }

    /// Which axis is the batch's, of each input, of the indices if there are, and of the output. The first unless said
    /// otherwise.
    pub(crate) fn batch(mut self, axes: &[usize]) -> Self {
        let (output, axes) = axes.split_last().expect("the output has a batch");
        let slots = self.inputs.iter_mut().chain(self.indices.as_mut().map(|(slots, _)| slots));
        slots.zip(axes).for_each(|(slots, &axis)| slots.batch = axis);
        self.output.batch = *output;
        self
    }

    /// The samples of a batch are not computed each on its own.
    pub(crate) fn mixes_the_batch(mut self) -> Self {
        self.independent = false;
        self
    }

    /// Training computes something else than evaluation.
    pub(crate) fn trains_differently(mut self) -> Self {
        self.trains_differently = true;
        self
    }

    pub(crate) fn build(self, seed: u64) -> Built {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut params = Params::new();
        let model = (self.build)(&mut params, rng);
        let inputs = self.inputs.iter().map(|slots| numbers(&slots.shape, rng)).collect();
        let indices = self.indices.as_ref().map(|(slots, below)| indices(&slots.shape, *below, rng));
        Built { row: self, model, params, given: Arrays { inputs, indices } }
    }
}

/// Numbers from -2 to 2, none of them within 0.01 of a multiple of 1/2, where activations have their kinks.
fn numbers(shape: &[usize], rng: &mut impl Rng) -> ArrayD<f64> {
    let aside = |x: f64| if (2.0 * x - (2.0 * x).round()).abs() < 0.02 { x + 0.05 } else { x };
    Init::uniform(-2.0, 2.0).array(shape, rng).mapv(aside)
}

fn indices(shape: &[usize], below: usize, rng: &mut impl Rng) -> ArrayD<usize> {
    ArrayD::from_shape_fn(shape, |_| (rng.next_u64() % below as u64) as usize)
}

/// What goes into a model, as arrays.
#[derive(Clone)]
pub(crate) struct Arrays {
    pub(crate) inputs: Vec<ArrayD<f64>>,
    pub(crate) indices: Option<ArrayD<usize>>,
}

/// What a row becomes: a model, its parameters, and what goes in.
pub(crate) struct Built {
    pub(crate) row: Row,
    model: Box<dyn InBothPrecisions>,
    pub(crate) params: Params<f64>,
    pub(crate) given: Arrays,
}

/// The parameters of a model with its inputs as further ones, so that both are verified, moved and cast alike.
pub(crate) struct Joined {
    pub(crate) params: Params<f64>,
    inputs: Vec<ParamId>,
    indices: Option<ArrayD<usize>>,
}

impl Built {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        crate::layers::rows::table().into_iter().map(|row| row.build(SEED))
    }

    pub(crate) fn joined(&self, given: &Arrays) -> Joined {
        let mut params = self.params.clone();
        let inputs = given.inputs.iter().enumerate();
        let inputs = inputs.map(|(number, input)| params.add(&format!("input {number}"), input)).collect();
        Joined { params, inputs, indices: given.indices.clone() }
    }

    pub(crate) fn forward(&self, pass: &Pass<'_, f64>, joined: &Joined) -> Tensor<f64> {
        self.forward_with(pass, joined, joined.indices())
    }

    pub(crate) fn forward_with(
        &self,
        pass: &Pass<'_, f64>,
        joined: &Joined,
        indices: Option<Indices<'_>>,
    ) -> Tensor<f64> {
        let tensors = joined.inputs.iter().map(|&input| pass.parameter(input)).collect();
        self.model.double(pass, &Given { tensors, indices })
    }

    pub(crate) fn evaluate(&self, given: &Arrays) -> ArrayD<f64> {
        let joined = self.joined(given);
        Tape::new().evaluate(&joined.params, |pass| self.forward(pass, &joined))
    }

    /// As [`evaluate`](Self::evaluate), in a pass that trains, with this seed.
    pub(crate) fn train(&self, seed: u64) -> ArrayD<f64> {
        let joined = self.joined(&self.given);
        Tape::new().evaluate(&joined.params, |pass| self.forward(&pass.training(seed), &joined))
    }

    /// As [`evaluate`](Self::evaluate), with everything rounded to the shorter precision.
    pub(crate) fn evaluate_single(&self) -> ArrayD<f32> {
        let joined = self.joined(&self.given);
        let indices = joined.indices();
        Tape::new().evaluate(&joined.params.cast(), |pass| {
            let tensors = joined.inputs.iter().map(|&input| pass.parameter(input)).collect();
            self.model.single(pass, &Given { tensors, indices })
        })
    }

    /// As [`evaluate`](Self::evaluate), with inputs whose elements lie in memory column by column.
    pub(crate) fn evaluate_strided(&self) -> ArrayD<f64> {
        let joined = self.joined(&self.given);
        let indices = joined.indices();
        Tape::new().evaluate(&joined.params, |pass| {
            let strided = |input: &ArrayD<f64>| {
                let axes: Vec<isize> = (0..input.ndim() as isize).rev().collect();
                pass.constant(input.t()).permute(axes)
            };
            let tensors = self.given.inputs.iter().map(strided).collect();
            self.model.double(pass, &Given { tensors, indices })
        })
    }

    /// How many samples the batch has.
    pub(crate) fn samples(&self) -> usize {
        self.row.output.shape[self.row.output.batch]
    }

    /// What goes in for these samples alone.
    pub(crate) fn only(&self, samples: &[usize]) -> Arrays {
        let inputs = self.given.inputs.iter().zip(&self.row.inputs);
        let inputs = inputs.map(|(input, slots)| input.select(Axis(slots.batch), samples)).collect();
        let indices = self.given.indices.as_ref().zip(self.row.indices.as_ref());
        let indices = indices.map(|(indices, (slots, _))| indices.select(Axis(slots.batch), samples));
        Arrays { inputs, indices }
    }
}

impl Joined {
    pub(crate) fn indices(&self) -> Option<Indices<'_>> {
        self.indices.as_ref().map(Indices::from)
    }
}
