//! AdaBelief: Adam that divides by how far gradients are from what was expected of them.
//!
//! ```text
//! g = g + lambda theta
//! m = beta1 m + (1 - beta1) g
//! v = beta2 v + (1 - beta2) (g - m)^2 + epsilon_root
//! theta = theta - eta m^ / (sqrt(v^) + epsilon)          m^, v^ corrected as in Adam
//! ```
//!
//! Paper: Zhuang et al., arXiv:2010.07468.
//!
//! PyTorch has none. Defaults are optax's: betas 0.9 and 0.999, both epsilons 1e-16; epsilon_root is in v, so it adds up over
//! the steps, as in the paper. The recommended learning rate, 1e-3, has to be said here.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::moments::{Average, bias_correction};
use crate::recipe::{Piece, Recipe};

/// AdaBelief (Zhuang et al., arXiv:2010.07468).
///
/// ```
/// use ndarray::array;
/// use optim::{AdaBelief, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-2, -1e2])?;
/// AdaBelief::new(0.09).step(&mut params, &gradients)?;
/// // The first gradient is 0.9 of itself away from the average.
/// for (x, expected) in params.values().iter().zip([0.9, 1.1]) {
///     assert!((x - expected).abs() < 1e-6);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type AdaBelief<T> = Descent<AdaBeliefRecipe, T>;

/// The formula and settings of [`AdaBelief`].
#[derive(Debug, Clone)]
pub struct AdaBeliefRecipe {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the average of (g - m)^2 is kept at each step, in [0, 1).
    pub beta2: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
    /// What is added to the second moment in every step.
    pub epsilon_root: f64,
}

impl Default for AdaBeliefRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-16, epsilon_root: 1e-16 }
    }
}

impl<T: Real> Descent<AdaBeliefRecipe, T> {
    /// AdaBelief at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(AdaBeliefRecipe::default(), learning_rate)
    }

    /// How much of the averages of g and of g^2 is kept at each step, both in [0, 1).
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.method.beta1 = beta1;
        self.method.beta2 = beta2;
        self
    }

    /// What is added to the root of the second moment, above zero.
    #[must_use]
    pub fn eps(mut self, epsilon: f64) -> Self {
        self.method.epsilon = epsilon;
        self
    }

    /// What is added to the second moment in every step.
    #[must_use]
    pub fn eps_root(mut self, epsilon_root: f64) -> Self {
        self.method.epsilon_root = epsilon_root;
        self
    }
}

impl Recipe for AdaBeliefRecipe {
    const NAME: &'static str = "adabelief";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_fraction(Self::NAME, "beta1", self.beta1)?;
        Error::unless_fraction(Self::NAME, "beta2", self.beta2)?;
        Error::unless_positive::<T>(Self::NAME, "eps", self.epsilon)?;
        Error::unless_amount(Self::NAME, "epsilon root", self.epsilon_root)
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_var"]
    }

    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        let (first, second) = (Average::new(self.beta1), Average::new(self.beta2));
        let length = eta / bias_correction(self.beta1, t);
        let correction = 1.0 / bias_correction(self.beta2, t).sqrt();
        let [length, correction, epsilon, root] =
            [length, correction, self.epsilon, self.epsilon_root].map(<T as Real>::from_f64);
        piece.each(move |g, [m, v]| {
            let m = first.next(m, g);
            let v = second.next(v, (g - m) * (g - m)) + root;
            (length * m / (v.sqrt() * correction + epsilon), [m, v])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn a_step_by_hand() {
        // m = 1, v = 1/4 + 2: m^ = 2, v^ = 9.
        let belief = AdaBelief::new(1.0).betas(0.5, 0.75).eps(1.0).eps_root(2.0);
        assert!((one_element(belief, &[2.0]) + 0.5).abs() < 1e-15);
    }
}
