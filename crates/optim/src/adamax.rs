//! AdaMax: Adam with the largest gradient in place of the root of the squares.
//!
//! ```text
//! g = g + lambda theta
//! m = beta1 m + (1 - beta1) g
//! u = max(beta2 u, |g| + epsilon)
//! theta = theta - eta / (1 - beta1^t) m / u
//! ```
//!
//! Paper: Kingma and Ba, arXiv:1412.6980, Algorithm 2.
//!
//! Defaults are PyTorch 2.15's: betas 0.9 and 0.999, epsilon 1e-8; its learning rate, 2e-3, has to be said here. No departure
//! but that epsilon must be above zero.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::moments::{Average, bias_correction, larger};
use crate::recipe::{Piece, Recipe};

/// AdaMax (Kingma and Ba, arXiv:1412.6980).
///
/// ```
/// use ndarray::array;
/// use optim::{AdaMax, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-2, -1e3])?;
/// AdaMax::new(0.25).step(&mut params, &gradients)?;
/// for (x, expected) in params.values().iter().zip([0.75, 1.25]) {
///     assert!((x - expected).abs() < 1e-6);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type AdaMax<T> = Descent<AdaMaxRecipe, T>;

/// The formula and settings of [`AdaMax`].
#[derive(Debug, Clone)]
pub struct AdaMaxRecipe {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the average of g^2 is kept at each step, in [0, 1).
    pub beta2: f64,
    /// What is added to the size of each gradient, above zero.
    pub epsilon: f64,
}

impl Default for AdaMaxRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl<T: Real> Descent<AdaMaxRecipe, T> {
    /// AdaMax at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(AdaMaxRecipe::default(), learning_rate)
    }

    /// How much of the averages of g and of g^2 is kept at each step, both in [0, 1).
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.method.beta1 = beta1;
        self.method.beta2 = beta2;
        self
    }

    /// What is added to the size of each gradient, above zero.
    #[must_use]
    pub fn eps(mut self, epsilon: f64) -> Self {
        self.method.epsilon = epsilon;
        self
    }
}

impl Recipe for AdaMaxRecipe {
    const NAME: &'static str = "adamax";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_fraction(Self::NAME, "beta1", self.beta1)?;
        Error::unless_fraction(Self::NAME, "beta2", self.beta2)?;
        Error::unless_positive::<T>(Self::NAME, "eps", self.epsilon)
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_inf"]
    }

    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        let first = Average::new(self.beta1);
        let length = eta / bias_correction(self.beta1, t);
        let [length, beta2, epsilon] = [length, self.beta2, self.epsilon].map(<T as Real>::from_f64);
        piece.each(move |g, [m, u]| {
            let m = first.next(m, g);
            let u = larger(beta2 * u, g.abs() + epsilon);
            (length * m / u, [m, u])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn two_steps_by_hand() {
        // m = 2, m^ = 4, u = 5; m = 1, m^ = 4/3, u = 3.75.
        let adamax = AdaMax::new(1.0).betas(0.5, 0.75).eps(1.0);
        assert!((one_element(adamax, &[4.0, 0.0]) + 0.8 + (4.0 / 3.0) / 3.75).abs() < 1e-15);
    }
}
