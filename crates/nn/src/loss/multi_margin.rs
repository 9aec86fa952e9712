//! The multi-class hinge loss: with rows x of scores and labels c,
//! `Σ_(j ≠ c) w_c max(0, margin - x_c + x_j)^p / classes`.
//!
//! Every other class should score less than the right one, by the margin.
//!
//! | setting | default |
//! | --- | --- |
//! | `p` | 1; 2 squares each term |
//! | `margin` | 1 |
//! | `weights` | none; one for each class, for the rows of its label |
//!
//! K. Crammer and Y. Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", JMLR 2,
//! 2001, whose maximum over the other classes is a sum here.
//!
//! PyTorch: `nn.MultiMarginLoss`, `nn.functional.multi_margin_loss`, whose defaults these are, and whose mean divides
//! by the number of rows whatever the weights. Departures: as in [`cross_entropy`](crate::cross_entropy), the classes
//! are the last axis, and no rows cost 0.

use tape::{Elements, Indices, Real, Tensor};

use super::rows::Rows;
use super::weights::Weights;
use super::{check_setting, reduces};
use crate::error::{Error, unwrap};
use crate::loss::reduction::Reduction;

const NAME: &str = "multi_margin";

/// The multi-class hinge loss, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let scores = tape.constant([[1.0, 2.0, 0.5]]);
/// // The others are 0 and 1.5 short of the margin.
/// assert_eq!(nn::MultiMargin::new().p(2).margin(2.0).loss(scores, &[1]).item(), (1.0 + 0.25) / 3.0);
/// ```
#[doc(alias = "MultiMarginLoss")]
#[derive(Debug, Clone, PartialEq)]
pub struct MultiMargin {
    p: i32,
    margin: f64,
    weights: Option<Weights>,
    reduction: Reduction,
}

reduces!(MultiMargin);

impl MultiMargin {
    /// Not squared, with a margin of 1, every class alike, and the mean over all rows.
    #[must_use]
    pub fn new() -> Self {
        Self { p: 1, margin: 1.0, weights: None, reduction: Reduction::Mean }
    }

    /// With each term to this power, 1 or 2.
    #[must_use]
    pub fn p(self, p: i32) -> Self {
        Self { p, ..self }
    }

    /// With another margin.
    #[must_use]
    pub fn margin(self, margin: f64) -> Self {
        Self { margin, ..self }
    }

    /// With a weight for each class, along one axis.
    #[must_use]
    pub fn weights(self, weights: impl Elements<f64>) -> Self {
        Self { weights: Some(Weights::new(weights)), ..self }
    }

    /// The loss of scores, with one label a row: `[.., classes] -> []`, or `[..]` without a reduction.
    ///
    /// # Panics
    /// As [`try_loss`](Self::try_loss) fails.
    #[must_use]
    #[track_caller]
    pub fn loss<'a, T: Real>(&self, scores: Tensor<T>, labels: impl Into<Indices<'a>>) -> Tensor<T> {
        unwrap(self.try_loss(scores, labels))
    }

    /// As [`loss`](Self::loss).
    ///
    /// # Errors
    /// [`Error::NoClasses`] if the scores have no axis, [`Error::LabelCount`] if there is not one label a row,
    /// [`Error::Label`] if a label is no class, [`Error::Setting`] if p is neither 1 nor 2, or the weights are not one
    /// for each class.
    ///
    /// # Panics
    /// If the recording of the scores is over, or on another thread.
    #[track_caller]
    pub fn try_loss<'a, T: Real>(&self, scores: Tensor<T>, labels: impl Into<Indices<'a>>) -> Result<Tensor<T>, Error> {
        check_setting(NAME, "p", &self.p, matches!(self.p, 1 | 2), "it must be 1 or 2")?;
        let rows = Rows::new(NAME, scores, labels.into(), None)?;
        if let Some(weights) = &self.weights {
            weights.check_classes(NAME, rows.classes)?;
        }
        let own = rows.under_labels(rows.scores)?.try_unsqueeze(1)?;
        let short = (rows.scores - own + T::from_f64(self.margin)).relu();
        let short = rows.others()?.try_select(short, T::zero())?;
        let short = if self.p == 1 { short } else { short.powi(self.p) };
        let losses = short.try_sum_axes(1)? / T::from_f64(rows.classes.max(1) as f64);
        let losses = match &self.weights {
            Some(weights) => losses * rows.weights(weights)?,
            None => losses,
        };
        self.reduction.apply(rows.shaped(losses)?)
    }
}

/// The mean over the rows of `Σ_(j ≠ label) max(0, 1 - x_label + x_j) / classes`: `[.., classes] -> []`.
/// [`MultiMargin`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let scores = tape.variable([[1.0, 2.0, 0.5, -3.0]]);
/// let loss = nn::multi_margin(scores, &[0]);
/// assert_eq!(loss.item(), (2.0 + 0.5) / 4.0);
/// assert_eq!(loss.backward()[scores].as_slice(), Some(&[-0.5, 0.25, 0.25, 0.0][..]));
/// ```
///
/// # Panics
/// As [`MultiMargin::try_loss`] fails.
#[doc(alias = "multi_margin_loss")]
#[must_use]
#[track_caller]
pub fn multi_margin<'a, T: Real>(scores: Tensor<T>, labels: impl Into<Indices<'a>>) -> Tensor<T> {
    MultiMargin::new().loss(scores, labels)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn rows_weigh_as_their_labels_do_and_are_all_counted() {
        let tape = Tape::<f64>::new();
        let scores = tape.variable([[0.0, 0.0], [0.0, 0.0]]);
        let loss = MultiMargin::new().weights([3.0, 1.0]).loss(scores, &[0, 1]);
        assert_eq!(loss.item(), (3.0 + 1.0) / 2.0 / 2.0);
        assert_eq!(loss.backward()[scores].as_slice(), Some(&[-0.75, 0.75, 0.25, -0.25][..]));
    }

    #[test]
    #[should_panic(expected = "multi_margin: p 3: it must be 1 or 2")]
    fn other_powers_are_refused() {
        let _ = MultiMargin::new().p(3).loss(Tape::<f64>::new().constant([[1.0, 2.0]]), &[0]);
    }
}
