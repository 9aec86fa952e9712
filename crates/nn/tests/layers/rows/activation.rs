//! Rows of the activations.

use nn::Activation;

use crate::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let row = |name, activation: Activation| Row::layer(name, activation, &[3, 2, 4], &[3, 2, 4], &[]);
    vec![
        row("Identity", Activation::Identity),
        row("Relu", Activation::Relu),
        row("Tanh", Activation::Tanh),
        row("Sigmoid", Activation::Sigmoid),
        row("LogSoftmax", Activation::LogSoftmax { axis: -1 }),
        row("LogSoftmax inside", Activation::LogSoftmax { axis: 1 }),
        row("LogSoftmax over the batch", Activation::LogSoftmax { axis: 0 }).mixes_the_batch(),
    ]
}
