//! The hinge embedding loss of a distance: x where the target is 1, `max(0, margin - x)` where it is -1.
//!
//! What belongs together is pulled to distance 0, what does not is pushed away up to the margin.
//!
//! | setting | default |
//! | --- | --- |
//! | `margin` | 1 |
//!
//! PyTorch: `nn.HingeEmbeddingLoss`, `nn.functional.hinge_embedding_loss`, whose default this is. Departures: those of
//! [`mse`](crate::mse).

use tape::{Real, Tensor};

use super::elementwise;
use crate::error::Error;
use crate::loss::reduction::Reduction;

/// The hinge embedding loss of distances, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (x, t) = (tape.constant([0.5, 0.5, 3.0]), tape.constant([1.0, -1.0, -1.0]));
/// assert_eq!(nn::HingeEmbedding::new().margin(2.0).loss(x, t).item(), (0.5 + 1.5) / 3.0);
/// ```
#[doc(alias = "HingeEmbeddingLoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HingeEmbedding {
    margin: f64,
    reduction: Reduction,
}

elementwise!(HingeEmbedding, "hinge_embedding");

impl HingeEmbedding {
    /// With a margin of 1, and the mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { margin: 1.0, reduction: Reduction::Mean }
    }

    /// With another margin.
    #[must_use]
    pub fn margin(self, margin: f64) -> Self {
        Self { margin, ..self }
    }

    #[track_caller]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        let apart = (-prediction + T::from_f64(self.margin)).clamp_min(T::zero());
        // As PyTorch's, a target that is neither 1 nor -1 counts as both.
        let pulled = target.ne(-T::one()).try_select(prediction, T::zero())?;
        let pushed = target.ne(T::one()).try_select(apart, T::zero())?;
        Ok(pulled + pushed)
    }
}

/// The mean over all elements of x where the target is 1 and `max(0, 1 - x)` where it is -1: `[..], [..] -> []`.
/// [`HingeEmbedding`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.variable([0.5, 0.25, 3.0, 2.0]);
/// let loss = nn::hinge_embedding(x, tape.constant([1.0, -1.0, -1.0, 1.0]));
/// assert_eq!(loss.item(), (0.5 + 0.75 + 2.0) / 4.0);
/// assert_eq!(loss.backward()[x].as_slice(), Some(&[0.25, -0.25, 0.0, 0.25][..]));
/// ```
///
/// # Panics
/// As [`HingeEmbedding::try_loss`] fails.
#[doc(alias = "hinge_embedding_loss")]
#[must_use]
#[track_caller]
pub fn hinge_embedding<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    HingeEmbedding::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn what_is_together_is_pulled_and_what_is_not_is_pushed() {
        let tape = Tape::<f64>::new();
        let x = tape.variable([4.0, 4.0, 1.0]);
        let loss = HingeEmbedding::new().margin(5.0).reduction(Reduction::None);
        let losses = loss.loss(x, tape.constant([1.0, -1.0, -1.0]));
        assert_eq!(losses.to_array().as_slice(), Some(&[4.0, 1.0, 4.0][..]));
        assert_eq!(losses.sum().backward()[x].as_slice(), Some(&[1.0, -1.0, -1.0][..]));
    }
}
