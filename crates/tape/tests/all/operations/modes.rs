//! How each mode is tried on an operation, and the operations by section.

use ndarray::ArrayD;
use tape::{Check, Tape, Tensor, Var};

use super::rows::{Row, Run};
use super::{elementwise, own, structure};

/// The table's sections.
pub(crate) fn sections() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        ("Elementwise, of `Tensor` and of `Var`", elementwise::rules()),
        ("Composed of these", elementwise::composed()),
        ("Shapes", structure::shapes()),
        ("Picking and putting", structure::picking()),
        ("Reductions", structure::reductions()),
        ("Scans and orders", structure::scans()),
        ("Products", structure::products()),
        ("Linear algebra (feature `linalg`)", structure::algebra()),
        ("Convolution, pooling, resizing", structure::convolutions()),
        ("Operations of one's own, checkpoints, implicit functions", own::own()),
    ]
}

/// Which modes an operation has, found by running them; `Err` says which one is wrong.
pub(crate) fn tried(row: &Row) -> Result<[bool; 4], String> {
    let wrong = |mode: &str, report: String| format!("{}, {mode}: {report}", row.name);
    match row.run {
        Run::Tensors(f) => of_tensors(&row.inputs, f).map_err(|(mode, report)| wrong(mode, report))?,
        Run::Numbers(f) => of_numbers(&row.inputs, f).map_err(|(mode, report)| wrong(mode, report))?,
        Run::Both(tensors, numbers) => {
            of_tensors(&row.inputs, tensors).map_err(|(mode, report)| wrong(mode, report))?;
            of_numbers(&row.inputs, numbers).map_err(|(mode, report)| wrong(mode, report))?;
        }
        Run::Constant(f, _) => {
            let tape = Tape::new();
            let output = f(&tape, tape.variable(&row.inputs[0]));
            let constant = output.sum().try_backward().is_err();
            return match output.to_array().iter().all(|x| x.is_finite()) && constant {
                true => Ok([true, false, false, false]),
                false => Err(wrong("value", output.to_array().to_string())),
            };
        }
    }
    Ok([true; 4])
}

type Wrong = (&'static str, String);

/// Numbers that are neither 1 nor alike.
fn weights(shape: &[usize], phase: f64) -> ArrayD<f64> {
    let size: usize = shape.iter().product();
    let weight = |i: usize| 0.4 + (i as f64 * 0.754_877 + phase).fract() * if i.is_multiple_of(2) { 1.0 } else { -1.7 };
    ArrayD::from_shape_vec(shape, (0..size).map(weight).collect()).expect("as many as the shape has")
}

fn of_tensors(inputs: &[ArrayD<f64>], f: fn(&[Tensor<f64>]) -> Tensor<f64>) -> Result<(), Wrong> {
    let tape = Tape::new();
    let x: Vec<_> = inputs.iter().map(|input| tape.variable(input)).collect();
    let y = f(&x);
    let value = y.to_array();
    if value.is_empty() || !value.iter().all(|y| y.is_finite()) {
        return Err(("value", value.to_string()));
    }
    let report = Check::new().tensors(f, inputs);
    if !report.passed() {
        return Err(("reverse", report.to_string()));
    }
    // <w, J v> = <J^T w, v>, and the recorded share is the swept one.
    let directions: Vec<_> =
        (0..inputs.len()).map(|i| tape.constant(weights(inputs[i].shape(), 0.3 + 0.17 * i as f64))).collect();
    let adjoint = tape.constant(weights(value.shape(), 0.8));
    let forwards = (y.jvp(&x, &directions) * adjoint).sum().item();
    let swept = (y * adjoint).sum().backward();
    let recorded = y.vjp(adjoint, &x);
    let inner = |shares: &dyn Fn(usize) -> ArrayD<f64>| -> f64 {
        (0..x.len()).map(|i| (shares(i) * directions[i].to_array()).sum()).sum()
    };
    for backwards in [inner(&|i| swept[x[i]].clone()), inner(&|i| recorded[i].to_array())] {
        if (forwards - backwards).abs() > 1e-10 * forwards.abs().max(1.0) {
            return Err(("tangent", format!("{forwards} forwards, {backwards} backwards")));
        }
    }
    let second = |x: &[Tensor<f64>]| {
        let shares = f(x).try_vjp(weighted_ones(f(x)), x).expect("an adjoint of the output's shape");
        shares
            .into_iter()
            .map(|g| (g * 0.7 + 0.4).sin().sum())
            .reduce(|sum, part| sum + part)
            .expect("there are inputs")
    };
    let report = Check::new().directions(3).tensors(second, inputs);
    if report.passed() { Ok(()) } else { Err(("second order", report.to_string())) }
}

/// A constant adjoint in the shape of an output, rising from element to element.
fn weighted_ones(output: Tensor<f64>) -> Tensor<f64> {
    let ones = output.detach() * 0.0 + 1.0;
    (ones.reshape([ones.shape().size()]).cumsum(0) * 0.3 + 0.4).reshape(output.shape())
}

fn of_numbers(inputs: &[ArrayD<f64>], f: fn(&[Var]) -> Var) -> Result<(), Wrong> {
    for point in 0..inputs[0].len() {
        let at: Vec<f64> = inputs.iter().map(|input| input[[point]]).collect();
        let tape = Tape::new();
        let x = tape.vars(&at);
        let y = f(&x);
        if !y.value().is_finite() {
            return Err(("value", y.to_string()));
        }
        let report = tape::check(f, &at);
        if !report.passed() {
            return Err(("reverse", report.to_string()));
        }
        let directions: Vec<Var> = weights(&[at.len()], 0.3).iter().map(|&v| Var::constant(v)).collect();
        let (forwards, swept) = (y.jvp(&x, &directions).value(), tape::gradient(f, &at));
        let recorded: Vec<f64> = y.grad(&x).into_iter().map(Var::value).collect();
        for shares in [swept, recorded] {
            let backwards: f64 = shares.iter().zip(&directions).map(|(g, v)| g * v.value()).sum();
            if (forwards - backwards).abs() > 1e-10 * forwards.abs().max(1.0) {
                return Err(("tangent", format!("{forwards} forwards, {backwards} backwards")));
            }
        }
        let report = tape::check(|x| f(x).grad(x).into_iter().map(|g| (g * 0.7).sin()).sum(), &at);
        if !report.passed() {
            return Err(("second order", report.to_string()));
        }
    }
    Ok(())
}
