//! LAMB: Adam whose steps are, for each layer, as long as a share of its weights.
//!
//! ```text
//! u = m^ / (sqrt(v^) + epsilon) + lambda theta           m^, v^ as in Adam
//! theta = theta - eta |theta| / |u| u                    the ratio is 1 if either norm is zero
//! ```
//!
//! Norms are Euclidean, of one parameter.
//!
//! Paper: You et al., arXiv:1904.00962.
//!
//! PyTorch has none. Defaults are optax's, which are the paper's: betas 0.9 and 0.999, epsilon 1e-6, lambda 0, inside u. The
//! learning rate, 1e-3 to 1e-2, has to be said here. Keras has its decay outside the ratio.

use tape::Real;

use crate::clip::length;
use crate::descent::Descent;
use crate::error::Error;
use crate::method::{Method, Work};
use crate::moments::{Moments, trust_ratio};

/// LAMB (You et al., arXiv:1904.00962).
///
/// ```
/// use ndarray::array;
/// use optim::{Lamb, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![3.0, 4.0]);
/// let gradients = tape::Gradients::for_params(&params, &[-5e3, 1e3])?;
/// Lamb::new(0.5).step(&mut params, &gradients)?;
/// // Half as long as the parameter: 2.5, in equal parts.
/// let part = 2.5 / 2.0_f64.sqrt();
/// for (x, expected) in params.values().iter().zip([3.0 + part, 4.0 - part]) {
///     assert!((x - expected).abs() < 1e-6);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Lamb<T> = Descent<LambMethod, T>;

/// The formula and settings of [`Lamb`].
#[derive(Debug, Clone)]
pub struct LambMethod {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the average of g^2 is kept at each step, in [0, 1).
    pub beta2: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
    /// The weight decay in the direction.
    pub lambda: f64,
}

impl Default for LambMethod {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, lambda: 0.0 }
    }
}

impl<T: Real> Descent<LambMethod, T> {
    /// LAMB at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(LambMethod::default(), learning_rate)
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

    /// Adds lambda times the parameter to the direction, the paper's weight decay.
    #[must_use]
    pub fn direction_decay(mut self, lambda: f64) -> Self {
        self.method.lambda = lambda;
        self
    }
}

impl<T: Real> Method<T> for LambMethod {
    const NAME: &'static str = "lamb";

    fn check(&self) -> Result<(), Error> {
        let owner = "lamb";
        Error::unless_fraction(owner, "beta1", self.beta1)?;
        Error::unless_fraction(owner, "beta2", self.beta2)?;
        Error::unless_positive::<T>(owner, "eps", self.epsilon)?;
        Error::unless_amount(owner, "lambda", self.lambda)
    }

    fn array_count(&self) -> usize {
        2
    }

    fn array_name(&self, index: usize) -> String {
        ["exp_avg", "exp_avg_sq"][index].to_owned()
    }

    fn update(&self, work: &mut Work<'_, T>) {
        let lambda: T = Real::from_f64(self.lambda);
        work.tensors(|t, eta, mut tensor| {
            let [m, v] = tensor.arrays.all();
            let moments = Moments { beta1: self.beta1, beta2: self.beta2, epsilon: self.epsilon };
            moments.direction(t, tensor.gradient, m, v);
            for (u, &theta) in tensor.gradient.iter_mut().zip(&*tensor.theta) {
                *u += lambda * theta;
            }
            let norms = [length(tensor.theta), length(tensor.gradient)];
            tensor.descend(eta * trust_ratio(norms, 1.0, 0.0));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn two_steps_by_hand() {
        // At 0 the ratio is 1: 2 / 3; then the step is as long as the weight.
        let lamb = || Lamb::new(1.0).betas(0.5, 0.75).eps(1.0);
        assert!((one_element(lamb(), &[2.0]) + 2.0 / 3.0).abs() < 1e-15);
        assert!((one_element(lamb(), &[2.0, 2.0]) + 4.0 / 3.0).abs() < 1e-15);
        assert!(one_element(lamb(), &[2.0, -9.0]).abs() < 1e-15);
    }
}
