//! Does every loss keep what all losses promise? One row a loss and setting; what only one loss promises is tested
//! beside it.

mod row;
mod rows;

use ndarray::{ArrayD, arr0, arr1};
use nn::{Error, Reduction, cross_entropy};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Check, Indices, Params, Pass, Program, Tape, Tensor};

use crate::losses::row::{Row, indices};

const REDUCTIONS: [Reduction; 4] = [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean];

/// How far two sums of the same few dozen numbers in another order are apart, relative to the larger of the sum and 1.
const REORDERED: f64 = 1e-13;

#[track_caller]
fn assert_close(name: &str, found: &ArrayD<f64>, expected: &ArrayD<f64>, tolerance: f64) {
    assert_eq!(found.shape(), expected.shape(), "{name}");
    for (found, expected) in found.iter().zip(expected) {
        let close = found == expected || (found - expected).abs() <= tolerance * (1.0 + expected.abs());
        assert!(close, "{name}: {found}, not {expected}");
    }
}

/// The loss is used twice, neither use is the root itself, and several losses are weighted with random numbers. Without
/// a reduction every element is verified; what the reductions add shows in a few directions.
#[test]
fn gradients_are_right_whatever_arrives_from_above() {
    for row in rows::all() {
        for reduction in REDUCTIONS {
            let loss = |x: &[Tensor<f64>]| {
                let loss = row.loss(x, &indices(row.labels()), reduction);
                loss * -1.5 + (loss * 0.1).sin()
            };
            let check = if reduction == Reduction::None { Check::new() } else { Check::new().directions(2) };
            let report = check.tensors(loss, &row.differentiable());
            assert!(report.passed(), "{}, {reduction:?}:\n{report}", row.name);
        }
    }
}

#[test]
fn reductions_are_of_the_losses_without_one() {
    for row in rows::all() {
        let tape = Tape::new();
        let x: Vec<_> = row.differentiable().iter().map(|x| tape.constant(x)).collect();
        let reduced = |reduction| row.loss(&x, &indices(row.labels()), reduction).to_array();
        let losses = reduced(Reduction::None);
        assert_eq!(losses.shape(), row.losses, "{}", row.name);
        let total = losses.sum();
        let number = |value: f64| arr0(value).into_dyn();
        assert_close(row.name, &reduced(Reduction::Sum), &number(total), REORDERED);
        let first = losses.shape().first().copied().unwrap_or(1) as f64;
        assert_close(row.name, &reduced(Reduction::BatchMean), &number(total / first), REORDERED);
        if !row.weighted {
            assert_close(row.name, &reduced(Reduction::Mean), &number(total / losses.len() as f64), REORDERED);
        }
    }
}

/// The gradients reach everything that is differentiated, and are nothing.
#[test]
fn an_empty_batch_costs_nothing() {
    for row in rows::all().into_iter().map(Row::empty) {
        for reduction in REDUCTIONS {
            let tape = Tape::new();
            let leaves: Vec<_> = row.differentiable().iter().map(|x| tape.variable(x)).collect();
            let loss = row.loss(&leaves, &indices(row.labels()), reduction);
            assert!(loss.to_array().iter().all(|loss| *loss == 0.0), "{}, {reduction:?}", row.name);
            assert_eq!(loss.to_array().len(), usize::from(reduction != Reduction::None), "{}", row.name);
            let gradients = loss.sum().backward();
            for leaf in leaves {
                assert!(gradients[leaf].iter().all(|gradient| *gradient == 0.0), "{}, {reduction:?}", row.name);
            }
        }
    }
}

/// Recorded with other numbers and other labels than it is run with.
#[test]
fn a_program_gives_what_the_eager_tape_gives() {
    for row in rows::all() {
        let mut params = Params::new();
        let names = 0..row.differentiable().len();
        let ids: Vec<_> =
            row.differentiable().iter().zip(names).map(|(x, at)| params.add(&at.to_string(), &(x * 0.5))).collect();
        let loss = |pass: &Pass<'_, f64>, labels: &[Indices<'_>]| {
            let leaves: Vec<_> = ids.iter().map(|&id| pass.parameter(id)).collect();
            row.loss(&leaves, labels, Reduction::Mean)
        };
        let (others, labels) = (row::other(row.labels()), row.labels());
        let mut program = match &indices(&others)[..] {
            [] => Program::record(&params, (), |pass, ()| loss(pass, &[])),
            [a] => Program::record(&params, (a,), |pass, (a,)| loss(pass, &[a])),
            [a, b, c] => Program::record(&params, (a, b, c), |pass, (a, b, c)| loss(pass, &[a, b, c])),
            more => unreachable!("no loss has {} lists of labels", more.len()),
        };
        for (&id, x) in ids.iter().zip(row.differentiable()) {
            params.view_mut(id).assign(&x);
        }
        let (found, gradients) = match &indices(labels)[..] {
            [a] => program.run(&params, (a,)),
            [a, b, c] => program.run(&params, (a, b, c)),
            _ => program.run(&params, ()),
        }
        .unwrap();
        let (expected, swept) = Tape::new().value_and_grad(&params, |pass| loss(pass, &indices(labels)));
        assert_close(row.name, &arr0(found).into_dyn(), &arr0(expected).into_dyn(), REORDERED);
        let (found, expected) = (arr1(gradients.params()), arr1(swept.params()));
        assert_close(row.name, &found.into_dyn(), &expected.into_dyn(), REORDERED);
    }
}

#[test]
fn both_precisions_agree() {
    for row in rows::all() {
        let (double, single) = (Tape::<f64>::new(), Tape::<f32>::new());
        let x: Vec<_> = row.differentiable().iter().map(|x| double.constant(x)).collect();
        let expected = row.loss(&x, &indices(row.labels()), Reduction::None).to_array();
        let x: Vec<_> = row.differentiable().iter().map(|x| single.constant(x.mapv(|x| x as f32))).collect();
        let found = row.single(&x, Reduction::None).to_array();
        // A few dozen roundings, of terms that are up to ten times as large as their sum.
        assert_close(row.name, &found.mapv(f64::from), &expected, 500.0 * f64::from(f32::EPSILON));
    }
}

/// Residuals, logits, scores and vectors that would overflow if they were squared or raised to a power.
#[test]
fn extreme_numbers_have_finite_gradients_and_finite_losses_where_these_are_representable() {
    for row in rows::all() {
        let tape = Tape::<f32>::new();
        let x: Vec<_> = row.extremes().iter().map(|x| tape.variable(x)).collect();
        let losses = row.extreme(&x);
        let found = losses.to_array();
        let fine = |loss: &f32| if row.overflows { !loss.is_nan() } else { loss.is_finite() };
        assert!(found.iter().all(fine), "{}: {found}", row.name);
        if row.overflows {
            continue;
        }
        let gradients = losses.sum().backward();
        for leaf in x {
            assert!(gradients[leaf].iter().all(|gradient| gradient.is_finite()), "{}: {}", row.name, gradients[leaf]);
        }
    }
}

#[test]
fn tensors_that_are_views_of_other_memory_are_read_right() {
    for row in rows::all() {
        let tape = Tape::new();
        let straight: Vec<_> = row.differentiable().iter().map(|x| tape.constant(x)).collect();
        let turned: Vec<_> =
            row.differentiable().iter().map(|x| tape.constant(x.t()).permute(reversed(x.ndim()))).collect();
        let loss = |x: &[Tensor<f64>]| row.loss(x, &indices(row.labels()), Reduction::None).to_array();
        assert_close(row.name, &loss(&turned), &loss(&straight), REORDERED);
    }
}

fn reversed(rank: usize) -> Vec<isize> {
    (0..rank as isize).rev().collect()
}

#[test]
fn losses_of_elements_refuse_targets_of_another_shape() {
    for row in rows::all().into_iter().filter(|row| row.is_of_elements) {
        let tape = Tape::<f64>::new();
        let (prediction, target) = (tape.constant([[0.5], [0.5]]), tape.constant([0.5, 0.5]));
        let nodes = tape.len();
        let error = row.try_of(&[prediction, target]).unwrap_err();
        assert!(matches!(error, Error::Target { .. }), "{}: {error}", row.name);
        let text = "prediction of shape [2, 1] and target of shape [2]: the two must be equal";
        assert!(error.to_string().ends_with(text), "{}: {error}", row.name);
        assert_eq!(tape.len(), nodes, "{}: a failing call records nothing", row.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What the loss is by definition, without care for overflow.
    #[test]
    fn cross_entropy_is_the_negative_log_likelihood(labels in proptest::collection::vec(0..3_usize, 1..6), seed: u64) {
        let logits: ArrayD<f64> =
            nn::Init::normal(0.0, 2.0).array([labels.len(), 3], &mut ChaCha8Rng::seed_from_u64(seed));
        let rows = logits.outer_iter().zip(&labels);
        let likelihoods = rows.map(|(row, &label)| row[label].exp() / row.iter().map(|z| z.exp()).sum::<f64>());
        let expected = -likelihoods.map(f64::ln).sum::<f64>() / labels.len() as f64;
        let tape = Tape::new();
        let loss = cross_entropy(tape.constant(&logits), &labels).item();
        prop_assert!((loss - expected).abs() < 1e-13 * (1.0 + expected), "{loss}, not {expected}");
    }
}
