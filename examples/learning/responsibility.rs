//! Backpropagation: who is responsible for the error, example by example, before the network has learnt and after.

use std::path::Path;

use ndarray::{Array2, array};
use nn::explain::{Responsibility, responsibility};
use nn::{Sequential, bce_with_logits};
use optim::{Optimizer, Sgd};
use plot::NetworkPicture;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{Params, Tape};

/// Exclusive or: the smallest problem that a single layer cannot solve.
const EXAMPLES: [([f64; 2], f64); 4] = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)];
const EPOCHS: usize = 150;

pub(crate) fn draw(out: &Path) -> super::Result {
    let mut params = Params::<f64>::new();
    let model =
        Sequential::new().linear(2, 4).tanh().linear(4, 1).build(&mut params, &mut ChaCha8Rng::seed_from_u64(2));
    let mut sgd = Sgd::new(0.5);
    let mut tape = Tape::new();
    let mut picture = NetworkPicture::new("Exclusive or: who is responsible for the error?").columns(4);
    for name in ["input", "hidden", "output"] {
        picture = picture.layer(name);
    }
    for epoch in 0..EPOCHS {
        for (x, target) in EXAMPLES {
            let (x, target) = (Array2::from_shape_vec((1, 2), x.to_vec())?, array![[target]]);
            let (loss, gradients) = tape.value_and_grad(&params, |pass| {
                bce_with_logits(model.forward(pass, pass.constant(&x)), pass.constant(&target))
            });
            if epoch == 0 || epoch == EPOCHS - 1 {
                let found = responsibility(&model, &params, &x, |pass, y| bce_with_logits(y, pass.constant(&target)));
                assert_eq!(found.loss, loss);
                assert_same_gradients(&found, gradients.params());
                let caption = format!("epoch {}: {} xor {}, loss {loss:.2}", epoch + 1, x[[0, 0]], x[[0, 1]]);
                picture = moment(picture, caption, &found)?;
            }
            sgd.step(&mut params, &gradients)?;
        }
    }
    let x = Array2::from_shape_fn((4, 2), |(row, column)| EXAMPLES[row].0[column]);
    let logits = tape.evaluate(&params, |pass| model.forward(pass, pass.constant(&x)));
    for (logit, (x, target)) in logits.iter().zip(EXAMPLES) {
        assert_eq!(*logit > 0.0, target > 0.5, "{x:?} is learnt");
    }
    Ok(picture.save(out.join("responsibility.svg"))?)
}

/// What the picture shows is what the tape's sweep has found: weight by weight, then bias by bias.
fn assert_same_gradients(found: &Responsibility<f64>, gradients: &[f64]) {
    let connections = found.nodes.iter().filter_map(|nodes| nodes.connections.as_ref());
    let shown = connections.flat_map(|connections| {
        let biases = connections.deltas.row(0).to_vec();
        connections.weight_gradients().into_iter().chain(biases).collect::<Vec<_>>()
    });
    for (shown, gradient) in shown.zip(gradients) {
        assert!((shown - gradient).abs() < 1e-12, "{shown}, and the tape has {gradient}");
    }
}

/// The columns of nodes that connections lead to: the hidden nodes are shown as they fire, with the deltas of their sums.
fn moment(
    picture: NetworkPicture,
    caption: String,
    found: &Responsibility<f64>,
) -> Result<NetworkPicture, plot::PlotError> {
    let [input, sums, hidden, output] = &found.nodes[..] else { unreachable!("two layers and an activation") };
    let nodes = |values: &ndarray::ArrayD<f64>| values.iter().copied().collect::<Vec<_>>();
    let activations = [nodes(&input.values), nodes(&hidden.values), nodes(&output.values)];
    let deltas = [nodes(&input.deltas), nodes(&sums.deltas), nodes(&output.deltas)];
    let shares = [sums, output].map(|nodes| nodes.connections.as_ref().expect("a linear layer").shares(0));
    picture.moment(caption, &activations, &deltas, &shares)
}
