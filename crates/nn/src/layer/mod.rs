//! What computes something from something, with parameters or without.

pub(crate) mod activation;
pub(crate) mod linear;
pub(crate) mod sequential;
