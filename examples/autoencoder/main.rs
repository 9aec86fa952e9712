//! A variational autoencoder learns to write digits: from images alone, without a label.
//!
//! The encoder says where in a space of eight dimensions an image may lie, as a mean and a variance; a point is drawn
//! there, with noise from the pass, and the decoder paints it. Both learn to make the evidence lower bound large: what
//! the painting costs in nats, and how far the encoder's distributions are from the standard normal one, from which new
//! digits are drawn afterwards.
//!
//! D. P. Kingma and M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use examples::SIDE;
use ndarray::{Array2, ArrayD, s};
use nn::{BceWithLogits, Reduction, Sequential};
use optim::{Adam, Schedule};
use plot::ImageSheet;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{Params, Pass, Tape, Tensor};
use train::Trainer;

const PIXELS: usize = SIDE * SIDE;
const LATENT: usize = 8;
const HIDDEN: usize = 128;

/// What an image that was not seen may cost, in nats. One that is painted without looking, from the mean ink of each
/// pixel, costs 21.6.
const BOUND: f64 = 18.0;

struct Autoencoder {
    encoder: Sequential,
    decoder: Sequential,
}

impl Autoencoder {
    fn new(params: &mut Params<f32>, rng: &mut ChaCha8Rng) -> Self {
        let encoder = Sequential::new().linear(PIXELS, HIDDEN).silu().linear(HIDDEN, 2 * LATENT);
        let decoder = Sequential::new().linear(LATENT, HIDDEN).silu().linear(HIDDEN, PIXELS);
        Self {
            encoder: params.within("encoder", |params| encoder.build(params, rng)),
            decoder: params.within("decoder", |params| decoder.build(params, rng)),
        }
    }

    /// The mean and the logarithm of the variance of where images lie: `[n, pixels] -> [n, latent]` twice.
    fn encode(&self, pass: &Pass<'_, f32>, images: Tensor<f32>) -> (Tensor<f32>, Tensor<f32>) {
        let both = self.encoder.forward(pass, images);
        (both.narrow(1, 0..LATENT), both.narrow(1, LATENT..2 * LATENT))
    }

    /// Minus the evidence lower bound of each image, averaged: `[n, pixels] -> []`. The pass must train, for noise.
    fn loss(&self, pass: &Pass<'_, f32>, images: &Array2<f32>) -> Tensor<f32> {
        let images = pass.constant(images);
        let (mean, log_variance) = self.encode(pass, images);
        let point = mean + (log_variance * 0.5).exp() * pass.normal(mean.shape());
        let painted = self.decoder.forward(pass, point);
        let cost = BceWithLogits::new().reduction(Reduction::BatchMean).loss(painted, images);
        let distance = (mean.powi(2) + log_variance.exp() - log_variance - 1.0) * 0.5;
        cost + distance.sum_axes(-1).mean()
    }
}

fn run(seed: u64) -> Result<f64, Box<dyn std::error::Error>> {
    let (training, test) = examples::digits().split_stratified(0.8, &mut ChaCha8Rng::seed_from_u64(1998))?;
    let mut params = Params::new();
    let model = Autoencoder::new(&mut params, &mut ChaCha8Rng::seed_from_u64(seed));
    let (epochs, batch) = (60, 64);
    let steps = epochs * training.len().div_ceil(batch);
    let mut adam = Adam::new(3e-3).schedule(Schedule::cosine(steps as u64));
    Trainer::new(&mut params, &mut adam, &training)
        .epochs(epochs)
        .batch_size(batch)
        .seed(seed)
        .run(|pass, batch| model.loss(pass, &batch.inputs))?;

    let mut tape = Tape::new();
    let bound = tape.evaluate(&params, |pass| model.loss(&pass.training(seed), test.inputs()))[[]];
    let paint = |tape: &mut Tape<f32>, points: &ArrayD<f32>| {
        tape.evaluate(&params, |pass| model.decoder.forward(pass, pass.constant(points)).sigmoid())
    };
    let seen = test.inputs().slice(s![..8, ..]).to_owned();
    let means = tape.evaluate(&params, |pass| model.encode(pass, pass.constant(&seen)).0);
    let repainted = paint(&mut tape, &means);
    let dreamt = tape.evaluate(&params, |pass| pass.training(seed + 1).normal([8, LATENT]));
    let invented = paint(&mut tape, &dreamt);
    let mut sheet = ImageSheet::new(SIDE, SIDE).title("Seen, repainted, invented").columns(8).inverted();
    for (images, caption) in [(seen.into_dyn(), "seen"), (repainted, "repainted"), (invented, "invented")] {
        for image in images.outer_iter() {
            sheet = sheet.image(&image.iter().copied().collect::<Vec<_>>(), caption)?;
        }
    }
    std::fs::create_dir_all("target/autoencoder")?;
    sheet.save(format!("target/autoencoder/{seed}.svg"))?;
    Ok(f64::from(bound))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for seed in 0..3 {
        let bound = run(seed)?;
        println!(
            "seed {seed}: an image that was not seen costs {bound:.2} nats; pictures in target/autoencoder/{seed}.svg"
        );
        assert!(bound < BOUND, "at most {BOUND} nats are wanted");
    }
    Ok(())
}
