//! The steps of a program, carried out.

use std::ops::Range;
use std::rc::Rc;

use ndarray::ArrayD;

use super::memory::Layout;
use super::schedule::{Action, Memory, Place, Schedule, Step};
use super::seen::SeenWindows;
use crate::arena::Arena;
use crate::custom::{self, CustomOp};
use crate::error::Error;
use crate::kernel::{self, MatrixRef, Seen, View};
use crate::op::Extreme;
use crate::product::{self, Operand as Factor};
use crate::random::Seed;
use crate::real::Real;
use crate::shape::Shape;
use crate::transpose::around;

/// Everything about a program that stays the same from run to run.
#[derive(Debug)]
pub(super) struct Plan<T> {
    pub(super) schedule: Schedule,
    pub(super) layout: Layout,
    pub(super) constants: Vec<T>,
}

/// The memory of one run at a time.
pub(super) struct Workspace<T: Real> {
    memory: Arena<T>,
    scratch: Arena<T>,
    indices: Vec<u32>,
    /// For the order of one line.
    line: Vec<u32>,
    /// What a user's rule gave last.
    shares: Vec<Option<ArrayD<T>>>,
    /// One for every input; of those that are no seeds, nobody asks.
    seeds: Vec<Seed>,
}

impl<T: Real> Workspace<T> {
    pub(super) fn new(indices: Vec<u32>, inputs: usize) -> Self {
        Self {
            memory: Arena::new(),
            scratch: Arena::new(),
            indices,
            line: Vec::new(),
            shares: Vec::new(),
            seeds: vec![Seed::from(0); inputs],
        }
    }

    /// Memory for another thread that runs the same plan.
    #[cfg(feature = "threads")]
    pub(super) fn twin(&self) -> Self {
        Self::new(self.indices.clone(), self.seeds.len())
    }
}

/// One run: the plan, and what it reads and writes.
pub(super) struct Run<'a, T: Real> {
    plan: &'a Plan<T>,
    params: &'a [T],
    gradients: &'a mut [T],
    /// The memory of all buffers. Only `operand` and `output` make references into it.
    memory: *mut T,
    scratch: &'a mut Arena<T>,
    indices: &'a mut Vec<u32>,
    line: &'a mut Vec<u32>,
    shares: &'a mut Vec<Option<ArrayD<T>>>,
    seeds: &'a mut Vec<Seed>,
}

impl<'a, T: Real> Run<'a, T> {
    pub(super) fn new(
        plan: &'a Plan<T>,
        workspace: &'a mut Workspace<T>,
        params: &'a [T],
        gradients: &'a mut [T],
    ) -> Self {
        let Workspace { memory, scratch, indices, line, shares, seeds } = workspace;
        memory.reset();
        let memory = memory.take(plan.layout.len).as_mut_ptr();
        Self { plan, params, gradients, memory, scratch, indices, line, shares, seeds }
    }

    /// Where a tensor input is written.
    pub(super) fn input(&mut self, number: usize) -> Option<&mut [T]> {
        let place = self.plan.schedule.inputs[number].as_ref()?;
        Some(self.output(place))
    }

    pub(super) fn list(&mut self, range: Range<usize>) -> &mut [u32] {
        &mut self.indices[range]
    }

    pub(super) fn set_seed(&mut self, input: usize, seed: Seed) {
        self.seeds[input] = seed;
    }

    /// Carries out all steps; `watch` is told how many are done, before the first and after each.
    ///
    /// # Errors
    /// Those of users' operations.
    pub(super) fn steps(&mut self, customs: &[Rc<dyn CustomOp<T>>], mut watch: impl FnMut(usize)) -> Result<(), Error> {
        let plan = self.plan;
        watch(0);
        for (number, step) in plan.schedule.steps.iter().enumerate() {
            if let Action::Custom(number) = step.action {
                self.custom(&*customs[number], step)?;
            } else if let Action::CustomShares(number) = step.action {
                self.custom_shares(&*customs[number], step)?;
            } else {
                self.step(step);
            }
            self.scratch.reset();
            watch(number + 1);
        }
        Ok(())
    }

    fn arrays(&self, places: &[Place]) -> Vec<ArrayD<T>> {
        places.iter().map(|place| kernel::to_array(self.operand(place))).collect()
    }

    fn custom(&mut self, operation: &dyn CustomOp<T>, step: &Step) -> Result<(), Error> {
        let inputs = self.arrays(&step.operands);
        let views: Vec<_> = inputs.iter().map(|input| input.view()).collect();
        let value = operation.value(&views)?;
        let (expected, found) = (&step.output.shape, Shape::from(value.shape()));
        if *expected != found {
            let (operation, expected) = (operation.name(), expected.clone());
            return Err(Error::CustomShape { operation, what: "output", expected, found });
        }
        self.output(&step.output).iter_mut().zip(&value).for_each(|(out, &value)| *out = value);
        Ok(())
    }

    fn custom_shares(&mut self, operation: &dyn CustomOp<T>, step: &Step) -> Result<(), Error> {
        let mut arrays = self.arrays(&step.operands);
        let adjoint = arrays.pop().expect("the adjoint is the last");
        *self.shares = custom::shares(operation, arrays, &adjoint)?;
        Ok(())
    }

    /// A result, once the steps are done.
    pub(super) fn root(&self, number: usize) -> View<'_, T> {
        self.operand(&self.plan.schedule.roots[number])
    }

    fn bytes(&self, place: &Place) -> Range<usize> {
        let Memory::Buffer(buffer) = place.memory else { unreachable!("only buffers lie in this memory") };
        let start = self.plan.layout.offsets[buffer as usize];
        start..start + self.plan.schedule.buffers[buffer as usize]
    }

    fn operand<'b>(&self, place: &'b Place) -> View<'b, T>
    where
        'a: 'b,
    {
        let data = match place.memory {
            Memory::Params => self.params,
            Memory::Constants => &self.plan.constants,
            Memory::Gradients => unreachable!("no step reads the gradients of parameters"),
            Memory::Buffer(_) => {
                let range = self.bytes(place);
                assert!(range.end <= self.plan.layout.len);
                // SAFETY: The range lies in the memory that `new` took, which is initialised and stays until the next
                // run. The only mutable reference into it at the same time is the output of the step that reads this
                // operand, and `lay_out` made sure that the two do not overlap.
                unsafe { std::slice::from_raw_parts(self.memory.add(range.start), range.len()) }
            }
        };
        View { data, offset: place.offset, shape: &place.shape, strides: &place.strides }
    }

    fn output<'b>(&mut self, place: &Place) -> &'b mut [T]
    where
        'a: 'b,
    {
        let len = place.shape.size();
        match place.memory {
            Memory::Gradients => {
                let gradients = &mut self.gradients[place.offset..place.offset + len];
                // SAFETY: Nothing else refers to the gradients while a step is carried out.
                unsafe { std::slice::from_raw_parts_mut(gradients.as_mut_ptr(), len) }
            }
            Memory::Buffer(_) => {
                let range = self.bytes(place);
                assert!(range.end <= self.plan.layout.len && place.offset + len <= range.len());
                // SAFETY: As in `operand`; a step has one output, and it is used for that step only.
                unsafe { std::slice::from_raw_parts_mut(self.memory.add(range.start + place.offset), len) }
            }
            Memory::Params | Memory::Constants => unreachable!("no step writes parameters or constants"),
        }
    }

    fn step(&mut self, step: &'a Step) {
        let Step { action, operands, output: place, accumulate } = step;
        let accumulate = *accumulate;
        if let &Action::Places { axis, search, indices } = action {
            let x = self.operand(&operands[0]);
            let elements = kernel::dense(x, self.scratch);
            let places = &mut self.indices[indices.start as usize..][..indices.len as usize];
            return search.find(elements, around(x.shape, axis), self.scratch, self.line, places);
        }
        let out = self.output(place);
        if let Action::Draw(draw) = action {
            return draw.distribution.draw(self.seeds[draw.input], draw.number, out);
        }
        let x = |operand: usize| self.operand(&operands[operand]);
        let dense = |operand: usize| kernel::dense(self.operand(&operands[operand]), self.scratch);
        match action {
            Action::Unary(rule) => kernel::unary(*rule, x(0), out),
            Action::Powi(n) => kernel::powi(*n, x(0), out),
            Action::Binary(rule) => kernel::binary(*rule, x(0), x(1), out),
            Action::Compare(comparison) => kernel::compare(*comparison, x(0), x(1), out),
            Action::Select => kernel::select(x(0), x(1), x(2), out),
            Action::Linear(linear) => linear.apply(x(0), &place.shape, self.indices, self.scratch, out, accumulate),
            Action::Product([left, right]) => {
                let left = Factor { view: x(0), transposed: *left };
                let right = Factor { view: x(1), transposed: *right };
                product::batched(left, right, &place.shape, self.scratch, out, accumulate);
            }
            Action::SeenProduct(windows, transposed) => {
                let (left, right) = (x(0), x(1));
                let &[.., rows, cols] = left.shape else { unreachable!("a factor has two axes") };
                let &[.., row_stride, col_stride] = left.strides else { unreachable!("a factor has two axes") };
                let left = MatrixRef { data: &left.data[left.offset..], rows, cols, row_stride, col_stride };
                let SeenWindows { rows, runs, run } = windows;
                let seen = Seen { data: &right.data[right.offset..], rows, runs, run: *run };
                kernel::matmul_seen(left, seen, *transposed, out, accumulate);
            }
            Action::Part(cut) => {
                let strides = place.shape.dense_strides();
                let offset = cut.starts.iter().zip(&strides).map(|(&start, &stride)| start as usize * stride as usize);
                kernel::copy_strided(x(0), out, offset.sum(), &strides);
            }
            Action::Extreme(extreme) => {
                let elements = dense(0);
                let find = match extreme {
                    Extreme::Max => kernel::max,
                    Extreme::Min => kernel::min,
                };
                find(elements, 1, elements.len(), 1, out, &mut [0]);
            }
            Action::Softmax => kernel::softmax(dense(0), rows(&place.shape).1, out),
            Action::LogSoftmax => {
                let (rows, cols) = rows(&place.shape);
                kernel::log_softmax(dense(0), rows, cols, out);
            }
            Action::CustomShare(position) => match self.shares[*position].take() {
                Some(share) if accumulate => out.iter_mut().zip(&share).for_each(|(sum, &share)| *sum += share),
                Some(share) => out.iter_mut().zip(&share).for_each(|(out, &share)| *out = share),
                None if accumulate => {}
                None => out.fill(T::zero()),
            },
            Action::Custom(_) | Action::CustomShares(_) | Action::Draw(_) | Action::Places { .. } => {
                unreachable!("dealt with above")
            }
            Action::UnaryShare(rule) => kernel::unary_share(*rule, x(0), x(1), x(2), out, accumulate),
            Action::PowiShare(n) => kernel::powi_share(*n, x(0), x(1), x(2), out, accumulate),
            Action::BinaryShare(rule, side) => {
                kernel::binary_share(*rule, *side, x(0), x(1), x(2), x(3), out, accumulate);
            }
            Action::SelectShare(side) if accumulate => {
                let share = self.scratch.take(out.len());
                kernel::select_share(*side, x(0), x(1), share);
                out.iter_mut().zip(&*share).for_each(|(sum, &share)| *sum += share);
            }
            Action::SelectShare(side) => kernel::select_share(*side, x(0), x(1), out),
            Action::ExtremeShare(Extreme::Max | Extreme::Min) => {
                kernel::split_ties(dense(0), dense(1)[0], dense(2)[0], out, accumulate);
            }
            Action::SoftmaxShare => {
                kernel::softmax_share(dense(0), dense(1), rows(&place.shape).1, out, accumulate);
            }
            Action::LogSoftmaxShare => {
                let (rows, cols) = rows(&place.shape);
                kernel::log_softmax_share(dense(0), dense(1), rows, cols, out, accumulate);
            }
            Action::Copy if accumulate => kernel::add(x(0), out),
            Action::Copy => kernel::copy(x(0), out),
        }
    }
}

/// A shape as rows along its last axis.
fn rows(shape: &[usize]) -> (usize, usize) {
    let cols = shape.last().copied().unwrap_or(1);
    (shape.iter().product::<usize>().checked_div(cols).unwrap_or(0), cols)
}
