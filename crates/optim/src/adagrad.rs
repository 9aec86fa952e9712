//! Adagrad: each element's rate falls with the squares that it has seen.
//!
//! ```text
//! g = g + lambda theta
//! s = s + g^2                                    from s = the initial accumulator
//! theta = theta - eta / (1 + (t - 1) kappa) g / (sqrt(s) + epsilon)
//! ```
//!
//! Paper: Duchi, Hazan and Singer, JMLR 12, 2011.
//!
//! Defaults are PyTorch 2.15's: initial accumulator 0, decay of the rate kappa 0, epsilon 1e-10 outside the root; its
//! learning rate, 0.01, has to be said here. optax and Keras begin with 0.1 and have 1e-7 inside the root: `initial(0.1)`,
//! `eps(1e-7)`, `eps_inside()`. No departure but that epsilon must be above zero.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::recipe::{Piece, Recipe};

/// Adagrad (Duchi, Hazan and Singer, JMLR 12, 2011).
///
/// ```
/// use ndarray::array;
/// use optim::{Adagrad, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-2, -1e2])?;
/// Adagrad::new(0.5).step(&mut params, &gradients)?;
/// // The first step is as long as the rate.
/// for (x, expected) in params.values().iter().zip([0.5, 1.5]) {
///     assert!((x - expected).abs() < 1e-6);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Adagrad<T> = Descent<AdagradRecipe, T>;

/// The formula and settings of [`Adagrad`].
#[derive(Debug, Clone)]
pub struct AdagradRecipe {
    /// How much the rate falls with the steps, kappa.
    pub rate_decay: f64,
    /// What the sum of squares begins with.
    pub initial: f64,
    /// What is added to the root of the sum, above zero.
    pub epsilon: f64,
    /// Whether epsilon is added to the sum itself, under the root.
    pub epsilon_inside: bool,
}

impl Default for AdagradRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { rate_decay: 0.0, initial: 0.0, epsilon: 1e-10, epsilon_inside: false }
    }
}

impl<T: Real> Descent<AdagradRecipe, T> {
    /// Adagrad at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(AdagradRecipe::default(), learning_rate)
    }

    /// How much the rate falls with the steps, kappa.
    #[must_use]
    pub fn rate_decay(mut self, rate_decay: f64) -> Self {
        self.method.rate_decay = rate_decay;
        self
    }

    /// What the sum of squares begins with.
    #[must_use]
    pub fn initial(mut self, initial: f64) -> Self {
        self.method.initial = initial;
        self
    }

    /// What is added to the root of the sum, above zero.
    #[must_use]
    pub fn eps(mut self, epsilon: f64) -> Self {
        self.method.epsilon = epsilon;
        self
    }

    /// Adds epsilon under the root.
    #[must_use]
    pub fn eps_inside(mut self) -> Self {
        self.method.epsilon_inside = true;
        self
    }
}

impl Recipe for AdagradRecipe {
    const NAME: &'static str = "adagrad";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_amount(Self::NAME, "rate decay", self.rate_decay)?;
        Error::unless_amount(Self::NAME, "initial", self.initial)?;
        Error::unless_positive::<T>(Self::NAME, "eps", self.epsilon)
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["sum"]
    }

    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        let eta = eta / (1.0 + (t - 1) as f64 * self.rate_decay);
        let start = if t == 1 { self.initial } else { 0.0 };
        let (inside, outside) = if self.epsilon_inside { (self.epsilon, 0.0) } else { (0.0, self.epsilon) };
        let [eta, start, inside, outside] = [eta, start, inside, outside].map(<T as Real>::from_f64);
        piece.each(move |g, [s]| {
            let s = s + start + g * g;
            (eta * g / ((s + inside).sqrt() + outside), [s])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn steps_by_hand() {
        // s = 9, 25: 3/4 and 4/6.
        assert_eq!(one_element(Adagrad::new(1.0).eps(1.0), &[3.0, 4.0]), -0.75 - 4.0 / 6.0);
        // The second at half the rate.
        assert_eq!(one_element(Adagrad::new(1.0).eps(1.0).rate_decay(1.0), &[3.0, 4.0]), -0.75 - 2.0 / 6.0);
        // s = 7 + 9: sqrt(16 + 9) = 5.
        assert_eq!(one_element(Adagrad::new(1.0).initial(7.0).eps(9.0).eps_inside(), &[3.0]), -0.6);
    }
}
