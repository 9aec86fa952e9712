//! AdEMAMix: Adam with a second, slow momentum.
//!
//! ```text
//! g = g + lambda theta
//! m1 = beta1 m1 + (1 - beta1) g,  m2 = beta3 m2 + (1 - beta3) g,  v = beta2 v + (1 - beta2) g^2
//! theta = theta - eta (m1^ + alpha m2) / (sqrt(v^) + epsilon)      m1^, v^ corrected as in Adam, m2 not
//! ```
//!
//! Paper: Pagliardini, Ablin and Grangier, arXiv:2409.03137.
//!
//! PyTorch has none. Defaults are optax's: betas 0.9, 0.999 and 0.9999, alpha 5, epsilon 1e-8. The recommended learning rate,
//! 1e-3, has to be said here. [`AdEmaMix::warmup`](crate::AdEmaMix) is the paper's schedule of alpha and beta3.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::moments::{Average, bias_correction};
use crate::recipe::{Piece, Recipe};

/// AdEMAMix (Pagliardini, Ablin and Grangier, arXiv:2409.03137).
///
/// ```
/// use ndarray::array;
/// use optim::{AdEmaMix, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-2, -1e2])?;
/// AdEmaMix::new(0.25).alpha(1e4).step(&mut params, &gradients)?;
/// // One from the fast average, as in Adam, and alpha (1 - beta3) from the slow one.
/// for (x, expected) in params.values().iter().zip([0.5, 1.5]) {
///     assert!((x - expected).abs() < 1e-5);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type AdEmaMix<T> = Descent<AdEmaMixRecipe, T>;

/// The formula and settings of [`AdEmaMix`].
#[derive(Debug, Clone)]
pub struct AdEmaMixRecipe {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the average of g^2 is kept at each step, in [0, 1).
    pub beta2: f64,
    /// How much of the slow average is kept at each step, in [0, 1).
    pub beta3: f64,
    /// The weight of the slow average.
    pub alpha: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
}

impl Default for AdEmaMixRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, beta3: 0.9999, alpha: 5.0, epsilon: 1e-8 }
    }
}

impl<T: Real> Descent<AdEmaMixRecipe, T> {
    /// AdEMAMix at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(AdEmaMixRecipe::default(), learning_rate)
    }

    /// How much of the averages of g, of g^2 and of the slow one is kept at each step.
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64, beta3: f64) -> Self {
        self.method.beta1 = beta1;
        self.method.beta2 = beta2;
        self.method.beta3 = beta3;
        self
    }

    /// The weight of the slow average.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.method.alpha = alpha;
        self
    }

    /// What is added to the root of the second moment, above zero.
    #[must_use]
    pub fn eps(mut self, epsilon: f64) -> Self {
        self.method.epsilon = epsilon;
        self
    }

    /// Over the first `steps` steps alpha rises from 0 along a line, and beta3 from beta1 such that the half-life of its
    /// average does, to what they are now.
    #[must_use]
    pub fn warmup(self, steps: u64) -> Self {
        let AdEmaMixRecipe { beta1, beta3, alpha, .. } = self.method;
        self.vary(move |recipe, t| {
            let passed = ((t + 1) as f64 / steps as f64).min(1.0);
            recipe.alpha = alpha * passed;
            let (low, high) = (beta1.ln(), beta3.ln());
            recipe.beta3 = (low * high / ((1.0 - passed) * high + passed * low)).exp().min(beta3);
        })
    }
}

impl Recipe for AdEmaMixRecipe {
    const NAME: &'static str = "ademamix";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_fraction(Self::NAME, "beta1", self.beta1)?;
        Error::unless_fraction(Self::NAME, "beta2", self.beta2)?;
        Error::unless_fraction(Self::NAME, "beta3", self.beta3)?;
        Error::unless_amount(Self::NAME, "alpha", self.alpha)?;
        Error::unless_positive::<T>(Self::NAME, "eps", self.epsilon)
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_slow", "exp_avg_sq"]
    }

    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        let [fast, second, slow] = [self.beta1, self.beta2, self.beta3].map(Average::new);
        let first = 1.0 / bias_correction(self.beta1, t);
        let correction = 1.0 / bias_correction(self.beta2, t).sqrt();
        let [eta, first, alpha, correction, epsilon] =
            [eta, first, self.alpha, correction, self.epsilon].map(<T as Real>::from_f64);
        piece.each(move |g, [m1, m2, v]| {
            let (m1, m2) = (fast.next(m1, g), slow.next(m2, g));
            let v = second.next(v, g * g);
            (eta * (first * m1 + alpha * m2) / (v.sqrt() * correction + epsilon), [m1, m2, v])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn a_step_by_hand() {
        // m1^ = 2, m2 = 1/2, v^ = 4: (2 + 4 / 2) / 3.
        let mix = AdEmaMix::new(1.0).betas(0.5, 0.75, 0.75).alpha(4.0).eps(1.0);
        assert!((one_element(mix, &[2.0]) + 4.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn the_warm_up_rises_to_the_settings() {
        // Half of alpha; the half-lives of 1/4 and 1/16 are 1/2 and 1/4, their mean 3/8 is that of 0.5^(8/3).
        let mut mix = AdEmaMix::<f64>::new(1.0).betas(0.0625, 0.5, 0.25).alpha(4.0).warmup(2);
        one_element(mix.clone(), &[1.0, 1.0, 1.0]);
        let mut params = tape::Params::new();
        params.add("x", &ndarray::array![0.0]);
        let gradients = tape::Gradients::for_params(&params, &[1.0]).unwrap();
        crate::Optimizer::step(&mut mix, &mut params, &gradients).unwrap();
        assert!((mix.method.alpha - 2.0).abs() < 1e-15 && (mix.method.beta3 - 0.5_f64.powf(8.0 / 3.0)).abs() < 1e-15);
        crate::Optimizer::step(&mut mix, &mut params, &gradients).unwrap();
        assert_eq!((mix.method.alpha, mix.method.beta3), (4.0, 0.25));
    }
}
