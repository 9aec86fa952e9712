//! The logistic loss of a two-class score: `ln(1 + e^(-t x))` for a score x and a target t of 1 or -1.
//!
//! The gradient of an element is `-t s(-t x)`. It never overflows.
//!
//! PyTorch: `nn.SoftMarginLoss`, `nn.functional.soft_margin_loss`. Departures: those of [`mse`](crate::mse).

use tape::{Real, Tensor};

use super::elementwise;
use crate::error::Error;
use crate::loss::reduction::Reduction;

/// `ln(1 + e^(-t x))`, by its [`Reduction`].
///
/// ```
/// use nn::{Reduction, SoftMargin};
/// let tape = tape::Tape::<f64>::new();
/// let loss = SoftMargin::new().reduction(Reduction::Sum);
/// assert_eq!(loss.loss(tape.constant([0.0, -1000.0]), tape.constant([1.0, 1.0])).item(), 2.0_f64.ln() + 1000.0);
/// ```
#[doc(alias = "SoftMarginLoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoftMargin {
    reduction: Reduction,
}

elementwise!(SoftMargin, "soft_margin");

impl SoftMargin {
    /// The mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { reduction: Reduction::Mean }
    }

    #[track_caller]
    #[allow(clippy::unused_self, reason = "every loss of elements is asked in the same way")]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        Ok(-prediction.try_mul(target)?.log_sigmoid())
    }
}

/// The mean over all elements of `ln(1 + e^(-t x))`, with scores x and targets t of ±1: `[..], [..] -> []`.
/// [`SoftMargin`] has other reductions.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.variable([3.0_f64.ln(), 3.0_f64.ln()]);
/// let loss = nn::soft_margin(x, tape.constant([1.0, -1.0]));
/// assert!((loss.item() - (4.0_f64.ln() + (4.0_f64 / 3.0).ln()) / 2.0).abs() < 1e-15);
/// let gradient = &loss.backward()[x];
/// assert!((gradient[[0]] + 0.125).abs() < 1e-15 && (gradient[[1]] - 0.375).abs() < 1e-15);
/// ```
///
/// # Panics
/// As [`SoftMargin::try_loss`] fails.
#[doc(alias = "soft_margin_loss")]
#[must_use]
#[track_caller]
pub fn soft_margin<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    SoftMargin::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn scores_of_any_size_neither_overflow_nor_vanish() {
        let tape = Tape::<f32>::new();
        let x = tape.variable([3e38, -3e38]);
        let losses = SoftMargin::new().reduction(Reduction::None).loss(x, tape.constant([1.0, 1.0]));
        assert_eq!(losses.to_array().as_slice(), Some(&[0.0, 3e38][..]));
        assert_eq!(losses.sum().backward()[x].as_slice(), Some(&[0.0, -1.0][..]));
    }
}
