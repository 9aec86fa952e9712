//! The table: one file a family of layers, each with a function that returns its rows.

mod activation;
mod attention;
mod embedding;
mod linear;
mod position;
mod recurrent;
mod sequential;

use crate::row::Row;

pub(crate) fn table() -> Vec<Row> {
    [
        activation::rows(),
        attention::rows(),
        embedding::rows(),
        linear::rows(),
        position::rows(),
        recurrent::rows(),
        sequential::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
