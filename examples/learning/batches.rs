//! Mini-batches: how many examples should speak before a step is taken?

use std::path::Path;

use nn::{Sequential, cross_entropy};
use optim::Sgd;
use plot::{Curves, Panels};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::Params;
use train::Trainer;

const SEEDS: u64 = 5;
const EPOCHS: usize = 12;

pub(crate) fn draw(out: &Path) -> super::Result {
    let (training, test) = examples::digits().split_stratified(0.8, &mut ChaCha8Rng::seed_from_u64(1998))?;
    let mut loss =
        Curves::new("Loss").x_label("epoch").y_label("cross-entropy on the test set (nats per image)").log_y();
    let mut accuracy = Curves::new("Accuracy").x_label("epoch").y_label("read correctly (%)").y_range(0.0, 100.0);
    let mut last = Vec::new();
    for (batch, name) in [(8, "batches of 8"), (64, "batches of 64"), (training.len(), "all at once")] {
        let (mut losses, mut accuracies) = (Vec::new(), Vec::new());
        for seed in 0..SEEDS {
            let mut params = Params::<f32>::new();
            let rng = &mut ChaCha8Rng::seed_from_u64(seed);
            let model = Sequential::new().linear(64, 32).relu().linear(32, 10).build(&mut params, rng);
            let mut sgd = Sgd::new(0.1);
            let trainer = Trainer::new(&mut params, &mut sgd, &training).test(&test).epochs(EPOCHS).batch_size(batch);
            let history = trainer.seed(seed).progress_bar(false).run(|pass, batch| {
                let logits = model.forward(pass, pass.constant(&batch.inputs));
                (cross_entropy(logits, batch.labels()), logits)
            })?;
            let tested = || history.iter().filter_map(|epoch| epoch.test);
            losses.push(tested().map(|test| test.loss).collect::<Vec<_>>());
            accuracies.push(tested().map(|test| 100.0 * test.accuracy.unwrap_or(f64::NAN)).collect::<Vec<_>>());
        }
        last.push(accuracies.iter().map(|run| run[EPOCHS - 1]).sum::<f64>() / SEEDS as f64);
        loss = loss.runs(name, &losses);
        accuracy = accuracy.runs(name, &accuracies);
    }
    assert!(last[0] > last[1] && last[1] > last[2], "at one rate, more steps an epoch learn more: {last:?}");
    let title = format!("The same rate, 0.1, and the same {EPOCHS} passes over the data; bands over {SEEDS} seeds");
    Ok(Panels::new(title).panel(loss).panel(accuracy).save(out.join("batches.svg"))?)
}
