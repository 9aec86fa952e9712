//! Rows of the positions.

use nn::{Pairs, RotaryPositions, SinusoidalPositions};
use tape::{Pass, Real, Tensor};

use crate::layers::row::{Given, Model, Row};

impl Model for RotaryPositions {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        self.forward_from(pass, given.x(), 2)
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let rotary = |name, positions| Row::model(name, move |_, _| positions, &[2, 3, 4]).input(&[2, 3, 4]);
    vec![
        Row::layer("SinusoidalPositions", SinusoidalPositions::new(3), &[2, 4, 3], &[2, 4, 3], &[]),
        rotary("RotaryPositions of neighbours", RotaryPositions::new(4)),
        rotary("RotaryPositions of halves", RotaryPositions::new(4).pairs(Pairs::Halves)),
    ]
}
