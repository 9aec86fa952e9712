//! The mean absolute error: `|prediction - target|` for each element.
//!
//! The gradient of an element is the sign of `prediction - target`, and 0 where the two are equal.
//!
//! PyTorch: `nn.L1Loss`, `nn.functional.l1_loss`. Departures: those of [`mse`](crate::mse).

use tape::{Real, Tensor};

use super::elementwise;
use crate::error::Error;
use crate::loss::reduction::Reduction;

/// `|prediction - target|`, by its [`Reduction`].
///
/// ```
/// use nn::{L1, Reduction};
/// let tape = tape::Tape::<f64>::new();
/// let loss = L1::new().reduction(Reduction::Sum);
/// assert_eq!(loss.loss(tape.constant([1.0, 5.0]), tape.constant([2.0, 2.0])).item(), 4.0);
/// ```
#[doc(alias = "L1Loss")]
#[doc(alias = "mean absolute error")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct L1 {
    reduction: Reduction,
}

elementwise!(L1, "l1");

impl L1 {
    /// The mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { reduction: Reduction::Mean }
    }

    #[track_caller]
    #[allow(clippy::unused_self, reason = "every loss of elements is asked in the same way")]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        Ok(prediction.try_sub(target)?.abs())
    }
}

/// The mean over all elements of `|prediction - target|`: `[..], [..] -> []`. [`L1`] has other reductions.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let prediction = tape.variable([1.0, 5.0]);
/// let loss = nn::l1(prediction, tape.constant([2.0, 2.0]));
/// assert_eq!(loss.item(), 2.0);
/// assert_eq!(loss.backward()[prediction].as_slice(), Some(&[-0.5, 0.5][..]));
/// ```
///
/// # Panics
/// As [`L1::try_loss`] fails.
#[doc(alias = "l1_loss")]
#[must_use]
#[track_caller]
pub fn l1<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    L1::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn an_exact_prediction_has_no_slope() {
        let tape = Tape::<f64>::new();
        let (prediction, target) = (tape.variable([1.0, 2.0, 3.0, 4.0]), tape.variable([1.0, 4.0, 0.0, 4.0]));
        let loss = l1(prediction, target);
        assert_eq!(loss.item(), 1.25);
        let gradients = loss.backward();
        assert_eq!(gradients[prediction].as_slice(), Some(&[0.0, -0.25, 0.25, 0.0][..]));
        assert_eq!(gradients[target].as_slice(), Some(&[0.0, 0.25, -0.25, 0.0][..]));
    }
}
