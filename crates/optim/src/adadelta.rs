//! Adadelta: steps as long as the steps before them were, in units of the parameter.
//!
//! ```text
//! g = g + lambda theta
//! a = rho a + (1 - rho) g^2
//! u = g sqrt(d + epsilon) / sqrt(a + epsilon)
//! d = rho d + (1 - rho) u^2
//! theta = theta - eta u;  with the rate inside: u is eta times as long before it enters d, theta = theta - u
//! ```
//!
//! Paper: Zeiler, arXiv:1212.5701.
//!
//! Defaults are PyTorch 2.15's: rho 0.9, epsilon 1e-6; its learning rate, 1, has to be said here, and is outside d, so that
//! it does not act on the memory. No departure but that epsilon must be above zero. Keras has a rate of 0.001 and rho 0.95.
//! Early codes have the rate inside (`rate_inside()`): a larger one then also makes the memory of the steps larger.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::moments::Average;
use crate::recipe::{Piece, Recipe};

/// Adadelta (Zeiler, arXiv:1212.5701).
///
/// ```
/// use ndarray::array;
/// use optim::{Adadelta, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e3, -1e6])?;
/// Adadelta::new(1.0).step(&mut params, &gradients)?;
/// // sqrt(epsilon / (1 - rho)), whatever the size of the gradient.
/// let length = (1e-6_f64 / 0.1).sqrt();
/// for (x, expected) in params.values().iter().zip([1.0 - length, 1.0 + length]) {
///     assert!((x - expected).abs() < 1e-9);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Adadelta<T> = Descent<AdadeltaRecipe, T>;

/// The formula and settings of [`Adadelta`].
#[derive(Debug, Clone)]
pub struct AdadeltaRecipe {
    /// How much of the averages is kept at each step, in [0, 1).
    pub rho: f64,
    /// What is added under both roots, above zero.
    pub epsilon: f64,
    /// Whether the rate multiplies the step before it enters the average of steps.
    pub rate_inside: bool,
}

impl Default for AdadeltaRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { rho: 0.9, epsilon: 1e-6, rate_inside: false }
    }
}

impl<T: Real> Descent<AdadeltaRecipe, T> {
    /// Adadelta; a rate of 1 is the paper's.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(AdadeltaRecipe::default(), learning_rate)
    }

    /// How much of the averages is kept at each step, in [0, 1).
    #[must_use]
    pub fn rho(mut self, rho: f64) -> Self {
        self.method.rho = rho;
        self
    }

    /// What is added under both roots, above zero.
    #[must_use]
    pub fn eps(mut self, epsilon: f64) -> Self {
        self.method.epsilon = epsilon;
        self
    }

    /// Multiplies the step by the rate before it enters the average of steps.
    #[must_use]
    pub fn rate_inside(mut self) -> Self {
        self.method.rate_inside = true;
        self
    }
}

impl Recipe for AdadeltaRecipe {
    const NAME: &'static str = "adadelta";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_fraction(Self::NAME, "rho", self.rho)?;
        Error::unless_positive::<T>(Self::NAME, "eps", self.epsilon)
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["square_avg", "acc_delta"]
    }

    fn update<T: Real>(&self, _t: u64, eta: f64, piece: Piece<'_, T>) {
        let average = Average::new(self.rho);
        let (inside, outside) = if self.rate_inside { (eta, 1.0) } else { (1.0, eta) };
        let [inside, outside, epsilon] = [inside, outside, self.epsilon].map(<T as Real>::from_f64);
        piece.each(move |g, [a, d]| {
            let a = average.next(a, g * g);
            let u = inside * ((d + epsilon).sqrt() / (a + epsilon).sqrt() * g);
            (outside * u, [a, average.next(d, u * u)])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn two_steps_by_hand() {
        let adadelta = || Adadelta::new(1.0).rho(0.25).eps(1.0);
        // a = 3, u = 2 / sqrt(3 + 1) = 1.
        assert_eq!(one_element(adadelta(), &[2.0]), -1.0);
        // d = 0.75, a = 0.75 + 0.75: u = sqrt(1.75 / 2.5).
        assert!((one_element(adadelta(), &[2.0, 1.0]) + 1.0 + 0.7_f64.sqrt()).abs() < 1e-15);
        // At half the rate, the second step is half as long; or u = 0.5, d = 0.1875, and half of sqrt(1.1875 / 2.5).
        let half = || Adadelta::new(0.5).rho(0.25).eps(1.0);
        assert!((one_element(half(), &[2.0, 1.0]) + 0.5 + 0.5 * 0.7_f64.sqrt()).abs() < 1e-15);
        assert!((one_element(half().rate_inside(), &[2.0, 1.0]) + 0.5 + 0.5 * 0.475_f64.sqrt()).abs() < 1e-15);
    }
}
