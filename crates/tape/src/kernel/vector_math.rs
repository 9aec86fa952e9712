//! The transcendental functions as straight lines without branches, which the compiler turns into vector code.
//!
//! Only additions, multiplications, divisions and integer operations on the bits: no fused multiply-add, so that
//! a result has the same bits on every machine and at every vector width. Rounding to an integer is the addition of
//! 1.5 * 2^(mantissa bits): a cast to an integer saturates, and saturation does not vectorise.

mod trigonometric;

/// The sum of `coefficients[i] * x^i`.
#[inline(always)]
fn polynomial<const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    let mut sum = coefficients[N - 1];
    for i in (0..N - 1).rev() {
        sum = sum * x + coefficients[i];
    }
    sum
}

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
    /// The magnitude up to which the trigonometric functions hold: 1.6 million. Beyond it they give not a number, and a
    /// loop that meets a larger angle takes the standard library's functions.
    const LARGEST_ANGLE: Self;

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

    /// The sine of an angle in radians; not a number beyond [`LARGEST_ANGLE`](Self::LARGEST_ANGLE).
    ///
    /// ```
    /// use tape::VectorMath;
    /// assert_eq!(std::f64::consts::FRAC_PI_2.vector_sin(), 1.0);
    /// assert!(1e9_f64.vector_sin().is_nan());
    /// ```
    fn vector_sin(self) -> Self;

    /// The cosine of an angle in radians; not a number beyond [`LARGEST_ANGLE`](Self::LARGEST_ANGLE).
    ///
    /// ```
    /// use tape::VectorMath;
    /// assert_eq!(std::f64::consts::PI.vector_cos(), -1.0);
    /// ```
    fn vector_cos(self) -> Self;

    /// The tangent of an angle in radians; not a number beyond [`LARGEST_ANGLE`](Self::LARGEST_ANGLE).
    ///
    /// ```
    /// use tape::VectorMath;
    /// assert_eq!(0.0_f64.vector_tan(), 0.0);
    /// assert!((std::f64::consts::FRAC_PI_4.vector_tan() - 1.0).abs() < 1e-15);
    /// ```
    fn vector_tan(self) -> Self;
}

/// Both formats have the same algorithms; their constants are in a module each.
macro_rules! vector_math {
    ($real:ident, $bits:ident, $constants:ident) => {
        const _: () = {
            use $constants::{
                BIAS, EXP, EXP_HIGH, EXP_LOW, EXP_M1_LOW, LN, LN2_HIGH, LN2_LOW, MANTISSA, TANH_HIGH, TINY,
            };

            /// Added to a small number, leaves the nearest integer in the low bits.
            const ROUND: $real = 1.5 / $real::EPSILON;

            /// The sum of `coefficients[i] * x^i`.
            #[inline(always)]
            fn polynomial<const N: usize>(x: $real, coefficients: [$real; N]) -> $real {
                let mut sum = coefficients[N - 1];
                for i in (0..N - 1).rev() {
                    sum = sum * x + coefficients[i];
                }
                sum
            }

            /// `(k, p)` with `exp(x) = 2^k (1 + p)`, |p| < 0.42; k as an integer on top of `ROUND`'s bits.
            #[inline(always)]
            fn reduced_exp(x: $real) -> ($bits, $real) {
                let shifted = x * std::$real::consts::LOG2_E + ROUND;
                let k = shifted - ROUND;
                let high = x - k * LN2_HIGH;
                let low = k * LN2_LOW;
                let r = high - low;
                let rounded_off = (high - r) - low;
                let p = r + (r * r * polynomial(r, EXP) + rounded_off);
                (shifted.to_bits(), p)
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
                let (k, p) = reduced_exp(x);
                // In two factors: 2^k itself overflows at the upper end, and is subnormal at the lower one.
                let exponent = k.wrapping_sub(ROUND.to_bits()).wrapping_add(2 * BIAS);
                let half = exponent >> 1;
                let rest = exponent.wrapping_sub(half);
                (1.0 + p) * $real::from_bits(half << MANTISSA) * $real::from_bits(rest << MANTISSA)
            }

            /// `ln(x) + correction` for positive, normal, finite x; `shift` is added to the exponent.
            #[inline(always)]
            fn normal_ln(x: $real, shift: $real, correction: $real) -> $real {
                /// The reduced argument lies between sqrt(1/2) and sqrt(2).
                const LEAST: $bits = std::$real::consts::FRAC_1_SQRT_2.to_bits();
                const ONE: $bits = (1.0 as $real).to_bits();
                let bits = x.to_bits().wrapping_add(ONE - LEAST);
                // The biased exponent becomes the mantissa of a float, which is a conversion that vectorises.
                const INTEGER: $real = 1.0 / $real::EPSILON;
                let exponent = $real::from_bits((bits >> MANTISSA) | INTEGER.to_bits());
                let k = exponent - (INTEGER + BIAS as $real) + shift;
                let mantissa = bits & ((1 << MANTISSA) - 1);
                let f = $real::from_bits(mantissa + LEAST) - 1.0;
                let s = f / (2.0 + f);
                let square = s * s;
                let half_square = 0.5 * f * f;
                let series = square * polynomial(square, LN);
                s * (half_square + series) + (k * LN2_LOW + correction) - half_square + f + k * LN2_HIGH
            }

            impl VectorMath for $real {
                const LARGEST_ANGLE: Self = trigonometric::LARGEST_ANGLE as $real;

                #[inline(always)]
                fn vector_sin(self) -> Self {
                    trigonometric::$constants::sin(self)
                }

                #[inline(always)]
                fn vector_cos(self) -> Self {
                    trigonometric::$constants::cos(self)
                }

                #[inline(always)]
                fn vector_tan(self) -> Self {
                    trigonometric::$constants::tan(self)
                }

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
                    let shift = if subnormal { -(MANTISSA as $real) } else { 0.0 };
                    let ln = normal_ln(scaled, shift, 0.0);
                    let ln = if self == $real::INFINITY { self } else { ln };
                    let ln = if self == 0.0 { $real::NEG_INFINITY } else { ln };
                    if self >= 0.0 { ln } else { $real::NAN }
                }

                #[inline(always)]
                fn vector_tanh(self) -> Self {
                    let x = self.abs();
                    let x = if x > TANH_HIGH { TANH_HIGH } else { x };
                    let (k, p) = reduced_exp(2.0 * x);
                    let power = power_of_two(k, 0);
                    // exp(2x) - 1: positive, because errors in it then shrink on their way to the result.
                    let exp_m1 = p * power + (power - 1.0);
                    (exp_m1 / (exp_m1 + 2.0)).copysign(self)
                }

                #[inline(always)]
                fn vector_sigmoid(self) -> Self {
                    let x = -self.abs();
                    let exp = bounded_exp(if x < EXP_LOW { EXP_LOW } else { x });
                    let numerator = if self < 0.0 { exp } else { 1.0 };
                    numerator / (1.0 + exp)
                }

                #[inline(always)]
                fn vector_exp_m1(self) -> Self {
                    let x = if self > EXP_HIGH { EXP_HIGH } else { self };
                    let x = if x < EXP_M1_LOW { EXP_M1_LOW } else { x };
                    let (k, p) = reduced_exp(x);
                    // Half the result, because 2^k overflows sooner than the result does.
                    let half = power_of_two(k, (0 as $bits).wrapping_sub(1));
                    let result = 2.0 * (p * half + (half - 0.5));
                    if self.abs() < TINY { self } else { result }
                }

                #[inline(always)]
                fn vector_ln_1p(self) -> Self {
                    let u = 1.0 + self;
                    // What the addition rounded off, exactly, whichever operand is larger (Knuth's two-sum).
                    let part = u - 1.0;
                    let rounded_off = (1.0 - (u - part)) + (self - part);
                    let ln = normal_ln(u, 0.0, rounded_off / u);
                    let ln = if self.abs() < TINY { self } else { ln };
                    let ln = if self == $real::INFINITY { self } else { ln };
                    let ln = if self == -1.0 { $real::NEG_INFINITY } else { ln };
                    if self >= -1.0 { ln } else { $real::NAN }
                }
            }
        };
    };
}

vector_math!(f32, u32, single);
vector_math!(f64, u64, double);

/// The constants of `f32`.
mod single {
    pub(super) const MANTISSA: u32 = 23;
    pub(super) const BIAS: u32 = 127;
    /// ln 2 in two parts, the first with so few bits that an exponent times it is exact.
    pub(super) const LN2_HIGH: f32 = 0.693_145_75;
    pub(super) const LN2_LOW: f32 = 1.428_606_8e-6;
    /// Beyond these the exponential is zero, or infinite.
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
