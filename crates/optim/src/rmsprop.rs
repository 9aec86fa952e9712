//! RMSprop: steps scaled by a running average of squares; centred, and with momentum.
//!
//! ```text
//! g = g + lambda theta
//! v = alpha v + (1 - alpha) g^2
//! w = v;  centred: m = alpha m + (1 - alpha) g, w = max(v - m^2, 0)
//! u = g / (sqrt(w) + epsilon)
//! theta = theta - eta u;  with momentum: b = mu b + u, theta = theta - eta b
//! ```
//!
//! Sources: Hinton, Neural Networks for Machine Learning, lecture 6, 2012; centred, with momentum: Graves, arXiv:1308.0850.
//!
//! Defaults are PyTorch 2.15's: alpha 0.99, epsilon 1e-8 outside the root, no momentum; its learning rate, 0.01, has to be said
//! here. One departure: the variance of the centred form is kept at 0 or above, where PyTorch's may round below it and become
//! NaN. optax has epsilon inside the root (`eps_inside()`) and alpha 0.9, and its rate inside b.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::moments::{Average, larger};
use crate::recipe::{Piece, Recipe};

/// RMSprop (Hinton 2012).
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, RmsProp};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-2, -1e2])?;
/// RmsProp::new(0.1).alpha(0.75).step(&mut params, &gradients)?;
/// // 1 / sqrt(1 - alpha) rates long.
/// for (x, expected) in params.values().iter().zip([0.8, 1.2]) {
///     assert!((x - expected).abs() < 1e-6);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type RmsProp<T> = Descent<RmsPropRecipe, T>;

/// The formula and settings of [`RmsProp`].
#[derive(Debug, Clone)]
pub struct RmsPropRecipe {
    /// How much of the averages is kept at each step, in [0, 1).
    pub alpha: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
    /// Whether epsilon is added under the root.
    pub epsilon_inside: bool,
    /// Whether the mean of the gradient is taken out of its square.
    pub centred: bool,
    /// How much of the last step is kept, mu in [0, 1).
    pub momentum: f64,
}

impl Default for RmsPropRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { alpha: 0.99, epsilon: 1e-8, epsilon_inside: false, centred: false, momentum: 0.0 }
    }
}

impl<T: Real> Descent<RmsPropRecipe, T> {
    /// RMSprop at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(RmsPropRecipe::default(), learning_rate)
    }

    /// How much of the averages is kept at each step, in [0, 1).
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

    /// Adds epsilon under the root.
    #[must_use]
    pub fn eps_inside(mut self) -> Self {
        self.method.epsilon_inside = true;
        self
    }

    /// Takes the mean of the gradient out of its square.
    #[must_use]
    pub fn centred(mut self) -> Self {
        self.method.centred = true;
        self
    }

    /// How much of the last step is kept, mu in [0, 1).
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.method.momentum = momentum;
        self
    }
}

impl Recipe for RmsPropRecipe {
    const NAME: &'static str = "rmsprop";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_fraction(Self::NAME, "alpha", self.alpha)?;
        Error::unless_positive::<T>(Self::NAME, "eps", self.epsilon)?;
        Error::unless_fraction(Self::NAME, "momentum", self.momentum)
    }

    fn arrays(&self) -> &'static [&'static str] {
        match (self.centred, self.momentum > 0.0) {
            (false, false) => &["square_avg"],
            (false, true) => &["square_avg", "momentum_buffer"],
            (true, false) => &["square_avg", "grad_avg"],
            (true, true) => &["square_avg", "grad_avg", "momentum_buffer"],
        }
    }

    fn update<T: Real>(&self, _t: u64, eta: f64, piece: Piece<'_, T>) {
        let average = Average::new(self.alpha);
        let (inside, outside) = if self.epsilon_inside { (self.epsilon, 0.0) } else { (0.0, self.epsilon) };
        let [eta, mu, inside, outside] = [eta, self.momentum, inside, outside].map(<T as Real>::from_f64);
        let scale = move |g: T, w: T| g / ((w + inside).sqrt() + outside);
        let spread = move |v: T, m: T| larger(v - m * m, T::zero());
        match (self.centred, self.momentum > 0.0) {
            (false, false) => piece.each(move |g, [v]| {
                let v = average.next(v, g * g);
                (eta * scale(g, v), [v])
            }),
            (false, true) => piece.each(move |g, [v, b]| {
                let v = average.next(v, g * g);
                let b = mu * b + scale(g, v);
                (eta * b, [v, b])
            }),
            (true, false) => piece.each(move |g, [v, m]| {
                let (v, m) = (average.next(v, g * g), average.next(m, g));
                (eta * scale(g, spread(v, m)), [v, m])
            }),
            (true, true) => piece.each(move |g, [v, m, b]| {
                let (v, m) = (average.next(v, g * g), average.next(m, g));
                let b = mu * b + scale(g, spread(v, m));
                (eta * b, [v, m, b])
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn each_form_by_hand() {
        let rms = || RmsProp::new(1.0).alpha(0.75).eps(1.0);
        // v = 4, 3: 4 / 3 and 0.
        assert_eq!(one_element(rms(), &[4.0, 0.0]), -4.0 / 3.0);
        assert_eq!(one_element(rms().momentum(0.5), &[4.0, 0.0]), -4.0 / 3.0 - 2.0 / 3.0);
        // v = 4, m = 1: sqrt(3).
        assert_eq!(one_element(rms().centred(), &[4.0]), -4.0 / (3.0_f64.sqrt() + 1.0));
        assert_eq!(one_element(rms().eps(5.0).eps_inside(), &[4.0]), -4.0 / 3.0);
    }

    /// v - m^2 of a gradient that is always the same is a rounding error, in PyTorch also a negative one.
    #[test]
    fn a_variance_that_rounds_below_zero_is_zero() {
        assert!(one_element(RmsProp::new(1e-9).alpha(0.9).centred(), &[0.1; 400]).is_finite());
    }
}
