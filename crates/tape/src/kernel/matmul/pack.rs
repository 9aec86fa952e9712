//! Copies a block of the right operand so that the rows of its tiles lie one after the other.

use pulp::Simd;

use super::lanes::Lanes;

/// Writes `inner` rows of `width` elements, whole vectors, to `out`: the first `cols` of each from `b`, the rest zero.
///
/// # Safety
///
/// `b` is readable at `p * row + j * col` for `p < inner` and `j < cols`, `out` writable for `inner * width` elements,
/// and `cols <= width`.
#[inline(always)]
pub(super) unsafe fn pack<E: Lanes, S: Simd, const FUSED: bool>(
    b: *const E,
    (row, col): (usize, usize),
    inner: usize,
    cols: usize,
    width: usize,
    out: *mut E,
) {
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
