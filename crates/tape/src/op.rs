//! The closed enumeration of recorded operations.
//!
//! No match on these has a wildcard arm, so that the compiler lists what a new operation still needs.

use crate::kernel::Search;
use crate::real::Real;
use crate::rules::{Binary, Unary};
use crate::transpose::Linear;

/// One entry of the tape: 24 bytes for `f64`, 16 for `f32`. Its number is its position.
///
/// The primal value is kept, not the local derivatives: those are computed by the sweep, and the same list can be
/// replayed at other inputs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<T: Real> {
    /// The value of a scalar. A tensor's elements lie in the arena, where its [`Slot`](crate::tape::Slot) says.
    pub(crate) value: T,
    /// The second operand: the bits of a constant, or a node number, or an integer parameter, or, of a sine or a cosine, the
    /// other one; as `op` says.
    pub(crate) right: T::Bits,
    /// The first operand's node number; a tensor's slot.
    pub(crate) left: u32,
    pub(crate) op: Op,
}

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    /// A scalar variable: nothing comes before it.
    Leaf,
    /// Of the node `left`. A rule that [keeps its partial](Unary::keeps_partial) has it in `right`.
    Unary(Unary),
    /// `left` to the power of the integer `right`.
    Powi,
    /// Both operands are nodes.
    Binary(Binary),
    /// The right operand is a constant, kept in `right`.
    RightConstant(Binary),
    /// The left operand is a constant, kept in `right`; the right operand is the node `left`.
    LeftConstant(Binary),
    /// `left`, a product, plus `right`, rounded once: the second half of a fused multiply-add.
    AddProduct,
    /// The same where what is added is a constant, kept in `right`.
    AddProductConstant,
    /// The value of `left`, through which nothing is differentiated. Only recordings for a replay have it: elsewhere what
    /// is detached is a constant.
    Detached,
    /// The element `right`, counted row by row, of the tensor `left`.
    Element,
    /// A tensor; everything else about it is in its slot.
    Tensor,
}

/// What makes a tensor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum TensorOp {
    /// A variable, a parameter or a constant: nothing comes before it.
    Leaf,
    /// The same elements, not differentiated any further.
    Detach,
    Unary(Unary),
    Powi(i32),
    Binary(Binary),
    /// Recorded only where a program is to replay it: it has no derivative.
    Compare(Comparison),
    /// The second operand where the first, a mask, is not 0; the third elsewhere.
    Select,
    Linear(Linear),
    /// A batch of matrix products; `true` where a factor's last two axes are swapped.
    MatMul {
        left_transposed: bool,
        right_transposed: bool,
    },
    /// Tensors one after another along an axis.
    Concat {
        axis: usize,
    },
    /// Scalars, row by row.
    StackVars,
    /// The largest or the smallest of all elements.
    Extreme(Extreme),
    /// The softmax along the last axis.
    Softmax,
    /// Logarithms of the softmax along the last axis.
    LogSoftmax,
    /// An operation of a user, by name; its code lies beside the nodes.
    Custom(&'static str),
}

impl TensorOp {
    /// Whether derivatives pass through.
    pub(crate) fn is_differentiable(&self) -> bool {
        match self {
            Self::Leaf | Self::Detach | Self::Compare(_) => false,
            Self::Unary(_)
            | Self::Powi(_)
            | Self::Binary(_)
            | Self::Select
            | Self::Linear(_)
            | Self::MatMul { .. }
            | Self::Concat { .. }
            | Self::StackVars
            | Self::Extreme(_)
            | Self::Softmax
            | Self::LogSoftmax
            | Self::Custom(_) => true,
        }
    }
}

/// Which comparison. Its result, 1 or 0, has no derivative, so that it is a constant to the tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// Which end of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Extreme {
    Max,
    Min,
}

impl Extreme {
    /// The place of the first of them in a line.
    pub(crate) fn search(self) -> Search {
        match self {
            Self::Max => Search::Max,
            Self::Min => Search::Min,
        }
    }
}

impl Comparison {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Less => "lt",
            Self::LessOrEqual => "le",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Equal => "eq",
            Self::NotEqual => "ne",
        }
    }
}

impl Extreme {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Min => "min",
        }
    }
}

/// What a scalar operation is applied to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Argument<T> {
    Node(u32),
    Number(T),
}

impl<T: Real> Node<T> {
    /// The operands, first to last. Those of a tensor are in its slot, so that it has none here.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = Argument<T>> {
        let left = Argument::Node(self.left);
        let (first, second) = match self.op {
            Op::Leaf | Op::Tensor => (None, None),
            Op::Unary(_) | Op::Detached => (Some(left), None),
            Op::Powi => {
                let n = T::word_out_of_bits(self.right).cast_signed();
                (Some(left), Some(Argument::Number(T::from_f64(f64::from(n)))))
            }
            Op::Binary(_) | Op::AddProduct => (Some(left), Some(Argument::Node(T::word_out_of_bits(self.right)))),
            Op::RightConstant(_) | Op::AddProductConstant => {
                (Some(left), Some(Argument::Number(T::out_of_bits(self.right))))
            }
            Op::LeftConstant(_) => (Some(Argument::Number(T::out_of_bits(self.right))), Some(left)),
            Op::Element => (Some(left), None),
        };
        first.into_iter().chain(second)
    }
}

impl Op {
    /// The name of what a scalar node does, as the method is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Leaf => "variable",
            Self::Unary(rule) => rule.name(),
            Self::Powi => "powi",
            Self::Binary(rule) | Self::RightConstant(rule) | Self::LeftConstant(rule) => rule.name(),
            Self::AddProduct | Self::AddProductConstant => "mul_add",
            Self::Detached => "detach",
            Self::Element => "at",
            Self::Tensor => "tensor",
        }
    }

    /// The floating-point operations of a scalar node: a function counts as one.
    pub(crate) fn flops(self) -> u64 {
        match self {
            Self::Leaf | Self::Element | Self::Tensor | Self::Detached => 0,
            Self::Unary(_)
            | Self::Powi
            | Self::Binary(_)
            | Self::RightConstant(_)
            | Self::LeftConstant(_)
            | Self::AddProduct
            | Self::AddProductConstant => 1,
        }
    }
}

impl TensorOp {
    /// The name of the operation, as the method is called.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Leaf => "variable",
            Self::Detach => "detach",
            Self::Compare(comparison) => comparison.name(),
            Self::Unary(rule) => rule.name(),
            Self::Powi(_) => "powi",
            Self::Binary(rule) => rule.name(),
            Self::Select => "select",
            Self::Linear(linear) => linear.name(),
            Self::MatMul { .. } => "matmul",
            Self::Concat { .. } => "concat",
            Self::StackVars => "stack_vars",
            Self::Extreme(extreme) => extreme.name(),
            Self::Softmax => "softmax",
            Self::LogSoftmax => "log_softmax",
            Self::Custom(name) => name,
        }
    }

    /// The floating-point operations that computing the output took: a function of an element counts as one, moving an
    /// element as none. `operand` is the shape of the first operand.
    pub(crate) fn flops(&self, operand: &[usize], output: &[usize]) -> u64 {
        let [read, written] = [operand, output].map(|shape| shape.iter().product::<usize>() as u64);
        match self {
            // Of what a user's code does, nothing is known.
            Self::Leaf | Self::Detach | Self::Select | Self::Concat { .. } | Self::StackVars | Self::Custom(_) => 0,
            Self::Unary(_) | Self::Powi(_) | Self::Binary(_) | Self::Compare(_) => written,
            Self::Linear(linear) => linear.flops(read),
            &Self::MatMul { left_transposed, .. } => {
                let inner = operand.len() - if left_transposed { 2 } else { 1 };
                2 * written * operand[inner] as u64
            }
            Self::Extreme(Extreme::Max | Extreme::Min) => read,
            // The largest, the differences from it, their exponentials, the sum of those, and the differences from its
            // logarithm.
            Self::LogSoftmax => 5 * written,
            // In place of those last, a factor.
            Self::Softmax => 5 * written,
        }
    }

    /// Whether each element of the output is made of the elements at its own place alone.
    pub(crate) fn is_elementwise(&self) -> bool {
        match self {
            Self::Detach | Self::Unary(_) | Self::Powi(_) | Self::Binary(_) | Self::Compare(_) | Self::Select => true,
            Self::Leaf
            | Self::Linear(_)
            | Self::MatMul { .. }
            | Self::Concat { .. }
            | Self::StackVars
            | Self::Extreme(_)
            | Self::Softmax
            | Self::LogSoftmax
            | Self::Custom(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_scalar_operation_takes_at_most_24_bytes() {
        assert_eq!(size_of::<Node<f64>>(), 24);
        assert_eq!(size_of::<Node<f32>>(), 16);
    }
}
