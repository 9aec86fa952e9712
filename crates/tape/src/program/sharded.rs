//! A training step on several threads: shards of its batch run side by side, and their gradients are summed in a fixed
//! order (feature `threads`).

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::inputs::{Given, Inputs};
use super::run::{Plan, Run, Workspace};
use super::schedule::{Action, Schedule};
use super::{Program, one_element};
use crate::error::{Error, InputKind, unwrap};
use crate::gradients::Gradients;
use crate::kernel;
use crate::params::Params;
use crate::random::Seed;
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::Pass;
use crate::tensor::Tensor;
use crate::updates::Updates;

/// A [`Program`] whose batch is cut into shards that run on several threads.
///
/// Every array and every list of indices among the inputs is cut along its first axis, which must be equally long in all;
/// what has no axis is given to every shard, and of a [`Seed`] each gets its [`child`](Seed::child) of its own number. The
/// loss must be a **mean over the rows** of that axis: then the mean of the shards' losses, each weighted by its rows, is the
/// loss of the batch, and so are the gradients. A sum is not, nor is a mean over only some of the rows, such as a
/// cross-entropy with ignored targets. What [`Pass::update`] notes is averaged the same way: a running mean is that of the
/// whole batch, a running variance the mean of those within the shards.
///
/// The sums are made in the order of the shards, so that the same number of shards gives the same bits on however many
/// threads they run. These are rayon's: its global pool, or the one that `run` is called in.
///
/// ```
/// use ndarray::array;
/// use tape::{Params, ShardedProgram};
///
/// let mut params = Params::<f64>::new();
/// let w = params.add("w", &array![[1.0], [2.0]]);
/// let x = array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]];
/// let mut step = ShardedProgram::record_shards(&params, 2, (&x,), |pass, (x,)| x.matmul(pass.parameter(w)).mean());
/// assert_eq!(step.shards(), 2);
/// let (loss, gradients) = step.run(&params, (&x,))?;
/// // (1 + 2) / 2 over the first two rows and 3 over the last.
/// assert!((loss - 2.0).abs() < 1e-15);
/// assert!(gradients.params().iter().all(|g| (g - 2.0 / 3.0).abs() < 1e-15));
/// # Ok::<(), tape::Error>(())
/// ```
pub struct ShardedProgram<T: Real> {
    /// The whole batch: what inputs have to look like, where the gradients go, and what runs if there are no shards.
    whole: Program<T>,
    inputs: Vec<Staged<T>>,
    /// None, or several.
    shards: Vec<Shard<T>>,
    /// What each shard came to.
    results: Vec<Part<T>>,
}

/// One part of the batch, with memory of its own.
struct Shard<T: Real> {
    plan: Arc<Plan<T>>,
    workspace: Workspace<T>,
    rows: Range<usize>,
}

/// What one shard adds to the whole.
struct Part<T> {
    /// Its part of all rows.
    weight: T,
    loss: T,
    gradients: Vec<T>,
    updates: Updates<T>,
}

/// An input of one run, written down for all threads.
enum Staged<T> {
    Elements(Vec<T>, Cut),
    Indices(Vec<u32>, Cut),
    Seed(Seed),
}

/// How an input is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// Into rows of this many elements.
    Rows(usize),
    Whole,
}

impl Cut {
    fn of(shape: &Shape) -> Self {
        match shape.split_first() {
            Some((_, row)) => Self::Rows(row.iter().product()),
            None => Self::Whole,
        }
    }

    fn part<'a, E>(self, elements: &'a [E], rows: &Range<usize>) -> &'a [E] {
        match self {
            Self::Rows(row) => &elements[rows.start * row..rows.end * row],
            Self::Whole => elements,
        }
    }
}

impl<T: Real> ShardedProgram<T> {
    /// Records a loss that runs on up to so many threads: in so many shards as make it faster, by an estimate of the work
    /// that depends on the recording alone, and in one piece where none do.
    ///
    /// # Panics
    /// As [`try_record`](Self::try_record) fails.
    #[track_caller]
    pub fn record<I: Inputs<T>>(
        params: &Params<T>,
        threads: usize,
        inputs: I,
        loss: impl Fn(&Pass<'_, T>, I::Recorded) -> Tensor<T>,
    ) -> Self {
        unwrap(Self::try_record(params, threads, inputs, |pass, inputs| Ok(loss(pass, inputs))))
    }

    /// As [`record`](Self::record).
    ///
    /// # Errors
    /// As [`Program::try_record`]; [`Error::Shapes`] if the inputs' first axes are not equally long,
    /// [`Error::NotSharded`] if there are shards, and code of a user takes part.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "inputs are a tuple of references, written where they are handed over"
    )]
    pub fn try_record<I: Inputs<T>>(
        params: &Params<T>,
        threads: usize,
        inputs: I,
        loss: impl Fn(&Pass<'_, T>, I::Recorded) -> Result<Tensor<T>, Error>,
    ) -> Result<Self, Error> {
        let whole = program(params, &inputs, None, &loss)?;
        let shards = worthwhile(&whole.plan.schedule, params.size(), threads);
        Self::cut(whole, params, shards, &inputs, &loss)
    }

    /// Records a loss that runs in exactly so many shards, or one a row if there are fewer rows.
    ///
    /// # Panics
    /// As [`try_record`](Self::try_record) fails.
    #[track_caller]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "inputs are a tuple of references, written where they are handed over"
    )]
    pub fn record_shards<I: Inputs<T>>(
        params: &Params<T>,
        shards: usize,
        inputs: I,
        loss: impl Fn(&Pass<'_, T>, I::Recorded) -> Tensor<T>,
    ) -> Self {
        let loss = |pass: &Pass<'_, T>, inputs| Ok(loss(pass, inputs));
        unwrap(program(params, &inputs, None, &loss).and_then(|whole| Self::cut(whole, params, shards, &inputs, &loss)))
    }

    fn cut<I: Inputs<T>>(
        whole: Program<T>,
        params: &Params<T>,
        shards: usize,
        inputs: &I,
        loss: &impl Fn(&Pass<'_, T>, I::Recorded) -> Result<Tensor<T>, Error>,
    ) -> Result<Self, Error> {
        let rows = rows(&whole.inputs)?;
        let shards = shards.min(rows);
        if shards < 2 {
            return Ok(Self { whole, inputs: Vec::new(), shards: Vec::new(), results: Vec::new() });
        }
        if let Some(operation) = whole.customs.first() {
            return Err(Error::NotSharded { operation: operation.name() });
        }
        let (least, longer) = (rows / shards, rows % shards);
        let mut start = 0;
        let (mut parts, mut results) = (Vec::with_capacity(shards), Vec::with_capacity(shards));
        // There are shards of two lengths at most, and the first of each is recorded.
        let mut recorded: Option<Program<T>> = None;
        for number in 0..shards {
            let own = start..start + least + usize::from(number < longer);
            start = own.end;
            let program = match recorded.take() {
                Some(program) if number != longer => program,
                _ => program(params, inputs, Some(&own), loss)?,
            };
            results.push(Part {
                weight: T::from_f64(own.len() as f64 / rows as f64),
                loss: T::zero(),
                gradients: vec![T::zero(); params.size()],
                updates: program.gradients.adjoints.updates.clone(),
            });
            parts.push(Shard { plan: Arc::clone(&program.plan), workspace: program.workspace.twin(), rows: own });
            recorded = Some(program);
        }
        let inputs = whole.inputs.iter().map(|kind| match kind {
            InputKind::Array(shape) => Staged::Elements(vec![T::zero(); shape.size()], Cut::of(shape)),
            InputKind::Indices(shape) => Staged::Indices(vec![0; shape.size()], Cut::of(shape)),
            InputKind::Seed => Staged::Seed(Seed::from(0)),
        });
        Ok(Self { inputs: inputs.collect(), whole, shards: parts, results })
    }

    /// In how many shards it runs: 1 if in one piece.
    #[must_use]
    pub fn shards(&self) -> usize {
        self.shards.len().max(1)
    }

    /// Runs all shards with these parameters and inputs; returns the loss and its gradients, as [`Program::run`] does.
    ///
    /// # Errors
    /// As [`Program::run`]; [`Error::Index`] also if an index into an axis that is cut is not below the length of the shard.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "inputs are a tuple of references, written where they are handed over"
    )]
    pub fn run(&mut self, params: &Params<T>, inputs: impl Inputs<T>) -> Result<(T, &Gradients<T>), Error> {
        if self.shards.is_empty() {
            return self.whole.run(params, inputs);
        }
        self.whole.check_params(params)?;
        self.whole.check_inputs(&inputs, &self.whole.plan)?;
        self.stage(&inputs);
        let (theta, staged) = (params.values(), &self.inputs);
        self.shards.iter().try_for_each(|shard| shard.check(staged))?;
        let shards = self.shards.par_iter_mut().zip(&mut self.results).enumerate().with_max_len(1);
        shards.for_each(|(number, (shard, result))| shard.run(theta, staged, number as u64, result));
        Ok((self.sum_up(), &self.whole.gradients))
    }

    fn stage(&mut self, inputs: &impl Inputs<T>) {
        let staged = &mut self.inputs;
        let nothing_fails = inputs.visit(|number, given| {
            match (given, &mut staged[number]) {
                (Given::Elements(elements), Staged::Elements(values, _)) => elements.write(values),
                (Given::Indices(indices), Staged::Indices(values, _)) => {
                    values.iter_mut().zip(indices.recorded()).for_each(|(value, &index)| *value = index as u32);
                }
                (Given::Seed(seed), Staged::Seed(own)) => *own = seed,
                (Given::Elements(_), Staged::Indices(..) | Staged::Seed(_))
                | (Given::Indices(_), Staged::Elements(..) | Staged::Seed(_))
                | (Given::Seed(_), Staged::Elements(..) | Staged::Indices(..)) => unreachable!("the kinds are checked"),
            }
            Ok::<(), std::convert::Infallible>(())
        });
        let Ok(()) = nothing_fails;
    }

    /// Weighs what the shards came to, in their order; returns the loss.
    fn sum_up(&mut self) -> T {
        /// Of flat gradients, what one thread sums at a time.
        const CHUNK: usize = 1 << 14;
        let parts = &self.results;
        let (gradients, updates) = self.whole.gradients.results_mut();
        gradients.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, sums)| {
            let own = chunk * CHUNK..chunk * CHUNK + sums.len();
            weighted_sum(sums, parts.iter().map(|part| (part.weight, &part.gradients[own.clone()])));
        });
        for (number, sums) in updates.values_mut().enumerate() {
            weighted_sum(sums, parts.iter().map(|part| (part.weight, part.updates.value(number))));
        }
        parts.iter().map(|part| part.weight * part.loss).sum()
    }
}

impl<T: Real> Shard<T> {
    /// Refuses indices that are not below the lengths that axes have in this shard.
    fn check(&self, staged: &[Staged<T>]) -> Result<(), Error> {
        for entry in &self.plan.schedule.index_inputs {
            let Staged::Indices(values, cut) = &staged[entry.input] else { unreachable!("the kinds are checked") };
            let length = entry.shape[entry.axis];
            if let Some(&index) = cut.part(values, &self.rows).iter().find(|&&index| index as usize >= length) {
                let (axis, shape) = (entry.axis, entry.shape.clone());
                return Err(Error::Index { operation: "shard", index: index as isize, axis, shape });
            }
        }
        Ok(())
    }

    fn run(&mut self, params: &[T], staged: &[Staged<T>], number: u64, result: &mut Part<T>) {
        let Self { plan, workspace, rows } = self;
        let Part { loss, gradients, updates, .. } = result;
        let mut run = Run::new(plan, workspace, params, gradients);
        for (input, staged) in staged.iter().enumerate() {
            match staged {
                Staged::Elements(values, cut) => {
                    if let Some(place) = run.input(input) {
                        place.copy_from_slice(cut.part(values, rows));
                    }
                }
                Staged::Indices(values, cut) => {
                    for entry in plan.schedule.index_inputs.iter().filter(|entry| entry.input == input) {
                        let start = entry.list.start as usize;
                        run.list(start..start + entry.list.len as usize).copy_from_slice(cut.part(values, rows));
                    }
                }
                Staged::Seed(seed) => run.set_seed(input, seed.child(number)),
            }
        }
        run.steps(&[], |_| {}).expect("no code of users takes part");
        let root = run.root(0);
        *loss = root.data[root.offset];
        for (number, value) in (1..).zip(updates.values_mut()) {
            kernel::copy(run.root(number), value);
        }
    }
}

/// The whole batch, or some of its rows, as a program.
fn program<T: Real, I: Inputs<T>>(
    params: &Params<T>,
    inputs: &I,
    rows: Option<&Range<usize>>,
    loss: &impl Fn(&Pass<'_, T>, I::Recorded) -> Result<Tensor<T>, Error>,
) -> Result<Program<T>, Error> {
    Program::build(params, inputs, rows, true, |pass, inputs| Ok(vec![one_element(loss(pass, inputs)?)?]))
}

/// The number of rows of all inputs; 0 if none has an axis.
fn rows(inputs: &[InputKind]) -> Result<usize, Error> {
    let mut first: Option<&Shape> = None;
    for input in inputs {
        let (InputKind::Array(shape) | InputKind::Indices(shape)) = input else { continue };
        if shape.rank() == 0 {
            continue;
        }
        let left = *first.get_or_insert(shape);
        if left[0] != shape[0] {
            let rule = "shards are parts of all inputs along their first axis, which must be equally long";
            return Err(Error::Shapes { operation: "sharded program", left: left.clone(), right: shape.clone(), rule });
        }
    }
    Ok(first.map_or(0, |shape| shape[0]))
}

/// How many shards, of up to `threads`, are estimated to be the fastest; 1 unless they save a sixth at least.
fn worthwhile(schedule: &Schedule, parameters: usize, threads: usize) -> usize {
    /// What it takes to wake other threads and to wait for them, in nanoseconds.
    const HANDING_OVER: f64 = 40_000.0;
    /// What a shard adds for each parameter: it is read once more, and its gradient written and summed. Measured in
    /// `docs/decisions/threads.md`.
    const PARAMETER: f64 = 0.5;
    let alone = nanoseconds(schedule);
    let together = |shards: usize| {
        alone / shards as f64 + HANDING_OVER + PARAMETER * ((shards + 1) * parameters) as f64 / shards as f64
    };
    let best = (2..=threads).min_by(|&one, &other| together(one).total_cmp(&together(other)));
    best.filter(|&shards| together(shards) < alone / 1.2).unwrap_or(1)
}

/// Roughly how long a run takes on one core: products of matrices by their multiplications, all else by its elements.
fn nanoseconds(schedule: &Schedule) -> f64 {
    /// Multiplications and additions in a nanosecond.
    const PER_NANOSECOND: f64 = 75.0;
    const ELEMENT: f64 = 0.3;
    let of_step = |step: &super::schedule::Step| {
        let size = step.output.shape.size() as f64;
        let operands: f64 = step.operands.iter().map(|operand| operand.shape.size() as f64).sum();
        let Action::Product([left_transposed, _]) = step.action else { return (size + operands) * ELEMENT };
        let left = &step.operands[0].shape;
        let inner = left.rank().checked_sub(if left_transposed && left.rank() > 1 { 2 } else { 1 });
        size * inner.map_or(1.0, |axis| left[axis] as f64) / PER_NANOSECOND
    };
    schedule.steps.iter().map(of_step).sum()
}

/// `out = w_0 x_0 + w_1 x_1 + ..`, in this order.
fn weighted_sum<'a, T: Real>(out: &mut [T], mut parts: impl Iterator<Item = (T, &'a [T])>) {
    let Some((weight, first)) = parts.next() else { return };
    out.iter_mut().zip(first).for_each(|(out, &x)| *out = weight * x);
    for (weight, part) in parts {
        out.iter_mut().zip(part).for_each(|(out, &x)| *out += weight * x);
    }
}

impl<T: Real> std::fmt::Debug for ShardedProgram<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShardedProgram").field("shards", &self.shards()).field("whole", &self.whole).finish()
    }
}
