//! Transposed convolutions over one, two and three spatial axes: every element puts a copy of the kernels, times itself,
//! where the convolution of the same settings would have read it.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[n, in_channels, windows..] -> [n, out_channels, lengths..]`, or both without the batch's axis |
//! | lengths | `(windows - 1) stride + dilation (size - 1) + 1 - before - behind + output_padding` along an axis |
//! | `weight` | `[in_channels, out_channels / groups, sizes..]`, from U(±1/√fan), fan = out_channels / groups · Π sizes |
//! | `bias` | `[out_channels]`, from U(±1/√fan) |
//!
//! V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285, 2016.
//! PyTorch: `nn.ConvTranspose1d`, `nn.ConvTranspose2d`, `nn.ConvTranspose3d`, whose names, layouts, defaults and initial
//! distributions these are. Departures: the padding may be another one before than behind; `output_size` in the call does
//! not exist, the output padding says the same.

use rand::Rng;
use tape::{Convolution, Margins, ParamId, Params, Pass, PerAxis, Real, Shape, Tensor};

use super::convolution::{batched, bias_start, check_groups, finish, weight_start};
use crate::error::{Error, unwrap};
use crate::init::Init;

/// A transposed convolution over `D` spatial axes; [`ConvTranspose1d`], [`ConvTranspose2d`] and [`ConvTranspose3d`] are
/// those that there are.
///
/// `ConvTranspose2d::new` is a plan; [`build`](ConvTranspose::build) adds its parameters and gives the layer. Each setting
/// is one number for all axes or an array.
///
/// ```
/// use ndarray::array;
/// use nn::ConvTranspose1d;
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let plan = ConvTranspose1d::new(1, 1, 3).stride(2).without_bias();
/// let layer = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// params.view_mut(layer.weight).assign(&array![[[1.0, 10.0, 100.0]]]);
/// let y = tape::Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant([[1.0, 2.0]])));
/// assert_eq!(y, array![[1.0, 10.0, 102.0, 20.0, 200.0]].into_dyn());
/// ```
#[doc(alias = "deconvolution")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConvTranspose<const D: usize, P = ParamId> {
    /// How many channels the input has.
    pub in_channels: usize,
    /// How many channels the output has.
    pub out_channels: usize,
    /// How many elements the kernel has along each axis.
    pub kernel_size: [usize; D],
    /// How far apart the input's elements come to lie.
    pub stride: [usize; D],
    /// How many elements are taken away before and behind each axis of the output.
    pub padding: [(usize, usize); D],
    /// How many elements more the output has behind each axis.
    pub output_padding: [usize; D],
    /// How far apart the elements of one kernel come to lie.
    pub dilation: [usize; D],
    /// Into how many groups the channels are split, each of which is convolved by itself.
    pub groups: usize,
    /// `[in_channels, out_channels / groups, sizes..]`.
    pub weight: P,
    /// `[out_channels]`.
    pub bias: Option<P>,
}

/// A transposed convolution over one axis; see [`ConvTranspose`].
pub type ConvTranspose1d<P = ParamId> = ConvTranspose<1, P>;
/// A transposed convolution over two axes; see [`ConvTranspose`].
pub type ConvTranspose2d<P = ParamId> = ConvTranspose<2, P>;
/// A transposed convolution over three axes, of which the first is the depth; see [`ConvTranspose`].
pub type ConvTranspose3d<P = ParamId> = ConvTranspose<3, P>;

impl<const D: usize, P> ConvTranspose<D, P> {
    const NAME: &'static str = ["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"][D - 1];
}

impl<const D: usize> ConvTranspose<D, Init> {
    /// A plan of a transposed convolution with stride 1, no padding, dilation 1, one group and a bias, initialised as
    /// PyTorch's.
    #[must_use]
    pub fn new(in_channels: usize, out_channels: usize, kernel_size: impl Into<PerAxis<D>>) -> Self {
        let kernel_size: [usize; D] = kernel_size.into().into();
        Self {
            in_channels,
            out_channels,
            kernel_size,
            stride: [1; D],
            padding: [(0, 0); D],
            output_padding: [0; D],
            dilation: [1; D],
            groups: 1,
            weight: weight_start(),
            bias: Some(bias_start(out_channels, 1, &kernel_size)),
        }
    }

    /// How far apart the input's elements come to lie.
    #[must_use]
    pub fn stride(self, stride: impl Into<PerAxis<D>>) -> Self {
        Self { stride: stride.into().into(), ..self }
    }

    /// How many elements are taken away before and behind each axis of the output.
    #[must_use]
    pub fn padding(self, padding: impl Into<Margins<D>>) -> Self {
        Self { padding: padding.into().into(), ..self }
    }

    /// How many elements more the output has behind each axis, less than the stride or the dilation: convolutions of several
    /// lengths give the same length when the stride does not fit, and this says which of them to go back to.
    #[must_use]
    pub fn output_padding(self, output_padding: impl Into<PerAxis<D>>) -> Self {
        Self { output_padding: output_padding.into().into(), ..self }
    }

    /// How far apart the elements of one kernel come to lie.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<PerAxis<D>>) -> Self {
        Self { dilation: dilation.into().into(), ..self }
    }

    /// Into how many groups the channels are split.
    #[must_use]
    pub fn groups(self, groups: usize) -> Self {
        // A bias that was not chosen follows the fan, which is that of one group.
        let start = |groups| bias_start(self.out_channels, groups, &self.kernel_size);
        let bias = if self.bias == Some(start(self.groups)) { Some(start(groups)) } else { self.bias };
        Self { groups, bias, ..self }
    }

    /// With the weight initialised this way.
    #[must_use]
    pub fn weight(self, weight: Init) -> Self {
        Self { weight, ..self }
    }

    /// With a bias, initialised this way.
    #[must_use]
    pub fn bias(self, bias: Init) -> Self {
        Self { bias: Some(bias), ..self }
    }

    /// Without a bias.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    /// Adds the parameters `weight` and `bias`, in this order, and initialises them.
    ///
    /// # Panics
    /// If a name is taken: put layers apart with [`Params::within`]. If the groups do not divide the channels, or an
    /// initialiser does not suit its parameter.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> ConvTranspose<D> {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<ConvTranspose<D>, Error> {
        let Self { in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation, groups, .. } =
            self;
        check_groups(Self::NAME, [in_channels, out_channels], groups)?;
        let shape: Shape = [in_channels, out_channels / groups].into_iter().chain(kernel_size).collect();
        let weight = params.try_add("weight", &self.weight.try_array(shape, rng)?)?;
        let bias = match self.bias {
            Some(bias) => Some(params.try_add("bias", &bias.try_array([out_channels], rng)?)?),
            None => None,
        };
        Ok(ConvTranspose {
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            output_padding,
            dilation,
            groups,
            weight,
            bias,
        })
    }
}

/// The `forward` of each number of axes.
macro_rules! forwards {
    ($($axes:literal $method:ident $windows:literal $lengths:literal;)*) => {$(
        impl ConvTranspose<$axes> {
            #[doc = concat!("`[n, in_channels, ", $windows, "] -> [n, out_channels, ", $lengths, "]`, or both without n.")]
            ///
            /// # Panics
            /// If the input has other axes or channels, if the padding takes the whole output away, if a stride or a
            /// dilation is 0 or the output padding as large as both, or if other parameters are bound than the layer was
            /// built with.
            #[must_use]
            #[track_caller]
            pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
                let (x, alone) = batched(Self::NAME, x, self.in_channels, $axes);
                let settings = Convolution::new()
                    .stride(self.stride)
                    .padding(self.padding)
                    .output_padding(self.output_padding)
                    .dilation(self.dilation)
                    .groups(self.groups);
                let y = x.$method(pass.parameter(self.weight), settings);
                finish(y, self.bias.map(|bias| pass.parameter(bias)), self.out_channels, alone)
            }
        }
    )*};
}
forwards! {
    1 conv_transpose1d "windows" "length";
    2 conv_transpose2d "rows, columns" "height, width";
    3 conv_transpose3d "planes, rows, columns" "depth, height, width";
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::Tape;

    use super::*;
    use crate::layer::convolution::Conv1d;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(24)
    }

    #[test]
    fn parameters_have_pytorchs_layout_and_fan() {
        let mut params = Params::<f64>::new();
        let layer = ConvTranspose2d::new(40, 6, [5, 3]).groups(2).build(&mut params, &mut rng());
        assert_eq!(*params.parameter(layer.weight).shape(), [40, 3, 5, 3]);
        let bound = 1.0 / 45.0_f64.sqrt();
        let largest = params.values().iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        assert!(largest > 0.95 * bound && largest <= bound * (1.0 + 1e-15), "{largest} within {bound}");
    }

    /// `<conv x, y> = <x, conv_transpose y>` for the same weight and settings.
    #[test]
    fn it_is_the_transpose_of_the_convolution() {
        let mut params = Params::<f64>::new();
        let plan = Conv1d::new(4, 6, 3).stride(2).padding((2, 1)).groups(2).without_bias();
        let layer = plan.build(&mut params, &mut rng());
        let back = ConvTranspose1d::new(6, 4, 3).stride(2).padding((2, 1)).output_padding(1).groups(2);
        let transposed = ConvTranspose1d {
            weight: layer.weight,
            bias: None,
            ..back.without_bias().build(&mut Params::<f64>::new(), &mut rng())
        };
        let numbers = Init::normal(0.0, 1.0);
        let (x, y) = (numbers.array::<f64>([2, 4, 9], &mut rng()), numbers.array::<f64>([2, 6, 5], &mut rng()));
        let tape = Tape::new();
        let pass = tape.bind(&params);
        let (x, y) = (pass.constant(&x), pass.constant(&y));
        let one = (layer.forward(&pass, x) * y).sum().item();
        let other = (transposed.forward(&pass, y) * x).sum().item();
        assert!((one - other).abs() < 1e-13 * one.abs(), "{one} and {other}");
    }

    #[test]
    #[should_panic(expected = "ConvTranspose1d: groups 0: they must divide in_channels and out_channels")]
    fn no_groups_are_refused() {
        let _ = ConvTranspose1d::new(3, 4, 1).groups(0).build(&mut Params::<f32>::new(), &mut rng());
    }

    #[test]
    #[should_panic(expected = "ConvTranspose1d: input of shape [1, 3, 5]: expected [n, 2, length] or [2, length]")]
    fn another_number_of_channels_is_refused() {
        let mut params = Params::<f64>::new();
        let layer = ConvTranspose1d::new(2, 1, 3).build(&mut params, &mut rng());
        let x = Array3::zeros([1, 3, 5]);
        let _ = Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant(&x)));
    }

    #[test]
    #[should_panic(expected = "conv_transpose1d: an output padding must be smaller than the stride or the dilation")]
    fn an_output_padding_as_large_as_the_stride_is_refused() {
        let mut params = Params::<f64>::new();
        let layer = ConvTranspose1d::new(1, 1, 3).output_padding(1).build(&mut params, &mut rng());
        let _ = Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant([[1.0, 2.0]])));
    }
}
