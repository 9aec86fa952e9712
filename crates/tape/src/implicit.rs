//! Derivatives of what equations define: solutions of linear systems, roots and fixed points, without the iterations.

use ndarray::{Array2, ArrayD, ArrayViewD};

use crate::custom::CustomOp;
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::Tape;
use crate::tensor::Tensor;

/// `a x = b` by elimination with the largest pivot of each column.
fn eliminate<T: Real>(mut a: Array2<T>, mut b: Vec<T>) -> Result<Vec<T>, Error> {
    let n = b.len();
    for k in 0..n {
        let mut pivot = k;
        for i in k + 1..n {
            if a[[i, k]].abs() > a[[pivot, k]].abs() {
                pivot = i;
            }
        }
        if a[[pivot, k]] == T::zero() || !a[[pivot, k]].is_finite() {
            let reason = format!("the matrix is singular: no pivot in column {k} of {n}");
            return Err(Error::Rejected { operation: "solve", reason });
        }
        b.swap(k, pivot);
        for j in 0..n {
            a.swap([k, j], [pivot, j]);
        }
        for i in k + 1..n {
            let factor = a[[i, k]] / a[[k, k]];
            for j in k + 1..n {
                a[[i, j]] = a[[i, j]] - factor * a[[k, j]];
            }
            b[i] = b[i] - factor * b[k];
        }
    }
    for i in (0..n).rev() {
        for j in i + 1..n {
            b[i] = b[i] - a[[i, j]] * b[j];
        }
        b[i] /= a[[i, i]];
    }
    Ok(b)
}

struct Solve;

impl<T: Real> CustomOp<T> for Solve {
    fn name(&self) -> &'static str {
        "solve"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let [left, right] = [&inputs[0], &inputs[1]].map(|input| Shape::from(input.shape()));
        if right.len() != 1 || *left != [right[0], right[0]] {
            let rule = "a matrix must be square, and the right side a vector of its length";
            return Err(Error::Shapes { operation: "solve", left, right, rule });
        }
        let a = inputs[0].to_owned().into_dimensionality().expect("two axes");
        Ok(ndarray::Array1::from(eliminate(a, inputs[1].iter().copied().collect())?).into_dyn())
    }

    /// With the solution `l` of the transposed system for the adjoint: `-l x^T` and `l` (Giles 2008).
    fn vjp(
        &self,
        inputs: &[Tensor<T>],
        output: Tensor<T>,
        adjoint: Tensor<T>,
    ) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let share = try_solve(inputs[0].t(), adjoint)?;
        let n = output.shape().size();
        Ok(vec![Some(-(share.reshape([n, 1]) * output.reshape([1, n]))), Some(share)])
    }
}

/// The solution `x` of `a x = b`, for a matrix `a` `[n, n]` and a vector `b` `[n]`, by elimination with partial pivoting:
/// of the order of n^3 operations, once for the value and once for each derivative.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (a, b) = (tape.variable([[0.0, 2.0], [4.0, 0.0]]), tape.variable([2.0, 8.0]));
/// let x = tape::solve(a, b);
/// assert_eq!(x.to_array().as_slice(), Some(&[2.0, 1.0][..]));
/// assert_eq!(x.sum().backward()[b].as_slice(), Some(&[0.5, 0.25][..]));
/// ```
///
/// # Panics
/// As [`try_solve`] fails.
#[must_use]
#[track_caller]
pub fn solve<T: Real>(a: Tensor<T>, b: Tensor<T>) -> Tensor<T> {
    unwrap(try_solve(a, b))
}

/// As [`solve`].
///
/// # Errors
/// [`Error::Shapes`] if the shapes do not fit, [`Error::Rejected`] if the matrix is singular.
#[track_caller]
pub fn try_solve<T: Real>(a: Tensor<T>, b: Tensor<T>) -> Result<Tensor<T>, Error> {
    Tensor::try_custom(Solve, &[a, b])
}

/// What finds a root, and the function of which it is one.
struct Root<S, F> {
    solver: S,
    residual: F,
}

impl<T, S, F> CustomOp<T> for Root<S, F>
where
    T: Real,
    S: Fn(&[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error>,
    F: Fn(Tensor<T>, &[Tensor<T>]) -> Tensor<T>,
{
    fn name(&self) -> &'static str {
        "root"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let x = (self.solver)(inputs)?;
        let right = Tape::with_spare(|tape| {
            let theta: Vec<_> = inputs.iter().map(|input| tape.constant(input)).collect();
            (self.residual)(tape.constant(&x), &theta).shape()
        });
        let left = Shape::from(x.shape());
        if left == right {
            return Ok(x);
        }
        Err(Error::Shapes { operation: "root", left, right, rule: "a residual has the shape of its root" })
    }

    /// Of `f(x, theta) = 0` follows `dx = -(df/dx)^-1 df/dtheta dtheta`.
    fn vjp(
        &self,
        inputs: &[Tensor<T>],
        output: Tensor<T>,
        adjoint: Tensor<T>,
    ) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let (shape, n) = (output.shape(), output.shape().size());
        if n == 0 {
            return Ok(vec![None; inputs.len()]);
        }
        // Nodes of their own, because the derivatives are partial: the root itself depends on the inputs.
        let x = output.reshape(shape.clone());
        let theta: Vec<_> = inputs.iter().map(|input| input.reshape(input.shape())).collect();
        let residual = (self.residual)(x, &theta);
        let row = |i: usize| residual.try_reshape([n])?.try_at([i])?.try_grad(x)?.try_reshape([n]);
        let rows = (0..n).map(row).collect::<Result<Vec<_>, _>>()?;
        let jacobian = Tensor::try_stack(&rows, 0)?;
        let weights = try_solve(jacobian.t(), -adjoint.reshape([n])).map_err(|error| match error {
            Error::Rejected { reason, .. } => {
                Error::Rejected { operation: "root", reason: format!("of the residual's Jacobian: {reason}") }
            }
            error => error,
        })?;
        residual.try_get_vjp(weights.reshape(shape), theta)
    }
}

/// A root of `residual(x, theta) = 0` that `solver` finds, from numbers to numbers, and its derivatives of any order by the
/// implicit function theorem: nothing of the iterations is recorded, but they must have converged. The Jacobian is dense,
/// for systems of up to some hundred unknowns.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let a = tape.variable([4.0, 9.0]);
/// let x = tape::root(|a| Ok(a[0].mapv(f64::sqrt)), |x, a| x * x - a[0], &[a]);
/// assert_eq!(x.sum().backward()[a].as_slice(), Some(&[0.25, 1.0 / 6.0][..]));
/// ```
///
/// # Panics
/// As [`try_root`] fails. When it is differentiated, it is an error, [`Error::Rejected`], if the Jacobian of the residual is
/// singular.
#[must_use]
#[track_caller]
pub fn root<T: Real>(
    solver: impl Fn(&[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> + 'static,
    residual: impl Fn(Tensor<T>, &[Tensor<T>]) -> Tensor<T> + 'static,
    theta: &[Tensor<T>],
) -> Tensor<T> {
    unwrap(try_root(solver, residual, theta))
}

/// As [`root`].
///
/// # Errors
/// [`Error::Shapes`] if the residual has another shape than the root, and what the solver returns.
#[track_caller]
pub fn try_root<T: Real>(
    solver: impl Fn(&[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> + 'static,
    residual: impl Fn(Tensor<T>, &[Tensor<T>]) -> Tensor<T> + 'static,
    theta: &[Tensor<T>],
) -> Result<Tensor<T>, Error> {
    Tensor::try_custom(Root { solver, residual }, theta)
}

/// A fixed point `x = map(x, theta)` that `solver` finds: the [`root`] of `x - map(x, theta)`.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let a = tape.variable([3.0]);
/// // x = x / 2 + a, so x = 2 a.
/// let x = tape::fixed_point(|a| Ok(a[0].mapv(|a| 2.0 * a)), |x, a| x * 0.5 + a[0], &[a]);
/// assert_eq!(x.sum().backward()[a][0], 2.0);
/// ```
///
/// # Panics
/// As [`root`] does.
#[must_use]
#[track_caller]
pub fn fixed_point<T: Real>(
    solver: impl Fn(&[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> + 'static,
    map: impl Fn(Tensor<T>, &[Tensor<T>]) -> Tensor<T> + 'static,
    theta: &[Tensor<T>],
) -> Tensor<T> {
    unwrap(try_fixed_point(solver, map, theta))
}

/// As [`fixed_point`].
///
/// # Errors
/// As [`try_root`].
#[track_caller]
pub fn try_fixed_point<T: Real>(
    solver: impl Fn(&[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> + 'static,
    map: impl Fn(Tensor<T>, &[Tensor<T>]) -> Tensor<T> + 'static,
    theta: &[Tensor<T>],
) -> Result<Tensor<T>, Error> {
    try_root(solver, move |x, theta| x - map(x, theta), theta)
}
