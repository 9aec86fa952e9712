//! The table of elementwise operations: their values and their derivatives.
//!
//! One row is one operation. A derivative is written once, as the *share* of the output's adjoint `g` that each operand
//! receives, in terms of the operands and the output, and generically over [`Algebra`]: with plain numbers it is the
//! numeric sweep of scalars, with [`Lane`] the vectorised sweep of tensors. A share is linear in `g`, so the same
//! expression is also the operation's tangent.
//!
//! Two things are said once for all rows, where the shares are used: a zero adjoint gives a zero share whatever the
//! partial is, and shares are added up by the sweep. What a derivative is at a kink, at a tie or at the end of the domain
//! is said in the row's note and pinned by a test.

use std::ops;

use num_traits::Float;

use crate::kernel::Side;
use crate::real::Real;

/// What a rule may compute with.
pub(crate) trait Algebra:
    Copy
    + ops::Add<Output = Self>
    + ops::Sub<Output = Self>
    + ops::Mul<Output = Self>
    + ops::Div<Output = Self>
    + ops::Rem<Output = Self>
    + ops::Neg<Output = Self>
{
    /// The answer of a comparison.
    type Mask: Copy;

    fn constant(value: f64) -> Self;

    fn lt(self, other: Self) -> Self::Mask;
    fn le(self, other: Self) -> Self::Mask;
    fn eq(self, other: Self) -> Self::Mask;
    fn is_nan(self) -> Self::Mask;
    fn or(one: Self::Mask, other: Self::Mask) -> Self::Mask;
    fn and(one: Self::Mask, other: Self::Mask) -> Self::Mask;
    /// `yes` where the mask holds, `no` elsewhere; the other one has no influence at all.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    fn abs(self) -> Self;
    fn signum(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn round(self) -> Self;
    fn trunc(self) -> Self;
    fn fract(self) -> Self;
    fn recip(self) -> Self;
    fn sqrt(self) -> Self;
    fn cbrt(self) -> Self;
    fn exp(self) -> Self;
    fn exp2(self) -> Self;
    fn exp_m1(self) -> Self;
    fn ln(self) -> Self;
    fn log2(self) -> Self;
    fn log10(self) -> Self;
    fn ln_1p(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tan(self) -> Self;
    fn asin(self) -> Self;
    fn acos(self) -> Self;
    fn atan(self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
    fn tanh(self) -> Self;
    fn asinh(self) -> Self;
    fn acosh(self) -> Self;
    fn atanh(self) -> Self;
    fn to_degrees(self) -> Self;
    fn to_radians(self) -> Self;

    fn powi(self, exponent: i32) -> Self;
    fn powf(self, exponent: Self) -> Self;
    fn log(self, base: Self) -> Self;
    fn atan2(self, x: Self) -> Self;
    fn hypot(self, other: Self) -> Self;
    fn copysign(self, sign: Self) -> Self;
    /// The larger one; a NaN loses, as in `f64::max`.
    fn max(self, other: Self) -> Self;
    fn min(self, other: Self) -> Self;

    /// This, or NaN where `value` is NaN: for derivatives whose formula outlives the domain of their function.
    fn nan_where(self, value: Self) -> Self {
        Self::select(value.is_nan(), value, self)
    }

    fn zero() -> Self {
        Self::constant(0.0)
    }

    fn one() -> Self {
        Self::constant(1.0)
    }
}

/// A number inside a vectorised loop: the same rules, with functions that have no branches and no calls, so that the
/// compiler turns a loop over them into vector code.
#[derive(Clone, Copy)]
pub(crate) struct Lane<T>(pub(crate) T);

macro_rules! forward_operators {
    ($($trait:ident $method:ident),*) => {
        $(impl<T: Real> ops::$trait for Lane<T> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(ops::$trait::$method(self.0, other.0))
            }
        })*
    };
}
forward_operators!(Add add, Sub sub, Mul mul, Div div, Rem rem);

impl<T: Real> ops::Neg for Lane<T> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// The functions that a plain number and a lane share, each through `$wrap`.
macro_rules! algebra {
    ($wrap:expr, $number:tt; $($function:ident = $call:path),* $(,)?) => {
        type Mask = bool;

        #[inline(always)]
        fn constant(value: f64) -> Self { $wrap(T::from_f64(value)) }
        #[inline(always)]
        fn lt(self, other: Self) -> bool { algebra!(@ $number self) < algebra!(@ $number other) }
        #[inline(always)]
        fn le(self, other: Self) -> bool { algebra!(@ $number self) <= algebra!(@ $number other) }
        #[inline(always)]
        fn eq(self, other: Self) -> bool { algebra!(@ $number self) == algebra!(@ $number other) }
        #[inline(always)]
        fn is_nan(self) -> bool { Float::is_nan(algebra!(@ $number self)) }
        #[inline(always)]
        fn or(one: bool, other: bool) -> bool { one | other }
        #[inline(always)]
        fn and(one: bool, other: bool) -> bool { one & other }
        #[inline(always)]
        fn select(mask: bool, yes: Self, no: Self) -> Self { if mask { yes } else { no } }
        #[inline(always)]
        fn powi(self, exponent: i32) -> Self {
            // The square is by far the most frequent power, and a multiplication vectorises.
            if exponent == 2 { self * self } else { $wrap(Float::powi(algebra!(@ $number self), exponent)) }
        }
        algebra!(@binary $wrap, $number; powf log atan2 hypot copysign max min);
        $(
            #[inline(always)]
            fn $function(self) -> Self { $wrap($call(algebra!(@ $number self))) }
        )*
    };
    (@ plain $value:expr) => { $value };
    (@ lane $value:expr) => { $value.0 };
    (@binary $wrap:expr, $number:tt; $($function:ident)*) => {
        $(
            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                $wrap(Float::$function(algebra!(@ $number self), algebra!(@ $number other)))
            }
        )*
    };
}

impl<T: Real> Algebra for T {
    algebra! { std::convert::identity, plain;
        abs = Float::abs, signum = Float::signum, floor = Float::floor, ceil = Float::ceil, round = Float::round,
        trunc = Float::trunc, fract = Float::fract, recip = Float::recip, sqrt = Float::sqrt, cbrt = Float::cbrt,
        exp = Float::exp, exp2 = Float::exp2, exp_m1 = Float::exp_m1, ln = Float::ln, log2 = Float::log2,
        log10 = Float::log10, ln_1p = Float::ln_1p, sin = Float::sin, cos = Float::cos, tan = Float::tan,
        asin = Float::asin, acos = Float::acos, atan = Float::atan, sinh = Float::sinh, cosh = Float::cosh,
        tanh = Float::tanh, asinh = Float::asinh, acosh = Float::acosh, atanh = Float::atanh,
        to_degrees = Float::to_degrees, to_radians = Float::to_radians,
    }
}

impl<T: Real> Algebra for Lane<T> {
    algebra! { Lane, lane;
        abs = Float::abs, signum = Float::signum, floor = Float::floor, ceil = Float::ceil, round = Float::round,
        trunc = Float::trunc, fract = Float::fract, recip = Float::recip, sqrt = Float::sqrt, cbrt = Float::cbrt,
        exp = T::vector_exp, exp2 = Float::exp2, exp_m1 = T::vector_exp_m1, ln = T::vector_ln, log2 = Float::log2,
        log10 = Float::log10, ln_1p = T::vector_ln_1p, sin = T::vector_sin, cos = T::vector_cos, tan = T::vector_tan,
        asin = Float::asin, acos = Float::acos, atan = Float::atan, sinh = Float::sinh, cosh = Float::cosh,
        tanh = T::vector_tanh, asinh = Float::asinh, acosh = Float::acosh, atanh = Float::atanh,
        to_degrees = Float::to_degrees, to_radians = Float::to_radians,
    }
}

/// An operation of one operand.
pub(crate) trait UnaryRule: Copy {
    fn value<A: Algebra>(self, x: A) -> A;
    /// The operand's share of the output's adjoint `g`.
    fn share<A: Algebra>(self, x: A, y: A, g: A) -> A;
}

/// An operation of two operands.
pub(crate) trait BinaryRule: Copy {
    fn value<A: Algebra>(self, a: A, b: A) -> A;
    /// The left operand's share of the output's adjoint `g`.
    fn left<A: Algebra>(self, a: A, b: A, y: A, g: A) -> A;
    /// The right operand's share.
    fn right<A: Algebra>(self, a: A, b: A, y: A, g: A) -> A;
}

/// What is done with whichever rule an operation turns out to have: a loop over slices, chosen once per call.
pub(crate) trait UnaryVisitor {
    fn visit(self, rule: impl UnaryRule);
}

/// As [`UnaryVisitor`], for two operands.
pub(crate) trait BinaryVisitor {
    fn visit(self, rule: impl BinaryRule);
}

/// The range that tests sample an operand from.
pub(crate) type Interval = (f64, f64);

/// `x^n` for an integer `n`: the one rule with a parameter, which the tape keeps beside the operand.
///
/// n = 0 has derivative 0 everywhere, also at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Powi(pub(crate) i32);

impl UnaryRule for Powi {
    #[inline(always)]
    fn value<A: Algebra>(self, x: A) -> A {
        x.powi(self.0)
    }

    #[inline(always)]
    fn share<A: Algebra>(self, x: A, y: A, g: A) -> A {
        /// Repeated multiplication loses about half a unit in the last place a factor: beyond this the general power
        /// is the more accurate one.
        const FEW: i32 = 8;
        let n = self.0;
        let lower = match n.checked_sub(1) {
            Some(lower) if lower.abs() <= FEW => x.powi(lower),
            Some(lower) => x.powf(A::constant(f64::from(lower))),
            None => y / x,
        };
        match n {
            0 => A::zero().nan_where(x),
            _ => g * (A::constant(f64::from(n)) * lower),
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
                        self.$record(crate::rules::Unary::$row, crate::rules::$row)
                    }
                )*
            };
        }
        pub(crate) use unary_methods;
    };
}

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
    Sqrt sqrt: |x| x.sqrt(); |y, g| g * (A::constant(0.5) / y.abs()); "sqrt x", "1 / (2 sqrt x)", [(0.1, 4.0)];
    /// At 0 the derivative is `+inf`.
    Cbrt cbrt: |x| x.cbrt(); |y, g| g / (A::constant(3.0) * (y * y));
        "cbrt x", "1 / (3 cbrt(x)^2)", [(-4.0, -0.1), (0.1, 4.0)];
    Exp exp: |x| x.exp(); |y, g| g * y; "e^x", "e^x", [(-3.0, 3.0)];
    Exp2 exp2: |x| x.exp2(); |y, g| g * (y * A::constant(std::f64::consts::LN_2)); "2^x", "2^x ln 2", [(-3.0, 3.0)];
    /// Accurate near 0; the derivative is accurate far below it too.
    ExpM1 exp_m1: |x| x.exp_m1(); |y, g| g * x.exp(); "e^x - 1", "e^x", [(-3.0, 3.0)];
    /// At 0, of either sign, the derivative is `+inf`; below it NaN.
    Ln ln: |x| x.ln(); |y, g| (g / x.abs()).nan_where(y); "ln x", "1/x", [(0.1, 4.0)];
    /// As [`ln`](Self::ln) at and below 0.
    Log2 log2: |x| x.log2(); |y, g| (g / (x.abs() * A::constant(std::f64::consts::LN_2))).nan_where(y);
        "log2 x", "1 / (x ln 2)", [(0.1, 4.0)];
    /// As [`ln`](Self::ln) at and below 0.
    Log10 log10: |x| x.log10(); |y, g| (g / (x.abs() * A::constant(std::f64::consts::LN_10))).nan_where(y);
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
    ToDegrees to_degrees: |x| x.to_degrees(); |y, g| g * A::constant(180.0 / std::f64::consts::PI);
        "x 180/pi", "180/pi", [(-3.0, 3.0)];
    ToRadians to_radians: |x| x.to_radians(); |y, g| g * A::constant(std::f64::consts::PI / 180.0);
        "x pi/180", "pi/180", [(-180.0, 180.0)];
    /// The logistic function. The derivative is accurate in both tails.
    Sigmoid sigmoid: |x| (A::one() + (-x).exp()).recip();
        |y, g| {
            let e = (-x.abs()).exp();
            let d = A::one() + e;
            g * (e / (d * d))
        };
        "1 / (1 + e^-x)", "s(x) s(-x)", [(-4.0, 4.0)];
    /// The rectifier. At 0 the derivative is 0; NaN passes through.
    Relu relu: |x| A::select(x.le(A::zero()), A::zero(), x);
        |y, g| A::select(x.le(A::zero()), A::zero(), g.nan_where(x));
        "max(x, 0)", "1 if x > 0 else 0", [(-3.0, -0.1), (0.1, 3.0)];
}

macro_rules! binary_table {
    ($(
        $(#[doc = $text:literal])*
        $row:ident $method:ident $try_method:ident: |$a:ident, $b:ident| $value:expr; |$y:ident, $g:ident| $left:expr, $right:expr;
        $formula:literal, $partials:literal, [$(($first:expr, $second:expr)),+];
    )*) => {
        /// Which operation of two operands.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Binary { $($row),* }

        $(
            #[derive(Clone, Copy)]
            pub(crate) struct $row;

            #[allow(unused_variables, reason = "a rule names operands, output and adjoint, and uses those it needs")]
            impl BinaryRule for $row {
                #[inline(always)]
                fn value<A: Algebra>(self, $a: A, $b: A) -> A { $value }

                #[inline(always)]
                fn left<A: Algebra>(self, $a: A, $b: A, $y: A, $g: A) -> A { $left }

                #[inline(always)]
                fn right<A: Algebra>(self, $a: A, $b: A, $y: A, $g: A) -> A { $right }
            }
        )*

        impl Binary {
            /// Every row of the table.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$row),*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$row => stringify!($method)),* }
            }

            /// The value and the two partial derivatives, as a reader would write them.
            pub(crate) fn formula(self) -> [&'static str; 2] {
                match self { $(Self::$row => [$formula, $partials]),* }
            }

            /// Where the operation is smooth and tests sample its two operands.
            pub(crate) fn intervals(self) -> &'static [&'static [Interval]] {
                match self { $(Self::$row => &[$(&[$first, $second]),+]),* }
            }

            #[inline(always)]
            pub(crate) fn left<A: Algebra>(self, a: A, b: A, y: A, g: A) -> A {
                match self { $(Self::$row => $row.left(a, b, y, g)),* }
            }

            #[inline(always)]
            pub(crate) fn right<A: Algebra>(self, a: A, b: A, y: A, g: A) -> A {
                match self { $(Self::$row => $row.right(a, b, y, g)),* }
            }

            pub(crate) fn visit(self, visitor: impl BinaryVisitor) {
                match self { $(Self::$row => visitor.visit($row)),* }
            }
        }

        /// The methods that the table gives to a handle; `$record` is how the handle records, `$operand` what it takes.
        macro_rules! binary_methods {
            ($record:ident, $operand:ty) => {
                $(
                    #[doc = concat!("`", $formula, "`, elementwise, with a this and b the other; partials `", $partials, "`.")]
                    #[doc = ""]
                    $(#[doc = $text])*
                    #[must_use]
                    #[inline(always)]
                    #[track_caller]
                    #[allow(clippy::should_implement_trait, reason = "the operators record through these methods")]
                    pub fn $method(self, other: $operand) -> Self {
                        self.$record(crate::rules::Binary::$row, crate::rules::$row, other)
                    }
                )*
            };
        }
        pub(crate) use binary_methods;

        /// The same as methods that return an error where shapes or tapes do not fit.
        macro_rules! try_binary_methods {
            ($record:ident, $operand:ty) => {
                $(
                    #[doc = concat!("As [`", stringify!($method), "`](Self::", stringify!($method), ").")]
                    #[doc = ""]
                    #[doc = "# Errors"]
                    #[doc = "If the shapes do not broadcast, or a handle is stale or of another tape."]
                    pub fn $try_method(self, other: $operand) -> Result<Self, crate::Error> {
                        self.$record(crate::rules::Binary::$row, other)
                    }
                )*
            };
        }
        pub(crate) use try_binary_methods;
    };
}

binary_table! {
    Add add try_add: |a, b| a + b; |y, g| g, g; "a + b", "1, 1", [((-3.0, 3.0), (-3.0, 3.0))];
    Sub sub try_sub: |a, b| a - b; |y, g| g, -g; "a - b", "1, -1", [((-3.0, 3.0), (-3.0, 3.0))];
    Mul mul try_mul: |a, b| a * b; |y, g| g * b, g * a; "a b", "b, a", [((-3.0, 3.0), (-3.0, 3.0))];
    Div div try_div: |a, b| a / b; |y, g| g / b, -(g * (y / b)); "a / b", "1/b, -(a/b)/b",
        [((-3.0, 3.0), (-3.0, -0.2)), ((-3.0, 3.0), (0.2, 3.0))];
    /// The remainder with the sign of a. The partials are the same at the jumps.
    Rem rem try_rem: |a, b| a % b; |y, g| g.nan_where(y), -(g * (a / b).trunc()).nan_where(y);
        "a % b", "1, -trunc(a/b)", [((2.2, 2.8), (0.95, 1.05)), ((-2.8, -2.2), (0.95, 1.05))];
    /// With b = 0 the partial for a is 0. At a = 0 the partial for b is 0 where b >= 0; for a < 0 it is NaN.
    Pow powf try_powf: |a, b| a.powf(b);
        |y, g|
            A::select(b.eq(A::zero()), A::zero(), g * (b * a.powf(b - A::one()))),
            g * A::select(
                A::or(A::and(y.eq(A::zero()), A::zero().le(a)), A::and(a.eq(A::zero()), A::zero().le(b))),
                A::zero(),
                y * a.ln(),
            );
        "a^b", "b a^(b-1), a^b ln a", [((0.2, 3.0), (-2.0, 3.0))];
    /// The logarithm of a to the base b.
    Log log try_log: |a, b| a.log(b);
        |y, g| (g / (a.abs() * b.ln())).nan_where(y), -(g * (y / (b * b.ln()))).nan_where(y);
        "ln a / ln b", "1 / (a ln b), -ln a / (b ln^2 b)", [((0.2, 4.0), (1.5, 4.0)), ((0.2, 4.0), (0.2, 0.7))];
    /// The angle of the point (b, a). At the origin both partials are 0.
    Atan2 atan2 try_atan2: |a, b| a.atan2(b);
        |y, g| g * over_radius(b, a), -(g * over_radius(a, b));
        "atan2(a, b)", "b / (a^2 + b^2), -a / (a^2 + b^2)", [((0.2, 3.0), (-3.0, 3.0)), ((-3.0, -0.2), (-3.0, 3.0))];
    /// At the origin both partials are 0.
    Hypot hypot try_hypot: |a, b| a.hypot(b);
        |y, g|
            A::select(y.eq(A::zero()), A::zero(), g * (a / y)),
            A::select(y.eq(A::zero()), A::zero(), g * (b / y));
        "sqrt(a^2 + b^2)", "a/h, b/h", [((0.2, 3.0), (-3.0, 3.0)), ((-3.0, 3.0), (-3.0, -0.2))];
    /// As `f64::max`: a NaN loses to a number. A tie gives each operand one half; 0 and -0 tie.
    Max max try_max: |a, b| a.max(b); |y, g| winner(a, b, b.lt(a), y, g), winner(b, a, a.lt(b), y, g);
        "max(a, b)", "1 to the larger", [((-3.0, -0.1), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1))];
    /// As `f64::min`: a NaN loses to a number. A tie gives each operand one half; 0 and -0 tie.
    Min min try_min: |a, b| a.min(b); |y, g| winner(a, b, a.lt(b), y, g), winner(b, a, b.lt(a), y, g);
        "min(a, b)", "1 to the smaller", [((-3.0, -0.1), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1))];
    /// The larger one, where NaN wins over a number. A tie gives each operand one half.
    Maximum maximum try_maximum: |a, b| A::select(A::or(b.lt(a), a.is_nan()), a, b);
        |y, g| split(b, a, g).nan_where(y), split(a, b, g).nan_where(y);
        "max(a, b)", "1 to the larger", [((-3.0, -0.1), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1))];
    /// The smaller one, where NaN wins over a number. A tie gives each operand one half.
    Minimum minimum try_minimum: |a, b| A::select(A::or(a.lt(b), a.is_nan()), a, b);
        |y, g| split(a, b, g).nan_where(y), split(b, a, g).nan_where(y);
        "min(a, b)", "1 to the smaller", [((-3.0, -0.1), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1))];
    /// The positive difference. Where a <= b both partials are 0.
    AbsSub abs_sub try_abs_sub: |a, b| A::select(a.le(b), A::zero(), a - b);
        |y, g|
            A::select(a.le(b), A::zero(), g.nan_where(y)),
            A::select(a.le(b), A::zero(), -g.nan_where(y));
        "max(a - b, 0)", "1, -1 if a > b else 0, 0", [((0.1, 3.0), (-3.0, -0.1)), ((-3.0, -0.1), (0.1, 3.0))];
    /// The magnitude of a with the sign of b. The partial for b is 0; at a = 0 so is the partial for a.
    Copysign copysign try_copysign: |a, b| a.copysign(b);
        |y, g|
            A::select(a.eq(A::zero()), A::zero(), (g * (a.signum() * b.signum())).nan_where(y)),
            A::zero().nan_where(y);
        "|a| sign b", "sign a sign b, 0", [((0.1, 3.0), (0.1, 3.0)), ((-3.0, -0.1), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1))];
}

/// `p / (p^2 + q^2)` without squaring, 0 at the origin and at infinity.
#[inline(always)]
fn over_radius<A: Algebra>(p: A, q: A) -> A {
    let h = p.hypot(q);
    let degenerate = A::or(h.eq(A::zero()), h.eq(A::constant(f64::INFINITY)));
    A::select(degenerate, A::zero(), (p / h) / h)
}

/// The adjoint for the greater of two, half of it in a tie, nothing for the lesser.
#[inline(always)]
fn split<A: Algebra>(lesser: A, greater: A, g: A) -> A {
    let tie = A::select(lesser.eq(greater), g * A::constant(0.5), A::zero());
    A::select(lesser.lt(greater), g, tie)
}

/// The adjoint for the operand that `f64::max` or `f64::min` chose: a number wins over a NaN, a tie is halved.
#[inline(always)]
fn winner<A: Algebra>(own: A, other: A, better: A::Mask, y: A, g: A) -> A {
    let tie = A::select(own.eq(other), g * A::constant(0.5), A::zero());
    A::select(A::or(better, other.is_nan()), g, tie).nan_where(y)
}

impl Unary {
    /// Whether the rule asks for a trigonometric function, which lanes have up to `VectorMath::LARGEST_ANGLE`.
    pub(crate) fn takes_an_angle(self) -> bool {
        matches!(self, Self::Sin | Self::Cos | Self::Tan)
    }
}

impl Binary {
    /// Whether the operand's share is the adjoint itself, so that nothing needs to be computed.
    pub(crate) fn passes_on(self, side: Side) -> bool {
        matches!((self, side), (Self::Add, Side::Left | Side::Right) | (Self::Sub, Side::Left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, Tensor, Var, check_gradient};

    /// Points spread evenly over a box of intervals, by the golden ratio: no two share a coordinate.
    fn points(intervals: &[Interval]) -> impl Iterator<Item = Vec<f64>> {
        (1..=12).map(|index| {
            let spread = |(axis, &(low, high)): (usize, &Interval)| {
                let ratio = [0.618_033_988_749_894_9, 0.754_877_666_246_692_8][axis];
                low + (high - low) * (f64::from(index) * ratio).fract()
            };
            intervals.iter().enumerate().map(spread).collect()
        })
    }

    /// A rule of the table as anything that turns numbers into their value and their shares of an adjoint.
    type Shares<'a> = &'a dyn Fn(&[f64], f64) -> (f64, Vec<f64>);

    /// Whether a rule's shares of an adjoint that is not 1 are its value's derivatives, over all its intervals.
    fn agrees(intervals: &[&[Interval]], rule: Shares<'_>) -> bool {
        const ADJOINT: f64 = -1.75;
        intervals.iter().flat_map(|intervals| points(intervals)).all(|point| {
            let value = |x: &[f64]| ADJOINT * rule(x, ADJOINT).0;
            check_gradient(value, |x| rule(x, ADJOINT).1, &point).passed()
        })
    }

    /// Every row as [`Shares`], once with plain numbers and once with lanes.
    fn rows(test: impl Fn(&'static str, &'static [&'static [Interval]], Shares<'_>)) {
        fn unary<A: Algebra>(rule: Unary, x: A, g: A) -> (A, Vec<A>) {
            struct Visit<A>(A, A, Option<(A, Vec<A>)>);
            impl<A: Algebra> UnaryVisitor for &mut Visit<A> {
                fn visit(self, rule: impl UnaryRule) {
                    let y = rule.value(self.0);
                    self.2 = Some((y, vec![rule.share(self.0, y, self.1)]));
                }
            }
            let mut visit = Visit(x, g, None);
            rule.visit(&mut visit);
            visit.2.expect("every rule is visited")
        }
        fn binary<A: Algebra>(rule: Binary, a: A, b: A, g: A) -> (A, Vec<A>) {
            struct Visit<A>(A, A, A, Option<(A, Vec<A>)>);
            impl<A: Algebra> BinaryVisitor for &mut Visit<A> {
                fn visit(self, rule: impl BinaryRule) {
                    let Visit(a, b, g, ref mut out) = *self;
                    let y = rule.value(a, b);
                    *out = Some((y, vec![rule.left(a, b, y, g), rule.right(a, b, y, g)]));
                }
            }
            let mut visit = Visit(a, b, g, None);
            rule.visit(&mut visit);
            visit.3.expect("every rule is visited")
        }
        let plain = |(y, shares): (Lane<f64>, Vec<Lane<f64>>)| (y.0, shares.iter().map(|share| share.0).collect());
        for &rule in Unary::ALL {
            test(rule.name(), rule.intervals(), &|x, g| unary(rule, x[0], g));
            test(rule.name(), rule.intervals(), &|x, g| plain(unary(rule, Lane(x[0]), Lane(g))));
        }
        for &rule in Binary::ALL {
            test(rule.name(), rule.intervals(), &|x, g| binary(rule, x[0], x[1], g));
            test(rule.name(), rule.intervals(), &|x, g| plain(binary(rule, Lane(x[0]), Lane(x[1]), Lane(g))));
        }
    }

    #[test]
    fn every_row_is_the_derivative_of_its_value() {
        rows(|name, intervals, rule| assert!(agrees(intervals, rule), "the rule of {name} is wrong"));
    }

    /// The test above would notice: every share that is not zero everywhere, wrong by a thousandth, makes it fail.
    #[test]
    fn every_row_that_is_wrong_by_a_thousandth_is_found() {
        let (broken, found) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
        rows(|name, intervals, rule| {
            for operand in 0..intervals[0].len() {
                let vanishes = intervals
                    .iter()
                    .flat_map(|intervals| points(intervals))
                    .all(|point| rule(&point, 1.0).1[operand] == 0.0);
                if vanishes {
                    continue;
                }
                broken.set(broken.get() + 1);
                let wrong = agrees(intervals, &|x, g| {
                    let (y, mut shares) = rule(x, g);
                    shares[operand] *= 1.001;
                    (y, shares)
                });
                assert!(!wrong, "operand {operand} of {name}, wrong by a thousandth, is not noticed");
                found.set(found.get() + 1);
            }
        });
        assert_eq!((broken.get(), found.get()), (found.get(), broken.get()));
        assert!(broken.get() > 100, "only {} shares were broken", broken.get());
    }

    #[test]
    fn integer_powers_are_differentiated() {
        for n in [-7, -2, -1, 0, 1, 2, 3, 12] {
            for x in [-1.5, -0.3, 0.4, 2.0] {
                crate::check(|x| x[0].powi(n), &[x]).assert();
            }
        }
    }

    #[test]
    fn a_tensor_and_a_variable_follow_the_same_rule() {
        let tape = Tape::<f64>::new();
        let x: Tensor<f64> = tape.variable([0.3, 0.6]);
        let v: Var = tape.var(0.6);
        let (tensor, scalar) = (x.tanh().sum().backward(), v.tanh().backward());
        assert!((tensor[x][[1]] - scalar[v]).abs() < 1e-15);
    }
}
