//! Picking elements by position: slices, rows, gathered elements.

use ndarray::SliceInfoElem;

use super::Tensor;
use crate::error::{Error, unwrap};
use crate::indices::Indices;
use crate::real::Real;
use crate::shape::Shape;
use crate::transpose::Linear;

impl<T: Real> Tensor<T> {
    /// A part of the tensor, told by ndarray's `s!`: ranges, steps (a negative one walks the range backwards), single
    /// indices and new axes. Nothing is copied.
    ///
    /// ```
    /// use ndarray::s;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let corner = x.slice(s![1, ..;-2]);
    /// assert_eq!(corner.to_array().as_slice(), Some(&[6.0, 4.0][..]));
    /// assert_eq!(corner.sum().backward()[x].as_slice(), Some(&[0.0, 0.0, 0.0, 1.0, 0.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn slice(self, slices: impl AsRef<[SliceInfoElem]>) -> Self {
        unwrap(self.try_slice(slices))
    }

    /// As [`slice`](Self::slice).
    ///
    /// # Errors
    /// [`Error::Axes`] if there are more entries than axes, [`Error::Index`] if one lies outside its axis.
    pub fn try_slice(self, slices: impl AsRef<[SliceInfoElem]>) -> Result<Self, Error> {
        let slices = slices.as_ref();
        self.on_tape("slice", |tape| {
            let crate::slice::Resolved { cut, length, shape } = crate::slice::resolve(slices, tape.shape(self.node))?;
            let part = tape.linear(Linear::Slice(cut), self.node, length);
            Ok(if tape.shape(part.node) == &shape { part } else { tape.reshape(part.node, shape) })
        })
    }

    /// The rows along an axis that the indices name, in their order; a row may be named often or never.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// let rows = x.index_select(0, &[1, 1, 0]);
    /// assert_eq!(rows.shape(), [3, 2]);
    /// assert_eq!(rows.sum().backward()[x].as_slice(), Some(&[1.0, 1.0, 2.0, 2.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn index_select<'a>(self, axis: isize, indices: impl Into<Indices<'a>>) -> Self {
        unwrap(self.try_index_select(axis, indices))
    }

    /// As [`index_select`](Self::index_select).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Index`] if an index is not below its length.
    pub fn try_index_select<'a>(self, axis: isize, indices: impl Into<Indices<'a>>) -> Result<Self, Error> {
        let indices = indices.into();
        self.on_tape("index_select", |tape| {
            let mut shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "index_select")?;
            check_indices(&indices, axis, &shape, "index_select")?;
            let saved = tape.save_indices(&indices);
            shape.as_mut()[axis] = indices.values().len();
            Ok(tape.linear(Linear::SelectRows { axis, indices: saved }, self.node, shape))
        })
    }

    /// For every element of `indices`, the element that it names along the axis, in its own line: PyTorch's `gather`.
    /// `indices` has the tensor's shape but for that axis.
    ///
    /// ```
    /// use ndarray::array;
    /// let tape = tape::Tape::<f64>::new();
    /// let scores = tape.variable([[0.1, 0.9], [0.8, 0.2]]);
    /// let chosen = scores.gather(1, &array![[1], [0]]);
    /// assert_eq!(chosen.to_array().as_slice(), Some(&[0.9, 0.8][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn gather<'a>(self, axis: isize, indices: impl Into<Indices<'a>>) -> Self {
        unwrap(self.try_gather(axis, indices))
    }

    /// As [`gather`](Self::gather).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shapes`] if the indices' shape differs in another axis,
    /// [`Error::Index`] if an index is not below the axis' length.
    pub fn try_gather<'a>(self, axis: isize, indices: impl Into<Indices<'a>>) -> Result<Self, Error> {
        let indices = indices.into();
        let wanted = indices.shape().clone();
        self.on_tape("gather", |tape| {
            let shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "gather")?;
            let fits =
                wanted.rank() == shape.rank() && (0..shape.rank()).all(|own| own == axis || wanted[own] == shape[own]);
            if !fits {
                let rule = "the indices must have the tensor's shape in all axes but the gathered one";
                return Err(Error::Shapes { operation: "gather", left: shape, right: wanted, rule });
            }
            check_indices(&indices, axis, &shape, "gather")?;
            let indices = tape.save_indices(&indices);
            Ok(tape.linear(Linear::TakeAlong { axis, indices }, self.node, wanted))
        })
    }
}

fn check_indices(indices: &Indices<'_>, axis: usize, shape: &Shape, operation: &'static str) -> Result<(), Error> {
    match indices.values().iter().find(|&&index| index >= shape[axis]) {
        Some(&index) => Err(Error::Index { operation, index: index as isize, axis, shape: shape.clone() }),
        None => Ok(()),
    }
}
