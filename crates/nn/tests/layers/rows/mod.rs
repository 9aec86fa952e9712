//! The table: one file a family of layers, each with a function that returns its rows.

mod activation;
mod embedding;
mod linear;
mod recurrent;
mod sequential;

use crate::row::Row;

pub(crate) fn table() -> Vec<Row> {
    [activation::rows(), embedding::rows(), linear::rows(), recurrent::rows(), sequential::rows()]
        .into_iter()
        .flatten()
        .collect()
}
