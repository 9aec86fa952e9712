//! Convolutions along one, two or three axes, and their transposes.
//!
//! Every window of the input is one column, and one matrix product meets all of them:
//!
//! `[out, in * window] x [in * window, positions] -> [out, positions]`
//!
//! for each image and each group. The window axes come before the positions, so that laying the columns out copies runs
//! along the last axis of the image, and the product is the output, without another permutation. The transposed
//! convolution is the same path walked backwards: product, overlap-add, crop.

use smallvec::{SmallVec, smallvec};

use super::Tensor;
use super::spatial::PerAxis;
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::Storage;
use crate::transpose::{Linear, Window, Windows};

/// How a convolution walks over its input. The defaults are PyTorch's: step by step, without padding, one group.
///
/// ```
/// use ndarray::array;
/// use tape::Convolution;
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.variable(array![[[1.0, 2.0, 3.0, 4.0, 5.0]]]);
/// let difference = tape.variable(array![[[-1.0, 1.0]]]);
/// let y = x.conv1d(difference, Convolution::new().stride(2).dilation(2).padding((0, 1)));
/// // 3 - 1, 5 - 3; the next window would begin at 5 and end behind the padding.
/// assert_eq!(y.to_array().as_slice(), Some(&[2.0, 2.0][..]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    stride: PerAxis,
    padding: PerAxis<(usize, usize)>,
    dilation: PerAxis,
    groups: usize,
    output_padding: PerAxis,
}

impl Default for Convolution {
    fn default() -> Self {
        Self::new()
    }
}

impl Convolution {
    /// Stride 1, no padding, dilation 1, one group.
    #[must_use]
    pub fn new() -> Self {
        Self { stride: 1.into(), padding: 0.into(), dilation: 1.into(), groups: 1, output_padding: 0.into() }
    }

    /// How far apart, in elements, two windows begin.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<PerAxis>) -> Self {
        self.stride = stride.into();
        self
    }

    /// How many zeros are put around the input; of a transposed convolution, how many elements its output is cropped by.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<PerAxis<(usize, usize)>>) -> Self {
        self.padding = padding.into();
        self
    }

    /// How far apart, in elements, those lie that one window looks at.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Into<PerAxis>) -> Self {
        self.dilation = dilation.into();
        self
    }

    /// Into how many groups the channels are divided, each of which sees only its own part of the input.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// How many elements a transposed convolution appends to its output, because several lengths of input have the same
    /// number of windows. Less than the stride or the dilation.
    #[must_use]
    pub fn output_padding(mut self, output_padding: impl Into<PerAxis>) -> Self {
        self.output_padding = output_padding.into();
        self
    }
}

/// One spatial axis of a convolution.
#[derive(Debug, Clone, Copy)]
struct Axis {
    input: usize,
    output: usize,
    window: Window,
    padding: (usize, usize),
    output_padding: usize,
}

/// A convolution whose shapes fit.
struct Plan {
    batch: usize,
    in_channels: usize,
    out_channels: usize,
    groups: usize,
    axes: SmallVec<[Axis; 3]>,
}

/// Which way an operation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forwards,
    Transposed,
}

/// What the shapes of a call are, for its errors.
struct Call<'a> {
    operation: &'static str,
    input: &'a Shape,
    weight: &'a Shape,
}

impl Call<'_> {
    fn error(&self, rule: &'static str) -> Error {
        Error::Shapes { operation: self.operation, left: self.input.clone(), right: self.weight.clone(), rule }
    }

    fn ensure(&self, holds: bool, rule: &'static str) -> Result<(), Error> {
        if holds { Ok(()) } else { Err(self.error(rule)) }
    }

    /// Checks every rule; `axes` is the number of spatial axes.
    fn plan(&self, options: &Convolution, axes: usize, direction: Direction) -> Result<Plan, Error> {
        let (input, weight) = (self.input, self.weight);
        self.ensure(weight.rank() == axes + 2, "the weight needs two axes of channels before the spatial ones")?;
        let batched = input.rank() == axes + 2;
        let rule =
            "the input needs an axis of channels before the spatial ones, and one of the batch before that or none";
        self.ensure(batched || input.rank() == axes + 1, rule)?;
        let groups = options.groups;
        self.ensure(groups > 0, "there must be at least one group")?;
        let (batch, in_channels) = if batched { (input[0], input[1]) } else { (1, input[0]) };
        let out_channels = match direction {
            Direction::Forwards => {
                let rule = "the input's channels must be the weight's second axis times the groups";
                self.ensure(in_channels == weight[1] * groups, rule)?;
                self.ensure(
                    weight[0].is_multiple_of(groups),
                    "the weight's first axis must be a multiple of the groups",
                )?;
                weight[0]
            }
            Direction::Transposed => {
                self.ensure(in_channels == weight[0], "the input's channels must be the weight's first axis")?;
                self.ensure(
                    in_channels.is_multiple_of(groups),
                    "the input's channels must be a multiple of the groups",
                )?;
                weight[1] * groups
            }
        };
        let stride = options.stride.resolve(axes, input, self.operation)?;
        let dilation = options.dilation.resolve(axes, input, self.operation)?;
        let padding = options.padding.resolve(axes, input, self.operation)?;
        let output_padding = options.output_padding.resolve(axes, input, self.operation)?;
        let axis = |axis: usize| {
            self.ensure(stride[axis] > 0, "every stride must be at least 1")?;
            self.ensure(dilation[axis] > 0, "every dilation must be at least 1")?;
            self.ensure(weight[2 + axis] > 0, "every window must have at least one element")?;
            let window = Window {
                axis: (2 + axis) as u8,
                size: weight[2 + axis] as u32,
                step: stride[axis] as u32,
                dilation: dilation[axis] as u32,
            };
            let input = input[input.rank() - axes + axis];
            let (padding, output_padding) = (padding[axis], output_padding[axis]);
            let axis = Axis { input, output: 0, window, padding, output_padding };
            Ok(Axis { output: self.output(axis, direction)?, ..axis })
        };
        let axes = (0..axes).map(axis).collect::<Result<_, Error>>()?;
        Ok(Plan { batch, in_channels, out_channels, groups, axes })
    }

    /// The length of the output along an axis.
    fn output(&self, axis: Axis, direction: Direction) -> Result<usize, Error> {
        let Axis { input, window, padding: (before, behind), output_padding, .. } = axis;
        match direction {
            Direction::Forwards => {
                self.ensure(output_padding == 0, "only a transposed convolution has output padding")?;
                let output = window.count(input + before + behind);
                self.ensure(output > 0, "a window is larger than the padded input")?;
                Ok(output)
            }
            Direction::Transposed => {
                self.ensure(input > 0, "every spatial axis must have at least one element")?;
                let rule = "the output padding must be less than the stride or the dilation";
                self.ensure(output_padding < window.step.max(window.dilation) as usize, rule)?;
                let output = axis.overlapped().saturating_sub(before + behind);
                self.ensure(output > 0, "the padding crops the whole output")?;
                Ok(output)
            }
        }
    }
}

impl Axis {
    /// The length that the overlapping windows of a transposed convolution span, output padding included.
    fn overlapped(&self) -> usize {
        (self.input - 1) * self.window.step as usize + self.window.extent() + self.output_padding
    }
}

impl Plan {
    fn shape(&self, head: impl IntoIterator<Item = usize>, axes: impl Fn(&Axis) -> usize) -> Shape {
        head.into_iter().chain(self.axes.iter().map(axes)).collect()
    }

    fn product(&self, length: impl Fn(&Axis) -> usize) -> usize {
        self.axes.iter().map(length).product()
    }

    /// The window axes come directly behind the channels.
    fn windows(&self) -> Windows {
        Windows { first: 2, windows: self.axes.iter().map(|axis| axis.window).collect() }
    }

    fn forwards<T: Real>(&self, tape: &mut Storage<T>, x: u32, weight: u32) -> u32 {
        let &Self { batch, in_channels, out_channels, groups, .. } = self;
        let x = tape.reshape(x, self.shape([batch, in_channels], |axis| axis.input)).node;
        let pads: SmallVec<[_; 3]> = self.axes.iter().map(|axis| axis.padding).collect();
        let padded = tape.pad_last(x, &pads);
        let windows = self.windows();
        let shape = windows.shape(tape.shape(padded));
        let windows = tape.linear(Linear::Windows(windows), padded, shape).node;
        let column = in_channels / groups * self.product(|axis| axis.window.size as usize);
        let positions = self.product(|axis| axis.output);
        let columns = tape.reshape(windows, Shape::from([batch, groups, column, positions])).node;
        let weight = tape.reshape(weight, Shape::from([groups, out_channels / groups, column])).node;
        let product = tape.matmul(weight, columns).expect("the plan's shapes fit").node;
        tape.reshape(product, self.shape([batch, out_channels], |axis| axis.output)).node
    }

    fn transposed<T: Real>(&self, tape: &mut Storage<T>, x: u32, weight: u32) -> u32 {
        let &Self { batch, in_channels, out_channels, groups, .. } = self;
        let column = out_channels / groups * self.product(|axis| axis.window.size as usize);
        let positions = self.product(|axis| axis.input);
        let x = tape.reshape(x, Shape::from([batch, groups, in_channels / groups, positions])).node;
        let weight = tape.reshape(weight, Shape::from([groups, in_channels / groups, column])).node;
        let turned = Linear::Permute(smallvec![0, 2, 1]);
        let weight = tape.linear(turned, weight, Shape::from([groups, column, in_channels / groups])).node;
        let columns = tape.matmul(weight, x).expect("the plan's shapes fit").node;
        let sizes = self.axes.iter().map(|axis| axis.window.size as usize);
        let shape = self.shape([batch, out_channels].into_iter().chain(sizes), |axis| axis.input);
        let windows = tape.reshape(columns, shape).node;
        let overlapped = self.shape([batch, out_channels], Axis::overlapped);
        let overlapped = tape.linear(Linear::OverlapAdd(self.windows()), windows, overlapped).node;
        let starts: SmallVec<[_; 3]> = self.axes.iter().map(|axis| axis.padding.0).collect();
        let lengths: SmallVec<[_; 3]> = self.axes.iter().map(|axis| axis.output).collect();
        tape.crop_last(overlapped, &starts, &lengths)
    }
}

impl<T: Real> Tensor<T> {
    #[track_caller]
    fn convolve(
        self,
        weight: Self,
        options: Convolution,
        axes: usize,
        direction: Direction,
        operation: &'static str,
    ) -> Result<Self, Error> {
        self.on_tape(operation, |tape| {
            let weight = tape.own(weight, operation)?;
            let (input, kernel) = (tape.shape(self.node).clone(), tape.shape(weight).clone());
            let plan = Call { operation, input: &input, weight: &kernel }.plan(&options, axes, direction)?;
            let output = match direction {
                Direction::Forwards => plan.forwards(tape, self.node, weight),
                Direction::Transposed => plan.transposed(tape, self.node, weight),
            };
            if input.rank() == axes + 2 {
                return Ok(Self::new(output, tape.recording()));
            }
            Ok(tape.reshape(output, plan.shape([plan.out_channels], |axis| axis.output)))
        })
    }
}

/// A method for each number of spatial axes, and its `try_` form.
macro_rules! convolutions {
    ($($(#[$doc:meta])* $name:ident, $try_name:ident, $axes:literal, $direction:ident;)*) => {
        impl<T: Real> Tensor<T> {
            $(
                $(#[$doc])*
                #[must_use]
                #[track_caller]
                pub fn $name(self, weight: Self, options: Convolution) -> Self {
                    unwrap(self.$try_name(weight, options))
                }

                #[doc = concat!("As [`", stringify!($name), "`](Self::", stringify!($name), ").")]
                ///
                /// # Errors
                /// [`Error::Shapes`] with both shapes and the broken rule, [`Error::Shape`] if a setting has values for
                /// another number of axes.
                #[track_caller]
                pub fn $try_name(self, weight: Self, options: Convolution) -> Result<Self, Error> {
                    self.convolve(weight, options, $axes, Direction::$direction, stringify!($name))
                }
            )*
        }
    };
}

convolutions! {
    /// Convolution (as the field calls it: the window is not turned round) along one axis,
    /// `[n, in, l] x [out, in / groups, k] -> [n, out, (l + padding - dilation (k - 1) - 1) / stride + 1]`, rounded down;
    /// an input without `n` is one signal, and so is the output.
    ///
    /// ```
    /// use ndarray::array;
    /// use tape::Convolution;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable(array![[[1.0, 2.0, 4.0, 8.0]]]);
    /// let weight = tape.variable(array![[[10.0, 1.0]]]);
    /// let y = x.conv1d(weight, Convolution::new());
    /// assert_eq!(y.to_array().as_slice(), Some(&[12.0, 24.0, 48.0][..]));
    /// assert_eq!(y.sum().backward()[weight].as_slice(), Some(&[7.0, 14.0][..]));
    /// ```
    conv1d, try_conv1d, 1, Forwards;
    /// Convolution along two axes, `[n, in, h, w] x [out, in / groups, kh, kw] -> [n, out, oh, ow]`, where each of the last
    /// two is as in [`conv1d`](Self::conv1d).
    ///
    /// ```
    /// use tape::Convolution;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0, 3.0, 4.0]).reshape([1, 1, 2, 2]);
    /// let weight = tape.constant([1.0, 10.0, 100.0, 1000.0]).reshape([1, 1, 2, 2]);
    /// assert_eq!(x.conv2d(weight, Convolution::new()).item(), 4321.0);
    /// assert_eq!(x.conv2d(weight, Convolution::new().padding(1).stride([1, 2])).shape(), [1, 1, 3, 2]);
    /// ```
    conv2d, try_conv2d, 2, Forwards;
    /// Convolution along three axes, `[n, in, d, h, w] x [out, in / groups, kd, kh, kw] -> [n, out, od, oh, ow]`, where each
    /// of the last three is as in [`conv1d`](Self::conv1d).
    ///
    /// ```
    /// use tape::Convolution;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).reshape([1, 1, 2, 2, 2]);
    /// let weight = tape.constant([1.0, -1.0]).reshape([1, 1, 2, 1, 1]);
    /// let y = x.conv3d(weight, Convolution::new());
    /// assert_eq!((y.shape(), y.to_array()[[0, 0, 0, 1, 1]]), ([1, 1, 1, 2, 2].into(), 4.0 - 8.0));
    /// ```
    conv3d, try_conv3d, 3, Forwards;
    /// The transpose of [`conv1d`](Self::conv1d), `[n, in, l] x [in, out / groups, k] -> [n, out,
    /// (l - 1) stride + dilation (k - 1) + 1 + output_padding - padding]`: every input element lays the weight, times
    /// itself, down on the output, where they add up.
    ///
    /// ```
    /// use ndarray::array;
    /// use tape::Convolution;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable(array![[[1.0, 2.0]]]);
    /// let weight = tape.variable(array![[[3.0, 4.0, 5.0]]]);
    /// let y = x.conv_transpose1d(weight, Convolution::new().stride(2).output_padding(1));
    /// assert_eq!(y.to_array().as_slice(), Some(&[3.0, 4.0, 5.0 + 6.0, 8.0, 10.0, 0.0][..]));
    /// ```
    conv_transpose1d, try_conv_transpose1d, 1, Transposed;
    /// The transpose of [`conv2d`](Self::conv2d), `[n, in, h, w] x [in, out / groups, kh, kw] -> [n, out, oh, ow]`, where
    /// each of the last two is as in [`conv_transpose1d`](Self::conv_transpose1d).
    ///
    /// ```
    /// use tape::Convolution;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([5.0]).reshape([1, 1, 1, 1]);
    /// let weight = tape.constant([1.0, 2.0, 3.0, 4.0]).reshape([1, 1, 2, 2]);
    /// let y = x.conv_transpose2d(weight, Convolution::new());
    /// assert_eq!(y.to_array().as_slice_memory_order(), Some(&[5.0, 10.0, 15.0, 20.0][..]));
    /// ```
    conv_transpose2d, try_conv_transpose2d, 2, Transposed;
    /// The transpose of [`conv3d`](Self::conv3d), `[n, in, d, h, w] x [in, out / groups, kd, kh, kw] -> [n, out, od, oh,
    /// ow]`, where each of the last three is as in [`conv_transpose1d`](Self::conv_transpose1d).
    ///
    /// ```
    /// use tape::Convolution;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([5.0, 7.0]).reshape([1, 1, 2, 1, 1]);
    /// let weight = tape.constant([1.0, 2.0]).reshape([1, 1, 2, 1, 1]);
    /// let y = x.conv_transpose3d(weight, Convolution::new());
    /// assert_eq!(y.to_array().as_slice_memory_order(), Some(&[5.0, 17.0, 14.0][..]));
    /// ```
    conv_transpose3d, try_conv_transpose3d, 3, Transposed;
}
