//! The error function of `f64` and its relatives.
//!
//! Near zero the odd function is a polynomial. In the tail, `erfc(z) = exp(-z^2) G(z) / (1 + 2 z)` with a G that hardly changes
//! (Shepherd and Laframboise, 1981): one polynomial for all z, and a product and a quotient whose roundings are carried along.

use std::f64::consts::FRAC_1_SQRT_2;

use super::direct::coarse;
use super::parts_of_double::{polynomial, reduced_exp_of_sum, scaled};
use super::standard::FRAC_1_SQRT_2_LOW;

/// Where the variable of the polynomial for the tail is 0.
const MIDDLE: f64 = 3.75;

/// `G(z)` in powers of `(z - 3.75) / (z + 3.75)` for z from 0 to 28, Chebyshev's interpolation to 2^-63, lowest power first.
const TAIL_LEADING: f64 = 1.237_512_630_837_827_5;
const TAIL: [f64; 25] = [
    -0.140_240_598_585_547_02,
    0.003_585_415_485_463_632,
    0.082_276_738_490_151_14,
    -0.108_803_930_141_703_5,
    0.092_304_321_160_194_82,
    -0.058_693_398_590_654_92,
    0.028_362_277_421_555_428,
    -0.009_746_579_546_098_772,
    0.001_755_625_832_361_718_6,
    0.000_293_713_581_952_649_13,
    -0.000_290_153_982_002_268,
    5.164_947_723_541_094_5e-5,
    2.238_394_125_365_448_5e-5,
    -1.144_529_735_395_513_7e-5,
    -9.730_011_437_675_46e-7,
    1.754_033_163_746_156e-6,
    -5.779_177_337_492_967_4e-8,
    -2.620_538_161_463_527e-7,
    2.337_090_146_175_041_5e-8,
    4.179_936_837_721_927_5e-8,
    -3.284_096_876_013_524_7e-9,
    -6.879_531_021_735_002e-9,
    -2.050_761_741_519_131e-10,
    8.441_255_339_690_976e-10,
    1.831_998_670_473_309_4e-10,
];

/// `erf(z) / z - 1` in powers of `z^2` for |z| <= 1, to 2^-62.
const NEAR: [f64; 13] = [
    0.128_379_167_095_512_6,
    -0.376_126_389_031_837_5,
    0.112_837_916_709_548_79,
    -0.026_866_170_645_076_792,
    0.005_223_977_624_818_014_5,
    -0.000_854_832_698_083_379,
    0.000_120_553_311_116_427_1,
    -1.492_559_526_683_118_2e-5,
    1.646_100_048_412_136_8e-6,
    -1.635_031_270_105_469_5e-7,
    1.465_977_527_404_743_6e-8,
    -1.137_284_885_679_167_4e-9,
    5.957_176_147_748_911e-11,
];

/// `erf(z)` for 0 <= z <= 1.
#[inline(always)]
fn near(z: f64) -> f64 {
    let z = if z > 1.0 { 1.0 } else { z };
    z + z * polynomial(z * z, NEAR)
}

/// The square of a number, negative, in two parts: the first is exact.
#[inline(always)]
fn minus_square(x: f64) -> (f64, f64) {
    let high = coarse(x);
    (-(high * high), -((x - high) * (x + high)))
}

/// `erfc(z + z_low)` for 0 <= z <= 28, where `-(z + z_low)^2` is the sum of the two parts.
#[inline(always)]
fn tail(z: f64, z_low: f64, (square, square_low): (f64, f64)) -> f64 {
    let t = (z - MIDDLE) / (z + MIDDLE);
    let rest = t * polynomial(t, TAIL);
    let g = TAIL_LEADING + rest;
    let g_low = (TAIL_LEADING - g) + rest;
    let (k, p, p_low) = reduced_exp_of_sum(square, square_low);
    let exp = 1.0 + p;
    let exp_low = ((1.0 - exp) + p) + p_low;
    let twice = z + z;
    let below = 1.0 + twice;
    // Either operand may be the larger one (Knuth's two-sum).
    let part = below - twice;
    let below_low = ((1.0 - part) + (twice - (below - part))) + 2.0 * z_low;
    // The product of the coarse factors is exact, and so are those that the quotient is tried with.
    let (coarse_exp, coarse_g) = (coarse(exp), coarse(g));
    let above = coarse_exp * coarse_g;
    let above_low = coarse_exp * ((g - coarse_g) + g_low) + ((exp - coarse_exp) + exp_low) * g;
    let quotient = above / below;
    let (coarse_quotient, coarse_below) = (coarse(quotient), coarse(below));
    let remainder = ((above - coarse_quotient * coarse_below) - coarse_quotient * (below - coarse_below))
        - (quotient - coarse_quotient) * below;
    scaled(k, quotient + ((remainder + above_low) - quotient * below_low) / below)
}

/// `erfc(z)` for z >= 0.
#[inline(always)]
fn right_tail(z: f64) -> f64 {
    /// From here on the result is 0.
    const FAR: f64 = 28.0;
    // A comparison in this order keeps a NaN.
    let z = if z > FAR { FAR } else { z };
    tail(z, 0.0, minus_square(z))
}

#[inline(always)]
pub(super) fn erf(x: f64) -> f64 {
    let magnitude = x.abs();
    let far = 1.0 - right_tail(magnitude);
    (if magnitude > 1.0 { far } else { near(magnitude) }).copysign(x)
}

#[inline(always)]
pub(super) fn erfc(x: f64) -> f64 {
    let magnitude = x.abs();
    let tail = right_tail(magnitude);
    let far = if x < 0.0 { 2.0 - tail } else { tail };
    if magnitude < 0.5 { 1.0 - near(magnitude).copysign(x) } else { far }
}

/// `erfc(-x / sqrt 2) / 2`: the square is that of x, of which half is exact, and what the quotient rounds off is carried along.
#[inline(always)]
pub(super) fn normal_cdf(x: f64) -> f64 {
    /// From here on the result is 0.
    const FAR: f64 = 39.0;
    const COARSE: f64 = f64::from_bits(FRAC_1_SQRT_2.to_bits() & 0xffff_ffff_0000_0000);
    let magnitude = x.abs();
    let magnitude = if magnitude > FAR { FAR } else { magnitude };
    let z = magnitude * FRAC_1_SQRT_2;
    let high = coarse(magnitude);
    let rounded_off = ((high * COARSE - z) + high * (FRAC_1_SQRT_2 - COARSE)) + (magnitude - high) * FRAC_1_SQRT_2;
    let (square, square_low) = minus_square(magnitude);
    let tail = 0.5 * tail(z, rounded_off + magnitude * FRAC_1_SQRT_2_LOW, (0.5 * square, 0.5 * square_low));
    let far = if x > 0.0 { 1.0 - tail } else { tail };
    if magnitude < 0.65 { 0.5 + 0.5 * near(z).copysign(x) } else { far }
}
