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

    /// How many steps were taken: the position of the schedule.
    fn steps(&self) -> u64;

    /// The learning rate that the next step will have.
    fn learning_rate(&self) -> f64;

    /// A copy of all that the steps so far have left behind. Settings are not part of it.
    fn state(&self) -> State<T>;

    /// Continues from a saved state: the steps that follow are, bit for bit, those that would have followed it.
    ///
    /// # Errors
    /// [`Error::OtherOptimizer`], [`Error::Model`] if this optimizer already belongs to another model, and
    /// [`Error::State`] if the state is incomplete or contradicts itself. Nothing is changed then.
    fn restore(&mut self, state: &State<T>) -> Result<(), Error>;
}

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
