//! Rows of the fully connected layer.

use nn::init::{Fan, Gain};
use nn::{Init, Linear};

use crate::layers::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let weights = Linear::new(4, 2).weight(Init::kaiming_normal(Gain::Tanh, Fan::Out)).without_bias();
    vec![
        Row::layer("Linear", Linear::new(4, 3), &[5, 4], &[5, 3], &["weight", "bias"]),
        Row::layer("Linear without bias", weights, &[2, 3, 4], &[2, 3, 2], &["weight"]),
        Row::layer("Linear without inputs", Linear::new(0, 2), &[3, 0], &[3, 2], &["weight", "bias"]),
        Row::layer("Linear without outputs", Linear::new(2, 0), &[3, 2], &[3, 0], &["weight", "bias"]),
    ]
}
