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
    fn with_simd<S: Simd>(self, simd: S) {
        // SAFETY: the promise of the caller of `pack`, which alone makes this.
        unsafe { copy::<E, S, FUSED>(simd, &self.from, self.width, self.out) }
    }
}

/// # Safety
///
/// As for [`pack`].
#[inline(always)]
unsafe fn copy<E: Lanes, S: Simd, const FUSED: bool>(simd: S, from: &Source<E>, width: usize, out: *mut E) {
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
    if col == 1 {
        for j in (0..width).step_by(lanes) {
            let existing = E::first(simd, cols.saturating_sub(j).min(lanes));
            for p in 0..inner {
                // SAFETY: the columns of the mask exist, and `out` has room for whole vectors.
                unsafe {
                    let vector = E::load(simd, existing, b.add(p * row).wrapping_add(j));
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

#[cfg(test)]
mod tests {
    use std::marker::PhantomData;

    use pulp::Scalar128b;

    use super::*;

    /// The elements of two vectors of this machine.
    struct Width<E>(PhantomData<E>);

    impl<E: Lanes> WithSimd for Width<E> {
        type Output = usize;

        fn with_simd<S: Simd>(self, _: S) -> usize {
            2 * if S::F32_LANES == 1 { E::lanes::<Scalar128b>() } else { E::lanes::<S>() }
        }
    }

    /// Packs with the vectors of this machine.
    struct Here<E>(Source<E>, *mut E);

    impl<E: Lanes> WithSimd for Here<E> {
        type Output = ();

        fn with_simd<S: Simd>(self, simd: S) {
            let width = Width::<E>(PhantomData).with_simd(simd);
            // SAFETY: `check` makes the source and the room.
            unsafe {
                if S::F32_LANES == 1 {
                    pack::<E, _, false>(Scalar128b, self.0, width, self.1);
                } else {
                    pack::<E, S, true>(simd, self.0, width, self.1);
                }
            }
        }
    }

    fn check<E: Lanes>() {
        let data: Vec<E> = (0..4000).map(|i| E::from_f64(f64::from(i))).collect();
        for (row, col) in [(1, 61), (40, 1), (3, 2), (0, 1), (1, 0)] {
            for inner in [1, 7, 8, 16, 61] {
                for most in 1..=32 {
                    let mut out = vec![E::nan(); inner * 32];
                    // As many columns as there is room for on this machine.
                    let width = pulp::Arch::new().dispatch(Width::<E>(PhantomData));
                    let cols = most.min(width);
                    let source = Source { start: data.as_ptr(), row, col, inner, cols };
                    pulp::Arch::new().dispatch(Here(source, out.as_mut_ptr()));
                    for p in 0..inner {
                        for j in 0..width {
                            let wanted = if j < cols { data[p * row + j * col] } else { E::zero() };
                            assert_eq!(out[p * width + j], wanted, "[{p}, {j}] of strides {row}, {col}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn pads_with_zeros_and_transposes() {
        check::<f32>();
        check::<f64>();
    }
}
