//! How long is the gradient, is it finite at all, and how much shorter shall it be?

use std::ops::Range;

use tape::{Gradients, Params, Real};

use crate::error::Error;

/// How gradients are shortened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Clip {
    Nothing,
    /// All together, to this norm.
    Norm(f64),
    /// Each parameter's, to this norm.
    TensorNorm(f64),
    /// Each element, to this size.
    Value(f64),
    /// Each unit's, to this share of the unit's weights (Brock et al., arXiv:2102.06171).
    Adaptive(f64),
}

impl Clip {
    pub(crate) fn check(self, owner: &'static str) -> Result<(), Error> {
        let (setting, limit) = match self {
            Self::Nothing => return Ok(()),
            Self::Norm(limit) => ("clip norm", limit),
            Self::TensorNorm(limit) => ("clip tensor norm", limit),
            Self::Value(limit) => ("clip value", limit),
            Self::Adaptive(limit) => ("clip adaptively", limit),
        };
        Error::unless(limit > 0.0, owner, setting, limit, "it must be > 0")
    }

    /// Whether gradients have to be copied, since every parameter's are multiplied by a factor of their own.
    pub(crate) fn is_by_tensor(self) -> bool {
        match self {
            Self::TensorNorm(_) | Self::Adaptive(_) => true,
            Self::Nothing | Self::Norm(_) | Self::Value(_) => false,
        }
    }

    /// Shortens the gradient of one parameter of this shape in place, if it is clipped by itself.
    pub(crate) fn tensor<T: Real>(self, shape: &[usize], theta: &[T], gradient: &mut [T]) {
        match self {
            Self::TensorNorm(limit) => scale(gradient, factor(limit, length(gradient))),
            Self::Adaptive(share) => {
                // A unit is a row of weights, `[out, in, ...]`; vectors and scalars are units as a whole.
                let units = if shape.len() > 1 { shape[0] } else { 1 };
                let size = (gradient.len() / units.max(1)).max(1);
                for (theta, gradient) in theta.chunks(size).zip(gradient.chunks_mut(size)) {
                    let (limit, norm) = (share * length(theta).max(1e-3), length(gradient));
                    if norm > limit {
                        scale(gradient, limit / norm);
                    }
                }
            }
            Self::Nothing | Self::Norm(_) | Self::Value(_) => {}
        }
    }
}

fn scale<T: Real>(gradient: &mut [T], factor: f64) {
    let factor: T = Real::from_f64(factor);
    for g in gradient {
        *g *= factor;
    }
}

/// The Euclidean norm of finite elements.
pub(crate) fn length<T: Real>(elements: &[T]) -> f64 {
    norm(elements, std::slice::from_ref(&(0..elements.len()))).min(f64::MAX)
}

/// The norm of the gradients that take part, if all their elements are finite.
pub(crate) fn finite_norm<T: Real>(
    params: &Params<T>,
    gradients: &Gradients<T>,
    stretches: &[Range<usize>],
) -> Result<f64, Error> {
    let norm = norm(gradients.params(), stretches);
    if norm.is_finite() {
        return Ok(norm);
    }
    let stepped = |range: &Range<usize>| stretches.iter().any(|s| s.start <= range.start && range.end <= s.end);
    for (_, parameter) in params.iter().filter(|(_, parameter)| stepped(&parameter.range())) {
        let gradient = &gradients.params()[parameter.range()];
        let count = gradient.iter().filter(|g| !g.is_finite()).count();
        if count > 0 {
            return Err(Error::NonFinite { parameter: parameter.name().to_owned(), count, size: gradient.len() });
        }
    }
    // Finite f64 elements so large that their norm is beyond f64.
    Ok(f64::MAX)
}

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

    #[test]
    fn a_unit_is_shortened_to_its_share_of_the_weights() {
        let mut gradient = [3.0, 4.0, 0.3, 0.4, 0.0, 0.0];
        Clip::Adaptive(0.1).tensor(&[3, 2], &[6.0, 8.0, 30.0, 40.0, 0.0, 0.0], &mut gradient);
        assert!((gradient[0] - 0.6_f64).abs() < 1e-15 && (gradient[1] - 0.8).abs() < 1e-15);
        assert_eq!(gradient[2..], [0.3, 0.4, 0.0, 0.0]);
        // Weights of zero count as a thousandth.
        let mut gradient = [3.0, 4.0];
        Clip::Adaptive(0.1).tensor(&[2], &[0.0, 0.0], &mut gradient);
        assert!((length(&gradient) - 1e-4).abs() < 1e-18);
    }

    #[test]
    fn a_parameter_is_shortened_by_itself() {
        let mut gradient = [3.0, 4.0];
        Clip::TensorNorm(1.0).tensor(&[2], &[9.0, 9.0], &mut gradient);
        assert_eq!(gradient, [3.0 / 5.000_001, 4.0 / 5.000_001]);
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
