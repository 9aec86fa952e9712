//! NAdam: Adam with Nesterov's momentum.
//!
//! ```text
//! g = g + lambda theta
//! mu_t = beta1 (1 - 0.96^(t psi) / 2)
//! m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,  v^ = v / (1 - beta2^t)
//! m^ = mu_(t+1) m / (1 - mu_1 ... mu_(t+1)) + (1 - mu_t) g / (1 - mu_1 ... mu_t)
//! theta = theta - eta m^ / (sqrt(v^) + epsilon)
//! ```
//!
//! Paper: Dozat, ICLR workshop 2016.
//!
//! Defaults are PyTorch 2.15's: betas 0.9 and 0.999, epsilon 1e-8, momentum decay psi 0.004; its learning rate, 2e-3, has to
//! be said here. Keras has psi 1; optax has no schedule of mu. No departure but that epsilon must be above zero.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::moments::{Average, bias_correction};
use crate::recipe::{Piece, Recipe};

/// NAdam (Dozat 2016).
///
/// ```
/// use ndarray::array;
/// use optim::{NAdam, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-2, -1e2])?;
/// NAdam::new(0.1).betas(0.0, 0.999).step(&mut params, &gradients)?;
/// // Without momentum the first step is as long as the rate.
/// for (x, expected) in params.values().iter().zip([0.9, 1.1]) {
///     assert!((x - expected).abs() < 1e-6);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type NAdam<T> = Descent<NAdamRecipe, T>;

/// The formula and settings of [`NAdam`].
#[derive(Debug, Clone)]
pub struct NAdamRecipe {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the average of g^2 is kept at each step, in [0, 1).
    pub beta2: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
    /// How fast the momentum rises to beta1, psi.
    pub momentum_decay: f64,
}

impl Default for NAdamRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentum_decay: 0.004 }
    }
}

impl<T: Real> Descent<NAdamRecipe, T> {
    /// NAdam at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(NAdamRecipe::default(), learning_rate)
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

    /// How fast the momentum rises to beta1, psi.
    #[must_use]
    pub fn momentum_decay(mut self, momentum_decay: f64) -> Self {
        self.method.momentum_decay = momentum_decay;
        self
    }
}

impl Recipe for NAdamRecipe {
    const NAME: &'static str = "nadam";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_fraction(Self::NAME, "beta1", self.beta1)?;
        Error::unless_fraction(Self::NAME, "beta2", self.beta2)?;
        Error::unless_positive::<T>(Self::NAME, "eps", self.epsilon)?;
        Error::unless_amount(Self::NAME, "momentum decay", self.momentum_decay)
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        let (first, second) = (Average::new(self.beta1), Average::new(self.beta2));
        let mu = |t: u64| self.beta1 * (1.0 - 0.5 * 0.96_f64.powf(t as f64 * self.momentum_decay));
        let mut product = 1.0;
        for i in 1..=t {
            product *= mu(i);
            // Beside 1 the product is nothing then, and remains so.
            if product < f64::EPSILON / 4.0 {
                break;
            }
        }
        let now = eta * (1.0 - mu(t)) / (1.0 - product);
        let ahead = eta * mu(t + 1) / (1.0 - product * mu(t + 1));
        let correction = 1.0 / bias_correction(self.beta2, t).sqrt();
        let [now, ahead, correction, epsilon] = [now, ahead, correction, self.epsilon].map(<T as Real>::from_f64);
        piece.each(move |g, [m, v]| {
            let m = first.next(m, g);
            let v = second.next(v, g * g);
            ((now * g + ahead * m) / (v.sqrt() * correction + epsilon), [m, v])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn a_step_by_hand() {
        // psi 0: mu = 1/4. m = 1, v^ = 4: (3/4 2 / (3/4) + 1/4 1 / (15/16)) / 3.
        let nadam = NAdam::new(1.0).betas(0.5, 0.75).eps(1.0).momentum_decay(0.0);
        assert!((one_element(nadam, &[2.0]) + (2.0 + 4.0 / 15.0) / 3.0).abs() < 1e-15);
    }
}
