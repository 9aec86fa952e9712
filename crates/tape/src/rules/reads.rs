//! Which of its operands, output and adjoint does a share read? The rule itself tells: it is asked to compute with sets.

use std::ops;

use super::Algebra;

/// What something was computed from: a set of the values that were handed to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reads(u8);

impl Reads {
    const NOTHING: Self = Self(0);
    /// The first operand, or the only one.
    pub(crate) const LEFT: Self = Self(1);
    pub(crate) const RIGHT: Self = Self(2);
    pub(crate) const OUTPUT: Self = Self(4);
    pub(crate) const ADJOINT: Self = Self(8);

    #[inline(always)]
    pub(crate) fn contains(self, value: Self) -> bool {
        self.0 & value.0 == value.0
    }

    #[inline(always)]
    fn and_also(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident),*) => {
        $(impl ops::$trait for Reads {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.and_also(other)
            }
        })*
    };
}
operators!(Add add, Sub sub, Mul mul, Div div, Rem rem);

impl ops::Neg for Reads {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self
    }
}

macro_rules! functions {
    (of one: $($unary:ident)*; of two: $($binary:ident)*;) => {
        $(
            #[inline(always)]
            fn $unary(self) -> Self { self }
        )*
        $(
            #[inline(always)]
            fn $binary(self, other: Self) -> Self { self.and_also(other) }
        )*
    };
}

impl Algebra for Reads {
    type Mask = Self;

    functions! {
        of one: is_nan abs signum floor ceil round trunc fract recip sqrt cbrt exp exp2 exp_m1 ln log2 log10 ln_1p
            sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh to_degrees to_radians
            sigmoid erf erfc normal_cdf lgamma digamma;
        of two: lt le eq powf log atan2 hypot copysign max min polygamma;
    }

    #[inline(always)]
    fn constant(_: f64) -> Self {
        Self::NOTHING
    }

    #[inline(always)]
    fn min_positive() -> Self {
        Self::NOTHING
    }

    #[inline(always)]
    fn or(one: Self, other: Self) -> Self {
        one.and_also(other)
    }

    #[inline(always)]
    fn and(one: Self, other: Self) -> Self {
        one.and_also(other)
    }

    #[inline(always)]
    fn select(mask: Self, yes: Self, no: Self) -> Self {
        mask.and_also(yes).and_also(no)
    }

    #[inline(always)]
    fn powi(self, _: i32) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Binary, Unary};

    #[test]
    fn a_rule_tells_what_it_reads() {
        let of = |rule: Unary| rule.share(Reads::LEFT, Reads::OUTPUT, Reads::ADJOINT);
        assert_eq!(of(Unary::Tanh), Reads::OUTPUT.and_also(Reads::ADJOINT));
        assert_eq!(of(Unary::Sin), Reads::LEFT.and_also(Reads::ADJOINT));
        assert_eq!(of(Unary::Neg), Reads::ADJOINT);
        let [left, right, output, g] = [Reads::LEFT, Reads::RIGHT, Reads::OUTPUT, Reads::ADJOINT];
        assert_eq!(Binary::Mul.left(left, right, output, g), right.and_also(g));
        assert_eq!(Binary::Mul.right(left, right, output, g), left.and_also(g));
        assert_eq!(Binary::Add.left(left, right, output, g), g);
        assert!(Binary::Div.right(left, right, output, g).contains(output));
    }
}
