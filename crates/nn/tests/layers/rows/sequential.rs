//! Rows of layers one after another.

use nn::Sequential;

use crate::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let block = Sequential::new().linear(2, 3).sigmoid();
    let chain = Sequential::new().linear(4, 2).tanh().layer(block).relu().log_softmax(-1);
    let names = ["0.weight", "0.bias", "2.0.weight", "2.0.bias"];
    vec![
        Row::layer("Sequential", chain, &[5, 4], &[5, 3], &names),
        Row::layer("Sequential of nothing", Sequential::new(), &[2], &[2], &[]),
    ]
}
