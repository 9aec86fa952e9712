//! Record a computation of tensors once, replay it at full speed.
//!
//! `graph` reads a recording, `schedule` lays out the steps forwards and backwards, `seen` says what products read where it
//! lies, `memory` decides where everything lies, `run` carries the steps out, `inputs` is what changes from run to run.
//! Programs of scalars are in `scalar`; `sharded` runs parts of a batch on several threads; `profile` tells where the time
//! goes, `onnx` writes the graph for other engines.

mod graph;
mod inputs;
mod memory;
#[cfg(feature = "onnx")]
mod onnx;
mod profile;
mod run;
mod scalar;
mod schedule;
mod seen;
#[cfg(feature = "threads")]
mod sharded;

use std::fmt;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use ndarray::ArrayD;

use self::inputs::Given;
pub use self::inputs::{Input, Inputs};
#[cfg(feature = "onnx")]
pub use self::onnx::Onnx;
pub use self::profile::{Profile, ProfiledStep};
use self::run::{Plan, Run, Workspace};
pub use self::scalar::ScalarProgram;
#[cfg(feature = "threads")]
pub use self::sharded::ShardedProgram;
use crate::custom::CustomOp;
use crate::error::{Error, InputKind, unwrap};
use crate::gradients::Gradients;
use crate::kernel;
use crate::params::{Parameter, Params};
use crate::real::Real;
use crate::tape::{Pass, Tape};
use crate::tensor::Tensor;

/// A computation of tensors, recorded once, that is run again and again with other parameters and inputs.
///
/// What a run does is worked out when it is recorded: constants are folded, what is computed twice is computed once, what
/// nobody asks for not at all; forward and backward pass are one list of steps in one piece of memory. A run allocates
/// nothing, locks nothing and looks nothing up. Only a user's operation ([`CustomOp`](crate::CustomOp)), a checkpoint and a
/// decomposition do as they like, for their code runs anew every time; an input that they give no share of the gradient
/// has a zero one.
///
/// ```
/// use ndarray::array;
/// use tape::{Params, Program};
///
/// let mut params = Params::<f64>::new();
/// let w = params.add("w", &array![[0.5], [-0.5]]);
/// let (x, y) = (array![[1.0, 2.0], [3.0, 4.0]], array![[1.0], [0.0]]);
/// let mut step = Program::record(&params, (&x, &y), |pass, (x, y)| (x.matmul(pass.parameter(w)) - y).powi(2).sum());
/// let (loss, gradients) = step.run(&params, (&x, &y))?;
/// assert_eq!(loss, 1.5_f64.powi(2) + 0.5_f64.powi(2));
/// assert_eq!(gradients.params(), [2.0 * (-1.5 * 1.0 + -0.5 * 3.0), 2.0 * (-1.5 * 2.0 + -0.5 * 4.0)]);
/// # Ok::<(), tape::Error>(())
/// ```
///
/// Where random numbers are drawn, their seed is an input, which is another one in every run; the bits are those that the
/// eager tape would draw:
///
/// ```
/// use tape::{Params, Program, Seed, Tape};
///
/// let params = Params::<f64>::new();
/// let mut noise =
///     Program::forward(&params, (Seed::from(0),), |pass, (seed,)| vec![pass.training(seed).normal([3])]);
/// for step in 1..4 {
///     noise.run(&params, (Seed::from(step),))?;
///     assert_eq!(noise.output(0), &Tape::new().bind(&params).training(step).normal([3]).to_array());
/// }
/// # Ok::<(), tape::Error>(())
/// ```
///
/// The computation must do the same operations in every run. Elements that it looks at while it is recorded, with
/// `item`, `to_array` or a loop that ends when something is small, would be those of the recording for ever: looking is
/// refused. Choose with [`Mask::select`](crate::Mask::select) instead.
pub struct Program<T: Real> {
    plan: Arc<Plan<T>>,
    workspace: Workspace<T>,
    gradients: Gradients<T>,
    customs: Vec<Rc<dyn CustomOp<T>>>,
    set: u32,
    table: Arc<Vec<Parameter>>,
    /// What each input has to look like.
    inputs: Vec<InputKind>,
    outputs: Vec<ArrayD<T>>,
    /// The number of the root that is the first output; updates follow the outputs.
    outputs_from: usize,
}

impl<T: Real> Program<T> {
    /// Records a loss of parameters and inputs. The inputs given here say what shapes the later ones have; the elements of
    /// arrays do not matter, indices must be valid.
    ///
    /// # Panics
    /// As [`try_record`](Self::try_record) fails.
    #[track_caller]
    pub fn record<I: Inputs<T>>(
        params: &Params<T>,
        inputs: I,
        loss: impl FnOnce(&Pass<'_, T>, I::Recorded) -> Tensor<T>,
    ) -> Self {
        unwrap(Self::try_record(params, inputs, |pass, inputs| Ok((loss(pass, inputs), Vec::new()))))
    }

    /// Records a loss and further results, which [`output`](Self::output) gives after a run.
    ///
    /// # Errors
    /// What `loss` returns; [`Error::RootNotScalar`] if the loss has more than one element, [`Error::ScalarInProgram`] if
    /// variables, [`Var`](crate::Var), take part, [`Error::UnusedIndices`] if an operation does not read an index input
    /// itself, but perhaps a copy of it.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "inputs are a tuple of references, written where they are handed over"
    )]
    pub fn try_record<I: Inputs<T>>(
        params: &Params<T>,
        inputs: I,
        loss: impl FnOnce(&Pass<'_, T>, I::Recorded) -> Result<(Tensor<T>, Vec<Tensor<T>>), Error>,
    ) -> Result<Self, Error> {
        Self::build(params, &inputs, None, true, |pass, inputs| {
            let (loss, further) = loss(pass, inputs)?;
            Ok([one_element(loss)?].into_iter().chain(further).collect())
        })
    }

    /// Records a computation without derivatives: a model in use. [`output`](Self::output) gives its results after a run.
    ///
    /// ```
    /// use ndarray::array;
    /// let params = tape::Params::<f32>::new();
    /// let mut double = tape::Program::forward(&params, ([0.0; 3],), |_, (x,)| vec![x * 2.0]);
    /// double.run(&params, ([1.0, 2.0, 3.0],))?;
    /// assert_eq!(double.output(0), &array![2.0, 4.0, 6.0].into_dyn());
    /// # Ok::<(), tape::Error>(())
    /// ```
    ///
    /// # Panics
    /// As [`try_record`](Self::try_record) fails, and if there are no results.
    #[track_caller]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "inputs are a tuple of references, written where they are handed over"
    )]
    pub fn forward<I: Inputs<T>>(
        params: &Params<T>,
        inputs: I,
        compute: impl FnOnce(&Pass<'_, T>, I::Recorded) -> Vec<Tensor<T>>,
    ) -> Self {
        unwrap(Self::build(params, &inputs, None, false, |pass, inputs| Ok(compute(pass, inputs))))
    }

    /// Records what `compute` makes of the inputs, or of some of their rows.
    fn build<I: Inputs<T>>(
        params: &Params<T>,
        inputs: &I,
        rows: Option<&Range<usize>>,
        differentiate: bool,
        compute: impl FnOnce(&Pass<'_, T>, I::Recorded) -> Result<Vec<Tensor<T>>, Error>,
    ) -> Result<Self, Error> {
        let tape = Tape::for_program();
        let pass = tape.bind(params);
        let mut nodes = Vec::with_capacity(I::COUNT);
        let recorded = inputs.record(&tape, rows, &mut nodes);
        let roots = compute(&pass, recorded)?;
        let tensors: Vec<u32> = nodes.iter().map(|node| node.unwrap_or(0)).collect();
        let storage = tape.read();
        let mut wanted = storage.own_all(&roots, "program")?;
        wanted.extend(storage.latest_updates().map(|(_, node)| node));
        let graph = graph::read(storage, &tensors, &wanted)?;
        let mut expected = Vec::with_capacity(I::COUNT);
        inputs.visit(|number, given| {
            let unread = graph.index_inputs.iter().all(|entry| entry.input != number);
            if let (Given::Indices(_), true) = (&given, unread) {
                return Err(Error::UnusedIndices { input: number });
            }
            expected.push(given.kind());
            Ok(())
        })?;
        let starts: Vec<usize> = params.iter().map(|(_, parameter)| parameter.range().start).collect();
        let schedule = schedule::schedule(&graph, &starts, I::COUNT, differentiate);
        let layout = memory::lay_out(&schedule);
        let mut constants = graph.constants;
        constants.push(T::one());
        let custom = |&node: &u32| storage.callbacks.operation(node).expect("a custom operation is kept");
        let customs = graph.custom_nodes.iter().map(custom).collect();
        let mut gradients = Gradients::for_params(params, &vec![T::zero(); params.size()])?;
        gradients.set_reached(&schedule.reached);
        for (parameter, node) in storage.latest_updates() {
            gradients.results_mut().1.push(parameter, storage.slot(node).view());
        }
        let outputs =
            schedule.roots[..roots.len()].iter().skip(differentiate.into()).map(|place| ArrayD::zeros(&*place.shape));
        Ok(Self {
            outputs: outputs.collect(),
            outputs_from: differentiate.into(),
            workspace: Workspace::new(graph.indices, I::COUNT),
            plan: Arc::new(Plan { schedule, layout, constants }),
            gradients,
            customs,
            set: params.set(),
            table: Arc::clone(params.shared_table()),
            inputs: expected,
        })
    }

    /// Runs with these parameters and inputs; returns the loss and its gradients, laid out like the parameters. Without
    /// a loss, the first element of the first result stands in its place, and the gradients are zero. What
    /// [`Pass::update`] noted in the recording is computed anew, and comes with them ([`Gradients::updates`]).
    ///
    /// # Errors
    /// [`Error::ForeignParameter`] or [`Error::ParameterLayout`] if the parameters are not those of the recording,
    /// [`Error::ProgramInput`] if an input has another shape or kind or there are more or fewer of them,
    /// [`Error::Index`] if an index is not below its axis' length: nothing has been computed then. What a user's operation
    /// fails with; the outputs are those of the run before then.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "inputs are a tuple of references, written where they are handed over"
    )]
    pub fn run(&mut self, params: &Params<T>, inputs: impl Inputs<T>) -> Result<(T, &Gradients<T>), Error> {
        self.run_watched(params, &inputs, |_| {})
    }

    /// As [`run`](Self::run); `watch` is told how many steps are done, before the first and after each.
    fn run_watched<I: Inputs<T>>(
        &mut self,
        params: &Params<T>,
        inputs: &I,
        watch: impl FnMut(usize),
    ) -> Result<(T, &Gradients<T>), Error> {
        self.check_params(params)?;
        let plan = Arc::clone(&self.plan);
        self.check_inputs(inputs, &plan)?;
        let (gradients, updates) = self.gradients.results_mut();
        let mut run = Run::new(&plan, &mut self.workspace, params.values(), gradients);
        let nothing_fails = inputs.visit(|number, given| {
            match given {
                Given::Elements(elements) => {
                    if let Some(place) = run.input(number) {
                        elements.write(place);
                    }
                }
                Given::Indices(indices) => {
                    for entry in plan.schedule.index_inputs.iter().filter(|entry| entry.input == number) {
                        let start = entry.list.start as usize;
                        let list = run.list(start..start + entry.list.len as usize);
                        list.iter_mut().zip(indices.recorded()).for_each(|(place, &index)| *place = index as u32);
                    }
                }
                Given::Seed(seed) => run.set_seed(number, seed),
            }
            Ok::<(), std::convert::Infallible>(())
        });
        let Ok(()) = nothing_fails;
        run.steps(&self.customs, watch)?;
        let first = run.root(0);
        let value = first.data.get(first.offset).copied().unwrap_or_else(T::nan);
        let outputs = self.outputs.iter_mut().map(|output| output.as_slice_mut().expect("made in one piece"));
        let results = self.outputs_from..;
        for (number, elements) in results.zip(outputs.chain(updates.values_mut())) {
            kernel::copy(run.root(number), elements);
        }
        Ok((value, &self.gradients))
    }

    /// A further result of the last run, in the order of the recording; zeros before the first.
    ///
    /// # Panics
    /// If there are not so many.
    #[must_use]
    #[track_caller]
    pub fn output(&self, number: usize) -> &ArrayD<T> {
        &self.outputs[number]
    }

    /// The bytes of memory that a run computes in: the plan's own count, without parameters, gradients and constants.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.plan.layout.len * size_of::<T>()
    }

    /// The number of steps that a run takes, forwards and backwards.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.plan.schedule.steps.len()
    }

    fn check_params(&self, params: &Params<T>) -> Result<(), Error> {
        if params.set() != self.set {
            return Err(Error::ForeignParameter);
        }
        let table = params.shared_table();
        if !Arc::ptr_eq(table, &self.table) && **table != *self.table {
            let expected = self.gradients.params().len();
            return Err(Error::ParameterLayout { expected, found: params.size() });
        }
        Ok(())
    }

    fn check_inputs<I: Inputs<T>>(&self, inputs: &I, plan: &Plan<T>) -> Result<(), Error> {
        if I::COUNT != self.inputs.len() {
            return Err(Error::ProgramInputs { expected: self.inputs.len(), found: I::COUNT });
        }
        inputs.visit(|number, given| {
            let (expected, found) = (&self.inputs[number], given.kind());
            if found != *expected {
                return Err(Error::ProgramInput { input: number, expected: expected.clone(), found });
            }
            let Given::Indices(indices) = given else { return Ok(()) };
            for entry in plan.schedule.index_inputs.iter().filter(|entry| entry.input == number) {
                let length = entry.shape[entry.axis];
                if let Some(&index) = indices.values().iter().find(|&&index| index >= length) {
                    let (axis, shape) = (entry.axis, entry.shape.clone());
                    return Err(Error::Index { operation: "program", index: index as isize, axis, shape });
                }
            }
            Ok(())
        })
    }
}

/// A loss, which must have one element.
fn one_element<T: Real>(loss: Tensor<T>) -> Result<Tensor<T>, Error> {
    match loss.shape() {
        shape if shape.size() == 1 => Ok(loss),
        shape => Err(Error::RootNotScalar { shape }),
    }
}

impl<T: Real> fmt::Debug for Program<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("steps", &self.steps()).field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}
