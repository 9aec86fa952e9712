//! Wengert: data sets, mini-batches, the training loop, checkpoints and logs.

mod archive;
mod atomic;
mod checkpoint;
mod dataset;
mod early_stopping;
mod error;
mod exact;
mod generator;
mod history;
mod metrics;
mod outcome;
mod parameters;
mod progress_bar;
mod rows;
mod trainer;

pub use atomic::write_file;
pub use checkpoint::{load_checkpoint, save_checkpoint};
pub use dataset::{Batch, Batches, Dataset};
pub use early_stopping::EarlyStopping;
pub use error::{Error, Misfit};
pub use generator::{GeneratorState, GeneratorStateError};
pub use history::{Epoch, history_csv, save_history};
pub use metrics::{Metrics, accuracy, confusion_matrix, predictions};
pub use outcome::{Outcome, evaluate};
pub use parameters::{load_parameters, save_parameters};
pub use rows::Rows;
pub use trainer::Trainer;
