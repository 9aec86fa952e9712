//! A matrix times a vector, which is bound by reading the matrix once.

use pulp::Simd;

use super::MatrixRef;
use super::lanes::Lanes;
use super::tile::{Left, Target, tile};

/// `out = matrix x`, or `+=`: `[m, k] x [k] -> [m]`. No side is empty; element p of x is `x[p * x_stride]`.
pub(super) struct MatrixVector<'a, E> {
    pub(super) matrix: MatrixRef<'a, E>,
    pub(super) x: &'a [E],
    pub(super) x_stride: usize,
    pub(super) out: &'a mut [E],
    pub(super) accumulate: bool,
}

impl<E: Lanes> MatrixVector<'_, E> {
    /// Whether one side of the matrix is contiguous in such a way that this is faster than general tiles.
    pub(super) fn suits(&self) -> bool {
        self.matrix.row_stride == 1 || (self.matrix.col_stride == 1 && self.x_stride == 1)
    }

    #[inline(always)]
    pub(super) fn run<S: Simd, const FUSED: bool>(self, simd: S) {
        if self.matrix.col_stride == 1 && self.x_stride == 1 {
            self.dots::<S, FUSED>(simd);
        } else {
            self.columns::<S, FUSED>(simd);
        }
    }

    /// Row by row, each an inner product; four rows at a time.
    #[inline(always)]
    fn dots<S: Simd, const FUSED: bool>(self, simd: S) {
        let MatrixVector { matrix, x, out, accumulate, .. } = self;
        let (stride, _) = matrix.checked_strides();
        let x = &x[..matrix.cols];
        let rows = Rows { data: matrix.data, stride, len: x.len() };
        let whole = out.len() - out.len() % 4;
        for i in (0..whole).step_by(4) {
            let four = [rows.at(i), rows.at(i + 1), rows.at(i + 2), rows.at(i + 3)];
            put(&mut out[i..i + 4], &dots::<E, S, FUSED, 4>(simd, four, x), accumulate);
        }
        for i in whole..matrix.rows {
            put(&mut out[i..=i], &dots::<E, S, FUSED, 1>(simd, [rows.at(i)], x), accumulate);
        }
    }

    /// Column by column, each a multiple added to the result, of which some vectors are held in registers.
    #[inline(always)]
    fn columns<S: Simd, const FUSED: bool>(self, simd: S) {
        const VECTORS: usize = 8;
        let MatrixVector { matrix, x, x_stride, out, accumulate } = self;
        let (row, col) = matrix.checked_strides();
        assert!(row == 1 && (matrix.cols - 1).saturating_mul(x_stride) < x.len());
        let (rows, inner, lanes) = (matrix.rows, matrix.cols, E::lanes::<S>());
        let mut i = 0;
        while i + lanes <= rows {
            let vectors = if i + VECTORS * lanes <= rows { VECTORS } else { 1 };
            let to = &mut out[i..i + vectors * lanes];
            let left = Left { start: x.as_ptr(), row: 0, col: x_stride };
            let target = Target { c: to.as_mut_ptr(), row: 0, cols: to.len(), accumulate };
            // SAFETY: the vector has `inner` elements at its stride; each column of the matrix has contiguous rows i..
            // of which the vectors are a part, and so has the output.
            unsafe {
                let columns = (matrix.data.as_ptr().add(i), col);
                if vectors == 1 {
                    tile::<E, S, FUSED, 1, 1>(simd, left, columns, inner, &target);
                } else {
                    tile::<E, S, FUSED, 1, VECTORS>(simd, left, columns, inner, &target);
                }
            }
            i += to.len();
        }
        for (j, out) in out.iter_mut().enumerate().skip(i) {
            let mut sum = E::zero();
            for p in 0..inner {
                sum += matrix.data[p * col + j] * x[p * x_stride];
            }
            *out = if accumulate { *out + sum } else { sum };
        }
    }
}

/// The rows of a matrix whose rows are contiguous.
struct Rows<'a, E> {
    data: &'a [E],
    stride: usize,
    len: usize,
}

impl<'a, E> Rows<'a, E> {
    #[inline(always)]
    fn at(&self, i: usize) -> &'a [E] {
        &self.data[i * self.stride..][..self.len]
    }
}

#[inline(always)]
fn put<E: Lanes>(out: &mut [E], sums: &[E], accumulate: bool) {
    for (out, &sum) in out.iter_mut().zip(sums) {
        *out = if accumulate { *out + sum } else { sum };
    }
}

#[inline(always)]
fn load<E: Lanes, S: Simd>(from: &[E]) -> E::Vector<S> {
    let from = &from[..E::lanes::<S>()];
    // SAFETY: the slice has the elements of one vector.
    unsafe { from.as_ptr().cast::<E::Vector<S>>().read_unaligned() }
}

/// The inner products of each row with `x`; all have the same length.
#[inline(always)]
fn dots<E: Lanes, S: Simd, const FUSED: bool, const ROWS: usize>(simd: S, rows: [&[E]; ROWS], x: &[E]) -> [E; ROWS] {
    let lanes = E::lanes::<S>();
    let zero = E::splat(simd, E::zero());
    // Two sums a row, because an addition takes as long as several take at a time.
    let mut sums = [[zero; 2]; ROWS];
    let mut p = 0;
    while p + 2 * lanes <= x.len() {
        for v in 0..2 {
            let at = p + v * lanes..p + (v + 1) * lanes;
            let factor = load::<E, S>(&x[at.clone()]);
            for (sums, row) in sums.iter_mut().zip(&rows) {
                sums[v] = E::multiply_add::<S, FUSED>(simd, load::<E, S>(&row[at.clone()]), factor, sums[v]);
            }
        }
        p += 2 * lanes;
    }
    if p + lanes <= x.len() {
        let factor = load::<E, S>(&x[p..p + lanes]);
        for (sums, row) in sums.iter_mut().zip(&rows) {
            sums[0] = E::multiply_add::<S, FUSED>(simd, load::<E, S>(&row[p..p + lanes]), factor, sums[0]);
        }
        p += lanes;
    }
    let mut totals = [E::zero(); ROWS];
    for ((total, [a, b]), row) in totals.iter_mut().zip(sums).zip(&rows) {
        *total = E::vector_sum(simd, E::vector_add(simd, a, b));
        for (&a, &b) in row[p..].iter().zip(&x[p..]) {
            *total += a * b;
        }
    }
    totals
}
