//! The same elements in another shape: reshaping, permuting, broadcasting.

use smallvec::SmallVec;

use super::{Axes, Tensor};
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::shape::Shape;
use crate::transpose::{AxisSet, Linear};

impl<T: Real> Tensor<T> {
    /// The same elements, row by row, in another shape.
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

    /// Repeated, without copying, to a larger shape.
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
}
