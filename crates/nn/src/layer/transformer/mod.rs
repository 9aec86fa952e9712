//! Transformers: attention and a small network for each token, in turns, each added to what it was given.
//!
//! `encoder` and `decoder` hold a layer and a stack of them, `whole` the two stacks together.

pub(crate) mod decoder;
pub(crate) mod encoder;
pub(crate) mod whole;

use tape::{Pass, Real, Shape, Tensor};

use crate::error::Error;
use crate::init::Init;
use crate::layer::activation::Activation;
use crate::layer::dropout::Dropout;
use crate::layer::linear::Linear;
use crate::layer::norm::layer_norm::LayerNorm;

/// PyTorch's defaults.
const FEEDFORWARD: usize = 2048;
const DROPOUT: f64 = 0.1;

/// The network that each token goes through on its own: `linear2(dropout(activation(linear1(x))))`.
#[track_caller]
fn feed<T: Real>(
    pass: &Pass<'_, T>,
    x: Tensor<T>,
    [linear1, linear2]: [&Linear; 2],
    activation: Activation,
    dropout: Dropout,
) -> Tensor<T> {
    let hidden = activation.forward(linear1.forward(pass, x));
    linear2.forward(pass, dropout.forward(pass, hidden))
}

/// The plans of that network with so many hidden features, with biases where there were some.
fn resized([linear1, linear2]: [&Linear<Init>; 2], features: usize) -> [Linear<Init>; 2] {
    let with_bias = |plan: Linear<Init>, own: &Linear<Init>| Linear { bias: own.bias.and(plan.bias), ..plan };
    [
        with_bias(Linear::new(linear1.in_features, features), linear1),
        with_bias(Linear::new(features, linear2.out_features), linear2),
    ]
}

/// Leaves out the biases of a layer's plans.
fn drop_biases(norms: &mut [&mut LayerNorm<Init>], linears: &mut [&mut Linear<Init>]) {
    norms.iter_mut().for_each(|norm| norm.bias = None);
    linears.iter_mut().for_each(|linear| linear.bias = None);
}

/// Refuses an input that is no sequence of tokens of so many features.
#[track_caller]
fn check_input(layer: &'static str, features: usize, input: Shape) {
    if input.last() != Some(&features) {
        panic!("{}", Error::Features { layer, expected: features, input });
    }
    if input.rank() < 2 {
        panic!("{}", Error::Input { layer, input, expected: "[.., tokens, features]".to_owned() });
    }
}
