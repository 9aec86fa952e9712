//! The negative log-likelihood of numbers from normal distributions whose variances are predicted too.
//!
//! With a mean m, a variance v and an observation t: `(ln max(v, ε) + (m - t)² / max(v, ε)) / 2`, which is the
//! likelihood without the term `ln(2 π) / 2`. The variance gets its gradient as if ε were not there, so that one that
//! has collapsed comes back.
//!
//! | setting | default |
//! | --- | --- |
//! | `full` | false; true adds `ln(2 π) / 2` |
//! | `eps` | 1e-6, positive; the smallest variance |
//!
//! D. A. Nix and A. S. Weigend, "Estimating the mean and variance of the target probability distribution", ICNN 1994.
//!
//! PyTorch: `nn.GaussianNLLLoss`, `nn.functional.gaussian_nll_loss`, whose defaults these are. Departures: the variance
//! has the mean's shape or broadcasts to it (PyTorch also takes one without the last axis); a negative variance is no
//! error, for a program does not look at its elements, but counts as ε; and those of [`mse`](crate::mse).

use tape::{Real, Tensor};

use super::{check_setting, check_target, reduces};
use crate::error::{Error, unwrap};
use crate::loss::reduction::Reduction;

const NAME: &str = "gaussian_nll";

/// The negative log-likelihood of observations at means and variances, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// // One variance a row.
/// let (mean, variance) = (tape.constant([[1.0, 2.0], [3.0, 4.0]]), tape.constant([[1.0], [4.0]]));
/// let observed = tape.constant([[2.0, 2.0], [3.0, 8.0]]);
/// let loss = nn::GaussianNll::new().loss(mean, observed, variance).item();
/// assert!((loss - (1.0 + 2.0 * 4.0_f64.ln() + 4.0) / 2.0 / 4.0).abs() < 1e-15);
/// ```
#[doc(alias = "GaussianNLLLoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaussianNll {
    full: bool,
    eps: f64,
    reduction: Reduction,
}

reduces!(GaussianNll);

impl GaussianNll {
    /// Without the constant term, with variances from 1e-6 on, and the mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { full: false, eps: 1e-6, reduction: Reduction::Mean }
    }

    /// Whether the constant `ln(2 π) / 2` is added.
    #[must_use]
    pub fn full(self, full: bool) -> Self {
        Self { full, ..self }
    }

    /// With another smallest variance.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// The loss of means, observations and variances, which broadcast: `[..], [..], [..] -> []`, or `[..]` without a
    /// reduction.
    ///
    /// # Panics
    /// As [`try_loss`](Self::try_loss) fails.
    #[must_use]
    #[track_caller]
    pub fn loss<T: Real>(&self, mean: Tensor<T>, target: Tensor<T>, variance: Tensor<T>) -> Tensor<T> {
        unwrap(self.try_loss(mean, target, variance))
    }

    /// As [`loss`](Self::loss).
    ///
    /// # Errors
    /// [`Error::Target`] if means and observations differ in shape, [`Error::Operand`] if the variances do not
    /// broadcast to it, [`Error::Setting`] if ε is not positive, [`Error::Tape`] if the three lie on different tapes.
    ///
    /// # Panics
    /// If the recording of one of the three is over, or on another thread.
    #[track_caller]
    pub fn try_loss<T: Real>(
        &self,
        mean: Tensor<T>,
        target: Tensor<T>,
        variance: Tensor<T>,
    ) -> Result<Tensor<T>, Error> {
        check_target(NAME, mean, target)?;
        check_setting(NAME, "eps", &self.eps, self.eps > 0.0, "it must be positive")?;
        let (shape, own) = (mean.shape(), variance.shape());
        let fits = own.rank() <= shape.rank()
            && own.iter().rev().zip(shape.iter().rev()).all(|(own, other)| own == other || *own == 1);
        if !fits {
            let rule = "it must broadcast to the means";
            return Err(Error::Operand { loss: NAME, operand: "variance", shape: own, rule });
        }
        let squares = mean.try_sub(target)?.powi(2);
        // What lifts the variance to ε is a constant, so the gradient passes it by.
        let variance = variance + (variance.clamp_min(T::from_f64(self.eps)) - variance).detach();
        let losses = (squares.try_div(variance)? + variance.ln()) * T::from_f64(0.5);
        let constant = if self.full { 0.5 * std::f64::consts::TAU.ln() } else { 0.0 };
        self.reduction.apply(if self.full { losses + T::from_f64(constant) } else { losses })
    }
}

/// The mean over all elements of `(ln v + (m - t)² / v) / 2`, with means m, observations t and variances v:
/// `[..], [..], [..] -> []`. [`GaussianNll`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (mean, variance) = (tape.variable([1.0]), tape.variable([2.0]));
/// let loss = nn::gaussian_nll(mean, tape.constant([3.0]), variance);
/// assert!((loss.item() - (2.0_f64.ln() + 2.0) / 2.0).abs() < 1e-15);
/// let gradients = loss.backward();
/// assert_eq!((gradients[mean][[0]], gradients[variance][[0]]), (-1.0, -0.25));
/// ```
///
/// # Panics
/// As [`GaussianNll::try_loss`] fails.
#[doc(alias = "gaussian_nll_loss")]
#[must_use]
#[track_caller]
pub fn gaussian_nll<T: Real>(mean: Tensor<T>, target: Tensor<T>, variance: Tensor<T>) -> Tensor<T> {
    GaussianNll::new().loss(mean, target, variance)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn a_variance_that_has_collapsed_is_pulled_back() {
        let tape = Tape::<f64>::new();
        let variance = tape.variable([0.0, 0.25]);
        let loss = GaussianNll::new().eps(0.25).reduction(Reduction::Sum);
        let loss = loss.loss(tape.constant([1.0, 1.0]), tape.constant([2.0, 2.0]), variance);
        assert!((loss.item() - (0.25_f64.ln() + 4.0)).abs() < 1e-15);
        assert_eq!(loss.backward()[variance].as_slice(), Some(&[-6.0, -6.0][..]));
    }

    #[test]
    fn variances_must_broadcast() {
        let tape = Tape::<f64>::new();
        let (mean, target) = (tape.constant([1.0, 2.0]), tape.constant([1.0, 2.0]));
        let nodes = tape.len();
        let error = GaussianNll::new().try_loss(mean, target, tape.constant([[1.0, 2.0]])).unwrap_err();
        let text = "gaussian_nll: variance of shape [1, 2]: it must broadcast to the means";
        assert_eq!((error.to_string().as_str(), tape.len()), (text, nodes + 1));
    }
}
