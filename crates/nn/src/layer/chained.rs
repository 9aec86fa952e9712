//! Which layers fit a chain?
//!
//! Those of a closed enumeration: a list of them is built in a loop, compared, printed and cloned, and no call goes
//! through a table of functions.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Tensor};

use crate::error::Error;
use crate::init::Init;
use crate::layer::activation::Activation;
use crate::layer::attention::mask::AttentionMask;
use crate::layer::conv_transpose::{ConvTranspose1d, ConvTranspose2d, ConvTranspose3d};
use crate::layer::convolution::{Conv1d, Conv2d, Conv3d};
use crate::layer::dropout::{AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout};
use crate::layer::linear::Linear;
use crate::layer::norm::batch_norm::{BatchNorm1d, BatchNorm2d, BatchNorm3d};
use crate::layer::norm::group_norm::GroupNorm;
use crate::layer::norm::instance_norm::{InstanceNorm1d, InstanceNorm2d, InstanceNorm3d};
use crate::layer::norm::layer_norm::LayerNorm;
use crate::layer::norm::rms_norm::RmsNorm;
use crate::layer::pool::Pool;
use crate::layer::position::SinusoidalPositions;
use crate::layer::prelu::Prelu;
use crate::layer::reshape::Reshape;
use crate::layer::residual::Residual;
use crate::layer::sequential::Sequential;
use crate::layer::transformer::encoder::TransformerEncoder;
use crate::layer::upsample::Upsample;

/// One layer of a [`Sequential`], planned or built.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Layer<P = ParamId> {
    /// A fully connected layer.
    Linear(Linear<P>),
    /// A convolution over one axis.
    Conv1d(Conv1d<P>),
    /// A convolution over two axes.
    Conv2d(Conv2d<P>),
    /// A convolution over three axes.
    Conv3d(Conv3d<P>),
    /// A transposed convolution over one axis.
    ConvTranspose1d(ConvTranspose1d<P>),
    /// A transposed convolution over two axes.
    ConvTranspose2d(ConvTranspose2d<P>),
    /// A transposed convolution over three axes.
    ConvTranspose3d(ConvTranspose3d<P>),
    /// A pool.
    Pool(Pool),
    /// The same elements in another shape.
    Reshape(Reshape),
    /// The same image on another grid.
    Upsample(Upsample),
    /// Layer normalisation.
    LayerNorm(LayerNorm<P>),
    /// Root mean square normalisation.
    RmsNorm(RmsNorm<P>),
    /// Group normalisation.
    GroupNorm(GroupNorm<P>),
    /// Instance normalisation with one axis behind the channels.
    InstanceNorm1d(InstanceNorm1d<P>),
    /// Instance normalisation with two axes behind the channels.
    InstanceNorm2d(InstanceNorm2d<P>),
    /// Instance normalisation with three axes behind the channels.
    InstanceNorm3d(InstanceNorm3d<P>),
    /// Batch normalisation with at most one axis behind the channels.
    BatchNorm1d(BatchNorm1d<P>),
    /// Batch normalisation with two axes behind the channels.
    BatchNorm2d(BatchNorm2d<P>),
    /// Batch normalisation with three axes behind the channels.
    BatchNorm3d(BatchNorm3d<P>),
    /// Elements left out in training.
    Dropout(Dropout),
    /// Channels left out in training, with one axis behind them.
    Dropout1d(Dropout1d),
    /// Channels left out in training, with two axes behind them.
    Dropout2d(Dropout2d),
    /// Channels left out in training, with three axes behind them.
    Dropout3d(Dropout3d),
    /// Elements replaced in training so that mean and variance stay.
    AlphaDropout(AlphaDropout),
    /// Channels replaced in training so that mean and variance stay.
    FeatureAlphaDropout(FeatureAlphaDropout),
    /// Waves that tell tokens their positions.
    SinusoidalPositions(SinusoidalPositions),
    /// Tokens that look at one another, all of them at all.
    TransformerEncoder(TransformerEncoder<P>),
    /// An activation without parameters.
    Activation(Activation),
    /// The rectifier whose slope is learnt.
    Prelu(Prelu<P>),
    /// Layers that are passed by.
    Residual(Residual<P>),
    /// A sequence in a sequence.
    Sequential(Sequential<P>),
}

macro_rules! from_layers {
    ($($variant:ident $layer:ty;)*) => {
    $(
        impl<P> From<$layer> for Layer<P> {
            fn from(layer: $layer) -> Self {
                Self::$variant(layer)
            }
        }
    )*

        impl<P> Layer<P> {
            fn variant(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($variant),)*
                }
            }
        }
    };
}
from_layers! {
    Linear Linear<P>;
    Conv1d Conv1d<P>;
    Conv2d Conv2d<P>;
    Conv3d Conv3d<P>;
    ConvTranspose1d ConvTranspose1d<P>;
    ConvTranspose2d ConvTranspose2d<P>;
    ConvTranspose3d ConvTranspose3d<P>;
    Pool Pool;
    Reshape Reshape;
    Upsample Upsample;
    LayerNorm LayerNorm<P>;
    RmsNorm RmsNorm<P>;
    GroupNorm GroupNorm<P>;
    InstanceNorm1d InstanceNorm1d<P>;
    InstanceNorm2d InstanceNorm2d<P>;
    InstanceNorm3d InstanceNorm3d<P>;
    BatchNorm1d BatchNorm1d<P>;
    BatchNorm2d BatchNorm2d<P>;
    BatchNorm3d BatchNorm3d<P>;
    Dropout Dropout;
    Dropout1d Dropout1d;
    Dropout2d Dropout2d;
    Dropout3d Dropout3d;
    AlphaDropout AlphaDropout;
    FeatureAlphaDropout FeatureAlphaDropout;
    SinusoidalPositions SinusoidalPositions;
    TransformerEncoder TransformerEncoder<P>;
    Activation Activation;
    Prelu Prelu<P>;
    Residual Residual<P>;
    Sequential Sequential<P>;
}

impl<P> Layer<P> {
    /// What kind of layer it is, as its type is called, or its variant where one type stands for many.
    pub(crate) fn kind(&self) -> String {
        let printed = if let Self::Pool(layer) = self {
            format!("{layer:?}")
        } else if let Self::Reshape(layer) = self {
            format!("{layer:?}")
        } else if let Self::Activation(layer) = self {
            format!("{layer:?}")
        } else {
            return self.variant().to_owned();
        };
        // The settings of a variant are printed behind its name.
        printed.split(['(', ' ']).next().unwrap_or_default().to_owned()
    }
}

impl Layer<Init> {
    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Layer, Error> {
        Ok(match self {
            Self::Linear(layer) => layer.try_build(params, rng)?.into(),
            Self::Conv1d(layer) => layer.try_build(params, rng)?.into(),
            Self::Conv2d(layer) => layer.try_build(params, rng)?.into(),
            Self::Conv3d(layer) => layer.try_build(params, rng)?.into(),
            Self::ConvTranspose1d(layer) => layer.try_build(params, rng)?.into(),
            Self::ConvTranspose2d(layer) => layer.try_build(params, rng)?.into(),
            Self::ConvTranspose3d(layer) => layer.try_build(params, rng)?.into(),
            Self::Pool(layer) => layer.into(),
            Self::Reshape(layer) => layer.into(),
            Self::Upsample(layer) => layer.into(),
            Self::LayerNorm(layer) => layer.try_build(params, rng)?.into(),
            Self::RmsNorm(layer) => layer.try_build(params, rng)?.into(),
            Self::GroupNorm(layer) => layer.try_build(params, rng)?.into(),
            Self::InstanceNorm1d(layer) => layer.try_build(params, rng)?.into(),
            Self::InstanceNorm2d(layer) => layer.try_build(params, rng)?.into(),
            Self::InstanceNorm3d(layer) => layer.try_build(params, rng)?.into(),
            Self::BatchNorm1d(layer) => layer.try_build(params, rng)?.into(),
            Self::BatchNorm2d(layer) => layer.try_build(params, rng)?.into(),
            Self::BatchNorm3d(layer) => layer.try_build(params, rng)?.into(),
            Self::Dropout(layer) => layer.into(),
            Self::Dropout1d(layer) => layer.into(),
            Self::Dropout2d(layer) => layer.into(),
            Self::Dropout3d(layer) => layer.into(),
            Self::AlphaDropout(layer) => layer.into(),
            Self::FeatureAlphaDropout(layer) => layer.into(),
            Self::SinusoidalPositions(layer) => layer.into(),
            Self::TransformerEncoder(layer) => layer.try_build(params, rng)?.into(),
            Self::Activation(layer) => layer.into(),
            Self::Prelu(layer) => layer.try_build(params, rng)?.into(),
            Self::Residual(layer) => layer.try_build(params, rng)?.into(),
            Self::Sequential(layer) => layer.try_build(params, rng)?.into(),
        })
    }
}

impl Layer {
    /// The layer's output; the layer itself says of which shape.
    ///
    /// # Panics
    /// Where the layer's own `forward` does.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        match self {
            Self::Linear(layer) => layer.forward(pass, x),
            Self::Conv1d(layer) => layer.forward(pass, x),
            Self::Conv2d(layer) => layer.forward(pass, x),
            Self::Conv3d(layer) => layer.forward(pass, x),
            Self::ConvTranspose1d(layer) => layer.forward(pass, x),
            Self::ConvTranspose2d(layer) => layer.forward(pass, x),
            Self::ConvTranspose3d(layer) => layer.forward(pass, x),
            Self::Pool(layer) => layer.forward(x),
            Self::Reshape(layer) => layer.forward(x),
            Self::Upsample(layer) => layer.forward(x),
            Self::LayerNorm(layer) => layer.forward(pass, x),
            Self::RmsNorm(layer) => layer.forward(pass, x),
            Self::GroupNorm(layer) => layer.forward(pass, x),
            Self::InstanceNorm1d(layer) => layer.forward(pass, x),
            Self::InstanceNorm2d(layer) => layer.forward(pass, x),
            Self::InstanceNorm3d(layer) => layer.forward(pass, x),
            Self::BatchNorm1d(layer) => layer.forward(pass, x),
            Self::BatchNorm2d(layer) => layer.forward(pass, x),
            Self::BatchNorm3d(layer) => layer.forward(pass, x),
            Self::Dropout(layer) => layer.forward(pass, x),
            Self::Dropout1d(layer) => layer.forward(pass, x),
            Self::Dropout2d(layer) => layer.forward(pass, x),
            Self::Dropout3d(layer) => layer.forward(pass, x),
            Self::AlphaDropout(layer) => layer.forward(pass, x),
            Self::FeatureAlphaDropout(layer) => layer.forward(pass, x),
            Self::SinusoidalPositions(layer) => layer.forward(pass, x),
            Self::TransformerEncoder(layer) => layer.forward(pass, x, AttentionMask::none()),
            Self::Activation(layer) => layer.forward(x),
            Self::Prelu(layer) => layer.forward(pass, x),
            Self::Residual(layer) => layer.forward(pass, x),
            Self::Sequential(layer) => layer.forward(pass, x),
        }
    }
}
