//! What a tensor can be made of.

use ndarray::{ArrayBase, Data, Dimension};

use crate::real::Real;
use crate::shape::Shape;

/// Numbers with a shape: `ndarray` arrays and views of any layout, slices, vectors, nested arrays, and a plain number.
///
/// ```
/// use ndarray::array;
/// let tape = tape::Tape::<f64>::new();
/// assert_eq!(tape.constant(2.0).shape(), []);
/// assert_eq!(tape.constant([1.0, 2.0]).shape(), [2]);
/// assert_eq!(tape.constant([[1.0, 2.0], [3.0, 4.0]]).shape(), [2, 2]);
/// assert_eq!(tape.constant(array![[1.0], [2.0]].t()).shape(), [1, 2]);
/// ```
pub trait Elements<T> {
    /// The lengths of the axes.
    fn shape(&self) -> Shape;

    /// Writes all elements row by row; `out` has room for exactly as many as the shape says.
    fn write(&self, out: &mut [T]);
}

impl<T: Real, S: Data<Elem = T>, D: Dimension> Elements<T> for ArrayBase<S, D> {
    fn shape(&self) -> Shape {
        Shape::from(ArrayBase::shape(self))
    }

    fn write(&self, out: &mut [T]) {
        match self.as_slice() {
            Some(elements) => out.copy_from_slice(elements),
            None => out.iter_mut().zip(self).for_each(|(out, &element)| *out = element),
        }
    }
}

impl<T, E: Elements<T> + ?Sized> Elements<T> for &E {
    fn shape(&self) -> Shape {
        (**self).shape()
    }

    fn write(&self, out: &mut [T]) {
        (**self).write(out);
    }
}

macro_rules! number {
    ($($number:ident)*) => {$(
        impl Elements<$number> for $number {
            fn shape(&self) -> Shape {
                Shape::default()
            }

            fn write(&self, out: &mut [$number]) {
                out[0] = *self;
            }
        }
    )*};
}
number!(f32 f64);

impl<T: Real> Elements<T> for [T] {
    fn shape(&self) -> Shape {
        Shape::from([self.len()])
    }

    fn write(&self, out: &mut [T]) {
        out.copy_from_slice(self);
    }
}

impl<T: Real> Elements<T> for Vec<T> {
    fn shape(&self) -> Shape {
        self.as_slice().shape()
    }

    fn write(&self, out: &mut [T]) {
        self.as_slice().write(out);
    }
}

impl<T: Real, const N: usize> Elements<T> for [T; N] {
    fn shape(&self) -> Shape {
        self.as_slice().shape()
    }

    fn write(&self, out: &mut [T]) {
        self.as_slice().write(out);
    }
}

impl<T: Real, const M: usize, const N: usize> Elements<T> for [[T; N]; M] {
    fn shape(&self) -> Shape {
        Shape::from([M, N])
    }

    fn write(&self, out: &mut [T]) {
        out.copy_from_slice(self.as_flattened());
    }
}
