//! Products of matrices and vectors.

use super::Tensor;
use crate::error::{Error, unwrap};
use crate::real::Real;

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
}
