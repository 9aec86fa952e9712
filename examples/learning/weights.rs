//! What becomes of weights and gradients while a network learns.

use std::path::Path;

use nn::{Sequential, cross_entropy};
use optim::Adam;
use plot::Histograms;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{Params, Tape};
use train::Trainer;

const EPOCHS: usize = 10;

pub(crate) fn draw(out: &Path) -> super::Result {
    let digits = examples::digits();
    let mut params = Params::<f32>::new();
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    let model = Sequential::new().linear(64, 64).relu().linear(64, 10).build(&mut params, rng);
    let weight = params.find("0.weight").expect("the first layer's");
    let gradient = |params: &Params<f32>| {
        let (_, gradients) = Tape::new().value_and_grad(params, |pass| {
            cross_entropy(model.forward(pass, pass.constant(digits.inputs())), digits.targets())
        });
        gradients[weight].iter().copied().collect::<Vec<_>>()
    };
    let row = |params: &Params<f32>| (params.view(weight).iter().copied().collect::<Vec<_>>(), gradient(params));
    let mut rows = vec![row(&params)];
    Trainer::new(&mut params, &mut Adam::new(2e-3), &digits)
        .epochs(EPOCHS)
        .progress_bar(false)
        .on_epoch(|_, params| rows.push(row(params)))
        .run(|pass, batch| {
            let logits = model.forward(pass, pass.constant(&batch.inputs));
            (cross_entropy(logits, batch.labels()), logits)
        })?;
    let spread = |values: &[f32]| values.iter().map(|value| value * value).sum::<f32>();
    assert!(spread(&rows[EPOCHS].0) > spread(&rows[0].0), "weights grow");
    assert!(spread(&rows[EPOCHS].1) < spread(&rows[1].1), "gradients shrink");

    let mut weights = Histograms::new("Weights of the first layer").x_label("weight");
    let mut gradients = Histograms::new("Their gradients over all digits").x_label("gradient");
    for (epoch, (weight, gradient)) in rows.iter().enumerate() {
        weights = weights.row(format!("epoch {epoch}"), weight);
        gradients = gradients.row(format!("epoch {epoch}"), gradient);
    }
    weights.save(out.join("weights.svg"))?;
    Ok(gradients.save(out.join("gradients.svg"))?)
}
