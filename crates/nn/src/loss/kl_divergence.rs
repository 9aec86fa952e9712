//! The Kullback-Leibler divergence: with a target probability t and the logarithm x of a predicted one, `t (ln t - x)`.
//!
//! The gradient of an element is `-t`, for the target `ln t - x + 1`. An element whose target is 0 costs nothing and
//! gets no gradient, whatever x is, also minus infinity.
//!
//! | setting | default |
//! | --- | --- |
//! | `log_target` | false; with true targets are logarithms l of probabilities, and the loss is `e^l (l - x)` |
//!
//! S. Kullback and R. A. Leibler, "On Information and Sufficiency", Annals of Mathematical Statistics 22 (1), 1951.
//!
//! PyTorch: `nn.KLDivLoss`, `nn.functional.kl_div`; there as here the mean is that over all elements, and
//! [`Reduction::BatchMean`] is what the mathematics asks for. Departures: those of [`mse`](crate::mse), and a target of
//! 0 under a prediction of minus infinity, where PyTorch has NaN.

use tape::{Real, Tensor};

use super::elementwise;
use crate::error::Error;
use crate::loss::reduction::Reduction;

/// The Kullback-Leibler divergence of predicted log-probabilities from target probabilities, by its [`Reduction`].
///
/// ```
/// use nn::{KlDivergence, Reduction};
/// let tape = tape::Tape::<f64>::new();
/// let (x, target) = (tape.constant([[0.5, 0.5]]).ln(), tape.constant([[1.0, 0.0]]));
/// let divergence = KlDivergence::new().reduction(Reduction::BatchMean).loss(x, target);
/// assert_eq!(divergence.item(), 2.0_f64.ln());
/// ```
#[doc(alias = "KLDivLoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KlDivergence {
    log_target: bool,
    reduction: Reduction,
}

elementwise!(KlDivergence, "kl_divergence");

impl KlDivergence {
    /// From target probabilities, and the mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { log_target: false, reduction: Reduction::Mean }
    }

    /// Whether targets are logarithms of probabilities, as predictions are.
    #[must_use]
    pub fn log_target(self, log_target: bool) -> Self {
        Self { log_target, ..self }
    }

    #[track_caller]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        Ok(if self.log_target {
            target.ne(T::neg_infinity()).select(target.exp() * target.try_sub(prediction)?, T::zero())
        } else {
            target.ne(T::zero()).select(target * target.ln().try_sub(prediction)?, T::zero())
        })
    }
}

/// The mean over all elements of `t (ln t - x)`, with predicted log-probabilities x and target probabilities t:
/// `[..], [..] -> []`. [`KlDivergence`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.variable([[0.25_f64.ln(), 0.75_f64.ln()]]);
/// let loss = nn::kl_divergence(x, tape.constant([[0.5, 0.5]]));
/// assert!((loss.item() - 0.5 * (2.0_f64.ln() + (2.0_f64 / 3.0).ln()) / 2.0).abs() < 1e-15);
/// assert_eq!(loss.backward()[x].as_slice(), Some(&[-0.25, -0.25][..]));
/// ```
///
/// # Panics
/// As [`KlDivergence::try_loss`] fails.
#[doc(alias = "kl_div")]
#[must_use]
#[track_caller]
pub fn kl_divergence<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    KlDivergence::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn what_is_impossible_costs_nothing() {
        for (target, log_target) in [([0.0, 1.0], false), ([f64::NEG_INFINITY, 0.0], true)] {
            let tape = Tape::new();
            let (x, target) = (tape.variable([f64::NEG_INFINITY, -1.0]), tape.variable(target));
            let loss = KlDivergence::new().log_target(log_target).reduction(Reduction::Sum).loss(x, target);
            assert_eq!(loss.item(), 1.0);
            let gradients = loss.backward();
            assert_eq!(gradients[x].as_slice(), Some(&[0.0, -1.0][..]));
            assert_eq!(gradients[target].as_slice(), Some(&[0.0, 2.0][..]));
        }
    }
}
