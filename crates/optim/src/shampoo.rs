//! Shampoo: a preconditioner for each side of a matrix, with steps as long as Adam's.
//!
//! ```text
//! m, v as in Adam, A = m^ / (sqrt(v^) + epsilon)
//! L = beta2 L + (1 - beta2) G G^T,  R = beta2 R + (1 - beta2) G^T G,  both corrected as v is
//! P = (L^ + delta I)^(-1/4) m^ (R^ + delta I)^(-1/4)
//! theta = theta - eta P |A| / |P|                        from step `start` on; before, and for vectors, A
//! ```
//!
//! Roots are computed anew every `every` steps; a side longer than `largest` has none. Axes after the first count as columns.
//!
//! Papers: Gupta, Koren and Singer, arXiv:1802.09568; averages, grafting and delayed roots: Shi et al., arXiv:2309.06497.
//!
//! PyTorch has none. Defaults: betas 0.9 and 0.999, epsilon 1e-8, delta 1e-6, start 25, every 100 (Shi et al. take 100 and 50),
//! largest 8192. The learning rate is Adam's, 1e-3, and has to be said here; so is the decay, decoupled.

use tape::Real;

use crate::clip::length;
use crate::descent::Descent;
use crate::error::Error;
use crate::matrix::{average_squares, inverse_root, product, sides};
use crate::method::{Method, Work};
use crate::moments::{Average, Moments, bias_correction};

/// Shampoo (Gupta, Koren and Singer, arXiv:1802.09568), grafted to Adam.
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, Shampoo};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![[0.0, 0.0], [0.0, 0.0]]);
/// let gradients = tape::Gradients::for_params(&params, &[8.0, 0.0, 0.0, -1.0])?;
/// Shampoo::new(0.5).start(1).step(&mut params, &gradients)?;
/// // Both singular values count the same; the step is as long as Adam's, which moves two elements.
/// for (x, expected) in params.values().iter().zip([-0.5, 0.0, 0.0, 0.5]) {
///     assert!((x - expected).abs() < 1e-5);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Shampoo<T> = Descent<ShampooMethod, T>;

/// The formula and settings of [`Shampoo`].
#[derive(Debug, Clone)]
pub struct ShampooMethod {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the averages of squares is kept at each step, in [0, 1).
    pub beta2: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
    /// What is added to the eigenvalues, above zero.
    pub delta: f64,
    /// The first step of a parameter that is preconditioned.
    pub start: u64,
    /// How many steps the roots are used for.
    pub every: u64,
    /// The longest side that is preconditioned.
    pub largest: usize,
}

impl Default for ShampooMethod {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, delta: 1e-6, start: 25, every: 100, largest: 8192 }
    }
}

impl<T: Real> Descent<ShampooMethod, T> {
    /// Shampoo at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(ShampooMethod::default(), learning_rate)
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

    /// What is added to the eigenvalues, above zero.
    #[must_use]
    pub fn delta(mut self, delta: f64) -> Self {
        self.method.delta = delta;
        self
    }

    /// The first step of a parameter that is preconditioned.
    #[must_use]
    pub fn start(mut self, start: u64) -> Self {
        self.method.start = start;
        self
    }

    /// How many steps the roots are used for.
    #[must_use]
    pub fn every(mut self, every: u64) -> Self {
        self.method.every = every;
        self
    }

    /// The longest side that is preconditioned.
    #[must_use]
    pub fn largest(mut self, largest: usize) -> Self {
        self.method.largest = largest;
        self
    }
}

impl<T: Real> Method<T> for ShampooMethod {
    const NAME: &'static str = "shampoo";

    fn check(&self) -> Result<(), Error> {
        let owner = "shampoo";
        Error::unless_fraction(owner, "beta1", self.beta1)?;
        Error::unless_fraction(owner, "beta2", self.beta2)?;
        Error::unless_positive::<T>(owner, "eps", self.epsilon)?;
        Error::unless_positive::<T>(owner, "delta", self.delta)?;
        Error::unless(self.start > 0, owner, "start", self.start, "it must be at least 1")?;
        Error::unless(self.every > 0, owner, "every", self.every, "it must be at least 1")?;
        Error::unless(self.largest > 0, owner, "largest", self.largest, "it must be at least 1")
    }

    fn array_count(&self) -> usize {
        2
    }

    fn array_name(&self, index: usize) -> String {
        ["exp_avg", "exp_avg_sq"][index].to_owned()
    }

    fn shaped_arrays(&self, shape: &[usize]) -> Vec<(String, usize)> {
        let square = |side: usize| if side > self.largest { 0 } else { side.saturating_mul(side) };
        sides(shape).map_or_else(Vec::new, |(rows, columns)| {
            let sizes = [("left", rows), ("right", columns), ("left_root", rows), ("right_root", columns)];
            sizes.iter().map(|&(name, side)| (name.to_owned(), square(side))).collect()
        })
    }

    fn update(&self, work: &mut Work<'_, T>) {
        let moments = Moments { beta1: self.beta1, beta2: self.beta2, epsilon: self.epsilon };
        let squares = Average::new(self.beta2);
        work.tensors(|t, eta, mut tensor| {
            let gradient = tensor.gradient.to_vec();
            let [m, v] = tensor.arrays.all();
            moments.direction(t, tensor.gradient, m, v);
            let (Some((rows, columns)), [left, right, left_root, right_root]) =
                (sides(tensor.shape), &mut *tensor.others)
            else {
                return tensor.descend(eta);
            };
            average_squares(&gradient, [rows, columns], squares, left, right);
            if t >= self.start {
                if (t - self.start).is_multiple_of(self.every) {
                    let correction = bias_correction(self.beta2, t);
                    for (square, root, side) in [(left, &mut *left_root, rows), (right, &mut *right_root, columns)] {
                        let corrected: Vec<f64> = square.iter().map(|&x| x.widen() / correction).collect();
                        if !corrected.is_empty() {
                            let new = inverse_root(&corrected, side, self.delta, 4.0);
                            root.iter_mut().zip(new).for_each(|(root, new)| *root = Real::from_f64(new));
                        }
                    }
                }
                let mut p = m.to_vec();
                if !left_root.is_empty() {
                    p = product(left_root, &p, [rows, rows, columns]);
                }
                if !right_root.is_empty() {
                    p = product(&p, right_root, [rows, columns, columns]);
                }
                let (own, adams) = (length(&p), length(tensor.gradient));
                let graft: T = Real::from_f64(if own > 0.0 { adams / own } else { 0.0 });
                tensor.gradient.iter_mut().zip(p).for_each(|(u, p)| *u = graft * p);
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
    fn a_vector_has_adams_step() {
        let shampoo = Shampoo::new(0.1).start(1);
        assert_eq!(one_element(shampoo, &[2.0, -1.0]), one_element(crate::Adam::new(0.1), &[2.0, -1.0]));
    }
}
