//! Sophia: momentum divided by the curvature, and clipped.
//!
//! ```text
//! every k steps: h = beta2 h + (1 - beta2) u * H u       u of signs at random
//! m = beta1 m + (1 - beta1) g
//! theta = theta - eta lambda theta
//! theta = theta - eta clip(m^ / max(gamma h, epsilon), -1, 1)
//! ```
//!
//! Paper: Liu et al., arXiv:2305.14342, Algorithm 3, with Hutchinson's estimate (Sophia-H).
//!
//! PyTorch has none. Defaults are optax's: betas 0.965 and 0.99, gamma 0.01, epsilon 1e-8, lambda 1e-4, k 10, with its
//! correction m^ = m / (1 - beta1^t), which the paper has not. The learning rate, 3e-4 or a little below AdamW's, has to be
//! said here. H u comes from the caller, by [`Sophia::step_with_curvature`], as the tape computes it; else
//! [`step_with`](crate::Optimizer::step_with) takes it from the difference of two gradients. The signs are a function of
//! the step and the element, so a run that continues is the run that did not stop.

use tape::{Gradients, Params, Real};

use crate::descent::Descent;
use crate::error::Error;
use crate::method::{Method, Work};
use crate::moments::{Average, bias_correction};
use crate::optimizer::{Evaluate, Optimizer, Step};
use crate::state::State;

/// Sophia (Liu et al., arXiv:2305.14342).
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, Sophia};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0]);
/// // Half of 4 x^2 + 100 y^2: a Newton step for both, of gamma = 1 - beta2 = 0.01 times the estimate's start.
/// let mut sophia = Sophia::new(0.5).gamma(100.0).decay(0.0);
/// let gradients = tape::Gradients::for_params(&params, &[4.0, 100.0])?;
/// sophia.step_with_curvature(&mut params, &gradients, &mut |_, u| vec![4.0 * u[0], 100.0 * u[1]])?;
/// assert!(params.values().iter().all(|x| (x - 0.5).abs() < 1e-12));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sophia<T> {
    descent: Descent<SophiaMethod<T>, T>,
    every: u64,
}

/// The Hessian of the loss at some parameters times a vector, both laid out like the parameters.
pub type Product<'a, T> = dyn FnMut(&Params<T>, &[T]) -> Vec<T> + 'a;

/// The formula of [`Sophia`].
#[derive(Debug, Clone)]
struct SophiaMethod<T> {
    beta1: f64,
    beta2: f64,
    gamma: f64,
    epsilon: f64,
    /// u * H u, where this step has one.
    curvature: Option<Vec<T>>,
}

impl<T: Real> Sophia<T> {
    /// Sophia at this learning rate, with a decoupled weight decay of 1e-4.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        let method = SophiaMethod { beta1: 0.965, beta2: 0.99, gamma: 0.01, epsilon: 1e-8, curvature: None };
        Self { descent: Descent::by(method, learning_rate).decoupled_weight_decay(1e-4), every: 10 }
    }

    /// How much of the averages of g and of the curvature is kept, both in [0, 1).
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        (self.descent.method.beta1, self.descent.method.beta2) = (beta1, beta2);
        self
    }

    /// What the curvature is multiplied by: the larger, the fewer elements are clipped.
    #[must_use]
    pub fn gamma(mut self, gamma: f64) -> Self {
        self.descent.method.gamma = gamma;
        self
    }

    /// The least divisor, above zero.
    #[must_use]
    pub fn eps(mut self, epsilon: f64) -> Self {
        self.descent.method.epsilon = epsilon;
        self
    }

    /// The decoupled weight decay.
    #[must_use]
    pub fn decay(mut self, lambda: f64) -> Self {
        self.descent = self.descent.decoupled_weight_decay(lambda);
        self
    }

    /// For how many steps an estimate of the curvature is used.
    #[must_use]
    pub fn every(self, steps: u64) -> Self {
        Self { every: steps, ..self }
    }

    /// Multiplies the learning rate by the schedule's value at each step.
    #[must_use]
    pub fn schedule(mut self, schedule: crate::Schedule) -> Self {
        self.descent = self.descent.schedule(schedule);
        self
    }

    /// Whether the next step estimates the curvature.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.descent.steps().is_multiple_of(self.every.max(1))
    }

    /// A step that asks for the Hessian of the loss times a vector, H u, laid out like the parameters, where it is due.
    ///
    /// # Errors
    /// Those of [`Optimizer::step`]; [`Error::Gradients`] if the product has another length.
    pub fn step_with_curvature(
        &mut self,
        params: &mut Params<T>,
        gradients: &Gradients<T>,
        product: &mut Product<'_, T>,
    ) -> Result<Step, Error> {
        self.check()?;
        if self.is_due() {
            let u = signs::<T>(self.descent.steps(), params.size());
            let product = product(params, &u);
            if product.len() != u.len() {
                let (expected, found) = (u.len(), product.len());
                return Err(Error::Gradients(tape::Error::ParameterLayout { expected, found }));
            }
            let curvature: Vec<T> = product.iter().zip(u).map(|(&h, u)| u * h).collect();
            // A product that is not finite tells nothing: the last estimate goes on.
            self.descent.method.curvature = curvature.iter().all(|h| h.is_finite()).then_some(curvature);
        }
        let done = self.descent.step(params, gradients);
        self.descent.method.curvature = None;
        done
    }
}

/// Signs at random, by the step and the place alone: the last bit of splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
fn signs<T: Real>(step: u64, count: usize) -> Vec<T> {
    let bit = |index: u64| {
        let mut z = (step << 32).wrapping_add(index).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    (0..count as u64).map(|index| if bit(index) & 1 == 0 { T::one() } else { -T::one() }).collect()
}

impl<T: Real> Method<T> for SophiaMethod<T> {
    const NAME: &'static str = "sophia";

    fn check(&self) -> Result<(), Error> {
        Error::unless_fraction("sophia", "beta1", self.beta1)?;
        Error::unless_fraction("sophia", "beta2", self.beta2)?;
        Error::unless_amount("sophia", "gamma", self.gamma)?;
        Error::unless_positive::<T>("sophia", "eps", self.epsilon)
    }

    fn array_count(&self) -> usize {
        2
    }

    fn array_name(&self, index: usize) -> String {
        ["exp_avg", "hessian"][index].to_owned()
    }

    fn update(&self, work: &mut Work<'_, T>) {
        let (first, second) = (Average::new(self.beta1), Average::new(self.beta2));
        let [gamma, epsilon]: [T; 2] = [self.gamma, self.epsilon].map(<T as Real>::from_f64);
        work.pieces(|t, eta, piece| {
            if let Some(curvature) = &self.curvature {
                let range = piece.range.clone();
                let h = piece.arrays[1][range.clone()].iter_mut().zip(&curvature[range]);
                h.for_each(|(h, &new)| *h = second.next(*h, new));
            }
            let correction: T = Real::from_f64(1.0 / bias_correction(self.beta1, t));
            let eta: T = Real::from_f64(eta);
            piece.each(move |g, [m, h]| {
                let m = first.next(m, g);
                let divisor = if gamma * h > epsilon { gamma * h } else { epsilon };
                let u = correction * m / divisor;
                let u = if u > T::one() { T::one() } else { u };
                let u = if u < -T::one() { -T::one() } else { u };
                (eta * u, [m, h])
            });
        });
    }
}

impl<T: Real> Optimizer<T> for Sophia<T> {
    fn name(&self) -> &'static str {
        self.descent.name()
    }

    fn check(&self) -> Result<(), Error> {
        Error::unless(self.every > 0, "sophia", "every", self.every, "it must be at least 1")?;
        self.descent.check()
    }

    fn step(&mut self, params: &mut Params<T>, gradients: &Gradients<T>) -> Result<Step, Error> {
        self.check()?;
        self.descent.step(params, gradients)
    }

    fn step_with(&mut self, params: &mut Params<T>, evaluate: &mut Evaluate<'_, T>) -> Result<Step, Error> {
        let (loss, gradients) = evaluate(params);
        Error::unless_finite(self.name(), loss)?;
        // Half of the error is the difference's, half that of rounding.
        let length = T::epsilon().sqrt().sqrt();
        self.step_with_curvature(params, &gradients, &mut |params, u| {
            let mut ahead = params.clone();
            ahead.values_mut().iter_mut().zip(u).for_each(|(x, &u)| *x += length * u);
            let (_, far) = evaluate(&ahead);
            far.params().iter().zip(gradients.params()).map(|(&far, &near)| (far - near) / length).collect()
        })
    }

    fn steps(&self) -> u64 {
        self.descent.steps()
    }

    fn learning_rate(&self) -> f64 {
        self.descent.learning_rate()
    }

    fn base_learning_rate(&self) -> f64 {
        self.descent.base_learning_rate()
    }

    fn set_learning_rate(&mut self, rate: f64) {
        self.descent.set_learning_rate(rate);
    }

    fn state(&self) -> State<T> {
        self.descent.state()
    }

    fn restore(&mut self, state: &State<T>) -> Result<(), Error> {
        self.descent.restore(state)
    }
}
