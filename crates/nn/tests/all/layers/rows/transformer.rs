//! Rows of the transformer's layers and stacks.

use nn::{
    Activation, AttentionMask, RotaryPositions, Transformer, TransformerDecoder, TransformerDecoderLayer,
    TransformerEncoder, TransformerEncoderLayer,
};
use tape::{Pass, Real, Tensor};

use crate::layers::row::{Given, Model, Row};

impl Model for TransformerEncoderLayer {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        self.forward(pass, given.x(), AttentionMask::none().causal())
    }
}

impl Model for TransformerDecoderLayer {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        let (causal, all) = (AttentionMask::none().causal(), AttentionMask::none());
        self.forward(pass, given.x(), given.tensors[1], causal, all)
    }
}

impl Model for TransformerDecoder {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        self.forward(pass, given.x(), given.tensors[1], AttentionMask::none(), AttentionMask::none())
    }
}

impl Model for Transformer {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        let (causal, all) = (AttentionMask::none().causal(), AttentionMask::none());
        self.forward(pass, given.tensors[1], given.x(), all, causal, all)
    }
}

/// The names of an attention's parameters, and those of the rest of a layer with so many norms.
fn names(prefix: &str, attentions: &[&str], norms: usize) -> Vec<String> {
    let parts = ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"];
    let attentions = attentions.iter().flat_map(|name| parts.map(|part| format!("{prefix}{name}.{part}")));
    let norms = (1..=norms).map(|norm| format!("norm{norm}"));
    let others = ["linear1", "linear2"].map(str::to_owned).into_iter().chain(norms);
    let others = others.flat_map(|name| ["weight", "bias"].map(|part| format!("{prefix}{name}.{part}")));
    attentions.chain(others).collect()
}

fn encoder(prefix: &str) -> Vec<String> {
    names(prefix, &["self_attn"], 2)
}

fn decoder(prefix: &str) -> Vec<String> {
    names(prefix, &["self_attn", "multihead_attn"], 3)
}

fn norm(prefix: &str) -> Vec<String> {
    ["weight", "bias"].map(|part| format!("{prefix}norm.{part}")).to_vec()
}

/// Of the names, those of no bias.
fn weights(names: Vec<String>) -> Vec<String> {
    names.into_iter().filter(|name| !name.ends_with("bias")).collect()
}

/// Stacks are short and without biases, so that all their gradients are verified in reasonable time.
pub(crate) fn rows() -> Vec<Row> {
    let encoder_layer = || TransformerEncoderLayer::new(4, 2).feedforward(2).activation(Activation::Tanh).dropout(0.0);
    let decoder_layer = || TransformerDecoderLayer::new(4, 2).feedforward(2).activation(Activation::Tanh).dropout(0.0);
    let row =
        |row: Row, parameters: Vec<String>| row.parameters(&parameters.iter().map(String::as_str).collect::<Vec<_>>());
    let build = move |params: &mut _, rng: &mut _| encoder_layer().dropout(0.4).build(params, rng);
    let first = move |params: &mut _, rng: &mut _| {
        encoder_layer().norm_first().rotary(RotaryPositions::new(2)).build(params, rng)
    };
    let decode = move |params: &mut _, rng: &mut _| decoder_layer().build(params, rng);
    let decode_stack = move |params: &mut _, rng: &mut _| {
        TransformerDecoder::new(decoder_layer().norm_first().without_bias(), 1).norm().build(params, rng)
    };
    let whole = move |params: &mut _, rng: &mut _| {
        Transformer::of(encoder_layer().without_bias(), 1, decoder_layer().without_bias(), 1).build(params, rng)
    };
    let own = |row: Row| row.input(&[2, 2, 4]);
    let both = |row: Row| row.input(&[2, 2, 4]).input(&[2, 3, 4]);
    let stacked = [encoder("layers.0."), encoder("layers.1."), norm("")].concat();
    let decoders = [decoder("layers.0."), norm("")].concat();
    let all = [encoder("encoder.layers.0."), norm("encoder."), decoder("decoder.layers.0."), norm("decoder.")].concat();
    vec![
        row(own(Row::model("TransformerEncoderLayer", build, &[2, 2, 4])), encoder("")).trains_differently(),
        row(own(Row::model("TransformerEncoderLayer with the norms first", first, &[2, 2, 4])), encoder("")),
        Row::layer(
            "TransformerEncoder in a sequence",
            TransformerEncoder::new(encoder_layer().norm_first().without_bias(), 2).norm(),
            &[2, 2, 4],
            &[2, 2, 4],
            &weights(stacked).iter().map(String::as_str).collect::<Vec<_>>(),
        ),
        row(both(Row::model("TransformerDecoderLayer", decode, &[2, 2, 4])), decoder("")),
        row(both(Row::model("TransformerDecoder", decode_stack, &[2, 2, 4])), weights(decoders)),
        row(both(Row::model("Transformer", whole, &[2, 2, 4])), weights(all)),
    ]
}
