//! The focal loss of logits: the binary cross-entropy, of which what is known already counts less.
//!
//! With the probability q that the prediction gives to the right answer, `s(x)` if the target is 1 and `s(-x)` if it is
//! 0: `-α (1 - q)^γ ln q`, where α is `1 - α` for a target of 0. With targets t between, as after smoothing,
//! `q = t s(x) + (1 - t) s(-x)`, α likewise, and `-ln q` is the binary cross-entropy.
//!
//! | setting | default |
//! | --- | --- |
//! | `gamma` | 2, at least 0; with 0 it is [`bce_with_logits`](crate::bce_with_logits) with α |
//! | `alpha` | 0.25, from 0 to 1, for the targets 1; [`without_alpha`](Focal::without_alpha) counts both alike |
//!
//! T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollár, "Focal Loss for Dense Object Detection", ICCV 2017, whose
//! defaults these are.
//!
//! PyTorch has none; torchvision: `ops.sigmoid_focal_loss`. Departures: those of [`mse`](crate::mse), and that the
//! default reduction is the mean, as everywhere here.

use tape::{Real, Tensor};

use super::{check_setting, complement, elementwise};
use crate::error::Error;
use crate::loss::reduction::Reduction;

const NAME: &str = "focal";

/// The focal loss of logits, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// // The right answer has probability 3/4: what is left to learn counts a quarter, squared.
/// let loss = nn::Focal::new().without_alpha().loss(tape.constant([3.0_f64.ln()]), tape.constant([1.0]));
/// assert!((loss.item() + 0.75_f64.ln() / 16.0).abs() < 1e-15);
/// ```
#[doc(alias = "sigmoid_focal_loss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Focal {
    gamma: f64,
    alpha: Option<f64>,
    reduction: Reduction,
}

elementwise!(Focal, NAME);

impl Focal {
    /// With γ = 2 and α = 0.25, and the mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { gamma: 2.0, alpha: Some(0.25), reduction: Reduction::Mean }
    }

    /// With another exponent.
    #[must_use]
    pub fn gamma(self, gamma: f64) -> Self {
        Self { gamma, ..self }
    }

    /// With another weight of the targets 1; those of 0 have the rest.
    #[must_use]
    pub fn alpha(self, alpha: f64) -> Self {
        Self { alpha: Some(alpha), ..self }
    }

    /// With both targets counted alike.
    #[must_use]
    pub fn without_alpha(self) -> Self {
        Self { alpha: None, ..self }
    }

    #[track_caller]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        check_setting(NAME, "gamma", &self.gamma, self.gamma >= 0.0, "it must be at least 0")?;
        if let Some(alpha) = self.alpha {
            check_setting(NAME, "alpha", &alpha, (0.0..=1.0).contains(&alpha), "it must be from 0 to 1")?;
        }
        let (other, opposite) = (complement(target), -prediction);
        let wrong = target.try_mul(opposite.sigmoid())? + other * prediction.sigmoid();
        let entropy = -(target * prediction.log_sigmoid() + other * opposite.log_sigmoid());
        let losses = entropy * wrong.powf(T::from_f64(self.gamma));
        Ok(match self.alpha {
            Some(alpha) => losses * (target * T::from_f64(alpha) + other * T::from_f64(1.0 - alpha)),
            None => losses,
        })
    }
}

/// The mean over all elements of the focal loss with γ = 2 and α = 0.25, of logits and targets: `[..], [..] -> []`.
/// [`Focal`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.variable([0.0, 0.0]);
/// let loss = nn::focal(x, tape.constant([1.0, 0.0]));
/// assert!((loss.item() - 0.25 * 2.0_f64.ln() / 2.0).abs() < 1e-15);
/// // d/dx of s(x)² softplus(x) at 0 is ln 2 / 4 + 1/8.
/// assert!((loss.backward()[x][[1]] - 0.375 * (0.25 * 2.0_f64.ln() + 0.125)).abs() < 1e-15);
/// ```
///
/// # Panics
/// As [`Focal::try_loss`] fails.
#[must_use]
#[track_caller]
pub fn focal<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    Focal::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn without_focus_it_is_the_binary_cross_entropy() {
        let tape = Tape::<f64>::new();
        let (x, t) = (tape.variable([-2.0, 0.5, 3.0]), tape.constant([1.0, 0.25, 0.0]));
        let (focal, bce) = (Focal::new().gamma(0.0).without_alpha().loss(x, t), crate::bce_with_logits(x, t));
        assert!((focal.item() - bce.item()).abs() < 1e-15);
        let (focal, bce) = (focal.backward(), bce.backward());
        assert!(focal[x].iter().zip(&bce[x]).all(|(one, other)| (one - other).abs() < 1e-15));
    }
}
