//! Sums, extremes and the log-softmax, along the middle of `[outer, middle, inner]`.
//!
//! Sums are made in pairs: neighbouring blocks of elements are added, then neighbouring sums, so that the error grows like
//! the logarithm of the number of elements. Which elements meet when depends on that number alone, never on the width of
//! the machine's vectors, so a sum has the same bits everywhere.
//!
//! N. J. Higham, "The accuracy of floating point summation", SIAM Journal on Scientific Computing 14 (4), 1993.

use super::dispatch;
use crate::real::Real;

/// Sums that run side by side: two of the widest vectors of `f64`, one of `f32`.
const LANES: usize = 16;

/// Elements that are summed without pairing: so many that combining blocks costs little, so few that each lane adds 16.
const BLOCK: usize = 16 * LANES;

/// Rows that are added up one after the other where a sum runs across rows.
const ROWS: usize = 16;

/// Columns of a row that are summed at once where a sum runs across rows: their sums stay in the first-level cache.
const COLUMNS: usize = 256;

/// `out[o, i] = sum of x[o, .., i]`, or `+=` to accumulate. The error grows like the logarithm of `middle`.
pub(crate) fn sum<T: Real>(x: &[T], outer: usize, middle: usize, inner: usize, out: &mut [T], accumulate: bool) {
    assert_eq!(x.len(), outer * middle * inner);
    assert_eq!(out.len(), outer * inner);
    let deposit = |out: &mut T, total: T| *out = if accumulate { *out + total } else { total };
    if middle == 0 {
        out.iter_mut().for_each(|out| deposit(out, T::zero()));
    } else if inner == 1 {
        dispatch(
            #[inline(always)]
            || {
                for (out, x) in out.iter_mut().zip(x.chunks_exact(middle)) {
                    let total = pairwise(x, |x| x);
                    *out = if accumulate { *out + total } else { total };
                }
            },
        );
    } else if inner > 0 {
        let mut totals = [T::zero(); COLUMNS];
        for (out, x) in out.chunks_exact_mut(inner).zip(x.chunks_exact(middle * inner)) {
            for (tile, out) in out.chunks_mut(COLUMNS).enumerate() {
                let totals = &mut totals[..out.len()];
                sum_rows(&x[tile * COLUMNS..], middle, inner, totals);
                out.iter_mut().zip(totals).for_each(|(out, &mut total)| deposit(out, total));
            }
        }
    }
}

/// The sum of `rows` rows, which begin `stride` apart and of which as many elements are summed as `totals` has.
fn sum_rows<T: Real>(x: &[T], rows: usize, stride: usize, totals: &mut [T]) {
    if rows > ROWS {
        let half = rows / 2;
        let mut others = [T::zero(); COLUMNS];
        let others = &mut others[..totals.len()];
        sum_rows(x, half, stride, totals);
        sum_rows(&x[half * stride..], rows - half, stride, others);
        totals.iter_mut().zip(others).for_each(|(total, &mut other)| *total += other);
        return;
    }
    dispatch(
        #[inline(always)]
        || {
            totals.copy_from_slice(&x[..totals.len()]);
            for row in 1..rows {
                for (total, &x) in totals.iter_mut().zip(&x[row * stride..]) {
                    *total += x;
                }
            }
        },
    );
}

/// The sum of a function of the elements, block by block in pairs.
#[inline(always)]
fn pairwise<T: Real, R: Real>(x: &[T], f: impl Fn(T) -> R + Copy) -> R {
    in_pairs(x.chunks(BLOCK).map(
        #[inline(always)]
        |block| block_sum(block, f),
    ))
}

/// The sum of the products of two rows, block by block in pairs.
#[inline(always)]
fn pairwise_products<T: Real>(x: &[T], y: &[T]) -> T {
    in_pairs(x.chunks(BLOCK).zip(y.chunks(BLOCK)).map(
        #[inline(always)]
        |(x, y)| {
            let ((rows, rest), (other_rows, other_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
            let products = |(x, y): (&[T; LANES], &[T; LANES])| std::array::from_fn(|lane| x[lane] * y[lane]);
            lane_sum(rows.iter().zip(other_rows).map(products), rest.iter().zip(other_rest).map(|(&x, &y)| x * y))
        },
    ))
}

/// The sum of the sums of blocks, neighbours first.
#[inline(always)]
fn in_pairs<R: Real>(mut blocks: impl ExactSizeIterator<Item = R>) -> R {
    if blocks.len() == 1 {
        return blocks.next().expect("there is one");
    }
    // As in a binary counter, `sums[i]` waits for its neighbour where bit i of the number of blocks is set.
    let mut sums = [R::zero(); usize::BITS as usize];
    let mut count = 0_usize;
    for mut total in blocks {
        let carries = count.trailing_ones() as usize;
        for &sum in &sums[..carries] {
            total = sum + total;
        }
        sums[carries] = total;
        count += 1;
    }
    let waiting = (0..sums.len()).filter(|level| count >> level & 1 == 1);
    waiting.map(|level| sums[level]).reduce(|total, sum| sum + total).unwrap_or(R::zero())
}

#[inline(always)]
fn block_sum<T: Real, R: Real>(x: &[T], f: impl Fn(T) -> R + Copy) -> R {
    let (rows, rest) = x.as_chunks::<LANES>();
    lane_sum(rows.iter().map(|row| row.map(f)), rest.iter().map(|&x| f(x)))
}

/// The sum of rows of lanes, and of a rest that is shorter than one.
#[inline(always)]
fn lane_sum<R: Real>(mut rows: impl Iterator<Item = [R; LANES]>, rest: impl Iterator<Item = R>) -> R {
    let Some(mut sums) = rows.next() else { return rest.fold(R::zero(), |total, x| total + x) };
    for row in rows {
        for (sum, x) in sums.iter_mut().zip(row) {
            *sum += x;
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += x;
    }
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0]
}

/// The largest element that is a number; minus infinity if there is none.
#[inline(always)]
fn largest<T: Real>(x: &[T]) -> T {
    let larger = |largest: T, x: T| if x > largest { x } else { largest };
    let (rows, rest) = x.as_chunks::<LANES>();
    let mut lanes = [T::neg_infinity(); LANES];
    for row in rows {
        for (lane, &x) in lanes.iter_mut().zip(row) {
            *lane = larger(*lane, x);
        }
    }
    lanes.iter().chain(rest).fold(T::neg_infinity(), |largest, &x| larger(largest, x))
}

/// The largest element of each `x[o, .., i]` and where along the middle it is: the first of several, or the first NaN.
pub(crate) fn max<T: Real>(x: &[T], outer: usize, middle: usize, inner: usize, out: &mut [T], indices: &mut [u32]) {
    extreme(x, outer, middle, inner, out, indices, |a, b| a > b);
}

/// The smallest element of each `x[o, .., i]` and where along the middle it is: the first of several, or the first NaN.
pub(crate) fn min<T: Real>(x: &[T], outer: usize, middle: usize, inner: usize, out: &mut [T], indices: &mut [u32]) {
    extreme(x, outer, middle, inner, out, indices, |a, b| a < b);
}

fn extreme<T: Real>(
    x: &[T],
    outer: usize,
    middle: usize,
    inner: usize,
    out: &mut [T],
    indices: &mut [u32],
    better: impl Fn(T, T) -> bool,
) {
    assert_eq!(x.len(), outer * middle * inner);
    assert_eq!(out.len(), outer * inner);
    assert_eq!(indices.len(), out.len());
    assert!(middle > 0 || out.is_empty(), "there is no extreme of no elements");
    for o in 0..outer {
        for i in 0..inner {
            let mut best = x[o * middle * inner + i];
            let mut index = 0;
            for m in 1..middle {
                let v = x[(o * middle + m) * inner + i];
                if better(v, best) || (v.is_nan() && !best.is_nan()) {
                    best = v;
                    index = m;
                }
            }
            out[o * inner + i] = best;
            indices[o * inner + i] = index as u32;
        }
    }
}

/// Gives every element that attains the extreme `y` an equal part of the adjoint `g`.
pub(crate) fn split_ties<T: Real>(x: &[T], y: T, g: T, out: &mut [T], accumulate: bool) {
    // An extreme of NaN is attained by the elements that are NaN.
    let attains = |element: T| element == y || (y.is_nan() && element.is_nan());
    let ties = x.iter().filter(|element| attains(**element)).count();
    let part = if y.is_nan() { y } else { g / T::from_f64(ties as f64) };
    let part = if g == T::zero() { g } else { part };
    for (out, &element) in out.iter_mut().zip(x) {
        let share = if attains(element) { part } else { T::zero() };
        *out = if accumulate { *out + share } else { share };
    }
}

/// The sum of the squares, in `f64`.
pub(crate) fn sum_of_squares<T: Real>(x: &[T]) -> f64 {
    dispatch(
        #[inline(always)]
        || pairwise(x, |x| Real::widen(x) * Real::widen(x)),
    )
}

/// `out = x - ln(sum(exp(x)))` for each row of `[rows, cols]`. A row of minus infinities gives minus infinities.
///
/// Exponentials and logarithms are those of several rows at a time, because a short row fills no vector.
pub(crate) fn log_softmax<T: Real>(x: &[T], rows: usize, cols: usize, out: &mut [T]) {
    assert_eq!(x.len(), rows * cols);
    assert_eq!(out.len(), rows * cols);
    if cols == 0 {
        return;
    }
    dispatch(
        #[inline(always)]
        || {
            let block = (BLOCK / cols).clamp(1, ROWS) * cols;
            for (x, out) in x.chunks(block).zip(out.chunks_mut(block)) {
                let (mut tops, mut logs) = ([T::zero(); ROWS], [T::zero(); ROWS]);
                for ((x, out), top) in x.chunks_exact(cols).zip(out.chunks_exact_mut(cols)).zip(&mut tops) {
                    *top = largest(x);
                    out.iter_mut().zip(x).for_each(|(out, &x)| *out = x - *top);
                }
                for out in &mut *out {
                    *out = out.vector_exp();
                }
                for (log, exps) in logs.iter_mut().zip(out.chunks_exact(cols)) {
                    *log = pairwise(exps, |exp| exp);
                }
                for log in &mut logs {
                    *log = log.vector_ln();
                }
                let rows = x.chunks_exact(cols).zip(out.chunks_exact_mut(cols));
                for ((x, out), (&top, &log)) in rows.zip(tops.iter().zip(&logs)) {
                    if top == T::neg_infinity() && !x.iter().any(|x| x.is_nan()) {
                        out.fill(top);
                    } else {
                        out.iter_mut().zip(x).for_each(|(out, &x)| *out = (x - top) - log);
                    }
                }
            }
        },
    );
}

/// `out = exp(x) / sum(exp(x))` for each row of `[rows, cols]`. A row of minus infinities gives zeros.
pub(crate) fn softmax<T: Real>(x: &[T], cols: usize, out: &mut [T]) {
    assert_eq!(x.len(), out.len());
    if cols == 0 {
        return;
    }
    dispatch(
        #[inline(always)]
        || {
            let block = (BLOCK / cols).clamp(1, ROWS) * cols;
            for (x, out) in x.chunks(block).zip(out.chunks_mut(block)) {
                for (x, out) in x.chunks_exact(cols).zip(out.chunks_exact_mut(cols)) {
                    // Without a finite element, the differences from 0 are minus infinity as well, or what they were.
                    let top = largest(x);
                    let top = if top == T::neg_infinity() { T::zero() } else { top };
                    out.iter_mut().zip(x).for_each(|(out, &x)| *out = x - top);
                }
                for out in &mut *out {
                    *out = out.vector_exp();
                }
                for out in out.chunks_exact_mut(cols) {
                    let total = pairwise(out, |exp| exp);
                    let factor = if total == T::zero() { T::zero() } else { total.recip() };
                    out.iter_mut().for_each(|out| *out *= factor);
                }
            }
        },
    );
}

/// The operand's share of an adjoint `g` of `y = softmax(x)`: `out = y (g - sum(g y))` for each row, or `+=`. A row of
/// zeros, where everything was masked, has none, nor has a row of zero adjoints.
pub(crate) fn softmax_share<T: Real>(y: &[T], g: &[T], cols: usize, out: &mut [T], accumulate: bool) {
    assert_eq!(y.len(), g.len());
    assert_eq!(y.len(), out.len());
    if cols == 0 {
        return;
    }
    dispatch(
        #[inline(always)]
        || {
            for ((y, g), out) in y.chunks_exact(cols).zip(g.chunks_exact(cols)).zip(out.chunks_exact_mut(cols)) {
                let absorbed = y.iter().all(|&y| y == T::zero()) || g.iter().all(|&g| g == T::zero());
                let total = pairwise_products(y, g);
                for ((&y, &g), out) in y.iter().zip(g).zip(out) {
                    let share = if absorbed { T::zero() } else { y * (g - total) };
                    *out = if accumulate { *out + share } else { share };
                }
            }
        },
    );
}

/// The operand's share of an adjoint `g` of `y = log_softmax(x)`: `out = g - exp(y) sum(g)` for each row, or `+=`.
/// A row of `y` that is all minus infinity has none.
pub(crate) fn log_softmax_share<T: Real>(y: &[T], g: &[T], rows: usize, cols: usize, out: &mut [T], accumulate: bool) {
    assert_eq!(y.len(), rows * cols);
    assert_eq!(g.len(), rows * cols);
    assert_eq!(out.len(), rows * cols);
    if cols == 0 {
        return;
    }
    dispatch(
        #[inline(always)]
        || {
            // All exponentials at once, where there is room for them: a short row fills no vector.
            if !accumulate {
                out.iter_mut().zip(y).for_each(|(out, &y)| *out = y.vector_exp());
            }
            for ((y, g), out) in y.chunks_exact(cols).zip(g.chunks_exact(cols)).zip(out.chunks_exact_mut(cols)) {
                let absorbed = y.iter().all(|&y| y == T::neg_infinity()) || g.iter().all(|&g| g == T::zero());
                let total = pairwise(g, |g| g);
                for ((&y, &g), out) in y.iter().zip(g).zip(out) {
                    let exp = if accumulate { y.vector_exp() } else { *out };
                    let share = if absorbed { T::zero() } else { g - exp * total };
                    *out = if accumulate { *out + share } else { share };
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of alternating magnitude whose sum in order loses digits.
    fn numbers(len: usize) -> Vec<f32> {
        (0..len).map(|i| 0.1 + (i * 37 % 101) as f32 / 64.0).collect()
    }

    #[test]
    fn the_error_of_a_sum_grows_like_the_logarithm_of_the_number_of_elements() {
        for len in [1_000, 100_000, 1_000_003] {
            let x = numbers(len);
            let exact: f64 = x.iter().map(|&x| f64::from(x)).sum();
            // Each lane adds 16 numbers, each element then takes part in so many more additions.
            let additions = 16.0 + (len as f64).log2();
            let bound = additions * f64::from(f32::EPSILON) / 2.0 * exact;
            let (mut along, mut across) = ([0.0], [0.0; 2]);
            sum(&x, 1, len, 1, &mut along, false);
            let twice: Vec<f32> = x.iter().flat_map(|&x| [x, x]).collect();
            sum(&twice, 1, len, 2, &mut across, false);
            for found in [along[0], across[0], across[1]] {
                assert!((f64::from(found) - exact).abs() <= bound, "{len} elements: {found}, not {exact}");
            }
            let in_order = f64::from(x.iter().sum::<f32>());
            assert!(len < 100_000 || (in_order - exact).abs() > 4.0 * bound, "{len} elements test nothing");
        }
    }

    #[test]
    fn sums_are_right_at_every_length_around_the_sizes_of_blocks() {
        let lengths = (0..40).chain(250..260).chain([511, 512, 513, 767, 768, 769, 1023, 1024, 1025]);
        for middle in lengths {
            for inner in [1, 2, 3, 255, 256, 257, 300] {
                let x: Vec<f64> = (0..2 * middle * inner).map(|i| (i * 29 % 53) as f64).collect();
                let mut out = vec![0.5; 2 * inner];
                sum(&x, 2, middle, inner, &mut out, true);
                for (place, &found) in out.iter().enumerate() {
                    let (o, i) = (place / inner, place % inner);
                    let exact: f64 = (0..middle).map(|m| x[(o * middle + m) * inner + i]).sum();
                    assert_eq!(found, 0.5 + exact, "[2, {middle}, {inner}] at {place}");
                }
            }
        }
    }

    #[test]
    fn the_largest_element_is_found_in_every_lane() {
        for len in 1..70 {
            for at in 0..len {
                let mut x = vec![-1.0; len];
                x[at] = 2.0;
                assert_eq!(largest(&x), 2.0);
                x[at] = f64::NAN;
                assert_eq!(largest(&x), if len == 1 { f64::NEG_INFINITY } else { -1.0 });
            }
        }
    }
}
