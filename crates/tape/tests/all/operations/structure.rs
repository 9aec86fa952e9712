//! Rows of the table: what moves, reduces, orders and multiplies elements.

use ndarray::array;
use tape::{Axes, Convolution, Interpolation, Order, Padding, Pooling, Tape, Tensor};

use super::rows::{Row, constant, row};

/// Inputs of one, two and three spatial axes, behind a batch and channels.
const LINE: &[usize] = &[1, 2, 6];
const IMAGE: &[usize] = &[1, 1, 4, 4];
const VOLUME: &[usize] = &[1, 1, 3, 3, 3];

/// All outputs in one vector.
fn flat(outputs: &[Tensor<f64>]) -> Tensor<f64> {
    let vectors: Vec<_> = outputs.iter().map(|output| output.reshape([output.shape().size()])).collect();
    Tensor::concat(&vectors, 0)
}

pub(crate) fn shapes() -> Vec<Row> {
    vec![
        row("reshape", &[&[2, 3]], |x| x[0].reshape([3, 2])),
        row("flatten", &[&[2, 3]], |x| x[0].flatten(0, -1)),
        row("unflatten", &[&[6]], |x| x[0].unflatten(0, [2, -1])),
        row("unsqueeze", &[&[2, 3]], |x| x[0].unsqueeze(1)),
        row("squeeze", &[&[2, 1, 3]], |x| x[0].squeeze(1)),
        row("permute", &[&[2, 3, 2]], |x| x[0].permute([2, 0, 1])),
        row("transpose", &[&[2, 3, 2]], |x| x[0].transpose(0, 2)),
        row("t", &[&[2, 3]], |x| x[0].t()),
        row("movedim", &[&[2, 3, 2]], |x| x[0].movedim(0, -1)),
        row("broadcast_to", &[&[3]], |x| x[0].broadcast_to([2, 3])),
        row("flip", &[&[2, 3]], |x| x[0].flip(-1)),
        row("roll", &[&[2, 3]], |x| x[0].roll(1, -1)),
        row("concat", &[&[2, 3], &[2, 2]], |x| Tensor::concat(x, 1)),
        row("stack", &[&[2, 3], &[2, 3]], |x| Tensor::stack(x, 1)),
        row("split", &[&[2, 3]], |x| x[0].split(&[1, 2], 1)[1]),
        row("chunk", &[&[2, 5]], |x| x[0].chunk(2, 1)[0]),
        row("repeat", &[&[2, 3]], |x| x[0].repeat([2, 1])),
        row("repeat_interleave", &[&[2, 3]], |x| x[0].repeat_interleave(2, -1)),
        row("pad(constant)", &[&[2, 3]], |x| x[0].pad([(2, -1)], Padding::Constant(1.5))),
        row("pad(reflect)", &[&[2, 3]], |x| x[0].pad([(1, 2)], Padding::Reflect)),
        row("pad(replicate)", &[&[2, 3]], |x| x[0].pad([(1, 2)], Padding::Replicate)),
        row("pad(circular)", &[&[2, 3]], |x| x[0].pad([(1, 2)], Padding::Circular)),
        row("tril", &[&[3, 3]], |x| x[0].tril(0)),
        row("triu", &[&[3, 3]], |x| x[0].triu(1)),
        row("diagonal", &[&[3, 4]], |x| x[0].diagonal(1, 0, 1)),
        row("diag_embed", &[&[2, 3]], |x| x[0].diag_embed(-1)),
        row("windows", &[&[5, 2]], |x| x[0].windows(0, 2, 1, 2)),
        row("overlap_add", &[&[3, 2]], |x| x[0].overlap_add(0, 4, 1, 1)),
    ]
}

pub(crate) fn reductions() -> Vec<Row> {
    vec![
        row("sum", &[&[2, 3]], |x| x[0].sum()),
        row("sum_axes", &[&[2, 3]], |x| x[0].sum_axes(Axes::keep(0))),
        row("mean", &[&[2, 3]], |x| x[0].mean()),
        row("mean_axes", &[&[2, 3]], |x| x[0].mean_axes(1)),
        row("prod", &[&[2, 3]], |x| x[0].prod()),
        row("prod_axes", &[&[2, 3]], |x| x[0].prod_axes(0)),
        row("max_all", &[&[2, 3]], |x| x[0].max_all()),
        row("min_all", &[&[2, 3]], |x| x[0].min_all()),
        row("max_axis", &[&[2, 3]], |x| x[0].max_axis(1)),
        row("min_axis", &[&[2, 3]], |x| x[0].min_axis(0)),
        row("amax", &[&[2, 3]], |x| x[0].amax(1)),
        row("amin", &[&[2, 3]], |x| x[0].amin(Axes::keep(0))),
        row("var", &[&[2, 3]], |x| x[0].var()),
        row("var_axes", &[&[2, 3]], |x| x[0].var_axes(1, 0.0)),
        row("std", &[&[2, 3]], |x| x[0].std()),
        row("std_axes", &[&[2, 3]], |x| x[0].std_axes(1, 1.0)),
        row("norm(0)", &[&[2, 3]], |x| x[0].norm(0.0, 1)),
        row("norm(1)", &[&[2, 3]], |x| x[0].norm(1.0, 1)),
        row("norm(2)", &[&[2, 3]], |x| x[0].norm(2.0, ..)),
        row("norm(3)", &[&[2, 3]], |x| x[0].norm(3.0, 0)),
        row("norm(inf)", &[&[2, 3]], |x| x[0].norm(f64::INFINITY, 1)),
        row("logsumexp", &[&[2, 3]], |x| x[0].logsumexp(1)),
        row("softmax", &[&[2, 3]], |x| x[0].softmax(0)),
        row("log_softmax", &[&[2, 3]], |x| x[0].log_softmax(1)),
        row("median", &[&[2, 5]], |x| x[0].median(1)),
        row("quantile", &[&[2, 4]], |x| x[0].quantile(0.3, 1)),
        constant("argmax", "places are whole numbers", &[2, 3], |tape, x| places(tape, &x.argmax(1))),
        constant("argmin", "places are whole numbers", &[2, 3], |tape, x| places(tape, &x.argmin(0))),
    ]
}

pub(crate) fn scans() -> Vec<Row> {
    vec![
        row("cumsum", &[&[2, 3]], |x| x[0].cumsum(1)),
        row("cumprod", &[&[2, 3]], |x| x[0].cumprod(0)),
        row("logcumsumexp", &[&[2, 3]], |x| x[0].logcumsumexp(1)),
        row("cummax", &[&[2, 4]], |x| x[0].cummax(1).0),
        row("cummin", &[&[2, 4]], |x| x[0].cummin(0).0),
        row("sort", &[&[2, 4]], |x| x[0].sort(1, Order::Ascending).0),
        row("top_k", &[&[2, 4]], |x| x[0].top_k(2, 1, Order::Descending).0),
        constant("argsort", "places are whole numbers", &[2, 3], |tape, x| {
            places(tape, &x.argsort(1, Order::Ascending))
        }),
    ]
}

fn places(tape: &Tape<f64>, places: &ndarray::ArrayD<usize>) -> Tensor<f64> {
    tape.constant(places.mapv(|place| place as f64))
}

pub(crate) fn picking() -> Vec<Row> {
    vec![
        row("slice", &[&[4, 3]], |x| x[0].slice(ndarray::s![1..;2, ..;-1])),
        row("narrow", &[&[4, 3]], |x| x[0].narrow(0, 1..3)),
        row("select", &[&[4, 3]], |x| x[0].select(0, -2)),
        row("index_select", &[&[4, 3]], |x| x[0].index_select(0, &[2, 0, 2])),
        row("take", &[&[2, 3]], |x| x[0].take(&array![[5, 0], [5, 2]])),
        row("embedding", &[&[4, 3]], |x| x[0].embedding(&array![[1, 1], [3, 0]])),
        row("gather", &[&[2, 3]], |x| x[0].gather(1, &array![[0, 2, 2], [1, 1, 0]])),
        row("scatter", &[&[2, 3], &[2, 2]], |x| x[0].scatter(1, &array![[0, 2], [1, 1]], x[1])),
        row("scatter_add", &[&[2, 3], &[2, 2]], |x| x[0].scatter_add(1, &array![[0, 2], [1, 1]], x[1])),
        row("index_add", &[&[3, 2], &[4, 2]], |x| x[0].index_add(0, &[2, 0, 2, 1], x[1])),
        row("masked_fill", &[&[2, 3]], |x| x[0].masked_fill(x[0].gt(0.4), 7.0)),
        row("masked_select", &[&[2, 3]], |x| x[0].masked_select(x[0].lt(0.4))),
        row("Mask::select", &[&[2, 3], &[2, 3]], |x| x[0].gt(0.4).select(x[1], x[0])),
        row("at", &[&[2, 3]], |x| Tensor::stack_vars(&[x[0].at([1, 2]) * x[0].at([0, 0])])),
        row("stack_vars", &[&[3]], |x| Tensor::stack_vars(&[x[0].at([2]), x[0].at([0]), x[0].at([2])])),
        constant("one_hot", "made of places, which are whole numbers", &[3], |tape, _| {
            tape.one_hot(&array![1, 0, 2], 3)
        }),
    ]
}

pub(crate) fn products() -> Vec<Row> {
    vec![
        row("matmul", &[&[2, 2, 3], &[3, 2]], |x| x[0].matmul(x[1])),
        row("matmul(vector)", &[&[3], &[2, 3, 2]], |x| x[0].matmul(x[1])),
        row("dot", &[&[3], &[3]], |x| x[0].dot(x[1])),
        row("outer", &[&[2], &[3]], |x| x[0].outer(x[1])),
        row("trace", &[&[2, 3, 3]], |x| x[0].trace()),
        row("einsum", &[&[2, 3], &[3, 3], &[3]], |x| Tensor::einsum("ij,jj,j->i", x)),
    ]
}

pub(crate) fn algebra() -> Vec<Row> {
    vec![
        row("Tensor::solve", &[&[3, 3], &[3, 2]], |x| (x[0] + unit(x[0]) * 3.0).solve(x[1])),
        row("solve_triangular", &[&[3, 3], &[3]], |x| (x[0] + unit(x[0]) * 3.0).solve_triangular(x[1], true, false)),
        row("inverse", &[&[2, 2, 2]], |x| (x[0] + unit(x[0]) * 3.0).inverse()),
        row("pinv", &[&[3, 2]], |x| x[0].pinv()),
        row("pinv(wide)", &[&[2, 3]], |x| x[0].pinv()),
        row("lstsq", &[&[3, 2], &[3]], |x| x[0].lstsq(x[1])),
        row("det", &[&[3, 3]], |x| (x[0] + unit(x[0])).det()),
        row("slogdet", &[&[3, 3]], |x| (x[0] + unit(x[0]) * 3.0).slogdet().1),
        row("cholesky", &[&[3, 3]], |x| (x[0].matmul(x[0].t()) + unit(x[0])).cholesky()),
        row("qr", &[&[3, 2]], |x| {
            let (q, r) = x[0].qr();
            flat(&[q, r])
        }),
        row("eigh", &[&[3, 3]], |x| {
            let (values, vectors) = (x[0] + x[0].t() + diagonal(x[0])).eigh();
            flat(&[values, vectors])
        }),
        row("svd", &[&[3, 2]], |x| {
            let (u, s, vt) = x[0].svd();
            flat(&[u, s, vt])
        }),
        row("svd(wide)", &[&[2, 3]], |x| {
            let (u, s, vt) = x[0].svd();
            flat(&[u, s, vt])
        }),
    ]
}

/// The identity beside square matrices.
fn unit(a: Tensor<f64>) -> Tensor<f64> {
    (a.select(-1, 0).detach() * 0.0 + 1.0).diag_embed(0)
}

/// A constant diagonal of 0, 2, 4, ..., which keeps eigenvalues apart.
fn diagonal(a: Tensor<f64>) -> Tensor<f64> {
    ((a.select(-1, 0).detach() * 0.0 + 2.0).cumsum(0) - 2.0).diag_embed(0)
}

pub(crate) fn convolutions() -> Vec<Row> {
    vec![
        row("conv1d", &[LINE, &[2, 1, 3]], |x| {
            x[0].conv1d(x[1], Convolution::new().stride(2).padding((1, 0)).groups(2))
        }),
        row("conv2d", &[IMAGE, &[2, 1, 2, 2]], |x| x[0].conv2d(x[1], Convolution::new().dilation(2).padding(1))),
        row("conv3d", &[VOLUME, &[1, 1, 2, 2, 2]], |x| x[0].conv3d(x[1], Convolution::new())),
        row("conv_transpose1d", &[LINE, &[2, 1, 3]], |x| {
            x[0].conv_transpose1d(x[1], Convolution::new().stride(2).padding(1).output_padding(1))
        }),
        row("conv_transpose2d", &[&[1, 1, 2, 3], &[1, 2, 2, 2]], |x| x[0].conv_transpose2d(x[1], Convolution::new())),
        row("conv_transpose3d", &[&[1, 1, 2, 2, 2], &[1, 1, 2, 2, 2]], |x| {
            x[0].conv_transpose3d(x[1], Convolution::new())
        }),
        row("max_pool1d", &[LINE], |x| x[0].max_pool1d(Pooling::new(3).stride(2).padding(1))),
        row("max_pool2d", &[IMAGE], |x| x[0].max_pool2d(Pooling::new(2).stride(1))),
        row("max_pool3d", &[VOLUME], |x| x[0].max_pool3d(Pooling::new(2).stride(1))),
        row("avg_pool1d", &[LINE], |x| x[0].avg_pool1d(Pooling::new(3).padding(1).count_padding(false))),
        row("avg_pool2d", &[IMAGE], |x| x[0].avg_pool2d(Pooling::new(2).stride(1))),
        row("avg_pool3d", &[VOLUME], |x| x[0].avg_pool3d(Pooling::new(2).stride(1))),
        row("adaptive_max_pool1d", &[LINE], |x| x[0].adaptive_max_pool1d(4)),
        row("adaptive_max_pool2d", &[IMAGE], |x| x[0].adaptive_max_pool2d([3, 2])),
        row("adaptive_max_pool3d", &[VOLUME], |x| x[0].adaptive_max_pool3d(2)),
        row("adaptive_avg_pool1d", &[LINE], |x| x[0].adaptive_avg_pool1d(4)),
        row("adaptive_avg_pool2d", &[IMAGE], |x| x[0].adaptive_avg_pool2d([3, 2])),
        row("adaptive_avg_pool3d", &[VOLUME], |x| x[0].adaptive_avg_pool3d(2)),
        row("global_max_pool", &[IMAGE], |x| x[0].global_max_pool()),
        row("global_avg_pool", &[IMAGE], |x| x[0].global_avg_pool()),
        row("interpolate(nearest)", &[&[1, 3, 2]], |x| x[0].interpolate([5, 4], Interpolation::Nearest)),
        row("interpolate(linear)", &[&[1, 3, 2]], |x| x[0].interpolate([5, 4], Interpolation::Linear)),
        row("interpolate(corners)", &[&[1, 3, 2]], |x| x[0].interpolate([5, 4], Interpolation::LinearCorners)),
    ]
}
