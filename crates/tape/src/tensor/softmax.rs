//! Exponentials that are summed without overflow: softmax, its logarithm, and the logarithm of the sum.

use super::{Axes, Tensor};
use crate::error::{Error, unwrap};
use crate::op::Extreme;
use crate::real::Real;
use crate::tape::Storage;

impl<T: Real> Tensor<T> {
    /// `ln(sum(exp(x)))` over some axes, without overflow: the largest element is subtracted first.
    ///
    /// Where all elements are minus infinity, as where there are none, it is minus infinity, with zero gradient.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1000.0, 1000.0]);
    /// assert_eq!(x.logsumexp(-1).item(), 1000.0 + 2.0_f64.ln());
    /// assert_eq!(x.logsumexp(..).backward()[x].as_slice(), Some(&[0.5, 0.5][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn logsumexp(self, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_logsumexp(axes))
    }

    /// As [`logsumexp`](Self::logsumexp).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice.
    #[track_caller]
    pub fn try_logsumexp(self, axes: impl Into<Axes>) -> Result<Self, Error> {
        let axes = axes.into();
        let kept = Axes::keep(axes.clone());
        if self.try_count(&axes, "logsumexp")? == 0 {
            return self.try_sum_named(&axes, "logsumexp")?.try_add(T::neg_infinity());
        }
        let largest = self.detach().try_first_extreme(Extreme::Max, &kept, "logsumexp")?;
        let largest = largest.abs().eq(T::infinity()).try_select(T::zero(), largest)?;
        let total = self.try_sub(largest)?.exp().try_sum_named(&axes, "logsumexp")?;
        // Without a finite element the total is 0, whose logarithm would pass an infinite adjoint on.
        let positive = total.gt(T::zero());
        let log = positive.try_select(total, T::one())?.ln();
        let log = positive.try_select(log, total.try_add(T::neg_infinity())?)?;
        log.try_add(largest.try_reshape(log.shape())?)
    }

    /// `exp(x) / sum(exp(x))` along an axis, without overflow. A line that is all minus infinity, as where everything is
    /// masked, becomes zeros, with zero gradient.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let masked = f64::NEG_INFINITY;
    /// let x = tape.variable([[3.0, 3.0], [1000.0, masked], [masked, masked]]);
    /// assert_eq!(x.softmax(-1).to_array().as_slice(), Some(&[0.5, 0.5, 1.0, 0.0, 0.0, 0.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn softmax(self, axis: isize) -> Self {
        unwrap(self.try_softmax(axis))
    }

    /// As [`softmax`](Self::softmax).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    #[track_caller]
    pub fn try_softmax(self, axis: isize) -> Result<Self, Error> {
        self.along_last(axis, "softmax", Storage::softmax)
    }

    /// The logarithms of the softmax along an axis: `x - ln(sum(exp(x)))`, without overflow. A line that is all minus
    /// infinity stays so, with zero gradient.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1000.0, 1000.0]]);
    /// assert_eq!(x.log_softmax(-1).to_array().as_slice(), Some(&[-2.0_f64.ln(); 2][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn log_softmax(self, axis: isize) -> Self {
        unwrap(self.try_log_softmax(axis))
    }

    /// As [`log_softmax`](Self::log_softmax).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    #[track_caller]
    pub fn try_log_softmax(self, axis: isize) -> Result<Self, Error> {
        self.along_last(axis, "log_softmax", Storage::log_softmax)
    }

    /// What is made of the lines along an axis, by an operation along the last.
    #[track_caller]
    fn along_last(
        self,
        axis: isize,
        operation: &'static str,
        record: impl FnOnce(&mut Storage<T>, u32) -> Self,
    ) -> Result<Self, Error> {
        let last = self.on_tape(operation, |tape| {
            let shape = tape.shape(self.node);
            Ok(shape.axis(axis, operation)? + 1 == shape.rank())
        })?;
        if last {
            return self.on_tape(operation, |tape| Ok(record(tape, self.node)));
        }
        let turned = self.try_transpose(axis, -1)?;
        turned.on_tape(operation, |tape| Ok(record(tape, turned.node)))?.try_transpose(axis, -1)
    }
}
