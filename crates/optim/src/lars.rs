//! LARS: momentum whose rate is, for each layer, in proportion to its weights.
//!
//! ```text
//! u = g + lambda theta
//! r = c |theta| / (|u| + epsilon)                        1 if either norm is zero
//! b = mu b + eta r u
//! theta = theta - b
//! ```
//!
//! Norms are Euclidean, of one parameter.
//!
//! Paper: You, Gitman and Ginsburg, arXiv:1708.03888.
//!
//! PyTorch has none. Defaults are optax's: trust coefficient c 1e-3, epsilon 0, momentum mu 0.9, lambda 0 (the L2 decay that
//! every optimizer here has). The rate is in the momentum, as there. The learning rate has to be said here; with c = 1e-3 it
//! is large, 10 and more. Biases and norms are best left to plain momentum: `vectors_plainly()`.

use tape::Real;

use crate::clip::length;
use crate::descent::Descent;
use crate::error::Error;
use crate::method::{Method, Work};
use crate::moments::trust_ratio;

/// LARS (You, Gitman and Ginsburg, arXiv:1708.03888).
///
/// ```
/// use ndarray::array;
/// use optim::{Lars, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![3.0, 4.0]);
/// let gradients = tape::Gradients::for_params(&params, &[-5e3, 0.0])?;
/// Lars::new(1.0).trust(0.5).step(&mut params, &gradients)?;
/// // Half of its length, along the gradient.
/// assert_eq!(params.values(), [3.0 + 2.5, 4.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Lars<T> = Descent<LarsMethod, T>;

/// The formula and settings of [`Lars`].
#[derive(Debug, Clone)]
pub struct LarsMethod {
    /// The trust coefficient c.
    pub trust: f64,
    /// What is added to the norm of the gradient.
    pub epsilon: f64,
    /// How much of the last step is kept, mu in [0, 1).
    pub momentum: f64,
    /// Whether vectors and scalars have r = 1.
    pub vectors_plainly: bool,
}

impl Default for LarsMethod {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { trust: 1e-3, epsilon: 0.0, momentum: 0.9, vectors_plainly: false }
    }
}

impl<T: Real> Descent<LarsMethod, T> {
    /// LARS at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(LarsMethod::default(), learning_rate)
    }

    /// The trust coefficient c.
    #[must_use]
    pub fn trust(mut self, trust: f64) -> Self {
        self.method.trust = trust;
        self
    }

    /// What is added to the norm of the gradient.
    #[must_use]
    pub fn eps(mut self, epsilon: f64) -> Self {
        self.method.epsilon = epsilon;
        self
    }

    /// How much of the last step is kept, mu in [0, 1).
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.method.momentum = momentum;
        self
    }

    /// Leaves vectors, which biases and norms are, to plain momentum.
    #[must_use]
    pub fn vectors_plainly(mut self) -> Self {
        self.method.vectors_plainly = true;
        self
    }
}

impl<T: Real> Method<T> for LarsMethod {
    const NAME: &'static str = "lars";

    fn check(&self) -> Result<(), Error> {
        let owner = "lars";
        Error::unless_amount(owner, "trust", self.trust)?;
        Error::unless_amount(owner, "eps", self.epsilon)?;
        Error::unless_fraction(owner, "momentum", self.momentum)
    }

    fn array_count(&self) -> usize {
        1
    }

    fn array_name(&self, _index: usize) -> String {
        "momentum_buffer".to_owned()
    }

    fn update(&self, work: &mut Work<'_, T>) {
        let mu: T = Real::from_f64(self.momentum);
        work.tensors(|_, eta, mut tensor| {
            let plain = self.vectors_plainly && tensor.shape.len() < 2;
            let norms = [length(tensor.theta), length(tensor.gradient)];
            let ratio = if plain { 1.0 } else { trust_ratio(norms, self.trust, self.epsilon) };
            let rate: T = Real::from_f64(eta * ratio);
            let [b] = tensor.arrays.all();
            for (g, b) in tensor.gradient.iter_mut().zip(b) {
                *b = mu * *b + rate * *g;
                *g = *b;
            }
            tensor.descend(1.0);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn without_weights_it_is_momentum() {
        assert_eq!(one_element(Lars::new(1.0).trust(0.0).momentum(0.5), &[2.0, 0.0]), -3.0);
        assert_eq!(one_element(Lars::new(1.0).momentum(0.5).vectors_plainly(), &[2.0, 2.0]), -5.0);
    }

    #[test]
    fn the_second_step_knows_the_weights() {
        // theta = -2: r = 0.5 2 / (3 + 1); b = 1 + 0.25 3.
        assert_eq!(one_element(Lars::new(1.0).trust(0.5).eps(1.0).momentum(0.5), &[2.0, 3.0]), -2.0 - 1.75);
    }
}
