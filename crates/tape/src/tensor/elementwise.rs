//! Elementwise operations of tensors: the table's methods, comparisons and selection, operators.

use std::ops;

use ndarray::SliceInfoElem;

use super::{Operand, Tensor};
use crate::error::{Error, unwrap};
use crate::kernel;
use crate::op::Comparison;
use crate::real::Real;
use crate::rules::{Binary, BinaryRule, Unary, UnaryRule, binary_methods, try_binary_methods, unary_methods};
use crate::var::Var;

impl<T: Real> Tensor<T> {
    /// Whether every element is zero. While a program is recorded, that is not known.
    pub(crate) fn is_zero(self) -> Result<bool, Error> {
        Ok(!Mask(self).may_hold()?)
    }

    unary_methods!(record);
    binary_methods!(record_with, impl Into<Operand<T>>);
    try_binary_methods!(try_record_with, impl Into<Operand<T>>);

    /// `x^n` for an integer n; derivative `n x^(n-1)`, and 0 everywhere if n is 0.
    #[must_use]
    #[track_caller]
    pub fn powi(self, n: i32) -> Self {
        unwrap(self.on_tape("powi", |tape| Ok(tape.powi(n, self.node))))
    }

    /// The gated linear unit along an axis of even length: the first half times the [`sigmoid`](Self::sigmoid) of the second.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[3.0, 0.0], [5.0, 0.0]]);
    /// let y = x.glu(-1);
    /// assert_eq!(y.shape(), [2, 1]);
    /// assert_eq!(y.to_array().as_slice(), Some(&[1.5, 2.5][..]));
    /// assert_eq!(y.sum().backward()[x].as_slice(), Some(&[0.5, 0.75, 0.5, 1.25][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn glu(self, axis: isize) -> Self {
        unwrap(self.try_glu(axis))
    }

    /// As [`glu`](Self::glu).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if its length is odd.
    #[track_caller]
    pub fn try_glu(self, axis: isize) -> Result<Self, Error> {
        let (shape, axis) = self.on_tape("glu", |tape| {
            let shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "glu")?;
            Ok((shape, axis))
        })?;
        if shape[axis] % 2 != 0 {
            return Err(Error::Shape { operation: "glu", shape, rule: "the axis must have an even length" });
        }
        let half = (shape[axis] / 2) as isize;
        let part = |start, end| {
            let mut slices = vec![SliceInfoElem::from(..); shape.rank()];
            slices[axis] = SliceInfoElem::Slice { start, end, step: 1 };
            self.try_slice(slices)
        };
        let gate = part(half, None)?.try_unary(Unary::Sigmoid)?;
        part(0, Some(half))?.try_mul(gate)
    }

    #[track_caller]
    fn record(self, op: Unary, _: impl UnaryRule) -> Self {
        unwrap(self.try_unary(op))
    }

    #[track_caller]
    fn try_unary(self, op: Unary) -> Result<Self, Error> {
        self.on_tape(op.name(), |tape| Ok(tape.unary(op, self.node)))
    }

    #[track_caller]
    fn record_with(self, op: Binary, _: impl BinaryRule, other: impl Into<Operand<T>>) -> Self {
        unwrap(self.try_record_with(op, other))
    }

    #[track_caller]
    fn try_record_with(self, op: Binary, other: impl Into<Operand<T>>) -> Result<Self, Error> {
        let other = other.into();
        self.on_tape(op.name(), |tape| {
            let other = tape.operand(other, op.name())?;
            tape.binary(op, self.node, other)
        })
    }

    /// The operation with this tensor on the left.
    #[track_caller]
    pub(crate) fn record_before(self, op: Binary, right: impl Into<Operand<T>>) -> Self {
        unwrap(self.try_record_with(op, right))
    }

    /// The operation with this tensor on the right.
    #[track_caller]
    pub(crate) fn record_behind(self, op: Binary, left: impl Into<Operand<T>>) -> Self {
        let left = left.into();
        unwrap(self.on_tape(op.name(), |tape| {
            let left = tape.operand(left, op.name())?;
            tape.binary(op, left, self.node)
        }))
    }

    #[track_caller]
    fn compare(self, comparison: Comparison, other: impl Into<Operand<T>>) -> Result<Mask<T>, Error> {
        let other = other.into();
        self.on_tape(comparison.name(), |tape| {
            let other = tape.operand(other, comparison.name())?;
            tape.compare(comparison, self.node, other).map(Mask)
        })
    }

    /// Less than, elementwise.
    #[must_use]
    #[track_caller]
    pub fn lt(self, other: impl Into<Operand<T>>) -> Mask<T> {
        unwrap(self.compare(Comparison::Less, other))
    }

    /// Less than or equal, elementwise.
    #[must_use]
    #[track_caller]
    pub fn le(self, other: impl Into<Operand<T>>) -> Mask<T> {
        unwrap(self.compare(Comparison::LessOrEqual, other))
    }

    /// Greater than, elementwise.
    #[must_use]
    #[track_caller]
    pub fn gt(self, other: impl Into<Operand<T>>) -> Mask<T> {
        unwrap(self.compare(Comparison::Greater, other))
    }

    /// Greater than or equal, elementwise.
    #[must_use]
    #[track_caller]
    pub fn ge(self, other: impl Into<Operand<T>>) -> Mask<T> {
        unwrap(self.compare(Comparison::GreaterOrEqual, other))
    }

    /// Equal, elementwise.
    #[must_use]
    #[track_caller]
    pub fn eq(self, other: impl Into<Operand<T>>) -> Mask<T> {
        unwrap(self.compare(Comparison::Equal, other))
    }

    /// Not equal, elementwise.
    #[must_use]
    #[track_caller]
    pub fn ne(self, other: impl Into<Operand<T>>) -> Mask<T> {
        unwrap(self.compare(Comparison::NotEqual, other))
    }
}

/// Yes or no for every element: what comparing tensors gives. It has no derivative.
#[derive(Debug, Clone, Copy)]
pub struct Mask<T>(Tensor<T>);

impl<T: Real> Mask<T> {
    /// A mask of a tensor of ones and zeros, without a derivative.
    pub(crate) fn new(tensor: Tensor<T>) -> Self {
        Self(tensor)
    }

    /// `yes` where the mask holds, `no` elsewhere; all three broadcast. What was not selected gets no gradient, whatever
    /// its own derivative is.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([4.0, -4.0]);
    /// let y = x.gt(0.0).select(x.sqrt(), x);
    /// assert_eq!(y.to_array().as_slice(), Some(&[2.0, -4.0][..]));
    /// assert_eq!(y.sum().backward()[x].as_slice(), Some(&[0.25, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn select(self, yes: impl Into<Operand<T>>, no: impl Into<Operand<T>>) -> Tensor<T> {
        unwrap(self.try_select(yes, no))
    }

    /// As [`select`](Self::select).
    ///
    /// # Errors
    /// [`Error::Broadcast`] if the three shapes do not broadcast.
    #[track_caller]
    pub fn try_select(self, yes: impl Into<Operand<T>>, no: impl Into<Operand<T>>) -> Result<Tensor<T>, Error> {
        let (yes, no) = (yes.into(), no.into());
        self.0.on_tape("select", |tape| {
            let (yes, no) = (tape.operand(yes, "select")?, tape.operand(no, "select")?);
            tape.select(self.0.node, yes, no)
        })
    }

    /// Whether there may be an element where the mask holds. While a program is recorded, there always may.
    pub(crate) fn may_hold(self) -> Result<bool, Error> {
        self.0.on_tape("select", |tape| {
            let view = tape.slot(self.0.node).view();
            let holds = tape.look_at("select").is_err() || kernel::any_nonzero(view, &tape.scratch);
            tape.scratch.reset();
            Ok(holds)
        })
    }

    /// The mask as a constant tensor: 1 where it holds, 0 elsewhere.
    #[must_use]
    pub fn to_tensor(self) -> Tensor<T> {
        self.0
    }
}

impl<T: Real> ops::Neg for Tensor<T> {
    type Output = Self;

    #[track_caller]
    fn neg(self) -> Self {
        Self::neg(self)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $assign_trait:ident $assign:ident),*) => {$(
        impl<T: Real, R: Into<Operand<T>>> ops::$trait<R> for Tensor<T> {
            type Output = Self;

            #[track_caller]
            fn $method(self, other: R) -> Self {
                Self::$method(self, other)
            }
        }

        impl<T: Real, R: Into<Operand<T>>> ops::$assign_trait<R> for Tensor<T> {
            #[track_caller]
            fn $assign(&mut self, other: R) {
                *self = Self::$method(*self, other);
            }
        }

        impl<T: Real> ops::$trait<Tensor<T>> for Var<T> {
            type Output = Tensor<T>;

            #[track_caller]
            fn $method(self, other: Tensor<T>) -> Tensor<T> {
                other.record_behind(Binary::$trait, self)
            }
        }

        operators!(@number $trait $method f32);
        operators!(@number $trait $method f64);
    )*};
    (@number $trait:ident $method:ident $number:ident) => {
        impl ops::$trait<Tensor<$number>> for $number {
            type Output = Tensor<$number>;

            #[track_caller]
            fn $method(self, other: Tensor<$number>) -> Tensor<$number> {
                other.record_behind(Binary::$trait, self)
            }
        }
    };
}
operators!(Add add AddAssign add_assign, Sub sub SubAssign sub_assign, Mul mul MulAssign mul_assign,
    Div div DivAssign div_assign, Rem rem RemAssign rem_assign);
