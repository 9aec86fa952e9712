//! Picking elements by position or condition: slices, rows, gathered and masked elements.

use std::ops::Range;

use ndarray::{ArrayD, SliceInfoElem};

use super::{Mask, Tensor};
use crate::error::{Error, unwrap};
use crate::indices::Indices;
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::Storage;
use crate::transpose::{Cut, Linear};

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
    #[track_caller]
    pub fn try_slice(self, slices: impl AsRef<[SliceInfoElem]>) -> Result<Self, Error> {
        let slices = slices.as_ref();
        self.on_tape("slice", |tape| {
            let crate::slice::Resolved { cut, length, shape } = crate::slice::resolve(slices, tape.shape(self.node))?;
            let part = tape.linear(Linear::Slice(cut), self.node, length);
            Ok(if tape.shape(part.node) == &shape { part } else { tape.reshape(part.node, shape) })
        })
    }

    /// The elements along an axis whose indices lie in a range. Nothing is copied.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.narrow(-1, 1..3).to_array().as_slice(), Some(&[2.0, 3.0, 5.0, 6.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn narrow(self, axis: isize, range: Range<usize>) -> Self {
        unwrap(self.try_narrow(axis, range))
    }

    /// As [`narrow`](Self::narrow).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Index`] if the range ends outside of it,
    /// [`Error::Argument`] if it ends before it begins.
    #[track_caller]
    pub fn try_narrow(self, axis: isize, range: Range<usize>) -> Result<Self, Error> {
        self.on_tape("narrow", |tape| {
            let shape = tape.shape(self.node);
            let axis = shape.axis(axis, "narrow")?;
            if range.end > shape[axis] {
                let (index, shape) = (range.end as isize - 1, shape.clone());
                return Err(Error::Index { operation: "narrow", index, axis, shape });
            }
            if range.start > range.end {
                return Err(Error::Argument { operation: "narrow", rule: "the range ends before it begins" });
            }
            Ok(narrow(tape, self.node, axis, range))
        })
    }

    /// One index of an axis, which the result does not have any more; a negative index counts from the end.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.select(1, -1).to_array().as_slice(), Some(&[3.0, 6.0][..]));
    /// assert_eq!(x.select(0, 1).sum().backward()[x].as_slice(), Some(&[0.0, 0.0, 0.0, 1.0, 1.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn select(self, axis: isize, index: isize) -> Self {
        unwrap(self.try_select(axis, index))
    }

    /// As [`select`](Self::select).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Index`] if the index lies outside of it.
    #[track_caller]
    pub fn try_select(self, axis: isize, index: isize) -> Result<Self, Error> {
        self.on_tape("select", |tape| {
            let mut shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "select")?;
            let counted = if index < 0 { shape[axis].checked_add_signed(index) } else { Some(index as usize) };
            let Some(at) = counted.filter(|&at| at < shape[axis]) else {
                return Err(Error::Index { operation: "select", index, axis, shape });
            };
            let part = narrow(tape, self.node, axis, at..at + 1);
            shape.as_mut().remove(axis);
            Ok(tape.reshape(part.node, shape))
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
    #[track_caller]
    pub fn try_index_select<'a>(self, axis: isize, indices: impl Into<Indices<'a>>) -> Result<Self, Error> {
        let indices = indices.into();
        self.on_tape("index_select", |tape| {
            let mut shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "index_select")?;
            check_indices(&indices, axis, &shape, "index_select")?;
            let saved = tape.save_indices(&indices, "index_select")?;
            shape.as_mut()[axis] = indices.len();
            Ok(tape.linear(Linear::SelectRows { axis, indices: saved }, self.node, shape))
        })
    }

    /// The elements that the indices name when the tensor is read row by row, in the shape of the indices.
    ///
    /// ```
    /// use ndarray::array;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// let taken = x.take(&array![[3, 0, 3]]);
    /// assert_eq!(taken.shape(), [1, 3]);
    /// assert_eq!(taken.sum().backward()[x].as_slice(), Some(&[1.0, 0.0, 0.0, 2.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn take<'a>(self, indices: impl Into<Indices<'a>>) -> Self {
        unwrap(self.try_take(indices))
    }

    /// As [`take`](Self::take).
    ///
    /// # Errors
    /// [`Error::Index`] if an index is not below the number of elements.
    #[track_caller]
    pub fn try_take<'a>(self, indices: impl Into<Indices<'a>>) -> Result<Self, Error> {
        let indices = indices.into();
        self.on_tape("take", |tape| {
            let flat = Shape::from([tape.shape(self.node).size()]);
            check_indices(&indices, 0, &flat, "take")?;
            let flat = tape.reshape(self.node, flat);
            let saved = tape.save_indices(&indices, "take")?;
            let rows = Linear::SelectRows { axis: 0, indices: saved };
            let taken = tape.linear(rows, flat.node, Shape::from([indices.len()]));
            Ok(tape.reshape(taken.node, indices.shape().clone()))
        })
    }

    /// The rows of a table that the indices name: `[rows, ..]` with indices of shape `[..]` gives `[indices.., ..]`. This
    /// is how tokens become vectors; a row's gradient is the sum over all places where it is used.
    ///
    /// ```
    /// use ndarray::array;
    /// let tape = tape::Tape::<f64>::new();
    /// let table = tape.variable([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]);
    /// let sentence = table.embedding(&array![[2, 0], [2, 2]]);
    /// assert_eq!(sentence.shape(), [2, 2, 2]);
    /// assert_eq!(sentence.sum().backward()[table].as_slice(), Some(&[1.0, 1.0, 0.0, 0.0, 3.0, 3.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn embedding<'a>(self, indices: impl Into<Indices<'a>>) -> Self {
        unwrap(self.try_embedding(indices))
    }

    /// As [`embedding`](Self::embedding).
    ///
    /// # Errors
    /// [`Error::Axis`] if the table has no axis, [`Error::Index`] if an index is not below the number of its rows.
    #[track_caller]
    pub fn try_embedding<'a>(self, indices: impl Into<Indices<'a>>) -> Result<Self, Error> {
        let indices = indices.into();
        self.on_tape("embedding", |tape| {
            let table = tape.shape(self.node).clone();
            let axis = table.axis(0, "embedding")?;
            check_indices(&indices, axis, &table, "embedding")?;
            let saved = tape.save_indices(&indices, "embedding")?;
            let rows = [indices.len()].iter().chain(&table[1..]).copied().collect();
            let rows = tape.linear(Linear::SelectRows { axis, indices: saved }, self.node, rows);
            Ok(tape.reshape(rows.node, indices.shape().iter().chain(&table[1..]).copied().collect()))
        })
    }

    /// For every element of `indices`, the element that it names along the axis, in its own line: PyTorch's `gather`.
    /// In the other axes `indices` may be shorter than the tensor; the lines that it does not reach are left out.
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
    /// [`Error::Axis`] if there is no such axis, [`Error::Shapes`] if the indices have another number of axes or are longer
    /// in another axis, [`Error::Index`] if an index is not below the axis' length.
    #[track_caller]
    pub fn try_gather<'a>(self, axis: isize, indices: impl Into<Indices<'a>>) -> Result<Self, Error> {
        let indices = indices.into();
        self.on_tape("gather", |tape| {
            let shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "gather")?;
            let reached = reached(&shape, indices.shape(), axis, "gather")?;
            check_indices(&indices, axis, &shape, "gather")?;
            let lines =
                if reached == shape { self } else { tape.linear(Linear::Slice(leading(&shape)), self.node, reached) };
            let saved = tape.save_indices(&indices, "gather")?;
            Ok(tape.linear(Linear::TakeAlong { axis, indices: saved }, lines.node, indices.shape().clone()))
        })
    }

    /// The elements where a mask holds, row by row, as a tensor of one axis. The mask broadcasts to the tensor's shape.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, -2.0], [-3.0, 4.0]]);
    /// let positive = x.masked_select(x.gt(0.0));
    /// assert_eq!(positive.to_array().as_slice(), Some(&[1.0, 4.0][..]));
    /// assert_eq!(positive.sum().backward()[x].as_slice(), Some(&[1.0, 0.0, 0.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn masked_select(self, mask: Mask<T>) -> Self {
        unwrap(self.try_masked_select(mask))
    }

    /// As [`masked_select`](Self::masked_select).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the mask does not broadcast to the tensor's shape, [`Error::LookedAt`] while a program is
    /// recorded: the shape of the result depends on the elements.
    #[track_caller]
    pub fn try_masked_select(self, mask: Mask<T>) -> Result<Self, Error> {
        self.on_tape("masked_select", |tape| {
            tape.look_at("masked_select")?;
            let mask = masking(tape, self.node, mask, "masked_select")?;
            let flat = Shape::from([tape.shape(self.node).size()]);
            let places = tape.dense_elements(mask).iter().enumerate();
            let places: Vec<u32> =
                places.filter(|(_, holds)| **holds != T::zero()).map(|(place, _)| place as u32).collect();
            tape.scratch.reset();
            let flat = tape.reshape(self.node, flat);
            let (count, indices) = (places.len(), tape.save(places.into_iter()));
            Ok(tape.linear(Linear::SelectRows { axis: 0, indices }, flat.node, Shape::from([count])))
        })
    }
}

/// A mask's node once it has been checked that it broadcasts to a tensor, and has been.
pub(super) fn masking<T: Real>(
    tape: &mut Storage<T>,
    x: u32,
    mask: Mask<T>,
    operation: &'static str,
) -> Result<u32, Error> {
    let mask = tape.own(mask.to_tensor(), operation)?;
    let shape = tape.shape(x).clone();
    if !tape.shape(mask).broadcasts_to(&shape) {
        let rule = "the mask must broadcast to the tensor's shape";
        return Err(Error::Shapes { operation, left: shape, right: tape.shape(mask).clone(), rule });
    }
    Ok(tape.broadcast_to(mask, shape)?.node)
}

/// Everything from the beginning of each axis on; how much of it is the output's shape.
pub(super) fn leading(shape: &Shape) -> Cut {
    Cut { starts: shape.iter().map(|_| 0).collect(), steps: shape.iter().map(|_| 1).collect() }
}

fn narrow<T: Real>(tape: &mut Storage<T>, x: u32, axis: usize, range: Range<usize>) -> Tensor<T> {
    let mut shape = tape.shape(x).clone();
    let mut cut = leading(&shape);
    cut.starts[axis] = range.start as u32;
    shape.as_mut()[axis] = range.len();
    tape.linear(Linear::Slice(cut), x, shape)
}

/// The part of a tensor in which indices for an axis name elements: as long as the indices in all other axes.
pub(super) fn reached(shape: &Shape, indices: &Shape, axis: usize, operation: &'static str) -> Result<Shape, Error> {
    let fits = indices.rank() == shape.rank() && (0..shape.rank()).all(|own| own == axis || indices[own] <= shape[own]);
    if !fits {
        let rule = "the indices must have as many axes as the tensor, and be no longer in the others";
        return Err(Error::Shapes { operation, left: shape.clone(), right: indices.clone(), rule });
    }
    Ok((0..shape.rank()).map(|own| if own == axis { shape[own] } else { indices[own] }).collect())
}

/// Indices as an array for the caller.
pub(super) fn to_array(indices: &[u32], shape: &Shape) -> ArrayD<usize> {
    let indices = indices.iter().map(|&index| index as usize).collect();
    ArrayD::from_shape_vec(&**shape, indices).expect("one index an element")
}

pub(super) fn check_indices(
    indices: &Indices<'_>,
    axis: usize,
    shape: &Shape,
    operation: &'static str,
) -> Result<(), Error> {
    match indices.first_from(shape[axis]) {
        Some(index) => Err(Error::Index { operation, index: index as isize, axis, shape: shape.clone() }),
        None => Ok(()),
    }
}
