//! Variables as the scalars of nalgebra (feature `nalgebra`): `Var` is a `RealField`.
//!
//! A variable is to nalgebra a real number that happens to be one lane wide. Whatever has a method of `Var` is computed by
//! it, so that conventions at kinks are those of the table of rules.

use approx::{AbsDiffEq, RelativeEq, UlpsEq};
use nalgebra::{ComplexField, Field, RealField, SimdValue};
use num_traits::{Float, FloatConst, Zero};
use simba::scalar::SubsetOf;
use simba::simd::PrimitiveSimdValue;

use crate::real::Real;
use crate::var::Var;

impl<T: Real> Field for Var<T> {}

impl<T: Real> PrimitiveSimdValue for Var<T> {}

impl<T: Real> SimdValue for Var<T> {
    const LANES: usize = 1;
    type Element = Self;
    type SimdBool = bool;

    fn splat(value: Self) -> Self {
        value
    }

    fn extract(&self, _: usize) -> Self {
        *self
    }

    unsafe fn extract_unchecked(&self, _: usize) -> Self {
        *self
    }

    fn replace(&mut self, _: usize, value: Self) {
        *self = value;
    }

    unsafe fn replace_unchecked(&mut self, _: usize, value: Self) {
        *self = value;
    }

    fn select(self, condition: bool, other: Self) -> Self {
        if condition { self } else { other }
    }
}

impl<T: Real> SubsetOf<Self> for Var<T> {
    fn to_superset(&self) -> Self {
        *self
    }

    fn from_superset_unchecked(element: &Self) -> Self {
        *element
    }

    fn is_in_subset(_: &Self) -> bool {
        true
    }
}

/// Numbers as constants. The way back forgets where the value came from, so that only constants are plain numbers.
macro_rules! subset {
    ($($number:ident)*) => {$(
        impl<T: Real> SubsetOf<Var<T>> for $number {
            fn to_superset(&self) -> Var<T> {
                Var::constant(T::from_f64(f64::from(*self)))
            }

            fn from_superset_unchecked(element: &Var<T>) -> Self {
                element.value().widen() as Self
            }

            fn is_in_subset(element: &Var<T>) -> bool {
                element.is_constant()
            }
        }
    )*};
}
subset!(f32 f64);

impl<T: Real + AbsDiffEq<Epsilon = T>> AbsDiffEq for Var<T> {
    type Epsilon = Self;

    fn default_epsilon() -> Self {
        Self::constant(T::default_epsilon())
    }

    fn abs_diff_eq(&self, other: &Self, epsilon: Self) -> bool {
        self.value().abs_diff_eq(&other.value(), epsilon.value())
    }
}

impl<T: Real + RelativeEq<Epsilon = T>> RelativeEq for Var<T> {
    fn default_max_relative() -> Self {
        Self::constant(T::default_max_relative())
    }

    fn relative_eq(&self, other: &Self, epsilon: Self, max_relative: Self) -> bool {
        self.value().relative_eq(&other.value(), epsilon.value(), max_relative.value())
    }
}

impl<T: Real + UlpsEq<Epsilon = T>> UlpsEq for Var<T> {
    fn default_max_ulps() -> u32 {
        T::default_max_ulps()
    }

    fn ulps_eq(&self, other: &Self, epsilon: Self, max_ulps: u32) -> bool {
        self.value().ulps_eq(&other.value(), epsilon.value(), max_ulps)
    }
}

macro_rules! complex_field {
    (unary: $($unary:ident)*; real: $($real:ident)*; binary: $($binary:ident)*;) => {
        impl<T: Real + RelativeEq<Epsilon = T> + UlpsEq<Epsilon = T>> ComplexField for Var<T> {
            type RealField = Self;

            $(
                #[track_caller]
                fn $unary(self) -> Self { Var::$unary(self) }
            )*
            $(fn $real(self) -> Self { self })*
            $(
                #[track_caller]
                fn $binary(self, other: Self) -> Self { Var::$binary(self, other) }
            )*

            fn from_real(real: Self) -> Self {
                real
            }

            fn imaginary(self) -> Self {
                Self::zero()
            }

            /// 0 for a positive number, pi for a negative one; a constant either way.
            fn argument(self) -> Self {
                if self.value() >= T::zero() { Self::zero() } else { Self::PI() }
            }

            #[track_caller]
            fn modulus(self) -> Self {
                self.abs()
            }

            #[track_caller]
            fn norm1(self) -> Self {
                self.abs()
            }

            #[track_caller]
            fn modulus_squared(self) -> Self {
                self * self
            }

            #[track_caller]
            fn scale(self, factor: Self) -> Self {
                self * factor
            }

            #[track_caller]
            fn unscale(self, factor: Self) -> Self {
                self / factor
            }

            /// As of plain numbers: its derivative is 0 everywhere.
            #[track_caller]
            fn signum(self) -> Self {
                Var::signum(self)
            }

            #[track_caller]
            fn mul_add(self, a: Self, b: Self) -> Self {
                Var::mul_add(self, a, b)
            }

            #[track_caller]
            fn sin_cos(self) -> (Self, Self) {
                (self.sin(), self.cos())
            }

            #[track_caller]
            fn powi(self, n: i32) -> Self {
                Var::powi(self, n)
            }

            #[track_caller]
            fn powc(self, n: Self) -> Self {
                self.powf(n)
            }

            fn is_finite(&self) -> bool {
                Float::is_finite(self.value())
            }

            #[track_caller]
            fn try_sqrt(self) -> Option<Self> {
                (self.value() >= T::zero()).then(|| self.sqrt())
            }
        }
    };
}
complex_field! {
    unary: floor ceil round trunc fract abs recip sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh log2 log10 ln
        ln_1p sqrt exp exp2 exp_m1 cbrt;
    real: real conjugate;
    binary: hypot log powf;
}

macro_rules! real_field {
    (constants: $($name:ident = $constant:ident)*; binary: $($binary:ident)*;) => {
        impl<T: Real + RelativeEq<Epsilon = T> + UlpsEq<Epsilon = T>> RealField for Var<T> {
            $(fn $name() -> Self { Self::constant(T::$constant()) })*
            $(
                #[track_caller]
                fn $binary(self, other: Self) -> Self { Var::$binary(self, other) }
            )*

            fn is_sign_positive(&self) -> bool {
                Float::is_sign_positive(self.value())
            }

            fn is_sign_negative(&self) -> bool {
                Float::is_sign_negative(self.value())
            }

            #[track_caller]
            fn clamp(self, min: Self, max: Self) -> Self {
                Var::clamp(self, min, max)
            }

            fn min_value() -> Option<Self> {
                Some(Self::constant(T::min_value()))
            }

            fn max_value() -> Option<Self> {
                Some(Self::constant(T::max_value()))
            }
        }
    };
}
real_field! {
    constants: pi = PI two_pi = TAU frac_pi_2 = FRAC_PI_2 frac_pi_3 = FRAC_PI_3 frac_pi_4 = FRAC_PI_4 frac_pi_6 = FRAC_PI_6
        frac_pi_8 = FRAC_PI_8 frac_1_pi = FRAC_1_PI frac_2_pi = FRAC_2_PI frac_2_sqrt_pi = FRAC_2_SQRT_PI e = E
        log2_e = LOG2_E log10_e = LOG10_E ln_2 = LN_2 ln_10 = LN_10;
    binary: copysign max min atan2;
}
