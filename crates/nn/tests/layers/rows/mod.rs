//! The table: one file a family of layers, each with a function that returns its rows.

mod activation;
mod attention;
mod dropout;
mod embedding;
mod linear;
mod norm;
mod position;
mod recurrent;
mod sequential;

use crate::row::Row;

pub(crate) fn table() -> Vec<Row> {
    [
        activation::rows(),
        attention::rows(),
        dropout::rows(),
        embedding::rows(),
        linear::rows(),
        norm::rows(),
        position::rows(),
        recurrent::rows(),
        sequential::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
