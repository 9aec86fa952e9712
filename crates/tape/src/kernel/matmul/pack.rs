//! Copies a block of the right operand so that the rows of its tiles lie one after the other.

use pulp::{Simd, WithSimd};

use super::lanes::Lanes;

/// A part of the right operand: element `[p, j]` is at `start + p * row + j * col`, for `p < inner` and `j < cols`.
pub(super) struct Source<E> {
    pub(super) start: *const E,
    pub(super) row: usize,
    pub(super) col: usize,
    pub(super) inner: usize,
    pub(super) cols: usize,
}

/// Writes `inner` rows of `width` elements, whole vectors, to `out`: the first `cols` of each from `from`, the rest zero.
///
/// # Safety
///
/// All of `from` is readable, `out` is writable for `inner * width` elements, and `cols <= width`.
#[inline(never)]
pub(super) unsafe fn pack<E: Lanes, S: Simd, const FUSED: bool>(simd: S, from: Source<E>, width: usize, out: *mut E) {
    simd.vectorize(Pack::<E, FUSED> { from, width, out });
}

/// What [`pack`] runs with the vectors of `S`.
struct Pack<E, const FUSED: bool> {
    from: Source<E>,
    width: usize,
    out: *mut E,
}

impl<E: Lanes, const FUSED: bool> WithSimd for Pack<E, FUSED> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        // SAFETY: the promise of the caller of `pack`, which alone makes this.
        unsafe { copy::<E, S, FUSED>(&self.from, self.width, self.out) }
    }
}

/// # Safety
///
/// As for [`pack`].
#[inline(always)]
unsafe fn copy<E: Lanes, S: Simd, const FUSED: bool>(from: &Source<E>, width: usize, out: *mut E) {
    let &Source { start: b, row, col, inner, cols } = from;
    let lanes = E::lanes::<S>();
    if col == 1 && cols == width {
        for p in 0..inner {
            for j in (0..width).step_by(lanes) {
                // SAFETY: all columns exist, so whole vectors are readable, and `out` has as many.
                unsafe {
                    let vector = b.add(p * row + j).cast::<E::Vector<S>>().read_unaligned();
                    out.add(p * width + j).cast::<E::Vector<S>>().write_unaligned(vector);
                }
            }
        }
        return;
    }
    // The part that squares cover, when the columns are contiguous.
    let square = E::SQUARE;
    let (square_cols, square_inner) =
        if row == 1 && FUSED { (cols - cols % square, inner - inner % square) } else { (0, 0) };
    for p in (0..square_inner).step_by(square) {
        for j in (0..square_cols).step_by(square) {
            // SAFETY: these squares lie within the rows and columns that exist. `FUSED` code runs on machines with
            // 256-bit vectors only, where this is x86.
            unsafe { E::transpose::<FUSED>(b.add(p + j * col), col, out.add(p * width + j), width) };
        }
    }
    for p in 0..inner {
        let done = if p < square_inner { square_cols } else { 0 };
        for j in done..cols {
            // SAFETY: the caller's promise.
            unsafe { *out.add(p * width + j) = *b.add(p * row + j * col) };
        }
        for j in cols..width {
            // SAFETY: the caller's promise.
            unsafe { *out.add(p * width + j) = E::zero() };
        }
    }
}
