//! Programs of scalars: a function of numbers, recorded once, evaluated and differentiated at any point.

mod adjoint;
mod blocks;
mod code;
mod graph;
mod machine;
mod runs;
mod uses;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use self::code::Code;
use self::graph::{Graph, Id, Recorded};
use self::machine::KEPT;
use crate::error::Error;
use crate::real::Real;
use crate::tape::Tape;
use crate::var::Var;

/// A function of numbers, recorded once and replayed at other points: its values and its gradient.
///
/// Forward and backward become one list of instructions without repetitions and without what nobody needs. What loops
/// recorded round after round is found again and computed with vectors; [`batch`](Self::batch) evaluates many points
/// at once. After the first run of each kind, a run allocates nothing.
///
/// A replay repeats what was computed when the function was recorded. Whatever the function asked of its variables on the
/// way is asked again: comparisons, [`clamp`](Var::clamp), casts to integers, `is_nan` and the like, and
/// [`Var::value`]. Where an answer differs, the replay would have taken another path, and fails with
/// [`Error::PathChanged`], which names the line that asked. `max`, `min`, `abs` and `floor` choose by value
/// themselves; they ask nothing. What is printed is not watched.
///
/// Values and gradients are those of the eager tape but for the last bits: sums of sixteen terms and more are formed in
/// parts, and the elementary functions of runs are those of [`VectorMath`](crate::VectorMath).
///
/// A clone shares the instructions and has memory of its own: one for each thread.
///
/// ```
/// let mut area = tape::ScalarProgram::record(|x| x[0] * x[1], &[1.0, 1.0])?;
/// let mut gradient = [0.0; 2];
/// assert_eq!(area.value_and_grad(&[3.0, 5.0], &mut gradient)?, 15.0);
/// assert_eq!(gradient, [5.0, 3.0]);
/// # Ok::<(), tape::Error>(())
/// ```
pub struct ScalarProgram<T: Real = f64> {
    shared: Arc<Shared<T>>,
    /// The memories of the value's, the gradient's and the blocks' instructions, each there after its first use.
    memories: [Vec<T>; 3],
    broken: Vec<u32>,
    /// One row of a unit matrix at a time.
    seeds: Vec<T>,
}

/// What all clones of a program share.
struct Shared<T> {
    inputs: usize,
    outputs: usize,
    /// Whether every output has a seed, given at each run: with a single output it is 1 and part of the program.
    seeded: bool,
    operations: usize,
    value: Code<T>,
    gradient: Code<T>,
    /// The gradient of many points at once, where that is faster than one point after another.
    block: Option<Code<T>>,
    /// Where each guard was asked.
    locations: Vec<&'static Location<'static>>,
}

/// How many points a block has.
const POINTS: usize = 256;

impl<T: Real> ScalarProgram<T> {
    /// Records a function of as many variables as the point has coordinates.
    ///
    /// ```
    /// let mut f = tape::ScalarProgram::record(|x| if x[0] > 0.0 { x[0] } else { x[0] * x[0] }, &[1.0])?;
    /// assert_eq!(f.value(&[2.0])?, 2.0);
    /// let changed = f.value(&[-2.0]).unwrap_err();
    /// assert!(matches!(changed, tape::Error::PathChanged { .. }));
    /// # Ok::<(), tape::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotReplayable`] if the function uses tensors or sweeps, [`Error::Foreign`] or [`Error::Stale`] if it
    /// returns a variable of another recording.
    pub fn record(f: impl FnOnce(&[Var<T>]) -> Var<T>, x: &[T]) -> Result<Self, Error> {
        Self::compile(|x| vec![f(x)], x, false)
    }

    /// Records a function with several outputs, whose gradient is that of their weighted sum: see [`vjp`](Self::vjp).
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub fn record_many(f: impl FnOnce(&[Var<T>]) -> Vec<Var<T>>, x: &[T]) -> Result<Self, Error> {
        Self::compile(f, x, true)
    }

    fn compile(f: impl FnOnce(&[Var<T>]) -> Vec<Var<T>>, x: &[T], seeded: bool) -> Result<Self, Error> {
        let tape = Tape::watched();
        let outputs = f(&tape.vars(x));
        let own = tape.read().recording();
        let foreign = outputs.iter().find(|output| !output.is_constant() && output.recording() != own);
        if let Some(output) = foreign {
            return Err(crate::living::mismatch::<T>((output.recording(), output.node()), (own, 0), "program"));
        }
        let storage = tape.read();
        if !storage.slots.is_empty() {
            return Err(Error::NotReplayable { operation: "tensor" });
        }
        let (mut graph, ids) = Graph::new(&Recorded { nodes: &storage.nodes, guards: &storage.guards });
        let output_ids: Vec<Id> = outputs
            .iter()
            .map(
                |output| {
                    if output.is_constant() { graph.constant(output.number()) } else { ids[output.node() as usize] }
                },
            )
            .collect();
        graph.collapse_chains(&output_ids);
        let (inputs, count) = (x.len(), outputs.len());
        let slots = if seeded { inputs + count } else { inputs };
        let value = runs::compile(&graph, &output_ids, slots);
        let seeds: Vec<Id> = (0..count)
            .map(|output| if seeded { graph.seed(inputs + output) } else { graph.constant(T::one()) })
            .collect();
        let gradient = adjoint::append(&mut graph, &output_ids, &seeds, inputs);
        let zero = graph.constant(T::zero());
        let mut roots = output_ids;
        roots.extend(gradient.into_iter().map(|gradient| gradient.unwrap_or(zero)));
        let gradient = runs::compile(&graph, &roots, slots);
        let block = if seeded { None } else { Self::block(&graph, &roots, &gradient, slots) };
        let locations = storage.guards.iter().map(|guard| guard.location).collect();
        let operations = storage.nodes.len() - 1 - inputs;
        let shared = Shared { inputs, outputs: count, seeded, operations, value, gradient, block, locations };
        Ok(Self::of(Arc::new(shared)))
    }

    /// With memory of its own.
    fn of(shared: Arc<Shared<T>>) -> Self {
        let seeds = vec![T::zero(); shared.outputs];
        Self { shared, memories: Default::default(), broken: vec![KEPT; POINTS], seeds }
    }

    /// Instructions for many points, if a point costs less that way.
    fn block(graph: &Graph<T>, roots: &[Id], alone: &Code<T>, inputs: usize) -> Option<Code<T>> {
        let block = blocks::compile(graph, roots, inputs, POINTS as u32);
        (block.cost() < POINTS as f64 * alone.cost()).then_some(block)
    }

    /// How many inputs the function has.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.shared.inputs
    }

    /// How many outputs the function has.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.shared.outputs
    }

    /// How many operations were recorded.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.shared.operations
    }

    /// The value at a point.
    ///
    /// # Errors
    /// [`Error::PathChanged`] if the function would take another path there, [`Error::ProgramSize`] if the point has not
    /// as many coordinates as the program has inputs, or the function more than one output.
    pub fn value(&mut self, x: &[T]) -> Result<T, Error> {
        let mut y = [T::zero()];
        self.values(x, &mut y)?;
        Ok(y[0])
    }

    /// The values of all outputs at a point.
    ///
    /// # Errors
    /// As [`value`](Self::value); nothing is written then.
    pub fn values(&mut self, x: &[T], y: &mut [T]) -> Result<(), Error> {
        let Self { shared, memories, broken, .. } = self;
        sized("inputs", shared.inputs, x.len())?;
        sized("outputs", shared.outputs, y.len())?;
        let memory = shared.run(&shared.value, &mut memories[0], broken, &[x])?;
        shared.value.results(0, memory, y);
        Ok(())
    }

    /// The value at a point and the gradient there: 0 for an input that the function does not depend on.
    ///
    /// ```
    /// let mut f = tape::ScalarProgram::record(|x| (x[0] * x[1]).exp(), &[1.0, 1.0])?;
    /// let mut gradient = [0.0; 2];
    /// assert_eq!(f.value_and_grad(&[0.0, 4.0], &mut gradient)?, 1.0);
    /// assert_eq!(gradient, [4.0, 0.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`value`](Self::value); nothing is written then.
    pub fn value_and_grad(&mut self, x: &[T], gradient: &mut [T]) -> Result<T, Error> {
        let mut y = [T::zero()];
        let Self { shared, memories, broken, .. } = self;
        sized("outputs", shared.outputs, 1)?;
        sized("inputs", shared.inputs, x.len())?;
        sized("elements of the gradient", shared.inputs, gradient.len())?;
        shared.differentiate(&mut memories[1], broken, x, &[T::one()], &mut y, gradient)?;
        Ok(y[0])
    }

    /// As [`value_and_grad`](Self::value_and_grad); where the path changed, the function is recorded anew at this point.
    ///
    /// ```
    /// fn kink(x: &[tape::Var]) -> tape::Var {
    ///     if x[0] > 0.0 { x[0] } else { x[0] * x[0] }
    /// }
    /// let mut f = tape::ScalarProgram::record(kink, &[1.0])?;
    /// let mut slope = [0.0];
    /// assert_eq!(f.value_and_grad_or_record(kink, &[-3.0], &mut slope)?, 9.0);
    /// assert_eq!(slope, [-6.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`record`](Self::record) and [`value`](Self::value).
    pub fn value_and_grad_or_record(
        &mut self,
        f: impl FnOnce(&[Var<T>]) -> Var<T>,
        x: &[T],
        gradient: &mut [T],
    ) -> Result<T, Error> {
        match self.value_and_grad(x, gradient) {
            Err(Error::PathChanged { .. }) => {
                *self = Self::record(f, x)?;
                self.value_and_grad(x, gradient)
            }
            outcome => outcome,
        }
    }

    /// The values of all outputs, and the gradient of their sum weighted with seeds: the vector-Jacobian product.
    ///
    /// ```
    /// let mut polar = tape::ScalarProgram::record_many(|x| vec![x[0] * x[1].cos(), x[0] * x[1].sin()], &[1.0, 0.0])?;
    /// let (mut y, mut vjp) = ([0.0; 2], [0.0; 2]);
    /// polar.vjp(&[2.0, 0.0], &[10.0, 1.0], &mut y, &mut vjp)?;
    /// assert_eq!((y, vjp), ([2.0, 0.0], [10.0, 2.0]));
    /// # Ok::<(), tape::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`value`](Self::value); nothing is written then.
    pub fn vjp(&mut self, x: &[T], seeds: &[T], y: &mut [T], gradient: &mut [T]) -> Result<(), Error> {
        let Self { shared, memories, broken, .. } = self;
        sized("inputs", shared.inputs, x.len())?;
        sized("seeds", shared.outputs, seeds.len())?;
        sized("outputs", shared.outputs, y.len())?;
        sized("elements of the gradient", shared.inputs, gradient.len())?;
        shared.differentiate(&mut memories[1], broken, x, seeds, y, gradient)?;
        if !shared.seeded {
            let absorbs = seeds[0] == T::zero();
            gradient.iter_mut().for_each(|g| *g = if absorbs { T::zero() } else { *g * seeds[0] });
        }
        Ok(())
    }

    /// The values of all outputs and their Jacobian `[outputs, inputs]`, row by row: one vector-Jacobian product a row.
    ///
    /// ```
    /// let mut f = tape::ScalarProgram::record_many(|x| vec![x[0] * x[1], x[1]], &[1.0, 1.0])?;
    /// let (mut y, mut jacobian) = ([0.0; 2], [0.0; 4]);
    /// f.jacobian(&[2.0, 3.0], &mut y, &mut jacobian)?;
    /// assert_eq!(jacobian, [3.0, 2.0, 0.0, 1.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`value`](Self::value); nothing is written then.
    pub fn jacobian(&mut self, x: &[T], y: &mut [T], jacobian: &mut [T]) -> Result<(), Error> {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        sized("elements of the Jacobian", outputs * inputs, jacobian.len())?;
        let mut seeds = std::mem::take(&mut self.seeds);
        let outcome = (0..outputs).try_for_each(|output| {
            seeds.fill(T::zero());
            seeds[output] = T::one();
            self.vjp(x, &seeds, y, &mut jacobian[output * inputs..][..inputs])
        });
        self.seeds = seeds;
        outcome
    }

    /// The values `y[n]` and the gradients `[n, inputs]` at the points `x[n, inputs]`, point by point.
    ///
    /// ```
    /// let mut f = tape::ScalarProgram::record(|x| x[0] * x[1], &[1.0, 1.0])?;
    /// let (mut y, mut gradients) = ([0.0; 2], [0.0; 4]);
    /// f.batch(&[1.0, 2.0, 3.0, 4.0], &mut y, &mut gradients)?;
    /// assert_eq!((y, gradients), ([2.0, 12.0], [2.0, 1.0, 4.0, 3.0]));
    /// # Ok::<(), tape::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::PathChanged`] with the first point where the function would take another path. All other points are
    /// evaluated; the value and the gradient of those that changed are NaN. [`Error::ProgramSize`] if the sizes do not
    /// fit, or the function has several outputs; nothing is written then.
    pub fn batch(&mut self, x: &[T], y: &mut [T], gradients: &mut [T]) -> Result<(), Error> {
        let Self { shared, memories: [_, single, block], broken, .. } = self;
        sized("outputs", shared.outputs, 1)?;
        sized("elements of the points", shared.inputs * y.len(), x.len())?;
        sized("elements of the gradients", shared.inputs * y.len(), gradients.len())?;
        match &shared.block {
            Some(code) => shared.in_blocks(code, block, broken, x, y, gradients),
            None => shared.one_by_one(single, broken, x, y, gradients),
        }
    }
}

/// As many elements as a program needs, or an error.
fn sized(what: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::ProgramSize { what, expected, found }) }
}

impl<T: Real> Shared<T> {
    /// Runs instructions at a point, whose coordinates and seeds are written in first.
    fn run<'a>(
        &self,
        code: &Code<T>,
        memory: &'a mut Vec<T>,
        broken: &mut [u32],
        inputs: &[&[T]],
    ) -> Result<&'a [T], Error> {
        let memory = code.prepare(memory);
        let mut start = 0;
        for input in inputs {
            memory[start..start + input.len()].copy_from_slice(input);
            start += input.len();
        }
        broken[0] = KEPT;
        machine::run(&code.instructions, &code.lists, memory, broken);
        self.check(broken[0], 0)?;
        Ok(memory)
    }

    /// An error if a guard was broken.
    fn check(&self, guard: u32, point: usize) -> Result<(), Error> {
        if guard == KEPT {
            return Ok(());
        }
        Err(Error::PathChanged { location: self.locations[guard as usize], point })
    }

    fn differentiate(
        &self,
        memory: &mut Vec<T>,
        broken: &mut [u32],
        x: &[T],
        seeds: &[T],
        y: &mut [T],
        gradient: &mut [T],
    ) -> Result<(), Error> {
        let seeds = if self.seeded { seeds } else { &[] };
        let memory = self.run(&self.gradient, memory, broken, &[x, seeds])?;
        self.gradient.results(0, memory, y);
        self.gradient.results(self.outputs, memory, gradient);
        Ok(())
    }

    fn one_by_one(
        &self,
        memory: &mut Vec<T>,
        broken: &mut [u32],
        x: &[T],
        y: &mut [T],
        gradients: &mut [T],
    ) -> Result<(), Error> {
        let mut outcome = Ok(());
        for (point, y) in y.iter_mut().enumerate() {
            let range = point * self.inputs..(point + 1) * self.inputs;
            let gradient = &mut gradients[range.clone()];
            let seeds = [T::one()];
            let y = std::slice::from_mut(y);
            if self.differentiate(memory, broken, &x[range], &seeds, y, gradient).is_err() {
                y.fill(T::nan());
                gradient.fill(T::nan());
                outcome = outcome.and_then(|()| self.check(broken[0], point));
            }
        }
        outcome
    }

    fn in_blocks(
        &self,
        code: &Code<T>,
        memory: &mut Vec<T>,
        broken: &mut [u32],
        x: &[T],
        y: &mut [T],
        gradients: &mut [T],
    ) -> Result<(), Error> {
        let memory = code.prepare(memory);
        let inputs = self.inputs;
        let mut outcome = Ok(());
        for start in (0..y.len()).step_by(POINTS) {
            let points = POINTS.min(y.len() - start);
            for input in 0..inputs {
                // What is beyond the last point repeats it: the block is computed whole.
                for (point, element) in memory[input * POINTS..][..POINTS].iter_mut().enumerate() {
                    *element = x[(start + point.min(points - 1)) * inputs + input];
                }
            }
            broken.fill(KEPT);
            machine::run(&code.instructions, &code.lists, memory, broken);
            let rows = &mut gradients[start * inputs..][..points * inputs];
            y[start..start + points].copy_from_slice(&memory[code.results[0] as usize..][..points]);
            for (input, &address) in code.results[1..].iter().enumerate() {
                for (point, &element) in memory[address as usize..][..points].iter().enumerate() {
                    rows[point * inputs + input] = element;
                }
            }
            for (point, &guard) in broken[..points].iter().enumerate().filter(|(_, guard)| **guard != KEPT) {
                y[start + point] = T::nan();
                rows[point * inputs..][..inputs].fill(T::nan());
                outcome = outcome.and_then(|()| self.check(guard, start + point));
            }
        }
        outcome
    }
}

impl<T: Real> Clone for ScalarProgram<T> {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.shared))
    }
}

impl<T: Real> fmt::Debug for ScalarProgram<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScalarProgram")
            .field("inputs", &self.inputs())
            .field("outputs", &self.outputs())
            .field("operations", &self.operations())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever interprets a loop has an instruction for each of its operations, forwards and backwards; runs have one for
    /// hundreds.
    #[test]
    fn a_loop_becomes_few_instructions() {
        let f =
            |x: &[Var<f64>]| x.iter().map(|&x| x.sin() * (0.1 * x + 1.0).exp() + (1.0 + x * x).ln()).sum::<Var<f64>>();
        let program = ScalarProgram::record(f, &vec![0.5; 10_000]).expect("the function can be replayed");
        let Shared { operations, value, gradient, .. } = &*program.shared;
        assert_eq!(*operations, 9 * 10_000 + 9_999);
        assert!(value.instructions.len() < operations / 100, "{} for the value", value.instructions.len());
        assert!(gradient.instructions.len() < operations / 50, "{} for the gradient", gradient.instructions.len());
    }
}
