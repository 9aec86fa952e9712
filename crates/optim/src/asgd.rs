//! Averaged stochastic gradient descent.
//!
//! ```text
//! eta_t = eta / (1 + lambda eta (t - 1))^alpha
//! theta = (1 - lambda eta_t) theta - eta_t g
//! a = a + (theta - a) / max(1, t - 1 - t0)
//! ```
//!
//! Paper: Polyak and Juditsky, SIAM J. Control and Optimization 30, 1992; the form is Bottou's.
//!
//! Defaults are PyTorch 2.15's: lambda 1e-4, alpha 0.75, t0 1e6; its learning rate, 0.01, has to be said here. No departure.
//! Until step t0 the average is the parameter itself; [`Asgd::average`](crate::Asgd) lends it.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::recipe::{Piece, Recipe};

/// Averaged stochastic gradient descent (Polyak and Juditsky 1992).
///
/// ```
/// use ndarray::array;
/// use optim::{Asgd, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1.0])?;
/// Asgd::new(0.5).lambda(0.0).step(&mut params, &gradients)?;
/// assert_eq!(params.values(), [0.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Asgd<T> = Descent<AsgdRecipe, T>;

/// The formula and settings of [`Asgd`].
#[derive(Debug, Clone)]
pub struct AsgdRecipe {
    /// How fast parameters and rate decay.
    pub lambda: f64,
    /// The power with which the rate falls.
    pub alpha: f64,
    /// The step at which averaging starts, t0.
    pub start: f64,
}

impl Default for AsgdRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { lambda: 1e-4, alpha: 0.75, start: 1e6 }
    }
}

impl<T: Real> Descent<AsgdRecipe, T> {
    /// Averaged descent at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(AsgdRecipe::default(), learning_rate)
    }

    /// How fast parameters and rate decay.
    #[must_use]
    pub fn lambda(mut self, lambda: f64) -> Self {
        self.method.lambda = lambda;
        self
    }

    /// The power with which the rate falls.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.method.alpha = alpha;
        self
    }

    /// The step at which averaging starts, t0.
    #[must_use]
    pub fn start(mut self, start: f64) -> Self {
        self.method.start = start;
        self
    }

    /// The averaged parameters, laid out like them; none before the first step.
    #[must_use]
    pub fn average(&self) -> Option<&[T]> {
        self.array(0)
    }
}

impl Recipe for AsgdRecipe {
    const NAME: &'static str = "asgd";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_amount(Self::NAME, "lambda", self.lambda)?;
        Error::unless_amount(Self::NAME, "alpha", self.alpha)?;
        Error::unless_amount(Self::NAME, "start", self.start)
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["ax"]
    }

    fn evaluation(&self) -> Option<f64> {
        Some(-1.0)
    }

    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        let before = (t - 1) as f64;
        let eta = eta / (1.0 + self.lambda * eta * before).powf(self.alpha);
        let share = 1.0 / (before - self.start).max(1.0);
        let [eta, keep, share] = [eta, 1.0 - self.lambda * eta, share].map(<T as Real>::from_f64);
        piece.each_at(move |theta, g, [a]| {
            let theta = keep * theta - eta * g;
            // A share of all gives the parameter itself, to the bit.
            let a = if share == T::one() { theta } else { a + share * (theta - a) };
            (theta, [a])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn the_average_starts_at_its_step() {
        let mut asgd = Asgd::new(1.0).lambda(0.0).start(1.0);
        let mut params = tape::Params::<f64>::new();
        params.add("x", &ndarray::array![0.0]);
        let gradients = tape::Gradients::for_params(&params, &[-1.0]).unwrap();
        let mut averages = Vec::new();
        for _ in 0..5 {
            crate::Optimizer::step(&mut asgd, &mut params, &gradients).unwrap();
            averages.push(asgd.average().unwrap()[0]);
        }
        // Shares 1, 1, 1, 1/2, 1/3 of 1, 2, 3, 4, 5.
        assert_eq!(averages[..4], [1.0, 2.0, 3.0, 3.5]);
        assert!((averages[4] - 4.0).abs() < 1e-15);
    }

    #[test]
    fn rate_and_parameter_decay() {
        // eta 1, then 1 / 1.5^2: (1 - 0.5 / 2.25) (-1) - 1 / 2.25.
        let asgd = Asgd::new(1.0).lambda(0.5).alpha(2.0);
        let expected = -(1.0 - 0.5 / 2.25) - 1.0 / 2.25;
        assert!((one_element(asgd, &[1.0, 1.0]) - expected).abs() < 1e-15);
    }
}
