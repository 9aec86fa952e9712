//! Does an exported model compute what the tape computes? The bytes are read and evaluated here by code that shares nothing
//! with what wrote them; `docs/oracles/onnx/check.py` has onnx's checker and onnxruntime look at others.

mod engine;
mod reader;

use engine::{Value, evaluate};
use ndarray::{ArrayD, IxDyn};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reader::Model;
use tape::{Convolution, Indices, Onnx, Order, Padding, Params, Pooling, Program, Tensor};

fn random(shape: &[usize], low: f64, high: f64, seed: u64) -> ArrayD<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    ArrayD::from_shape_fn(IxDyn(shape), |_| low + (high - low) * (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64)
}

/// The outputs of a computation of one input, exported, against those of its program.
fn compare(name: &str, x: &ArrayD<f64>, compute: impl Fn(Tensor<f64>) -> Vec<Tensor<f64>>) {
    let params = Params::<f64>::new();
    let mut program = Program::forward(&params, (x,), |_, (x,)| compute(x));
    program.run(&params, (x,)).unwrap();
    let bytes = Onnx::new(name).export(&params, (x,), |_, (x,)| compute(x)).unwrap();
    let outputs = evaluate(&Model::read(&bytes), &[Value::Floats(x.clone())]);
    for (number, output) in outputs.iter().enumerate() {
        assert_eq!(output.shape(), program.output(number).shape(), "{name}");
        for (found, expected) in output.iter().zip(program.output(number)) {
            let close = found == expected || (found - expected).abs() <= 1e-12 * (1.0 + expected.abs());
            assert!(close || found.is_nan() && expected.is_nan(), "{name}: {found}, not {expected}");
        }
    }
}

/// Each group is one model with several outputs.
#[test]
fn operations_on_tensors_are_operators() {
    let x = &random(&[3, 4, 5], -2.0, 2.0, 1);
    compare("elementwise", x, |x| {
        vec![x.tanh(), x.relu(), x.silu(), x.gelu() + 1.0, x.powi(3) * x.exp(), x.softplus(2.0)]
    });
    compare("comparisons", x, |x| {
        let mask = x.gt(0.5).select(x, -x);
        vec![mask, x.ne(x.relu()).select(1.0, x), x.maximum(x.square()), x.leaky_relu(0.1), x.elu(1.5)]
    });
    compare("reductions", x, |x| {
        vec![
            x.sum(),
            x.sum_axes(1),
            x.sum_axes([0, 2]),
            x.mean_axes([0, 2]),
            x.var(),
            x.logsumexp(1),
            x.norm(2.0, [0, 1]),
        ]
    });
    compare("extremes", x, |x| vec![x.max_all(), x.min_all(), x.max_axis(-1), x.min_axis(0), x.amax([1, 2])]);
    compare("orders", x, |x| {
        let sorted = x.sort(1, Order::Descending).0;
        vec![sorted, x.sort(0, Order::Ascending).0, x.top_k(2, -1, Order::Descending).0, x.median([1])]
    });
    compare("softmax", x, |x| vec![x.softmax(-1), x.log_softmax(-1), x.softmax(0), x.log_softmax(1)]);
    compare("shapes", x, |x| {
        vec![x.reshape([12, 5]), x.permute([2, 0, 1]), x.unsqueeze(1), x.flip([1]), x.roll(2, 2), x.repeat([2, 1, 1])]
    });
    compare("slices", x, |x| {
        let middle = x.slice(ndarray::s![1.., ..;2, ..;-1]);
        let backwards = x.slice(ndarray::s![2, 0..3;-2, 1..5;3]);
        vec![
            middle,
            backwards,
            x.select(1, -1),
            x.narrow(2, 1..4),
            Tensor::concat(&[x, x.sin()], 1),
            x.diagonal(0, 1, 2),
        ]
    });
    compare("scans", x, |x| vec![x.cumsum(1), x.cumsum(-1).flip([2]).cumsum(-1)]);
    compare("pads", x, |x| {
        let zeros = x.pad([(1, 0), (0, 2), (1, 1)], Padding::Constant(0.0));
        vec![
            zeros,
            x.pad([(0, 0), (0, 0), (2, 1)], Padding::Reflect),
            x.pad([(0, 0), (1, 2), (0, 0)], Padding::Circular),
        ]
    });
    compare("windows", x, |x| {
        let windows = x.windows(2, 3, 1, 2).windows(1, 2, 2, 1);
        vec![windows, x.windows(2, 3, 2, 1).overlap_add(2, 6, 2, 1)]
    });
    compare("products", x, |x| {
        let (swapped, [first, second]) = (x.permute([0, 2, 1]), [x.select(0, 0), x.select(0, 1)]);
        let vector = first.select(0, 0);
        vec![
            x.matmul(swapped),
            swapped.matmul(x),
            first.matmul(second.t()),
            first.t().matmul(second),
            x.matmul(second.t()),
            first.matmul(vector),
            vector.dot(vector),
            Tensor::einsum("bij,bkj->ik", &[x, x]),
        ]
    });
    compare("constants", x, |x| {
        let tape_constants = x.sum_axes([0, 1, 2]).detach();
        vec![x, x.detach(), tape_constants]
    });
}

#[test]
fn layers_of_convolutional_networks_are_operators() {
    let x = &random(&[2, 4, 7, 6], -1.0, 1.0, 2);
    compare("convolutions", x, |x| {
        let corner = x.narrow(2, 0..3).narrow(3, 0..2);
        let kernel = corner.permute([1, 0, 2, 3]);
        let settings = Convolution::new().stride([2, 1]).padding([1, 2]).dilation([1, 2]).groups(2);
        vec![x.conv2d(kernel, settings), x.conv_transpose2d(kernel, Convolution::new().stride(2).padding(1))]
    });
    compare("pools", x, |x| {
        let pooling = Pooling::new(3).stride(2).padding(1);
        vec![x.max_pool2d(pooling), x.avg_pool2d(pooling), x.adaptive_avg_pool2d([3, 2]), x.global_max_pool()]
    });
}

#[test]
fn lists_of_indices_are_inputs_of_integers() {
    let mut params = Params::<f64>::new();
    let table = params.add("table", &random(&[5, 3], -1.0, 1.0, 3));
    let tokens = Indices::from(&[4, 0, 2, 2, 1, 3]).reshape([2, 3]).unwrap();
    let model = Onnx::new("lookup").input("tokens").output("rows").output("chosen");
    let compute = |pass: &tape::Pass<'_, f64>, tokens: Indices<'static>| {
        let rows = pass.parameter(table).embedding(tokens);
        vec![rows, pass.parameter(table).t().index_select(1, &[3, 0])]
    };
    let bytes = model.export(&params, (&tokens,), |pass, (tokens,)| compute(pass, tokens)).unwrap();
    let read = Model::read(&bytes);
    assert_eq!(read.inputs, [("tokens".to_owned(), 7, vec![2, 3])]);
    let others = Value::Ints(ndarray::array![[0, 1, 2], [3, 4, 0]].into_dyn());
    let outputs = evaluate(&read, &[others]);
    assert_eq!(outputs[0].shape(), [2, 3, 3]);
    for (at, value) in outputs[0].indexed_iter() {
        let token = [[0, 1, 2], [3, 4, 0]][at[0]][at[1]];
        assert_eq!(*value, params.view(table)[[token, at[2]]]);
    }
}

#[test]
fn names_types_and_shapes_are_in_the_file() {
    let mut params = Params::<f32>::new();
    let weight = params.add("encoder.0.weight", &ndarray::array![[0.5, 0.25]]);
    let model = Onnx::new("line").input("x").output("y");
    let bytes = model.export(&params, (&[[0.0_f32; 2]; 3],), |pass, (x,)| {
        let y = x.matmul(pass.parameter(weight).t());
        vec![y, y]
    });
    let read = Model::read(&bytes.unwrap());
    assert_eq!(read.inputs, [("x".to_owned(), 1, vec![3, 2])]);
    assert_eq!(read.outputs, [("y".to_owned(), 1, vec![3, 1]), ("output1".to_owned(), 1, vec![3, 1])]);
    assert!(read.initializers.contains_key("encoder.0.weight"));
    let operators: Vec<_> = read.nodes.iter().map(|node| node.operator.as_str()).collect();
    assert_eq!(operators, ["Gemm", "Identity"], "a linear layer is one product");
    let x = ndarray::array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]].into_dyn();
    let outputs = evaluate(&read, &[Value::Floats(x)]);
    assert_eq!(outputs[0], ndarray::array![[1.0], [2.5], [4.0]].into_dyn());
    assert_eq!(outputs[0], outputs[1]);
}

#[test]
fn what_onnx_lacks_and_names_that_cannot_be_are_refused() {
    let mut params = Params::<f64>::new();
    params.add("w", &ndarray::array![1.0]);
    let error = |model: Onnx, compute: fn(Tensor<f64>) -> Tensor<f64>| {
        model.export(&params, (&[1.0, 2.0],), |_, (x,)| vec![compute(x)]).unwrap_err().to_string()
    };
    assert_eq!(error(Onnx::new(""), Tensor::lgamma), "onnx: lgamma has no counterpart among the operators of ONNX");
    assert_eq!(
        error(Onnx::new("").input("w"), Tensor::exp),
        "onnx: the name \"w\" cannot be used: each input, output and parameter needs a name of its own"
    );
    assert_eq!(
        error(Onnx::new("").output("y").output("z"), Tensor::exp),
        "onnx: the name \"z\" cannot be used: there are not so many inputs or outputs"
    );
}
