//! Huber's loss: with the residual `r = prediction - target`, `r² / 2` where `|r| <= δ`, and `δ (|r| - δ / 2)` beyond.
//!
//! The gradient of an element is r, cut off at ±δ: outliers pull with a bounded force. It is computed as
//! `c (|r| - c / 2)` with `c = min(|r|, δ)`, which squares nothing that is large.
//!
//! | setting | default |
//! | --- | --- |
//! | `delta` | 1, positive |
//!
//! P. J. Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35 (1), 1964.
//!
//! PyTorch: `nn.HuberLoss`, `nn.functional.huber_loss`, whose default δ is. Departures: those of [`mse`](crate::mse).

use tape::{Real, Tensor};

use super::{check_setting, elementwise};
use crate::error::Error;
use crate::loss::reduction::Reduction;

const NAME: &str = "huber";

/// Huber's loss, quadratic near the target and linear far from it, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (y, target) = (tape.constant([3.0, 10.0]), tape.constant([2.0, 2.0]));
/// // 1²/2 and 2 (8 - 2/2).
/// assert_eq!(nn::Huber::new().delta(2.0).loss(y, target).item(), (0.5 + 14.0) / 2.0);
/// ```
#[doc(alias = "HuberLoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Huber {
    delta: f64,
    reduction: Reduction,
}

elementwise!(Huber, NAME);

impl Huber {
    /// With δ = 1, and the mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { delta: 1.0, reduction: Reduction::Mean }
    }

    /// With another residual from which on the loss is linear.
    #[must_use]
    pub fn delta(self, delta: f64) -> Self {
        Self { delta, ..self }
    }

    #[track_caller]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        check_setting(NAME, "delta", &self.delta, self.delta > 0.0, "it must be positive")?;
        let distance = prediction.try_sub(target)?.abs();
        let slope = distance.clamp_max(T::from_f64(self.delta));
        Ok(slope * (distance - slope * T::from_f64(0.5)))
    }
}

/// The mean over all elements of Huber's loss with δ = 1: `[..], [..] -> []`. [`Huber`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let prediction = tape.variable([2.5, 5.0]);
/// let loss = nn::huber(prediction, tape.constant([2.0, 2.0]));
/// assert_eq!(loss.item(), (0.125 + 2.5) / 2.0);
/// assert_eq!(loss.backward()[prediction].as_slice(), Some(&[0.25, 0.5][..]));
/// ```
///
/// # Panics
/// As [`Huber::try_loss`] fails.
#[doc(alias = "huber_loss")]
#[must_use]
#[track_caller]
pub fn huber<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    Huber::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn the_slope_is_the_residual_cut_off() {
        let tape = Tape::<f32>::new();
        let prediction = tape.variable([0.0, 0.25, 0.5, -3.0, 3e38]);
        let losses = Huber::new().delta(0.5).reduction(Reduction::None).loss(prediction, tape.constant([0.0; 5]));
        assert_eq!(losses.to_array().as_slice(), Some(&[0.0, 0.03125, 0.125, 1.375, 1.5e38][..]));
        assert_eq!(losses.sum().backward()[prediction].as_slice(), Some(&[0.0, 0.25, 0.5, -0.5, 0.5][..]));
    }
}
