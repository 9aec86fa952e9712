//! Random programs, shapes and arrays from the public strategies: the tape against forward mode, broadcasting against
//! ndarray's.

use ndarray::{ArrayD, Zip};
use proptest::prelude::*;
use tape::strategies::{Expression, arrays, broadcastable, expressions, numbers, regular_matrices, shapes};
use tape::{Shape, Tape, Tensor, Var};

fn close(one: f64, other: f64, scale: f64) -> bool {
    (one - other).abs() <= 1e-10 * one.abs().max(other.abs()).max(scale)
}

/// Two arrays of the shapes, and the shape that both give.
fn pairs() -> impl Strategy<Value = (ArrayD<f64>, ArrayD<f64>, Shape)> {
    let elements = || numbers(-3.0..=3.0, &[0.0], 0.2);
    broadcastable(0..=4, 0..=3)
        .prop_flat_map(move |(left, right, both)| (arrays(left, elements()), arrays(right, elements()), Just(both)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_expressions_agree_with_forward_mode(f in expressions(3), x in prop::array::uniform3(-2.0..2.0)) {
        let (value, gradient) = tape::value_and_grad(|x| f.evaluate(x), &x);
        prop_assert_eq!(value.to_bits(), f.evaluate(&x).to_bits(), "{}", f);
        // On both sides, each of about 30 operations is off by at most 8 roundings of 1.1e-16.
        for ((reverse, forward), scale) in gradient.iter().zip(f.gradient(&x)).zip(f.gradient_scale(&x)) {
            prop_assert!((reverse - forward).abs() <= 1e-13 * scale, "{f}: {reverse:e} {forward:e}");
        }
    }

    /// A recording that is rewound to its middle and continued equals one that never was.
    #[test]
    fn rewinding_changes_no_gradient(f in expressions(2), g in expressions(2), x in prop::array::uniform2(-2.0..2.0)) {
        let mut tape = Tape::new();
        let inputs = tape.vars(&x);
        let shared = f.evaluate(&inputs);
        let here = tape.position();
        let _ = g.evaluate(&[shared, inputs[0]]);
        tape.rewind(here);
        let rewound = g.evaluate(&[shared * inputs[1], shared]) + inputs[0];
        let gradients = rewound.backward();
        let plain = tape::gradient(|x| {
            let shared = f.evaluate(x);
            g.evaluate(&[shared * x[1], shared]) + x[0]
        }, &x);
        prop_assert_eq!([gradients[inputs[0]].to_bits(), gradients[inputs[1]].to_bits()], [plain[0].to_bits(), plain[1].to_bits()]);
    }

    #[test]
    fn an_expression_without_grad_has_the_same_value_and_no_node(f in expressions(1), x in -2.0..2.0) {
        let tape = Tape::new();
        let input = tape.var(x);
        let value: Var = tape.no_grad(|| f.evaluate(&[input]));
        prop_assert_eq!(value.value().to_bits(), f.evaluate(&[x]).to_bits());
        prop_assert_eq!(tape.len(), 1);
        let is_input = f == Expression::Input(0);
        prop_assert_eq!(value.is_constant(), !is_input);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn broadcast_products_equal_those_of_ndarray((a, b, shape) in pairs()) {
        let tape = Tape::new();
        let (left, right) = (tape.variable(&a), tape.variable(&b));
        let product = left * right;
        prop_assert_eq!(product.shape(), shape.clone());
        let [a, b] = [&a, &b].map(|array| array.broadcast(&*shape).unwrap().to_owned());
        prop_assert_eq!(product.to_array(), &a * &b);
    }

    /// The gradient of a broadcast operand has its own shape, and each element the sum over its copies.
    #[test]
    fn the_gradient_of_a_broadcast_operand_sums_its_copies((a, b, shape) in pairs()) {
        let tape = Tape::new();
        let (left, right) = (tape.variable(&a), tape.variable(&b));
        // The adjoint of the quotient is not 1 but differs from element to element.
        let weights = ArrayD::from_shape_fn(&*shape, |index| 1.0 + (0..shape.rank()).map(|axis| (axis + 1) * index[axis]).sum::<usize>() as f64);
        let gradients = ((left / right) * tape.constant(&weights)).sum().backward();
        let [wide_a, wide_b] = [&a, &b].map(|array| array.broadcast(&*shape).unwrap());
        let mut share_a = weights.clone();
        Zip::from(&mut share_a).and(&wide_b).for_each(|share, b| *share /= b);
        let mut share_b = weights;
        Zip::from(&mut share_b).and(&wide_a).and(&wide_b).for_each(|share, a, b| *share *= -a / (b * b));
        for (gradient, share, own) in [(&gradients[left], share_a, &a), (&gradients[right], share_b, &b)] {
            let mut summed = ArrayD::zeros(own.raw_dim());
            for (index, share) in share.indexed_iter() {
                let new = shape.rank() - own.ndim();
                let at: Vec<usize> = own.shape().iter().enumerate().map(|(axis, &length)| if length == 1 { 0 } else { index[new + axis] }).collect();
                summed[&*at] += share;
            }
            prop_assert_eq!(gradient.shape(), own.shape());
            prop_assert!(gradient.iter().zip(&summed).all(|(one, other)| close(*one, *other, 1.0)), "{:?} {:?}", gradient, summed);
        }
    }

    #[test]
    fn shapes_that_do_not_broadcast_are_refused_and_nothing_else(a in shapes(0..=3, 0..=3), b in shapes(0..=3, 0..=3)) {
        let tape = Tape::<f64>::new();
        let fits = a.iter().rev().zip(b.iter().rev()).all(|(&a, &b)| a == b || a == 1 || b == 1);
        let [a, b] = [a, b].map(|shape| tape.variable(ArrayD::zeros(&*shape)));
        prop_assert_eq!(a.try_add(b).is_ok(), fits);
    }

    #[test]
    fn numbers_keep_their_distance(x in numbers(-2.0..=3.0, &[1.0, -1.0, 5.0], 0.25)) {
        prop_assert!((-2.0..=3.0).contains(&x));
        prop_assert!((x - 1.0).abs() >= 0.25 && (x + 1.0).abs() >= 0.25);
    }

    /// The inverse times the matrix is the identity, to a precision that an ill-conditioned one would not have.
    #[test]
    fn regular_matrices_are_regular(a in regular_matrices(3)) {
        let matrix = nalgebra::Matrix3::from_iterator(a.t().iter().copied());
        prop_assert!(matrix.determinant().abs() >= 1.0);
        let tape = Tape::new();
        let product = tape.variable(a).matmul(tape.constant(matrix_of(matrix.try_inverse().unwrap())));
        let identity: Tensor<f64> = tape.constant(ndarray::Array2::eye(3));
        prop_assert!((product - identity).abs().max_all().item() < 1e-12);
    }
}

fn matrix_of(matrix: nalgebra::Matrix3<f64>) -> ndarray::Array2<f64> {
    ndarray::Array2::from_shape_fn((3, 3), |index| matrix[index])
}
