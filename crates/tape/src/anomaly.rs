//! Where did the first NaN come from: operations examined as they are recorded and swept, on a tape that asks for it.
//!
//! A watched tape is never the one that the thread remembers as its last (see [`crate::living`]), so that what happens
//! here is behind a comparison that recording makes anyway.

use std::fmt;
use std::panic::Location;

use crate::error::Error;
use crate::gradients::Adjoints;
use crate::kernel::{self, View};
use crate::op::{Argument, Node, Op, TensorOp};
use crate::real::{Real, shortest};
use crate::shape::Shape;
use crate::tape::Storage;

/// Which values count as anomalies; see [`Tape::detect_anomalies`](crate::Tape::detect_anomalies).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Anomalies {
    /// None: nothing is examined.
    #[default]
    Ignored,
    /// NaN. Infinities are left alone: masks and losses of impossible events have them on purpose.
    Nan,
    /// NaN and both infinities.
    NonFinite,
}

impl Anomalies {
    fn contain<T: Real>(self, value: T) -> bool {
        match self {
            Self::Ignored => false,
            Self::Nan => value.is_nan(),
            Self::NonFinite => !value.is_finite(),
        }
    }
}

/// Whether an anomaly arose when an operation was computed or when its adjoint was handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The operation's value.
    Forwards,
    /// The adjoint of one of its operands.
    Backwards,
}

/// The first operation that gave NaN, or an infinity, and what it was given. It prints as one line.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Anomaly {
    /// The operation, as its method is called.
    pub operation: &'static str,
    /// Its value, or an adjoint that it handed on.
    pub direction: Direction,
    /// Where the program recorded it. Not known of what was recorded before anomalies were to be detected.
    pub place: Option<&'static Location<'static>>,
    /// Backwards, the operand whose adjoint it is, counted from 1.
    pub operand: Option<usize>,
    /// The value that was found: the first of the output forwards, of the operand's adjoint backwards.
    pub found: AnomalyOperand,
    /// What the operation was applied to: the elements at the place of the found one where the operation is elementwise, else
    /// each operand's element of the largest magnitude.
    pub operands: Vec<AnomalyOperand>,
    element: &'static str,
}

/// One element of a tensor, or a number, that an [`Anomaly`] is about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AnomalyOperand {
    /// The value.
    pub value: f64,
    /// Its index; empty for a scalar.
    pub index: Vec<usize>,
    /// The tensor's shape; no axis for a scalar.
    pub shape: Shape,
}

impl AnomalyOperand {
    fn scalar<T: Real>(value: T) -> Self {
        Self { value: value.widen(), index: Vec::new(), shape: Shape::default() }
    }

    /// The element that lies here if all are counted row by row.
    fn of<T: Real>(elements: &[T], shape: &[usize], position: usize) -> Self {
        let mut rest = position;
        let mut index = vec![0; shape.len()];
        for (index, &length) in index.iter_mut().zip(shape).rev() {
            (*index, rest) = (rest % length, rest / length);
        }
        Self { value: elements[position].widen(), index, shape: Shape::from(shape) }
    }

    /// The element at the place of another tensor's element, to whose shape this tensor broadcasts.
    fn at<T: Real>(view: View<'_, T>, other: &[usize]) -> Self {
        let new = other.len() - view.shape.len();
        let index: Vec<usize> =
            other[new..].iter().zip(view.shape).map(|(&index, &length)| if length == 1 { 0 } else { index }).collect();
        let along: isize = index.iter().zip(view.strides).map(|(&index, &stride)| index as isize * stride).sum();
        let value = view.data[view.offset.strict_add_signed(along)].widen();
        Self { value, index, shape: Shape::from(view.shape) }
    }

    /// The element of the largest magnitude, NaN before all others; none if the tensor is empty.
    fn largest<T: Real>(view: View<'_, T>) -> Option<Self> {
        let elements = copied(view);
        let magnitude = |position: usize| match elements[position].widen().abs() {
            nan if nan.is_nan() => (true, 0.0),
            magnitude => (false, magnitude),
        };
        let larger = |one: usize, other: usize| if magnitude(other) > magnitude(one) { other } else { one };
        (0..elements.len()).reduce(larger).map(|position| Self::of(&elements, view.shape, position))
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, element: &str) -> fmt::Result {
        write!(f, "{}", shortest(self.value, element))?;
        if self.shape.rank() > 0 {
            write!(f, " at {:?} of {}", self.index, self.shape)?;
        }
        Ok(())
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = match self.direction {
            Direction::Forwards => "forwards",
            Direction::Backwards => "backwards",
        };
        write!(f, "anomaly: {direction}, {} recorded ", self.operation)?;
        match self.place {
            Some(place) => write!(f, "at {place} ")?,
            None => write!(f, "before anomalies were detected ")?,
        }
        match self.operand {
            Some(operand) => write!(f, "gave operand {operand} the adjoint ")?,
            None => write!(f, "gave ")?,
        }
        self.found.write(f, self.element)?;
        for (position, operand) in self.operands.iter().enumerate() {
            write!(f, "{}", if position == 0 { "; operands: " } else { ", " })?;
            operand.write(f, self.element)?;
        }
        Ok(())
    }
}

/// What a tape that is watched for anomalies keeps.
#[derive(Debug)]
pub(crate) struct Watch {
    which: Anomalies,
    /// The line that is recording.
    here: Option<&'static Location<'static>>,
    /// The line that recorded each node.
    places: Vec<Option<&'static Location<'static>>>,
    found: Option<Box<Anomaly>>,
}

impl Watch {
    /// None if nothing is to be watched.
    pub(crate) fn of(which: Anomalies) -> Option<Box<Self>> {
        (which != Anomalies::Ignored).then(|| Box::new(Self { which, here: None, places: Vec::new(), found: None }))
    }

    /// Forgets the lines of all nodes from this one on.
    pub(crate) fn forget_behind(&mut self, nodes: usize) {
        self.places.truncate(nodes);
    }

    fn place(&self, node: usize) -> Option<&'static Location<'static>> {
        self.places.get(node).copied().flatten()
    }
}

impl<T: Real> Storage<T> {
    /// Says which line the next nodes come from, if the tape is watched.
    #[inline(always)]
    pub(crate) fn watch_from(&mut self, here: &'static Location<'static>) {
        if let Some(watch) = &mut self.watch {
            watch.here = Some(here);
            watch.places.resize(self.nodes.len(), None);
        }
    }

    /// What was done, or the anomaly that was found meanwhile.
    #[inline(always)]
    pub(crate) fn watched<R>(&mut self, done: R) -> Result<R, Error> {
        let Some(watch) = &mut self.watch else { return Ok(done) };
        watch.places.resize(self.nodes.len(), watch.here);
        match watch.found.take() {
            Some(found) => Err(Error::Anomaly(found)),
            None => Ok(done),
        }
    }

    fn which(&self) -> Anomalies {
        self.watch.as_ref().map_or(Anomalies::Ignored, |watch| watch.which)
    }

    /// Keeps the first anomaly for when the operation is over.
    fn report(&mut self, anomaly: Anomaly) {
        if let Some(watch) = &mut self.watch
            && watch.found.is_none()
        {
            watch.found = Some(Box::new(Anomaly { place: watch.here, ..anomaly }));
        }
    }

    /// Examines a scalar that is about to be recorded.
    pub(crate) fn examine_scalar(&mut self, node: Node<T>) {
        if self.which().contain(node.value) {
            self.report(Anomaly {
                operation: node.op.name(),
                direction: Direction::Forwards,
                place: None,
                operand: None,
                found: AnomalyOperand::scalar(node.value),
                operands: self.scalar_operands(node),
                element: T::NAME,
            });
        }
    }

    /// Examines a tensor that is about to be recorded.
    pub(crate) fn examine_tensor(&mut self, op: &TensorOp, operands: &[u32], output: View<'_, T>) {
        if matches!(op, TensorOp::Leaf) {
            return;
        }
        let elements = copied(output);
        let which = self.which();
        if let Some(position) = elements.iter().position(|&element| which.contain(element)) {
            let found = AnomalyOperand::of(&elements, output.shape, position);
            let same_place = op.is_elementwise().then_some(&*found.index);
            // Of many scalars side by side, one is at this place.
            let operands = if matches!(op, TensorOp::StackVars) { &operands[position..=position] } else { operands };
            self.report(Anomaly {
                operation: op.name(),
                direction: Direction::Forwards,
                place: None,
                operand: None,
                operands: self.tensor_operands(operands, same_place),
                found,
                element: T::NAME,
            });
        }
    }

    /// Examines what a node handed on to its operands.
    pub(crate) fn examine_shares(&self, adjoints: &Adjoints<T>, index: usize) -> Result<(), Error> {
        let node = self.nodes[index];
        let anomaly = match node.op {
            Op::Tensor => self.examine_tensor_shares(adjoints, node.left as usize),
            Op::Leaf
            | Op::Unary(_)
            | Op::Powi
            | Op::Binary(_)
            | Op::RightConstant(_)
            | Op::LeftConstant(_)
            | Op::AddProduct
            | Op::AddProductConstant
            | Op::Detached
            | Op::Element => self.examine_scalar_shares(adjoints, index, node),
        };
        match (anomaly, &self.watch) {
            (Some(anomaly), Some(watch)) => {
                Err(Error::Anomaly(Box::new(Anomaly { place: watch.place(index), ..anomaly })))
            }
            (Some(_) | None, _) => Ok(()),
        }
    }

    fn examine_scalar_shares(&self, adjoints: &Adjoints<T>, index: usize, node: Node<T>) -> Option<Anomaly> {
        if adjoints.scalars[index].into_bits() == T::UNREACHED {
            return None;
        }
        node.arguments().zip(1..).find_map(|(argument, operand)| {
            let Argument::Node(argument) = argument else { return None };
            let found = match self.nodes[argument as usize].op {
                Op::Tensor => {
                    let slot = self.nodes[argument as usize].left as usize;
                    let position = T::word_out_of_bits(node.right) as usize;
                    AnomalyOperand::of(adjoints.elements_of(slot)?, &self.slots[slot].shape, position)
                }
                Op::Leaf
                | Op::Unary(_)
                | Op::Powi
                | Op::Binary(_)
                | Op::RightConstant(_)
                | Op::LeftConstant(_)
                | Op::AddProduct
                | Op::AddProductConstant
                | Op::Detached
                | Op::Element => AnomalyOperand::scalar(adjoints.scalars[argument as usize]),
            };
            self.which().contain(T::from_f64(found.value)).then(|| Anomaly {
                operation: node.op.name(),
                direction: Direction::Backwards,
                place: None,
                operand: Some(operand),
                found,
                operands: self.scalar_operands(node),
                element: T::NAME,
            })
        })
    }

    fn examine_tensor_shares(&self, adjoints: &Adjoints<T>, slot: usize) -> Option<Anomaly> {
        let slot_of = |operand: u32| self.nodes[operand as usize].left as usize;
        let tensor = &self.slots[slot];
        let operands = &self.operands[tensor.operands.start as usize..tensor.operands.end as usize];
        adjoints.elements_of(slot)?;
        let which = self.which();
        operands.iter().zip(1..).find_map(|(&operand, number)| {
            let (found, alike) = if matches!(tensor.op, TensorOp::StackVars) {
                let adjoint = adjoints.scalars[operand as usize];
                let anomalous = adjoint.into_bits() != T::UNREACHED && which.contain(adjoint);
                (anomalous.then(|| AnomalyOperand::scalar(adjoint))?, false)
            } else {
                let shape = &self.slots[slot_of(operand)].shape;
                let elements = adjoints.elements_of(slot_of(operand))?;
                let position = elements.iter().position(|&element| which.contain(element))?;
                (AnomalyOperand::of(elements, shape, position), *shape == tensor.shape)
            };
            let same_place = (alike && tensor.op.is_elementwise()).then_some(&*found.index);
            let single = [operand];
            let operands = if matches!(tensor.op, TensorOp::StackVars) { &single } else { operands };
            Some(Anomaly {
                operation: tensor.op.name(),
                direction: Direction::Backwards,
                place: None,
                operand: Some(number),
                operands: self.tensor_operands(operands, same_place),
                found,
                element: T::NAME,
            })
        })
    }

    fn scalar_operands(&self, node: Node<T>) -> Vec<AnomalyOperand> {
        let operand = |argument| match argument {
            Argument::Number(number) => vec![AnomalyOperand::scalar(number)],
            Argument::Node(operand) => self.tensor_operands(&[operand], None),
        };
        node.arguments().flat_map(operand).collect()
    }

    /// One element of each operand: the one at this place, or the one of the largest magnitude.
    fn tensor_operands(&self, operands: &[u32], place: Option<&[usize]>) -> Vec<AnomalyOperand> {
        let element = |&operand: &u32| {
            let node = self.nodes[operand as usize];
            match (node.op, place) {
                (Op::Tensor, Some(place)) => Some(AnomalyOperand::at(self.slot(operand).view(), place)),
                (Op::Tensor, None) => AnomalyOperand::largest(self.slot(operand).view()),
                (
                    Op::Leaf
                    | Op::Unary(_)
                    | Op::Powi
                    | Op::Binary(_)
                    | Op::RightConstant(_)
                    | Op::LeftConstant(_)
                    | Op::AddProduct
                    | Op::AddProductConstant
                    | Op::Detached
                    | Op::Element,
                    _,
                ) => (operand != 0).then(|| AnomalyOperand::scalar(node.value)),
            }
        };
        operands.iter().filter_map(element).collect()
    }
}

/// A tensor's elements, row by row.
fn copied<T: Real>(view: View<'_, T>) -> Vec<T> {
    let mut elements = vec![T::zero(); view.size()];
    kernel::copy(view, &mut elements);
    elements
}
