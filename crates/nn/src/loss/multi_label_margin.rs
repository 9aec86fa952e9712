//! The multi-label hinge loss: of rows x of scores, `Σ_(i wanted, j not wanted) max(0, 1 - x_i + x_j) / classes`.
//!
//! Every class that is wanted should score more than every class that is not, by 1.
//!
//! PyTorch: `nn.MultiLabelMarginLoss`, `nn.functional.multilabel_margin_loss`. Departures: what is wanted is said by
//! ones and zeros, one for each class, where PyTorch has lists of class numbers that end in -1; the two shapes are
//! equal; and no rows cost 0.

use tape::{Real, Tensor};

use super::{check_target, complement, reduces};
use crate::error::{Error, unwrap};
use crate::loss::reduction::Reduction;

const NAME: &str = "multi_label_margin";

/// The multi-label hinge loss, by its [`Reduction`].
///
/// ```
/// use nn::{MultiLabelMargin, Reduction};
/// let tape = tape::Tape::<f64>::new();
/// let (scores, wanted) = (tape.constant([[0.5, 2.0, 0.0]]), tape.constant([[1.0, 1.0, 0.0]]));
/// let loss = MultiLabelMargin::new().reduction(Reduction::Sum).loss(scores, wanted);
/// assert_eq!(loss.item(), 0.5 / 3.0);
/// ```
#[doc(alias = "MultiLabelMarginLoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MultiLabelMargin {
    reduction: Reduction,
}

reduces!(MultiLabelMargin);

impl MultiLabelMargin {
    /// The mean over all rows.
    #[must_use]
    pub fn new() -> Self {
        Self { reduction: Reduction::Mean }
    }

    /// The loss of scores, with ones for the classes that are wanted and zeros for the others:
    /// `[.., classes], [.., classes] -> []`, or `[..]` without a reduction.
    ///
    /// # Panics
    /// As [`try_loss`](Self::try_loss) fails.
    #[must_use]
    #[track_caller]
    pub fn loss<T: Real>(&self, scores: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
        unwrap(self.try_loss(scores, target))
    }

    /// As [`loss`](Self::loss).
    ///
    /// # Errors
    /// [`Error::NoClasses`] if the scores have no axis, [`Error::Target`] if the two shapes differ, [`Error::Tape`] if
    /// the two lie on different tapes.
    ///
    /// # Panics
    /// If the recording of one of the two is over, or on another thread.
    #[track_caller]
    pub fn try_loss<T: Real>(&self, scores: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        let shape = scores.shape();
        let Some(&classes) = shape.last() else { return Err(Error::NoClasses { loss: NAME, logits: shape }) };
        check_target(NAME, scores, target)?;
        // Behind the rows: one axis for the classes that may be wanted, then one for those that may not.
        let short = (scores.try_unsqueeze(-2)? - scores.try_unsqueeze(-1)? + T::one()).relu();
        let pairs = target.try_unsqueeze(-1)? * complement(target).try_unsqueeze(-2)?;
        let losses = short.try_mul(pairs)?.try_sum_axes([-2, -1])?;
        self.reduction.apply(losses / T::from_f64(classes.max(1) as f64))
    }
}

/// The mean over the rows of `Σ_(i wanted, j not wanted) max(0, 1 - x_i + x_j) / classes`:
/// `[.., classes], [.., classes] -> []`. [`MultiLabelMargin`] has other reductions.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let scores = tape.variable([[0.5, 2.0, 0.0, 1.25]]);
/// let loss = nn::multi_label_margin(scores, tape.constant([[1.0, 1.0, 0.0, 0.0]]));
/// assert_eq!(loss.item(), (0.5 + 1.75 + 0.25) / 4.0);
/// assert_eq!(loss.backward()[scores].as_slice(), Some(&[-0.5, -0.25, 0.25, 0.5][..]));
/// ```
///
/// # Panics
/// As [`MultiLabelMargin::try_loss`] fails.
#[doc(alias = "multilabel_margin_loss")]
#[must_use]
#[track_caller]
pub fn multi_label_margin<T: Real>(scores: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    MultiLabelMargin::new().loss(scores, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn where_all_or_nothing_is_wanted_there_is_nothing_to_tell_apart() {
        let tape = Tape::<f64>::new();
        let scores = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
        let loss = multi_label_margin(scores, tape.constant([[1.0, 1.0], [0.0, 0.0]]));
        assert_eq!(loss.item(), 0.0);
        assert_eq!(loss.backward()[scores].as_slice(), Some(&[0.0; 4][..]));
    }
}
