//! Does the verification find what is wrong, and pass what is right?

use std::cell::Cell;

use ndarray::array;
use tape::{Check, Fault, Params, Tensor, Verdict, check, check_gradient, check_params, check_tensors};

use crate::panics::panic_of;

#[test]
fn smooth_functions_pass_at_many_magnitudes() {
    for exponent in -8..=8 {
        let x = 10.0_f64.powi(exponent);
        check(|x| x[0].ln(), &[x]).assert();
        check(|x| x[0].sqrt(), &[x]).assert();
        check(|x| x[0].recip(), &[x]).assert();
        check(|x| x[0] * x[0] * x[0], &[x]).assert();
        check(|x| x[0] * 3.0 + 1.0, &[x]).assert();
    }
    for x in [-3.0, -0.5, 0.0, 0.25, 2.0] {
        check(|x| x[0].exp() * x[0].sin(), &[x]).assert();
        check(|x| x[0].tanh() + x[0].sigmoid(), &[x]).assert();
    }
}

#[test]
fn a_rule_wrong_by_a_thousandth_fails_and_the_element_is_named() {
    let f = |x: &[f64]| x[0].sin() * x[1].exp() + x[2].powi(3);
    let right = |x: &[f64]| vec![x[0].cos() * x[1].exp(), x[0].sin() * x[1].exp(), 3.0 * x[2] * x[2]];
    let point = [0.7, -0.4, 1.3];
    check_gradient(f, right, &point).assert();
    for wrong in 0..3 {
        let broken = |x: &[f64]| {
            let mut gradient = right(x);
            gradient[wrong] *= 1.001;
            gradient
        };
        let report = check_gradient(f, broken, &point);
        assert!(!report.passed());
        let worst = report.worst().unwrap();
        assert_eq!((worst.element(), worst.verdict()), (&*format!("x[{wrong}]"), Verdict::Differs));
        assert!((worst.relative_error() - 0.001).abs() < 1e-5);
        assert!(
            !Check::new()
                .directions(4)
                .function(|x| x[0] * x[1].detach() * 1.001 + x[1] * x[0].detach(), &[0.5, 0.25])
                .passed()
        );
    }
}

#[test]
fn a_gradient_of_a_wrong_length_fails_by_name() {
    let report = check_gradient(|x| x[0] + x[1], |_| vec![1.0], &[1.0, 2.0]);
    assert_eq!(report.fault(), Some(&Fault::GradientLength { expected: 2, found: 1 }));
    assert_eq!(report.to_string(), "gradient check failed: wrong shape: a gradient of 1 elements for an input of 2");
}

#[test]
fn an_output_that_changes_its_shape_fails_by_name() {
    let calls = Cell::new(0);
    let report = check_tensors(
        |x| {
            calls.set(calls.get() + 1);
            if calls.get() > 3 { x[0].reshape([2, 1]) } else { x[0] }
        },
        &[array![1.0, 2.0].into_dyn()],
    );
    assert!(report.to_string().contains("wrong shape: an output of shape [2, 1], where it was [2]"), "{report}");
}

#[test]
fn a_function_that_is_not_deterministic_fails_by_name() {
    let calls = Cell::new(0.0);
    let report = check_gradient(
        |x| {
            calls.set(calls.get() + 1.0);
            x[0] + 1e-9 * calls.get()
        },
        |_| vec![1.0],
        &[1.0],
    );
    assert!(
        report.to_string().starts_with("gradient check failed: not deterministic: the same point gave the value"),
        "{report}"
    );
}

#[test]
fn a_kink_passes_with_any_subgradient_and_says_so() {
    let report = check(|x| x[0].relu(), &[0.0]);
    report.assert();
    let note = report.entries()[0].note();
    assert_eq!(note, "not smooth here: 0.000000e0 to the left, 1.000000e0 to the right");
    assert!(!check_gradient(|x| x[0].max(0.0), |_| vec![1.5], &[0.0]).passed());
}

#[test]
fn the_end_of_a_domain_is_approached_from_inside() {
    let report = check(|x| x[0].sqrt(), &[0.0]);
    report.assert();
    assert_eq!(report.entries()[0].note(), "vertical tangent");
    let report = check(|x| x[0] * x[0].sqrt() + 2.0 * x[0], &[0.0]);
    report.assert();
    assert_eq!(report.entries()[0].note(), "smooth to the right only");
}

#[test]
fn a_function_too_rough_is_not_passed_by_luck() {
    let rough = |x: &[f64]| (x[0] * 1e9).sin() * 1e-3 + x[0];
    assert!(!check_gradient(rough, |_| vec![1.0], &[0.3]).passed());
}

#[test]
fn parameters_are_named_and_frozen_ones_left_alone() {
    let mut params = Params::<f64>::new();
    let weight = params.within("encoder", |params| params.add("weight", &array![[0.5, -0.25], [1.5, 0.1]]));
    let frozen = params.add("running_mean", &array![0.3]);
    params.set_trainable(frozen, false);
    let loss = |pass: &tape::Pass<'_, f64>| -> Tensor<f64> {
        let x = pass.constant([[1.0, 2.0]]);
        (x.matmul(pass.parameter(weight)) - pass.parameter(frozen)).tanh()
    };
    let report = check_params(&params, loss);
    report.assert();
    let elements: Vec<_> = report.entries().iter().map(|entry| entry.element().to_owned()).collect();
    assert_eq!(
        elements,
        ["encoder.weight[0, 0]", "encoder.weight[0, 1]", "encoder.weight[1, 0]", "encoder.weight[1, 1]"]
    );
    Check::new().directions(5).params(&params, loss).assert();
}

#[test]
fn an_empty_input_has_nothing_to_verify() {
    let report = check_tensors(|x| x[0].sum(), &[ndarray::ArrayD::zeros(vec![0, 3])]);
    assert!(report.passed());
    assert_eq!(report.to_string(), "gradient check: there is nothing to verify in input 0 [0, 3]");
}

#[test]
fn the_table_shows_the_worst_first() {
    let report = check_gradient(|x| x[0] * 2.0 + x[1] * 4.0, |_| vec![2.0, 5.0], &[1.0, 1.0]);
    let text = report.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "gradient check failed: 1 of 2 derivatives of x [2] differ");
    assert_eq!(lines[1], "  element        analytic         numeric  rel. error  est. error  note");
    assert!(lines[2].starts_with("! x[1]         5.000000e0      4.000000e0      2.0e-1"), "{text}");
    assert!(lines[3].starts_with("  x[0]         2.000000e0      2.000000e0"), "{text}");
}

#[test]
fn the_panic_is_at_the_callers_line() {
    let expected = (file!().to_owned(), line!() + 1);
    let (message, file, line) = panic_of(|| check_gradient(|x| 7.0 * x[0], |_| vec![2.0], &[1.0]).assert());
    assert_eq!((file, line), expected);
    assert!(message.contains("7.000000e0"), "{message}");
}
