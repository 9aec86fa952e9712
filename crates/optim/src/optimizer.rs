//! What can every optimizer do?

use tape::{Gradients, Params, Real};

use crate::error::Error;
use crate::state::State;

/// Steps parameters against their gradients.
///
/// The trait is object-safe, so that an optimizer can be chosen at run time:
///
/// ```
/// use optim::{Adam, Optimizer, Sgd};
/// let choose = |name: &str| -> Box<dyn Optimizer<f32>> {
///     match name {
///         "adam" => Box::new(Adam::new(1e-3)),
///         _ => Box::new(Sgd::new(0.1).momentum(0.9)),
///     }
/// };
/// assert_eq!(choose("adam").name(), "adam");
/// assert_eq!(choose("momentum").learning_rate(), 0.1);
/// ```
pub trait Optimizer<T: Real> {
    /// The optimizer's name, as in its saved state.
    fn name(&self) -> &'static str;

    /// Whether the settings are allowed. [`step`](Self::step) asks the same; asking here fails before any training.
    ///
    /// # Errors
    /// [`Error::Setting`] with the first setting that is not, what was given and what is allowed.
    fn check(&self) -> Result<(), Error>;

    /// One step: changes every trainable parameter that `gradients` reach. Others are skipped, their state untouched.
    ///
    /// The state belongs to the model of the first step: the same names and shapes in the same order.
    ///
    /// # Errors
    /// Everything is checked before anything is written: [`Error::Setting`], [`Error::Gradients`] if they are not of
    /// `params`, [`Error::Model`] if the state is of another model, [`Error::NonFinite`] if a gradient is NaN or
    /// infinite.
    fn step(&mut self, params: &mut Params<T>, gradients: &Gradients<T>) -> Result<Step, Error>;

    /// One step of an optimizer that may look at the loss at several points: `evaluate` returns the loss and its
    /// gradients at the parameters that it is given. The others ask it once, and [`step`](Self::step).
    ///
    /// ```
    /// use ndarray::array;
    /// use optim::{Optimizer, Sgd};
    /// let mut params = tape::Params::<f64>::new();
    /// params.add("x", &array![3.0]);
    /// let mut sgd = Sgd::new(0.25);
    /// sgd.step_with(&mut params, &mut |params| {
    ///     let x = params.values()[0];
    ///     (x * x, tape::Gradients::for_params(params, &[2.0 * x]).unwrap())
    /// })?;
    /// assert_eq!(params.values(), [1.5]);
    /// # Ok::<(), optim::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`step`](Self::step), and [`Error::Loss`] if the loss is not finite where the step begins. Parameters and
    /// state are as they were then.
    fn step_with(&mut self, params: &mut Params<T>, evaluate: &mut Evaluate<'_, T>) -> Result<Step, Error> {
        let (loss, gradients) = evaluate(params);
        Error::unless_finite(self.name(), loss)?;
        self.step(params, &gradients)
    }

    /// How many steps were taken: the position of the schedule.
    fn steps(&self) -> u64;

    /// The learning rate that the next step will have.
    fn learning_rate(&self) -> f64;

    /// The learning rate that the schedule multiplies.
    fn base_learning_rate(&self) -> f64;

    /// Replaces the learning rate that the schedule multiplies. Like every setting it is not part of the state.
    fn set_learning_rate(&mut self, rate: f64);

    /// The parameters at which the model is to be evaluated, where they are not the ones that are stepped: an average.
    /// Parameters that are not trained are the model's own.
    fn evaluation(&self, _params: &Params<T>) -> Option<Vec<T>> {
        None
    }

    /// A copy of all that the steps so far have left behind. Settings are not part of it.
    fn state(&self) -> State<T>;

    /// Continues from a saved state: the steps that follow are, bit for bit, those that would have followed it.
    ///
    /// # Errors
    /// [`Error::OtherOptimizer`], [`Error::Model`] if this optimizer already belongs to another model, and
    /// [`Error::State`] if the state is incomplete or contradicts itself. Nothing is changed then.
    fn restore(&mut self, state: &State<T>) -> Result<(), Error>;
}

/// The loss and its gradients at some parameters.
pub type Evaluate<'a, T> = dyn FnMut(&Params<T>) -> (f64, Gradients<T>) + 'a;

/// What a step did, for logs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// How many steps the optimizer has taken, this one included.
    pub step: u64,
    /// The learning rate of this step.
    pub learning_rate: f64,
    /// The Euclidean norm of all gradients that took part, before clipping.
    pub gradient_norm: f64,
    /// What the gradients were multiplied by to clip them; 1 if they were not.
    pub clip_factor: f64,
}

impl<T: Real, O: Optimizer<T> + ?Sized> Optimizer<T> for Box<O> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn check(&self) -> Result<(), Error> {
        (**self).check()
    }

    fn step(&mut self, params: &mut Params<T>, gradients: &Gradients<T>) -> Result<Step, Error> {
        (**self).step(params, gradients)
    }

    fn step_with(&mut self, params: &mut Params<T>, evaluate: &mut Evaluate<'_, T>) -> Result<Step, Error> {
        (**self).step_with(params, evaluate)
    }

    fn steps(&self) -> u64 {
        (**self).steps()
    }

    fn learning_rate(&self) -> f64 {
        (**self).learning_rate()
    }

    fn base_learning_rate(&self) -> f64 {
        (**self).base_learning_rate()
    }

    fn set_learning_rate(&mut self, rate: f64) {
        (**self).set_learning_rate(rate);
    }

    fn evaluation(&self, params: &Params<T>) -> Option<Vec<T>> {
        (**self).evaluation(params)
    }

    fn state(&self) -> State<T> {
        (**self).state()
    }

    fn restore(&mut self, state: &State<T>) -> Result<(), Error> {
        (**self).restore(state)
    }
}
