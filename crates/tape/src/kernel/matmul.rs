//! The matrix product, with operands in any layout.

use crate::real::Real;

/// A matrix in memory: element `[i, j]` is `data[i * row_stride + j * col_stride]`. Strides are not negative.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MatrixRef<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) row_stride: isize,
    pub(crate) col_stride: isize,
}

/// `c = a b`, or `c += a b` to accumulate: `[m, k] x [k, n] -> [m, n]`, with `c` dense and row-major.
///
/// An inner size of zero gives zeros, or leaves `c` as it is when accumulating.
pub(crate) fn matmul<T: Real>(a: MatrixRef<'_, T>, b: MatrixRef<'_, T>, c: &mut [T], accumulate: bool) {
    assert_eq!(a.cols, b.rows, "the inner sizes of a matrix product agree");
    assert_eq!(c.len(), a.rows * b.cols, "the output of a matrix product has its size");
    if !accumulate {
        c.fill(T::zero());
    }
    let at = |m: &MatrixRef<'_, T>, i: usize, j: usize| m.data[i * m.row_stride as usize + j * m.col_stride as usize];
    for i in 0..a.rows {
        for p in 0..a.cols {
            for j in 0..b.cols {
                c[i * b.cols + j] += at(&a, i, p) * at(&b, p, j);
            }
        }
    }
}
