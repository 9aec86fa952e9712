//! The matrix product, with operands in any layout.
//!
//! Goto's scheme, turned round: a panel of the right operand, two vectors wide, is packed and stays in the first-level
//! cache while it meets all rows of the left one, which is read where it lies unless its columns are far apart. A
//! thread keeps the room for both, so that nothing is allocated. Measurements: `docs/decisions/matmul.md`.

mod lanes;
mod pack;
mod tile;
mod vector;

use std::any::TypeId;
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use pulp::{Arch, Scalar128b, Simd, WithSimd};

use self::lanes::Lanes;
use self::pack::{Source, pack};
use self::tile::{Block, Operands, Target, VECTORS};
use self::vector::MatrixVector;
use crate::real::Real;

/// The most rows of a panel of the right operand: 16 KiB of two vectors of 32 bytes each.
const INNER: usize = 288;

/// The rows of the left operand that meet a panel before the next one does: so many rows of a block, `INNER` wide,
/// stay in the second-level cache.
const ROWS: usize = 240;

/// Room for a panel on the widest machine, which has vectors of 64 bytes.
#[repr(C, align(64))]
struct Panel(MaybeUninit<[u8; INNER * VECTORS * 64]>);

thread_local! {
    static PANEL: UnsafeCell<Panel> = const { UnsafeCell::new(Panel(MaybeUninit::uninit())) };
    /// Room for a block of the left operand; it grows to the largest that was needed.
    static BLOCK: UnsafeCell<Vec<u64>> = const { UnsafeCell::new(Vec::new()) };
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
    Arch::new().dispatch(Product { a, a_strides, b, b_strides, c, accumulate });
}

impl<E: Lanes> WithSimd for MatrixVector<'_, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::F32_LANES == 1 { self.run::<_, false>(Scalar128b) } else { self.run::<_, true>(simd) }
    }
}

/// A product of matrices with no empty side, to be computed with the widest vectors.
struct Product<'a, E> {
    a: MatrixRef<'a, E>,
    a_strides: (usize, usize),
    b: MatrixRef<'a, E>,
    b_strides: (usize, usize),
    c: &'a mut [E],
    accumulate: bool,
}

impl<E: Lanes> WithSimd for Product<'_, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Portable code on arrays of four, which any compiler has vectors for.
        if S::F32_LANES == 1 { self.run::<_, false>(Scalar128b) } else { self.run::<_, true>(simd) }
    }
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
        // Tiles read far apart columns many times over: a copy in reading order pays.
        let blocked = a_col * size_of::<E>() >= 2048 && n >= 4 * width && m >= 4;
        let block: *mut E = if blocked { block(ROWS.min(m) * height.min(k)) } else { std::ptr::null_mut() };
        for first_row in (0..m).step_by(ROWS) {
            let rows = ROWS.min(m - first_row);
            let heights = tile::heights::<S>(rows);
            for p in (0..k).step_by(height) {
                let inner = height.min(k - p);
                for j in (0..n).step_by(width) {
                    let cols = width.min(n - j);
                    let vectors = cols.div_ceil(lanes);
                    // SAFETY: element [p, j] of b exists.
                    let source = unsafe { b.data.as_ptr().add(p * b_row + j * b_col) };
                    let in_place = b_col == 1 && cols == vectors * lanes && (m <= 12 || b_row <= 2 * width);
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
                            let at = block.wrapping_add(done * inner);
                            let operands = Operands {
                                a: a.data.as_ptr().add((first_row + done) * a_row + p * a_col),
                                a_row,
                                a_col,
                                block: match (blocked, j) {
                                    (false, _) => Block::None,
                                    (true, 0) => Block::Write(at),
                                    (true, _) => Block::Read(at),
                                },
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

/// This thread's room for a block of `len` elements.
fn block<E: Lanes>(len: usize) -> *mut E {
    BLOCK.with(|block| {
        // SAFETY: of one thread, and borrowed here only.
        let block = unsafe { &mut *block.get() };
        let words = (len * size_of::<E>()).div_ceil(size_of::<u64>());
        if block.len() < words {
            block.resize(words, 0);
        }
        block.as_mut_ptr().cast()
    })
}
