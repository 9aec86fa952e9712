//! The innermost kernel: a few rows by two vectors of the product, held in registers.

use pulp::{Simd, WithSimd};

use super::lanes::Lanes;

/// The most rows of a tile, and its vectors in each: with the operands they just fill the registers.
pub(super) const VECTORS: usize = 2;

/// The operands of a column of tiles: `inner` columns of `a`, and as many rows of `b` of whole vectors.
pub(super) struct Operands<E> {
    pub(super) a: *const E,
    pub(super) a_row: usize,
    pub(super) a_col: usize,
    pub(super) b: *const E,
    pub(super) b_row: usize,
    pub(super) inner: usize,
}

/// Where a tile goes: rows `row` apart, of which `cols` elements count.
pub(super) struct Target<E> {
    pub(super) c: *mut E,
    pub(super) row: usize,
    pub(super) cols: usize,
    pub(super) accumulate: bool,
}

/// Computes `count` tiles of `rows` rows one below the other; `rows` comes from [`heights`].
///
/// # Safety
///
/// `a` is readable at `i * a_row + p * a_col` and `b` at `p * b_row + j`, for `i < rows * count`, `p < inner` and j
/// below the elements of `vectors` vectors; `c` is writable at `i * row + j` for `j < cols`, which is at most those.
#[inline(always)]
pub(super) unsafe fn tiles<E: Lanes, S: Simd, const FUSED: bool>(
    simd: S,
    (rows, count): (usize, usize),
    vectors: usize,
    operands: &Operands<E>,
    target: &Target<E>,
) {
    macro_rules! of_rows {
        ($($rows:literal)*) => {
            match (rows, vectors) {
                $(
                    // SAFETY: the promise of this function's caller, here and below.
                    ($rows, 1) => unsafe { column::<E, S, FUSED, $rows, 1>(simd, count, operands, target) },
                    // SAFETY: as above.
                    ($rows, _) => unsafe { column::<E, S, FUSED, $rows, VECTORS>(simd, count, operands, target) },
                )*
                _ => unreachable!("no tile has {rows} rows"),
            }
        };
    }
    if S::REGISTER_COUNT >= 32 {
        of_rows!(1 2 3 4 8 12);
    } else {
        of_rows!(1 2 3 4 5 6);
    }
}

/// How many tiles of which height make up `rows` rows, on a machine with so many vector registers. Low tiles are slow:
/// one of less than four rows takes as long as one of four.
#[inline]
pub(super) fn heights(registers: usize, rows: usize) -> [(usize, usize); 4] {
    if registers >= 32 {
        let (tall, rest) = (rows / 12, rows % 12);
        let (middle, rest) = (rest / 8, rest % 8);
        [(12, tall), (8, middle), (4, rest / 4), (rest % 4, usize::from(rest % 4 > 0))]
    } else {
        let tiles = rows.div_ceil(6);
        let (height, taller) = (rows / tiles, rows % tiles);
        [(height + 1, taller), (height, tiles - taller), (0, 0), (0, 0)]
    }
}

/// Tiles of one height and width. Never inlined: a caller with all of them inside prepares on each call for every one.
///
/// # Safety
///
/// As for [`tiles`].
#[inline(never)]
unsafe fn column<E: Lanes, S: Simd, const FUSED: bool, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    count: usize,
    operands: &Operands<E>,
    target: &Target<E>,
) {
    simd.vectorize(Column::<E, FUSED, ROWS, VECTORS> { operands, target, count });
}

/// What [`column`] runs with the vectors of `S`.
struct Column<'a, E, const FUSED: bool, const ROWS: usize, const VECTORS: usize> {
    operands: &'a Operands<E>,
    target: &'a Target<E>,
    count: usize,
}

impl<E: Lanes, const FUSED: bool, const ROWS: usize, const VECTORS: usize> WithSimd
    for Column<'_, E, FUSED, ROWS, VECTORS>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Column { operands, target, count } = self;
        let &Operands { mut a, a_row, a_col, b, b_row, inner } = operands;
        let mut target = Target { ..*target };
        for _ in 0..count {
            let left = Left { start: a, row: a_row, col: a_col };
            // SAFETY: the promise of the caller of `tiles`, `ROWS` rows after the other.
            unsafe { tile::<E, S, FUSED, ROWS, VECTORS>(simd, left, (b, b_row), inner, &target) };
            a = a.wrapping_add(ROWS * a_row);
            target.c = target.c.wrapping_add(ROWS * target.row);
        }
    }
}

/// The rows of the left operand that one tile reads.
#[derive(Clone, Copy)]
pub(super) struct Left<E> {
    pub(super) start: *const E,
    pub(super) row: usize,
    pub(super) col: usize,
}

/// One tile.
///
/// # Safety
///
/// As for [`tiles`], with `ROWS` rows of `left` in place of `a`.
#[allow(
    clippy::needless_range_loop,
    reason = "zipped iterators are not inlined into loops of this size in every build, and then each product is a call"
)]
#[inline(always)]
pub(super) unsafe fn tile<E: Lanes, S: Simd, const FUSED: bool, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    left: Left<E>,
    (mut b, b_row): (*const E, usize),
    inner: usize,
    target: &Target<E>,
) {
    let lanes = E::lanes::<S>();
    let Left { start: mut a, row: a_row, col: a_col } = left;
    let &Target { c, row, cols, accumulate } = target;
    let mut sums = [[E::splat(simd, E::zero()); VECTORS]; ROWS];
    for _ in 0..inner {
        // SAFETY: `b` is at a row below `inner`, and readable for whole vectors there; `a` is at such a column.
        // The last step leads past the end, where nothing is read.
        unsafe {
            let mut vectors = [E::splat(simd, E::zero()); VECTORS];
            for v in 0..VECTORS {
                vectors[v] = b.add(v * lanes).cast::<E::Vector<S>>().read_unaligned();
            }
            for i in 0..ROWS {
                let factor = E::splat(simd, *a.add(i * a_row));
                for v in 0..VECTORS {
                    sums[i][v] = E::multiply_add::<S, FUSED>(simd, factor, vectors[v], sums[i][v]);
                }
            }
            a = a.wrapping_add(a_col);
            b = b.wrapping_add(b_row);
        }
    }
    if cols == VECTORS * lanes {
        for i in 0..ROWS {
            for v in 0..VECTORS {
                // SAFETY: all columns of the tile count, so `c` is writable for whole vectors.
                unsafe {
                    let to = c.add(i * row + v * lanes).cast::<E::Vector<S>>();
                    let sum = sums[i][v];
                    let sum = if accumulate { E::vector_add(simd, to.read_unaligned(), sum) } else { sum };
                    to.write_unaligned(sum);
                }
            }
        }
        return;
    }
    for v in 0..VECTORS {
        let counted = E::first(simd, cols.saturating_sub(v * lanes).min(lanes));
        for i in 0..ROWS {
            // SAFETY: `c` is writable in the columns that count.
            unsafe {
                let to = c.add(i * row).wrapping_add(v * lanes);
                let sum = sums[i][v];
                let sum = if accumulate { E::vector_add(simd, E::load(simd, counted, to), sum) } else { sum };
                E::store(simd, counted, to, sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::Scalar512b;

    use super::*;

    /// Every height, also those of machines that this one is not, against sums written out.
    fn check<const ROWS: usize, const VECTORS: usize>(cols: usize, accumulate: bool) {
        const INNER: usize = 5;
        const COUNT: usize = 2;
        let a: Vec<f32> = (0..ROWS * COUNT * INNER).map(|i| (i % 7) as f32).collect();
        let b: Vec<f32> = (0..INNER * 32).map(|i| (i % 5) as f32).collect();
        let mut c = vec![1.0_f32; ROWS * COUNT * cols];
        let operands = Operands { a: a.as_ptr(), a_row: INNER, a_col: 1, b: b.as_ptr(), b_row: 32, inner: INNER };
        let target = Target { c: c.as_mut_ptr(), row: cols, cols, accumulate };
        // SAFETY: the operands have these sizes, and two vectors of this width are 32 elements.
        unsafe { column::<f32, Scalar512b, false, ROWS, VECTORS>(Scalar512b, COUNT, &operands, &target) };
        for i in 0..ROWS * COUNT {
            for j in 0..cols {
                let sum: f32 = (0..INNER).map(|p| a[i * INNER + p] * b[p * 32 + j]).sum();
                let start = if accumulate { 1.0 } else { 0.0 };
                assert_eq!(c[i * cols + j], start + sum, "row {i}, column {j} of tiles of {ROWS} rows");
            }
        }
    }

    #[test]
    fn tiles_of_every_size() {
        macro_rules! check_all {
            ($($rows:literal)*) => { $(
                for accumulate in [false, true] {
                    check::<$rows, 1>(16, accumulate);
                    check::<$rows, 1>(9, accumulate);
                    check::<$rows, 2>(32, accumulate);
                    check::<$rows, 2>(17, accumulate);
                }
            )* };
        }
        check_all!(1 2 3 4 5 6 8 12);
    }

    #[test]
    fn heights_add_up_and_have_kernels() {
        for rows in 1..500 {
            for (registers, allowed) in [(16, [1, 2, 3, 4, 5, 6]), (32, [1, 2, 3, 4, 8, 12])] {
                let heights = heights(registers, rows);
                assert_eq!(heights.iter().map(|(height, count)| height * count).sum::<usize>(), rows);
                for (height, count) in heights {
                    assert!(count == 0 || allowed.contains(&height), "{rows} rows, tiles of {height}");
                }
            }
        }
    }
}
