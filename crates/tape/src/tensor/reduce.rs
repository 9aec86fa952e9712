//! Reductions: sums, means, products and extremes, over any axes.

use ndarray::ArrayD;

use super::axes::Lines;
use super::{Axes, Tensor};
use crate::error::{Error, unwrap};
use crate::op::Extreme;
use crate::real::Real;
use crate::record::reduced;
use crate::transpose::{AxisSet, Linear};

impl<T: Real> Tensor<T> {
    /// The sum of all elements; 0 for an empty tensor. The rounding error grows like the logarithm of their number.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum().item(), 10.0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sum(self) -> Self {
        unwrap(self.on_tape("sum", |tape| {
            let axes = AxisSet::all(tape.shape(self.node).rank());
            Ok(tape.sum(self.node, axes, false))
        }))
    }

    /// The sum over some axes, such as `-1`, `[0, 2]` or [`Axes::keep(-1)`](Axes::keep).
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.sum_axes(0).to_array().as_slice(), Some(&[4.0, 6.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sum_axes(self, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_sum_axes(axes))
    }

    /// As [`sum_axes`](Self::sum_axes).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice.
    #[track_caller]
    pub fn try_sum_axes(self, axes: impl Into<Axes>) -> Result<Self, Error> {
        self.try_sum_named(&axes.into(), "sum_axes")
    }

    /// The sum on behalf of an operation that a mistake is to be told of.
    #[track_caller]
    pub(super) fn try_sum_named(self, axes: &Axes, operation: &'static str) -> Result<Self, Error> {
        self.on_tape(operation, |tape| {
            let set = axes.resolve(tape.shape(self.node), operation)?;
            Ok(tape.sum(self.node, set, axes.kept()))
        })
    }

    /// The mean of all elements; NaN for an empty tensor.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0, 6.0, 7.0]);
    /// assert_eq!(x.mean().item(), 4.0);
    /// assert_eq!(x.mean().backward()[x].as_slice(), Some(&[0.25; 4][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mean(self) -> Self {
        let count = self.shape().size();
        self.sum() * T::from_f64(1.0 / count as f64)
    }

    /// The mean over some axes; NaN where they hold no element.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0], [3.0, 6.0]]);
    /// assert_eq!(x.mean_axes(0).to_array().as_slice(), Some(&[2.0, 4.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mean_axes(self, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_mean_axes(axes))
    }

    /// As [`mean_axes`](Self::mean_axes).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice.
    #[track_caller]
    pub fn try_mean_axes(self, axes: impl Into<Axes>) -> Result<Self, Error> {
        self.try_mean_named(&axes.into(), "mean_axes")
    }

    #[track_caller]
    pub(super) fn try_mean_named(self, axes: &Axes, operation: &'static str) -> Result<Self, Error> {
        let sum = self.try_sum_named(axes, operation)?;
        sum.try_mul(T::from_f64(1.0 / self.try_count(axes, operation)? as f64))
    }

    /// The product of all elements; 1 for an empty tensor.
    ///
    /// The gradient is right with any number of zeros: it multiplies the other elements and never divides. Elements are
    /// multiplied in pairs, so that the tape holds `log2 n` multiplications and derivatives of every order are exact.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([2.0, 0.0, 5.0]);
    /// assert_eq!(x.prod().item(), 0.0);
    /// assert_eq!(x.prod().backward()[x].as_slice(), Some(&[0.0, 10.0, 0.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn prod(self) -> Self {
        unwrap(self.try_prod_named(&Axes::from(..), "prod"))
    }

    /// The product over some axes, as [`prod`](Self::prod).
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.prod_axes(-1).to_array().as_slice(), Some(&[6.0, 120.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn prod_axes(self, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_prod_axes(axes))
    }

    /// As [`prod_axes`](Self::prod_axes).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice.
    #[track_caller]
    pub fn try_prod_axes(self, axes: impl Into<Axes>) -> Result<Self, Error> {
        self.try_prod_named(&axes.into(), "prod_axes")
    }

    #[track_caller]
    fn try_prod_named(self, axes: &Axes, operation: &'static str) -> Result<Self, Error> {
        let Lines { tensor, axis, mut length, output, .. } = self.try_lines(axes, operation)?;
        let along = axis as isize;
        if length == 0 {
            return tensor.try_sum_axes(along)?.try_add(T::one())?.try_reshape(output);
        }
        // The halves are views; what an odd length leaves over is multiplied in at the end.
        let (mut product, mut left_over) = (tensor, None::<Self>);
        while length > 1 {
            let half = length / 2;
            if length % 2 == 1 {
                let last = product.try_narrow(along, length - 1..length)?;
                left_over = Some(left_over.map_or(Ok(last), |product| product.try_mul(last))?);
            }
            product = product.try_narrow(along, 0..half)?.try_mul(product.try_narrow(along, half..2 * half)?)?;
            length = half;
        }
        left_over.map_or(Ok(product), |others| product.try_mul(others))?.try_reshape(output)
    }

    /// The largest of all elements; NaN if one is NaN. Elements that tie share the gradient evenly.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([3.0, 1.0, 3.0]);
    /// assert_eq!(x.max_all().item(), 3.0);
    /// assert_eq!(x.max_all().backward()[x].as_slice(), Some(&[0.5, 0.0, 0.5][..]));
    /// ```
    ///
    /// # Panics
    /// If the tensor is empty.
    #[must_use]
    #[track_caller]
    pub fn max_all(self) -> Self {
        unwrap(self.try_max_all())
    }

    /// As [`max_all`](Self::max_all).
    ///
    /// # Errors
    /// [`Error::Shape`] if the tensor is empty.
    #[track_caller]
    pub fn try_max_all(self) -> Result<Self, Error> {
        self.on_tape("max", |tape| tape.extreme(Extreme::Max, self.node))
    }

    /// The smallest of all elements; NaN if one is NaN. Elements that tie share the gradient evenly.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// assert_eq!(tape.constant([3.0, 1.0, 2.0]).min_all().item(), 1.0);
    /// ```
    ///
    /// # Panics
    /// If the tensor is empty.
    #[must_use]
    #[track_caller]
    pub fn min_all(self) -> Self {
        unwrap(self.try_min_all())
    }

    /// As [`min_all`](Self::min_all).
    ///
    /// # Errors
    /// [`Error::Shape`] if the tensor is empty.
    #[track_caller]
    pub fn try_min_all(self) -> Result<Self, Error> {
        self.on_tape("min", |tape| tape.extreme(Extreme::Min, self.node))
    }

    /// The largest element over some axes; NaN if one is NaN. Elements that tie share the gradient evenly, while
    /// [`max_axis`](Self::max_axis) gives it all to the first.
    ///
    /// ```
    /// use tape::Axes;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[4.0, 4.0], [1.0, 2.0]]);
    /// let largest = x.amax(Axes::keep(-1));
    /// assert_eq!(largest.shape(), [2, 1]);
    /// assert_eq!(largest.sum().backward()[x].as_slice(), Some(&[0.5, 0.5, 0.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn amax(self, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_amax(axes))
    }

    /// As [`amax`](Self::amax).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice, [`Error::Shape`] if the axes hold
    /// no element.
    #[track_caller]
    pub fn try_amax(self, axes: impl Into<Axes>) -> Result<Self, Error> {
        self.try_even_extreme(Extreme::Max, &axes.into(), "amax")
    }

    /// The smallest element over some axes; NaN if one is NaN. Elements that tie share the gradient evenly.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([[4.0, 4.0], [1.0, 2.0]]);
    /// assert_eq!(x.amin(0).to_array().as_slice(), Some(&[1.0, 2.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn amin(self, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_amin(axes))
    }

    /// As [`amin`](Self::amin).
    ///
    /// # Errors
    /// As [`try_amax`](Self::try_amax).
    #[track_caller]
    pub fn try_amin(self, axes: impl Into<Axes>) -> Result<Self, Error> {
        self.try_even_extreme(Extreme::Min, &axes.into(), "amin")
    }

    #[track_caller]
    pub(super) fn try_even_extreme(
        self,
        extreme: Extreme,
        axes: &Axes,
        operation: &'static str,
    ) -> Result<Self, Error> {
        let found = self.detach().try_first_extreme(extreme, &Axes::keep(axes.clone()), operation)?;
        // An infinite extreme minus itself would be NaN; a NaN stays and makes everything behind it NaN, as it should.
        let base = found.abs().eq(T::infinity()).try_select(T::zero(), found)?;
        let loses = match extreme {
            Extreme::Max => self.lt(found),
            Extreme::Min => self.gt(found),
        };
        let ties = loses.try_select(T::zero(), T::one())?.try_sum_named(&Axes::keep(axes.clone()), operation)?;
        let weight = ties.try_add(base.try_sub(base)?)?.recip();
        let above = loses.try_select(T::zero(), self.try_sub(base)?.try_mul(weight)?)?;
        let output = found.try_sum_named(axes, operation)?.shape();
        above.try_sum_named(axes, operation)?.try_add(base.try_reshape(output)?)
    }

    /// The extreme over some axes where the first of those that tie gets the gradient.
    #[track_caller]
    pub(super) fn try_first_extreme(
        self,
        extreme: Extreme,
        axes: &Axes,
        operation: &'static str,
    ) -> Result<Self, Error> {
        let Lines { tensor, axis, output, .. } = self.try_lines(axes, operation)?;
        let found = tensor.on_tape(operation, |tape| {
            tape.check_extreme(tensor.node, axis, operation)?;
            let indices = tape.keep_places(extreme.search(), tensor.node, axis, 1);
            let shape = reduced(tape.shape(tensor.node), AxisSet::default().with(axis), false);
            Ok(tape.linear(Linear::TakeAlong { axis, indices }, tensor.node, shape))
        })?;
        found.try_reshape(output)
    }

    /// The largest element along an axis; NaN if one is NaN. Of elements that tie, the first gets the gradient.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[4.0, 4.0], [1.0, 2.0]]);
    /// assert_eq!(x.max_axis(-1).to_array().as_slice(), Some(&[4.0, 2.0][..]));
    /// assert_eq!(x.max_axis(-1).sum().backward()[x].as_slice(), Some(&[1.0, 0.0, 0.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn max_axis(self, axis: isize) -> Self {
        unwrap(self.try_max_axis(axis))
    }

    /// As [`max_axis`](Self::max_axis).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if it has length zero.
    #[track_caller]
    pub fn try_max_axis(self, axis: isize) -> Result<Self, Error> {
        self.try_first_extreme(Extreme::Max, &Axes::from(axis), "max")
    }

    /// The smallest element along an axis; NaN if one is NaN. Of elements that tie, the first gets the gradient.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// assert_eq!(tape.constant([[4.0, 5.0], [1.0, 2.0]]).min_axis(-1).to_array().as_slice(), Some(&[4.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn min_axis(self, axis: isize) -> Self {
        unwrap(self.try_min_axis(axis))
    }

    /// As [`min_axis`](Self::min_axis).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if it has length zero.
    #[track_caller]
    pub fn try_min_axis(self, axis: isize) -> Result<Self, Error> {
        self.try_first_extreme(Extreme::Min, &Axes::from(axis), "min")
    }

    /// The index of the largest element along an axis, the first of those that tie; NaN counts as the largest.
    ///
    /// ```
    /// let tape = tape::Tape::<f32>::new();
    /// let logits = tape.constant([[0.1, 0.9], [3.0, -2.0]]);
    /// assert_eq!(logits.argmax(-1).as_slice(), Some(&[1, 0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argmax(self, axis: isize) -> ArrayD<usize> {
        unwrap(self.try_argmax(axis))
    }

    /// As [`argmax`](Self::argmax).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if it has length zero.
    #[track_caller]
    pub fn try_argmax(self, axis: isize) -> Result<ArrayD<usize>, Error> {
        self.try_extreme_places(Extreme::Max, axis, "argmax")
    }

    /// The index of the smallest element along an axis, the first of those that tie; NaN counts as the smallest.
    ///
    /// ```
    /// let tape = tape::Tape::<f32>::new();
    /// assert_eq!(tape.constant([[0.1, 0.9], [3.0, -2.0]]).argmin(0).as_slice(), Some(&[0, 1][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argmin(self, axis: isize) -> ArrayD<usize> {
        unwrap(self.try_argmin(axis))
    }

    /// As [`argmin`](Self::argmin).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if it has length zero.
    #[track_caller]
    pub fn try_argmin(self, axis: isize) -> Result<ArrayD<usize>, Error> {
        self.try_extreme_places(Extreme::Min, axis, "argmin")
    }

    #[track_caller]
    fn try_extreme_places(
        self,
        extreme: Extreme,
        axis: isize,
        operation: &'static str,
    ) -> Result<ArrayD<usize>, Error> {
        self.on_tape(operation, |tape| {
            tape.look_at(operation)?;
            let axis = tape.shape(self.node).axis(axis, operation)?;
            tape.check_extreme(self.node, axis, operation)?;
            let places = tape.look_for(extreme.search(), self.node, axis, 1);
            let shape = reduced(tape.shape(self.node), AxisSet::default().with(axis), false);
            Ok(super::index::to_array(&places, &shape))
        })
    }
}
