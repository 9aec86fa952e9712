//! The closed enumeration of recorded operations.
//!
//! No match on these has a wildcard arm, so that the compiler lists what a new operation still needs.

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
    /// The second operand: the bits of a constant, or a node number, or an integer parameter, as `op` says.
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
    /// Logarithms of the softmax along the last axis.
    LogSoftmax,
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
            | Self::LogSoftmax => true,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_scalar_operation_takes_at_most_24_bytes() {
        assert_eq!(size_of::<Node<f64>>(), 24);
        assert_eq!(size_of::<Node<f32>>(), 16);
    }
}
