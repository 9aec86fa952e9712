//! The smooth L1 loss: with the residual `r = prediction - target`, `r² / (2 β)` where `|r| < β`, and `|r| - β / 2`
//! beyond.
//!
//! It is [`huber`](crate::huber) with δ = β, divided by β, so that its slope far away is 1 whatever β is; with β = 0 it
//! is [`l1`](crate::l1).
//!
//! | setting | default |
//! | --- | --- |
//! | `beta` | 1, at least 0 |
//!
//! R. Girshick, "Fast R-CNN", ICCV 2015.
//!
//! PyTorch: `nn.SmoothL1Loss`, `nn.functional.smooth_l1_loss`, whose default β is. Departures: those of
//! [`mse`](crate::mse).

use tape::{Real, Tensor};

use super::{check_setting, elementwise};
use crate::error::Error;
use crate::loss::reduction::Reduction;

const NAME: &str = "smooth_l1";

/// The absolute error, rounded off below β, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (y, target) = (tape.constant([3.0, 10.0]), tape.constant([2.0, 2.0]));
/// // 1²/4 and 8 - 2/2.
/// assert_eq!(nn::SmoothL1::new().beta(2.0).loss(y, target).item(), (0.25 + 7.0) / 2.0);
/// ```
#[doc(alias = "SmoothL1Loss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmoothL1 {
    beta: f64,
    reduction: Reduction,
}

elementwise!(SmoothL1, NAME);

impl SmoothL1 {
    /// With β = 1, and the mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { beta: 1.0, reduction: Reduction::Mean }
    }

    /// With another residual from which on the loss is linear.
    #[must_use]
    pub fn beta(self, beta: f64) -> Self {
        Self { beta, ..self }
    }

    #[track_caller]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        check_setting(NAME, "beta", &self.beta, self.beta >= 0.0, "it must be at least 0")?;
        let distance = prediction.try_sub(target)?.abs();
        let beta = T::from_f64(self.beta);
        if beta == T::zero() {
            return Ok(distance);
        }
        let rounded = distance.clamp_max(beta);
        Ok(rounded / beta * (distance - rounded * T::from_f64(0.5)))
    }
}

/// The mean over all elements of the smooth L1 loss with β = 1: `[..], [..] -> []`. [`SmoothL1`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let prediction = tape.variable([2.5, 5.0]);
/// let loss = nn::smooth_l1(prediction, tape.constant([2.0, 2.0]));
/// assert_eq!(loss.item(), (0.125 + 2.5) / 2.0);
/// assert_eq!(loss.backward()[prediction].as_slice(), Some(&[0.25, 0.5][..]));
/// ```
///
/// # Panics
/// As [`SmoothL1::try_loss`] fails.
#[doc(alias = "smooth_l1_loss")]
#[must_use]
#[track_caller]
pub fn smooth_l1<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    SmoothL1::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn the_slope_far_away_is_one() {
        let tape = Tape::<f32>::new();
        let prediction = tape.variable([0.0, 0.25, 0.5, -3.0, 3e38]);
        let losses = SmoothL1::new().beta(0.5).reduction(Reduction::None).loss(prediction, tape.constant([0.0; 5]));
        assert_eq!(losses.to_array().as_slice(), Some(&[0.0, 0.0625, 0.25, 2.75, 3e38][..]));
        assert_eq!(losses.sum().backward()[prediction].as_slice(), Some(&[0.0, 0.5, 1.0, -1.0, 1.0][..]));
    }

    #[test]
    fn without_rounding_it_is_the_absolute_error() {
        let tape = Tape::<f64>::new();
        let (prediction, target) = (tape.variable([1.0, 5.0]), tape.constant([1.0, 2.0]));
        let loss = SmoothL1::new().beta(0.0).loss(prediction, target);
        assert_eq!(loss.item(), 1.5);
        assert_eq!(loss.backward()[prediction].as_slice(), Some(&[0.0, 0.5][..]));
    }
}
