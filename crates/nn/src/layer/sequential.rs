//! Layers one after another.
//!
//! Parameters are named by position, `0.weight`, `0.bias`, `2.weight`, ..., where activations count: PyTorch's
//! `nn.Sequential`. What does not fit into a chain is a struct of layers with a `forward` of its own.

use rand::Rng;
use tape::{Params, Pass, Real, Tensor};

use super::activation::Activation;
use super::linear::{Linear, LinearBuilder};

/// One layer of a [`Sequential`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layer {
    /// A fully connected layer.
    Linear(Linear),
    /// An elementwise function.
    Activation(Activation),
}

/// A chain of layers; see [`Sequential::new`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequential {
    layers: Vec<Layer>,
}

/// What a [`Sequential`] will be.
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "a chain has no parameters before `build`"]
pub struct SequentialBuilder {
    stages: Vec<Stage>,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Linear(LinearBuilder),
    Activation(Activation),
}

impl Sequential {
    /// An empty chain, to be extended and built.
    ///
    /// ```
    /// use nn::Sequential;
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// let mut params = tape::Params::<f32>::new();
    /// let model = Sequential::new().linear(64, 32).relu().linear(32, 10)
    ///     .build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
    /// let names: Vec<_> = params.iter().map(|(_, parameter)| parameter.name()).collect();
    /// assert_eq!(names, ["0.weight", "0.bias", "2.weight", "2.bias"]);
    /// assert_eq!(model.layers().len(), 3);
    /// ```
    #[allow(clippy::new_ret_no_self, reason = "a chain is nothing without its parameters, which `build` adds")]
    pub fn new() -> SequentialBuilder {
        SequentialBuilder::default()
    }

    /// Each layer's output is the next one's input.
    ///
    /// # Panics
    /// Where a layer does.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let mut x = x;
        for layer in &self.layers {
            x = match layer {
                Layer::Linear(linear) => linear.forward(pass, x),
                Layer::Activation(activation) => activation.forward(x),
            };
        }
        x
    }

    /// The layers, first to last.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }
}

impl SequentialBuilder {
    /// A fully connected layer with PyTorch's default initialisation.
    pub fn linear(self, in_features: usize, out_features: usize) -> Self {
        self.push(Linear::new(in_features, out_features))
    }

    /// A fully connected layer with settings of its own.
    pub fn push(mut self, linear: LinearBuilder) -> Self {
        self.stages.push(Stage::Linear(linear));
        self
    }

    /// An elementwise function.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.stages.push(Stage::Activation(activation));
        self
    }

    /// `max(x, 0)`.
    pub fn relu(self) -> Self {
        self.activation(Activation::Relu)
    }

    /// `tanh x`.
    pub fn tanh(self) -> Self {
        self.activation(Activation::Tanh)
    }

    /// `1 / (1 + e^-x)`.
    pub fn sigmoid(self) -> Self {
        self.activation(Activation::Sigmoid)
    }

    /// Adds the parameters of all layers, in order, and returns the chain.
    ///
    /// # Panics
    /// If `params` has parameters of these names already; [`Params::within`] gives them a prefix.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Sequential {
        let mut layers = Vec::with_capacity(self.stages.len());
        for (position, stage) in self.stages.into_iter().enumerate() {
            layers.push(match stage {
                Stage::Activation(activation) => Layer::Activation(activation),
                Stage::Linear(linear) => {
                    Layer::Linear(params.within(&position.to_string(), |params| linear.build(params, rng)))
                }
            });
        }
        Sequential { layers }
    }
}
