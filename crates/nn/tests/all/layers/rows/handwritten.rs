//! Rows of layers of one's own: a struct with a `forward`.

use nn::{Init, Linear};
use tape::{Pass, Real, Tensor};

use crate::layers::row::{Given, Model, Row};

/// Sets half of a layer's outputs to zero in training, and doubles the others.
struct Noisy(Linear);

impl Model for Noisy {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        let y = self.0.forward(pass, given.x()).tanh();
        if pass.is_training() { y * pass.bernoulli(0.5, y.shape()) * T::from_f64(2.0) } else { y }
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let plan = Linear::new(3, 2).bias(Init::constant(1.0));
    let noisy = Row::model("a layer of one's own", move |params, rng| Noisy(plan.build(params, rng)), &[4, 2]);
    vec![noisy.input(&[4, 3]).parameters(&["weight", "bias"]).trains_differently()]
}
