//! How wrong a prediction is.

pub(crate) mod cross_entropy;
pub(crate) mod mse;
