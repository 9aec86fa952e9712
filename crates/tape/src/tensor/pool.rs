//! Pooling: the largest element or the mean of every window of some size.

use super::convolution::overhangs;
use super::spatial::{self, Margins, PerAxis};
use super::{Axes, Tensor};
use crate::error::{Error, unwrap};
use crate::kernel::{PlaneWindows, Search};
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::Storage;
use crate::transpose::{Linear, Windows};

/// The settings of a pool over the last `D` axes: windows of some size that adjoin, no padding, dilation 1, and only
/// windows that fit, unless told otherwise. Each setting is one number for all axes or an array; the pool that it is
/// handed to says what `D` is.
///
/// ```
/// use tape::Pooling;
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.constant([1.0, 5.0, 2.0, 3.0, 4.0]);
/// assert_eq!(x.max_pool1d(Pooling::new(2)).to_array().as_slice(), Some(&[5.0, 3.0][..]));
/// assert_eq!(x.max_pool1d(Pooling::new(2).ceil(true)).to_array().as_slice(), Some(&[5.0, 3.0, 4.0][..]));
/// assert_eq!(x.max_pool1d(Pooling::new(3).stride(1)).to_array().as_slice(), Some(&[5.0, 5.0, 4.0][..]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pooling<const D: usize> {
    size: [usize; D],
    stride: [usize; D],
    padding: [(usize, usize); D],
    dilation: [usize; D],
    ceil: bool,
    count_padding: bool,
}

impl<const D: usize> Pooling<D> {
    /// Windows of a size, as far apart as they are long.
    #[must_use]
    pub fn new(size: impl Into<PerAxis<D>>) -> Self {
        let size = size.into().0;
        Self { size, stride: size, padding: [(0, 0); D], dilation: [1; D], ceil: false, count_padding: true }
    }

    /// How far apart two windows begin.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<PerAxis<D>>) -> Self {
        self.stride = stride.into().0;
        self
    }

    /// How much padding is added before and behind each axis, at most half a window: -inf for a maximum, 0 for a mean.
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

    /// Whether a last window that begins inside the axis or the padding before it, but ends behind the padding, counts.
    /// What it misses is not there: it neither wins a maximum nor is counted in a mean.
    #[must_use]
    pub fn ceil(mut self, ceil: bool) -> Self {
        self.ceil = ceil;
        self
    }

    /// Whether a mean divides by the elements of the padding too, as it does unless told otherwise.
    #[must_use]
    pub fn count_padding(mut self, count_padding: bool) -> Self {
        self.count_padding = count_padding;
        self
    }

    /// How many elements a window has along each axis.
    #[must_use]
    pub fn size(&self) -> [usize; D] {
        self.size
    }

    fn extent(&self, axis: usize) -> usize {
        (self.size[axis] - 1) * self.dilation[axis] + 1
    }

    /// The padding with as much more behind each axis as the last window needs.
    fn margins(&self, lengths: [usize; D]) -> [(usize, usize); D] {
        std::array::from_fn(|axis| {
            let ((before, behind), length, stride) = (self.padding[axis], lengths[axis], self.stride[axis]);
            let padded = before + length + behind;
            let Some(rest) = padded.checked_sub(self.extent(axis)).filter(|_| self.ceil) else {
                return (before, behind);
            };
            let last = rest.div_ceil(stride) * stride;
            let last = if last >= before + length { last - stride } else { last };
            (before, (last + self.extent(axis)).saturating_sub(before + length).max(behind))
        })
    }

    /// Whether every window counts all of its elements.
    fn counts_alike(&self) -> bool {
        !self.ceil && (self.count_padding || self.padding == [(0, 0); D])
    }

    /// How many elements each of the windows along an axis counts.
    fn counts(&self, axis: usize, length: usize, windows: usize) -> Vec<usize> {
        let (before, behind) = self.padding[axis];
        let counted = if self.count_padding { 0..before + length + behind } else { before..before + length };
        let places =
            |window: usize| (0..self.size[axis]).map(move |at| window * self.stride[axis] + at * self.dilation[axis]);
        (0..windows).map(|window| places(window).filter(|place| counted.contains(place)).count()).collect()
    }

    /// Checks the settings and adds padding made of `value` to a tensor; the windows over what there is then.
    fn padded<T: Real>(
        &self,
        tape: &mut Storage<T>,
        x: u32,
        value: T,
        operation: &'static str,
    ) -> Result<(Tensor<T>, Windows), Error> {
        let shape = tape.shape(x).clone();
        let others = others::<D>(&shape, operation)?;
        if self.size.contains(&0) {
            return Err(Error::Argument { operation, rule: "a window must have at least one element along each axis" });
        }
        let windows = spatial::windows(others, self.size, self.stride, self.dilation, operation)?;
        if (0..D).any(|axis| self.padding[axis].0.max(self.padding[axis].1) > self.extent(axis) / 2) {
            return Err(Error::Argument { operation, rule: "the padding must be at most half as long as a window" });
        }
        let margins = self.margins(std::array::from_fn(|axis| shape[others + axis]));
        let padded = spatial::pad(tape, x, margins, value)?;
        if overhangs(&windows, tape.shape(padded.node)) {
            return Err(Error::Shape { operation, shape, rule: "a window must fit into the padded axes" });
        }
        Ok((padded, windows))
    }
}

/// How many axes lie before the last `D`.
pub(super) fn others<const D: usize>(shape: &Shape, operation: &'static str) -> Result<usize, Error> {
    let rule = "a pool needs as many axes as its name says";
    shape.rank().checked_sub(D).ok_or_else(|| Error::Shape { operation, shape: shape.clone(), rule })
}

/// The last `D` axes.
fn last<const D: usize>() -> Axes {
    Axes::from(std::array::from_fn::<isize, D, _>(|axis| axis as isize - D as isize))
}

/// The methods for a number of axes, plain and fallible.
macro_rules! pools {
    ($($(#[$doc:meta])* $name:ident, $try_name:ident, $work:ident, $axes:literal;)*) => {
        impl<T: Real> Tensor<T> {$(
            $(#[$doc])*
            #[must_use]
            #[track_caller]
            pub fn $name(self, settings: Pooling<$axes>) -> Self {
                unwrap(self.$try_name(settings))
            }

            #[doc = concat!("As [`", stringify!($name), "`](Self::", stringify!($name), ").")]
            ///
            /// # Errors
            /// [`Error::Argument`] if a setting is out of its range, [`Error::Shape`] if there are too few axes or no window
            /// fits.
            #[track_caller]
            pub fn $try_name(self, settings: Pooling<$axes>) -> Result<Self, Error> {
                $work(self, settings, stringify!($name))
            }
        )*}
    };
}

pools! {
    /// The largest element of every window along the last axis; NaN if there is one. Of elements that tie, the first gets
    /// the gradient; the padding is -inf, and gets what a window of nothing else would.
    ///
    /// ```
    /// use tape::Pooling;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 3.0, 3.0, 2.0]);
    /// let y = x.max_pool1d(Pooling::new(2).stride(1));
    /// assert_eq!(y.to_array().as_slice(), Some(&[3.0, 3.0, 3.0][..]));
    /// assert_eq!(y.sum().backward()[x].as_slice(), Some(&[0.0, 2.0, 1.0, 0.0][..]));
    /// ```
    max_pool1d, try_max_pool1d, max_pool, 1;

    /// The largest element of every window over the last two axes; see [`max_pool1d`](Self::max_pool1d). Elements that tie
    /// are in the order of the rows.
    ///
    /// ```
    /// use tape::Pooling;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([[1.0, 2.0, 5.0], [4.0, 3.0, 0.0]]);
    /// assert_eq!(x.max_pool2d(Pooling::new(2).stride(1)).to_array().as_slice(), Some(&[4.0, 5.0][..]));
    /// ```
    max_pool2d, try_max_pool2d, max_pool, 2;

    /// The largest element of every window over the last three axes; see [`max_pool1d`](Self::max_pool1d).
    ///
    /// ```
    /// use ndarray::array;
    /// use tape::Pooling;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant(array![[[1.0, 2.0]], [[4.0, 3.0]]]);
    /// assert_eq!(x.max_pool3d(Pooling::new([2, 1, 1])).to_array().as_slice(), Some(&[4.0, 3.0][..]));
    /// ```
    max_pool3d, try_max_pool3d, max_pool, 3;

    /// The mean of every window along the last axis. The padding is 0, and counts unless
    /// [`count_padding`](Pooling::count_padding) says no; a mean of nothing is NaN.
    ///
    /// ```
    /// use tape::Pooling;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([2.0, 4.0, 8.0]);
    /// let padded = Pooling::new(2).padding((1, 0));
    /// assert_eq!(x.avg_pool1d(padded).to_array().as_slice(), Some(&[1.0, 6.0][..]));
    /// assert_eq!(x.avg_pool1d(padded.count_padding(false)).to_array().as_slice(), Some(&[2.0, 6.0][..]));
    /// assert_eq!(x.avg_pool1d(padded).sum().backward()[x].as_slice(), Some(&[0.5, 0.5, 0.5][..]));
    /// ```
    avg_pool1d, try_avg_pool1d, avg_pool, 1;

    /// The mean of every window over the last two axes; see [`avg_pool1d`](Self::avg_pool1d).
    ///
    /// ```
    /// use tape::Pooling;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([[1.0, 2.0, 5.0], [4.0, 1.0, 0.0]]);
    /// assert_eq!(x.avg_pool2d(Pooling::new(2).stride(1)).to_array().as_slice(), Some(&[2.0, 2.0][..]));
    /// ```
    avg_pool2d, try_avg_pool2d, avg_pool, 2;

    /// The mean of every window over the last three axes; see [`avg_pool1d`](Self::avg_pool1d).
    ///
    /// ```
    /// use ndarray::array;
    /// use tape::Pooling;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant(array![[[1.0, 2.0]], [[4.0, 3.0]]]);
    /// assert_eq!(x.avg_pool3d(Pooling::new([2, 1, 1])).to_array().as_slice(), Some(&[2.5, 2.5][..]));
    /// ```
    avg_pool3d, try_avg_pool3d, avg_pool, 3;
}

/// The elements are picked from where they lie: neither the windows nor their adjoints are ever written out.
#[track_caller]
fn max_pool<T: Real, const D: usize>(
    x: Tensor<T>,
    settings: Pooling<D>,
    operation: &'static str,
) -> Result<Tensor<T>, Error> {
    x.on_tape(operation, |tape| {
        let (padded, windows) = settings.padded(tape, x.node, T::neg_infinity(), operation)?;
        let own = tape.shape(padded.node).clone();
        let others = own.rank() - D;
        let output = Shape::from(&windows.shape(&own)[..own.rank()]);
        let mut plane = PlaneWindows { lengths: [1; 3], sizes: [1; 3], steps: [1; 3], dilations: [1; 3] };
        for (axis, window) in windows.windows.iter().enumerate() {
            let at = 3 - D + axis;
            plane.lengths[at] = own[others + axis];
            (plane.sizes[at], plane.steps[at]) = (window.size as usize, window.step as usize);
            plane.dilations[at] = window.dilation as usize;
        }
        let outer = own[..others].iter().product();
        let planes = tape.reshape(padded.node, Shape::from([outer, plane.lengths.iter().product()]));
        let count = plane.counts().iter().product();
        let indices = tape.keep_places(Search::MaxInWindows(plane), planes.node, 1, count);
        let picked = Linear::TakeAlong { axis: 1, indices };
        let picked = tape.linear(picked, planes.node, Shape::from([outer, count]));
        Ok(tape.reshape(picked.node, output))
    })
}

#[track_caller]
fn avg_pool<T: Real, const D: usize>(
    x: Tensor<T>,
    settings: Pooling<D>,
    operation: &'static str,
) -> Result<Tensor<T>, Error> {
    let windows = x.on_tape(operation, |tape| {
        let (padded, windows) = settings.padded(tape, x.node, T::zero(), operation)?;
        let output = windows.shape(tape.shape(padded.node));
        Ok(tape.linear(Linear::Windows(windows), padded.node, output))
    })?;
    let sums = windows.try_sum_named(&last::<D>(), operation)?;
    if settings.counts_alike() {
        return sums.try_mul(T::from_f64(1.0 / settings.size.iter().product::<usize>() as f64));
    }
    let weights = sums.on_tape(operation, |tape| {
        let (own, sums) = (tape.shape(x.node).clone(), tape.shape(sums.node).clone());
        let others = own.rank() - D;
        let counts = (0..D).map(|axis| settings.counts(axis, own[others + axis], sums[others + axis]));
        // The number of elements in a window is the product of what it counts along each axis.
        let products = counts.fold(vec![1], |products, counts| {
            products.iter().flat_map(|product| counts.iter().map(move |count| product * count)).collect()
        });
        Ok(reciprocals(tape, Shape::from(&sums[others..]), &products))
    })?;
    sums.try_mul(weights)
}

/// One over each count, as a constant.
pub(super) fn reciprocals<T: Real>(tape: &mut Storage<T>, shape: Shape, counts: &[usize]) -> Tensor<T> {
    tape.push_leaf(shape, false, |out| {
        out.iter_mut().zip(counts).for_each(|(out, &count)| *out = T::from_f64(1.0 / count as f64));
    })
}
