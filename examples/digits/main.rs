//! The main job: a network learns to read handwritten digits, shows how, and is verified.
//!
//! `cargo run --release --example digits -- --help` lists the options. Pictures, parameters and the checkpoint go to
//! `target/digits/`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program talks to its user")]

mod options;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use examples::{SIDE, digits_network};
use ndarray::{Array2, Axis};
use nn::{Sequential, cross_entropy};
use plot::{ConfusionMatrix, Curves, ImageSheet, Panels};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{Check, Params, Pass, Tape, Tensor};
use train::{Batch, Dataset, Epoch, Trainer};

use crate::options::Options;

type Digits = Dataset<Array2<f32>, Vec<usize>>;

const CLASSES: usize = 10;

/// One split for every run, so that runs with different seeds are tested on the same images.
const SPLIT_SEED: u64 = 1998;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("digits: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let (training, test) = examples::digits().split_stratified(0.8, &mut ChaCha8Rng::seed_from_u64(SPLIT_SEED))?;
    let (mut params, model) = digits_network(options.seed);
    let mut optimizer = options.optimizer(training.len());
    std::fs::create_dir_all(&options.out)
        .map_err(|error| format!("cannot create {}: {error}", options.out.display()))?;
    println!(
        "{} images to learn from, {} to be tested on; {} parameters; {}",
        training.len(),
        test.len(),
        params.size(),
        options.describe(training.len())
    );

    let history = Trainer::new(&mut params, &mut *optimizer, &training)
        .test(&test)
        .epochs(options.epochs())
        .batch_size(options.batch(training.len()))
        .seed(options.seed)
        .checkpoint(options.out.join("checkpoint.safetensors"))
        .resume(options.resume)
        .on_epoch(|epoch, _| {
            if epoch.number.is_multiple_of(5) {
                println!("{epoch}");
            }
        })
        .run(|pass, batch| {
            let logits = model.forward(pass, pass.constant(&batch.inputs));
            (cross_entropy(logits, batch.labels()), logits)
        })?;

    let predicted = probabilities(&params, &model, test.inputs());
    let predictions = train::predictions(&predicted);
    let accuracy = train::accuracy(test.targets(), &predictions);
    let confusion = confusion(&test, &predictions)?;
    println!("\n{confusion}");
    draw(&options.out, &history, &confusion, &test, &predicted)?;

    let file = options.out.join("digits.safetensors");
    train::save_parameters(&params, &file)?;
    let (mut loaded, same_model) = digits_network(options.seed + 1);
    train::load_parameters(&mut loaded, &file)?;
    assert_eq!(probabilities(&loaded, &same_model, test.inputs()), predicted, "a saved network predicts the same");

    verify(&params, &model, &test);
    println!("test accuracy {:.2} %; pictures and parameters in {}", 100.0 * accuracy, options.out.display());
    if options.is_full_training() {
        assert!(
            accuracy >= options.expected_accuracy(),
            "the network reads {:.2} % of the digits; at least {} % were expected",
            100.0 * accuracy,
            100.0 * options.expected_accuracy()
        );
    }
    Ok(())
}

/// How probable each class of each image is: `[n, 64] -> [n, 10]`.
fn probabilities(params: &Params<f32>, model: &Sequential, images: &Array2<f32>) -> Array2<f32> {
    let scores =
        |pass: &Pass<'_, f32>| -> Tensor<f32> { model.forward(pass, pass.constant(images)).log_softmax(-1).exp() };
    Tape::new().evaluate(params, scores).into_dimensionality().expect("one row of classes an image")
}

fn confusion(test: &Digits, predictions: &[usize]) -> Result<ConfusionMatrix, plot::PlotError> {
    let counts = train::confusion_matrix(test.targets(), predictions, CLASSES);
    let names: Vec<_> = (0..CLASSES).map(|digit| digit.to_string()).collect();
    Ok(ConfusionMatrix::new(&counts, &names)?.title("Digits of the test set"))
}

fn draw(
    out: &Path,
    history: &[Epoch],
    confusion: &ConfusionMatrix,
    test: &Digits,
    predicted: &Array2<f32>,
) -> Result<(), Box<dyn std::error::Error>> {
    train::save_history(history, out.join("history.csv"))?;
    let column = |value: &dyn Fn(&Epoch) -> Option<f64>| -> Vec<f64> {
        history.iter().map(|epoch| value(epoch).unwrap_or(f64::NAN)).collect()
    };
    let loss = Curves::new("Loss")
        .x_label("epoch")
        .y_label("cross-entropy (nats per image)")
        .log_y()
        .line("training", &column(&|epoch| Some(epoch.training.loss)))
        .line("test", &column(&|epoch| Some(epoch.test?.loss)));
    let accuracy = Curves::new("Accuracy")
        .x_label("epoch")
        .y_label("read correctly (%)")
        .line("training", &column(&|epoch| Some(100.0 * epoch.training.accuracy?)))
        .line("test", &column(&|epoch| Some(100.0 * epoch.test?.accuracy?)));
    Panels::new("Learning to read digits").panel(loss).panel(accuracy).save(out.join("training.svg"))?;
    confusion.save(out.join("confusion.svg"))?;
    let mut sheet = ImageSheet::new(SIDE, SIDE).title("Digits that were misread").inverted();
    for ((image, &digit), row) in test.inputs().axis_iter(Axis(0)).zip(test.targets()).zip(predicted.axis_iter(Axis(0)))
    {
        let said = train::predictions(&row.insert_axis(Axis(0)))[0];
        if said != digit {
            let caption = format!("is {digit}, read as {said} ({:.0} %)", 100.0 * row[said]);
            sheet = sheet.image(&image.to_vec(), caption)?;
        }
    }
    Ok(sheet.save(out.join("misread.svg"))?)
}

/// Verifies the gradient of the trained network in `f64`, along random directions in the space of its parameters.
fn verify(params: &Params<f32>, model: &Sequential, test: &Digits) {
    let images = test.inputs().slice(ndarray::s![..32, ..]).mapv(f64::from);
    let batch = Batch { inputs: images, targets: test.targets()[..32].to_vec() };
    let report = Check::new().directions(4).params(&params.cast::<f64>(), |pass| {
        cross_entropy(model.forward(pass, pass.constant(&batch.inputs)), batch.labels())
    });
    println!("{report}");
    report.assert();
}
