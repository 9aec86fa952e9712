//! Do einsum, the small products and resizing give what their definitions say, and the gradients of that?

use std::collections::BTreeMap;

use ndarray::{ArrayD, IxDyn, array, s};
use tape::{Interpolation, Tape, Tensor, check_tensors};

/// Distinct numbers between -2 and 2, none of them near 0 and no two near each other, in no order.
fn numbers(shape: &[usize]) -> ArrayD<f64> {
    let size = shape.iter().product::<usize>();
    let spread = |i: usize| ((i * 37 + 11) % 101) as f64 / 101.0;
    let elements = (0..size).map(|i| if i % 2 == 0 { 0.2 + 1.8 * spread(i) } else { -0.2 - 1.8 * spread(i) });
    ArrayD::from_shape_vec(IxDyn(shape), elements.collect()).unwrap()
}

/// Sums the products over all values of all letters, one after the other: the definition of an explicit equation.
fn summed(equation: &str, operands: &[ArrayD<f64>]) -> ArrayD<f64> {
    let (inputs, output) = equation.split_once("->").unwrap();
    let inputs: Vec<&str> = inputs.split(',').collect();
    let mut lengths = BTreeMap::new();
    for (labels, operand) in inputs.iter().zip(operands) {
        lengths.extend(labels.chars().zip(operand.shape().iter().copied()));
    }
    let mut sum = ArrayD::zeros(output.chars().map(|label| lengths[&label]).collect::<Vec<_>>());
    let letters: Vec<char> = lengths.keys().copied().collect();
    for values in ndarray::indices(lengths.values().copied().collect::<Vec<_>>()) {
        let at = |labels: &str| -> Vec<usize> {
            labels.chars().map(|label| values[letters.iter().position(|&letter| letter == label).unwrap()]).collect()
        };
        let factors = inputs.iter().zip(operands).map(|(labels, operand)| operand[&at(labels)[..]]);
        sum[&at(output)[..]] += factors.product::<f64>();
    }
    sum
}

fn assert_close(found: &ArrayD<f64>, expected: &ArrayD<f64>, what: &str) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{what}: {found}");
}

#[test]
fn einsum_is_its_definition() {
    let cases: [(&str, &[&[usize]]); 20] = [
        ("i->i", &[&[3]]),
        ("ij->ji", &[&[2, 3]]),
        ("ij->", &[&[2, 3]]),
        ("ijk->kj", &[&[2, 3, 4]]),
        ("ii->", &[&[3, 3]]),
        ("ii->i", &[&[3, 3]]),
        ("iji->j", &[&[2, 3, 2]]),
        ("iii->i", &[&[3, 3, 3]]),
        ("i,i->", &[&[3], &[3]]),
        ("i,j->ij", &[&[2], &[3]]),
        ("i,i->i", &[&[3], &[3]]),
        ("ij,jk->ik", &[&[2, 3], &[3, 4]]),
        ("ij,kj->ki", &[&[2, 3], &[4, 3]]),
        ("bij,bjk->bik", &[&[2, 3, 2], &[2, 2, 3]]),
        ("ib,bkj->jb", &[&[3, 2], &[2, 2, 3]]),
        ("abc,cbd->da", &[&[2, 3, 2], &[2, 3, 2]]),
        ("ii,ij->j", &[&[2, 2], &[2, 3]]),
        ("i,ij,j->", &[&[2], &[2, 3], &[3]]),
        ("ab,bc,cd->ad", &[&[2, 3], &[3, 2], &[2, 2]]),
        ("a,a,a,b->ba", &[&[2], &[2], &[2], &[3]]),
    ];
    for (equation, shapes) in cases {
        let operands: Vec<_> = shapes.iter().map(|shape| numbers(shape)).collect();
        let tape = Tape::<f64>::new();
        let tensors: Vec<_> = operands.iter().map(|operand| tape.constant(operand)).collect();
        assert_close(&Tensor::einsum(equation, &tensors).to_array(), &summed(equation, &operands), equation);
        check_tensors(|x| Tensor::einsum(equation, x), &operands).assert();
    }
}

#[test]
fn einsum_without_an_output_orders_the_letters_that_occur_once() {
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.constant(numbers(&[2, 3])), tape.constant(numbers(&[3, 4])));
    assert_eq!(Tensor::einsum("ij, jk", &[a, b]).to_array(), a.matmul(b).to_array());
    assert_eq!(Tensor::einsum("ba", &[a]).to_array(), a.t().to_array());
    assert_eq!(Tensor::einsum("bA", &[a]).to_array(), a.t().to_array(), "capitals come first");
    assert_eq!(Tensor::einsum("...a", &[a]).to_array(), a.to_array());
    assert_eq!(Tensor::einsum("a...", &[a]).to_array(), a.t().to_array(), "the ellipsis comes first");
}

#[test]
fn ellipses_broadcast_from_the_last_axis_on() {
    let operands = [numbers(&[2, 1, 2, 3]), numbers(&[4, 3, 2])];
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.constant(&operands[0]), tape.constant(&operands[1]));
    assert_close(&Tensor::einsum("...ij,...jk->...ik", &[a, b]).to_array(), &a.matmul(b).to_array(), "products");
    check_tensors(|x| Tensor::einsum("...ij,...jk->k...i", x), &operands).assert();
    check_tensors(|x| Tensor::einsum("...,...", x), &[numbers(&[2, 1]), numbers(&[3])]).assert();
    check_tensors(|x| Tensor::einsum("i...,ij->...j", x), &[numbers(&[2, 3]), numbers(&[2, 2])]).assert();
}

#[test]
fn einsum_takes_any_layout_empty_axes_and_is_differentiated_twice() {
    let operands = [numbers(&[3, 4]), numbers(&[4, 2])];
    check_tensors(|x| Tensor::einsum("ij,ik->jk", &[x[0].t(), x[1].slice(s![..;-1, ..;-1])]), &operands).assert();
    let product = |x: &[Tensor<f64>]| Tensor::einsum("ij,jk->k", x).powi(3).sum();
    check_tensors(|x| product(x).grad(x[0]), &operands).assert();
    check_tensors(|x| product(x).grad(x[1]), &operands).assert();
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.variable(numbers(&[2, 0])), tape.variable(numbers(&[0, 3])));
    let y = Tensor::einsum("ij,jk->ik", &[a, b]);
    assert_eq!(y.to_array(), ArrayD::<f64>::zeros(IxDyn(&[2, 3])));
    assert_eq!(y.sum().backward()[a].shape(), [2, 0]);
}

#[test]
fn dot_outer_and_trace_are_their_definition() {
    let (x, y) = (numbers(&[3]), numbers(&[6]));
    check_tensors(|x| x[0].dot(x[1].slice(s![..;-2])), &[x.clone(), y.clone()]).assert();
    check_tensors(|x| x[0].flip(0).outer(x[1]), &[x, y]).assert();
    check_tensors(|x| x[0].trace(), &[numbers(&[2, 3, 4])]).assert();
    check_tensors(|x| x[0].t().trace(), &[numbers(&[4, 2])]).assert();
    let tape = Tape::<f64>::new();
    let (x, empty) = (tape.constant([1.0, 2.0, 3.0]), tape.constant([0.0; 0]));
    assert_eq!(x.dot(x).item(), 14.0);
    assert_eq!(empty.dot(empty).item(), 0.0);
    assert_eq!(x.outer(empty).shape(), [3, 0]);
    assert_eq!(x.outer(x).trace().item(), 14.0);
}

#[test]
fn resizing_keeps_constants_lines_and_gradients() {
    let kinds = [Interpolation::Nearest, Interpolation::Linear, Interpolation::LinearCorners];
    for kind in kinds {
        for lengths in [[3, 4], [1, 1], [5, 2], [2, 9], [7, 7]] {
            let tape = Tape::<f64>::new();
            let flat = tape.constant([[2.0; 4]; 3]).interpolate(lengths, kind).to_array();
            assert!(flat.iter().all(|&element| (element - 2.0).abs() < 1e-15));
            check_tensors(|x| x[0].interpolate(lengths, kind), &[numbers(&[2, 3, 4])]).assert();
            check_tensors(|x| x[0].t().flip(..).interpolate(lengths, kind), &[numbers(&[4, 3])]).assert();
        }
        check_tensors(|x| x[0].interpolate([3, 1, 4], kind), &[numbers(&[2, 2, 3])]).assert();
        let tape = Tape::<f64>::new();
        let x = tape.constant(numbers(&[3, 4]));
        assert_eq!(x.interpolate([3, 4], kind).to_array(), x.to_array(), "the same grid");
        assert_eq!(x.interpolate([0], kind).shape(), [3, 0]);
        assert_eq!(tape.constant(numbers(&[0, 4])).interpolate([2], kind).shape(), [0, 2]);
    }
    let tape = Tape::<f64>::new();
    let line = tape.constant([0.0, 1.0, 2.0]).interpolate([5], Interpolation::LinearCorners);
    assert_eq!(line.to_array(), array![0.0, 0.5, 1.0, 1.5, 2.0].into_dyn());
}

/// A wrong use, the text of its error, and the text that it should have.
macro_rules! assert_errors {
    ($($use:expr => $text:expr,)*) => {
        $(assert_eq!($use.err().map(|error| error.to_string()).as_deref(), Some::<&str>($text), "{}", stringify!($use));)*
    };
}

#[test]
fn wrong_uses_give_the_documented_errors() {
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let (x, row) = (tape.variable(numbers(&[2, 3])), tape.variable(numbers(&[3])));
    let elsewhere = other.variable(numbers(&[3]));
    let two = "foreign handle: the operands belong to two different tapes";
    assert_errors! {
        Tensor::<f64>::try_einsum("ij", &[]) => "einsum: no operand is on a tape; at least one must be",
        Tensor::try_einsum("ij", &[x, row]) => "einsum: \"ij\": it names 1 operands where there are 2",
        Tensor::try_einsum("ij,j->i->j", &[x, row]) => "einsum: \"ij,j->i->j\": '-' is no letter",
        Tensor::try_einsum("i1", &[x]) => "einsum: \"i1\": '1' is no letter",
        Tensor::try_einsum("i..", &[x]) => "einsum: \"i..\": an ellipsis is three dots, once in a term",
        Tensor::try_einsum("...i...", &[x]) => "einsum: \"...i...\": an ellipsis is three dots, once in a term",
        Tensor::try_einsum("ijk", &[x]) => "einsum: \"ijk\": it names 3 axes of operand 0, whose shape is [2, 3]",
        Tensor::try_einsum("ij,", &[x, row]) => "einsum: \"ij,\": it names 0 axes of operand 1, whose shape is [3]",
        Tensor::try_einsum("ij,i", &[x, row]) => "einsum: \"ij,i\": 'i' is 2 elements long and 3 elements long",
        Tensor::try_einsum("ii", &[x]) => "einsum: \"ii\": 'i' is 2 elements long and 3 elements long",
        Tensor::try_einsum("ij->ii", &[x]) => "einsum: \"ij->ii\": the output has 'i' twice",
        Tensor::try_einsum("ij->k", &[x]) => "einsum: \"ij->k\": the output has 'k', which no operand has",
        Tensor::try_einsum("...j->j", &[x]) =>
            "einsum: \"...j->j\": the output must have the ellipsis of the operands",
        Tensor::try_einsum("ij,j", &[x, elsewhere]) => &format!("einsum: {two}"),
        x.try_dot(row) => "dot: shapes [2, 3] and [3]: both factors must be vectors, of the same length",
        row.try_dot(row.narrow(0, 1..2)) => "dot: shapes [3] and [1]: both factors must be vectors, of the same length",
        row.try_dot(elsewhere) => &format!("dot: {two}"),
        row.try_outer(x) => "outer: shapes [3] and [2, 3]: both factors must be vectors",
        row.try_outer(elsewhere) => &format!("outer: {two}"),
        row.try_trace() => "trace: shape [3]: a matrix has at least two axes",
        x.try_interpolate([1, 2, 3], Interpolation::Nearest) =>
            "interpolate: shape [2, 3]: there are more lengths than axes",
        x.narrow(1, 0..0).try_interpolate([2], Interpolation::Linear) =>
            "interpolate: shape [2, 0]: an axis without elements cannot be resized",
    }
    assert!(Tensor::try_einsum("...i,...i", &[x, tape.constant(numbers(&[3, 3]))]).is_err(), "ellipses of 2 and 3");
}
