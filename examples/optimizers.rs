//! Every optimizer by name learns to read handwritten digits: how well, in how many steps, in what time.
//!
//! `cargo run --release --example optimizers` trains the network of `examples/digits` with each, at the rate that the registry
//! recommends, on the same split and from the same seed, prints the table of the book's page on optimizers, and asserts that
//! each reads at least 96 % of the images that it has not seen. Names as arguments are the only ones then.

#![allow(clippy::print_stdout, reason = "a program talks to its user")]

use std::time::Instant;

use examples::{Recipe, digits_network};
use optim::OPTIMIZERS;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::Tape;
use train::{Trainer, evaluate};

const EXPECTED: f64 = 0.96;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (training, test) = examples::digits().split_stratified(0.8, &mut ChaCha8Rng::seed_from_u64(1998))?;
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let mut failed = Vec::new();
    println!("| name | rate | batch | accuracy | steps | seconds |\n| --- | --- | --- | --- | --- | --- |");
    for named in OPTIMIZERS.iter().filter(|named| asked.is_empty() || asked.iter().any(|name| name == named.name)) {
        let recipe = Recipe::of(named.name, training.len());
        let (mut params, model) = digits_network(0);
        let steps = training.len().div_ceil(recipe.batch) * recipe.epochs;
        let mut optimizer = recipe.optimizer(named.rate, steps as u64);
        let start = Instant::now();
        Trainer::new(&mut params, &mut *optimizer, &training)
            .epochs(recipe.epochs)
            .batch_size(recipe.batch)
            .progress_bar(false)
            .run(|pass, batch| {
                let logits = model.forward(pass, pass.constant(&batch.inputs));
                (nn::cross_entropy(logits, batch.labels()), logits)
            })?;
        let seconds = start.elapsed().as_secs_f64();
        let metrics = evaluate(&mut Tape::new(), &params, &test, test.len(), |pass, batch| {
            let logits = model.forward(pass, pass.constant(&batch.inputs));
            (nn::cross_entropy(logits, batch.labels()), logits)
        });
        let accuracy = metrics.accuracy.expect("there are labels");
        let (name, rate, batch) = (named.name, named.rate, recipe.batch);
        println!("| `{name}` | {rate} | {batch} | {:.1} % | {steps} | {seconds:.1} |", 100.0 * accuracy);
        if accuracy < EXPECTED {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "less than {:.0} %: {failed:?}", 100.0 * EXPECTED);
    Ok(())
}
