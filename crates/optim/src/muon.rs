//! Muon: the momentum of a matrix, made orthogonal; AdamW for vectors.
//!
//! ```text
//! B = mu B + (1 - mu) G,  M = (1 - mu) G + mu B  with Nesterov's momentum, else M = B
//! X = M / max(|M|, epsilon), transposed if it has more rows than columns; five times:
//! A = X X^T,  X = a X + (b A + c A^2) X                  a, b, c = 3.4445, -4.7750, 2.0315
//! theta = theta - eta lambda theta
//! theta = theta - eta s X                                s = sqrt(max(1, rows / columns))
//! ```
//!
//! The iteration brings every singular value near 1. Axes after the first count as columns.
//!
//! Source: Jordan et al., Muon, 2024; Liu et al., arXiv:2502.16982, whose scale is s = 0.2 sqrt(max(rows, columns)):
//! `match_adamw()`.
//!
//! Defaults are PyTorch 2.15's: mu 0.95 with Nesterov, lambda 0.1, epsilon 1e-7; its learning rate, 1e-3, has to be said here
//! (the authors take 0.02). Departures: PyTorch iterates in bfloat16, here it is the element type; it refuses all but matrices,
//! here the rest has AdamW's step at the same rate and decay, and axes are joined.

use tape::Real;

use crate::adam::AdamRecipe;
use crate::clip::length;
use crate::descent::Descent;
use crate::error::Error;
use crate::matrix::{gram, product, sides, transposed};
use crate::method::{Method, Work};
use crate::moments::{Average, Moments};

/// Muon (Jordan et al. 2024).
///
/// ```
/// use ndarray::array;
/// use optim::{Muon, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![[0.0, 0.0], [0.0, 0.0]]);
/// let gradients = tape::Gradients::for_params(&params, &[7.0, 0.0, 0.0, -7.0])?;
/// Muon::new(0.5).decoupled_weight_decay(0.0).step(&mut params, &gradients)?;
/// // Singular values near 1, whatever the gradient's length.
/// for (x, sign) in params.values().iter().zip([-1.0, 0.0, 0.0, 1.0]) {
///     assert!((x / 0.5 - sign).abs() < 0.35);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Muon<T> = Descent<MuonMethod, T>;

/// The formula and settings of [`Muon`].
#[derive(Debug, Clone)]
pub struct MuonMethod {
    /// How much of the momentum is kept at each step, mu in [0, 1).
    pub momentum: f64,
    /// Whether to look ahead along the momentum.
    pub nesterov: bool,
    /// How often the matrix is brought nearer to an orthogonal one.
    pub iterations: u32,
    /// Whether steps are as long as AdamW's.
    pub match_adamw: bool,
    /// The least norm that a matrix is divided by, above zero.
    pub epsilon: f64,
    /// What vectors and scalars are stepped by.
    pub rest: AdamRecipe,
}

impl Default for MuonMethod {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self {
            momentum: 0.95,
            nesterov: true,
            iterations: 5,
            match_adamw: false,
            epsilon: 1e-7,
            rest: AdamRecipe::default(),
        }
    }
}

impl<T: Real> Descent<MuonMethod, T> {
    /// Muon at this learning rate, with a decoupled weight decay of 0.1.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(MuonMethod::default(), learning_rate).decoupled_weight_decay(0.1)
    }

    /// How much of the momentum is kept at each step, mu in [0, 1).
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.method.momentum = momentum;
        self
    }

    /// Steps along the momentum itself.
    #[must_use]
    pub fn without_nesterov(mut self) -> Self {
        self.method.nesterov = false;
        self
    }

    /// How often the matrix is brought nearer to an orthogonal one.
    #[must_use]
    pub fn iterations(mut self, iterations: u32) -> Self {
        self.method.iterations = iterations;
        self
    }

    /// Scales steps to the length of AdamW's, so that one rate serves both.
    #[must_use]
    pub fn match_adamw(mut self) -> Self {
        self.method.match_adamw = true;
        self
    }

    /// What vectors and scalars are stepped by.
    #[must_use]
    pub fn rest(mut self, rest: AdamRecipe) -> Self {
        self.method.rest = rest;
        self
    }
}

impl MuonMethod {
    /// Brings the singular values of a matrix near 1, by the quintic iteration of Newton and Schulz.
    fn orthogonalise<T: Real>(&self, matrix: &mut [T], rows: usize, columns: usize) {
        let [a, b, c]: [T; 3] = [3.4445, -4.7750, 2.0315].map(<T as Real>::from_f64);
        let norm: T = Real::from_f64(length(matrix).max(self.epsilon));
        matrix.iter_mut().for_each(|x| *x /= norm);
        let tall = rows > columns;
        let (m, n) = if tall { (columns, rows) } else { (rows, columns) };
        let mut x = if tall { transposed(matrix, [rows, columns]) } else { matrix.to_vec() };
        for _ in 0..self.iterations {
            let square = gram(&x, [m, n]);
            let fourth = product(&square, &square, [m, m, m]);
            let factor: Vec<T> = square.iter().zip(fourth).map(|(&s, f)| b * s + c * f).collect();
            let change = product(&factor, &x, [m, m, n]);
            x.iter_mut().zip(change).for_each(|(x, change)| *x = a * *x + change);
        }
        matrix.copy_from_slice(&if tall { transposed(&x, [m, n]) } else { x });
    }
}

impl<T: Real> Method<T> for MuonMethod {
    const NAME: &'static str = "muon";

    fn check(&self) -> Result<(), Error> {
        let owner = "muon";
        Error::unless_fraction(owner, "momentum", self.momentum)?;
        Error::unless(self.iterations > 0, owner, "iterations", self.iterations, "it must be at least 1")?;
        Error::unless_positive::<T>(owner, "eps", self.epsilon)?;
        crate::recipe::Recipe::check::<T>(&self.rest)
    }

    fn shaped_arrays(&self, shape: &[usize]) -> Vec<(String, usize)> {
        let size = shape.iter().product();
        let names: &[&str] = if sides(shape).is_some() { &["momentum_buffer"] } else { &["exp_avg", "exp_avg_sq"] };
        names.iter().map(|&name| (name.to_owned(), size)).collect()
    }

    fn update(&self, work: &mut Work<'_, T>) {
        let average = Average::new(self.momentum);
        work.tensors(|t, eta, tensor| match (sides(tensor.shape), &mut *tensor.others) {
            (Some((rows, columns)), [b]) => {
                for (g, b) in tensor.gradient.iter_mut().zip(b) {
                    *b = average.next(*b, *g);
                    *g = if self.nesterov { average.next(*b, *g) } else { *b };
                }
                self.orthogonalise(tensor.gradient, rows, columns);
                let (m, n) = (rows as f64, columns as f64);
                let scale = if self.match_adamw { 0.2 * m.max(n).sqrt() } else { (m / n).max(1.0).sqrt() };
                tensor.descend(eta * scale);
            }
            (_, others) => {
                let AdamRecipe { beta1, beta2, epsilon, .. } = self.rest;
                if let [m, v] = others {
                    Moments { beta1, beta2, epsilon }.direction(t, tensor.gradient, m, v);
                }
                tensor.descend(eta);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    /// a + b + c = 0.701: what five iterations make of a singular value of 1 is what they make of a number.
    #[test]
    fn singular_values_go_through_the_polynomial() {
        let mut matrix = [0.6, 0.0, 0.0, 0.0, -0.8, 0.0];
        MuonMethod::default().orthogonalise(&mut matrix, 2, 3);
        let mut value = [0.6_f64, -0.8];
        for _ in 0..5 {
            value = value.map(|x| 3.4445 * x - 4.775 * x.powi(3) + 2.0315 * x.powi(5));
        }
        assert!((matrix[0] - value[0]).abs() < 1e-14 && (matrix[4] - value[1]).abs() < 1e-14);
        assert!(matrix[0] > 0.6 && matrix[0] < 1.3);
    }

    #[test]
    fn a_vector_has_adams_step() {
        let muon = Muon::new(0.1).decoupled_weight_decay(0.0);
        assert_eq!(one_element(muon, &[2.0, -1.0]), one_element(crate::Adam::new(0.1), &[2.0, -1.0]));
    }
}
