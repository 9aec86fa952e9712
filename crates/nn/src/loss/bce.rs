//! The binary cross-entropy of probabilities: `-(t ln p + (1 - t) ln(1 - p))` for each element.
//!
//! Logarithms are not below -100, so that a wrong certainty costs 100 instead of infinity. The gradient of an element
//! is `(p - t) / (p (1 - p))`; a logarithm that was cut off has none.
//!
//! | setting | default |
//! | --- | --- |
//! | `weight` | none; what each loss is multiplied with, broadcast to the prediction |
//!
//! Logits are better given to [`bce_with_logits`](crate::bce_with_logits) than through a sigmoid, which rounds.
//!
//! PyTorch: `nn.BCELoss`, `nn.functional.binary_cross_entropy`. Departures: those of [`mse`](crate::mse); a logarithm
//! below -100 has gradient 0, where PyTorch has up to 1e12; a probability outside of [0, 1] gives NaN, where PyTorch
//! has an error.

use tape::{Elements, Real, Tensor};

use super::weights::Weights;
use super::{complement, elementwise};
use crate::error::Error;
use crate::loss::reduction::Reduction;

const NAME: &str = "bce";

/// The least logarithm, PyTorch's.
const LEAST: f64 = -100.0;

/// The binary cross-entropy of probabilities, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let p = tape.constant([[0.5, 0.5], [1.0, 0.0]]);
/// let t = tape.constant([[1.0, 0.0], [1.0, 0.0]]);
/// let loss = nn::Bce::new().weight([3.0, 1.0]).loss(p, t);
/// assert!((loss.item() - 2.0_f64.ln()).abs() < 1e-15);
/// ```
#[doc(alias = "BCELoss")]
#[derive(Debug, Clone, PartialEq)]
pub struct Bce {
    weight: Option<Weights>,
    reduction: Reduction,
}

elementwise!(Bce, NAME);

impl Bce {
    /// Every element alike, and the mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { weight: None, reduction: Reduction::Mean }
    }

    /// With losses multiplied by these numbers, which broadcast to the prediction. What changes from step to step is
    /// multiplied with the losses of [`Reduction::None`] instead.
    #[must_use]
    pub fn weight(self, weight: impl Elements<f64>) -> Self {
        Self { weight: Some(Weights::new(weight)), ..self }
    }

    #[track_caller]
    fn elements<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        if let Some(weight) = &self.weight {
            weight.check_broadcast(NAME, "weight", &prediction.shape())?;
        }
        let least = T::from_f64(LEAST);
        let yes = target.try_mul(prediction.ln().clamp_min(least))?;
        let no = complement(target) * (-prediction).ln_1p().clamp_min(least);
        let losses = -(yes + no);
        Ok(match &self.weight {
            Some(weight) => losses * weight.beside(losses),
            None => losses,
        })
    }
}

/// The mean over all elements of `-(t ln p + (1 - t) ln(1 - p))`, with probabilities p and targets t:
/// `[..], [..] -> []`. [`Bce`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let p = tape.variable([0.75, 0.5]);
/// let loss = nn::bce(p, tape.constant([0.0, 1.0]));
/// assert!((loss.item() - 8.0_f64.ln() / 2.0).abs() < 1e-15);
/// assert_eq!(loss.backward()[p].as_slice(), Some(&[2.0, -1.0][..]));
/// ```
///
/// # Panics
/// As [`Bce::try_loss`] fails.
#[doc(alias = "binary_cross_entropy")]
#[must_use]
#[track_caller]
pub fn bce<T: Real>(prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    Bce::new().loss(prediction, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn certainty_costs_nothing_or_a_hundred() {
        let tape = Tape::<f64>::new();
        let p = tape.variable([0.0, 1.0, 0.0, 1.0]);
        let losses = Bce::new().reduction(Reduction::None).loss(p, tape.constant([0.0, 1.0, 1.0, 0.0]));
        assert_eq!(losses.to_array().as_slice(), Some(&[0.0, 0.0, 100.0, 100.0][..]));
        assert_eq!(losses.sum().backward()[p].as_slice(), Some(&[1.0, -1.0, 0.0, 0.0][..]));
    }

    #[test]
    #[should_panic(expected = "bce: weight [3]: it must broadcast to the prediction's shape")]
    fn weights_must_broadcast() {
        let tape = Tape::<f64>::new();
        let _ = Bce::new().weight([1.0; 3]).loss(tape.constant([0.5, 0.5]), tape.constant([0.0, 1.0]));
    }
}
