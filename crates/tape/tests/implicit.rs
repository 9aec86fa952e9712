//! Implicit derivatives: checked to the second order, and clear where a system is singular.

use ndarray::{ArrayD, ArrayViewD, array};
use tape::{Error, Tape, Tensor, check_tensors, root, solve};

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
#[should_panic(expected = "the matrix is singular")]
fn a_double_root_has_no_derivative() {
    let tape = Tape::<f64>::new();
    let a = tape.variable([0.0]);
    let _ = root(|a| Ok(a[0].to_owned()), |x, a| x * x - a[0], &[a]).sum().backward();
}
