//! Functions of `f32` by way of `f64`: short formulas whose errors vanish when the result is rounded.
//!
//! Half as many numbers fit a vector, but no error has to be carried along, and results are nearly always the rounded
//! exact ones.

use std::f64::consts::{FRAC_1_PI, FRAC_1_SQRT_2, FRAC_PI_2, FRAC_PI_4, LN_2, LN_10};

use super::VectorMath;
use super::double::HALF_PI;

/// Added to a small number, leaves the nearest integer in the low bits.
const ROUND: f64 = 1.5 / f64::EPSILON;
const SIGN: u64 = 1 << 63;
/// pi/2 without the first of the parts, whose product with a number of quarter turns is exact.
const HALF_PI_LOW: f64 = 6.077_100_506_506_192e-11;

// Chebyshev's interpolations, lowest power first.

/// `(sin(r) / r - 1) / r^2` for |r| <= pi/2, to 2^-33 of the sine.
const SIN: [f64; 5] = [
    -0.166_666_666_638_798_5,
    0.008_333_332_768_529_359,
    -0.000_198_410_865_070_005_7,
    2.753_645_944_364_609e-6,
    -2.408_009_508_712_208e-8,
];
/// `(atan(z) / z - 1) / z^2` for |z| <= tan(pi/8), to 2^-33 of the angle.
const ATAN: [f64; 6] = [
    -0.333_333_332_792_245_4,
    0.199_999_772_482_335_3,
    -0.142_841_506_297_302_88,
    0.110_713_545_712_013_51,
    -0.086_245_982_151_961_26,
    0.050_479_374_320_400_91,
];
/// `(asin(z) / z - 1) / z^2` for |z| <= 1/2, to 2^-46 of the angle.
const ASIN: [f64; 10] = [
    0.166_666_666_666_621_6,
    0.075_000_000_035_994_22,
    0.044_642_852_420_329_455,
    0.030_382_183_571_536_783,
    0.022_366_048_091_739_782,
    0.017_441_719_105_456_513,
    0.013_186_282_871_554_133,
    0.015_682_585_691_969_324,
    -0.002_955_547_908_845_102_7,
    0.027_921_912_047_656_466,
];
/// `erf(z) / z` in powers of `z^2` for |z| <= 1/2, to 2^-36.
const ERF: [f64; 6] = [
    1.128_379_167_082_409_5,
    -0.376_126_385_256_506_93,
    0.112_837_740_131_795_39,
    -0.026_863_143_032_249_386,
    0.005_200_413_724_335_493,
    -0.000_769_453_427_914_230_8,
];
/// `(1 + 2 z) exp(z^2) erfc(z)` in powers of `(z - 3) / (z + 3)` for z from 0 to 11, to 2^-35 (the variable of Shepherd and
/// Laframboise 1981).
const ERFC: [f64; 14] = [
    1.253_008_058_285_133_7,
    -0.135_621_106_379_687_44,
    -0.047_562_297_011_505_376,
    0.129_645_172_489_369_3,
    -0.119_273_583_172_833_39,
    0.068_307_837_950_733_25,
    -0.023_771_460_926_194_56,
    0.002_530_242_904_595_468_2,
    0.001_893_962_533_200_719_2,
    -0.000_779_882_188_481_737_4,
    -0.000_119_030_949_507_296_86,
    0.000_117_001_834_379_446_3,
    1.859_352_001_051_302e-5,
    -5.024_352_762_415_983e-6,
];

#[inline(always)]
fn polynomial<const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    let mut sum = coefficients[N - 1];
    for i in (0..N - 1).rev() {
        sum = sum * x + coefficients[i];
    }
    sum
}

/// The sine of what so many quarter turns leave of the magnitude, with its sign flipped for an odd number of half turns.
#[inline(always)]
fn sin_near_zero(magnitude: f64, half_turns: u64, quarters: f64) -> f64 {
    let r = (magnitude - quarters * HALF_PI[0]) - quarters * HALF_PI_LOW;
    let square = r * r;
    let sin = r + r * square * polynomial(square, SIN);
    let sin = f64::from_bits(sin.to_bits() ^ (half_turns << 63));
    if magnitude <= f64::PERIODIC_LIMIT { sin } else { f64::NAN }
}

/// The sine of a magnitude.
#[inline(always)]
fn sin_of(magnitude: f64) -> f64 {
    let shifted = magnitude * FRAC_1_PI + ROUND;
    sin_near_zero(magnitude, shifted.to_bits(), 2.0 * (shifted - ROUND))
}

/// The cosine of a magnitude, which is plus or minus the sine of the distance to its nearest zero.
#[inline(always)]
fn cos_of(magnitude: f64) -> f64 {
    let shifted = magnitude * FRAC_1_PI - 0.5 + ROUND;
    -sin_near_zero(magnitude, shifted.to_bits(), 2.0 * (shifted - ROUND) + 1.0)
}

/// A function of the magnitude with the sign put back: it holds for both zeros.
#[inline(always)]
fn odd(x: f32, of_magnitude: f64) -> f32 {
    f64::from_bits(of_magnitude.to_bits() ^ (f64::from(x).to_bits() & SIGN)) as f32
}

#[inline(always)]
fn magnitude(x: f32) -> f64 {
    f64::from(x).abs()
}

#[inline(always)]
pub(super) fn sin(x: f32) -> f32 {
    odd(x, sin_of(magnitude(x)))
}

#[inline(always)]
pub(super) fn cos(x: f32) -> f32 {
    cos_of(magnitude(x)) as f32
}

#[inline(always)]
pub(super) fn tan(x: f32) -> f32 {
    odd(x, sin_of(magnitude(x)) / cos_of(magnitude(x)))
}

#[inline(always)]
pub(super) fn atan(x: f32) -> f32 {
    let x0 = magnitude(x);
    // One division serves the three intervals: atan x = base + atan(above / below).
    let (middle, large) = (x0 > 0.414_213_562_373_095_03, x0 > 2.414_213_562_373_095);
    let above = if middle { x0 - 1.0 } else { x0 };
    let above = if large { -1.0 } else { above };
    let below = if middle { x0 + 1.0 } else { 1.0 };
    let below = if large { x0 } else { below };
    let base = if middle { FRAC_PI_4 } else { 0.0 };
    let base = if large { FRAC_PI_2 } else { base };
    let z = above / below;
    let square = z * z;
    odd(x, base + (z + z * square * polynomial(square, ATAN)))
}

/// `(angle, beyond)`: the arc sine of the magnitude, or of `sqrt((1 - magnitude) / 2)` beyond 1/2.
#[inline(always)]
fn asin_reduced(magnitude: f64) -> (f64, bool) {
    let beyond = magnitude > 0.5;
    let square = if beyond { 0.5 - 0.5 * magnitude } else { magnitude * magnitude };
    let z = if beyond { square.sqrt() } else { magnitude };
    (z + z * square * polynomial(square, ASIN), beyond)
}

#[inline(always)]
pub(super) fn asin(x: f32) -> f32 {
    let (angle, beyond) = asin_reduced(magnitude(x));
    odd(x, if beyond { FRAC_PI_2 - 2.0 * angle } else { angle })
}

#[inline(always)]
pub(super) fn acos(x: f32) -> f32 {
    let (angle, beyond) = asin_reduced(magnitude(x));
    let from_end = if x < 0.0 { 2.0 * FRAC_PI_2 - 2.0 * angle } else { 2.0 * angle };
    let from_middle = if x < 0.0 { FRAC_PI_2 + angle } else { FRAC_PI_2 - angle };
    (if beyond { from_end } else { from_middle }) as f32
}

#[inline(always)]
pub(super) fn sinh(x: f32) -> f32 {
    let exp_m1 = magnitude(x).vector_exp_m1();
    // An infinite power of e would be divided by itself.
    let rest = if exp_m1 > 1e300 { 0.0 } else { exp_m1 / (exp_m1 + 1.0) };
    odd(x, 0.5 * (exp_m1 + rest))
}

#[inline(always)]
pub(super) fn cosh(x: f32) -> f32 {
    let exp = magnitude(x).vector_exp();
    (0.5 * (exp + 1.0 / exp)) as f32
}

#[inline(always)]
pub(super) fn asinh(x: f32) -> f32 {
    let x0 = magnitude(x);
    // For infinity the fraction below is not a number.
    let bounded = if x0 > 1e40 { 1e40 } else { x0 };
    let square = bounded * bounded;
    odd(x, (x0 + square / (1.0 + (1.0 + square).sqrt())).vector_ln_1p())
}

#[inline(always)]
pub(super) fn acosh(x: f32) -> f32 {
    // Far below 1 the root would be of a positive number again.
    let above_one = if x < 1.0 { f64::NAN } else { f64::from(x) - 1.0 };
    (above_one + (above_one * (above_one + 2.0)).sqrt()).vector_ln_1p() as f32
}

#[inline(always)]
pub(super) fn atanh(x: f32) -> f32 {
    let x0 = magnitude(x);
    odd(x, 0.5 * (2.0 * x0 / (1.0 - x0)).vector_ln_1p())
}

#[inline(always)]
pub(super) fn log2(x: f32) -> f32 {
    (f64::from(x).vector_ln() * (1.0 / LN_2)) as f32
}

#[inline(always)]
pub(super) fn log10(x: f32) -> f32 {
    (f64::from(x).vector_ln() * (1.0 / LN_10)) as f32
}

/// The complementary error function.
#[inline(always)]
fn wide_erfc(x: f64) -> f64 {
    // Beyond 11 the result is zero in `f32`. Comparisons in this order keep a NaN.
    let z = if x.abs() > 11.0 { 11.0 } else { x.abs() };
    let tail = (-z * z).vector_exp() * polynomial((z - 3.0) / (z + 3.0), ERFC) / (1.0 + 2.0 * z);
    if x < 0.0 { 2.0 - tail } else { tail }
}

#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let x0 = magnitude(x);
    odd(x, if x0 < 0.5 { x0 * polynomial(x0 * x0, ERF) } else { 1.0 - wide_erfc(x0) })
}

#[inline(always)]
pub(super) fn erfc(x: f32) -> f32 {
    wide_erfc(f64::from(x)) as f32
}

#[inline(always)]
pub(super) fn normal_cdf(x: f32) -> f32 {
    (0.5 * wide_erfc(f64::from(x) * -FRAC_1_SQRT_2)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::normal_cdf as wide_normal_cdf;

    /// The number's place among all numbers of its format, in order; both zeros have the same.
    fn place(x: f32) -> i64 {
        let bits = i64::from(x.to_bits() & 0x7fff_ffff);
        if x.is_sign_negative() { -bits } else { bits }
    }

    type Functions = &'static [(&'static str, fn(f32) -> f32, fn(f64) -> f64)];

    /// What is vectorised, beside a function of `f64` that is accurate to its last places.
    const FUNCTIONS: Functions = &[
        ("sin", sin, f64::sin),
        ("cos", cos, f64::cos),
        ("tan", tan, f64::tan),
        ("atan", atan, f64::atan),
        ("asin", asin, f64::asin),
        ("acos", acos, f64::acos),
        ("sinh", sinh, f64::sinh),
        ("cosh", cosh, f64::cosh),
        ("asinh", asinh, f64::asinh),
        ("acosh", acosh, f64::acosh),
        ("atanh", atanh, f64::atanh),
        ("log2", log2, f64::log2),
        ("log10", log10, f64::log10),
        ("erf", erf, libm::erf),
        ("erfc", erfc, libm::erfc),
        ("normal_cdf", normal_cdf, wide_normal_cdf),
        ("exp2", |x| x.vector_exp2(), f64::exp2),
        ("exp", |x| x.vector_exp(), f64::exp),
        ("exp_m1", |x| x.vector_exp_m1(), f64::exp_m1),
        ("ln", |x| x.vector_ln(), f64::ln),
        ("ln_1p", |x| x.vector_ln_1p(), f64::ln_1p),
        ("tanh", |x| x.vector_tanh(), f64::tanh),
        ("sigmoid", |x| x.vector_sigmoid(), |x| 1.0 / (1.0 + (-x).exp())),
    ];

    fn sample() -> impl Iterator<Item = f32> {
        // A prime, so that all trailing bits occur.
        (0..=u32::MAX).step_by(86_243).chain([0, 1, 0x7f80_0000, 0x7fc0_0000, 0x7f7f_ffff]).flat_map(|bits| {
            let x = f32::from_bits(bits);
            [x, -x]
        })
    }

    #[test]
    fn results_are_the_rounded_exact_ones_or_next_to_them() {
        for &(name, function, reference) in FUNCTIONS {
            for x in sample() {
                let (found, wanted) = (function(x), reference(f64::from(x)) as f32);
                let beyond = ["sin", "cos", "tan"].contains(&name) && x.abs() > f32::PERIODIC_LIMIT;
                if wanted.is_nan() || beyond {
                    assert!(found.is_nan(), "{name}({x:e}) = {found:e} is a number");
                    continue;
                }
                let distance = (place(found) - place(wanted)).abs();
                assert!(distance <= 1, "{name}({x:e}) = {found:e}, not {wanted:e}");
                assert_eq!(found.is_sign_negative(), wanted.is_sign_negative(), "the sign of {name}({x:e})");
            }
        }
    }

    #[test]
    fn integer_powers_and_logarithms_of_two_are_exact() {
        for n in -126..=127_i16 {
            let power = f32::from_bits(u32::try_from(n + 127).unwrap() << 23);
            assert_eq!(f32::from(n).vector_exp2(), power);
            assert_eq!(power.vector_log2(), f32::from(n));
            assert_eq!(f64::from(n).vector_exp2(), f64::from(power));
        }
    }

    /// The functions of `f64` that are vectorised, against the standard library's, which are within a unit.
    #[test]
    fn powers_of_two_and_tangents_of_doubles_are_within_two_units() {
        for i in 0..200_000 {
            let spread = (f64::from(i) * 0.618_033_988_749_894_9).fract() - 0.5;
            for (found, wanted) in [
                ((spread * 2140.0).vector_exp2(), (spread * 2140.0).exp2()),
                ((spread * 2.0).vector_exp2(), (spread * 2.0).exp2()),
                ((spread * 20.0).vector_tan(), (spread * 20.0).tan()),
                ((spread * 3.1e6).vector_tan(), (spread * 3.1e6).tan()),
            ] {
                let unit = wanted.abs().next_up() - wanted.abs();
                assert!(
                    found == wanted || (found - wanted).abs() <= 2.0 * unit,
                    "{found:e} instead of {wanted:e} at {spread}"
                );
            }
        }
        assert_eq!([(-0.0_f64).vector_tan().to_bits(), 5e-324_f64.vector_tan().to_bits()], [1 << 63, 1]);
        assert_eq!([1025.0_f64.vector_exp2(), (-1076.0_f64).vector_exp2()], [f64::INFINITY, 0.0]);
        assert_eq!((-1074.0_f64).vector_exp2(), 5e-324);
        assert!(f64::NAN.vector_exp2().is_nan() && 2e6_f64.vector_tan().is_nan());
    }

    #[test]
    fn every_width_gives_the_same_bits() {
        let x: Vec<f32> = sample().step_by(7).collect();
        for &(name, function, _) in FUNCTIONS {
            let mut wide = vec![0.0; x.len()];
            // Inlined into a loop for the widest vectors, next to calls of the portable function.
            macro_rules! loops {
                ($($candidate:ident = $call:expr),*) => {
                    match name {
                        $(stringify!($candidate) => crate::kernel::dispatch(
                            #[inline(always)]
                            || wide.iter_mut().zip(&x).for_each(|(y, &x)| *y = $call(x)),
                        ),)*
                        _ => unreachable!("{name} has a loop"),
                    }
                };
            }
            loops!(
                sin = sin,
                cos = cos,
                tan = tan,
                atan = atan,
                asin = asin,
                acos = acos,
                sinh = sinh,
                cosh = cosh,
                asinh = asinh,
                acosh = acosh,
                atanh = atanh,
                log2 = log2,
                log10 = log10,
                erf = erf,
                erfc = erfc,
                normal_cdf = normal_cdf,
                exp2 = f32::vector_exp2,
                exp = f32::vector_exp,
                exp_m1 = f32::vector_exp_m1,
                ln = f32::vector_ln,
                ln_1p = f32::vector_ln_1p,
                tanh = f32::vector_tanh,
                sigmoid = f32::vector_sigmoid
            );
            for (&x, &y) in x.iter().zip(&wide) {
                let portable = function(x);
                assert!(y.to_bits() == portable.to_bits() || (y.is_nan() && portable.is_nan()), "{name}({x:e})");
            }
        }
    }
}
