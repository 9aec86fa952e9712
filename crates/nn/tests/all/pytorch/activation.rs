//! The activations.

use nn::{Activation, Prelu};

use crate::pytorch::reference::references;

#[test]
fn at_both_tails_and_around_the_corners() {
    let references = references!("activation");
    for (case, activation) in [
        ("relu", Activation::Relu),
        ("relu6", Activation::Relu6),
        ("leaky_relu", Activation::LeakyRelu { slope: 0.125 }),
        ("elu", Activation::Elu { alpha: 1.5 }),
        ("celu", Activation::Celu { alpha: 0.75 }),
        ("selu", Activation::Selu),
        ("gelu", Activation::Gelu),
        ("gelu_tanh", Activation::GeluTanh),
        ("silu", Activation::Silu),
        ("mish", Activation::Mish),
        ("softplus", Activation::Softplus { beta: 1.0 }),
        ("softplus_sharp", Activation::Softplus { beta: 4.0 }),
        ("softsign", Activation::Softsign),
        ("tanh", Activation::Tanh),
        ("sigmoid", Activation::Sigmoid),
        ("log_sigmoid", Activation::LogSigmoid),
        ("hard_tanh", Activation::HardTanh { min: -0.5, max: 2.0 }),
        ("hard_sigmoid", Activation::HardSigmoid),
        ("hard_swish", Activation::HardSwish),
        ("tanh_shrink", Activation::TanhShrink),
        ("soft_shrink", Activation::SoftShrink { lambda: 0.25 }),
        ("hard_shrink", Activation::HardShrink { lambda: 0.5 }),
        ("threshold", Activation::Threshold { threshold: 0.5, value: -1.0 }),
        ("softmax", Activation::Softmax { axis: -1 }),
        ("softmin", Activation::Softmin { axis: 0 }),
        ("log_softmax", Activation::LogSoftmax { axis: -1 }),
        ("log_softmax_first_axis", Activation::LogSoftmax { axis: 0 }),
        ("glu", Activation::Glu { axis: -1 }),
    ] {
        references.case(case).compare_layer(activation);
    }
}

#[test]
fn whose_slope_is_learnt() {
    let references = references!("activation");
    references.case("prelu").compare_layer(Prelu::new());
    references.case("prelu_of_channels").compare_layer(Prelu::new().channels(3));
}
