//! D-Adaptation: AdamW that estimates its learning rate, from sums of its gradients.
//!
//! ```text
//! q = d eta sqrt(1 - beta2^t) / (1 - beta1^t)            from d = d0
//! r = sqrt(beta2) r + (1 - sqrt(beta2)) q <g, s / (sqrt(v) + epsilon)>
//! m = beta1 m + (1 - beta1) q g,  v = beta2 v + (1 - beta2) g^2
//! s = sqrt(beta2) s + (1 - sqrt(beta2)) q g
//! d' = max(d, r / ((1 - sqrt(beta2)) |s|_1))
//! theta = theta - q lambda theta - m / (sqrt(v) + epsilon)
//! ```
//!
//! The scalar product and the sum of sizes |s|_1 are over all parameters. t is the optimizer's.
//!
//! Paper: Defazio and Mishchenko, arXiv:2301.07733, Algorithm 5.
//!
//! PyTorch has none. Defaults are optax's: betas 0.9 and 0.999, epsilon 1e-8, d0 1e-6, lambda 0. The learning rate is 1, times
//! a schedule.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::method::{Method, Work};
use crate::moments::{Average, bias_correction};

/// D-Adaptation of AdamW (Defazio and Mishchenko, arXiv:2301.07733).
///
/// ```
/// use ndarray::array;
/// use optim::{DAdaptation, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-2, -1e2])?;
/// DAdaptation::new(1.0).d0(0.25).step(&mut params, &gradients)?;
/// // The first step is as long as the first estimate.
/// for (x, expected) in params.values().iter().zip([0.75, 1.25]) {
///     assert!((x - expected).abs() < 1e-4);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type DAdaptation<T> = Descent<DAdaptationMethod, T>;

/// The formula and settings of [`DAdaptation`].
#[derive(Debug, Clone)]
pub struct DAdaptationMethod {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the average of g^2 is kept at each step, in [0, 1).
    pub beta2: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
    /// The first estimate of the distance, above zero and too small.
    pub d0: f64,
    /// The weight decay, times the estimated rate.
    pub lambda: f64,
}

impl Default for DAdaptationMethod {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, d0: 1e-6, lambda: 0.0 }
    }
}

impl<T: Real> Descent<DAdaptationMethod, T> {
    /// D-Adaptation at this multiple of the rate that it estimates; 1 is recommended.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(DAdaptationMethod::default(), learning_rate)
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

impl<T: Real> Method<T> for DAdaptationMethod {
    const NAME: &'static str = "d_adaptation";

    fn check(&self) -> Result<(), Error> {
        let owner = "d_adaptation";
        Error::unless_fraction(owner, "beta1", self.beta1)?;
        Error::unless_fraction(owner, "beta2", self.beta2)?;
        Error::unless_positive::<T>(owner, "eps", self.epsilon)?;
        Error::unless_positive::<T>(owner, "d0", self.d0)?;
        Error::unless_amount(owner, "lambda", self.lambda)
    }

    fn array_count(&self) -> usize {
        3
    }

    fn array_name(&self, index: usize) -> String {
        ["exp_avg", "exp_avg_sq", "s"][index].to_owned()
    }

    fn numbers(&self) -> &'static [(&'static str, f64)] {
        // Zero stands for d0, which is a setting.
        &[("d", 0.0), ("numerator", 0.0)]
    }

    fn update(&self, work: &mut Work<'_, T>) {
        let d = if work.numbers()[0] > 0.0 { work.numbers()[0] } else { self.d0 };
        let (first, second) = (Average::new(self.beta1), Average::new(self.beta2));
        let beta3 = self.beta2.sqrt();
        let sums = Average::new(beta3);
        let correction = bias_correction(self.beta2, work.step).sqrt() / bias_correction(self.beta1, work.step);
        let rate = d * work.eta * correction;
        let [q, epsilon, lambda]: [T; 3] = [rate, self.epsilon, self.lambda].map(<T as Real>::from_f64);
        let (mut along, mut sizes) = (0.0, 0.0);
        work.tensors(|_, eta, mut tensor| {
            let [m, v, s] = tensor.arrays.all();
            let rate = d * eta * correction;
            let own: T = Real::from_f64(rate);
            for (i, u) in tensor.gradient.iter_mut().enumerate() {
                let g = *u;
                along += g.widen() * (s[i] / (v[i].sqrt() + epsilon)).widen();
                m[i] = first.next(m[i], own * g);
                v[i] = second.next(v[i], g * g);
                s[i] = sums.next(s[i], q * g);
                sizes += s[i].abs().widen();
                *u = m[i] / (v[i].sqrt() + epsilon) + lambda * own * tensor.theta[i];
            }
            tensor.descend(1.0);
        });
        let numerator = beta3 * work.numbers()[1] + (1.0 - beta3) * rate * along;
        let new = if sizes > 0.0 { d.max(numerator / ((1.0 - beta3) * sizes)) } else { d };
        work.numbers().copy_from_slice(&[new, numerator]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_never_falls() {
        let mut adaptation = DAdaptation::new(1.0);
        assert_eq!(adaptation.estimate(), None);
        let mut params = tape::Params::<f64>::new();
        params.add("x", &ndarray::array![10.0]);
        let mut before = 0.0;
        for _ in 0..300 {
            let g = params.values()[0].signum();
            let gradients = tape::Gradients::for_params(&params, &[g]).unwrap();
            crate::Optimizer::step(&mut adaptation, &mut params, &gradients).unwrap();
            let d = adaptation.estimate().unwrap();
            assert!(d >= before);
            before = d;
        }
        assert!(before > 1e-3, "{before}");
    }
}
