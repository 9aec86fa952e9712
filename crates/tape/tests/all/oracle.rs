//! Values and gradients that PyTorch computed, read from the files beside this one, and compared with the tape's.
//!
//! `docs/oracles/tape/record.py` describes the format.

use ndarray::ArrayD;
use tape::{Tape, Tensor};

/// Largest difference, relative to the larger of 1 and the expected number.
const TOLERANCE: f64 = 1e-12;

struct Case {
    name: String,
    inputs: Vec<ArrayD<f64>>,
    output: ArrayD<f64>,
    adjoint: ArrayD<f64>,
    /// `None` where PyTorch computes no gradient.
    gradients: Vec<Option<ArrayD<f64>>>,
}

fn array(text: &str) -> ArrayD<f64> {
    let mut words = text.split_whitespace();
    let shape = match words.next().expect("an array begins with its shape") {
        "scalar" => vec![],
        shape => shape.split('x').map(|length| length.parse().expect("a length")).collect(),
    };
    let elements = words.map(|word| word.parse().expect("a number")).collect();
    ArrayD::from_shape_vec(shape, elements).expect("as many elements as the shape says")
}

fn case(line: &str) -> Case {
    let fields: Vec<&str> = line.split(" | ").collect();
    let [name, inputs, output, adjoint, gradients] = fields[..] else { panic!("five fields: {line}") };
    let several = |text: &str| text.split(" ; ").map(array).collect();
    Case {
        name: name.to_owned(),
        inputs: several(inputs),
        output: array(output),
        adjoint: array(adjoint),
        gradients: gradients.split(" ; ").map(|text| (text != "-").then(|| array(text))).collect(),
    }
}

fn assert_close(found: &ArrayD<f64>, expected: &ArrayD<f64>, what: &str) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    for (&found, &expected) in found.iter().zip(expected) {
        let close = (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
        assert!(close || found == expected || (found.is_nan() && expected.is_nan()), "{what}: {found}, not {expected}");
    }
}

/// Compares every case of a file; `operation` says what a case's name means on the tape. Returns how many there were.
pub(crate) fn compare(text: &str, operation: impl Fn(&str, &Tape<f64>, &[Tensor<f64>]) -> Tensor<f64>) -> usize {
    let cases = text.lines().map(case);
    cases
        .map(|case| {
            let tape = Tape::new();
            let inputs: Vec<_> = case.inputs.iter().map(|input| tape.variable(input)).collect();
            let output = operation(&case.name, &tape, &inputs);
            assert_close(&output.to_array(), &case.output, &format!("value of {}", case.name));
            let gradients = (output * tape.constant(&case.adjoint)).sum().backward();
            for (position, (&input, expected)) in inputs.iter().zip(&case.gradients).enumerate() {
                if let Some(expected) = expected {
                    let what = format!("gradient {position} of {} at {}", case.name, case.inputs[position]);
                    assert_close(&gradients[input], expected, &what);
                }
            }
        })
        .count()
}
