//! What do normalising layers have in common?
//!
//! Each subtracts a mean and divides by a standard deviation; they differ in what both are taken over. The mean is
//! subtracted before anything is squared, so that one that is large costs no digits.

pub(crate) mod batch_norm;
pub(crate) mod group_norm;
pub(crate) mod instance_norm;
pub(crate) mod layer_norm;
pub(crate) mod rms_norm;

use rand::Rng;
use tape::{Axes, Operand, ParamId, Params, Pass, Real, Shape, Tensor};

use crate::error::Error;
use crate::init::Init;

/// Mean and variance over some axes, which are kept with length 1.
struct Moments<T> {
    mean: Tensor<T>,
    /// The elements without their mean.
    distances: Tensor<T>,
    /// Divided by the number of elements.
    variance: Tensor<T>,
}

impl<T: Real> Moments<T> {
    #[track_caller]
    fn over(x: Tensor<T>, axes: &[isize]) -> Self {
        let axes = Axes::keep(axes);
        let mean = x.mean_axes(axes.clone());
        let distances = x - mean;
        Self { mean, distances, variance: distances.powi(2).mean_axes(axes) }
    }
}

/// What distances from the mean are multiplied by: `1/√(variance + eps)`.
#[track_caller]
fn scale<T: Real>(variance: Tensor<T>, eps: f64) -> Tensor<T> {
    (variance + T::from_f64(eps)).rsqrt()
}

/// `[channels]` as it is seen beside `[n, channels, ..]` with so many axes behind the channels.
#[track_caller]
fn beside<T: Real>(channels: Tensor<T>, lengths: usize) -> Tensor<T> {
    if lengths == 0 {
        return channels;
    }
    let shape: Shape = channels.shape().iter().copied().chain(std::iter::repeat_n(1, lengths)).collect();
    channels.reshape(shape)
}

/// One factor and one offset a channel, or neither.
#[derive(Debug, Clone, Copy)]
struct Affine<T> {
    weight: Option<Tensor<T>>,
    bias: Option<Tensor<T>>,
}

impl<T: Real> Affine<T> {
    /// Seen beside `[n, channels, ..]` with so many axes behind the channels.
    #[track_caller]
    fn beside(pass: &Pass<'_, T>, weight: Option<ParamId>, bias: Option<ParamId>, lengths: usize) -> Self {
        let [weight, bias] = [weight, bias].map(|id| id.map(|id| beside(pass.parameter(id), lengths)));
        Self { weight, bias }
    }

    /// `distances * scale * weight + bias`, where the two factors, which are small, are multiplied first.
    #[track_caller]
    fn apply(self, distances: Tensor<T>, scale: Tensor<T>) -> Tensor<T> {
        let y = distances * self.weight.map_or(scale, |weight| scale * weight);
        self.bias.map_or(y, |bias| y + bias)
    }
}

/// Statistics that are kept from step to step, to be used when nothing is learnt: `running_mean`, `running_var`, both
/// `[channels]`, and `num_batches_tracked`, a number. Parameters that are not trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunningStatistics<P = ParamId> {
    /// `running_mean`: `[channels]`, from 0.
    pub mean: P,
    /// `running_var`: `[channels]`, from 1.
    pub var: P,
    /// `num_batches_tracked`: the number of updates, from 0.
    pub num_batches_tracked: P,
}

impl RunningStatistics<Init> {
    fn plan() -> Self {
        let zero = Init::constant(0.0);
        Self { mean: zero, var: Init::constant(1.0), num_batches_tracked: zero }
    }

    fn try_build<T: Real>(
        self,
        channels: usize,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<RunningStatistics, Error> {
        let mut add = |name, start: Init, shape| -> Result<ParamId, Error> {
            Ok(params.try_add_buffer(name, &start.try_array::<T>(shape, rng)?)?)
        };
        Ok(RunningStatistics {
            mean: add("running_mean", self.mean, Shape::from([channels]))?,
            var: add("running_var", self.var, Shape::from([channels]))?,
            num_batches_tracked: add("num_batches_tracked", self.num_batches_tracked, Shape::default())?,
        })
    }
}

impl RunningStatistics {
    /// Moves both statistics towards those of a batch.
    #[track_caller]
    fn update<T: Real>(&self, pass: &Pass<'_, T>, mean: Tensor<T>, var: Tensor<T>, share: impl Into<Operand<T>>) {
        let share = share.into();
        for (id, batch) in [(self.mean, mean), (self.var, var)] {
            let before = pass.updated(id);
            pass.update(id, before + (batch.detach() - before) * share);
        }
    }
}

/// The parameters `weight` and `bias` of a shape, as far as they are planned.
fn try_build_affine<T: Real>(
    [weight, bias]: [Option<Init>; 2],
    shape: &Shape,
    params: &mut Params<T>,
    rng: &mut (impl Rng + ?Sized),
) -> Result<[Option<ParamId>; 2], Error> {
    let mut add = |name, start: Option<Init>| -> Result<Option<ParamId>, Error> {
        let Some(start) = start else { return Ok(None) };
        Ok(Some(params.try_add(name, &start.try_array(shape, rng)?)?))
    };
    Ok([add("weight", weight)?, add("bias", bias)?])
}

/// The names of the axes behind the channels.
fn lengths(axes: usize) -> &'static str {
    ["", "length", "height, width", "depth, height, width"][axes]
}
