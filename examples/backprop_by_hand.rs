//! Backpropagation as the textbook has it, beside what the tape computes: the two are equal.
//!
//! Every node j of a network bears a share of the error, its responsibility
//! `delta_j = g'(in_j) * sum_i W_ji delta_i`, summed over the nodes i that it feeds; for an output node the sum is the
//! derivative of the loss. The gradient of a weight is the activation that enters it times the delta that leaves it,
//! averaged over the batch.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use ndarray::{Array2, array};
use nn::{Sequential, mse};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{Params, Tape};

fn main() {
    // Exclusive or: four examples, two inputs, three hidden nodes, one output.
    let inputs = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let targets = array![[0.0], [1.0], [1.0], [0.0]];
    let mut params = Params::<f64>::new();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    Sequential::new().linear(2, 3).tanh().linear(3, 1).sigmoid().build(&mut params, &mut rng);
    let weight = |name: &str| -> Array2<f64> {
        let id = params.find(name).expect("the chain has this parameter");
        let view = params.view(id);
        view.to_owned().into_shape_with_order((view.shape()[0], view.len() / view.shape()[0])).expect("one or two axes")
    };
    let [w1, b1, w2, b2] = ["0.weight", "0.bias", "2.weight", "2.bias"].map(weight);

    // Forward, node by node: in_j and the activation of each.
    let hidden_in = inputs.dot(&w1.t()) + b1.t();
    let hidden = hidden_in.mapv(f64::tanh);
    let output_in = hidden.dot(&w2.t()) + b2.t();
    let output = output_in.mapv(|x| 1.0 / (1.0 + (-x).exp()));

    // Backward: the responsibility of each output node, then of each hidden one.
    let batch = inputs.nrows() as f64;
    let sigmoid_slope = output.mapv(|y| y * (1.0 - y));
    let output_delta = (&output - &targets) * 2.0 / batch * sigmoid_slope;
    let tanh_slope = hidden.mapv(|y| 1.0 - y * y);
    let hidden_delta = output_delta.dot(&w2) * tanh_slope;
    let by_hand = [hidden_delta.t().dot(&inputs), output_delta.t().dot(&hidden)];

    // The same network on the tape, where the inputs of the nodes can be asked for their gradients too.
    let tape = Tape::new();
    let pass = tape.bind(&params);
    let parameter = |name| pass.parameter(params.find(name).expect("the chain has this parameter"));
    let taped_hidden_in = pass.constant(&inputs).matmul(parameter("0.weight").t()) + parameter("0.bias");
    let taped_output_in = taped_hidden_in.tanh().matmul(parameter("2.weight").t()) + parameter("2.bias");
    let loss = mse(taped_output_in.sigmoid(), pass.constant(&targets));
    let gradients = loss.backward();

    println!("error {:.6}", loss.item());
    println!("responsibility of the output node, by example:\n{output_delta:8.5}");
    println!("responsibility of the hidden nodes, by example:\n{hidden_delta:8.5}");
    let compare = |what: &str, by_hand: &Array2<f64>, taped: &ndarray::ArrayRefD<f64>| {
        let error = by_hand.iter().zip(taped).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!("{what}: by hand and by the tape differ by at most {error:.1e}");
        assert!(error < 1e-15, "{what} differ by {error:e}");
    };
    compare("output responsibilities", &output_delta, &gradients[taped_output_in]);
    compare("hidden responsibilities", &hidden_delta, &gradients[taped_hidden_in]);
    compare("first weights' gradients", &by_hand[0], &gradients[parameter("0.weight")]);
    compare("second weights' gradients", &by_hand[1], &gradients[parameter("2.weight")]);
}
