//! Factors of a matrix: Cholesky's and the orthogonal and triangular one.

use faer::{Mat, Side};
use ndarray::{ArrayD, ArrayViewD};

use super::{Matrices, Part, append, each, symmetric, unpack};
use crate::custom::CustomOp;
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::tensor::Tensor;

struct Cholesky;

impl<T: Real> CustomOp<T> for Cholesky {
    fn name(&self) -> &'static str {
        "cholesky"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let n = Matrices::of(inputs[0].shape()).rows;
        each("cholesky", inputs, &[n, n], |matrices, results| {
            let factor = matrices[0].llt(Side::Lower).map_err(|_| "is not positive definite")?;
            append(factor.L(), results);
            Ok(())
        })
    }

    /// I. Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527, 2016: equation 10.
    fn vjp(&self, _: &[Tensor<T>], l: Tensor<T>, adjoint: Tensor<T>) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let inner = symmetric(Part::HalfLower.of(l.t().matmul(Part::Lower.of(adjoint))));
        let left = l.t().try_solve_triangular(inner, true, false)?;
        Ok(vec![Some(l.t().try_solve_triangular(left.t(), true, false)?)])
    }
}

/// The factors of a matrix that is not wide, packed.
struct Qr;

impl<T: Real> CustomOp<T> for Qr {
    fn name(&self) -> &'static str {
        "qr"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let Matrices { rows, columns, .. } = Matrices::of(inputs[0].shape());
        each("qr", inputs, &[(rows + columns) * columns], |matrices, results| {
            let factors = matrices[0].qr();
            let (q, r) = (factors.compute_thin_Q(), factors.thin_R());
            let sign = |i: usize| if r[(i, i)] < 0.0 { -1.0 } else { 1.0 };
            append(Mat::from_fn(rows, columns, |i, j| q[(i, j)] * sign(j)).as_ref(), results);
            let upper = |i, j| if i <= j { r[(i, j)] * sign(i) } else { 0.0 };
            append(Mat::from_fn(columns, columns, upper).as_ref(), results);
            Ok(())
        })
    }

    /// S. F. Walter, L. Lehmann and R. Lamour, On evaluating higher-order derivatives of the QR decomposition of tall
    /// matrices with full column rank in forward and reverse mode, Optimization Methods and Software 27, 2012.
    fn vjp(
        &self,
        inputs: &[Tensor<T>],
        packed: Tensor<T>,
        adjoint: Tensor<T>,
    ) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let Matrices { rows, columns, .. } = Matrices::of(&inputs[0].shape());
        let (q, r) = factors(packed, rows, columns);
        let (dq, dr) = factors(adjoint, rows, columns);
        let dr = Part::Upper.of(dr);
        let inner = r.matmul(dr.t()) - dq.t().matmul(q);
        let inner = Part::Lower.of(inner) + Part::StrictlyLower.of(inner).t();
        let right = dq + q.matmul(inner);
        Ok(vec![Some(r.try_solve_triangular(right.t(), true, false)?.t())])
    }
}

fn factors<T: Real>(packed: Tensor<T>, rows: usize, columns: usize) -> (Tensor<T>, Tensor<T>) {
    let (q, behind) = unpack(packed, 0, &[rows, columns]);
    (q, unpack(packed, behind, &[columns, columns]).0)
}

impl<T: Real> Tensor<T> {
    /// The lower triangular factor `l` of every symmetric positive definite matrix, `l l^T`. Only the lower triangle of
    /// the matrix is read, and taken for the upper one, too; the gradient is symmetric.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[4.0, 2.0], [2.0, 10.0]]);
    /// let l = a.cholesky();
    /// assert_eq!(l.to_array().as_slice(), Some(&[2.0, 0.0, 1.0, 3.0][..]));
    /// // l10 is a10 / sqrt(a00); half of the change of a10 comes from a01.
    /// assert_eq!(l.at([1, 0]).backward()[a].as_slice(), Some(&[-0.125, 0.25, 0.25, 0.0][..]));
    /// ```
    ///
    /// # Panics
    /// As [`try_cholesky`](Self::try_cholesky) fails.
    #[must_use]
    #[track_caller]
    pub fn cholesky(self) -> Self {
        unwrap(self.try_cholesky())
    }

    /// As [`cholesky`](Self::cholesky).
    ///
    /// # Errors
    /// [`Error::Shape`] if the matrix is not square, [`Error::Rejected`] if one is not positive definite.
    #[track_caller]
    pub fn try_cholesky(self) -> Result<Self, Error> {
        Matrices::square(&self.shape(), "cholesky")?;
        Self::try_custom(Cholesky, &[self])
    }

    /// The factors `q r` of every matrix, thin: of `[.., m, n]` and `k = min(m, n)`, `q` is `[.., m, k]` with orthonormal
    /// columns and `r` is `[.., k, n]`, upper triangular. No diagonal element of `r` is negative, which makes the
    /// factors unique (LAPACK, and so NumPy and PyTorch, leave the signs to the algorithm). The gradient needs the first
    /// `k` columns to be independent, and has infinities or NaN where they are not.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[0.0, 2.0], [-3.0, 5.0]]);
    /// let (q, r) = a.qr();
    /// assert_eq!(q.to_array().mapv(|x| x.round()).as_slice(), Some(&[0.0, 1.0, -1.0, 0.0][..]));
    /// assert_eq!(r.to_array().mapv(|x| x.round()).as_slice(), Some(&[3.0, -5.0, 0.0, 2.0][..]));
    /// // The first diagonal element is the length of the first column.
    /// assert!((r.at([0, 0]).backward()[a][[1, 0]] + 1.0).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// As [`try_qr`](Self::try_qr) fails.
    #[must_use]
    #[track_caller]
    pub fn qr(self) -> (Self, Self) {
        unwrap(self.try_qr())
    }

    /// As [`qr`](Self::qr).
    ///
    /// # Errors
    /// [`Error::Shape`] if there are fewer than two axes.
    #[track_caller]
    pub fn try_qr(self) -> Result<(Self, Self), Error> {
        let Matrices { rows, columns, .. } = Matrices::checked(&self.shape(), "qr")?;
        if rows >= columns {
            return Ok(factors(Self::try_custom(Qr, &[self])?, rows, columns));
        }
        // The first columns decide about q, and the others are turned by it.
        let columns_of = |from: usize, behind: usize| {
            let mut slices = vec![ndarray::SliceInfoElem::from(..); self.shape().rank() - 1];
            slices.push(ndarray::SliceInfoElem::from(from..behind));
            self.slice(slices)
        };
        let (q, r) = columns_of(0, rows).try_qr()?;
        Ok((q, Self::concat(&[r, q.t().matmul(columns_of(rows, columns))], -1)))
    }
}
