//! Rows of layers whose weights are computed from other parameters.

use nn::{Linear, Lstm, SpectralNorm, WeightNorm};
use tape::{Pass, Real, Tensor};

use crate::layers::row::{Given, Model, Row};

struct OfLength {
    layer: Linear,
    norm: WeightNorm,
}

impl Model for OfLength {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        self.norm.apply(pass, || self.layer.forward(pass, given.x()))
    }
}

struct OfRecurrence {
    layer: Lstm,
    norm: WeightNorm,
}

impl Model for OfRecurrence {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        self.norm.apply(pass, || self.layer.forward(pass, given.x(), None).0)
    }
}

struct OfSpectrum {
    layer: Linear,
    norm: SpectralNorm,
}

impl Model for OfSpectrum {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        self.norm.apply(pass, || self.layer.forward(pass, given.x()))
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let place = "parametrizations.weight";
    let names = |parts: &[&str]| -> Vec<String> { parts.iter().map(|part| format!("{place}.{part}")).collect() };
    let row = |row: Row, parameters: &[String], input: &[usize]| {
        row.input(input).parameters(&parameters.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let of_length = Row::model(
        "WeightNorm",
        |params, rng| {
            let layer = Linear::new(3, 2).without_bias().build(params, rng);
            OfLength { layer, norm: WeightNorm::new().build(params, layer.weight) }
        },
        &[4, 2],
    );
    let of_recurrence = Row::model(
        "WeightNorm of a recurrence",
        |params, rng| {
            let layer = Lstm::new(1, 1).batch_first().without_bias().build(params, rng);
            let norm = WeightNorm::new().axis(None).build(params, layer.cells[0].weight_hh);
            OfRecurrence { layer, norm }
        },
        &[2, 3, 1],
    );
    let of_spectrum = Row::model(
        "SpectralNorm",
        |params, rng| {
            let layer = Linear::new(3, 2).without_bias().build(params, rng);
            OfSpectrum { layer, norm: SpectralNorm::new().build(params, layer.weight, rng) }
        },
        &[4, 2],
    );
    let recurrence =
        ["weight_ih_l0", "parametrizations.weight_hh_l0.original1", "parametrizations.weight_hh_l0.original0"];
    vec![
        row(of_length, &names(&["original1", "original0"]), &[4, 3]),
        of_recurrence.input(&[2, 3, 1]).parameters(&recurrence),
        // Of vectors that are those of the weight, training makes nothing else.
        row(of_spectrum, &names(&["original", "0._u", "0._v"]), &[4, 3]),
    ]
}
