//! Rows of layers one after another.

use nn::{Conv2d, Residual, Sequential};

use crate::layers::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let block = Sequential::new().linear(2, 3).sigmoid();
    let chain = Sequential::new().linear(4, 2).tanh().layer(block).relu().log_softmax(-1);
    let names = ["0.weight", "0.bias", "2.0.weight", "2.0.bias"];
    let narrow = Sequential::new().linear(3, 2).relu().linear(2, 4);
    let shortcut = Sequential::new().layer(Conv2d::new(1, 2, 1).stride(2).without_bias());
    let convolved = Residual::new(Sequential::new().layer(Conv2d::new(1, 2, 3).stride(2).padding(1)));
    let network = Sequential::new().conv2d(1, 2, 3).silu().max_pool2d(2).flatten().linear(4, 2);
    vec![
        Row::layer("Sequential", chain, &[5, 4], &[5, 3], &names),
        Row::layer(
            "Residual",
            Residual::new(narrow.linear(4, 3)),
            &[4, 3],
            &[4, 3],
            &["body.0.weight", "body.0.bias", "body.2.weight", "body.2.bias", "body.3.weight", "body.3.bias"],
        ),
        Row::layer(
            "Residual with a shortcut",
            convolved.shortcut(shortcut),
            &[2, 1, 4, 3],
            &[2, 2, 2, 2],
            &["body.0.weight", "body.0.bias", "shortcut.0.weight"],
        ),
        Row::layer(
            "Sequential of convolutions",
            network,
            &[2, 1, 6, 5],
            &[2, 2],
            &["0.weight", "0.bias", "4.weight", "4.bias"],
        ),
        Row::layer("Sequential of nothing", Sequential::new(), &[2], &[2], &[]),
    ]
}
