//! `Var`, the scalar handle: a number that remembers how it was computed.

mod arithmetic;
mod compared;
mod numeric;

use std::fmt;

use num_traits::Float;

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
    #[inline(always)]
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
        } else {
            self.or_nan()
        };
        chosen.passed_on("clamp")
    }

    /// The number itself as the result of a selection: one that is NaN has a NaN derivative.
    #[track_caller]
    pub(crate) fn or_nan(self) -> Self {
        if self.value.is_nan() { self.mul(Self::constant(self.value)) } else { self }
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
        let value = rule.value(self.value);
        let kept =
            if op.keeps_partial() { rule.share(self.value, value, T::one()).into_bits() } else { T::word_into_bits(0) };
        self.push(op.name(), value, kept, Op::Unary(op))
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
