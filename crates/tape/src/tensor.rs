//! `Tensor`, the tensor handle: an array that remembers how it was computed.

mod adaptive_pool;
mod axes;
mod convolution;
mod diagonal;
mod einsum;
mod elementwise;
mod index;
mod join;
mod linear_algebra;
mod mask;
mod order;
mod pad;
mod pool;
mod reduce;
mod resize;
mod scan;
mod scatter;
mod shape;
mod softmax;
mod spatial;
mod statistics;
mod window;

use std::fmt;
use std::marker::PhantomData;

use ndarray::ArrayD;

pub use self::axes::Axes;
pub use self::convolution::Convolution;
pub use self::elementwise::Mask;
pub use self::order::Order;
pub use self::pad::Padding;
pub use self::pool::Pooling;
pub use self::resize::Interpolation;
pub use self::spatial::{Margins, PerAxis};
use crate::elements::Elements;
use crate::error::{Error, unwrap};
use crate::gradients::Gradients;
use crate::kernel;
use crate::living;
use crate::real::Real;
use crate::shape::Shape;
use crate::sweep;
use crate::tape::Storage;
use crate::transpose::MOST_AXES;
use crate::var::Var;

/// A recorded array of numbers.
///
/// A handle is two numbers, a node and a tape; it is `Copy` and has no lifetime. Operations have the names and the
/// broadcasting rules of NumPy and PyTorch; they panic at the caller's line where shapes do not fit, and each such one has
/// a `try_` form that returns the [`Error`] instead.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// let scale = tape.variable([10.0, 100.0, 1000.0]);
/// let loss = (x * scale).sum();
/// assert_eq!(loss.item(), 9750.0);
/// let gradients = loss.backward();
/// assert_eq!(gradients[scale].as_slice(), Some(&[5.0, 7.0, 9.0][..]));
/// ```
pub struct Tensor<T> {
    pub(crate) node: u32,
    pub(crate) tape: u32,
    element: PhantomData<T>,
}

impl<T> Clone for Tensor<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Tensor<T> {}

impl<T> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor(node {} of recording {})", self.node, self.tape)
    }
}

/// What an elementwise operation with a tensor takes: a tensor, a variable or a plain number.
#[derive(Debug, Clone, Copy)]
pub enum Operand<T> {
    /// A tensor, broadcast to the other's shape.
    Tensor(Tensor<T>),
    /// A variable, for every element.
    Var(Var<T>),
    /// A number, for every element.
    Number(T),
}

impl<T> From<Tensor<T>> for Operand<T> {
    fn from(tensor: Tensor<T>) -> Self {
        Self::Tensor(tensor)
    }
}

impl<T> From<Var<T>> for Operand<T> {
    fn from(var: Var<T>) -> Self {
        Self::Var(var)
    }
}

impl<T: Real> From<T> for Operand<T> {
    fn from(number: T) -> Self {
        Self::Number(number)
    }
}

impl<T: Real> Tensor<T> {
    pub(crate) fn new(node: u32, tape: u32) -> Self {
        Self { node, tape, element: PhantomData }
    }

    #[track_caller]
    pub(crate) fn on_tape<R>(
        self,
        operation: &'static str,
        work: impl FnOnce(&mut Storage<T>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        living::with(self.tape, self.node, operation, work)?
    }

    /// The lengths of the axes.
    #[must_use]
    #[track_caller]
    pub fn shape(self) -> Shape {
        unwrap(self.on_tape("shape", |tape| Ok(tape.shape(self.node).clone())))
    }

    /// A copy of the elements; [`Tape::view`](crate::Tape::view) looks at them without copying.
    #[must_use]
    #[track_caller]
    pub fn to_array(self) -> ArrayD<T> {
        unwrap(self.on_tape("to_array", |tape| {
            tape.look_at("to_array")?;
            Ok(kernel::to_array(tape.slot(self.node).view()))
        }))
    }

    /// The only element.
    ///
    /// # Panics
    /// If there is not exactly one.
    #[must_use]
    #[track_caller]
    pub fn item(self) -> T {
        unwrap(self.try_item())
    }

    /// The only element.
    ///
    /// # Errors
    /// [`Error::Shape`] if there is not exactly one.
    #[track_caller]
    pub fn try_item(self) -> Result<T, Error> {
        self.on_tape("item", |tape| {
            tape.look_at("item")?;
            let view = tape.slot(self.node).view();
            if view.size() == 1 {
                Ok(view.data[view.offset])
            } else {
                let rule = "exactly one element is needed";
                Err(Error::Shape { operation: "item", shape: Shape::from(view.shape), rule })
            }
        })
    }

    /// One element as a variable, on the same tape.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// let gradients = (x.at([0, 1]) * x.at([1, 0])).backward();
    /// assert_eq!(gradients[x].as_slice(), Some(&[0.0, 3.0, 2.0, 0.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn at(self, index: impl AsRef<[usize]>) -> Var<T> {
        unwrap(self.try_at(index))
    }

    /// As [`at`](Self::at).
    ///
    /// # Errors
    /// [`Error::Axes`] if there is not one index an axis, [`Error::Index`] if one is not below its axis' length.
    #[track_caller]
    pub fn try_at(self, index: impl AsRef<[usize]>) -> Result<Var<T>, Error> {
        let index = index.as_ref();
        self.on_tape("at", |tape| tape.element(self.node, index))
    }

    /// A vector of variables as a tensor of one axis. Constants are fine, but one of them must be on a tape.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, y) = (tape.var(3.0), tape.var(4.0));
    /// let norm = tape::Tensor::stack_vars(&[x, y]).powi(2).sum().sqrt();
    /// assert_eq!(norm.backward()[y], 0.8);
    /// ```
    ///
    /// # Panics
    /// If no variable is on a tape, or two are on different ones.
    #[must_use]
    #[track_caller]
    pub fn stack_vars(vars: &[Var<T>]) -> Self {
        unwrap(Self::try_stack_vars(vars))
    }

    /// As [`stack_vars`](Self::stack_vars).
    ///
    /// # Errors
    /// [`Error::NoTape`] if all are constants, [`Error::Foreign`] if two are on different tapes.
    #[track_caller]
    pub fn try_stack_vars(vars: &[Var<T>]) -> Result<Self, Error> {
        let recorded = vars.iter().find(|var| !var.is_constant());
        let first = recorded.ok_or(Error::NoTape { operation: "stack_vars" })?;
        living::with(first.recording(), first.node(), "stack_vars", |tape| {
            tape.stack_vars(vars, Shape::from([vars.len()]), "stack_vars")
        })?
    }

    /// The same elements as a constant, through which nothing is differentiated.
    #[must_use]
    #[track_caller]
    pub fn detach(self) -> Self {
        unwrap(self.on_tape("detach", |tape| Ok(tape.detach(self.node))))
    }

    /// A constant on the recording of this tensor: where a function that is given nothing but tensors needs numbers of its
    /// own. What has a tape or a pass records it there, with [`Tape::constant`](crate::Tape::constant).
    ///
    /// ```
    /// use tape::{Real, Tensor};
    /// /// The mean in which the elements count differently.
    /// fn weighted_mean<T: Real>(x: Tensor<T>, weights: &[T]) -> Tensor<T> {
    ///     let weights = x.new_constant(weights);
    ///     (x * weights).sum() / weights.sum()
    /// }
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 5.0]);
    /// let mean = weighted_mean(x, &[3.0, 1.0]);
    /// assert_eq!(mean.item(), 2.0);
    /// assert_eq!(mean.backward()[x].as_slice(), Some(&[0.75, 0.25][..]));
    /// ```
    ///
    /// # Panics
    /// If there are more than 32 axes.
    #[doc(alias = "new_tensor")]
    #[must_use]
    #[track_caller]
    pub fn new_constant(self, elements: impl Elements<T>) -> Self {
        let shape = elements.shape();
        // The elements are code of users, so they are written before the tape is borrowed.
        let mut values = vec![T::zero(); shape.size()];
        elements.write(&mut values);
        unwrap(self.on_tape("new_constant", |tape| {
            if shape.rank() > MOST_AXES {
                return Err(Error::Shape { operation: "new_constant", shape, rule: "a tensor has at most 32 axes" });
            }
            Ok(tape.push_leaf(shape, false, |out| out.copy_from_slice(&values)))
        }))
    }

    /// The gradients of this tensor, which must have one element, with respect to everything that it was computed from.
    ///
    /// # Panics
    /// As [`try_backward`](Self::try_backward) fails.
    #[must_use]
    #[track_caller]
    pub fn backward(self) -> Gradients<T> {
        unwrap(self.try_backward())
    }

    /// As [`backward`](Self::backward).
    ///
    /// # Errors
    /// [`Error::RootNotScalar`] if there is not exactly one element, [`Error::ConstantRoot`] if no variable lies behind
    /// it, [`Error::Stale`] or [`Error::OtherThread`] if its recording is over or on another thread.
    #[track_caller]
    pub fn try_backward(self) -> Result<Gradients<T>, Error> {
        sweep::backward(self)
    }
}
