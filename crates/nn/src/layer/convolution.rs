//! Convolutions over one, two and three spatial axes: windows of the input, each multiplied with the same kernels.
//!
//! `y[n, o, i] = b[o] + Σ_c Σ_k W[o, c, k] x[n, c, i stride + k dilation - padding]`, with an i and a k for each axis. Like
//! PyTorch's, it does not turn the kernel round.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[n, in_channels, lengths..] -> [n, out_channels, windows..]`, or both without the batch's axis |
//! | windows | `(length + before + behind - dilation (size - 1) - 1) / stride + 1` along an axis, rounded down |
//! | `weight` | `[out_channels, in_channels / groups, sizes..]`, from U(±1/√fan), fan = in_channels / groups · Π sizes |
//! | `bias` | `[out_channels]`, from U(±1/√fan) |
//!
//! Y. LeCun et al., "Backpropagation applied to handwritten zip code recognition", Neural Computation 1 (4), 1989.
//! PyTorch: `nn.Conv1d`, `nn.Conv2d`, `nn.Conv3d`, whose names, layouts, defaults and initial distributions these are; it
//! writes the weight's as Kaiming uniform with a = √5. Departures: the padding may be another one before than behind, and
//! `same` goes with every stride (PyTorch: with 1 alone): it is the padding with which stride 1 keeps the lengths.

use std::iter::{once, repeat_n};

use rand::Rng;
use tape::{Convolution, Margins, Padding, ParamId, Params, Pass, PerAxis, Real, Shape, Tensor};

use crate::error::{Error, unwrap};
use crate::init::{Fan, Gain, Init};

/// How much padding a convolution adds before and behind each of its axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvPadding<const D: usize> {
    /// So many elements before and behind each axis.
    Margins([(usize, usize); D]),
    /// As much as it takes for stride 1 to keep the lengths; of an odd number, the half that is one larger stands behind.
    Same,
}

/// What the padding of a convolution is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaddingMode {
    /// Zeros.
    Zeros,
    /// The elements in a mirror that stands on the first and on the last: `3 2 | 1 2 3 | 2 1`.
    Reflect,
    /// The first and the last element: `1 1 | 1 2 3 | 3 3`.
    Replicate,
    /// The elements from the other end: `2 3 | 1 2 3 | 1 2`.
    Circular,
}

/// A convolution over `D` spatial axes; [`Conv1d`], [`Conv2d`] and [`Conv3d`] are those that there are.
///
/// `Conv2d::new` is a plan; [`build`](Conv::build) adds its parameters and gives the layer. Each setting is one number for
/// all axes or an array.
///
/// ```
/// use ndarray::array;
/// use nn::{Conv2d, Init};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let plan = Conv2d::new(1, 1, [1, 2]).bias(Init::constant(100.0));
/// let layer = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// params.view_mut(layer.weight).assign(&array![[[[1.0, 10.0]]]]);
/// let x = array![[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]];
/// let y = tape::Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant(&x)));
/// assert_eq!(y, array![[[[121.0, 132.0], [154.0, 165.0]]]].into_dyn());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conv<const D: usize, P = ParamId> {
    /// How many channels the input has.
    pub in_channels: usize,
    /// How many channels the output has.
    pub out_channels: usize,
    /// How many elements the kernel has along each axis.
    pub kernel_size: [usize; D],
    /// How far apart two windows begin.
    pub stride: [usize; D],
    /// How much padding is added.
    pub padding: ConvPadding<D>,
    /// What the padding is made of.
    pub padding_mode: PaddingMode,
    /// How far apart the elements in one window lie.
    pub dilation: [usize; D],
    /// Into how many groups the channels are split, each of which is convolved by itself.
    pub groups: usize,
    /// `[out_channels, in_channels / groups, sizes..]`.
    pub weight: P,
    /// `[out_channels]`.
    pub bias: Option<P>,
}

/// A convolution over one axis: `[n, in_channels, length] -> [n, out_channels, windows]`; see [`Conv`].
pub type Conv1d<P = ParamId> = Conv<1, P>;
/// A convolution over two axes: `[n, in_channels, height, width] -> [n, out_channels, rows, columns]`; see [`Conv`].
pub type Conv2d<P = ParamId> = Conv<2, P>;
/// A convolution over three axes, of which the first is the depth; see [`Conv`].
pub type Conv3d<P = ParamId> = Conv<3, P>;

/// PyTorch's start of the bias: uniform within one over the root of the fan, and 0 if there is none.
pub(super) fn bias_start(channels: usize, groups: usize, kernel_size: &[usize]) -> Init {
    let fan = channels.checked_div(groups).unwrap_or(0) * kernel_size.iter().product::<usize>();
    let bound = if fan == 0 { 0.0 } else { 1.0 / (fan as f64).sqrt() };
    Init::uniform(-bound, bound)
}

/// PyTorch's start of the weight: the same bound.
pub(super) fn weight_start() -> Init {
    Init::kaiming_uniform(Gain::LeakyRelu(5.0_f64.sqrt()), Fan::In)
}

/// Refuses groups that do not divide both numbers of channels.
pub(super) fn check_groups(layer: &'static str, channels: [usize; 2], groups: usize) -> Result<(), Error> {
    if groups > 0 && channels.iter().all(|channels| channels.is_multiple_of(groups)) {
        return Ok(());
    }
    let rule = "they must divide in_channels and out_channels";
    Err(Error::Setting { layer, setting: "groups", value: groups.to_string(), rule })
}

/// The input with an axis for the batch, and whether it had none.
#[track_caller]
pub(super) fn batched<T: Real>(layer: &'static str, x: Tensor<T>, channels: usize, axes: usize) -> (Tensor<T>, bool) {
    let input = x.shape();
    let alone = input.rank() == axes + 1;
    if !(alone || input.rank() == axes + 2) || input[usize::from(!alone)] != channels {
        let lengths = ["depth", "height", "width"];
        let lengths = if axes == 1 { "length".to_owned() } else { lengths[3 - axes..].join(", ") };
        let expected = format!("[n, {channels}, {lengths}] or [{channels}, {lengths}]");
        panic!("{}", Error::Input { layer, input, expected });
    }
    (if alone { x.unsqueeze(0) } else { x }, alone)
}

/// The output with the bias of each channel, without the batch's axis if the input had none.
#[track_caller]
pub(super) fn finish<T: Real>(y: Tensor<T>, bias: Option<Tensor<T>>, channels: usize, alone: bool) -> Tensor<T> {
    let y = match bias {
        Some(bias) => {
            let windows = y.shape().rank() - 2;
            y + bias.reshape(once(channels).chain(repeat_n(1, windows)).collect::<Shape>())
        }
        None => y,
    };
    if alone { y.squeeze(0) } else { y }
}

impl<const D: usize, P> Conv<D, P> {
    const NAME: &'static str = ["Conv1d", "Conv2d", "Conv3d"][D - 1];

    /// The padding as numbers of elements.
    fn margins(&self) -> [(usize, usize); D] {
        match self.padding {
            ConvPadding::Margins(margins) => margins,
            ConvPadding::Same => std::array::from_fn(|axis| {
                let more = self.dilation[axis] * self.kernel_size[axis].saturating_sub(1);
                (more / 2, more - more / 2)
            }),
        }
    }
}

impl<const D: usize> Conv<D, Init> {
    /// A plan of a convolution with stride 1, no padding, dilation 1, one group and a bias, initialised as PyTorch's.
    #[must_use]
    pub fn new(in_channels: usize, out_channels: usize, kernel_size: impl Into<PerAxis<D>>) -> Self {
        let kernel_size: [usize; D] = kernel_size.into().into();
        Self {
            in_channels,
            out_channels,
            kernel_size,
            stride: [1; D],
            padding: ConvPadding::Margins([(0, 0); D]),
            padding_mode: PaddingMode::Zeros,
            dilation: [1; D],
            groups: 1,
            weight: weight_start(),
            bias: Some(bias_start(in_channels, 1, &kernel_size)),
        }
    }

    /// How far apart two windows begin.
    #[must_use]
    pub fn stride(self, stride: impl Into<PerAxis<D>>) -> Self {
        Self { stride: stride.into().into(), ..self }
    }

    /// How many elements are added before and behind each axis.
    #[must_use]
    pub fn padding(self, padding: impl Into<Margins<D>>) -> Self {
        Self { padding: ConvPadding::Margins(padding.into().into()), ..self }
    }

    /// With the padding that keeps the lengths where the stride is 1: PyTorch's `padding="same"`.
    #[must_use]
    pub fn same(self) -> Self {
        Self { padding: ConvPadding::Same, ..self }
    }

    /// What the padding is made of.
    #[must_use]
    pub fn padding_mode(self, padding_mode: PaddingMode) -> Self {
        Self { padding_mode, ..self }
    }

    /// How far apart the elements in one window lie.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<PerAxis<D>>) -> Self {
        Self { dilation: dilation.into().into(), ..self }
    }

    /// Into how many groups the channels are split; as many as there are make a depthwise convolution.
    #[must_use]
    pub fn groups(self, groups: usize) -> Self {
        // A bias that was not chosen follows the fan, which is that of one group.
        let start = |groups| bias_start(self.in_channels, groups, &self.kernel_size);
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
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Conv<D> {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Conv<D>, Error> {
        let Self { in_channels, out_channels, kernel_size, stride, padding, padding_mode, dilation, groups, .. } = self;
        check_groups(Self::NAME, [in_channels, out_channels], groups)?;
        let shape: Shape = [out_channels, in_channels / groups].into_iter().chain(kernel_size).collect();
        let weight = params.try_add("weight", &self.weight.try_array(shape, rng)?)?;
        let bias = match self.bias {
            Some(bias) => Some(params.try_add("bias", &bias.try_array([out_channels], rng)?)?),
            None => None,
        };
        Ok(Conv {
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            padding_mode,
            dilation,
            groups,
            weight,
            bias,
        })
    }
}

impl<const D: usize> Conv<D> {
    /// The input with a batch and, unless it is of zeros, its padding; what is left for the tape's convolution to do; and
    /// whether the input had no batch.
    #[track_caller]
    fn prepare<T: Real>(&self, x: Tensor<T>) -> (Tensor<T>, Convolution<D>, bool) {
        let (x, alone) = batched(Self::NAME, x, self.in_channels, D);
        let settings = Convolution::new().stride(self.stride).dilation(self.dilation).groups(self.groups);
        let margins = self.margins();
        let padding = match self.padding_mode {
            PaddingMode::Zeros => return (x, settings.padding(margins), alone),
            PaddingMode::Reflect => Padding::Reflect,
            PaddingMode::Replicate => Padding::Replicate,
            PaddingMode::Circular => Padding::Circular,
        };
        let amounts = margins.map(|(before, behind)| (before as isize, behind as isize));
        (x.pad(amounts, padding), settings, alone)
    }
}

/// The `forward` of each number of axes.
macro_rules! forwards {
    ($($axes:literal $method:ident $lengths:literal $windows:literal;)*) => {$(
        impl Conv<$axes> {
            #[doc = concat!("`[n, in_channels, ", $lengths, "] -> [n, out_channels, ", $windows, "]`, or both without n.")]
            ///
            /// # Panics
            /// If the input has other axes or channels, if the kernel does not fit into the padded input, if a stride or a
            /// dilation is 0, or other parameters are bound than the layer was built with.
            #[must_use]
            #[track_caller]
            pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
                let (x, settings, alone) = self.prepare(x);
                let y = x.$method(pass.parameter(self.weight), settings);
                finish(y, self.bias.map(|bias| pass.parameter(bias)), self.out_channels, alone)
            }
        }
    )*};
}
forwards! {
    1 conv1d "length" "windows";
    2 conv2d "height, width" "rows, columns";
    3 conv3d "depth, height, width" "planes, rows, columns";
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, array};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::Tape;

    use super::*;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(23)
    }

    /// What a kernel of these weights makes of one channel.
    fn convolve(plan: Conv1d<Init>, kernel: &[f64], x: &[f64]) -> Vec<f64> {
        let mut params = Params::<f64>::new();
        let layer = plan.without_bias().build(&mut params, &mut rng());
        params.set_values(kernel).unwrap();
        let y = Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant(x).unsqueeze(0)));
        y.into_raw_vec_and_offset().0
    }

    #[test]
    fn every_padding_is_what_its_name_says() {
        let x = [1.0, 2.0, 3.0, 4.0];
        let plan = Conv1d::new(1, 1, 3).padding((2, 0));
        for (mode, first) in [
            (PaddingMode::Zeros, [100.0, 210.0]),
            (PaddingMode::Reflect, [123.0, 212.0]),
            (PaddingMode::Replicate, [111.0, 211.0]),
            (PaddingMode::Circular, [143.0, 214.0]),
        ] {
            let y = convolve(plan.padding_mode(mode), &[1.0, 10.0, 100.0], &x);
            assert_eq!(y[..2], first, "{mode:?}");
            assert_eq!(y.len(), 4, "{mode:?}");
        }
    }

    #[test]
    fn same_padding_keeps_the_length_and_puts_the_larger_half_behind() {
        let y = convolve(Conv1d::new(1, 1, 2).same(), &[1.0, 10.0], &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(y, [21.0, 32.0, 43.0, 4.0]);
        let y = convolve(Conv1d::new(1, 1, 3).dilation(2).same(), &[1.0, 10.0, 100.0], &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(y, [310.0, 420.0, 31.0, 42.0]);
    }

    #[test]
    fn parameters_have_pytorchs_names_and_layout_and_start() {
        let mut params = Params::<f64>::new();
        let layer = Conv2d::new(6, 40, [5, 3]).groups(2).build(&mut params, &mut rng());
        let found: Vec<_> = params.iter().map(|(_, found)| (found.name(), found.shape().to_string())).collect();
        assert_eq!(found, [("weight", "[40, 3, 5, 3]".to_owned()), ("bias", "[40]".to_owned())]);
        let bound = 1.0 / 45.0_f64.sqrt();
        for id in [layer.weight, layer.bias.unwrap()] {
            let largest = params.view(id).iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            // The largest of 40 uniform draws is below 60 % of the bound once in a billion.
            assert!(largest > 0.6 * bound && largest <= bound * (1.0 + 1e-15), "{largest} within {bound}");
        }
    }

    #[test]
    fn a_chosen_bias_does_not_follow_the_groups() {
        let plan = Conv2d::new(4, 4, 3);
        assert_eq!(plan.bias(Init::constant(1.0)).groups(4).bias, Some(Init::constant(1.0)));
        assert_eq!(plan.without_bias().groups(4).bias, None);
        assert_eq!(plan.groups(4).groups(1), plan);
    }

    #[test]
    fn an_image_without_a_batch_is_one_of_its_own() {
        let mut params = Params::<f64>::new();
        let layer = Conv2d::new(1, 2, 1).weight(Init::constant(2.0)).build(&mut params, &mut rng());
        let forward = |x: &ArrayD<f64>| Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant(x)));
        let x = array![[[1.0, 2.0]]].into_dyn();
        let y = forward(&x);
        assert_eq!(y.shape(), [2, 1, 2]);
        assert_eq!(forward(&x.insert_axis(ndarray::Axis(0))).index_axis_move(ndarray::Axis(0), 0), y);
    }

    #[test]
    #[should_panic(expected = "Conv2d: groups 3: they must divide in_channels and out_channels")]
    fn groups_that_do_not_divide_the_channels_are_refused() {
        let _ = Conv2d::new(3, 4, 1).groups(3).build(&mut Params::<f32>::new(), &mut rng());
    }

    #[test]
    #[should_panic(
        expected = "Conv2d: input of shape [1, 3, 5, 5]: expected [n, 2, height, width] or [2, height, width]"
    )]
    fn another_number_of_channels_is_refused() {
        let mut params = Params::<f64>::new();
        let layer = Conv2d::new(2, 1, 3).build(&mut params, &mut rng());
        let _ = Tape::new()
            .evaluate(&params, |pass| layer.forward(pass, pass.constant(ndarray::Array4::zeros([1, 3, 5, 5]))));
    }

    #[test]
    #[should_panic(expected = "conv1d: shapes [1, 1, 2] and [1, 1, 3]: the kernel must fit into the padded input")]
    fn a_kernel_that_does_not_fit_is_refused() {
        let mut params = Params::<f64>::new();
        let layer = Conv1d::new(1, 1, 3).build(&mut params, &mut rng());
        let _ = Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant([[1.0, 2.0]])));
    }
}
