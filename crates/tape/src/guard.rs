//! What a recorded function asked of its numbers, so that a replay can tell whether it would take the same path.
//!
//! A comparison, a cast to an integer or a look at the plain number lets a value steer what is computed next without
//! leaving a node on the tape. A tape that records for a replay keeps each such question with its answer.

use std::cmp::Ordering;
use std::num::FpCategory;
use std::panic::Location;

use num_traits::Float;

use crate::real::Real;

/// A question about one number or two, whose answer is a small number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    Less,
    LessOrEqual,
    Equal,
    /// How the two are ordered.
    Order,
    /// Whether the two have the same bits: what a function that sees the plain number may depend on.
    Same,
    /// Whether the two have the same integer part: what a cast to an integer depends on.
    SameInteger,
    IsNan,
    IsInfinite,
    IsFinite,
    IsNormal,
    IsSubnormal,
    IsSignNegative,
    Classify,
}

impl Question {
    #[inline(always)]
    pub(crate) fn answer<T: Real>(self, a: T, b: T) -> u8 {
        match self {
            Self::Less => u8::from(a < b),
            Self::LessOrEqual => u8::from(a <= b),
            Self::Equal => u8::from(a == b),
            Self::Order => match a.partial_cmp(&b) {
                Some(Ordering::Less) => 0,
                Some(Ordering::Equal) => 1,
                Some(Ordering::Greater) => 2,
                None => 3,
            },
            Self::Same => u8::from(a.into_bits() == b.into_bits()),
            Self::SameInteger => {
                let (a, b) = (Float::trunc(a), Float::trunc(b));
                u8::from(a == b || (a.is_nan() && b.is_nan()))
            }
            Self::IsNan => u8::from(a.is_nan()),
            Self::IsInfinite => u8::from(a.is_infinite()),
            Self::IsFinite => u8::from(a.is_finite()),
            Self::IsNormal => u8::from(a.is_normal()),
            Self::IsSubnormal => u8::from(a.is_subnormal()),
            Self::IsSignNegative => u8::from(a.is_sign_negative()),
            Self::Classify => match a.classify() {
                FpCategory::Nan => 0,
                FpCategory::Infinite => 1,
                FpCategory::Zero => 2,
                FpCategory::Subnormal => 3,
                FpCategory::Normal => 4,
            },
        }
    }
}

/// A number that was asked about: its node, or 0 and its value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<T> {
    pub(crate) node: u32,
    pub(crate) value: T,
}

/// A question, what was answered, and where it was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard<T> {
    pub(crate) question: Question,
    pub(crate) answer: u8,
    pub(crate) left: Asked<T>,
    pub(crate) right: Asked<T>,
    pub(crate) location: &'static Location<'static>,
}

impl<T: Real> Guard<T> {
    #[track_caller]
    pub(crate) fn new(question: Question, left: Asked<T>, right: Asked<T>) -> Self {
        let answer = question.answer(left.value, right.value);
        Self { question, answer, left, right, location: Location::caller() }
    }
}
