//! How good predictions are.

use std::fmt;

use ndarray::{Array2, ArrayBase, Axis, Data, Dimension};
use serde::{Deserialize, Serialize};

use crate::exact;

/// Loss and accuracy over a set of examples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The mean loss of an example.
    #[serde(with = "exact")]
    pub loss: f64,
    /// The share of examples whose class was predicted, from 0 to 1; `None` where there are no classes.
    #[serde(with = "exact::option")]
    pub accuracy: Option<f64>,
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "loss {:.4}", self.loss)?;
        match self.accuracy {
            Some(accuracy) => write!(f, ", accuracy {:.2} %", accuracy * 100.0),
            None => Ok(()),
        }
    }
}

/// Sums from which [`Metrics`] are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    examples: usize,
    #[serde(with = "exact")]
    loss: f64,
    /// How many predictions were right, of how many; in sequences each position has one.
    right: usize,
    predictions: usize,
}

impl Tally {
    /// Adds a batch: its mean loss, and how many of its predictions are right.
    pub(crate) fn add(&mut self, examples: usize, loss: f64, predictions: Option<(usize, usize)>) {
        self.examples += examples;
        self.loss += loss * examples as f64;
        let (right, predictions) = predictions.unwrap_or_default();
        self.right += right;
        self.predictions += predictions;
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let accuracy = (self.predictions > 0).then(|| self.right as f64 / self.predictions as f64);
        Metrics { loss: self.loss / self.examples as f64, accuracy }
    }
}

/// The class with the highest score in each row: `[..., classes] -> [...]`, row by row.
///
/// The first of several equal ones; a NaN never wins over a number. A row without classes gives 0.
///
/// ```
/// use ndarray::array;
/// let scores = array![[0.1, 0.7, 0.2], [0.5, 0.5, 0.0]];
/// assert_eq!(train::predictions(&scores), [1, 0]);
/// ```
///
/// # Panics
/// If `scores` has no axis.
#[must_use]
#[track_caller]
pub fn predictions<T: PartialOrd, S: Data<Elem = T>, D: Dimension>(scores: &ArrayBase<S, D>) -> Vec<usize> {
    let last = scores.ndim().checked_sub(1).expect("scores have an axis of classes");
    scores.lanes(Axis(last)).into_iter().map(|row| highest(row.iter())).collect()
}

/// The place of the first highest score.
#[expect(clippy::eq_op, reason = "what differs from itself is a NaN, also for a type that has no `is_nan`")]
pub(crate) fn highest<'a, T: PartialOrd + 'a>(scores: impl Iterator<Item = &'a T>) -> usize {
    let better = |score: &T, best: &T| score > best || (score == score && best != best);
    let best = scores.enumerate().reduce(|best, score| if better(score.1, best.1) { score } else { best });
    best.map_or(0, |(place, _)| place)
}

/// The share of predictions that are the label, from 0 to 1; NaN if there is none.
///
/// ```
/// assert_eq!(train::accuracy(&[0, 1, 2, 2], &[0, 1, 2, 0]), 0.75);
/// ```
///
/// # Panics
/// If there are not as many predictions as labels.
#[must_use]
#[track_caller]
pub fn accuracy(labels: &[usize], predictions: &[usize]) -> f64 {
    same_length(labels, predictions, "accuracy");
    let right = labels.iter().zip(predictions).filter(|(label, prediction)| label == prediction).count();
    right as f64 / labels.len() as f64
}

/// How often each class was predicted as which: row `i`, column `j` counts the examples of class `i` that were
/// predicted as `j`, `[classes, classes]`.
///
/// ```
/// use ndarray::array;
/// let matrix = train::confusion_matrix(&[0, 0, 1, 1, 1], &[0, 1, 1, 1, 0], 2);
/// assert_eq!(matrix, array![[1, 1], [1, 2]]);
/// ```
///
/// # Panics
/// If there are not as many predictions as labels, or if one of them is not below `classes`.
#[must_use]
#[track_caller]
pub fn confusion_matrix(labels: &[usize], predictions: &[usize], classes: usize) -> Array2<usize> {
    same_length(labels, predictions, "confusion_matrix");
    let mut matrix = Array2::zeros((classes, classes));
    for (&label, &prediction) in labels.iter().zip(predictions) {
        let class = label.max(prediction);
        assert!(class < classes, "confusion_matrix: class {class} of {classes}; classes are counted from 0");
        matrix[[label, prediction]] += 1;
    }
    matrix
}

#[track_caller]
fn same_length(labels: &[usize], predictions: &[usize], operation: &str) {
    let (labels, predictions) = (labels.len(), predictions.len());
    assert!(labels == predictions, "{operation}: {labels} labels and {predictions} predictions; each label needs one");
}

#[cfg(test)]
mod tests {
    use ndarray::{array, aview2};

    use super::*;

    #[test]
    fn batches_count_by_their_examples() {
        let mut tally = Tally::default();
        tally.add(3, 1.0, Some((2, 3)));
        tally.add(1, 5.0, Some((1, 1)));
        assert_eq!(tally.metrics(), Metrics { loss: 2.0, accuracy: Some(0.75) });
        assert_eq!(tally.metrics().to_string(), "loss 2.0000, accuracy 75.00 %");
        let mut regression = Tally::default();
        regression.add(2, 0.5, None);
        assert_eq!(regression.metrics().to_string(), "loss 0.5000");
    }

    #[test]
    fn a_nan_never_wins() {
        let nan = f32::NAN;
        let scores = array![[nan, 1.0, nan], [2.0, nan, 1.0], [nan, nan, nan], [f32::NEG_INFINITY, nan, -1.0]];
        assert_eq!(predictions(&scores), [1, 0, 0, 2]);
        assert_eq!(predictions(&aview2::<f32, 0>(&[[], []])), [0, 0]);
    }

    #[test]
    fn scores_of_sequences_are_predicted_position_by_position() {
        let scores = array![[[0.0, 1.0], [3.0, 2.0]], [[4.0, 5.0], [6.0, 7.0]]];
        assert_eq!(predictions(&scores.into_dyn()), [1, 0, 1, 1]);
    }

    #[test]
    fn nothing_to_predict_has_no_accuracy() {
        assert!(accuracy(&[], &[]).is_nan());
        assert_eq!(confusion_matrix(&[], &[], 2), array![[0, 0], [0, 0]]);
    }

    #[test]
    #[should_panic(expected = "accuracy: 1 labels and 2 predictions; each label needs one")]
    fn lengths_are_checked() {
        let _ = accuracy(&[0], &[0, 1]);
    }

    #[test]
    #[should_panic(expected = "confusion_matrix: class 3 of 3; classes are counted from 0")]
    fn classes_are_checked() {
        let _ = confusion_matrix(&[0, 3], &[0, 1], 3);
    }
}
