//! What the engine promises: one sweep, one map, flat memory, and no handle that is misread.

use ndarray::{array, s};
use tape::{Error, Params, Tape, Tensor, Var};

use crate::panics::panic_of;

#[test]
fn a_root_that_is_a_leaf_has_gradient_one() {
    let tape = Tape::<f64>::new();
    let (x, t) = (tape.var(3.0), tape.variable([[5.0]]));
    assert_eq!(x.backward()[x], 1.0);
    assert_eq!(t.backward()[t][[0, 0]], 1.0);
}

#[test]
fn a_constant_root_is_an_error_but_a_function_may_be_constant_at_a_point() {
    let tape = Tape::<f64>::new();
    let text = "backward: constant root: it depends on no variable or trainable parameter of a tape";
    assert_eq!(Var::constant(2.0).try_backward().unwrap_err().to_string(), text);
    assert_eq!(tape.constant(2.0).try_backward().unwrap_err(), Error::ConstantRoot);
    assert_eq!(tape::value_and_grad(|x| x[0].max(2.0), &[1.0]), (2.0, vec![0.0]));
    assert_eq!(tape::value_and_grad(|_| Var::constant(7.0), &[1.0, 2.0]), (7.0, vec![0.0, 0.0]));
    let mut params = Params::<f64>::new();
    let id = params.add("w", &array![1.0]);
    let (loss, gradients) = Tape::new().value_and_grad(&params, |pass| pass.constant(4.0));
    assert_eq!((loss, gradients.params(), gradients.get(id)), (4.0, &[0.0][..], None));
}

#[test]
fn only_a_single_element_can_be_a_root() {
    let tape = Tape::<f64>::new();
    let text =
        "backward: root of shape [2]: only a single element has a gradient; reduce it first, with sum() or mean()";
    assert_eq!(tape.variable([1.0, 2.0]).try_backward().unwrap_err().to_string(), text);
}

#[test]
fn an_unused_variable_is_unreachable_and_zero_as_a_number() {
    let tape = Tape::<f64>::new();
    let (x, unused, t) = (tape.var(3.0), tape.var(4.0), tape.variable([1.0, 2.0]));
    let gradients = (x * x).backward();
    assert_eq!((gradients.get(unused), gradients[unused]), (None, 0.0));
    assert!(gradients.get(t).is_none());
    assert_eq!(gradients[t], array![0.0, 0.0].into_dyn());
    // Reached by a derivative that is zero is something else.
    assert_eq!(x.floor().backward().get(x), Some(0.0));
}

#[test]
fn sweeping_twice_gives_the_same_map() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(array![[0.3, -0.7], [1.1, 0.2]]);
    let root = x.matmul(x.t()).tanh().sum();
    let (first, second) = (root.backward(), root.backward());
    assert_eq!(first[x], second[x]);
    let copy = first.clone();
    drop(first);
    assert_eq!(copy[x], second[x]);
}

#[test]
fn shared_subexpressions_count_every_use() {
    let tape = Tape::<f64>::new();
    let x = tape.var(3.0);
    assert_eq!((x * x).backward()[x], 6.0);
    assert_eq!((x / x).backward()[x], 0.0);
    assert_eq!((x - x).backward()[x], 0.0);
    assert_eq!(x.maximum(x).backward()[x], 1.0);
    let t = tape.variable([1.0, 2.0]);
    assert_eq!(Tensor::concat(&[t, t], 0).powi(2).sum().backward()[t], array![4.0, 8.0].into_dyn());
    assert_eq!(t.maximum(t).sum().backward()[t], array![1.0, 1.0].into_dyn());
    let m = tape.variable(array![[1.0, 2.0], [3.0, 4.0]]);
    // d sum(M M) = (column sums of M^T) + (row sums): worked out by hand.
    assert_eq!(m.matmul(m).sum().backward()[m], array![[7.0, 11.0], [9.0, 13.0]].into_dyn());
}

#[test]
fn a_chain_of_a_million_nodes_is_swept_and_dropped() {
    let tape = Tape::<f64>::new();
    let x = tape.var(1.0);
    let mut y = x;
    for _ in 0..1_000_000 {
        y *= 1.000_001;
    }
    assert_eq!(tape.len(), 1_000_001);
    assert!((y.backward()[x] - y.value()).abs() < 1e-9);
    drop(tape);
    assert!(y.try_backward().is_err());
}

#[test]
fn a_hundred_thousand_recordings_without_a_sweep_keep_memory_flat() {
    let mut tape = Tape::<f64>::new();
    let mut record = || {
        tape.reset();
        let (x, t) = (tape.var(2.0), tape.variable([1.0, 2.0, 3.0]));
        let _ = (t * x).sum().at([]) + x.sin();
        tape.bytes()
    };
    let warm = (0..10).map(|_| record()).last();
    assert_eq!((0..100_000).map(|_| record()).last(), warm);
}

#[test]
fn a_zero_adjoint_absorbs_and_a_zero_partial_does_not() {
    let tape = Tape::<f64>::new();
    let v = tape.var(-1.0);
    assert_eq!(v.max(0.0).sqrt().backward()[v], 0.0);
    assert!((v * 0.0).sqrt().backward()[v].is_nan());
    let t = tape.variable([4.0, -4.0, 0.0]);
    let masked = t.gt(0.0).select(t.sqrt(), t);
    assert_eq!(masked.sum().backward()[t], array![0.25, 1.0, 1.0].into_dyn());
    assert_eq!(
        (t.sqrt() * tape.constant([1.0, 0.0, 0.0])).slice(s![0]).backward()[t],
        array![0.25, 0.0, 0.0].into_dyn()
    );
}

#[test]
fn a_constant_operand_gets_no_derivative_and_none_is_evaluated() {
    let tape = Tape::<f64>::new();
    let x = tape.var(-2.0);
    let before = tape.len();
    let y = x.powf(3.0);
    assert_eq!(tape.len(), before + 1);
    assert_eq!(y.backward()[x], 12.0);
    let _ = Var::constant(1.0) * Var::constant(2.0) + 3.0;
    assert_eq!(tape.len(), before + 1);
}

#[test]
fn scalars_and_tensors_share_a_tape() {
    let tape = Tape::<f64>::new();
    let (x, t) = (tape.var(2.0), tape.variable([1.0, 3.0]));
    let root = (t * x + 1.0).sum() + t.at([1]) * x * Var::constant(1.0);
    assert_eq!(root.item(), 10.0 + 6.0);
    let gradients = root.backward();
    assert_eq!(gradients[x], 4.0 + 3.0);
    assert_eq!(gradients[t], array![2.0, 4.0].into_dyn());
    let stacked = Tensor::stack_vars(&[x, Var::constant(5.0), x * x]);
    assert_eq!(stacked.to_array(), array![2.0, 5.0, 4.0].into_dyn());
    assert_eq!((stacked * stacked).sum().backward()[x], 2.0 * 2.0 + 2.0 * 4.0 * 4.0);
}

#[test]
fn parameters_are_bound_without_copying_and_written_to_a_copy() {
    let mut params = Params::<f64>::new();
    let (w, frozen, unused) =
        (params.add("w", &array![2.0]), params.add("frozen", &array![3.0]), params.add("unused", &array![4.0]));
    params.set_trainable(frozen, false);
    let tape = Tape::new();
    let pass = tape.bind(&params);
    let (a, b) = (pass.parameter(w), pass.parameter(frozen));
    params.view_mut(w)[[0]] = 100.0;
    let gradients = (a * a * b).sum().backward();
    assert_eq!(gradients[w], array![12.0].into_dyn());
    assert!(gradients.get(frozen).is_none() && gradients.get(unused).is_none());
    assert_eq!(gradients.params(), [12.0, 0.0, 0.0]);
    assert_eq!(gradients.stretches(&params).unwrap().collect::<Vec<_>>(), [0..1]);
    assert_eq!(params.values(), [100.0, 3.0, 4.0]);
}

#[test]
fn gradients_outlive_the_tape_and_add_up() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![2.0, 1.0]);
    let mut tape = Tape::new();
    let mut sweep = |factor: f64| tape.value_and_grad(&params, |pass| (pass.parameter(w) * factor).sum()).1;
    let (mut one, two) = (sweep(3.0), sweep(4.0));
    drop(tape);
    one.accumulate(&two).unwrap();
    one.scale(0.5);
    assert_eq!(one.params(), [3.5, 3.5]);
    assert!((one.norm() - 3.5 * 2.0_f64.sqrt()).abs() < 1e-15);
}

#[allow(clippy::needless_pass_by_value, reason = "it stands at the end of chains that own the error")]
fn text(error: Error) -> String {
    error.to_string()
}

#[test]
fn a_stale_handle_says_what_became_of_its_tape() {
    let mut tape = Tape::<f64>::new();
    let (x, t) = (tape.var(1.0), tape.variable([1.0]));
    tape.reset();
    let reset = "stale handle: its tape was reset, rewound or dropped after the handle was made";
    assert_eq!(text(x.try_backward().unwrap_err()), format!("backward: {reset}"));
    assert_eq!(text(t.try_add(1.0).unwrap_err()), format!("add: {reset}"));
    let y = Tape::<f64>::new().var(1.0);
    assert_eq!(text(y.try_backward().unwrap_err()), format!("backward: {reset}"));
}

#[test]
fn a_foreign_handle_is_refused() {
    let (one, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let (a, b) = (one.variable([1.0]), other.variable([1.0]));
    let message = "foreign handle: the operands belong to two different tapes";
    assert_eq!(text(a.try_mul(b).unwrap_err()), format!("mul: {message}"));
    assert_eq!(text(a.try_matmul(b).unwrap_err()), format!("matmul: {message}"));
    assert_eq!(text(Tensor::try_concat(&[a, b], 0).unwrap_err()), format!("concat: {message}"));
    assert_eq!(
        text(Tensor::try_stack_vars(&[one.var(1.0), other.var(1.0)]).unwrap_err()),
        format!("stack_vars: {message}")
    );
}

#[test]
fn a_handle_on_another_thread_is_refused() {
    let tape = Tape::<f64>::new();
    let (x, t) = (tape.var(1.0), tape.variable([1.0]));
    let message = "handle used on another thread: its tape belongs to the thread that made it";
    let errors =
        std::thread::spawn(move || [x.try_backward().unwrap_err(), t.try_add(1.0).unwrap_err()]).join().unwrap();
    assert_eq!(errors.map(text), [format!("backward: {message}"), format!("add: {message}")]);
}

#[test]
fn a_shape_mistake_names_the_operation_both_shapes_and_the_rule() {
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.variable([[1.0, 2.0, 3.0]]), tape.variable([1.0, 2.0]));
    for (error, expected) in [
        (
            a.try_add(b),
            "add: shapes [1, 3] and [2] do not broadcast: aligned at the last axis, two lengths must be equal or one of them 1",
        ),
        (
            a.try_matmul(b),
            "matmul: shapes [1, 3] and [2]: the last axis of the left factor must be as long as the last but one of the right",
        ),
        (a.try_reshape([2, 2]), "reshape: shapes [1, 3] and [2, 2]: the number of elements must stay the same"),
        (a.try_permute([0, 0]), "permute: axes [0, 0] of shape [1, 3]: an axis is named twice"),
        (a.try_permute([0]), "permute: axes [0] of shape [1, 3]: every axis must be named exactly once"),
        (a.try_sum_axes(2), "sum_axes: axis 2 of shape [1, 3]: an axis lies between -2 and 2, exclusive"),
        (a.try_squeeze(1), "squeeze: shape [1, 3]: only an axis of length 1 can be left out"),
        (a.try_slice(s![0, 3]), "slice: index 3 on axis 1 of shape [1, 3]: it must lie below 3"),
        (a.try_index_select(1, &[0, 5]), "index_select: index 5 on axis 1 of shape [1, 3]: it must lie below 3"),
        (a.try_gather(1, &array![[3]]), "gather: index 3 on axis 1 of shape [1, 3]: it must lie below 3"),
        (
            a.try_broadcast_to([2, 2]),
            "broadcast_to: shapes [1, 3] and [2, 2]: aligned at the last axis, every length must be equal to the wanted one or 1",
        ),
        (
            Tensor::try_concat(&[a, b], 0),
            "concat: shapes [1, 3] and [2]: all axes but the one that is joined must be equal",
        ),
        (Tensor::try_concat(&[], 0), "concat: no operand is on a tape; at least one must be"),
        (
            tape.variable([[0.0; 0]; 2]).try_max_axis(1),
            "max: shape [2, 0]: an axis of length zero has no largest or smallest element",
        ),
    ] {
        assert_eq!(text(error.unwrap_err()), expected);
    }
    assert_eq!(text(a.try_at([0]).unwrap_err()), "at: axes [0] of shape [1, 3]: one index an axis is needed");
    assert_eq!(text(a.try_item().unwrap_err()), "item: shape [1, 3]: exactly one element is needed");
}

/// The line of this file where a panic says that it happened.
fn panics_at(work: impl FnOnce()) -> u32 {
    let (_, file, line) = panic_of(work);
    assert_eq!(file, file!());
    line
}

#[test]
fn a_panic_is_at_the_callers_line() {
    let other = Tape::<f64>::new().var(1.0);
    assert_eq!(panics_at(move || _ = other.sin()), line!());
    assert_eq!(panics_at(move || _ = other + 1.0), line!());
    assert_eq!(panics_at(move || _ = 2.0 * other), line!());
    assert_eq!(panics_at(move || drop(other.backward())), line!());
    assert_eq!(panics_at(move || _ = num_traits::Float::powi(other, 2)), line!());
    let mismatched = || {
        let tape = Tape::<f64>::new();
        (tape.variable([1.0, 2.0]), tape.variable([1.0, 2.0, 3.0]), tape)
    };
    let call = line!() + 3;
    let add = move || {
        let (a, b, _tape) = mismatched();
        let _ = a + b;
    };
    assert_eq!(panics_at(add), call);
    let call = line!() + 3;
    let multiply = move || {
        let (a, b, _tape) = mismatched();
        let _ = a.matmul(b);
    };
    assert_eq!(panics_at(multiply), call);
}

/// The sweep keeps the adjoint that was deposited last in a register. A tensor of the same scalar deposits in between.
#[test]
fn a_scalar_that_a_tensor_and_an_operation_share_gets_both_adjoints() {
    let tape = Tape::<f64>::new();
    let x = tape.var(3.0);
    let y = x * 2.0;
    let stacked = Tensor::stack_vars(&[y, y]).sum().at([]);
    let gradients = (y.sin() * 0.0 + y * y + stacked).backward();
    assert_eq!(gradients[x], 2.0 * (2.0 * 6.0 + 2.0));
    let y = x * 2.0;
    let tensor = Tensor::stack_vars(&[y]);
    let gradients = (y * 5.0 + tensor.sum().at([])).backward();
    assert_eq!(gradients[x], 12.0);
}
