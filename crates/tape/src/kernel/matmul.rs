//! The matrix product, with operands in any layout.
//!
//! Goto's scheme, turned round: a panel of the right operand, two vectors wide, stays in the nearest caches while it meets
//! all rows of the left one, which is read where it lies. The panel is packed, into room that the thread keeps, unless few
//! rows meet it. Measurements: `docs/decisions/matmul.md`.

mod dots;
mod lanes;
mod pack;
mod seen;
mod tile;
mod vector;

use std::any::TypeId;
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use pulp::{Arch, Scalar128b, Simd, WithSimd};

use self::dots::Dots;
use self::lanes::Lanes;
use self::pack::{Source, pack};
pub(crate) use self::seen::Seen;
use self::seen::{WithSeen, WithSeenTransposed};
use self::tile::{Operands, Target, VECTORS};
use self::vector::MatrixVector;
use crate::real::Real;

/// The most rows of a panel of the right operand: 16 KiB of two vectors of 32 bytes each.
const INNER: usize = 288;

/// The rows of the left operand that meet a panel before the next one does: so many rows of a block, `INNER` wide,
/// stay in the second-level cache.
const ROWS: usize = 264;

/// Room for a panel on the widest machine, which has vectors of 64 bytes.
#[repr(C, align(64))]
struct Panel(MaybeUninit<[u8; INNER * VECTORS * 64]>);

thread_local! {
    static PANEL: UnsafeCell<Panel> = const { UnsafeCell::new(Panel(MaybeUninit::uninit())) };
}

/// A matrix in memory: element `[i, j]` is `data[i * row_stride + j * col_stride]`. Strides are not negative.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MatrixRef<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) row_stride: isize,
    pub(crate) col_stride: isize,
}

impl<'a, T: Copy> MatrixRef<'a, T> {
    /// The strides, after a look that they do not lead out of the data.
    #[inline]
    fn checked_strides(&self) -> (usize, usize) {
        assert!(self.row_stride >= 0 && self.col_stride >= 0, "a matrix operand has no negative strides");
        let (row, col) = (self.row_stride as usize, self.col_stride as usize);
        let last = (self.rows - 1).saturating_mul(row).saturating_add((self.cols - 1).saturating_mul(col));
        assert!(last < self.data.len(), "a matrix operand lies within its data");
        (row, col)
    }

    fn transposed(self) -> Self {
        MatrixRef {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    /// The same matrix of another name of its element type.
    fn cast<E: Copy + 'static>(self) -> MatrixRef<'a, E>
    where
        T: 'static,
    {
        assert_eq!(TypeId::of::<T>(), TypeId::of::<E>());
        let data = self.data;
        MatrixRef {
            // SAFETY: the types are one and the same.
            data: unsafe { std::slice::from_raw_parts(data.as_ptr().cast(), data.len()) },
            rows: self.rows,
            cols: self.cols,
            row_stride: self.row_stride,
            col_stride: self.col_stride,
        }
    }
}

/// `c = a b`, or `c += a b` to accumulate: `[m, k] x [k, n] -> [m, n]`, with `c` dense and row-major.
///
/// An inner size of zero gives zeros, or leaves `c` as it is when accumulating.
pub(crate) fn matmul<T: Real>(a: MatrixRef<'_, T>, b: MatrixRef<'_, T>, c: &mut [T], accumulate: bool) {
    assert_eq!(a.cols, b.rows, "the inner sizes of a matrix product agree");
    assert_eq!(c.len(), a.rows * b.cols, "the output of a matrix product has its size");
    if c.is_empty() || a.cols == 0 {
        if !accumulate {
            c.fill(T::zero());
        }
        return;
    }
    // `Real` is sealed: there are these two.
    if TypeId::of::<T>() == TypeId::of::<f32>() {
        // SAFETY: the types are one and the same.
        let c = unsafe { std::slice::from_raw_parts_mut(c.as_mut_ptr().cast::<f32>(), c.len()) };
        product(a.cast(), b.cast(), c, accumulate);
    } else {
        assert_eq!(TypeId::of::<T>(), TypeId::of::<f64>());
        // SAFETY: the types are one and the same.
        let c = unsafe { std::slice::from_raw_parts_mut(c.as_mut_ptr().cast::<f64>(), c.len()) };
        product(a.cast(), b.cast(), c, accumulate);
    }
}

/// [`matmul`] without empty sides.
fn product<E: Lanes>(a: MatrixRef<'_, E>, b: MatrixRef<'_, E>, c: &mut [E], accumulate: bool) {
    let (a_strides, b_strides) = (a.checked_strides(), b.checked_strides());
    if b.cols == 1 || a.rows == 1 {
        let (matrix, x, x_stride) =
            if b.cols == 1 { (a, b.data, b_strides.0) } else { (b.transposed(), a.data, a_strides.1) };
        let product = MatrixVector { matrix, x, x_stride, out: &mut *c, accumulate };
        if product.suits() {
            return Arch::new().dispatch(product);
        }
    }
    let dots = Dots { a, b, c: &mut *c, accumulate };
    if dots.suits() {
        return Arch::new().dispatch(dots);
    }
    Arch::new().dispatch(Product { a, a_strides, b, b_strides, c, accumulate });
}

/// As [`matmul`], with a right factor that is seen: `[m, k] x [k, n] -> [m, n]`, or, if `transposed`,
/// `[m, n] x [k, n]^T -> [m, k]`, where the rows of `a` must be dense.
pub(crate) fn matmul_seen<T: Real>(
    a: MatrixRef<'_, T>,
    b: Seen<'_, T>,
    transposed: bool,
    c: &mut [T],
    accumulate: bool,
) {
    let (k, n) = (b.rows.len(), b.runs.len() * b.run);
    let (inner, cols) = if transposed { (n, k) } else { (k, n) };
    assert_eq!(a.cols, inner, "the inner sizes of a matrix product agree");
    assert_eq!(c.len(), a.rows * cols, "the output of a matrix product has its size");
    assert!(!transposed || a.col_stride == 1, "the rows of the left factor are dense");
    if c.is_empty() || inner == 0 {
        if !accumulate {
            c.fill(T::zero());
        }
        return;
    }
    a.checked_strides();
    b.check();
    /// The product, with the widest vectors.
    fn run<E: Lanes>(a: MatrixRef<'_, E>, b: Seen<'_, E>, transposed: bool, c: &mut [E], accumulate: bool) {
        if transposed {
            Arch::new().dispatch(WithSeenTransposed { g: a, b, c, accumulate });
        } else {
            Arch::new().dispatch(WithSeen { a, b, c, accumulate });
        }
    }
    if TypeId::of::<T>() == TypeId::of::<f32>() {
        // SAFETY: the types are one and the same.
        let c = unsafe { std::slice::from_raw_parts_mut(c.as_mut_ptr().cast::<f32>(), c.len()) };
        run(a.cast(), b.cast(), transposed, c, accumulate);
    } else {
        assert_eq!(TypeId::of::<T>(), TypeId::of::<f64>());
        // SAFETY: the types are one and the same.
        let c = unsafe { std::slice::from_raw_parts_mut(c.as_mut_ptr().cast::<f64>(), c.len()) };
        run(a.cast(), b.cast(), transposed, c, accumulate);
    }
}

/// Portable code on arrays of four, which any compiler has vectors for, where the machine has none that are wider.
macro_rules! with_widest_vectors {
    ($($product:ident)*) => {
        $(impl<E: Lanes> WithSimd for $product<'_, E> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                if S::F32_LANES == 1 { self.run::<_, false>(Scalar128b) } else { self.run::<_, true>(simd) }
            }
        })*
    };
}
with_widest_vectors!(MatrixVector Dots WithSeen WithSeenTransposed Product);

/// A product of matrices with no empty side, to be computed with the widest vectors.
struct Product<'a, E> {
    a: MatrixRef<'a, E>,
    a_strides: (usize, usize),
    b: MatrixRef<'a, E>,
    b_strides: (usize, usize),
    c: &'a mut [E],
    accumulate: bool,
}

impl<E: Lanes> Product<'_, E> {
    #[inline(always)]
    fn run<S: Simd, const FUSED: bool>(self, simd: S) {
        let Product { a, a_strides: (a_row, a_col), b, b_strides: (b_row, b_col), c, accumulate } = self;
        let (m, k, n) = (a.rows, a.cols, b.cols);
        let lanes = E::lanes::<S>();
        let width = VECTORS * lanes;
        // Panels of about equal height, because a low last one would be all overhead; of whole squares to transpose.
        let height = if k <= INNER { k } else { k.div_ceil(k.div_ceil(INNER)).next_multiple_of(8) };
        let panel: *mut E = PANEL.with(UnsafeCell::get).cast();
        for first_row in (0..m).step_by(ROWS) {
            let rows = ROWS.min(m - first_row);
            let heights = tile::heights(S::REGISTER_COUNT, rows);
            for p in (0..k).step_by(height) {
                let inner = height.min(k - p);
                for j in (0..n).step_by(width) {
                    let cols = width.min(n - j);
                    let vectors = cols.div_ceil(lanes);
                    // SAFETY: element [p, j] of b exists.
                    let source = unsafe { b.data.as_ptr().add(p * b_row + j * b_col) };
                    // Rows that are far apart are slow to read; with few rows of the left operand, packing is slower.
                    let in_place = b_col == 1 && cols == vectors * lanes && (m <= 8 * width || b_row <= 2 * width);
                    if !in_place {
                        // SAFETY: the rows p.. and columns j.. of b exist, and the panel, which nobody else uses, has
                        // room for `INNER` rows of two vectors.
                        unsafe {
                            let source = Source { start: source, row: b_row, col: b_col, inner, cols };
                            pack::<E, S, FUSED>(simd, source, vectors * lanes, panel);
                        }
                    }
                    let mut done = 0;
                    for &(high, count) in &heights {
                        if count == 0 {
                            continue;
                        }
                        // SAFETY: the rows and columns of a from here on exist; b is either in place with unit stride
                        // and whole vectors, or packed; c has these rows and columns, the block room for all rows.
                        unsafe {
                            let operands = Operands {
                                a: a.data.as_ptr().add((first_row + done) * a_row + p * a_col),
                                a_row,
                                a_col,
                                b: if in_place { source } else { panel },
                                b_row: if in_place { b_row } else { vectors * lanes },
                                inner,
                            };
                            let target = Target {
                                c: c.as_mut_ptr().add((first_row + done) * n + j),
                                row: n,
                                cols,
                                accumulate: accumulate || p > 0,
                            };
                            tile::tiles::<E, S, FUSED>(simd, (high, count), vectors, &operands, &target);
                        }
                        done += high * count;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulp::Scalar512b;

    use super::*;

    /// Small integers, so that every order of summation gives the same exact result.
    fn integers<T: Real>(len: usize, seed: usize) -> Vec<T> {
        (0..len).map(|i| T::from_f64(((i * 7 + seed * 5 + i / 13) % 17) as f64 - 8.0)).collect()
    }

    /// An operand of this size in one of the layouts: row-major, column-major, with gaps, rows or columns repeated.
    fn operand<T>(data: &[T], rows: usize, cols: usize, layout: usize) -> MatrixRef<'_, T> {
        let (row_stride, col_stride) = match layout {
            0 => (cols, 1),
            1 => (1, rows),
            2 => (2 * cols + 3, 2),
            3 => (0, 1),
            _ => (1, 0),
        };
        MatrixRef { data, rows, cols, row_stride: row_stride as isize, col_stride: col_stride as isize }
    }

    fn naive<T: Real>(a: MatrixRef<'_, T>, b: MatrixRef<'_, T>, c: &mut [T], accumulate: bool) {
        let at =
            |x: &MatrixRef<'_, T>, i: usize, j: usize| x.data[i * x.row_stride as usize + j * x.col_stride as usize];
        for i in 0..a.rows {
            for j in 0..b.cols {
                let start = if accumulate { c[i * b.cols + j] } else { T::zero() };
                c[i * b.cols + j] = (0..a.cols).fold(start, |sum, p| sum + at(&a, i, p) * at(&b, p, j));
            }
        }
    }

    fn agrees<T: Real>(
        [m, k, n]: [usize; 3],
        layouts: [usize; 2],
        accumulate: bool,
        product: impl Fn(MatrixRef<'_, T>, MatrixRef<'_, T>, &mut [T], bool),
    ) {
        let (a, b) = (integers::<T>((2 * k + 3) * (m + 1), 1), integers::<T>((2 * n + 3) * (k + 1), 2));
        let (a, b) = (operand(&a, m, k, layouts[0]), operand(&b, k, n, layouts[1]));
        // What is overwritten may be anything.
        let mut c = if accumulate { integers::<T>(m * n, 3) } else { vec![T::nan(); m * n] };
        let mut wanted = c.clone();
        naive(a, b, &mut wanted, accumulate);
        product(a, b, &mut c, accumulate);
        assert_eq!(c, wanted, "{} [{m}, {k}] x [{k}, {n}], layouts {layouts:?}", T::NAME);
    }

    /// The kernel that a machine without vectors takes, and one with the vectors of AVX-512.
    fn portable<E: Lanes>(a: MatrixRef<'_, E>, b: MatrixRef<'_, E>, c: &mut [E], accumulate: bool, wide: bool) {
        let (a_strides, b_strides) = (a.checked_strides(), b.checked_strides());
        let product = Product { a, a_strides, b, b_strides, c, accumulate };
        if wide { product.run::<_, false>(Scalar512b) } else { product.run::<_, false>(Scalar128b) }
    }

    proptest! {
        #[test]
        fn is_the_sum_of_products(
            m in 0_usize..40, k in 0_usize..40, n in 0_usize..40,
            layouts in [0_usize..5, 0_usize..5], accumulate: bool,
        ) {
            agrees::<f32>([m, k, n], layouts, accumulate, matmul);
            agrees::<f64>([m, k, n], layouts, accumulate, matmul);
        }

        #[test]
        fn of_matrix_and_vector(
            m in 1_usize..150, k in 1_usize..150, left: bool,
            layouts in [0_usize..5, 0_usize..5], accumulate: bool,
        ) {
            let sizes = if left { [1, k, m] } else { [m, k, 1] };
            agrees::<f32>(sizes, layouts, accumulate, matmul);
            agrees::<f64>(sizes, layouts, accumulate, matmul);
        }

        #[test]
        fn is_the_same_at_any_vector_width(
            m in 1_usize..30, k in 1_usize..30, n in 1_usize..80,
            layouts in [0_usize..5, 0_usize..5], accumulate: bool, wide: bool,
        ) {
            agrees::<f32>([m, k, n], layouts, accumulate, |a, b, c, accumulate| portable(a, b, c, accumulate, wide));
            agrees::<f64>([m, k, n], layouts, accumulate, |a, b, c, accumulate| portable(a, b, c, accumulate, wide));
        }
    }

    /// A product with windows that are seen in a plane is the one with the windows written out.
    fn agrees_where_seen<T: Real>(m: usize, sizes: [usize; 2], counts: [usize; 3], accumulate: bool) {
        let [rows, cols] = sizes;
        let [pictures, down, across] = counts;
        let (height, width) = (rows + down - 1, cols + across - 1);
        let data = integers::<T>(pictures * height * width, 1);
        let shifts: Vec<u32> = (0..rows * cols).map(|i| (i / cols * width + i % cols) as u32).collect();
        let runs: Vec<u32> =
            (0..pictures * down).map(|q| (q / down * height * width + q % down * width) as u32).collect();
        let seen = Seen { data: &data, rows: &shifts, runs: &runs, run: across };
        let (k, n) = (shifts.len(), runs.len() * across);
        let element = |i: usize, j: usize| data[shifts[i] as usize + runs[j / across] as usize + j % across];
        let written: Vec<T> = (0..k * n).map(|at| element(at / n, at % n)).collect();
        for transposed in [false, true] {
            let (inner, outer) = if transposed { (n, k) } else { (k, n) };
            let left = integers::<T>(m * inner, 2);
            let left = operand(&left, m, inner, 0);
            let right = MatrixRef { data: &written[..], rows: k, cols: n, row_stride: n as isize, col_stride: 1 };
            let right = if transposed { right.transposed() } else { right };
            let start = if accumulate { integers::<T>(m * outer, 3) } else { vec![T::nan(); m * outer] };
            let (mut found, mut wanted) = (start.clone(), start);
            matmul_seen(left, seen, transposed, &mut found, accumulate);
            naive(left, right, &mut wanted, accumulate);
            assert_eq!(found, wanted, "{m} rows, windows of {sizes:?}, {counts:?} of them, transposed: {transposed}");
        }
    }

    #[test]
    fn with_windows_that_are_seen() {
        for m in [1, 2, 3, 4, 7, 8, 12, 16, 21] {
            for counts in [[1, 1, 1], [2, 3, 5], [3, 2, 16], [1, 4, 33], [2, 7, 10]] {
                agrees_where_seen::<f32>(m, [2, 3], counts, m % 2 == 0);
                agrees_where_seen::<f64>(m, [3, 3], counts, m % 2 == 1);
            }
        }
        // So many runs that sums are put together of blocks.
        agrees_where_seen::<f32>(5, [2, 2], [40, 30, 28], false);
    }

    #[test]
    #[should_panic(expected = "a matrix that is seen lies within its data")]
    fn refuses_to_look_past_the_end() {
        let data = [1.0_f64; 5];
        let b = Seen { data: &data, rows: &[0, 1], runs: &[0, 2], run: 3 };
        let a = MatrixRef { data: &data[..2], rows: 1, cols: 2, row_stride: 2, col_stride: 1 };
        matmul_seen(a, b, false, &mut [0.0; 6], false);
    }

    #[test]
    fn of_long_rows_with_long_rows() {
        // More inner elements than a block has, tails of rows, columns and lanes.
        for sizes in [[4, 256, 4], [3, 300, 9], [32, 2_000, 70], [9, 30_011, 13]] {
            for accumulate in [false, true] {
                agrees::<f32>(sizes, [0, 1], accumulate, matmul);
                agrees::<f64>(sizes, [0, 1], accumulate, matmul);
                agrees::<f32>(sizes, [3, 4], accumulate, matmul);
            }
        }
    }

    #[test]
    fn of_several_panels_and_blocks() {
        // More rows than a block, more inner elements than a panel is high, and tails of both.
        for sizes in [[2 * ROWS + 5, 3, 70], [13, 2 * INNER + 9, 37], [300, 300, 70]] {
            for layouts in [[0, 0], [0, 1], [1, 0], [1, 1], [2, 2]] {
                agrees::<f32>(sizes, layouts, true, matmul);
                agrees::<f64>(sizes, layouts, false, matmul);
            }
        }
    }

    #[test]
    fn of_no_inner_elements_is_zero() {
        let empty = MatrixRef { data: &[0.0_f32; 0], rows: 2, cols: 0, row_stride: 0, col_stride: 1 };
        let other = MatrixRef { rows: 0, cols: 3, ..empty };
        let mut c = [7.0; 6];
        matmul(empty, other, &mut c, true);
        assert_eq!(c, [7.0; 6]);
        matmul(empty, other, &mut c, false);
        assert_eq!(c, [0.0; 6]);
        matmul(MatrixRef { rows: 0, ..empty }, other, &mut [], false);
    }

    #[test]
    #[should_panic(expected = "a matrix operand lies within its data")]
    fn refuses_to_read_past_the_end() {
        let data = [1.0_f64; 5];
        let a = MatrixRef { data: &data, rows: 2, cols: 3, row_stride: 3, col_stride: 1 };
        let b = MatrixRef { data: &data, rows: 3, cols: 1, row_stride: 1, col_stride: 1 };
        matmul(a, b, &mut [0.0; 2], false);
    }

    #[test]
    fn keeps_infinities_and_nan_where_they_are() {
        let a = [f32::INFINITY, 1.0, 0.0, 1.0];
        let b = [1.0_f32, 2.0, 3.0, f32::NAN];
        let square = |data| MatrixRef { data, rows: 2, cols: 2, row_stride: 2, col_stride: 1 };
        let mut c = [0.0; 4];
        matmul(square(&a), square(&b), &mut c, false);
        assert_eq!([c[0], c[2]], [f32::INFINITY, 3.0]);
        assert!(c[1].is_nan() && c[3].is_nan());
    }
}
