//! The same elements in another shape or order: reshaping, permuting, broadcasting, turning round.

use smallvec::SmallVec;

use super::{Axes, Tensor};
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::shape::Shape;
use crate::transpose::{AxisSet, Linear};

impl<T: Real> Tensor<T> {
    /// The same elements, row by row, in another shape.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.reshape([3, 2]).to_array()[[1, 0]], 3.0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn reshape(self, shape: impl Into<Shape>) -> Self {
        unwrap(self.try_reshape(shape))
    }

    /// As [`reshape`](Self::reshape).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the new shape has another number of elements.
    #[track_caller]
    pub fn try_reshape(self, shape: impl Into<Shape>) -> Result<Self, Error> {
        let shape = shape.into();
        self.on_tape("reshape", |tape| {
            let own = tape.shape(self.node);
            if own.size() != shape.size() {
                let rule = "the number of elements must stay the same";
                return Err(Error::Shapes { operation: "reshape", left: own.clone(), right: shape, rule });
            }
            Ok(tape.reshape(self.node, shape))
        })
    }

    /// The axes in another order: axis i of the result is axis `axes[i]` of this. Nothing is copied.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([0.0; 24]).reshape([2, 3, 4]);
    /// assert_eq!(x.permute([2, 0, 1]).shape(), [4, 2, 3]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn permute(self, axes: impl AsRef<[isize]>) -> Self {
        unwrap(self.try_permute(axes))
    }

    /// As [`permute`](Self::permute).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if not every axis is named exactly once.
    #[track_caller]
    pub fn try_permute(self, axes: impl AsRef<[isize]>) -> Result<Self, Error> {
        let axes = axes.as_ref();
        self.on_tape("permute", |tape| {
            let shape = tape.shape(self.node);
            let set = Axes::from(axes).resolve(shape, "permute")?;
            if set != AxisSet::all(shape.rank()) {
                let rule = "every axis must be named exactly once";
                return Err(Error::Axes { operation: "permute", axes: axes.to_vec(), shape: shape.clone(), rule });
            }
            let order = axes.iter().map(|axis| axis.rem_euclid(shape.rank() as isize) as u8);
            let permuted = order.clone().map(|axis| shape[axis as usize]).collect();
            let permute = Linear::Permute(order.collect());
            Ok(tape.linear(permute, self.node, permuted))
        })
    }

    /// Two axes swapped. Nothing is copied.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.transpose(0, 1).to_array()[[2, 1]], 6.0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn transpose(self, one: isize, other: isize) -> Self {
        unwrap(self.try_transpose(one, other))
    }

    /// As [`transpose`](Self::transpose).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    #[track_caller]
    pub fn try_transpose(self, one: isize, other: isize) -> Result<Self, Error> {
        self.on_tape("transpose", |tape| {
            let mut shape = tape.shape(self.node).clone();
            let (one, other) = (shape.axis(one, "transpose")?, shape.axis(other, "transpose")?);
            let mut order: SmallVec<_> = (0..shape.rank() as u8).collect();
            order.swap(one, other);
            shape.as_mut().swap(one, other);
            Ok(tape.linear(Linear::Permute(order), self.node, shape))
        })
    }

    /// The last two axes swapped: the matrix transpose, of every matrix of a batch.
    #[must_use]
    #[track_caller]
    pub fn t(self) -> Self {
        self.transpose(-1, -2)
    }

    /// Repeated, without copying, to a larger shape: PyTorch's `expand`.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0], [2.0]]);
    /// let wide = x.broadcast_to([2, 3]);
    /// assert_eq!(wide.to_array().as_slice(), Some(&[1.0, 1.0, 1.0, 2.0, 2.0, 2.0][..]));
    /// assert_eq!(wide.sum().backward()[x].as_slice(), Some(&[3.0, 3.0][..]));
    /// ```
    #[doc(alias = "expand")]
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Self {
        unwrap(self.try_broadcast_to(shape))
    }

    /// As [`broadcast_to`](Self::broadcast_to).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the tensor does not broadcast to the shape.
    #[track_caller]
    pub fn try_broadcast_to(self, shape: impl Into<Shape>) -> Result<Self, Error> {
        let shape = shape.into();
        self.on_tape("broadcast_to", |tape| tape.broadcast_to(self.node, shape))
    }

    /// A new axis of length 1 before the given one; -1 puts it last.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// assert_eq!(tape.constant([1.0, 2.0]).unsqueeze(-1).shape(), [2, 1]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn unsqueeze(self, axis: isize) -> Self {
        unwrap(self.try_unsqueeze(axis))
    }

    /// As [`unsqueeze`](Self::unsqueeze).
    ///
    /// # Errors
    /// [`Error::Axis`] if the axis is not among those of the result.
    #[track_caller]
    pub fn try_unsqueeze(self, axis: isize) -> Result<Self, Error> {
        self.on_tape("unsqueeze", |tape| {
            let mut shape = tape.shape(self.node).clone();
            let rank = shape.rank() as isize + 1;
            if !(-rank..rank).contains(&axis) {
                return Err(Error::Axis { operation: "unsqueeze", axis, shape });
            }
            shape.as_mut().insert(axis.rem_euclid(rank) as usize, 1);
            Ok(tape.reshape(self.node, shape))
        })
    }

    /// Without an axis of length 1.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// assert_eq!(tape.constant([[1.0, 2.0]]).squeeze(0).shape(), [2]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn squeeze(self, axis: isize) -> Self {
        unwrap(self.try_squeeze(axis))
    }

    /// As [`squeeze`](Self::squeeze).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if its length is not 1.
    #[track_caller]
    pub fn try_squeeze(self, axis: isize) -> Result<Self, Error> {
        self.on_tape("squeeze", |tape| {
            let mut shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "squeeze")?;
            if shape[axis] != 1 {
                let rule = "only an axis of length 1 can be left out";
                return Err(Error::Shape { operation: "squeeze", shape, rule });
            }
            shape.as_mut().remove(axis);
            Ok(tape.reshape(self.node, shape))
        })
    }

    /// A run of neighbouring axes as one, from `start` to `end`, both included; a tensor without axes gets one.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let images = tape.constant([0.0; 24]).reshape([2, 3, 4]);
    /// assert_eq!(images.flatten(1, -1).shape(), [2, 12]);
    /// assert_eq!(images.flatten(0, -1).shape(), [24]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn flatten(self, start: isize, end: isize) -> Self {
        unwrap(self.try_flatten(start, end))
    }

    /// As [`flatten`](Self::flatten).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if the end lies before the start.
    #[track_caller]
    pub fn try_flatten(self, start: isize, end: isize) -> Result<Self, Error> {
        self.on_tape("flatten", |tape| {
            let shape = tape.shape(self.node).clone();
            if shape.rank() == 0 {
                return Ok(tape.reshape(self.node, Shape::from([1])));
            }
            let (first, last) = (shape.axis(start, "flatten")?, shape.axis(end, "flatten")?);
            if last < first {
                let rule = "the last axis lies before the first";
                return Err(Error::Axes { operation: "flatten", axes: vec![start, end], shape, rule });
            }
            let run = shape[first..=last].iter().product();
            let flat = shape[..first].iter().copied().chain([run]).chain(shape[last + 1..].iter().copied()).collect();
            Ok(tape.reshape(self.node, flat))
        })
    }

    /// One axis as several, whose lengths multiply to its own. One of them may be -1: it is what the others leave.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([[0.0; 12]; 2]);
    /// assert_eq!(x.unflatten(1, [3, -1]).shape(), [2, 3, 4]);
    /// assert_eq!(x.flatten(0, -1).unflatten(0, [-1, 8]).shape(), [3, 8]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn unflatten(self, axis: isize, lengths: impl AsRef<[isize]>) -> Self {
        unwrap(self.try_unflatten(axis, lengths))
    }

    /// As [`unflatten`](Self::unflatten).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if the lengths do not multiply to its length, or more
    /// than one is negative.
    #[track_caller]
    pub fn try_unflatten(self, axis: isize, lengths: impl AsRef<[isize]>) -> Result<Self, Error> {
        let lengths = lengths.as_ref();
        self.on_tape("unflatten", |tape| {
            let shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "unflatten")?;
            let broken = |rule| Error::Shape { operation: "unflatten", shape: shape.clone(), rule };
            if lengths.iter().filter(|length| **length < 0).count() > 1 || lengths.iter().any(|&length| length < -1) {
                return Err(broken("one length may be -1, and none else negative"));
            }
            let known: usize = lengths.iter().filter(|length| **length >= 0).map(|&length| length as usize).product();
            let rest = shape[axis].checked_div(known).unwrap_or(0);
            let inferred: Shape = lengths.iter().map(|&length| usize::try_from(length).unwrap_or(rest)).collect();
            if inferred.size() != shape[axis] {
                return Err(broken("the lengths must multiply to the length of the axis"));
            }
            let (before, behind) = (shape[..axis].iter(), shape[axis + 1..].iter());
            Ok(tape.reshape(self.node, before.chain(inferred.iter()).chain(behind).copied().collect()))
        })
    }

    /// One axis moved to another place, the others in their order. Nothing is copied.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let images = tape.constant([0.0; 24]).reshape([2, 3, 4]);
    /// assert_eq!(images.movedim(0, -1).shape(), [3, 4, 2]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn movedim(self, from: isize, to: isize) -> Self {
        unwrap(self.try_movedim(from, to))
    }

    /// As [`movedim`](Self::movedim).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    #[track_caller]
    pub fn try_movedim(self, from: isize, to: isize) -> Result<Self, Error> {
        self.on_tape("movedim", |tape| {
            let shape = tape.shape(self.node).clone();
            let (from, to) = (shape.axis(from, "movedim")?, shape.axis(to, "movedim")?);
            let mut order: SmallVec<_> = (0..shape.rank() as u8).collect();
            let moved = order.remove(from);
            order.insert(to, moved);
            let permuted = order.iter().map(|&axis| shape[axis as usize]).collect();
            Ok(tape.linear(Linear::Permute(order), self.node, permuted))
        })
    }

    /// The elements in reverse order along some axes. Nothing is copied.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.flip(-1).to_array().as_slice(), Some(&[2.0, 1.0, 4.0, 3.0][..]));
    /// assert_eq!(x.flip(..).to_array().as_slice(), Some(&[4.0, 3.0, 2.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn flip(self, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_flip(axes))
    }

    /// As [`flip`](Self::flip).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice.
    #[track_caller]
    pub fn try_flip(self, axes: impl Into<Axes>) -> Result<Self, Error> {
        let axes = axes.into();
        self.on_tape("flip", |tape| {
            let shape = tape.shape(self.node).clone();
            let set = axes.resolve(&shape, "flip")?;
            let mut cut = super::index::leading(&shape);
            for axis in (0..shape.rank()).filter(|&axis| set.contains(axis)) {
                cut.starts[axis] = shape[axis].saturating_sub(1) as u32;
                cut.steps[axis] = -1;
            }
            Ok(tape.linear(Linear::Slice(cut), self.node, shape))
        })
    }

    /// The elements moved along an axis by `shift` places, those that leave at one end coming in again at the other.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.roll(1, 0).to_array().as_slice(), Some(&[4.0, 1.0, 2.0, 3.0][..]));
    /// assert_eq!(x.roll(-5, 0).to_array().as_slice(), Some(&[2.0, 3.0, 4.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn roll(self, shift: isize, axis: isize) -> Self {
        unwrap(self.try_roll(shift, axis))
    }

    /// As [`roll`](Self::roll).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    #[track_caller]
    pub fn try_roll(self, shift: isize, axis: isize) -> Result<Self, Error> {
        let length = self.on_tape("roll", |tape| {
            let shape = tape.shape(self.node);
            Ok(shape[shape.axis(axis, "roll")?])
        })?;
        match shift.checked_rem_euclid(length as isize).unwrap_or(0) as usize {
            0 => Ok(self),
            shift => {
                let (front, back) = (0..length - shift, length - shift..length);
                Self::try_concat(&[self.try_narrow(axis, back)?, self.try_narrow(axis, front)?], axis)
            }
        }
    }
}
