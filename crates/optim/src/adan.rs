//! Adan: Nesterov's momentum from differences of gradients.
//!
//! ```text
//! D = g - g_before                                       0 at a parameter's first step
//! m = beta1 m + (1 - beta1) g
//! n = beta2 n + (1 - beta2) D
//! s = beta3 s + (1 - beta3) (g + beta2 D)^2
//! u = (m^ + beta2 n^) / (sqrt(s^) + epsilon)             each corrected by 1 - beta^t
//! theta = (theta - eta u) / (1 + eta lambda)
//! ```
//!
//! Paper: Xie et al., arXiv:2208.06677, Algorithm 1, with betas as what is kept (theirs are what is taken: 1 - beta).
//!
//! PyTorch has none. Defaults are the paper's: betas 0.98, 0.92 and 0.99, epsilon 1e-8, proximal decay lambda 0 (they take
//! 0.02); their learning rate, 1e-3, has to be said here. optax 0.2 keeps 0.92 of n and multiplies by 0.08 where the paper has
//! 0.92, so it is no oracle for this file.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::moments::{Average, bias_correction};
use crate::recipe::{Piece, Recipe};

/// Adan (Xie et al., arXiv:2208.06677).
///
/// ```
/// use ndarray::array;
/// use optim::{Adan, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-2, -1e2])?;
/// Adan::new(0.25).step(&mut params, &gradients)?;
/// for (x, expected) in params.values().iter().zip([0.75, 1.25]) {
///     assert!((x - expected).abs() < 1e-5);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Adan<T> = Descent<AdanRecipe, T>;

/// The formula and settings of [`Adan`].
#[derive(Debug, Clone)]
pub struct AdanRecipe {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the average of differences is kept at each step, in [0, 1).
    pub beta2: f64,
    /// How much of the average of squares is kept at each step, in [0, 1).
    pub beta3: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
    /// The proximal weight decay.
    pub lambda: f64,
}

impl Default for AdanRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.98, beta2: 0.92, beta3: 0.99, epsilon: 1e-8, lambda: 0.0 }
    }
}

impl<T: Real> Descent<AdanRecipe, T> {
    /// Adan at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(AdanRecipe::default(), learning_rate)
    }

    /// How much of the averages of g, of its differences and of squares is kept at each step.
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64, beta3: f64) -> Self {
        self.method.beta1 = beta1;
        self.method.beta2 = beta2;
        self.method.beta3 = beta3;
        self
    }

    /// What is added to the root of the second moment, above zero.
    #[must_use]
    pub fn eps(mut self, epsilon: f64) -> Self {
        self.method.epsilon = epsilon;
        self
    }

    /// Shrinks the parameter after the step, by 1 + eta lambda.
    #[must_use]
    pub fn proximal_decay(mut self, lambda: f64) -> Self {
        self.method.lambda = lambda;
        self
    }
}

impl Recipe for AdanRecipe {
    const NAME: &'static str = "adan";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_fraction(Self::NAME, "beta1", self.beta1)?;
        Error::unless_fraction(Self::NAME, "beta2", self.beta2)?;
        Error::unless_fraction(Self::NAME, "beta3", self.beta3)?;
        Error::unless_positive::<T>(Self::NAME, "eps", self.epsilon)?;
        Error::unless_amount(Self::NAME, "lambda", self.lambda)
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_diff", "exp_avg_sq", "previous_grad"]
    }

    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        let averages = [self.beta1, self.beta2, self.beta3].map(Average::new);
        let [first, change, second] = [self.beta1, self.beta2, self.beta3].map(|beta| bias_correction(beta, t));
        let is_first = if t == 1 { 1.0 } else { 0.0 };
        let [along, ahead, correction, epsilon, beta2, shrink, is_first] = [
            eta / first,
            eta * self.beta2 / change,
            1.0 / second.sqrt(),
            self.epsilon,
            self.beta2,
            1.0 + eta * self.lambda,
            is_first,
        ]
        .map(<T as Real>::from_f64);
        piece.each_at(move |theta, g, [m, n, s, before]| {
            let difference = g - (before + is_first * g);
            let m = averages[0].next(m, g);
            let n = averages[1].next(n, difference);
            let forward = g + beta2 * difference;
            let s = averages[2].next(s, forward * forward);
            let u = (along * m + ahead * n) / (s.sqrt() * correction + epsilon);
            ((theta - u) / shrink, [m, n, s, g])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn two_steps_by_hand() {
        let adan = || Adan::new(1.0).betas(0.5, 0.5, 0.5).eps(1.0);
        // m^ = 2, n = 0, s^ = 4: 2/3.
        assert!((one_element(adan(), &[2.0]) + 2.0 / 3.0).abs() < 1e-15);
        assert!((one_element(adan().proximal_decay(1.0), &[2.0]) + 1.0 / 3.0).abs() < 1e-15);
        // D = 2: m = 2.5, n = 1, s = 1 + 12.5, each divided by 3/4.
        let expected = -2.0 / 3.0 - (2.5 + 0.5) / 0.75 / ((13.5_f64 / 0.75).sqrt() + 1.0);
        assert!((one_element(adan(), &[2.0, 4.0]) - expected).abs() < 1e-15);
    }
}
