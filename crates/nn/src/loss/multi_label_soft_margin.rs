//! The multi-label logistic loss: of rows x of logits, the mean over the classes of the binary cross-entropy,
//! `-Σ_j w_j (t_j ln s(x_j) + (1 - t_j) ln s(-x_j)) / classes`.
//!
//! | setting | default |
//! | --- | --- |
//! | `weights` | none; one for each class |
//!
//! It is [`bce_with_logits`](crate::bce_with_logits) with one loss a row instead of one an element.
//!
//! PyTorch: `nn.MultiLabelSoftMarginLoss`, `nn.functional.multilabel_soft_margin_loss`. Departures: those of
//! [`mse`](crate::mse).

use tape::{Elements, Real, Tensor};

use super::weights::Weights;
use super::{check_target, complement, reduces};
use crate::error::{Error, unwrap};
use crate::loss::reduction::Reduction;

const NAME: &str = "multi_label_soft_margin";

/// The multi-label logistic loss, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (logits, wanted) = (tape.constant([[0.0, 0.0]]), tape.constant([[1.0, 0.0]]));
/// let loss = nn::MultiLabelSoftMargin::new().weights([3.0, 1.0]).loss(logits, wanted);
/// assert!((loss.item() - 2.0 * 2.0_f64.ln()).abs() < 1e-15);
/// ```
#[doc(alias = "MultiLabelSoftMarginLoss")]
#[derive(Debug, Clone, PartialEq)]
pub struct MultiLabelSoftMargin {
    weights: Option<Weights>,
    reduction: Reduction,
}

reduces!(MultiLabelSoftMargin);

impl MultiLabelSoftMargin {
    /// Every class alike, and the mean over all rows.
    #[must_use]
    pub fn new() -> Self {
        Self { weights: None, reduction: Reduction::Mean }
    }

    /// With a weight for each class, along one axis.
    #[must_use]
    pub fn weights(self, weights: impl Elements<f64>) -> Self {
        Self { weights: Some(Weights::new(weights)), ..self }
    }

    /// The loss of logits, with ones for the classes that are wanted and zeros for the others:
    /// `[.., classes], [.., classes] -> []`, or `[..]` without a reduction.
    ///
    /// # Panics
    /// As [`try_loss`](Self::try_loss) fails.
    #[must_use]
    #[track_caller]
    pub fn loss<T: Real>(&self, logits: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
        unwrap(self.try_loss(logits, target))
    }

    /// As [`loss`](Self::loss).
    ///
    /// # Errors
    /// [`Error::NoClasses`] if the logits have no axis, [`Error::Target`] if the two shapes differ, [`Error::Setting`]
    /// if the weights are not one for each class, [`Error::Tape`] if the two lie on different tapes.
    ///
    /// # Panics
    /// If the recording of one of the two is over, or on another thread.
    #[track_caller]
    pub fn try_loss<T: Real>(&self, logits: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        let shape = logits.shape();
        let Some(&classes) = shape.last() else { return Err(Error::NoClasses { loss: NAME, logits: shape }) };
        check_target(NAME, logits, target)?;
        if let Some(weights) = &self.weights {
            weights.check_classes(NAME, classes)?;
        }
        let yes = target.try_mul(logits.log_sigmoid())?;
        let likelihoods = yes + complement(target) * (-logits).log_sigmoid();
        let likelihoods = match &self.weights {
            Some(weights) => likelihoods * weights.beside(likelihoods),
            None => likelihoods,
        };
        self.reduction.apply(likelihoods.try_sum_axes(-1)? / T::from_f64(-(classes.max(1) as f64)))
    }
}

/// The mean over rows and classes of the binary cross-entropy: `[.., classes], [.., classes] -> []`.
/// [`MultiLabelSoftMargin`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let logits = tape.variable([[0.0, 3.0_f64.ln()]]);
/// let loss = nn::multi_label_soft_margin(logits, tape.constant([[1.0, 0.0]]));
/// assert!((loss.item() - 8.0_f64.ln() / 2.0).abs() < 1e-15);
/// let gradient = &loss.backward()[logits];
/// assert!((gradient[[0, 0]] + 0.25).abs() < 1e-15 && (gradient[[0, 1]] - 0.375).abs() < 1e-15);
/// ```
///
/// # Panics
/// As [`MultiLabelSoftMargin::try_loss`] fails.
#[doc(alias = "multilabel_soft_margin_loss")]
#[must_use]
#[track_caller]
pub fn multi_label_soft_margin<T: Real>(logits: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    MultiLabelSoftMargin::new().loss(logits, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn without_a_reduction_there_is_one_loss_a_row() {
        let tape = Tape::<f64>::new();
        let loss = MultiLabelSoftMargin::new().reduction(Reduction::None);
        let losses = loss.loss(tape.constant([[0.0; 3]; 2]), tape.constant([[1.0, 0.0, 1.0], [0.0; 3]]));
        assert_eq!(losses.shape(), [2]);
        assert!(losses.to_array().iter().all(|loss| (loss - 2.0_f64.ln()).abs() < 1e-15));
    }
}
