//! Control over recording: pausing it, rewinding it, cutting and freezing what is differentiated.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::array;
use tape::{Error, Params, Position, Tape, Tensor, Var};

const STALE: &str = "mul: stale handle: its tape was reset, rewound or dropped after the handle was made";

#[test]
fn nothing_that_is_computed_without_grad_is_differentiated() {
    let tape = Tape::<f64>::new();
    let (x, t) = (tape.var(3.0), tape.variable([1.0, 2.0]));
    let before = tape.len();
    let constants = tape.no_grad(|| {
        [x * x, x + 1.0, 2.0 / x, x.exp(), x.powi(3), x.mul_add(x, x), x.clamp(0.0, 5.0), x.clamp(4.0, 5.0), x % x]
    });
    assert_eq!(constants.map(Var::value), [9.0, 4.0, 2.0 / 3.0, 3_f64.exp(), 27.0, 12.0, 3.0, 4.0, 0.0]);
    assert!(constants.iter().all(|number| number.is_constant()));
    assert_eq!(tape.len(), before, "numbers without derivatives need no node");
    let (tensor, element, stacked) = tape.no_grad(|| ((t * x).reshape([2, 1]), t.at([1]), Tensor::stack_vars(&[x, x])));
    assert_eq!(tensor.to_array(), array![[3.0], [6.0]].into_dyn());
    assert_eq!(tensor.sum().try_backward().unwrap_err(), Error::ConstantRoot);
    assert_eq!(stacked.sum().try_backward().unwrap_err(), Error::ConstantRoot);
    assert!(element.is_constant());
    // Afterwards recording goes on, and what was computed meanwhile is a factor like any other.
    let gradients = (t * tensor.reshape([2])).sum().backward();
    assert_eq!(gradients[t], array![3.0, 6.0].into_dyn());
    assert_eq!(gradients.get(x), None);
    assert_eq!((x * constants[0]).backward()[x], 9.0);
}

#[test]
fn pausing_nests_and_ends_with_a_panic() {
    let tape = Tape::<f64>::new();
    let x = tape.var(2.0);
    tape.no_grad(|| {
        tape.no_grad(|| assert!((x * x).is_constant()));
        assert!((x * x).is_constant(), "the outer scope is still paused");
    });
    assert!(!(x * x).is_constant());
    let panicked = catch_unwind(AssertUnwindSafe(|| tape.no_grad(|| panic!("a user's code fails"))));
    assert!(panicked.is_err());
    assert_eq!((x * x).backward()[x], 4.0);
}

#[test]
fn a_pause_leaves_other_tapes_alone_and_new_variables_variables() {
    let (paused, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let (x, y) = (paused.var(2.0), other.var(3.0));
    paused.no_grad(|| {
        assert!((x * x).is_constant());
        assert_eq!((y * y).backward()[y], 6.0);
        assert!((x * x).is_constant());
        let z = paused.var(5.0);
        assert_eq!(z.backward()[z], 1.0);
    });
}

#[test]
fn a_rewind_keeps_what_lies_before_and_refuses_what_lay_behind() {
    let mut tape = Tape::<f64>::new();
    let x = tape.var(3.0);
    let t = tape.variable([1.0, 2.0]);
    let here = tape.position();
    let (behind, tensor) = (x * x, t * 2.0);
    assert_eq!(behind.backward()[x], 6.0);
    tape.rewind(here);
    assert_eq!(tape.len(), 2);
    // New nodes take the place of the old, with other values and of another kind.
    let (y, z) = (tape.variable([7.0, 8.0, 9.0]), x + 1.0);
    let texts = [
        catch_unwind(AssertUnwindSafe(|| behind * behind)).unwrap_err(),
        catch_unwind(AssertUnwindSafe(|| x * behind)).unwrap_err(),
        catch_unwind(AssertUnwindSafe(|| behind * x)).unwrap_err(),
        catch_unwind(AssertUnwindSafe(|| behind * 2.0)).unwrap_err(),
        catch_unwind(AssertUnwindSafe(|| t * behind)).map(|_| ()).unwrap_err(),
    ];
    for text in texts {
        assert_eq!(text.downcast_ref::<String>().unwrap(), STALE);
    }
    assert_eq!(t.try_mul(tensor).unwrap_err(), Error::Stale { operation: "mul" });
    assert_eq!(tensor.try_item().unwrap_err(), Error::Stale { operation: "item" });
    assert_eq!(behind.try_backward().unwrap_err(), Error::Stale { operation: "backward" });
    // Handles of both eras go together, whichever comes first.
    let gradients = (y.sum() * x + (t * y.slice(ndarray::s![..2])).sum() + z * x + x * z).sum().backward();
    assert_eq!(gradients[x], 24.0 + 2.0 * (3.0 + 4.0));
    assert_eq!(gradients[t], array![7.0, 8.0].into_dyn());
    assert_eq!(gradients[y], array![4.0, 5.0, 3.0].into_dyn());
    assert_eq!((gradients.get(behind), gradients[z]), (None, 6.0));
}

#[test]
fn nested_positions_are_rewound_to_in_any_order_that_makes_sense() {
    let mut tape = Tape::<f64>::new();
    let x = tape.var(2.0);
    let outer = tape.position();
    let y = x * x;
    let inner = tape.position();
    for _ in 0..3 {
        let z = y * x;
        assert_eq!(z.backward()[x], 12.0);
        tape.rewind(inner);
        assert_eq!((y * y).backward()[y], 8.0);
    }
    tape.rewind(outer);
    assert_eq!(tape.try_rewind(inner).unwrap_err(), Error::StalePosition);
    // As many nodes as the stale position has do not make it valid again.
    let again = x * 3.0;
    assert_eq!(tape.try_rewind(inner).unwrap_err(), Error::StalePosition);
    assert_eq!(again.backward()[x], 3.0, "a refused rewind changes nothing");
    tape.rewind(outer);
    assert_eq!(tape.len(), 1);
}

#[test]
fn a_position_of_another_recording_or_tape_is_refused() {
    let (mut tape, other) = (Tape::<f64>::new(), Tape::<f32>::new());
    let here = tape.position();
    let error = tape.try_rewind(other.position()).unwrap_err();
    assert_eq!(error.to_string(), "rewind: foreign position: it is one of another tape");
    tape.reset();
    let error = tape.try_rewind(here).unwrap_err();
    let text =
        "rewind: stale position: its tape was reset, rewound to an earlier position, or dropped after it was taken";
    assert_eq!(error.to_string(), text);
    let dropped: Position = Tape::<f64>::new().position();
    assert_eq!(tape.try_rewind(dropped).unwrap_err(), Error::StalePosition);
}

#[test]
fn a_hundred_thousand_rewinds_need_no_more_memory_than_one() {
    let mut tape = Tape::<f64>::new();
    let (x, t) = (tape.var(1.5), tape.variable(ndarray::Array1::from_elem(3000, 0.5)));
    let here = tape.position();
    let mut bytes = 0;
    for round in 0..100_000 {
        // A position that is taken anew after each rewind must not make any list longer either.
        let fresh = tape.position();
        let mut y = x;
        for _ in 0..10 {
            y *= x;
        }
        if round % 1000 == 0 {
            let gradients = ((t * y).sum() + t.index_select(0, &[0, 1, 1]).sum()).backward();
            assert_eq!(gradients[x], 0.5 * 3000.0 * 11.0 * 1.5_f64.powi(10));
        }
        tape.rewind(if round % 2 == 0 { fresh } else { here });
        assert_eq!(tape.len(), 2);
        if round == 0 {
            bytes = tape.bytes();
        }
    }
    assert_eq!(tape.bytes(), bytes);
}

#[test]
fn a_rewind_on_an_empty_tape_is_a_reset_that_keeps_positions() {
    let mut tape = Tape::<f64>::new();
    let start = tape.position();
    for _ in 0..5 {
        let x = tape.var(2.0);
        assert_eq!((x * x).backward()[x], 4.0);
        tape.rewind(start);
        assert!(tape.is_empty());
        assert!(catch_unwind(AssertUnwindSafe(|| x * x)).is_err(), "the variable was rewound");
    }
}

#[test]
fn parameters_that_were_bound_before_stay_bound_and_those_behind_do_not() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![3.0, 4.0]);
    let mut tape = Tape::new();
    let unbound = tape.position();
    let bound_w = tape.bind(&params).parameter(w);
    let bound = tape.position();
    let _ = bound_w * 2.0;
    tape.rewind(bound);
    assert_eq!((bound_w * bound_w).sum().backward().params(), [6.0, 8.0]);
    assert_eq!(tape.bind(&params).parameter(w).to_array(), array![3.0, 4.0].into_dyn());
    tape.rewind(unbound);
    assert_eq!(bound_w.try_item().unwrap_err(), Error::Stale { operation: "item" });
    // Other values may be bound now: had the old ones been kept, this would be an error.
    params.values_mut().fill(1.0);
    let w = tape.bind(&params).parameter(w);
    assert_eq!(w.to_array(), array![1.0, 1.0].into_dyn());
    assert_eq!((w * w).sum().backward().params(), [2.0, 2.0]);
}

#[test]
fn handles_from_before_a_rewind_belong_to_their_thread_like_any() {
    let mut tape = Tape::<f64>::new();
    let x = tape.var(2.0);
    let here = tape.position();
    tape.rewind(here);
    let error = std::thread::spawn(move || x.try_backward().map(|_| ()).unwrap_err()).join().unwrap();
    assert_eq!(error, Error::OtherThread { operation: "backward" });
    let other = Tape::<f64>::new();
    let y = other.var(1.0);
    let text = catch_unwind(AssertUnwindSafe(|| x * y)).unwrap_err();
    let foreign = "mul: foreign handle: the operands belong to two different tapes";
    assert_eq!(text.downcast_ref::<String>().unwrap(), foreign);
}

#[test]
fn a_gradient_map_outlives_a_rewind_and_knows_only_what_it_swept() {
    let mut tape = Tape::<f64>::new();
    let x = tape.var(2.0);
    let here = tape.position();
    let y = x * x;
    let gradients = (y * y).backward();
    tape.rewind(here);
    let new = x * 5.0;
    assert_eq!((gradients[x], gradients[y]), (32.0, 8.0));
    assert_eq!(gradients.get(new), None);
    assert!(catch_unwind(AssertUnwindSafe(|| gradients[new])).is_err(), "it is not of what was swept");
}

#[test]
fn what_is_detached_passes_no_gradient_and_intermediates_have_one() {
    let tape = Tape::<f64>::new();
    let (x, t) = (tape.var(3.0), tape.variable([1.0, 2.0]));
    assert_eq!((x.detach() * x).backward()[x], 3.0);
    assert_eq!((t.detach() * t).sum().backward()[t], array![1.0, 2.0].into_dyn());
    let (square, doubled) = (x * x, t * 2.0);
    let gradients = (square.sin() * doubled.exp()).sum().backward();
    let sum = 2_f64.exp() + 4_f64.exp();
    assert!((gradients[square] - 9_f64.cos() * sum).abs() < 1e-12);
    assert!((gradients[doubled][1] - 9_f64.sin() * 4_f64.exp()).abs() < 1e-12);
    assert!((gradients[x] - 6.0 * gradients[square]).abs() < 1e-12);
}

#[test]
fn a_frozen_parameter_has_no_gradient() {
    let mut params = Params::<f64>::new();
    let (w, b) = (params.add("w", &array![3.0]), params.add("b", &array![4.0]));
    params.set_trainable(w, false);
    let (_, gradients) = Tape::new().value_and_grad(&params, |pass| (pass.parameter(w) * pass.parameter(b)).sum());
    assert!(gradients.get(w).is_none());
    assert_eq!(gradients[b], array![3.0].into_dyn());
    assert_eq!(gradients.params(), [0.0, 3.0]);
}

/// A program that computes the same value twice computes it once, but not where one of the two is not differentiated: each
/// of them taken for the other would give a wrong gradient without a word.
#[test]
fn a_program_keeps_apart_what_is_computed_with_grad_and_without() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![3.0, 4.0]);
    let one = array![1.0];
    let swap = |(with, without)| (without, with);
    for without_first in [true, false] {
        let mut step = tape::Program::record(&params, (&one,), |pass, (one,)| {
            let w = pass.parameter(w);
            let without = || pass.no_grad(|| (w * w, w * 1.0));
            let ((square, same), with) = if without_first { (without(), w * w) } else { swap((w * w, without())) };
            (with * square * same * one).sum()
        });
        let (loss, gradients) = step.run(&params, (&one,)).unwrap();
        // w^2 differentiated, times w^2 w held fast: 2 w w^3.
        assert_eq!(loss, 243.0 + 1024.0);
        assert_eq!(gradients.params(), [2.0 * 81.0, 2.0 * 256.0]);
    }
}
