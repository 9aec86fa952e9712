//! Products of matrices and vectors.

use super::Tensor;
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::rules::Binary;
use crate::shape::Shape;

impl<T: Real> Tensor<T> {
    /// Matrix products by NumPy's rules: `[.., m, k] x [.., k, n] -> [.., m, n]`, where the axes before the last two
    /// broadcast, a vector on the left counts as a row and one on the right as a column.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// let x = tape.constant([10.0, 1.0]);
    /// let y = a.matmul(x);
    /// assert_eq!(y.to_array().as_slice(), Some(&[12.0, 34.0][..]));
    /// assert_eq!(y.sum().backward()[a].as_slice(), Some(&[10.0, 1.0, 10.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matmul(self, other: Self) -> Self {
        unwrap(self.try_matmul(other))
    }

    /// As [`matmul`](Self::matmul).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the inner lengths differ, the batches do not broadcast, or a factor has no axis.
    #[track_caller]
    pub fn try_matmul(self, other: Self) -> Result<Self, Error> {
        self.on_tape("matmul", |tape| {
            let other = tape.own(other, "matmul")?;
            tape.matmul(self.node, other)
        })
    }

    /// The scalar product of two vectors of the same length.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0]);
    /// let y = x.dot(tape.constant([3.0, 4.0]));
    /// assert_eq!(y.item(), 11.0);
    /// assert_eq!(y.backward()[x].as_slice(), Some(&[3.0, 4.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn dot(self, other: Self) -> Self {
        unwrap(self.try_dot(other))
    }

    /// As [`dot`](Self::dot).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the factors are not two vectors of the same length.
    #[track_caller]
    pub fn try_dot(self, other: Self) -> Result<Self, Error> {
        self.on_tape("dot", |tape| {
            let other = tape.own(other, "dot")?;
            let (left, right) = (tape.shape(self.node), tape.shape(other));
            if left.rank() != 1 || left != right {
                let rule = "both factors must be vectors, of the same length";
                return Err(Error::Shapes { operation: "dot", left: left.clone(), right: right.clone(), rule });
            }
            tape.matmul(self.node, other)
        })
    }

    /// All products of an element of one vector and one of another: `[m], [n] -> [m, n]`.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0]);
    /// let y = x.outer(tape.constant([10.0, 1.0]));
    /// assert_eq!(y.to_array().as_slice(), Some(&[10.0, 1.0, 20.0, 2.0][..]));
    /// assert_eq!(y.sum().backward()[x].as_slice(), Some(&[11.0, 11.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn outer(self, other: Self) -> Self {
        unwrap(self.try_outer(other))
    }

    /// As [`outer`](Self::outer).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the factors are not two vectors.
    #[track_caller]
    pub fn try_outer(self, other: Self) -> Result<Self, Error> {
        self.on_tape("outer", |tape| {
            let other = tape.own(other, "outer")?;
            let (left, right) = (tape.shape(self.node).clone(), tape.shape(other));
            if left.rank() != 1 || right.rank() != 1 {
                let rule = "both factors must be vectors";
                return Err(Error::Shapes { operation: "outer", left, right: right.clone(), rule });
            }
            let column = tape.reshape(self.node, Shape::from([left[0], 1]));
            tape.binary(Binary::Mul, column.node, other)
        })
    }

    /// The sum of the main diagonal of every matrix in the last two axes: `[.., m, n] -> [..]`.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.trace().item(), 5.0);
    /// assert_eq!(x.trace().backward()[x].as_slice(), Some(&[1.0, 0.0, 0.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn trace(self) -> Self {
        unwrap(self.try_trace())
    }

    /// As [`trace`](Self::trace).
    ///
    /// # Errors
    /// [`Error::Shape`] if the tensor has fewer than two axes.
    #[track_caller]
    pub fn try_trace(self) -> Result<Self, Error> {
        self.on_tape("trace", |tape| {
            let shape = tape.shape(self.node);
            if shape.rank() < 2 {
                let rule = "a matrix has at least two axes";
                return Err(Error::Shape { operation: "trace", shape: shape.clone(), rule });
            }
            Ok(())
        })?;
        self.try_diagonal(0, -2, -1)?.try_sum_axes(-1)
    }
}
