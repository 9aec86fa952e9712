//! Recorded derivatives: of any order, checked against each other, against forward mode and against differences.

use ndarray::{Array2, ArrayD, array, s};
use num_traits::Float;
use proptest::prelude::*;
use tape::{Axes, Error, Params, Tape, Tensor, Var, check, check_tensors};

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

/// A step of a program: which operation, on which of the values so far.
type Step = (usize, usize, usize);

fn steps(operations: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..operations, 0_usize..100, 0_usize..100), 1..9)
}

fn scalars<T: Float>(steps: &[Step], x: &[T]) -> T {
    let number = |x: f64| T::from(x).expect("a number");
    let mut values = x.to_vec();
    for &(operation, left, right) in steps {
        let (a, b) = (values[left % values.len()], values[right % values.len()]);
        let positive = a * a + number(0.5);
        values.push(match operation {
            0 => a + b,
            1 => a - b,
            2 => a.tanh() * b,
            3 => a / (b * b + number(1.0)),
            4 => a.sin(),
            5 => (a * number(0.3)).tanh().exp(),
            6 => positive.ln(),
            7 => positive.sqrt(),
            8 => positive.powf(b.tanh()),
            9 => a.atan2(b * b + number(1.0)),
            10 => a.hypot(b.cos() + number(2.0)),
            11 => a.mul_add(b.tanh(), number(0.5)),
            12 => a.tanh().powi(3),
            13 => (a.tanh() * number(0.9)).asin(),
            _ => number(1.5) - a,
        });
    }
    values.into_iter().fold(T::zero(), |sum, value| sum + value.tanh())
}

fn tensors(steps: &[Step], x: &[Tensor<f64>]) -> Tensor<f64> {
    let mut values = x.to_vec();
    for &(operation, left, right) in steps {
        let (a, b) = (values[left % values.len()], values[right % values.len()]);
        let value = match operation {
            0 => a + b,
            1 => a - b.mean_axes(Axes::keep(-1)),
            2 => a.tanh() * b,
            3 => a / (b * b + 1.0),
            4 => a.matmul(b.t()).tanh().matmul(b),
            5 => a.log_softmax(-1),
            6 => a.t().log_softmax(0).t() * 0.5,
            7 => Tensor::concat(&[a.slice(s![.., ..1]), b.slice(s![.., 1..;-1])], 1),
            8 => a.index_select(1, &[2, 0, 0]) + b.sum_axes(0),
            9 => a.gather(1, &array![[0, 2, 2], [1, 1, 0]]),
            10 => Tensor::stack(&[a.slice(s![0, ..]), b.slice(s![-1, ..])], 0),
            11 => a.reshape([3, 2]).t() - b,
            12 => a.sigmoid() * b.at([1, 2]),
            13 => (a.powi(2) + 0.5).sqrt() * b.sum(),
            14 => (a.powi(2) + 0.5).ln().broadcast_to([2, 2, 3]).sum_axes(0),
            15 => Tensor::stack_vars(&[a.at([0, 0]), b.at([1, 1]), Var::constant(0.5)]) * b,
            _ => (a * 0.3).tanh().exp(),
        };
        values.push(value.tanh() * 2.0);
    }
    values.iter().copied().reduce(|sum, value| sum + value).expect("there are inputs").sum()
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0)
}

fn input(elements: &[f64]) -> ArrayD<f64> {
    ArrayD::from_shape_vec(vec![2, 3], elements.to_vec()).expect("six elements")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The recorded gradient is the swept one; along a direction it is the tangent; the Hessian is symmetric, also
    /// forwards over backwards.
    #[test]
    fn modes_agree_on_scalars(steps in steps(15), x in prop::array::uniform3(-1.5_f64..1.5)) {
        let tape = Tape::<f64>::new();
        let vars = tape.vars(&x);
        let y = scalars(&steps, &vars);
        let (recorded, swept) = (y.grad(&vars), y.backward());
        let directions: Vec<Var> = [0.3, -0.7, 1.1].map(Var::constant).to_vec();
        let tangent = y.jvp(&vars, &directions);
        let along: f64 = recorded.iter().zip(&directions).map(|(g, v)| g.value() * v.value()).sum();
        prop_assert!(close(tangent.value(), along), "tangent {tangent}, gradient along it {along}");
        for (&x, g) in vars.iter().zip(&recorded) {
            prop_assert!(close(g.value(), swept[x]), "recorded {g}, swept {}", swept[x]);
        }
        for i in 0..3 {
            let row = recorded[i].grad(&vars);
            for j in 0..3 {
                let other = recorded[j].grad(vars[i]);
                prop_assert!(close(row[j].value(), other.value()), "Hessian {i} {j}: {} and {other}", row[j]);
            }
            let forwards = recorded[i].jvp(&vars, &directions).value();
            let backwards: f64 = row.iter().zip(&directions).map(|(h, v)| h.value() * v.value()).sum();
            prop_assert!(close(forwards, backwards), "Hessian row {i}: {forwards} and {backwards}");
        }
    }

    #[test]
    fn modes_agree_on_tensors(steps in steps(17), x in prop::collection::vec(-1.5_f64..1.5, 24)) {
        let tape = Tape::<f64>::new();
        let x: Vec<_> = x.chunks(6).map(|x| tape.variable(input(x))).collect();
        let (variables, directions) = ([x[0], x[1]], [x[2].detach(), x[3].detach()]);
        let y = tensors(&steps, &variables);
        let (recorded, swept) = (y.grad(variables), y.backward());
        for (&x, g) in variables.iter().zip(&recorded) {
            for (found, expected) in g.to_array().iter().zip(&swept[x]) {
                prop_assert!(close(*found, *expected), "recorded {found}, swept {expected}");
            }
        }
        let along = recorded[0] * directions[0] + recorded[1] * directions[1];
        let tangent = y.jvp(variables, directions);
        prop_assert!(close(tangent.item(), along.sum().item()), "{} and {}", tangent.item(), along.sum().item());
        // The Hessian times a direction: forwards over backwards, and backwards over backwards.
        let backwards = along.sum().grad(variables);
        for (g, expected) in recorded.iter().zip(backwards) {
            let forwards = g.jvp(variables, directions).to_array();
            for (found, expected) in forwards.iter().zip(&expected.to_array()) {
                prop_assert!(close(*found, *expected), "Hessian product: {found} and {expected}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Second and third derivatives are the differences of the first and second.
    #[test]
    fn higher_orders_are_differences_of_lower_ones(steps in steps(15), x in prop::array::uniform3(-1.2_f64..1.2)) {
        let second = check(|x| scalars(&steps, x).grad(x).into_iter().zip([0.5, -1.0, 2.0]).map(|(g, w)| g * w).sum(), &x);
        prop_assert!(second.passed(), "{second}");
        let third = check(|x| {
            let first: Var = scalars(&steps, x).grad(x).into_iter().zip([0.5, -1.0, 2.0]).map(|(g, w)| g * w).sum();
            first.grad(x).into_iter().zip([1.0, 0.7, -0.4]).map(|(g, w)| g * w).sum()
        }, &x);
        prop_assert!(third.passed(), "{third}");
    }

    #[test]
    fn second_derivatives_of_tensors_are_differences(steps in steps(17), x in prop::collection::vec(-1.2_f64..1.2, 12)) {
        let report = check_tensors(|x| {
            let weights = x[0].detach() * 0.0 + 0.5;
            tensors(&steps, x).grad(x).into_iter().map(|g| (g * weights).sin().sum()).reduce(|a, b| a + b).unwrap()
        }, &[input(&x[..6]), input(&x[6..])]);
        prop_assert!(report.passed(), "{report}");
    }
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
