//! Special functions of plain numbers: what neither `f64` nor lanes have of their own.
//!
//! `erf`, `erfc` and `lgamma` are those of `libm` (Sun's fdlibm), within one unit in the last place; `lgamma` loses
//! relative accuracy where it crosses zero left of 0. Everything is computed in `f64`, so that results in `f32` are
//! rounded once.

use std::f64::consts::PI;

use crate::kernel::normal_cdf as normal_cdf_f64;
use crate::real::Real;

#[inline]
pub(super) fn erf<T: Real>(x: T) -> T {
    T::from_f64(libm::erf(x.widen()))
}

#[inline]
pub(super) fn erfc<T: Real>(x: T) -> T {
    T::from_f64(libm::erfc(x.widen()))
}

#[inline]
pub(super) fn lgamma<T: Real>(x: T) -> T {
    T::from_f64(libm::lgamma(x.widen()))
}

#[inline]
pub(super) fn normal_cdf<T: Real>(x: T) -> T {
    T::from_f64(normal_cdf_f64(x.widen()))
}

#[inline]
pub(super) fn digamma<T: Real>(x: T) -> T {
    T::from_f64(digamma_f64(x.widen()))
}

#[inline]
pub(super) fn polygamma<T: Real>(x: T, order: T) -> T {
    T::from_f64(polygamma_f64(x.widen(), order.widen()))
}

/// `1 / (1 + e^-x)`, through the power of e that is at most 1, so that both tails are accurate.
#[inline]
pub(super) fn sigmoid<T: Real>(x: T) -> T {
    let decay = (-x.abs()).exp();
    let numerator = if x < T::zero() { decay } else { T::one() };
    numerator / (T::one() + decay)
}

/// `cot(pi x)`, exactly reduced to a quarter of the period on each side.
fn cot_pi(x: f64) -> f64 {
    let r = x - x.round();
    if r.abs() <= 0.25 { 1.0 / (PI * r).tan() } else { (PI * (0.5_f64.copysign(r) - r)).tan() }
}

/// The logarithmic derivative of the gamma function.
///
/// Left of 0 by reflection, `digamma(1 - x) - pi cot(pi x)`; up to 10 by recurrence down to the interval from 1 to 2, so that
/// only terms of one sign are added; beyond by Stirling's series (Abramowitz and Stegun, 6.3.7, 6.3.5 and 6.3.18). Between
/// 1 and 2 the root is divided off, and the rest is Chebyshev's interpolation to 7e-17. Within a few units in the last
/// place for x > 0; left of it the error is of that size relative to the larger of the two terms.
fn digamma_f64(x: f64) -> f64 {
    /// The root between 1 and 2, in two parts.
    const ROOT: f64 = 1.461_632_144_968_362_2;
    const ROOT_LOW: f64 = 9.549_995_429_965_697e-17;
    /// `digamma(x) / (x - root)` in powers of `x - 1.5`, lowest first.
    const NEAR_ROOT: [f64; 22] = [
        0.951_055_876_031_833,
        -0.423_627_421_281_460_5,
        0.240_542_484_240_774_2,
        -0.148_404_923_053_908_84,
        0.094_988_724_454_941_22,
        -0.061_922_133_273_064_534,
        0.040_760_833_812_420_74,
        -0.026_975_796_756_138_25,
        0.017_907_252_439_451_2,
        -0.011_908_218_001_568_644,
        0.007_926_944_646_403_797,
        -0.005_279_964_873_257_405,
        0.003_519_006_401_502_276,
        -0.002_345_267_632_540_769,
        0.001_556_631_747_448_683_8,
        -0.001_037_637_409_841_860_4,
        0.000_723_326_627_928_755_4,
        -0.000_482_199_053_056_678_9,
        0.000_227_233_166_098_737_6,
        -0.000_151_485_868_367_733_65,
        0.000_259_684_821_264_307_47,
        -0.000_173_122_618_027_273_94,
    ];
    /// `B_2k / 2k`, k = 1, 2, ...
    const STIRLING: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32_760.0,
        1.0 / 12.0,
        -3617.0 / 8160.0,
    ];
    if x == 0.0 {
        return f64::INFINITY.copysign(-x);
    }
    if x < 0.0 {
        let pole = x == x.floor();
        return if pole { f64::NAN } else { digamma_f64(1.0 - x) - PI * cot_pi(x) };
    }
    if x >= 10.0 {
        let r2 = 1.0 / (x * x);
        let series = if x < 1e8 { r2 * horner(r2, &STIRLING) } else { 0.0 };
        return x.ln() - (0.5 / x + series);
    }
    let (mut x, mut sum) = (x, 0.0);
    if x < 1.0 {
        sum -= 1.0 / x;
        // Below half a unit in the last place of 1 nothing but the pole counts.
        x += 1.0;
    }
    while x > 2.0 {
        x -= 1.0;
        sum += 1.0 / x;
    }
    sum + ((x - ROOT) - ROOT_LOW) * horner(x - 1.5, &NEAR_ROOT)
}

/// The highest order of [`polygamma`] that has a value; its factorial is still far from overflow.
const MAX_ORDER: f64 = 100.0;

/// The derivative of `digamma` of an order that is rounded to an integer; NaN for orders outside of 0 to 100.
///
/// For x > 0 it is `(-1)^(n+1) n!` times Hurwitz' zeta function of n + 1: its first terms one by one, all of one sign, the
/// rest by Euler's and Maclaurin's formula (Abramowitz and Stegun, 6.4.10 and 6.4.11). Left of 0 by reflection, 6.4.7. For x > 0
/// and small orders within a few units in the last place.
fn polygamma_f64(x: f64, order: f64) -> f64 {
    let order = order.round();
    if order == 0.0 {
        return digamma_f64(x);
    }
    if !(1.0..=MAX_ORDER).contains(&order) || x.is_nan() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    let n = order as u32;
    let sign = if n.is_multiple_of(2) { -1.0 } else { 1.0 };
    if x > 0.0 {
        return sign * scaled_zeta(x, n);
    }
    if x == x.floor() {
        // Both sides of a pole agree for odd orders; at 0 the sign of the zero says which side is meant.
        return match (sign > 0.0, x == 0.0) {
            (true, _) => f64::INFINITY,
            (false, true) => f64::INFINITY.copysign(-x),
            (false, false) => f64::NAN,
        };
    }
    -PI * cot_pi_derivative(x, n) - scaled_zeta(1.0 - x, n)
}

/// The n-th derivative of `cot(pi x)`: a polynomial of the cotangent, whose terms all have the same sign.
fn cot_pi_derivative(x: f64, n: u32) -> f64 {
    // d/dx cot^k = -k pi (cot^(k-1) + cot^(k+1)).
    let mut coefficients = [0.0; MAX_ORDER as usize + 2];
    coefficients[1] = 1.0;
    for degree in 1..=n as usize {
        let lower = coefficients;
        coefficients.fill(0.0);
        for (k, &coefficient) in lower.iter().enumerate().take(degree + 1).skip(1) {
            let derivative = -PI * k as f64 * coefficient;
            coefficients[k - 1] += derivative;
            coefficients[k + 1] += derivative;
        }
    }
    horner(cot_pi(x), &coefficients[..n as usize + 2])
}

/// `n!` times the sum of `(x + k)^-(n + 1)` over all k from 0; x > 0.
fn scaled_zeta(x: f64, n: u32) -> f64 {
    /// `B_2k / (2k)!`, k = 1, 2, ...
    const BERNOULLI: [f64; 9] = [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30_240.0,
        -1.0 / 1_209_600.0,
        1.0 / 47_900_160.0,
        -691.0 / 1_307_674_368_000.0,
        1.0 / 74_724_249_600.0,
        -3617.0 / 10_670_622_842_880_000.0,
        43_867.0 / 5_109_094_217_170_944_000.0,
    ];
    let order = f64::from(n);
    // n! / x^n without the overflow or underflow of its two halves.
    let ratio = |x: f64| (1..=n).map(|k| f64::from(k) / x).product::<f64>();
    // The series is good for arguments well above the order; the terms before it are added one by one, smallest first.
    let steps = (10.0 + order - x).ceil().max(0.0);
    let far = x + steps;
    let leading = ratio(far);
    let mut sum = leading / order + 0.5 * leading / far;
    let mut power = leading * (order + 1.0) / far / far;
    for (k, coefficient) in (1..).zip(BERNOULLI) {
        sum += coefficient * power;
        let next = order + 2.0 * f64::from(k);
        power *= next * (next + 1.0) / far / far;
    }
    (0..steps as u32).rev().map(|step| x + f64::from(step)).fold(sum, |sum, x| sum + ratio(x) / x)
}

fn horner(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: f64, expected: f64, what: &str) {
        assert!((found / expected - 1.0).abs() < 3e-15 || found == expected, "{what}: {found:e}, not {expected:e}");
    }

    /// Computed with 40 digits by mpmath 1.3: `digamma_f64(x)`, `polygamma_f64(1, x)`, `polygamma_f64(2, x)`.
    #[test]
    fn digamma_and_its_derivatives_have_their_values() {
        for (x, expected) in [
            (1e-09, [-1000000000.5772156, 9.999999999999999e+17, -1.9999999999999998e+27]),
            (0.1, [-10.423754940411076, 101.43329915079275, -2001.8614573783436]),
            (0.75, [-1.0858608797864722, 2.5418796476716063, -5.3026332163376395]),
            (1.0, [-0.5772156649015329, 1.6449340668482264, -2.4041138063191885]),
            (1.25, [-0.22745353337626542, 1.1973291545071107, -1.3277399375369203]),
            (1.461632144968, [-3.505395133995687e-13, 0.967672245447942, -0.885526337967746]),
            (1.75, [0.24747245354686118, 0.7641018698938287, -0.5618924755968989]),
            (2.0, [0.42278433509846713, 0.6449340668482264, -0.4041138063191886]),
            (2.5, [0.7031566406452432, 0.49035775610023485, -0.2362040516417274]),
            (5.0, [1.5061176684318005, 0.22132295573711533, -0.048789732245114494]),
            (9.75, [2.225109535044576, 0.10800324333663186, -0.011653444287958333]),
            (10.0, [2.251752589066721, 0.10516633568168575, -0.011049834970802067]),
            (33.3, [3.490467238520243, 0.030485444095338887, -0.0009292903678115173]),
            (100000.0, [11.512920464961896, 1.0000050000166667e-05, -1.00001000005e-10]),
            (1000000000000.0, [27.63102111592805, 1.0000000000005e-12, -1.000000000001e-24]),
            (-0.3, [2.113309779635399, 13.945160267805722, 67.63908119988317]),
            (-1.25, [3.714139120213528, 19.181879647671607, 123.72136678366236]),
            (-7.7, [-0.17774844371896933, 14.957612844863727, -68.85236099165044]),
            (-100.625, [3.3150711652156573, 11.553072134836988, -30.09363489989113]),
        ] {
            for (order, expected) in expected.into_iter().enumerate() {
                assert_close(polygamma_f64(x, order as f64), expected, &format!("polygamma({order}, {x})"));
            }
        }
    }

    #[test]
    fn high_orders_neither_overflow_nor_lose_their_digits() {
        for (order, x, expected) in [
            (3.0, 0.5, 97.40909103400244),
            (5.0, -2.3, 165660.05361165272),
            (8.0, 30.0, -8.757097753984775e-09),
            (20.0, 1.5, -487772949462609.9),
            (20.0, -1.25, 1.0700016187896298e+31),
            (60.0, 1000000.0, -1.3868727908154455e-280),
            (100.0, 1700.0, -8.666095826713364e-168),
            (100.0, 100.0, -1.477102169174167e-44),
        ] {
            let found = polygamma_f64(x, order);
            assert!((found / expected - 1.0).abs() < 1e-13, "polygamma({order}, {x}): {found:e}, not {expected:e}");
        }
        assert!(polygamma_f64(1.0, 101.0).is_nan() && polygamma_f64(1.0, -1.0).is_nan());
    }

    #[test]
    fn poles_have_the_sign_of_their_side() {
        assert_eq!((digamma_f64(0.0), digamma_f64(-0.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(digamma_f64(-3.0).is_nan() && digamma_f64(f64::NEG_INFINITY).is_nan());
        assert_eq!((polygamma_f64(0.0, 1.0), polygamma_f64(-2.0, 1.0)), (f64::INFINITY, f64::INFINITY));
        assert_eq!((polygamma_f64(0.0, 2.0), polygamma_f64(-0.0, 2.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(polygamma_f64(-2.0, 2.0).is_nan());
        assert_eq!((digamma_f64(f64::INFINITY), polygamma_f64(f64::INFINITY, 1.0)), (f64::INFINITY, 0.0));
    }

    /// Computed with 40 digits by mpmath 1.3: `ncdf(x)`.
    #[test]
    fn the_normal_distribution_is_accurate_in_its_tails() {
        for (x, expected) in [
            (-37.5, 4.605353009581955e-308),
            (-30.1, 2.4226672179857586e-199),
            (-20.7, 1.7318518790197378e-95),
            (-9.3, 7.022284240441625e-21),
            (-5.05, 2.2090503226954353e-07),
            (-1.7, 0.04456546275854304),
            (-1.3, 0.09680048458561033),
            (-0.3, 0.3820885778110474),
            (0.0, 0.5),
            (0.6, 0.7257468822499265),
            (2.2, 0.9860965524865014),
            (8.0, 0.9999999999999993),
        ] {
            assert_close(normal_cdf_f64(x), expected, &format!("normal_cdf({x})"));
        }
        assert_eq!((normal_cdf_f64(f64::INFINITY), normal_cdf_f64(f64::NEG_INFINITY)), (1.0, 0.0));
        assert!(normal_cdf_f64(f64::NAN).is_nan());
    }
}
