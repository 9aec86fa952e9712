//! A variational autoencoder learns to write digits: from images alone, without a label.
//!
//! The encoder says where in a space of twelve dimensions an image may lie, as a mean and a variance; a point is drawn
//! there, with noise from the pass, and the decoder paints it. Both learn to make the evidence lower bound large: how
//! likely the image is under the painting, less how far the encoder's distributions are from the standard normal one, from
//! which new digits are drawn afterwards. How exactly the decoder paints, one variance for all pixels, is learnt too.
//!
//! D. P. Kingma and M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014; O. Rybkin, K. Daniilidis and
//! S. Levine, "Simple and Effective VAE Training with Calibrated Decoders", ICML 2021 (the learnt variance).

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use examples::SIDE;
use ndarray::{Array2, arr0};
use nn::{GaussianNll, Reduction, Sequential};
use optim::{Adam, Schedule};
use plot::ImageSheet;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{ParamId, Params, Pass, Tape, Tensor};
use train::Trainer;

const PIXELS: usize = SIDE * SIDE;
const LATENT: usize = 12;
const HIDDEN: usize = 128;

/// How far, in the root of the mean square, the pixels of images that were not seen may be from their paintings. Paper is 0
/// and ink is 1; the mean of all images is 0.27 away.
const ERROR: f64 = 0.1;

struct Autoencoder {
    encoder: Sequential,
    decoder: Sequential,
    /// The logarithm of the variance with which pixels are painted.
    log_variance: ParamId,
}

impl Autoencoder {
    fn new(params: &mut Params<f32>, rng: &mut ChaCha8Rng) -> Self {
        let encoder = Sequential::new().linear(PIXELS, HIDDEN).silu().linear(HIDDEN, 2 * LATENT);
        let decoder = Sequential::new().linear(LATENT, HIDDEN).silu().linear(HIDDEN, PIXELS);
        Self {
            encoder: params.within("encoder", |params| encoder.build(params, rng)),
            decoder: params.within("decoder", |params| decoder.build(params, rng)),
            log_variance: params.add("log_variance", &arr0(-2.0)),
        }
    }

    /// The mean and the logarithm of the variance of where images lie: `[n, pixels] -> [n, latent]` twice.
    fn encode(&self, pass: &Pass<'_, f32>, images: Tensor<f32>) -> (Tensor<f32>, Tensor<f32>) {
        let both = self.encoder.forward(pass, images);
        (both.narrow(1, 0..LATENT), both.narrow(1, LATENT..2 * LATENT))
    }

    /// What points look like: `[n, latent] -> [n, pixels]`.
    fn paint(&self, pass: &Pass<'_, f32>, points: Tensor<f32>) -> Tensor<f32> {
        self.decoder.forward(pass, points).sigmoid()
    }

    /// Minus the evidence lower bound of each image, averaged: `[n, pixels] -> []`. The pass must train, for noise.
    fn loss(&self, pass: &Pass<'_, f32>, images: &Array2<f32>) -> Tensor<f32> {
        let images = pass.constant(images);
        let (mean, log_variance) = self.encode(pass, images);
        let point = mean + (log_variance * 0.5).exp() * pass.normal(mean.shape());
        let likelihood = GaussianNll::new().full(true).reduction(Reduction::BatchMean);
        let cost = likelihood.loss(self.paint(pass, point), images, pass.parameter(self.log_variance).exp());
        let distance = (mean.powi(2) + log_variance.exp() - log_variance - 1.0) * 0.5;
        cost + distance.sum_axes(-1).mean()
    }
}

fn run(seed: u64) -> Result<(f32, f64), Box<dyn std::error::Error>> {
    let (training, test) = examples::digits().split_stratified(0.8, &mut ChaCha8Rng::seed_from_u64(1998))?;
    let mut params = Params::new();
    let model = Autoencoder::new(&mut params, &mut ChaCha8Rng::seed_from_u64(seed));
    let (epochs, batch) = (200, 64);
    let steps = epochs * training.len().div_ceil(batch);
    let mut adam = Adam::new(3e-3).schedule(Schedule::cosine(steps as u64));
    Trainer::new(&mut params, &mut adam, &training)
        .epochs(epochs)
        .batch_size(batch)
        .seed(seed)
        .run(|pass, batch| model.loss(pass, &batch.inputs))?;

    let mut tape = Tape::new();
    let bound = tape.evaluate(&params, |pass| model.loss(&pass.training(seed), test.inputs()))[[]];
    let repainted = tape.evaluate(&params, |pass| {
        let (mean, _) = model.encode(pass, pass.constant(test.inputs()));
        model.paint(pass, mean)
    });
    let squares = (&repainted - test.inputs()).mapv(|error| f64::from(error).powi(2));
    let error = squares.mean().expect("there are images").sqrt();
    let invented = tape.evaluate(&params, |pass| model.paint(pass, pass.training(seed).normal([8, LATENT])));
    let mut sheet = ImageSheet::new(SIDE, SIDE).title("Seen, repainted, invented").columns(8).inverted();
    let seen = test.inputs().view().into_dyn();
    for (images, caption) in [(seen, "seen"), (repainted.view(), "repainted"), (invented.view(), "invented")] {
        for image in images.outer_iter().take(8) {
            sheet = sheet.image(&image.iter().copied().collect::<Vec<_>>(), caption)?;
        }
    }
    std::fs::create_dir_all("target/autoencoder")?;
    sheet.save(format!("target/autoencoder/{seed}.svg"))?;
    Ok((bound, error))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for seed in 0..3 {
        let (bound, error) = run(seed)?;
        println!("seed {seed}: bound {bound:.2} nats, error {error:.4}; pictures in target/autoencoder/{seed}.svg");
        assert!(error < ERROR, "an error below {ERROR} is wanted");
    }
    Ok(())
}
