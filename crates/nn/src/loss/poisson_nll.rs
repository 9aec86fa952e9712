//! The negative log-likelihood of counts from Poisson distributions.
//!
//! With the logarithm x of a rate and a count k: `e^x - k x`, which is the likelihood without the term `ln k!`. With
//! `log_input(false)` x is the rate itself, and the loss `x - k ln(x + ε)`. The gradients are `e^x - k` and
//! `1 - k / (x + ε)`.
//!
//! | setting | default |
//! | --- | --- |
//! | `log_input` | true |
//! | `full` | false; true adds Stirling's approximation of `ln k!`, `k ln k - k + ln(2 π k) / 2`, for counts above 1 |
//! | `eps` | 1e-8, positive; keeps `ln 0` away if the rates are not logarithms |
//!
//! PyTorch: `nn.PoissonNLLLoss`, `nn.functional.poisson_nll_loss`, whose defaults these are. Departures: those of
//! [`mse`](crate::mse), and that Stirling's term has no gradient for a count of 0, where PyTorch has NaN.

use tape::{Real, Tensor};

use super::{check_setting, elementwise};
use crate::error::Error;
use crate::loss::reduction::Reduction;

const NAME: &str = "poisson_nll";

/// The negative log-likelihood of counts (the target) at rates (the prediction), by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let loss = nn::PoissonNll::new().log_input(false).loss(tape.constant([1.0, 4.0]), tape.constant([3.0, 0.0]));
/// assert!((loss.item() - (1.0 + 4.0) / 2.0).abs() < 1e-7);
/// ```
#[doc(alias = "PoissonNLLLoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoissonNll {
    log_input: bool,
    full: bool,
    eps: f64,
    reduction: Reduction,
}

elementwise!(PoissonNll, NAME);

impl PoissonNll {
    /// Of logarithms of rates, without Stirling's term, and the mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { log_input: true, full: false, eps: 1e-8, reduction: Reduction::Mean }
    }

    /// Whether predictions are logarithms of rates, or the rates themselves.
    #[must_use]
    pub fn log_input(self, log_input: bool) -> Self {
        Self { log_input, ..self }
    }

    /// Whether Stirling's approximation of `ln k!` is added, which has no gradient for the prediction.
    #[must_use]
    pub fn full(self, full: bool) -> Self {
        Self { full, ..self }
    }

    /// With another number that is added to rates before their logarithm is taken.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    #[track_caller]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        check_setting(NAME, "eps", &self.eps, self.eps > 0.0, "it must be positive")?;
        let losses = if self.log_input {
            prediction.exp() - target.try_mul(prediction)?
        } else {
            prediction - target.try_mul((prediction + T::from_f64(self.eps)).ln())?
        };
        if !self.full {
            return Ok(losses);
        }
        let half_log = (target * (T::PI() + T::PI())).ln() * T::from_f64(0.5);
        let stirling = target * target.ln() - target + half_log;
        Ok(losses + target.gt(T::one()).select(stirling, T::zero()))
    }
}

/// The mean over all elements of `e^x - k x`, with logarithms x of rates and counts k: `[..], [..] -> []`.
/// [`PoissonNll`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let log_rate = tape.variable([0.0, 3.0_f64.ln()]);
/// let loss = nn::poisson_nll(log_rate, tape.constant([5.0, 0.0]));
/// assert!((loss.item() - (1.0 + 3.0) / 2.0).abs() < 1e-15);
/// let gradient = &loss.backward()[log_rate];
/// assert!((gradient[[0]] + 2.0).abs() < 1e-15 && (gradient[[1]] - 1.5).abs() < 1e-15);
/// ```
///
/// # Panics
/// As [`PoissonNll::try_loss`] fails.
#[doc(alias = "poisson_nll_loss")]
#[must_use]
#[track_caller]
pub fn poisson_nll<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    PoissonNll::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn stirlings_term_is_that_of_counts_above_one() {
        let tape = Tape::<f64>::new();
        let (log_rate, counts) = (tape.constant([0.0; 4]), tape.variable([0.0, 1.0, 2.0, 10.0]));
        let loss = PoissonNll::new().reduction(Reduction::None);
        let losses = loss.full(true).loss(log_rate, counts);
        // The approximation of ln 2! = 0.693 and ln 10! = 15.104 is off by 1/12k.
        for (loss, expected) in losses.to_array().iter().zip([1.0, 1.0, 1.0 + 2.0_f64.ln(), 1.0 + 3_628_800.0_f64.ln()])
        {
            assert!((loss - expected).abs() < 1.0 / 24.0, "{loss}, not {expected}");
        }
        let gradient = &losses.sum().backward()[counts];
        assert_eq!(gradient.as_slice().unwrap()[..2], [0.0, 0.0]);
        assert!((gradient[[2]] - (2.0_f64.ln() + 0.25)).abs() < 1e-15);
    }
}
