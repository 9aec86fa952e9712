//! The reverse sweep, recorded: adjoints that are operations on the tape, and can be differentiated again.
//!
//! The walk and the rules are those of `sweep`; what is handed on are handles instead of numbers.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::Derivative;
use super::path::{Custom, Part, Path};
use super::traced::{Traced, TracedMask};
use crate::custom;
use crate::error::Error;
use crate::op::{Extreme, Node, Op, TensorOp};
use crate::real::Real;
use crate::rules::{Algebra, Powi, UnaryRule};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::transpose::{AxisSet, Cut, Factor, Linear, left_share, right_share};
use crate::var::Var;

/// The derivatives of a root, weighted by its adjoint, with respect to the nodes that a path leads to; `None` where it
/// does not lead.
pub(super) fn adjoints<T: Real>(path: &Path, root: Derivative<T>) -> Result<Vec<Option<Derivative<T>>>, Error> {
    let mut walk = Walk { path, adjoints: vec![None; path.root as usize + 1], elements: BTreeMap::new() };
    walk.adjoints[path.root as usize] = Some(root);
    for node in (path.first()..=path.root).rev() {
        walk.gather_elements(node)?;
        let Some(g) = walk.adjoints[node as usize] else { continue };
        match path.part::<T>(node)? {
            Part::Scalar(recorded) => walk.hand_on_scalar(node, recorded, g)?,
            Part::Tensor { op, operands, shape } => walk.hand_on_tensor(node, &op, &operands, &shape, g)?,
        }
    }
    Ok(path.wanted.iter().map(|&wanted| walk.adjoints.get(wanted as usize).copied().flatten()).collect())
}

struct Walk<'a, T> {
    path: &'a Path,
    adjoints: Vec<Option<Derivative<T>>>,
    /// Adjoints of single elements of tensors, with their places, until the walk comes to the tensor: a tensor of zeros
    /// for each would make reading n elements a matter of n^2.
    elements: BTreeMap<u32, Vec<(u32, Var<T>)>>,
}

impl<T: Real> Walk<'_, T> {
    fn deposit(&mut self, operand: u32, share: Derivative<T>) {
        let adjoint = &mut self.adjoints[operand as usize];
        *adjoint = Some(match (*adjoint, share) {
            (None, share) => share,
            (Some(Derivative::Scalar(sum)), Derivative::Scalar(share)) => Derivative::Scalar(sum + share),
            (Some(Derivative::Tensor(sum)), Derivative::Tensor(share)) => Derivative::Tensor(sum + share),
            (Some(_), _) => unreachable!("a node is a scalar or a tensor"),
        });
    }

    fn hand_on_scalar(&mut self, node: u32, recorded: Node<T>, g: Derivative<T>) -> Result<(), Error> {
        let Derivative::Scalar(g) = g else { unreachable!("the adjoint of a scalar is one") };
        let Node { left, right, value, op } = recorded;
        let (path, y) = (self.path, self.path.var(node, value));
        let operand = |node: u32| path.handle::<T>(node).map(Derivative::scalar);
        let number = || Var::constant(T::out_of_bits(right));
        let share = |share: Var<T>| Derivative::Scalar(absorbed(g, share));
        match op {
            Op::Leaf | Op::Tensor | Op::Detached => {}
            Op::Unary(rule) if path.needs(left) => self.deposit(left, share(rule.share(operand(left)?, y, g))),
            Op::Powi if path.needs(left) => {
                let n = T::word_out_of_bits(right).cast_signed();
                self.deposit(left, share(Powi(n).share(operand(left)?, y, g)));
            }
            Op::RightConstant(rule) if path.needs(left) => {
                self.deposit(left, share(rule.left(operand(left)?, number(), y, g)));
            }
            Op::LeftConstant(rule) if path.needs(left) => {
                self.deposit(left, share(rule.right(number(), operand(left)?, y, g)));
            }
            Op::AddProductConstant if path.needs(left) => self.deposit(left, Derivative::Scalar(g)),
            Op::Unary(_) | Op::Powi | Op::RightConstant(_) | Op::LeftConstant(_) | Op::AddProductConstant => {}
            Op::Binary(rule) => {
                let right = T::word_out_of_bits(right);
                let (a, b) = (operand(left)?, operand(right)?);
                if path.needs(left) {
                    self.deposit(left, share(rule.left(a, b, y, g)));
                }
                if path.needs(right) {
                    self.deposit(right, share(rule.right(a, b, y, g)));
                }
            }
            Op::AddProduct => {
                for operand in [left, T::word_out_of_bits(right)] {
                    if path.needs(operand) {
                        self.deposit(operand, Derivative::Scalar(g));
                    }
                }
            }
            Op::Element => {
                self.elements.entry(left).or_default().push((T::word_out_of_bits(right), g));
            }
        }
        Ok(())
    }

    /// Makes one tensor of the adjoints of a tensor's elements, and adds it to the tensor's adjoint.
    fn gather_elements(&mut self, node: u32) -> Result<(), Error> {
        let Some(elements) = self.elements.remove(&node) else { return Ok(()) };
        let (places, shares): (Vec<u32>, Vec<Var<T>>) = elements.into_iter().unzip();
        let x = self.path.handle::<T>(node)?.tensor();
        let share = x.on_tape("at", |tape| {
            let shape = tape.shape(node).clone();
            let indices = tape.save(places.into_iter());
            let shares = tape.stack_vars(&shares, Shape::from([shares.len()]), "at")?;
            let flat = tape.linear(Linear::AddRows { axis: 0, indices }, shares.node, Shape::from([shape.size()]));
            Ok(tape.reshape(flat.node, shape))
        })?;
        self.deposit(node, Derivative::Tensor(share));
        Ok(())
    }

    fn hand_on_tensor(
        &mut self,
        node: u32,
        op: &TensorOp,
        operands: &[u32],
        shape: &Shape,
        g: Derivative<T>,
    ) -> Result<(), Error> {
        let Derivative::Tensor(g) = g else { unreachable!("the adjoint of a tensor is one") };
        let path = self.path;
        if let TensorOp::Custom(_) = op {
            return self.hand_on_custom(node, operands, g);
        }
        for (position, &operand) in operands.iter().enumerate() {
            if !self.path.needs(operand) || matches!((op, position), (TensorOp::Select, 0)) {
                continue;
            }
            let share = if let TensorOp::StackVars = op {
                let flat = g.try_reshape([shape.size()])?;
                Derivative::Scalar(flat.try_at([position])?)
            } else {
                let y = path.handle::<T>(node)?.tensor();
                let tensors: Result<SmallVec<[Tensor<T>; 3]>, Error> =
                    operands.iter().map(|&operand| Ok(path.handle::<T>(operand)?.tensor())).collect();
                Derivative::Tensor(Share { op, operands: &tensors?, shape, y, g, position }.record()?)
            };
            self.deposit(operand, share);
        }
        Ok(())
    }

    fn hand_on_custom(&mut self, node: u32, operands: &[u32], g: Tensor<T>) -> Result<(), Error> {
        let Custom { operation, inputs, output } = self.path.custom(node, operands)?;
        let absorbs = g.is_zero()?;
        let shares = match operation.vjp(&inputs, output, g) {
            Ok(shares) => custom::checked(&*operation, &inputs, shares)?,
            Err(_) if absorbs => return self.hand_on_zeros(operands, &inputs),
            Err(error) => return Err(error),
        };
        for (&operand, share) in operands.iter().zip(shares) {
            if let (Some(share), true) = (share, self.path.needs(operand)) {
                let share = if absorbs { absorbed_whole(share)? } else { share };
                self.deposit(operand, Derivative::Tensor(share));
            }
        }
        Ok(())
    }

    fn hand_on_zeros(&mut self, operands: &[u32], inputs: &[Tensor<T>]) -> Result<(), Error> {
        for (&operand, input) in operands.iter().zip(inputs) {
            if self.path.needs(operand) {
                let zeros = input.on_tape("grad", |tape| Ok(tape.zeros_like(input.node)))?;
                self.deposit(operand, Derivative::Tensor(zeros));
            }
        }
        Ok(())
    }
}

/// A zero adjoint absorbs: where the share is not zero all the same, because the partial is infinite or NaN, it becomes
/// zero. Where it is zero anyway it stays what it is, for its own derivative may not be zero.
fn absorbed<T: Real>(g: Var<T>, share: Var<T>) -> Var<T> {
    if g.value() == T::zero() && share.value() != T::zero() { Var::constant(T::zero()) } else { share }
}

/// As [`absorbed`], for every element. A mask is recorded only where there is such an element.
pub(super) fn absorbed_elements<T: Real>(g: Tensor<T>, share: Tensor<T>) -> Result<Tensor<T>, Error> {
    let broken = Traced::and(Traced::Tensor(g).eq(Traced::zero()), unlike_zero(share));
    match broken {
        TracedMask::Each(mask) if mask.may_hold()? => mask.try_select(T::zero(), share),
        TracedMask::Each(_) | TracedMask::All(_) => Ok(share),
    }
}

/// What comes of an adjoint that is zero everywhere through a user's operation, of which nobody knows what depends on what:
/// as [`absorbed`], for all elements.
pub(super) fn absorbed_whole<T: Real>(share: Tensor<T>) -> Result<Tensor<T>, Error> {
    let broken = share.ne(T::zero());
    if broken.may_hold()? { broken.try_select(T::zero(), share) } else { Ok(share) }
}

fn unlike_zero<T: Real>(x: Tensor<T>) -> TracedMask<T> {
    TracedMask::Each(x.ne(T::zero()))
}

/// One operand's share of one tensor's adjoint, to be recorded.
struct Share<'a, T> {
    op: &'a TensorOp,
    operands: &'a [Tensor<T>],
    shape: &'a Shape,
    y: Tensor<T>,
    g: Tensor<T>,
    position: usize,
}

impl<T: Real> Share<'_, T> {
    fn record(&self) -> Result<Tensor<T>, Error> {
        let [x, y, g] = [self.operands[0], self.y, self.g].map(Traced::Tensor);
        match self.op {
            TensorOp::Leaf | TensorOp::Detach | TensorOp::Compare(_) | TensorOp::StackVars | TensorOp::Custom(_) => {
                unreachable!("{:?} has no shares of tensors", self.op)
            }
            TensorOp::Unary(rule) => self.elementwise(rule.share(x, y, g)),
            TensorOp::Powi(n) => self.elementwise(Powi(*n).share(x, y, g)),
            TensorOp::Binary(rule) => {
                let b = Traced::Tensor(self.operands[1]);
                self.elementwise(if self.position == 0 { rule.left(x, b, y, g) } else { rule.right(x, b, y, g) })
            }
            TensorOp::Select => {
                let mask = self.operands[0].ne(T::zero());
                let zero = T::zero();
                let share =
                    if self.position == 1 { mask.try_select(self.g, zero)? } else { mask.try_select(zero, self.g)? };
                self.undo_broadcast(share)
            }
            TensorOp::Linear(linear) => {
                let own = self.own_shape();
                let transposed = linear.transposed();
                self.g.on_tape("grad", |tape| Ok(tape.linear(transposed, self.g.node, own)))
            }
            &TensorOp::MatMul { left_transposed, right_transposed } => {
                let share = if self.position == 0 { left_share } else { right_share };
                let [left, right] = share(left_transposed, right_transposed).map(|(factor, swapped)| {
                    let factor = match factor {
                        Factor::Left => self.operands[0],
                        Factor::Right => self.operands[1],
                        Factor::Adjoint => self.g,
                    };
                    if swapped { factor.t() } else { factor }
                });
                let product = left.try_matmul(right)?;
                sum_to(product, &self.own_shape())
            }
            &TensorOp::Concat { axis } => {
                let before = self.operands[..self.position].iter();
                let start: usize = before.map(|operand| operand.shape()[axis]).sum();
                let mut cut = Cut {
                    starts: self.shape.iter().map(|_| 0).collect(),
                    steps: self.shape.iter().map(|_| 1).collect(),
                };
                cut.starts[axis] = start as u32;
                let own = self.own_shape();
                self.g.on_tape("grad", |tape| Ok(tape.linear(Linear::Slice(cut), self.g.node, own)))
            }
            TensorOp::Extreme(Extreme::Max | Extreme::Min) => {
                let weighted = self.g.try_mul(attained(self.operands[0], self.y)?)?;
                absorbed_elements(self.g.try_broadcast_to(self.own_shape())?, weighted)
            }
            TensorOp::Softmax => {
                let total = self.g.try_mul(self.y)?.try_sum_axes(crate::Axes::keep(-1))?;
                self.y.try_mul(self.g.try_sub(total)?)
            }
            TensorOp::LogSoftmax => {
                let total = self.g.try_sum_axes(crate::Axes::keep(-1))?;
                let share = self.g.try_sub(self.y.exp().try_mul(total)?)?;
                unless_masked(self.y, share)
            }
        }
    }

    fn own_shape(&self) -> Shape {
        self.operands[self.position].shape()
    }

    /// A share in the output's shape, as the operand's own.
    fn elementwise(&self, share: Traced<T>) -> Result<Tensor<T>, Error> {
        let share = match share {
            Traced::Tensor(share) => absorbed_elements(self.g, share)?,
            Traced::Number(number) => self.g.on_tape("grad", |tape| Ok(tape.number(number)))?,
        };
        self.undo_broadcast(share.try_broadcast_to(self.shape.clone())?)
    }

    fn undo_broadcast(&self, share: Tensor<T>) -> Result<Tensor<T>, Error> {
        sum_to(share, &self.own_shape())
    }
}

/// Sums over the axes along which a shape is repeated when it broadcasts to that of `x`.
fn sum_to<T: Real>(x: Tensor<T>, shape: &Shape) -> Result<Tensor<T>, Error> {
    x.on_tape("grad", |tape| {
        let full = tape.shape(x.node);
        if full == shape {
            return Ok(x);
        }
        let axes = AxisSet::broadcast(shape, full);
        Ok(tape.linear(Linear::Sum(axes), x.node, shape.clone()))
    })
}

/// For every element, which part of the derivative of the extreme `y` of all it gets: those that attain it an equal one,
/// the others none. An extreme of NaN has NaN derivatives, where the elements are NaN.
pub(super) fn attained<T: Real>(x: Tensor<T>, y: Tensor<T>) -> Result<Tensor<T>, Error> {
    let (elements, extreme) = (Traced::Tensor(x.detach()), Traced::Tensor(y.detach()));
    let both_nan = Traced::and(elements.is_nan(), extreme.is_nan());
    let TracedMask::Each(attains) = Traced::or(elements.eq(extreme), both_nan) else {
        unreachable!("tensors are compared element by element")
    };
    let ties = attains.to_tensor();
    attains.try_select(ties.try_div(ties.sum())?.try_add(y.detach().try_sub(y.detach())?)?, T::zero())
}

/// `share`, but zero in the rows of the log-softmax `y` of which every element is masked.
pub(super) fn unless_masked<T: Real>(y: Tensor<T>, share: Tensor<T>) -> Result<Tensor<T>, Error> {
    if y.shape().size() == 0 {
        return Ok(share);
    }
    let largest = y.detach().try_max_axis(-1)?.try_unsqueeze(-1)?;
    let masked = largest.eq(T::neg_infinity());
    if masked.may_hold()? { masked.try_select(T::zero(), share) } else { Ok(share) }
}
