//! Elementwise operations of more than two operands or settings: composed of rows of the table, for variables and tensors.

use std::ops;

use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::rules::Binary;
use crate::tape::Storage;
use crate::tensor::{Mask, Operand, Tensor};
use crate::var::Var;

impl<T: Real> Var<T> {
    /// The point that lies at the fraction `weight` of the way to `end`: `self (1 - weight) + end weight`, exact at both ends.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (start, end) = (tape.var(2.0), tape.var(10.0));
    /// let y = start.lerp(end, 0.25);
    /// assert_eq!(y.value(), 4.0);
    /// assert_eq!(y.backward()[end], 0.25);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn lerp(self, end: impl Into<Self>, weight: impl Into<Self>) -> Self {
        let weight = weight.into();
        let rest = Self::constant(T::one()).sub(weight);
        self.mul(rest).add(end.into().mul(weight))
    }

    /// The number itself above a threshold, `value` at and below it; NaN stays.
    ///
    /// ```
    /// assert_eq!(tape::derivative(|x| x.threshold(1.0, 5.0) * x, 3.0), 6.0);
    /// assert_eq!(tape::derivative(|x| x.threshold(3.0, 5.0) * x, 3.0), 5.0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn threshold(self, threshold: T, value: impl Into<Self>) -> Self {
        if self <= threshold { value.into() } else { self.or_nan() }
    }

    /// The nearest number between two bounds, with derivative 0 at the bounds, unlike [`clamp`](Self::clamp); NaN stays.
    ///
    /// ```
    /// assert_eq!(tape::derivative(|x| x.hard_tanh(-1.0, 1.0), 0.5), 1.0);
    /// assert_eq!(tape::derivative(|x| x.hard_tanh(-1.0, 1.0), 1.0), 0.0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn hard_tanh(self, min: T, max: T) -> Self {
        if self <= min {
            Self::constant(min)
        } else if self >= max {
            Self::constant(max)
        } else {
            self.or_nan()
        }
    }
}

impl<T: Real> Tensor<T> {
    /// `self a + b`, elementwise, rounded after the product and after the sum, unlike [`Var::mul_add`].
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0]);
    /// let y = x.mul_add(3.0, x);
    /// assert_eq!(y.to_array().as_slice(), Some(&[4.0, 8.0][..]));
    /// assert_eq!(y.sum().backward()[x].as_slice(), Some(&[4.0, 4.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mul_add(self, a: impl Into<Operand<T>>, b: impl Into<Operand<T>>) -> Self {
        unwrap(self.try_mul_add(a, b))
    }

    /// As [`mul_add`](Self::mul_add).
    ///
    /// # Errors
    /// [`Error::Broadcast`] if the three shapes do not broadcast.
    #[track_caller]
    pub fn try_mul_add(self, a: impl Into<Operand<T>>, b: impl Into<Operand<T>>) -> Result<Self, Error> {
        self.composed("mul_add", a, b, |tape, [x, a, b]| {
            let product = tape.binary(Binary::Mul, x, a)?;
            tape.binary(Binary::Add, product.node, b)
        })
    }

    /// The points that lie at the fraction `weight` of the way to `end`: `self (1 - weight) + end weight`, exact at both ends.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (start, weight) = (tape.variable([2.0, 4.0]), tape.variable([0.25, 0.5]));
    /// let y = start.lerp(10.0, weight);
    /// assert_eq!(y.to_array().as_slice(), Some(&[4.0, 7.0][..]));
    /// assert_eq!(y.sum().backward()[weight].as_slice(), Some(&[8.0, 6.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn lerp(self, end: impl Into<Operand<T>>, weight: impl Into<Operand<T>>) -> Self {
        unwrap(self.try_lerp(end, weight))
    }

    /// As [`lerp`](Self::lerp).
    ///
    /// # Errors
    /// [`Error::Broadcast`] if the three shapes do not broadcast.
    #[track_caller]
    pub fn try_lerp(self, end: impl Into<Operand<T>>, weight: impl Into<Operand<T>>) -> Result<Self, Error> {
        self.composed("lerp", end, weight, |tape, [start, end, weight]| {
            let one = tape.operand(Operand::Number(T::one()), "lerp")?;
            let rest = tape.binary(Binary::Sub, one, weight)?;
            let start = tape.binary(Binary::Mul, start, rest.node)?;
            let end = tape.binary(Binary::Mul, end, weight)?;
            tape.binary(Binary::Add, start.node, end.node)
        })
    }

    /// The nearest numbers between two bounds, which may be tensors. At a bound the derivative is 1 for the clamped tensor, and
    /// NaN passes through; where `min > max` the result is `max`.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, low) = (tape.variable([-2.0, 0.5, 1.0]), tape.variable([-1.0, 0.0, 0.0]));
    /// let y = x.clamp(low, 1.0);
    /// assert_eq!(y.to_array().as_slice(), Some(&[-1.0, 0.5, 1.0][..]));
    /// let gradients = y.sum().backward();
    /// assert_eq!(gradients[x].as_slice(), Some(&[0.0, 1.0, 1.0][..]));
    /// assert_eq!(gradients[low].as_slice(), Some(&[1.0, 0.0, 0.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn clamp(self, min: impl Into<Operand<T>>, max: impl Into<Operand<T>>) -> Self {
        unwrap(self.try_clamp(min, max))
    }

    /// As [`clamp`](Self::clamp).
    ///
    /// # Errors
    /// [`Error::Broadcast`] if the three shapes do not broadcast.
    #[track_caller]
    pub fn try_clamp(self, min: impl Into<Operand<T>>, max: impl Into<Operand<T>>) -> Result<Self, Error> {
        self.composed("clamp", min, max, |tape, [x, min, max]| {
            let raised = tape.binary(Binary::ClampMin, x, min)?;
            tape.binary(Binary::ClampMax, raised.node, max)
        })
    }

    /// The elements themselves above a threshold, `value` at and below it; NaN stays.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 3.0]);
    /// let y = x.threshold(1.0, -5.0);
    /// assert_eq!(y.to_array().as_slice(), Some(&[-5.0, 3.0][..]));
    /// assert_eq!(y.sum().backward()[x].as_slice(), Some(&[0.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn threshold(self, threshold: T, value: T) -> Self {
        self.le(threshold).select(value, self.or_nan())
    }

    /// The nearest numbers between two bounds, with derivative 0 at the bounds, unlike [`clamp`](Self::clamp); NaN stays.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([-2.0, 0.5, 1.0]);
    /// let y = x.hard_tanh(-1.0, 1.0);
    /// assert_eq!(y.to_array().as_slice(), Some(&[-1.0, 0.5, 1.0][..]));
    /// assert_eq!(y.sum().backward()[x].as_slice(), Some(&[0.0, 1.0, 0.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn hard_tanh(self, min: T, max: T) -> Self {
        self.le(min).select(min, self.ge(max).select(max, self.or_nan()))
    }

    /// The elements themselves as the result of a selection: those that are NaN have a NaN derivative.
    #[track_caller]
    fn or_nan(self) -> Self {
        let nan = self.is_nan();
        if unwrap(nan.may_hold()) { nan.select(self * self.detach(), self) } else { self }
    }

    /// The sine and the cosine.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (sin, cos) = tape.variable([0.0]).sin_cos();
    /// assert_eq!((sin.item(), cos.item()), (0.0, 1.0));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sin_cos(self) -> (Self, Self) {
        (self.sin(), self.cos())
    }

    /// Where the elements are not numbers.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([f64::NAN, f64::INFINITY, 1.0]);
    /// assert_eq!(x.is_nan().to_tensor().to_array().as_slice(), Some(&[1.0, 0.0, 0.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_nan(self) -> Mask<T> {
        self.ne(self)
    }

    /// Where the elements are neither infinite nor NaN.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([f64::NAN, f64::NEG_INFINITY, 1.0]);
    /// assert_eq!(x.is_finite().to_tensor().to_array().as_slice(), Some(&[0.0, 0.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_finite(self) -> Mask<T> {
        self.lt(T::infinity()) & self.gt(T::neg_infinity())
    }

    /// Where the elements are infinite.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([f64::NAN, f64::NEG_INFINITY, 1.0]);
    /// assert_eq!(x.is_infinite().to_tensor().to_array().as_slice(), Some(&[0.0, 1.0, 0.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_infinite(self) -> Mask<T> {
        self.eq(T::infinity()) | self.eq(T::neg_infinity())
    }

    /// An operation of three operands, whose shapes must broadcast.
    #[track_caller]
    fn composed(
        self,
        operation: &'static str,
        second: impl Into<Operand<T>>,
        third: impl Into<Operand<T>>,
        record: impl FnOnce(&mut Storage<T>, [u32; 3]) -> Result<Self, Error>,
    ) -> Result<Self, Error> {
        let (second, third) = (second.into(), third.into());
        self.on_tape(operation, |tape| {
            let (second, third) = (tape.operand(second, operation)?, tape.operand(third, operation)?);
            // Asked here, so that an error names this operation and not one that it is made of.
            let pair = tape.shape(self.node).broadcast(tape.shape(second), operation)?;
            pair.broadcast(tape.shape(third), operation)?;
            record(tape, [self.node, second, third])
        })
    }
}

macro_rules! mask_operators {
    ($($(#[doc = $text:literal])* $trait:ident $method:ident: $rule:ident;)*) => {$(
        $(#[doc = $text])*
        impl<T: Real> ops::$trait for Mask<T> {
            type Output = Self;

            #[track_caller]
            fn $method(self, other: Self) -> Self {
                let (one, other) = (self.to_tensor(), other.to_tensor());
                Self::new(one.$rule(other))
            }
        }
    )*};
}
mask_operators! {
    /// Where both masks hold.
    BitAnd bitand: mul;
    /// Where at least one of two masks holds.
    BitOr bitor: maximum;
}

/// Where the mask does not hold.
impl<T: Real> ops::Not for Mask<T> {
    type Output = Self;

    #[track_caller]
    fn not(self) -> Self {
        self.to_tensor().eq(T::zero())
    }
}
