//! What a run reports of each epoch, and the table that it leaves for a spreadsheet or a plot.

use std::fmt::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::atomic::write_file;
use crate::error::Error;
use crate::exact;
use crate::metrics::Metrics;

/// How training stood at the end of an epoch. Equal runs give equal ones: no clock is in it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Which epoch, counted from 1.
    pub number: usize,
    /// The learning rate that the step after this epoch would have.
    #[serde(with = "exact")]
    pub learning_rate: f64,
    /// Over the training examples, each taken when its batch was learnt from: while the parameters were still moving.
    pub training: Metrics,
    /// Over the test examples, with the parameters at the end of the epoch; `None` without a test set.
    pub test: Option<Metrics>,
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}: {}", self.number, self.training)?;
        match self.test {
            Some(test) => write!(f, "; test {test}"),
            None => Ok(()),
        }
    }
}

/// The epochs as comma-separated values with a head line; a cell is empty where there is no such number.
///
/// ```
/// use train::{Epoch, Metrics};
/// let training = Metrics { loss: 0.5, accuracy: Some(0.75) };
/// let epoch = Epoch { number: 1, learning_rate: 0.01, training, test: None };
/// assert_eq!(
///     train::history_csv(&[epoch]),
///     "epoch,learning_rate,training_loss,training_accuracy,test_loss,test_accuracy\n\
///      1,0.01,0.5,0.75,,\n",
/// );
/// ```
#[must_use]
pub fn history_csv(history: &[Epoch]) -> String {
    let mut table = "epoch,learning_rate,training_loss,training_accuracy,test_loss,test_accuracy\n".to_owned();
    let cell = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    for Epoch { number, learning_rate, training, test } in history {
        writeln!(
            table,
            "{number},{learning_rate},{},{},{},{}",
            training.loss,
            cell(training.accuracy),
            cell(test.map(|test| test.loss)),
            cell(test.and_then(|test| test.accuracy)),
        )
        .expect("a string takes everything");
    }
    table
}

/// Writes [`history_csv`] to a file, whole or not at all.
///
/// # Errors
/// [`Error::File`] if the file cannot be written; it is as it was then.
pub fn save_history(history: &[Epoch], path: impl AsRef<Path>) -> Result<(), Error> {
    write_file(path, history_csv(history).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_prints_as_one_line() {
        let training = Metrics { loss: 0.25, accuracy: Some(0.875) };
        let mut epoch = Epoch { number: 3, learning_rate: 0.1, training, test: None };
        assert_eq!(epoch.to_string(), "epoch 3: loss 0.2500, accuracy 87.50 %");
        epoch.test = Some(Metrics { loss: 0.5, accuracy: Some(0.75) });
        assert_eq!(epoch.to_string(), "epoch 3: loss 0.2500, accuracy 87.50 %; test loss 0.5000, accuracy 75.00 %");
    }
}
