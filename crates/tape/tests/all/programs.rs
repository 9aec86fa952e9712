//! Random programs, of scalars and of tensors, have the derivatives that their differences say.

use ndarray::ArrayD;
use proptest::prelude::*;
use tape::{Tensor, Var, check, check_tensors};

/// A step of a program: which operation, on which of the values so far.
type Step = (usize, usize, usize);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0_usize..16, 0_usize..100, 0_usize..100), 1..12)
}

/// Runs a program of scalars whose values stay in the range where every operation is smooth.
fn scalars(steps: &[Step], x: &[Var]) -> Var {
    let mut values = x.to_vec();
    for &(operation, left, right) in steps {
        let (a, b) = (values[left % values.len()], values[right % values.len()]);
        let positive = a * a + 0.5;
        values.push(match operation {
            0 => a + b,
            1 => a - b,
            2 => a.tanh() * b,
            3 => a / (b * b + 1.0),
            4 => a.sin(),
            5 => (a * 0.3).tanh().exp(),
            6 => positive.ln(),
            7 => positive.sqrt(),
            8 => positive.powf(b.tanh()),
            9 => a.atan2(b * b + 1.0),
            10 => a.hypot(b.cos() + 2.0),
            11 => a.sigmoid(),
            12 => a.mul_add(b.tanh(), 0.5),
            13 => a.tanh().powi(3),
            14 => (a.tanh() * 0.9).asin() + b.cbrt().atan() * 0.0,
            _ => 1.5 - a,
        });
    }
    values.iter().copied().map(Var::tanh).sum()
}

/// Runs a program of tensors of shape `[2, 3]`.
fn tensors(steps: &[Step], x: &[Tensor<f64>]) -> Tensor<f64> {
    let mut values = x.to_vec();
    for &(operation, left, right) in steps {
        let (a, b) = (values[left % values.len()], values[right % values.len()]);
        values.push(match operation {
            0 => a + b,
            1 => a - b.mean_axes(tape::Axes::keep(-1)),
            2 => a.tanh() * b,
            3 => a / (b * b + 1.0),
            4 => a.matmul(b.t()).tanh().matmul(b),
            5 => a.log_softmax(-1),
            6 => a.t().log_softmax(0).t() * 0.5,
            7 => Tensor::concat(&[a.slice(ndarray::s![.., ..1]), b.slice(ndarray::s![.., 1..;-1])], 1),
            8 => a.index_select(1, &[2, 0, 0]) + b.sum_axes(0),
            9 => a.gather(1, &ndarray::array![[0, 2, 2], [1, 1, 0]]),
            10 => Tensor::stack(&[a.slice(ndarray::s![0, ..]), b.slice(ndarray::s![-1, ..])], 0),
            11 => a.reshape([3, 2]).t() - b,
            12 => a.sigmoid() * b.at([1, 2]),
            13 => (a.powi(2) + 0.5).sqrt() * b.sum(),
            14 => (a.powi(2) + 0.5).ln().broadcast_to([2, 2, 3]).sum_axes(0),
            _ => (a * 0.3).tanh().exp(),
        });
        // Values that explode make differences that tell nothing.
        let last = values.len() - 1;
        values[last] = values[last].tanh() * 2.0;
    }
    values.iter().copied().reduce(|sum, value| sum + value).expect("there are inputs")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_programs_of_scalars(steps in steps(), x in prop::array::uniform3(-1.5_f64..1.5)) {
        let report = check(|x| scalars(&steps, x), &x);
        prop_assert!(report.passed(), "{report}");
    }

    #[test]
    fn random_programs_of_tensors(steps in steps(), x in prop::collection::vec(-1.5_f64..1.5, 12)) {
        let input = |elements: &[f64]| ArrayD::from_shape_vec(vec![2, 3], elements.to_vec()).unwrap();
        let report = check_tensors(|x| tensors(&steps, x), &[input(&x[..6]), input(&x[6..])]);
        prop_assert!(report.passed(), "{report}");
    }
}
