//! Putting elements where indices or a mask say.

use super::index::{check_indices, leading, masking, reached};
use super::{Mask, Operand, Tensor};
use crate::error::{Error, unwrap};
use crate::indices::{Indices, Saved};
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::Storage;
use crate::transpose::{Linear, around};

impl<T: Real> Tensor<T> {
    /// The tensor with `source` written where `indices` say along an axis, each element in its own line: PyTorch's
    /// `scatter`. `source` broadcasts to the indices' shape, which in the other axes may be shorter than the tensor.
    ///
    /// Where an index repeats within a line, the last write wins and only it receives gradient. What was written over
    /// receives none.
    ///
    /// ```
    /// use ndarray::array;
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, new) = (tape.variable([[1.0, 2.0, 3.0]]), tape.variable([[7.0, 8.0]]));
    /// let y = x.scatter(1, &array![[2, 2]], new);
    /// assert_eq!(y.to_array().as_slice(), Some(&[1.0, 2.0, 8.0][..]));
    /// let gradients = y.sum().backward();
    /// assert_eq!(gradients[x].as_slice(), Some(&[1.0, 1.0, 0.0][..]));
    /// assert_eq!(gradients[new].as_slice(), Some(&[0.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn scatter<'a>(self, axis: isize, indices: impl Into<Indices<'a>>, source: impl Into<Operand<T>>) -> Self {
        unwrap(self.try_scatter(axis, indices, source))
    }

    /// As [`scatter`](Self::scatter).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shapes`] if the indices have another number of axes or are longer
    /// in another axis, or the source does not broadcast to them, [`Error::Index`] if an index is not below the axis'
    /// length; [`Error::LookedAt`] if the indices change from run to run of a program, because it matters which of them repeat.
    #[track_caller]
    pub fn try_scatter<'a>(
        self,
        axis: isize,
        indices: impl Into<Indices<'a>>,
        source: impl Into<Operand<T>>,
    ) -> Result<Self, Error> {
        let (indices, source) = (indices.into(), source.into());
        self.on_tape("scatter", |tape| {
            let placed = Placed::new(tape, self, axis, &indices, source, "scatter")?;
            if indices.origin.is_some() {
                // Which writes are the last would be the same in every run of the program.
                tape.look_at("scatter")?;
            }
            let winners = placed.winners(indices.recorded());
            let written = tape.push_leaf(placed.indices.clone(), false, |out| {
                out.iter_mut().zip(&winners).for_each(|(out, &wins)| *out = if wins { T::one() } else { T::zero() });
            });
            let written_to = placed.put(tape, written.node);
            let zero = tape.push_leaf(Shape::default(), false, |out| out[0] = T::zero());
            let source = tape.select(written.node, placed.source, zero.node)?;
            let put = placed.put(tape, source.node);
            tape.select(written_to.node, put.node, self.node)
        })
    }

    /// The tensor with `source` added where `indices` say along an axis, each element in its own line; indices may repeat.
    /// `source` broadcasts to the indices' shape, which in the other axes may be shorter than the tensor.
    ///
    /// ```
    /// use ndarray::array;
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, new) = (tape.variable([[1.0, 2.0, 3.0]]), tape.variable([[7.0, 8.0]]));
    /// let y = x.scatter_add(1, &array![[2, 2]], new);
    /// assert_eq!(y.to_array().as_slice(), Some(&[1.0, 2.0, 18.0][..]));
    /// assert_eq!(y.powi(2).sum().backward()[new].as_slice(), Some(&[36.0, 36.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn scatter_add<'a>(self, axis: isize, indices: impl Into<Indices<'a>>, source: impl Into<Operand<T>>) -> Self {
        unwrap(self.try_scatter_add(axis, indices, source))
    }

    /// As [`scatter_add`](Self::scatter_add).
    ///
    /// # Errors
    /// As [`try_scatter`](Self::try_scatter).
    #[track_caller]
    pub fn try_scatter_add<'a>(
        self,
        axis: isize,
        indices: impl Into<Indices<'a>>,
        source: impl Into<Operand<T>>,
    ) -> Result<Self, Error> {
        let (indices, source) = (indices.into(), source.into());
        let put = self.on_tape("scatter_add", |tape| {
            let placed = Placed::new(tape, self, axis, &indices, source, "scatter_add")?;
            Ok(placed.put(tape, placed.source))
        })?;
        self.try_add(put)
    }

    /// The tensor with row `i` of `source` along an axis added to its own row `indices[i]`; indices may repeat.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, rows) = (tape.variable([[0.0, 0.0], [1.0, 1.0]]), tape.variable([[1.0, 2.0], [3.0, 4.0]]));
    /// let y = x.index_add(0, &[1, 1], rows);
    /// assert_eq!(y.to_array().as_slice(), Some(&[0.0, 0.0, 5.0, 7.0][..]));
    /// assert_eq!(y.powi(2).sum().backward()[rows].as_slice(), Some(&[10.0, 14.0, 10.0, 14.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn index_add<'a>(self, axis: isize, indices: impl Into<Indices<'a>>, source: Self) -> Self {
        unwrap(self.try_index_add(axis, indices, source))
    }

    /// As [`index_add`](Self::index_add).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shapes`] if the source does not have one row for each index,
    /// [`Error::Index`] if an index is not below the axis' length.
    #[track_caller]
    pub fn try_index_add<'a>(self, axis: isize, indices: impl Into<Indices<'a>>, source: Self) -> Result<Self, Error> {
        let indices = indices.into();
        let added = self.on_tape("index_add", |tape| {
            let source = tape.own(source, "index_add")?;
            let shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "index_add")?;
            let mut wanted = shape.clone();
            wanted.as_mut()[axis] = indices.len();
            if *tape.shape(source) != wanted {
                let (right, rule) =
                    (tape.shape(source).clone(), "the source must have one row of the tensor for each index");
                return Err(Error::Shapes { operation: "index_add", left: shape, right, rule });
            }
            check_indices(&indices, axis, &shape, "index_add")?;
            let indices = tape.save_indices(&indices, "index_add")?;
            Ok(tape.linear(Linear::AddRows { axis, indices }, source, shape))
        })?;
        self.try_add(added)
    }

    /// The tensor with a value where a mask holds, which broadcasts to its shape. What is filled in receives no gradient.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let scores = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// let future = tape.constant([[0.0, 1.0], [0.0, 0.0]]).ne(0.0);
    /// let masked = scores.masked_fill(future, f64::NEG_INFINITY);
    /// assert_eq!(masked.softmax(-1).to_array()[[0, 0]], 1.0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn masked_fill(self, mask: Mask<T>, value: impl Into<Operand<T>>) -> Self {
        unwrap(self.try_masked_fill(mask, value))
    }

    /// As [`masked_fill`](Self::masked_fill).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the mask or the value does not broadcast to the tensor's shape.
    #[track_caller]
    pub fn try_masked_fill(self, mask: Mask<T>, value: impl Into<Operand<T>>) -> Result<Self, Error> {
        let value = value.into();
        self.on_tape("masked_fill", |tape| {
            let mask = masking(tape, self.node, mask, "masked_fill")?;
            let value = tape.operand(value, "masked_fill")?;
            let shape = tape.shape(self.node);
            if !tape.shape(value).broadcasts_to(shape) {
                let (left, right) = (shape.clone(), tape.shape(value).clone());
                let rule = "the value must broadcast to the tensor's shape";
                return Err(Error::Shapes { operation: "masked_fill", left, right, rule });
            }
            tape.select(mask, value, self.node)
        })
    }
}

/// What a scatter works on, once everything has been checked.
struct Placed {
    source: u32,
    axis: usize,
    /// The tensor's own shape, the part of it that the indices reach, and that of the indices.
    shape: Shape,
    reached: Shape,
    indices: Shape,
    saved: Saved,
}

impl Placed {
    fn new<T: Real>(
        tape: &mut Storage<T>,
        x: Tensor<T>,
        axis: isize,
        indices: &Indices<'_>,
        source: Operand<T>,
        operation: &'static str,
    ) -> Result<Self, Error> {
        let (shape, wanted) = (tape.shape(x.node).clone(), indices.shape().clone());
        let axis = shape.axis(axis, operation)?;
        let reached = reached(&shape, &wanted, axis, operation)?;
        check_indices(indices, axis, &shape, operation)?;
        let source = tape.operand(source, operation)?;
        if !tape.shape(source).broadcasts_to(&wanted) {
            let (left, right) = (wanted, tape.shape(source).clone());
            let rule = "the source must broadcast to the shape of the indices";
            return Err(Error::Shapes { operation, left, right, rule });
        }
        let source =
            if *tape.shape(source) == wanted { source } else { tape.broadcast_to(source, wanted.clone())?.node };
        let saved = tape.save_indices(indices, operation)?;
        Ok(Self { source, axis, shape, reached, indices: wanted, saved })
    }

    /// Elements in the indices' shape, added up where the indices say, with zeros elsewhere.
    fn put<T: Real>(&self, tape: &mut Storage<T>, elements: u32) -> Tensor<T> {
        let put =
            tape.linear(Linear::PutAlong { axis: self.axis, indices: self.saved }, elements, self.reached.clone());
        if self.reached == self.shape {
            return put;
        }
        tape.linear(Linear::Pad(leading(&self.shape)), put.node, self.shape.clone())
    }

    /// Which writes are the last to their place.
    fn winners(&self, indices: &[usize]) -> Vec<bool> {
        let [outer, count, inner] = around(&self.indices, self.axis);
        let length = self.shape[self.axis];
        let mut wins = vec![false; indices.len()];
        let mut taken = vec![false; length];
        for o in 0..outer {
            for i in 0..inner {
                taken.fill(false);
                for c in (0..count).rev() {
                    let place = (o * count + c) * inner + i;
                    wins[place] = !std::mem::replace(&mut taken[indices[place]], true);
                }
            }
        }
        wins
    }
}
