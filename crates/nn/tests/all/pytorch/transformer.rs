//! Transformer layers and stacks.

use nn::{
    Activation, AttentionMask, Transformer, TransformerDecoder, TransformerDecoderLayer, TransformerEncoder,
    TransformerEncoderLayer,
};

use crate::pytorch::reference::references;

fn encoder_layer() -> TransformerEncoderLayer<nn::Init> {
    TransformerEncoderLayer::new(4, 2).feedforward(3).dropout(0.0)
}

fn decoder_layer() -> TransformerDecoderLayer<nn::Init> {
    TransformerDecoderLayer::new(4, 2).feedforward(3).dropout(0.0)
}

#[test]
fn encoder_layers() {
    let references = references!("transformer");
    for (case, plan) in [
        ("encoder_layer", encoder_layer()),
        ("encoder_layer_norm_first_gelu", encoder_layer().norm_first().activation(Activation::Gelu)),
        ("encoder_layer_without_bias", encoder_layer().without_bias()),
    ] {
        references.case(case).compare(
            |params, rng| plan.build(params, rng),
            |layer, pass, inputs| vec![("output", layer.forward(pass, inputs.get("x"), AttentionMask::none()))],
        );
    }
}

#[test]
fn encoder_layers_with_masks() {
    let references = references!("transformer");
    let reference = references.case("encoder_layer_masked");
    reference.compare(
        |params, rng| encoder_layer().build(params, rng),
        |layer, pass, inputs| {
            let padding = pass.constant(reference.get("padding")).ne(0.0);
            let mask = AttentionMask::none().causal().padding(padding);
            vec![("output", layer.forward(pass, inputs.get("x"), mask))]
        },
    );
}

#[test]
fn decoder_layers() {
    let references = references!("transformer");
    for (case, plan) in [
        ("decoder_layer", decoder_layer()),
        ("decoder_layer_norm_first_gelu", decoder_layer().norm_first().activation(Activation::Gelu)),
        ("decoder_layer_without_bias", decoder_layer().without_bias()),
    ] {
        references.case(case).compare(
            |params, rng| plan.build(params, rng),
            |layer, pass, inputs| {
                let (x, memory) = (inputs.get("x"), inputs.get("memory"));
                vec![("output", layer.forward(pass, x, memory, AttentionMask::none(), AttentionMask::none()))]
            },
        );
    }
}

#[test]
fn decoder_layers_with_masks() {
    let references = references!("transformer");
    let reference = references.case("decoder_layer_masked");
    reference.compare(
        |params, rng| decoder_layer().build(params, rng),
        |layer, pass, inputs| {
            let padding = pass.constant(reference.get("padding")).ne(0.0);
            let masks = [AttentionMask::none().causal(), AttentionMask::none().padding(padding)];
            vec![("output", layer.forward(pass, inputs.get("x"), inputs.get("memory"), masks[0], masks[1]))]
        },
    );
}

#[test]
fn stacks() {
    let references = references!("transformer");
    references.case("encoder").compare(
        |params, rng| TransformerEncoder::new(encoder_layer().norm_first(), 2).norm().build(params, rng),
        |stack, pass, inputs| vec![("output", stack.forward(pass, inputs.get("x"), AttentionMask::none().causal()))],
    );
    references.case("decoder").compare(
        |params, rng| TransformerDecoder::new(decoder_layer(), 2).norm().build(params, rng),
        |stack, pass, inputs| {
            let (x, memory) = (inputs.get("x"), inputs.get("memory"));
            vec![("output", stack.forward(pass, x, memory, AttentionMask::none().causal(), AttentionMask::none()))]
        },
    );
}

#[test]
fn both_stacks_together() {
    references!("transformer").case("whole").compare(
        |params, rng| Transformer::of(encoder_layer(), 1, decoder_layer(), 1).build(params, rng),
        |model, pass, inputs| {
            let (all, causal) = (AttentionMask::none(), AttentionMask::none().causal());
            vec![("output", model.forward(pass, inputs.get("x"), inputs.get("target"), all, causal, all))]
        },
    );
}
