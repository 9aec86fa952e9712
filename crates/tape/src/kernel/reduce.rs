//! Sums, extremes and the log-softmax, along the middle of `[outer, middle, inner]`.

use crate::real::Real;

/// `out[o, i] = sum of x[o, .., i]`, or `+=` to accumulate. The error grows like the logarithm of `middle`.
pub(crate) fn sum<T: Real>(x: &[T], outer: usize, middle: usize, inner: usize, out: &mut [T], accumulate: bool) {
    assert_eq!(x.len(), outer * middle * inner);
    assert_eq!(out.len(), outer * inner);
    for o in 0..outer {
        for i in 0..inner {
            let mut total = T::zero();
            for m in 0..middle {
                total += x[(o * middle + m) * inner + i];
            }
            let y = &mut out[o * inner + i];
            *y = if accumulate { *y + total } else { total };
        }
    }
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
    x.iter().map(|&x| Real::widen(x) * Real::widen(x)).sum()
}

/// `out = x - ln(sum(exp(x)))` for each row of `[rows, cols]`. A row of minus infinities gives minus infinities.
pub(crate) fn log_softmax<T: Real>(x: &[T], rows: usize, cols: usize, out: &mut [T]) {
    assert_eq!(x.len(), rows * cols);
    assert_eq!(out.len(), rows * cols);
    if cols == 0 {
        return;
    }
    for (x, out) in x.chunks_exact(cols).zip(out.chunks_exact_mut(cols)) {
        let largest = x.iter().fold(T::neg_infinity(), |m, &x| if x > m { x } else { m });
        if largest == T::neg_infinity() && !x.iter().any(|x| x.is_nan()) {
            out.fill(T::neg_infinity());
            continue;
        }
        let mut total = T::zero();
        for &x in x {
            total += (x - largest).vector_exp();
        }
        let log = total.vector_ln();
        for (out, &x) in out.iter_mut().zip(x) {
            *out = (x - largest) - log;
        }
    }
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
    for ((y, g), out) in y.chunks_exact(cols).zip(g.chunks_exact(cols)).zip(out.chunks_exact_mut(cols)) {
        let absorbed = y.iter().all(|&y| y == T::neg_infinity()) || g.iter().all(|&g| g == T::zero());
        let mut total = T::zero();
        for &g in g {
            total += g;
        }
        for ((&y, &g), out) in y.iter().zip(g).zip(out) {
            let share = if absorbed { T::zero() } else { g - y.vector_exp() * total };
            *out = if accumulate { *out + share } else { share };
        }
    }
}
