//! Schedule-Free: an average of all steps in place of a learning rate that falls.
//!
//! ```text
//! gradients are taken at y, which is what the parameters hold
//! z = z - eta (g + lambda y)                              AdamW: eta (g / (sqrt(v^) + epsilon) + lambda y)
//! w = (the largest eta so far)^power,  c = w / (the sum of w so far)
//! x = (1 - c) x + c z,  y = (1 - beta) z + beta x         from x = y = z
//! ```
//!
//! v^ is Adam's corrected second moment. x is not kept: it is y + (1 - beta) / beta (y - z).
//!
//! Paper: Defazio et al., arXiv:2405.15682.
//!
//! PyTorch has none. Defaults are optax's: beta 0.9, power 2, lambda 0; for AdamW beta2 0.999, epsilon 1e-8. Learning rates,
//! 1 for SGD and 2.5e-3 for AdamW, have to be said here. A warm-up is a schedule; a falling schedule would be against the
//! idea. Evaluate the model at x: [`Optimizer::evaluation`](crate::Optimizer::evaluation).

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::method::{Method, Work};
use crate::moments::{Average, bias_correction};

/// Schedule-Free SGD and AdamW (Defazio et al., arXiv:2405.15682).
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, ScheduleFree};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![0.0]);
/// let slope = tape::Gradients::for_params(&params, &[-1.0])?;
/// let mut free = ScheduleFree::sgd(1.0).beta(0.5);
/// free.step(&mut params, &slope)?; // z = x = y = 1
/// free.step(&mut params, &slope)?; // z = 2, x = 1.5, y between them
/// assert_eq!(params.values(), [1.75]);
/// assert_eq!(free.evaluation(&params), Some(vec![1.5]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type ScheduleFree<T> = Descent<ScheduleFreeMethod, T>;

/// The formula and settings of [`ScheduleFree`].
#[derive(Debug, Clone)]
pub struct ScheduleFreeMethod {
    /// How near to the average gradients are taken, in (0, 1).
    pub beta: f64,
    /// The power of the rate with which steps count in the average.
    pub power: f64,
    /// The weight decay, taken at y.
    pub lambda: f64,
    /// Whether z is stepped by AdamW and not by plain descent.
    pub adaptive: bool,
    /// How much of the average of g^2 is kept at each step, in [0, 1).
    pub beta2: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
}

impl Default for ScheduleFreeMethod {
    /// Plain descent, with the settings that the head of the file gives.
    fn default() -> Self {
        Self { beta: 0.9, power: 2.0, lambda: 0.0, adaptive: false, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl<T: Real> Descent<ScheduleFreeMethod, T> {
    /// Schedule-Free descent at this learning rate.
    #[must_use]
    pub fn sgd(learning_rate: f64) -> Self {
        Self::by(ScheduleFreeMethod::default(), learning_rate)
    }

    /// Schedule-Free AdamW at this learning rate.
    #[must_use]
    pub fn adamw(learning_rate: f64) -> Self {
        Self::by(ScheduleFreeMethod { adaptive: true, ..ScheduleFreeMethod::default() }, learning_rate)
    }

    /// How near to the average gradients are taken, in (0, 1).
    #[must_use]
    pub fn beta(mut self, beta: f64) -> Self {
        self.method.beta = beta;
        self
    }

    /// The power of the rate with which steps count in the average.
    #[must_use]
    pub fn power(mut self, power: f64) -> Self {
        self.method.power = power;
        self
    }

    /// AdamW's second moment: how much is kept at each step, and what is added to its root.
    #[must_use]
    pub fn second_moment(mut self, beta2: f64, epsilon: f64) -> Self {
        self.method.beta2 = beta2;
        self.method.epsilon = epsilon;
        self
    }

    /// Weight decay at y, as part of the step of z.
    #[must_use]
    pub fn decay_at_y(mut self, lambda: f64) -> Self {
        self.method.lambda = lambda;
        self
    }
}

impl<T: Real> Method<T> for ScheduleFreeMethod {
    const NAME: &'static str = "schedule_free";

    fn check(&self) -> Result<(), Error> {
        let owner = "schedule_free";
        Error::unless(self.beta > 0.0 && self.beta < 1.0, owner, "beta", self.beta, "it must be > 0 and < 1")?;
        Error::unless_amount(owner, "power", self.power)?;
        Error::unless_amount(owner, "lambda", self.lambda)?;
        Error::unless_fraction(owner, "beta2", self.beta2)?;
        Error::unless_positive::<T>(owner, "eps", self.epsilon)
    }

    fn array_count(&self) -> usize {
        1 + usize::from(self.adaptive)
    }

    fn array_name(&self, index: usize) -> String {
        ["z", "exp_avg_sq"][index].to_owned()
    }

    fn numbers(&self) -> &'static [(&'static str, f64)] {
        &[("weight_sum", 0.0), ("largest_rate", 0.0)]
    }

    fn evaluation(&self) -> Option<f64> {
        Some((1.0 - self.beta) / self.beta)
    }

    fn update(&self, work: &mut Work<'_, T>) {
        let largest = work.numbers()[1].max(work.eta);
        let weight = largest.powf(self.power);
        let sum = work.numbers()[0] + weight;
        work.numbers().copy_from_slice(&[sum, largest]);
        // A warm-up may begin with a rate of zero.
        let share = if sum > 0.0 { weight / sum } else { 0.0 };
        let second = Average::new(self.beta2);
        work.pieces(|t, eta, piece| {
            let start = if t == 1 { 1.0 } else { 0.0 };
            let correction = 1.0 / bias_correction(self.beta2, t).sqrt();
            let [eta, lambda, epsilon, start, correction, c, beta, rest] =
                [eta, self.lambda, self.epsilon, start, correction, share, self.beta, 1.0 - self.beta]
                    .map(<T as Real>::from_f64);
            let [one, rest_c]: [T; 2] = [1.0, 1.0 - share].map(<T as Real>::from_f64);
            let advance = move |y: T, z: T, u: T| {
                let z = z + start * y;
                let x = (y - rest * z) / beta;
                let z = z - eta * (u + lambda * y);
                let x = rest_c * x + c * z;
                ((one - beta) * z + beta * x, z)
            };
            if self.adaptive {
                piece.each_at(move |y, g, [z, v]| {
                    let v = second.next(v, g * g);
                    let (y, z) = advance(y, z, g / (v.sqrt() * correction + epsilon));
                    (y, [z, v])
                });
            } else {
                piece.each_at(move |y, g, [z]| {
                    let (y, z) = advance(y, z, g);
                    (y, [z])
                });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Optimizer;
    use crate::recipe::one_element;

    #[test]
    fn adamw_by_hand() {
        // v^ = 4: z = -2/3, and x and y are there too.
        let free = ScheduleFree::adamw(1.0).second_moment(0.75, 1.0);
        assert!((one_element(free, &[2.0]) + 2.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn what_was_never_stepped_is_evaluated_as_it_is() {
        let mut params = tape::Params::<f64>::new();
        params.add("a", &ndarray::array![1.0]);
        let b = params.add("b", &ndarray::array![7.0]);
        params.set_trainable(b, false);
        let gradients = tape::Gradients::for_params(&params, &[1.0, 1.0]).unwrap();
        let mut free = ScheduleFree::sgd(0.5);
        assert_eq!(free.evaluation(&params), None);
        free.step(&mut params, &gradients).unwrap();
        assert_eq!(free.evaluation(&params).unwrap()[1], 7.0);
    }
}
