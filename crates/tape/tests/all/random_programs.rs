//! Random programs of scalars, of tensors and of both: recorded derivatives against the sweep, against forward mode and
//! against differences, to the third order.

use ndarray::{ArrayD, array, s};
use num_traits::Float;
use proptest::prelude::*;
use tape::{Axes, Check, Tape, Tensor, Var};

/// A step of a program: which operation, on which of the values so far.
type Step = (usize, usize, usize);

fn steps(operations: usize, most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..operations, 0_usize..100, 0_usize..100), 1..=most)
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

/// Numbers and tensors in turns: most steps make the one of the other.
fn mixed(steps: &[Step], x: &[Tensor<f64>]) -> Tensor<f64> {
    let mut tensors = x.to_vec();
    let mut numbers = vec![x[0].at([0, 1]), x[1].mean().at([])];
    for &(operation, left, right) in steps {
        let (a, b) = (tensors[left % tensors.len()], tensors[right % tensors.len()]);
        let (p, q) = (numbers[left % numbers.len()], numbers[right % numbers.len()]);
        match operation {
            0 => numbers.push((a * b).sum().tanh().at([])),
            1 => numbers.push(a.at([1, left % 3]).sin() * q),
            2 => numbers.push(p.hypot(q.cos() + 2.0) / 3.0),
            3 => numbers.push(a.tanh().matmul(b.t()).trace().at([]).atan()),
            4 => numbers.push((p * p + 0.5).powf(q.tanh())),
            5 => tensors.push((a * p).tanh()),
            6 => tensors.push((b - q).sigmoid()),
            7 => tensors.push(Tensor::stack_vars(&[p.sin(), q.cos(), a.at([0, 0])]) + b.tanh()),
            8 => tensors.push((a * 0.3).exp() * Tensor::stack_vars(&[(p * q).sin(), Var::constant(0.5)]).unsqueeze(-1)),
            _ => tensors.push(a.tanh() * (p.tanh() - b)),
        }
    }
    let total: Var = numbers.into_iter().map(|p| p.tanh()).sum();
    tensors.into_iter().map(|x| x.tanh().sum()).reduce(|sum, x| sum + x).expect("there are inputs") * (total + 2.0)
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0)
}

fn input(elements: &[f64]) -> ArrayD<f64> {
    ArrayD::from_shape_vec(vec![2, 3], elements.to_vec()).expect("six elements")
}

/// What an element of a derivative is weighted with, so that the next one has no adjoint of 1.
fn weight(i: usize) -> f64 {
    [0.5, -1.0, 2.0, 0.7, -0.4, 1.3][i % 6]
}

/// The derivative of a program of scalars of an order, along weights, as a number that is differentiated once more.
fn scalar_derivative(order: usize, steps: &[Step], x: &[Var]) -> Var {
    (0..order).fold(scalars(steps, x), |y, _| y.grad(x).into_iter().enumerate().map(|(i, g)| g * weight(i)).sum())
}

/// The same of a program of tensors.
fn tensor_derivative(order: usize, y: Tensor<f64>, x: &[Tensor<f64>]) -> Tensor<f64> {
    (0..order).fold(y, |y, _| {
        let weighted = |(i, g): (usize, Tensor<f64>)| (g * weight(i)).slice(s![.., ..;2]).sum();
        y.grad(x).into_iter().enumerate().map(weighted).reduce(|sum, part| sum + part).expect("there are inputs")
    })
}

type Program = fn(&[Step], &[Tensor<f64>]) -> Tensor<f64>;

/// The recorded gradient is the swept one; along a direction it is the tangent; the Hessian times a direction is the same
/// forwards over backwards and backwards over backwards.
fn modes_agree(program: Program, steps: &[Step], x: &[f64]) -> Result<(), TestCaseError> {
    let tape = Tape::<f64>::new();
    let x: Vec<_> = x.chunks(6).map(|x| tape.variable(input(x))).collect();
    let (variables, directions) = ([x[0], x[1]], [x[2].detach(), x[3].detach()]);
    let y = program(steps, &variables);
    let (recorded, swept) = (y.grad(variables), y.backward());
    for (&x, g) in variables.iter().zip(&recorded) {
        for (found, expected) in g.to_array().iter().zip(&swept[x]) {
            prop_assert!(close(*found, *expected), "recorded {found}, swept {expected}");
        }
    }
    let along = (recorded[0] * directions[0] + recorded[1] * directions[1]).sum();
    let tangent = y.jvp(variables, directions);
    prop_assert!(close(tangent.item(), along.item()), "{} and {}", tangent.item(), along.item());
    let backwards = along.grad(variables);
    for (g, expected) in recorded.iter().zip(&backwards) {
        let forwards = g.jvp(variables, directions).to_array();
        for (found, expected) in forwards.iter().zip(&expected.to_array()) {
            prop_assert!(close(*found, *expected), "Hessian product: {found} and {expected}");
        }
    }
    // The third order along one direction: forwards over forwards over forwards, and backwards three times.
    let thrice = tangent.jvp(variables, directions).jvp(variables, directions).item();
    let twice = (backwards[0] * directions[0] + backwards[1] * directions[1]).sum();
    let third = twice.grad(variables);
    let expected = (third[0] * directions[0] + third[1] * directions[1]).sum().item();
    prop_assert!(close(thrice, expected), "third order: {thrice} and {expected}");
    Ok(())
}

/// The derivatives to the third order are the differences of those before, along a random direction. A program's third
/// derivative takes a hundred times its operations, and up to a hundred evaluations: it is left to the short ones.
fn derivatives_are_differences(program: Program, steps: &[Step], x: &[f64]) -> Result<(), TestCaseError> {
    let orders = if steps.len() > 1 { 2 } else { 3 };
    for order in 0..orders {
        let f = |x: &[Tensor<f64>]| tensor_derivative(order, program(steps, x), x);
        let report = Check::new().directions(1).tensors(f, &[input(&x[..6]), input(&x[6..12])]);
        prop_assert!(report.passed(), "order {}: {report}", order + 1);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn derivatives_of_scalars_agree_in_all_modes_and_with_differences(
        steps in steps(15, 8), x in prop::array::uniform3(-1.5_f64..1.5),
    ) {
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
        for order in 0..3 {
            let report = Check::new().directions(1).function(|x| scalar_derivative(order, &steps, x), &x);
            prop_assert!(report.passed(), "order {}: {report}", order + 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn derivatives_of_tensors_agree_in_all_modes(
        steps in steps(17, 6), x in prop::collection::vec(-1.5_f64..1.5, 24),
    ) {
        modes_agree(tensors, &steps, &x)?;
    }

    #[test]
    fn derivatives_of_tensors_are_differences(
        steps in steps(17, 3), x in prop::collection::vec(-1.2_f64..1.2, 12),
    ) {
        derivatives_are_differences(tensors, &steps, &x)?;
    }

    #[test]
    fn derivatives_of_mixed_programs_agree_in_all_modes(
        steps in steps(10, 6), x in prop::collection::vec(-1.5_f64..1.5, 24),
    ) {
        modes_agree(mixed, &steps, &x)?;
    }

    #[test]
    fn derivatives_of_mixed_programs_are_differences(
        steps in steps(10, 3), x in prop::collection::vec(-1.2_f64..1.2, 12),
    ) {
        derivatives_are_differences(mixed, &steps, &x)?;
    }
}
