//! When a run has stopped getting better.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::exact;
use crate::history::Epoch;

/// Ends a run when a number has not improved for some epochs, and keeps the parameters of the best one.
///
/// It watches the loss over the test set, or over the training set where there is none; or the accuracy, if told to. A
/// test set that decides when to stop is no longer an impartial judge: who reports its accuracy gives a third set here.
///
/// ```
/// use train::EarlyStopping;
/// let patient = EarlyStopping::new(10);
/// let picky = EarlyStopping::new(3).min_delta(1e-3).on_accuracy();
/// # let _ = (patient, picky);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyStopping {
    patience: usize,
    min_delta: f64,
    accuracy: bool,
}

/// The best epoch so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Best {
    pub(crate) epoch: usize,
    #[serde(with = "exact")]
    value: f64,
}

impl EarlyStopping {
    /// Stops after `patience` epochs in a row without improvement.
    #[must_use]
    pub fn new(patience: usize) -> Self {
        Self { patience, min_delta: 0.0, accuracy: false }
    }

    /// How much better than the best a number must be to count as an improvement. 0 unless set.
    #[must_use]
    pub fn min_delta(mut self, min_delta: f64) -> Self {
        self.min_delta = min_delta;
        self
    }

    /// Watches the accuracy instead of the loss.
    #[must_use]
    pub fn on_accuracy(mut self) -> Self {
        self.accuracy = true;
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |setting, value, rule| Err(Error::Setting { setting, value, rule });
        if self.patience == 0 {
            return refuse("patience", "0".to_owned(), "it must be at least 1 epoch");
        }
        if !(self.min_delta >= 0.0 && self.min_delta.is_finite()) {
            return refuse("min_delta", self.min_delta.to_string(), "it must be 0 or more, and finite");
        }
        Ok(())
    }

    /// The new best, if this epoch is better than `best`. The first number is; a NaN never is.
    pub(crate) fn improvement(&self, epoch: &Epoch, best: Option<Best>) -> Option<Best> {
        let metrics = epoch.test.unwrap_or(epoch.training);
        let value = if self.accuracy { metrics.accuracy.unwrap_or(f64::NAN) } else { metrics.loss };
        let better = match best {
            None => !value.is_nan(),
            Some(best) if self.accuracy => value > best.value + self.min_delta,
            Some(best) => value < best.value - self.min_delta,
        };
        better.then_some(Best { epoch: epoch.number, value })
    }

    /// Whether a run whose last epoch was `epoch` has had its time.
    pub(crate) fn is_over(&self, epoch: usize, best: Option<Best>) -> bool {
        epoch.saturating_sub(best.map_or(0, |best| best.epoch)) >= self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    /// The best epoch and the one after which the run is over, for these losses or accuracies.
    fn run(stopping: EarlyStopping, values: &[f64]) -> (usize, Option<usize>) {
        let mut best = None;
        for (number, &value) in (1..).zip(values) {
            let metrics = Metrics { loss: value, accuracy: Some(value) };
            let epoch = Epoch { number, learning_rate: 0.1, training: metrics, test: None };
            best = stopping.improvement(&epoch, best).or(best);
            if stopping.is_over(number, best) {
                return (best.map_or(0, |best| best.epoch), Some(number));
            }
        }
        (best.map_or(0, |best| best.epoch), None)
    }

    #[test]
    fn it_stops_when_patience_is_over() {
        assert_eq!(run(EarlyStopping::new(2), &[3.0, 2.0, 2.0, 1.5, 1.6, 1.5, 0.1]), (4, Some(6)));
        assert_eq!(run(EarlyStopping::new(3), &[3.0, 2.0, 2.5, 2.5]), (2, None));
        assert_eq!(run(EarlyStopping::new(2).on_accuracy(), &[0.1, 0.5, 0.4, 0.5]), (2, Some(4)));
    }

    #[test]
    fn small_steps_do_not_count() {
        assert_eq!(run(EarlyStopping::new(2).min_delta(0.5), &[3.0, 2.6, 2.4, 2.0, 1.9]), (3, Some(5)));
    }

    #[test]
    fn a_nan_is_no_improvement() {
        assert_eq!(run(EarlyStopping::new(3), &[f64::NAN, 2.0, f64::NAN, f64::NAN, f64::NAN]), (2, Some(5)));
        assert_eq!(run(EarlyStopping::new(2), &[f64::NAN, f64::NAN]), (0, Some(2)));
    }

    #[test]
    fn settings_are_checked() {
        let text = |stopping: EarlyStopping| stopping.check().unwrap_err().to_string();
        assert_eq!(text(EarlyStopping::new(0)), "patience is 0: it must be at least 1 epoch");
        assert_eq!(text(EarlyStopping::new(1).min_delta(-1.0)), "min_delta is -1: it must be 0 or more, and finite");
        assert_eq!(
            text(EarlyStopping::new(1).min_delta(f64::NAN)),
            "min_delta is NaN: it must be 0 or more, and finite"
        );
    }
}
