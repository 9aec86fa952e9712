//! Adam: steps scaled by estimates of the gradient's first two moments; with AMSGrad, and as AdamW.
//!
//! ```text
//! g = g + lambda theta                          AdamW: theta = theta - eta lambda theta
//! m = beta1 m + (1 - beta1) g
//! v = beta2 v + (1 - beta2) g^2                 AMSGrad: w = max(w, v), and w in place of v from here
//! m^ = m / (1 - beta1^t),  v^ = v / (1 - beta2^t)
//! theta = theta - eta m^ / (sqrt(v^) + epsilon)
//! ```
//!
//! Papers: Kingma and Ba, arXiv:1412.6980, Algorithm 1; AMSGrad: Reddi, Kale and Kumar, ICLR 2018, Algorithm 2; AdamW:
//! Loshchilov and Hutter, arXiv:1711.05101, Algorithm 2.
//!
//! Defaults are PyTorch 2.15's: beta1 0.9, beta2 0.999, epsilon 1e-8 outside the root, weight decay lambda 0, as L2;
//! for AdamW 0.01, decoupled. Its learning rate, 1e-3, has to be said here. t counts the steps of each parameter, as
//! there. AMSGrad is its code's, the maximum of v before the correction, and not its documentation's. One departure:
//! epsilon must be above zero, since with zero a gradient that is always zero gives 0 / 0.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::moments::{Average, bias_correction, larger};
use crate::recipe::{Piece, Recipe};

/// Adam (Kingma and Ba, arXiv:1412.6980).
///
/// ```
/// use ndarray::array;
/// use optim::{Adam, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-3, -1e3, 0.0])?;
/// let mut adam = Adam::new(0.25);
/// adam.step(&mut params, &gradients)?;
/// // The first step is as long as the rate, whatever the size of the gradient.
/// for (x, expected) in params.values().iter().zip([0.75, 1.25, 1.0]) {
///     assert!((x - expected).abs() < 1e-5);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Adam<T> = Descent<AdamRecipe, T>;

/// The formula and settings of [`Adam`].
#[derive(Debug, Clone)]
pub struct AdamRecipe {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the average of g^2 is kept at each step, in [0, 1).
    pub beta2: f64,
    /// What is added to the root of the second moment.
    pub epsilon: f64,
    /// Whether the second moment never falls.
    pub amsgrad: bool,
}

impl Default for AdamRecipe {
    /// PyTorch's settings.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, amsgrad: false }
    }
}

impl<T: Real> Descent<AdamRecipe, T> {
    /// Adam at this learning rate, with betas 0.9 and 0.999 and epsilon 1e-8.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(AdamRecipe::default(), learning_rate)
    }

    /// AdamW at this learning rate: Adam with a decoupled weight decay, of 0.01 if no other is set.
    ///
    /// ```
    /// use ndarray::array;
    /// use optim::{Adam, Optimizer};
    /// let mut params = tape::Params::<f64>::new();
    /// params.add("x", &array![8.0]);
    /// let gradients = tape::Gradients::for_params(&params, &[0.0])?;
    /// Adam::decoupled(0.5).step(&mut params, &gradients)?;
    /// assert_eq!(params.values(), [8.0 * (1.0 - 0.5 * 0.01)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn decoupled(learning_rate: f64) -> Self {
        Self::new(learning_rate).decoupled_weight_decay(0.01)
    }

    /// How much of the averages of g and of g^2 is kept at each step, both in [0, 1).
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.method.beta1 = beta1;
        self.method.beta2 = beta2;
        self
    }

    /// What is added to the root of the second moment; above zero, also when rounded to the element type.
    #[must_use]
    pub fn eps(mut self, epsilon: f64) -> Self {
        self.method.epsilon = epsilon;
        self
    }

    /// Divides by the largest second moment so far (Reddi, Kale and Kumar, ICLR 2018).
    #[must_use]
    pub fn amsgrad(mut self) -> Self {
        self.method.amsgrad = true;
        self
    }
}

impl Recipe for AdamRecipe {
    const NAME: &'static str = "adam";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_fraction(Self::NAME, "beta1", self.beta1)?;
        Error::unless_fraction(Self::NAME, "beta2", self.beta2)?;
        Error::unless_positive::<T>(Self::NAME, "eps", self.epsilon)
    }

    fn arrays(&self) -> &'static [&'static str] {
        if self.amsgrad { &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"] } else { &["exp_avg", "exp_avg_sq"] }
    }

    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        let (first, second) = (Average::new(self.beta1), Average::new(self.beta2));
        // Both corrections as factors outside the loop: one root and one division are left in it.
        let length = eta / bias_correction(self.beta1, t);
        let correction = 1.0 / bias_correction(self.beta2, t).sqrt();
        let [length, correction, epsilon] = [length, correction, self.epsilon].map(<T as Real>::from_f64);
        if self.amsgrad {
            piece.each(move |g, [m, v, w]| {
                let m = first.next(m, g);
                let v = second.next(v, g * g);
                let w = larger(w, v);
                (length * m / (w.sqrt() * correction + epsilon), [m, v, w])
            });
        } else {
            piece.each(move |g, [m, v]| {
                let m = first.next(m, g);
                let v = second.next(v, g * g);
                (length * m / (v.sqrt() * correction + epsilon), [m, v])
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Optimizer;
    use crate::recipe::one_element;

    #[test]
    fn two_steps_by_hand() {
        // m = 1, v = 1: m^ = 2, v^ = 4.  m = 0.5, v = 0.75: m^ = 2/3, v^ = 12/7.
        let expected = -(2.0 / 3.0) - (2.0 / 3.0) / ((12.0_f64 / 7.0).sqrt() + 1.0);
        assert!((one_element(Adam::new(1.0).betas(0.5, 0.75).eps(1.0), &[2.0, 0.0]) - expected).abs() < 1e-15);
        // AMSGrad: w stays 1, w^ = 16/7.
        let expected = -(2.0 / 3.0) - (2.0 / 3.0) / ((16.0_f64 / 7.0).sqrt() + 1.0);
        let amsgrad = Adam::new(1.0).betas(0.5, 0.75).eps(1.0).amsgrad();
        assert!((one_element(amsgrad, &[2.0, 0.0]) - expected).abs() < 1e-15);
    }

    #[test]
    fn what_it_cannot_be() {
        let text = |adam: Adam<f32>| adam.check().unwrap_err().to_string();
        assert_eq!(text(Adam::new(1.0).betas(1.0, 0.9)), "adam: beta1 = 1: it must be >= 0 and < 1");
        assert_eq!(text(Adam::new(1.0).betas(0.9, -0.5)), "adam: beta2 = -0.5: it must be >= 0 and < 1");
        let rule = "it must be finite and > 0 in the element type";
        assert_eq!(text(Adam::new(1.0).eps(0.0)), format!("adam: eps = 0: {rule}"));
        // Zero in f32.
        assert_eq!(text(Adam::new(1.0).eps(1e-60)), format!("adam: eps = {}: {rule}", 1e-60));
    }
}
