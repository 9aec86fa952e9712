//! Convolutions, pools, resizing and einsum against PyTorch's values and gradients.
//!
//! The cases are made by `docs/oracles/tape/convolution.py`; what each name means there, it means here.

use tape::{Convolution, Interpolation, Pooling, Tensor};

use crate::oracle;

fn convolution(name: &str, inputs: &[Tensor<f64>]) -> Option<Tensor<f64>> {
    let &[x, w] = inputs else { return None };
    Some(match name {
        "conv1d" => x.conv1d(w, Convolution::new()),
        "conv1d odd" => x.conv1d(w, Convolution::new().stride(3).padding((2, 1)).dilation(2)),
        "conv1d groups" => x.conv1d(w, Convolution::new().padding(1).groups(2)),
        "conv2d" => x.conv2d(w, Convolution::new()),
        "conv2d odd" => x.conv2d(w, Convolution::new().stride([2, 3]).padding([1, 2]).dilation([2, 1])),
        "conv2d groups" => x.conv2d(w, Convolution::new().stride(2).padding(1).groups(2)),
        "conv3d" => x.conv3d(w, Convolution::new()),
        "conv3d odd" => x.conv3d(w, Convolution::new().stride([1, 2, 1]).padding([1, 0, 1]).dilation([2, 1, 1])),
        "conv3d groups" => x.conv3d(w, Convolution::new().groups(2)),
        "conv_transpose1d" => x.conv_transpose1d(w, Convolution::new()),
        "conv_transpose1d odd" => {
            x.conv_transpose1d(w, Convolution::new().stride(3).padding(1).output_padding(2).dilation(2))
        }
        "conv_transpose1d groups" => x.conv_transpose1d(w, Convolution::new().groups(2)),
        "conv_transpose2d" => x.conv_transpose2d(w, Convolution::new()),
        "conv_transpose2d odd" => {
            x.conv_transpose2d(w, Convolution::new().stride([2, 3]).padding([1, 0]).output_padding([1, 2]))
        }
        "conv_transpose2d groups" => x.conv_transpose2d(w, Convolution::new().stride(2).dilation([1, 2]).groups(2)),
        "conv_transpose3d" => x.conv_transpose3d(w, Convolution::new()),
        "conv_transpose3d odd" => {
            x.conv_transpose3d(w, Convolution::new().stride([1, 2, 1]).padding([0, 1, 0]).output_padding([0, 1, 0]))
        }
        "conv_transpose3d groups" => x.conv_transpose3d(w, Convolution::new().groups(2)),
        _ => return None,
    })
}

/// The axes of an input say over how many of them its pool works.
fn pool(name: &str, x: Tensor<f64>) -> Option<Tensor<f64>> {
    let axes = x.shape().rank() - 1;
    let odd = Pooling::new(3).stride(2).padding(1).ceil(true);
    let image = Pooling::new([3, 2]).stride(2).padding([1, 0]);
    let cube = Pooling::new(2).padding(1);
    Some(match (name, axes) {
        ("max_pool", 1) => x.max_pool1d(odd),
        ("max_pool", 2) => x.max_pool2d(image.dilation([1, 2])),
        ("max_pool", 3) => x.max_pool3d(Pooling::new(2).stride(1)),
        ("avg_pool", 1) => x.avg_pool1d(odd),
        ("avg_pool", 2) => x.avg_pool2d(image.ceil(true)),
        ("avg_pool", 3) => x.avg_pool3d(cube),
        ("avg_pool own", 1) => x.avg_pool1d(odd.count_padding(false)),
        ("avg_pool own", 2) => x.avg_pool2d(Pooling::new(3).stride(2).padding(1).ceil(true).count_padding(false)),
        ("avg_pool own", 3) => x.avg_pool3d(cube.count_padding(false)),
        ("adaptive_max_pool", 1) => x.adaptive_max_pool1d(3),
        ("adaptive_max_pool", 2) => x.adaptive_max_pool2d([2, 3]),
        ("adaptive_max_pool", 3) => x.adaptive_max_pool3d(2),
        ("adaptive_avg_pool", 1) => x.adaptive_avg_pool1d(3),
        ("adaptive_avg_pool", 2) => x.adaptive_avg_pool2d([2, 3]),
        ("adaptive_avg_pool", 3) => x.adaptive_avg_pool3d(2),
        _ => return None,
    })
}

/// The lengths are those that the script gives for as many axes.
fn resized(name: &str, x: Tensor<f64>) -> Option<Tensor<f64>> {
    let interpolation = match name {
        "nearest" => Interpolation::Nearest,
        "linear" => Interpolation::Linear,
        "corners" => Interpolation::LinearCorners,
        _ => return None,
    };
    let lengths: &[usize] = match x.shape().rank() {
        3 => &[7],
        4 => &[2, 7],
        _ => &[3, 2, 4],
    };
    Some(x.interpolate(lengths, interpolation))
}

#[test]
fn values_and_gradients_are_those_of_pytorch() {
    let count = oracle::compare(include_str!("oracle/convolution.txt"), |name, _, inputs| {
        if let Some(equation) = name.strip_prefix("einsum ") {
            return Tensor::einsum(equation, inputs);
        }
        convolution(name, inputs)
            .or_else(|| pool(name, inputs[0]))
            .or_else(|| resized(name, inputs[0]))
            .unwrap_or_else(|| panic!("no operation is called {name}"))
    });
    assert_eq!(count, 46);
}
