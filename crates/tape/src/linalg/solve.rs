//! Systems of linear equations, inverses and pseudo-inverses.

use faer::linalg::solvers::Solve as _;
use faer::linalg::triangular_solve as triangles;
use faer::{Mat, MatRef, Par};
use ndarray::{ArrayD, ArrayViewD};

use super::{Matrices, Part, append, each, identity};
use crate::custom::CustomOp;
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// What a singular matrix is.
#[derive(Clone, Copy)]
enum Singular {
    Refused,
    /// NaN in every element: in the rule of an operation that takes such a matrix.
    Nan,
}

/// `a x = b` of a square and any other matrix.
#[derive(Clone, Copy)]
struct Solve {
    name: &'static str,
    singular: Singular,
}

impl<T: Real> CustomOp<T> for Solve {
    fn name(&self) -> &'static str {
        self.name
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let [.., rows, columns] = *inputs[1].shape() else { unreachable!("a matrix") };
        each(self.name, inputs, &[rows, columns], |matrices, results| {
            let lu = matrices[0].partial_piv_lu();
            if (0..rows).any(|i| lu.U()[(i, i)] == 0.0) {
                return match self.singular {
                    Singular::Refused => Err("is singular"),
                    Singular::Nan => {
                        results.extend(std::iter::repeat_n(f64::NAN, rows * columns));
                        Ok(())
                    }
                };
            }
            append(lu.solve(matrices[1]).as_ref(), results);
            Ok(())
        })
    }

    fn vjp(&self, inputs: &[Tensor<T>], x: Tensor<T>, adjoint: Tensor<T>) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let right = Tensor::try_custom(*self, &[inputs[0].t(), adjoint])?;
        Ok(vec![Some(-right.matmul(x.t())), Some(right)])
    }
}

/// The inverse, or NaN.
pub(super) fn inverse_or_nan<T: Real>(a: Tensor<T>) -> Tensor<T> {
    let shape = a.shape();
    let unit = identity(a, shape[shape.rank() - 1]).broadcast_to(shape);
    Tensor::custom(Solve { name: "inverse", singular: Singular::Nan }, &[a, unit])
}

/// `a x = b` where one triangle of `a` is read.
#[derive(Clone, Copy)]
struct SolveTriangular {
    upper: bool,
    unit: bool,
}

impl SolveTriangular {
    /// What of the matrix is read.
    fn part(self) -> Part {
        match (self.upper, self.unit) {
            (true, false) => Part::Upper,
            (true, true) => Part::StrictlyUpper,
            (false, false) => Part::Lower,
            (false, true) => Part::StrictlyLower,
        }
    }
}

impl<T: Real> CustomOp<T> for SolveTriangular {
    fn name(&self) -> &'static str {
        "solve_triangular"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let [.., rows, columns] = *inputs[1].shape() else { unreachable!("a matrix") };
        each("solve_triangular", inputs, &[rows, columns], |matrices, results| {
            let mut x = matrices[1].to_owned();
            let (a, right) = (matrices[0], x.as_mut());
            match (self.upper, self.unit) {
                (true, false) => triangles::solve_upper_triangular_in_place(a, right, Par::Seq),
                (true, true) => triangles::solve_unit_upper_triangular_in_place(a, right, Par::Seq),
                (false, false) => triangles::solve_lower_triangular_in_place(a, right, Par::Seq),
                (false, true) => triangles::solve_unit_lower_triangular_in_place(a, right, Par::Seq),
            }
            append(x.as_ref(), results);
            Ok(())
        })
    }

    fn vjp(&self, inputs: &[Tensor<T>], x: Tensor<T>, adjoint: Tensor<T>) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let right = Tensor::try_custom(Self { upper: !self.upper, ..*self }, &[inputs[0].t(), adjoint])?;
        Ok(vec![Some(self.part().of(-right.matmul(x.t()))), Some(right)])
    }
}

/// The pseudo-inverse of Moore and Penrose.
struct PseudoInverse;

impl<T: Real> CustomOp<T> for PseudoInverse {
    fn name(&self) -> &'static str {
        "pinv"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let Matrices { rows, columns, .. } = Matrices::of(inputs[0].shape());
        let small = rows.max(columns) as f64 * T::epsilon().widen();
        each("pinv", inputs, &[columns, rows], |matrices, results| {
            append(pseudo_inverse(matrices[0], small)?.as_ref(), results);
            Ok(())
        })
    }

    /// G. H. Golub and V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose
    /// variables separate, SIAM Journal on Numerical Analysis 10, 1973: equation 4.12.
    fn vjp(&self, inputs: &[Tensor<T>], p: Tensor<T>, adjoint: Tensor<T>) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let (a, g) = (inputs[0], adjoint);
        let shape = a.shape();
        let outside = identity(a, shape[shape.rank() - 2]) - a.matmul(p);
        let null = identity(a, shape[shape.rank() - 1]) - p.matmul(a);
        let direct = p.t().matmul(g).matmul(p.t());
        let rows = outside.matmul(g.t()).matmul(p).matmul(p.t());
        let columns = p.t().matmul(p).matmul(g.t()).matmul(null);
        Ok(vec![Some(rows + columns - direct)])
    }
}

/// Singular values up to `small` times the largest count as zero.
fn pseudo_inverse(a: MatRef<'_, f64>, small: f64) -> Result<Mat<f64>, &'static str> {
    if a.nrows() == 0 || a.ncols() == 0 {
        return Ok(Mat::zeros(a.ncols(), a.nrows()));
    }
    let svd = a.thin_svd().map_err(|_| "has no singular values: the iteration does not converge")?;
    let values = svd.S().column_vector();
    let scaled = Mat::from_fn(a.ncols(), values.nrows(), |i, j| {
        if values[j] > small * values[0] { svd.V()[(i, j)] / values[j] } else { 0.0 }
    });
    Ok(scaled * svd.U().transpose())
}

/// A square matrix and right-hand sides, broadcast to one batch; a vector becomes a column. True if it was one.
fn system<T: Real>(a: Tensor<T>, b: Tensor<T>, operation: &'static str) -> Result<(Tensor<T>, Tensor<T>, bool), Error> {
    let (left, right) = (a.shape(), b.shape());
    let matrices = Matrices::square(&left, operation)?;
    let vector = right.rank() == 1;
    let b = if vector { b.unsqueeze(-1) } else { b };
    let sides = b.shape();
    if sides.rank() < 2 || sides[sides.rank() - 2] != matrices.rows {
        let rule = "the right-hand side must have a row for every row of the matrix";
        return Err(Error::Shapes { operation, left, right, rule });
    }
    let batch = Shape::from(matrices.batch.as_slice())
        .broadcast(&Shape::from(&sides[..sides.rank() - 2]), operation)
        .map_err(|_| Error::Broadcast { operation, left, right })?;
    let wide = |last: &[usize]| [&batch[..], last].concat();
    let a = a.try_broadcast_to(wide(&[matrices.rows, matrices.rows]).as_slice())?;
    let b = b.try_broadcast_to(wide(&sides[sides.rank() - 2..]).as_slice())?;
    Ok((a, b, vector))
}

impl<T: Real> Tensor<T> {
    /// The solution `x` of `a x = b`: `[.., n, n]` and `[.., n, k]` give `[.., n, k]`, where the batches broadcast; one
    /// vector `[n]` gives `[.., n]`.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[2.0, 0.0], [1.0, 4.0]]);
    /// let x = a.solve(tape.constant([2.0, 9.0]));
    /// assert_eq!(x.to_array().as_slice(), Some(&[1.0, 2.0][..]));
    /// // The second unknown is (9 - a10 x0) / a11.
    /// assert_eq!(x.at([1]).backward()[a].as_slice(), Some(&[0.125, 0.25, -0.25, -0.5][..]));
    /// ```
    ///
    /// # Panics
    /// As [`try_solve`](Self::try_solve) fails.
    #[must_use]
    #[track_caller]
    pub fn solve(self, b: Self) -> Self {
        unwrap(self.try_solve(b))
    }

    /// As [`solve`](Self::solve).
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Shapes`] or [`Error::Broadcast`] if the matrix is not square or the right-hand side does
    /// not suit it; [`Error::Rejected`] names a matrix that is singular: one with a pivot that is exactly zero.
    #[track_caller]
    pub fn try_solve(self, b: Self) -> Result<Self, Error> {
        let (a, b, vector) = system(self, b, "solve")?;
        let x = Self::try_custom(Solve { name: "solve", singular: Singular::Refused }, &[a, b])?;
        Ok(if vector { x.squeeze(-1) } else { x })
    }

    /// The inverse of every matrix; [`solve`](Self::solve) is more accurate where the inverse would be multiplied.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[2.0, 0.0], [0.0, 4.0]]);
    /// let inverse = a.inverse();
    /// assert_eq!(inverse.to_array().as_slice(), Some(&[0.5, 0.0, 0.0, 0.25][..]));
    /// assert_eq!(inverse.at([1, 1]).backward()[a].as_slice(), Some(&[0.0, 0.0, 0.0, -0.0625][..]));
    /// ```
    ///
    /// # Panics
    /// As [`try_inverse`](Self::try_inverse) fails.
    #[must_use]
    #[track_caller]
    pub fn inverse(self) -> Self {
        unwrap(self.try_inverse())
    }

    /// As [`inverse`](Self::inverse).
    ///
    /// # Errors
    /// [`Error::Shape`] if the matrix is not square, [`Error::Rejected`] if one is singular.
    #[track_caller]
    pub fn try_inverse(self) -> Result<Self, Error> {
        let shape = self.shape();
        let matrices = Matrices::square(&shape, "inverse")?;
        let unit = identity(self, matrices.rows).broadcast_to(shape);
        Self::try_custom(Solve { name: "inverse", singular: Singular::Refused }, &[self, unit])
    }

    /// As [`solve`](Self::solve) of a triangular matrix: only the upper, or the lower, triangle is read and gets a
    /// gradient, and if `unit` its diagonal counts as ones. A transposed system is one of `a.t()` and the other triangle.
    /// A zero on the diagonal gives infinities and NaN, as the division does.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[2.0, 7.0], [1.0, 4.0]]);
    /// let b = tape.constant([2.0, 9.0]);
    /// assert_eq!(a.solve_triangular(b, false, false).to_array().as_slice(), Some(&[1.0, 2.0][..]));
    /// assert_eq!(a.solve_triangular(b, false, true).to_array().as_slice(), Some(&[2.0, 7.0][..]));
    /// assert_eq!(a.t().solve_triangular(b, true, true).to_array().as_slice(), Some(&[-7.0, 9.0][..]));
    /// ```
    ///
    /// # Panics
    /// As [`try_solve_triangular`](Self::try_solve_triangular) fails.
    #[must_use]
    #[track_caller]
    pub fn solve_triangular(self, b: Self, upper: bool, unit: bool) -> Self {
        unwrap(self.try_solve_triangular(b, upper, unit))
    }

    /// As [`solve_triangular`](Self::solve_triangular).
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Shapes`] or [`Error::Broadcast`] as for [`try_solve`](Self::try_solve).
    #[track_caller]
    pub fn try_solve_triangular(self, b: Self, upper: bool, unit: bool) -> Result<Self, Error> {
        let (a, b, vector) = system(self, b, "solve_triangular")?;
        let x = Self::try_custom(SolveTriangular { upper, unit }, &[a, b])?;
        Ok(if vector { x.squeeze(-1) } else { x })
    }

    /// The pseudo-inverse of Moore and Penrose: `[.., m, n]` gives `[.., n, m]`. Singular values up to `max(m, n)` times
    /// the machine epsilon times the largest one count as zero; the gradient is that of a constant rank.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[2.0], [0.0]]);
    /// let inverse = a.pinv();
    /// assert_eq!(inverse.to_array().as_slice(), Some(&[0.5, 0.0][..]));
    /// // It is (x, y) / (x^2 + y^2).
    /// assert_eq!(inverse.at([0, 1]).backward()[a].as_slice(), Some(&[0.0, 0.25][..]));
    /// ```
    ///
    /// # Panics
    /// As [`try_pinv`](Self::try_pinv) fails.
    #[must_use]
    #[track_caller]
    pub fn pinv(self) -> Self {
        unwrap(self.try_pinv())
    }

    /// As [`pinv`](Self::pinv).
    ///
    /// # Errors
    /// [`Error::Shape`] if there are fewer than two axes, [`Error::Rejected`] if the iteration does not converge.
    #[track_caller]
    pub fn try_pinv(self) -> Result<Self, Error> {
        Matrices::checked(&self.shape(), "pinv")?;
        Self::try_custom(PseudoInverse, &[self])
    }

    /// The `x` that makes the sum of the squares of `a x - b` smallest, and of several such ones the shortest: `[.., m, n]`
    /// and `[.., m, k]` give `[.., n, k]`, where the batches broadcast; one vector `[m]` gives `[.., n]`. It is
    /// [`pinv`](Self::pinv) times `b`.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.constant([[1.0], [1.0], [1.0]]);
    /// let b = tape.variable([1.0, 2.0, 6.0]);
    /// // The best constant is the mean.
    /// let x = a.lstsq(b).sum();
    /// assert!((x.item() - 3.0).abs() < 1e-14);
    /// assert!(x.backward()[b].iter().all(|slope| (slope - 1.0 / 3.0).abs() < 1e-15));
    /// ```
    ///
    /// # Panics
    /// As [`try_lstsq`](Self::try_lstsq) fails.
    #[must_use]
    #[track_caller]
    pub fn lstsq(self, b: Self) -> Self {
        unwrap(self.try_lstsq(b))
    }

    /// As [`lstsq`](Self::lstsq).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the right-hand side does not suit the matrix, and as [`try_pinv`](Self::try_pinv).
    #[track_caller]
    pub fn try_lstsq(self, b: Self) -> Result<Self, Error> {
        let (left, right) = (self.shape(), b.shape());
        let rows = Matrices::checked(&left, "lstsq")?.rows;
        let found = if right.rank() < 2 { right.first() } else { right.get(right.rank() - 2) };
        if found != Some(&rows) {
            let rule = "the right-hand side must have a row for every row of the matrix";
            return Err(Error::Shapes { operation: "lstsq", left, right, rule });
        }
        self.try_pinv()?.try_matmul(b)
    }
}
