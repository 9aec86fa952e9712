//! Recorded derivatives: of any order, of what is not reached, refused where `backward` refuses, and right by hand.
//! `random_programs.rs` checks them against forward mode and differences.

use ndarray::{Array2, ArrayD, array, s};
use tape::{Error, Params, Tape, Tensor, Var};

#[test]
fn derivatives_nest_to_any_order() {
    let tape = Tape::<f64>::new();
    let x = tape.var(0.7);
    let mut derivative = x.sin();
    for order in 0..8 {
        let expected = [f64::sin, f64::cos, |x| -f64::sin(x), |x| -f64::cos(x)][order % 4](0.7);
        assert!((derivative.value() - expected).abs() < 1e-12, "order {order}");
        derivative = derivative.grad(x);
    }
}

#[test]
fn a_constant_root_and_an_unused_variable_have_zero_derivatives() {
    let tape = Tape::<f64>::new();
    let (x, y, t) = (tape.var(1.0), tape.var(2.0), tape.variable([1.0, 2.0]));
    assert_eq!((x * x).grad(y).value(), 0.0);
    assert!((x * x).grad(y).is_constant());
    assert_eq!(Var::constant(3.0).grad(x).value(), 0.0);
    assert_eq!(x.exp().try_grad(t).unwrap().to_array(), array![0.0, 0.0].into_dyn());
    assert_eq!(tape.constant([[3.0]]).grad(t).to_array(), array![0.0, 0.0].into_dyn());
    assert_eq!((t * 2.0).jvp(x, 1.0.into()).to_array(), array![0.0, 0.0].into_dyn());
}

#[test]
fn a_zero_adjoint_absorbs_but_keeps_its_own_derivative() {
    let tape = Tape::<f64>::new();
    let x = tape.var(0.0);
    // d/dx (x^2)^2 = 4 x^3: at zero every adjoint on the way is zero, and the third derivative's derivative is not.
    let u = x * x;
    let fourth = (u * u).grad(x).grad(x).grad(x).grad(x);
    assert_eq!(fourth.value(), 24.0);
    let v = tape.var(-1.0);
    assert_eq!(v.max(0.0).sqrt().grad(v).value(), 0.0);
    let t = tape.variable([4.0, -4.0, 0.0]);
    let masked = t.gt(0.0).select(t.sqrt(), t).sum();
    assert_eq!(masked.grad(t).to_array(), array![0.25, 1.0, 1.0].into_dyn());
    assert_eq!(masked.grad(t).sum().grad(t).to_array(), array![-1.0 / 32.0, 0.0, 0.0].into_dyn());
}

#[test]
fn recording_a_gradient_refuses_what_backward_refuses() {
    let tape = Tape::<f64>::new();
    let t = tape.variable([1.0, 2.0]);
    assert_eq!(t.try_grad(t).unwrap_err(), t.try_backward().unwrap_err());
    let other = Tape::<f64>::new().var(1.0);
    assert!(matches!(t.sum().try_grad(other), Err(Error::Stale { operation: "grad" })));
    let living = Tape::<f64>::new();
    let foreign = living.variable([1.0]);
    assert!(matches!(t.sum().try_grad(foreign), Err(Error::Foreign { operation: "grad" })));
    assert_eq!(
        t.try_vjp(tape.constant([1.0]), t).unwrap_err().to_string(),
        "vjp: shapes [2] and [1]: an adjoint has the shape of its tensor"
    );
    assert_eq!(
        t.try_jvp(t, tape.constant([1.0])).unwrap_err().to_string(),
        "jvp: shapes [2] and [1]: a tangent has the shape of its variable"
    );
}

#[test]
fn a_gradient_penalty_trains() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![[0.6, -0.4], [0.3, 0.8]]);
    let x = array![[0.5, -1.0], [1.5, 0.2]];
    let penalty = |params: &Params<f64>| {
        Tape::new().value_and_grad(params, |pass| {
            let x = pass.variable(&x);
            let y = x.matmul(pass.parameter(w)).tanh().sum();
            (y.grad(x).powi(2).sum() - 1.0).powi(2)
        })
    };
    let first = penalty(&params).0;
    for _ in 0..200 {
        let (_, gradients) = penalty(&params);
        for (theta, g) in params.values_mut().iter_mut().zip(gradients.params()) {
            *theta -= 0.02 * g;
        }
    }
    assert!(penalty(&params).0 < first * 1e-3, "from {first} to {}", penalty(&params).0);
}

#[test]
fn a_hessian_is_right_by_hand() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([2.0, 3.0]);
    let y = (x.slice(s![0]).powi(2) * x.slice(s![1])).sum();
    let rows: Vec<_> = (0..2).map(|i| y.grad(x).slice(s![i]).grad(x).to_array()).collect();
    let hessian = Array2::from_shape_fn((2, 2), |(i, j)| rows[i][[j]]);
    // y = a^2 b: [[2 b, 2 a], [2 a, 0]].
    assert_eq!(hessian, array![[6.0, 4.0], [4.0, 0.0]]);
}

#[test]
fn what_is_not_reached_is_none_and_what_is_zero_is_zero() {
    let mut tape = Tape::<f64>::new();
    let mut params = Params::new();
    let id = params.add("b", &array![1.0, 2.0]);
    let pass = tape.bind(&params);
    let (w, b, unused) = (tape.variable([2.0, 3.0]), pass.parameter(id), tape.variable([1.0]));
    let (scale, other) = (tape.var(2.0), tape.var(3.0));
    let loss = (w.floor() * b * scale).sum();
    // The same answers as the gradient map's.
    let swept = loss.backward();
    assert!(swept.get(w).is_some() && swept.get(unused).is_none() && swept.get(other).is_none());
    let ((dw, [db, none]), vars) = loss.get_grad(((w, [b, unused]), [scale, other].as_slice()));
    assert_eq!(dw.unwrap().to_array(), array![0.0, 0.0].into_dyn());
    assert_eq!(db.unwrap().to_array(), array![4.0, 6.0].into_dyn());
    assert!(none.is_none() && vars[1].is_none());
    assert_eq!(vars[0].unwrap().value(), 8.0);
    let (share, none) = (w * 3.0).get_vjp(tape.constant([1.0, 10.0]), (w, scale));
    assert_eq!(share.unwrap().to_array(), array![3.0, 30.0].into_dyn());
    assert!(none.is_none());
    // A root without a tape reaches nothing; a constant of a tape neither.
    assert!(Var::constant(1.0).get_grad(scale).is_none());
    assert!(tape.constant([1.0]).get_grad(w).is_none());
    tape.reset();
    assert_eq!(loss.try_get_grad(w).unwrap_err(), Error::Stale { operation: "grad" });
}

#[test]
fn tuples_of_variables_have_tuples_of_derivatives_and_tangents() {
    let tape = Tape::<f64>::new();
    let (w, b) = (tape.variable([[1.0, 2.0], [3.0, 4.0]]), tape.var(0.5));
    let loss = (w * w * b).sum();
    let (dw, db) = loss.grad((w, b));
    assert_eq!((dw.to_array(), db.value()), (array![[1.0, 2.0], [3.0, 4.0]].into_dyn(), 30.0));
    let direction = (tape.constant([[1.0, 0.0], [0.0, 1.0]]), Var::constant(2.0));
    assert_eq!(loss.jvp((w, b), direction).item(), 1.0 + 4.0 + 60.0);
    let (hw, hb) = loss.hvp((w, b), direction);
    // d/dw (2 w b) . v + 2 w v_b, and d/db: sum of 2 w v.
    assert_eq!(hw.to_array(), array![[5.0, 8.0], [12.0, 17.0]].into_dyn());
    assert_eq!(hb.value(), 10.0);
    let (one,) = b.sin().grad((b,));
    assert_eq!(one.value(), 0.5_f64.cos());
}

#[test]
fn tangents_of_another_kind_number_or_tape_are_refused() {
    let tape = Tape::<f64>::new();
    let (w, b) = (tape.variable(2.0), tape.var(0.5));
    let root = w * b;
    let text = |result: Result<Tensor<f64>, Error>| result.unwrap_err().to_string();
    assert_eq!(
        text(root.try_jvp((vec![w], vec![b]), (vec![], vec![b, b]))),
        "jvp: shapes [] and []: a tangent is a tensor where its variable is one, and a number elsewhere"
    );
    assert_eq!(
        text(root.try_jvp((vec![w], vec![b]), (vec![w], vec![]))),
        "jvp: shapes [2] and [1]: there must be one tangent a variable"
    );
    let other = Tape::<f64>::new();
    assert_eq!(text(root.try_jvp(w, other.constant(1.0))), Error::Foreign { operation: "jvp" }.to_string());
    // Nothing is left behind that a later derivative trips over.
    assert_eq!(root.jvp(w, tape.constant(2.0)).item(), 1.0);
}

/// The rule for a power once said that the partial for the base is 0 where the exponent is, which is right, and hid that
/// its own derivative for the exponent is not.
#[test]
fn a_power_has_its_mixed_derivative_also_where_the_exponent_is_zero() {
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.var(4.0), tape.var(0.0));
    let slope = a.powf(b).grad(a);
    // d/db (b a^(b-1)) = a^(b-1) (1 + b ln a).
    assert_eq!((slope.value(), slope.grad(b).value()), (0.0, 0.25));
    let (a, b) = (tape.variable([4.0, 0.0]), tape.variable([0.0, 0.0]));
    let slope = a.powf(b).sum().grad(a);
    assert_eq!(slope.to_array().as_slice(), Some(&[0.0, 0.0][..]));
    assert_eq!(slope.slice(ndarray::s![0]).grad(b).to_array()[[0]], 0.25);
}

/// Each element once had a tensor of zeros of its own in the recorded gradient: 64 MB here.
#[test]
fn the_gradient_for_many_elements_of_a_tensor_takes_memory_for_one() {
    const N: usize = 2000;
    let tape = Tape::<f64>::new();
    let x = tape.variable(vec![0.5; N]).reshape([2, N / 2]);
    let root: Var = (0..N).map(|i| x.at([i % 2, i / 2]).powi(2) + x.at([0, i / 2])).sum();
    let gradient = root.grad(x);
    assert_eq!(gradient.to_array(), ndarray::array![[3.0], [1.0]].broadcast([2, N / 2]).unwrap().into_dyn());
    assert!(tape.bytes() < 4_000_000, "{} bytes", tape.bytes());
    assert_eq!(gradient.sum().grad(x).to_array(), ArrayD::from_elem(vec![2, N / 2], 2.0));
}
