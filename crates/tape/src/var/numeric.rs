//! What makes a variable a number to generic code: the traits of `num_traits`.

use std::num::FpCategory;

use num_traits::{Float, FloatConst, FromPrimitive, Num, NumCast, One, Signed, ToPrimitive, Zero};

use super::Var;
use crate::guard::Question;
use crate::real::Real;

impl<T: Real> Zero for Var<T> {
    fn zero() -> Self {
        Self::constant(Zero::zero())
    }

    #[track_caller]
    fn is_zero(&self) -> bool {
        self.ask(Question::Equal, Self::zero()) == 1
    }
}

impl<T: Real> One for Var<T> {
    fn one() -> Self {
        Self::constant(One::one())
    }

    #[track_caller]
    fn is_one(&self) -> bool {
        self.ask(Question::Equal, Self::one()) == 1
    }
}

impl<T: Real> Num for Var<T> {
    type FromStrRadixErr = T::FromStrRadixErr;

    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        T::from_str_radix(text, radix).map(Self::constant)
    }
}

/// Every method by itself: the provided ones would hide the caller's line.
macro_rules! to_primitive {
    ($($method:ident -> $number:ident, $question:ident;)*) => {
        impl<T: Real> ToPrimitive for Var<T> {
            $(
                #[track_caller]
                fn $method(&self) -> Option<$number> {
                    self.ask(Question::$question, Self::constant(self.value));
                    self.value.$method()
                }
            )*
        }
    };
}
to_primitive! {
    to_isize -> isize, SameInteger; to_i8 -> i8, SameInteger; to_i16 -> i16, SameInteger; to_i32 -> i32, SameInteger;
    to_i64 -> i64, SameInteger; to_i128 -> i128, SameInteger; to_usize -> usize, SameInteger; to_u8 -> u8, SameInteger;
    to_u16 -> u16, SameInteger; to_u32 -> u32, SameInteger; to_u64 -> u64, SameInteger; to_u128 -> u128, SameInteger;
    to_f32 -> f32, Same; to_f64 -> f64, Same;
}

impl<T: Real> NumCast for Var<T> {
    fn from<N: ToPrimitive>(number: N) -> Option<Self> {
        <T as NumCast>::from(number).map(Self::constant)
    }
}

impl<T: Real> FromPrimitive for Var<T> {
    fn from_i64(number: i64) -> Option<Self> {
        <T as NumCast>::from(number).map(Self::constant)
    }

    fn from_u64(number: u64) -> Option<Self> {
        <T as NumCast>::from(number).map(Self::constant)
    }

    fn from_i128(number: i128) -> Option<Self> {
        <T as NumCast>::from(number).map(Self::constant)
    }

    fn from_u128(number: u128) -> Option<Self> {
        <T as NumCast>::from(number).map(Self::constant)
    }

    fn from_f32(number: f32) -> Option<Self> {
        <T as NumCast>::from(number).map(Self::constant)
    }

    fn from_f64(number: f64) -> Option<Self> {
        Some(Self::constant(T::from_f64(number)))
    }
}

impl<T: Real> Signed for Var<T> {
    #[track_caller]
    fn abs(&self) -> Self {
        Self::abs(*self)
    }

    #[track_caller]
    fn abs_sub(&self, other: &Self) -> Self {
        Self::abs_sub(*self, *other)
    }

    #[track_caller]
    fn signum(&self) -> Self {
        Self::signum(*self)
    }

    #[track_caller]
    fn is_positive(&self) -> bool {
        self.ask(Question::IsSignNegative, *self) == 0
    }

    #[track_caller]
    fn is_negative(&self) -> bool {
        self.ask(Question::IsSignNegative, *self) == 1
    }
}

macro_rules! float_constants {
    ($($name:ident)*) => {
        impl<T: Real> FloatConst for Var<T> {
            $(fn $name() -> Self { Self::constant(T::$name()) })*
        }
    };
}
float_constants!(E FRAC_1_PI FRAC_1_SQRT_2 FRAC_2_PI FRAC_2_SQRT_PI FRAC_PI_2 FRAC_PI_3 FRAC_PI_4 FRAC_PI_6 FRAC_PI_8
    LN_10 LN_2 LOG10_E LOG2_E PI SQRT_2 TAU LOG10_2 LOG2_10);

macro_rules! float {
    (
        constants: $($constant:ident)*;
        questions: $($question:ident -> $answer:ty, $asked:ident)*;
        unary: $($unary:ident)*;
        binary: $($binary:ident)*;
    ) => {
        impl<T: Real> Float for Var<T> {
            $(fn $constant() -> Self { Self::constant(T::$constant()) })*
            $(
                #[track_caller]
                fn $question(self) -> $answer {
                    self.ask(Question::$asked, self);
                    Float::$question(self.value)
                }
            )*
            $(
                #[inline]
                #[track_caller]
                fn $unary(self) -> Self { Self::$unary(self) }
            )*
            $(
                #[inline]
                #[track_caller]
                fn $binary(self, other: Self) -> Self { Self::$binary(self, other) }
            )*

            #[inline]
            #[track_caller]
            fn powi(self, n: i32) -> Self {
                Self::powi(self, n)
            }

            #[inline]
            #[track_caller]
            fn mul_add(self, a: Self, b: Self) -> Self {
                Self::mul_add(self, a, b)
            }

            #[track_caller]
            fn clamp(self, min: Self, max: Self) -> Self {
                Self::clamp(self, min, max)
            }

            #[track_caller]
            fn sin_cos(self) -> (Self, Self) {
                (Self::sin(self), Self::cos(self))
            }

            #[track_caller]
            fn integer_decode(self) -> (u64, i16, i8) {
                self.ask(Question::Same, Self::constant(self.value));
                Float::integer_decode(self.value)
            }
        }
    };
}
float! {
    constants: nan infinity neg_infinity neg_zero min_value min_positive_value max_value epsilon;
    questions: is_nan -> bool, IsNan is_infinite -> bool, IsInfinite is_finite -> bool, IsFinite
        is_normal -> bool, IsNormal is_subnormal -> bool, IsSubnormal is_sign_positive -> bool, IsSignNegative
        is_sign_negative -> bool, IsSignNegative classify -> FpCategory, Classify;
    unary: floor ceil round trunc fract abs signum recip sqrt exp exp2 exp_m1 ln log2 log10 ln_1p cbrt sin cos tan asin
        acos atan sinh cosh tanh asinh acosh atanh to_degrees to_radians;
    binary: powf log max min abs_sub hypot atan2 copysign;
}
