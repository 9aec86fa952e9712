//! What an operand of a tensor gets of its adjoint.

use crate::kernel::{self, Side, View};
use crate::op::{Extreme, TensorOp};
use crate::product;
use crate::real::Real;
use crate::shape::{Shape, Strides};
use crate::tape::{Slot, Storage};
use crate::transpose::{AxisSet, Cut, Factor, Linear, ProductShare, broadcast_strides, left_share, right_share};

/// One operand's share of one tensor's adjoint.
pub(super) struct Share<'a, T: Real> {
    pub(super) storage: &'a Storage<T>,
    pub(super) slot: &'a Slot<T>,
    pub(super) operands: &'a [u32],
    pub(super) g: &'a [T],
    pub(super) position: usize,
    pub(super) out: &'a mut [T],
    pub(super) accumulate: bool,
}

impl<'a, T: Real> Share<'a, T> {
    pub(super) fn compute(self) {
        let Self { storage, slot, g, accumulate, .. } = self;
        let strides = slot.shape.dense_strides();
        let adjoint = dense(g, &slot.shape, &strides);
        match &slot.op {
            TensorOp::Leaf | TensorOp::Detach | TensorOp::Compare(_) | TensorOp::StackVars | TensorOp::Custom(_) => {}
            TensorOp::Unary(rule) => {
                kernel::unary_share(*rule, self.operand(0), slot.view(), adjoint, self.out, accumulate);
            }
            TensorOp::Powi(n) => kernel::powi_share(*n, self.operand(0), slot.view(), adjoint, self.out, accumulate),
            TensorOp::Binary(rule) => {
                let rule = *rule;
                let side = if self.position == 0 { Side::Left } else { Side::Right };
                let [a, b] = [0, 1].map(|operand| self.broadcast_strides(operand));
                let [a, b] = [(0, &a), (1, &b)].map(|(operand, strides)| View {
                    shape: &slot.shape,
                    strides,
                    ..self.operand(operand)
                });
                if rule.passes_on(side) {
                    return self.undo_broadcast(g);
                }
                self.through(|out, accumulate| {
                    kernel::binary_share(rule, side, a, b, slot.view(), adjoint, out, accumulate);
                });
            }
            TensorOp::Select => {
                let side = if self.position == 1 { Side::Left } else { Side::Right };
                let strides = self.broadcast_strides(0);
                let mask = View { shape: &slot.shape, strides: &strides, ..self.operand(0) };
                let share = storage.scratch.take(g.len());
                kernel::select_share(side, mask, adjoint, share);
                self.undo_broadcast(share);
            }
            TensorOp::Linear(linear) => {
                let (indices, scratch) = (&storage.indices, &storage.scratch);
                linear.transposed().apply(adjoint, self.shape(), indices, scratch, self.out, accumulate);
            }
            &TensorOp::MatMul { left_transposed, right_transposed } => {
                let share = if self.position == 0 { left_share } else { right_share };
                self.product(share(left_transposed, right_transposed));
            }
            &TensorOp::Concat { axis } => {
                let before = self.operands[..self.position].iter();
                let start: usize = before.map(|&operand| storage.shape(operand)[axis]).sum();
                let mut cut = Cut { starts: slot.shape.iter().map(|_| 0).collect(), ..Cut::default() };
                cut.steps = slot.shape.iter().map(|_| 1).collect();
                cut.starts[axis] = start as u32;
                let (indices, scratch) = (&storage.indices, &storage.scratch);
                Linear::Slice(cut).apply(adjoint, self.shape(), indices, scratch, self.out, accumulate);
            }
            TensorOp::Extreme(Extreme::Max | Extreme::Min) => {
                let y = slot.view();
                let elements = storage.scratch.take(self.out.len());
                kernel::copy(self.operand(0), elements);
                kernel::split_ties(elements, y.data[y.offset], g[0], self.out, accumulate);
            }
            TensorOp::Softmax => {
                let cols = slot.shape.last().copied().unwrap_or(1);
                let y = slot.view().dense().expect("a computed tensor is dense");
                kernel::softmax_share(y, g, cols, self.out, accumulate);
            }
            TensorOp::LogSoftmax => {
                let cols = slot.shape.last().copied().unwrap_or(1);
                let rows = g.len().checked_div(cols).unwrap_or(0);
                let y = slot.view().dense().expect("a computed tensor is dense");
                kernel::log_softmax_share(y, g, rows, cols, self.out, accumulate);
            }
        }
    }

    fn operand(&self, position: usize) -> View<'a, T> {
        self.storage.slot(self.operands[position]).view()
    }

    /// The shape of the operand whose share this is.
    fn shape(&self) -> &'a Shape {
        self.storage.shape(self.operands[self.position])
    }

    fn broadcast_strides(&self, position: usize) -> Strides {
        broadcast_strides(self.operand(position), &self.slot.shape)
    }

    /// Computes a share in the output's shape and undoes the operand's broadcast.
    fn through(self, share: impl FnOnce(&mut [T], bool)) {
        if *self.shape() == self.slot.shape {
            share(self.out, self.accumulate);
        } else {
            let full = self.storage.scratch.take(self.g.len());
            share(full, false);
            self.undo_broadcast(full);
        }
    }

    /// Sums a share in the output's shape over the axes along which the operand was repeated.
    fn undo_broadcast(self, share: &[T]) {
        let Self { storage, slot, accumulate, .. } = self;
        let axes = AxisSet::broadcast(self.shape(), &slot.shape);
        let strides = slot.shape.dense_strides();
        let share = dense(share, &slot.shape, &strides);
        Linear::Sum(axes).apply(share, self.shape(), &[], &storage.scratch, self.out, accumulate);
    }

    fn product(self, share: ProductShare) {
        let strides = self.slot.shape.dense_strides();
        let factor = |factor| match factor {
            Factor::Left => self.operand(0),
            Factor::Right => self.operand(1),
            Factor::Adjoint => dense(self.g, &self.slot.shape, &strides),
        };
        let [(left, left_transposed), (right, right_transposed)] = share;
        let left = product::Operand { view: factor(left), transposed: left_transposed };
        let right = product::Operand { view: factor(right), transposed: right_transposed };
        let shape = self.storage.shape(self.operands[self.position]);
        product::batched(left, right, shape, &self.storage.scratch, self.out, self.accumulate);
    }
}

fn dense<'a, T>(data: &'a [T], shape: &'a Shape, strides: &'a [isize]) -> View<'a, T> {
    View { data, offset: 0, shape, strides }
}
