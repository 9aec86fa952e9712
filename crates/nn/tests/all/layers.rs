//! Does every layer keep what all layers promise? One row a layer, in a file a family; what only one layer promises is
//! tested beside it.

mod row;
mod rows;
mod saved;

use ndarray::{ArrayD, Axis};
use tape::{Indices, Pass, Program, Seed, Tape, check_params};

use crate::layers::row::{Built, Joined};

/// How far two sums of the same numbers in another order are apart, relative to the larger of the sum and 1: each has at
/// most a few dozen terms.
const REORDERED: f64 = 1e-14;

#[track_caller]
fn assert_close(name: &str, found: &ArrayD<f64>, expected: &ArrayD<f64>) {
    assert_eq!(found.shape(), expected.shape(), "{name}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= REORDERED * (1.0 + expected.abs()), "{name}: {found}, not {expected}");
    }
}

#[test]
fn shapes_and_names_are_those_of_the_table() {
    for built in Built::all() {
        let name = built.row.name;
        assert_eq!(built.evaluate(&built.given).shape(), built.row.output.shape, "{name}");
        let names: Vec<_> = built.params.iter().map(|(_, parameter)| parameter.name().to_owned()).collect();
        assert_eq!(names, built.row.parameters, "{name}");
    }
}

/// The output, which has many elements, is weighted with random numbers, so that what arrives from above is not 1.
#[test]
fn gradients_of_inputs_and_parameters_are_right() {
    for built in Built::all() {
        let joined = built.joined(&built.given);
        let report = check_params(&joined.params, |pass| built.forward(pass, &joined));
        assert!(report.passed(), "{}:\n{report}", built.row.name);
    }
}

#[test]
fn gradients_in_training_are_right() {
    for built in Built::all().filter(|built| built.row.trains_differently) {
        let joined = built.joined(&built.given);
        let report = check_params(&joined.params, |pass| built.forward(&pass.training(1), &joined));
        assert!(report.passed(), "{}:\n{report}", built.row.name);
    }
}

#[test]
fn only_layers_that_say_so_train_differently_and_one_seed_trains_alike() {
    for built in Built::all() {
        let (name, evaluated) = (built.row.name, built.evaluate(&built.given));
        assert_eq!(built.train(1) != evaluated, built.row.trains_differently, "{name}");
        assert_eq!(built.train(1), built.train(1), "{name}");
    }
}

#[test]
fn samples_of_a_batch_do_not_know_of_each_other() {
    for built in Built::all().filter(|built| built.row.independent) {
        let whole = built.evaluate(&built.given);
        for at in 0..built.samples() {
            let alone = built.evaluate(&built.only(&[at]));
            let expected = whole.select(Axis(built.row.output.batch), &[at]);
            assert_close(&format!("{}, sample {at}", built.row.name), &alone, &expected);
        }
    }
}

#[test]
fn an_empty_batch_has_an_empty_output_and_zero_gradients() {
    for built in Built::all() {
        let joined = built.joined(&built.only(&[]));
        let tape = Tape::new();
        let y = built.forward(&tape.bind(&joined.params), &joined);
        assert_eq!(y.shape()[..], built.row.output.of(0), "{}", built.row.name);
        let gradients = y.sum().backward();
        assert!(gradients.params().iter().all(|gradient| *gradient == 0.0), "{}", built.row.name);
    }
}

#[test]
fn inputs_that_are_views_of_other_memory_are_read_right() {
    for built in Built::all() {
        assert_close(built.row.name, &built.evaluate_strided(), &built.evaluate(&built.given));
    }
}

#[test]
fn one_seed_makes_one_layer() {
    for (one, other) in Built::all().zip(Built::all()) {
        assert_eq!(bits(one.params.values()), bits(other.params.values()), "{}", one.row.name);
        let outputs = [one.evaluate(&one.given), other.evaluate(&other.given)];
        assert_eq!(outputs[0], outputs[1], "{}", one.row.name);
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn a_layer_that_is_loaded_computes_what_the_saved_one_did() {
    for built in Built::all() {
        let name = built.row.name;
        let (written, expected) = (saved::bytes(&built.params), built.evaluate(&built.given));
        let given = built.given.clone();
        let mut other = built.row.build(99);
        // Whatever is not loaded spoils the output.
        other.params.values_mut().fill(f64::NAN);
        saved::load(&mut other.params, &written);
        assert_eq!(other.evaluate(&given), expected, "{name}");
    }
}

#[test]
fn one_layer_runs_in_both_precisions() {
    for built in Built::all() {
        for (single, double) in built.evaluate_single().iter().zip(&built.evaluate(&built.given)) {
            // A few dozen roundings at most.
            let tolerance = 50.0 * f64::from(f32::EPSILON) * (1.0 + double.abs());
            assert!((f64::from(*single) - double).abs() < tolerance, "{}: {single}, not {double}", built.row.name);
        }
    }
}

#[test]
fn a_program_computes_what_the_tape_does() {
    for built in Built::all() {
        assert_program_is_the_tape(&built, false);
        if built.row.trains_differently {
            assert_program_is_the_tape(&built, true);
        }
    }
}

/// A recorded program, run with the numbers and the seed of its recording and with others, against the tape.
fn assert_program_is_the_tape(built: &Built, trains: bool) {
    let mut joined = built.joined(&built.given);
    let forward = |pass: &Pass<'_, f64>, joined: &Joined, indices: Option<Indices<'_>>, seed: Seed| {
        let pass = if trains { pass.training(seed) } else { pass.evaluation() };
        let y = built.forward_with(&pass, joined, indices);
        (y * (y.detach() * 0.25 + 1.5)).sum()
    };
    let seed = Seed::from(1);
    let mut program = match joined.indices() {
        Some(indices) => Program::record(&joined.params, (seed, indices), |pass, (seed, indices)| {
            forward(pass, &joined, Some(indices), seed)
        }),
        None => Program::record(&joined.params, (seed,), |pass, (seed,)| forward(pass, &joined, None, seed)),
    };
    for (seed, factor) in [(1, 1.0), (2, 0.625)] {
        joined.params.values_mut().iter_mut().for_each(|value| *value *= factor);
        let seed = Seed::from(seed);
        let eager = |pass: &Pass<'_, f64>| forward(pass, &joined, joined.indices(), seed);
        let (loss, expected) = Tape::new().value_and_grad(&joined.params, eager);
        let run = match joined.indices() {
            Some(indices) => program.run(&joined.params, (seed, indices)),
            None => program.run(&joined.params, (seed,)),
        };
        let (replayed, found) = run.unwrap();
        let name = format!("{}, times {factor}, {}", built.row.name, if trains { "training" } else { "evaluating" });
        assert!((loss - replayed).abs() <= 10.0 * REORDERED * (1.0 + loss.abs()), "{name}: {replayed}, not {loss}");
        for (found, expected) in found.params().iter().zip(expected.params()) {
            let close = (found - expected).abs() <= 10.0 * REORDERED * (1.0 + expected.abs());
            assert!(close, "{name}: gradient {found}, not {expected}");
        }
        for ((_, found), (_, expected)) in found.updates().zip(expected.updates()) {
            assert_close(&name, &found.to_owned(), &expected.to_owned());
        }
        assert_eq!(found.updates().count(), expected.updates().count(), "{name}");
    }
}
