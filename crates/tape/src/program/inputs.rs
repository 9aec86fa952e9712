//! What changes from run to run: arrays, lists of indices, seeds.

use std::ops::Range;

use ndarray::{ArrayBase, ArrayD, Data, Dimension};

use crate::elements::Elements;
use crate::error::InputKind;
use crate::indices::Indices;
use crate::random::Seed;
use crate::real::Real;
use crate::tape::Tape;
use crate::tensor::Tensor;

/// One input of a program, as a run brings it: an array of elements, a list of indices, or a [`Seed`].
pub trait Input<T: Real> {
    /// What the recording gets for it: a [`Tensor`], [`Indices`], or a [`Seed`].
    type Recorded;

    /// Records the whole input, or some rows of it.
    #[doc(hidden)]
    fn record(&self, number: usize, tape: &Tape<T>, rows: Option<&Range<usize>>) -> (Self::Recorded, Option<u32>);

    #[doc(hidden)]
    fn given(&self) -> Given<'_, T>;
}

/// An input whose kind is looked at.
#[doc(hidden)]
#[allow(missing_debug_implementations, reason = "nobody outside gets to see one")]
pub enum Given<'a, T> {
    Elements(&'a dyn Elements<T>),
    Indices(Indices<'a>),
    Seed(Seed),
}

impl<T> Given<'_, T> {
    pub(super) fn kind(&self) -> InputKind {
        match self {
            Self::Elements(elements) => InputKind::Array(elements.shape()),
            Self::Indices(indices) => InputKind::Indices(indices.shape().clone()),
            Self::Seed(_) => InputKind::Seed,
        }
    }
}

impl<T: Real, I: Input<T> + ?Sized> Input<T> for &I {
    type Recorded = I::Recorded;

    fn record(&self, number: usize, tape: &Tape<T>, rows: Option<&Range<usize>>) -> (I::Recorded, Option<u32>) {
        (**self).record(number, tape, rows)
    }

    fn given(&self) -> Given<'_, T> {
        (**self).given()
    }
}

/// Some rows of an array; `None` if it has no axis.
fn some_rows<T: Real>(elements: &impl Elements<T>, rows: &Range<usize>) -> Option<ArrayD<T>> {
    let mut shape = elements.shape();
    if shape.rank() == 0 {
        return None;
    }
    let mut all = vec![T::zero(); shape.size()];
    elements.write(&mut all);
    let row: usize = shape[1..].iter().product();
    shape.as_mut()[0] = rows.len();
    let part = all[rows.start * row..rows.end * row].to_vec();
    Some(ArrayD::from_shape_vec(&*shape, part).expect("rows of an array"))
}

macro_rules! arrays {
    ($([$($parameter:tt)*] $array:ty;)*) => {$(
        impl<T: Real, $($parameter)*> Input<T> for $array {
            type Recorded = Tensor<T>;

            fn record(&self, _: usize, tape: &Tape<T>, rows: Option<&Range<usize>>) -> (Tensor<T>, Option<u32>) {
                let tensor = match rows.and_then(|rows| some_rows(self, rows)) {
                    Some(part) => tape.constant(part),
                    None => tape.constant(self),
                };
                (tensor, Some(tensor.node))
            }

            fn given(&self) -> Given<'_, T> {
                Given::Elements(self)
            }
        }
    )*};
}
arrays! {
    [S: Data<Elem = T>, D: Dimension] ArrayBase<S, D>;
    [] Vec<T>;
    [const N: usize] [T; N];
    [const M: usize, const N: usize] [[T; N]; M];
}

macro_rules! index_lists {
    ($([$($parameter:tt)*] $list:ty;)*) => {$(
        impl<T: Real, $($parameter)*> Input<T> for $list {
            type Recorded = Indices<'static>;

            fn record(
                &self,
                number: usize,
                _: &Tape<T>,
                rows: Option<&Range<usize>>,
            ) -> (Indices<'static>, Option<u32>) {
                let indices = Indices::from(self).to_input(number);
                (rows.map_or(indices.clone(), |rows| indices.rows(rows)), None)
            }

            fn given(&self) -> Given<'_, T> {
                Given::Indices(Indices::from(self))
            }
        }
    )*};
}
index_lists! {
    [] [usize];
    [] Vec<usize>;
    [const N: usize] [usize; N];
    [] Indices<'_>;
}

impl<T: Real> Input<T> for Seed {
    type Recorded = Self;

    fn record(&self, number: usize, tape: &Tape<T>, _: Option<&Range<usize>>) -> (Self, Option<u32>) {
        (self.to_input(tape.read().recording(), number), None)
    }

    fn given(&self) -> Given<'_, T> {
        Given::Seed(*self)
    }
}

/// All inputs of a program: a tuple of [`Input`]s, `()` for none.
pub trait Inputs<T: Real> {
    /// What the recording gets.
    type Recorded;

    #[doc(hidden)]
    fn record(&self, tape: &Tape<T>, rows: Option<&Range<usize>>, nodes: &mut Vec<Option<u32>>) -> Self::Recorded;

    #[doc(hidden)]
    fn visit<E>(&self, visit: impl FnMut(usize, Given<'_, T>) -> Result<(), E>) -> Result<(), E>;

    #[doc(hidden)]
    const COUNT: usize;
}

macro_rules! tuples {
    ($(($($name:ident $number:tt),*);)*) => {$(
        impl<T: Real, $($name: Input<T>),*> Inputs<T> for ($($name,)*) {
            type Recorded = ($($name::Recorded,)*);

            const COUNT: usize = <[usize]>::len(&[$($number),*]);

            #[allow(unused_variables, clippy::unused_unit, reason = "there may be no input")]
            fn record(
                &self,
                tape: &Tape<T>,
                rows: Option<&Range<usize>>,
                nodes: &mut Vec<Option<u32>>,
            ) -> Self::Recorded {
                ($({
                    let (recorded, node) = self.$number.record($number, tape, rows);
                    nodes.push(node);
                    recorded
                },)*)
            }

            #[allow(unused_mut, unused_variables, reason = "there may be no input")]
            fn visit<Error>(
                &self,
                mut visit: impl FnMut(usize, Given<'_, T>) -> Result<(), Error>,
            ) -> Result<(), Error> {
                $(visit($number, self.$number.given())?;)*
                Ok(())
            }
        }
    )*};
}
tuples! {
    ();
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
}
