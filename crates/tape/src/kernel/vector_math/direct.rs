//! Functions of `f64`: logarithms, hyperbolic functions and arc functions, without a wider format to round from.
//!
//! What rounding takes from a sum or a product is carried along where the result would show it. The reductions and the
//! coefficients of the logarithms and the arc functions are those of FreeBSD's library, whose branches are selections here.

#![allow(clippy::excessive_precision, reason = "the digits are those of the source")]

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, LN_2};

pub(super) use super::error_function::{erf, erfc, normal_cdf};
use super::parts_of_double::{polynomial, reduced_exp, reduced_ln, scaled};
use super::{VectorMath, double, quarter, sin_cos, turned};

/// From here on, adding 1 to the square of a number changes nothing that its logarithm would show.
const LARGE: f64 = 1e9;
/// The square of a number up to here is finite.
const SQUARABLE: f64 = 1e150;

/// The number without the lower half of its digits, so that products of two such numbers are exact.
#[inline(always)]
pub(super) fn coarse(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & 0xffff_ffff_0000_0000)
}

#[inline(always)]
pub(super) fn sin(x: f64) -> f64 {
    sin_cos(x).0
}

#[inline(always)]
pub(super) fn cos(x: f64) -> f64 {
    sin_cos(x).1
}

/// The quotient of two results that are each within 0.7 units.
#[inline(always)]
pub(super) fn tan(x: f64) -> f64 {
    /// As for the sine.
    const TINY: f64 = 1e-9;
    let (sin, cos, turns) = quarter(x);
    let odd = turns & 1 == 1;
    let above = if odd { -cos } else { sin };
    let below = if odd { sin } else { cos };
    // A tangent has half the period of a sine: no sign to put on.
    let tan = turned(x, above / below, 0);
    if x.abs() < TINY { x } else { tan }
}

/// `(k, high, low)` with `ln(x) = k ln 2 + high + low`, for positive x; high has few digits.
#[inline(always)]
fn ln_parts(x: f64) -> (f64, f64, f64) {
    let subnormal = x < f64::MIN_POSITIVE;
    let scaled = if subnormal { x * (1.0 / f64::EPSILON) } else { x };
    let (k, f) = reduced_ln(scaled);
    let k = if subnormal { k - 52.0 } else { k };
    let s = f / (2.0 + f);
    let square = s * s;
    let half_square = 0.5 * f * f;
    let high = coarse(f - half_square);
    let low = ((f - high) - half_square) + s * (half_square + square * polynomial(square, double::LN));
    (k, high, low)
}

/// A logarithm where it is not that of a positive number.
#[inline(always)]
fn ln_edges(x: f64, ln: f64) -> f64 {
    let ln = if x == f64::INFINITY { x } else { ln };
    let ln = if x == 0.0 { f64::NEG_INFINITY } else { ln };
    if x >= 0.0 { ln } else { f64::NAN }
}

#[inline(always)]
pub(super) fn log2(x: f64) -> f64 {
    /// `1 / ln 2` in two parts.
    const SCALE: [f64; 2] = [1.442_695_040_721_446_275_71, 1.675_171_316_488_651_183_53e-10];
    let (k, high, low) = ln_parts(x);
    let product = high * SCALE[0];
    let sum = k + product;
    let rest = (low + high) * SCALE[1] + low * SCALE[0];
    ln_edges(x, (rest + ((k - sum) + product)) + sum)
}

#[inline(always)]
pub(super) fn log10(x: f64) -> f64 {
    /// `1 / ln 10` and `log10 2`, in two parts each.
    const SCALE: [f64; 2] = [4.342_944_818_781_688_809_39e-1, 2.508_294_671_164_527_522_98e-11];
    const LOG10_2: [f64; 2] = [3.010_299_956_636_117_713_06e-1, 3.694_239_077_158_930_786_16e-13];
    let (k, high, low) = ln_parts(x);
    let (whole, product) = (k * LOG10_2[0], high * SCALE[0]);
    let sum = whole + product;
    let rest = k * LOG10_2[1] + ((low + high) * SCALE[1] + low * SCALE[0]);
    ln_edges(x, (rest + ((whole - sum) + product)) + sum)
}

/// Half the exponential of a magnitude, and what rounding took from it: half, because it overflows later.
#[inline(always)]
fn half_exp(magnitude: f64) -> (f64, f64) {
    /// Beyond this, half the exponential is infinite.
    const HIGH: f64 = 711.0;
    let (k, p, p_low) = reduced_exp(if magnitude > HIGH { HIGH } else { magnitude });
    let k = k.wrapping_sub(1);
    let sum = 1.0 + p;
    (scaled(k, sum), scaled(k, ((1.0 - sum) + p) + p_low))
}

#[inline(always)]
pub(super) fn sinh(x: f64) -> f64 {
    /// `1 / (2 i + 3)!`: the series of `(sinh(x) - x) / x^3` in powers of x^2, for |x| <= 1.
    const NEAR: [f64; 8] = [
        1.0 / 6.0,
        1.0 / 120.0,
        1.0 / 5_040.0,
        1.0 / 362_880.0,
        1.0 / 39_916_800.0,
        1.0 / 6_227_020_800.0,
        1.0 / 1_307_674_368_000.0,
        1.0 / 355_687_428_096_000.0,
    ];
    let magnitude = x.abs();
    let (exp, low) = half_exp(magnitude);
    let far = exp + (low - 0.25 / exp);
    // Comparisons in this order keep a NaN, here and below.
    let bounded = if magnitude > 1.0 { 1.0 } else { magnitude };
    let square = bounded * bounded;
    let near = bounded + bounded * (square * polynomial(square, NEAR));
    (if magnitude > 1.0 { far } else { near }).copysign(x)
}

#[inline(always)]
pub(super) fn cosh(x: f64) -> f64 {
    let (exp, low) = half_exp(x.abs());
    exp + (low + 0.25 / exp)
}

#[inline(always)]
pub(super) fn asinh(x: f64) -> f64 {
    let magnitude = x.abs();
    let bounded = if magnitude > SQUARABLE { SQUARABLE } else { magnitude };
    let square = bounded * bounded;
    let near = (bounded + square / (1.0 + (1.0 + square).sqrt())).vector_ln_1p();
    let far = magnitude.vector_ln() + LN_2;
    (if magnitude > LARGE { far } else { near }).copysign(x)
}

#[inline(always)]
pub(super) fn acosh(x: f64) -> f64 {
    let beyond = x - 1.0;
    let bounded = if beyond > SQUARABLE { SQUARABLE } else { beyond };
    let near = (bounded + (bounded * (bounded + 2.0)).sqrt()).vector_ln_1p();
    let far = x.vector_ln() + LN_2;
    let acosh = if x > LARGE { far } else { near };
    // Far below 1 the root would be of a positive number again.
    if x >= 1.0 { acosh } else { f64::NAN }
}

#[inline(always)]
pub(super) fn atanh(x: f64) -> f64 {
    let magnitude = x.abs();
    let (twice, rest) = (magnitude + magnitude, 1.0 - magnitude);
    // Below 1/2 the difference is rounded, so that it only stands in the smaller part.
    let near = twice + twice * magnitude / rest;
    let ratio = if magnitude < 0.5 { near } else { twice / rest };
    (0.5 * ratio.vector_ln_1p()).copysign(x)
}

#[inline(always)]
pub(super) fn atan(x: f64) -> f64 {
    /// `(1 - atan(r) / r) / r^2` for |r| <= 7/16.
    const SERIES: [f64; 11] = [
        3.333_333_333_333_293_180_27e-1,
        -1.999_999_999_987_648_324_76e-1,
        1.428_571_427_250_346_637_11e-1,
        -1.111_111_040_546_235_578_80e-1,
        9.090_887_133_436_506_561_96e-2,
        -7.691_876_205_044_829_994_95e-2,
        6.661_073_137_387_531_206_69e-2,
        -5.833_570_133_790_573_486_45e-2,
        4.976_877_994_615_932_360_17e-2,
        -3.653_157_274_421_691_552_70e-2,
        1.628_582_011_536_578_236_23e-2,
    ];
    /// `(least, c, high, low)`: from the least magnitude on, `atan x = high + low + atan((x - c) / (1 + c x))`; c is the tangent of
    /// high + low.
    const STEPS: [(f64, f64, f64, f64); 3] = [
        (0.4375, 0.5, 4.636_476_090_008_060_935_15e-1, 2.269_877_745_296_168_709_24e-17),
        (0.6875, 1.0, FRAC_PI_4, 3.061_616_997_868_383_017_93e-17),
        (1.1875, 1.5, 9.827_937_232_473_290_540_82e-1, 1.390_331_103_123_099_845_16e-17),
    ];
    /// From here on through `-1 / x`.
    const FAR: f64 = 2.4375;
    let magnitude = x.abs();
    let (mut above, mut below, mut high, mut low) = (magnitude, 1.0, 0.0, 0.0);
    for (least, c, step_high, step_low) in STEPS {
        let beyond = magnitude >= least;
        above = if beyond { magnitude - c } else { above };
        below = if beyond { 1.0 + c * magnitude } else { below };
        high = if beyond { step_high } else { high };
        low = if beyond { step_low } else { low };
    }
    let beyond = magnitude >= FAR;
    let above = if beyond { -1.0 } else { above };
    let below = if beyond { magnitude } else { below };
    let high = if beyond { PI_2[0] } else { high };
    let low = if beyond { PI_2[1] } else { low };
    let r = above / below;
    let square = r * r;
    (high - ((r * (square * polynomial(square, SERIES)) - low) - r)).copysign(x)
}

/// pi/2 in two parts.
const PI_2: [f64; 2] = [FRAC_PI_2, 6.123_233_995_736_766_035_87e-17];

/// What the arc sine and the arc cosine of a magnitude have in common: both lie at `s + s r` from one of their ends.
struct Arc {
    /// Whether the magnitude is 1/2 or more; then `s = sqrt((1 - magnitude) / 2)`, else the magnitude.
    beyond: bool,
    s: f64,
    r: f64,
    /// The root in two parts, the first with few digits.
    high: f64,
    low: f64,
}

impl Arc {
    #[inline(always)]
    fn of(magnitude: f64) -> Self {
        /// Numerator and denominator of `(asin(s) / s - 1) / s^2` for s <= 1/2.
        const ABOVE: [f64; 6] = [
            1.666_666_666_666_666_574_15e-1,
            -3.255_658_186_224_009_154_05e-1,
            2.012_125_321_348_629_258_81e-1,
            -4.005_553_450_067_941_140_27e-2,
            7.915_349_942_898_145_321_76e-4,
            3.479_331_075_960_211_675_70e-5,
        ];
        const BELOW: [f64; 5] = [
            1.0,
            -2.403_394_911_734_414_218_78,
            2.020_945_760_233_505_694_71,
            -6.882_839_716_054_532_930_30e-1,
            7.703_815_055_590_193_527_91e-2,
        ];
        let beyond = magnitude >= 0.5;
        let square = if beyond { 0.5 * (1.0 - magnitude) } else { magnitude * magnitude };
        let s = if beyond { square.sqrt() } else { magnitude };
        let r = square * polynomial(square, ABOVE) / polynomial(square, BELOW);
        let high = coarse(s);
        // At 1 both are zero.
        let sum = if s > 0.0 { s + high } else { 1.0 };
        Self { beyond, s, r, high, low: (square - high * high) / sum }
    }
}

#[inline(always)]
pub(super) fn asin(x: f64) -> f64 {
    let magnitude = x.abs();
    let Arc { beyond, s, r, high, low } = Arc::of(magnitude);
    let near = magnitude + magnitude * r;
    let rest = 2.0 * s * r - (PI_2[1] - 2.0 * low);
    let far = FRAC_PI_4 - (rest - (FRAC_PI_4 - 2.0 * high));
    let inside = if beyond { far } else { near };
    (if magnitude <= 1.0 { inside } else { f64::NAN }).copysign(x)
}

#[inline(always)]
pub(super) fn acos(x: f64) -> f64 {
    let magnitude = x.abs();
    let Arc { beyond, s, r, high, low } = Arc::of(magnitude);
    let near = PI_2[0] - (x - (PI_2[1] - x * r));
    let right = 2.0 * (high + (r * s + low));
    let left = 2.0 * PI_2[0] - 2.0 * (s + (r * s - PI_2[1]));
    let far = if x < 0.0 { left } else { right };
    let inside = if beyond { far } else { near };
    if magnitude <= 1.0 { inside } else { f64::NAN }
}
