//! Running sums, running extremes and orders, along the middle of `[outer, middle, inner]`.

use std::cmp::Ordering;

use crate::real::Real;

/// `out[o, m, i] = x[o, 0, i] + .. + x[o, m, i]`, or the sum from `m` to the end if `reversed`; `+=` to accumulate.
pub(crate) fn running_sum<T: Real>(
    x: &[T],
    [outer, middle, inner]: [usize; 3],
    reversed: bool,
    out: &mut [T],
    accumulate: bool,
) {
    assert_eq!(x.len(), outer * middle * inner);
    assert_eq!(out.len(), x.len());
    for o in 0..outer {
        for i in 0..inner {
            let mut total = T::zero();
            for step in 0..middle {
                let m = if reversed { middle - 1 - step } else { step };
                let place = (o * middle + m) * inner + i;
                total += x[place];
                out[place] = if accumulate { out[place] + total } else { total };
            }
        }
    }
}

/// Where the largest of `x[o, ..=m, i]` is, for every `m`, or the smallest: the last of several, and a NaN once there was
/// one.
pub(crate) fn running_extreme<T: Real>(
    x: &[T],
    [outer, middle, inner]: [usize; 3],
    better: impl Fn(T, T) -> bool,
) -> Vec<u32> {
    assert_eq!(x.len(), outer * middle * inner);
    let mut indices = vec![0; x.len()];
    for o in 0..outer {
        for i in 0..inner {
            let at = |m: usize| (o * middle + m) * inner + i;
            let mut index = 0;
            for m in 0..middle {
                let (v, best) = (x[at(m)], x[at(index)]);
                if better(v, best) || v == best || v.is_nan() {
                    index = m;
                }
                indices[at(m)] = index as u32;
            }
        }
    }
    indices
}

/// The first `count` places of every line along the middle in the order of their elements, as `[outer, count, inner]`.
/// Elements that are equal stay in their order. A NaN counts as the largest.
pub(crate) fn order<T: Real>(x: &[T], [outer, middle, inner]: [usize; 3], count: usize, descending: bool) -> Vec<u32> {
    assert_eq!(x.len(), outer * middle * inner);
    assert!(count <= middle);
    let mut indices = vec![0; outer * count * inner];
    let mut line: Vec<u32> = Vec::with_capacity(middle);
    for o in 0..outer {
        for i in 0..inner {
            let at = |m: u32| x[(o * middle + m as usize) * inner + i];
            // The place decides between equals, so that the order is the same whichever way it is found.
            let compare = |&one: &u32, &other: &u32| {
                let order = compare(at(one), at(other));
                (if descending { order.reverse() } else { order }).then(one.cmp(&other))
            };
            line.clear();
            line.extend(0..middle as u32);
            if 0 < count && count < middle {
                line.select_nth_unstable_by(count - 1, compare);
                line.truncate(count);
            }
            line.sort_unstable_by(compare);
            for (c, &m) in line[..count].iter().enumerate() {
                indices[(o * count + c) * inner + i] = m;
            }
        }
    }
    indices
}

fn compare<T: Real>(a: T, b: T) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}
