//! Eigenvalues of symmetric matrices and singular values, with their vectors.

use faer::{Mat, MatRef, Side};
use ndarray::{ArrayD, ArrayViewD};

use super::{
    Matrices, append, diagonal, each, identity, reciprocal_differences, reciprocal_or_zero, symmetric, unpack,
};
use crate::custom::CustomOp;
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::tensor::Tensor;

/// For every column the sign that makes its element of largest absolute value, the first of several, positive.
fn signs(vectors: MatRef<'_, f64>) -> Vec<f64> {
    (0..vectors.ncols())
        .map(|j| {
            let column = (0..vectors.nrows()).map(|i| vectors[(i, j)]);
            let largest = column.fold(0.0, |largest: f64, x| if x.abs() > largest.abs() { x } else { largest });
            if largest < 0.0 { -1.0 } else { 1.0 }
        })
        .collect()
}

/// Eigenvalues and eigenvectors of a symmetric matrix, packed.
struct Eigh;

impl<T: Real> CustomOp<T> for Eigh {
    fn name(&self) -> &'static str {
        "eigh"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let n = Matrices::of(inputs[0].shape()).rows;
        each("eigh", inputs, &[n + n * n], |matrices, results| {
            if n == 0 {
                return Ok(());
            }
            let eigen = matrices[0].self_adjoint_eigen(Side::Lower);
            let eigen = eigen.map_err(|_| "has no eigenvalues: the iteration does not converge")?;
            let (values, vectors) = (eigen.S().column_vector(), eigen.U());
            results.extend((0..n).map(|i| values[i]));
            let signs = signs(vectors);
            append(Mat::from_fn(n, n, |i, j| vectors[(i, j)] * signs[j]).as_ref(), results);
            Ok(())
        })
    }

    /// M. B. Giles, Collected matrix derivative results for forward and reverse mode algorithmic differentiation, 2008:
    /// section 3.1, for a symmetric matrix.
    fn vjp(
        &self,
        inputs: &[Tensor<T>],
        packed: Tensor<T>,
        adjoint: Tensor<T>,
    ) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let n = Matrices::of(&inputs[0].shape()).rows;
        let ((values, vectors), (dvalues, dvectors)) = (eigen(packed, n), eigen(adjoint, n));
        let turned = vectors.t().matmul(dvectors) * reciprocal_differences(values);
        let inner = diagonal(dvalues) + turned;
        Ok(vec![Some(symmetric(vectors.matmul(inner).matmul(vectors.t())))])
    }
}

fn eigen<T: Real>(packed: Tensor<T>, n: usize) -> (Tensor<T>, Tensor<T>) {
    let (values, behind) = unpack(packed, 0, &[n]);
    (values, unpack(packed, behind, &[n, n]).0)
}

/// Singular values and both sides' vectors, packed.
struct Svd;

impl<T: Real> CustomOp<T> for Svd {
    fn name(&self) -> &'static str {
        "svd"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let matrices = Matrices::of(inputs[0].shape());
        let (rows, columns, k) = (matrices.rows, matrices.columns, matrices.thin());
        each("svd", inputs, &[(rows + 1 + columns) * k], |matrices, results| {
            if k == 0 {
                return Ok(());
            }
            let svd = matrices[0].thin_svd();
            let svd = svd.map_err(|_| "has no singular values: the iteration does not converge")?;
            let signs = signs(svd.U());
            append(Mat::from_fn(rows, k, |i, j| svd.U()[(i, j)] * signs[j]).as_ref(), results);
            results.extend((0..k).map(|i| svd.S().column_vector()[i]));
            append(Mat::from_fn(k, columns, |i, j| svd.V()[(j, i)] * signs[i]).as_ref(), results);
            Ok(())
        })
    }

    /// J. Townsend, Differentiating the singular value decomposition, 2016: equations 31 to 36, transposed.
    fn vjp(
        &self,
        inputs: &[Tensor<T>],
        packed: Tensor<T>,
        adjoint: Tensor<T>,
    ) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let matrices = Matrices::of(&inputs[0].shape());
        let ((u, s, vt), (du, ds, dvt)) = (singular(packed, &matrices), singular(adjoint, &matrices));
        let (v, dv) = (vt.t(), dvt.t());
        let gaps = reciprocal_differences(s * s);
        let turned = |vectors: Tensor<T>, adjoint: Tensor<T>| {
            let inner = vectors.t().matmul(adjoint);
            (inner - inner.t()) * gaps
        };
        let inner = turned(u, du) * s.unsqueeze(-2) + s.unsqueeze(-1) * turned(v, dv) + diagonal(ds);
        let mut share = u.matmul(inner).matmul(vt);
        // What lies outside of the vectors' spaces: nothing, on the shorter side.
        let small = reciprocal_or_zero(s).unsqueeze(-2);
        if matrices.rows > matrices.columns {
            let outside = identity(u, matrices.rows) - u.matmul(u.t());
            share += outside.matmul(du * small).matmul(vt);
        }
        if matrices.columns > matrices.rows {
            let outside = identity(v, matrices.columns) - v.matmul(vt);
            share += (u * small).matmul(dvt).matmul(outside);
        }
        Ok(vec![Some(share)])
    }
}

fn singular<T: Real>(packed: Tensor<T>, matrices: &Matrices) -> (Tensor<T>, Tensor<T>, Tensor<T>) {
    let k = matrices.thin();
    let (u, behind) = unpack(packed, 0, &[matrices.rows, k]);
    let (s, behind) = unpack(packed, behind, &[k]);
    (u, s, unpack(packed, behind, &[k, matrices.columns]).0)
}

impl<T: Real> Tensor<T> {
    /// Eigenvalues `[.., n]`, ascending, and eigenvectors, the columns of `[.., n, n]`, of symmetric matrices. Only the
    /// lower triangle is read, and taken for the upper one, too; the gradient is symmetric.
    ///
    /// Of an eigenvector's two signs, the one is chosen that makes its element of largest absolute value (the first of
    /// several) positive. The vectors of equal eigenvalues have no derivative: their turning within their space
    /// contributes nothing to the gradient, where PyTorch has infinities or NaN. A function of the values and vectors
    /// that does not depend on the choice within that space keeps the rest of its gradient, but second derivatives of
    /// the values themselves are wrong where two coincide.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[2.0, 1.0], [1.0, 2.0]]);
    /// let (values, _) = a.eigh();
    /// assert!((values.at([0]).value() - 1.0).abs() < 1e-15);
    /// // The gradient of an eigenvalue is v v^T, here of (1, 1) / sqrt(2).
    /// assert!(values.at([1]).backward()[a].iter().all(|x| (x - 0.5).abs() < 1e-15));
    /// ```
    ///
    /// # Panics
    /// As [`try_eigh`](Self::try_eigh) fails.
    #[must_use]
    #[track_caller]
    pub fn eigh(self) -> (Self, Self) {
        unwrap(self.try_eigh())
    }

    /// As [`eigh`](Self::eigh).
    ///
    /// # Errors
    /// [`Error::Shape`] if the matrix is not square, [`Error::Rejected`] if the iteration does not converge.
    #[track_caller]
    pub fn try_eigh(self) -> Result<(Self, Self), Error> {
        let n = Matrices::square(&self.shape(), "eigh")?.rows;
        Ok(eigen(Self::try_custom(Eigh, &[self])?, n))
    }

    /// The singular value decomposition `u diag(s) vt`, thin: of `[.., m, n]` and `k = min(m, n)`, `u` is `[.., m, k]`, `s`
    /// is `[.., k]`, descending, and `vt` is `[.., k, n]`.
    ///
    /// Signs are chosen so that in every column of `u` the element of largest absolute value (the first of several) is
    /// positive. Equal singular values, and zeros, contribute nothing to the gradient through vectors, as described at
    /// [`eigh`](Self::eigh).
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[0.0, 3.0], [-2.0, 0.0], [0.0, 0.0]]);
    /// let (u, s, vt) = a.svd();
    /// assert_eq!(s.to_array().mapv(f64::round).as_slice(), Some(&[3.0, 2.0][..]));
    /// assert_eq!(vt.to_array().mapv(f64::round).as_slice(), Some(&[0.0, 1.0, -1.0, 0.0][..]));
    /// assert_eq!(u.shape(), [3, 2]);
    /// // The gradient of a singular value is u v^T.
    /// assert!((s.at([1]).backward()[a][[1, 0]] + 1.0).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// As [`try_svd`](Self::try_svd) fails.
    #[must_use]
    #[track_caller]
    pub fn svd(self) -> (Self, Self, Self) {
        unwrap(self.try_svd())
    }

    /// As [`svd`](Self::svd).
    ///
    /// # Errors
    /// [`Error::Shape`] if there are fewer than two axes, [`Error::Rejected`] if the iteration does not converge.
    #[track_caller]
    pub fn try_svd(self) -> Result<(Self, Self, Self), Error> {
        let matrices = Matrices::checked(&self.shape(), "svd")?;
        Ok(singular(Self::try_custom(Svd, &[self])?, &matrices))
    }
}
