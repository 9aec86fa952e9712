//! Yogi: Adam whose second moment changes by no more than g^2, however large it is.
//!
//! ```text
//! g = g + lambda theta
//! m = beta1 m + (1 - beta1) g
//! v = v - (1 - beta2) sign(v - g^2) g^2                  from m = v = 1e-6
//! theta = theta - eta m^ / (sqrt(v^) + epsilon)          m^, v^ corrected as in Adam
//! ```
//!
//! Paper: Zaheer et al., NeurIPS 2018.
//!
//! PyTorch has none. Defaults are optax's: betas 0.9 and 0.999, epsilon 1e-3, both moments begin at 1e-6. The paper's
//! learning rate, 0.01, has to be said here.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::moments::{Average, bias_correction, sign};
use crate::recipe::{Piece, Recipe};

/// Yogi (Zaheer et al., NeurIPS 2018).
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, Yogi};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e2, -1e3])?;
/// Yogi::new(0.25).step(&mut params, &gradients)?;
/// for (x, expected) in params.values().iter().zip([0.75, 1.25]) {
///     assert!((x - expected).abs() < 1e-4);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Yogi<T> = Descent<YogiRecipe, T>;

/// The formula and settings of [`Yogi`].
#[derive(Debug, Clone)]
pub struct YogiRecipe {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// One minus the share of g^2 by which the second moment changes, in [0, 1).
    pub beta2: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
    /// What both moments begin with.
    pub initial: f64,
}

impl Default for YogiRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-3, initial: 1e-6 }
    }
}

impl<T: Real> Descent<YogiRecipe, T> {
    /// Yogi at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(YogiRecipe::default(), learning_rate)
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

    /// What both moments begin with.
    #[must_use]
    pub fn initial(mut self, initial: f64) -> Self {
        self.method.initial = initial;
        self
    }
}

impl Recipe for YogiRecipe {
    const NAME: &'static str = "yogi";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_fraction(Self::NAME, "beta1", self.beta1)?;
        Error::unless_fraction(Self::NAME, "beta2", self.beta2)?;
        Error::unless_positive::<T>(Self::NAME, "eps", self.epsilon)?;
        Error::unless_amount(Self::NAME, "initial", self.initial)
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        let first = Average::new(self.beta1);
        let length = eta / bias_correction(self.beta1, t);
        let correction = 1.0 / bias_correction(self.beta2, t).sqrt();
        let start = if t == 1 { self.initial } else { 0.0 };
        let [length, correction, epsilon, take, start] =
            [length, correction, self.epsilon, 1.0 - self.beta2, start].map(<T as Real>::from_f64);
        piece.each(move |g, [m, v]| {
            let (m, v) = (first.next(m + start, g), v + start);
            let square = g * g;
            let v = v - take * sign(v - square) * square;
            (length * m / (v.sqrt() * correction + epsilon), [m, v])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn two_steps_by_hand() {
        let yogi = || Yogi::new(1.0).betas(0.5, 0.75).eps(1.0).initial(0.0);
        // m^ = 2, v^ = 4.
        assert!((one_element(yogi(), &[2.0]) + 2.0 / 3.0).abs() < 1e-15);
        // v = 1 + 1/4 g^2 with g = 4: 5, v^ = 5 / (7/16); m = 2.5, m^ = 10/3.
        let expected = -2.0 / 3.0 - (10.0 / 3.0) / ((80.0_f64 / 7.0).sqrt() + 1.0);
        assert!((one_element(yogi(), &[2.0, 4.0]) - expected).abs() < 1e-15);
    }
}
