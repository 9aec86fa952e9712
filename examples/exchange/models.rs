//! The models that are exchanged: one of each architecture of these examples, narrower, under the names that PyTorch gives
//! its own.

use nn::{
    Activation, AttentionMask, Conv2d, Gru, Linear, Lstm, Sequential, TransformerEncoder, TransformerEncoderLayer,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{Params, Pass, Tensor};

/// What a model computes, of the bound parameters and an input.
type Forward = Box<dyn Fn(&Pass<'_, f32>, Tensor<f32>) -> Tensor<f32>>;

/// A model with its parameters.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) params: Params<f32>,
    /// The input's shape.
    pub(crate) input: &'static [usize],
    /// The output's shape.
    pub(crate) output: &'static [usize],
    pub(crate) forward: Forward,
}

pub(crate) fn all() -> Vec<Model> {
    vec![mlp(), pinn(), lenet(), lstm(), gru(), transformer()]
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(7)
}

fn sequential(
    name: &'static str,
    input: &'static [usize],
    output: &'static [usize],
    plan: Sequential<nn::Init>,
) -> Model {
    let mut params = Params::new();
    let model = plan.build(&mut params, &mut rng());
    Model { name, params, input, output, forward: Box::new(move |pass, x| model.forward(pass, x)) }
}

/// As `digits` and the halves of `autoencoder`.
fn mlp() -> Model {
    sequential("mlp", &[3, 64], &[3, 10], Sequential::new().linear(64, 24).relu().linear(24, 10))
}

/// As `physics`.
fn pinn() -> Model {
    sequential("pinn", &[5, 2], &[5, 1], Sequential::new().linear(2, 16).tanh().linear(16, 16).tanh().linear(16, 1))
}

fn lenet() -> Model {
    let plan = Sequential::new()
        .layer(Conv2d::new(1, 4, 3).padding(1))
        .relu()
        .max_pool2d(2)
        .layer(Conv2d::new(4, 8, 3).padding(1))
        .relu()
        .max_pool2d(2)
        .flatten()
        .linear(32, 16)
        .relu()
        .linear(16, 10);
    sequential("lenet", &[2, 1, 8, 8], &[2, 10], plan)
}

/// As `adder`: two layers over a sequence, and a linear one at every step.
fn lstm() -> Model {
    let mut params = Params::new();
    let plan = Lstm::new(5, 8).num_layers(2).batch_first();
    let lstm = params.within("lstm", |params| plan.build(params, &mut rng()));
    let head = params.within("head", |params| Linear::new(8, 3).build(params, &mut rng()));
    let forward: Forward = Box::new(move |pass, x| head.forward(pass, lstm.forward(pass, x, None).0));
    Model { name: "lstm", params, input: &[2, 6, 5], output: &[2, 6, 3], forward }
}

fn gru() -> Model {
    let mut params = Params::new();
    let plan = Gru::new(4, 6).bidirectional().batch_first();
    let gru = params.within("gru", |params| plan.build(params, &mut rng()));
    let head = params.within("head", |params| Linear::new(12, 2).build(params, &mut rng()));
    let forward: Forward = Box::new(move |pass, x| head.forward(pass, gru.forward(pass, x, None).0));
    Model { name: "gru", params, input: &[3, 5, 4], output: &[3, 5, 2], forward }
}

/// As `sorter`: two causal blocks that normalise first.
fn transformer() -> Model {
    let mut params = Params::new();
    let block = TransformerEncoderLayer::new(16, 4).feedforward(32).activation(Activation::Gelu).norm_first();
    let plan = TransformerEncoder::new(block, 2).norm();
    let encoder = params.within("encoder", |params| plan.build(params, &mut rng()));
    let head = params.within("head", |params| Linear::new(16, 7).build(params, &mut rng()));
    let forward: Forward = Box::new(move |pass, x| {
        let mask = AttentionMask::none().causal();
        head.forward(pass, encoder.forward(pass, x, mask))
    });
    Model { name: "transformer", params, input: &[2, 6, 16], output: &[2, 6, 7], forward }
}
