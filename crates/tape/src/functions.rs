//! Functions of numbers, differentiated without a tape in sight.

use ndarray::Array2;

use crate::error::{Error, unwrap};
use crate::shape::Shape;
use crate::tape::Tape;
use crate::tensor::Tensor;
use crate::var::Var;

/// The value of a function of several variables, and its gradient.
///
/// The gradient has one entry a variable: 0 for one that the function does not use, and 0 everywhere if the function is
/// constant at this point.
///
/// ```
/// // Rosenbrock's function.
/// let (y, dy) = tape::value_and_grad(
///     |x| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2),
///     &[1.2, 1.0],
/// );
/// assert!((y - 19.4).abs() < 1e-12);
/// assert!((dy[0] - 211.6).abs() < 1e-12 && (dy[1] + 88.0).abs() < 1e-12);
/// ```
///
/// # Panics
/// As [`try_value_and_grad`] fails.
#[track_caller]
pub fn value_and_grad(f: impl FnOnce(&[Var]) -> Var, x: &[f64]) -> (f64, Vec<f64>) {
    unwrap(try_value_and_grad(f, x))
}

/// As [`value_and_grad`].
///
/// # Errors
/// [`Error::Foreign`] if the function returns a variable of another tape, and what an operation of a user returns that has
/// no derivative.
#[track_caller]
pub fn try_value_and_grad(f: impl FnOnce(&[Var]) -> Var, x: &[f64]) -> Result<(f64, Vec<f64>), Error> {
    Tape::with_spare(|tape| {
        let x = tape.vars(x);
        swept(tape, f(&x), &x)
    })
}

#[track_caller]
fn swept(tape: &Tape<f64>, y: Var, x: &[Var]) -> Result<(f64, Vec<f64>), Error> {
    let (value, gradients) = tape.try_value_and_grad_of(y)?;
    Ok((value, x.iter().map(|&x| gradients[x]).collect()))
}

/// How outputs change along a direction, by one forward pass for all of them.
#[track_caller]
fn along(y: &[Var], x: &[Var], direction: &[f64]) -> Result<Vec<f64>, Error> {
    if y.iter().all(|y| y.is_constant()) {
        return Ok(vec![0.0; y.len()]);
    }
    let tangents: Vec<Var> = direction.iter().map(|&v| Var::constant(v)).collect();
    let change = Tensor::try_stack_vars(y)?.try_jvp(x, tangents.as_slice())?;
    Ok(change.to_array().into_iter().collect())
}

fn fitting(operation: &'static str, left: usize, right: usize, rule: &'static str) -> Result<(), Error> {
    if left == right {
        return Ok(());
    }
    let [left, right] = [left, right].map(|length| Shape::from([length]));
    Err(Error::Shapes { operation, left, right, rule })
}

/// The gradient of a function of several variables; see [`value_and_grad`].
///
/// ```
/// assert_eq!(tape::gradient(|x| x[0] * x[1] + x[0].sin(), &[0.0, 3.0]), [4.0, 0.0]);
/// ```
#[track_caller]
pub fn gradient(f: impl FnOnce(&[Var]) -> Var, x: &[f64]) -> Vec<f64> {
    value_and_grad(f, x).1
}

/// The derivative of a function of one variable.
///
/// ```
/// assert_eq!(tape::derivative(|x| x.powi(3), 2.0), 12.0);
/// ```
#[track_caller]
pub fn derivative(f: impl FnOnce(Var) -> Var, x: f64) -> f64 {
    value_and_grad(|x| f(x[0]), &[x]).1[0]
}

/// The values of a function, and how they change when the inputs change along `v`: the Jacobian times `v`, by one pass
/// forwards.
///
/// ```
/// let (y, dy) = tape::jvp(|x| vec![x[0] * x[1], x[0].powi(2), 7.0.into()], &[3.0, 4.0], &[1.0, 0.5]);
/// assert_eq!((y, dy), (vec![12.0, 9.0, 7.0], vec![4.0 + 1.5, 6.0, 0.0]));
/// ```
///
/// # Panics
/// As [`try_jvp`] fails.
#[track_caller]
pub fn jvp(f: impl FnOnce(&[Var]) -> Vec<Var>, x: &[f64], v: &[f64]) -> (Vec<f64>, Vec<f64>) {
    unwrap(try_jvp(f, x, v))
}

/// As [`jvp`].
///
/// # Errors
/// [`Error::Shapes`] if there is not one tangent an input, and as [`try_value_and_grad`].
#[track_caller]
pub fn try_jvp(f: impl FnOnce(&[Var]) -> Vec<Var>, x: &[f64], v: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Error> {
    fitting("jvp", x.len(), v.len(), "there must be one tangent a variable")?;
    Tape::with_spare(|tape| {
        let x = tape.vars(x);
        let y = f(&x);
        Ok((y.iter().map(|y| y.value()).collect(), along(&y, &x, v)?))
    })
}

/// The values of a function, and the gradient of their sum weighted with `w`: the transposed Jacobian times `w`, by one
/// sweep backwards.
///
/// ```
/// let (y, share) = tape::vjp(|x| vec![x[0] * x[1], x[0].powi(2)], &[3.0, 4.0], &[1.0, 10.0]);
/// assert_eq!((y, share), (vec![12.0, 9.0], vec![4.0 + 60.0, 3.0]));
/// ```
///
/// # Panics
/// As [`try_vjp`] fails.
#[track_caller]
pub fn vjp(f: impl FnOnce(&[Var]) -> Vec<Var>, x: &[f64], w: &[f64]) -> (Vec<f64>, Vec<f64>) {
    unwrap(try_vjp(f, x, w))
}

/// As [`vjp`].
///
/// # Errors
/// [`Error::Shapes`] if there is not one weight an output, and as [`try_value_and_grad`].
#[track_caller]
pub fn try_vjp(f: impl FnOnce(&[Var]) -> Vec<Var>, x: &[f64], w: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Error> {
    Tape::with_spare(|tape| {
        let x = tape.vars(x);
        let y = f(&x);
        fitting("vjp", y.len(), w.len(), "there must be one adjoint an output")?;
        for &y in &y {
            tape.own_var(y, "vjp")?;
        }
        let weighted = y.iter().zip(w).fold(Var::constant(0.0), |sum, (&y, &w)| sum + y * w);
        Ok((y.iter().map(|y| y.value()).collect(), swept(tape, weighted, &x)?.1))
    })
}

/// The Hessian of a function times `v`, without the Hessian: a sweep backwards over the change along `v`. It costs a few
/// evaluations of the function, whatever the number of variables (Pearlmutter 1994).
///
/// ```
/// // The Hessian of a^2 b is [[2 b, 2 a], [2 a, 0]].
/// assert_eq!(tape::hvp(|x| x[0].powi(2) * x[1], &[2.0, 3.0], &[1.0, 10.0]), [6.0 + 40.0, 4.0]);
/// ```
///
/// # Panics
/// As [`try_hvp`] fails.
#[track_caller]
pub fn hvp(f: impl FnOnce(&[Var]) -> Var, x: &[f64], v: &[f64]) -> Vec<f64> {
    unwrap(try_hvp(f, x, v))
}

/// As [`hvp`].
///
/// # Errors
/// [`Error::Shapes`] if there is not one tangent a variable, and as [`try_value_and_grad`].
#[track_caller]
pub fn try_hvp(f: impl FnOnce(&[Var]) -> Var, x: &[f64], v: &[f64]) -> Result<Vec<f64>, Error> {
    fitting("hvp", x.len(), v.len(), "there must be one tangent a variable")?;
    let tangents: Vec<Var> = v.iter().map(|&v| Var::constant(v)).collect();
    Tape::with_spare(|tape| {
        let x = tape.vars(x);
        let change = f(&x).try_jvp(x.as_slice(), tangents.as_slice())?;
        Ok(swept(tape, change, &x)?.1)
    })
}

/// The Jacobian of a function: a row an output, a column an input. With fewer inputs than outputs it is made column by
/// column, forwards, otherwise row by row, backwards.
///
/// ```
/// use ndarray::array;
/// let tall = tape::jacobian(|x| vec![x[0].powi(2), 5.0 * x[0]], &[3.0]);
/// assert_eq!(tall, array![[6.0], [5.0]]);
/// let wide = tape::jacobian(|x| vec![x[0] * x[1]], &[3.0, 4.0]);
/// assert_eq!(wide, array![[4.0, 3.0]]);
/// ```
///
/// # Panics
/// As [`try_jacobian`] fails.
#[track_caller]
pub fn jacobian(f: impl FnOnce(&[Var]) -> Vec<Var>, x: &[f64]) -> Array2<f64> {
    unwrap(try_jacobian(f, x))
}

/// As [`jacobian`].
///
/// # Errors
/// As [`try_value_and_grad`].
#[track_caller]
pub fn try_jacobian(f: impl FnOnce(&[Var]) -> Vec<Var>, x: &[f64]) -> Result<Array2<f64>, Error> {
    jacobian_of(|x| Ok(f(x)), x)
}

#[track_caller]
fn jacobian_of(f: impl FnOnce(&[Var]) -> Result<Vec<Var>, Error>, x: &[f64]) -> Result<Array2<f64>, Error> {
    Tape::with_spare(|tape| {
        let x = tape.vars(x);
        let y = f(&x)?;
        let mut jacobian = Array2::zeros((y.len(), x.len()));
        if y.len() <= x.len() {
            for (mut row, &y) in jacobian.rows_mut().into_iter().zip(&y) {
                row.assign(&ndarray::aview1(&swept(tape, y, &x)?.1));
            }
            return Ok(jacobian);
        }
        let here = tape.position();
        let mut direction = vec![0.0; x.len()];
        for (j, mut column) in jacobian.columns_mut().into_iter().enumerate() {
            direction[j] = 1.0;
            column.assign(&ndarray::aview1(&along(&y, &x, &direction)?));
            direction[j] = 0.0;
            tape.rewind(here);
        }
        Ok(jacobian)
    })
}

/// The Hessian of a function: the [`jacobian`] of its gradient.
///
/// ```
/// let hessian = tape::hessian(|x| x[0].powi(2) * x[1], &[2.0, 3.0]);
/// assert_eq!(hessian, ndarray::array![[6.0, 4.0], [4.0, 0.0]]);
/// ```
///
/// # Panics
/// As [`try_hessian`] fails.
#[track_caller]
pub fn hessian(f: impl FnOnce(&[Var]) -> Var, x: &[f64]) -> Array2<f64> {
    unwrap(try_hessian(f, x))
}

/// As [`hessian`].
///
/// # Errors
/// As [`try_value_and_grad`].
#[track_caller]
pub fn try_hessian(f: impl FnOnce(&[Var]) -> Var, x: &[f64]) -> Result<Array2<f64>, Error> {
    jacobian_of(|x| f(x).try_grad(x), x)
}
