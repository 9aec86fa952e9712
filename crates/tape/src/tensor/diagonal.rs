//! Triangles and diagonals of matrices.

use smallvec::SmallVec;

use super::Tensor;
use super::index::leading;
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::shape::Shape;
use crate::transpose::{Cut, Linear};

impl<T: Real> Tensor<T> {
    /// The lower triangle of every matrix in the last two axes, zeros above it. `offset` 0 keeps the main diagonal, 1 one
    /// more above it, -1 one less.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.tril(0).to_array().as_slice(), Some(&[1.0, 0.0, 3.0, 4.0][..]));
    /// assert_eq!(x.tril(-1).sum().backward()[x].as_slice(), Some(&[0.0, 0.0, 1.0, 0.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn tril(self, offset: isize) -> Self {
        unwrap(self.try_tril(offset))
    }

    /// As [`tril`](Self::tril).
    ///
    /// # Errors
    /// [`Error::Shape`] if the tensor has fewer than two axes.
    #[track_caller]
    pub fn try_tril(self, offset: isize) -> Result<Self, Error> {
        self.try_triangle("tril", |row, column| column - row <= offset)
    }

    /// The upper triangle of every matrix in the last two axes, zeros below it; see [`tril`](Self::tril).
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.triu(1).to_array().as_slice(), Some(&[0.0, 2.0, 0.0, 0.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn triu(self, offset: isize) -> Self {
        unwrap(self.try_triu(offset))
    }

    /// As [`triu`](Self::triu).
    ///
    /// # Errors
    /// [`Error::Shape`] if the tensor has fewer than two axes.
    #[track_caller]
    pub fn try_triu(self, offset: isize) -> Result<Self, Error> {
        self.try_triangle("triu", |row, column| column - row >= offset)
    }

    #[track_caller]
    fn try_triangle(self, operation: &'static str, inside: impl Fn(isize, isize) -> bool) -> Result<Self, Error> {
        self.on_tape(operation, |tape| {
            let shape = tape.shape(self.node).clone();
            let &[.., rows, columns] = &*shape else {
                return Err(Error::Shape { operation, shape, rule: "a matrix has at least two axes" });
            };
            let mask = tape.push_leaf(Shape::from([rows, columns]), false, |out| {
                for (place, out) in out.iter_mut().enumerate() {
                    let (row, column) = ((place / columns) as isize, (place % columns) as isize);
                    *out = if inside(row, column) { T::one() } else { T::zero() };
                }
            });
            let zero = tape.push_leaf(Shape::default(), false, |out| out[0] = T::zero());
            tape.select(mask.node, self.node, zero.node)
        })
    }

    /// The diagonals of the matrices in two axes, as a new last axis: element i is row i and column `i + offset`, so that
    /// a positive offset is above the main diagonal. Outside of the matrix a diagonal is empty.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.diagonal(0, 0, 1).to_array().as_slice(), Some(&[1.0, 5.0][..]));
    /// assert_eq!(x.diagonal(1, 0, 1).to_array().as_slice(), Some(&[2.0, 6.0][..]));
    /// assert_eq!(x.diagonal(-1, 0, 1).sum().backward()[x].as_slice(), Some(&[0.0, 0.0, 0.0, 1.0, 0.0, 0.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn diagonal(self, offset: isize, rows: isize, columns: isize) -> Self {
        unwrap(self.try_diagonal(offset, rows, columns))
    }

    /// As [`diagonal`](Self::diagonal).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if both are the same.
    #[track_caller]
    pub fn try_diagonal(self, offset: isize, rows: isize, columns: isize) -> Result<Self, Error> {
        self.on_tape("diagonal", |tape| {
            let shape = tape.shape(self.node).clone();
            let (row, column) = (shape.axis(rows, "diagonal")?, shape.axis(columns, "diagonal")?);
            if row == column {
                let (axes, rule) = (vec![rows, columns], "rows and columns must be different axes");
                return Err(Error::Axes { operation: "diagonal", axes, shape, rule });
            }
            let others = (0..shape.rank()).filter(|&axis| axis != row && axis != column);
            let order: SmallVec<_> = others.chain([row, column]).map(|axis| axis as u8).collect();
            let mut permuted: Shape = order.iter().map(|&axis| shape[axis as usize]).collect();
            let turned = tape.linear(Linear::Permute(order), self.node, permuted.clone());
            // The square in whose corners the diagonal begins and ends; laid out in one line, it is every (n + 1)-th element.
            let [first_row, first_column] = corner(offset);
            let left = |length: usize, first: usize| length.saturating_sub(first);
            let side = left(shape[row], first_row).min(left(shape[column], first_column));
            let mut cut = leading(&permuted);
            let rank = permuted.rank();
            if side > 0 {
                (cut.starts[rank - 2], cut.starts[rank - 1]) = (first_row as u32, first_column as u32);
            }
            permuted.as_mut()[rank - 2..].fill(side);
            let square = tape.linear(Linear::Slice(cut), turned.node, permuted.clone());
            let batch = &permuted[..rank - 2];
            let line: Shape = batch.iter().copied().chain([side * side]).collect();
            let line = tape.reshape(square.node, line);
            let diagonal = batch.iter().copied().chain([side]).collect();
            Ok(tape.linear(Linear::Slice(every(rank - 1, side + 1)), line.node, diagonal))
        })
    }

    /// Square matrices with the last axis on a diagonal and zeros elsewhere: `[.., n] -> [.., m, m]` with
    /// `m = n + |offset|`. The diagonal is that which [`diagonal`](Self::diagonal) reads at this offset.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0]);
    /// assert_eq!(x.diag_embed(0).to_array().as_slice(), Some(&[1.0, 0.0, 0.0, 2.0][..]));
    /// assert_eq!(x.diag_embed(-1).diagonal(-1, 0, 1).to_array().as_slice(), Some(&[1.0, 2.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn diag_embed(self, offset: isize) -> Self {
        unwrap(self.try_diag_embed(offset))
    }

    /// As [`diag_embed`](Self::diag_embed).
    ///
    /// # Errors
    /// [`Error::Shape`] if the tensor has no axis.
    #[track_caller]
    pub fn try_diag_embed(self, offset: isize) -> Result<Self, Error> {
        self.on_tape("diag_embed", |tape| {
            let shape = tape.shape(self.node).clone();
            let Some((&side, batch)) = shape.split_last() else {
                return Err(Error::Shape { operation: "diag_embed", shape, rule: "at least one axis is needed" });
            };
            let with = |behind: &[usize]| -> Shape { batch.iter().chain(behind).copied().collect() };
            let line = tape.linear(Linear::Pad(every(shape.rank(), side + 1)), self.node, with(&[side * side]));
            let square = tape.reshape(line.node, with(&[side, side]));
            let whole = side + offset.unsigned_abs();
            let mut cut = leading(&with(&[side, side]));
            let corner = corner(offset);
            (cut.starts[batch.len()], cut.starts[batch.len() + 1]) = (corner[0] as u32, corner[1] as u32);
            Ok(tape.linear(Linear::Pad(cut), square.node, with(&[whole, whole])))
        })
    }
}

/// The row and the column at which a diagonal begins.
fn corner(offset: isize) -> [usize; 2] {
    [offset.min(0).unsigned_abs(), offset.max(0) as usize]
}

/// Every `step`-th element along the last of so many axes.
fn every(rank: usize, step: usize) -> Cut {
    let mut cut = Cut { starts: SmallVec::from_elem(0, rank), steps: SmallVec::from_elem(1, rank) };
    cut.steps[rank - 1] = step as i32;
    cut
}
