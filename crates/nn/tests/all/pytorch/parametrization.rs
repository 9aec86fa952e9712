//! Weights that are computed from other parameters.

use nn::{Conv2d, ConvTranspose1d, Linear, SpectralNorm, WeightNorm};

use crate::pytorch::reference::references;

#[test]
fn by_length_and_direction() {
    let references = references!("parametrization");
    for (case, axis) in [("weight_norm", Some(0)), ("weight_norm_inputs", Some(1)), ("weight_norm_of_all", None)] {
        references.case(case).compare(
            |params, rng| {
                let layer = Linear::new(3, 2).build(params, rng);
                (layer, WeightNorm::new().axis(axis).build(params, layer.weight))
            },
            |(layer, norm), pass, inputs| vec![("output", norm.apply(pass, || layer.forward(pass, inputs.get("x"))))],
        );
    }
    references.case("weight_norm_conv").compare(
        |params, rng| {
            let layer = Conv2d::new(2, 3, 2).build(params, rng);
            (layer, WeightNorm::new().build(params, layer.weight))
        },
        |(layer, norm), pass, inputs| vec![("output", norm.apply(pass, || layer.forward(pass, inputs.get("x"))))],
    );
}

#[test]
fn by_the_largest_singular_value() {
    let references = references!("parametrization");
    for (case, trains) in [("spectral_norm", false), ("spectral_norm_training", true)] {
        references.case(case).compare(
            |params, rng| {
                let layer = Linear::new(3, 2).build(params, rng);
                (layer, SpectralNorm::new().power_iterations(2).build(params, layer.weight, rng))
            },
            |(layer, norm), pass, inputs| {
                let pass = if trains { pass.training(0) } else { pass.evaluation() };
                vec![("output", norm.apply(&pass, || layer.forward(&pass, inputs.get("x"))))]
            },
        );
    }
    references.case("spectral_norm_conv_transpose_training").compare(
        |params, rng| {
            let layer = ConvTranspose1d::new(2, 3, 2).build(params, rng);
            (layer, SpectralNorm::new().axis(1).build(params, layer.weight, rng))
        },
        |(layer, norm), pass, inputs| {
            let pass = pass.training(0);
            vec![("output", norm.apply(&pass, || layer.forward(&pass, inputs.get("x"))))]
        },
    );
}
