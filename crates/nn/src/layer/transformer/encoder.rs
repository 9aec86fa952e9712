//! The transformer's encoder: tokens that look at one another.
//!
//! A layer is self-attention and a network for each token, `ff(x) = linear2(dropout(activation(linear1(x))))`, each with
//! dropout behind it, added to its input, and normalised: `x = norm1(x + self_attn(x))`, `x = norm2(x + ff(x))`. With
//! `norm_first`, what is added is of the normalised input instead: `x = x + self_attn(norm1(x))`, `x = x + ff(norm2(x))`,
//! which trains without a slow start. A stack is such layers one after another, and perhaps a normalisation.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[.., tokens, d_model] -> [.., tokens, d_model]` |
//! | `self_attn.in_proj_weight`, ... | those of [`MultiheadAttention`] |
//! | `linear1.weight`, `linear1.bias`, `linear2.weight`, `linear2.bias` | those of [`Linear`], `d_model -> dim_feedforward -> d_model` |
//! | `norm1.weight`, `norm1.bias`, `norm2.weight`, `norm2.bias` | those of [`LayerNorm`] |
//! | dropout, `dim_feedforward`, activation | 0.1, 2048, relu |
//! | of a stack | `layers.0.self_attn.in_proj_weight`, ..., `norm.weight`, `norm.bias` |
//!
//! A. Vaswani et al., "Attention is all you need", NeurIPS 2017; R. Xiong et al., "On layer normalization in the transformer
//! architecture", ICML 2020, for `norm_first`.
//!
//! PyTorch: `nn.TransformerEncoderLayer`, `nn.TransformerEncoder`, whose names, layouts and defaults these are. Departures:
//! the batch is the first axis, as in [`MultiheadAttention`], whose other departures are these too; the layers of a stack
//! start from different draws, where PyTorch copies one layer.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Tensor};

use super::{DROPOUT, FEEDFORWARD, check_input, drop_biases, feed, resized};
use crate::error::{Error, unwrap};
use crate::init::Init;
use crate::layer::activation::Activation;
use crate::layer::attention::mask::AttentionMask;
use crate::layer::attention::multihead::MultiheadAttention;
use crate::layer::dropout::Dropout;
use crate::layer::linear::Linear;
use crate::layer::norm::layer_norm::LayerNorm;
use crate::layer::position::RotaryPositions;

/// Self-attention and a network for each token: `[.., tokens, d_model] -> [.., tokens, d_model]`.
///
/// `TransformerEncoderLayer::new` is a plan; [`build`](TransformerEncoderLayer::build) adds its parameters and gives the
/// layer. With a causal mask it is a layer of a language model.
///
/// ```
/// use nn::{AttentionMask, TransformerEncoderLayer};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let plan = TransformerEncoderLayer::new(4, 2).feedforward(8).norm_first();
/// let layer = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// let tape = tape::Tape::new();
/// let x = tape.variable([[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0]]);
/// let y = layer.forward(&tape.bind(&params), x, AttentionMask::none().causal());
/// // The first token does not depend on the second.
/// let gradient = &y.select(0, 0).powi(2).sum().backward()[x];
/// assert!(gradient[[0, 0]] != 0.0 && (0..4).all(|feature| gradient[[1, feature]] == 0.0));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TransformerEncoderLayer<P = ParamId> {
    /// Of each token to the others.
    pub self_attn: MultiheadAttention<P>,
    /// From the features of a token to the hidden ones.
    pub linear1: Linear<P>,
    /// Back.
    pub linear2: Linear<P>,
    /// Behind the attention, or before it.
    pub norm1: LayerNorm<P>,
    /// Behind the network, or before it.
    pub norm2: LayerNorm<P>,
    /// Behind the attention, inside the network, and behind it.
    pub dropout: Dropout,
    /// Inside the network.
    pub activation: Activation,
    /// Whether what is added is normalised, or the sum.
    pub norm_first: bool,
}

impl TransformerEncoderLayer<Init> {
    /// A plan with PyTorch's defaults: 2048 hidden features, dropout 0.1, relu, the sums normalised.
    #[must_use]
    pub fn new(d_model: usize, heads: usize) -> Self {
        Self {
            self_attn: MultiheadAttention::new(d_model, heads).dropout(DROPOUT),
            linear1: Linear::new(d_model, FEEDFORWARD),
            linear2: Linear::new(FEEDFORWARD, d_model),
            norm1: LayerNorm::new([d_model]),
            norm2: LayerNorm::new([d_model]),
            dropout: Dropout::new(DROPOUT),
            activation: Activation::Relu,
            norm_first: false,
        }
    }

    /// With so many hidden features of a token's network, whose weights start as PyTorch's again.
    #[doc(alias = "dim_feedforward")]
    #[must_use]
    pub fn feedforward(self, features: usize) -> Self {
        let [linear1, linear2] = resized([&self.linear1, &self.linear2], features);
        Self { linear1, linear2, ..self }
    }

    /// With this dropout everywhere, of the attention's weights too.
    ///
    /// # Panics
    /// If it is not from 0 to 1.
    #[must_use]
    #[track_caller]
    pub fn dropout(self, p: f64) -> Self {
        Self { dropout: Dropout::new(p), self_attn: self.self_attn.dropout(p), ..self }
    }

    /// With another activation; PyTorch's "gelu" is [`Activation::Gelu`].
    #[must_use]
    pub fn activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// With what is added normalised, and not the sum.
    #[must_use]
    pub fn norm_first(self) -> Self {
        Self { norm_first: true, ..self }
    }

    /// With queries and keys turned by their positions.
    #[must_use]
    pub fn rotary(self, rotary: RotaryPositions) -> Self {
        Self { self_attn: self.self_attn.rotary(rotary), ..self }
    }

    /// Without biases.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.self_attn = self.self_attn.without_bias();
        drop_biases(&mut [&mut self.norm1, &mut self.norm2], &mut [&mut self.linear1, &mut self.linear2]);
        self
    }

    /// Adds the parameters, in the order of PyTorch's, and initialises them.
    ///
    /// # Panics
    /// If a name is taken: put layers apart with [`Params::within`]. If the heads do not divide the features.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> TransformerEncoderLayer {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<TransformerEncoderLayer, Error> {
        let Self { self_attn, linear1, linear2, norm1, norm2, dropout, activation, norm_first } = self;
        Ok(TransformerEncoderLayer {
            self_attn: params.within("self_attn", |params| self_attn.try_build(params, rng))?,
            linear1: params.within("linear1", |params| linear1.try_build(params, rng))?,
            linear2: params.within("linear2", |params| linear2.try_build(params, rng))?,
            norm1: params.within("norm1", |params| norm1.try_build(params, rng))?,
            norm2: params.within("norm2", |params| norm2.try_build(params, rng))?,
            dropout,
            activation,
            norm_first,
        })
    }
}

impl TransformerEncoderLayer {
    /// `[.., tokens, d_model] -> [.., tokens, d_model]`.
    ///
    /// # Panics
    /// If the input does not have these axes, a mask does not suit it, or other parameters are bound than the layer was
    /// built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>, mask: AttentionMask<T>) -> Tensor<T> {
        check_input("TransformerEncoderLayer", self.self_attn.embed_dim, x.shape());
        if self.norm_first {
            let x = x + self.attend(pass, self.norm1.forward(pass, x), mask);
            x + self.feed(pass, self.norm2.forward(pass, x))
        } else {
            let x = self.norm1.forward(pass, x + self.attend(pass, x, mask));
            self.norm2.forward(pass, x + self.feed(pass, x))
        }
    }

    #[track_caller]
    fn attend<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>, mask: AttentionMask<T>) -> Tensor<T> {
        self.dropout.forward(pass, self.self_attn.forward(pass, x, x, x, mask))
    }

    #[track_caller]
    fn feed<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let fed = feed(pass, x, [&self.linear1, &self.linear2], self.activation, self.dropout);
        self.dropout.forward(pass, fed)
    }
}

/// Encoder layers one after another: `[.., tokens, d_model] -> [.., tokens, d_model]`.
///
/// ```
/// use nn::{TransformerEncoder, TransformerEncoderLayer};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f32>::new();
/// let plan = TransformerEncoder::new(TransformerEncoderLayer::new(8, 2).feedforward(16).norm_first(), 3).norm();
/// let model = params.within("encoder", |params| plan.build(params, &mut ChaCha8Rng::seed_from_u64(0)));
/// assert_eq!(model.layers.len(), 3);
/// assert!(params.find("encoder.layers.2.linear1.weight").is_some());
/// // 4 * 8² + 4 * 8 of the attention, 2 * 8 * 16 + 24 of the network, 4 * 8 of the norms; 16 of the last.
/// assert_eq!(params.size(), 3 * (288 + 280 + 32) + 16);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TransformerEncoder<P = ParamId> {
    /// The layers in order.
    pub layers: Vec<TransformerEncoderLayer<P>>,
    /// Behind the last of them.
    pub norm: Option<LayerNorm<P>>,
}

impl TransformerEncoder<Init> {
    /// A plan of so many layers of one plan.
    #[must_use]
    pub fn new(layer: TransformerEncoderLayer<Init>, count: usize) -> Self {
        Self { layers: std::iter::repeat_n(layer, count).collect(), norm: None }
    }

    /// With a normalisation behind the last layer, as stacks of [`norm_first`](TransformerEncoderLayer::norm_first)
    /// need one.
    #[must_use]
    pub fn norm(self) -> Self {
        let norm = self.layers.first().map(|layer| layer.norm2.clone());
        Self { norm, ..self }
    }

    /// Adds the parameters of all layers, within `layers.0`, `layers.1`, ..., and of `norm`, and initialises them.
    ///
    /// # Panics
    /// As [`TransformerEncoderLayer::build`].
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> TransformerEncoder {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<TransformerEncoder, Error> {
        let layers = self.layers.into_iter().enumerate();
        let layers = layers
            .map(|(place, layer)| params.within(&format!("layers.{place}"), |params| layer.try_build(params, rng)))
            .collect::<Result<_, _>>()?;
        let norm = self.norm.map(|norm| params.within("norm", |params| norm.try_build(params, rng))).transpose()?;
        Ok(TransformerEncoder { layers, norm })
    }
}

impl TransformerEncoder {
    /// `[.., tokens, d_model] -> [.., tokens, d_model]`, with one mask for all layers.
    ///
    /// # Panics
    /// As [`TransformerEncoderLayer::forward`].
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>, mask: AttentionMask<T>) -> Tensor<T> {
        // A loop, where a fold would hide the caller's line from a panic.
        let mut x = x;
        for layer in &self.layers {
            x = layer.forward(pass, x, mask);
        }
        match &self.norm {
            Some(norm) => norm.forward(pass, x),
            None => x,
        }
    }
}
