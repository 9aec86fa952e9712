//! Attention: the function, the layer of several heads, and who may look at whom.

pub(crate) mod mask;
pub(crate) mod multihead;
pub(crate) mod scaled_dot_product;
