//! What derivatives are taken with respect to, and in which form they come back.

use smallvec::{SmallVec, smallvec};

use super::Derivative;
use crate::real::Real;
use crate::tensor::Tensor;
use crate::var::Var;

/// What a derivative is taken with respect to: a [`Var`], a [`Tensor`], arrays, slices and vectors of one of them, or a
/// tuple of up to six of all these.
///
/// The derivative is of the same kind: a tensor has a tensor of its shape, an array of variables one of derivatives, a tuple
/// a tuple.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (w, b, scale) = (tape.variable([2.0, 3.0]), tape.variable([1.0, 1.0]), tape.var(10.0));
/// let loss = ((w * 5.0 + b) * scale).sum();
/// let (dw, (db, dscale)) = loss.grad((w, (b, scale)));
/// assert_eq!(dw.to_array().as_slice(), Some(&[50.0, 50.0][..]));
/// assert_eq!(db.to_array().as_slice(), Some(&[10.0, 10.0][..]));
/// assert_eq!(dscale.value(), 11.0 + 16.0);
/// ```
pub trait Variables<T: Real> {
    /// The derivatives: handles on the same tape.
    type Derivatives;

    /// The derivatives of those variables that a root depends on: `None` in the place of the others.
    type Reached;

    #[doc(hidden)]
    fn list(&self, list: &mut Handles<T>);

    /// Takes as many derivatives as there are variables.
    #[doc(hidden)]
    fn same_kind(&self, derivatives: &mut impl Iterator<Item = Derivative<T>>) -> Self::Derivatives;

    /// As `same_kind`.
    #[doc(hidden)]
    fn reached(&self, derivatives: &mut impl Iterator<Item = Option<Derivative<T>>>) -> Self::Reached;
}

/// Handles of either kind.
pub(crate) type Handles<T> = SmallVec<[Derivative<T>; 4]>;

pub(super) fn listed<T: Real>(variables: &impl Variables<T>) -> Handles<T> {
    let mut list = smallvec![];
    variables.list(&mut list);
    list
}

/// There is one derivative a variable.
const ENOUGH: &str = "as many derivatives as variables";

macro_rules! variables {
    ($handle:ident $variant:ident $take:ident) => {
        impl<T: Real> Variables<T> for $handle<T> {
            type Derivatives = $handle<T>;
            type Reached = Option<$handle<T>>;

            fn list(&self, list: &mut Handles<T>) {
                list.push(Derivative::$variant(*self));
            }

            fn same_kind(&self, derivatives: &mut impl Iterator<Item = Derivative<T>>) -> $handle<T> {
                derivatives.next().expect(ENOUGH).$take()
            }

            fn reached(&self, derivatives: &mut impl Iterator<Item = Option<Derivative<T>>>) -> Option<$handle<T>> {
                derivatives.next().expect(ENOUGH).map(Derivative::$take)
            }
        }

        impl<T: Real> Variables<T> for [$handle<T>] {
            type Derivatives = Vec<$handle<T>>;
            type Reached = Vec<Option<$handle<T>>>;

            fn list(&self, list: &mut Handles<T>) {
                list.extend(self.iter().map(|&handle| Derivative::$variant(handle)));
            }

            fn same_kind(&self, derivatives: &mut impl Iterator<Item = Derivative<T>>) -> Vec<$handle<T>> {
                self.iter().map(|handle| handle.same_kind(derivatives)).collect()
            }

            fn reached(
                &self,
                derivatives: &mut impl Iterator<Item = Option<Derivative<T>>>,
            ) -> Vec<Option<$handle<T>>> {
                self.iter().map(|handle| handle.reached(derivatives)).collect()
            }
        }

        impl<T: Real> Variables<T> for Vec<$handle<T>> {
            type Derivatives = Vec<$handle<T>>;
            type Reached = Vec<Option<$handle<T>>>;

            fn list(&self, list: &mut Handles<T>) {
                self.as_slice().list(list);
            }

            fn same_kind(&self, derivatives: &mut impl Iterator<Item = Derivative<T>>) -> Vec<$handle<T>> {
                self.as_slice().same_kind(derivatives)
            }

            fn reached(
                &self,
                derivatives: &mut impl Iterator<Item = Option<Derivative<T>>>,
            ) -> Vec<Option<$handle<T>>> {
                self.as_slice().reached(derivatives)
            }
        }

        impl<T: Real, const N: usize> Variables<T> for [$handle<T>; N] {
            type Derivatives = [$handle<T>; N];
            type Reached = [Option<$handle<T>>; N];

            fn list(&self, list: &mut Handles<T>) {
                self.as_slice().list(list);
            }

            fn same_kind(&self, derivatives: &mut impl Iterator<Item = Derivative<T>>) -> [$handle<T>; N] {
                self.each_ref().map(|handle| handle.same_kind(derivatives))
            }

            fn reached(
                &self,
                derivatives: &mut impl Iterator<Item = Option<Derivative<T>>>,
            ) -> [Option<$handle<T>>; N] {
                self.each_ref().map(|handle| handle.reached(derivatives))
            }
        }
    };
}
variables!(Var Scalar scalar);
variables!(Tensor Tensor tensor);

impl<T: Real, V: Variables<T> + ?Sized> Variables<T> for &V {
    type Derivatives = V::Derivatives;
    type Reached = V::Reached;

    fn list(&self, list: &mut Handles<T>) {
        (**self).list(list);
    }

    fn same_kind(&self, derivatives: &mut impl Iterator<Item = Derivative<T>>) -> V::Derivatives {
        (**self).same_kind(derivatives)
    }

    fn reached(&self, derivatives: &mut impl Iterator<Item = Option<Derivative<T>>>) -> V::Reached {
        (**self).reached(derivatives)
    }
}

macro_rules! tuples {
    ($(($($variables:ident $index:tt),+);)*) => {$(
        impl<T: Real, $($variables: Variables<T>),+> Variables<T> for ($($variables,)+) {
            type Derivatives = ($($variables::Derivatives,)+);
            type Reached = ($($variables::Reached,)+);

            fn list(&self, list: &mut Handles<T>) {
                $(self.$index.list(list);)+
            }

            fn same_kind(&self, derivatives: &mut impl Iterator<Item = Derivative<T>>) -> Self::Derivatives {
                ($(self.$index.same_kind(derivatives),)+)
            }

            fn reached(&self, derivatives: &mut impl Iterator<Item = Option<Derivative<T>>>) -> Self::Reached {
                ($(self.$index.reached(derivatives),)+)
            }
        }
    )*};
}
tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
}
