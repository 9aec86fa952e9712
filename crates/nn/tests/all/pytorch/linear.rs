//! The fully connected layer, alone and in networks.

use nn::{Linear, Sequential, cross_entropy, mse};

use crate::pytorch::reference::references;

#[test]
fn alone() {
    let references = references!("linear");
    references.case("linear").compare_layer(Linear::new(4, 3));
    references.case("linear_without_bias").compare_layer(Linear::new(4, 3).without_bias());
}

#[test]
fn in_a_network_with_cross_entropy() {
    let plan = Sequential::new().linear(5, 7).relu().linear(7, 6).tanh().linear(6, 5);
    references!("linear").case("mlp_cross_entropy").compare(
        |params, rng| plan.build(params, rng),
        |model, pass, inputs| {
            let labels = inputs.indices("labels");
            vec![("output", cross_entropy(model.forward(pass, inputs.get("x")), &labels))]
        },
    );
}

#[test]
fn in_a_network_with_the_mean_squared_error() {
    let plan = Sequential::new().linear(3, 8).sigmoid().linear(8, 2);
    references!("linear").case("mlp_mse").compare(
        |params, rng| plan.build(params, rng),
        |model, pass, inputs| vec![("output", mse(model.forward(pass, inputs.get("x")), inputs.get("target")))],
    );
}
