//! The rows of one operand.

use std::f64::consts::FRAC_2_SQRT_PI;

use super::formulas::{decay, gaussian, gelu_argument, sinc, sinc_slope, tanh_shrink, tanh_softplus, unsigned_zero};
use super::{Algebra, Interval, UnaryRule, UnaryVisitor};

/// `x^n` for an integer `n`: the one rule with a parameter, which the tape keeps beside the operand.
///
/// n = 0 has derivative 0 everywhere, also at 0 and NaN, whose power is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Powi(pub(crate) i32);

impl UnaryRule for Powi {
    #[inline(always)]
    fn value<A: Algebra>(self, x: A) -> A {
        x.powi(self.0)
    }

    #[inline(always)]
    fn share<A: Algebra>(self, x: A, _: A, g: A) -> A {
        if self.0 == 0 {
            return A::zero();
        }
        g * (A::constant(f64::from(self.0)) * power(x, i64::from(self.0) - 1))
    }
}

/// A power that the compiler knows, so that it makes multiplications of it, which vectorise. They are those that
/// [`Powi`] makes.
#[derive(Clone, Copy)]
struct Known<const N: i32>;

impl<const N: i32> UnaryRule for Known<N> {
    #[inline(always)]
    fn value<A: Algebra>(self, x: A) -> A {
        Powi(N).value(x)
    }

    #[inline(always)]
    fn share<A: Algebra>(self, x: A, y: A, g: A) -> A {
        Powi(N).share(x, y, g)
    }
}

/// Visits the rule of a power.
pub(crate) fn visit_power(n: i32, visitor: impl UnaryVisitor) {
    match n {
        -2 => visitor.visit(Known::<-2>),
        -1 => visitor.visit(Known::<-1>),
        2 => visitor.visit(Known::<2>),
        3 => visitor.visit(Known::<3>),
        4 => visitor.visit(Known::<4>),
        _ => visitor.visit(Powi(n)),
    }
}

/// `x^n`, within a few units in the last place for every n, which repeated multiplication is only for small ones.
#[inline(always)]
fn power<A: Algebra>(x: A, n: i64) -> A {
    match n {
        0..=8 => x.powi(n as i32),
        // The power of the reciprocal, because the reciprocal of the power loses what overflows in between.
        -4..=-1 => x.recip().powi(-n as i32),
        _ => {
            // An exponent beyond 2^24 may be rounded to an even one: the sign is taken from the integer.
            let magnitude = x.abs().powf(A::constant(n as f64));
            if n % 2 == 0 { magnitude } else { magnitude.copysign(x) }
        }
    }
}

macro_rules! unary_table {
    ($(
        $(#[doc = $text:literal])*
        $row:ident $method:ident: |$x:ident| $value:expr; |$y:ident, $g:ident| $share:expr;
        $formula:literal, $derivative:literal, [$($interval:expr),+];
    )*) => {
        /// Which operation of one operand.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Unary { $($row),* }

        $(
            #[derive(Clone, Copy)]
            pub(crate) struct $row;

            impl UnaryRule for $row {
                #[inline(always)]
                fn value<A: Algebra>(self, $x: A) -> A { $value }

                #[inline(always)]
                #[allow(unused_variables, reason = "a rule names operand, output and adjoint, and uses those it needs")]
                fn share<A: Algebra>(self, $x: A, $y: A, $g: A) -> A { $share }
            }
        )*

        impl Unary {
            /// Every row of the table.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$row),*];

            #[inline]
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$row => stringify!($method)),* }
            }

            /// The value and the derivative, as a reader would write them.
            pub(crate) fn formula(self) -> [&'static str; 2] {
                match self { $(Self::$row => [$formula, $derivative]),* }
            }

            /// Where the operation is smooth and tests sample it.
            pub(crate) fn intervals(self) -> &'static [&'static [Interval]] {
                match self { $(Self::$row => &[$(&[$interval]),+]),* }
            }

            pub(crate) fn value<A: Algebra>(self, x: A) -> A {
                match self { $(Self::$row => $row.value(x)),* }
            }

            #[inline(always)]
            pub(crate) fn share<A: Algebra>(self, x: A, y: A, g: A) -> A {
                match self { $(Self::$row => $row.share(x, y, g)),* }
            }

            pub(crate) fn visit(self, visitor: impl UnaryVisitor) {
                match self { $(Self::$row => visitor.visit($row)),* }
            }
        }

        /// The methods that the table gives to a handle; `$record` is how the handle records.
        macro_rules! unary_methods {
            ($record:ident) => {
                $(
                    #[doc = concat!("`", $formula, "`, elementwise; derivative `", $derivative, "`.")]
                    #[doc = ""]
                    $(#[doc = $text])*
                    #[must_use]
                    #[inline(always)]
                    #[track_caller]
                    #[allow(clippy::should_implement_trait, reason = "the operators record through these methods")]
                    pub fn $method(self) -> Self {
                        self.$record(crate::rules::Unary::$row, crate::rules::unary::$row)
                    }
                )*
            };
        }
        pub(crate) use unary_methods;
    };
}

/// `1 / sqrt(2 pi)`, the density of the normal distribution at 0.
const FRAC_1_SQRT_TAU: f64 = 0.5 * FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;

/// The fixed point of mean 0 and variance 1 (Klambauer et al., 2017, Self-Normalizing Neural Networks).
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

unary_table! {
    Neg neg: |x| -x; |y, g| -g; "-x", "-1", [(-3.0, 3.0)];
    /// At 0 the derivative is `-inf`.
    Recip recip: |x| x.recip(); |y, g| -(g * (y * y)); "1/x", "-1/x^2", [(-3.0, -0.2), (0.2, 3.0)];
    /// At 0, of either sign, the derivative is 0.
    Abs abs: |x| x.abs(); |y, g| A::select(x.eq(A::zero()), A::zero(), (g * x.signum()).nan_where(x));
        "|x|", "sign x", [(-3.0, -0.1), (0.1, 3.0)];
    /// 1 or -1, by the sign bit. The derivative is 0 everywhere, also at the jump.
    Signum signum: |x| x.signum(); |y, g| A::zero().nan_where(y); "signum x", "0", [(-3.0, -0.1), (0.1, 3.0)];
    /// The derivative is 0 everywhere, also at the jumps.
    Floor floor: |x| x.floor(); |y, g| A::zero().nan_where(y); "floor x", "0", [(-1.9, -1.1), (0.1, 0.9)];
    /// The derivative is 0 everywhere, also at the jumps.
    Ceil ceil: |x| x.ceil(); |y, g| A::zero().nan_where(y); "ceil x", "0", [(-1.9, -1.1), (0.1, 0.9)];
    /// Halves round away from zero. The derivative is 0 everywhere, also at the jumps.
    Round round: |x| x.round(); |y, g| A::zero().nan_where(y); "round x", "0", [(-1.4, -0.6), (0.6, 1.4)];
    /// The derivative is 0 everywhere, also at the jumps.
    Trunc trunc: |x| x.trunc(); |y, g| A::zero().nan_where(y); "trunc x", "0", [(-1.9, -1.1), (0.1, 0.9)];
    /// The derivative is 1 everywhere, also at integers.
    Fract fract: |x| x.fract(); |y, g| g.nan_where(y); "x - trunc x", "1", [(-1.9, -1.1), (0.1, 0.9)];
    /// At 0, of either sign, the derivative is `+inf`.
    Sqrt sqrt: |x| x.sqrt(); |y, g| g * (A::constant(0.5) / unsigned_zero(y)); "sqrt x", "1 / (2 sqrt x)", [(0.1, 4.0)];
    /// At 0 the derivative is `+inf`.
    Cbrt cbrt: |x| x.cbrt(); |y, g| g / (A::constant(3.0) * (y * y));
        "cbrt x", "1 / (3 cbrt(x)^2)", [(-4.0, -0.1), (0.1, 4.0)];
    Exp exp: |x| x.exp(); |y, g| g * y; "e^x", "e^x", [(-3.0, 3.0)];
    Exp2 exp2: |x| x.exp2(); |y, g| g * (y * A::constant(std::f64::consts::LN_2)); "2^x", "2^x ln 2", [(-3.0, 3.0)];
    /// Accurate near 0; the derivative is accurate far below it too.
    ExpM1 exp_m1: |x| x.exp_m1(); |y, g| g * x.exp(); "e^x - 1", "e^x", [(-3.0, 3.0)];
    /// At 0, of either sign, the derivative is `+inf`; below it NaN.
    Ln ln: |x| x.ln(); |y, g| (g / unsigned_zero(x)).nan_where(y); "ln x", "1/x", [(0.1, 4.0)];
    /// As [`ln`](Self::ln) at and below 0.
    Log2 log2: |x| x.log2(); |y, g| (g * A::constant(std::f64::consts::LOG2_E) / unsigned_zero(x)).nan_where(y);
        "log2 x", "1 / (x ln 2)", [(0.1, 4.0)];
    /// As [`ln`](Self::ln) at and below 0.
    Log10 log10: |x| x.log10(); |y, g| (g * A::constant(std::f64::consts::LOG10_E) / unsigned_zero(x)).nan_where(y);
        "log10 x", "1 / (x ln 10)", [(0.1, 4.0)];
    /// Accurate near 0. At -1 the derivative is `+inf`; below it NaN.
    Ln1p ln_1p: |x| x.ln_1p(); |y, g| (g / (A::one() + x)).nan_where(y); "ln(1 + x)", "1 / (1 + x)", [(-0.9, 4.0)];
    Sin sin: |x| x.sin(); |y, g| g * x.cos(); "sin x", "cos x", [(-3.0, 3.0)];
    Cos cos: |x| x.cos(); |y, g| -(g * x.sin()); "cos x", "-sin x", [(-3.0, 3.0)];
    Tan tan: |x| x.tan(); |y, g| g * (A::one() + y * y); "tan x", "1 + tan^2 x", [(-1.2, 1.2)];
    /// At ±1 the derivative is `+inf`; beyond it NaN.
    Asin asin: |x| x.asin(); |y, g| g / ((A::one() - x) * (A::one() + x)).sqrt();
        "asin x", "1 / sqrt(1 - x^2)", [(-0.9, 0.9)];
    /// At ±1 the derivative is `-inf`; beyond it NaN.
    Acos acos: |x| x.acos(); |y, g| -(g / ((A::one() - x) * (A::one() + x)).sqrt());
        "acos x", "-1 / sqrt(1 - x^2)", [(-0.9, 0.9)];
    Atan atan: |x| x.atan();
        |y, g| {
            // For large x through 1/x, which cannot overflow when squared.
            let r = x.recip();
            let r2 = r * r;
            A::select(x.abs().le(A::one()), g / (A::one() + x * x), g * (r2 / (A::one() + r2))).nan_where(y)
        };
        "atan x", "1 / (1 + x^2)", [(-3.0, 3.0)];
    Sinh sinh: |x| x.sinh(); |y, g| g * x.cosh(); "sinh x", "cosh x", [(-3.0, 3.0)];
    Cosh cosh: |x| x.cosh(); |y, g| g * x.sinh(); "cosh x", "sinh x", [(-3.0, 3.0)];
    Tanh tanh: |x| x.tanh(); |y, g| g * ((A::one() - y) * (A::one() + y)); "tanh x", "1 - tanh^2 x", [(-3.0, 3.0)];
    Asinh asinh: |x| x.asinh(); |y, g| g / x.hypot(A::one()); "asinh x", "1 / sqrt(1 + x^2)", [(-3.0, 3.0)];
    /// At 1 the derivative is `+inf`; below it NaN.
    Acosh acosh: |x| x.acosh(); |y, g| g / ((x - A::one()).sqrt() * (x + A::one()).sqrt());
        "acosh x", "1 / sqrt(x^2 - 1)", [(1.2, 4.0)];
    /// At ±1 the derivative is `+inf`; beyond it NaN.
    Atanh atanh: |x| x.atanh(); |y, g| (g / ((A::one() - x) * (A::one() + x))).nan_where(y);
        "atanh x", "1 / (1 - x^2)", [(-0.9, 0.9)];
    ToDegrees to_degrees: |x| x.to_degrees(); |y, g| (g * A::constant(180.0 / std::f64::consts::PI)).nan_where(y);
        "x 180/pi", "180/pi", [(-3.0, 3.0)];
    ToRadians to_radians: |x| x.to_radians(); |y, g| (g * A::constant(std::f64::consts::PI / 180.0)).nan_where(y);
        "x pi/180", "pi/180", [(-180.0, 180.0)];
    /// 1, -1 or, at 0 of either sign, 0, unlike [`signum`](Self::signum). The derivative is 0 everywhere. * NaN stays NaN,
    /// which is 0 in PyTorch.
    Sign sign: |x| A::select(x.eq(A::zero()), A::zero(), x.signum()); |y, g| A::zero().nan_where(y);
        "sign x", "0", [(-3.0, -0.1), (0.1, 3.0)];
    Square square: |x| x * x; |y, g| g * (x + x); "x^2", "2 x", [(-3.0, 3.0)];
    /// The reciprocal square root. At 0, of either sign, the derivative is `-inf`.
    Rsqrt rsqrt: |x| x.sqrt().recip(); |y, g| -(g * (A::constant(0.5) * y.abs() / unsigned_zero(x)));
        "1 / sqrt x", "-1 / (2 x sqrt x)", [(0.1, 4.0)];
    /// The error function.
    Erf erf: |x| x.erf(); |y, g| g * (A::constant(FRAC_2_SQRT_PI) * gaussian(x, 1.0));
        "erf x", "2/sqrt(pi) e^(-x^2)", [(-2.0, 2.0)];
    /// The complementary error function `1 - erf x`, accurate in its tail.
    Erfc erfc: |x| x.erfc(); |y, g| -(g * (A::constant(FRAC_2_SQRT_PI) * gaussian(x, 1.0)));
        "erfc x", "-2/sqrt(pi) e^(-x^2)", [(-2.0, 2.0), (3.0, 5.0)];
    /// The distribution function of the standard normal distribution, accurate in its tail.
    NormalCdf normal_cdf: |x| x.normal_cdf(); |y, g| g * (A::constant(FRAC_1_SQRT_TAU) * gaussian(x, 0.5));
        "erfc(-x / sqrt 2) / 2", "1/sqrt(2 pi) e^(-x^2 / 2)", [(-3.0, 3.0), (-6.0, -3.0)];
    /// The logarithm of the absolute value of the gamma function: `+inf` at 0 and the negative integers, which have no
    /// derivative.
    Lgamma lgamma: |x| x.lgamma(); |y, g| (g * x.digamma()).nan_where(y);
        "ln |gamma x|", "digamma x", [(0.2, 4.0), (-0.9, -0.1), (5.0, 20.0)];
    /// The logarithmic derivative of the gamma function; NaN at the negative integers, and infinite at 0 with the sign of
    /// its side.
    Digamma digamma: |x| x.digamma(); |y, g| (g * x.polygamma(A::one())).nan_where(y);
        "d/dx ln |gamma x|", "polygamma_1 x", [(0.2, 4.0), (-0.9, -0.1), (5.0, 20.0)];
    /// The normalised cardinal sine: 1 at 0, 0 at every other integer.
    Sinc sinc: |x| sinc(x); |y, g| g * sinc_slope(x);
        "sin(pi x) / (pi x)", "(cos(pi x) - sinc x) / x", [(-2.4, 2.4), (-0.2, 0.3)];
    /// The logistic function. The derivative is accurate in both tails.
    Sigmoid sigmoid: |x| x.sigmoid();
        |y, g| {
            let decay = decay(x);
            let sum = A::one() + decay;
            g * (decay / (sum * sum))
        };
        "1 / (1 + e^-x)", "s(x) s(-x)", [(-4.0, 4.0)];
    /// The logarithm of the logistic function, finite for every finite x.
    LogSigmoid log_sigmoid: |x| A::select(x.lt(A::zero()), x, A::zero()) - decay(x).ln_1p(); |y, g| g * (-x).sigmoid();
        "-ln(1 + e^-x)", "s(-x)", [(-4.0, 4.0), (-30.0, 30.0)];
    /// The sigmoid linear unit, or swish.
    Silu silu: |x| x * x.sigmoid();
        |y, g| (g * (x.sigmoid() * (A::one() + x * (-x).sigmoid()))).nan_where(y);
        "x s(x)", "s(x) (1 + x s(-x))", [(-4.0, 4.0)];
    Mish mish: |x| { let [tanh, _] = tanh_softplus(x); x * tanh };
        |y, g| { let [tanh, slope] = tanh_softplus(x); (g * (tanh + x * slope)).nan_where(y) };
        "x tanh(ln(1 + e^x))", "tanh(ln(1 + e^x)) + x d/dx tanh(ln(1 + e^x))", [(-4.0, 4.0)];
    /// The Gaussian error linear unit, x times the normal distribution function P; accurate in its tail.
    Gelu gelu: |x| x * x.normal_cdf();
        |y, g| (g * (x.normal_cdf() + x * (A::constant(FRAC_1_SQRT_TAU) * gaussian(x, 0.5)))).nan_where(y);
        "x P(x)", "P(x) + x P'(x)", [(-4.0, 4.0)];
    /// The approximation of [`gelu`](Self::gelu) through tanh, with u = sqrt(2/pi) (x + 0.044715 x^3), written with the
    /// logistic function s, so that the lower tail does not cancel.
    GeluTanh gelu_tanh: |x| { let [u, _] = gelu_argument(x); x * u.sigmoid() };
        |y, g| {
            let [u, slope] = gelu_argument(x);
            let (s, rest) = (u.sigmoid(), (-u).sigmoid());
            // Beyond, s(u) s(-u) is 0 in every format, but the slope overflows.
            let product = A::select(x.abs().lt(A::constant(60.0)), x * (s * rest * slope), A::zero());
            (g * (s + product)).nan_where(y)
        };
        "x (1 + tanh u) / 2", "s(2u) + 2 x u' s(2u) s(-2u)", [(-4.0, 4.0)];
    /// The self-normalising exponential linear unit, S = 1.0507009873554805 and A = 1.6732632423543772. At 0 the derivative
    /// is S A.
    Selu selu: |x| A::select(A::zero().lt(x), A::constant(SELU_SCALE) * x, A::constant(SELU_SCALE * SELU_ALPHA) * x.exp_m1());
        |y, g| g * A::select(A::zero().lt(x), A::constant(SELU_SCALE), A::constant(SELU_SCALE * SELU_ALPHA) * x.exp());
        "S x if x > 0 else S A (e^x - 1)", "S if x > 0 else S A e^x", [(0.1, 3.0), (-3.0, -0.1)];
    /// x over 1 + |x|.
    Softsign softsign: |x| x / (A::one() + x.abs()); |y, g| { let d = A::one() + x.abs(); (g / d / d).nan_where(y) };
        "x / (1 + |x|)", "1 / (1 + |x|)^2", [(0.1, 3.0), (-3.0, -0.1)];
    /// x without its hyperbolic tangent; accurate near 0.
    TanhShrink tanh_shrink: |x| tanh_shrink(x); |y, g| { let t = x.tanh(); g * (t * t) };
        "x - tanh x", "tanh^2 x", [(-3.0, 3.0)];
    /// The rectifier that stops at 6. At 0 and 6 the derivative is 0; NaN passes through.
    Relu6 relu6: |x| A::select(x.le(A::zero()), A::zero(), A::select(A::constant(6.0).le(x), A::constant(6.0), x));
        |y, g| A::select(A::or(x.le(A::zero()), A::constant(6.0).le(x)), A::zero(), g.nan_where(x));
        "min(max(x, 0), 6)", "1 if 0 < x < 6 else 0", [(-3.0, -0.1), (0.1, 5.9), (6.1, 9.0)];
    /// The logistic function in three straight pieces. At -3 and 3 the derivative is 0; NaN passes through.
    HardSigmoid hard_sigmoid: |x| {
            let [bound, width] = [3.0, 6.0].map(A::constant);
            A::select(x.le(-bound), A::zero(), A::select(bound.le(x), A::one(), (x + bound) / width))
        };
        |y, g| {
            let bound = A::constant(3.0);
            A::select(A::or(x.le(-bound), bound.le(x)), A::zero(), (g / A::constant(6.0)).nan_where(x))
        };
        "min(max(x + 3, 0), 6) / 6", "1/6 if -3 < x < 3 else 0", [(-5.0, -3.1), (-2.9, 2.9), (3.1, 5.0)];
    /// x times [`hard_sigmoid`](Self::hard_sigmoid). At -3 the derivative is 0, at 3 it is 1; NaN passes through.
    HardSwish hard_swish: |x| {
            let bound = A::constant(3.0);
            let middle = x * ((x + bound) / A::constant(6.0));
            A::select(x.le(-bound), A::zero(), A::select(bound.le(x), x, middle))
        };
        |y, g| {
            let bound = A::constant(3.0);
            let middle = g * (x / bound + A::constant(0.5));
            A::select(x.le(-bound), A::zero(), A::select(bound.le(x), g, middle))
        };
        "x min(max(x + 3, 0), 6) / 6", "0 if x <= -3, 1 if x >= 3, else x/3 + 1/2",
        [(-5.0, -3.1), (-2.9, 2.9), (3.1, 5.0)];
    /// The rectifier. At 0 the derivative is 0; NaN passes through.
    Relu relu: |x| A::select(x.le(A::zero()), A::zero(), x);
        |y, g| A::select(x.le(A::zero()), A::zero(), g.nan_where(x));
        "max(x, 0)", "1 if x > 0 else 0", [(-3.0, -0.1), (0.1, 3.0)];
}
