//! Several tensors as one, and one as several.

use super::Tensor;
use crate::error::{Error, unwrap};
use crate::real::Real;

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
}
