//! What an operation that picks by index is given: rows, labels, token numbers.

use std::borrow::Cow;

use ndarray::{ArrayBase, Data, Dimension};

use crate::shape::Shape;

/// A list, or an array, of indices: made from slices, vectors and `ndarray` arrays of `usize`.
///
/// A [`Program`](crate::Program) hands its recording such a value for each of its index inputs. It remembers which input
/// it is, so that a replay reads the indices of that run; only indices that are taken out with
/// [`values`](Self::values) become constants of the program.
///
/// ```
/// use ndarray::array;
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.gather(1, &array![[1], [0]]).to_array(), array![[2.0], [3.0]].into_dyn());
/// assert_eq!(x.index_select(0, &[1, 1]).to_array(), array![[3.0, 4.0], [3.0, 4.0]].into_dyn());
/// ```
#[derive(Debug, Clone)]
pub struct Indices<'a> {
    values: Cow<'a, [usize]>,
    shape: Shape,
    /// Which input of a program this is.
    pub(crate) input: Option<usize>,
}

impl<'a> Indices<'a> {
    /// The indices, row by row.
    #[must_use]
    pub fn values(&self) -> &[usize] {
        &self.values
    }

    /// The lengths of the axes.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The same indices, row by row, in another shape, if it has as many.
    #[must_use]
    pub fn reshape(self, shape: impl Into<Shape>) -> Option<Self> {
        let shape = shape.into();
        (shape.size() == self.values.len()).then_some(Self { shape, ..self })
    }

    /// A copy of the indices as input number `input` of a program.
    pub(crate) fn to_input(&self, input: usize) -> Indices<'static> {
        Indices { values: Cow::Owned(self.values.to_vec()), shape: self.shape.clone(), input: Some(input) }
    }
}

impl<'a> From<&'a [usize]> for Indices<'a> {
    fn from(indices: &'a [usize]) -> Self {
        Self { values: Cow::Borrowed(indices), shape: Shape::from([indices.len()]), input: None }
    }
}

impl<'a> From<&'a Vec<usize>> for Indices<'a> {
    fn from(indices: &'a Vec<usize>) -> Self {
        Self::from(indices.as_slice())
    }
}

impl<'a, const N: usize> From<&'a [usize; N]> for Indices<'a> {
    fn from(indices: &'a [usize; N]) -> Self {
        Self::from(indices.as_slice())
    }
}

impl<'a, S: Data<Elem = usize>, D: Dimension> From<&'a ArrayBase<S, D>> for Indices<'a> {
    fn from(indices: &'a ArrayBase<S, D>) -> Self {
        let values = match indices.as_slice() {
            Some(values) => Cow::Borrowed(values),
            None => Cow::Owned(indices.iter().copied().collect()),
        };
        Self { values, shape: Shape::from(indices.shape()), input: None }
    }
}

impl<'a> From<&'a Indices<'_>> for Indices<'a> {
    fn from(indices: &'a Indices<'_>) -> Self {
        Self { values: Cow::Borrowed(&indices.values), shape: indices.shape.clone(), input: indices.input }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn arrays_of_any_layout_are_read_row_by_row() {
        let array = array![[1, 2, 3], [4, 5, 6]];
        assert_eq!(Indices::from(&array.t()).values(), [1, 4, 2, 5, 3, 6]);
        assert_eq!(*Indices::from(&array.t()).shape(), [3, 2]);
        assert_eq!(*Indices::from(&Array2::zeros((0, 3))).shape(), [0, 3]);
    }

    #[test]
    fn an_input_stays_one_however_it_is_reshaped() {
        let input = Indices::from(&[3, 1]).to_input(4);
        assert_eq!(Indices::from(&input).reshape([2, 1]).unwrap().input, Some(4));
        assert!(input.reshape([3]).is_none());
    }
}
