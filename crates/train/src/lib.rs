//! Wengert: data sets, mini-batches, the training loop, checkpoints and logs.
//!
//! This is where a model, an optimizer and examples meet. A [`Trainer`] is told what to learn from and for how long, and
//! is given a closure that turns a batch into its loss; from there on it shuffles, steps, evaluates, shows how far it
//! is, stops when nothing improves, and keeps a checkpoint from which a killed run continues to the very same bits.
//!
//! ```
//! use ndarray::Array2;
//! use nn::{Sequential, cross_entropy};
//! use optim::Adam;
//! use rand::SeedableRng;
//! use rand_chacha::ChaCha8Rng;
//! use tape::Params;
//! use train::{Dataset, EarlyStopping, Trainer};
//!
//! // Points on two rings, one inside the other; no straight line divides them.
//! let labels: Vec<_> = (0..200).map(|point| point % 2).collect();
//! let rings = Array2::from_shape_fn((200, 2), |(point, axis)| {
//!     let (radius, angle) = (1.0 + labels[point] as f32, point as f32 * 0.7);
//!     radius * if axis == 0 { angle.cos() } else { angle.sin() }
//! });
//! let mut rng = ChaCha8Rng::seed_from_u64(0);
//! let (training, test) = Dataset::new(rings, labels)?.split_stratified(0.8, &mut rng)?;
//!
//! let mut params = Params::<f32>::new();
//! let model = Sequential::new().linear(2, 16).tanh().linear(16, 2).build(&mut params, &mut rng);
//! let directory = tempfile::tempdir()?;
//! let history = Trainer::new(&mut params, &mut Adam::new(0.02), &training)
//!     .test(&test)
//!     .epochs(60)
//!     .batch_size(16)
//!     .early_stopping(EarlyStopping::new(10))
//!     .checkpoint(directory.path().join("rings.checkpoint"))
//!     .resume(true)
//!     .run(|pass, batch| {
//!         let logits = model.forward(pass, pass.constant(&batch.inputs));
//!         (cross_entropy(logits, batch.labels()), logits)
//!     })?;
//!
//! let last = history.last().unwrap();
//! assert_eq!(last.test.unwrap().accuracy, Some(1.0), "{last}");
//! train::save_parameters(&params, directory.path().join("rings.safetensors"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Each part also serves a loop of one's own. In the order of the story: [`Dataset`], made of [`Rows`], gives each
//! [`Batch`]; a model's [`Outcome`] is counted into [`Metrics`], by [`evaluate`] too, and [`accuracy`],
//! [`confusion_matrix`] and [`predictions`] look closer; every [`Epoch`] goes into the history, from which
//! [`EarlyStopping`] decides and which [`save_history`] writes; [`save_checkpoint`] and [`load_checkpoint`] keep a whole
//! run, [`GeneratorState`] its generator, [`save_parameters`] and [`load_parameters`] what it has learnt,
//! [`ParameterFile`] also under other names and in other layouts; and
//! [`write_file`] is how each of them survives a kill.

mod archive;
mod arrays;
mod atomic;
mod checkpoint;
mod dataset;
mod early_stopping;
mod element;
mod error;
mod exact;
mod generator;
mod history;
mod metrics;
mod npz;
mod outcome;
mod parameter_file;
mod parameters;
mod pattern;
mod progress_bar;
mod rows;
mod trainer;
mod updates;

pub use atomic::write_file;
pub use checkpoint::{load_checkpoint, save_checkpoint};
pub use dataset::{Batch, Batches, Dataset};
pub use early_stopping::EarlyStopping;
pub use error::{Error, Misfit};
pub use generator::{GeneratorState, GeneratorStateError};
pub use history::{Epoch, history_csv, save_history};
pub use metrics::{Metrics, accuracy, confusion_matrix, predictions};
pub use outcome::{Outcome, evaluate};
pub use parameter_file::ParameterFile;
pub use parameters::{load_parameters, save_parameters};
pub use rows::Rows;
pub use trainer::Trainer;
