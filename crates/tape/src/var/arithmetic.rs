//! Operators between variables, references to them and plain numbers on either side; sums and products.

use std::iter::{Product, Sum};
use std::ops;

use num_traits::{One, Zero};

use super::Var;
use crate::real::Real;

impl<T: Real> ops::Neg for Var<T> {
    type Output = Self;

    #[inline]
    #[track_caller]
    fn neg(self) -> Self {
        Self::neg(self)
    }
}

impl<T: Real> ops::Neg for &Var<T> {
    type Output = Var<T>;

    #[inline]
    #[track_caller]
    fn neg(self) -> Var<T> {
        Var::neg(*self)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $assign_trait:ident $assign:ident),*) => {$(
        operators!(@binary $trait $method, Var<T>, Var<T>, |a, b| a, b);
        operators!(@binary $trait $method, Var<T>, &Var<T>, |a, b| a, *b);
        operators!(@binary $trait $method, &Var<T>, Var<T>, |a, b| *a, b);
        operators!(@binary $trait $method, &Var<T>, &Var<T>, |a, b| *a, *b);
        operators!(@binary $trait $method, Var<T>, T, |a, b| a, Var::constant(b));
        operators!(@binary $trait $method, &Var<T>, T, |a, b| *a, Var::constant(b));
        operators!(@number $trait $method, f32);
        operators!(@number $trait $method, f64);

        impl<T: Real, R> ops::$assign_trait<R> for Var<T>
        where
            Self: ops::$trait<R, Output = Self>,
        {
            #[inline]
            #[track_caller]
            fn $assign(&mut self, other: R) {
                *self = ops::$trait::$method(*self, other);
            }
        }
    )*};
    (@binary $trait:ident $method:ident, $left:ty, $right:ty, |$a:ident, $b:ident| $x:expr, $y:expr) => {
        impl<T: Real> ops::$trait<$right> for $left {
            type Output = Var<T>;

            #[inline(always)]
            #[track_caller]
            fn $method(self, other: $right) -> Var<T> {
                let ($a, $b) = (self, other);
                Var::$method($x, $y)
            }
        }
    };
    (@number $trait:ident $method:ident, $number:ident) => {
        impl ops::$trait<Var<$number>> for $number {
            type Output = Var<$number>;

            #[inline(always)]
            #[track_caller]
            fn $method(self, other: Var<$number>) -> Var<$number> {
                Var::$method(Var::constant(self), other)
            }
        }

        impl ops::$trait<&Var<$number>> for $number {
            type Output = Var<$number>;

            #[inline]
            #[track_caller]
            fn $method(self, other: &Var<$number>) -> Var<$number> {
                Var::$method(Var::constant(self), *other)
            }
        }
    };
}
operators!(Add add AddAssign add_assign, Sub sub SubAssign sub_assign, Mul mul MulAssign mul_assign,
    Div div DivAssign div_assign, Rem rem RemAssign rem_assign);

impl<T: Real> Sum for Var<T> {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.reduce(|sum, x| sum + x).unwrap_or_else(Self::zero)
    }
}

impl<'a, T: Real> Sum<&'a Self> for Var<T> {
    fn sum<I: Iterator<Item = &'a Self>>(iter: I) -> Self {
        iter.copied().sum()
    }
}

impl<T: Real> Product for Var<T> {
    fn product<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.reduce(|product, x| product * x).unwrap_or_else(Self::one)
    }
}

impl<'a, T: Real> Product<&'a Self> for Var<T> {
    fn product<I: Iterator<Item = &'a Self>>(iter: I) -> Self {
        iter.copied().product()
    }
}
