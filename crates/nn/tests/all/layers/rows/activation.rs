//! Rows of the activations.

use nn::{Activation, Prelu};

use crate::layers::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let row = |name, activation: Activation| Row::layer(name, activation, &[3, 2, 4], &[3, 2, 4], &[]);
    vec![
        row("Identity", Activation::Identity),
        row("Relu", Activation::Relu),
        row("Relu6", Activation::Relu6),
        row("LeakyRelu", Activation::LeakyRelu { slope: 0.01 }),
        row("Elu", Activation::Elu { alpha: 1.5 }),
        row("Celu", Activation::Celu { alpha: 0.75 }),
        row("Selu", Activation::Selu),
        row("Gelu", Activation::Gelu),
        row("GeluTanh", Activation::GeluTanh),
        row("Silu", Activation::Silu),
        row("Mish", Activation::Mish),
        row("Softplus", Activation::Softplus { beta: 2.0 }),
        row("Softsign", Activation::Softsign),
        row("Tanh", Activation::Tanh),
        row("Sigmoid", Activation::Sigmoid),
        row("LogSigmoid", Activation::LogSigmoid),
        row("HardTanh", Activation::HardTanh { min: -1.0, max: 0.5 }),
        row("HardSigmoid", Activation::HardSigmoid),
        row("HardSwish", Activation::HardSwish),
        row("TanhShrink", Activation::TanhShrink),
        row("SoftShrink", Activation::SoftShrink { lambda: 0.5 }),
        row("HardShrink", Activation::HardShrink { lambda: 0.5 }),
        row("Threshold", Activation::Threshold { threshold: 0.5, value: -1.0 }),
        row("Softmax", Activation::Softmax { axis: -1 }),
        row("Softmin inside", Activation::Softmin { axis: 1 }),
        row("LogSoftmax", Activation::LogSoftmax { axis: -1 }),
        row("LogSoftmax inside", Activation::LogSoftmax { axis: 1 }),
        row("LogSoftmax over the batch", Activation::LogSoftmax { axis: 0 }).mixes_the_batch(),
        Row::layer("Glu", Activation::Glu { axis: 1 }, &[3, 4, 2], &[3, 2, 2], &[]),
        Row::layer("Prelu", Prelu::new(), &[3, 4], &[3, 4], &["weight"]),
        Row::layer("Prelu of channels", Prelu::new().channels(2), &[3, 2, 4], &[3, 2, 4], &["weight"]),
    ]
}
