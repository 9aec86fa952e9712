//! The rules' arithmetic with recorded numbers: what turns a rule of the table into operations on the tape.

use std::ops;

use num_traits::Float;

use crate::real::Real;
use crate::rules::{Algebra, Binary};
use crate::tensor::{Mask, Operand, Tensor};
use crate::var::Var;

/// The functions of one number that both kinds of recorded numbers have, by name.
macro_rules! functions {
    ($then:ident) => {
        $then! {
            abs signum floor ceil round trunc fract recip sqrt cbrt exp exp2 exp_m1 ln log2 log10 ln_1p sin cos tan asin
            acos atan sinh cosh tanh asinh acosh atanh to_degrees to_radians sigmoid erf erfc normal_cdf lgamma digamma;
            powf log atan2 hypot copysign max min polygamma
        }
    };
}

macro_rules! of_variables {
    ($($unary:ident)*; $($binary:ident)*) => {
        $(
            #[inline]
            fn $unary(self) -> Self {
                Var::$unary(self)
            }
        )*
        $(
            #[inline]
            fn $binary(self, other: Self) -> Self {
                Var::$binary(self, other)
            }
        )*
    };
}

/// Values decide which branch of a rule is taken.
impl<T: Real> Algebra for Var<T> {
    type Mask = bool;

    fn constant(value: f64) -> Self {
        Var::constant(T::from_f64(value))
    }

    fn min_positive() -> Self {
        Var::constant(T::min_positive_value())
    }

    fn lt(self, other: Self) -> bool {
        self.value() < other.value()
    }

    fn le(self, other: Self) -> bool {
        self.value() <= other.value()
    }

    fn eq(self, other: Self) -> bool {
        self.value() == other.value()
    }

    fn is_nan(self) -> bool {
        Float::is_nan(self.value())
    }

    fn or(one: bool, other: bool) -> bool {
        one | other
    }

    fn and(one: bool, other: bool) -> bool {
        one & other
    }

    fn select(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }

    fn powi(self, exponent: i32) -> Self {
        Var::powi(self, exponent)
    }

    functions!(of_variables);
}

/// A tensor, or a number for every element of one.
#[derive(Clone, Copy)]
pub(super) enum Traced<T> {
    Number(T),
    Tensor(Tensor<T>),
}

/// The answer of a comparison: one for all elements, or one each.
#[derive(Clone, Copy)]
pub(super) enum TracedMask<T> {
    All(bool),
    Each(Mask<T>),
}

impl<T> From<Traced<T>> for Operand<T> {
    fn from(traced: Traced<T>) -> Self {
        match traced {
            Traced::Number(number) => Self::Number(number),
            Traced::Tensor(tensor) => Self::Tensor(tensor),
        }
    }
}

impl<T: Real> Traced<T> {
    fn both(self, other: Self, numbers: impl FnOnce(T, T) -> T, op: Binary) -> Self {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Self::Number(numbers(a, b)),
            (Self::Tensor(a), b) => Self::Tensor(a.record_before(op, b)),
            (Self::Number(a), Self::Tensor(b)) => Self::Tensor(b.record_behind(op, a)),
        }
    }

    fn compare(
        self,
        other: Self,
        numbers: impl FnOnce(T, T) -> bool,
        forwards: impl FnOnce(Tensor<T>, Self) -> Mask<T>,
        backwards: impl FnOnce(Tensor<T>, T) -> Mask<T>,
    ) -> TracedMask<T> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => TracedMask::All(numbers(a, b)),
            (Self::Tensor(a), b) => TracedMask::Each(forwards(a, b)),
            (Self::Number(a), Self::Tensor(b)) => TracedMask::Each(backwards(b, a)),
        }
    }
}

impl<T: Real> TracedMask<T> {
    /// Two masks as one: `absorbing` is the answer that decides alone.
    fn join(self, other: Self, absorbing: bool, join: impl FnOnce(Tensor<T>, Tensor<T>) -> Tensor<T>) -> Self {
        match (self, other) {
            (Self::All(answer), _) | (_, Self::All(answer)) if answer == absorbing => Self::All(absorbing),
            (Self::All(_), mask) | (mask, Self::All(_)) => mask,
            (Self::Each(one), Self::Each(other)) => Self::Each(join(one.to_tensor(), other.to_tensor()).ne(T::zero())),
        }
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident)*) => {$(
        impl<T: Real> ops::$trait for Traced<T> {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                self.both(other, ops::$trait::$method, Binary::$trait)
            }
        }
    )*};
}
operators!(Add add Sub sub Mul mul Div div Rem rem);

impl<T: Real> ops::Neg for Traced<T> {
    type Output = Self;

    fn neg(self) -> Self {
        match self {
            Self::Number(x) => Self::Number(-x),
            Self::Tensor(x) => Self::Tensor(-x),
        }
    }
}

macro_rules! of_tensors {
    ($($unary:ident)*; powf log atan2 hypot copysign max min polygamma) => {
        $(
            fn $unary(self) -> Self {
                match self {
                    Self::Number(x) => Self::Number(Algebra::$unary(x)),
                    Self::Tensor(x) => Self::Tensor(x.$unary()),
                }
            }
        )*
        of_tensors!(@binary powf Pow, log Log, atan2 Atan2, hypot Hypot, copysign Copysign, max Max, min Min,
            polygamma Polygamma);
    };
    (@binary $($binary:ident $rule:ident),*) => {
        $(
            fn $binary(self, other: Self) -> Self {
                self.both(other, Algebra::$binary, Binary::$rule)
            }
        )*
    };
}

/// Every element takes its own branch: both are recorded, and a mask that is a constant of the tape chooses.
impl<T: Real> Algebra for Traced<T> {
    type Mask = TracedMask<T>;

    fn constant(value: f64) -> Self {
        Self::Number(T::from_f64(value))
    }

    fn min_positive() -> Self {
        Self::Number(T::min_positive_value())
    }

    fn lt(self, other: Self) -> TracedMask<T> {
        self.compare(other, |a, b| a < b, |a, b| a.lt(b), |b, a| b.gt(a))
    }

    fn le(self, other: Self) -> TracedMask<T> {
        self.compare(other, |a, b| a <= b, |a, b| a.le(b), |b, a| b.ge(a))
    }

    fn eq(self, other: Self) -> TracedMask<T> {
        self.compare(other, |a, b| a == b, |a, b| a.eq(b), |b, a| b.eq(a))
    }

    fn is_nan(self) -> TracedMask<T> {
        match self {
            Self::Number(x) => TracedMask::All(Float::is_nan(x)),
            Self::Tensor(x) => TracedMask::Each(x.ne(x)),
        }
    }

    fn or(one: TracedMask<T>, other: TracedMask<T>) -> TracedMask<T> {
        one.join(other, true, |one, other| one + other)
    }

    fn and(one: TracedMask<T>, other: TracedMask<T>) -> TracedMask<T> {
        one.join(other, false, |one, other| one * other)
    }

    fn select(mask: TracedMask<T>, yes: Self, no: Self) -> Self {
        match mask {
            TracedMask::All(true) => yes,
            TracedMask::All(false) => no,
            TracedMask::Each(mask) => Self::Tensor(mask.select(yes, no)),
        }
    }

    fn powi(self, exponent: i32) -> Self {
        match self {
            Self::Number(x) => Self::Number(Algebra::powi(x, exponent)),
            Self::Tensor(x) => Self::Tensor(x.powi(exponent)),
        }
    }

    functions!(of_tensors);
}
