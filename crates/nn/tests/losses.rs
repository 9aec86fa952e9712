//! Are the gradients of every loss right, whatever arrives from above?

use ndarray::ArrayD;
use nn::{Init, cross_entropy, mse};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Tape, Tensor, check_tensors};

fn assert_gradients(loss: impl Fn(&[Tensor<f64>]) -> Tensor<f64>, shapes: &[&[usize]], seed: u64) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let inputs: Vec<ArrayD<f64>> = shapes.iter().map(|&shape| Init::normal(0.0, 2.0).array(shape, rng)).collect();
    // The loss is used twice, and neither use is the root itself.
    let report = check_tensors(|x| loss(x) * -1.5 + loss(x).exp() * 0.01, &inputs);
    assert!(report.passed(), "seed {seed}:\n{report}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn mse_of_any_shape(rows in 1..4_usize, cols in 1..4_usize, seed: u64) {
        assert_gradients(|x| mse(x[0], x[1]), &[&[rows, cols], &[rows, cols]], seed);
    }

    #[test]
    fn cross_entropy_of_any_labels(labels in proptest::collection::vec(0..4_usize, 1..5), seed: u64) {
        assert_gradients(|x| cross_entropy(x[0], &labels), &[&[labels.len(), 4]], seed);
    }

    /// What the loss is by definition, without care for overflow.
    #[test]
    fn cross_entropy_is_the_negative_log_likelihood(labels in proptest::collection::vec(0..3_usize, 1..6), seed: u64) {
        let logits: ArrayD<f64> =
            Init::normal(0.0, 2.0).array([labels.len(), 3], &mut ChaCha8Rng::seed_from_u64(seed));
        let rows = logits.outer_iter().zip(&labels);
        let likelihoods = rows.map(|(row, &label)| row[label].exp() / row.iter().map(|z| z.exp()).sum::<f64>());
        let expected = -likelihoods.map(f64::ln).sum::<f64>() / labels.len() as f64;
        let tape = Tape::new();
        let loss = cross_entropy(tape.constant(&logits), &labels).item();
        prop_assert!((loss - expected).abs() < 1e-13 * (1.0 + expected), "{loss}, not {expected}");
    }
}
