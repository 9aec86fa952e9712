//! What an operation that picks by index is given: rows, labels, token numbers.

use std::borrow::Cow;
use std::ops::Range;

use ndarray::{ArrayBase, ArrayD, Data, Dimension};

use crate::error::Error;
use crate::shape::Shape;

/// A list, or an array, of indices: made from slices, vectors and `ndarray` arrays of `usize`.
///
/// Sorting and its like return such a value for the places of what they found. A [`Program`](crate::Program) hands its
/// recording such a value for each of its index inputs. Both remember where they come from, so that a replay reads the
/// indices of that run; only those of an input that are taken out with [`values`](Self::values) become constants of the
/// program.
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
    /// Where a program has them from in every run; `None` for indices that stay as they are.
    pub(crate) origin: Option<Origin>,
}

/// Where in the tape's list of saved indices an operation's own begin, and how many they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Saved {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Saved {
    pub(crate) fn of(self, indices: &[u32]) -> &[u32] {
        &indices[self.start as usize..][..self.len as usize]
    }
}

/// Where a program has indices from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The input of this number.
    Input(usize),
    Found(Found),
}

/// Places of elements that are looked for anew in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// The recording of the program.
    pub(crate) recording: u32,
    pub(crate) saved: Saved,
    /// How long the axis is that they are places on.
    pub(crate) length: usize,
}

impl<'a> Indices<'a> {
    /// The indices, row by row.
    ///
    /// # Panics
    /// If they are places that were found while a program is recorded: what is looked at then would be the same in every
    /// run.
    #[must_use]
    #[track_caller]
    pub fn values(&self) -> &[usize] {
        if let Some(Origin::Found(_)) = self.origin {
            panic!("{}", Error::LookedAt { operation: "values" });
        }
        &self.values
    }

    /// A copy of the indices as an array.
    ///
    /// ```
    /// use tape::Order;
    /// let (_, places) = tape::Tape::<f64>::new().constant([[3.0, 1.0, 2.0]]).sort(1, Order::Ascending);
    /// assert_eq!(places.to_array(), ndarray::array![[1, 2, 0]].into_dyn());
    /// ```
    ///
    /// # Panics
    /// As [`values`](Self::values).
    #[must_use]
    #[track_caller]
    pub fn to_array(&self) -> ArrayD<usize> {
        ArrayD::from_shape_vec(&*self.shape, self.values().to_vec()).expect("one index an element")
    }

    /// The indices as they are while they are recorded.
    pub(crate) fn recorded(&self) -> &[usize] {
        &self.values
    }

    /// Some of the rows.
    pub(crate) fn rows(self, rows: &Range<usize>) -> Self {
        let mut shape = self.shape;
        let Some(row) = shape.get(1..).map(|row| row.iter().product::<usize>()) else { return Self { shape, ..self } };
        shape.as_mut()[0] = rows.len();
        Self { values: Cow::Owned(self.values[rows.start * row..rows.end * row].to_vec()), shape, ..self }
    }

    /// The number of indices.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The first index that may not be below a length, in this run or another.
    pub(crate) fn first_from(&self, length: usize) -> Option<usize> {
        match self.origin {
            Some(Origin::Found(found)) if self.len() > 0 => Some(found.length - 1).filter(|&last| last >= length),
            _ => self.values.iter().copied().find(|&index| index >= length),
        }
    }

    pub(crate) fn found(values: Vec<usize>, shape: Shape, found: Option<Found>) -> Indices<'static> {
        Indices { values: Cow::Owned(values), shape, origin: found.map(Origin::Found) }
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
        Indices {
            values: Cow::Owned(self.values.to_vec()),
            shape: self.shape.clone(),
            origin: Some(Origin::Input(input)),
        }
    }
}

impl<'a> From<&'a [usize]> for Indices<'a> {
    fn from(indices: &'a [usize]) -> Self {
        Self { values: Cow::Borrowed(indices), shape: Shape::from([indices.len()]), origin: None }
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
        Self { values, shape: Shape::from(indices.shape()), origin: None }
    }
}

impl<'a> From<&'a Indices<'_>> for Indices<'a> {
    fn from(indices: &'a Indices<'_>) -> Self {
        Self { values: Cow::Borrowed(&indices.values), shape: indices.shape.clone(), origin: indices.origin }
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
        assert_eq!(Indices::from(&input).reshape([2, 1]).unwrap().origin, Some(Origin::Input(4)));
        assert!(input.reshape([3]).is_none());
    }
}
