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
    let error = tape::try_checkpoint_loop(|x| x, x, 3, 0).unwrap_err().to_string();
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
            move |x| {
                counted.set(counted.get() + 1);
                step(x)
            },
            x,
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
        let _ = checkpoint_loop(|x| x.sin(), x, n, 4).sum().backward();
        (tape.len(), tape.bytes())
    });
    assert_eq!(sizes[0], sizes[1]);
}

#[test]
fn a_loop_is_checked_to_the_second_order() {
    let run = |x: &[Tensor<f64>]| checkpoint_loop(|x| x.sin() * 1.2, x[0], 7, 3).powi(2).sum();
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
