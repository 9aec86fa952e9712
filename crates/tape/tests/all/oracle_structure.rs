//! Reductions, scans, indexing and shape operations against PyTorch's values and gradients.
//!
//! The cases are made by `docs/oracles/tape/structure.py`; what each name means there, it means here.

use ndarray::{ArrayD, array};
use tape::{Axes, Order, Padding, Tape, Tensor};

use crate::oracle;

/// As in the script: indices below a length that repeat.
fn indices(shape: &[usize], length: usize) -> ArrayD<usize> {
    let size = shape.iter().product::<usize>();
    ArrayD::from_shape_vec(shape, (0..size).map(|i| (7 * i + 3) % length).collect()).unwrap()
}

/// As in the script: every third element becomes 0.
fn with_zeros(tape: &Tape<f64>, x: Tensor<f64>) -> Tensor<f64> {
    let zeroed = ArrayD::from_shape_vec(&*x.shape(), (0..x.shape().size()).map(|i| i % 3 == 1).collect()).unwrap();
    x.masked_fill(tape.mask(&zeroed), 0.0)
}

fn reduction(name: &str, tape: &Tape<f64>, x: Tensor<f64>) -> Option<Tensor<f64>> {
    if let Some(p) = name.strip_prefix("norm ").and_then(|p| p.parse().ok()) {
        return Some(x.norm(p, -1));
    }
    Some(match name {
        "sum" => x.sum_axes(-1),
        "mean" => x.mean_axes(Axes::keep(0)),
        "prod" => x.prod_axes(-1),
        "prod all" => x.prod(),
        "prod with zeros" => with_zeros(tape, x).prod_axes(-1),
        "var" => x.var_axes(-1, 1.0),
        "var uncorrected" => x.var_axes(Axes::keep(-1), 0.0),
        "std" => x.std(),
        "std axis" => x.std_axes(-1, 1.0),
        "max" => x.max_all(),
        "min" => x.min_all(),
        "max axis" => x.max_axis(-1),
        "min axis" => x.min_axis(0),
        "amax" => x.amax(Axes::keep(-1)),
        "amin" => x.amin(0),
        "logsumexp" => x.logsumexp(-1),
        "logsumexp large" => (x * 500.0).logsumexp(-1),
        "softmax" => x.softmax(-1),
        "softmax first" => x.softmax(0),
        "log_softmax" => x.log_softmax(0),
        "norm all" => x.norm(2.0, ..),
        "median" => x.median(-1),
        "median all" => x.median(..),
        "quantile" => x.quantile(0.3, -1),
        _ => return None,
    })
}

fn scan(name: &str, tape: &Tape<f64>, x: Tensor<f64>) -> Option<Tensor<f64>> {
    Some(match name {
        "cumsum" => x.cumsum(-1),
        "cumsum first" => x.cumsum(0),
        "cumprod" => x.cumprod(-1),
        "cumprod with zeros" => with_zeros(tape, x).cumprod(-1),
        "cummax" => x.cummax(-1).0,
        "cummin" => x.cummin(0).0,
        "logcumsumexp" => (x * 3.0).logcumsumexp(-1),
        "sort" => x.sort(-1, Order::Ascending).0,
        "sort descending" => x.sort(0, Order::Descending).0,
        "top_k" => x.top_k(2, -1, Order::Descending).0,
        "top_k smallest" => x.top_k(2, 0, Order::Ascending).0,
        _ => return None,
    })
}

fn picking(name: &str, inputs: &[Tensor<f64>]) -> Option<Tensor<f64>> {
    let x = inputs[0];
    let shape = x.shape();
    let (first, last) = (shape[0], shape[shape.rank() - 1]);
    let lines = |count: usize| -> Vec<usize> { std::iter::once(count).chain(shape[1..].iter().copied()).collect() };
    let along = |places: &[usize]| {
        let line = lines(1)[1..].iter().product::<usize>();
        let repeated = places.iter().flat_map(|&place| std::iter::repeat_n(place, line)).collect();
        ArrayD::from_shape_vec(lines(places.len()), repeated).unwrap()
    };
    Some(match name {
        "select" => x.select(-1, -2),
        "narrow" => x.narrow(-1, 1..2),
        "flip" => x.flip(-1),
        "roll" => x.roll(2, -1),
        "gather" => x.gather(0, &indices(&lines(3), first)),
        "gather short" => {
            let short = if shape.rank() > 1 { vec![1; shape.rank()] } else { vec![2] };
            x.gather(-1, &indices(&short, last))
        }
        "index_select" => x.index_select(0, indices(&[4], first).as_slice().unwrap()),
        "take" => x.take(&indices(&[2, 2], shape.size())),
        "embedding" => x.reshape([first, shape.size() / first]).embedding(&indices(&[2, 2], first)),
        "masked_fill" => x.masked_fill(x.gt(0.5), 7.0),
        "masked_select" => x.masked_select(x.lt(1.0)),
        "index_add" => x.index_add(0, &[1, 0, 1], inputs[1]),
        "scatter_add" => x.scatter_add(0, &along(&[1, 0, 1]), inputs[1]),
        "scatter" => x.scatter(0, &along(&[0, 1]), inputs[1].narrow(0, 1..3)),
        _ => return None,
    })
}

fn shaping(name: &str, x: Tensor<f64>) -> Option<Tensor<f64>> {
    let shape = x.shape();
    let last = shape[shape.rank() - 1];
    Some(match name {
        "flatten" => x.flatten(0, -1),
        "unflatten" => x.flatten(0, -1).unflatten(0, [1, -1]),
        "movedim" => x.movedim(0, -1),
        "repeat" => {
            let counts: Vec<_> = [2].into_iter().chain(std::iter::repeat_n(1, shape.rank() - 1)).chain([3]).collect();
            x.repeat(counts)
        }
        "repeat_interleave" => x.repeat_interleave(2, -1),
        "expand" => x.broadcast_to([2].iter().chain(&*shape).copied().collect::<tape::Shape>()),
        "split" => x.split(&[1, last - 1], -1)[1],
        "chunk" => x.chunk(2, -1)[0],
        "pad constant" => x.pad([(2, 1)], Padding::Constant(1.5)),
        "pad crop" => x.pad([(-1, 2)], Padding::Constant(0.0)),
        "pad reflect" => x.pad([(1, 1)], Padding::Reflect),
        "pad replicate" => x.pad([(1, 2)], Padding::Replicate),
        "pad circular" => x.pad([(2, 1)], Padding::Circular),
        "tril" => x.tril(-1),
        "triu" => x.triu(1),
        "diagonal" => x.diagonal(1, 0, -1),
        "diagonal below" => x.diagonal(-1, -1, 0),
        "diag_embed" => x.diag_embed(-1),
        "windows" => x.windows(0, 2, 1, 1),
        "windows apart" => x.windows(-1, 2, 3, 1),
        _ => return None,
    })
}

#[test]
fn values_and_gradients_are_those_of_pytorch() {
    let count = oracle::compare(include_str!("oracle/structure.txt"), |name, tape, inputs| {
        reduction(name, tape, inputs[0])
            .or_else(|| scan(name, tape, inputs[0]))
            .or_else(|| picking(name, inputs))
            .or_else(|| shaping(name, inputs[0]))
            .unwrap_or_else(|| panic!("no operation is called {name}"))
    });
    assert_eq!(count, 239);
    assert_eq!(indices(&[2, 2], 3), array![[0, 1], [2, 0]].into_dyn());
}
