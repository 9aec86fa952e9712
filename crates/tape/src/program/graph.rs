//! What does a recording compute? Its operations as a graph, without constants that can be worked out, without the same
//! thing twice, and without what nobody asks for.

use std::collections::HashMap;

use smallvec::SmallVec;

use crate::error::Error;
use crate::indices::Saved;
use crate::kernel::{self, Search};
use crate::op::{Op, TensorOp};
use crate::real::Real;
use crate::rules::Binary;
use crate::shape::Shape;
use crate::tape::{Draw, Origin, Slot, Storage};
use crate::transpose::Linear;

/// The number of a value; operands have smaller ones than their users.
pub(super) type Id = u32;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// The input of this number.
    Input(usize),
    /// The bound parameter of this number.
    Param(usize),
    /// Elements that are the same in every run: where they begin among all constants.
    Constant(usize),
    Computed(TensorOp),
    /// What a user's operation gives; which one, by its number among those of the graph.
    Custom {
        number: usize,
        name: &'static str,
    },
    /// Random numbers of a seed that is an input.
    Draw(Draw),
    /// Indices, not elements: where an operand has the elements that are looked for along an axis.
    Places {
        axis: usize,
        search: Search,
        indices: Saved,
    },
}

/// One value of the graph.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) source: Source,
    /// What it is computed from. Behind the operands of its operation comes, where there is one, the value that fills in
    /// its list of indices.
    pub(super) operands: SmallVec<[Id; 3]>,
    pub(super) shape: Shape,
    /// Whether a trainable parameter lies behind it.
    pub(super) active: bool,
}

/// A list of indices that every run brings anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexInput {
    pub(super) input: usize,
    pub(super) list: Saved,
    /// Every index must lie below the length of this axis.
    pub(super) axis: usize,
    pub(super) shape: Shape,
}

/// A whole program, before anything is said of memory and order.
#[derive(Debug)]
pub(super) struct Graph<T> {
    pub(super) values: Vec<Value>,
    pub(super) constants: Vec<T>,
    pub(super) indices: Vec<u32>,
    pub(super) index_inputs: Vec<IndexInput>,
    /// The nodes of users' operations.
    pub(super) custom_nodes: Vec<u32>,
    /// The values that were asked for, in the order of the asking.
    pub(super) roots: Vec<Id>,
}

/// Two computed values with equal keys are one: what they compute, of what, and whether they are differentiated.
type Key = (TensorOp, SmallVec<[Id; 3]>, Shape, bool);

struct Builder<'a, T: Real> {
    tape: &'a Storage<T>,
    /// The value of every node; `None` for nodes that no tensor is.
    of_node: Vec<Option<Id>>,
    known: HashMap<Key, Id>,
    numbers: HashMap<T::Bits, Id>,
    /// The value that fills in a list of indices.
    places: HashMap<Saved, Id>,
    graph: Graph<T>,
}

/// Reads a recording. `inputs` are the nodes of the tensors that every run brings anew, `roots` those asked for.
pub(super) fn read<T: Real>(tape: &Storage<T>, inputs: &[u32], roots: &[u32]) -> Result<Graph<T>, Error> {
    let graph = Graph {
        values: Vec::new(),
        constants: Vec::new(),
        indices: tape.indices.clone(),
        index_inputs: Vec::new(),
        custom_nodes: Vec::new(),
        roots: Vec::new(),
    };
    let mut builder = Builder {
        tape,
        of_node: vec![None; tape.nodes.len()],
        known: HashMap::new(),
        numbers: HashMap::new(),
        places: HashMap::new(),
        graph,
    };
    for (node, recorded) in tape.nodes.iter().enumerate().skip(1) {
        if recorded.op != Op::Tensor {
            return Err(Error::ScalarInProgram);
        }
        builder.of_node[node] = Some(builder.add(node as u32, inputs)?);
    }
    let Builder { mut graph, of_node, .. } = builder;
    graph.roots = roots.iter().map(|&root| of_node[root as usize].expect("every node is a tensor")).collect();
    graph.drop_unused();
    Ok(graph)
}

impl<T: Real> Builder<'_, T> {
    fn add(&mut self, node: u32, inputs: &[u32]) -> Result<Id, Error> {
        let slot = self.tape.slot(node);
        if let Some(input) = inputs.iter().position(|&input| input == node) {
            return Ok(self.push(Source::Input(input), SmallVec::new(), slot));
        }
        if slot.op == TensorOp::Leaf {
            let source = self.parameter(node).map(Source::Param).or_else(|| self.draw(node).map(Source::Draw));
            return Ok(match source {
                Some(source) => self.push(source, SmallVec::new(), slot),
                None => self.constant(slot),
            });
        }
        let nodes = &self.tape.operands[slot.operands.start as usize..slot.operands.end as usize];
        let mut operands: SmallVec<[Id; 3]> =
            nodes.iter().map(|&operand| self.of_node[operand as usize].expect("operands come first")).collect();
        if let Some(list) = saved(&slot.op) {
            operands.extend(self.origin(list, slot));
        }
        let constant = |id: &Id| matches!(self.graph.values[*id as usize].source, Source::Constant(_));
        if operands.iter().all(constant) && !self.reads_an_input(&slot.op) {
            return Ok(self.constant(slot));
        }
        if let TensorOp::Custom(name) = slot.op {
            // Two operations of one name may be different ones.
            let number = self.graph.custom_nodes.len();
            let id = self.push(Source::Custom { number, name }, operands, slot);
            self.graph.custom_nodes.push(node);
            return Ok(id);
        }
        // The same value with its derivative and without, from a scope that is not differentiated, are two values.
        if let Some(same) = self.simplified(&slot.op, &operands, &slot.shape)
            && self.graph.values[same as usize].active == slot.active
        {
            return Ok(same);
        }
        let key = (slot.op.clone(), operands, slot.shape.clone(), slot.active);
        if let Some(&known) = self.known.get(&key) {
            return Ok(known);
        }
        let id = self.push(Source::Computed(slot.op.clone()), key.1.clone(), slot);
        self.known.insert(key, id);
        Ok(id)
    }

    fn push(&mut self, source: Source, operands: SmallVec<[Id; 3]>, slot: &Slot<T>) -> Id {
        self.graph.values.push(Value { source, operands, shape: slot.shape.clone(), active: slot.active });
        self.graph.values.len() as Id - 1
    }

    /// The number of the bound parameter that a leaf is.
    fn parameter(&self, node: u32) -> Option<usize> {
        let bound = self.tape.bound.as_ref()?;
        let slot = self.tape.nodes[node as usize].left as usize;
        (bound.first_slot..bound.first_slot + bound.table.len()).contains(&slot).then(|| slot - bound.first_slot)
    }

    /// What is drawn in every run anew to fill in a leaf.
    fn draw(&self, node: u32) -> Option<Draw> {
        let draws = &self.tape.origins.as_ref()?.draws;
        draws.binary_search_by_key(&node, |&(drawn, _)| drawn).ok().map(|found| draws[found].1)
    }

    /// A value that the recording has worked out already.
    fn constant(&mut self, slot: &Slot<T>) -> Id {
        let view = slot.view();
        if slot.shape.rank() == 0
            && let Some(&known) = self.numbers.get(&view.data[view.offset].into_bits())
        {
            return known;
        }
        let start = self.graph.constants.len();
        self.graph.constants.resize(start + slot.shape.size(), T::zero());
        kernel::copy(view, &mut self.graph.constants[start..]);
        let id = self.push(Source::Constant(start), SmallVec::new(), slot);
        self.graph.values[id as usize].active = false;
        if slot.shape.rank() == 0 {
            self.numbers.insert(view.data[view.offset].into_bits(), id);
        }
        id
    }

    /// The value that fills in a list of indices, if it depends on other values; notes the list if a run brings it.
    fn origin(&mut self, list: Saved, slot: &Slot<T>) -> Option<Id> {
        let origins = self.tape.origins.as_ref().expect("a recording for a program keeps origins");
        let origin = origins.lists.iter().find(|(saved, _)| *saved == list).map(|(_, origin)| *origin)?;
        match origin {
            Origin::Input(input) => {
                let (axis, shape) = indexed(slot, self.tape);
                let entry = IndexInput { input, list, axis, shape };
                if !self.graph.index_inputs.contains(&entry) {
                    self.graph.index_inputs.push(entry);
                }
                None
            }
            Origin::Found { operand, axis, search } => {
                if let Some(&known) = self.places.get(&list) {
                    return Some(known);
                }
                let operand = self.of_node[operand as usize].expect("operands come first");
                if matches!(self.graph.values[operand as usize].source, Source::Constant(_)) {
                    return None;
                }
                let source = Source::Places { axis, search, indices: list };
                let shape = Shape::from([list.len as usize]);
                let operands = SmallVec::from_slice(&[operand]);
                self.graph.values.push(Value { source, operands, shape, active: false });
                let id = self.graph.values.len() as Id - 1;
                self.places.insert(list, id);
                Some(id)
            }
        }
    }

    fn reads_an_input(&self, op: &TensorOp) -> bool {
        saved(op).is_some_and(|list| self.graph.index_inputs.iter().any(|entry| entry.list == list))
    }

    /// An operand that the operation leaves as it is, bit for bit.
    fn simplified(&self, op: &TensorOp, operands: &[Id], shape: &Shape) -> Option<Id> {
        let number = |id: Id| match self.graph.values[id as usize].source {
            Source::Constant(start) if self.graph.values[id as usize].shape.size() == 1 => {
                Some(self.graph.constants[start])
            }
            _ => None,
        };
        let &first = operands.first()?;
        let by_one = matches!(op, TensorOp::Binary(Binary::Mul | Binary::Div)) && number(operands[1]) == Some(T::one());
        // Minus zero minus zero is minus zero; plus zero it is not.
        let less_zero = *op == TensorOp::Binary(Binary::Sub)
            && number(operands[1]).is_some_and(|b| b == T::zero() && b.is_sign_positive());
        let in_shape = matches!(op, TensorOp::Powi(1) | TensorOp::Linear(Linear::Reshape));
        let unchanged = by_one || less_zero || in_shape;
        (unchanged && self.graph.values[first as usize].shape == *shape).then_some(first)
    }
}

/// The list of indices that an operation keeps.
pub(super) fn saved(op: &TensorOp) -> Option<Saved> {
    match op {
        TensorOp::Linear(
            Linear::SelectRows { indices, .. }
            | Linear::AddRows { indices, .. }
            | Linear::TakeAlong { indices, .. }
            | Linear::PutAlong { indices, .. },
        ) => Some(*indices),
        TensorOp::Linear(
            Linear::Reshape
            | Linear::Permute(_)
            | Linear::Sum(_)
            | Linear::Broadcast(_)
            | Linear::Slice(_)
            | Linear::Pad(_)
            | Linear::RunningSum { .. }
            | Linear::Windows(_)
            | Linear::OverlapAdd(_),
        )
        | TensorOp::Leaf
        | TensorOp::Detach
        | TensorOp::Unary(_)
        | TensorOp::Powi(_)
        | TensorOp::Binary(_)
        | TensorOp::Compare(_)
        | TensorOp::Select
        | TensorOp::MatMul { .. }
        | TensorOp::Concat { .. }
        | TensorOp::StackVars
        | TensorOp::Extreme(_)
        | TensorOp::Softmax
        | TensorOp::LogSoftmax
        | TensorOp::Custom(_) => None,
    }
}

/// The axis that an operation's indices run along, and the shape that it is an axis of.
fn indexed<T: Real>(slot: &Slot<T>, tape: &Storage<T>) -> (usize, Shape) {
    let operand = || tape.shape(tape.operands[slot.operands.start as usize]).clone();
    match &slot.op {
        TensorOp::Linear(Linear::SelectRows { axis, .. } | Linear::TakeAlong { axis, .. }) => (*axis, operand()),
        TensorOp::Linear(Linear::AddRows { axis, .. } | Linear::PutAlong { axis, .. }) => (*axis, slot.shape.clone()),
        other => unreachable!("{other:?} keeps no indices"),
    }
}

impl<T> Graph<T> {
    /// Leaves out what no root needs. Inputs stay, so that their numbers do.
    fn drop_unused(&mut self) {
        let mut used = vec![false; self.values.len()];
        for &root in &self.roots {
            used[root as usize] = true;
        }
        for id in (0..self.values.len()).rev() {
            if used[id] {
                for &operand in &self.values[id].operands {
                    used[operand as usize] = true;
                }
            }
        }
        let mut renamed = vec![0; self.values.len()];
        let mut kept = Vec::with_capacity(self.values.len());
        for (id, mut value) in std::mem::take(&mut self.values).into_iter().enumerate() {
            if used[id] {
                renamed[id] = kept.len() as Id;
                for operand in &mut value.operands {
                    *operand = renamed[*operand as usize];
                }
                kept.push(value);
            }
        }
        self.values = kept;
        for root in &mut self.roots {
            *root = renamed[*root as usize];
        }
    }
}
