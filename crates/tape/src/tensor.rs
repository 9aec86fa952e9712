//! `Tensor`, the tensor handle: an array that remembers how it was computed.

use std::fmt;
use std::marker::PhantomData;
use std::ops;

use ndarray::{ArrayBase, ArrayD, Data, Dimension, SliceInfoElem};
use smallvec::SmallVec;

use crate::error::{Error, unwrap};
use crate::gradients::Gradients;
use crate::kernel;
use crate::living;
use crate::op::{Comparison, Extreme};
use crate::real::Real;
use crate::rules::{Binary, BinaryRule, Unary, UnaryRule, binary_methods, try_binary_methods, unary_methods};
use crate::shape::{INLINE_AXES, Shape};
use crate::sweep;
use crate::tape::Storage;
use crate::transpose::{AxisSet, Linear};
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

/// Which axes a reduction reduces, and whether the result keeps them with length 1.
///
/// Made from one axis or several; a negative one counts from the last.
///
/// ```
/// use tape::Axes;
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.sum_axes(-1).shape(), [2]);
/// assert_eq!(x.sum_axes(Axes::keep(0)).shape(), [1, 2]);
/// assert_eq!(x.sum_axes([0, 1]).shape(), []);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axes {
    axes: SmallVec<[isize; INLINE_AXES]>,
    keep: bool,
}

impl Axes {
    /// These axes, kept with length 1.
    #[must_use]
    pub fn keep(axes: impl Into<Self>) -> Self {
        Self { keep: true, ..axes.into() }
    }

    fn resolve(&self, shape: &Shape, operation: &'static str) -> Result<AxisSet, Error> {
        let mut set = AxisSet::default();
        for &axis in &self.axes {
            let axis = shape.axis(axis, operation)?;
            if set.contains(axis) {
                let rule = "an axis is named twice";
                return Err(Error::Axes { operation, axes: self.axes.to_vec(), shape: shape.clone(), rule });
            }
            set = set.with(axis);
        }
        Ok(set)
    }
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Self {
        Self { axes: SmallVec::from_slice(&[axis]), keep: false }
    }
}

impl From<&[isize]> for Axes {
    fn from(axes: &[isize]) -> Self {
        Self { axes: SmallVec::from_slice(axes), keep: false }
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Self {
        Self { axes: SmallVec::from_slice(&axes), keep: false }
    }
}

impl<T: Real> Tensor<T> {
    pub(crate) fn new(node: u32, tape: u32) -> Self {
        Self { node, tape, element: PhantomData }
    }

    fn on_tape<R>(
        self,
        operation: &'static str,
        work: impl FnOnce(&mut Storage<T>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        living::with(self.tape, operation, work)?
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
            let view = tape.slot(self.node).view();
            let mut elements = vec![T::zero(); view.size()];
            kernel::copy(view, &mut elements);
            Ok(ArrayD::from_shape_vec(view.shape, elements).expect("a tensor has as many elements as its shape says"))
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
    pub fn try_item(self) -> Result<T, Error> {
        self.on_tape("item", |tape| {
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
    pub fn try_stack_vars(vars: &[Var<T>]) -> Result<Self, Error> {
        let recorded = vars.iter().find(|var| !var.is_constant());
        let tape = recorded.ok_or(Error::NoTape { operation: "stack_vars" })?.recording();
        living::with(tape, "stack_vars", |tape| tape.stack_vars(vars, Shape::from([vars.len()])))?
    }

    /// The same elements as a constant, through which nothing is differentiated.
    #[must_use]
    #[track_caller]
    pub fn detach(self) -> Self {
        unwrap(self.on_tape("detach", |tape| {
            let slot = tape.slot(self.node);
            let (shape, elements) = (slot.shape.clone(), tape.arena.take(slot.shape.size()));
            kernel::copy(slot.view(), elements);
            let elements = std::ptr::NonNull::from(elements);
            Ok(tape.push_dense(crate::op::TensorOp::Leaf, &[], shape, elements))
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
    pub fn try_backward(self) -> Result<Gradients<T>, Error> {
        sweep::backward(self)
    }

    unary_methods!(record);
    binary_methods!(record_with, impl Into<Operand<T>>);
    try_binary_methods!(try_record_with, impl Into<Operand<T>>);

    /// `x^n` for an integer n; derivative `n x^(n-1)`, and 0 everywhere if n is 0.
    #[must_use]
    #[track_caller]
    pub fn powi(self, n: i32) -> Self {
        unwrap(self.on_tape("powi", |tape| Ok(tape.powi(n, self.node))))
    }

    #[track_caller]
    fn record(self, op: Unary, _: impl UnaryRule) -> Self {
        unwrap(self.on_tape(op.name(), |tape| Ok(tape.unary(op, self.node))))
    }

    #[track_caller]
    fn record_with(self, op: Binary, _: impl BinaryRule, other: impl Into<Operand<T>>) -> Self {
        unwrap(self.try_record_with(op, other))
    }

    fn try_record_with(self, op: Binary, other: impl Into<Operand<T>>) -> Result<Self, Error> {
        let other = other.into();
        self.on_tape(op.name(), |tape| {
            let other = tape.operand(other, op.name())?;
            tape.binary(op, self.node, other)
        })
    }

    /// The operation with this tensor on the right.
    #[track_caller]
    fn record_behind(self, op: Binary, left: impl Into<Operand<T>>) -> Self {
        let left = left.into();
        unwrap(self.on_tape(op.name(), |tape| {
            let left = tape.operand(left, op.name())?;
            tape.binary(op, left, self.node)
        }))
    }

    fn compare(self, comparison: Comparison, other: impl Into<Operand<T>>) -> Result<Mask<T>, Error> {
        let other = other.into();
        self.on_tape(comparison.name(), |tape| {
            let other = tape.operand(other, comparison.name())?;
            tape.compare(comparison, self.node, other).map(Mask)
        })
    }

    /// Matrix products by NumPy's rules: `[.., m, k] x [.., k, n] -> [.., m, n]`, where the axes before the last two
    /// broadcast, a vector on the left counts as a row and one on the right as a column.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// let x = tape.constant([10.0, 1.0]);
    /// let y = a.matmul(x);
    /// assert_eq!(y.to_array().as_slice(), Some(&[12.0, 34.0][..]));
    /// assert_eq!(y.sum().backward()[a].as_slice(), Some(&[10.0, 1.0, 10.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matmul(self, other: Self) -> Self {
        unwrap(self.try_matmul(other))
    }

    /// As [`matmul`](Self::matmul).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the inner lengths differ, the batches do not broadcast, or a factor has no axis.
    pub fn try_matmul(self, other: Self) -> Result<Self, Error> {
        self.on_tape("matmul", |tape| {
            let other = tape.own(other, "matmul")?;
            tape.matmul(self.node, other)
        })
    }

    /// The sum of all elements; 0 for an empty tensor.
    #[must_use]
    #[track_caller]
    pub fn sum(self) -> Self {
        unwrap(self.on_tape("sum", |tape| {
            let axes = AxisSet::all(tape.shape(self.node).rank());
            Ok(tape.sum(self.node, axes, false))
        }))
    }

    /// The sum over some axes, such as `-1`, `[0, 2]` or [`Axes::keep(-1)`](Axes::keep).
    #[must_use]
    #[track_caller]
    pub fn sum_axes(self, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_sum_axes(axes))
    }

    /// As [`sum_axes`](Self::sum_axes).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice.
    pub fn try_sum_axes(self, axes: impl Into<Axes>) -> Result<Self, Error> {
        let axes = axes.into();
        self.on_tape("sum_axes", |tape| {
            let set = axes.resolve(tape.shape(self.node), "sum_axes")?;
            Ok(tape.sum(self.node, set, axes.keep))
        })
    }

    /// The mean of all elements; NaN for an empty tensor.
    #[must_use]
    #[track_caller]
    pub fn mean(self) -> Self {
        let count = self.shape().size();
        self.sum() * T::from_f64(1.0 / count as f64)
    }

    /// The mean over some axes; NaN where they hold no element.
    #[must_use]
    #[track_caller]
    pub fn mean_axes(self, axes: impl Into<Axes>) -> Self {
        unwrap(self.try_mean_axes(axes))
    }

    /// As [`mean_axes`](Self::mean_axes).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if one is named twice.
    pub fn try_mean_axes(self, axes: impl Into<Axes>) -> Result<Self, Error> {
        let axes = axes.into();
        let sum = self.try_sum_axes(axes.clone())?;
        let shape = self.shape();
        let set = axes.resolve(&shape, "mean_axes")?;
        let count: usize = (0..shape.rank()).filter(|&axis| set.contains(axis)).map(|axis| shape[axis]).product();
        sum.try_mul(T::from_f64(1.0 / count as f64))
    }

    /// The largest of all elements; NaN if one is NaN. Elements that tie share the gradient evenly.
    ///
    /// # Panics
    /// If the tensor is empty.
    #[must_use]
    #[track_caller]
    pub fn max_all(self) -> Self {
        unwrap(self.on_tape("max", |tape| tape.extreme(Extreme::Max, self.node)))
    }

    /// The smallest of all elements; NaN if one is NaN. Elements that tie share the gradient evenly.
    ///
    /// # Panics
    /// If the tensor is empty.
    #[must_use]
    #[track_caller]
    pub fn min_all(self) -> Self {
        unwrap(self.on_tape("min", |tape| tape.extreme(Extreme::Min, self.node)))
    }

    /// The largest element along an axis; NaN if one is NaN. Of elements that tie, the first gets the gradient.
    #[must_use]
    #[track_caller]
    pub fn max_axis(self, axis: isize) -> Self {
        unwrap(self.try_extreme_axis(Extreme::Max, axis))
    }

    /// The smallest element along an axis; NaN if one is NaN. Of elements that tie, the first gets the gradient.
    #[must_use]
    #[track_caller]
    pub fn min_axis(self, axis: isize) -> Self {
        unwrap(self.try_extreme_axis(Extreme::Min, axis))
    }

    /// As [`max_axis`](Self::max_axis).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if it has length zero.
    pub fn try_max_axis(self, axis: isize) -> Result<Self, Error> {
        self.try_extreme_axis(Extreme::Max, axis)
    }

    /// As [`min_axis`](Self::min_axis).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if it has length zero.
    pub fn try_min_axis(self, axis: isize) -> Result<Self, Error> {
        self.try_extreme_axis(Extreme::Min, axis)
    }

    fn try_extreme_axis(self, extreme: Extreme, axis: isize) -> Result<Self, Error> {
        self.on_tape(extreme.name(), |tape| {
            let axis = tape.shape(self.node).axis(axis, extreme.name())?;
            let picked = tape.extreme_indices(extreme, self.node, axis)?;
            let indices = tape.save(picked.into_iter());
            let shape = crate::record::reduced(tape.shape(self.node), AxisSet::default().with(axis), false);
            Ok(tape.linear(Linear::TakeAlong { axis, indices }, self.node, shape))
        })
    }

    /// The index of the largest element along an axis, the first of those that tie; NaN counts as the largest.
    ///
    /// ```
    /// let tape = tape::Tape::<f32>::new();
    /// let logits = tape.constant([[0.1, 0.9], [3.0, -2.0]]);
    /// assert_eq!(logits.argmax(-1).as_slice(), Some(&[1, 0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argmax(self, axis: isize) -> ArrayD<usize> {
        unwrap(self.on_tape("argmax", |tape| {
            let axis = tape.shape(self.node).axis(axis, "argmax")?;
            let indices = tape.extreme_indices(Extreme::Max, self.node, axis)?;
            let shape = crate::record::reduced(tape.shape(self.node), AxisSet::default().with(axis), false);
            let indices = indices.into_iter().map(|index| index as usize).collect();
            Ok(ArrayD::from_shape_vec(&*shape, indices).expect("one index a line"))
        }))
    }

    /// The same elements, row by row, in another shape.
    #[must_use]
    #[track_caller]
    pub fn reshape(self, shape: impl Into<Shape>) -> Self {
        unwrap(self.try_reshape(shape))
    }

    /// As [`reshape`](Self::reshape).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the new shape has another number of elements.
    pub fn try_reshape(self, shape: impl Into<Shape>) -> Result<Self, Error> {
        let shape = shape.into();
        self.on_tape("reshape", |tape| {
            let own = tape.shape(self.node);
            if own.size() != shape.size() {
                let rule = "the number of elements must stay the same";
                return Err(Error::Shapes { operation: "reshape", left: own.clone(), right: shape, rule });
            }
            Ok(tape.reshape(self.node, shape))
        })
    }

    /// The axes in another order: axis i of the result is axis `axes[i]` of this. Nothing is copied.
    #[must_use]
    #[track_caller]
    pub fn permute(self, axes: impl AsRef<[isize]>) -> Self {
        unwrap(self.try_permute(axes))
    }

    /// As [`permute`](Self::permute).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Axes`] if not every axis is named exactly once.
    pub fn try_permute(self, axes: impl AsRef<[isize]>) -> Result<Self, Error> {
        let axes = axes.as_ref();
        self.on_tape("permute", |tape| {
            let shape = tape.shape(self.node);
            let set = Axes::from(axes).resolve(shape, "permute")?;
            if set != AxisSet::all(shape.rank()) {
                let rule = "every axis must be named exactly once";
                return Err(Error::Axes { operation: "permute", axes: axes.to_vec(), shape: shape.clone(), rule });
            }
            let order = axes.iter().map(|axis| axis.rem_euclid(shape.rank() as isize) as u8);
            let permuted = order.clone().map(|axis| shape[axis as usize]).collect();
            let permute = Linear::Permute(order.collect());
            Ok(tape.linear(permute, self.node, permuted))
        })
    }

    /// Two axes swapped. Nothing is copied.
    #[must_use]
    #[track_caller]
    pub fn transpose(self, one: isize, other: isize) -> Self {
        unwrap(self.try_transpose(one, other))
    }

    /// As [`transpose`](Self::transpose).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    pub fn try_transpose(self, one: isize, other: isize) -> Result<Self, Error> {
        self.on_tape("transpose", |tape| {
            let mut shape = tape.shape(self.node).clone();
            let (one, other) = (shape.axis(one, "transpose")?, shape.axis(other, "transpose")?);
            let mut order: SmallVec<_> = (0..shape.rank() as u8).collect();
            order.swap(one, other);
            shape.as_mut().swap(one, other);
            Ok(tape.linear(Linear::Permute(order), self.node, shape))
        })
    }

    /// The last two axes swapped: the matrix transpose, of every matrix of a batch.
    #[must_use]
    #[track_caller]
    pub fn t(self) -> Self {
        self.transpose(-1, -2)
    }

    /// Repeated, without copying, to a larger shape.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Self {
        unwrap(self.try_broadcast_to(shape))
    }

    /// As [`broadcast_to`](Self::broadcast_to).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the tensor does not broadcast to the shape.
    pub fn try_broadcast_to(self, shape: impl Into<Shape>) -> Result<Self, Error> {
        let shape = shape.into();
        self.on_tape("broadcast_to", |tape| tape.broadcast_to(self.node, shape))
    }

    /// A new axis of length 1 before the given one; -1 puts it last.
    #[must_use]
    #[track_caller]
    pub fn unsqueeze(self, axis: isize) -> Self {
        unwrap(self.try_unsqueeze(axis))
    }

    /// As [`unsqueeze`](Self::unsqueeze).
    ///
    /// # Errors
    /// [`Error::Axis`] if the axis is not among those of the result.
    pub fn try_unsqueeze(self, axis: isize) -> Result<Self, Error> {
        self.on_tape("unsqueeze", |tape| {
            let mut shape = tape.shape(self.node).clone();
            let rank = shape.rank() as isize + 1;
            if !(-rank..rank).contains(&axis) {
                return Err(Error::Axis { operation: "unsqueeze", axis, shape });
            }
            shape.as_mut().insert(axis.rem_euclid(rank) as usize, 1);
            Ok(tape.reshape(self.node, shape))
        })
    }

    /// Without an axis of length 1.
    #[must_use]
    #[track_caller]
    pub fn squeeze(self, axis: isize) -> Self {
        unwrap(self.try_squeeze(axis))
    }

    /// As [`squeeze`](Self::squeeze).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shape`] if its length is not 1.
    pub fn try_squeeze(self, axis: isize) -> Result<Self, Error> {
        self.on_tape("squeeze", |tape| {
            let mut shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "squeeze")?;
            if shape[axis] != 1 {
                let rule = "only an axis of length 1 can be left out";
                return Err(Error::Shape { operation: "squeeze", shape, rule });
            }
            shape.as_mut().remove(axis);
            Ok(tape.reshape(self.node, shape))
        })
    }

    /// A part of the tensor, told by ndarray's `s!`: ranges, steps (a negative one walks the range backwards), single
    /// indices and new axes. Nothing is copied.
    ///
    /// ```
    /// use ndarray::s;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let corner = x.slice(s![1, ..;-2]);
    /// assert_eq!(corner.to_array().as_slice(), Some(&[6.0, 4.0][..]));
    /// assert_eq!(corner.sum().backward()[x].as_slice(), Some(&[0.0, 0.0, 0.0, 1.0, 0.0, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn slice(self, slices: impl AsRef<[SliceInfoElem]>) -> Self {
        unwrap(self.try_slice(slices))
    }

    /// As [`slice`](Self::slice).
    ///
    /// # Errors
    /// [`Error::Axes`] if there are more entries than axes, [`Error::Index`] if one lies outside its axis.
    pub fn try_slice(self, slices: impl AsRef<[SliceInfoElem]>) -> Result<Self, Error> {
        let slices = slices.as_ref();
        self.on_tape("slice", |tape| {
            let crate::slice::Resolved { cut, length, shape } = crate::slice::resolve(slices, tape.shape(self.node))?;
            let part = tape.linear(Linear::Slice(cut), self.node, length);
            Ok(if tape.shape(part.node) == &shape { part } else { tape.reshape(part.node, shape) })
        })
    }

    /// Tensors one after another along an axis; all other axes must be equal.
    #[must_use]
    #[track_caller]
    pub fn concat(tensors: &[Self], axis: isize) -> Self {
        unwrap(Self::try_concat(tensors, axis))
    }

    /// As [`concat`](Self::concat).
    ///
    /// # Errors
    /// [`Error::NoTape`] if there is no tensor, [`Error::Axis`] if there is no such axis, [`Error::Shapes`] if another
    /// axis differs.
    pub fn try_concat(tensors: &[Self], axis: isize) -> Result<Self, Error> {
        let first = *tensors.first().ok_or(Error::NoTape { operation: "concat" })?;
        first.on_tape("concat", |tape| {
            let nodes = tape.own_all(tensors, "concat")?;
            tape.concat(&nodes, axis)
        })
    }

    /// Tensors of one shape side by side along a new axis.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let (x, y) = (tape.variable([1.0, 2.0]), tape.variable([3.0, 4.0]));
    /// assert_eq!(tape::Tensor::stack(&[x, y], -1).to_array().as_slice(), Some(&[1.0, 3.0, 2.0, 4.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn stack(tensors: &[Self], axis: isize) -> Self {
        unwrap(Self::try_stack(tensors, axis))
    }

    /// As [`stack`](Self::stack).
    ///
    /// # Errors
    /// [`Error::NoTape`] if there is no tensor, [`Error::Axis`] if the axis is not among those of the result,
    /// [`Error::Shapes`] if two shapes differ.
    pub fn try_stack(tensors: &[Self], axis: isize) -> Result<Self, Error> {
        let columns = tensors.iter().map(|tensor| tensor.try_unsqueeze(axis)).collect::<Result<Vec<_>, _>>()?;
        Self::try_concat(&columns, axis)
    }

    /// The rows along an axis that the indices name, in their order; a row may be named often or never.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// let rows = x.index_select(0, &[1, 1, 0]);
    /// assert_eq!(rows.shape(), [3, 2]);
    /// assert_eq!(rows.sum().backward()[x].as_slice(), Some(&[1.0, 1.0, 2.0, 2.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn index_select(self, axis: isize, indices: &[usize]) -> Self {
        unwrap(self.try_index_select(axis, indices))
    }

    /// As [`index_select`](Self::index_select).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Index`] if an index is not below its length.
    pub fn try_index_select(self, axis: isize, indices: &[usize]) -> Result<Self, Error> {
        self.on_tape("index_select", |tape| {
            let mut shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "index_select")?;
            check_indices(indices.iter().copied(), axis, &shape, "index_select")?;
            let saved = tape.save(indices.iter().map(|&index| index as u32));
            shape.as_mut()[axis] = indices.len();
            Ok(tape.linear(Linear::SelectRows { axis, indices: saved }, self.node, shape))
        })
    }

    /// For every element of `indices`, the element that it names along the axis, in its own line: PyTorch's `gather`.
    /// `indices` has the tensor's shape but for that axis.
    ///
    /// ```
    /// use ndarray::array;
    /// let tape = tape::Tape::<f64>::new();
    /// let scores = tape.variable([[0.1, 0.9], [0.8, 0.2]]);
    /// let chosen = scores.gather(1, &array![[1], [0]]);
    /// assert_eq!(chosen.to_array().as_slice(), Some(&[0.9, 0.8][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn gather<S: Data<Elem = usize>, D: Dimension>(self, axis: isize, indices: &ArrayBase<S, D>) -> Self {
        unwrap(self.try_gather(axis, indices))
    }

    /// As [`gather`](Self::gather).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Shapes`] if the indices' shape differs in another axis,
    /// [`Error::Index`] if an index is not below the axis' length.
    pub fn try_gather<S: Data<Elem = usize>, D: Dimension>(
        self,
        axis: isize,
        indices: &ArrayBase<S, D>,
    ) -> Result<Self, Error> {
        let wanted = Shape::from(indices.shape());
        self.on_tape("gather", |tape| {
            let shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "gather")?;
            let fits =
                wanted.rank() == shape.rank() && (0..shape.rank()).all(|own| own == axis || wanted[own] == shape[own]);
            if !fits {
                let rule = "the indices must have the tensor's shape in all axes but the gathered one";
                return Err(Error::Shapes { operation: "gather", left: shape, right: wanted, rule });
            }
            check_indices(indices.iter().copied(), axis, &shape, "gather")?;
            let indices = tape.save(indices.iter().map(|&index| index as u32));
            Ok(tape.linear(Linear::TakeAlong { axis, indices }, self.node, wanted))
        })
    }

    /// The logarithms of the softmax along an axis: `x - ln(sum(exp(x)))`, without overflow.
    #[must_use]
    #[track_caller]
    pub fn log_softmax(self, axis: isize) -> Self {
        unwrap(self.try_log_softmax(axis))
    }

    /// As [`log_softmax`](Self::log_softmax).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis.
    pub fn try_log_softmax(self, axis: isize) -> Result<Self, Error> {
        let last = self.on_tape("log_softmax", |tape| {
            let shape = tape.shape(self.node);
            Ok(shape.axis(axis, "log_softmax")? + 1 == shape.rank())
        })?;
        if last {
            return self.on_tape("log_softmax", |tape| Ok(tape.log_softmax(self.node)));
        }
        let turned = self.try_transpose(axis, -1)?;
        turned.on_tape("log_softmax", |tape| Ok(tape.log_softmax(turned.node)))?.try_transpose(axis, -1)
    }

    /// Less than, elementwise.
    #[must_use]
    #[track_caller]
    pub fn lt(self, other: impl Into<Operand<T>>) -> Mask<T> {
        unwrap(self.compare(Comparison::Less, other))
    }

    /// Less than or equal, elementwise.
    #[must_use]
    #[track_caller]
    pub fn le(self, other: impl Into<Operand<T>>) -> Mask<T> {
        unwrap(self.compare(Comparison::LessOrEqual, other))
    }

    /// Greater than, elementwise.
    #[must_use]
    #[track_caller]
    pub fn gt(self, other: impl Into<Operand<T>>) -> Mask<T> {
        unwrap(self.compare(Comparison::Greater, other))
    }

    /// Greater than or equal, elementwise.
    #[must_use]
    #[track_caller]
    pub fn ge(self, other: impl Into<Operand<T>>) -> Mask<T> {
        unwrap(self.compare(Comparison::GreaterOrEqual, other))
    }

    /// Equal, elementwise.
    #[must_use]
    #[track_caller]
    pub fn eq(self, other: impl Into<Operand<T>>) -> Mask<T> {
        unwrap(self.compare(Comparison::Equal, other))
    }

    /// Not equal, elementwise.
    #[must_use]
    #[track_caller]
    pub fn ne(self, other: impl Into<Operand<T>>) -> Mask<T> {
        unwrap(self.compare(Comparison::NotEqual, other))
    }
}

fn check_indices(
    mut indices: impl Iterator<Item = usize>,
    axis: usize,
    shape: &Shape,
    operation: &'static str,
) -> Result<(), Error> {
    match indices.find(|&index| index >= shape[axis]) {
        Some(index) => Err(Error::Index { operation, index: index as isize, axis, shape: shape.clone() }),
        None => Ok(()),
    }
}

/// Yes or no for every element: what comparing tensors gives. It has no derivative.
#[derive(Debug, Clone, Copy)]
pub struct Mask<T>(Tensor<T>);

impl<T: Real> Mask<T> {
    /// `yes` where the mask holds, `no` elsewhere; all three broadcast. What was not selected gets no gradient, whatever
    /// its own derivative is.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([4.0, -4.0]);
    /// let y = x.gt(0.0).select(x.sqrt(), x);
    /// assert_eq!(y.to_array().as_slice(), Some(&[2.0, -4.0][..]));
    /// assert_eq!(y.sum().backward()[x].as_slice(), Some(&[0.25, 1.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn select(self, yes: impl Into<Operand<T>>, no: impl Into<Operand<T>>) -> Tensor<T> {
        unwrap(self.try_select(yes, no))
    }

    /// As [`select`](Self::select).
    ///
    /// # Errors
    /// [`Error::Broadcast`] if the three shapes do not broadcast.
    pub fn try_select(self, yes: impl Into<Operand<T>>, no: impl Into<Operand<T>>) -> Result<Tensor<T>, Error> {
        let (yes, no) = (yes.into(), no.into());
        self.0.on_tape("select", |tape| {
            let (yes, no) = (tape.operand(yes, "select")?, tape.operand(no, "select")?);
            tape.select(self.0.node, yes, no)
        })
    }

    /// The mask as a constant tensor: 1 where it holds, 0 elsewhere.
    #[must_use]
    pub fn to_tensor(self) -> Tensor<T> {
        self.0
    }
}

impl<T: Real> ops::Neg for Tensor<T> {
    type Output = Self;

    #[track_caller]
    fn neg(self) -> Self {
        Self::neg(self)
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $assign_trait:ident $assign:ident),*) => {$(
        impl<T: Real, R: Into<Operand<T>>> ops::$trait<R> for Tensor<T> {
            type Output = Self;

            #[track_caller]
            fn $method(self, other: R) -> Self {
                Self::$method(self, other)
            }
        }

        impl<T: Real, R: Into<Operand<T>>> ops::$assign_trait<R> for Tensor<T> {
            #[track_caller]
            fn $assign(&mut self, other: R) {
                *self = Self::$method(*self, other);
            }
        }

        impl<T: Real> ops::$trait<Tensor<T>> for Var<T> {
            type Output = Tensor<T>;

            #[track_caller]
            fn $method(self, other: Tensor<T>) -> Tensor<T> {
                other.record_behind(Binary::$trait, self)
            }
        }

        operators!(@number $trait $method f32);
        operators!(@number $trait $method f64);
    )*};
    (@number $trait:ident $method:ident $number:ident) => {
        impl ops::$trait<Tensor<$number>> for $number {
            type Output = Tensor<$number>;

            #[track_caller]
            fn $method(self, other: Tensor<$number>) -> Tensor<$number> {
                other.record_behind(Binary::$trait, self)
            }
        }
    };
}
operators!(Add add AddAssign add_assign, Sub sub SubAssign sub_assign, Mul mul MulAssign mul_assign,
    Div div DivAssign div_assign, Rem rem RemAssign rem_assign);
