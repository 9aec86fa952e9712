//! Lion: the sign of a momentum.
//!
//! ```text
//! theta = theta - eta lambda theta
//! theta = theta - eta sign(beta1 m + (1 - beta1) g)
//! m = beta2 m + (1 - beta2) g
//! ```
//!
//! Paper: Chen et al., arXiv:2302.06675, Algorithm 2.
//!
//! PyTorch has none. Defaults are optax's: betas 0.9 and 0.99, decoupled decay 1e-3. The rate, which has to be said here, is
//! a third to a tenth of what one would give AdamW: 1e-4.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::moments::{Average, sign};
use crate::recipe::{Piece, Recipe};

/// Lion (Chen et al., arXiv:2302.06675).
///
/// ```
/// use ndarray::array;
/// use optim::{Lion, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-9, -1e9, 0.0])?;
/// Lion::new(0.25).decoupled_weight_decay(0.0).step(&mut params, &gradients)?;
/// assert_eq!(params.values(), [0.75, 1.25, 1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Lion<T> = Descent<LionRecipe, T>;

/// The formula and settings of [`Lion`].
#[derive(Debug, Clone)]
pub struct LionRecipe {
    /// The share of the momentum in the step's direction, in [0, 1).
    pub beta1: f64,
    /// How much of the momentum is kept at each step, in [0, 1).
    pub beta2: f64,
}

impl Default for LionRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.99 }
    }
}

impl<T: Real> Descent<LionRecipe, T> {
    /// Lion at this learning rate, with a decoupled weight decay of 1e-3.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(LionRecipe::default(), learning_rate).decoupled_weight_decay(1e-3)
    }

    /// The share of the momentum in the direction, and how much of it is kept, both in [0, 1).
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.method.beta1 = beta1;
        self.method.beta2 = beta2;
        self
    }
}

impl Recipe for LionRecipe {
    const NAME: &'static str = "lion";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_fraction(Self::NAME, "beta1", self.beta1)?;
        Error::unless_fraction(Self::NAME, "beta2", self.beta2)
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["exp_avg"]
    }

    fn update<T: Real>(&self, _t: u64, eta: f64, piece: Piece<'_, T>) {
        let (mixed, kept) = (Average::new(self.beta1), Average::new(self.beta2));
        let eta: T = Real::from_f64(eta);
        piece.each(move |g, [m]| (eta * sign(mixed.next(m, g)), [kept.next(m, g)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn steps_by_hand() {
        let lion = || Lion::new(1.0).betas(0.5, 0.75).decoupled_weight_decay(0.0);
        // m = 1: 1/2 1 - 1/2 0.5 is still positive, 1/2 1 - 1/2 1 is no step.
        assert_eq!(one_element(lion(), &[4.0, -0.5]), -2.0);
        assert_eq!(one_element(lion(), &[4.0, -1.0]), -1.0);
    }
}
