//! Checkpoints: the derivatives of what they forget, the fewest steps, and memory that stays flat.

use std::cell::Cell;
use std::rc::Rc;

use ndarray::array;
use tape::{Tape, Tensor, check_tensors, checkpoint, checkpoint_loop};

fn cell(x: &[Tensor<f64>]) -> Tensor<f64> {
    (x[0].sin() * x[1]).exp() + x[0] * x[1]
}

fn inputs() -> [ndarray::ArrayD<f64>; 2] {
    [array![[0.5, -1.0, 0.2]].into_dyn(), array![[0.1, 0.7, -0.4]].into_dyn()]
}

#[test]
fn a_checkpoint_has_the_derivatives_of_its_inside_to_the_second_order() {
    check_tensors(|x| checkpoint(cell, x).sin().sum(), &inputs()).assert();
    check_tensors(|x| checkpoint(cell, x).sin().sum().grad(x)[1].powi(2).sum(), &inputs()).assert();
    let nested = |x: &[Tensor<f64>]| checkpoint(|x| checkpoint(cell, x) * checkpoint(cell, &[x[1], x[0]]), x).sum();
    check_tensors(nested, &inputs()).assert();
}

#[test]
fn shares_are_partial_also_where_one_input_is_made_of_another() {
    let tape = Tape::new();
    let x = tape.variable([0.5, -1.0]);
    let checkpointed = checkpoint(cell, &[x, x.exp()]).sum();
    let plain = cell(&[x, x.exp()]).sum();
    let [one, other] = [checkpointed, plain].map(|y| (y.backward()[x].to_owned(), y.hessian(x)));
    assert!((one.0 - other.0).iter().chain((one.1 - other.1).iter()).all(|d| d.abs() < 1e-12));
}

#[test]
fn what_does_not_reach_the_output_has_zeros_and_no_snapshot_is_refused() {
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.variable([1.0]), tape.variable([2.0]));
    assert_eq!(checkpoint(|x| x[0] * 3.0, &[x, y]).sum().backward()[y], array![0.0].into_dyn());
    let error = tape::try_checkpoint_loop(|_, x, _| x, x, &[], 3, 0).unwrap_err().to_string();
    assert_eq!(error, "checkpoint_loop: the first state is a snapshot; there must be at least one");
    let alone = tape::try_checkpoint::<f64>(|x| x[0], &[]).unwrap_err().to_string();
    assert_eq!(alone, "checkpoint: no operand is on a tape; at least one must be");
}

/// The fewest steps by the recursion that defines them, not by its closed form.
fn fewest(n: usize, s: usize) -> usize {
    let mut table = vec![vec![0; s + 1]; n + 1];
    for length in 2..=n {
        table[length][1] = length * (length - 1) / 2;
        for held in 2..=s {
            let strides = (1..length).map(|k| k + table[length - k][held - 1] + table[k][held]);
            table[length][held] = strides.min().expect("a stride");
        }
    }
    table[n][s]
}

#[test]
fn a_loop_goes_back_with_the_fewest_steps() {
    for (n, s) in [(0, 2), (1, 1), (2, 1), (10, 1), (10, 3), (10, 99), (56, 3), (57, 3), (100, 5)] {
        let calls = Rc::new(Cell::new(0));
        let counted = Rc::clone(&calls);
        let tape = Tape::<f64>::new();
        let x = tape.variable([0.3, 0.9]);
        let step = |x: Tensor<f64>| x.sin() * 1.1;
        let y = checkpoint_loop(
            move |_, x, _| {
                counted.set(counted.get() + 1);
                step(x)
            },
            x,
            &[],
            n,
            s,
        )
        .sum();
        assert_eq!(calls.replace(0), n, "forwards");
        let found = y.backward()[x].to_owned();
        assert_eq!(calls.get(), fewest(n, s) + n, "back over {n} steps with {s} snapshots");
        let plain = (0..n).fold(x, |x, _| step(x)).sum().backward()[x].to_owned();
        assert!((found - plain).iter().all(|d| d.abs() < 1e-12));
    }
}

#[test]
fn the_tape_of_a_loop_does_not_grow_with_its_steps() {
    let sizes = [10, 1000].map(|n| {
        let tape = Tape::<f64>::new();
        let x = tape.variable([0.3, 0.9]);
        let _ = checkpoint_loop(|_, x, _| x.sin(), x, &[], n, 4).sum().backward();
        (tape.len(), tape.bytes())
    });
    assert_eq!(sizes[0], sizes[1]);
}

#[test]
fn a_loop_is_checked_to_the_second_order() {
    let run = |x: &[Tensor<f64>]| checkpoint_loop(|_, x, _| x.sin() * 1.2, x[0], &[], 7, 3).powi(2).sum();
    check_tensors(run, &inputs()[..1]).assert();
    check_tensors(|x| run(x).grad(x)[0].sin().sum(), &inputs()[..1]).assert();
}

/// A chain of n steps, in segments of which only the ends are kept, one checkpoint a segment.
fn in_segments(x: Tensor<f64>, steps: usize, segment: usize) -> Tensor<f64> {
    let run = move |x: &[Tensor<f64>]| (0..segment).fold(x[0], |x, _| (x * 1.01).sin());
    (0..steps / segment).fold(x, |x, _| checkpoint(run, &[x]))
}

#[test]
fn segments_of_the_square_root_leave_twice_the_square_root_of_the_nodes() {
    const STEPS: usize = 1024;
    let tape = Tape::<f64>::new();
    let x = tape.variable([0.3, 0.9]);
    let plain = in_segments(x, STEPS, STEPS / 32).sum();
    assert_eq!(tape.len(), 1 + 32 + 1);
    let gradient = plain.backward()[x].to_owned();
    assert_eq!(tape.len(), 1 + 32 + 1, "a sweep records elsewhere");
    let whole = (0..STEPS).fold(x, |x, _| (x * 1.01).sin()).sum().backward()[x].to_owned();
    assert_eq!(gradient, whole, "the same operations in the same order");
}

#[test]
fn checkpoints_nest_and_each_level_runs_its_inside_once_more() {
    let calls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&calls);
    let inner = move |x: &[Tensor<f64>]| {
        counted.set(counted.get() + 1);
        cell(x)
    };
    let outer = move |x: &[Tensor<f64>]| {
        let y = checkpoint(inner.clone(), x);
        checkpoint(inner.clone(), &[y, x[1]])
    };
    let tape = Tape::<f64>::new();
    let x = inputs().map(|x| tape.variable(x));
    let y = checkpoint(outer, &x).sum();
    assert_eq!(calls.replace(0), 2, "forwards");
    let gradients = y.backward();
    assert_eq!(calls.get(), 2 + 2, "recorded again by the outer one, and each by itself");
    let plain = cell(&[cell(&x), x[1]]).sum().backward();
    assert_eq!((&gradients[x[0]], &gradients[x[1]]), (&plain[x[0]], &plain[x[1]]));
}

/// A recurrent cell over a sequence: what is read in step `t` is row `t` of the last parameter.
fn recurrent(t: usize, state: Tensor<f64>, parameters: &[Tensor<f64>]) -> Tensor<f64> {
    let [w, u, b, xs] = *parameters else { unreachable!("four parameters") };
    (state.matmul(w) + xs.select(0, t as isize).matmul(u) + b).tanh()
}

/// A state of two rows of three, the cell's weights, and a sequence of so many steps.
fn recurrent_inputs(steps: usize) -> Vec<ndarray::ArrayD<f64>> {
    let filled = |shape: &[usize], phase: usize| {
        let elements = (0..shape.iter().product::<usize>()).map(|i| ((i * 37 + phase * 11) % 64) as f64 / 40.0 - 0.8);
        ndarray::ArrayD::from_shape_vec(shape, elements.collect()).unwrap()
    };
    vec![filled(&[2, 3], 0), filled(&[3, 3], 1), filled(&[2, 3], 2), filled(&[3], 3), filled(&[steps, 2, 2], 4)]
}

#[test]
fn a_recurrent_loop_has_the_gradients_of_the_plain_one_summed_over_its_steps() {
    for (steps, snapshots) in [(0, 1), (1, 3), (6, 1), (9, 2), (17, 3)] {
        let tape = Tape::<f64>::new();
        let inputs: Vec<_> = recurrent_inputs(steps.max(1)).into_iter().map(|x| tape.variable(x)).collect();
        let (state, parameters) = (inputs[0], &inputs[1..]);
        let plain = (0..steps).fold(state, |state, t| recurrent(t, state, parameters));
        let looped = checkpoint_loop(recurrent, state, parameters, steps, snapshots);
        assert_eq!(plain.to_array(), looped.to_array());
        let [plain, looped] = [plain, looped].map(|end| end.powi(2).sum().backward());
        for &input in &inputs {
            assert_eq!(plain[input].shape(), looped[input].shape());
            let difference = (&plain[input] - &looped[input]).iter().fold(0.0_f64, |most, d| most.max(d.abs()));
            assert!(difference < 1e-14, "{steps} steps, {snapshots} snapshots: {difference}");
        }
    }
}

#[test]
fn a_loop_with_parameters_is_checked_to_the_second_order() {
    let run = |x: &[Tensor<f64>]| checkpoint_loop(recurrent, x[0], &x[1..], 4, 2).powi(2).sum();
    check_tensors(run, &recurrent_inputs(4)).assert();
    let second = |x: &[Tensor<f64>]| run(x).grad(x).into_iter().map(|g| g.sin().sum()).reduce(|a, b| a + b).unwrap();
    tape::Check::new().directions(6).tensors(second, &recurrent_inputs(4)).assert();
}

#[test]
fn checkpoints_in_checkpoints_and_in_loops_are_checked_to_the_second_order() {
    let nested = |x: &[Tensor<f64>]| {
        let outer = |x: &[Tensor<f64>]| {
            let step = |_: usize, state: Tensor<f64>, p: &[Tensor<f64>]| checkpoint(cell, &[state, p[0]]).tanh();
            let looped = checkpoint_loop(step, checkpoint(cell, x), &x[1..], 3, 2);
            checkpoint(|x| checkpoint(cell, &[x[1], x[0]]) * x[0], &[looped, x[1]])
        };
        checkpoint(outer, x).sin().sum()
    };
    let plain = |x: &[Tensor<f64>]| {
        let looped = (0..3).fold(cell(x), |state, _| cell(&[state, x[1]]).tanh());
        (cell(&[x[1], looped]) * looped).sin().sum()
    };
    let tape = Tape::new();
    let x = inputs().map(|x| tape.variable(x));
    let weights = [tape.constant([[0.5, -1.0, 2.0]]), tape.constant([[0.7, 0.3, -0.4]])];
    let derivatives = [nested(&x), plain(&x)].map(|y| {
        let first = y.grad(x);
        let along = (first[0] * weights[0] + first[1] * weights[1]).sum();
        let second = along.grad(x);
        let swept = along.backward();
        [first[0].to_array(), first[1].to_array(), second[0].to_array(), second[1].to_array(), swept[x[0]].clone()]
    });
    for (one, other) in derivatives[0].iter().zip(&derivatives[1]) {
        assert!(one.iter().zip(other).all(|(a, b)| (a - b).abs() <= 1e-11 * b.abs().max(1.0)), "{one} {other}");
    }
    tape::Check::new().directions(4).tensors(|x| nested(x).grad(x)[1].powi(2).sum(), &inputs()).assert();
}

#[test]
fn a_loop_refuses_a_state_that_changes_its_shape_and_foreign_parameters() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([1.0, 2.0]);
    let error = tape::try_checkpoint_loop(|_, x, _| x.sum(), x, &[], 3, 1).unwrap_err().to_string();
    assert_eq!(error, "checkpoint_loop: last state of shape [] where [2] is expected");
    let other = Tape::<f64>::new();
    let error = tape::try_checkpoint_loop(|_, x, _| x, x, &[other.variable([1.0])], 3, 1).unwrap_err();
    assert_eq!(error.to_string(), "checkpoint_loop: foreign handle: the operands belong to two different tapes");
    let fewer = tape::try_checkpoint(|x| x[0], &[x, other.variable([1.0])]).unwrap_err();
    assert_eq!(fewer.to_string(), "checkpoint: foreign handle: the operands belong to two different tapes");
}

#[test]
fn tangents_pass_through_a_loop_and_its_parameters() {
    let tape = Tape::<f64>::new();
    let (x, w) = (tape.variable([0.3, -0.9]), tape.variable([1.2, 0.8]));
    let directions = [tape.constant([1.0, -2.0]), tape.constant([0.5, 3.0])];
    let looped = checkpoint_loop(|_, x, w| (x * w[0]).sin(), x, &[w], 5, 2);
    let plain = (0..5).fold(x, |x, _| (x * w).sin());
    let difference = looped.jvp([x, w], directions) - plain.jvp([x, w], directions);
    assert!(difference.abs().sum().item() < 1e-14);
}
