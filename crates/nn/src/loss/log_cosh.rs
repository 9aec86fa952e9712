//! The logarithm of the hyperbolic cosine: `ln cosh(prediction - target)` for each element.
//!
//! It is `r² / 2` for small residuals r and `|r| - ln 2` for large ones, smooth everywhere; the gradient of an element
//! is `tanh r`. Small residuals are computed as `ln(1 + sinh² r) / 2`, so that nothing cancels, large ones as
//! `|r| + ln(1 + e^(-2 |r|)) - ln 2`, so that nothing overflows.
//!
//! PyTorch has none; Keras: `losses.LogCosh`.

use tape::{Real, Tensor};

use super::elementwise;
use crate::error::Error;
use crate::loss::reduction::Reduction;

/// `ln cosh(prediction - target)`, by its [`Reduction`].
///
/// ```
/// use nn::{LogCosh, Reduction};
/// let tape = tape::Tape::<f64>::new();
/// let loss = LogCosh::new().reduction(Reduction::Sum);
/// let losses = loss.loss(tape.constant([3.0, 1002.0]), tape.constant([2.0, 2.0]));
/// assert_eq!(losses.item(), 1.0_f64.cosh().ln() + 1000.0 - 2.0_f64.ln());
/// ```
#[doc(alias = "LogCoshLoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogCosh {
    reduction: Reduction,
}

elementwise!(LogCosh, "log_cosh");

impl LogCosh {
    /// The mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { reduction: Reduction::Mean }
    }

    #[track_caller]
    #[allow(clippy::unused_self, reason = "every loss of elements is asked in the same way")]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        let residual = prediction.try_sub(target)?;
        let distance = residual.abs();
        let near = residual.sinh().powi(2).ln_1p() * T::from_f64(0.5);
        let far = distance - (distance * T::from_f64(2.0)).log_sigmoid() - T::LN_2();
        Ok(distance.lt(T::one()).select(near, far))
    }
}

/// The mean over all elements of `ln cosh(prediction - target)`: `[..], [..] -> []`. [`LogCosh`] has other reductions.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let prediction = tape.variable([5.0_f64.asinh()]);
/// let loss = nn::log_cosh(prediction, tape.constant([0.0]));
/// assert!((loss.item() - 26.0_f64.ln() / 2.0).abs() < 1e-15);
/// assert!((loss.backward()[prediction][[0]] - 5.0 / 26.0_f64.sqrt()).abs() < 1e-15);
/// ```
///
/// # Panics
/// As [`LogCosh::try_loss`] fails.
#[must_use]
#[track_caller]
pub fn log_cosh<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    LogCosh::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn neither_small_nor_large_residuals_lose_digits() {
        let tape = Tape::<f64>::new();
        let residuals = [1e-10, -0.9, 0.999_999, 1.000_001, -3.0, 1e300, 0.0];
        let prediction = tape.variable(residuals);
        let losses = LogCosh::new().reduction(Reduction::None).loss(prediction, tape.constant([0.0; 7]));
        let expected = [
            5e-21,
            0.9_f64.cosh().ln(),
            0.999_999_f64.cosh().ln(),
            1.000_001_f64.cosh().ln(),
            3.0_f64.cosh().ln(),
            1e300,
            0.0,
        ];
        let gradients = losses.sum().backward();
        for at in 0..7 {
            let (loss, gradient) = (losses.to_array()[[at]], gradients[prediction][[at]]);
            assert!((loss - expected[at]).abs() <= 1e-15 * expected[at], "{loss}, not {}", expected[at]);
            let slope = residuals[at].tanh();
            assert!((gradient - slope).abs() <= 1e-15 * slope.abs(), "{gradient}, not {slope}");
        }
    }
}
