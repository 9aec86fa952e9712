//! Convolutions and transposed convolutions over one, two and three spatial axes.
//!
//! A convolution looks at its padded input through windows, which is a view, and multiplies them by the weight. The
//! transposed convolution is its transpose, step by step: a product, the overlap-add of the windows, and a crop. Nothing
//! here is differentiated by a rule of its own, so derivatives of every order follow.

use smallvec::SmallVec;

use super::Tensor;
use super::index::leading;
use super::spatial::{self, Margins, PerAxis, joined};
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::shape::{INLINE_AXES, Shape};
use crate::tape::Storage;
use crate::transpose::{Linear, Windows};

/// The settings of a convolution over `D` spatial axes: stride 1, no padding, dilation 1 and one group unless told
/// otherwise. Each setting is one number for all axes or an array; the convolution that it is handed to says what `D` is.
///
/// ```
/// use ndarray::array;
/// use tape::Convolution;
/// let tape = tape::Tape::<f64>::new();
/// let (x, kernel) = (tape.constant(array![[[1.0, 2.0, 3.0, 4.0]]]), tape.constant(array![[[1.0, 10.0]]]));
/// assert_eq!(x.conv1d(kernel, Convolution::new()).to_array().as_slice(), Some(&[21.0, 32.0, 43.0][..]));
/// let settings = Convolution::new().stride(2).padding((1, 0));
/// assert_eq!(x.conv1d(kernel, settings).to_array().as_slice(), Some(&[10.0, 32.0][..]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Convolution<const D: usize> {
    stride: [usize; D],
    padding: [(usize, usize); D],
    dilation: [usize; D],
    output_padding: [usize; D],
    groups: usize,
}

impl<const D: usize> Convolution<D> {
    /// Stride 1, no padding, dilation 1, one group.
    #[must_use]
    pub fn new() -> Self {
        Self { stride: [1; D], padding: [(0, 0); D], dilation: [1; D], output_padding: [0; D], groups: 1 }
    }

    /// How far apart two windows begin; in a transposed convolution, how far apart the input's elements come to lie.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<PerAxis<D>>) -> Self {
        self.stride = stride.into().0;
        self
    }

    /// How many zeros are added before and behind each axis; a transposed convolution takes so many elements away from
    /// its output.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Margins<D>>) -> Self {
        self.padding = padding.into().0;
        self
    }

    /// How far apart the elements in one window lie.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Into<PerAxis<D>>) -> Self {
        self.dilation = dilation.into().0;
        self
    }

    /// Into how many groups the channels are split, each of which is convolved by itself.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// How many elements a transposed convolution has more behind each axis. Convolutions of several lengths give the same
    /// length when the stride does not fit; this says which of them to go back to. Only transposed convolutions have it.
    #[must_use]
    pub fn output_padding(mut self, output_padding: impl Into<PerAxis<D>>) -> Self {
        self.output_padding = output_padding.into().0;
        self
    }
}

impl<const D: usize> Default for Convolution<D> {
    fn default() -> Self {
        Self::new()
    }
}

/// The methods for a number of spatial axes, plain and fallible.
macro_rules! convolutions {
    ($($(#[$doc:meta])* $name:ident, $try_name:ident, $work:ident, $axes:literal;)*) => {
        impl<T: Real> Tensor<T> {$(
            $(#[$doc])*
            #[must_use]
            #[track_caller]
            pub fn $name(self, weight: Self, settings: Convolution<$axes>) -> Self {
                unwrap(self.$try_name(weight, settings))
            }

            #[doc = concat!("As [`", stringify!($name), "`](Self::", stringify!($name), ").")]
            ///
            /// # Errors
            /// [`Error::Argument`] if stride, dilation or groups are 0, or an output padding does not suit them;
            /// [`Error::Shapes`] if input and weight do not have the axes and channels that they must have, or the kernel
            /// does not fit into the padded input.
            #[track_caller]
            pub fn $try_name(self, weight: Self, settings: Convolution<$axes>) -> Result<Self, Error> {
                self.on_tape(stringify!($name), |tape| {
                    let weight = tape.own(weight, stringify!($name))?;
                    $work(tape, self.node, weight, settings, stringify!($name))
                })
            }
        )*}
    };
}

convolutions! {
    /// The convolution of `x [n, in, length]` with `weight [out, in / groups, size]`: `[n, out, windows]`, where
    /// `windows = (length + before + behind - dilation (size - 1) - 1) / stride + 1`, rounded down. Like PyTorch's, it does
    /// not turn the kernel round.
    ///
    /// ```
    /// use ndarray::array;
    /// use tape::Convolution;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant(array![[[1.0, 2.0, 4.0]]]);
    /// let kernel = tape.variable(array![[[-1.0, 1.0]]]);
    /// let differences = x.conv1d(kernel, Convolution::new());
    /// assert_eq!(differences.to_array().as_slice(), Some(&[1.0, 2.0][..]));
    /// assert_eq!(differences.sum().backward()[kernel].as_slice(), Some(&[3.0, 6.0][..]));
    /// ```
    conv1d, try_conv1d, convolve, 1;

    /// The convolution of `x [n, in, height, width]` with `weight [out, in / groups, rows, columns]`; see
    /// [`conv1d`](Self::conv1d).
    ///
    /// ```
    /// use ndarray::array;
    /// use tape::Convolution;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable(array![[[[1.0, 2.0], [3.0, 4.0]]]]);
    /// let kernel = tape.constant(array![[[[1.0, 10.0], [100.0, 1000.0]]]]);
    /// assert_eq!(x.conv2d(kernel, Convolution::new()).to_array().as_slice(), Some(&[4321.0][..]));
    /// let corners = x.conv2d(kernel, Convolution::new().stride(2).padding(1));
    /// assert_eq!(corners.to_array().as_slice(), Some(&[1000.0, 200.0, 30.0, 4.0][..]));
    /// ```
    conv2d, try_conv2d, convolve, 2;

    /// The convolution of `x [n, in, depth, height, width]` with a weight of five axes; see [`conv1d`](Self::conv1d).
    ///
    /// ```
    /// use ndarray::array;
    /// use tape::Convolution;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant(array![[[[[1.0, 2.0]], [[3.0, 4.0]]]]]);
    /// let kernel = tape.constant(array![[[[[1.0]], [[10.0]]]]]);
    /// assert_eq!(x.conv3d(kernel, Convolution::new()).to_array().as_slice(), Some(&[31.0, 42.0][..]));
    /// ```
    conv3d, try_conv3d, convolve, 3;

    /// The transposed convolution of `x [n, in, length]` with `weight [in, out / groups, size]`: every element puts a copy
    /// of the kernel, times itself, where the convolution would have read it. The output is as long as
    /// `(length - 1) stride + dilation (size - 1) + 1 - before - behind + output_padding`.
    ///
    /// ```
    /// use ndarray::array;
    /// use tape::Convolution;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable(array![[[1.0, 2.0]]]);
    /// let kernel = tape.constant(array![[[1.0, 10.0, 100.0]]]);
    /// let settings = Convolution::new().stride(2);
    /// let spread = x.conv_transpose1d(kernel, settings);
    /// assert_eq!(spread.to_array().as_slice(), Some(&[1.0, 10.0, 102.0, 20.0, 200.0][..]));
    /// let cropped = x.conv_transpose1d(kernel, settings.padding(1).output_padding(1));
    /// assert_eq!(cropped.to_array().as_slice(), Some(&[10.0, 102.0, 20.0, 200.0][..]));
    /// ```
    conv_transpose1d, try_conv_transpose1d, convolve_transposed, 1;

    /// The transposed convolution of `x [n, in, height, width]` with `weight [in, out / groups, rows, columns]`; see
    /// [`conv_transpose1d`](Self::conv_transpose1d).
    ///
    /// ```
    /// use ndarray::array;
    /// use tape::Convolution;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant(array![[[[1.0, 2.0]]]]);
    /// let kernel = tape.constant(array![[[[1.0, 10.0], [3.0, 0.0]]]]);
    /// let spread = x.conv_transpose2d(kernel, Convolution::new());
    /// assert_eq!(spread.to_array().as_slice(), Some(&[1.0, 12.0, 20.0, 3.0, 6.0, 0.0][..]));
    /// ```
    conv_transpose2d, try_conv_transpose2d, convolve_transposed, 2;

    /// The transposed convolution of `x [n, in, depth, height, width]` with a weight of five axes; see
    /// [`conv_transpose1d`](Self::conv_transpose1d).
    ///
    /// ```
    /// use ndarray::array;
    /// use tape::Convolution;
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, kernel) = (tape.constant(array![[[[[2.0]]]]]), tape.constant(array![[[[[1.0, 3.0]], [[5.0, 7.0]]]]]));
    /// let spread = x.conv_transpose3d(kernel, Convolution::new());
    /// assert_eq!(spread.to_array().as_slice(), Some(&[2.0, 6.0, 10.0, 14.0][..]));
    /// ```
    conv_transpose3d, try_conv_transpose3d, convolve_transposed, 3;
}

/// What a convolution and its transpose ask of their operands: the axes, whole groups, and a kernel that has elements.
fn check_operands<const D: usize>(
    x: &Shape,
    weight: &Shape,
    groups: usize,
    operation: &'static str,
) -> Result<(), Error> {
    if groups == 0 {
        return Err(Error::Argument { operation, rule: "there must be at least one group" });
    }
    let broken = |rule| Err(Error::Shapes { operation, left: x.clone(), right: weight.clone(), rule });
    if x.rank() != D + 2 || weight.rank() != D + 2 {
        return broken("input and weight have two axes for batch and channels, and the spatial ones");
    }
    if !weight[0].is_multiple_of(groups) {
        return broken("the weight's first axis must split into the groups");
    }
    if weight[2..].contains(&0) {
        return broken("the kernel must have at least one element along each axis");
    }
    Ok(())
}

fn convolve<T: Real, const D: usize>(
    tape: &mut Storage<T>,
    x: u32,
    weight: u32,
    settings: Convolution<D>,
    operation: &'static str,
) -> Result<Tensor<T>, Error> {
    let Convolution { stride, padding, dilation, output_padding, groups } = settings;
    let (own, kernel) = (tape.shape(x).clone(), tape.shape(weight).clone());
    check_operands::<D>(&own, &kernel, groups, operation)?;
    let broken = |rule| Error::Shapes { operation, left: own.clone(), right: kernel.clone(), rule };
    if output_padding != [0; D] {
        return Err(Error::Argument { operation, rule: "only a transposed convolution has an output padding" });
    }
    if own[1] != groups * kernel[1] {
        return Err(broken("the input must have as many channels as the weight's second axis, times the groups"));
    }
    let size = std::array::from_fn(|axis| kernel[axis + 2]);
    let windows = Windows { first: 2, ..spatial::windows(2, size, stride, dilation, operation)? };
    let padded = spatial::pad(tape, x, padding, T::zero())?;
    if overhangs(&windows, tape.shape(padded.node)) {
        return Err(broken("the kernel must fit into the padded input"));
    }
    // One product for the whole batch: channels and the axes inside a window are its inner axis, the windows of all samples
    // its columns.
    let seen = windows.shape(tape.shape(padded.node));
    let counts = Shape::from(&seen[2 + D..]);
    let seen = tape.linear(Linear::Windows(windows), padded.node, seen);
    let turned = permuted(tape, seen.node, &batch_to::<D>(1 + D));
    let inner = kernel[1..].iter().product();
    let columns = tape.reshape(turned.node, Shape::from([groups, inner, own[0] * counts.size()]));
    let rows = tape.reshape(weight, Shape::from([groups, kernel[0] / groups, inner]));
    let product = tape.matmul(rows.node, columns.node)?;
    let product = tape.reshape(product.node, joined(&[&[kernel[0], own[0]], &counts]));
    Ok(permuted(tape, product.node, &batch_and_channels::<D>()))
}

fn convolve_transposed<T: Real, const D: usize>(
    tape: &mut Storage<T>,
    x: u32,
    weight: u32,
    settings: Convolution<D>,
    operation: &'static str,
) -> Result<Tensor<T>, Error> {
    let Convolution { stride, padding, dilation, output_padding, groups } = settings;
    let (own, kernel) = (tape.shape(x).clone(), tape.shape(weight).clone());
    check_operands::<D>(&own, &kernel, groups, operation)?;
    let broken = |rule| Error::Shapes { operation, left: own.clone(), right: kernel.clone(), rule };
    if own[1] != kernel[0] {
        return Err(broken("the input must have as many channels as the weight's first axis is long"));
    }
    if own[2..].contains(&0) {
        return Err(broken("the input must have at least one element along each spatial axis"));
    }
    let size = std::array::from_fn(|axis| kernel[axis + 2]);
    let windows = Windows { first: 2, ..spatial::windows(2, size, stride, dilation, operation)? };
    if (0..D).any(|axis| output_padding[axis] >= stride[axis].max(dilation[axis])) {
        let rule = "an output padding must be smaller than the stride or the dilation";
        return Err(Error::Argument { operation, rule });
    }
    let (channels, spatial) = (groups * kernel[1], &own[2..]);
    let mut whole = joined(&[&[own[0], channels], spatial]);
    for (axis, window) in windows.windows.iter().enumerate() {
        whole.as_mut()[axis + 2] = (spatial[axis] - 1) * stride[axis] + window.extent() + output_padding[axis];
    }
    let (mut cut, mut output) = (leading(&whole), whole.clone());
    for (axis, &(before, behind)) in padding.iter().enumerate() {
        let left = whole[axis + 2].checked_sub(before.saturating_add(behind)).filter(|&length| length > 0);
        output.as_mut()[axis + 2] = left.ok_or_else(|| broken("the padding takes the whole output away"))?;
        cut.starts[axis + 2] = before as u32;
    }
    let (inner, outer) = (own[1] / groups, kernel[1..].iter().product());
    let rows = tape.reshape(weight, Shape::from([groups, inner, outer]));
    let swap = Linear::Permute([0, 2, 1].into_iter().collect());
    let rows = tape.linear(swap, rows.node, Shape::from([groups, outer, inner]));
    let turned = permuted(tape, x, &batch_and_channels::<D>());
    let columns = tape.reshape(turned.node, Shape::from([groups, inner, own[0] * spatial.iter().product::<usize>()]));
    let product = tape.matmul(rows.node, columns.node)?;
    let product = tape.reshape(product.node, joined(&[&[channels], &size, &own[..1], spatial]));
    let seen = permuted(tape, product.node, &batch_from::<D>(1 + D));
    let added = tape.linear(Linear::OverlapAdd(windows), seen.node, whole.clone());
    Ok(if output == whole { added } else { tape.linear(Linear::Slice(cut), added.node, output) })
}

/// Whether a window is longer than its axis.
pub(super) fn overhangs(windows: &Windows, shape: &Shape) -> bool {
    windows.windows.iter().any(|window| window.extent() > shape[window.axis as usize])
}

/// The order of the axes in which the batch, the first of `[n, channels, .., ..]`, comes behind `before` others.
fn batch_to<const D: usize>(before: usize) -> SmallVec<[u8; 2 * INLINE_AXES]> {
    (1..=before as u8).chain([0]).chain(before as u8 + 1..2 + 2 * D as u8).collect()
}

/// The order that undoes [`batch_to`].
fn batch_from<const D: usize>(before: usize) -> SmallVec<[u8; 2 * INLINE_AXES]> {
    [before as u8].into_iter().chain(0..before as u8).chain(before as u8 + 1..2 + 2 * D as u8).collect()
}

/// The order of the axes in which batch and channels of `[n, channels, ..]` are swapped.
fn batch_and_channels<const D: usize>() -> SmallVec<[u8; 2 * INLINE_AXES]> {
    [1, 0].into_iter().chain(2..2 + D as u8).collect()
}

fn permuted<T: Real>(tape: &mut Storage<T>, x: u32, order: &[u8]) -> Tensor<T> {
    let shape = tape.shape(x);
    let turned = order.iter().map(|&axis| shape[axis as usize]).collect();
    tape.linear(Linear::Permute(order.iter().copied().collect()), x, turned)
}
