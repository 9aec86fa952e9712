//! Layers one after another: each takes what the one before returns.
//!
//! The parameters of layer `i` are named `i.weight`, `i.bias`, ..., where activations count too, as in PyTorch's
//! `nn.Sequential`.
//!
//! A layer of one's own is not put into a sequence but stands beside it, in a struct with a `forward`; see the crate's
//! first page.

use rand::Rng;
use tape::{ParamId, Params, Pass, PerAxis, Pooling, Real, Tensor};

use crate::error::{Error, unwrap};
use crate::init::Init;
use crate::layer::activation::Activation;
use crate::layer::chained::Layer;
use crate::layer::convolution::{Conv1d, Conv2d, Conv3d};
use crate::layer::dropout::Dropout;
use crate::layer::linear::Linear;
use crate::layer::pool::Pool;
use crate::layer::reshape::Reshape;
use crate::layer::residual::Residual;

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
