//! Instance normalisation: each channel of each sample by its own mean and variance.
//!
//! `y = (x - mean) / √(var + eps) * weight + bias`, where mean and variance (divided by the number of elements n) are
//! taken over the axes behind the channels. With running statistics, training moves these towards the averages over the
//! batch, as [`BatchNorm`](crate::BatchNorm) does, and evaluation uses them.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[n, num_features, length]`, `[n, num_features, height, width]`, with the depth before; or without the batch |
//! | `weight`, `bias` | `[num_features]`, from 1 and 0; only with [`affine`](InstanceNorm::affine) |
//! | `running_mean`, `running_var`, `num_batches_tracked` | only with [`running_statistics`](InstanceNorm::running_statistics) |
//! | `eps`, `momentum` | 1e-5, 0.1 |
//!
//! D. Ulyanov, A. Vedaldi, V. Lempitsky, Instance normalization, arXiv 1607.08022, 2016. PyTorch: `nn.InstanceNorm1d`,
//! `nn.InstanceNorm2d`, `nn.InstanceNorm3d`, whose names, layout and defaults these are, among them that
//! `num_batches_tracked` stays 0. No departures.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Shape, Tensor};

use super::{Affine, Moments, RunningStatistics, beside, lengths, scale, try_build_affine};
use crate::error::{Error, unwrap};
use crate::init::Init;

/// Instance normalisation with `D` axes behind the channels; [`InstanceNorm1d`], [`InstanceNorm2d`] and
/// [`InstanceNorm3d`] are those that there are.
///
/// `InstanceNorm1d::new` is a plan; [`build`](InstanceNorm::build) adds its parameters, if it has any, and gives the
/// layer.
///
/// ```
/// use nn::InstanceNorm1d;
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let layer = InstanceNorm1d::new(2).eps(0.0).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// let x = [[1.0, 3.0], [10.0, 30.0]];
/// let y = tape::Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant(x)));
/// assert_eq!(y.as_slice(), Some(&[-1.0, 1.0, -1.0, 1.0][..]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InstanceNorm<const D: usize, P = ParamId> {
    /// The number of channels.
    pub num_features: usize,
    /// What is added to the variance.
    pub eps: f64,
    /// How far a batch moves the running statistics towards its own.
    pub momentum: f64,
    /// `[num_features]`.
    pub weight: Option<P>,
    /// `[num_features]`.
    pub bias: Option<P>,
    /// What evaluation uses instead of the sample's own, if there are such.
    pub running: Option<RunningStatistics<P>>,
}

/// Instance normalisation of `[n, num_features, length]`; see [`InstanceNorm`].
pub type InstanceNorm1d<P = ParamId> = InstanceNorm<1, P>;
/// Instance normalisation of `[n, num_features, height, width]`; see [`InstanceNorm`].
pub type InstanceNorm2d<P = ParamId> = InstanceNorm<2, P>;
/// Instance normalisation of `[n, num_features, depth, height, width]`; see [`InstanceNorm`].
pub type InstanceNorm3d<P = ParamId> = InstanceNorm<3, P>;

impl<const D: usize, P> InstanceNorm<D, P> {
    const NAME: &'static str = ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"][D - 1];
}

impl<const D: usize> InstanceNorm<D, Init> {
    /// A plan of a layer without parameters.
    #[must_use]
    pub fn new(num_features: usize) -> Self {
        Self { num_features, eps: 1e-5, momentum: 0.1, weight: None, bias: None, running: None }
    }

    /// With this added to the variance.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// With weights of one and biases of zero.
    #[must_use]
    pub fn affine(self) -> Self {
        Self { weight: Some(Init::constant(1.0)), bias: Some(Init::constant(0.0)), ..self }
    }

    /// With running statistics, which evaluation uses, and which a batch moves by a tenth of the way unless another
    /// [`momentum`](Self::momentum) is set.
    #[doc(alias = "track_running_stats")]
    #[must_use]
    pub fn running_statistics(self) -> Self {
        Self { running: Some(RunningStatistics::plan()), ..self }
    }

    /// With this share of the way that a batch moves the running statistics, if there are such.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Adds the parameters `weight`, `bias`, `running_mean`, `running_var` and `num_batches_tracked`, in this order, as
    /// far as they are planned, and initialises them. The last three are not trained.
    ///
    /// # Panics
    /// If a name is taken: put layers apart with [`Params::within`].
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> InstanceNorm<D> {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<InstanceNorm<D>, Error> {
        let Self { num_features, eps, momentum, weight, bias, running } = self;
        let [weight, bias] = try_build_affine([weight, bias], &Shape::from([num_features]), params, rng)?;
        let running = running.map(|running| running.try_build(num_features, params, rng)).transpose()?;
        Ok(InstanceNorm { num_features, eps, momentum, weight, bias, running })
    }
}

impl<const D: usize> InstanceNorm<D> {
    /// `[n, num_features, ..] -> [n, num_features, ..]`, or without the batch.
    ///
    /// # Panics
    /// If the input has other axes or another number of channels; if a sample's own statistics are to be taken of one
    /// value a channel; if other parameters are bound than the layer was built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let input = x.shape();
        let alone = input.rank() == D + 1;
        if !(alone || input.rank() == D + 2) || input[usize::from(!alone)] != self.num_features {
            let (channels, lengths) = (self.num_features, lengths(D));
            let expected = format!("[n, {channels}, {lengths}] or [{channels}, {lengths}]");
            panic!("{}", Error::Input { layer: Self::NAME, input, expected });
        }
        let samples = if alone { 1 } else { input[0] };
        let count: usize = input[usize::from(!alone) + 1..].iter().product();
        let affine = Affine::beside(pass, self.weight, self.bias, D);
        match self.running {
            Some(running) if !pass.is_training() || samples * count == 0 => {
                let [mean, var] = [running.mean, running.var].map(|id| pass.parameter(id));
                affine.apply(x - beside(mean, D), beside(scale(var, self.eps), D))
            }
            running => {
                if count == 1 {
                    panic!("{}", Error::OneValue { layer: Self::NAME, input, of: "channel of a sample" });
                }
                let axes: Vec<isize> = (-(D as isize)..0).collect();
                let Moments { mean, distances, variance } = Moments::over(x, &axes);
                if let Some(running) = running.filter(|_| pass.is_training()) {
                    let unbiased = variance.detach() * T::from_f64(count as f64 / (count as f64 - 1.0));
                    let average = |each: Tensor<T>| each.reshape([samples, self.num_features]).mean_axes(0);
                    running.update(pass, average(mean), average(unbiased), T::from_f64(self.momentum));
                }
                affine.apply(distances, scale(variance, self.eps))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::Tape;

    use super::*;

    fn layer(params: &mut Params<f64>) -> InstanceNorm1d {
        InstanceNorm1d::new(2).running_statistics().build(params, &mut ChaCha8Rng::seed_from_u64(0))
    }

    #[test]
    fn the_statistics_run_by_the_average_of_the_samples() {
        let mut params = Params::<f64>::new();
        let layer = layer(&mut params);
        // The means of channel 0 are 1 and 5, its variances, divided by 2 - 1, are 2 and 18.
        let x = ndarray::array![[[0.0, 2.0], [0.0, 0.0]], [[2.0, 8.0], [0.0, 0.0]]];
        let (_, gradients) =
            Tape::new().value_and_grad(&params, |pass| layer.forward(&pass.training(0), pass.constant(&x)).sum());
        params.apply_updates(&gradients).unwrap();
        let expected = [0.1 * 3.0, 0.0, 0.9 + 0.1 * 10.0, 0.9, 0.0];
        assert!(params.values().iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-15));
    }

    #[test]
    #[should_panic(
        expected = "InstanceNorm1d: input of shape [3, 2, 1]: one value a channel of a sample has no spread; train with \
                    more, or evaluate"
    )]
    fn one_value_a_channel_is_refused() {
        let mut params = Params::<f64>::new();
        let layer = layer(&mut params);
        let x = ndarray::Array3::zeros((3, 2, 1));
        let _ = Tape::new().evaluate(&params, |pass| layer.forward(&pass.training(0), pass.constant(&x)));
    }

    #[test]
    #[should_panic(expected = "InstanceNorm1d: input of shape [4, 3]: expected [n, 2, length] or [2, length]")]
    fn other_channels_are_refused() {
        let mut params = Params::<f64>::new();
        let layer = layer(&mut params);
        let _ = Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant([[0.0; 3]; 4])));
    }
}
