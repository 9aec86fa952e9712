//! Functions of numbers, differentiated without a tape in sight.

use std::cell::RefCell;

use crate::tape::Tape;
use crate::var::Var;

thread_local! {
    /// Tapes between two calls: their memory serves the next one. A function that differentiates inside of another takes
    /// a second one.
    static SPARE: RefCell<Vec<Tape<f64>>> = const { RefCell::new(Vec::new()) };
}

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
/// If the function returns a variable of another tape.
#[track_caller]
pub fn value_and_grad(f: impl FnOnce(&[Var]) -> Var, x: &[f64]) -> (f64, Vec<f64>) {
    let mut tape = SPARE.with_borrow_mut(Vec::pop).unwrap_or_default();
    let x = tape.vars(x);
    let y = f(&x);
    let (value, gradients) = tape.value_and_grad_of(y);
    let gradient = x.iter().map(|&x| gradients[x]).collect();
    tape.reset();
    SPARE.with_borrow_mut(|spare| spare.push(tape));
    (value, gradient)
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
