//! How long is the gradient, is it finite at all, and how much shorter shall it be?

use std::ops::Range;

use tape::Real;

/// Independent sums, so that additions need not wait for each other: four vectors of four f64.
const LANES: usize = 16;

/// The Euclidean norm of the stretches of `gradient` in f64; infinite or NaN if an element is.
///
/// Squares of f32 neither overflow nor vanish in f64, so one pass usually answers both questions. Where the sum leaves
/// the range in which it is exact, all is done again with elements brought nearer to 1.
pub(crate) fn norm<T: Real>(gradient: &[T], stretches: &[Range<usize>]) -> f64 {
    /// 2^600, so that scaling is exact: brings squares of the smallest and, inverted, of the largest f64 into range.
    const SCALE: f64 = f64::from_bits((1023 + 600) << 52);
    let sum = sum_of_squares(gradient, stretches, 1.0);
    if (1e-280..=1e300).contains(&sum) {
        sum.sqrt()
    } else if sum < 1.0 {
        sum_of_squares(gradient, stretches, SCALE).sqrt() / SCALE
    } else {
        sum_of_squares(gradient, stretches, 1.0 / SCALE).sqrt() * SCALE
    }
}

/// The sum of (scale g)^2. An element's place in the buffer decides which lane it is added to, so the sum does not
/// depend on where stretches begin and end, nor on the width of the machine's vectors.
fn sum_of_squares<T: Real>(gradient: &[T], stretches: &[Range<usize>], scale: f64) -> f64 {
    let mut lanes = [0.0; LANES];
    for stretch in stretches {
        let (start, end) = (stretch.start.next_multiple_of(LANES).min(stretch.end), stretch.end);
        for index in stretch.start..start {
            lanes[index % LANES] += square(gradient[index], scale);
        }
        let (whole, rest) = gradient[start..end].as_chunks::<LANES>();
        lanes = pulp::Arch::new().dispatch(Squares { elements: whole, scale, lanes });
        for (sum, &g) in lanes.iter_mut().zip(rest) {
            *sum += square(g, scale);
        }
    }
    lanes.iter().sum()
}

#[inline(always)]
fn square<T: Real>(g: T, scale: f64) -> f64 {
    let g = Real::widen(g) * scale;
    g * g
}

/// Adds squares to the lanes. A type and not a closure for the reason given at `recipe::Pass`.
struct Squares<'a, T> {
    elements: &'a [[T; LANES]],
    scale: f64,
    lanes: [f64; LANES],
}

impl<T: Real> pulp::NullaryFnOnce for Squares<'_, T> {
    type Output = [f64; LANES];

    #[inline(always)]
    fn call(self) -> [f64; LANES] {
        let Self { elements, scale, mut lanes } = self;
        for elements in elements {
            for (sum, &g) in lanes.iter_mut().zip(elements) {
                *sum += square(g, scale);
            }
        }
        lanes
    }
}

/// What a gradient of this norm is multiplied by to be at most `limit` long (Pascanu et al., arXiv:1211.5063; the
/// 1e-6 is PyTorch's `clip_grad_norm_`, it makes clipped gradients that much shorter and 0 / 0 impossible).
pub(crate) fn factor(limit: f64, norm: f64) -> f64 {
    (limit / (norm + 1e-6)).min(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_that_can_be_checked_by_hand() {
        assert_eq!(norm(&[3.0_f32, 100.0, 4.0], &[0..1, 2..3]), 5.0);
        assert_eq!(norm::<f64>(&[], &[]), 0.0);
        assert_eq!(norm(&[0.0_f32; 40], &[3..20, 20..40]), 0.0);
    }

    #[test]
    fn lengths_whose_squares_leave_the_range() {
        for scale in [3e-320, 1e-200, 1e200, 3e307] {
            let length = norm(&[3.0 * scale, 4.0 * scale], &[0..1, 1..2]);
            assert!((length / (5.0 * scale) - 1.0).abs() < 1e-15, "{length:e}");
        }
    }

    #[test]
    fn what_is_not_finite_shows() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in [0, 17, 39] {
                let mut gradient = [1.0_f32; 40];
                gradient[place] = bad;
                assert!(!norm(&gradient, std::slice::from_ref(&(0..40))).is_finite(), "{bad} at {place}");
            }
        }
        assert!(norm(&[f32::MAX; 40], std::slice::from_ref(&(0..40))).is_finite());
    }

    #[test]
    fn the_factor_is_pytorchs() {
        assert_eq!(factor(1.0, 0.0), 1.0);
        assert_eq!(factor(1.0, 0.5), 1.0);
        assert_eq!(factor(1.0, 4.0), 1.0 / 4.000_001);
        assert_eq!(factor(f64::INFINITY, 4.0), 1.0);
    }

    proptest! {
        #[test]
        fn the_norm_does_not_depend_on_how_the_buffer_is_cut(
            gradient in prop::collection::vec(-1e3_f32..1e3, 0..200),
            mut cuts in prop::collection::vec(0_usize..200, 0..6),
        ) {
            cuts.extend([0, gradient.len()]);
            cuts.retain(|&cut| cut <= gradient.len());
            cuts.sort_unstable();
            let cut: Vec<_> = cuts.windows(2).map(|ends| ends[0]..ends[1]).collect();
            let whole = norm(&gradient, std::slice::from_ref(&(0..gradient.len())));
            prop_assert_eq!(norm(&gradient, &cut), whole);
            let plain = gradient.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
            prop_assert!((whole - plain).abs() <= 1e-13 * plain);
        }
    }
}
