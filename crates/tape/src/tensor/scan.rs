//! Scans: what has come together up to each element along an axis.

use super::Tensor;
use crate::error::{Error, unwrap};
use crate::indices::Indices;
use crate::kernel::Search;
use crate::real::Real;
use crate::transpose::Linear;

impl<T: Real> Tensor<T> {
    /// The sum of each element and all before it along an axis.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0, 3.0]);
    /// assert_eq!(x.cumsum(0).to_array().as_slice(), Some(&[1.0, 3.0, 6.0][..]));
    /// assert_eq!(x.cumsum(0).sum().backward()[x].as_slice(), Some(&[3.0, 2.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cumsum(self, axis: isize) -> Self {
        unwrap(self.try_cumsum(axis))
    }

    /// As [`cumsum`](Self::cumsum).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    #[track_caller]
    pub fn try_cumsum(self, axis: isize) -> Result<Self, Error> {
        self.on_tape("cumsum", |tape| {
            let shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "cumsum")?;
            Ok(tape.linear(Linear::RunningSum { axis, reversed: false }, self.node, shape))
        })
    }

    /// The product of each element and all before it along an axis.
    ///
    /// The gradient is right with any number of zeros. The tape holds `log2 n` rounds of multiplications, in each of which
    /// every element takes in those twice as far before it, so derivatives of every order are exact.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([2.0, 0.0, 5.0]);
    /// assert_eq!(x.cumprod(0).to_array().as_slice(), Some(&[2.0, 0.0, 0.0][..]));
    /// assert_eq!(x.cumprod(0).sum().backward()[x].as_slice(), Some(&[1.0, 12.0, 0.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cumprod(self, axis: isize) -> Self {
        unwrap(self.try_cumprod(axis))
    }

    /// As [`cumprod`](Self::cumprod).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    #[track_caller]
    pub fn try_cumprod(self, axis: isize) -> Result<Self, Error> {
        self.try_scan(axis, "cumprod", Self::try_mul)
    }

    /// `ln(sum(exp(x)))` of each element and all before it along an axis, without overflow. Minus infinities at the
    /// beginning give minus infinities, with zero gradient.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let sums = tape.constant([-1000.0, 0.0, 0.0]).logcumsumexp(0).to_array();
    /// assert_eq!(sums.as_slice(), Some(&[-1000.0, 0.0, 2.0_f64.ln()][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn logcumsumexp(self, axis: isize) -> Self {
        unwrap(self.try_logcumsumexp(axis))
    }

    /// As [`logcumsumexp`](Self::logcumsumexp).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    #[track_caller]
    pub fn try_logcumsumexp(self, axis: isize) -> Result<Self, Error> {
        // An exponential of zero receives nothing, also where it is all there is.
        let infinite = self.eq(T::neg_infinity());
        infinite
            .try_select(T::neg_infinity(), self)?
            .try_scan(axis, "logcumsumexp", |later, earlier| Self::try_stack(&[later, earlier], 0)?.try_logsumexp(0))
    }

    /// Combines each element with all before it by an associative operation: after round r an element holds what `2^r`
    /// elements make together (W. D. Hillis, G. L. Steele, "Data parallel algorithms", 1986).
    #[track_caller]
    fn try_scan(
        self,
        axis: isize,
        operation: &'static str,
        combine: impl Fn(Self, Self) -> Result<Self, Error>,
    ) -> Result<Self, Error> {
        let length = self.on_tape(operation, |tape| {
            let shape = tape.shape(self.node);
            Ok(shape[shape.axis(axis, operation)?])
        })?;
        let (mut scanned, mut reach) = (self, 1);
        while reach < length {
            let later = scanned.try_narrow(axis, reach..length)?;
            let earlier = scanned.try_narrow(axis, 0..length - reach)?;
            scanned = Self::try_concat(&[scanned.try_narrow(axis, 0..reach)?, combine(later, earlier)?], axis)?;
            reach *= 2;
        }
        Ok(scanned)
    }

    /// The largest of each element and all before it along an axis, and where it is: the last of those that tie. A NaN
    /// stays from where it stands.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 3.0, 2.0, 3.0]);
    /// let (largest, places) = x.cummax(0);
    /// assert_eq!(largest.to_array().as_slice(), Some(&[1.0, 3.0, 3.0, 3.0][..]));
    /// assert_eq!(places.values(), [0, 1, 1, 3]);
    /// assert_eq!(largest.sum().backward()[x].as_slice(), Some(&[1.0, 2.0, 0.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cummax(self, axis: isize) -> (Self, Indices<'static>) {
        unwrap(self.try_cummax(axis))
    }

    /// As [`cummax`](Self::cummax).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    #[track_caller]
    pub fn try_cummax(self, axis: isize) -> Result<(Self, Indices<'static>), Error> {
        self.try_running_extreme(Search::RunningMax, axis, "cummax")
    }

    /// The smallest of each element and all before it along an axis, and where it is; as [`cummax`](Self::cummax).
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (smallest, places) = tape.constant([2.0, 3.0, 1.0, 1.0]).cummin(0);
    /// assert_eq!(smallest.to_array().as_slice(), Some(&[2.0, 2.0, 1.0, 1.0][..]));
    /// assert_eq!(places.values(), [0, 0, 2, 3]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cummin(self, axis: isize) -> (Self, Indices<'static>) {
        unwrap(self.try_cummin(axis))
    }

    /// As [`cummin`](Self::cummin).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    #[track_caller]
    pub fn try_cummin(self, axis: isize) -> Result<(Self, Indices<'static>), Error> {
        self.try_running_extreme(Search::RunningMin, axis, "cummin")
    }

    #[track_caller]
    fn try_running_extreme(
        self,
        search: Search,
        axis: isize,
        operation: &'static str,
    ) -> Result<(Self, Indices<'static>), Error> {
        self.on_tape(operation, |tape| {
            let shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, operation)?;
            let indices = tape.keep_places(search, self.node, axis, shape[axis]);
            let places = tape.show_places(indices, shape.clone(), shape[axis]);
            Ok((tape.linear(Linear::TakeAlong { axis, indices }, self.node, shape), places))
        })
    }
}
