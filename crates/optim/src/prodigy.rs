//! Prodigy: AdamW that estimates its learning rate, from how far the parameters have come.
//!
//! ```text
//! q = d eta sqrt(1 - beta2^t) / (1 - beta1^t)            from d = d0
//! r = sqrt(beta2) r + (d / d0) q <g, theta_0 - theta>
//! s = sqrt(beta2) s + (d / d0) q g
//! m = beta1 m + (1 - beta1) d g,  v = beta2 v + (1 - beta2) d^2 g^2
//! d' = max(d, c r / |s|_1)
//! theta = theta - q lambda theta - q m / (sqrt(v) + d' epsilon)
//! ```
//!
//! The scalar product and the sum of sizes |s|_1 are over all parameters; theta_0 is where each began. t is the optimizer's.
//!
//! Paper: Mishchenko and Defazio, arXiv:2306.06101, Algorithm 4.
//!
//! PyTorch has none. Defaults are optax's: betas 0.9 and 0.999, epsilon 1e-8, d0 1e-6, c 1, lambda 0. The learning rate is 1,
//! times a schedule.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::method::{Method, Work};
use crate::moments::{Average, bias_correction};

/// Prodigy (Mishchenko and Defazio, arXiv:2306.06101).
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, Prodigy};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-2, -1e2])?;
/// Prodigy::new(1.0).d0(0.25).step(&mut params, &gradients)?;
/// // The first step is as long as the estimate, times sqrt(1 - beta2) / (1 - beta1) (1 - beta1) / sqrt(1 - beta2).
/// for (x, expected) in params.values().iter().zip([0.75, 1.25]) {
///     assert!((x - expected).abs() < 1e-4);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Prodigy<T> = Descent<ProdigyMethod, T>;

/// The formula and settings of [`Prodigy`].
#[derive(Debug, Clone)]
pub struct ProdigyMethod {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the average of g^2 is kept at each step, in [0, 1).
    pub beta2: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
    /// The first estimate of the distance, above zero and too small.
    pub d0: f64,
    /// What estimates are multiplied by.
    pub coefficient: f64,
    /// The weight decay, times the estimated rate.
    pub lambda: f64,
}

impl Default for ProdigyMethod {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, d0: 1e-6, coefficient: 1.0, lambda: 0.0 }
    }
}

impl<T: Real> Descent<ProdigyMethod, T> {
    /// Prodigy at this multiple of the rate that it estimates; 1 is recommended.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(ProdigyMethod::default(), learning_rate)
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

    /// The first estimate of the distance, above zero and too small.
    #[must_use]
    pub fn d0(mut self, d0: f64) -> Self {
        self.method.d0 = d0;
        self
    }

    /// What estimates are multiplied by.
    #[must_use]
    pub fn coefficient(mut self, coefficient: f64) -> Self {
        self.method.coefficient = coefficient;
        self
    }

    /// Shrinks parameters by lambda times the estimated rate.
    #[must_use]
    pub fn estimated_decay(mut self, lambda: f64) -> Self {
        self.method.lambda = lambda;
        self
    }

    /// The rate that it estimates now; none before the first step.
    #[must_use]
    pub fn estimate(&self) -> Option<f64> {
        self.number(0)
    }
}

impl<T: Real> Method<T> for ProdigyMethod {
    const NAME: &'static str = "prodigy";

    fn check(&self) -> Result<(), Error> {
        let owner = "prodigy";
        Error::unless_fraction(owner, "beta1", self.beta1)?;
        Error::unless_fraction(owner, "beta2", self.beta2)?;
        Error::unless_positive::<T>(owner, "eps", self.epsilon)?;
        Error::unless_positive::<T>(owner, "d0", self.d0)?;
        Error::unless_amount(owner, "coefficient", self.coefficient)?;
        Error::unless_amount(owner, "lambda", self.lambda)
    }

    fn array_count(&self) -> usize {
        4
    }

    fn array_name(&self, index: usize) -> String {
        ["exp_avg", "exp_avg_sq", "s", "p0"][index].to_owned()
    }

    fn numbers(&self) -> &'static [(&'static str, f64)] {
        // Zero stands for d0, which is a setting.
        &[("d", 0.0), ("numerator", 0.0)]
    }

    fn update(&self, work: &mut Work<'_, T>) {
        let d = if work.numbers()[0] > 0.0 { work.numbers()[0] } else { self.d0 };
        let (first, second, beta3) = (Average::new(self.beta1), Average::new(self.beta2), self.beta2.sqrt());
        let correction = bias_correction(self.beta2, work.step).sqrt() / bias_correction(self.beta1, work.step);
        let weight = d / self.d0 * (d * work.eta * correction);
        let [d_element, kept, added]: [T; 3] = [d, beta3, weight].map(<T as Real>::from_f64);
        let (mut along, mut sizes) = (0.0, 0.0);
        work.tensors(|t, _, mut tensor| {
            let [m, v, s, p0] = tensor.arrays.all();
            if t == 1 {
                p0.copy_from_slice(tensor.theta);
            }
            for (i, &mut g) in tensor.gradient.iter_mut().enumerate() {
                along += g.widen() * (p0[i] - tensor.theta[i]).widen();
                let scaled = d_element * g;
                m[i] = first.next(m[i], scaled);
                v[i] = second.next(v[i], scaled * scaled);
                s[i] = kept * s[i] + added * g;
                sizes += s[i].abs().widen();
            }
        });
        let numerator = beta3 * work.numbers()[1] + weight * along;
        let new = if sizes > 0.0 { d.max(self.coefficient * numerator / sizes) } else { d };
        work.numbers().copy_from_slice(&[new, numerator]);
        let epsilon: T = Real::from_f64(new * self.epsilon);
        let lambda: T = Real::from_f64(self.lambda);
        work.tensors(|_, eta, mut tensor| {
            let [m, v, _, _] = tensor.arrays.all();
            for (i, u) in tensor.gradient.iter_mut().enumerate() {
                *u = m[i] / (v[i].sqrt() + epsilon) + lambda * tensor.theta[i];
            }
            tensor.descend(d * eta * correction);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The estimate grows until steps are long enough to get anywhere.
    #[test]
    fn the_estimate_finds_the_distance() {
        let mut prodigy = Prodigy::new(1.0);
        assert_eq!(prodigy.estimate(), None);
        let mut params = tape::Params::<f64>::new();
        params.add("x", &ndarray::array![10.0]);
        for _ in 0..300 {
            let g = params.values()[0].signum();
            let gradients = tape::Gradients::for_params(&params, &[g]).unwrap();
            crate::Optimizer::step(&mut prodigy, &mut params, &gradients).unwrap();
        }
        let d = prodigy.estimate().unwrap();
        assert!(d > 0.1 && d < 20.0, "{d}");
        assert!(params.values()[0].abs() < 5.0);
    }
}
