//! The hinge loss of a two-class score: `max(0, margin - t x)` for a score x and a target t of 1 or -1.
//!
//! The gradient of an element is `-t` within the margin and 0 beyond it and at its edge. This is the loss of the
//! support-vector machine; squared, that of its smooth variant, with gradient `-2 t max(0, margin - t x)`.
//!
//! | setting | default |
//! | --- | --- |
//! | `margin` | 1 |
//! | `squared` | false |
//!
//! C. Cortes and V. Vapnik, "Support-Vector Networks", Machine Learning 20, 1995.
//!
//! PyTorch has none for two classes; Keras: `losses.Hinge`, `losses.SquaredHinge`, which also take targets of 0 for -1.

use tape::{Real, Tensor};

use super::elementwise;
use crate::error::Error;
use crate::loss::reduction::Reduction;

/// `max(0, margin - t x)`, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (x, t) = (tape.constant([0.5, 3.0]), tape.constant([1.0, -1.0]));
/// assert_eq!(nn::Hinge::new().squared(true).loss(x, t).item(), (0.25 + 16.0) / 2.0);
/// ```
#[doc(alias = "SquaredHinge")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hinge {
    margin: f64,
    squared: bool,
    reduction: Reduction,
}

elementwise!(Hinge, "hinge");

impl Hinge {
    /// With a margin of 1, not squared, and the mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { margin: 1.0, squared: false, reduction: Reduction::Mean }
    }

    /// With another margin.
    #[must_use]
    pub fn margin(self, margin: f64) -> Self {
        Self { margin, ..self }
    }

    /// Whether each loss is squared.
    #[must_use]
    pub fn squared(self, squared: bool) -> Self {
        Self { squared, ..self }
    }

    #[track_caller]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        let short = (-prediction.try_mul(target)? + T::from_f64(self.margin)).relu();
        Ok(if self.squared { short.powi(2) } else { short })
    }
}

/// The mean over all elements of `max(0, 1 - t x)`, with scores x and targets t of ±1: `[..], [..] -> []`. [`Hinge`]
/// has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.variable([0.5, 3.0, 3.0, 1.0]);
/// let loss = nn::hinge(x, tape.constant([1.0, 1.0, -1.0, 1.0]));
/// assert_eq!(loss.item(), (0.5 + 4.0) / 4.0);
/// assert_eq!(loss.backward()[x].as_slice(), Some(&[-0.25, 0.0, 0.25, 0.0][..]));
/// ```
///
/// # Panics
/// As [`Hinge::try_loss`] fails.
#[must_use]
#[track_caller]
pub fn hinge<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    Hinge::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn the_margin_is_where_the_loss_ends() {
        let tape = Tape::<f64>::new();
        let x = tape.variable([1.0, -2.0, 3.0]);
        let loss = Hinge::new().margin(2.0).reduction(Reduction::None).loss(x, tape.constant([1.0, -1.0, 1.0]));
        assert_eq!(loss.to_array().as_slice(), Some(&[1.0, 0.0, 0.0][..]));
        assert_eq!(loss.sum().backward()[x].as_slice(), Some(&[-1.0, 0.0, 0.0][..]));
    }
}
