//! Rows of dropout, in evaluation and in training.

use nn::{AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout};

use crate::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let row = |name, plan: nn::Layer<nn::Init>, shape: &[usize]| Row::layer(name, plan, shape, shape, &[]);
    vec![
        row("Dropout", Dropout::default().into(), &[3, 2]),
        row("Dropout, training", Dropout::new(0.4).into(), &[3, 5]).in_training(),
        row("Dropout of all, training", Dropout::new(1.0).into(), &[3, 2]).in_training(),
        row("Dropout of nothing, training", Dropout::new(0.0).into(), &[3, 2]).in_training(),
        row("Dropout1d, training", Dropout1d::new(0.3).into(), &[4, 3, 2]).in_training(),
        row("Dropout2d, training", Dropout2d::new(0.5).into(), &[4, 3, 2, 1]).in_training(),
        row("Dropout3d, training", Dropout3d::new(0.5).into(), &[4, 3, 1, 2, 1]).in_training(),
        row("AlphaDropout", AlphaDropout::default().into(), &[3, 2]),
        row("AlphaDropout, training", AlphaDropout::new(0.4).into(), &[3, 5]).in_training(),
        row("FeatureAlphaDropout, training", FeatureAlphaDropout::new(0.4).into(), &[3, 5, 2]).in_training(),
    ]
}
