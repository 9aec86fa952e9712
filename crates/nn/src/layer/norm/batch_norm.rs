//! Batch normalisation: each channel by its mean and variance over the batch.
//!
//! `y = (x - mean) / √(var + eps) * weight + bias`. In training, mean and variance are those of the batch, over all axes
//! but the channels', the variance divided by the number of elements n; and they move the running ones by
//! `running += momentum * (batch's - running)`, for which the variance is divided by n - 1, and through which nothing is
//! differentiated. In evaluation, the running ones are used.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[n, num_features]` or `[n, num_features, length]`; `[n, num_features, height, width]`; with the depth before |
//! | `weight` | `[num_features]`, from 1 |
//! | `bias` | `[num_features]`, from 0 |
//! | `running_mean`, `running_var` | `[num_features]`, from 0 and 1, not trained |
//! | `num_batches_tracked` | `[]`, from 0, not trained |
//! | `eps`, `momentum` | 1e-5, 0.1 |
//!
//! S. Ioffe, C. Szegedy, Batch normalization, ICML 2015. PyTorch: `nn.BatchNorm1d`, `nn.BatchNorm2d`, `nn.BatchNorm3d`,
//! whose names, layout and defaults these are. Departures: `num_batches_tracked` is of the element type of the other
//! parameters; a batch without elements leaves the running statistics as they are.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Shape, Tensor};

use super::{Affine, Moments, RunningStatistics, beside, lengths, scale, try_build_affine};
use crate::error::{Error, unwrap};
use crate::init::Init;

/// Batch normalisation with `D` axes behind the channels; [`BatchNorm1d`], [`BatchNorm2d`] and [`BatchNorm3d`] are those
/// that there are.
///
/// `BatchNorm1d::new` is a plan; [`build`](BatchNorm::build) adds its parameters and gives the layer.
///
/// ```
/// use ndarray::array;
/// use nn::BatchNorm1d;
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let layer = BatchNorm1d::new(1).eps(0.0).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// let x = [[4.0], [8.0]];
/// let mut tape = tape::Tape::new();
/// // The batch has the mean 6 and the variance 4.
/// let y = tape.evaluate(&params, |pass| layer.forward(&pass.training(0), pass.constant(x)));
/// assert_eq!(y, array![[-1.0], [1.0]].into_dyn());
/// let (_, gradients) = tape.value_and_grad(&params, |pass| layer.forward(&pass.training(0), pass.constant(x)).sum());
/// params.apply_updates(&gradients)?;
/// // A tenth of the way from 0 to 6, and from 1 to 8: the variance divided by n - 1.
/// let running = layer.running.unwrap();
/// assert!((params.view(running.mean)[[0]] - 0.6).abs() < 1e-15 && (params.view(running.var)[[0]] - 1.7).abs() < 1e-15);
/// let y = tape.evaluate(&params, |pass| layer.forward(pass, pass.constant(x)));
/// assert!((y[[0, 0]] - 3.4 / 1.7_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), tape::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchNorm<const D: usize, P = ParamId> {
    /// The number of channels.
    pub num_features: usize,
    /// What is added to the variance.
    pub eps: f64,
    /// How far a batch moves the running statistics towards its own; `None` keeps the average of all batches.
    pub momentum: Option<f64>,
    /// `[num_features]`.
    pub weight: Option<P>,
    /// `[num_features]`.
    pub bias: Option<P>,
    /// What evaluation uses; without them it uses the batch's own, as training does.
    pub running: Option<RunningStatistics<P>>,
}

/// Batch normalisation of `[n, num_features]` and `[n, num_features, length]`; see [`BatchNorm`].
pub type BatchNorm1d<P = ParamId> = BatchNorm<1, P>;
/// Batch normalisation of `[n, num_features, height, width]`; see [`BatchNorm`].
pub type BatchNorm2d<P = ParamId> = BatchNorm<2, P>;
/// Batch normalisation of `[n, num_features, depth, height, width]`; see [`BatchNorm`].
pub type BatchNorm3d<P = ParamId> = BatchNorm<3, P>;

impl<const D: usize, P> BatchNorm<D, P> {
    const NAME: &'static str = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d"][D - 1];
}

impl<const D: usize> BatchNorm<D, Init> {
    /// A plan of a layer with weights of one, biases of zero, and running statistics.
    #[must_use]
    pub fn new(num_features: usize) -> Self {
        Self {
            num_features,
            eps: 1e-5,
            momentum: Some(0.1),
            weight: Some(Init::constant(1.0)),
            bias: Some(Init::constant(0.0)),
            running: Some(RunningStatistics::plan()),
        }
    }

    /// With this added to the variance.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// With running statistics that a batch moves by this share of the way.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum: Some(momentum), ..self }
    }

    /// With running statistics that are the averages of those of all batches: PyTorch's `momentum=None`.
    #[must_use]
    pub fn cumulative(self) -> Self {
        Self { momentum: None, ..self }
    }

    /// With the weights initialised this way.
    #[must_use]
    pub fn weight(self, weight: Init) -> Self {
        Self { weight: Some(weight), ..self }
    }

    /// With the biases initialised this way.
    #[must_use]
    pub fn bias(self, bias: Init) -> Self {
        Self { bias: Some(bias), ..self }
    }

    /// Without weight and bias.
    #[must_use]
    pub fn without_affine(self) -> Self {
        Self { weight: None, bias: None, ..self }
    }

    /// Without running statistics: evaluation uses the batch's own too.
    #[doc(alias = "track_running_stats")]
    #[must_use]
    pub fn without_running_statistics(self) -> Self {
        Self { running: None, ..self }
    }

    /// Adds the parameters `weight`, `bias`, `running_mean`, `running_var` and `num_batches_tracked`, in this order, and
    /// initialises them. The last three are not trained.
    ///
    /// # Panics
    /// If a name is taken: put layers apart with [`Params::within`].
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> BatchNorm<D> {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<BatchNorm<D>, Error> {
        let Self { num_features, eps, momentum, weight, bias, running } = self;
        let [weight, bias] = try_build_affine([weight, bias], &Shape::from([num_features]), params, rng)?;
        let running = running.map(|running| running.try_build(num_features, params, rng)).transpose()?;
        Ok(BatchNorm { num_features, eps, momentum, weight, bias, running })
    }
}

impl<const D: usize> BatchNorm<D> {
    /// `[n, num_features, ..] -> [n, num_features, ..]`, by the statistics of the batch if the pass trains, which then
    /// also updates the running ones, and by the running ones otherwise.
    ///
    /// # Panics
    /// If the input has other axes or another number of channels; if the batch's own statistics are to be taken of one
    /// value a channel; if other parameters are bound than the layer was built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let input = x.shape();
        let rank = input.rank();
        let axes = rank == D + 2 || (D == 1 && rank == 2);
        if !axes || input[1] != self.num_features {
            let (channels, lengths) = (self.num_features, lengths(D));
            let or = if D == 1 { format!("[n, {channels}] or ") } else { String::new() };
            let expected = format!("{or}[n, {channels}, {lengths}]");
            panic!("{}", Error::Input { layer: Self::NAME, input, expected });
        }
        let count = input[0] * input[2..].iter().product::<usize>();
        let affine = Affine::beside(pass, self.weight, self.bias, rank - 2);
        match self.running {
            Some(running) if !pass.is_training() || count == 0 => {
                let [mean, var] = [running.mean, running.var].map(|id| pass.parameter(id));
                affine.apply(x - beside(mean, rank - 2), beside(scale(var, self.eps), rank - 2))
            }
            running => {
                if count == 1 {
                    panic!("{}", Error::OneValue { layer: Self::NAME, input, of: "channel" });
                }
                let axes: Vec<isize> = (0..rank as isize).filter(|&axis| axis != 1).collect();
                let Moments { mean, distances, variance } = Moments::over(x, &axes);
                if let Some(running) = running.filter(|_| pass.is_training()) {
                    let unbiased = variance.detach() * T::from_f64(count as f64 / (count as f64 - 1.0));
                    let [mean, var] = [mean, unbiased].map(|batch| batch.reshape([self.num_features]));
                    self.track(pass, running, mean, var);
                }
                affine.apply(distances, scale(variance, self.eps))
            }
        }
    }

    #[track_caller]
    fn track<T: Real>(&self, pass: &Pass<'_, T>, running: RunningStatistics, mean: Tensor<T>, var: Tensor<T>) {
        let batches = pass.updated(running.num_batches_tracked) + T::one();
        pass.update(running.num_batches_tracked, batches);
        match self.momentum {
            Some(momentum) => running.update(pass, mean, var, T::from_f64(momentum)),
            None => running.update(pass, mean, var, batches.recip()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayD, array};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::Tape;

    use super::*;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(0)
    }

    /// What a step of training leaves in `running_mean`, `running_var` and `num_batches_tracked`.
    fn train<const D: usize>(layer: &BatchNorm<D>, params: &mut Params<f64>, inputs: &[Array2<f64>]) -> [f64; 3] {
        let (_, gradients) = Tape::new().value_and_grad(params, |pass| {
            let pass = pass.training(0);
            let outputs = inputs.iter().map(|x| layer.forward(&pass, pass.constant(x)).sum());
            outputs.reduce(|one, other| one + other).unwrap()
        });
        params.apply_updates(&gradients).unwrap();
        let RunningStatistics { mean, var, num_batches_tracked } = layer.running.unwrap();
        [mean, var, num_batches_tracked].map(|id| *params.view(id).first().unwrap())
    }

    #[test]
    fn the_cumulative_average_is_that_of_all_batches() {
        let mut params = Params::<f64>::new();
        let layer = BatchNorm1d::new(1).cumulative().build(&mut params, &mut rng());
        // Means 1, 3 and 8, variances 2, 2 and 32, of two steps, the first of which uses the layer twice.
        assert_eq!(train(&layer, &mut params, &[array![[0.0], [2.0]], array![[2.0], [4.0]]]), [2.0, 2.0, 2.0]);
        let [mean, var, batches] = train(&layer, &mut params, &[array![[4.0], [12.0]]]);
        assert!((mean - 4.0).abs() < 1e-15 && (var - 12.0).abs() < 1e-14 && batches == 3.0);
    }

    #[test]
    fn a_batch_of_nothing_leaves_the_running_statistics() {
        let mut params = Params::<f64>::new();
        let layer = BatchNorm1d::new(1).build(&mut params, &mut rng());
        assert_eq!(train(&layer, &mut params, &[Array2::zeros((0, 1))]), [0.0, 1.0, 0.0]);
    }

    #[test]
    fn running_statistics_are_not_trained() {
        let mut params = Params::<f32>::new();
        let _ = BatchNorm2d::new(3).build(&mut params, &mut rng());
        let trained: Vec<_> = params.iter().map(|(_, found)| (found.name(), found.is_trainable())).collect();
        let expected = [
            ("weight", true),
            ("bias", true),
            ("running_mean", false),
            ("running_var", false),
            ("num_batches_tracked", false),
        ];
        assert_eq!(trained, expected);
        assert_eq!(params.values(), [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0]);
    }

    #[track_caller]
    fn refused<const D: usize>(plan: BatchNorm<D, Init>, shape: &[usize], message: &str) {
        let mut params = Params::<f64>::new();
        let layer = plan.build(&mut params, &mut rng());
        let run = || {
            let x = ArrayD::zeros(shape);
            Tape::new().evaluate(&params, |pass| layer.forward(&pass.training(0), pass.constant(&x)))
        };
        let panic = std::panic::catch_unwind(run).expect_err("misuse panics");
        assert_eq!(*panic.downcast::<String>().unwrap(), message);
    }

    #[test]
    fn misuse_is_refused() {
        let message =
            "BatchNorm1d: input of shape [1, 2]: one value a channel has no spread; train with more, or evaluate";
        refused(BatchNorm1d::new(2), &[1, 2], message);
        let message = "BatchNorm1d: input of shape [3, 4]: expected [n, 2] or [n, 2, length]";
        refused(BatchNorm1d::new(2), &[3, 4], message);
        let message = "BatchNorm2d: input of shape [2, 4]: expected [n, 2, height, width]";
        refused(BatchNorm2d::new(2), &[2, 4], message);
        let message = "BatchNorm3d: input of shape [2, 1, 1, 1, 1]: expected [n, 2, depth, height, width]";
        refused(BatchNorm3d::new(2), &[2, 1, 1, 1, 1], message);
    }
}
