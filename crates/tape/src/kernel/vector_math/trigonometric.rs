//! Sine, cosine and tangent: reduction by multiples of pi/2, then one polynomial.
//!
//! The reduction subtracts `q * pi/2` in four parts whose first three have 33 bits, so that their products with a `q`
//! of 20 bits are exact (Cody and Waite 1980). It holds for every argument up to [`LARGEST_ANGLE`], also for those that
//! lie next to a multiple of pi/2. What it would take beyond has no straight line that would not slow down the rest.

use std::f64::consts::{FRAC_1_PI, FRAC_2_PI};

use super::polynomial;

/// The reduction's multiples of pi/2 have 20 bits.
pub(super) const LARGEST_ANGLE: f64 = 1_600_000.0;

/// Added to a small number, leaves the nearest integer in the low bits.
const ROUND: f64 = 1.5 / f64::EPSILON;
const SIGN: u64 = 1 << 63;

/// pi/2, the first three parts with 33 bits.
#[allow(clippy::excessive_precision, reason = "the digits are those of the exact parts")]
const HALF_PI: [f64; 4] =
    [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_711_166_5e-21, 8.478_427_660_368_9e-32];
/// pi/2 without the first part.
const HALF_PI_LOW: f64 = 6.077_100_506_506_192e-11;

/// `(sin(r) / r - 1) / r^2` for |r| <= pi/2, lowest power of r^2 first: Chebyshev's interpolation, to 2^-54 of the sine.
#[allow(clippy::excessive_precision, reason = "the digits are those that were fitted")]
const SIN: [f64; 9] = [
    -0.166_666_666_666_666_66,
    0.008_333_333_333_333_333,
    -0.000_198_412_698_412_698_06,
    2.755_731_922_397_125_6e-6,
    -2.505_210_838_238_988_7e-8,
    1.605_904_347_927_675e-10,
    -7.647_139_114_646_649e-13,
    2.810_468_581_681_568e-15,
    -8.006_048_703_469_621e-18,
];
/// The same for |r| <= pi/4, to 2^-55.
#[allow(clippy::excessive_precision, reason = "the digits are those that were fitted")]
const QUARTER_SIN: [f64; 6] = [
    -0.166_666_666_666_666_66,
    0.008_333_333_333_330_946,
    -0.000_198_412_698_367_549_7,
    2.755_731_610_068_312e-6,
    -2.505_113_145_544_742_8e-8,
    1.591_810_123_167_728e-10,
];
/// `(cos(r) - 1 + r^2 / 2) / r^4`.
#[allow(clippy::excessive_precision, reason = "the digits are those that were fitted")]
const QUARTER_COS: [f64; 6] = [
    0.041_666_666_666_666_664,
    -0.001_388_888_888_888_739_5,
    2.480_158_729_876_343_3e-5,
    -2.755_731_727_056_038_5e-7,
    2.087_614_602_470_193e-9,
    -1.138_261_486_943_412_8e-11,
];
/// `(sin(r) / r - 1) / r^2` for |r| <= pi/2 to 2^-33 of the sine, for results in `f32`.
const SIN_SINGLE: [f64; 5] = [
    -0.166_666_666_638_798_5,
    0.008_333_332_768_529_359,
    -0.000_198_410_865_070_005_7,
    2.753_645_944_364_609e-06,
    -2.408_009_508_712_208e-08,
];

/// `x - q * pi/2` as a sum of two numbers, to more than 100 bits; q is an integer.
#[inline(always)]
fn reduced(x: f64, q: f64) -> (f64, f64) {
    // Each subtraction is exact, or what it rounds off is carried.
    let first = x - q * HALF_PI[0];
    let product = q * HALF_PI[1];
    let second = first - product;
    let second_low = (first - second) - product;
    let product = q * HALF_PI[2];
    let third = second - product;
    let third_low = (second - third) - product;
    let low = (second_low + third_low) - q * HALF_PI[3];
    let high = third + low;
    (high, (third - high) + low)
}

/// As `reduced`, accurate enough for results in `f32`.
#[inline(always)]
fn reduced_single(x: f64, q: f64) -> f64 {
    (x - q * HALF_PI[0]) - q * HALF_PI_LOW
}

/// The sine of `high + low` between -pi/2 and pi/2.
#[inline(always)]
fn sin_of_reduced((high, low): (f64, f64)) -> f64 {
    let square = high * high;
    let cos = 1.0 - square * (0.5 - square * (1.0 / 24.0));
    high + (high * square * polynomial(square, SIN) + low * cos)
}

/// The sine and the cosine of `high + low` between -pi/4 and pi/4, each as the sum of two numbers.
#[inline(always)]
fn sin_and_cos((high, low): (f64, f64)) -> [(f64, f64); 2] {
    let square = high * high;
    let half = 0.5 * square;
    let large = 1.0 - half;
    let rounded_off = (1.0 - large) - half;
    let cos = rounded_off + (square * square * polynomial(square, QUARTER_COS) - high * low);
    [(high, high * square * polynomial(square, QUARTER_SIN) + low), (large, cos)]
}

/// The sine between -pi/2 and pi/2, for results in `f32`.
#[inline(always)]
fn sin_of_reduced_single(x: f64) -> f64 {
    let square = x * x;
    x + x * square * polynomial(square, SIN_SINGLE)
}

/// Not a number beyond the largest angle, instead of a wrong number.
#[inline(always)]
fn bounded(magnitude: f64, result: f64) -> f64 {
    if magnitude <= LARGEST_ANGLE { result } else { f64::NAN }
}

/// The nearest integer in the low bits and as a number.
#[inline(always)]
fn nearest(x: f64) -> (u64, f64) {
    let shifted = x + ROUND;
    (shifted.to_bits(), shifted - ROUND)
}

/// The number, with its sign flipped where the integer in the bits is odd.
#[inline(always)]
fn alternate(x: f64, integer: u64) -> f64 {
    f64::from_bits(x.to_bits() ^ (integer << 63))
}

/// The number, with the sign of another one on top of its own.
#[inline(always)]
fn signed(x: f64, sign: f64) -> f64 {
    f64::from_bits(x.to_bits() ^ (sign.to_bits() & SIGN))
}

/// The sine of a magnitude; `near` is the sine of what is left of it after so many quarter turns.
#[inline(always)]
fn sin_of(magnitude: f64, near: impl Fn(f64, f64) -> f64) -> f64 {
    let (half_turns, count) = nearest(magnitude * FRAC_1_PI);
    bounded(magnitude, alternate(near(magnitude, 2.0 * count), half_turns))
}

/// The cosine of a magnitude, which near its nearest zero is minus or plus a sine.
#[inline(always)]
fn cos_of(magnitude: f64, near: impl Fn(f64, f64) -> f64) -> f64 {
    let (half_turns, count) = nearest(magnitude * FRAC_1_PI - 0.5);
    bounded(magnitude, -alternate(near(magnitude, 2.0 * count + 1.0), half_turns))
}

/// For `f64`. All work on the magnitude and put the sign back, so that they hold for zeros too.
pub(super) mod double {
    use super::{FRAC_2_PI, alternate, bounded, cos_of, nearest, reduced, signed, sin_and_cos, sin_of, sin_of_reduced};

    #[inline(always)]
    fn near(x: f64, quarters: f64) -> f64 {
        sin_of_reduced(reduced(x, quarters))
    }

    #[inline(always)]
    pub(in super::super) fn sin(x: f64) -> f64 {
        signed(sin_of(x.abs(), near), x)
    }

    #[inline(always)]
    pub(in super::super) fn cos(x: f64) -> f64 {
        cos_of(x.abs(), near)
    }

    #[inline(always)]
    pub(in super::super) fn tan(x: f64) -> f64 {
        let magnitude = x.abs();
        let (quarters, count) = nearest(magnitude * FRAC_2_PI);
        let [sin, cos] = sin_and_cos(reduced(magnitude, count));
        // By masks: the compiler makes a branch of a condition here, and then no vectors.
        let odd = (quarters & 1).wrapping_neg();
        let select = |even: f64, other: f64| f64::from_bits((even.to_bits() & !odd) | (other.to_bits() & odd));
        let above = (select(sin.0, cos.0), select(sin.1, cos.1));
        let below = (select(cos.0, sin.0), select(cos.1, sin.1));
        let (numerator, denominator) = (above.0 + above.1, below.0 + below.1);
        let quotient = numerator / denominator;
        // What the two sums rounded off, to first order.
        let numerator_low = (above.0 - numerator) + above.1;
        let denominator_low = (below.0 - denominator) + below.1;
        let tan = quotient + (numerator_low - quotient * denominator_low) / denominator;
        signed(bounded(magnitude, alternate(tan, quarters)), x)
    }
}

/// For `f32`, by way of `f64`.
pub(super) mod single {
    use super::{cos_of, reduced_single, signed, sin_of, sin_of_reduced_single};

    #[inline(always)]
    fn near(x: f64, quarters: f64) -> f64 {
        sin_of_reduced_single(reduced_single(x, quarters))
    }

    #[inline(always)]
    pub(in super::super) fn sin(x: f32) -> f32 {
        let x = f64::from(x);
        signed(sin_of(x.abs(), near), x) as f32
    }

    #[inline(always)]
    pub(in super::super) fn cos(x: f32) -> f32 {
        cos_of(f64::from(x).abs(), near) as f32
    }

    #[inline(always)]
    pub(in super::super) fn tan(x: f32) -> f32 {
        let x = f64::from(x);
        signed(sin_of(x.abs(), near) / cos_of(x.abs(), near), x) as f32
    }
}
