//! What a row of the table is: a name, and what is run for its ticks.

use ndarray::ArrayD;
use tape::{Tape, Tensor, Var};

/// An operation on sample inputs.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) inputs: Vec<ArrayD<f64>>,
    pub(crate) run: Run,
}

pub(crate) enum Run {
    /// A function of tensors.
    Tensors(fn(&[Tensor<f64>]) -> Tensor<f64>),
    /// An operation of the table of rules: of tensors, and of numbers.
    Both(fn(&[Tensor<f64>]) -> Tensor<f64>, fn(&[Var]) -> Var),
    /// A function of numbers only.
    Numbers(fn(&[Var]) -> Var),
    /// What has no derivative, and why.
    Constant(fn(&Tape<f64>, Tensor<f64>) -> Tensor<f64>, &'static str),
}

/// Elements between -1.6 and 1.6 that are far from each other and from zero, so that no order changes near them.
fn elements(shape: &[usize], phase: usize) -> ArrayD<f64> {
    let size: usize = shape.iter().product();
    let spread = |i: usize| {
        let step = ((i + 1) as f64 * 0.618_033_988_749_894_9 + phase as f64 * 0.37).fract();
        let x = 3.2 * step - 1.6;
        x + if x < 0.0 { -0.05 } else { 0.05 }
    };
    ArrayD::from_shape_vec(shape, (0..size).map(spread).collect()).expect("as many elements as the shape has")
}

pub(crate) fn row(name: &'static str, shapes: &[&[usize]], f: fn(&[Tensor<f64>]) -> Tensor<f64>) -> Row {
    let inputs = shapes.iter().enumerate().map(|(phase, shape)| elements(shape, phase)).collect();
    Row { name, inputs, run: Run::Tensors(f) }
}

pub(crate) fn constant(
    name: &'static str,
    reason: &'static str,
    shape: &[usize],
    f: fn(&Tape<f64>, Tensor<f64>) -> Tensor<f64>,
) -> Row {
    Row { name, inputs: vec![elements(shape, 0)], run: Run::Constant(f, reason) }
}
