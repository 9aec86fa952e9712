//! Rows of the bilinear layer.

use nn::Bilinear;
use tape::{Pass, Real, Tensor};

use crate::layers::row::{Given, Model, Row};

impl Model for Bilinear {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        self.forward(pass, given.x(), given.tensors[1])
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let plan = Bilinear::new(3, 2, 4);
    vec![
        Row::model("Bilinear", move |params, rng| plan.build(params, rng), &[5, 4])
            .input(&[5, 3])
            .input(&[5, 2])
            .parameters(&["weight", "bias"]),
        Row::model("Bilinear of sequences", move |params, rng| plan.without_bias().build(params, rng), &[2, 3, 4])
            .input(&[2, 3, 3])
            .input(&[2, 3, 2])
            .batch(&[1, 1, 1])
            .parameters(&["weight"]),
    ]
}
