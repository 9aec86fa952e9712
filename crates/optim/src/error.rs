//! What can go wrong when parameters are stepped: one enumeration.

use std::fmt::Display;

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
