//! The table: one file a family of layers, each with a function that returns its rows.

mod activation;
mod attention;
mod bilinear;
mod convolution;
mod dropout;
mod embedding;
mod handwritten;
mod linear;
mod norm;
mod parametrization;
mod pool;
mod position;
mod recurrent;
mod reshape;
mod sequential;
mod transformer;

use crate::layers::row::Row;

pub(crate) fn table() -> Vec<Row> {
    let families = [
        activation::rows(),
        attention::rows(),
        bilinear::rows(),
        convolution::rows(),
        dropout::rows(),
        embedding::rows(),
        handwritten::rows(),
        linear::rows(),
        norm::rows(),
        parametrization::rows(),
        pool::rows(),
        position::rows(),
        recurrent::rows(),
        reshape::rows(),
        sequential::rows(),
        transformer::rows(),
    ];
    families.into_iter().flatten().collect()
}
