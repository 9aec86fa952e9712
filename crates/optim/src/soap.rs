//! SOAP: Adam in the eigenbasis of Shampoo's preconditioner.
//!
//! ```text
//! a parameter's first step: L = (1 - beta2) G G^T, R = (1 - beta2) G^T G, Q_L, Q_R their eigenvectors, nothing moves
//! from the second on, with t counted from there:
//! m = beta1 m + (1 - beta1) G
//! v = beta2 v + (1 - beta2) (Q_L^T G Q_R)^2
//! theta = theta - eta lambda theta
//! theta = theta - eta sqrt(1 - beta2^t) / (1 - beta1^t) Q_L [Q_L^T m Q_R / (sqrt(v) + epsilon)] Q_R^T
//! L = beta2 L + (1 - beta2) G G^T, R likewise; every f steps Q = the orthonormal basis of L Q, by falling eigenvalues
//! ```
//!
//! For vectors Q is the identity, as it is for a side longer than `largest`. Axes after the first count as columns.
//!
//! Paper: Vyas et al., arXiv:2409.11321, Algorithm 3.
//!
//! PyTorch has none. Defaults are the authors' code's: betas 0.95 and 0.95, epsilon 1e-8 beside the uncorrected root, lambda
//! 0.01, f 10, largest 10000; its learning rate, 3e-3, has to be said here. One departure: the decay comes before the step, as
//! AdamW's does, and not after it.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::matrix::{average_squares, eigen, orthonormal, product, sides, transposed};
use crate::method::{Method, Work};
use crate::moments::{Average, bias_correction};

/// SOAP (Vyas et al., arXiv:2409.11321).
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, Soap};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![[1.0, 0.0], [0.0, 0.0]]);
/// let gradients = tape::Gradients::for_params(&params, &[8.0, 0.0, 0.0, -1.0])?;
/// Soap::new(0.5).step(&mut params, &gradients)?;
/// // The first step finds the basis and moves nothing.
/// assert_eq!(params.values(), [1.0, 0.0, 0.0, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Soap<T> = Descent<SoapMethod, T>;

/// The formula and settings of [`Soap`].
#[derive(Debug, Clone)]
pub struct SoapMethod {
    /// How much of the average of g is kept at each step, in [0, 1).
    pub beta1: f64,
    /// How much of the averages of squares is kept at each step, in [0, 1).
    pub beta2: f64,
    /// What is added to the root of the second moment, above zero.
    pub epsilon: f64,
    /// How many steps a basis is used for, f.
    pub every: u64,
    /// The longest side that has a basis.
    pub largest: usize,
}

impl Default for SoapMethod {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { beta1: 0.95, beta2: 0.95, epsilon: 1e-8, every: 10, largest: 10000 }
    }
}

impl<T: Real> Descent<SoapMethod, T> {
    /// SOAP at this learning rate, with a decoupled weight decay of 0.01.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(SoapMethod::default(), learning_rate).decoupled_weight_decay(0.01)
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

    /// How many steps a basis is used for, f.
    #[must_use]
    pub fn every(mut self, every: u64) -> Self {
        self.method.every = every;
        self
    }

    /// The longest side that has a basis.
    #[must_use]
    pub fn largest(mut self, largest: usize) -> Self {
        self.method.largest = largest;
        self
    }
}

impl<T: Real> Method<T> for SoapMethod {
    const NAME: &'static str = "soap";

    fn check(&self) -> Result<(), Error> {
        let owner = "soap";
        Error::unless_fraction(owner, "beta1", self.beta1)?;
        Error::unless_fraction(owner, "beta2", self.beta2)?;
        Error::unless_positive::<T>(owner, "eps", self.epsilon)?;
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
            let sizes = [("left", rows), ("right", columns), ("left_basis", rows), ("right_basis", columns)];
            sizes.iter().map(|&(name, side)| (name.to_owned(), square(side))).collect()
        })
    }

    fn update(&self, work: &mut Work<'_, T>) {
        let [first, squares] = [self.beta1, self.beta2].map(Average::new);
        let epsilon: T = Real::from_f64(self.epsilon);
        work.tensors(|t, eta, mut tensor| {
            let gradient = tensor.gradient.to_vec();
            let matrix = sides(tensor.shape);
            if t == 1 {
                if let (Some(shape), [left, right, left_basis, right_basis]) = (matrix, &mut *tensor.others) {
                    average_squares(&gradient, [shape.0, shape.1], squares, left, right);
                    for (square, basis, side) in [(left, left_basis, shape.0), (right, right_basis, shape.1)] {
                        if !square.is_empty() {
                            let vectors = eigen(square, side).1;
                            basis.iter_mut().zip(vectors).for_each(|(q, new)| *q = Real::from_f64(new));
                        }
                    }
                }
                return;
            }
            let t = t - 1;
            let rate = eta * bias_correction(self.beta2, t).sqrt() / bias_correction(self.beta1, t);
            let [m, v] = tensor.arrays.all();
            m.iter_mut().zip(&gradient).for_each(|(m, &g)| *m = first.next(*m, g));
            let basis = Basis::of(matrix, tensor.others);
            let (turned, mut u) = (basis.enter(&gradient), basis.enter(m));
            for ((u, v), g) in u.iter_mut().zip(&mut *v).zip(turned) {
                *v = squares.next(*v, g * g);
                *u /= v.sqrt() + epsilon;
            }
            tensor.gradient.copy_from_slice(&basis.leave(&u));
            if let (Some((rows, columns)), [left, right, left_basis, right_basis]) = (matrix, &mut *tensor.others) {
                average_squares(&gradient, [rows, columns], squares, left, right);
                if t.is_multiple_of(self.every) {
                    refresh(left, left_basis, rows, |order| reorder_rows(v, order, columns));
                    refresh(right, right_basis, columns, |order| {
                        v.chunks_exact_mut(columns).for_each(|row| reorder_rows(row, order, 1));
                    });
                }
            }
            tensor.descend(rate);
        });
    }
}

/// The basis that gradients are turned into; a side without one is left as it is.
struct Basis<'a, T> {
    sides: Option<[usize; 2]>,
    left: &'a [T],
    right: &'a [T],
}

impl<'a, T: Real> Basis<'a, T> {
    fn of(matrix: Option<(usize, usize)>, arrays: &'a [Vec<T>]) -> Self {
        match (matrix, arrays) {
            (Some((rows, columns)), [_, _, left, right]) => Self { sides: Some([rows, columns]), left, right },
            _ => Self { sides: None, left: &[], right: &[] },
        }
    }

    /// Q_L^T X Q_R.
    fn enter(&self, x: &[T]) -> Vec<T> {
        self.turn(x, |left, rows| transposed(left, [rows, rows]), |right, _| right.to_vec())
    }

    /// Q_L X Q_R^T.
    fn leave(&self, x: &[T]) -> Vec<T> {
        self.turn(x, |left, _| left.to_vec(), |right, columns| transposed(right, [columns, columns]))
    }

    fn turn(&self, x: &[T], left: impl Fn(&[T], usize) -> Vec<T>, right: impl Fn(&[T], usize) -> Vec<T>) -> Vec<T> {
        let mut x = x.to_vec();
        if let Some([rows, columns]) = self.sides {
            if !self.left.is_empty() {
                x = product(&left(self.left, rows), &x, [rows, rows, columns]);
            }
            if !self.right.is_empty() {
                x = product(&x, &right(self.right, columns), [rows, columns, columns]);
            }
        }
        x
    }
}

/// Sorts the vectors of a basis by the eigenvalues that they see, and brings them nearer to the eigenvectors by one step
/// of power iteration. What is kept by the places of the vectors is to be sorted alike.
fn refresh<T: Real>(square: &[T], basis: &mut [T], n: usize, mut sort: impl FnMut(&[usize])) {
    if square.is_empty() {
        return;
    }
    let turned = product(square, basis, [n, n, n]);
    let seen = |k: usize| (0..n).map(|i| basis[i * n + k].widen() * turned[i * n + k].widen()).sum::<f64>();
    let seen: Vec<f64> = (0..n).map(seen).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| seen[b].total_cmp(&seen[a]));
    sort(&order);
    let sorted: Vec<T> = (0..n).flat_map(|i| order.iter().map(move |&k| i * n + k)).map(|i| turned[i]).collect();
    basis.copy_from_slice(&orthonormal(&sorted, n));
}

/// Brings the rows, of `width` elements each, into this order.
fn reorder_rows<T: Real>(rows: &mut [T], order: &[usize], width: usize) {
    let before = rows.to_vec();
    for (row, &from) in rows.chunks_exact_mut(width).zip(order) {
        row.copy_from_slice(&before[from * width..(from + 1) * width]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    /// One step of power iteration from the eigenvectors finds them again, and sorts them.
    #[test]
    fn a_basis_is_kept_and_sorted() {
        let mut basis = vec![1.0_f64, 0.0, 0.0, 1.0];
        let mut order_seen = Vec::new();
        refresh(&[1.0, 0.0, 0.0, 3.0], &mut basis, 2, |order| order_seen = order.to_vec());
        assert_eq!(order_seen, [1, 0]);
        let error = basis[0].abs() + basis[3].abs() + (basis[1].abs() - 1.0).abs() + (basis[2].abs() - 1.0).abs();
        assert!(error < 1e-15, "{basis:?}");
        let mut rows = [1.0, 2.0, 3.0, 4.0];
        reorder_rows(&mut rows, &[1, 0], 2);
        assert_eq!(rows, [3.0, 4.0, 1.0, 2.0]);
    }

    #[test]
    fn a_vector_has_adams_step_from_the_second_on() {
        let soap = Soap::new(0.1).betas(0.9, 0.999).eps(1e-30).decoupled_weight_decay(0.0);
        let adam = crate::Adam::new(0.1).eps(1e-30);
        assert!((one_element(soap, &[5.0, 2.0, -1.0]) - one_element(adam, &[2.0, -1.0])).abs() < 1e-15);
    }
}
