//! The transformer's decoder: tokens that look at one another and at the encoder's.
//!
//! A layer is self-attention, attention to the memory, which is what the encoder made of the source, and a network for each
//! token, each with dropout behind it, added to its input, and normalised: `x = norm1(x + self_attn(x))`,
//! `x = norm2(x + multihead_attn(x, memory))`, `x = norm3(x + ff(x))`. With `norm_first`, what is added is of the
//! normalised input instead.
//!
//! | | |
//! | --- | --- |
//! | input, memory, output | `[.., n, d_model], [.., s, d_model] -> [.., n, d_model]` |
//! | `self_attn.in_proj_weight`, ..., `multihead_attn.in_proj_weight`, ... | those of [`MultiheadAttention`] |
//! | `linear1.weight`, `linear1.bias`, `linear2.weight`, `linear2.bias` | those of [`Linear`], `d_model -> dim_feedforward -> d_model` |
//! | `norm1.weight`, `norm1.bias`, to `norm3` | those of [`LayerNorm`] |
//! | dropout, `dim_feedforward`, activation | 0.1, 2048, relu |
//! | of a stack | `layers.0.self_attn.in_proj_weight`, ..., `norm.weight`, `norm.bias` |
//!
//! A. Vaswani et al., "Attention is all you need", NeurIPS 2017. PyTorch: `nn.TransformerDecoderLayer`,
//! `nn.TransformerDecoder`, whose names, layouts and defaults these are. Departures: those of the
//! [encoder](crate::TransformerEncoderLayer).

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

/// Self-attention, attention to a memory, and a network for each token:
/// `[.., n, d_model], [.., s, d_model] -> [.., n, d_model]`.
///
/// `TransformerDecoderLayer::new` is a plan; [`build`](TransformerDecoderLayer::build) adds its parameters and gives the
/// layer.
///
/// ```
/// use nn::{AttentionMask, TransformerDecoderLayer};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let plan = TransformerDecoderLayer::new(4, 2).feedforward(8);
/// let layer = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// let tape = tape::Tape::new();
/// let [x, memory] = [tape.variable([[0.5, -1.0, 0.0, 2.0]]), tape.variable([[1.0; 4], [2.0; 4], [-1.0; 4]])];
/// let (own, of_memory) = (AttentionMask::none().causal(), AttentionMask::none());
/// let y = layer.forward(&tape.bind(&params), x, memory, own, of_memory);
/// assert_eq!(y.shape(), [1, 4]);
/// assert!(y.powi(3).sum().backward()[memory].iter().all(|gradient| *gradient != 0.0));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TransformerDecoderLayer<P = ParamId> {
    /// Of each token to the others.
    pub self_attn: MultiheadAttention<P>,
    /// Of each token to the memory.
    pub multihead_attn: MultiheadAttention<P>,
    /// From the features of a token to the hidden ones.
    pub linear1: Linear<P>,
    /// Back.
    pub linear2: Linear<P>,
    /// Behind the first attention, or before it.
    pub norm1: LayerNorm<P>,
    /// Behind the second attention, or before it.
    pub norm2: LayerNorm<P>,
    /// Behind the network, or before it.
    pub norm3: LayerNorm<P>,
    /// Behind each attention, inside the network, and behind it.
    pub dropout: Dropout,
    /// Inside the network.
    pub activation: Activation,
    /// Whether what is added is normalised, or the sum.
    pub norm_first: bool,
}

impl TransformerDecoderLayer<Init> {
    /// A plan with PyTorch's defaults: 2048 hidden features, dropout 0.1, relu, the sums normalised.
    #[must_use]
    pub fn new(d_model: usize, heads: usize) -> Self {
        let attention = MultiheadAttention::new(d_model, heads).dropout(DROPOUT);
        let norm = LayerNorm::new([d_model]);
        Self {
            self_attn: attention,
            multihead_attn: attention,
            linear1: Linear::new(d_model, FEEDFORWARD),
            linear2: Linear::new(FEEDFORWARD, d_model),
            norm1: norm.clone(),
            norm2: norm.clone(),
            norm3: norm,
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

    /// With this dropout everywhere, of the attentions' weights too.
    ///
    /// # Panics
    /// If it is not from 0 to 1.
    #[must_use]
    #[track_caller]
    pub fn dropout(self, p: f64) -> Self {
        let (self_attn, multihead_attn) = (self.self_attn.dropout(p), self.multihead_attn.dropout(p));
        Self { dropout: Dropout::new(p), self_attn, multihead_attn, ..self }
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

    /// With the queries and keys of the self-attention turned by their positions.
    #[must_use]
    pub fn rotary(self, rotary: RotaryPositions) -> Self {
        Self { self_attn: self.self_attn.rotary(rotary), ..self }
    }

    /// Without biases.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        (self.self_attn, self.multihead_attn) = (self.self_attn.without_bias(), self.multihead_attn.without_bias());
        let norms = &mut [&mut self.norm1, &mut self.norm2, &mut self.norm3];
        drop_biases(norms, &mut [&mut self.linear1, &mut self.linear2]);
        self
    }

    /// Adds the parameters, in the order of PyTorch's, and initialises them.
    ///
    /// # Panics
    /// If a name is taken: put layers apart with [`Params::within`]. If the heads do not divide the features.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> TransformerDecoderLayer {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<TransformerDecoderLayer, Error> {
        let Self { self_attn, multihead_attn, linear1, linear2, norm1, norm2, norm3, .. } = self;
        let Self { dropout, activation, norm_first, .. } = self;
        Ok(TransformerDecoderLayer {
            self_attn: params.within("self_attn", |params| self_attn.try_build(params, rng))?,
            multihead_attn: params.within("multihead_attn", |params| multihead_attn.try_build(params, rng))?,
            linear1: params.within("linear1", |params| linear1.try_build(params, rng))?,
            linear2: params.within("linear2", |params| linear2.try_build(params, rng))?,
            norm1: params.within("norm1", |params| norm1.try_build(params, rng))?,
            norm2: params.within("norm2", |params| norm2.try_build(params, rng))?,
            norm3: params.within("norm3", |params| norm3.try_build(params, rng))?,
            dropout,
            activation,
            norm_first,
        })
    }
}

impl TransformerDecoderLayer {
    /// `[.., n, d_model], [.., s, d_model] -> [.., n, d_model]`. The first mask says which tokens may look at which, the
    /// second which of the memory they may look at.
    ///
    /// # Panics
    /// If an input does not have these axes, a mask does not suit it, or other parameters are bound than the layer was
    /// built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(
        &self,
        pass: &Pass<'_, T>,
        x: Tensor<T>,
        memory: Tensor<T>,
        mask: AttentionMask<T>,
        memory_mask: AttentionMask<T>,
    ) -> Tensor<T> {
        for input in [x, memory] {
            check_input("TransformerDecoderLayer", self.self_attn.embed_dim, input.shape());
        }
        if self.norm_first {
            let x = x + self.attend(pass, self.norm1.forward(pass, x), mask);
            let x = x + self.look_up(pass, self.norm2.forward(pass, x), memory, memory_mask);
            x + self.feed(pass, self.norm3.forward(pass, x))
        } else {
            let x = self.norm1.forward(pass, x + self.attend(pass, x, mask));
            let x = self.norm2.forward(pass, x + self.look_up(pass, x, memory, memory_mask));
            self.norm3.forward(pass, x + self.feed(pass, x))
        }
    }

    #[track_caller]
    fn attend<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>, mask: AttentionMask<T>) -> Tensor<T> {
        self.dropout.forward(pass, self.self_attn.forward(pass, x, x, x, mask))
    }

    #[track_caller]
    fn look_up<T: Real>(
        &self,
        pass: &Pass<'_, T>,
        x: Tensor<T>,
        memory: Tensor<T>,
        mask: AttentionMask<T>,
    ) -> Tensor<T> {
        self.dropout.forward(pass, self.multihead_attn.forward(pass, x, memory, memory, mask))
    }

    #[track_caller]
    fn feed<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let fed = feed(pass, x, [&self.linear1, &self.linear2], self.activation, self.dropout);
        self.dropout.forward(pass, fed)
    }
}

/// Decoder layers one after another, which all look at one memory: `[.., n, d_model], [.., s, d_model] -> [.., n, d_model]`.
///
/// ```
/// use nn::{TransformerDecoder, TransformerDecoderLayer};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f32>::new();
/// let plan = TransformerDecoder::new(TransformerDecoderLayer::new(8, 2).feedforward(16), 2).norm();
/// let model = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// assert!(params.find("layers.1.multihead_attn.out_proj.weight").is_some());
/// // Two attentions of 288, 280 of the network, 6 * 8 of the norms; 16 of the last.
/// assert_eq!(params.size(), 2 * (576 + 280 + 48) + 16);
/// # assert_eq!(model.layers.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TransformerDecoder<P = ParamId> {
    /// The layers in order.
    pub layers: Vec<TransformerDecoderLayer<P>>,
    /// Behind the last of them.
    pub norm: Option<LayerNorm<P>>,
}

impl TransformerDecoder<Init> {
    /// A plan of so many layers of one plan.
    #[must_use]
    pub fn new(layer: TransformerDecoderLayer<Init>, count: usize) -> Self {
        Self { layers: std::iter::repeat_n(layer, count).collect(), norm: None }
    }

    /// With a normalisation behind the last layer.
    #[must_use]
    pub fn norm(self) -> Self {
        let norm = self.layers.first().map(|layer| layer.norm3.clone());
        Self { norm, ..self }
    }

    /// Adds the parameters of all layers, within `layers.0`, `layers.1`, ..., and of `norm`, and initialises them.
    ///
    /// # Panics
    /// As [`TransformerDecoderLayer::build`].
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> TransformerDecoder {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<TransformerDecoder, Error> {
        let layers = self.layers.into_iter().enumerate();
        let layers = layers
            .map(|(place, layer)| params.within(&format!("layers.{place}"), |params| layer.try_build(params, rng)))
            .collect::<Result<_, _>>()?;
        let norm = self.norm.map(|norm| params.within("norm", |params| norm.try_build(params, rng))).transpose()?;
        Ok(TransformerDecoder { layers, norm })
    }
}

impl TransformerDecoder {
    /// `[.., n, d_model], [.., s, d_model] -> [.., n, d_model]`, with the same masks for all layers.
    ///
    /// # Panics
    /// As [`TransformerDecoderLayer::forward`].
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(
        &self,
        pass: &Pass<'_, T>,
        x: Tensor<T>,
        memory: Tensor<T>,
        mask: AttentionMask<T>,
        memory_mask: AttentionMask<T>,
    ) -> Tensor<T> {
        // A loop, where a fold would hide the caller's line from a panic.
        let mut x = x;
        for layer in &self.layers {
            x = layer.forward(pass, x, memory, mask, memory_mask);
        }
        match &self.norm {
            Some(norm) => norm.forward(pass, x),
            None => x,
        }
    }
}
