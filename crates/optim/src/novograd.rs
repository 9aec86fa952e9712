//! NovoGrad: momentum of gradients that are normalised by layers.
//!
//! ```text
//! v = beta2 v + (1 - beta2) |g|^2                        |g|^2 at a parameter's first step
//! m = beta1 m + g / (sqrt(v) + epsilon) + lambda theta
//! theta = theta - eta m
//! ```
//!
//! |g| is the Euclidean norm of the parameter's whole gradient, v one number a parameter.
//!
//! Paper: Ginsburg et al., arXiv:1905.11286.
//!
//! PyTorch has none. Defaults are optax's: betas 0.9 and 0.25, epsilon 1e-6, lambda 0; the learning rate, 1e-3 or with
//! normalised gradients more, has to be said here.

use tape::Real;

use crate::clip::length;
use crate::descent::Descent;
use crate::error::Error;
use crate::method::{Method, Work};

/// NovoGrad (Ginsburg et al., arXiv:1905.11286).
///
/// ```
/// use ndarray::array;
/// use optim::{NovoGrad, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![0.0, 0.0]);
/// let gradients = tape::Gradients::for_params(&params, &[3e3, -4e3])?;
/// NovoGrad::new(0.5).step(&mut params, &gradients)?;
/// // The first step is as long as the rate, along the gradient.
/// for (x, expected) in params.values().iter().zip([-0.3, 0.4]) {
///     assert!((x - expected).abs() < 1e-6);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type NovoGrad<T> = Descent<NovoGradMethod, T>;

/// The formula and settings of [`NovoGrad`].
#[derive(Debug, Clone)]
pub struct NovoGradMethod {
    /// How much of the momentum is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the average of |g|^2 is kept at each step, in [0, 1).
    pub beta2: f64,
    /// What is added to the norm, above zero.
    pub epsilon: f64,
    /// The weight decay inside the momentum.
    pub lambda: f64,
}

impl Default for NovoGradMethod {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.25, epsilon: 1e-6, lambda: 0.0 }
    }
}

impl<T: Real> Descent<NovoGradMethod, T> {
    /// NovoGrad at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(NovoGradMethod::default(), learning_rate)
    }

    /// How much of the averages of g and of g^2 is kept at each step, both in [0, 1).
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.method.beta1 = beta1;
        self.method.beta2 = beta2;
        self
    }

    /// What is added to the norm, above zero.
    #[must_use]
    pub fn eps(mut self, epsilon: f64) -> Self {
        self.method.epsilon = epsilon;
        self
    }

    /// Adds lambda times the parameter to the momentum, the paper's weight decay.
    #[must_use]
    pub fn momentum_decay(mut self, lambda: f64) -> Self {
        self.method.lambda = lambda;
        self
    }
}

impl<T: Real> Method<T> for NovoGradMethod {
    const NAME: &'static str = "novograd";

    fn check(&self) -> Result<(), Error> {
        let owner = "novograd";
        Error::unless_fraction(owner, "beta1", self.beta1)?;
        Error::unless_fraction(owner, "beta2", self.beta2)?;
        Error::unless_positive::<T>(owner, "eps", self.epsilon)?;
        Error::unless_amount(owner, "lambda", self.lambda)
    }

    fn array_count(&self) -> usize {
        1
    }

    fn array_name(&self, _index: usize) -> String {
        "exp_avg".to_owned()
    }

    fn shaped_arrays(&self, _shape: &[usize]) -> Vec<(String, usize)> {
        vec![("exp_avg_norm".to_owned(), 1)]
    }

    fn update(&self, work: &mut Work<'_, T>) {
        let [beta1, lambda] = [self.beta1, self.lambda].map(<T as Real>::from_f64);
        work.tensors(|t, eta, mut tensor| {
            let square = length(tensor.gradient).powi(2);
            let v = &mut tensor.others[0][0];
            let new = if t == 1 { square } else { self.beta2 * v.widen() + (1.0 - self.beta2) * square };
            *v = Real::from_f64(new);
            let scale: T = Real::from_f64(1.0 / (new.sqrt() + self.epsilon));
            let [m] = tensor.arrays.all();
            for ((g, m), &theta) in tensor.gradient.iter_mut().zip(m).zip(&*tensor.theta) {
                *m = beta1 * *m + *g * scale + lambda * theta;
                *g = *m;
            }
            tensor.descend(eta);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn two_steps_by_hand() {
        // v = 9: 3 / 4.  v = 9/4 + 3/4 9 = 9 with g = 3: m = 0.375 + 0.75.
        let novograd = NovoGrad::new(1.0).betas(0.5, 0.25).eps(1.0);
        assert!((one_element(novograd, &[3.0, 3.0]) + 0.75 + 1.125).abs() < 1e-15);
    }
}
