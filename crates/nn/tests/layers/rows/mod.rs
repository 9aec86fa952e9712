//! The table: one file a family of layers, each with a function that returns its rows.

mod activation;
mod dropout;
mod embedding;
mod linear;
mod norm;
mod recurrent;
mod sequential;

use crate::row::Row;

pub(crate) fn table() -> Vec<Row> {
    [
        activation::rows(),
        dropout::rows(),
        embedding::rows(),
        linear::rows(),
        norm::rows(),
        recurrent::rows(),
        sequential::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
