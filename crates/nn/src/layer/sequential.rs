//! Layers one after another: each takes what the one before returns.
//!
//! The parameters of layer `i` are named `i.weight`, `i.bias`, ..., where activations count too, as in PyTorch's
//! `nn.Sequential`.
//!
//! A sequence is a list of a closed enumeration, [`Layer`]: it is built in a loop, compared, printed and cloned, and no
//! call goes through a table of functions. A layer of one's own is not put into it but stands beside it, in a struct
//! with a `forward`; see the crate's first page.

use rand::Rng;
use tape::{ParamId, Params, Pass, PerAxis, Pooling, Real, Tensor};

use crate::error::{Error, unwrap};
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
    fn try_build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Result<Layer, Error> {
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

/// Layers one after another. An empty sequence returns its input.
///
/// `Sequential::new` is a plan; [`build`](Sequential::build) adds its parameters and gives the layer, the `Sequential`
/// that stands in the fields of a model.
///
/// ```
/// use nn::{Activation, Init, Linear, Sequential};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut plan = Sequential::new();
/// for width in [4, 3] {
///     plan = plan.layer(Linear::new(width, width - 1).bias(Init::constant(0.0))).layer(Activation::Relu);
/// }
/// let mut params = tape::Params::<f32>::new();
/// let model = plan.linear(2, 1).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// assert_eq!(model.layers().len(), 5);
/// let names: Vec<_> = params.iter().map(|(_, parameter)| parameter.name()).collect();
/// assert_eq!(names, ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sequential<P = ParamId> {
    layers: Vec<Layer<P>>,
}

impl<P> Sequential<P> {
    /// The layers in order.
    #[must_use]
    pub fn layers(&self) -> &[Layer<P>] {
        &self.layers
    }
}

/// A sequence of layers that are there already: planned ones, or built ones, of which one may stand in several sequences
/// that then share its parameters.
///
/// ```
/// use nn::{Layer, Linear, Sequential};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let step = Linear::new(2, 2).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// let twice: Sequential = [Layer::from(step), step.into()].into_iter().collect();
/// assert_eq!((twice.layers().len(), params.len()), (2, 2));
/// ```
impl<P> FromIterator<Layer<P>> for Sequential<P> {
    fn from_iter<I: IntoIterator<Item = Layer<P>>>(layers: I) -> Self {
        Self { layers: layers.into_iter().collect() }
    }
}

impl Default for Sequential<Init> {
    fn default() -> Self {
        Self::new()
    }
}

impl Sequential<Init> {
    /// A plan without layers.
    #[must_use]
    pub const fn new() -> Self {
        Self { layers: Vec::new() }
    }

    /// Then a layer with settings of its own, an activation, or another sequence.
    #[must_use]
    pub fn layer(mut self, layer: impl Into<Layer<Init>>) -> Self {
        self.layers.push(layer.into());
        self
    }

    /// Then a fully connected layer, [`Linear::new`].
    #[must_use]
    pub fn linear(self, in_features: usize, out_features: usize) -> Self {
        self.layer(Linear::new(in_features, out_features))
    }

    /// Then a convolution over one axis, [`Conv1d::new`](crate::Conv::new).
    #[must_use]
    pub fn conv1d(self, in_channels: usize, out_channels: usize, kernel_size: impl Into<PerAxis<1>>) -> Self {
        self.layer(Conv1d::new(in_channels, out_channels, kernel_size))
    }

    /// Then a convolution over two axes, [`Conv2d::new`](crate::Conv::new).
    #[must_use]
    pub fn conv2d(self, in_channels: usize, out_channels: usize, kernel_size: impl Into<PerAxis<2>>) -> Self {
        self.layer(Conv2d::new(in_channels, out_channels, kernel_size))
    }

    /// Then a convolution over three axes, [`Conv3d::new`](crate::Conv::new).
    #[must_use]
    pub fn conv3d(self, in_channels: usize, out_channels: usize, kernel_size: impl Into<PerAxis<3>>) -> Self {
        self.layer(Conv3d::new(in_channels, out_channels, kernel_size))
    }

    /// Then the largest element of every window over two axes; windows adjoin.
    #[must_use]
    pub fn max_pool2d(self, size: impl Into<PerAxis<2>>) -> Self {
        self.layer(Pool::MaxPool2d(Pooling::new(size)))
    }

    /// Then the mean of every window over two axes; windows adjoin.
    #[must_use]
    pub fn avg_pool2d(self, size: impl Into<PerAxis<2>>) -> Self {
        self.layer(Pool::AvgPool2d(Pooling::new(size)))
    }

    /// Then the mean of every channel: [`Pool::GlobalAvgPool`].
    #[must_use]
    pub fn global_avg_pool(self) -> Self {
        self.layer(Pool::GlobalAvgPool)
    }

    /// Then all axes but the batch's as one: `[n, ..] -> [n, features]`.
    #[must_use]
    pub fn flatten(self) -> Self {
        self.layer(Reshape::Flatten { start: 1, end: -1 })
    }

    /// Then layers that the input is added to: [`Residual::new`].
    #[must_use]
    pub fn residual(self, body: Self) -> Self {
        self.layer(Residual::new(body))
    }

    /// Then [`Activation::Relu`].
    #[must_use]
    pub fn relu(self) -> Self {
        self.layer(Activation::Relu)
    }

    /// Then [`Activation::Tanh`].
    #[must_use]
    pub fn tanh(self) -> Self {
        self.layer(Activation::Tanh)
    }

    /// Then [`Activation::Sigmoid`].
    #[must_use]
    pub fn sigmoid(self) -> Self {
        self.layer(Activation::Sigmoid)
    }

    /// Then [`Activation::LeakyRelu`] with this slope.
    #[must_use]
    pub fn leaky_relu(self, slope: f64) -> Self {
        self.layer(Activation::LeakyRelu { slope })
    }

    /// Then [`Activation::Gelu`].
    #[must_use]
    pub fn gelu(self) -> Self {
        self.layer(Activation::Gelu)
    }

    /// Then [`Activation::Silu`].
    #[must_use]
    pub fn silu(self) -> Self {
        self.layer(Activation::Silu)
    }

    /// Then [`Activation::Softmax`] along an axis.
    #[must_use]
    pub fn softmax(self, axis: isize) -> Self {
        self.layer(Activation::Softmax { axis })
    }

    /// Then [`Activation::LogSoftmax`] along an axis.
    #[must_use]
    pub fn log_softmax(self, axis: isize) -> Self {
        self.layer(Activation::LogSoftmax { axis })
    }

    /// Then [`Dropout`] with this probability.
    ///
    /// # Panics
    /// If it is not from 0 to 1.
    #[must_use]
    #[track_caller]
    pub fn dropout(self, p: f64) -> Self {
        self.layer(Dropout::new(p))
    }

    /// Adds the parameters of all layers, in order, each layer's within its position, and initialises them.
    ///
    /// # Panics
    /// If a name is taken: put sequences apart with [`Params::within`]. Where a layer's own `build` does.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Sequential {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Sequential, Error> {
        let layers = self.layers.into_iter().enumerate();
        let layers = layers
            .map(|(position, layer)| params.within(&position.to_string(), |params| layer.try_build(params, rng)))
            .collect::<Result<_, _>>()?;
        Ok(Sequential { layers })
    }
}

impl Sequential {
    /// The last layer's output.
    ///
    /// # Panics
    /// Where a layer's own `forward` does.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        // A loop, where a fold would hide the caller's line from a panic.
        let mut x = x;
        for layer in &self.layers {
            x = layer.forward(pass, x);
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::Tape;

    use super::*;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(31)
    }

    #[test]
    fn layers_are_applied_in_order() {
        let mut params = Params::<f64>::new();
        let halve = Linear::new(1, 1).weight(Init::constant(0.5)).bias(Init::constant(-1.0));
        let model = Sequential::new().layer(halve).relu().layer(halve.without_bias()).build(&mut params, &mut rng());
        let y = Tape::new().evaluate(&params, |pass| model.forward(pass, pass.constant([[8.0], [1.0]])));
        assert_eq!(y, array![[1.5], [0.0]].into_dyn());
    }

    #[test]
    fn an_empty_sequence_returns_its_input() {
        let (mut params, x) = (Params::<f64>::new(), array![1.0, 2.0].into_dyn());
        let model = Sequential::new().build(&mut params, &mut rng());
        assert_eq!(Tape::new().evaluate(&params, |pass| model.forward(pass, pass.constant(&x))), x);
    }

    #[test]
    fn a_sequence_in_a_sequence_is_named_by_both_positions() {
        let mut params = Params::<f64>::new();
        let block = Sequential::new().tanh().linear(2, 2);
        let plan = Sequential::new().layer(block.clone()).layer(block);
        params.within("encoder", |params| plan.build(params, &mut rng()));
        let names: Vec<_> = params.iter().map(|(_, parameter)| parameter.name()).collect();
        assert_eq!(names, ["encoder.0.1.weight", "encoder.0.1.bias", "encoder.1.1.weight", "encoder.1.1.bias"]);
    }

    #[test]
    fn one_seed_makes_one_model() {
        let build = |seed| {
            let mut params = Params::<f32>::new();
            let plan = Sequential::new().linear(3, 4).sigmoid().linear(4, 2).log_softmax(-1);
            let _ = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(seed));
            params.values().to_vec()
        };
        assert_eq!(build(1), build(1));
        assert_ne!(build(1), build(2));
    }
}
