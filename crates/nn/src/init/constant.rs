//! Constant initialisation: every element is one number.
//!
//! PyTorch: `nn.init.constant_`, `zeros_`, `ones_`.

use super::{Init, Rule};

impl Init {
    /// Every element is `value`. Takes nothing from the generator.
    #[doc(alias = "zeros_")]
    #[doc(alias = "ones_")]
    #[must_use]
    pub const fn constant(value: f64) -> Self {
        Self(Rule::Constant(value))
    }
}
