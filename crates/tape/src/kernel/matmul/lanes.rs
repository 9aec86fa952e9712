//! What the matrix kernels ask of a vector register, for both element types.

use pulp::{MemMask, Simd};

use crate::real::Real;

/// An element type whose vectors multiply and add.
pub(super) trait Lanes: Real {
    /// A vector register of them.
    type Vector<S: Simd>: Copy;

    /// Some lanes of a register.
    type Mask<S: Simd>: Copy;

    /// The side of the square that [`Lanes::transpose`] turns over.
    const SQUARE: usize;

    /// How many there are in a register.
    fn lanes<S: Simd>() -> usize;

    /// All lanes the same.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;

    /// `a b + c`: in one rounding where the machine has an instruction for it (`FUSED`), never by a library call.
    fn multiply_add<S: Simd, const FUSED: bool>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;

    /// `a + b`.
    fn vector_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;

    /// The sum of the lanes.
    fn vector_sum<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;

    /// The first `count` lanes.
    fn first<S: Simd>(simd: S, count: usize) -> Self::Mask<S>;

    /// Those lanes from memory, and zeros.
    ///
    /// # Safety
    ///
    /// As many elements are readable.
    unsafe fn load<S: Simd>(simd: S, first: Self::Mask<S>, from: *const Self) -> Self::Vector<S>;

    /// Those lanes to memory.
    ///
    /// # Safety
    ///
    /// As many elements are writable.
    unsafe fn store<S: Simd>(simd: S, first: Self::Mask<S>, to: *mut Self, vector: Self::Vector<S>);

    /// `to[j * to_row + i] = from[i * from_row + j]` for i and j below [`Lanes::SQUARE`].
    ///
    /// # Safety
    ///
    /// Those elements are readable and writable, and with `AVX` so are the machine's 256-bit vectors.
    unsafe fn transpose<const AVX: bool>(from: *const Self, from_row: usize, to: *mut Self, to_row: usize);
}

macro_rules! lanes {
    ($real:ident, $vector:ident, $lanes:ident, $splat:ident, $mul_add:ident, $mul:ident, $add:ident, $sum:ident, $square:literal, $transpose:ident, $masks:ident, $mask:ident, $load:ident, $store:ident) => {
        impl Lanes for $real {
            type Vector<S: Simd> = S::$vector;

            type Mask<S: Simd> = MemMask<S::$masks>;

            const SQUARE: usize = $square;

            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$lanes
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$vector {
                simd.$splat(value)
            }

            #[inline(always)]
            fn multiply_add<S: Simd, const FUSED: bool>(
                simd: S,
                a: S::$vector,
                b: S::$vector,
                c: S::$vector,
            ) -> S::$vector {
                if FUSED { simd.$mul_add(a, b, c) } else { simd.$add(simd.$mul(a, b), c) }
            }

            #[inline(always)]
            fn vector_add<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn vector_sum<S: Simd>(simd: S, a: S::$vector) -> Self {
                simd.$sum(a)
            }

            #[inline(always)]
            fn first<S: Simd>(simd: S, count: usize) -> Self::Mask<S> {
                simd.$mask(0, count as _)
            }

            #[inline(always)]
            unsafe fn load<S: Simd>(simd: S, first: Self::Mask<S>, from: *const Self) -> S::$vector {
                // SAFETY: the caller's promise.
                unsafe { simd.$load(first, from) }
            }

            #[inline(always)]
            unsafe fn store<S: Simd>(simd: S, first: Self::Mask<S>, to: *mut Self, vector: S::$vector) {
                // SAFETY: the caller's promise.
                unsafe { simd.$store(first, to, vector) }
            }

            #[inline(always)]
            unsafe fn transpose<const AVX: bool>(from: *const Self, from_row: usize, to: *mut Self, to_row: usize) {
                #[cfg(target_arch = "x86_64")]
                if AVX {
                    // SAFETY: the caller's promise.
                    return unsafe { avx::$transpose(from, from_row, to, to_row) };
                }
                for i in 0..$square {
                    for j in 0..$square {
                        // SAFETY: the caller's promise.
                        unsafe { *to.add(j * to_row + i) = *from.add(i * from_row + j) };
                    }
                }
            }
        }
    };
}

lanes!(
    f32,
    f32s,
    F32_LANES,
    splat_f32s,
    mul_add_e_f32s,
    mul_f32s,
    add_f32s,
    reduce_sum_f32s,
    8,
    transpose_8x8,
    m32s,
    mask_between_m32s,
    mask_load_ptr_f32s,
    mask_store_ptr_f32s
);
lanes!(
    f64,
    f64s,
    F64_LANES,
    splat_f64s,
    mul_add_e_f64s,
    mul_f64s,
    add_f64s,
    reduce_sum_f64s,
    4,
    transpose_4x4,
    m64s,
    mask_between_m64s,
    mask_load_ptr_f64s,
    mask_store_ptr_f64s
);

/// Transposes in registers: eight times as fast as element by element, which the compiler makes of a loop.
#[cfg(target_arch = "x86_64")]
mod avx {
    use std::arch::x86_64::{
        _mm256_loadu_pd, _mm256_loadu_ps, _mm256_permute2f128_pd, _mm256_permute2f128_ps, _mm256_shuffle_ps,
        _mm256_storeu_pd, _mm256_storeu_ps, _mm256_unpackhi_pd, _mm256_unpackhi_ps, _mm256_unpacklo_pd,
        _mm256_unpacklo_ps,
    };

    /// # Safety
    ///
    /// As for [`transpose`](super::Lanes::transpose).
    #[target_feature(enable = "avx")]
    #[inline]
    pub(super) unsafe fn transpose_8x8(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        // SAFETY: the caller's promise.
        let row = |i: usize| unsafe { _mm256_loadu_ps(from.add(i * from_row)) };
        // Pairs of rows, interleaved by one element, then by two, then by four.
        let pairs = |i: usize| {
            let (even, odd) = (row(i), row(i + 1));
            (_mm256_unpacklo_ps(even, odd), _mm256_unpackhi_ps(even, odd))
        };
        let fours = |i: usize| {
            let ((low, high), (next_low, next_high)) = (pairs(i), pairs(i + 2));
            [
                _mm256_shuffle_ps::<0x44>(low, next_low),
                _mm256_shuffle_ps::<0xee>(low, next_low),
                _mm256_shuffle_ps::<0x44>(high, next_high),
                _mm256_shuffle_ps::<0xee>(high, next_high),
            ]
        };
        let (top, bottom) = (fours(0), fours(4));
        for j in 0..4 {
            // SAFETY: the caller's promise.
            unsafe {
                _mm256_storeu_ps(to.add(j * to_row), _mm256_permute2f128_ps::<0x20>(top[j], bottom[j]));
                _mm256_storeu_ps(to.add((j + 4) * to_row), _mm256_permute2f128_ps::<0x31>(top[j], bottom[j]));
            }
        }
    }

    /// # Safety
    ///
    /// As for [`transpose`](super::Lanes::transpose).
    #[target_feature(enable = "avx")]
    #[inline]
    pub(super) unsafe fn transpose_4x4(from: *const f64, from_row: usize, to: *mut f64, to_row: usize) {
        // SAFETY: the caller's promise.
        let row = |i: usize| unsafe { _mm256_loadu_pd(from.add(i * from_row)) };
        let pairs = |i: usize| {
            let (even, odd) = (row(i), row(i + 1));
            [_mm256_unpacklo_pd(even, odd), _mm256_unpackhi_pd(even, odd)]
        };
        let (top, bottom) = (pairs(0), pairs(2));
        for j in 0..2 {
            // SAFETY: the caller's promise.
            unsafe {
                _mm256_storeu_pd(to.add(j * to_row), _mm256_permute2f128_pd::<0x20>(top[j], bottom[j]));
                _mm256_storeu_pd(to.add((j + 2) * to_row), _mm256_permute2f128_pd::<0x31>(top[j], bottom[j]));
            }
        }
    }
}
