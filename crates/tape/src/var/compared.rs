//! Comparisons of variables with variables and with plain numbers: by value, and kept where a replay asks again.

use std::cmp::Ordering;

use super::Var;
use crate::guard::Question;
use crate::real::Real;

macro_rules! comparisons {
    ($other:ty, |$operand:ident| $var:expr) => {
        impl<T: Real> PartialEq<$other> for Var<T> {
            #[inline]
            #[track_caller]
            fn eq(&self, $operand: &$other) -> bool {
                self.ask(Question::Equal, $var) == 1
            }

            #[inline]
            #[track_caller]
            #[allow(clippy::partialeq_ne_impl, reason = "the provided method would hide the caller's line")]
            fn ne(&self, $operand: &$other) -> bool {
                self.ask(Question::Equal, $var) == 0
            }
        }

        impl<T: Real> PartialOrd<$other> for Var<T> {
            #[inline]
            #[track_caller]
            fn partial_cmp(&self, $operand: &$other) -> Option<Ordering> {
                self.ask(Question::Order, $var);
                self.value.partial_cmp(&$var.value)
            }

            #[inline]
            #[track_caller]
            fn lt(&self, $operand: &$other) -> bool {
                self.ask(Question::Less, $var) == 1
            }

            #[inline]
            #[track_caller]
            fn le(&self, $operand: &$other) -> bool {
                self.ask(Question::LessOrEqual, $var) == 1
            }

            #[inline]
            #[track_caller]
            fn gt(&self, $operand: &$other) -> bool {
                $var.ask(Question::Less, *self) == 1
            }

            #[inline]
            #[track_caller]
            fn ge(&self, $operand: &$other) -> bool {
                $var.ask(Question::LessOrEqual, *self) == 1
            }
        }
    };
}
comparisons!(Self, |other| *other);
comparisons!(T, |other| Self::constant(*other));
