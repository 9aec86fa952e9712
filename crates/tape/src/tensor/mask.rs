//! Masks from plain booleans, and what is asked of them; constants that indices make.

use ndarray::{ArrayBase, Data, Dimension};

use super::{Mask, Tensor};
use crate::error::{Error, unwrap};
use crate::indices::Indices;
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::Tape;

/// Booleans as the elements 1 and 0.
struct Indicators<'a, S: Data, D>(&'a ArrayBase<S, D>);

impl<T: Real, S: Data<Elem = bool>, D: Dimension> crate::Elements<T> for Indicators<'_, S, D> {
    fn shape(&self) -> Shape {
        Shape::from(self.0.shape())
    }

    fn write(&self, out: &mut [T]) {
        for (out, &holds) in out.iter_mut().zip(self.0) {
            *out = if holds { T::one() } else { T::zero() };
        }
    }
}

impl<T: Real> Tape<T> {
    /// A mask from an array of booleans.
    ///
    /// ```
    /// use ndarray::array;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0, 3.0]);
    /// let kept = x.masked_select(tape.mask(&array![true, false, true]));
    /// assert_eq!(kept.to_array().as_slice(), Some(&[1.0, 3.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mask<S: Data<Elem = bool>, D: Dimension>(&self, holds: &ArrayBase<S, D>) -> Mask<T> {
        self.constant(Indicators(holds)).ne(T::zero())
    }

    /// For every index a new last axis of `classes` elements that is 1 where the index says and 0 elsewhere, as a constant.
    ///
    /// ```
    /// use ndarray::array;
    /// let tape = tape::Tape::<f64>::new();
    /// let labels = tape.one_hot(&array![2, 0], 3);
    /// assert_eq!(labels.to_array(), array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]].into_dyn());
    /// ```
    ///
    /// # Panics
    /// If an index is not below `classes`.
    #[must_use]
    #[track_caller]
    pub fn one_hot<'a>(&self, indices: impl Into<Indices<'a>>, classes: usize) -> Tensor<T> {
        unwrap(self.try_one_hot(indices, classes))
    }

    /// As [`one_hot`](Self::one_hot).
    ///
    /// # Errors
    /// [`Error::Index`] if an index is not below `classes`, [`Error::LookedAt`] if they change from run to run of a program: the
    /// result is a constant.
    #[track_caller]
    pub fn try_one_hot<'a>(&self, indices: impl Into<Indices<'a>>, classes: usize) -> Result<Tensor<T>, Error> {
        let indices = indices.into();
        if indices.origin.is_some() {
            return Err(Error::LookedAt { operation: "one_hot" });
        }
        let shape: Shape = indices.shape().iter().copied().chain([classes]).collect();
        super::index::check_indices(&indices, shape.rank() - 1, &shape, "one_hot")?;
        let mut elements = vec![T::zero(); shape.size()];
        for (row, &index) in indices.recorded().iter().enumerate() {
            elements[row * classes + index] = T::one();
        }
        self.constant(elements).try_reshape(shape)
    }
}

impl<T: Real> Mask<T> {
    /// Whether it holds anywhere.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([1.0, -2.0, 0.0]);
    /// assert!(x.lt(0.0).any() && !x.gt(1.0).any());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn any(self) -> bool {
        self.count() > 0
    }

    /// Whether it holds everywhere; it does where there is nothing.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([1.0, -2.0, 0.0]);
    /// assert!(x.le(1.0).all() && !x.lt(1.0).all());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn all(self) -> bool {
        self.count() == self.to_tensor().shape().size()
    }

    /// At how many elements it holds: `x.ne(0.0).count()` is how many elements are not zero.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// assert_eq!(tape.constant([1.0, -2.0, 0.0]).ne(0.0).count(), 2);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn count(self) -> usize {
        let mask = self.to_tensor();
        unwrap(mask.on_tape("count", |tape| {
            tape.look_at("count")?;
            let count = tape.dense_elements(mask.node).iter().filter(|holds| **holds != T::zero()).count();
            tape.scratch.reset();
            Ok(count)
        }))
    }
}
