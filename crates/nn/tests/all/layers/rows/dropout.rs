//! Rows of dropout, in evaluation and in training.

use nn::{AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout};

use crate::layers::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let row = |name, plan: nn::Layer<nn::Init>, shape: &[usize]| Row::layer(name, plan, shape, shape, &[]);
    vec![
        row("Dropout", Dropout::new(0.4).into(), &[3, 5]).trains_differently(),
        row("Dropout of all", Dropout::new(1.0).into(), &[3, 2]).trains_differently(),
        row("Dropout of nothing", Dropout::new(0.0).into(), &[3, 2]),
        row("Dropout1d", Dropout1d::new(0.3).into(), &[4, 3, 2]).trains_differently(),
        row("Dropout2d", Dropout2d::new(0.5).into(), &[4, 3, 2, 1]).trains_differently(),
        row("Dropout3d", Dropout3d::new(0.5).into(), &[4, 3, 1, 2, 1]).trains_differently(),
        row("AlphaDropout", AlphaDropout::new(0.4).into(), &[3, 5]).trains_differently(),
        row("FeatureAlphaDropout", FeatureAlphaDropout::new(0.4).into(), &[3, 5, 2]).trains_differently(),
    ]
}
