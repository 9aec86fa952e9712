//! Products with a matrix that is never written out: each of its rows is a picture seen from another place.
//!
//! A convolution multiplies its weight by the windows of its input. Row after row of that matrix is the input once more,
//! shifted; written out (im2col), it has as many times the input's elements as a window has, and writing and reading them
//! takes longer than multiplying. Here the tiles of the product read where the elements lie.

use pulp::Simd;

use super::MatrixRef;
use super::lanes::Lanes;
use super::tile::VECTORS;

/// A matrix whose columns come in runs: element `[i, q * run + j]` is `data[rows[i] + runs[q] + j]`, for `j < run`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) rows: &'a [u32],
    pub(crate) runs: &'a [u32],
    pub(crate) run: usize,
}

impl<'a, T> Seen<'a, T> {
    /// The largest place of a row.
    #[inline]
    fn furthest_row(&self) -> usize {
        self.rows.iter().copied().max().unwrap_or(0) as usize
    }

    /// Looks that no element lies outside of the data.
    pub(super) fn check(&self) {
        let furthest_run = self.runs.iter().copied().max().unwrap_or(0) as usize;
        let end = self.furthest_row() + furthest_run + self.run;
        let is_empty = self.rows.is_empty() || self.runs.is_empty() || self.run == 0;
        assert!(is_empty || end <= self.data.len(), "a matrix that is seen lies within its data");
    }

    /// The same matrix of another name of its element type.
    pub(super) fn cast<E: Copy + 'static>(self) -> Seen<'a, E>
    where
        T: 'static,
    {
        assert_eq!(std::any::TypeId::of::<T>(), std::any::TypeId::of::<E>());
        // SAFETY: the types are one and the same.
        let data = unsafe { std::slice::from_raw_parts(self.data.as_ptr().cast(), self.data.len()) };
        Seen { data, rows: self.rows, runs: self.runs, run: self.run }
    }
}

/// `c = a b`, or `+=`: `[m, k] x [k, n] -> [m, n]`.
pub(super) struct WithSeen<'a, E> {
    pub(super) a: MatrixRef<'a, E>,
    pub(super) b: Seen<'a, E>,
    pub(super) c: &'a mut [E],
    pub(super) accumulate: bool,
}

/// The part of a run that one tile computes: where it begins in the data, its column of the product, and its length.
#[derive(Clone, Copy)]
struct Piece {
    from: usize,
    col: usize,
    len: usize,
}

impl<E: Lanes> WithSeen<'_, E> {
    #[inline(always)]
    pub(super) fn run<S: Simd, const FUSED: bool>(self, simd: S) {
        let Self { a, b, c, accumulate } = self;
        Tiled { a, b, c: c.as_mut_ptr(), accumulate }.run::<S, FUSED>(simd);
    }
}

/// The product, tile by tile, each of which writes a part of `c` of its own.
#[derive(Clone, Copy)]
struct Tiled<'a, E> {
    a: MatrixRef<'a, E>,
    b: Seen<'a, E>,
    c: *mut E,
    accumulate: bool,
}

impl<E: Lanes> Tiled<'_, E> {
    #[inline(always)]
    fn run<S: Simd, const FUSED: bool>(self, simd: S) {
        let lanes = E::lanes::<S>();
        let mut waiting: Option<Piece> = None;
        for (number, &start) in self.b.runs.iter().enumerate() {
            for at in (0..self.b.run).step_by(lanes) {
                let (from, col) = (start as usize + at, number * self.b.run + at);
                let piece = Piece { from, col, len: lanes.min(self.b.run - at) };
                // Two at a time fill the registers.
                match waiting.take() {
                    None => waiting = Some(piece),
                    Some(other) => self.columns::<S, FUSED, VECTORS>(simd, [other, piece]),
                }
            }
        }
        if let Some(piece) = waiting {
            self.columns::<S, FUSED, 1>(simd, [piece]);
        }
    }

    #[inline(always)]
    fn columns<S: Simd, const FUSED: bool, const PIECES: usize>(self, simd: S, pieces: [Piece; PIECES]) {
        let mut row = 0;
        while row < self.a.rows {
            row += match self.a.rows - row {
                rest if rest >= 12 && S::REGISTER_COUNT >= 32 && rest != 16 => {
                    self.tile::<S, FUSED, PIECES, 12>(simd, row, pieces)
                }
                8.. if S::REGISTER_COUNT >= 32 => self.tile::<S, FUSED, PIECES, 8>(simd, row, pieces),
                4.. => self.tile::<S, FUSED, PIECES, 4>(simd, row, pieces),
                2.. => self.tile::<S, FUSED, PIECES, 2>(simd, row, pieces),
                _ => self.tile::<S, FUSED, PIECES, 1>(simd, row, pieces),
            };
        }
    }

    /// Some rows by some pieces of the product; returns how many rows. Never inlined: a caller with all sizes inside
    /// prepares on each call for every one.
    #[inline(never)]
    fn tile<S: Simd, const FUSED: bool, const PIECES: usize, const ROWS: usize>(
        self,
        simd: S,
        row: usize,
        pieces: [Piece; PIECES],
    ) -> usize {
        simd.vectorize(Tile::<E, FUSED, PIECES, ROWS> { product: self, row, pieces });
        ROWS
    }
}

struct Tile<'a, E, const FUSED: bool, const PIECES: usize, const ROWS: usize> {
    product: Tiled<'a, E>,
    row: usize,
    pieces: [Piece; PIECES],
}

impl<E: Lanes, const FUSED: bool, const PIECES: usize, const ROWS: usize> pulp::WithSimd
    for Tile<'_, E, FUSED, PIECES, ROWS>
{
    type Output = ();

    #[inline(always)]
    #[allow(clippy::needless_range_loop, reason = "as in `tile`: iterators are not inlined into loops of this size")]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { product: Tiled { a, b, c, accumulate }, row, pieces } = self;
        let (a_row, a_col) = (a.row_stride as usize, a.col_stride as usize);
        let n = b.runs.len() * b.run;
        let lanes = E::lanes::<S>();
        let counted: [E::Mask<S>; PIECES] = std::array::from_fn(|v| E::first(simd, pieces[v].len));
        // Lanes that do not count are read too, where there is anything: reading some lanes only takes a call each time.
        let furthest = b.furthest_row() + pieces.iter().map(|piece| piece.from).max().unwrap_or(0);
        let whole = furthest + lanes <= b.data.len();
        let mut sums = [[E::splat(simd, E::zero()); PIECES]; ROWS];
        let mut left = a.data.as_ptr().wrapping_add(row * a_row);
        for &shift in b.rows {
            // SAFETY: `check` looked at all places of b, and `checked_strides` at those of a, of which the rows from `row` on
            // are read. Lanes that do not count are read only where the data has them.
            unsafe {
                let mut vectors = [E::splat(simd, E::zero()); PIECES];
                for v in 0..PIECES {
                    let from = b.data.as_ptr().add(shift as usize + pieces[v].from);
                    vectors[v] = if whole {
                        from.cast::<E::Vector<S>>().read_unaligned()
                    } else {
                        E::load(simd, counted[v], from)
                    };
                }
                for i in 0..ROWS {
                    let factor = E::splat(simd, *left.add(i * a_row));
                    for v in 0..PIECES {
                        sums[i][v] = E::multiply_add::<S, FUSED>(simd, factor, vectors[v], sums[i][v]);
                    }
                }
            }
            left = left.wrapping_add(a_col);
        }
        for i in 0..ROWS {
            for v in 0..PIECES {
                // SAFETY: the piece lies within row `row + i` of c, which has `n` columns; `WithSeen` has c for itself.
                unsafe {
                    let to = c.add((row + i) * n + pieces[v].col);
                    let sum = sums[i][v];
                    let sum = if accumulate { E::vector_add(simd, E::load(simd, counted[v], to), sum) } else { sum };
                    E::store(simd, counted[v], to, sum);
                }
            }
        }
    }
}

/// `c = g b^T`, or `+=`: `[m, n] x [k, n]^T -> [m, k]`. The rows of g are dense.
pub(super) struct WithSeenTransposed<'a, E> {
    pub(super) g: MatrixRef<'a, E>,
    pub(super) b: Seen<'a, E>,
    pub(super) c: &'a mut [E],
    pub(super) accumulate: bool,
}

impl<E: Lanes> WithSeenTransposed<'_, E> {
    #[inline(always)]
    pub(super) fn run<S: Simd, const FUSED: bool>(self, simd: S) {
        /// Rows of each factor whose products are summed at once.
        const SIDE: usize = 4;
        /// As many elements of `g` as stay in the first-level cache.
        const CACHED: usize = 6 * 1024;
        let Self { g, b, c, accumulate } = self;
        let (m, k) = (g.rows, b.rows.len());
        let at_once = (CACHED / (m.min(SIDE) * b.run)).max(1);
        for (block, runs) in b.runs.chunks(at_once).enumerate() {
            let first = block * at_once * b.run;
            let mut put = |i: usize, r: usize, sum: E| {
                let c = &mut c[i * k + r];
                *c = if accumulate || block > 0 { *c + sum } else { sum };
            };
            let part = Part { g, first, b: Seen { runs, ..b }, whole: whole_vectors::<E, S>(g, first, b, runs) };
            for i in (0..m).step_by(SIDE) {
                for r in (0..k).step_by(SIDE) {
                    if i + SIDE <= m && r + SIDE <= k {
                        let sums = part.products::<S, FUSED, SIDE>(simd, i, r);
                        for (row, sums) in sums.iter().enumerate() {
                            sums.iter().enumerate().for_each(|(col, &sum)| put(i + row, r + col, sum));
                        }
                    } else {
                        for row in i..m.min(i + SIDE) {
                            for col in r..k.min(r + SIDE) {
                                let [[sum]] = part.products::<S, FUSED, 1>(simd, row, col);
                                put(row, col, sum);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How many runs, from the first on, both factors have whole vectors for at all places.
fn whole_vectors<E: Lanes, S: Simd>(g: MatrixRef<'_, E>, first: usize, b: Seen<'_, E>, runs: &[u32]) -> usize {
    let lanes = E::lanes::<S>();
    // Where the last vector of a run ends.
    let end = (b.run - 1) / lanes * lanes + lanes;
    let (of_g, of_b) = ((g.rows - 1) * g.row_stride as usize + first + end, b.furthest_row() + end);
    let is_whole = |&(number, &start): &(usize, &u32)| {
        of_g + number * b.run <= g.data.len() && of_b + start as usize <= b.data.len()
    };
    runs.iter().enumerate().take_while(is_whole).count()
}

/// Some runs of `b`, of which the first `whole` have whole vectors, and the columns of `g` that meet them, from `first` on.
#[derive(Clone, Copy)]
struct Part<'a, E> {
    g: MatrixRef<'a, E>,
    first: usize,
    b: Seen<'a, E>,
    whole: usize,
}

impl<E: Lanes> Part<'_, E> {
    /// The inner products of rows of `g`, from one row on, with rows of `b`, from row `r` on.
    #[inline(always)]
    #[allow(clippy::needless_range_loop, reason = "as in `tile`: iterators are not inlined into loops of this size")]
    fn products<S: Simd, const FUSED: bool, const SIDE: usize>(
        self,
        simd: S,
        row: usize,
        r: usize,
    ) -> [[E; SIDE]; SIDE] {
        let Self { g, first, b, whole } = self;
        let lanes = E::lanes::<S>();
        let shifts: [usize; SIDE] = std::array::from_fn(|i| b.rows[r + i] as usize);
        let rows: [usize; SIDE] = std::array::from_fn(|i| (row + i) * g.row_stride as usize + first);
        let mut totals = [[E::zero(); SIDE]; SIDE];
        // The vectors of all runs at one place in them, then those at the next. Of the last ones, some lanes do not count;
        // they are read and multiplied too, and left out of the sums at the end.
        for at in (0..b.run).step_by(lanes) {
            let counted = lanes.min(b.run - at);
            let mut sums = [[E::splat(simd, E::zero()); SIDE]; SIDE];
            let mut left = rows.map(|row| g.data.as_ptr().wrapping_add(row + at));
            let right = shifts.map(|shift| b.data.as_ptr().wrapping_add(shift + at));
            for &start in &b.runs[..whole] {
                let (mut these, mut those) = ([E::splat(simd, E::zero()); SIDE], [E::splat(simd, E::zero()); SIDE]);
                for i in 0..SIDE {
                    // SAFETY: `whole_vectors` looked that the data has a whole vector at each of these places.
                    unsafe {
                        these[i] = left[i].cast::<E::Vector<S>>().read_unaligned();
                        those[i] = right[i].add(start as usize).cast::<E::Vector<S>>().read_unaligned();
                    }
                    left[i] = left[i].wrapping_add(b.run);
                }
                for i in 0..SIDE {
                    for j in 0..SIDE {
                        sums[i][j] = E::multiply_add::<S, FUSED>(simd, these[i], those[j], sums[i][j]);
                    }
                }
            }
            for i in 0..SIDE {
                for j in 0..SIDE {
                    totals[i][j] += first_lanes_sum::<E, S>(simd, sums[i][j], counted);
                    for (number, &start) in b.runs.iter().enumerate().skip(whole) {
                        let g = &g.data[rows[i] + number * b.run + at..][..counted];
                        let b = &b.data[shifts[j] + start as usize + at..][..counted];
                        g.iter().zip(b).for_each(|(&g, &b)| totals[i][j] += g * b);
                    }
                }
            }
        }
        totals
    }
}

/// The sum of the first lanes of a vector, whatever is in the others.
#[inline(always)]
fn first_lanes_sum<E: Lanes, S: Simd>(simd: S, vector: E::Vector<S>, counted: usize) -> E {
    let lanes = E::lanes::<S>();
    if counted == lanes {
        return E::vector_sum(simd, vector);
    }
    // SAFETY: a vector is as many elements as it has lanes, one after the other.
    let elements = unsafe { std::slice::from_raw_parts((&raw const vector).cast::<E>(), lanes) };
    elements[..counted].iter().fold(E::zero(), |sum, &element| sum + element)
}
