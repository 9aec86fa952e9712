//! The mean squared error: `(prediction - target)²` for each element.
//!
//! The gradient of the mean over n elements is `2 (prediction - target) / n`, for the target with the opposite sign.
//!
//! PyTorch: `nn.MSELoss`, `nn.functional.mse_loss`. Departures: the two shapes must be equal (PyTorch broadcasts them
//! with a warning, which most often hides `[n, 1]` against `[n]`); and the mean over no elements is 0 with a zero
//! gradient, where PyTorch has NaN.

use tape::{Real, Tensor};

use super::elementwise;
use crate::error::Error;
use crate::loss::reduction::Reduction;

/// `(prediction - target)²`, by its [`Reduction`].
///
/// ```
/// use nn::{Mse, Reduction};
/// let tape = tape::Tape::<f64>::new();
/// let loss = Mse::new().reduction(Reduction::Sum);
/// assert_eq!(loss.loss(tape.constant([1.0, 5.0]), tape.constant([2.0, 2.0])).item(), 10.0);
/// ```
#[doc(alias = "MSELoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mse {
    reduction: Reduction,
}

elementwise!(Mse, "mse");

impl Mse {
    /// The mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { reduction: Reduction::Mean }
    }

    #[track_caller]
    #[allow(clippy::unused_self, reason = "every loss of elements is asked in the same way")]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        Ok(prediction.try_sub(target)?.powi(2))
    }
}

/// The mean over all elements of `(prediction - target)²`: `[..], [..] -> []`. [`Mse`] has other reductions.
///
/// Without elements it is 0, with a zero gradient.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let prediction = tape.variable([1.0, 5.0]);
/// let loss = nn::mse(prediction, tape.constant([2.0, 2.0]));
/// assert_eq!(loss.item(), 5.0);
/// assert_eq!(loss.backward()[prediction].as_slice(), Some(&[-1.0, 3.0][..]));
/// ```
///
/// # Panics
/// As [`Mse::try_loss`] fails.
#[doc(alias = "mse_loss")]
#[must_use]
#[track_caller]
pub fn mse<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    Mse::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use tape::Tape;

    use super::*;

    #[test]
    fn both_sides_get_their_share() {
        let tape = Tape::<f64>::new();
        let (prediction, target) = (tape.variable([[1.0, 2.0], [3.0, 4.0]]), tape.variable([[0.0, 2.0], [5.0, 4.0]]));
        let loss = mse(prediction, target);
        assert_eq!(loss.item(), 1.25);
        let gradients = loss.backward();
        assert_eq!(gradients[prediction].as_slice(), Some(&[0.5, 0.0, -1.0, 0.0][..]));
        assert_eq!(gradients[target].as_slice(), Some(&[-0.5, 0.0, 1.0, 0.0][..]));
    }

    #[test]
    fn no_elements_cost_nothing() {
        let tape = Tape::<f64>::new();
        let prediction = tape.variable(Array2::zeros((0, 3)));
        let loss = mse(prediction, tape.constant(Array2::zeros((0, 3))));
        assert_eq!(loss.item(), 0.0);
        assert_eq!(loss.backward()[prediction].shape(), [0, 3]);
    }

    #[test]
    #[should_panic(expected = "mse: prediction of shape [2, 1] and target of shape [2]: the two must be equal")]
    fn a_column_against_a_vector_is_refused() {
        let tape = Tape::<f64>::new();
        let _ = mse(tape.constant([[1.0], [2.0]]), tape.constant([1.0, 2.0]));
    }

    #[test]
    fn two_tapes_are_an_error() {
        let (one, other) = (Tape::<f64>::new(), Tape::new());
        let error = Mse::new().try_loss(one.constant(1.0), other.constant(1.0)).unwrap_err();
        assert!(matches!(error, Error::Tape(tape::Error::Foreign { .. })), "{error}");
    }
}
