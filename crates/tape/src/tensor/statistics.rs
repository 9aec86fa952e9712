//! Spread and size: variance, standard deviation, norms.

use super::{Axes, Tensor};
use crate::error::{Error, unwrap};
use crate::op::Extreme;
use crate::real::Real;

impl<T: Real> Tensor<T> {
    /// The unbiased variance of all elements, their squared distances from the mean divided by `n - 1`; NaN for fewer
    /// than two. [`var_axes`](Self::var_axes) takes another correction.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// assert_eq!(tape.constant([1.0, 3.0, 5.0]).var().item(), 4.0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn var(self) -> Self {
        unwrap(self.try_var_named(&Axes::from(..), 1.0, "var"))
    }

    /// The variance over some axes: the sum of the squared distances from the mean, divided by `n - correction`.
    ///
    /// A correction of 1 makes it unbiased, as PyTorch's default does; 0 is the population's own. The mean is subtracted
    /// before anything is squared, so that a large mean costs no digits. NaN where `n` does not exceed the correction.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1e9 + 1.0, 1e9 + 3.0], [0.0, 4.0]]);
    /// assert_eq!(x.var_axes(-1, 0.0).to_array().as_slice(), Some(&[1.0, 4.0][..]));
    /// assert_eq!(x.var_axes(-1, 1.0).sum().backward()[x].as_slice(), Some(&[-2.0, 2.0, -4.0, 4.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn var_axes(self, axes: impl Into<Axes>, correction: f64) -> Self {
        unwrap(self.try_var_axes(axes, correction))
    }

    /// As [`var_axes`](Self::var_axes).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice.
    #[track_caller]
    pub fn try_var_axes(self, axes: impl Into<Axes>, correction: f64) -> Result<Self, Error> {
        self.try_var_named(&axes.into(), correction, "var_axes")
    }

    #[track_caller]
    fn try_var_named(self, axes: &Axes, correction: f64, operation: &'static str) -> Result<Self, Error> {
        let (distances, count) = self.try_centred(axes, correction, operation)?;
        distances.powi(2).try_sum_named(axes, operation)?.try_div(count)
    }

    /// The unbiased standard deviation of all elements; NaN for fewer than two. Equal elements have zero gradient.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([0.1, 0.1, 0.1]);
    /// assert_eq!(x.std().item(), 0.0);
    /// assert_eq!(x.std().backward()[x].as_slice(), Some(&[0.0; 3][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn std(self) -> Self {
        unwrap(self.try_std_named(&Axes::from(..), 1.0, "std"))
    }

    /// The standard deviation over some axes: the root of the variance, see [`var_axes`](Self::var_axes). Where all
    /// elements are equal the gradient is zero; huge and tiny ones neither overflow nor vanish.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 3.0], [-1e200, 1e200]]);
    /// assert_eq!(x.std_axes(-1, 0.0).to_array().as_slice(), Some(&[1.0, 1e200][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn std_axes(self, axes: impl Into<Axes>, correction: f64) -> Self {
        unwrap(self.try_std_axes(axes, correction))
    }

    /// As [`std_axes`](Self::std_axes).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice.
    #[track_caller]
    pub fn try_std_axes(self, axes: impl Into<Axes>, correction: f64) -> Result<Self, Error> {
        self.try_std_named(&axes.into(), correction, "std_axes")
    }

    #[track_caller]
    fn try_std_named(self, axes: &Axes, correction: f64, operation: &'static str) -> Result<Self, Error> {
        let (distances, count) = self.try_centred(axes, correction, operation)?;
        distances.try_power_norm(2.0, axes, operation)?.try_div(count.sqrt())
    }

    /// The distances from the mean, and what the sum of their squares is divided by.
    #[track_caller]
    fn try_centred(self, axes: &Axes, correction: f64, operation: &'static str) -> Result<(Self, T), Error> {
        let count = self.try_count(axes, operation)?;
        let divisor = T::from_f64((count as f64 - correction).max(0.0));
        if count == 0 {
            return Ok((self, divisor));
        }
        // Moved by one of them, equal elements are exactly 0, and so is their distance from their mean.
        let first = self.detach();
        let shape = first.shape();
        let first = first.on_tape(operation, |tape| {
            let set = axes.resolve(&shape, operation)?;
            let kept = crate::record::reduced(&shape, set, true);
            let cut = super::index::leading(&shape);
            Ok(tape.linear(crate::transpose::Linear::Slice(cut), first.node, kept))
        })?;
        let moved = self.try_sub(first)?;
        Ok((moved.try_sub(moved.try_mean_named(&Axes::keep(axes.clone()), operation)?)?, divisor))
    }

    /// The p-norm over some axes: `sum(|x|^p)^(1/p)`.
    ///
    /// | p | value | gradient |
    /// | --- | --- | --- |
    /// | 0 | how many elements are not 0 | 0 |
    /// | 1 | the sum of the magnitudes | the sign, 0 at 0 |
    /// | 2 | the Euclidean length | `x / norm`, 0 at the zero vector |
    /// | infinity | the largest magnitude | evenly to those that attain it |
    /// | minus infinity | the smallest magnitude | evenly to those that attain it |
    ///
    /// Nothing large is squared: elements are divided by a power of two near the largest first. Elements that are 0 get no gradient,
    /// whatever p is. No elements have norm 0.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[3e200, -4e200], [0.0, 0.0]]);
    /// let lengths = x.norm(2.0, -1);
    /// assert!((lengths.to_array()[[0]] / 5e200 - 1.0).abs() < 1e-15 && lengths.to_array()[[1]] == 0.0);
    /// let gradient = lengths.sum().backward()[x].to_owned();
    /// assert!((gradient[[0, 0]] - 0.6).abs() < 1e-15 && gradient[[1, 0]] == 0.0);
    /// assert_eq!(x.norm(f64::INFINITY, ..).item(), 4e200);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn norm(self, p: f64, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_norm(p, axes))
    }

    /// As [`norm`](Self::norm).
    ///
    /// # Errors
    /// [`Error::Argument`] if p is NaN, or negative and finite; [`Error::Axis`] if there is no such axis,
    /// [`Error::Axes`] if one is named twice; [`Error::Shape`] for minus infinity over no elements.
    #[track_caller]
    pub fn try_norm(self, p: f64, axes: impl Into<Axes>) -> Result<Self, Error> {
        let axes = axes.into();
        if p == f64::NEG_INFINITY {
            return self.abs().try_even_extreme(Extreme::Min, &axes, "norm");
        }
        if p.is_nan() || p < 0.0 {
            return Err(Error::Argument { operation: "norm", rule: "p must be 0, positive, or an infinity" });
        }
        if p == 1.0 || self.try_count(&axes, "norm")? == 0 {
            return self.abs().try_sum_named(&axes, "norm");
        }
        if p == 0.0 {
            // Neither branch has a slope, but the result is still one that depends on the tensor: a gradient of zeros.
            let counted = self.ne(T::zero()).try_select(self.signum().abs(), self.trunc())?;
            return counted.try_sum_named(&axes, "norm");
        }
        if p == f64::INFINITY {
            return self.abs().try_even_extreme(Extreme::Max, &axes, "norm");
        }
        self.try_power_norm(p, &axes, "norm")
    }

    /// The p-norm for a positive, finite p over at least one element.
    #[track_caller]
    fn try_power_norm(self, p: f64, axes: &Axes, operation: &'static str) -> Result<Self, Error> {
        if self.try_count(axes, operation)? == 0 {
            return self.abs().try_sum_named(axes, operation);
        }
        // Any constant scale gives the same function. The largest magnitude's power of two keeps powers in range, and
        // dividing by it rounds nothing.
        let largest = self.detach().abs().try_first_extreme(Extreme::Max, &Axes::keep(axes.clone()), operation)?;
        let scale = largest.log2().floor().exp2();
        let scale = scale.gt(T::zero()).try_select(scale, T::one())?;
        let scale = scale.lt(T::infinity()).try_select(scale, T::one())?;
        let scaled = self.try_div(scale)?;
        let powers = if p == 2.0 { scaled.powi(2) } else { scaled.abs().try_powf(T::from_f64(p))? };
        let total = powers.try_sum_named(axes, operation)?;
        // A root is vertical at 0: there the total times 0 stands in for it, which is 0 with zero gradient. NaN is no 0, and
        // passes through the root.
        let vanishes = total.eq(T::zero());
        let safe = vanishes.try_select(T::one(), total)?;
        let root = if p == 2.0 { safe.sqrt() } else { safe.try_powf(T::from_f64(1.0 / p))? };
        let root = vanishes.try_select(total.try_mul(T::zero())?, root)?;
        root.try_mul(scale.try_reshape(root.shape())?)
    }
}
