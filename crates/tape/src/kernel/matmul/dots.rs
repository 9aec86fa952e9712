//! A product whose factors both lie along the inner axis: inner products of rows with rows, a few of each at a time.
//!
//! Where few rows meet the right factor, packing it would be most of the work, and here nothing is packed: the gradient of a
//! convolution's weight is such a product, some channels by some elements of a kernel, summed over all places of all images.

use pulp::Simd;

use super::MatrixRef;
use super::lanes::Lanes;

/// More rows than these make packing pay.
const MOST_ROWS: usize = 32;

/// Fewer inner elements than these leave the sums of the lanes as most of the work.
const FEWEST_INNER: usize = 256;

/// Rows of each factor whose products are summed at once: sixteen sums and eight operands are in registers.
const SIDE: usize = 4;

/// As many elements of both factors as stay in the second-level cache.
const CACHED: usize = 96 * 1024;

/// `c = a b`, or `+=`: `[m, k] x [k, n] -> [m, n]`. No side is empty.
pub(super) struct Dots<'a, E> {
    pub(super) a: MatrixRef<'a, E>,
    pub(super) b: MatrixRef<'a, E>,
    pub(super) c: &'a mut [E],
    pub(super) accumulate: bool,
}

impl<E: Lanes> Dots<'_, E> {
    /// Whether both factors lie along the inner axis, and this is faster than general tiles.
    pub(super) fn suits(&self) -> bool {
        let Self { a, b, .. } = self;
        a.col_stride == 1 && b.row_stride == 1 && a.rows <= MOST_ROWS && a.cols >= FEWEST_INNER
    }

    #[inline(always)]
    pub(super) fn run<S: Simd, const FUSED: bool>(self, simd: S) {
        let Self { a, b, c, accumulate } = self;
        let (m, k, n) = (a.rows, a.cols, b.cols);
        let ((a_row, _), (_, b_col)) = (a.checked_strides(), b.checked_strides());
        let block = (CACHED / (m + n)).max(FEWEST_INNER).next_multiple_of(E::lanes::<S>());
        for p in (0..k).step_by(block) {
            let inner = block.min(k - p);
            let left = |i: usize| &a.data[i * a_row + p..][..inner];
            let right = |j: usize| &b.data[j * b_col + p..][..inner];
            let mut put = |i: usize, j: usize, sum: E| {
                let c = &mut c[i * n + j];
                *c = if accumulate || p > 0 { *c + sum } else { sum };
            };
            for i in (0..m).step_by(SIDE) {
                for j in (0..n).step_by(SIDE) {
                    if i + SIDE <= m && j + SIDE <= n {
                        let rows = std::array::from_fn(|row| left(i + row));
                        let cols = std::array::from_fn(|col| right(j + col));
                        let sums = products::<E, S, FUSED, SIDE>(simd, rows, cols);
                        for (row, sums) in sums.iter().enumerate() {
                            sums.iter().enumerate().for_each(|(col, &sum)| put(i + row, j + col, sum));
                        }
                    } else {
                        for row in i..m.min(i + SIDE) {
                            for col in j..n.min(j + SIDE) {
                                let [[sum]] = products::<E, S, FUSED, 1>(simd, [left(row)], [right(col)]);
                                put(row, col, sum);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The inner products of each row with each column, all of one length.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "as in `tile`: iterators are not inlined into loops of this size")]
fn products<E: Lanes, S: Simd, const FUSED: bool, const SIDE: usize>(
    simd: S,
    rows: [&[E]; SIDE],
    cols: [&[E]; SIDE],
) -> [[E; SIDE]; SIDE] {
    let (lanes, len) = (E::lanes::<S>(), rows[0].len());
    assert!(rows.iter().chain(&cols).all(|line| line.len() == len));
    let mut sums = [[E::splat(simd, E::zero()); SIDE]; SIDE];
    let mut p = 0;
    while p < len {
        let mut left = [E::splat(simd, E::zero()); SIDE];
        let mut right = left;
        // SAFETY: all lines have `len` elements, and as many are read as there are from p on.
        unsafe {
            if p + lanes <= len {
                for i in 0..SIDE {
                    left[i] = rows[i].as_ptr().add(p).cast::<E::Vector<S>>().read_unaligned();
                    right[i] = cols[i].as_ptr().add(p).cast::<E::Vector<S>>().read_unaligned();
                }
            } else {
                let counted = E::first(simd, len - p);
                for i in 0..SIDE {
                    left[i] = E::load(simd, counted, rows[i].as_ptr().add(p));
                    right[i] = E::load(simd, counted, cols[i].as_ptr().add(p));
                }
            }
        }
        for i in 0..SIDE {
            for j in 0..SIDE {
                sums[i][j] = E::multiply_add::<S, FUSED>(simd, left[i], right[j], sums[i][j]);
            }
        }
        p += lanes;
    }
    let mut totals = [[E::zero(); SIDE]; SIDE];
    for i in 0..SIDE {
        for j in 0..SIDE {
            totals[i][j] = E::vector_sum(simd, sums[i][j]);
        }
    }
    totals
}
