//! The negative log-likelihood of labels: with rows of log-probabilities x and labels c, `-w_c x_c` a row.
//!
//! After [`log_softmax`](tape::Tensor::log_softmax) it is the [`cross_entropy`](crate::cross_entropy), which takes the
//! logits themselves. The mean divides by the sum of the weights `w_c` over the rows that are not ignored.
//!
//! | setting | default |
//! | --- | --- |
//! | `weights` | none; one for each class |
//! | `ignore_index` | none; a class, or the number of classes, whose rows cost nothing |
//!
//! PyTorch: `nn.NLLLoss`, `nn.functional.nll_loss`. Departures: those of [`cross_entropy`](crate::cross_entropy) for
//! labels.

use tape::{Elements, Indices, Real, Tensor};

use super::reduces;
use super::rows::Rows;
use super::weights::Weights;
use crate::error::{Error, unwrap};
use crate::loss::reduction::Reduction;

const NAME: &str = "nll";

/// The negative log-likelihood of labels, by its [`Reduction`].
///
/// ```
/// use nn::{Nll, Reduction};
/// let tape = tape::Tape::<f64>::new();
/// let log_probabilities = tape.constant([[-1.0, -3.0], [-2.0, -5.0]]);
/// let loss = Nll::new().weights([10.0, 1.0]).reduction(Reduction::Sum);
/// assert_eq!(loss.loss(log_probabilities, &[1, 0]).item(), 3.0 + 20.0);
/// ```
#[doc(alias = "NLLLoss")]
#[derive(Debug, Clone, PartialEq)]
pub struct Nll {
    weights: Option<Weights>,
    ignore_index: Option<usize>,
    reduction: Reduction,
}

reduces!(Nll);

impl Nll {
    /// Every class alike, nothing ignored, and the mean over all rows.
    #[must_use]
    pub fn new() -> Self {
        Self { weights: None, ignore_index: None, reduction: Reduction::Mean }
    }

    /// With a weight for each class, along one axis.
    #[must_use]
    pub fn weights(self, weights: impl Elements<f64>) -> Self {
        Self { weights: Some(Weights::new(weights)), ..self }
    }

    /// With rows of this label left out: a class, or the number of classes.
    #[must_use]
    pub fn ignore_index(self, ignore_index: usize) -> Self {
        Self { ignore_index: Some(ignore_index), ..self }
    }

    /// The loss of log-probabilities, with one label a row: `[.., classes] -> []`, or `[..]` without a reduction.
    ///
    /// # Panics
    /// As [`try_loss`](Self::try_loss) fails.
    #[must_use]
    #[track_caller]
    pub fn loss<'a, T: Real>(&self, log_probabilities: Tensor<T>, labels: impl Into<Indices<'a>>) -> Tensor<T> {
        unwrap(self.try_loss(log_probabilities, labels))
    }

    /// As [`loss`](Self::loss).
    ///
    /// # Errors
    /// [`Error::NoClasses`] if the log-probabilities have no axis, [`Error::LabelCount`] if there is not one label a
    /// row, [`Error::Label`] if a label is neither a class nor ignored, [`Error::Setting`] if the weights are not one
    /// for each class, or what is ignored is above the number of classes.
    ///
    /// # Panics
    /// If the recording of the log-probabilities is over, or on another thread.
    #[track_caller]
    pub fn try_loss<'a, T: Real>(
        &self,
        log_probabilities: Tensor<T>,
        labels: impl Into<Indices<'a>>,
    ) -> Result<Tensor<T>, Error> {
        let rows = Rows::new(NAME, log_probabilities, labels.into(), self.ignore_index)?;
        if let Some(weights) = &self.weights {
            weights.check_classes(NAME, rows.classes)?;
        }
        rows.negated(rows.scores, self.weights.as_ref(), T::one(), None, self.reduction)
    }
}

/// The mean over the rows of minus the log-probability of the label: `[.., classes] -> []`. [`Nll`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let log_probabilities = tape.variable([[-1.0, -3.0], [-2.0, -5.0]]);
/// let loss = nn::nll(log_probabilities, &[1, 0]);
/// assert_eq!(loss.item(), 2.5);
/// assert_eq!(loss.backward()[log_probabilities].as_slice(), Some(&[0.0, -0.5, -0.5, 0.0][..]));
/// ```
///
/// # Panics
/// As [`Nll::try_loss`] fails.
#[doc(alias = "nll_loss")]
#[must_use]
#[track_caller]
pub fn nll<'a, T: Real>(log_probabilities: Tensor<T>, labels: impl Into<Indices<'a>>) -> Tensor<T> {
    Nll::new().loss(log_probabilities, labels)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn the_mean_divides_by_the_weights_of_what_counts() {
        let tape = Tape::<f64>::new();
        let x = tape.variable([[-1.0, -2.0], [-3.0, -4.0], [-5.0, -6.0]]);
        let loss = Nll::new().weights([1.0, 3.0]).ignore_index(2).loss(x, &[0, 1, 2]);
        assert_eq!(loss.item(), (1.0 + 3.0 * 4.0) / 4.0);
        assert_eq!(loss.backward()[x].as_slice(), Some(&[-0.25, 0.0, 0.0, -0.75, 0.0, 0.0][..]));
    }

    #[test]
    #[should_panic(expected = "nll: label 3 of row 1: expected one below 2, the number of classes")]
    fn a_label_that_is_neither_a_class_nor_ignored_is_refused() {
        let _ = Nll::new().ignore_index(2).loss(Tape::<f64>::new().constant([[-1.0, -2.0]; 2]), &[2, 3]);
    }
}
