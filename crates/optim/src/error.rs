//! What can go wrong when parameters are stepped: one enumeration.

use std::fmt::Display;

use tape::Real;

/// Why an optimizer refused. Whatever the reason, parameters and state are as they were before the call.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting has a value that it cannot have.
    #[error("{owner}: {setting} = {given}: {allowed}")]
    Setting {
        /// The optimizer or schedule that has the setting.
        owner: &'static str,
        /// The setting.
        setting: &'static str,
        /// What was given.
        given: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The gradients are not of these parameters.
    #[error(transparent)]
    Gradients(#[from] tape::Error),
    /// A gradient has elements that are NaN or infinite. Of several such parameters it is the first.
    #[error("gradient of {parameter:?}: {count} of {size} elements are NaN or infinite; nothing was stepped")]
    NonFinite {
        /// The parameter's name.
        parameter: String,
        /// How many of its gradient's elements are NaN or infinite.
        count: usize,
        /// How many elements it has.
        size: usize,
    },
    /// The state is of another model: another order, name or shape of parameters, or another number of them.
    #[error("the optimizer's state is of another model: its parameter {index} is {state}, the model's is {model}")]
    Model {
        /// The first parameter that differs, counted from 0.
        index: usize,
        /// The name and shape that the state has there, `none` if it has fewer.
        state: String,
        /// The name and shape that the model has there, `none` if it has fewer.
        model: String,
    },
    /// A saved state is of another optimizer.
    #[error("saved state: it is of optimizer {found:?}, not of {expected:?}")]
    OtherOptimizer {
        /// The optimizer that was to be restored.
        expected: &'static str,
        /// The optimizer that the state was saved by.
        found: String,
    },
    /// The optimizer evaluates the loss at several points in a step, and was given one gradient.
    #[error("{optimizer}: it evaluates the loss itself: call step_with, not step")]
    NeedsLoss {
        /// The optimizer.
        optimizer: &'static str,
    },
    /// The loss is NaN or infinite where a step begins.
    #[error("{optimizer}: the loss is {loss}; nothing was stepped")]
    Loss {
        /// The optimizer.
        optimizer: &'static str,
        /// The loss.
        loss: f64,
    },
    /// There is no optimizer of this name.
    #[error("no optimizer is called {name:?}; there are {known}")]
    UnknownOptimizer {
        /// What was asked for.
        name: String,
        /// The names that there are, with commas between them.
        known: String,
    },
    /// A saved state contradicts itself, or lacks something.
    #[error("saved state: {item}: {problem}")]
    State {
        /// The parameter or array, such as `"encoder.0.weight.exp_avg"`.
        item: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Error {
    /// `Ok` if a decay rate, such as a beta, is in [0, 1).
    pub(crate) fn unless_fraction(owner: &'static str, setting: &'static str, given: f64) -> Result<(), Self> {
        Self::unless((0.0..1.0).contains(&given), owner, setting, given, "it must be >= 0 and < 1")
    }

    /// `Ok` if a divisor's summand, such as an epsilon, is above zero also when rounded to the element type.
    pub(crate) fn unless_positive<T: Real>(owner: &'static str, setting: &'static str, given: f64) -> Result<(), Self> {
        let rounded: T = Real::from_f64(given);
        let sound = rounded.is_finite() && rounded > T::zero();
        Self::unless(sound, owner, setting, given, "it must be finite and > 0 in the element type")
    }

    /// `Ok` if a number is finite and not negative.
    pub(crate) fn unless_amount(owner: &'static str, setting: &'static str, given: f64) -> Result<(), Self> {
        Self::unless(given.is_finite() && given >= 0.0, owner, setting, given, "it must be finite and >= 0")
    }

    /// `Ok` if the loss at which a step begins is a number.
    pub(crate) fn unless_finite(optimizer: &'static str, loss: f64) -> Result<(), Self> {
        if loss.is_finite() { Ok(()) } else { Err(Self::Loss { optimizer, loss }) }
    }

    /// `Ok` if the setting `holds` its rule. Written so that a NaN, which holds no comparison, fails.
    pub(crate) fn unless(
        holds: bool,
        owner: &'static str,
        setting: &'static str,
        given: impl Display,
        allowed: &'static str,
    ) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::Setting { owner, setting, given: given.to_string(), allowed }) }
    }
}
