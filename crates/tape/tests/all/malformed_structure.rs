//! Wrong uses of reductions, scans, indexing and shape operations: each fails with exactly this text.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::array;
use tape::{Axes, Error, Order, Padding, Tape, Tensor};

/// The text of the error that a use gives, which is also what the plain method panics with.
macro_rules! table {
    ($($use:expr => $text:expr,)*) => {
        [$({
            let error: Option<Error> = $use.err();
            (stringify!($use), error.map(|error| error.to_string()), String::from($text))
        }),*]
    };
}

fn assert_all<const N: usize>(table: [(&str, Option<String>, String); N]) -> usize {
    for (wrong_use, found, expected) in table {
        assert_eq!(found.as_ref(), Some(&expected), "{wrong_use}");
    }
    N
}

const NO_AXIS: &str = "of shape [2, 3]: an axis lies between -2 and 2, exclusive";

fn wrong_axes(x: Tensor<f64>) -> usize {
    assert_all(table! {
        x.try_sum_axes(2) => format!("sum_axes: axis 2 {NO_AXIS}"),
        x.try_sum_axes([0, -2]) => "sum_axes: axes [0, -2] of shape [2, 3]: an axis is named twice",
        x.try_mean_axes(-3) => format!("mean_axes: axis -3 {NO_AXIS}"),
        x.try_prod_axes(Axes::keep(5)) => format!("prod_axes: axis 5 {NO_AXIS}"),
        x.try_prod_axes([1, 1]) => "prod_axes: axes [1, 1] of shape [2, 3]: an axis is named twice",
        x.try_var_axes(2, 1.0) => format!("var_axes: axis 2 {NO_AXIS}"),
        x.try_std_axes([0, 0], 1.0) => "std_axes: axes [0, 0] of shape [2, 3]: an axis is named twice",
        x.try_max_axis(2) => format!("max: axis 2 {NO_AXIS}"),
        x.try_min_axis(-3) => format!("min: axis -3 {NO_AXIS}"),
        x.try_amax(2) => format!("amax: axis 2 {NO_AXIS}"),
        x.try_amin([0, 2]) => format!("amin: axis 2 {NO_AXIS}"),
        x.try_argmax(2) => format!("argmax: axis 2 {NO_AXIS}"),
        x.try_argmin(2) => format!("argmin: axis 2 {NO_AXIS}"),
        x.try_logsumexp(2) => format!("logsumexp: axis 2 {NO_AXIS}"),
        x.try_softmax(2) => format!("softmax: axis 2 {NO_AXIS}"),
        x.try_log_softmax(-3) => format!("log_softmax: axis -3 {NO_AXIS}"),
        x.try_norm(2.0, 2) => format!("norm: axis 2 {NO_AXIS}"),
        x.try_norm(1.0, [0, 0]) => "norm: axes [0, 0] of shape [2, 3]: an axis is named twice",
        x.try_norm(0.0, 9) => format!("norm: axis 9 {NO_AXIS}"),
        x.try_norm(f64::INFINITY, 2) => format!("norm: axis 2 {NO_AXIS}"),
        x.try_median(2) => format!("median: axis 2 {NO_AXIS}"),
        x.try_quantile(0.5, 2) => format!("quantile: axis 2 {NO_AXIS}"),
        x.try_sort(2, Order::Ascending) => format!("sort: axis 2 {NO_AXIS}"),
        x.try_argsort(2, Order::Ascending) => format!("argsort: axis 2 {NO_AXIS}"),
        x.try_top_k(1, 2, Order::Descending) => format!("top_k: axis 2 {NO_AXIS}"),
        x.try_cumsum(2) => format!("cumsum: axis 2 {NO_AXIS}"),
        x.try_cumprod(2) => format!("cumprod: axis 2 {NO_AXIS}"),
        x.try_cummax(2) => format!("cummax: axis 2 {NO_AXIS}"),
        x.try_cummin(-3) => format!("cummin: axis -3 {NO_AXIS}"),
        x.try_logcumsumexp(2) => format!("logcumsumexp: axis 2 {NO_AXIS}"),
        x.try_select(2, 0) => format!("select: axis 2 {NO_AXIS}"),
        x.try_narrow(2, 0..1) => format!("narrow: axis 2 {NO_AXIS}"),
        x.try_index_select(2, &[0]) => format!("index_select: axis 2 {NO_AXIS}"),
        x.try_gather(2, &array![[0]]) => format!("gather: axis 2 {NO_AXIS}"),
        x.try_scatter(2, &array![[0]], 1.0) => format!("scatter: axis 2 {NO_AXIS}"),
        x.try_scatter_add(2, &array![[0]], 1.0) => format!("scatter_add: axis 2 {NO_AXIS}"),
        x.try_index_add(2, &[0], x) => format!("index_add: axis 2 {NO_AXIS}"),
        x.try_flatten(0, 2) => format!("flatten: axis 2 {NO_AXIS}"),
        x.try_flatten(1, 0) => "flatten: axes [1, 0] of shape [2, 3]: the last axis lies before the first",
        x.try_unflatten(2, [1]) => format!("unflatten: axis 2 {NO_AXIS}"),
        x.try_movedim(0, 2) => format!("movedim: axis 2 {NO_AXIS}"),
        x.try_flip(2) => format!("flip: axis 2 {NO_AXIS}"),
        x.try_flip([0, 0]) => "flip: axes [0, 0] of shape [2, 3]: an axis is named twice",
        x.try_roll(1, 2) => format!("roll: axis 2 {NO_AXIS}"),
        x.try_split(&[1], 2) => format!("split: axis 2 {NO_AXIS}"),
        x.try_chunk(1, 2) => format!("chunk: axis 2 {NO_AXIS}"),
        x.try_repeat_interleave(2, 2) => format!("repeat_interleave: axis 2 {NO_AXIS}"),
        x.try_diagonal(0, 0, 2) => format!("diagonal: axis 2 {NO_AXIS}"),
        x.try_diagonal(0, 1, -1) => "diagonal: axes [1, -1] of shape [2, 3]: rows and columns must be different axes",
        x.try_windows(2, 1, 1, 1) => format!("windows: axis 2 {NO_AXIS}"),
        x.try_overlap_add(1, 3, 1, 1) => "overlap_add: axis 1 of shape [2]: an axis lies between -1 and 1, exclusive",
        x.try_unsqueeze(3) => format!("unsqueeze: axis 3 {NO_AXIS}"),
        x.try_transpose(0, 2) => format!("transpose: axis 2 {NO_AXIS}"),
    })
}

fn wrong_indices(tape: &Tape<f64>, x: Tensor<f64>) -> usize {
    let below = |index: isize, axis: usize, length: usize| {
        format!("index {index} on axis {axis} of shape [2, 3]: it must lie below {length}")
    };
    assert_all(table! {
        x.try_select(0, 2) => format!("select: {}", below(2, 0, 2)),
        x.try_select(1, -4) => format!("select: {}", below(-4, 1, 3)),
        x.try_narrow(1, 1..4) => format!("narrow: {}", below(3, 1, 3)),
        x.try_index_select(0, &[0, 2]) => format!("index_select: {}", below(2, 0, 2)),
        x.try_gather(1, &array![[0], [3]]) => format!("gather: {}", below(3, 1, 3)),
        x.try_scatter(1, &array![[3]], 1.0) => format!("scatter: {}", below(3, 1, 3)),
        x.try_scatter_add(0, &array![[2]], 1.0) => format!("scatter_add: {}", below(2, 0, 2)),
        x.try_index_add(0, &[2, 0], x) => format!("index_add: {}", below(2, 0, 2)),
        x.try_embedding(&[2]) => format!("embedding: {}", below(2, 0, 2)),
        x.try_take(&[6]) => "take: index 6 on axis 0 of shape [6]: it must lie below 6",
        tape.try_one_hot(&array![0, 3], 3) => "one_hot: index 3 on axis 1 of shape [2, 3]: it must lie below 3",
    })
}

#[expect(clippy::reversed_empty_ranges, reason = "what is wrong is what is tested")]
fn wrong_shapes(tape: &Tape<f64>, x: Tensor<f64>) -> usize {
    let (line, scalar) = (tape.variable([1.0, 2.0]), tape.variable(1.0));
    let other = tape.variable([[1.0; 2]; 2]);
    assert_all(table! {
        x.try_gather(0, &[0]) => "gather: shapes [2, 3] and [1]: the indices must have as many axes as the tensor, and be no longer in the others",
        x.try_gather(0, &array![[0, 0, 0, 0]]) => "gather: shapes [2, 3] and [1, 4]: the indices must have as many axes as the tensor, and be no longer in the others",
        x.try_scatter(1, &array![[0], [0], [0]], 1.0) => "scatter: shapes [2, 3] and [3, 1]: the indices must have as many axes as the tensor, and be no longer in the others",
        x.try_scatter(1, &array![[0]], line) => "scatter: shapes [1, 1] and [2]: the source must broadcast to the shape of the indices",
        x.try_scatter_add(1, &array![[0]], x) => "scatter_add: shapes [1, 1] and [2, 3]: the source must broadcast to the shape of the indices",
        x.try_index_add(0, &[0], x) => "index_add: shapes [2, 3] and [2, 3]: the source must have one row of the tensor for each index",
        x.try_masked_fill(other.gt(0.0), 1.0) => "masked_fill: shapes [2, 3] and [2, 2]: the mask must broadcast to the tensor's shape",
        x.try_masked_fill(x.gt(0.0), line) => "masked_fill: shapes [2, 3] and [2]: the value must broadcast to the tensor's shape",
        x.try_masked_select(line.gt(0.0)) => "masked_select: shapes [2, 3] and [2]: the mask must broadcast to the tensor's shape",
        line.try_masked_select(x.gt(0.0)) => "masked_select: shapes [2] and [2, 3]: the mask must broadcast to the tensor's shape",
        x.try_top_k(4, 1, Order::Descending) => "top_k: shape [2, 3]: the axis has fewer elements than are asked for",
        x.try_unflatten(1, [2, 2]) => "unflatten: shape [2, 3]: the lengths must multiply to the length of the axis",
        x.try_unflatten(1, [2, -1]) => "unflatten: shape [2, 3]: the lengths must multiply to the length of the axis",
        x.try_unflatten(1, [-1, -1]) => "unflatten: shape [2, 3]: one length may be -1, and none else negative",
        x.try_unflatten(1, [-2, 3]) => "unflatten: shape [2, 3]: one length may be -1, and none else negative",
        x.try_split(&[1, 1], 1) => "split: shape [2, 3]: the lengths of the parts must add up to the length of the axis",
        x.try_chunk(0, 1) => "chunk: there must be at least one part",
        x.try_narrow(1, 2..1) => "narrow: the range ends before it begins",
        scalar.try_repeat([1; 17]) => "repeat: shape []: at most 16 axes can be repeated",
        x.try_pad([(0, 0); 3], Padding::Replicate) => "pad: axes [0, 1, 2] of shape [2, 3]: there are more amounts than axes",
        x.try_pad([(-2, -2)], Padding::Constant(0.0)) => "pad: shape [2, 3]: more is taken away than there is",
        x.try_pad([(isize::MIN, isize::MIN)], Padding::Constant(0.0)) => "pad: shape [2, 3]: more is taken away than there is",
        x.try_pad([(3, 0)], Padding::Reflect) => "pad: shape [2, 3]: a reflection must be shorter than its axis",
        x.try_pad([(-3, 1)], Padding::Circular) => "pad: shape [2, 3]: there is no element to make the padding of",
        line.try_tril(0) => "tril: shape [2]: a matrix has at least two axes",
        scalar.try_triu(0) => "triu: shape []: a matrix has at least two axes",
        scalar.try_diag_embed(0) => "diag_embed: shape []: at least one axis is needed",
        scalar.try_embedding(&[0]) => "embedding: axis 0 of shape []: an axis lies between -0 and 0, exclusive",
        scalar.try_softmax(0) => "softmax: axis 0 of shape []: an axis lies between -0 and 0, exclusive",
        x.try_windows(1, 4, 1, 1) => "windows: shape [2, 3]: the axis is shorter than a window",
        x.try_windows(1, 2, 1, 3) => "windows: shape [2, 3]: the axis is shorter than a window",
        x.try_windows(1, 0, 1, 1) => "windows: size, step and dilation must be at least 1",
        x.try_windows(1, 1, 0, 1) => "windows: size, step and dilation must be at least 1",
        x.try_overlap_add(0, 3, 1, 1) => "overlap_add: shape [2, 3]: the last window ends behind the axis",
        x.try_overlap_add(0, 9, 1, 0) => "overlap_add: size, step and dilation must be at least 1",
        x.try_norm(-1.0, 0) => "norm: p must be 0, positive, or an infinity",
        x.try_norm(f64::NAN, 0) => "norm: p must be 0, positive, or an infinity",
        x.try_quantile(1.5, 0) => "quantile: q must lie between 0 and 1",
        x.try_quantile(f64::NAN, 0) => "quantile: q must lie between 0 and 1",
        x.try_reshape([4]) => "reshape: shapes [2, 3] and [4]: the number of elements must stay the same",
        Tensor::try_stack(&[x, other], 0) => "concat: shapes [1, 2, 3] and [1, 2, 2]: all axes but the one that is joined must be equal",
    })
}

fn empty_inputs(tape: &Tape<f64>) -> usize {
    let empty = tape.variable([[0.0; 0]; 2]);
    assert_all(table! {
        empty.try_max_all() => "max: shape [2, 0]: an empty tensor has no largest or smallest element",
        empty.try_min_all() => "min: shape [2, 0]: an empty tensor has no largest or smallest element",
        empty.try_max_axis(1) => "max: shape [2, 0]: an axis of length zero has no largest or smallest element",
        empty.try_amax(-1) => "amax: shape [2, 0]: an axis of length zero has no largest or smallest element",
        empty.try_argmin(1) => "argmin: shape [2, 0]: an axis of length zero has no largest or smallest element",
        empty.try_median(1) => "median: shape [2, 0]: no elements have no median and no quantile",
        empty.try_quantile(0.5, ..) => "quantile: shape [0]: no elements have no median and no quantile",
        empty.try_select(1, 0) => "select: index 0 on axis 1 of shape [2, 0]: it must lie below 0",
        empty.try_pad([(1, 0)], Padding::Replicate) => "pad: shape [2, 0]: there is no element to make the padding of",
        empty.try_windows(1, 1, 1, 1) => "windows: shape [2, 0]: the axis is shorter than a window",
        empty.try_top_k(1, 1, Order::Ascending) => "top_k: shape [2, 0]: the axis has fewer elements than are asked for",
        Tensor::<f64>::try_concat(&[], 0) => "concat: no operand is on a tape; at least one must be",
        Tensor::<f64>::try_stack(&[], 0) => "concat: no operand is on a tape; at least one must be",
    })
}

fn foreign_and_stale_handles(x: Tensor<f64>) -> usize {
    let elsewhere = Tape::<f64>::new();
    let foreign = elsewhere.variable([[1.0, 2.0, 3.0]; 2]);
    let mut over = Tape::<f64>::new();
    let stale = over.variable([[1.0, 2.0, 3.0]; 2]);
    let stale_mask = stale.gt(0.0);
    over.reset();
    let two = "foreign handle: the operands belong to two different tapes";
    let old = "stale handle: its tape was reset, rewound or dropped after the handle was made";
    assert_all(table! {
        x.try_index_add(0, &[0, 1], foreign) => format!("index_add: {two}"),
        x.try_scatter(0, &array![[0]], foreign) => format!("scatter: {two}"),
        x.try_scatter_add(0, &array![[0]], foreign) => format!("scatter_add: {two}"),
        x.try_masked_fill(foreign.gt(0.0), 1.0) => format!("masked_fill: {two}"),
        x.try_masked_fill(x.gt(0.0), foreign) => format!("masked_fill: {two}"),
        x.try_masked_select(foreign.gt(0.0)) => format!("masked_select: {two}"),
        x.try_masked_select(stale_mask) => format!("masked_select: {old}"),
        stale.try_prod_axes(0) => format!("prod_axes: {old}"),
        stale.try_norm(2.0, ..) => format!("norm: {old}"),
        stale.try_logsumexp(0) => format!("logsumexp: {old}"),
        stale.try_sort(0, Order::Ascending) => format!("sort: {old}"),
        stale.try_cumprod(0) => format!("cumprod: {old}"),
        stale.try_pad([(1, 1)], Padding::Reflect) => format!("pad: {old}"),
        stale.try_windows(0, 1, 1, 1) => format!("windows: {old}"),
        stale.try_split(&[2], 0) => format!("split: {old}"),
    })
}

#[test]
fn every_wrong_use_gives_the_documented_error_and_leaves_the_tape_usable() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let uses = wrong_axes(x)
        + wrong_indices(&tape, x)
        + wrong_shapes(&tape, x)
        + empty_inputs(&tape)
        + foreign_and_stale_handles(x);
    assert!(uses >= 100, "only {uses} wrong uses");
    assert_eq!(x.prod().item(), 720.0);
}

#[test]
fn plain_methods_panic_with_the_text_of_the_error() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let uses: [(&dyn Fn(), Error); 5] = [
        (&|| _ = x.prod_axes(2), x.try_prod_axes(2).unwrap_err()),
        (&|| _ = x.pad([(9, 9)], Padding::Reflect), x.try_pad([(9, 9)], Padding::Reflect).unwrap_err()),
        (&|| _ = x.split(&[7], 0), x.try_split(&[7], 0).unwrap_err()),
        (&|| _ = x.median(3), x.try_median(3).unwrap_err()),
        (&|| _ = x.scatter(0, &array![[5]], 0.0), x.try_scatter(0, &array![[5]], 0.0).unwrap_err()),
    ];
    for (wrong_use, error) in uses {
        let panic = catch_unwind(AssertUnwindSafe(wrong_use)).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>(), Some(&error.to_string()));
    }
}
