//! Rows of the embedding.

use nn::Embedding;
use tape::{Pass, Real, Tensor};

use crate::layers::row::{Given, Model, Row};

impl Model for Embedding {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        self.forward(pass, given.indices())
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let plan = Embedding::new(6, 3);
    vec![
        Row::model("Embedding", move |params, rng| plan.build(params, rng), &[4, 3])
            .indices(&[4], 6)
            .parameters(&["weight"]),
        Row::model("Embedding of sequences", move |params, rng| plan.build(params, rng), &[2, 5, 3])
            .indices(&[2, 5], 6)
            .batch(&[1, 1])
            .parameters(&["weight"]),
    ]
}
