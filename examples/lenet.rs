//! A convolutional network reads handwritten digits: LeNet, cut to images of eight by eight.
//!
//! Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition", Proceedings of the
//! IEEE 86 (11), 1998. Its sums of pixels are maxima here, its hyperbolic tangents rectifiers, as they are drawn today.
//!
//! `cargo run --release --example lenet` trains it from three seeds, on the split of `examples/digits`, and asserts that each
//! reads at least 98.5 % of the images that it has not seen.

#![allow(clippy::print_stdout, reason = "a program talks to its user")]

use std::time::Instant;

use examples::SIDE;
use ndarray::{Array2, Array3, Axis, Slice, concatenate};
use nn::{Conv2d, Reshape, Sequential, cross_entropy};
use optim::{Adam, Group, Schedule};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{Params, Tape};
use train::{Dataset, Trainer};

type Digits = Dataset<Array2<f32>, Vec<usize>>;

/// One split for every run, so that runs with different seeds are tested on the same images.
const SPLIT_SEED: u64 = 1998;
const SEEDS: [u64; 3] = [0, 1, 2];
const EPOCHS: usize = 30;
const BATCH: usize = 64;
/// Of the 359 images of the test set, at most five may be misread.
const EXPECTED: f64 = 0.985;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (training, test) = examples::digits().split_stratified(0.8, &mut ChaCha8Rng::seed_from_u64(SPLIT_SEED))?;
    let training = with_shifts(&training)?;
    for seed in SEEDS {
        let start = Instant::now();
        let (mut params, model) = network(seed);
        if seed == SEEDS[0] {
            println!("{}\n", model.summary(&params, [1, SIDE * SIDE]));
        }
        let steps = training.len().div_ceil(BATCH) * EPOCHS;
        let mut optimizer = Adam::new(3e-3)
            .decoupled_weight_decay(0.3)
            .group(Group::new("*.bias").weight_decay(0.0))
            .schedule(Schedule::cosine(steps as u64).warmup(steps as u64 / 20));
        Trainer::new(&mut params, &mut optimizer, &training).epochs(EPOCHS).batch_size(BATCH).seed(seed).run(
            |pass, batch| {
                let logits = model.forward(pass, pass.constant(&batch.inputs));
                (cross_entropy(logits, batch.labels()), logits)
            },
        )?;
        let accuracy = accuracy(&params, &model, &test);
        println!("seed {seed}: {:.2} % of the test images, {:.1} s", 100.0 * accuracy, start.elapsed().as_secs_f64());
        assert!(accuracy >= EXPECTED, "seed {seed}: {accuracy}, and at least {EXPECTED} was expected");
    }
    Ok(())
}

/// Two convolutions of eight and sixteen channels, each with a rectifier and a pool, and three fully connected layers.
fn network(seed: u64) -> (Params<f32>, Sequential) {
    let mut params = Params::new();
    let side = SIDE as isize;
    let plan = Sequential::new()
        .layer(Reshape::Unflatten { axis: 1, lengths: vec![1, side, side] })
        .layer(Conv2d::new(1, 8, 3).same())
        .relu()
        .max_pool2d(2)
        .layer(Conv2d::new(8, 16, 3).same())
        .relu()
        .max_pool2d(2)
        .flatten()
        .dropout(0.2)
        .linear(16 * 2 * 2, 120)
        .relu()
        .linear(120, 84)
        .relu()
        .linear(84, 10);
    let model = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(seed));
    (params, model)
}

/// The images, and each of them moved by a pixel up, down, left and right: where on the paper a digit stands is not to be
/// learnt by heart.
fn with_shifts(digits: &Digits) -> Result<Digits, train::Error> {
    let images = digits.inputs().to_shape((digits.len(), SIDE, SIDE)).expect("a row is a square of pixels");
    let (ahead, back) = (Slice::from(1..), Slice::from(..SIDE - 1));
    let mut shifted = vec![images.to_owned()];
    for axis in [Axis(1), Axis(2)] {
        for (to, from) in [(ahead, back), (back, ahead)] {
            let mut moved = Array3::zeros(images.raw_dim());
            moved.slice_axis_mut(axis, to).assign(&images.slice_axis(axis, from));
            shifted.push(moved);
        }
    }
    let views: Vec<_> = shifted.iter().map(|images| images.view()).collect();
    let images = concatenate(Axis(0), &views).expect("copies have equal shapes");
    let rows = images.len() / (SIDE * SIDE);
    let images = images.into_shape_with_order((rows, SIDE * SIDE)).expect("a square of pixels is a row");
    Dataset::new(images, digits.targets().repeat(shifted.len()))
}

fn accuracy(params: &Params<f32>, model: &Sequential, test: &Digits) -> f64 {
    let logits = Tape::new().evaluate(params, |pass| model.forward(pass, pass.constant(test.inputs())));
    let logits: Array2<f32> = logits.into_dimensionality().expect("one row of classes an image");
    train::accuracy(test.targets(), &train::predictions(&logits))
}
