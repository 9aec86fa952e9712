//! Running sums along the middle of `[outer, middle, inner]`.

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
