//! What a run can be told.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use examples::Recipe;
use optim::{OPTIMIZERS, Optimizer};

/// A network learns to read handwritten digits.
#[derive(Debug, Parser)]
#[command(name = "digits")]
pub(crate) struct Options {
    /// How often every image is learnt from; 30 times, or 50 for rprop
    #[arg(long)]
    epochs: Option<NonZeroUsize>,
    /// How many images a step learns from; 32, or all of them for lbfgs and rprop
    #[arg(long)]
    batch: Option<NonZeroUsize>,
    /// The learning rate after its warm-up; each optimizer has one of its own
    #[arg(long, value_parser = learning_rate, allow_negative_numbers = true)]
    lr: Option<f64>,
    /// How the gradient is followed
    #[arg(long, value_parser = names(), default_value = "adam")]
    optimizer: String,
    /// Where weights and shuffles start from
    #[arg(long, default_value = "0")]
    pub(crate) seed: u64,
    /// Where pictures, parameters and checkpoint go
    #[arg(long, default_value = "target/digits")]
    pub(crate) out: PathBuf,
    /// Continue from the checkpoint in the output directory, if there is one
    #[arg(long)]
    pub(crate) resume: bool,
}

fn names() -> PossibleValuesParser {
    OPTIMIZERS.iter().map(|named| named.name).into()
}

fn learning_rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "it must be a number".to_owned())?;
    if rate > 0.0 && rate.is_finite() { Ok(rate) } else { Err("it must be a finite number above 0".to_owned()) }
}

impl Options {
    fn rate(&self) -> f64 {
        let recommended = OPTIMIZERS.iter().find(|named| named.name == self.optimizer).map(|named| named.rate);
        self.lr.or(recommended).unwrap_or(1e-3)
    }

    /// How many images a step learns from, of so many.
    pub(crate) fn batch(&self, images: usize) -> usize {
        self.batch.map_or_else(|| Recipe::of(&self.optimizer, images).batch, NonZeroUsize::get)
    }

    /// How often every image is learnt from.
    pub(crate) fn epochs(&self) -> usize {
        self.epochs.map_or_else(|| Recipe::of(&self.optimizer, 0).epochs, NonZeroUsize::get)
    }

    pub(crate) fn optimizer(&self, images: usize) -> Box<dyn Optimizer<f32>> {
        let steps = images.div_ceil(self.batch(images)) * self.epochs();
        Recipe::of(&self.optimizer, images).optimizer(self.rate(), steps as u64)
    }

    /// The settings in one line.
    pub(crate) fn describe(&self, images: usize) -> String {
        let Self { seed, optimizer: name, .. } = self;
        let (rate, epochs, batch) = (self.rate(), self.epochs(), self.batch(images));
        format!("{name} at {rate}, {epochs} epochs in batches of {batch}, seed {seed}")
    }

    /// Whether the run is as long as it needs to be to learn what it is asserted to learn.
    pub(crate) fn is_full_training(&self) -> bool {
        self.epochs.is_none_or(|epochs| epochs.get() >= 30)
            && self.batch.is_none_or(|batch| batch.get() <= 64)
            && self.lr.is_none()
    }

    /// What a full training reaches at least.
    pub(crate) fn expected_accuracy(&self) -> f64 {
        if self.optimizer == "adam" { 0.97 } else { 0.96 }
    }
}
