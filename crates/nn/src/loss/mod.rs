//! Which losses are there?

pub(crate) mod cross_entropy;
pub(crate) mod mse;
