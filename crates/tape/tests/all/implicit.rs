//! Implicit derivatives: checked to the second order, and clear where a system is singular.

use ndarray::{ArrayD, ArrayViewD, array};
use tape::{Error, Tape, Tensor, check_tensors, root, solve};

use crate::panics::panic_of;

/// Newton's method for `x^3 + x = a b`, number by number.
fn newton(theta: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
    let product = &theta[0] * &theta[1];
    Ok(product.mapv(|c| (0..60).fold(c, |x, _| x - (x.powi(3) + x - c) / (3.0 * x * x + 1.0))))
}

fn cubic(theta: &[Tensor<f64>]) -> Tensor<f64> {
    root(newton, |x, theta| x.powi(3) + x - theta[0] * theta[1], theta)
}

#[test]
fn a_solution_is_checked_to_the_second_order() {
    let inputs =
        [array![[0.1, 2.0, 0.3], [4.0, 0.5, -1.0], [0.7, 0.2, 3.0]].into_dyn(), array![1.0, -2.0, 0.5].into_dyn()];
    check_tensors(|x| solve(x[0], x[1]).sin().sum(), &inputs).assert();
    check_tensors(|x| solve(x[0], x[1]).sin().sum().grad(x)[0].powi(2).sum(), &inputs).assert();
}

#[test]
fn a_root_is_checked_to_the_second_order() {
    let inputs = [array![[0.5, -1.0]].into_dyn(), array![[1.5, 0.7]].into_dyn()];
    check_tensors(|x| cubic(x).sin().sum(), &inputs).assert();
    check_tensors(|x| cubic(x).sin().sum().grad(x)[1].powi(2).sum(), &inputs).assert();
}

#[test]
fn a_singular_matrix_is_an_error_by_name() {
    let tape = Tape::<f64>::new();
    let error = tape::try_solve(tape.variable([[1.0, 2.0], [2.0, 4.0]]), tape.variable([1.0, 1.0])).unwrap_err();
    assert_eq!(error.to_string(), "solve: the matrix is singular: no pivot in column 1 of 2");
    let error = tape::try_solve(tape.variable([[1.0, 2.0]]), tape.variable([1.0])).unwrap_err().to_string();
    assert!(error.starts_with("solve: shapes [1, 2] and [1]"), "{error}");
}

#[test]
fn a_double_root_has_no_derivative_and_says_so_in_every_mode() {
    const TEXT: &str = "root: of the residual's Jacobian: the matrix is singular: no pivot in column 0 of 1";
    let tape = Tape::<f64>::new();
    let a = tape.variable([0.0]);
    let double = |a: Tensor<f64>| root(|a| Ok(a[0].to_owned()), |x, a| x * x - a[0], &[a]);
    let y = double(a).sum();
    let text = |error: Error| error.to_string();
    assert_eq!(text(y.try_backward().unwrap_err()), TEXT);
    assert_eq!(text(y.try_grad(a).unwrap_err()), TEXT);
    assert_eq!(text(y.try_jvp(a, tape.constant([1.0])).unwrap_err()), TEXT);
    let checked = tape::try_hvp(|x| double(Tensor::stack_vars(&x[..1])).sum().at([]), &[0.0, 1.0], &[1.0, 0.0]);
    assert_eq!(text(checked.unwrap_err()), TEXT);
    // Nothing is poisoned: the same tape goes on, and so do sweeps through other roots.
    assert_eq!(a.exp().sum().backward()[a], array![1.0].into_dyn());
    let b = tape.variable([4.0]);
    let two = root(|a| Ok(a[0].mapv(f64::sqrt)), |x, a| x * x - a[0], &[b]).sum();
    assert_eq!(two.backward()[b], array![0.25].into_dyn());
}

#[test]
fn what_has_no_derivative_panics_at_the_line_that_asks_for_it() {
    let tape = Tape::<f64>::new();
    let a = tape.variable([0.0]);
    let y = root(|a| Ok(a[0].to_owned()), |x, a| x * x - a[0], &[a]).sum();
    let expected = (file!().to_owned(), line!() + 1);
    let (message, file, line) = panic_of(|| drop(y.backward()));
    assert_eq!((file, line), expected);
    assert!(message.starts_with("root: of the residual's Jacobian"), "{message}");
}

#[test]
fn a_double_root_that_does_not_count_has_a_gradient_of_zero() {
    let tape = Tape::<f64>::new();
    let a = tape.variable([0.0]);
    let double = root(|a| Ok(a[0].to_owned()), |x, a| x * x - a[0], &[a]);
    let y = a.ge(0.0).select(a * 3.0, double).sum();
    assert_eq!(y.backward()[a], array![3.0].into_dyn());
    assert_eq!(y.grad(a).to_array(), array![3.0].into_dyn());
    assert_eq!(double.jvp(a, tape.constant([0.0])).to_array(), array![0.0].into_dyn());
}
