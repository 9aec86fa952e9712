//! Adafactor: second moments of matrices as a product of rows and columns; rates relative to the parameter.
//!
//! ```text
//! R = R + t^c (mean of g^2 over columns - R),  C = C + t^c (mean of g^2 over rows - C)
//! V = R C / max(mean of R, epsilon1)                     vectors: V = V + t^c (g^2 - V)
//! u = g / sqrt(max(V, epsilon1^2))
//! theta = theta - eta lambda theta                       decoupled, before the step
//! theta = theta - max(epsilon2, RMS(theta)) min(eta, 1 / sqrt(t)) u / max(1, RMS(u) / d)
//! ```
//!
//! The last two axes are the matrix, those before them count separate ones; RMS is over a whole parameter.
//!
//! Paper: Shazeer and Stern, arXiv:1804.04235.
//!
//! Defaults are PyTorch 2.15's: power c -0.8, epsilon1 the element type's, epsilon2 1e-3, d 1, lambda 0; its learning rate,
//! 0.01, has to be said here. No departure. optax factors only matrices of 128 and more, and has its decay without eta.

use tape::Real;

use crate::clip::length;
use crate::descent::Descent;
use crate::error::Error;
use crate::method::{Method, Work};
use crate::moments::larger;

/// Adafactor (Shazeer and Stern, arXiv:1804.04235).
///
/// ```
/// use ndarray::array;
/// use optim::{Adafactor, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![[4.0, 4.0], [4.0, 4.0]]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-2, -1e-2, 1e-2, 1e-2])?;
/// Adafactor::new(0.5).step(&mut params, &gradients)?;
/// // Half of the parameter's size; the second moment of equal squares has them for rows and for columns.
/// for (x, expected) in params.values().iter().zip([2.0, 6.0, 2.0, 2.0]) {
///     assert!((x - expected).abs() < 1e-6);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Adafactor<T> = Descent<AdafactorMethod, T>;

/// The formula and settings of [`Adafactor`].
#[derive(Debug, Clone)]
pub struct AdafactorMethod {
    /// The power of t with which new squares count, not above 0.
    pub power: f64,
    /// The least second moment is its square; the element type's epsilon if there is none.
    pub epsilon1: Option<f64>,
    /// The least size that a parameter counts with.
    pub epsilon2: f64,
    /// Directions whose RMS is above this are shortened to it, d, at least 1.
    pub limit: f64,
}

impl Default for AdafactorMethod {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { power: -0.8, epsilon1: None, epsilon2: 1e-3, limit: 1.0 }
    }
}

impl<T: Real> Descent<AdafactorMethod, T> {
    /// Adafactor at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(AdafactorMethod::default(), learning_rate)
    }

    /// The power of t with which new squares count, not above 0.
    #[must_use]
    pub fn power(mut self, power: f64) -> Self {
        self.method.power = power;
        self
    }

    /// The least second moment is the square of this.
    #[must_use]
    pub fn eps1(mut self, epsilon1: f64) -> Self {
        self.method.epsilon1 = Some(epsilon1);
        self
    }

    /// The least size that a parameter counts with.
    #[must_use]
    pub fn eps2(mut self, epsilon2: f64) -> Self {
        self.method.epsilon2 = epsilon2;
        self
    }

    /// Directions whose RMS is above this are shortened to it, d, at least 1.
    #[must_use]
    pub fn limit(mut self, limit: f64) -> Self {
        self.method.limit = limit;
        self
    }
}

impl<T: Real> Method<T> for AdafactorMethod {
    const NAME: &'static str = "adafactor";

    fn check(&self) -> Result<(), Error> {
        let owner = "adafactor";
        Error::unless_amount(owner, "epsilon2", self.epsilon2)?;
        Error::unless(self.power <= 0.0, owner, "power", self.power, "it must be <= 0")?;
        Error::unless(self.limit >= 1.0, owner, "limit", self.limit, "it must be >= 1")?;
        let epsilon1 = self.epsilon1.unwrap_or(T::epsilon().widen());
        Error::unless_positive::<T>(owner, "eps1", epsilon1 * epsilon1)
    }

    fn shaped_arrays(&self, shape: &[usize]) -> Vec<(String, usize)> {
        let size: usize = shape.iter().product();
        match *shape {
            [.., rows, columns] => {
                vec![("row_var".to_owned(), size / columns.max(1)), ("col_var".to_owned(), size / rows.max(1))]
            }
            [] | [_] => vec![("variance".to_owned(), size)],
        }
    }

    fn update(&self, work: &mut Work<'_, T>) {
        let epsilon1 = self.epsilon1.unwrap_or(T::epsilon().widen());
        work.tensors(|t, eta, tensor| {
            let take = (t as f64).powf(self.power);
            let rms = |elements: &[T]| length(elements) / (elements.len() as f64).sqrt();
            let size = rms(tensor.theta).max(self.epsilon2);
            match (tensor.shape, &mut *tensor.others) {
                ([.., rows, columns], [row_var, col_var]) => {
                    let matrices = tensor.gradient.chunks_exact_mut(rows * columns);
                    for (g, (r, c)) in
                        matrices.zip(row_var.chunks_exact_mut(*rows).zip(col_var.chunks_exact_mut(*columns)))
                    {
                        factored(g, r, c, take, epsilon1);
                    }
                }
                (_, others) => {
                    let take: T = Real::from_f64(take);
                    let least: T = Real::from_f64(epsilon1 * epsilon1);
                    for (g, v) in tensor.gradient.iter_mut().zip(&mut *others[0]) {
                        *v += take * (*g * *g - *v);
                        *g /= larger(*v, least).sqrt();
                    }
                }
            }
            let rate = size * eta.min(1.0 / (t as f64).sqrt()) / (rms(tensor.gradient) / self.limit).max(1.0);
            tensor.descend(rate);
        });
    }
}

/// Updates the rows' and columns' means of squares, and makes the gradient of one matrix its direction.
fn factored<T: Real>(g: &mut [T], rows: &mut [T], columns: &mut [T], take: f64, epsilon1: f64) {
    let (m, n) = (rows.len(), columns.len());
    let mean = |sum: f64, count: usize| sum / count as f64;
    let squares = |g: T| g.widen() * g.widen();
    for (row, g) in rows.iter_mut().zip(g.chunks_exact(n)) {
        let square = mean(g.iter().map(|&g| squares(g)).sum(), n);
        *row = Real::from_f64(row.widen() + take * (square - row.widen()));
    }
    for (j, column) in columns.iter_mut().enumerate() {
        let square = mean(g.iter().skip(j).step_by(n).map(|&g| squares(g)).sum(), m);
        *column = Real::from_f64(column.widen() + take * (square - column.widen()));
    }
    let all = mean(rows.iter().map(|row| row.widen()).sum(), m).max(epsilon1);
    for (row, g) in rows.iter().zip(g.chunks_exact_mut(n)) {
        for (column, g) in columns.iter().zip(g) {
            let v = (row.widen() * column.widen() / all).max(epsilon1 * epsilon1);
            *g = Real::from_f64(g.widen() / v.sqrt());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn a_step_by_hand() {
        // V = 9 at first: u = 1; RMS 1; the size counts as epsilon2.
        assert_eq!(one_element(Adafactor::new(0.5).eps2(0.25), &[3.0]), -0.125);
    }

    #[test]
    fn a_matrix_of_rank_one_has_its_own_squares() {
        // Squares 1 4; 4 16: rows 2.5, 10, columns 2.5, 10, their mean 6.25.
        let mut g = [1.0, 2.0, -2.0, 4.0];
        let (mut rows, mut columns) = ([0.0; 2], [0.0; 2]);
        factored(&mut g, &mut rows, &mut columns, 1.0, 1e-16);
        assert_eq!((rows, columns), ([2.5, 10.0], [2.5, 10.0]));
        assert!(g.iter().zip([1.0, 1.0, -1.0, 1.0]).all(|(g, e): (&f64, f64)| (g - e).abs() < 1e-15));
    }
}
