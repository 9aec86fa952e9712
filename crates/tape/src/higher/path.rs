//! Where derivatives pass: the nodes between variables and a root, and what is known of each.

use std::rc::Rc;

use smallvec::SmallVec;

use super::Derivative;
use crate::custom::CustomOp;
use crate::error::Error;
use crate::living;
use crate::op::{Node, Op, TensorOp};
use crate::position::Eras;
use crate::real::Real;
use crate::record::Nodes;
use crate::shape::Shape;
use crate::tape::Storage;
use crate::tensor::Tensor;
use crate::var::Var;

/// Which nodes lie between variables and a root.
pub(super) struct Path {
    pub(super) root: u32,
    pub(super) wanted: SmallVec<[u32; 4]>,
    needed: Vec<bool>,
    eras: Eras,
}

/// A copy of what is known of one node.
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and a box would be allocated for each")]
pub(super) enum Part<T: Real> {
    Scalar(Node<T>),
    Tensor { op: TensorOp, operands: Nodes, shape: Shape },
}

/// An operation of a user, and what it was applied to.
pub(super) struct Custom<T: Real> {
    pub(super) operation: Rc<dyn CustomOp<T>>,
    pub(super) inputs: Vec<Tensor<T>>,
    pub(super) output: Tensor<T>,
}

impl Path {
    /// The path of a root that is on a tape; variables that are constants lead nowhere.
    pub(super) fn find<T: Real>(
        root: Derivative<T>,
        variables: &[Derivative<T>],
        operation: &'static str,
    ) -> Result<Self, Error> {
        let (recording, root) = root.place();
        living::with(recording, root, operation, |storage: &mut Storage<T>| {
            let mut wanted = SmallVec::new();
            for variable in variables {
                let (number, node) = variable.place();
                if node != 0 && !storage.owns(number, node) {
                    return Err(living::mismatch::<T>((number, node), (recording, root), operation));
                }
                wanted.push(node);
            }
            let mut path = Self { root, wanted, needed: vec![false; root as usize + 1], eras: storage.eras.clone() };
            path.mark(storage);
            Ok(path)
        })?
    }

    fn mark<T: Real>(&mut self, storage: &Storage<T>) {
        for &node in self.wanted.iter().filter(|&&node| node != 0 && node <= self.root) {
            self.needed[node as usize] = true;
        }
        for index in self.first()..=self.root {
            let node = storage.nodes[index as usize];
            let word = |bits: T::Bits| T::word_out_of_bits(bits) as usize;
            self.needed[index as usize] |= match node.op {
                Op::Leaf | Op::Detached => false,
                Op::Unary(_)
                | Op::Powi
                | Op::RightConstant(_)
                | Op::LeftConstant(_)
                | Op::AddProductConstant
                | Op::Element => self.needed[node.left as usize],
                Op::Binary(_) | Op::AddProduct => self.needed[node.left as usize] || self.needed[word(node.right)],
                Op::Tensor => {
                    let slot = storage.slot(index);
                    let operands = slot.operands.start as usize..slot.operands.end as usize;
                    slot.active && storage.operands[operands].iter().any(|&operand| self.needed[operand as usize])
                }
            };
        }
    }

    /// The first node that the walk meets; behind the root if there is none.
    pub(super) fn first(&self) -> u32 {
        self.wanted.iter().copied().filter(|&node| node != 0).min().unwrap_or(self.root + 1)
    }

    pub(super) fn needs(&self, node: u32) -> bool {
        self.needed[node as usize]
    }

    pub(super) fn var<T: Real>(&self, node: u32, value: T) -> Var<T> {
        Var::new(value, node, self.eras.number_of(node))
    }

    pub(super) fn handle<T: Real>(&self, node: u32) -> Result<Derivative<T>, Error> {
        let recording = self.eras.number_of(node);
        living::with(recording, node, "grad", |storage: &mut Storage<T>| {
            let recorded = storage.nodes[node as usize];
            match recorded.op {
                Op::Tensor => Derivative::Tensor(Tensor::new(node, recording)),
                Op::Leaf
                | Op::Unary(_)
                | Op::Powi
                | Op::Binary(_)
                | Op::RightConstant(_)
                | Op::LeftConstant(_)
                | Op::AddProduct
                | Op::AddProductConstant
                | Op::Detached
                | Op::Element => Derivative::Scalar(Var::new(recorded.value, node, recording)),
            }
        })
    }

    /// A user's operation with the handles of its inputs and its output.
    pub(super) fn custom<T: Real>(&self, node: u32, operands: &[u32]) -> Result<Custom<T>, Error> {
        let inputs =
            operands.iter().map(|&operand| Ok(self.handle::<T>(operand)?.tensor())).collect::<Result<_, _>>()?;
        let output = self.handle::<T>(node)?.tensor();
        let operation = living::with(self.eras.number_of(node), node, "grad", |storage: &mut Storage<T>| {
            storage.callbacks.operation(node).expect("an operation that is differentiated has its code")
        })?;
        Ok(Custom { operation, inputs, output })
    }

    pub(super) fn part<T: Real>(&self, node: u32) -> Result<Part<T>, Error> {
        living::with(self.eras.number_of(node), node, "grad", |storage: &mut Storage<T>| {
            let recorded = storage.nodes[node as usize];
            if recorded.op != Op::Tensor {
                return Part::Scalar(recorded);
            }
            let slot = storage.slot(node);
            let operands = slot.operands.start as usize..slot.operands.end as usize;
            Part::Tensor { op: slot.op.clone(), operands: storage.operands[operands].into(), shape: slot.shape.clone() }
        })
    }
}
