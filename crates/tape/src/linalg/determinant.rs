//! Determinants and their logarithms.

use faer::{Mat, MatRef};
use ndarray::{ArrayD, ArrayViewD};

use super::solve::inverse_or_nan;
use super::{Matrices, append, each, unpack};
use crate::custom::CustomOp;
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::tensor::Tensor;

/// The diagonal of the upper factor, and the sign of the rows' permutation.
fn pivots(a: MatRef<'_, f64>) -> (Vec<f64>, f64) {
    let lu = a.partial_piv_lu();
    let order = lu.P().arrays().0;
    let mut seen = vec![false; order.len()];
    let mut sign = 1.0;
    for start in 0..order.len() {
        // A cycle of n rows is n - 1 exchanges.
        let mut row = order[start];
        while !seen[start] && row != start {
            seen[row] = true;
            sign = -sign;
            row = order[row];
        }
    }
    let mut pivots: Vec<f64> = (0..order.len()).map(|i| lu.U()[(i, i)]).collect();
    let is_nan = (0..a.nrows()).any(|i| (0..a.ncols()).any(|j| a[(i, j)].is_nan()));
    if let (Some(zero), false) = (pivots.iter().position(|&pivot| pivot == 0.0), is_nan) {
        // The elimination divided by it, and left NaN behind.
        pivots[zero..].fill(0.0);
    }
    (pivots, sign)
}

struct Det;

impl<T: Real> CustomOp<T> for Det {
    fn name(&self) -> &'static str {
        "det"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        each("det", inputs, &[], |matrices, results| {
            let (pivots, sign) = pivots(matrices[0]);
            results.push(sign * pivots.iter().product::<f64>());
            Ok(())
        })
    }

    fn vjp(&self, inputs: &[Tensor<T>], _: Tensor<T>, adjoint: Tensor<T>) -> Result<Vec<Option<Tensor<T>>>, Error> {
        Ok(vec![Some(over_matrices(adjoint) * Tensor::try_custom(Cofactors, inputs)?)])
    }
}

/// One number a matrix, to be broadcast over its elements.
fn over_matrices<T: Real>(numbers: Tensor<T>) -> Tensor<T> {
    numbers.unsqueeze(-1).unsqueeze(-1)
}

/// Singular vectors and values of a square matrix, and det(u v^T), which is 1 or -1.
struct Rotations {
    u: Mat<f64>,
    v: Mat<f64>,
    s: Vec<f64>,
    sign: f64,
}

impl Rotations {
    fn of(a: MatRef<'_, f64>) -> Result<Self, &'static str> {
        let svd = a.thin_svd().map_err(|_| "has no singular values: the iteration does not converge")?;
        let (u, v) = (svd.U().to_owned(), svd.V().to_owned());
        let sign = [&u, &v].map(|side| pivots(side.as_ref())).map(|(p, sign)| sign * p.iter().product::<f64>());
        let s = (0..a.nrows()).map(|i| svd.S().column_vector()[i]).collect();
        Ok(Self { u, v, s, sign: (sign[0] * sign[1]).signum() })
    }

    /// The product of the singular values except two, which may be the same one.
    fn product_without(&self, one: usize, other: usize) -> f64 {
        self.s.iter().enumerate().filter(|(k, _)| *k != one && *k != other).map(|(_, s)| s).product()
    }

    /// From the coordinates of the singular vectors, with the sign.
    fn back(&self, inner: &Mat<f64>) -> Mat<f64> {
        let turned = &self.u * inner * self.v.transpose();
        Mat::from_fn(turned.nrows(), turned.ncols(), |i, j| self.sign * turned[(i, j)])
    }
}

/// The cofactors, the gradient of the determinant, also of a singular matrix: in the coordinates of its singular vectors
/// a matrix is diagonal, and products without a factor divide by nothing.
struct Cofactors;

impl<T: Real> CustomOp<T> for Cofactors {
    fn name(&self) -> &'static str {
        "det"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let n = Matrices::of(inputs[0].shape()).rows;
        each("det", inputs, &[n, n], |matrices, results| {
            if n == 0 {
                return Ok(());
            }
            let turned = Rotations::of(matrices[0])?;
            let inner = Mat::from_fn(n, n, |i, j| if i == j { turned.product_without(i, i) } else { 0.0 });
            append(turned.back(&inner).as_ref(), results);
            Ok(())
        })
    }

    fn vjp(&self, inputs: &[Tensor<T>], _: Tensor<T>, adjoint: Tensor<T>) -> Result<Vec<Option<Tensor<T>>>, Error> {
        Ok(vec![Some(Tensor::try_custom(CofactorChange, &[inputs[0], adjoint])?)])
    }
}

/// How the cofactors of a matrix change in a direction: the second derivative of the determinant, a symmetric form.
struct CofactorChange;

impl<T: Real> CustomOp<T> for CofactorChange {
    fn name(&self) -> &'static str {
        "det"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let n = Matrices::of(inputs[0].shape()).rows;
        each("det", inputs, &[n, n], |matrices, results| {
            if n == 0 {
                return Ok(());
            }
            let turned = Rotations::of(matrices[0])?;
            let direction = turned.u.transpose() * matrices[1] * &turned.v;
            let change = |i: usize, j: usize| {
                if i != j {
                    return -turned.product_without(i, j) * direction[(j, i)];
                }
                (0..n).filter(|&k| k != i).map(|k| turned.product_without(i, k) * direction[(k, k)]).sum()
            };
            append(turned.back(&Mat::from_fn(n, n, change)).as_ref(), results);
            Ok(())
        })
    }

    /// With x the transposed inverse and c the determinant, the change in direction g is c (<x, g> x - x g^T x).
    fn vjp(&self, inputs: &[Tensor<T>], change: Tensor<T>, h: Tensor<T>) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let (a, g) = (inputs[0], inputs[1]);
        let x = inverse_or_nan(a).t();
        let inner = |left: Tensor<T>, right: Tensor<T>| over_matrices((left * right).sum_axes([-2, -1]));
        let mixed = h.matmul(x.t()).matmul(g) + g.matmul(x.t()).matmul(h);
        let dx = g * inner(x, h) + h * inner(x, g) - mixed;
        let through_inverse = x.matmul(dx.t()).matmul(x) * over_matrices(a.det());
        Ok(vec![Some(x * inner(h, change) - through_inverse), Some(Tensor::try_custom(Self, &[a, h])?)])
    }
}

/// Sign and logarithm of the absolute value, packed.
struct SignedLog;

impl<T: Real> CustomOp<T> for SignedLog {
    fn name(&self) -> &'static str {
        "slogdet"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        each("slogdet", inputs, &[2], |matrices, results| {
            let (pivots, sign) = pivots(matrices[0]);
            let zero = pivots.contains(&0.0);
            results.push(if zero { 0.0 } else { pivots.iter().fold(sign, |sign, pivot| sign * pivot.signum()) });
            results.push(pivots.iter().map(|pivot| pivot.abs().ln()).sum());
            Ok(())
        })
    }

    fn vjp(&self, inputs: &[Tensor<T>], _: Tensor<T>, adjoint: Tensor<T>) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let (logarithm, _) = unpack(adjoint, 1, &[]);
        Ok(vec![Some(over_matrices(logarithm) * inverse_or_nan(inputs[0]).t())])
    }
}

impl<T: Real> Tensor<T> {
    /// The determinant of every matrix: `[.., n, n]` gives `[..]`, and 1 where n is 0. Its gradient, the cofactors, and
    /// its second derivatives are right at singular matrices, too; third ones are NaN there.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// assert!((a.det().item() + 2.0).abs() < 1e-15);
    /// let singular = tape.variable([[1.0, 2.0], [2.0, 4.0]]);
    /// let cofactors = singular.det().backward()[singular].mapv(f64::round);
    /// assert_eq!(cofactors.as_slice(), Some(&[4.0, -2.0, -2.0, 1.0][..]));
    /// ```
    ///
    /// # Panics
    /// As [`try_det`](Self::try_det) fails.
    #[must_use]
    #[track_caller]
    pub fn det(self) -> Self {
        unwrap(self.try_det())
    }

    /// As [`det`](Self::det).
    ///
    /// # Errors
    /// [`Error::Shape`] if the matrix is not square.
    #[track_caller]
    pub fn try_det(self) -> Result<Self, Error> {
        Matrices::square(&self.shape(), "det")?;
        Self::try_custom(Det, &[self])
    }

    /// The sign of the determinant, 1, -1 or 0, a constant, and the logarithm of its absolute value, which is finite
    /// also where the determinant itself would overflow or underflow. A singular matrix has 0 and minus infinity, and its
    /// gradient is NaN.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[0.0, 1e200], [1e200, 0.0]]);
    /// let (sign, logarithm) = a.slogdet();
    /// assert_eq!(sign.item(), -1.0);
    /// assert!((logarithm.item() - 400.0 * 10f64.ln()).abs() < 1e-10);
    /// // The transposed inverse.
    /// assert_eq!(logarithm.backward()[a].as_slice(), Some(&[0.0, 1e-200, 1e-200, 0.0][..]));
    /// ```
    ///
    /// # Panics
    /// As [`try_slogdet`](Self::try_slogdet) fails.
    #[must_use]
    #[track_caller]
    pub fn slogdet(self) -> (Self, Self) {
        unwrap(self.try_slogdet())
    }

    /// As [`slogdet`](Self::slogdet).
    ///
    /// # Errors
    /// [`Error::Shape`] if the matrix is not square.
    #[track_caller]
    pub fn try_slogdet(self) -> Result<(Self, Self), Error> {
        Matrices::square(&self.shape(), "slogdet")?;
        let packed = Self::try_custom(SignedLog, &[self])?;
        Ok((unpack(packed, 0, &[]).0.detach(), unpack(packed, 1, &[]).0))
    }
}
