//! Which of its operands a derivative rule looks at.
//!
//! A share is written in terms of operands, output and adjoint, and most rules use few of them. Evaluating the rule with
//! sets instead of numbers tells which: what it does not use need not be kept, nor computed at all.

use std::ops;

use crate::rules::{Algebra, Binary, Powi, Unary, UnaryRule};

/// The operands that an intermediate result was made of, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Uses(u8);

/// The bits of `x, y, g`, or of `a, b, y, g`: the order in which shares take them.
const OPERANDS: [Uses; 4] = [Uses(1), Uses(2), Uses(4), Uses(8)];

/// Whether the share of `rule(x)` uses `[x, y, g]`.
pub(super) fn unary(rule: Unary) -> [bool; 4] {
    let [x, y, g, _] = OPERANDS;
    rule.share(x, y, g).bits()
}

/// The same for an integer power.
pub(super) fn powi(n: i32) -> [bool; 4] {
    let [x, y, g, _] = OPERANDS;
    Powi(n).share(x, y, g).bits()
}

/// Whether the left operand's share of `rule(a, b)` uses `[a, b, y, g]`.
pub(super) fn left(rule: Binary) -> [bool; 4] {
    let [a, b, y, g] = OPERANDS;
    rule.left(a, b, y, g).bits()
}

/// Whether the right operand's share does.
pub(super) fn right(rule: Binary) -> [bool; 4] {
    let [a, b, y, g] = OPERANDS;
    rule.right(a, b, y, g).bits()
}

impl Uses {
    /// What either was made of.
    fn and_of(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn bits(self) -> [bool; 4] {
        OPERANDS.map(|operand| self.0 & operand.0 != 0)
    }
}

macro_rules! union {
    ($($trait:ident $method:ident),*) => {
        $(impl ops::$trait for Uses {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                self.and_of(other)
            }
        })*
    };
}
union!(Add add, Sub sub, Mul mul, Div div, Rem rem);

impl ops::Neg for Uses {
    type Output = Self;

    fn neg(self) -> Self {
        self
    }
}

macro_rules! uses {
    (same: $($same:ident)*; both: $($both:ident)*;) => {
        impl Algebra for Uses {
            type Mask = Self;

            fn constant(_: f64) -> Self {
                Self(0)
            }

            fn min_positive() -> Self {
                Self(0)
            }

            fn or(one: Self, other: Self) -> Self {
                one + other
            }

            fn and(one: Self, other: Self) -> Self {
                one + other
            }

            fn select(mask: Self, yes: Self, no: Self) -> Self {
                mask + yes + no
            }

            fn powi(self, _: i32) -> Self {
                self
            }

            $(fn $same(self) -> Self { self })*
            $(fn $both(self, other: Self) -> Self { self + other })*
        }
    };
}
uses! {
    same: is_nan abs signum floor ceil round trunc fract recip sqrt cbrt exp exp2 exp_m1 ln log2 log10 ln_1p sin cos tan
        asin acos atan sinh cosh tanh asinh acosh atanh to_degrees to_radians sigmoid erf erfc
        normal_cdf lgamma digamma;
    both: lt le eq powf log atan2 hypot copysign max min polygamma;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_uses_what_its_formula_names() {
        assert_eq!(unary(Unary::Exp), [false, true, true, false]);
        assert_eq!(unary(Unary::Sin), [true, false, true, false]);
        assert_eq!(left(Binary::Mul), [false, true, false, true]);
        assert_eq!(right(Binary::Div), [false, true, true, true]);
        assert_eq!(powi(3), [true, false, true, false]);
        assert_eq!(powi(0), [false; 4], "the power of zero is one everywhere");
    }
}
