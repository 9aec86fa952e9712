//! The activations.

use nn::Activation;

use crate::reference::references;

#[test]
fn at_both_tails_and_zero() {
    let references = references!("activation");
    for (case, activation) in [
        ("relu", Activation::Relu),
        ("tanh", Activation::Tanh),
        ("sigmoid", Activation::Sigmoid),
        ("log_softmax", Activation::LogSoftmax { axis: -1 }),
        ("log_softmax_first_axis", Activation::LogSoftmax { axis: 0 }),
    ] {
        references.case(case).compare_layer(activation);
    }
}
