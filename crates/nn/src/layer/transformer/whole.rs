//! The transformer: an encoder that reads a source, and a decoder that looks at what it made of it.
//!
//! | | |
//! | --- | --- |
//! | source, target, output | `[.., s, d_model], [.., n, d_model] -> [.., n, d_model]` |
//! | `encoder.layers.0...`, `encoder.norm.weight`, `encoder.norm.bias` | those of [`TransformerEncoder`] |
//! | `decoder.layers.0...`, `decoder.norm.weight`, `decoder.norm.bias` | those of [`TransformerDecoder`] |
//! | all matrices | Xavier uniform |
//! | layers, dropout, `dim_feedforward`, activation | 6 and 6, 0.1, 2048, relu |
//!
//! A. Vaswani et al., "Attention is all you need", NeurIPS 2017. PyTorch: `nn.Transformer`, whose names, layouts, defaults and
//! initial distributions these are. Departures: those of the [encoder](crate::TransformerEncoderLayer).

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Tensor};

use super::decoder::{TransformerDecoder, TransformerDecoderLayer};
use super::encoder::{TransformerEncoder, TransformerEncoderLayer};
use crate::error::{Error, unwrap};
use crate::init::{Gain, Init};
use crate::layer::attention::mask::AttentionMask;
use crate::layer::linear::Linear;

/// An encoder and a decoder: `[.., s, d_model], [.., n, d_model] -> [.., n, d_model]`.
///
/// `Transformer::new` is a plan; [`build`](Transformer::build) adds its parameters and gives the model. Embeddings, positions
/// and the scores of the next token are the caller's.
///
/// ```
/// use nn::{AttentionMask, Transformer, TransformerDecoderLayer, TransformerEncoderLayer};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f32>::new();
/// let encoder = TransformerEncoderLayer::new(8, 2).feedforward(16);
/// let decoder = TransformerDecoderLayer::new(8, 2).feedforward(16);
/// let model = Transformer::of(encoder, 1, decoder, 2).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// assert!(params.find("decoder.layers.1.norm3.bias").is_some() && params.find("encoder.norm.weight").is_some());
/// let y = tape::Tape::new().evaluate(&params, |pass| {
///     let (source, target) = (pass.constant([[0.5; 8]; 5]), pass.constant([[0.1; 8]; 3]));
///     let (all, causal) = (AttentionMask::none(), AttentionMask::none().causal());
///     model.forward(pass, source, target, all, causal, all)
/// });
/// assert_eq!(y.shape(), [3, 8]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Transformer<P = ParamId> {
    /// Reads the source.
    pub encoder: TransformerEncoder<P>,
    /// Reads the target, and looks at the source.
    pub decoder: TransformerDecoder<P>,
}

impl Transformer<Init> {
    /// A plan with PyTorch's defaults: six layers each.
    #[must_use]
    pub fn new(d_model: usize, heads: usize) -> Self {
        Self::of(TransformerEncoderLayer::new(d_model, heads), 6, TransformerDecoderLayer::new(d_model, heads), 6)
    }

    /// A plan of so many layers of these plans, with a normalisation behind each stack. Their matrices start as Xavier
    /// uniform.
    #[must_use]
    pub fn of(
        mut encoder: TransformerEncoderLayer<Init>,
        encoders: usize,
        mut decoder: TransformerDecoderLayer<Init>,
        decoders: usize,
    ) -> Self {
        start([&mut encoder.self_attn.out_proj, &mut encoder.linear1, &mut encoder.linear2]);
        start([&mut decoder.self_attn.out_proj, &mut decoder.linear1, &mut decoder.linear2]);
        start([&mut decoder.multihead_attn.out_proj]);
        let encoder = TransformerEncoder::new(encoder, encoders).norm();
        Self { encoder, decoder: TransformerDecoder::new(decoder, decoders).norm() }
    }

    /// Adds the parameters, within `encoder` and `decoder`, and initialises them.
    ///
    /// # Panics
    /// If a name is taken: put models apart with [`Params::within`]. If the heads do not divide the features.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Transformer {
        unwrap(self.try_build(params, rng))
    }

    fn try_build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Result<Transformer, Error> {
        Ok(Transformer {
            encoder: params.within("encoder", |params| self.encoder.try_build(params, rng))?,
            decoder: params.within("decoder", |params| self.decoder.try_build(params, rng))?,
        })
    }
}

/// The weights into the heads start as Xavier uniform anyway.
fn start<const N: usize>(linears: [&mut Linear<Init>; N]) {
    linears.into_iter().for_each(|linear| linear.weight = Init::xavier_uniform(Gain::Linear));
}

impl Transformer {
    /// `[.., s, d_model], [.., n, d_model] -> [.., n, d_model]`. The masks say which of the source may look at which of it,
    /// which of the target at which of it, and which of the target at which of the source.
    ///
    /// # Panics
    /// If an input does not have these axes, a mask does not suit it, or other parameters are bound than the model was
    /// built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(
        &self,
        pass: &Pass<'_, T>,
        source: Tensor<T>,
        target: Tensor<T>,
        source_mask: AttentionMask<T>,
        target_mask: AttentionMask<T>,
        memory_mask: AttentionMask<T>,
    ) -> Tensor<T> {
        let memory = self.encoder.forward(pass, source, source_mask);
        self.decoder.forward(pass, target, memory, target_mask, memory_mask)
    }
}
