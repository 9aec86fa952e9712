//! What do all optimizers share? Checks, clipping, decay, groups, schedules, step counters and state around one method.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use tape::{Gradients, Params, Real};

use crate::clip::{self, Clip};
use crate::error::Error;
use crate::group::Group;
use crate::layout::Layout;
use crate::method::{Decay, Method, Work};
use crate::optimizer::{Optimizer, Step};
use crate::schedule::Schedule;
use crate::state::{State, StateArray, StateNumber};

/// An optimizer: a [`Method`], such as a [`Recipe`](crate::Recipe), and what every method needs around it.
///
/// A step does, in PyTorch's order: the norm of all gradients and clipping, then g = g + lambda theta (L2 decay) or
/// theta = theta - eta lambda theta (decoupled decay), then the method's formula with the learning rate times the
/// schedule at this step. For an elementwise recipe all of it is one pass that reads and writes every element once,
/// after one that reads the gradients.
///
/// Settings are checked by [`check`](Optimizer::check) and by every step, not where they are set: they come from a
/// user's configuration, and a chain of setters is no place to handle an error in.
#[derive(Debug, Clone)]
pub struct Descent<M, T> {
    pub(crate) method: M,
    learning_rate: f64,
    schedule: Schedule,
    clip: Clip,
    decay: Decay,
    decay_schedule: Schedule,
    groups: Vec<Group>,
    variations: Vec<Variation<M>>,
    step: u64,
    numbers: Vec<f64>,
    /// The model that the state is of; none before the first step.
    layout: Option<Layout>,
    /// The method's arrays, laid out like the parameters.
    arrays: Vec<Vec<T>>,
    /// By parameter, its arrays of other lengths; none before its first step.
    shaped: Vec<Vec<Vec<T>>>,
    /// The stretches of the step in progress: kept for their memory, as are the next two.
    stretches: Vec<Range<usize>>,
    clipped: Vec<T>,
    room: Vec<T>,
}

/// A setting that depends on the step.
struct Variation<M>(Arc<Change<M>>);

type Change<M> = dyn Fn(&mut M, u64) + Send + Sync;

impl<M> Clone for Variation<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> fmt::Debug for Variation<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variation")
    }
}

impl<M, T: Real> Descent<M, T> {
    /// Descends by `method` at a constant learning rate, without decay or clipping.
    #[must_use]
    pub fn by(method: M, learning_rate: f64) -> Self {
        Self {
            method,
            learning_rate,
            schedule: Schedule::default(),
            clip: Clip::Nothing,
            decay: Decay { lambda: 0.0, decoupled: false },
            decay_schedule: Schedule::default(),
            groups: Vec::new(),
            variations: Vec::new(),
            step: 0,
            numbers: Vec::new(),
            layout: None,
            arrays: Vec::new(),
            shaped: Vec::new(),
            stretches: Vec::new(),
            clipped: Vec::new(),
            room: Vec::new(),
        }
    }

    /// Multiplies the learning rate by the schedule's value at each step.
    #[must_use]
    pub fn schedule(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// Changes the method's own settings before each step, by the number of steps taken so far: a schedule for any
    /// hyper-parameter.
    ///
    /// ```
    /// use optim::{Schedule, Sgd};
    /// let rise = Schedule::linear(100).between(0.5, 0.95);
    /// let sgd = Sgd::<f32>::new(0.1).momentum(0.5).vary(move |settings, t| settings.momentum = rise.at(t));
    /// ```
    #[must_use]
    pub fn vary(mut self, change: impl Fn(&mut M, u64) + Send + Sync + 'static) -> Self {
        self.variations.push(Variation(Arc::new(change)));
        self
    }

    /// Shortens the gradient, all parameters' together, to this Euclidean norm where it is longer (Pascanu et al.,
    /// arXiv:1211.5063). The gradient map stays as it is. The last way of clipping that is set holds.
    #[must_use]
    pub fn clip_norm(self, norm: f64) -> Self {
        Self { clip: Clip::Norm(norm), ..self }
    }

    /// Shortens each parameter's gradient by itself to this Euclidean norm.
    #[must_use]
    pub fn clip_tensor_norm(self, norm: f64) -> Self {
        Self { clip: Clip::TensorNorm(norm), ..self }
    }

    /// Brings each element of the gradient into [-limit, limit].
    #[must_use]
    pub fn clip_value(self, limit: f64) -> Self {
        Self { clip: Clip::Value(limit), ..self }
    }

    /// Shortens the gradient of each unit, a row of a weight or a whole vector, to this share of the norm of the unit's
    /// weights, which counts as at least 1e-3 (Brock et al., arXiv:2102.06171; they take 0.01).
    #[must_use]
    pub fn clip_adaptively(self, share: f64) -> Self {
        Self { clip: Clip::Adaptive(share), ..self }
    }

    /// L2 decay: adds `lambda` times the parameter to its gradient.
    #[must_use]
    pub fn weight_decay(self, lambda: f64) -> Self {
        Self { decay: Decay { lambda, decoupled: false }, ..self }
    }

    /// Decoupled decay: shrinks the parameter by the learning rate times `lambda` before the step, past the method
    /// (Loshchilov and Hutter, arXiv:1711.05101).
    #[must_use]
    pub fn decoupled_weight_decay(self, lambda: f64) -> Self {
        Self { decay: Decay { lambda, decoupled: true }, ..self }
    }

    /// Multiplies the weight decay by the schedule's value at each step.
    #[must_use]
    pub fn decay_schedule(self, schedule: Schedule) -> Self {
        Self { decay_schedule: schedule, ..self }
    }

    /// Gives some parameters settings of their own. Of several groups that a name matches, the first holds.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        if let Some(layout) = &mut self.layout {
            layout.assign_groups(&self.groups);
        }
        self
    }

    /// No weight decay for parameters whose names match the pattern of a [`Group`], such as `*.bias`.
    #[must_use]
    pub fn no_decay(self, pattern: &str) -> Self {
        self.group(Group::new(pattern).weight_decay(0.0))
    }

    /// A state array, if the method keeps it and a step was taken, laid out like the parameters.
    pub(crate) fn array(&self, index: usize) -> Option<&[T]> {
        self.arrays.get(index).map(Vec::as_slice)
    }

    /// A number of the whole model, if a step was taken.
    pub(crate) fn number(&self, index: usize) -> Option<f64> {
        self.numbers.get(index).copied()
    }
}

impl<M: Method<T>, T: Real> Descent<M, T> {
    /// Makes room for the state: at the first step, or when the settings have since come to need other arrays.
    fn make_room(&mut self, params: &Params<T>) {
        let groups = &self.groups;
        let layout = self.layout.get_or_insert_with(|| {
            let mut layout = Layout::of(params);
            layout.assign_groups(groups);
            layout
        });
        self.arrays.resize_with(self.method.array_count(), || vec![T::zero(); layout.size()]);
        if self.numbers.is_empty() {
            self.numbers.extend(self.method.numbers().iter().map(|&(_, start)| start));
        }
        layout.count_step(&self.stretches);
        self.shaped.resize(params.len(), Vec::new());
        for (index, shape, part) in layout.tensors() {
            if part.t == 1 && self.shaped[index].is_empty() {
                let shaped = self.method.shaped_arrays(shape);
                self.shaped[index] = shaped.into_iter().map(|(_, size)| vec![T::zero(); size]).collect();
            }
        }
    }

    /// Copies the gradients and clips each parameter's by itself.
    fn clip_tensors(&mut self, params: &Params<T>, gradients: &Gradients<T>) {
        self.clipped.clear();
        self.clipped.extend_from_slice(gradients.params());
        for (_, shape, part) in self.layout.iter().flat_map(Layout::tensors) {
            let range = part.range;
            self.clip.tensor(shape, &params.values()[range.clone()], &mut self.clipped[range]);
        }
    }
}

impl<M: Method<T>, T: Real> Optimizer<T> for Descent<M, T> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn check(&self) -> Result<(), Error> {
        Error::unless_amount(M::NAME, "learning rate", self.learning_rate)?;
        Error::unless_amount(M::NAME, "weight decay", self.decay.lambda)?;
        for group in &self.groups {
            Error::unless_amount(M::NAME, "rate of a group", group.rate)?;
            Error::unless_amount(M::NAME, "weight decay of a group", group.weight_decay.unwrap_or(0.0))?;
        }
        self.clip.check(M::NAME)?;
        self.schedule.check()?;
        self.decay_schedule.check()?;
        self.method.check()
    }

    fn step(&mut self, params: &mut Params<T>, gradients: &Gradients<T>) -> Result<Step, Error> {
        for variation in &self.variations {
            (variation.0)(&mut self.method, self.step);
        }
        self.check()?;
        self.stretches.clear();
        self.stretches.extend(gradients.stretches(params)?);
        if let Some(layout) = &self.layout {
            layout.check_model(params)?;
        }
        let gradient_norm = clip::finite_norm(params, gradients, &self.stretches)?;
        // A schedule that is a user's function may return anything.
        let eta = self.learning_rate();
        Error::unless_amount(M::NAME, "learning rate", eta)?;

        // Everything is checked: from here on nothing fails.
        let clip_factor = if let Clip::Norm(limit) = self.clip { clip::factor(limit, gradient_norm) } else { 1.0 };
        let lambda = self.decay.lambda * self.decay_schedule.at(self.step);
        self.make_room(params);
        if self.clip.is_by_tensor() {
            self.clip_tensors(params, gradients);
        }
        self.step += 1;
        if let Some(layout) = &self.layout {
            self.method.update(&mut Work {
                step: self.step,
                eta,
                theta: params.values_mut(),
                gradient: if self.clip.is_by_tensor() { &self.clipped } else { gradients.params() },
                arrays: &mut self.arrays,
                shaped: &mut self.shaped,
                numbers: &mut self.numbers,
                layout,
                groups: &self.groups,
                decay: Decay { lambda, ..self.decay },
                clip_factor,
                clip: self.clip,
                room: &mut self.room,
            });
        }
        Ok(Step { step: self.step, learning_rate: eta, gradient_norm, clip_factor })
    }

    fn steps(&self) -> u64 {
        self.step
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate * self.schedule.at(self.step)
    }

    fn base_learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, rate: f64) {
        self.learning_rate = rate;
    }

    fn evaluation(&self, params: &Params<T>) -> Option<Vec<T>> {
        let weight: T = Real::from_f64(self.method.evaluation()?);
        let (layout, array) = (self.layout.as_ref()?, self.arrays.first()?);
        let mut values = params.values().to_vec();
        for (_, range) in layout.parameters().iter().zip(layout.ranges()).filter(|(p, _)| p.step > 0) {
            for (x, &z) in values.get_mut(range.clone())?.iter_mut().zip(&array[range]) {
                *x = *x + weight * (*x - z);
            }
        }
        Some(values)
    }

    fn state(&self) -> State<T> {
        let mut state = State::bare(M::NAME, self.step);
        let Some(layout) = &self.layout else { return state };
        state.parameters = layout.parameters();
        for (index, (parameter, range)) in state.parameters.iter().zip(layout.ranges()).enumerate() {
            // What was never stepped has nothing but zeros.
            if parameter.step == 0 {
                continue;
            }
            let own = self.arrays.iter().enumerate();
            let own = own.map(|(k, array)| (self.method.array_name(k), array[range.clone()].to_vec()));
            let shaped = self.method.shaped_arrays(&parameter.shape).into_iter().zip(&self.shaped[index]);
            let shaped = shaped.map(|((name, _), values)| (name, values.clone()));
            let array = |(name, values)| StateArray { parameter: parameter.name.clone(), name, values };
            state.arrays.extend(own.chain(shaped).map(array));
        }
        let numbers = self.method.numbers().iter().zip(&self.numbers);
        state.numbers = numbers.map(|((name, _), &value)| StateNumber { name: (*name).to_owned(), value }).collect();
        state
    }

    fn restore(&mut self, state: &State<T>) -> Result<(), Error> {
        state.check_name(M::NAME)?;
        let mut layout = Layout::restored(&state.parameters)?;
        if let Some(own) = &self.layout {
            own.check_state(&layout)?;
        }
        let names: Vec<_> = (0..self.method.array_count()).map(|index| self.method.array_name(index)).collect();
        let (arrays, shaped) = state.check_arrays(&names, |shape| self.method.shaped_arrays(shape), &layout)?;
        // A state from before the first step belongs to no model yet, and has no numbers.
        let fresh = state.parameters.is_empty() && state.numbers.is_empty();
        let names: Vec<_> = self.method.numbers().iter().map(|(name, _)| *name).collect();
        let numbers = if fresh { Vec::new() } else { state.check_numbers(&names)? };
        layout.assign_groups(&self.groups);
        self.step = state.step;
        self.layout = (!state.parameters.is_empty()).then_some(layout);
        self.arrays = arrays;
        self.shaped = shaped;
        self.numbers = numbers;
        Ok(())
    }
}
