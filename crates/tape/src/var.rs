//! `Var`, the scalar handle: a number that remembers how it was computed.

use std::cmp::Ordering;
use std::fmt;
use std::iter::{Product, Sum};
use std::num::FpCategory;
use std::ops;

use num_traits::{Float, FloatConst, FromPrimitive, Num, NumCast, One, Signed, ToPrimitive, Zero};

use crate::error::{Error, unwrap};
use crate::gradients::Gradients;
use crate::guard::{Asked, Guard, Question};
use crate::living;
use crate::op::{Node, Op};
use crate::real::Real;
use crate::rules::{Binary, BinaryRule, Unary, UnaryRule, binary_methods, unary_methods};
use crate::sweep;
use crate::tape::Storage;

/// A recorded number: its value, and the node of the tape that computed it.
///
/// `Var` is a full [`num_traits::Float`], so a function that is generic over `T: Float` differentiates unchanged. Its
/// value is, bit for bit, what the same method of the plain number returns. Comparisons look at the value alone; while a
/// [`ScalarProgram`](crate::ScalarProgram) is recorded, they and their answers are kept.
///
/// A constant is a `Var` without a node: computing with constants alone records nothing.
///
/// ```
/// use num_traits::Float;
///
/// fn kepler<T: Float>(mean_anomaly: T, eccentricity: T) -> T {
///     let mut anomaly = mean_anomaly;
///     for _ in 0..10 {
///         let error = anomaly - eccentricity * anomaly.sin() - mean_anomaly;
///         anomaly = anomaly - error / (T::one() - eccentricity * anomaly.cos());
///     }
///     anomaly
/// }
///
/// let slope = tape::derivative(|e| kepler(tape::Var::constant(0.8), e), 0.3);
/// // Kepler's equation E - e sin E = M, differentiated by hand: dE/de = sin E / (1 - e cos E).
/// let anomaly = kepler(0.8, 0.3);
/// assert!((slope - anomaly.sin() / (1.0 - 0.3 * anomaly.cos())).abs() < 1e-12);
/// ```
#[derive(Clone, Copy)]
pub struct Var<T = f64> {
    value: T,
    /// The recording in the upper half, the node in the lower; 0 for a constant. One word, so that the compiler passes a
    /// variable in two registers.
    handle: u64,
}

impl<T: Real> Var<T> {
    /// A number that is not differentiated.
    #[must_use]
    #[inline(always)]
    pub fn constant(value: T) -> Self {
        Self { value, handle: 0 }
    }

    #[inline(always)]
    pub(crate) fn new(value: T, node: u32, recording: u32) -> Self {
        Self { value, handle: (recording as u64) << 32 | node as u64 }
    }

    /// The number of the node; 0 for a constant.
    #[inline(always)]
    pub(crate) fn node(self) -> u32 {
        self.handle as u32
    }

    /// The recording that the node belongs to; 0 for a constant.
    #[inline(always)]
    pub(crate) fn recording(self) -> u32 {
        (self.handle >> 32) as u32
    }

    /// The plain number.
    ///
    /// While a [`ScalarProgram`](crate::ScalarProgram) is recorded, whoever asks may use it for anything: a replay where it
    /// would be another number reports that the path changed.
    #[must_use]
    #[inline(always)]
    #[track_caller]
    pub fn value(self) -> T {
        self.ask(Question::Same, Self::constant(self.value));
        self.value
    }

    /// The plain number, for the tape itself.
    #[inline(always)]
    pub(crate) fn number(self) -> T {
        self.value
    }

    /// The same number, not differentiated any further.
    #[must_use]
    #[track_caller]
    pub fn detach(self) -> Self {
        if self.recording() & living::WATCHED == 0 {
            return Self::constant(self.value);
        }
        self.push("detach", self.value, T::word_into_bits(0), Op::Detached)
    }

    /// Whether the number is a constant, through which nothing is differentiated.
    #[must_use]
    pub fn is_constant(self) -> bool {
        self.handle == 0
    }

    /// The gradients of this number with respect to everything that it was computed from.
    ///
    /// # Panics
    /// If it is a constant, if its tape was reset, rewound or dropped, or on another thread; see
    /// [`try_backward`](Self::try_backward).
    #[must_use]
    #[track_caller]
    pub fn backward(self) -> Gradients<T> {
        unwrap(self.try_backward())
    }

    /// The gradients of this number with respect to everything that it was computed from.
    ///
    /// # Errors
    /// [`Error::ConstantRoot`] if it is a constant, [`Error::Stale`] if its tape was reset, rewound or dropped,
    /// [`Error::OtherThread`] if the tape belongs to another thread.
    pub fn try_backward(self) -> Result<Gradients<T>, Error> {
        sweep::backward(self)
    }

    unary_methods!(record);
    binary_methods!(record_with, impl Into<Self>);

    /// `x^n` for an integer n; derivative `n x^(n-1)`, and 0 everywhere if n is 0.
    #[must_use]
    #[inline]
    #[track_caller]
    pub fn powi(self, n: i32) -> Self {
        let value = Float::powi(self.value, n);
        self.push("powi", value, T::word_into_bits(n.cast_unsigned()), Op::Powi)
    }

    /// `x a + b`, rounded once; partials `a`, `x` and 1.
    #[must_use]
    #[inline]
    #[track_caller]
    pub fn mul_add(self, a: impl Into<Self>, b: impl Into<Self>) -> Self {
        let (a, b) = (a.into(), b.into());
        let value = Float::mul_add(self.value, a.value, b.value);
        // Two operations, of which the second has the value of both: the product is rounded only there.
        let product = self.mul(a);
        match (product.recording(), b.recording()) {
            (0, _) => b.push("mul_add", value, product.value.into_bits(), Op::LeftConstant(Binary::Add)),
            (_, 0) => product.push("mul_add", value, b.value.into_bits(), Op::AddProductConstant),
            (left, right) if left == right => {
                product.push("mul_add", value, T::word_into_bits(b.node()), Op::AddProduct)
            }
            (_, other) => {
                let right = T::word_into_bits(b.node());
                product.push_across(other, "mul_add", value, right, Op::AddProduct)
            }
        }
    }

    /// The nearest number between two bounds: the variable itself between and at them, else the bound.
    ///
    /// # Panics
    /// If `min > max` or one of them is NaN.
    #[must_use]
    #[track_caller]
    pub fn clamp(self, min: impl Into<Self>, max: impl Into<Self>) -> Self {
        let (min, max) = (min.into(), max.into());
        assert!(min <= max, "clamp: min {:?} and max {:?}: min must not exceed max", min.value, max.value);
        let chosen = if self < min {
            min
        } else if self > max {
            max
        } else if self.value.is_nan() {
            // Not the variable itself: NaN has a NaN derivative.
            self.mul(Self::constant(self.value))
        } else {
            self
        };
        chosen.passed_on("clamp")
    }

    /// This number as the result of an operation that records nothing: a constant while recording is paused.
    #[inline(always)]
    #[track_caller]
    fn passed_on(self, operation: &'static str) -> Self {
        if self.is_constant() || living::is_recent::<T>(self.recording()) {
            return self;
        }
        let paused = living::with(self.recording(), self.node(), operation, |tape: &mut Storage<T>| tape.is_paused());
        if unwrap(paused) { self.detach() } else { self }
    }

    /// Records an operation of one operand.
    #[inline(always)]
    #[track_caller]
    fn record(self, op: Unary, rule: impl UnaryRule) -> Self {
        self.push(op.name(), rule.value(self.value), T::word_into_bits(0), Op::Unary(op))
    }

    /// Records an operation of two operands.
    #[inline(always)]
    #[track_caller]
    fn record_with(self, op: Binary, rule: impl BinaryRule, other: impl Into<Self>) -> Self {
        let other = other.into();
        let value = rule.value(self.value, other.value);
        match (self.recording(), other.recording()) {
            (_, 0) => self.push(op.name(), value, other.value.into_bits(), Op::RightConstant(op)),
            (0, _) => other.push(op.name(), value, self.value.into_bits(), Op::LeftConstant(op)),
            (left, right) if left == right => {
                self.push(op.name(), value, T::word_into_bits(other.node()), Op::Binary(op))
            }
            (_, number) => self.push_across(number, op.name(), value, T::word_into_bits(other.node()), Op::Binary(op)),
        }
    }

    /// The answer to a question about this number and another; a recording for a replay keeps both.
    #[inline(always)]
    #[track_caller]
    fn ask(self, question: Question, other: Self) -> u8 {
        if (self.recording() | other.recording()) & living::WATCHED != 0 {
            self.keep(question, other);
        }
        question.answer(self.value, other.value)
    }

    #[cold]
    #[track_caller]
    fn keep(self, question: Question, other: Self) {
        let both = [self, other];
        for watched in if self.recording() == other.recording() { &both[..1] } else { &both } {
            let recording = watched.recording();
            if recording & living::WATCHED == 0 {
                continue;
            }
            // What is of no tape or of another one is a constant to this recording.
            let asked =
                |var: Self| Asked { node: if var.recording() == recording { var.node() } else { 0 }, value: var.value };
            let guard = Guard::new(question, asked(self), asked(other));
            match living::with(recording, watched.node(), "comparison", |storage| storage.guards.push(guard)) {
                // A recording that is over is replayed already, and nobody waits for its questions.
                Ok(()) | Err(Error::Stale { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Records a node whose first operand this is, unless this is a constant.
    #[inline(always)]
    #[track_caller]
    fn push(self, operation: &'static str, value: T, right: T::Bits, op: Op) -> Self {
        if self.is_constant() {
            return Self::constant(value);
        }
        // The rare way gets the parts of the node, not the node: one that lies in memory for it is written piece by piece
        // and read as a whole, for which a processor has to wait.
        match living::push(self.recording(), Node { value, right, left: self.node(), op }) {
            Some(node) => Self::new(value, node, self.recording()),
            None => self.push_across(self.recording(), operation, value, right, op),
        }
    }

    /// Records a node where more is to be looked at than one number: the tape was not the last that was used, or is
    /// observed, or was rewound between the two operands. `number` is the recording of the second operand, if that is a node.
    #[cold]
    #[track_caller]
    fn push_across(self, number: u32, operation: &'static str, value: T, right: T::Bits, op: Op) -> Self {
        let node = Node { value, right, left: self.node(), op };
        unwrap(unwrap(living::with(self.recording(), self.node(), operation, |tape| {
            match node.op {
                Op::Binary(_) | Op::AddProduct => {
                    let right = (number, T::word_out_of_bits(node.right));
                    if !tape.owns(right.0, right.1) {
                        return Err(living::mismatch::<T>((self.recording(), self.node()), right, operation));
                    }
                }
                Op::Leaf
                | Op::Unary(_)
                | Op::Powi
                | Op::RightConstant(_)
                | Op::LeftConstant(_)
                | Op::AddProductConstant
                | Op::Detached
                | Op::Element
                | Op::Tensor => {}
            }
            Ok(tape.push_scalar(node))
        })))
    }
}

impl<T: Real> From<T> for Var<T> {
    fn from(value: T) -> Self {
        Self::constant(value)
    }
}

/// A variable is a scalar to `ndarray`: `array * var` multiplies every element.
impl<T: Real> ndarray::ScalarOperand for Var<T> {}

impl<T: Real> Default for Var<T> {
    fn default() -> Self {
        Self::constant(T::default())
    }
}

impl<T: Real> fmt::Display for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl<T: Real> fmt::LowerExp for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerExp::fmt(&self.value, f)
    }
}

impl<T: fmt::Debug> fmt::Debug for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.handle {
            0 => write!(f, "Var({:?}, constant)", self.value),
            handle => write!(f, "Var({:?}, node {} of recording {})", self.value, handle as u32, handle >> 32),
        }
    }
}

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
