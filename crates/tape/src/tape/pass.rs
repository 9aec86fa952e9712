//! What is the forward function of a layer given? The tape, the bound parameters, and whether the pass trains.

use std::cell::Cell;
use std::ops::Deref;

use super::{Bound, Draw, Storage, Tape};
use crate::error::{Error, unwrap};
use crate::living;
use crate::params::{ParamId, Parameter};
use crate::random::{Distribution, Seed};
use crate::real::Real;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::transpose::MOST_AXES;

/// A tape with parameters bound: what the forward function of a layer is given.
///
/// It dereferences to the [`Tape`], so constants and variables are recorded on it directly.
///
/// A pass evaluates or trains, and the layers that do something else in training ask it which: dropout drops, batch
/// normalisation uses the statistics of the batch and updates the running ones. A pass evaluates unless it is made by
/// [`training`](Self::training), which is also where random numbers get their seed from. There is no other switch.
///
/// ```
/// use tape::{Pass, Tensor};
///
/// /// Leaves out a quarter of the elements in training, and scales the others up so that the mean stays.
/// fn dropout(pass: &Pass<'_, f64>, x: Tensor<f64>) -> Tensor<f64> {
///     if !pass.is_training() {
///         return x;
///     }
///     x * pass.bernoulli(0.75, x.shape()) / 0.75
/// }
///
/// let (params, mut tape) = (tape::Params::new(), tape::Tape::new());
/// let mean = |pass: &Pass<'_, f64>| dropout(pass, pass.constant([3.0; 1000])).mean();
/// assert_eq!(tape.evaluate(&params, mean).sum(), 3.0);
/// let trained = tape.evaluate(&params, |pass| mean(&pass.training(1))).sum();
/// assert!(trained != 3.0 && (trained - 3.0).abs() < 0.3);
/// assert_eq!(tape.evaluate(&params, |pass| mean(&pass.training(1))).sum(), trained);
/// ```
#[derive(Debug)]
pub struct Pass<'a, T: Real> {
    tape: &'a Tape<T>,
    /// What a pass that trains draws from.
    draws: Option<Draws>,
}

/// A seed, and how often was drawn from it.
#[derive(Debug)]
struct Draws {
    seed: Seed,
    count: Cell<u64>,
}

impl<T: Real> Storage<T> {
    /// A parameter that is bound, and the number of its slot.
    fn bound_parameter(&self, id: ParamId) -> Result<(&Parameter, usize), Error> {
        let Bound { table, first_slot, .. } =
            self.bound.as_ref().filter(|bound| bound.set == id.set).ok_or(Error::ForeignParameter)?;
        let index = id.index as usize;
        table.get(index).map(|parameter| (parameter, first_slot + index)).ok_or(Error::ForeignParameter)
    }

    /// That a tensor of this recording has the shape of a parameter that is bound.
    fn check_stand_in(&self, id: ParamId, value: Tensor<T>, operation: &'static str) -> Result<(), Error> {
        let (parameter, _) = self.bound_parameter(id)?;
        if !self.owns(value.tape, value.node) {
            return Err(living::mismatch::<T>((value.tape, value.node), (self.recording, 0), operation));
        }
        let (expected, found) = (parameter.shape().clone(), self.shape(value.node).clone());
        if expected != found {
            return Err(Error::ParameterShape { name: parameter.name().to_owned(), expected, found });
        }
        Ok(())
    }

    /// A handle to a node of this recording.
    fn handle(&self, node: u32) -> Tensor<T> {
        Tensor::new(node, self.eras.number_of(node))
    }
}

impl<'a, T: Real> Pass<'a, T> {
    pub(super) fn evaluating(tape: &'a Tape<T>) -> Self {
        Self { tape, draws: None }
    }

    /// A pass over the same tape that trains, with a seed for its random numbers.
    ///
    /// The same seed gives the same numbers, so every step needs another one: its number, or a [`Seed::child`] of the
    /// run's. `train::Trainer` hands its model such a pass.
    #[doc(alias = "train")]
    #[must_use]
    pub fn training(&self, seed: impl Into<Seed>) -> Self {
        Self { tape: self.tape, draws: Some(Draws { seed: seed.into(), count: Cell::new(0) }) }
    }

    /// A pass over the same tape that evaluates: for a part of a model that is not to be trained further.
    #[doc(alias = "eval")]
    #[must_use]
    pub fn evaluation(&self) -> Self {
        Self::evaluating(self.tape)
    }

    /// Whether this pass trains.
    #[must_use]
    pub fn is_training(&self) -> bool {
        self.draws.is_some()
    }

    /// The tensor of a bound parameter, or the one that stands in for it; see [`with_parameter`](Self::with_parameter).
    ///
    /// # Panics
    /// If the parameter belongs to another set than the one that is bound.
    #[must_use]
    #[track_caller]
    pub fn parameter(&self, id: ParamId) -> Tensor<T> {
        let storage = self.tape.read();
        let (_, slot) = unwrap(storage.bound_parameter(id));
        match storage.replaced.iter().rev().find(|(parameter, _)| *parameter == id.index) {
            Some(&(_, replacement)) => replacement,
            None => storage.handle(storage.slots[slot].node),
        }
    }

    /// Computes with another tensor in the place of a parameter: what [`parameter`](Self::parameter) gives for it
    /// meanwhile, so that any layer can be run with a weight that is itself computed, by a normalisation, by another
    /// network or by a step of gradient descent. Nests, and ends also where `compute` panics.
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::<f64>::new();
    /// let w = params.add("w", &array![3.0]);
    /// let (loss, gradients) = tape::Tape::new().value_and_grad(&params, |pass| {
    ///     let line = |x| pass.parameter(w) * x;
    ///     let squared = pass.parameter(w).powi(2);
    ///     (line(1.0) + pass.with_parameter(w, squared, || line(10.0))).sum()
    /// });
    /// assert_eq!((loss, gradients.params()), (3.0 + 90.0, &[1.0 + 60.0][..]));
    /// ```
    ///
    /// # Panics
    /// As [`try_with_parameter`](Self::try_with_parameter) fails.
    #[doc(alias = "functional_call")]
    #[track_caller]
    pub fn with_parameter<R>(&self, id: ParamId, value: Tensor<T>, compute: impl FnOnce() -> R) -> R {
        unwrap(self.try_with_parameter(id, value, compute))
    }

    /// As [`with_parameter`](Self::with_parameter).
    ///
    /// # Errors
    /// [`Error::ForeignParameter`] if the parameter is not bound, [`Error::ParameterShape`] if the tensor has another
    /// shape, and as any operation if its handle is stale or of another tape. Nothing is computed then.
    pub fn try_with_parameter<R>(
        &self,
        id: ParamId,
        value: Tensor<T>,
        compute: impl FnOnce() -> R,
    ) -> Result<R, Error> {
        struct PutBack<'a, T: Real>(&'a Tape<T>);
        impl<T: Real> Drop for PutBack<'_, T> {
            fn drop(&mut self) {
                self.0.borrow().replaced.pop();
            }
        }
        let storage = self.tape.borrow();
        storage.check_stand_in(id, value, "with_parameter")?;
        storage.replaced.push((id.index, value));
        let _put_back = PutBack(self.tape);
        Ok(compute())
    }

    /// Ones with this probability and zeros elsewhere, each element drawn independently: the mask of a dropout. The
    /// probability is rounded to a multiple of 2^-32.
    ///
    /// Like the draws below, it is a constant of the tape. Its bits depend on the seed, on how often was drawn from the
    /// pass before, and on nothing else. A [`Program`](crate::Program) draws anew in every run, from the seed that is one
    /// of its inputs.
    ///
    /// ```
    /// let (params, tape) = (tape::Params::<f64>::new(), tape::Tape::new());
    /// let pass = tape.bind(&params).training(7);
    /// let mask = pass.bernoulli(0.9, [1000]).to_array();
    /// assert!(mask.iter().all(|&one| one == 0.0 || one == 1.0));
    /// assert!((mask.sum() - 900.0).abs() < 50.0);
    /// ```
    ///
    /// # Panics
    /// As [`try_bernoulli`](Self::try_bernoulli) fails.
    #[must_use]
    #[track_caller]
    pub fn bernoulli(&self, probability: f64, shape: impl Into<Shape>) -> Tensor<T> {
        unwrap(self.try_bernoulli(probability, shape))
    }

    /// As [`bernoulli`](Self::bernoulli).
    ///
    /// # Errors
    /// [`Error::NotTraining`] if the pass evaluates, [`Error::Argument`] if the probability is not one, [`Error::Shape`]
    /// if there are more than 32 axes, [`Error::FixedSeed`] in a program whose seed is not an input.
    pub fn try_bernoulli(&self, probability: f64, shape: impl Into<Shape>) -> Result<Tensor<T>, Error> {
        let operation = "bernoulli";
        if !(0.0..=1.0).contains(&probability) {
            return Err(Error::Argument { operation, rule: "a probability lies between 0 and 1" });
        }
        self.draw(operation, Distribution::bernoulli(probability), shape.into())
    }

    /// Numbers of the standard normal distribution, mean zero and variance one.
    ///
    /// ```
    /// let (params, tape) = (tape::Params::<f64>::new(), tape::Tape::new());
    /// let noise = tape.bind(&params).training(7).normal([100, 100]);
    /// assert!(noise.mean().item().abs() < 0.05 && (noise.powi(2).mean().item() - 1.0).abs() < 0.08);
    /// ```
    ///
    /// # Panics
    /// As [`try_normal`](Self::try_normal) fails.
    #[doc(alias = "randn")]
    #[must_use]
    #[track_caller]
    pub fn normal(&self, shape: impl Into<Shape>) -> Tensor<T> {
        unwrap(self.try_normal(shape))
    }

    /// As [`normal`](Self::normal).
    ///
    /// # Errors
    /// As [`try_bernoulli`](Self::try_bernoulli).
    pub fn try_normal(&self, shape: impl Into<Shape>) -> Result<Tensor<T>, Error> {
        self.draw("normal", Distribution::Normal, shape.into())
    }

    /// Numbers that are equally likely anywhere from zero, included, to one, excluded.
    ///
    /// ```
    /// let (params, tape) = (tape::Params::<f32>::new(), tape::Tape::new());
    /// let numbers = tape.bind(&params).training(7).uniform([1000]).to_array();
    /// assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
    /// assert!((numbers.sum() - 500.0).abs() < 50.0);
    /// ```
    ///
    /// # Panics
    /// As [`try_uniform`](Self::try_uniform) fails.
    #[doc(alias = "rand")]
    #[must_use]
    #[track_caller]
    pub fn uniform(&self, shape: impl Into<Shape>) -> Tensor<T> {
        unwrap(self.try_uniform(shape))
    }

    /// As [`uniform`](Self::uniform).
    ///
    /// # Errors
    /// As [`try_bernoulli`](Self::try_bernoulli).
    pub fn try_uniform(&self, shape: impl Into<Shape>) -> Result<Tensor<T>, Error> {
        self.draw("uniform", Distribution::Uniform, shape.into())
    }

    fn draw(&self, operation: &'static str, distribution: Distribution, shape: Shape) -> Result<Tensor<T>, Error> {
        let Draws { seed, count } = self.draws.as_ref().ok_or(Error::NotTraining { operation })?;
        if shape.rank() > MOST_AXES {
            return Err(Error::Shape { operation, shape, rule: "a tensor has at most 32 axes" });
        }
        let storage = self.tape.borrow();
        let input = seed.input_of(storage.recording);
        if storage.origins.is_some() && input.is_none() {
            return Err(Error::FixedSeed { operation });
        }
        let number = count.get();
        count.set(number + 1);
        let drawn = storage.push_leaf(shape, false, |out| distribution.draw(*seed, number, out));
        if let (Some(origins), Some(input)) = (&mut storage.origins, input) {
            origins.draws.push((drawn.node, Draw { distribution, input, number }));
        }
        Ok(drawn)
    }

    /// Notes that a parameter that is not trained, such as a running mean, is to become `value` after the step. It stays
    /// what it is in this pass; the map of a sweep carries the value, [`Gradients::updates`](crate::Gradients::updates),
    /// and [`Params::apply_updates`](crate::Params::apply_updates) writes it. Of several updates of one parameter in a
    /// pass the last one counts; see [`updated`](Self::updated).
    ///
    /// # Panics
    /// As [`try_update`](Self::try_update) fails.
    #[track_caller]
    pub fn update(&self, id: ParamId, value: Tensor<T>) {
        unwrap(self.try_update(id, value));
    }

    /// As [`update`](Self::update).
    ///
    /// # Errors
    /// [`Error::NotTraining`] if the pass evaluates, [`Error::ForeignParameter`] if the parameter is not bound,
    /// [`Error::TrainableUpdate`] if it is trainable, [`Error::ParameterShape`] if the value has another shape, and as
    /// any operation if the value's handle is stale or of another tape. Nothing is noted then.
    pub fn try_update(&self, id: ParamId, value: Tensor<T>) -> Result<(), Error> {
        if !self.is_training() {
            return Err(Error::NotTraining { operation: "update" });
        }
        let storage = self.tape.borrow();
        let (parameter, _) = storage.bound_parameter(id)?;
        if parameter.is_trainable() {
            return Err(Error::TrainableUpdate { name: parameter.name().to_owned() });
        }
        storage.check_stand_in(id, value, "update")?;
        storage.updates.push((id.index, value.node));
        Ok(())
    }

    /// The value that a parameter is to have after the step, as far as the pass has come: that of the last
    /// [`update`](Self::update), or the parameter's own. What a running statistic is continued from, for a layer may be
    /// applied several times in one pass.
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::<f64>::new();
    /// let mean = params.add_buffer("mean", &array![0.0]);
    /// let (_, gradients) = tape::Tape::new().value_and_grad(&params, |pass| {
    ///     let pass = &pass.training(0);
    ///     for x in [[8.0], [4.0]] {
    ///         pass.update(mean, (pass.updated(mean) + pass.constant(x)) / 2.0);
    ///     }
    ///     pass.constant(0.0)
    /// });
    /// params.apply_updates(&gradients)?;
    /// assert_eq!(params.values(), [4.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the parameter belongs to another set than the one that is bound.
    #[must_use]
    #[track_caller]
    pub fn updated(&self, id: ParamId) -> Tensor<T> {
        let storage = self.tape.read();
        let (_, slot) = unwrap(storage.bound_parameter(id));
        let latest = storage.updates.iter().rev().find(|(parameter, _)| *parameter == id.index);
        storage.handle(latest.map_or(storage.slots[slot].node, |&(_, node)| node))
    }
}

impl<T: Real> Deref for Pass<'_, T> {
    type Target = Tape<T>;

    fn deref(&self) -> &Tape<T> {
        self.tape
    }
}
