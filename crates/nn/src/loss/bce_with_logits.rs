//! The binary cross-entropy of logits: with `p = s(x) = 1 / (1 + e^-x)`, `-(t ln s(x) + (1 - t) ln s(-x))` an element.
//!
//! `ln s` is computed without overflow for every x. The gradient of an element is `s(x) - t`.
//!
//! | setting | default |
//! | --- | --- |
//! | `weight` | none; what each loss is multiplied with, broadcast to the logits |
//! | `pos_weight` | none; what the first term is multiplied with, broadcast to the logits: above 1 for more recall |
//!
//! PyTorch: `nn.BCEWithLogitsLoss`, `nn.functional.binary_cross_entropy_with_logits`. Departures: those of
//! [`mse`](crate::mse).

use tape::{Elements, Real, Tensor};

use super::weights::Weights;
use super::{complement, elementwise};
use crate::error::Error;
use crate::loss::reduction::Reduction;

const NAME: &str = "bce_with_logits";

/// The binary cross-entropy of logits, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (x, t) = (tape.constant([[0.0, 0.0]]), tape.constant([[1.0, 0.0]]));
/// let loss = nn::BceWithLogits::new().pos_weight([3.0, 3.0]).loss(x, t);
/// assert!((loss.item() - 2.0 * 2.0_f64.ln()).abs() < 1e-15);
/// ```
#[doc(alias = "BCEWithLogitsLoss")]
#[derive(Debug, Clone, PartialEq)]
pub struct BceWithLogits {
    weight: Option<Weights>,
    pos_weight: Option<Weights>,
    reduction: Reduction,
}

elementwise!(BceWithLogits, NAME);

impl BceWithLogits {
    /// Every element and both answers alike, and the mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { weight: None, pos_weight: None, reduction: Reduction::Mean }
    }

    /// With losses multiplied by these numbers, which broadcast to the logits. What changes from step to step is
    /// multiplied with the losses of [`Reduction::None`] instead.
    #[must_use]
    pub fn weight(self, weight: impl Elements<f64>) -> Self {
        Self { weight: Some(Weights::new(weight)), ..self }
    }

    /// With positive answers counted so many times; the numbers broadcast to the logits.
    #[must_use]
    pub fn pos_weight(self, pos_weight: impl Elements<f64>) -> Self {
        Self { pos_weight: Some(Weights::new(pos_weight)), ..self }
    }

    #[track_caller]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        let shape = prediction.shape();
        for (setting, weights) in [("weight", &self.weight), ("pos_weight", &self.pos_weight)] {
            if let Some(weights) = weights {
                weights.check_broadcast(NAME, setting, &shape)?;
            }
        }
        let yes = target.try_mul(prediction.log_sigmoid())?;
        let yes = match &self.pos_weight {
            Some(weights) => yes * weights.beside(yes),
            None => yes,
        };
        let losses = -(yes + complement(target) * (-prediction).log_sigmoid());
        Ok(match &self.weight {
            Some(weights) => losses * weights.beside(losses),
            None => losses,
        })
    }
}

/// The mean over all elements of `-(t ln s(x) + (1 - t) ln s(-x))`, with logits x and targets t: `[..], [..] -> []`.
/// [`BceWithLogits`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.variable([0.0, 1000.0]);
/// let loss = nn::bce_with_logits(x, tape.constant([1.0, 0.0]));
/// assert_eq!(loss.item(), (2.0_f64.ln() + 1000.0) / 2.0);
/// assert_eq!(loss.backward()[x].as_slice(), Some(&[-0.25, 0.5][..]));
/// ```
///
/// # Panics
/// As [`BceWithLogits::try_loss`] fails.
#[doc(alias = "binary_cross_entropy_with_logits")]
#[must_use]
#[track_caller]
pub fn bce_with_logits<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    BceWithLogits::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn logits_of_any_size_neither_overflow_nor_vanish() {
        let tape = Tape::<f32>::new();
        let x = tape.variable([3e38, -3e38, 3e38, -3e38]);
        let loss = BceWithLogits::new().pos_weight(1.0).reduction(Reduction::None);
        let losses = loss.loss(x, tape.constant([1.0, 0.0, 0.0, 1.0]));
        assert_eq!(losses.to_array().as_slice(), Some(&[0.0, 0.0, 3e38, 3e38][..]));
        assert_eq!(losses.sum().backward()[x].as_slice(), Some(&[0.0, 0.0, 1.0, -1.0][..]));
    }

    #[test]
    #[should_panic(expected = "bce_with_logits: pos_weight [1, 2]: it must broadcast to the prediction's shape")]
    fn weights_must_broadcast() {
        let tape = Tape::<f64>::new();
        let loss = BceWithLogits::new().pos_weight([[1.0, 1.0]]);
        let _ = loss.loss(tape.constant([0.5, 0.5]), tape.constant([0.0, 1.0]));
    }
}
