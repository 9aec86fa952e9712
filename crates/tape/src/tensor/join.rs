//! Several tensors as one, one as several, and one many times over.

use super::Tensor;
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::shape::Shape;

impl<T: Real> Tensor<T> {
    /// Tensors one after another along an axis; all other axes must be equal.
    #[must_use]
    #[track_caller]
    pub fn concat(tensors: &[Self], axis: isize) -> Self {
        unwrap(Self::try_concat(tensors, axis))
    }

    /// As [`concat`](Self::concat).
    ///
    /// # Errors
    /// [`Error::NoTape`] if there is no tensor, [`Error::Axis`] if there is no such axis, [`Error::Shapes`] if another
    /// axis differs.
    #[track_caller]
    pub fn try_concat(tensors: &[Self], axis: isize) -> Result<Self, Error> {
        let first = *tensors.first().ok_or(Error::NoTape { operation: "concat" })?;
        first.on_tape("concat", |tape| {
            let nodes = tape.own_all(tensors, "concat")?;
            tape.concat(&nodes, axis)
        })
    }

    /// Tensors of one shape side by side along a new axis.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, y) = (tape.variable([1.0, 2.0]), tape.variable([3.0, 4.0]));
    /// assert_eq!(tape::Tensor::stack(&[x, y], -1).to_array().as_slice(), Some(&[1.0, 3.0, 2.0, 4.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn stack(tensors: &[Self], axis: isize) -> Self {
        unwrap(Self::try_stack(tensors, axis))
    }

    /// As [`stack`](Self::stack).
    ///
    /// # Errors
    /// [`Error::NoTape`] if there is no tensor, [`Error::Axis`] if the axis is not among those of the result,
    /// [`Error::Shapes`] if two shapes differ.
    #[track_caller]
    pub fn try_stack(tensors: &[Self], axis: isize) -> Result<Self, Error> {
        let columns = tensors.iter().map(|tensor| tensor.try_unsqueeze(axis)).collect::<Result<Vec<_>, _>>()?;
        Self::try_concat(&columns, axis)
    }

    /// Parts along an axis, one after another, with these lengths. Nothing is copied.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0, 3.0]);
    /// let parts = x.split(&[1, 2], 0);
    /// assert_eq!(parts[1].to_array().as_slice(), Some(&[2.0, 3.0][..]));
    /// assert_eq!(parts[1].sum().backward()[x].as_slice(), Some(&[0.0, 1.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn split(self, lengths: &[usize], axis: isize) -> Vec<Self> {
        unwrap(self.try_split(lengths, axis))
    }

    /// As [`split`](Self::split).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if the lengths do not add up to its length.
    #[track_caller]
    pub fn try_split(self, lengths: &[usize], axis: isize) -> Result<Vec<Self>, Error> {
        let length = self.try_length(axis, "split")?;
        if lengths.iter().sum::<usize>() != length {
            let rule = "the lengths of the parts must add up to the length of the axis";
            return Err(Error::Shape { operation: "split", shape: self.shape(), rule });
        }
        let mut start = 0;
        let part = |&length: &usize| {
            start += length;
            self.try_narrow(axis, start - length..start)
        };
        lengths.iter().map(part).collect()
    }

    /// At most `count` parts along an axis, as even as they can be: all but the last have the same length, and there are
    /// fewer where the axis is too short. Nothing is copied.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let parts = tape.constant([0.0; 7]).chunk(3, 0);
    /// assert_eq!(parts.iter().map(|part| part.shape()[0]).collect::<Vec<_>>(), [3, 3, 1]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn chunk(self, count: usize, axis: isize) -> Vec<Self> {
        unwrap(self.try_chunk(count, axis))
    }

    /// As [`chunk`](Self::chunk).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Argument`] if no part is asked for.
    #[track_caller]
    pub fn try_chunk(self, count: usize, axis: isize) -> Result<Vec<Self>, Error> {
        let length = self.try_length(axis, "chunk")?;
        if count == 0 {
            return Err(Error::Argument { operation: "chunk", rule: "there must be at least one part" });
        }
        let part = length.div_ceil(count).max(1);
        let starts = (0..length.max(1)).step_by(part);
        starts.map(|start| self.try_narrow(axis, start..length.min(start + part))).collect()
    }

    #[track_caller]
    fn try_length(self, axis: isize, operation: &'static str) -> Result<usize, Error> {
        self.on_tape(operation, |tape| {
            let shape = tape.shape(self.node);
            Ok(shape[shape.axis(axis, operation)?])
        })
    }

    /// The whole tensor side by side with itself, `counts[i]` times along axis i: NumPy's `tile`, PyTorch's `repeat`. The
    /// counts are aligned at the last axis; more counts than axes make new axes in front.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0]);
    /// assert_eq!(x.repeat([2]).to_array().as_slice(), Some(&[1.0, 2.0, 1.0, 2.0][..]));
    /// assert_eq!(x.repeat([3, 1]).shape(), [3, 2]);
    /// assert_eq!(x.repeat([3, 1]).sum().backward()[x].as_slice(), Some(&[3.0, 3.0][..]));
    /// ```
    #[doc(alias = "tile")]
    #[must_use]
    #[track_caller]
    pub fn repeat(self, counts: impl AsRef<[usize]>) -> Self {
        unwrap(self.try_repeat(counts))
    }

    /// As [`repeat`](Self::repeat).
    ///
    /// # Errors
    /// [`Error::Shape`] if the result had more than 16 axes.
    #[doc(alias = "try_tile")]
    #[track_caller]
    pub fn try_repeat(self, counts: impl AsRef<[usize]>) -> Result<Self, Error> {
        let counts = counts.as_ref();
        self.on_tape("repeat", |tape| {
            let own = tape.shape(self.node).clone();
            let rank = own.rank().max(counts.len());
            if 2 * rank > crate::transpose::MOST_AXES {
                let rule = "at most 16 axes can be repeated";
                return Err(Error::Shape { operation: "repeat", shape: own, rule });
            }
            let aligned =
                |lengths: &[usize], axis: usize| (axis + lengths.len()).checked_sub(rank).map_or(1, |own| lengths[own]);
            let pairs: Vec<[usize; 2]> = (0..rank).map(|axis| [aligned(counts, axis), aligned(&own, axis)]).collect();
            // A new axis before each one, to repeat along.
            let apart = tape.reshape(self.node, pairs.iter().flat_map(|&[_, length]| [1, length]).collect());
            let repeated = tape.broadcast_to(apart.node, pairs.iter().flatten().copied().collect())?;
            Ok(tape.reshape(repeated.node, pairs.iter().map(|[count, length]| count * length).collect()))
        })
    }

    /// Every element `count` times in a row along an axis.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0]);
    /// assert_eq!(x.repeat_interleave(2, 0).to_array().as_slice(), Some(&[1.0, 1.0, 2.0, 2.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn repeat_interleave(self, count: usize, axis: isize) -> Self {
        unwrap(self.try_repeat_interleave(count, axis))
    }

    /// As [`repeat_interleave`](Self::repeat_interleave).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    #[track_caller]
    pub fn try_repeat_interleave(self, count: usize, axis: isize) -> Result<Self, Error> {
        self.on_tape("repeat_interleave", |tape| {
            let own = tape.shape(self.node).clone();
            let axis = own.axis(axis, "repeat_interleave")?;
            let mut apart: Shape = own.clone();
            apart.as_mut().insert(axis + 1, 1);
            let mut wide = apart.clone();
            wide.as_mut()[axis + 1] = count;
            let mut joined = own;
            joined.as_mut()[axis] *= count;
            let apart = tape.reshape(self.node, apart);
            let wide = tape.broadcast_to(apart.node, wide)?;
            Ok(tape.reshape(wide.node, joined))
        })
    }
}
