//! The chain rule: the reverse sweep.
//!
//! From the root to the first node, every operation hands its adjoint on to its operands, each its share. The first
//! contribution to an adjoint is what it is then, later ones are added. A tensor's is stored over whatever was there; a
//! scalar's is added to a negative zero, to which adding is storing, so that no first one is told apart from a later one.

mod share;

use ndarray::ArrayD;

use self::share::Share;
use crate::custom;
use crate::error::Error;
use crate::gradients::{Adjoints, Binding, Gradients, Place, TensorAdjoint};
use crate::kernel::View;
use crate::living;
use crate::op::{Argument, Node, Op, TensorOp};
use crate::real::Real;
use crate::rules::{Binary, BinaryRule, Powi, Unary, UnaryRule, binary, unary};
use crate::shape::Shape;
use crate::tape::Storage;
use crate::tensor::Tensor;
use crate::var::Var;

/// What can be differentiated: a [`Var`], or a [`Tensor`] of one element.
pub trait Root<T: Real>: Copy + sealed::Sealed {
    #[doc(hidden)]
    fn handle(self) -> Handle<T>;
}

/// A root's node and recording; its value, if it is known without looking it up.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Handle<T> {
    node: u32,
    recording: u32,
    value: Option<T>,
}

impl<T> Handle<T> {
    /// The recording and the node.
    pub(crate) fn place(&self) -> (u32, u32) {
        (self.recording, self.node)
    }
}

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for crate::Var<T> {}
    impl<T> Sealed for crate::Tensor<T> {}
}

impl<T: Real> Root<T> for Var<T> {
    fn handle(self) -> Handle<T> {
        Handle { node: self.node(), recording: self.recording(), value: Some(self.number()) }
    }
}

impl<T: Real> Root<T> for Tensor<T> {
    fn handle(self) -> Handle<T> {
        Handle { node: self.node, recording: self.tape, value: None }
    }
}

/// The gradients of a root; a constant root is an error.
pub(crate) fn backward<T: Real>(root: impl Root<T>) -> Result<Gradients<T>, Error> {
    let Handle { node, recording, .. } = root.handle();
    if recording == 0 {
        return Err(Error::ConstantRoot);
    }
    if recording & living::WATCHED != 0 {
        return Err(Error::NotReplayable { operation: "backward" });
    }
    let mut gradients = living::with(recording, node, "backward", |storage: &mut Storage<T>| {
        single(storage, node)?;
        if storage.is_active(node) { Ok(start(storage, node)) } else { Err(Error::ConstantRoot) }
    })??;
    sweep(recording, node, &mut gradients)?;
    Ok(gradients)
}

/// The value of a root of this recording, and its gradients, which are zero where it is constant. `storage` gives the tape
/// for a moment.
pub(crate) fn value_and_grad<'a, T: Real>(
    storage: impl Fn() -> &'a mut Storage<T>,
    root: impl Root<T>,
) -> Result<(T, Gradients<T>), Error> {
    let Handle { node, recording, value } = root.handle();
    if recording != 0 && !storage().owns(recording, node) {
        return Err(Error::Foreign { operation: "backward" });
    }
    let value = match value {
        Some(value) => value,
        None => single(storage(), node)?,
    };
    let reached = storage().is_active(node);
    let mut gradients = start(storage(), if reached { node } else { 0 });
    if reached {
        sweep(recording, node, &mut gradients)?;
    } else {
        clear_unreached_params(&mut gradients.adjoints);
    }
    Ok((value, gradients))
}

/// The value of a root, which must have exactly one element.
fn single<T: Real>(storage: &Storage<T>, node: u32) -> Result<T, Error> {
    let Node { value, op, .. } = storage.nodes[node as usize];
    match op {
        Op::Tensor => match storage.slot(node).view() {
            View { data, offset, shape, .. } if shape.iter().all(|&length| length == 1) => Ok(data[offset]),
            View { shape, .. } => Err(Error::RootNotScalar { shape: Shape::from(shape) }),
        },
        Op::Leaf
        | Op::Unary(_)
        | Op::Powi
        | Op::Binary(_)
        | Op::RightConstant(_)
        | Op::LeftConstant(_)
        | Op::AddProduct
        | Op::AddProductConstant
        | Op::Detached
        | Op::Element => Ok(value),
    }
}

/// The map before anything is handed on: every adjoint has its place, and that of the root, if it is not 0, is one.
fn start<T: Real>(storage: &Storage<T>, root: u32) -> Gradients<T> {
    let mut gradients = Gradients::take_spare();
    let adjoints = &mut **gradients.adjoints;
    place(storage, adjoints, root);
    for (parameter, node) in storage.latest_updates() {
        adjoints.updates.push(parameter, storage.slot(node).view());
    }
    if root != 0 {
        seed(storage, adjoints, root);
    }
    gradients
}

/// Hands adjoints on from the root to the first node. Where code of users runs, the tape is let go of meanwhile.
fn sweep<T: Real>(recording: u32, root: u32, gradients: &mut Gradients<T>) -> Result<(), Error> {
    let mut from = root;
    let mut limit = root;
    loop {
        let paused_at = living::with(recording, root, "backward", |storage: &mut Storage<T>| {
            let adjoints = &mut **gradients.adjoints;
            let paused_at = storage.callbacks.last_up_to(limit);
            hand_on_stretch(storage, adjoints, paused_at.map_or(1, |node| node + 1), from)?;
            if paused_at.is_none() {
                clear_unreached_params(adjoints);
            }
            Ok(paused_at)
        })??;
        let Some(node) = paused_at else { return Ok(()) };
        custom::run(recording, node, gradients)?;
        (from, limit) = (node, node - 1);
    }
}

/// Lets the nodes from `from` down to `to` hand their adjoints on.
fn hand_on_stretch<T: Real>(
    storage: &mut Storage<T>,
    adjoints: &mut Adjoints<T>,
    to: u32,
    from: u32,
) -> Result<(), Error> {
    if storage.watch.is_some() {
        for index in (to as usize..=from as usize).rev() {
            hand_on_scalars(&storage.nodes, &mut adjoints.scalars, index, index);
            hand_on_other(storage, adjoints, index);
            storage.examine_shares(adjoints, index)?;
        }
        return Ok(());
    }
    let mut from = Some(from as usize);
    while let Some(index) = from {
        from = hand_on_scalars(&storage.nodes, &mut adjoints.scalars, to as usize, index);
        if let Some(index) = from {
            hand_on_other(storage, adjoints, index);
            from = index.checked_sub(1).filter(|&index| index >= to as usize);
        }
    }
    Ok(())
}

/// A copy of the adjoint of a node, if something reached it.
pub(crate) fn adjoint<T: Real>(storage: &Storage<T>, gradients: &Gradients<T>, node: u32) -> Option<ArrayD<T>> {
    let adjoints = &gradients.adjoints;
    let recorded = storage.nodes[node as usize];
    if recorded.op == Op::Tensor {
        let tensor = recorded.left as usize;
        let elements = adjoints.elements_of(tensor)?;
        let shape = &*adjoints.tensors[tensor].shape;
        return Some(ArrayD::from_shape_vec(shape, elements.to_vec()).expect("an adjoint has its tensor's shape"));
    }
    let g = adjoints.scalars[node as usize];
    (g.into_bits() != T::UNREACHED).then(|| ndarray::arr0(g).into_dyn())
}

/// Puts another adjoint in the place of a node's own, which has the same shape.
pub(crate) fn replace_adjoint<T: Real>(
    storage: &Storage<T>,
    gradients: &mut Gradients<T>,
    node: u32,
    other: &ArrayD<T>,
) {
    let Adjoints { tensors, elements, params, scalars, .. } = &mut **gradients.adjoints;
    let recorded = storage.nodes[node as usize];
    if recorded.op == Op::Tensor {
        let Some((out, _)) = target(&mut tensors[recorded.left as usize], elements, params) else { return };
        out.iter_mut().zip(other).for_each(|(out, &g)| *out = g);
    } else {
        scalars[node as usize] = reaching(other.sum());
    }
}

/// Adds the shares of a node's operands to their adjoints.
pub(crate) fn add_shares<T: Real>(
    storage: &Storage<T>,
    gradients: &mut Gradients<T>,
    node: u32,
    shares: &[Option<ArrayD<T>>],
) {
    let Adjoints { tensors, elements, params, .. } = &mut **gradients.adjoints;
    let slot = storage.slot(node);
    let operands = &storage.operands[slot.operands.start as usize..slot.operands.end as usize];
    for (&operand, share) in operands.iter().zip(shares) {
        let tensor = &mut tensors[storage.nodes[operand as usize].left as usize];
        let Some(share) = share.as_ref().filter(|_| storage.slot(operand).active) else { continue };
        let Some((out, accumulate)) = target(tensor, elements, params) else { continue };
        for (out, &share) in out.iter_mut().zip(share) {
            *out = if accumulate { *out + share } else { share };
        }
    }
}

/// Lets scalars hand on, from `from` down to `to`; returns where a tensor, or an element of one, comes in between.
#[inline(never)]
fn hand_on_scalars<T: Real>(nodes: &[Node<T>], adjoints: &mut [T], to: usize, from: usize) -> Option<usize> {
    // The adjoint that was deposited last, and where: mostly it is the next one that is read, and a register is there at
    // once, where memory that was just written to is not.
    let mut last = (0, T::zero());
    let nodes = &nodes[..=from];
    let adjoints = &mut adjoints[..nodes.len()];
    for index in (to..nodes.len()).rev() {
        let node = nodes[index];
        let g = if last.0 == index { last.1 } else { adjoints[index] };
        // One comparison finds what nothing has reached, and what a zero has.
        if g == T::zero() {
            if matches!(node.op, Op::Tensor | Op::Element) {
                return Some(index);
            }
            if g.into_bits() != T::UNREACHED {
                absorb(adjoints, node);
            }
            last = (0, g);
            continue;
        }
        let Node { value: y, left, .. } = node;
        let x = nodes[left as usize].value;
        last = match node.op {
            Op::Tensor | Op::Element => return Some(index),
            Op::Leaf | Op::Detached => (0, g),
            Op::Unary(rule) if rule.keeps_partial() => deposit(adjoints, left, g * T::out_of_bits(node.right)),
            Op::Unary(rule) => deposit(adjoints, left, unary_share(rule, x, y, g)),
            Op::Powi => deposit(adjoints, left, Powi(T::word_out_of_bits(node.right).cast_signed()).share(x, y, g)),
            Op::Binary(rule) => {
                let right = T::word_out_of_bits(node.right);
                let b = nodes[right as usize].value;
                let (first, second) = shares(rule, x, b, y, g);
                if left == right {
                    deposit(adjoints, left, first + second)
                } else {
                    deposit(adjoints, left, first);
                    deposit(adjoints, right, second)
                }
            }
            Op::RightConstant(rule) => deposit(adjoints, left, left_share(rule, x, T::out_of_bits(node.right), y, g)),
            Op::LeftConstant(rule) => deposit(adjoints, left, right_share(rule, T::out_of_bits(node.right), x, y, g)),
            Op::AddProduct => {
                deposit(adjoints, left, g);
                deposit(adjoints, T::word_out_of_bits(node.right), g)
            }
            Op::AddProductConstant => deposit(adjoints, left, g),
        };
    }
    None
}

/// Both shares of two operands. Most lists consist of sums, differences and products: a comparison finds each of these sooner
/// than a jump to an address does, and the loop around stays short.
#[inline(always)]
fn shares<T: Real>(rule: Binary, a: T, b: T, y: T, g: T) -> (T, T) {
    #[inline(never)]
    fn any<T: Real>(rule: Binary, a: T, b: T, y: T, g: T) -> (T, T) {
        rule.shares(a, b, y, g)
    }
    if rule == Binary::Mul {
        (binary::Mul.left(a, b, y, g), binary::Mul.right(a, b, y, g))
    } else if rule == Binary::Add {
        (binary::Add.left(a, b, y, g), binary::Add.right(a, b, y, g))
    } else if rule == Binary::Sub {
        (binary::Sub.left(a, b, y, g), binary::Sub.right(a, b, y, g))
    } else {
        any(rule, a, b, y, g)
    }
}

#[inline(always)]
fn left_share<T: Real>(rule: Binary, a: T, b: T, y: T, g: T) -> T {
    #[inline(never)]
    fn any<T: Real>(rule: Binary, a: T, b: T, y: T, g: T) -> T {
        rule.left(a, b, y, g)
    }
    if rule == Binary::Mul {
        binary::Mul.left(a, b, y, g)
    } else if rule == Binary::Add || rule == Binary::Sub {
        g
    } else {
        any(rule, a, b, y, g)
    }
}

#[inline(always)]
fn right_share<T: Real>(rule: Binary, a: T, b: T, y: T, g: T) -> T {
    #[inline(never)]
    fn any<T: Real>(rule: Binary, a: T, b: T, y: T, g: T) -> T {
        rule.right(a, b, y, g)
    }
    if rule == Binary::Mul {
        binary::Mul.right(a, b, y, g)
    } else if rule == Binary::Add {
        g
    } else if rule == Binary::Sub {
        binary::Sub.right(a, b, y, g)
    } else {
        any(rule, a, b, y, g)
    }
}

#[inline(always)]
fn unary_share<T: Real>(rule: Unary, x: T, y: T, g: T) -> T {
    #[inline(never)]
    fn any<T: Real>(rule: Unary, x: T, y: T, g: T) -> T {
        rule.share(x, y, g)
    }
    if rule == Unary::Square {
        unary::Square.share(x, y, g)
    } else if rule == Unary::Exp {
        unary::Exp.share(x, y, g)
    } else {
        any(rule, x, y, g)
    }
}

/// A zero adjoint absorbs: the operands are reached, and their shares are zero whatever the partials are.
#[cold]
fn absorb<T: Real>(adjoints: &mut [T], node: Node<T>) {
    for argument in node.arguments() {
        match argument {
            Argument::Node(operand) => deposit(adjoints, operand, T::zero()),
            Argument::Number(_) => continue,
        };
    }
}

/// Lets a node that is no plain scalar hand on.
fn hand_on_other<T: Real>(storage: &mut Storage<T>, adjoints: &mut Adjoints<T>, index: usize) {
    let node = storage.nodes[index];
    match node.op {
        Op::Tensor => {
            hand_on_tensor(storage, adjoints, node.left as usize);
            storage.scratch.reset();
        }
        Op::Element => hand_on_element(storage, adjoints, index, node),
        Op::Leaf
        | Op::Unary(_)
        | Op::Powi
        | Op::Binary(_)
        | Op::RightConstant(_)
        | Op::LeftConstant(_)
        | Op::AddProduct
        | Op::AddProductConstant
        | Op::Detached => {}
    }
}

/// Gives every tensor that a gradient is computed for its place, behind those of its operands.
fn place<T: Real>(storage: &Storage<T>, adjoints: &mut Adjoints<T>, root: u32) {
    adjoints.eras = storage.eras.clone();
    adjoints.scalars.resize(storage.nodes.len(), T::out_of_bits(T::UNREACHED));
    let params = match &storage.bound {
        Some(bound) => {
            adjoints.params.resize(bound.values().len(), T::zero());
            let (set, table) = (bound.set, bound.table.clone());
            adjoints.binding = Some(Binding { set, table, first_tensor: bound.first_slot });
            bound.first_slot..bound.first_slot + bound.table.len()
        }
        None => 0..0,
    };
    let mut end = 0;
    for (index, slot) in storage.slots.iter().enumerate() {
        let place = if params.contains(&index) {
            let parameter = &adjoints.binding.as_ref().expect("bound above").table[index - params.start];
            Place::Params(parameter.range().start)
        } else if slot.active && slot.node <= root {
            let start = end;
            end += slot.shape.size();
            Place::Elements(start)
        } else {
            Place::Nowhere
        };
        adjoints.tensors.push(TensorAdjoint::new(slot.node, slot.shape.clone(), place));
    }
    adjoints.elements.resize(end, T::zero());
}

fn seed<T: Real>(storage: &Storage<T>, adjoints: &mut Adjoints<T>, root: u32) {
    let node = &storage.nodes[root as usize];
    if node.op == Op::Tensor {
        let tensor = &mut adjoints.tensors[node.left as usize];
        tensor.reached = true;
        match tensor.place {
            Place::Elements(start) => adjoints.elements[start] = T::one(),
            Place::Params(start) => adjoints.params[start] = T::one(),
            Place::Nowhere => {}
        }
    } else {
        adjoints.scalars[root as usize] = T::one();
    }
}

fn clear_unreached_params<T: Real>(adjoints: &mut Adjoints<T>) {
    for tensor in &adjoints.tensors {
        if let (Place::Params(start), false) = (tensor.place, tensor.reached) {
            adjoints.params[start..start + tensor.shape.size()].fill(T::zero());
        }
    }
}

/// Adds a contribution to a scalar's adjoint, which leaves the first one as it is; returns where, and what is there now.
#[inline(always)]
fn deposit<T: Real>(adjoints: &mut [T], node: u32, share: T) -> (usize, T) {
    let adjoint = &mut adjoints[node as usize];
    *adjoint += reaching(share);
    (node as usize, *adjoint)
}

/// The same contribution, but a positive zero for a negative one, which an adjoint has that nothing has reached.
#[inline(always)]
fn reaching<T: Real>(share: T) -> T {
    share + T::zero()
}

fn hand_on_element<T: Real>(storage: &Storage<T>, adjoints: &mut Adjoints<T>, index: usize, node: Node<T>) {
    let g = adjoints.scalars[index];
    if g.into_bits() == T::UNREACHED {
        return;
    }
    let Adjoints { tensors, elements, params, .. } = adjoints;
    let tensor = &mut tensors[storage.nodes[node.left as usize].left as usize];
    let Some((out, accumulate)) = target(tensor, elements, params) else { return };
    if !accumulate {
        out.fill(T::zero());
    }
    out[T::word_out_of_bits(node.right) as usize] += g;
}

/// Where a tensor's adjoint is to be written, and whether to what is there already.
fn target<'a, T: Real>(
    tensor: &mut TensorAdjoint<T>,
    elements: &'a mut [T],
    params: &'a mut [T],
) -> Option<(&'a mut [T], bool)> {
    let size = tensor.shape.size();
    let out = match tensor.place {
        Place::Nowhere => return None,
        Place::Elements(start) => &mut elements[start..start + size],
        Place::Params(start) => &mut params[start..start + size],
    };
    Some((out, std::mem::replace(&mut tensor.reached, true)))
}

fn hand_on_tensor<T: Real>(storage: &Storage<T>, adjoints: &mut Adjoints<T>, index: usize) {
    let slot = &storage.slots[index];
    let Place::Elements(start) = adjoints.tensors[index].place else { return };
    if !adjoints.tensors[index].reached || slot.operands.is_empty() {
        return;
    }
    let Adjoints { tensors, elements, params, scalars, .. } = adjoints;
    // An operand's adjoint lies before its user's.
    let (before, from) = elements.split_at_mut(start);
    let g = &from[..slot.shape.size()];
    let operands = &storage.operands[slot.operands.start as usize..slot.operands.end as usize];
    if let TensorOp::Custom(_) = slot.op {
        // The code of its user has handed its adjoint on.
        return;
    }
    if let TensorOp::StackVars = slot.op {
        for (&operand, &g) in operands.iter().zip(g).filter(|(operand, _)| **operand != 0) {
            deposit(scalars, operand, g);
        }
        return;
    }
    for (position, &operand) in operands.iter().enumerate() {
        let tensor = &mut tensors[storage.nodes[operand as usize].left as usize];
        if !storage.slot(operand).active || matches!((&slot.op, position), (TensorOp::Select, 0)) {
            continue;
        }
        if let Some((out, accumulate)) = target(tensor, before, params) {
            Share { storage, slot, operands, g, position, out, accumulate }.compute();
        }
    }
}
