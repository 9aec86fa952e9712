//! The forward sweep, recorded: how roots change when variables do.
//!
//! A share is linear in the adjoint, and for an elementwise operation a tangent is the same expression with the operand's
//! tangent in the adjoint's place. A structural operation is linear: it is applied to the tangent as it is.

use smallvec::SmallVec;

use super::Derivative;
use super::adjoint::{absorbed_elements, absorbed_whole, attained, unless_masked};
use super::path::{Custom, Part, Path};
use super::traced::Traced;
use crate::custom;
use crate::error::Error;
use crate::op::{Extreme, Node, Op, TensorOp};
use crate::real::Real;
use crate::rules::{Powi, UnaryRule};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::var::Var;

/// The tangent of a root, given those of the wanted nodes; `None` if the root does not depend on them.
pub(super) fn tangent<T: Real>(path: &Path, given: &[Derivative<T>]) -> Result<Option<Derivative<T>>, Error> {
    let mut walk = Walk { path, tangents: vec![None; path.root as usize + 1] };
    for (&wanted, &tangent) in path.wanted.iter().zip(given) {
        if wanted != 0 && wanted <= path.root {
            walk.tangents[wanted as usize] = Some(tangent);
        }
    }
    for node in path.first()..=path.root {
        if !path.needs(node) || walk.tangents[node as usize].is_some() {
            continue;
        }
        walk.tangents[node as usize] = match path.part::<T>(node)? {
            Part::Scalar(recorded) => walk.scalar(node, recorded)?.map(Derivative::Scalar),
            Part::Tensor { op, operands, shape } => walk.tensor(node, &op, &operands, &shape)?.map(Derivative::Tensor),
        };
    }
    Ok(walk.tangents[path.root as usize])
}

struct Walk<'a, T> {
    path: &'a Path,
    tangents: Vec<Option<Derivative<T>>>,
}

/// The sum of those parts that there are.
fn sum<V: std::ops::Add<Output = V>>(parts: impl IntoIterator<Item = Option<V>>) -> Option<V> {
    parts.into_iter().flatten().reduce(|sum, part| sum + part)
}

/// A tangent of zero stays zero, whatever the partial is.
fn absorbed<T: Real>(dx: Var<T>, tangent: Var<T>) -> Var<T> {
    if dx.value() == T::zero() && tangent.value() != T::zero() { Var::constant(T::zero()) } else { tangent }
}

impl<T: Real> Walk<'_, T> {
    fn of(&self, node: u32) -> Option<Derivative<T>> {
        self.tangents[node as usize]
    }

    fn scalar(&self, node: u32, recorded: Node<T>) -> Result<Option<Var<T>>, Error> {
        let Node { left, right, value, op } = recorded;
        let (path, y) = (self.path, self.path.var(node, value));
        let operand = |node: u32| path.handle::<T>(node).map(Derivative::scalar);
        let of = |node: u32| self.of(node).map(Derivative::scalar);
        let number = Var::constant(T::out_of_bits(right));
        let through = |rule: &dyn Fn(Var<T>) -> Var<T>, dx: Option<Var<T>>| dx.map(|dx| absorbed(dx, rule(dx)));
        Ok(match op {
            Op::Leaf | Op::Tensor | Op::Detached => None,
            Op::AddProductConstant => of(left),
            Op::Unary(rule) => {
                let x = operand(left)?;
                through(&|dx| rule.share(x, y, dx), of(left))
            }
            Op::Powi => {
                let (x, n) = (operand(left)?, T::word_out_of_bits(right).cast_signed());
                through(&|dx| Powi(n).share(x, y, dx), of(left))
            }
            Op::RightConstant(rule) => {
                let x = operand(left)?;
                through(&|dx| rule.left(x, number, y, dx), of(left))
            }
            Op::LeftConstant(rule) => {
                let x = operand(left)?;
                through(&|dx| rule.right(number, x, y, dx), of(left))
            }
            Op::Binary(rule) => {
                let right = T::word_out_of_bits(right);
                let (a, b) = (operand(left)?, operand(right)?);
                sum([
                    through(&|da| rule.left(a, b, y, da), of(left)),
                    through(&|db| rule.right(a, b, y, db), of(right)),
                ])
            }
            Op::AddProduct => sum([of(left), of(T::word_out_of_bits(right))]),
            Op::Element => match self.of(left) {
                Some(dx) => {
                    let (dx, index) = (dx.tensor(), T::word_out_of_bits(right) as usize);
                    Some(dx.try_reshape([dx.shape().size()])?.try_at([index])?)
                }
                None => None,
            },
        })
    }

    fn tensor(&self, node: u32, op: &TensorOp, operands: &[u32], shape: &Shape) -> Result<Option<Tensor<T>>, Error> {
        if let TensorOp::StackVars = op {
            let parts: Vec<Var<T>> = operands
                .iter()
                .map(|&operand| match operand {
                    0 => Var::default(),
                    operand => self.of(operand).map_or_else(Var::default, Derivative::scalar),
                })
                .collect();
            let y = self.path.handle::<T>(node)?.tensor();
            return y.on_tape("jvp", |tape| tape.stack_vars(&parts, shape.clone(), "jvp")).map(Some);
        }
        if let TensorOp::Custom(_) = op {
            return self.custom(node, operands);
        }
        let y = self.path.handle::<T>(node)?.tensor();
        let tensors: Result<SmallVec<[Tensor<T>; 3]>, Error> =
            operands.iter().map(|&operand| Ok(self.path.handle::<T>(operand)?.tensor())).collect();
        let changes: SmallVec<[Option<Tensor<T>>; 3]> =
            operands.iter().map(|&operand| self.of(operand).map(Derivative::tensor)).collect();
        Tangent { op, operands: &tensors?, changes: &changes, y, shape }.record()
    }
}

impl<T: Real> Walk<'_, T> {
    /// The tangent of a user's operation: its own, or the transpose of its rule. The shares are linear in the adjoint, so
    /// that the derivative of their sum along the tangents with respect to the adjoint is the output's tangent, whatever
    /// the adjoint is.
    fn custom(&self, node: u32, operands: &[u32]) -> Result<Option<Tensor<T>>, Error> {
        let Custom { operation, inputs, output } = self.path.custom(node, operands)?;
        let tangents: Vec<Option<Tensor<T>>> =
            operands.iter().map(|&operand| self.of(operand).map(Derivative::tensor)).collect();
        let mut absorbs = true;
        for &tangent in tangents.iter().flatten() {
            absorbs = absorbs && tangent.is_zero()?;
        }
        let own = match operation.jvp(&inputs, output, &tangents) {
            Err(_) if absorbs => return Ok(None),
            own => own?,
        };
        let tangent = if let Some(tangent) = own {
            let (expected, found) = (output.shape(), tangent.shape());
            if expected != found {
                return Err(Error::CustomShape { operation: operation.name(), what: "tangent", expected, found });
            }
            tangent
        } else {
            let adjoint = output.on_tape("jvp", |tape| Ok(tape.variable_like(output.node)))?;
            let shares = match operation.vjp(&inputs, output, adjoint) {
                Err(_) if absorbs => return Ok(None),
                shares => custom::checked(&*operation, &inputs, shares?)?,
            };
            let parts = shares.into_iter().zip(tangents).filter_map(|(share, tangent)| Some(share? * tangent?));
            let Some(along) = parts.map(Tensor::sum).reduce(|sum, part| sum + part) else { return Ok(None) };
            along.try_grad(adjoint)?
        };
        if absorbs { absorbed_whole(tangent).map(Some) } else { Ok(Some(tangent)) }
    }
}

/// One tensor's tangent, to be recorded.
struct Tangent<'a, T> {
    op: &'a TensorOp,
    operands: &'a [Tensor<T>],
    /// The operands' tangents.
    changes: &'a [Option<Tensor<T>>],
    y: Tensor<T>,
    shape: &'a Shape,
}

impl<T: Real> Tangent<'_, T> {
    fn record(&self) -> Result<Option<Tensor<T>>, Error> {
        let [x, y] = [self.operands[0], self.y].map(Traced::Tensor);
        let dx = self.changes[0];
        match self.op {
            TensorOp::Leaf | TensorOp::Detach | TensorOp::Compare(_) | TensorOp::StackVars | TensorOp::Custom(_) => {
                Ok(None)
            }
            TensorOp::Unary(rule) => self.elementwise(dx, |dx| rule.share(x, y, dx)),
            TensorOp::Powi(n) => self.elementwise(dx, |dx| Powi(*n).share(x, y, dx)),
            TensorOp::Binary(rule) => {
                let b = Traced::Tensor(self.operands[1]);
                let left = self.elementwise(dx, |da| rule.left(x, b, y, da))?;
                let right = self.elementwise(self.changes[1], |db| rule.right(x, b, y, db))?;
                Ok(sum([left, right]))
            }
            TensorOp::Select => {
                let mask = self.operands[0].ne(T::zero());
                let zero = self.y.on_tape("jvp", |tape| Ok(tape.number(T::zero())))?;
                let [da, db] = [1, 2].map(|operand| self.changes[operand].unwrap_or(zero));
                mask.try_select(da, db)?.try_broadcast_to(self.shape.clone()).map(Some)
            }
            TensorOp::Linear(linear) => self.linear(dx, |dx| {
                dx.on_tape("jvp", |tape| Ok(tape.linear(linear.clone(), dx.node, self.shape.clone())))
            }),
            &TensorOp::MatMul { left_transposed, right_transposed } => {
                let turned = |x: Tensor<T>, swapped: bool| if swapped { x.t() } else { x };
                let [a, b] = [(0, left_transposed), (1, right_transposed)]
                    .map(|(operand, swapped)| turned(self.operands[operand], swapped));
                let left = self.linear(dx, |da| turned(da, left_transposed).try_matmul(b))?;
                let right = self.linear(self.changes[1], |db| a.try_matmul(turned(db, right_transposed)))?;
                Ok(sum([left, right]))
            }
            &TensorOp::Concat { axis } => {
                let zeros = |operand: Tensor<T>| operand.on_tape("jvp", |tape| Ok(tape.zeros_like(operand.node)));
                let parts: Result<SmallVec<[Tensor<T>; 4]>, Error> = self
                    .operands
                    .iter()
                    .zip(self.changes)
                    .map(|(&operand, change)| change.map_or_else(|| zeros(operand), Ok))
                    .collect();
                Tensor::try_concat(&parts?, axis as isize).map(Some)
            }
            TensorOp::Extreme(Extreme::Max | Extreme::Min) => self.linear(dx, |dx| {
                let weighted = dx.try_mul(attained(self.operands[0], self.y)?)?;
                Ok(absorbed_elements(dx, weighted)?.sum())
            }),
            TensorOp::Softmax => self.linear(dx, |dx| {
                let total = self.y.try_mul(dx)?.try_sum_axes(crate::Axes::keep(-1))?;
                self.y.try_mul(dx.try_sub(total)?)
            }),
            TensorOp::LogSoftmax => self.linear(dx, |dx| {
                let weights = unless_masked(self.y, self.y.exp())?;
                unless_masked(self.y, dx.try_sub(weights.try_mul(dx)?.try_sum_axes(crate::Axes::keep(-1))?)?)
            }),
        }
    }

    fn linear(
        &self,
        dx: Option<Tensor<T>>,
        apply: impl FnOnce(Tensor<T>) -> Result<Tensor<T>, Error>,
    ) -> Result<Option<Tensor<T>>, Error> {
        dx.map(apply).transpose()
    }

    /// What an operand's tangent contributes through an elementwise rule, in the output's shape.
    fn elementwise(
        &self,
        dx: Option<Tensor<T>>,
        rule: impl FnOnce(Traced<T>) -> Traced<T>,
    ) -> Result<Option<Tensor<T>>, Error> {
        self.linear(dx, |dx| {
            let full = dx.try_broadcast_to(self.shape.clone())?;
            match rule(Traced::Tensor(full)) {
                Traced::Tensor(tangent) => absorbed_elements(full, tangent),
                Traced::Number(number) => {
                    let number = dx.on_tape("jvp", |tape| Ok(tape.number(number)))?;
                    number.try_broadcast_to(self.shape.clone())
                }
            }
        })
    }
}
