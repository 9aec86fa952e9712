//! Are the gradients of reductions, scans, indexing and shape operations right, at every kind of shape and layout?

use ndarray::{ArrayD, IxDyn, array, s};
use tape::{Axes, Order, Padding, Tape, Tensor, check_tensors};

/// Distinct numbers between -2 and 2, none of them near 0 and no two near each other, in no order.
fn numbers(shape: &[usize]) -> ArrayD<f64> {
    let size = shape.iter().product::<usize>();
    let spread = |i: usize| ((i * 37 + 11) % 101) as f64 / 101.0;
    let elements = (0..size).map(|i| if i % 2 == 0 { 0.2 + 1.8 * spread(i) } else { -0.2 - 1.8 * spread(i) });
    ArrayD::from_shape_vec(IxDyn(shape), elements.collect()).unwrap()
}

type Operation = (&'static str, fn(Tensor<f64>) -> Tensor<f64>);

/// Operations that take any tensor with at least one axis.
const ANY_SHAPE: &[Operation] = &[
    ("sum", |x| x.sum_axes(Axes::keep(-1))),
    ("mean", |x| x.mean_axes(0)),
    ("prod", |x| x.prod_axes(-1)),
    ("prod over all", |x| x.prod()),
    ("logsumexp", |x| x.logsumexp(-1)),
    ("logsumexp over all", |x| x.logsumexp(Axes::keep(..))),
    ("softmax", |x| x.softmax(0)),
    ("log_softmax", |x| x.log_softmax(-1)),
    ("norm 0", |x| x.norm(0.0, -1)),
    ("norm 1", |x| x.norm(1.0, 0)),
    ("norm 2", |x| x.norm(2.0, -1)),
    ("norm 3", |x| x.norm(3.0, ..)),
    ("norm inf", |x| x.norm(f64::INFINITY, -1)),
    ("cumsum", |x| x.cumsum(-1)),
    ("cumsum along the first axis", |x| x.cumsum(0)),
    ("cumprod", |x| x.cumprod(0)),
    ("logcumsumexp", |x| x.logcumsumexp(-1)),
    ("cummax", |x| x.cummax(-1).0),
    ("cummin", |x| x.cummin(0).0),
    ("sort", |x| x.sort(-1, Order::Ascending).0),
    ("sort descending", |x| x.sort(0, Order::Descending).0),
    ("flatten", |x| x.flatten(0, -1)),
    ("unflatten", |x| x.unflatten(-1, [1, -1, 1])),
    ("movedim", |x| x.movedim(0, -1)),
    ("flip", |x| x.flip(..)),
    ("flip one axis", |x| x.flip(-1)),
    ("roll", |x| x.roll(1, 0)),
    ("roll backwards", |x| x.roll(-1, -1)),
    ("repeat", |x| x.repeat([2, 1])),
    ("repeat_interleave", |x| x.repeat_interleave(2, 0)),
    ("pad with a constant", |x| x.pad([(1, 2)], Padding::Constant(3.0))),
    ("chunk", |x| x.chunk(2, -1)[0]),
    ("diag_embed", |x| x.diag_embed(1)),
    ("masked_fill", |x| x.masked_fill(x.lt(0.0), 0.5)),
    ("masked_select", |x| x.masked_select(x.gt(-0.5))),
];

/// Operations that need elements along every axis.
const NOT_EMPTY: &[Operation] = &[
    ("var", |x| x.var_axes(Axes::keep(..), 0.0)),
    ("var of lines", |x| x.var_axes(-1, 0.5)),
    ("std", |x| x.std_axes(.., 0.0) + x.std_axes(.., 0.5)),
    ("max_axis", |x| x.max_axis(-1)),
    ("min_axis", |x| x.min_axis(0)),
    ("max_all", |x| x.max_all()),
    ("min_all", |x| x.min_all()),
    ("amax", |x| x.amax(Axes::keep(-1))),
    ("amin", |x| x.amin(..)),
    ("norm -inf", |x| x.norm(f64::NEG_INFINITY, -1)),
    ("median", |x| x.median(-1)),
    ("median over all", |x| x.median(..)),
    ("quantile", |x| x.quantile(0.4, 0)),
    ("top_k", |x| x.top_k(1, -1, Order::Descending).0),
    ("select", |x| x.select(-1, -1)),
    ("select the first", |x| x.select(0, 0)),
    ("narrow", |x| x.narrow(0, 0..1)),
    ("index_select", |x| x.index_select(0, &[0, 0])),
    ("take", |x| x.take(&array![[0, 0], [0, 0]])),
    ("embedding", |x| x.embedding(&array![[0, 0]])),
    ("pad by replication", |x| x.pad([(2, 1)], Padding::Replicate)),
    ("pad in a circle", |x| x.pad([(1, 3)], Padding::Circular)),
    ("windows", |x| x.windows(-1, 1, 2, 1)),
];

/// The layouts in which the same elements can reach an operation: as they are, transposed, turned round, cut out.
const LAYOUTS: &[Operation] = &[
    ("dense", |x| x),
    ("transposed", |x| x.transpose(0, -1)),
    ("turned round", |x| x.flip(..)),
    ("every second", |x| x.slice(s![..;2, ..])),
    ("broadcast", |x| x.unsqueeze(-1).broadcast_to(x.shape().iter().copied().chain([2]).collect::<tape::Shape>())),
];

#[test]
fn gradients_are_right_at_every_layout() {
    for &(name, operation) in ANY_SHAPE.iter().chain(NOT_EMPTY) {
        for &(layout, arrange) in LAYOUTS {
            let report = check_tensors(|x| operation(arrange(x[0])), &[numbers(&[2, 3])]);
            assert!(report.passed() || (layout == "broadcast" && ties(name)), "{name}, {layout}: {report}");
        }
    }
}

/// Whether an operation chooses among equal elements, which a broadcast makes and finite differences cannot follow.
fn ties(name: &str) -> bool {
    ["max", "min", "norm inf", "norm -inf", "median", "quantile", "sort", "top_k", "cummax", "cummin"]
        .iter()
        .any(|choice| name.contains(choice))
}

#[test]
fn gradients_are_right_at_one_axis_and_at_six() {
    for &(name, operation) in ANY_SHAPE.iter().chain(NOT_EMPTY) {
        for shape in [&[5][..], &[1], &[2, 1, 2, 1, 1, 3]] {
            let report = check_tensors(|x| operation(x[0]), &[numbers(shape)]);
            assert!(report.passed(), "{name} at {shape:?}: {report}");
        }
    }
}

#[test]
fn axes_of_length_zero_give_empty_gradients() {
    for &(name, operation) in ANY_SHAPE {
        for shape in [&[0][..], &[0, 3], &[2, 0], &[2, 0, 3]] {
            let tape = Tape::<f64>::new();
            let x = tape.variable(numbers(shape));
            let y = operation(x);
            let gradients = check_tensors(|x| operation(x[0]), &[numbers(shape)]);
            assert!(gradients.passed(), "{name} at {shape:?}: {gradients}");
            assert!(y.shape().size() < 64, "{name} at {shape:?}");
        }
    }
}

#[test]
fn reductions_of_nothing_are_their_neutral_elements() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([[0.0; 0]; 2]);
    assert_eq!(x.sum_axes(-1).to_array(), array![0.0, 0.0].into_dyn());
    assert_eq!(x.prod_axes(-1).to_array(), array![1.0, 1.0].into_dyn());
    assert_eq!(x.logsumexp(-1).to_array(), array![f64::NEG_INFINITY, f64::NEG_INFINITY].into_dyn());
    assert_eq!(x.norm(2.0, -1).to_array(), array![0.0, 0.0].into_dyn());
    assert_eq!(x.norm(0.0, ..).item(), 0.0);
    assert!(x.mean().item().is_nan() && x.var().item().is_nan() && x.std().item().is_nan());
    assert!(x.mean_axes(-1).to_array().iter().all(|mean| mean.is_nan()));
    assert_eq!(x.amax(0).shape(), [0]);
    assert_eq!(x.median(0).shape(), [0]);
    assert_eq!(x.argmax(0).shape(), [0]);
    assert_eq!(x.top_k(0, -1, Order::Ascending).0.shape(), [2, 0]);
}

#[test]
fn a_tensor_without_axes_reduces_to_itself() {
    let value = array![1.5].into_shape_with_order(IxDyn(&[])).unwrap();
    let operations: [Operation; 14] = [
        ("sum", |x| x.sum()),
        ("mean", |x| x.mean()),
        ("prod", |x| x.prod()),
        ("max_all", |x| x.max_all()),
        ("amin", |x| x.amin(..)),
        ("logsumexp", |x| x.logsumexp(..)),
        ("norm", |x| x.norm(2.0, ..)),
        ("norm 1", |x| x.norm(1.0, Axes::keep(..))),
        ("median", |x| x.median(..)),
        ("quantile", |x| x.quantile(0.3, ..)),
        ("flip", |x| x.flip(..)),
        ("repeat", |x| x.repeat([1, 1])),
        ("flatten", |x| x.flatten(0, -1)),
        ("masked_select", |x| x.masked_select(x.gt(0.0))),
    ];
    for (name, operation) in operations {
        let tape = Tape::<f64>::new();
        let found = operation(tape.variable(&value)).sum().item();
        assert!((found - 1.5).abs() < 1e-15, "{name}: {found}");
        let report = check_tensors(|x| operation(x[0]), std::slice::from_ref(&value));
        assert!(report.passed(), "{name}: {report}");
    }
}

#[test]
fn reductions_over_any_axes_agree_with_one_axis_after_the_other() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(numbers(&[2, 3, 2, 2]));
    let close = |a: Tensor<f64>, b: Tensor<f64>| {
        assert_eq!(a.shape(), b.shape());
        assert!(a.to_array().iter().zip(&b.to_array()).all(|(a, b)| (a - b).abs() < 1e-13));
    };
    for axes in [[0, 2], [-1, 1], [3, 0]] {
        let mut sorted = axes.map(|axis: isize| axis.rem_euclid(4));
        sorted.sort_unstable();
        let [first, second] = sorted;
        close(x.sum_axes(axes), x.sum_axes(second).sum_axes(first));
        close(x.prod_axes(axes), x.prod_axes(second).prod_axes(first));
        close(x.amax(axes), x.amax(second).amax(first));
        close(x.logsumexp(axes), x.logsumexp(second).logsumexp(first));
        close(x.norm(3.0, axes), x.norm(3.0, second).norm(3.0, first));
        close(x.median(axes), x.movedim(first, -1).movedim(second - 1, -1).flatten(-2, -1).median(-1));
        assert_eq!(x.var_axes(Axes::keep(axes), 1.0).shape().rank(), 4);
    }
}

#[test]
fn joining_and_scattering_are_differentiated_for_every_operand() {
    let (x, rows, line) = (numbers(&[3, 4]), numbers(&[2, 4]), numbers(&[4]));
    check_tensors(|x| Tensor::concat(&[x[0], x[1], x[0]], 0), &[x.clone(), rows.clone()]).assert();
    check_tensors(|x| Tensor::stack(&[x[0].select(0, 1), x[1]], -1), &[x.clone(), line.clone()]).assert();
    check_tensors(|x| x[0].index_add(0, &[2, 2], x[1].flip(-1)), &[x.clone(), rows.clone()]).assert();
    let places = array![[0, 2, 2, 1], [0, 1, 2, 1]];
    check_tensors(|x| x[0].scatter(0, &places, x[1]), &[x.clone(), rows.clone()]).assert();
    check_tensors(|x| x[0].scatter_add(0, &places, x[1]), &[x.clone(), rows.clone()]).assert();
    // Indices that reach only a part of the other axes, and a source that broadcasts.
    check_tensors(|x| x[0].scatter(1, &array![[3], [0]], x[1].narrow(0, 0..1)), &[x.clone(), line.clone()]).assert();
    check_tensors(|x| x[0].t().scatter_add(-1, &array![[1, 1]], x[1].select(0, 2)), &[x.clone(), line]).assert();
    check_tensors(|x| x[0].masked_fill(x[0].gt(0.5), x[1].narrow(0, 0..1)), &[x, rows]).assert();
}

#[test]
fn matrices_give_triangles_diagonals_and_reflections() {
    let matrices = [numbers(&[3, 3]), numbers(&[2, 2, 3]), numbers(&[4, 2])];
    for matrix in &matrices {
        for offset in [-4, -1, 0, 1, 2] {
            check_tensors(|x| x[0].tril(offset), std::slice::from_ref(matrix)).assert();
            check_tensors(|x| x[0].triu(offset), std::slice::from_ref(matrix)).assert();
            check_tensors(|x| x[0].diagonal(offset, -2, -1), std::slice::from_ref(matrix)).assert();
            check_tensors(|x| x[0].diagonal(offset, -1, 0), std::slice::from_ref(matrix)).assert();
        }
        check_tensors(|x| x[0].pad([(1, 1), (0, 1)], Padding::Reflect), std::slice::from_ref(matrix)).assert();
        check_tensors(|x| x[0].pad([(-1, 2), (1, -1)], Padding::Constant(-1.0)), std::slice::from_ref(matrix)).assert();
    }
    let tape = Tape::<f64>::new();
    let x = tape.constant(numbers(&[3, 4]));
    assert_eq!((x.tril(0) + x.triu(1)).to_array(), x.to_array());
    assert_eq!(x.diagonal(9, 0, 1).shape(), [0]);
    assert_eq!(x.diagonal(-9, 0, 1).shape(), [0]);
    assert_eq!(x.diag_embed(2).shape(), [3, 6, 6]);
}

#[test]
fn windows_overlap_adjoin_and_leave_gaps() {
    for (size, step, dilation) in [(3, 1, 1), (2, 2, 1), (2, 3, 1), (2, 1, 3), (1, 4, 2), (6, 1, 1)] {
        check_tensors(|x| x[0].windows(0, size, step, dilation), &[numbers(&[6, 2])]).assert();
        check_tensors(|x| x[0].flip(..).windows(-1, size, step, dilation), &[numbers(&[2, 6])]).assert();
        let tape = Tape::<f64>::new();
        let x = tape.variable(numbers(&[2, 6, 2]));
        let windows = x.windows(1, size, step, dilation);
        let added = windows.overlap_add(1, 6, step, dilation);
        let counted = windows.sum().backward()[x].to_owned();
        assert_eq!(added.to_array(), &counted * &x.to_array(), "every element as often as windows hold it");
    }
    check_tensors(|x| x[0].overlap_add(0, 7, 2, 1), &[numbers(&[3, 2, 3])]).assert();
}

#[test]
fn sums_of_single_precision_have_the_same_bits_whatever_the_layout() {
    let tape = Tape::<f32>::new();
    let elements: Vec<f32> = (0..3000).map(|i| 0.1 + (i % 17) as f32).collect();
    let x = tape.constant(&elements[..]);
    let pairs = tape.constant(&elements[..]).unsqueeze(-1).broadcast_to([3000, 2]);
    assert_eq!(x.sum().item(), x.flip(0).flip(0).sum().item());
    assert_eq!(pairs.sum_axes(0).to_array()[[0]], pairs.sum_axes(0).to_array()[[1]]);
}

#[test]
fn long_products_and_scans_record_logarithmically_many_operations() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(vec![1.001; 4096]);
    let before = tape.len();
    let product = x.prod();
    assert!(tape.len() - before < 64, "{} operations", tape.len() - before);
    assert!((product.item() / 1.001_f64.powi(4096) - 1.0).abs() < 1e-12);
    let before = tape.len();
    let running = x.cumprod(0);
    assert!(tape.len() - before < 96, "{} operations", tape.len() - before);
    assert!((running.at([4095]).value() / product.item() - 1.0).abs() < 1e-12);
}
