//! What a rule may compute with: [`Algebra`], for plain numbers and for the lanes of a vectorised loop.

use std::ops;

use num_traits::Float;

use super::special;
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
    /// The smallest positive number that has all its digits.
    fn min_positive() -> Self;

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
    fn sigmoid(self) -> Self;
    fn erf(self) -> Self;
    fn erfc(self) -> Self;
    /// The distribution function of the standard normal distribution.
    fn normal_cdf(self) -> Self;
    fn lgamma(self) -> Self;
    fn digamma(self) -> Self;

    fn powi(self, exponent: i32) -> Self;
    fn powf(self, exponent: Self) -> Self;
    fn log(self, base: Self) -> Self;
    fn atan2(self, x: Self) -> Self;
    fn hypot(self, other: Self) -> Self;
    fn copysign(self, sign: Self) -> Self;
    /// The larger one; a NaN loses, as in `f64::max`.
    fn max(self, other: Self) -> Self;
    fn min(self, other: Self) -> Self;
    /// The derivative of `digamma` of an order that is rounded to an integer.
    fn polygamma(self, order: Self) -> Self;

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
        fn min_positive() -> Self { $wrap(T::min_positive_value()) }
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
        #[inline(always)]
        fn polygamma(self, order: Self) -> Self {
            $wrap(special::polygamma(algebra!(@ $number self), algebra!(@ $number order)))
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
        sigmoid = special::sigmoid, erf = special::erf, erfc = special::erfc, normal_cdf = special::normal_cdf,
        lgamma = special::lgamma, digamma = special::digamma,
    }
}

impl<T: Real> Algebra for Lane<T> {
    algebra! { Lane, lane;
        abs = Float::abs, signum = Float::signum, floor = Float::floor, ceil = Float::ceil, round = Float::round,
        trunc = Float::trunc, fract = Float::fract, recip = Float::recip, sqrt = Float::sqrt, cbrt = Float::cbrt,
        exp = T::vector_exp, exp2 = T::vector_exp2, exp_m1 = T::vector_exp_m1, ln = T::vector_ln, log2 = T::vector_log2,
        log10 = T::vector_log10, ln_1p = T::vector_ln_1p, sin = T::vector_sin, cos = T::vector_cos, tan = T::vector_tan,
        asin = T::vector_asin, acos = T::vector_acos, atan = T::vector_atan, sinh = T::vector_sinh, cosh = T::vector_cosh,
        tanh = T::vector_tanh, asinh = T::vector_asinh, acosh = T::vector_acosh, atanh = T::vector_atanh,
        to_degrees = Float::to_degrees, to_radians = Float::to_radians,
        sigmoid = T::vector_sigmoid, erf = T::vector_erf, erfc = T::vector_erfc, normal_cdf = T::vector_normal_cdf,
        lgamma = special::lgamma, digamma = special::digamma,
    }
}
