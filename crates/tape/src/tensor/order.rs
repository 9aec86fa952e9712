//! Order statistics: sorting, the largest few, the median and other quantiles.

use ndarray::ArrayD;

use super::axes::Lines;
use super::{Axes, Tensor};
use crate::error::{Error, unwrap};
use crate::indices::Indices;
use crate::kernel::Search;
use crate::real::Real;
use crate::shape::Shape;
use crate::transpose::{Linear, around};

/// Which elements come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// The smallest.
    Ascending,
    /// The largest.
    Descending,
}

impl Order {
    fn search(self) -> Search {
        Search::First { descending: self == Self::Descending }
    }
}

impl<T: Real> Tensor<T> {
    /// The elements in order along an axis, and the index that each had before. Equal elements stay in their order; NaN
    /// counts as the largest. A program looks for the order anew in every run, also where the indices are used.
    ///
    /// ```
    /// use tape::Order;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([3.0, 1.0, 3.0, 2.0]);
    /// let (sorted, places) = x.sort(0, Order::Descending);
    /// assert_eq!(sorted.to_array().as_slice(), Some(&[3.0, 3.0, 2.0, 1.0][..]));
    /// assert_eq!(places.values(), [0, 2, 3, 1]);
    /// assert_eq!((sorted * tape.constant([1.0, 2.0, 3.0, 4.0])).sum().backward()[x].as_slice(), Some(&[1.0, 4.0, 2.0, 3.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sort(self, axis: isize, order: Order) -> (Self, Indices<'static>) {
        unwrap(self.try_sort(axis, order))
    }

    /// As [`sort`](Self::sort).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    #[track_caller]
    pub fn try_sort(self, axis: isize, order: Order) -> Result<(Self, Indices<'static>), Error> {
        self.try_first_few(None, axis, order, "sort")
    }

    /// The indices that put the elements along an axis in order; see [`sort`](Self::sort).
    ///
    /// ```
    /// use tape::Order;
    /// let tape = tape::Tape::<f64>::new();
    /// assert_eq!(tape.constant([3.0, 1.0, 2.0]).argsort(0, Order::Ascending).as_slice(), Some(&[1, 2, 0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argsort(self, axis: isize, order: Order) -> ArrayD<usize> {
        unwrap(self.try_argsort(axis, order))
    }

    /// As [`argsort`](Self::argsort).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::LookedAt`] while a program is recorded.
    #[track_caller]
    pub fn try_argsort(self, axis: isize, order: Order) -> Result<ArrayD<usize>, Error> {
        self.on_tape("argsort", |tape| {
            tape.look_at("argsort")?;
            let shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "argsort")?;
            let places = tape.look_for(order.search(), self.node, axis, shape[axis]);
            Ok(super::index::to_array(&places, &shape))
        })
    }

    /// The first `k` elements along an axis in an order, which with [`Order::Descending`] are the largest, and the index
    /// of each. Of equal elements the first come first; NaN counts as the largest.
    ///
    /// ```
    /// use tape::Order;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([3.0, 5.0, 1.0, 5.0]);
    /// let (largest, places) = x.top_k(2, 0, Order::Descending);
    /// assert_eq!(largest.to_array().as_slice(), Some(&[5.0, 5.0][..]));
    /// assert_eq!(places.values(), [1, 3]);
    /// assert_eq!(largest.sum().backward()[x].as_slice(), Some(&[0.0, 1.0, 0.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn top_k(self, k: usize, axis: isize, order: Order) -> (Self, Indices<'static>) {
        unwrap(self.try_top_k(k, axis, order))
    }

    /// As [`top_k`](Self::top_k).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if it has fewer than `k` elements.
    #[track_caller]
    pub fn try_top_k(self, k: usize, axis: isize, order: Order) -> Result<(Self, Indices<'static>), Error> {
        self.try_first_few(Some(k), axis, order, "top_k")
    }

    #[track_caller]
    fn try_first_few(
        self,
        k: Option<usize>,
        axis: isize,
        order: Order,
        operation: &'static str,
    ) -> Result<(Self, Indices<'static>), Error> {
        self.on_tape(operation, |tape| {
            let mut shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, operation)?;
            let length = shape[axis];
            let k = k.unwrap_or(length);
            if k > length {
                let rule = "the axis has fewer elements than are asked for";
                return Err(Error::Shape { operation, shape, rule });
            }
            shape.as_mut()[axis] = k;
            let indices = tape.keep_places(order.search(), self.node, axis, k);
            let places = tape.show_places(indices, shape.clone(), length);
            Ok((tape.linear(Linear::TakeAlong { axis, indices }, self.node, shape), places))
        })
    }

    /// The median over some axes: the element in the middle, the lower of two; NaN if one is NaN. Its gradient goes to
    /// that element.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([4.0, 1.0, 3.0, 2.0]);
    /// assert_eq!(x.median(..).item(), 2.0);
    /// assert_eq!(x.median(..).backward()[x].as_slice(), Some(&[0.0, 0.0, 0.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn median(self, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_median(axes))
    }

    /// As [`median`](Self::median).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice, [`Error::Shape`] if the axes hold
    /// no element.
    #[track_caller]
    pub fn try_median(self, axes: impl Into<Axes>) -> Result<Self, Error> {
        let lines = self.try_lines(&axes.into(), "median")?;
        lines.try_ranked("median", lines.length.saturating_sub(1) / 2)
    }

    /// The quantile over some axes: with `q` of 0 the smallest element, of 1 the largest, and in between the place
    /// `q (n - 1)` of the sorted elements, interpolated linearly between two of them; NaN if one is NaN.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 4.0, 2.0]);
    /// assert_eq!(x.quantile(0.75, ..).item(), 3.0);
    /// assert_eq!(x.quantile(0.75, ..).backward()[x].as_slice(), Some(&[0.0, 0.5, 0.5][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn quantile(self, q: f64, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_quantile(q, axes))
    }

    /// As [`quantile`](Self::quantile).
    ///
    /// # Errors
    /// [`Error::Argument`] if q does not lie between 0 and 1; else as [`try_median`](Self::try_median).
    #[track_caller]
    pub fn try_quantile(self, q: f64, axes: impl Into<Axes>) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&q) {
            return Err(Error::Argument { operation: "quantile", rule: "q must lie between 0 and 1" });
        }
        let lines = self.try_lines(&axes.into(), "quantile")?;
        let place = q * lines.length.saturating_sub(1) as f64;
        let lower = lines.try_ranked("quantile", place.floor() as usize)?;
        let weight = place.fract();
        if weight == 0.0 {
            return Ok(lower);
        }
        let upper = lines.try_ranked("quantile", place.ceil() as usize)?;
        lower.try_mul(T::from_f64(1.0 - weight))?.try_add(upper.try_mul(T::from_f64(weight))?)
    }
}

impl<T: Real> Lines<T> {
    /// The element of each line that has a rank, the smallest having rank 0; the first NaN if there is one.
    #[track_caller]
    fn try_ranked(&self, operation: &'static str, rank: usize) -> Result<Tensor<T>, Error> {
        let &Self { tensor, axis, length, ref output, .. } = self;
        let found = tensor.on_tape(operation, |tape| {
            let mut shape = tape.shape(tensor.node).clone();
            let [outer, _, inner] = around(&shape, axis);
            if length == 0 && outer * inner > 0 {
                return Err(Error::Shape { operation, shape, rule: "no elements have no median and no quantile" });
            }
            shape.as_mut()[axis] = 1;
            let indices = tape.keep_places(Search::Rank(rank), tensor.node, axis, 1);
            Ok(tape.linear(Linear::TakeAlong { axis, indices }, tensor.node, shape))
        })?;
        found.try_reshape(Shape::clone(output))
    }
}
