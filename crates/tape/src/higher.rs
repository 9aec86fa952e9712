//! Derivatives that are recorded: operations like any others, which can be differentiated again.
//!
//! `adjoint` records the reverse sweep, `tangent` a forward one, `traced` lets the rules of the table record themselves.
//! Both walk over handles only, so that nothing is borrowed while they record.

mod adjoint;
mod dense;
mod path;
mod tangent;
mod traced;
mod variables;

use smallvec::SmallVec;

use self::path::Path;
pub use self::variables::Variables;
use self::variables::{Handles, listed};
use crate::error::{Error, unwrap};
use crate::living;
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::Storage;
use crate::tensor::Tensor;
use crate::var::Var;

/// A handle of either kind: a variable, a derivative, a tangent.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Derivative<T> {
    Scalar(Var<T>),
    Tensor(Tensor<T>),
}

impl<T: Real> Derivative<T> {
    fn scalar(self) -> Var<T> {
        match self {
            Self::Scalar(var) => var,
            Self::Tensor(_) => unreachable!("the derivative of a scalar is one"),
        }
    }

    fn tensor(self) -> Tensor<T> {
        match self {
            Self::Tensor(tensor) => tensor,
            Self::Scalar(_) => unreachable!("the derivative of a tensor is one"),
        }
    }

    /// The recording and the node.
    fn place(self) -> (u32, u32) {
        match self {
            Self::Scalar(var) => (var.recording(), var.node()),
            Self::Tensor(tensor) => (tensor.tape, tensor.node),
        }
    }

    fn is_scalar(self) -> bool {
        match self {
            Self::Scalar(_) => true,
            Self::Tensor(_) => false,
        }
    }

    fn shape(self, operation: &'static str) -> Result<Shape, Error> {
        match self {
            Self::Scalar(_) => Ok(Shape::default()),
            Self::Tensor(tensor) => tensor.on_tape(operation, |tape| Ok(tape.shape(tensor.node).clone())),
        }
    }

    /// A derivative of zero, of the same kind and shape.
    fn zero(self) -> Result<Self, Error> {
        match self {
            Self::Scalar(_) => Ok(Self::Scalar(Var::default())),
            Self::Tensor(x) => x.on_tape("grad", |tape| Ok(Self::Tensor(tape.zeros_like(x.node)))),
        }
    }
}

/// Derivatives, `None` where a root does not depend on the variable.
type Reached<T> = SmallVec<[Option<Derivative<T>>; 4]>;

/// The recorded derivatives of a root with respect to variables, each weighted with `adjoint`.
fn record_adjoints<T: Real>(
    root: Derivative<T>,
    adjoint: impl FnOnce() -> Result<Derivative<T>, Error>,
    variables: &[Derivative<T>],
    operation: &'static str,
) -> Result<Reached<T>, Error> {
    if root.place().0 == 0 {
        return Ok(variables.iter().map(|_| None).collect());
    }
    let path = Path::find(root, variables, operation)?;
    if !path.needs(path.root) {
        return Ok(variables.iter().map(|_| None).collect());
    }
    Ok(adjoint::adjoints(&path, adjoint()?)?.into())
}

fn or_zero<T: Real>(variables: &[Derivative<T>], derivatives: Reached<T>) -> Result<Handles<T>, Error> {
    variables
        .iter()
        .zip(derivatives)
        .map(|(variable, derivative)| derivative.map_or_else(|| variable.zero(), Ok))
        .collect()
}

fn one<T: Real>(root: Derivative<T>) -> Result<Derivative<T>, Error> {
    match root {
        Derivative::Scalar(_) => Ok(Derivative::Scalar(Var::constant(T::one()))),
        Derivative::Tensor(tensor) => {
            let shape = tensor.shape();
            if shape.size() != 1 {
                return Err(Error::RootNotScalar { shape });
            }
            let one = tensor.on_tape("grad", |tape| Ok(tape.number(T::one())))?;
            one.try_reshape(shape).map(Derivative::Tensor)
        }
    }
}

fn try_grad<T: Real, V: Variables<T>>(root: Derivative<T>, variables: &V) -> Result<V::Derivatives, Error> {
    let list = listed(variables);
    let found = record_adjoints(root, || one(root), &list, "grad")?;
    Ok(variables.same_kind(&mut or_zero(&list, found)?.into_iter()))
}

fn try_get_grad<T: Real, V: Variables<T>>(root: Derivative<T>, variables: &V) -> Result<V::Reached, Error> {
    let found = record_adjoints(root, || one(root), &listed(variables), "grad")?;
    Ok(variables.reached(&mut found.into_iter()))
}

fn try_jvp<T: Real, V: Variables<T>>(
    root: Derivative<T>,
    variables: &V,
    tangents: &V,
) -> Result<Option<Derivative<T>>, Error> {
    let (list, given) = (listed(variables), listed(tangents));
    if list.len() != given.len() {
        let rule = "there must be one tangent a variable";
        let [left, right] = [list.len(), given.len()].map(|length| Shape::from([length]));
        return Err(Error::Shapes { operation: "jvp", left, right, rule });
    }
    for (&variable, &tangent) in list.iter().zip(&given) {
        let (left, right) = (variable.shape("jvp")?, tangent.shape("jvp")?);
        let alike = variable.is_scalar() == tangent.is_scalar();
        if left != right || !alike {
            let rule = if alike {
                "a tangent has the shape of its variable"
            } else {
                "a tangent is a tensor where its variable is one, and a number elsewhere"
            };
            return Err(Error::Shapes { operation: "jvp", left, right, rule });
        }
    }
    let (recording, node) = root.place();
    if recording == 0 {
        return Ok(None);
    }
    let path = Path::find(root, &list, "jvp")?;
    living::with(recording, node, "jvp", |storage: &mut Storage<T>| {
        let foreign = given
            .iter()
            .map(|tangent| tangent.place())
            .find(|&(number, node)| node != 0 && !storage.owns(number, node));
        foreign.map_or(Ok(()), |place| Err(living::mismatch::<T>(place, (recording, node), "jvp")))
    })??;
    tangent::tangent(&path, &given)
}

impl<T: Real> Var<T> {
    /// The derivative with respect to variables, recorded: a handle on the same tape, which can be computed with and
    /// differentiated again. Zero, as a constant, where this number does not depend on a variable.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.var(2.0);
    /// let first = x.powi(4).grad(x);
    /// let second = first.grad(x);
    /// let third = second.grad(x);
    /// assert_eq!([first.value(), second.value(), third.value()], [32.0, 48.0, 48.0]);
    /// ```
    ///
    /// # Panics
    /// As [`try_grad`](Self::try_grad) fails.
    #[must_use]
    #[track_caller]
    pub fn grad<V: Variables<T>>(self, variables: V) -> V::Derivatives {
        unwrap(self.try_grad(variables))
    }

    /// As [`grad`](Self::grad).
    ///
    /// # Errors
    /// [`Error::Stale`], [`Error::Foreign`] or [`Error::OtherThread`] if a handle is not of this recording.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "variables are handles, written where they are handed over")]
    pub fn try_grad<V: Variables<T>>(self, variables: V) -> Result<V::Derivatives, Error> {
        try_grad(Derivative::Scalar(self), &variables)
    }

    /// As [`grad`](Self::grad), but `None` where this number does not depend on a variable: what
    /// [`Gradients::get`](crate::Gradients::get) is to indexing.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, flat, unused) = (tape.var(2.0), tape.var(3.0), tape.var(4.0));
    /// let (dx, dflat, dunused) = (x.powi(2) + flat.floor()).get_grad((x, flat, unused));
    /// assert_eq!((dx.unwrap().value(), dflat.unwrap().value()), (4.0, 0.0));
    /// assert!(dunused.is_none());
    /// ```
    ///
    /// # Panics
    /// As [`try_get_grad`](Self::try_get_grad) fails.
    #[must_use]
    #[track_caller]
    pub fn get_grad<V: Variables<T>>(self, variables: V) -> V::Reached {
        unwrap(self.try_get_grad(variables))
    }

    /// As [`get_grad`](Self::get_grad).
    ///
    /// # Errors
    /// As [`try_grad`](Self::try_grad).
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "variables are handles, written where they are handed over")]
    pub fn try_get_grad<V: Variables<T>>(self, variables: V) -> Result<V::Reached, Error> {
        try_get_grad(Derivative::Scalar(self), &variables)
    }

    /// The derivative along a direction, forwards and recorded: how this number changes when the variables change by the
    /// tangents. A constant zero if it does not depend on them.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, y) = (tape.var(3.0), tape.var(4.0));
    /// let change = (x * y).jvp([x, y], [1.0.into(), 0.5.into()]);
    /// assert_eq!(change.value(), 4.0 * 1.0 + 3.0 * 0.5);
    /// ```
    ///
    /// # Panics
    /// As [`try_jvp`](Self::try_jvp) fails.
    #[must_use]
    #[track_caller]
    pub fn jvp<V: Variables<T>>(self, variables: V, tangents: V) -> Self {
        unwrap(self.try_jvp(variables, tangents))
    }

    /// As [`jvp`](Self::jvp).
    ///
    /// # Errors
    /// [`Error::Shapes`] if tangents and variables do not fit, or as [`try_grad`](Self::try_grad).
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "variables are handles, written where they are handed over")]
    pub fn try_jvp<V: Variables<T>>(self, variables: V, tangents: V) -> Result<Self, Error> {
        Ok(try_jvp(Derivative::Scalar(self), &variables, &tangents)?.map_or_else(Self::default, Derivative::scalar))
    }
}

impl<T: Real> Tensor<T> {
    /// The gradient of this tensor, which must have one element, with respect to variables, recorded: handles on the same
    /// tape, which can be computed with and differentiated again. Zeros where it does not depend on a variable.
    ///
    /// A loss that contains a gradient trains: here the gradient of a penalty on the slope.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (w, x) = (tape.variable([2.0, 3.0]), tape.variable([0.5, 1.0]));
    /// let y = (w * x.powi(2)).sum();
    /// let penalty = y.grad(x).powi(2).sum();
    /// // dy/dx = 2 w x, so the penalty is the sum of 4 w^2 x^2, and its gradient 8 w x^2.
    /// assert_eq!(penalty.backward()[w].as_slice(), Some(&[4.0, 24.0][..]));
    /// ```
    ///
    /// # Panics
    /// As [`try_grad`](Self::try_grad) fails.
    #[must_use]
    #[track_caller]
    pub fn grad<V: Variables<T>>(self, variables: V) -> V::Derivatives {
        unwrap(self.try_grad(variables))
    }

    /// As [`grad`](Self::grad).
    ///
    /// # Errors
    /// [`Error::RootNotScalar`] if there is not exactly one element, [`Error::Stale`], [`Error::Foreign`] or
    /// [`Error::OtherThread`] if a handle is not of this recording.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "variables are handles, written where they are handed over")]
    pub fn try_grad<V: Variables<T>>(self, variables: V) -> Result<V::Derivatives, Error> {
        try_grad(Derivative::Tensor(self), &variables)
    }

    /// As [`grad`](Self::grad), but `None` where this tensor does not depend on a variable: what
    /// [`Gradients::get`](crate::Gradients::get) is to indexing.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (w, unused) = (tape.variable([2.0, 3.0]), tape.variable([1.0]));
    /// let (dw, none) = w.powi(2).sum().get_grad((w, unused));
    /// assert_eq!(dw.unwrap().to_array().as_slice(), Some(&[4.0, 6.0][..]));
    /// assert!(none.is_none());
    /// ```
    ///
    /// # Panics
    /// As [`try_get_grad`](Self::try_get_grad) fails.
    #[must_use]
    #[track_caller]
    pub fn get_grad<V: Variables<T>>(self, variables: V) -> V::Reached {
        unwrap(self.try_get_grad(variables))
    }

    /// As [`get_grad`](Self::get_grad).
    ///
    /// # Errors
    /// As [`try_grad`](Self::try_grad).
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "variables are handles, written where they are handed over")]
    pub fn try_get_grad<V: Variables<T>>(self, variables: V) -> Result<V::Reached, Error> {
        try_get_grad(Derivative::Tensor(self), &variables)
    }

    /// The vector-Jacobian product, recorded: the gradients of `(self * adjoint).sum()`, without recording that product.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0]);
    /// let gradient = x.powi(2).vjp(tape.constant([10.0, 100.0]), x);
    /// assert_eq!(gradient.to_array().as_slice(), Some(&[20.0, 400.0][..]));
    /// ```
    ///
    /// # Panics
    /// As [`try_vjp`](Self::try_vjp) fails.
    #[must_use]
    #[track_caller]
    pub fn vjp<V: Variables<T>>(self, adjoint: Self, variables: V) -> V::Derivatives {
        unwrap(self.try_vjp(adjoint, variables))
    }

    /// As [`vjp`](Self::vjp).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the adjoint has another shape, or as [`try_grad`](Self::try_grad).
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "variables are handles, written where they are handed over")]
    pub fn try_vjp<V: Variables<T>>(self, adjoint: Self, variables: V) -> Result<V::Derivatives, Error> {
        let list = listed(&variables);
        let found = self.adjoints_of(adjoint, &list, "vjp")?;
        Ok(variables.same_kind(&mut or_zero(&list, found)?.into_iter()))
    }

    /// As [`vjp`](Self::vjp), but `None` where this tensor does not depend on a variable: the form in which a
    /// [`CustomOp`](crate::CustomOp) returns its shares.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, unused) = (tape.variable([1.0, 2.0]), tape.variable([3.0]));
    /// let [share, none] = x.powi(2).get_vjp(tape.constant([10.0, 100.0]), [x, unused]);
    /// assert_eq!(share.unwrap().to_array().as_slice(), Some(&[20.0, 400.0][..]));
    /// assert!(none.is_none());
    /// ```
    ///
    /// # Panics
    /// As [`try_vjp`](Self::try_vjp) fails.
    #[must_use]
    #[track_caller]
    pub fn get_vjp<V: Variables<T>>(self, adjoint: Self, variables: V) -> V::Reached {
        unwrap(self.try_get_vjp(adjoint, variables))
    }

    /// As [`get_vjp`](Self::get_vjp).
    ///
    /// # Errors
    /// As [`try_vjp`](Self::try_vjp).
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "variables are handles, written where they are handed over")]
    pub fn try_get_vjp<V: Variables<T>>(self, adjoint: Self, variables: V) -> Result<V::Reached, Error> {
        let found = self.adjoints_of(adjoint, &listed(&variables), "vjp")?;
        Ok(variables.reached(&mut found.into_iter()))
    }

    fn adjoints_of(self, adjoint: Self, list: &[Derivative<T>], operation: &'static str) -> Result<Reached<T>, Error> {
        self.on_tape(operation, |tape| {
            tape.own(adjoint, operation)?;
            let (left, right) = (tape.shape(self.node).clone(), tape.shape(adjoint.node).clone());
            if left == right {
                return Ok(());
            }
            Err(Error::Shapes { operation, left, right, rule: "an adjoint has the shape of its tensor" })
        })?;
        record_adjoints(Derivative::Tensor(self), || Ok(Derivative::Tensor(adjoint)), list, operation)
    }

    /// The Jacobian-vector product, forwards and recorded: how this tensor changes when the variables change by the
    /// tangents. Zeros if it does not depend on them.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0]);
    /// let change = x.powi(2).jvp(x, tape.constant([1.0, 10.0]));
    /// assert_eq!(change.to_array().as_slice(), Some(&[2.0, 40.0][..]));
    /// ```
    ///
    /// # Panics
    /// As [`try_jvp`](Self::try_jvp) fails.
    #[must_use]
    #[track_caller]
    pub fn jvp<V: Variables<T>>(self, variables: V, tangents: V) -> Self {
        unwrap(self.try_jvp(variables, tangents))
    }

    /// As [`jvp`](Self::jvp).
    ///
    /// # Errors
    /// [`Error::Shapes`] if tangents and variables do not fit, or as [`try_grad`](Self::try_grad).
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "variables are handles, written where they are handed over")]
    pub fn try_jvp<V: Variables<T>>(self, variables: V, tangents: V) -> Result<Self, Error> {
        match try_jvp(Derivative::Tensor(self), &variables, &tangents)? {
            Some(tangent) => Ok(tangent.tensor()),
            None => Ok(Derivative::Tensor(self).zero()?.tensor()),
        }
    }
}
