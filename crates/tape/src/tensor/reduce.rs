//! Reductions: sums, means, extremes and what is made of them, over any axes.

use ndarray::ArrayD;
use smallvec::SmallVec;

use super::Tensor;
use crate::error::{Error, unwrap};
use crate::op::Extreme;
use crate::real::Real;
use crate::shape::{INLINE_AXES, Shape};
use crate::tape::Origin;
use crate::transpose::{AxisSet, Linear};

/// Which axes a reduction reduces, and whether the result keeps them with length 1.
///
/// Made from one axis or several; a negative one counts from the last.
///
/// ```
/// use tape::Axes;
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.sum_axes(-1).shape(), [2]);
/// assert_eq!(x.sum_axes(Axes::keep(0)).shape(), [1, 2]);
/// assert_eq!(x.sum_axes([0, 1]).shape(), []);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axes {
    axes: SmallVec<[isize; INLINE_AXES]>,
    keep: bool,
}

impl Axes {
    /// These axes, kept with length 1.
    #[must_use]
    pub fn keep(axes: impl Into<Self>) -> Self {
        Self { keep: true, ..axes.into() }
    }

    pub(super) fn resolve(&self, shape: &Shape, operation: &'static str) -> Result<AxisSet, Error> {
        let mut set = AxisSet::default();
        for &axis in &self.axes {
            let axis = shape.axis(axis, operation)?;
            if set.contains(axis) {
                let rule = "an axis is named twice";
                return Err(Error::Axes { operation, axes: self.axes.to_vec(), shape: shape.clone(), rule });
            }
            set = set.with(axis);
        }
        Ok(set)
    }
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Self {
        Self { axes: SmallVec::from_slice(&[axis]), keep: false }
    }
}

impl From<&[isize]> for Axes {
    fn from(axes: &[isize]) -> Self {
        Self { axes: SmallVec::from_slice(axes), keep: false }
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Self {
        Self { axes: SmallVec::from_slice(&axes), keep: false }
    }
}

impl<T: Real> Tensor<T> {
    /// The sum of all elements; 0 for an empty tensor.
    #[must_use]
    #[track_caller]
    pub fn sum(self) -> Self {
        unwrap(self.on_tape("sum", |tape| {
            let axes = AxisSet::all(tape.shape(self.node).rank());
            Ok(tape.sum(self.node, axes, false))
        }))
    }

    /// The sum over some axes, such as `-1`, `[0, 2]` or [`Axes::keep(-1)`](Axes::keep).
    #[must_use]
    #[track_caller]
    pub fn sum_axes(self, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_sum_axes(axes))
    }

    /// As [`sum_axes`](Self::sum_axes).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice.
    pub fn try_sum_axes(self, axes: impl Into<Axes>) -> Result<Self, Error> {
        let axes = axes.into();
        self.on_tape("sum_axes", |tape| {
            let set = axes.resolve(tape.shape(self.node), "sum_axes")?;
            Ok(tape.sum(self.node, set, axes.keep))
        })
    }

    /// The mean of all elements; NaN for an empty tensor.
    #[must_use]
    #[track_caller]
    pub fn mean(self) -> Self {
        let count = self.shape().size();
        self.sum() * T::from_f64(1.0 / count as f64)
    }

    /// The mean over some axes; NaN where they hold no element.
    #[must_use]
    #[track_caller]
    pub fn mean_axes(self, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_mean_axes(axes))
    }

    /// As [`mean_axes`](Self::mean_axes).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice.
    pub fn try_mean_axes(self, axes: impl Into<Axes>) -> Result<Self, Error> {
        let axes = axes.into();
        let sum = self.try_sum_axes(axes.clone())?;
        let shape = self.shape();
        let set = axes.resolve(&shape, "mean_axes")?;
        let count: usize = (0..shape.rank()).filter(|&axis| set.contains(axis)).map(|axis| shape[axis]).product();
        sum.try_mul(T::from_f64(1.0 / count as f64))
    }

    /// The largest of all elements; NaN if one is NaN. Elements that tie share the gradient evenly.
    ///
    /// # Panics
    /// If the tensor is empty.
    #[must_use]
    #[track_caller]
    pub fn max_all(self) -> Self {
        unwrap(self.on_tape("max", |tape| tape.extreme(Extreme::Max, self.node)))
    }

    /// The smallest of all elements; NaN if one is NaN. Elements that tie share the gradient evenly.
    ///
    /// # Panics
    /// If the tensor is empty.
    #[must_use]
    #[track_caller]
    pub fn min_all(self) -> Self {
        unwrap(self.on_tape("min", |tape| tape.extreme(Extreme::Min, self.node)))
    }

    /// The largest element along an axis; NaN if one is NaN. Of elements that tie, the first gets the gradient.
    #[must_use]
    #[track_caller]
    pub fn max_axis(self, axis: isize) -> Self {
        unwrap(self.try_extreme_axis(Extreme::Max, axis))
    }

    /// The smallest element along an axis; NaN if one is NaN. Of elements that tie, the first gets the gradient.
    #[must_use]
    #[track_caller]
    pub fn min_axis(self, axis: isize) -> Self {
        unwrap(self.try_extreme_axis(Extreme::Min, axis))
    }

    /// As [`max_axis`](Self::max_axis).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if it has length zero.
    pub fn try_max_axis(self, axis: isize) -> Result<Self, Error> {
        self.try_extreme_axis(Extreme::Max, axis)
    }

    /// As [`min_axis`](Self::min_axis).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if it has length zero.
    pub fn try_min_axis(self, axis: isize) -> Result<Self, Error> {
        self.try_extreme_axis(Extreme::Min, axis)
    }

    fn try_extreme_axis(self, extreme: Extreme, axis: isize) -> Result<Self, Error> {
        self.on_tape(extreme.name(), |tape| {
            let axis = tape.shape(self.node).axis(axis, extreme.name())?;
            let picked = tape.extreme_indices(extreme, self.node, axis)?;
            let indices = tape.save(picked.into_iter());
            tape.note_origin(indices, Origin::Extreme { operand: self.node, axis, extreme });
            let shape = crate::record::reduced(tape.shape(self.node), AxisSet::default().with(axis), false);
            Ok(tape.linear(Linear::TakeAlong { axis, indices }, self.node, shape))
        })
    }

    /// The index of the largest element along an axis, the first of those that tie; NaN counts as the largest.
    ///
    /// ```
    /// let tape = tape::Tape::<f32>::new();
    /// let logits = tape.constant([[0.1, 0.9], [3.0, -2.0]]);
    /// assert_eq!(logits.argmax(-1).as_slice(), Some(&[1, 0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argmax(self, axis: isize) -> ArrayD<usize> {
        unwrap(self.on_tape("argmax", |tape| {
            tape.look_at("argmax")?;
            let axis = tape.shape(self.node).axis(axis, "argmax")?;
            let indices = tape.extreme_indices(Extreme::Max, self.node, axis)?;
            let shape = crate::record::reduced(tape.shape(self.node), AxisSet::default().with(axis), false);
            let indices = indices.into_iter().map(|index| index as usize).collect();
            Ok(ArrayD::from_shape_vec(&*shape, indices).expect("one index a line"))
        }))
    }

    /// The logarithms of the softmax along an axis: `x - ln(sum(exp(x)))`, without overflow.
    #[must_use]
    #[track_caller]
    pub fn log_softmax(self, axis: isize) -> Self {
        unwrap(self.try_log_softmax(axis))
    }

    /// As [`log_softmax`](Self::log_softmax).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    pub fn try_log_softmax(self, axis: isize) -> Result<Self, Error> {
        let last = self.on_tape("log_softmax", |tape| {
            let shape = tape.shape(self.node);
            Ok(shape.axis(axis, "log_softmax")? + 1 == shape.rank())
        })?;
        if last {
            return self.on_tape("log_softmax", |tape| Ok(tape.log_softmax(self.node)));
        }
        let turned = self.try_transpose(axis, -1)?;
        turned.on_tape("log_softmax", |tape| Ok(tape.log_softmax(turned.node)))?.try_transpose(axis, -1)
    }
}
