//! The transcendental functions as straight lines without branches, which the compiler turns into vector code.
//!
//! Only additions, multiplications, divisions and integer operations on the bits: no fused multiply-add, so that
//! a result has the same bits on every machine and at every vector width. Rounding to an integer is the addition of
//! 1.5 * 2^(mantissa bits): a cast to an integer saturates, and saturation does not vectorise.

mod direct;
mod error_function;
mod standard;
mod widened;

pub(crate) use standard::normal_cdf;

/// Elementary functions that vectorise: at most 2 units in the last place from the exact result, over the whole range.
///
/// Not a number gives not a number; overflow, infinities, subnormal results and signed zeros are as in the functions
/// of the same names of `f64`. A loop over a slice that calls one of them becomes vector code.
///
/// ```
/// use tape::VectorMath;
/// assert_eq!(0.0_f32.vector_exp(), 1.0);
/// assert_eq!(f64::NEG_INFINITY.vector_exp(), 0.0);
/// assert_eq!(0.0_f64.vector_sigmoid(), 0.5);
/// ```
pub trait VectorMath: Copy {
    /// e to the power of `self`.
    fn vector_exp(self) -> Self;

    /// The natural logarithm: minus infinity at zero, not a number below.
    fn vector_ln(self) -> Self;

    /// The hyperbolic tangent.
    fn vector_tanh(self) -> Self;

    /// The logistic function `1 / (1 + exp(-self))`, accurate in both tails.
    fn vector_sigmoid(self) -> Self;

    /// `exp(self) - 1`, accurate near zero.
    fn vector_exp_m1(self) -> Self;

    /// `ln(1 + self)`, accurate near zero.
    fn vector_ln_1p(self) -> Self;

    /// The sine, up to [`PERIODIC_LIMIT`](Self::PERIODIC_LIMIT); not a number beyond.
    fn vector_sin(self) -> Self;

    /// The cosine, up to [`PERIODIC_LIMIT`](Self::PERIODIC_LIMIT); not a number beyond.
    fn vector_cos(self) -> Self;

    /// Sine and cosine at once, for less than both.
    fn vector_sin_cos(self) -> (Self, Self);

    /// The tangent, up to [`PERIODIC_LIMIT`](Self::PERIODIC_LIMIT); not a number beyond.
    fn vector_tan(self) -> Self;

    /// 2 to the power of `self`: exact where that is an integer.
    fn vector_exp2(self) -> Self;

    /// The logarithm to the base 2: exact where that is an integer.
    fn vector_log2(self) -> Self;

    /// The logarithm to the base 10.
    fn vector_log10(self) -> Self;

    /// The hyperbolic sine.
    fn vector_sinh(self) -> Self;

    /// The hyperbolic cosine.
    fn vector_cosh(self) -> Self;

    /// The inverse hyperbolic sine.
    fn vector_asinh(self) -> Self;

    /// The inverse hyperbolic cosine; not a number below 1.
    fn vector_acosh(self) -> Self;

    /// The inverse hyperbolic tangent; not a number beyond -1 and 1.
    fn vector_atanh(self) -> Self;

    /// The arc sine; not a number beyond -1 and 1.
    fn vector_asin(self) -> Self;

    /// The arc cosine; not a number beyond -1 and 1.
    fn vector_acos(self) -> Self;

    /// The arc tangent.
    fn vector_atan(self) -> Self;

    /// The error function.
    fn vector_erf(self) -> Self;

    /// One less the error function, accurate in the right tail.
    fn vector_erfc(self) -> Self;

    /// The standard normal distribution's cumulative probability, accurate in the left tail.
    fn vector_normal_cdf(self) -> Self;

    /// How large an argument the periodic functions reduce: beyond, pi needs more digits than a straight line can afford,
    /// and a loop has to call the plain function.
    const PERIODIC_LIMIT: Self;
}

/// Methods that are functions of a module.
macro_rules! forward {
    ($by:ident; $($method:ident $function:ident),* $(,)?) => {
        $(
            #[inline(always)]
            fn $method(self) -> Self {
                $by::$function(self)
            }
        )*
    };
}

/// Both formats have the same algorithms; their constants are in a module each.
macro_rules! vector_math {
    ($real:ident, $bits:ident, $constants:ident, $by:ident, $parts:ident) => {
        /// What the functions of this format are made of.
        mod $parts {
            use super::$constants::{
                BIAS, EXP, EXP_HIGH, EXP_LOW, EXP_M1_LOW, EXP2_HIGH, EXP2_LOW, LN, LN2_HIGH, LN2_LOW, LN2_TAIL,
                MANTISSA, TANH_HIGH, TINY,
            };
            use super::{VectorMath, sin_cos, $by};

            /// Added to a small number, leaves the nearest integer in the low bits.
            const ROUND: $real = 1.5 / $real::EPSILON;

            /// The sum of `coefficients[i] * x^i`.
            #[inline(always)]
            pub(super) fn polynomial<const N: usize>(x: $real, coefficients: [$real; N]) -> $real {
                let mut sum = coefficients[N - 1];
                for i in (0..N - 1).rev() {
                    sum = sum * x + coefficients[i];
                }
                sum
            }

            /// `(k, p, low)` with `exp(x + rest) = 2^k (1 + p + low)`, |p| < 0.42; k as an integer on top of `ROUND`'s bits,
            /// low what the rounding of p took away. The rest is small against x.
            #[inline(always)]
            pub(super) fn reduced_exp_of_sum(x: $real, rest: $real) -> ($bits, $real, $real) {
                let shifted = x * std::$real::consts::LOG2_E + ROUND;
                let k = shifted - ROUND;
                let high = x - k * LN2_HIGH;
                let low = k * LN2_LOW - rest;
                let r = high - low;
                let rounded_off = (high - r) - low;
                let rest = r * r * polynomial(r, EXP) + rounded_off;
                let p = r + rest;
                (shifted.to_bits(), p, (r - p) + rest)
            }

            #[inline(always)]
            pub(super) fn reduced_exp(x: $real) -> ($bits, $real, $real) {
                reduced_exp_of_sum(x, 0.0)
            }

            /// 2^k from the `k` of `reduced_exp` plus `shift`, where that is a normal number.
            #[inline(always)]
            fn power_of_two(k: $bits, shift: $bits) -> $real {
                let exponent = k.wrapping_sub(ROUND.to_bits()).wrapping_add(BIAS).wrapping_add(shift);
                $real::from_bits(exponent << MANTISSA)
            }

            /// `exp(x)` for x in `EXP_LOW..=EXP_HIGH`.
            #[inline(always)]
            fn bounded_exp(x: $real) -> $real {
                let (k, p, _) = reduced_exp(x);
                scaled(k, 1.0 + p)
            }

            /// `2^k x` for the `k` of `reduced_exp`.
            #[inline(always)]
            pub(super) fn scaled(k: $bits, x: $real) -> $real {
                // In two factors: 2^k itself overflows at the upper end, and is subnormal at the lower one.
                let exponent = k.wrapping_sub(ROUND.to_bits()).wrapping_add(2 * BIAS);
                let half = exponent >> 1;
                let rest = exponent.wrapping_sub(half);
                x * $real::from_bits(half << MANTISSA) * $real::from_bits(rest << MANTISSA)
            }

            /// `(k, f)` with `x = 2^k (1 + f)` and `1 + f` between sqrt(1/2) and sqrt(2), for positive, normal, finite x.
            #[inline(always)]
            pub(super) fn reduced_ln(x: $real) -> ($real, $real) {
                const LEAST: $bits = std::$real::consts::FRAC_1_SQRT_2.to_bits();
                const ONE: $bits = (1.0 as $real).to_bits();
                let bits = x.to_bits().wrapping_add(ONE - LEAST);
                // The biased exponent becomes the mantissa of a float, which is a conversion that vectorises.
                const INTEGER: $real = 1.0 / $real::EPSILON;
                let exponent = $real::from_bits((bits >> MANTISSA) | INTEGER.to_bits());
                let mantissa = bits & ((1 << MANTISSA) - 1);
                (exponent - (INTEGER + BIAS as $real), $real::from_bits(mantissa + LEAST) - 1.0)
            }

            /// `k ln(2) + ln(1 + f) + correction` for the `k` and `f` of `reduced_ln`.
            #[inline(always)]
            fn ln_of_reduced(k: $real, f: $real, correction: $real) -> $real {
                let s = f / (2.0 + f);
                let square = s * s;
                let half_square = 0.5 * f * f;
                let series = square * polynomial(square, LN);
                s * (half_square + series) + (k * LN2_LOW + correction) - half_square + f + k * LN2_HIGH
            }

            impl VectorMath for $real {
                #[inline(always)]
                fn vector_exp(self) -> Self {
                    // Comparisons in this order keep a NaN, here and below.
                    let x = if self > EXP_HIGH { EXP_HIGH } else { self };
                    let x = if x < EXP_LOW { EXP_LOW } else { x };
                    bounded_exp(x)
                }

                #[inline(always)]
                fn vector_ln(self) -> Self {
                    let subnormal = self < $real::MIN_POSITIVE;
                    let scaled = if subnormal { self * (1.0 / $real::EPSILON) } else { self };
                    let (k, f) = reduced_ln(scaled);
                    let k = if subnormal { k - MANTISSA as $real } else { k };
                    let ln = ln_of_reduced(k, f, 0.0);
                    let ln = if self == $real::INFINITY { self } else { ln };
                    let ln = if self == 0.0 { $real::NEG_INFINITY } else { ln };
                    if self >= 0.0 { ln } else { $real::NAN }
                }

                #[inline(always)]
                fn vector_tanh(self) -> Self {
                    let x = self.abs();
                    let x = if x > TANH_HIGH { TANH_HIGH } else { x };
                    let (k, p, p_low) = reduced_exp(2.0 * x);
                    let power = power_of_two(k, 0);
                    // exp(2x) - 1: positive, because errors in it then shrink on their way to the result.
                    let (part, rest) = (p * power, power - 1.0);
                    let exp_m1 = part + rest;
                    let exp_m1_low = ((rest - exp_m1) + part) + p_low * power;
                    let below = exp_m1 + 2.0;
                    // Either operand may be the larger one (Knuth's two-sum).
                    let added = below - exp_m1;
                    let below_low = ((exp_m1 - (below - added)) + (2.0 - added)) + exp_m1_low;
                    let tanh = exp_m1 / below;
                    // What roundings took from numerator and denominator, to first order; 1 / below is (1 - tanh) / 2.
                    let tanh = tanh + (exp_m1_low - tanh * below_low) * (0.5 - 0.5 * tanh);
                    tanh.copysign(self)
                }

                #[inline(always)]
                fn vector_sigmoid(self) -> Self {
                    let x = -self.abs();
                    let (k, p, p_low) = reduced_exp(if x < EXP_LOW { EXP_LOW } else { x });
                    let sum = 1.0 + p;
                    let (exp, exp_low) = (scaled(k, sum), scaled(k, ((1.0 - sum) + p) + p_low));
                    let below = 1.0 + exp;
                    let below_low = ((1.0 - below) + exp) + exp_low;
                    let (above, above_low) = if self < 0.0 { (exp, exp_low) } else { (1.0, 0.0) };
                    let sigmoid = above / below;
                    // As for `tanh`; 1 / below is the sigmoid of the magnitude.
                    let larger = if self < 0.0 { 1.0 - sigmoid } else { sigmoid };
                    sigmoid + (above_low - sigmoid * below_low) * larger
                }

                #[inline(always)]
                fn vector_exp_m1(self) -> Self {
                    let x = if self > EXP_HIGH { EXP_HIGH } else { self };
                    let x = if x < EXP_M1_LOW { EXP_M1_LOW } else { x };
                    let (k, p, _) = reduced_exp(x);
                    // Half the result, because 2^k overflows sooner than the result does.
                    let half = power_of_two(k, (0 as $bits).wrapping_sub(1));
                    let result = 2.0 * (p * half + (half - 0.5));
                    if self.abs() < TINY { self } else { result }
                }

                // Single precision is computed in double: the reduction then needs no parts of its own.
                const PERIODIC_LIMIT: Self = 1.6e6;

                #[inline(always)]
                fn vector_exp2(self) -> Self {
                    let x = if self > EXP2_HIGH { EXP2_HIGH } else { self };
                    let x = if x < EXP2_LOW { EXP2_LOW } else { x };
                    let shifted = x + ROUND;
                    let fraction = x - (shifted - ROUND);
                    let r = fraction * std::$real::consts::LN_2;
                    let rounded_off = fraction * LN2_TAIL;
                    scaled(shifted.to_bits(), 1.0 + (r + (r * r * polynomial(r, EXP) + rounded_off)))
                }

                forward! { $by;
                    vector_sin sin, vector_cos cos, vector_tan tan, vector_log2 log2, vector_log10 log10,
                    vector_sinh sinh, vector_cosh cosh, vector_asinh asinh, vector_acosh acosh, vector_atanh atanh,
                    vector_asin asin, vector_acos acos, vector_atan atan, vector_erf erf, vector_erfc erfc,
                    vector_normal_cdf normal_cdf,
                }

                #[inline(always)]
                fn vector_sin_cos(self) -> (Self, Self) {
                    let (sin, cos) = sin_cos(self as f64);
                    (sin as $real, cos as $real)
                }

                #[inline(always)]
                fn vector_ln_1p(self) -> Self {
                    let u = 1.0 + self;
                    // What the addition rounded off, exactly, whichever operand is larger (Knuth's two-sum).
                    let part = u - 1.0;
                    let rounded_off = (1.0 - (u - part)) + (self - part);
                    let (k, f) = reduced_ln(u);
                    let ln = ln_of_reduced(k, f, rounded_off / u);
                    let ln = if self.abs() < TINY { self } else { ln };
                    let ln = if self == $real::INFINITY { self } else { ln };
                    let ln = if self == -1.0 { $real::NEG_INFINITY } else { ln };
                    if self >= -1.0 { ln } else { $real::NAN }
                }
            }
        }
    };
}

vector_math!(f32, u32, single, widened, parts_of_single);
vector_math!(f64, u64, double, direct, parts_of_double);

/// The sum of two numbers and what its rounding took away, exactly (Knuth).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// Sine and cosine of a quarter turn's remainder, and the number of quarter turns in the low bits.
#[inline(always)]
fn quarter(x: f64) -> (f64, f64, u64) {
    use double::{COS, HALF_PI, SIN};
    const ROUND: f64 = 1.5 / f64::EPSILON;
    let shifted = x * std::f64::consts::FRAC_2_PI + ROUND;
    let k = shifted - ROUND;
    // The products with the first three parts are exact, and so is the first difference. The differences keep what they
    // round off: near a multiple of pi/2 that is all that is left.
    let (r, first) = two_sum(x - k * HALF_PI[0], -(k * HALF_PI[1]));
    let (r, second) = two_sum(r, -(k * HALF_PI[2]));
    let low = (first + second) - k * HALF_PI[3];
    let high = r + low;
    let low = (r - high) + low;
    let square = high * high;
    let (cube, half) = (square * high, 0.5 * square);
    let mut sin = SIN[5];
    let mut cos = COS[5];
    for i in (1..5).rev() {
        sin = sin * square + SIN[i];
        cos = cos * square + COS[i];
    }
    let sin = high - ((square * (0.5 * low - cube * sin) - low) - cube * SIN[0]);
    let cos = square * (square * cos + COS[0]);
    let one = 1.0 - half;
    let cos = one + (((1.0 - one) - half) + (square * cos - high * low));
    (sin, cos, shifted.to_bits())
}

/// A value with the sign that a number of quarter turns gives a sine; not a number where the reduction does not hold.
#[inline(always)]
fn turned(x: f64, value: f64, turns: u64) -> f64 {
    let signed = f64::from_bits(value.to_bits() ^ ((turns & 2) << 62));
    if x.abs() <= f64::PERIODIC_LIMIT { signed } else { f64::NAN }
}

#[inline(always)]
fn sin_cos(x: f64) -> (f64, f64) {
    /// Below this, `sin(x)` is `x`, with its sign where it is zero.
    const TINY: f64 = 1e-9;
    let (sin, cos, turns) = quarter(x);
    let (sin, cos) = if turns & 1 == 0 { (sin, cos) } else { (cos, sin) };
    let sin = turned(x, sin, turns);
    // cos x = sin(x + pi/2): its sign is that of the next quarter turn.
    (if x.abs() < TINY { x } else { sin }, turned(x, cos, turns + 1))
}

/// The constants of `f32`.
mod single {
    pub(super) const MANTISSA: u32 = 23;
    pub(super) const BIAS: u32 = 127;
    /// ln 2 in two parts, the first with so few bits that an exponent times it is exact.
    pub(super) const LN2_HIGH: f32 = 0.693_145_75;
    pub(super) const LN2_LOW: f32 = 1.428_606_8e-6;
    /// Beyond these the exponential is zero, or infinite.
    /// ln 2 without its nearest number.
    pub(super) const LN2_TAIL: f32 = -1.904_654_3e-9;
    pub(super) const EXP2_LOW: f32 = -151.0;
    pub(super) const EXP2_HIGH: f32 = 128.5;
    pub(super) const EXP_LOW: f32 = -105.0;
    pub(super) const EXP_HIGH: f32 = 89.0;
    /// Beyond these `exp_m1` is -1, and `tanh` is 1.
    pub(super) const EXP_M1_LOW: f32 = -20.0;
    pub(super) const TANH_HIGH: f32 = 10.0;
    /// Below this, `exp_m1(x)` and `ln_1p(x)` are `x`.
    pub(super) const TINY: f32 = f32::EPSILON / 8.0;
    /// `(exp(r) - 1 - r) / r^2` for |r| <= ln(2) / 2, Chebyshev's interpolation to 1.4e-9; lowest power first.
    pub(super) const EXP: [f32; 6] = [0.5, 0.166_666_67, 0.041_666_463, 0.008_333_31, 0.001_393_382, 0.000_198_911_8];
    /// `(ln((1 + s) / (1 - s)) - 2 s) / s^3`, lowest power of s^2 first; the coefficients of FreeBSD's `logf`.
    pub(super) const LN: [f32; 4] = [0.666_666_6, 0.400_009_72, 0.284_987_87, 0.242_790_79];
}

/// The constants of `f64`; see `single`.
#[allow(clippy::excessive_precision, reason = "the digits are those of the source")]
mod double {
    pub(super) const MANTISSA: u32 = 52;
    pub(super) const BIAS: u64 = 1023;
    pub(super) const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-1;
    pub(super) const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;
    pub(super) const LN2_TAIL: f64 = 2.319_046_813_846_299_6e-17;
    pub(super) const EXP2_LOW: f64 = -1076.0;
    pub(super) const EXP2_HIGH: f64 = 1024.5;
    pub(super) const EXP_LOW: f64 = -746.0;
    pub(super) const EXP_HIGH: f64 = 710.0;
    pub(super) const EXP_M1_LOW: f64 = -40.0;
    pub(super) const TANH_HIGH: f64 = 20.0;
    pub(super) const TINY: f64 = f64::EPSILON / 8.0;
    /// To 1.1e-16.
    pub(super) const EXP: [f64; 10] = [
        0.500_000_000_000_000_1,
        0.166_666_666_666_666_674_678,
        0.041_666_666_666_623_476_763_76,
        0.008_333_333_333_330_011_760_879,
        0.001_388_888_891_753_829_584_808,
        0.000_198_412_698_633_032_232_959,
        0.000_024_801_520_792_579_269_284_325,
        0.000_002_755_726_807_289_009_826_272,
        2.762_032_742_826_823_815_963e-7,
        2.510_056_927_581_368_263_111e-8,
    ];
    /// pi/2 in four parts, the first three of 33 bits, so that their products with a number below 2^20 are exact.
    pub(super) const HALF_PI: [f64; 4] = [
        f64::from_bits(0x3ff9_21fb_5440_0000),
        f64::from_bits(0x3dd0_b461_1a60_0000),
        f64::from_bits(0x3ba3_198a_2e00_0000),
        f64::from_bits(0x397b_839a_2520_49c1),
    ];
    /// `(sin(r) - r) / r^3` for |r| <= pi/4, lowest power of r^2 first; the coefficients of FreeBSD's `sin`.
    pub(super) const SIN: [f64; 6] = [
        -1.666_666_666_666_663_243_48e-1,
        8.333_333_333_322_489_461_24e-3,
        -1.984_126_982_985_794_931_34e-4,
        2.755_731_370_707_006_767_89e-6,
        -2.505_076_025_340_686_341_95e-8,
        1.589_690_995_211_550_102_21e-10,
    ];
    /// `(cos(r) - 1 + r^2/2) / r^4`, likewise.
    pub(super) const COS: [f64; 6] = [
        4.166_666_666_666_660_190_37e-2,
        -1.388_888_888_887_410_957_49e-3,
        2.480_158_728_947_672_941_78e-5,
        -2.755_731_435_139_066_330_35e-7,
        2.087_572_321_298_174_827_90e-9,
        -1.135_964_755_778_819_482_65e-11,
    ];
    /// The coefficients of FreeBSD's `log`.
    pub(super) const LN: [f64; 7] = [
        6.666_666_666_666_735_130e-1,
        3.999_999_999_940_941_908e-1,
        2.857_142_874_366_239_149e-1,
        2.222_219_843_214_978_396e-1,
        1.818_357_216_161_805_012e-1,
        1.531_383_769_920_937_332e-1,
        1.479_819_860_511_658_591e-1,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distance in units in the last place.
    fn ulps(found: f64, wanted: f64) -> f64 {
        let unit =
            f64::from_bits(wanted.abs().max(f64::MIN_POSITIVE).to_bits() + 1) - wanted.abs().max(f64::MIN_POSITIVE);
        (found - wanted).abs() / unit
    }

    /// The reference is the standard library's, which is itself within one unit.
    #[test]
    fn sine_and_cosine_are_within_two_units_up_to_their_limit() {
        let mut worst = 0.0_f64;
        let mut check = |x: f64| {
            worst = worst.max(ulps(x.vector_sin(), x.sin())).max(ulps(x.vector_cos(), x.cos()));
            let single = x as f32;
            for (found, wanted) in
                [(single.vector_sin(), f64::from(single).sin()), (single.vector_cos(), f64::from(single).cos())]
            {
                assert!((f64::from(found) - wanted).abs() <= wanted.abs() * 6.1e-8, "at {single}");
            }
        };
        for i in 0..400_000 {
            let spread = (f64::from(i) * 0.618_033_988_749_894_9).fract() - 0.5;
            for scale in [2.0, 100.0, 1e4, 3.1e6] {
                check(spread * scale);
            }
        }
        // The numbers nearest to multiples of pi/2, where nearly everything cancels.
        for k in 1..1_000_000 {
            let x = f64::from(k) * std::f64::consts::FRAC_PI_2;
            check(x);
            check(-x.next_up());
        }
        assert!(worst <= 2.0, "{worst} units");
    }

    #[test]
    fn sine_and_cosine_at_their_edges() {
        assert_eq!((0.0_f64.vector_sin().to_bits(), (-0.0_f64).vector_sin().to_bits()), (0, (-0.0_f64).to_bits()));
        assert_eq!((0.0_f64.vector_cos(), 1e-300_f64.vector_sin(), 5e-324_f64.vector_sin()), (1.0, 1e-300, 5e-324));
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 1.7e6, -1e7] {
            assert!(x.vector_sin().is_nan() && x.vector_cos().is_nan(), "{x}");
        }
    }

    #[test]
    fn huge_angles_are_computed_as_plain_numbers() {
        let angles = [1e6, 1e7, -1e22, 1e300, 0.5, f64::MAX];
        let tape = crate::Tape::new();
        let x = tape.variable(angles);
        let (sin, cos) = (x.sin().to_array(), x.cos().to_array());
        let slope = x.sin().sum().backward();
        for (i, angle) in angles.iter().enumerate() {
            assert!((sin[[i]] - angle.sin()).abs() < 1e-15 && (cos[[i]] - angle.cos()).abs() < 1e-15);
            assert!((slope[x][[i]] - angle.cos()).abs() < 1e-15);
        }
    }
}
