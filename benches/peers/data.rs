//! What the training steps start from: weights and mini-batches by the formulas of `benches/src/steps.rs`, worked out anew.
//!
//! Whoever computes the same first losses as Wengert from these does the same work.

/// The names of the steps.
pub const STEPS: [&str; 6] = ["mlp-small", "mlp-medium", "mlp-large", "lenet", "lstm", "transformer"];

/// How many mini-batches take turns.
pub const BATCHES: usize = 16;

/// A parameter of several axes: element `j` is `((37 j + 11) mod 101 / 101 - 1/2) / sqrt(product of all axes but the first)`.
pub fn weight(shape: &[usize]) -> Vec<f32> {
    let scale = (shape[1..].iter().product::<usize>() as f32).sqrt();
    (0..shape.iter().product()).map(|j: usize| (((37 * j + 11) % 101) as f32 / 101.0 - 0.5) / scale).collect()
}

/// The shape of a step's input, and its number of classes (or of values, for the regression).
pub fn shape(step: &str) -> (&'static [usize], usize) {
    match step {
        "mlp-small" => (&[32, 2], 1),
        "mlp-medium" => (&[64, 64], 10),
        "mlp-large" => (&[128, 784], 10),
        "lenet" => (&[64, 1, 28, 28], 10),
        "lstm" => (&[32, 32, 32], 32),
        "transformer" => (&[16, 64, 64], 32),
        other => panic!("{other} is none of {STEPS:?}"),
    }
}

/// Mini-batch `k`: its input.
pub fn inputs(step: &str, k: usize) -> Vec<f32> {
    (0..shape(step).0.iter().product()).map(|j: usize| ((31 * j + 7 * k) % 97) as f32 / 97.0).collect()
}

/// Mini-batch `k` of the regression: its values.
pub fn values(k: usize) -> Vec<f32> {
    (0..32).map(|j| ((13 * j + k) % 11) as f32 / 11.0).collect()
}

/// Mini-batch `k` of the others: a class for each sample, or for each token of one.
pub fn classes(step: &str, k: usize) -> Vec<u32> {
    let (shape, classes) = shape(step);
    let rows = if shape.len() == 3 { shape[0] * shape[1] } else { shape[0] };
    (0..rows).map(|j| ((7 * j + 3 * (j / 10) + k) % classes) as u32).collect()
}
