//! The mean squared error: `mean((prediction - target)^2)` over all elements.
//!
//! PyTorch: `nn.MSELoss`, whose default reduction is this mean. One departure: where PyTorch warns and broadcasts, shapes
//! that differ are refused here, for a target `[n]` against a prediction `[n, 1]` is a mistake. No element at all gives 0
//! with zero gradient.

use tape::{Operand, Real, Tensor};

use crate::error::{Error, unwrap};

/// The mean squared error, of shape `[]`, of a prediction against a target of the same shape.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let prediction = tape.variable([1.0, 2.0]);
/// let loss = nn::mse(prediction, tape.constant([0.0, 4.0]));
/// assert_eq!(loss.item(), 2.5);
/// assert_eq!(loss.backward()[prediction].as_slice(), Some(&[1.0, -2.0][..]));
/// ```
///
/// # Panics
/// If the shapes differ; see [`try_mse`].
#[doc(alias = "MSELoss")]
#[must_use]
#[track_caller]
pub fn mse<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    unwrap(try_mse(prediction, target))
}

/// As [`mse`].
///
/// # Errors
/// [`Error::Target`] if the shapes differ, [`Error::Tape`] if the handles do not go together.
pub fn try_mse<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
    let (left, right) = (prediction.shape(), target.shape());
    if left != right {
        return Err(Error::Target { loss: "mse", prediction: left, target: right });
    }
    let error = prediction.try_sub(target)?;
    let count = T::from_f64(left.size().max(1) as f64);
    Ok(error.powi(2).sum().try_div(Operand::Number(count))?)
}
