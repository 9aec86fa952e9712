//! In which steps is a graph computed, forwards and backwards, and what does each read and write?
//!
//! The backward half is the sweep, written down: for every operation, its operands' shares in the order in which the
//! sweep hands them on. The first contribution to an adjoint stores, later ones add. An adjoint that would only be a copy
//! of another is that other one.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::graph::{Graph, Id, IndexInput, Source, Value};
use super::seen::SeenWindows;
use crate::indices::Saved;
use crate::kernel::{Search, Side};
use crate::op::{Comparison, Extreme, TensorOp};
use crate::rules::{Binary, Reads, Unary};
use crate::shape::{Shape, Strides};
use crate::tape::Draw;
use crate::transpose::{AxisSet, Cut, Factor, Linear, left_share, right_share};

/// A stretch of memory that one value is written to; where it lies is decided later.
pub(super) type Buffer = u32;

/// What a place is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    Buffer(Buffer),
    /// Elements that are the same in every run; the last is a one.
    Constants,
    /// The flat parameters.
    Params,
    /// The flat gradients of the parameters.
    Gradients,
}

/// Elements in memory, seen through a shape and strides.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub(super) memory: Memory,
    pub(super) offset: usize,
    pub(super) shape: Shape,
    pub(super) strides: Strides,
}

impl Place {
    fn dense(memory: Memory, offset: usize, shape: Shape) -> Self {
        let strides = shape.dense_strides();
        Self { memory, offset, shape, strides }
    }
}

/// What a step does with its operands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    Unary(Unary),
    Powi(i32),
    Binary(Binary),
    Compare(Comparison),
    Select,
    /// A structural operation that is no view.
    Linear(Linear),
    /// A batch of products of the operands, each with whether its last two axes are swapped.
    Product([bool; 2]),
    /// The product of the first operand, its rows dense, with windows of the second, which are never written out;
    /// transposed or not.
    SeenProduct(SeenWindows, bool),
    /// The operand into a part of the output.
    Part(Cut),
    Extreme(Extreme),
    Softmax,
    LogSoftmax,
    /// Random numbers.
    Draw(Draw),
    /// Fills in a list of indices.
    Places {
        axis: usize,
        search: Search,
        indices: Saved,
    },
    /// What a user's operation of this number gives.
    Custom(usize),
    /// Operands x.., y, g of a user's operation: its shares, which are kept for the steps behind.
    CustomShares(usize),
    /// The share of an input, from those that were kept.
    CustomShare(usize),
    /// Operands x, y, g.
    UnaryShare(Unary),
    PowiShare(i32),
    /// Operands a, b, y, g.
    BinaryShare(Binary, Side),
    /// Operands mask, g.
    SelectShare(Side),
    /// Operands x, y, g.
    ExtremeShare(Extreme),
    /// Operands y, g.
    SoftmaxShare,
    /// Operands y, g.
    LogSoftmaxShare,
    /// The operand as it is.
    Copy,
}

/// One step: reads its operands, writes its output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) action: Action,
    pub(super) operands: SmallVec<[Place; 4]>,
    /// Dense, row by row.
    pub(super) output: Place,
    /// Whether the output is added to what is there.
    pub(super) accumulate: bool,
}

/// The steps of a program and the buffers that they use.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) steps: Vec<Step>,
    /// The number of elements of every buffer.
    pub(super) buffers: Vec<usize>,
    /// Where every tensor input is written; `None` for one that nothing reads.
    pub(super) inputs: Vec<Option<Place>>,
    pub(super) roots: Vec<Place>,
    pub(super) index_inputs: Vec<IndexInput>,
    /// Whether the first root depends on each parameter.
    pub(super) reached: Vec<bool>,
}

struct Planner<'a> {
    values: &'a [Value],
    roots: &'a [Id],
    /// Where each parameter begins in the flat buffer.
    starts: &'a [usize],
    steps: Vec<Step>,
    buffers: Vec<usize>,
    places: Vec<Option<Place>>,
    adjoints: Vec<Option<Place>>,
    /// How many contributions each adjoint gets.
    contributions: Vec<u32>,
    /// The values that read each, differentiated or not.
    readers: Vec<SmallVec<[Id; 2]>>,
    /// Values that are not written out, because the products that read them see them where they lie.
    seen: HashMap<Id, SeenWindows>,
    /// Transposes of parameters that many products with few rows read, written out once.
    turned: HashMap<Id, Place>,
}

/// Lays out the steps that compute the roots and, if `differentiate`, the gradients of the first.
pub(super) fn schedule<T>(graph: &Graph<T>, starts: &[usize], inputs: usize, differentiate: bool) -> Schedule {
    let values = &graph.values;
    let mut planner = Planner {
        values,
        roots: &graph.roots,
        starts,
        steps: Vec::new(),
        buffers: Vec::new(),
        places: vec![None; values.len()],
        adjoints: vec![None; values.len()],
        contributions: vec![0; values.len()],
        readers: readers(graph),
        seen: HashMap::new(),
        turned: HashMap::new(),
    };
    let mut placed_inputs = vec![None; inputs];
    for (id, value) in values.iter().enumerate() {
        let place = planner.forward(id as Id, value);
        if let Source::Input(input) = value.source {
            placed_inputs[input] = Some(place.clone());
        }
        planner.places[id] = Some(place);
    }
    let roots = graph.roots.iter().map(|&root| planner.place(root).clone()).collect();
    let mut reached = vec![false; starts.len()];
    if differentiate {
        planner.backward(graph.roots[0], graph.constants.len());
        for (value, count) in values.iter().zip(&planner.contributions) {
            if let Source::Param(parameter) = value.source {
                reached[parameter] = value.active && *count > 0;
            }
        }
    }
    let Planner { steps, buffers, .. } = planner;
    let index_inputs = graph.index_inputs.clone();
    Schedule { steps, buffers, inputs: placed_inputs, roots, index_inputs, reached }
}

/// The values that read each value.
fn readers<T>(graph: &Graph<T>) -> Vec<SmallVec<[Id; 2]>> {
    let mut readers = vec![SmallVec::new(); graph.values.len()];
    for (id, value) in graph.values.iter().enumerate() {
        value.operands.iter().for_each(|&operand| readers[operand as usize].push(id as Id));
    }
    readers
}

impl Planner<'_> {
    fn place(&self, id: Id) -> &Place {
        self.places[id as usize].as_ref().expect("operands come first")
    }

    fn buffer(&mut self, shape: Shape) -> Place {
        self.buffers.push(shape.size());
        Place::dense(Memory::Buffer(self.buffers.len() as Buffer - 1), 0, shape)
    }

    fn step(&mut self, action: Action, operands: impl IntoIterator<Item = Place>, output: &Place, accumulate: bool) {
        let operands = operands.into_iter().collect();
        self.steps.push(Step { action, operands, output: output.clone(), accumulate });
    }

    /// Computes a value, and says where it lies.
    fn forward(&mut self, id: Id, value: &Value) -> Place {
        let op = match &value.source {
            Source::Input(_) => return self.buffer(value.shape.clone()),
            &Source::Constant(start) => return Place::dense(Memory::Constants, start, value.shape.clone()),
            Source::Param(parameter) => {
                return Place::dense(Memory::Params, self.starts[*parameter], value.shape.clone());
            }
            &Source::Draw(draw) => {
                let output = self.buffer(value.shape.clone());
                self.step(Action::Draw(draw), [], &output, false);
                return output;
            }
            &Source::Places { axis, search, indices } => {
                let output = self.buffer(Shape::from([0]));
                let operand = self.place(value.operands[0]).clone();
                self.step(Action::Places { axis, search, indices }, [operand], &output, false);
                return output;
            }
            &Source::Custom { number, .. } => {
                let output = self.buffer(value.shape.clone());
                let operands: SmallVec<[Place; 4]> =
                    value.operands.iter().map(|&operand| self.place(operand).clone()).collect();
                self.step(Action::Custom(number), operands, &output, false);
                return output;
            }
            Source::Computed(op) => op,
        };
        let x = self.place(value.operands[0]).clone();
        if let Some(view) = viewed(op, &x, &value.shape) {
            return view;
        }
        if *op == TensorOp::Linear(Linear::Reshape)
            && let Some(windows) = self.windows(id, &x)
        {
            self.seen.insert(id, windows);
            return x;
        }
        let output = self.buffer(value.shape.clone());
        let operands: SmallVec<[Place; 4]> =
            value.operands.iter().map(|&operand| self.place(operand).clone()).collect();
        let spread = |place: Place| place.broadcast(&value.shape);
        match op {
            TensorOp::Unary(rule) => self.step(Action::Unary(*rule), [x], &output, false),
            TensorOp::Powi(n) => self.step(Action::Powi(*n), [x], &output, false),
            TensorOp::Binary(rule) => {
                self.step(Action::Binary(*rule), operands.into_iter().map(spread), &output, false);
            }
            TensorOp::Compare(comparison) => {
                self.step(Action::Compare(*comparison), operands.into_iter().map(spread), &output, false);
            }
            TensorOp::Select => self.step(Action::Select, operands.into_iter().map(spread), &output, false),
            TensorOp::Linear(linear) => self.step(Action::Linear(linear.clone()), [x], &output, false),
            &TensorOp::MatMul { left_transposed, right_transposed } => {
                let [left, right] = [operands[0].clone(), operands[1].clone()];
                if let Some(windows) = self.seen.get(&value.operands[1]) {
                    self.step(Action::SeenProduct(windows.clone(), false), [left, right], &output, false);
                    return output;
                }
                let turned = if right_transposed { self.turned(value.operands[1], &left) } else { None };
                let swapped = [left_transposed, right_transposed && turned.is_none()];
                self.step(Action::Product(swapped), [left, turned.unwrap_or(right)], &output, false);
            }
            &TensorOp::Concat { axis } => {
                let mut start = 0;
                for operand in operands {
                    let cut = part(&value.shape, axis, start);
                    start += operand.shape[axis];
                    self.step(Action::Part(cut), [operand], &output, false);
                }
            }
            TensorOp::Extreme(extreme) => self.step(Action::Extreme(*extreme), [x], &output, false),
            TensorOp::Softmax => self.step(Action::Softmax, [x], &output, false),
            TensorOp::LogSoftmax => self.step(Action::LogSoftmax, [x], &output, false),
            TensorOp::Leaf | TensorOp::Detach | TensorOp::StackVars | TensorOp::Custom(_) => {
                unreachable!("{op:?} is no step")
            }
        }
        output
    }

    /// The elements of a place as a matrix that need not be written out: windows of an array, as the right factor of products
    /// and nothing else.
    fn windows(&self, id: Id, place: &Place) -> Option<SeenWindows> {
        let &[ref batch @ .., rows, cols] = &*self.values[id as usize].shape else { return None };
        let is_factor = |reader: &Id| {
            let Value { source, operands, shape, .. } = &self.values[*reader as usize];
            let plain = TensorOp::MatMul { left_transposed: false, right_transposed: false };
            let alone = || shape[..shape.rank() - 2].iter().all(|&length| length == 1);
            *source == Source::Computed(plain) && operands[0] != id && alone()
        };
        let readers = &self.readers[id as usize];
        let all = !readers.is_empty()
            && !self.roots.contains(&id)
            && readers.iter().all(is_factor)
            && batch.iter().all(|&length| length == 1);
        if all { SeenWindows::of(place, rows, cols) } else { None }
    }

    /// The transpose of a parameter, written out, if enough products read it for that to pay: where few rows meet it, as in
    /// each step of a recurrent network, a product that reads columns takes a fourth longer.
    fn turned(&mut self, right: Id, left: &Place) -> Option<Place> {
        const FEW_ROWS: usize = 128;
        const PRODUCTS: usize = 4;
        if let Some(turned) = self.turned.get(&right) {
            return Some(turned.clone());
        }
        let value = &self.values[right as usize];
        let &[rows, cols] = &*value.shape else { return None };
        let reads = |reader: &&Id| {
            let Value { source, operands, .. } = &self.values[**reader as usize];
            let transposed = matches!(source, Source::Computed(TensorOp::MatMul { right_transposed: true, .. }));
            transposed && operands[1] == right
        };
        let few = left.shape.size() / cols.max(1) <= FEW_ROWS;
        let is_param = matches!(value.source, Source::Param(_));
        if !is_param || !few || self.readers[right as usize].iter().filter(reads).count() < PRODUCTS {
            return None;
        }
        let own = self.place(right).clone();
        let strides = Strides::from_slice(&[own.strides[1], own.strides[0]]);
        let seen = Place { shape: Shape::from([cols, rows]), strides, ..own };
        let turned = self.buffer(seen.shape.clone());
        self.step(Action::Copy, [seen], &turned, false);
        self.turned.insert(right, turned.clone());
        Some(turned)
    }

    /// Lays out the sweep from a root, whose adjoint is the constant `one`.
    fn backward(&mut self, root: Id, one: usize) {
        self.count_contributions(root);
        if !self.values[root as usize].active {
            return;
        }
        let seed = Place::dense(Memory::Constants, one, self.shape(root));
        if let Source::Param(_) = self.values[root as usize].source {
            let (output, _) = self.target(root);
            self.step(Action::Copy, [seed], &output, false);
        } else {
            self.adjoints[root as usize] = Some(seed);
        }
        let values = self.values;
        for id in (0..=root).rev() {
            let Some(g) = self.adjoint_of(id) else { continue };
            match &values[id as usize].source {
                Source::Computed(op) => self.hand_on(id, op, &g),
                &Source::Custom { number, .. } => self.hand_on_custom(id, number, g),
                Source::Input(_) | Source::Param(_) | Source::Constant(_) | Source::Draw(_) | Source::Places { .. } => {
                }
            }
        }
    }

    fn adjoint_of(&self, id: Id) -> Option<Place> {
        self.adjoints[id as usize].clone()
    }

    /// How often each adjoint is contributed to; 0 where the root does not lead.
    fn count_contributions(&mut self, root: Id) {
        self.contributions[root as usize] = 1;
        for id in (0..=root as usize).rev() {
            let value = &self.values[id];
            if self.contributions[id] == 0 || !value.active {
                continue;
            }
            for (position, &operand) in value.operands.iter().enumerate() {
                let takes_share = match &value.source {
                    Source::Computed(op) => self.takes_share(op, position, operand),
                    Source::Custom { .. } => self.values[operand as usize].active,
                    Source::Input(_)
                    | Source::Param(_)
                    | Source::Constant(_)
                    | Source::Draw(_)
                    | Source::Places { .. } => false,
                };
                self.contributions[operand as usize] += u32::from(takes_share);
            }
        }
    }

    fn takes_share(&self, op: &TensorOp, position: usize, operand: Id) -> bool {
        self.values[operand as usize].active && !matches!((op, position), (TensorOp::Select, 0))
    }

    /// Where an adjoint is written, and whether something is there already.
    fn target(&mut self, id: Id) -> (Place, bool) {
        if let Some(place) = &self.adjoints[id as usize] {
            return (place.clone(), true);
        }
        let value = &self.values[id as usize];
        let place = match value.source {
            Source::Param(parameter) => Place::dense(Memory::Gradients, self.starts[parameter], value.shape.clone()),
            Source::Input(_)
            | Source::Constant(_)
            | Source::Computed(_)
            | Source::Custom { .. }
            | Source::Draw(_)
            | Source::Places { .. } => self.buffer(value.shape.clone()),
        };
        self.adjoints[id as usize] = Some(place.clone());
        (place, false)
    }

    fn hand_on(&mut self, id: Id, op: &TensorOp, g: &Place) {
        let operands = self.values[id as usize].operands.clone();
        for (position, &operand) in operands.iter().enumerate() {
            if self.takes_share(op, position, operand) {
                self.share(id, op, g, position, operand);
            }
        }
    }

    /// A user's rule gives all shares at once. An input that it gives none gets zeros.
    fn hand_on_custom(&mut self, id: Id, number: usize, g: Place) {
        let operands = &self.values[id as usize].operands;
        let nothing = self.buffer(Shape::from([0]));
        let read: Vec<Place> =
            operands.iter().chain([&id]).map(|&value| self.place(value).clone()).chain([g]).collect();
        self.step(Action::CustomShares(number), read, &nothing, false);
        for (position, &operand) in operands.iter().enumerate() {
            if self.values[operand as usize].active {
                let (output, accumulate) = self.target(operand);
                self.step(Action::CustomShare(position), [], &output, accumulate);
            }
        }
    }

    /// One operand's share of one adjoint.
    fn share(&mut self, id: Id, op: &TensorOp, g: &Place, position: usize, operand: Id) {
        let value = &self.values[id as usize];
        let (shape, own) = (value.shape.clone(), self.values[operand as usize].shape.clone());
        let side = if position == 0 { Side::Left } else { Side::Right };
        match op {
            TensorOp::Leaf | TensorOp::Detach | TensorOp::Compare(_) | TensorOp::StackVars | TensorOp::Custom(_) => {
                unreachable!("{op:?} has no shares")
            }
            TensorOp::Unary(rule) => {
                let reads = rule.share(Reads::LEFT, Reads::OUTPUT, Reads::ADJOINT);
                self.elementwise_share(Action::UnaryShare(*rule), reads, id, g, operand);
            }
            TensorOp::Powi(n) => self.elementwise_share(Action::PowiShare(*n), Reads::LEFT, id, g, operand),
            TensorOp::Binary(rule) if rule.passes_on(side) => self.pass_on(g.clone(), &shape, operand),
            TensorOp::Binary(rule) => {
                let y = self.place(id).clone();
                let [a, b] = [0, 1].map(|operand| self.place(value.operands[operand]).clone().broadcast(&shape));
                let reads = rule.reads(side);
                let read = |place, what| if reads.contains(what) { place } else { g.clone() };
                let places = [read(a, Reads::LEFT), read(b, Reads::RIGHT), read(y, Reads::OUTPUT), g.clone()];
                self.through(Action::BinaryShare(*rule, side), places, &shape, operand);
            }
            TensorOp::Select => {
                let side = if position == 1 { Side::Left } else { Side::Right };
                let mask = self.place(value.operands[0]).clone().broadcast(&shape);
                self.through(Action::SelectShare(side), [mask, g.clone()], &shape, operand);
            }
            TensorOp::Linear(Linear::Slice(cut)) if self.is_partitioned(operand) => {
                let (output, _) = self.target(operand);
                self.step(Action::Part(cut.clone()), [g.clone()], &output, false);
            }
            TensorOp::Linear(linear) => {
                let transposed = linear.transposed();
                if let Some(view) = viewed(&TensorOp::Linear(transposed.clone()), g, &own) {
                    return self.pass_on(view, &own, operand);
                }
                let (output, accumulate) = self.target(operand);
                self.step(Action::Linear(transposed), [g.clone()], &output, accumulate);
            }
            &TensorOp::MatMul { left_transposed, right_transposed } => {
                let share = if position == 0 { left_share } else { right_share };
                let [left, right] = [0, 1].map(|factor| value.operands[factor]);
                let windows = self.seen.get(&right).filter(|_| position == 0).cloned();
                if let Some(windows) = windows {
                    let places = [self.with_dense_rows(g), self.place(right).clone()];
                    let (output, accumulate) = self.target(operand);
                    return self.step(Action::SeenProduct(windows, true), places, &output, accumulate);
                }
                let factors = share(left_transposed, right_transposed);
                let places = factors.map(|(factor, _)| match factor {
                    Factor::Left => self.place(left).clone(),
                    Factor::Right => self.place(right).clone(),
                    Factor::Adjoint => g.clone(),
                });
                let (output, accumulate) = self.target(operand);
                self.step(Action::Product(factors.map(|(_, swapped)| swapped)), places, &output, accumulate);
            }
            &TensorOp::Concat { axis } => {
                let before = value.operands[..position].iter();
                let start: usize = before.map(|&before| self.values[before as usize].shape[axis]).sum();
                let mut own_part = Place { shape: own, ..g.clone() };
                own_part.offset += start * g.strides[axis] as usize;
                let (output, accumulate) = self.target(operand);
                self.step(Action::Copy, [own_part], &output, accumulate);
            }
            TensorOp::Extreme(extreme) => {
                let (x, y) = (self.place(operand).clone(), self.place(id).clone());
                let (output, accumulate) = self.target(operand);
                self.step(Action::ExtremeShare(*extreme), [x, y, g.clone()], &output, accumulate);
            }
            TensorOp::Softmax | TensorOp::LogSoftmax => {
                let action = if *op == TensorOp::Softmax { Action::SoftmaxShare } else { Action::LogSoftmaxShare };
                let y = self.place(id).clone();
                let (output, accumulate) = self.target(operand);
                self.step(action, [y, g.clone()], &output, accumulate);
            }
        }
    }

    fn shape(&self, id: Id) -> Shape {
        self.values[id as usize].shape.clone()
    }

    /// A share that is computed from the operand, the output and its adjoint, of which the rule may read some only: the
    /// adjoint stands in for the others, which need not be kept for it.
    fn elementwise_share(&mut self, action: Action, reads: Reads, id: Id, g: &Place, operand: Id) {
        let read = |value: Id, what| if reads.contains(what) { self.place(value).clone() } else { g.clone() };
        let places = [read(operand, Reads::LEFT), read(id, Reads::OUTPUT), g.clone()];
        let (output, accumulate) = self.target(operand);
        self.step(action, places, &output, accumulate);
    }

    /// The same elements with the rows dense, copied if they are not.
    fn with_dense_rows(&mut self, place: &Place) -> Place {
        if place.strides.last() == Some(&1) {
            return place.clone();
        }
        let copy = self.buffer(place.shape.clone());
        self.step(Action::Copy, [place.clone()], &copy, false);
        copy
    }

    /// Whether the adjoint of a value is put together of parts: all that hand shares on to it are slices that adjoin along
    /// one axis, and leave nothing out. Then none is added to another, and nothing is filled with zeros first.
    fn is_partitioned(&self, id: Id) -> bool {
        let whole = &self.values[id as usize].shape;
        let mut parts: SmallVec<[(usize, usize, usize); 8]> = SmallVec::new();
        let hands_on =
            |reader: &&Id| self.contributions[**reader as usize] > 0 && self.values[**reader as usize].active;
        for user in self.readers[id as usize].iter().filter(hands_on) {
            let user = &self.values[*user as usize];
            let Source::Computed(TensorOp::Linear(Linear::Slice(cut))) = &user.source else { return false };
            let differs = |axis: &usize| user.shape[*axis] != whole[*axis];
            let axis = (0..whole.rank()).find(differs).unwrap_or(0);
            let others_are_whole = (0..whole.rank()).filter(|other| *other != axis).all(|other| !differs(&other));
            if whole.rank() == 0 || !others_are_whole || cut.steps.iter().any(|&step| step != 1) {
                return false;
            }
            parts.push((axis, cut.starts[axis] as usize, user.shape[axis]));
        }
        parts.sort_unstable();
        let Some(&(axis, ..)) = parts.first() else { return false };
        let mut end = 0;
        for (own, start, length) in parts {
            if own != axis || start != end {
                return false;
            }
            end += length;
        }
        end == whole[axis]
    }

    /// Computes a share in the output's shape and undoes the operand's broadcast.
    fn through<const N: usize>(&mut self, action: Action, places: [Place; N], shape: &Shape, operand: Id) {
        if self.values[operand as usize].shape == *shape {
            let (output, accumulate) = self.target(operand);
            self.step(action, places, &output, accumulate);
        } else {
            let full = self.buffer(shape.clone());
            self.step(action, places, &full, false);
            self.pass_on(full, shape, operand);
        }
    }

    /// Hands an adjoint on as it is, summed over the axes along which the operand was repeated.
    fn pass_on(&mut self, g: Place, shape: &Shape, operand: Id) {
        let value = &self.values[operand as usize];
        if value.shape != *shape {
            let axes = AxisSet::broadcast(&value.shape, shape);
            let (output, accumulate) = self.target(operand);
            self.step(Action::Linear(Linear::Sum(axes)), [g], &output, accumulate);
            return;
        }
        let only = self.contributions[operand as usize] == 1;
        if only && matches!(value.source, Source::Computed(_) | Source::Custom { .. }) {
            self.adjoints[operand as usize] = Some(g);
            return;
        }
        let (output, accumulate) = self.target(operand);
        self.step(Action::Copy, [g], &output, accumulate);
    }
}

impl Place {
    /// The same elements, repeated to a larger shape.
    fn broadcast(self, shape: &Shape) -> Self {
        let repeated = Linear::Broadcast(AxisSet::broadcast(&self.shape, shape));
        viewed(&TensorOp::Linear(repeated), &self, shape).expect("a broadcast is a view")
    }
}

/// Where a structural operation's output lies if it is another view of its operand.
fn viewed(op: &TensorOp, x: &Place, shape: &Shape) -> Option<Place> {
    let (offset, strides) = match op {
        TensorOp::Detach => (x.offset, x.strides.clone()),
        TensorOp::Linear(linear) => linear.view_of(x.offset, &x.shape, &x.strides, shape)?,
        TensorOp::Leaf
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
        | TensorOp::Custom(_) => return None,
    };
    Some(Place { memory: x.memory, offset, shape: shape.clone(), strides })
}

/// The part of an output that one of several joined operands fills.
fn part(shape: &Shape, axis: usize, start: usize) -> Cut {
    let mut cut = Cut { starts: shape.iter().map(|_| 0).collect(), steps: shape.iter().map(|_| 1).collect() };
    cut.starts[axis] = start as u32;
    cut
}
