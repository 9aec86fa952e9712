//! Recording tensors: what is computed when, and what is only looked at from another side.
//!
//! Every function takes node numbers of this recording, checks shapes, computes, and adds one tensor. Nothing here knows
//! of derivatives.

use std::ptr::NonNull;

use smallvec::SmallVec;

use crate::error::Error;
use crate::indices::Saved;
use crate::kernel::{self, Search, View};
use crate::living;
use crate::op::{Comparison, Extreme, Node, Op, TensorOp};
use crate::product::{self, Operand as Factor};
use crate::real::Real;
use crate::rules::{Binary, Unary};
use crate::shape::{INLINE_AXES, Shape};
use crate::tape::{Origin, Slot, Storage};
use crate::tensor::{Operand, Tensor};
use crate::transpose::{AxisSet, Linear, around, broadcast_strides};
use crate::var::Var;

/// Node numbers of operands, of which there are rarely many.
pub(crate) type Nodes = SmallVec<[u32; 2 * INLINE_AXES]>;

impl<T: Real> Storage<T> {
    /// The node of a tensor, if it is of this recording.
    pub(crate) fn own(&self, tensor: Tensor<T>, operation: &'static str) -> Result<u32, Error> {
        if self.owns(tensor.tape, tensor.node) {
            Ok(tensor.node)
        } else {
            Err(living::mismatch::<T>((self.recording(), 0), (tensor.tape, tensor.node), operation))
        }
    }

    /// The nodes of several tensors, if all are of this recording.
    pub(crate) fn own_all(&self, tensors: &[Tensor<T>], operation: &'static str) -> Result<Nodes, Error> {
        tensors.iter().map(|&tensor| self.own(tensor, operation)).collect()
    }

    /// The node of an operand; a number or a variable becomes a tensor without axes.
    pub(crate) fn operand(&mut self, operand: Operand<T>, operation: &'static str) -> Result<u32, Error> {
        match operand {
            Operand::Tensor(tensor) => self.own(tensor, operation),
            Operand::Var(var) if !var.is_constant() => {
                self.stack_vars(&[var], Shape::default(), operation).map(|tensor| tensor.node)
            }
            Operand::Var(var) => Ok(self.number(var.number()).node),
            Operand::Number(number) => Ok(self.number(number).node),
        }
    }

    /// Records a tensor whose elements an operation of a user has computed.
    pub(crate) fn record_array(&mut self, op: TensorOp, operands: &[u32], value: &ndarray::ArrayD<T>) -> Tensor<T> {
        self.compute(op, operands, Shape::from(value.shape()), |_, out| {
            out.iter_mut().zip(value).for_each(|(out, &element)| *out = element);
        })
    }

    /// A constant without axes.
    pub(crate) fn number(&mut self, number: T) -> Tensor<T> {
        self.push_leaf(Shape::default(), false, |out| out[0] = number)
    }

    /// A variable of zeros in a tensor's shape.
    pub(crate) fn variable_like(&mut self, x: u32) -> Tensor<T> {
        let shape = self.shape(x).clone();
        self.push_leaf(shape, true, |out| out.fill(T::zero()))
    }

    /// Zeros in a tensor's shape.
    pub(crate) fn zeros_like(&mut self, x: u32) -> Tensor<T> {
        let shape = self.shape(x).clone();
        self.push_leaf(shape, false, |out| out.fill(T::zero()))
    }

    /// Computes a tensor into memory of its own and records it.
    fn compute(
        &mut self,
        op: TensorOp,
        operands: &[u32],
        shape: Shape,
        compute: impl FnOnce(&Self, &mut [T]),
    ) -> Tensor<T> {
        let out = self.arena.take(shape.size());
        compute(self, out);
        let elements = NonNull::from(out);
        self.scratch.reset();
        self.push_dense(op, operands, shape, elements)
    }

    pub(crate) fn unary(&mut self, rule: Unary, x: u32) -> Tensor<T> {
        let shape = self.shape(x).clone();
        self.compute(TensorOp::Unary(rule), &[x], shape, |tape, out| kernel::unary(rule, tape.slot(x).view(), out))
    }

    pub(crate) fn powi(&mut self, n: i32, x: u32) -> Tensor<T> {
        let shape = self.shape(x).clone();
        self.compute(TensorOp::Powi(n), &[x], shape, |tape, out| kernel::powi(n, tape.slot(x).view(), out))
    }

    pub(crate) fn binary(&mut self, rule: Binary, a: u32, b: u32) -> Result<Tensor<T>, Error> {
        let shape = self.shape(a).broadcast(self.shape(b), rule.name())?;
        Ok(self.compute(TensorOp::Binary(rule), &[a, b], shape.clone(), |tape, out| {
            tape.zipped(a, b, &shape, |a, b| kernel::binary(rule, a, b, out));
        }))
    }

    pub(crate) fn compare(&mut self, comparison: Comparison, a: u32, b: u32) -> Result<Tensor<T>, Error> {
        let shape = self.shape(a).broadcast(self.shape(b), comparison.name())?;
        Ok(self.compute(TensorOp::Compare(comparison), &[a, b], shape.clone(), |tape, out| {
            tape.zipped(a, b, &shape, |a, b| kernel::compare(comparison, a, b, out));
        }))
    }

    /// Two operands as views of the shape that they broadcast to.
    fn zipped(&self, a: u32, b: u32, shape: &Shape, work: impl FnOnce(View<'_, T>, View<'_, T>)) {
        let [a, b] = [a, b].map(|operand| self.slot(operand).view());
        let (a_strides, b_strides) = (broadcast_strides(a, shape), broadcast_strides(b, shape));
        work(View { shape, strides: &a_strides, ..a }, View { shape, strides: &b_strides, ..b });
    }

    pub(crate) fn select(&mut self, mask: u32, a: u32, b: u32) -> Result<Tensor<T>, Error> {
        let shape = self.shape(a).broadcast(self.shape(b), "select")?.broadcast(self.shape(mask), "select")?;
        Ok(self.compute(TensorOp::Select, &[mask, a, b], shape.clone(), |tape, out| {
            let mask = tape.slot(mask).view();
            let strides = broadcast_strides(mask, &shape);
            let mask = View { shape: &shape, strides: &strides, ..mask };
            tape.zipped(a, b, &shape, |a, b| kernel::select(mask, a, b, out));
        }))
    }

    /// A structural operation of one operand, whose output shape the caller has worked out.
    pub(crate) fn linear(&mut self, linear: Linear, x: u32, shape: Shape) -> Tensor<T> {
        if let Some((offset, strides)) = linear.view(self.slot(x).view(), &shape) {
            return self.push_view(TensorOp::Linear(linear), x, shape, offset, strides);
        }
        self.compute(TensorOp::Linear(linear.clone()), &[x], shape.clone(), |tape, out| {
            linear.apply(tape.slot(x).view(), &shape, &tape.indices, &tape.scratch, out, false);
        })
    }

    /// The same elements where they lie, as a constant.
    pub(crate) fn detach(&mut self, x: u32) -> Tensor<T> {
        let Slot { shape, strides, .. } = self.slot(x);
        let (shape, strides, offset) = (shape.clone(), strides.clone(), self.slot(x).view().offset);
        self.push_view(TensorOp::Detach, x, shape, offset, strides)
    }

    pub(crate) fn reshape(&mut self, x: u32, shape: Shape) -> Tensor<T> {
        self.linear(Linear::Reshape, x, shape)
    }

    pub(crate) fn broadcast_to(&mut self, x: u32, shape: Shape) -> Result<Tensor<T>, Error> {
        let own = self.shape(x);
        if !own.broadcasts_to(&shape) {
            let rule = "aligned at the last axis, every length must be equal to the wanted one or 1";
            return Err(Error::Shapes { operation: "broadcast_to", left: own.clone(), right: shape, rule });
        }
        let repeated = AxisSet::broadcast(own, &shape);
        Ok(self.linear(Linear::Broadcast(repeated), x, shape))
    }

    /// Sums over some axes, which the output has with length 1 or not at all.
    pub(crate) fn sum(&mut self, x: u32, axes: AxisSet, keep: bool) -> Tensor<T> {
        let shape = reduced(self.shape(x), axes, keep);
        self.linear(Linear::Sum(axes), x, shape)
    }

    /// Matrix products by NumPy's rules: vectors count as a row on the left and as a column on the right.
    pub(crate) fn matmul(&mut self, a: u32, b: u32) -> Result<Tensor<T>, Error> {
        let (left, right) = (self.shape(a).clone(), self.shape(b).clone());
        let mismatch = |rule| Error::Shapes { operation: "matmul", left: left.clone(), right: right.clone(), rule };
        if left.rank() == 0 || right.rank() == 0 {
            return Err(mismatch("each factor needs at least one axis; multiply by a scalar with *"));
        }
        let (row, column) = (left.rank() == 1, right.rank() == 1);
        let a = if row { self.reshape(a, Shape::from([1, left[0]])).node } else { a };
        let b = if column { self.reshape(b, Shape::from([right[0], 1])).node } else { b };
        let (m, k) = last_two(self.shape(a));
        let (inner, n) = last_two(self.shape(b));
        if k != inner {
            return Err(mismatch("the last axis of the left factor must be as long as the last but one of the right"));
        }
        let batch = |shape: &Shape| Shape::from(&shape[..shape.rank() - 2]);
        let batch = batch(self.shape(a))
            .broadcast(&batch(self.shape(b)), "matmul")
            .map_err(|_| mismatch("the axes before the last two must broadcast"))?;
        let shape: Shape = batch.iter().copied().chain([m, n]).collect();
        let product = self.product(a, b, &shape);
        if !row && !column {
            return Ok(product);
        }
        let kept = [(row, m), (column, n)].into_iter().filter(|(dropped, _)| !dropped).map(|(_, length)| length);
        Ok(self.reshape(product.node, batch.iter().copied().chain(kept).collect()))
    }

    fn product(&mut self, a: u32, b: u32, shape: &Shape) -> Tensor<T> {
        let ((left, left_transposed), (right, right_transposed)) = (self.untransposed(a), self.untransposed(b));
        let op = TensorOp::MatMul { left_transposed, right_transposed };
        self.compute(op, &[left, right], shape.clone(), |tape, out| {
            let left = Factor { view: tape.slot(left).view(), transposed: left_transposed };
            let right = Factor { view: tape.slot(right).view(), transposed: right_transposed };
            product::batched(left, right, shape, &tape.scratch, out, false);
        })
    }

    /// A factor without its transposition, and whether there was one: the product reads it from the other side, and the
    /// gradient arrives in the layout of the factor itself, without a copy in between.
    fn untransposed(&self, x: u32) -> (u32, bool) {
        let slot = self.slot(x);
        match &slot.op {
            TensorOp::Linear(Linear::Permute(axes)) if swaps_last_two(axes) => {
                (self.operands[slot.operands.start as usize], true)
            }
            TensorOp::Linear(_)
            | TensorOp::Leaf
            | TensorOp::Detach
            | TensorOp::Compare(_)
            | TensorOp::Unary(_)
            | TensorOp::Powi(_)
            | TensorOp::Binary(_)
            | TensorOp::Select
            | TensorOp::MatMul { .. }
            | TensorOp::Concat { .. }
            | TensorOp::StackVars
            | TensorOp::Extreme(_)
            | TensorOp::Softmax
            | TensorOp::LogSoftmax
            | TensorOp::Custom(_) => (x, false),
        }
    }

    pub(crate) fn concat(&mut self, operands: &[u32], axis: isize) -> Result<Tensor<T>, Error> {
        let Some(&first) = operands.first() else {
            let rule = "at least one tensor is needed";
            return Err(Error::Shape { operation: "concat", shape: Shape::from([0]), rule });
        };
        let mut shape = self.shape(first).clone();
        let axis = shape.axis(axis, "concat")?;
        for &operand in &operands[1..] {
            let other = self.shape(operand);
            let fits =
                other.rank() == shape.rank() && (0..shape.rank()).all(|own| own == axis || other[own] == shape[own]);
            if !fits {
                let rule = "all axes but the one that is joined must be equal";
                return Err(Error::Shapes { operation: "concat", left: shape, right: other.clone(), rule });
            }
            shape.as_mut()[axis] += self.shape(operand)[axis];
        }
        Ok(self.compute(TensorOp::Concat { axis }, operands, shape.clone(), |tape, out| {
            let own = shape.dense_strides();
            let mut offset = 0;
            for &operand in operands {
                kernel::copy_strided(tape.slot(operand).view(), out, offset, &own);
                offset += tape.shape(operand)[axis] * own[axis] as usize;
            }
        }))
    }

    /// Makes a tensor of scalars, some of which may be constants.
    pub(crate) fn stack_vars(
        &mut self,
        vars: &[Var<T>],
        shape: Shape,
        operation: &'static str,
    ) -> Result<Tensor<T>, Error> {
        if let Some(var) = vars.iter().find(|var| !var.is_constant() && !self.owns(var.recording(), var.node())) {
            let foreign = (var.recording(), var.node());
            return Err(living::mismatch::<T>((self.recording(), 0), foreign, operation));
        }
        let out = self.arena.take(vars.len());
        out.iter_mut().zip(vars).for_each(|(out, var)| *out = var.number());
        let elements = NonNull::from(out);
        let nodes: Nodes = vars.iter().map(|var| var.node()).collect();
        Ok(self.push_dense(TensorOp::StackVars, &nodes, shape, elements))
    }

    /// One element as a scalar; a constant if the tensor is one.
    pub(crate) fn element(&mut self, x: u32, index: &[usize]) -> Result<Var<T>, Error> {
        self.look_at("at")?;
        let slot = self.slot(x);
        let (shape, view) = (&slot.shape, slot.view());
        if index.len() != shape.rank() {
            let axes = index.iter().map(|&index| index as isize).collect();
            let rule = "one index an axis is needed";
            return Err(Error::Axes { operation: "at", axes, shape: shape.clone(), rule });
        }
        if let Some(axis) = (0..shape.rank()).find(|&axis| index[axis] >= shape[axis]) {
            return Err(Error::Index { operation: "at", index: index[axis] as isize, axis, shape: shape.clone() });
        }
        let along =
            |strides: &[isize]| index.iter().zip(strides).map(|(&at, &stride)| at as isize * stride).sum::<isize>();
        let value = view.data[view.offset.strict_add_signed(along(view.strides))];
        if !slot.active {
            return Ok(Var::constant(value));
        }
        let right = T::word_into_bits(along(&shape.dense_strides()) as u32);
        Ok(self.push_scalar(Node { value, right, left: x, op: Op::Element }))
    }

    /// Records a scalar; a constant while recording is paused.
    pub(crate) fn push_scalar(&mut self, node: Node<T>) -> Var<T> {
        if self.watch.is_some() {
            self.examine_scalar(node);
        }
        if self.is_paused() {
            return Var::constant(node.value);
        }
        let number = self.push(node);
        Var::new(node.value, number, self.recording())
    }

    /// The largest or smallest of all elements; NaN if there is one.
    pub(crate) fn extreme(&mut self, extreme: Extreme, x: u32) -> Result<Tensor<T>, Error> {
        let size = self.shape(x).size();
        if size == 0 {
            let rule = "an empty tensor has no largest or smallest element";
            return Err(Error::Shape { operation: extreme.name(), shape: self.shape(x).clone(), rule });
        }
        Ok(self.compute(TensorOp::Extreme(extreme), &[x], Shape::default(), |tape, out| {
            let elements = tape.dense_elements(x);
            let mut index = [0];
            match extreme {
                Extreme::Max => kernel::max(elements, 1, size, 1, out, &mut index),
                Extreme::Min => kernel::min(elements, 1, size, 1, out, &mut index),
            }
        }))
    }

    /// A tensor's elements row by row: its own if they lie so, a copy in the scratch memory otherwise.
    pub(crate) fn dense_elements(&self, x: u32) -> &[T] {
        kernel::dense(self.slot(x).view(), &self.scratch)
    }

    /// The places along an axis of a tensor, `count` in each line, of the elements that are looked for; kept for an operation,
    /// and looked for again in every run of a program.
    pub(crate) fn keep_places(&mut self, search: Search, x: u32, axis: usize, count: usize) -> Saved {
        let Self { nodes, slots, scratch, indices, .. } = self;
        let slot = &slots[nodes[x as usize].left as usize];
        let lines @ [outer, _, inner] = around(&slot.shape, axis);
        let start = indices.len();
        indices.resize(start + outer * count * inner, 0);
        search.find(kernel::dense(slot.view(), scratch), lines, scratch, &mut Vec::new(), &mut indices[start..]);
        scratch.reset();
        let places = Saved { start: start as u32, len: (outer * count * inner) as u32 };
        self.note_origin(places, Origin::Found { operand: x, axis, search });
        places
    }

    /// The places as they are now, for whoever looks at them.
    pub(crate) fn look_for(&mut self, search: Search, x: u32, axis: usize, count: usize) -> Vec<u32> {
        let places = self.keep_places(search, x, axis, count);
        let found = places.of(&self.indices).to_vec();
        self.indices.truncate(places.start as usize);
        found
    }

    /// Checks that an axis has something that is the largest.
    pub(crate) fn check_extreme(&self, x: u32, axis: usize, operation: &'static str) -> Result<(), Error> {
        let shape = self.shape(x);
        let [outer, middle, inner] = around(shape, axis);
        if middle == 0 && outer * inner > 0 {
            let rule = "an axis of length zero has no largest or smallest element";
            return Err(Error::Shape { operation, shape: shape.clone(), rule });
        }
        Ok(())
    }

    /// The softmax along the last axis.
    pub(crate) fn softmax(&mut self, x: u32) -> Tensor<T> {
        let shape = self.shape(x).clone();
        let cols = shape.last().copied().unwrap_or(1);
        self.compute(TensorOp::Softmax, &[x], shape, |tape, out| kernel::softmax(tape.dense_elements(x), cols, out))
    }

    /// Logarithms of the softmax along the last axis.
    pub(crate) fn log_softmax(&mut self, x: u32) -> Tensor<T> {
        let shape = self.shape(x).clone();
        let cols = shape.last().copied().unwrap_or(1);
        self.compute(TensorOp::LogSoftmax, &[x], shape, |tape, out| {
            let elements = tape.dense_elements(x);
            kernel::log_softmax(elements, out.len().checked_div(cols).unwrap_or(0), cols, out);
        })
    }
}

/// A shape without some axes, or with length 1 there.
pub(crate) fn reduced(shape: &Shape, axes: AxisSet, keep: bool) -> Shape {
    shape
        .iter()
        .enumerate()
        .filter_map(|(axis, &length)| match (axes.contains(axis), keep) {
            (false, _) => Some(length),
            (true, true) => Some(1),
            (true, false) => None,
        })
        .collect()
}

fn last_two(shape: &Shape) -> (usize, usize) {
    (shape[shape.rank() - 2], shape[shape.rank() - 1])
}

fn swaps_last_two(axes: &[u8]) -> bool {
    let rank = axes.len();
    let swapped = |(position, &axis): (usize, &u8)| {
        let partner = match rank - position {
            1 => rank - 2,
            2 => rank - 1,
            _ => position,
        };
        axis as usize == partner
    };
    rank >= 2 && axes.iter().enumerate().all(swapped)
}
