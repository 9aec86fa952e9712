//! RAdam: Adam that waits with the second moment until it has seen enough to trust it.
//!
//! ```text
//! g = g + lambda theta
//! m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,  m^ = m / (1 - beta1^t)
//! rho_inf = 2 / (1 - beta2) - 1,  rho = rho_inf - 2 t beta2^t / (1 - beta2^t)
//! r = sqrt((rho - 4) (rho - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho))
//! theta = theta - eta m^ r sqrt(1 - beta2^t) / (sqrt(v) + epsilon)   if rho > 5
//! theta = theta - eta m^                                             else
//! ```
//!
//! Paper: Liu et al., arXiv:1908.03265.
//!
//! Defaults are PyTorch 2.15's: betas 0.9 and 0.999, epsilon 1e-8 beside the uncorrected root; its learning rate, 1e-3, has to
//! be said here. No departure but that epsilon must be above zero. optax adds epsilon to the corrected root.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::moments::{Average, bias_correction};
use crate::recipe::{Piece, Recipe};

/// RAdam (Liu et al., arXiv:1908.03265).
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, RAdam};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[2.0, -1.0])?;
/// RAdam::new(0.25).step(&mut params, &gradients)?;
/// // The first steps are those of momentum.
/// for (x, expected) in params.values().iter().zip([0.5, 1.25]) {
///     assert!((x - expected).abs() < 1e-12);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type RAdam<T> = Descent<RAdamRecipe, T>;

/// The formula and settings of [`RAdam`].
#[derive(Debug, Clone)]
pub struct RAdamRecipe {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the average of g^2 is kept at each step, in [0, 1).
    pub beta2: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
}

impl Default for RAdamRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl<T: Real> Descent<RAdamRecipe, T> {
    /// RAdam at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(RAdamRecipe::default(), learning_rate)
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
}

impl Recipe for RAdamRecipe {
    const NAME: &'static str = "radam";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_fraction(Self::NAME, "beta1", self.beta1)?;
        Error::unless_fraction(Self::NAME, "beta2", self.beta2)?;
        Error::unless_positive::<T>(Self::NAME, "eps", self.epsilon)
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        let (first, second) = (Average::new(self.beta1), Average::new(self.beta2));
        let length = eta / bias_correction(self.beta1, t);
        let correction = bias_correction(self.beta2, t);
        let longest = 2.0 / (1.0 - self.beta2) - 1.0;
        let rho = longest - 2.0 * t as f64 * self.beta2.powf(t as f64) / correction;
        if rho > 5.0 {
            let of = |rho: f64| (rho - 4.0) * (rho - 2.0) / rho;
            let length = length * correction.sqrt() * (of(rho) / of(longest)).sqrt();
            let [length, epsilon] = [length, self.epsilon].map(<T as Real>::from_f64);
            piece.each(move |g, [m, v]| {
                let m = first.next(m, g);
                let v = second.next(v, g * g);
                (length * m / (v.sqrt() + epsilon), [m, v])
            });
        } else {
            let length: T = Real::from_f64(length);
            piece.each(move |g, [m, v]| {
                let m = first.next(m, g);
                (length * m, [m, second.next(v, g * g)])
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    /// With beta2 0.999, rho first exceeds 5 in step 6.
    #[test]
    fn the_second_moment_counts_from_the_sixth_step() {
        let end = |steps| one_element(RAdam::new(1.0), &[1e3; 6][..steps]);
        assert!((end(5) + 5e3).abs() < 1e-9);
        assert!((end(6) - end(5)).abs() < 1.0);
    }
}
