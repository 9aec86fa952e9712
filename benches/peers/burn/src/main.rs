//! How long the training steps take in burn, on its `flex` backend: its own layers, losses and Adam, recorded anew each time.

use std::io;

use burn::module::{Module, Param};
use burn::nn::activation::ActivationConfig;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::{CrossEntropyLossConfig, MseLoss, Reduction};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::transformer::{TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput};
use burn::nn::{Linear, LinearConfig, Lstm, LstmConfig, PaddingConfig2d};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use data::{BATCHES, STEPS, classes, inputs, shape, values, weight};
use serve::{Run, serve};

#[path = "../../data.rs"]
mod data;
#[path = "../../../src/serve.rs"]
mod serve;

/// Whichever parts a step has, its linear layers last.
#[derive(Module, Debug)]
struct Network {
    convolutions: Vec<Conv2d>,
    pool: MaxPool2d,
    lstm: Option<Lstm>,
    encoder: Option<TransformerEncoder>,
    linears: Vec<Linear>,
}

/// A layer whose weight are these rows of a parameter of PyTorch's layout, `[out, in]`; burn's is `[in, out]`.
fn linear(rows: &[f32], inputs: usize, device: &Device) -> Linear {
    let outputs = rows.len() / inputs;
    let mut layer = LinearConfig::new(inputs, outputs).init(device);
    let turned = (0..rows.len()).map(|j| rows[j % outputs * inputs + j / outputs]).collect();
    layer.weight = Param::from_tensor(tensor(turned, [inputs, outputs], device));
    layer.bias = Some(Param::from_tensor(Tensor::zeros([outputs], device)));
    layer
}

fn tensor<const D: usize>(elements: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(elements, shape), device)
}

fn convolution(outputs: usize, inputs: usize, padding: usize, device: &Device) -> Conv2d {
    let config = Conv2dConfig::new([inputs, outputs], [5, 5]);
    let padding = PaddingConfig2d::Explicit(padding, padding, padding, padding);
    let mut layer = config.with_padding(padding).init(device);
    let shape = [outputs, inputs, 5, 5];
    layer.weight = Param::from_tensor(tensor(weight(&shape), shape, device));
    layer.bias = Some(Param::from_tensor(Tensor::zeros([outputs], device)));
    layer
}

fn lstm(device: &Device) -> Lstm {
    let mut layer = LstmConfig::new(32, 128, true).init(device);
    let (of_input, of_hidden) = (weight(&[512, 32]), weight(&[512, 128]));
    let mut gates: Vec<_> = of_input.chunks(128 * 32).zip(of_hidden.chunks(128 * 128)).collect();
    // PyTorch's order of gates.
    let forget = layer.forget_gate.as_mut().expect("the gates are not coupled");
    let order = [&mut layer.input_gate, forget, &mut layer.cell_gate, &mut layer.output_gate];
    for (gate, (of_input, of_hidden)) in order.into_iter().zip(gates.drain(..)) {
        gate.input_transform = linear(of_input, 32, device);
        gate.hidden_transform = linear(of_hidden, 128, device);
    }
    layer
}

fn encoder(device: &Device) -> TransformerEncoder {
    let config = TransformerEncoderConfig::new(64, 256, 4, 2).with_dropout(0.0);
    let mut encoder = config.with_activation(ActivationConfig::Relu).init(device);
    for layer in &mut encoder.layers {
        let projections = weight(&[192, 64]);
        let attention = &mut layer.mha;
        let parts = [&mut attention.query, &mut attention.key, &mut attention.value];
        for (part, rows) in parts.into_iter().zip(projections.chunks(64 * 64)) {
            *part = linear(rows, 64, device);
        }
        attention.output = linear(&weight(&[64, 64]), 64, device);
        layer.pwff.linear_inner = linear(&weight(&[256, 64]), 64, device);
        layer.pwff.linear_outer = linear(&weight(&[64, 256]), 256, device);
    }
    encoder
}

impl Network {
    fn new(step: &str, device: &Device) -> Self {
        let widths: &[usize] = match step {
            "mlp-small" => &[2, 16, 16, 1],
            "mlp-medium" => &[64, 128, 64, 10],
            "mlp-large" => &[784, 512, 256, 10],
            "lenet" => &[400, 120, 84, 10],
            "lstm" => &[128, 32],
            _ => &[64, 32],
        };
        let linears = widths.windows(2).map(|pair| linear(&weight(&[pair[1], pair[0]]), pair[0], device)).collect();
        let convolutions = match step {
            "lenet" => vec![convolution(8, 1, 2, device), convolution(16, 8, 0, device)],
            _ => vec![],
        };
        let pool = MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
        let lstm = (step == "lstm").then(|| lstm(device));
        let encoder = (step == "transformer").then(|| encoder(device));
        Self { convolutions, pool, lstm, encoder, linears }
    }

    /// Of an input with a row for each sample.
    fn forward(&self, step: &str, x: Tensor<2>) -> Tensor<2> {
        let mut x = match (&self.lstm, &self.encoder) {
            (Some(lstm), _) => lstm.forward(x.reshape([32, 32, 32]), None).0.reshape([32 * 32, 128]),
            (_, Some(encoder)) => {
                let input = TransformerEncoderInput::new(x.reshape([16, 64, 64]));
                encoder.forward(input).reshape([16 * 64, 64])
            }
            _ if !self.convolutions.is_empty() => {
                let mut image = x.reshape([64, 1, 28, 28]);
                for convolution in &self.convolutions {
                    image = self.pool.forward(activation::relu(convolution.forward(image)));
                }
                image.reshape([64, 400])
            }
            _ => x,
        };
        for (i, linear) in self.linears.iter().enumerate() {
            x = linear.forward(x);
            if i + 1 < self.linears.len() {
                x = if step == "mlp-small" { activation::tanh(x) } else { activation::relu(x) };
            }
        }
        x
    }
}

fn make(step: &str) -> Run {
    let device = Device::flex().autodiff();
    let mut network = Some(Network::new(step, &device));
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init();
    let rows = shape(step).0[0];
    let batches: Vec<(Tensor<2>, Tensor<2>, Tensor<1, Int>)> = (0..BATCHES)
        .map(|k| {
            let x = inputs(step, k);
            let columns = x.len() / rows;
            let classes: Vec<i64> = classes(step, k).into_iter().map(i64::from).collect();
            let count = classes.len();
            let classes = Tensor::from_data(TensorData::new(classes, [count]), &device);
            (tensor(x, [rows, columns], &device), tensor(values(k), [32, 1], &device), classes)
        })
        .collect();
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    let step = step.to_owned();
    let mut next = 0;
    Box::new(move |_| {
        let (x, values, classes) = &batches[next];
        next = (next + 1) % BATCHES;
        let model = network.take().expect("the last step gave it back");
        let output = model.forward(&step, x.clone());
        let loss = match step.as_str() {
            "mlp-small" => MseLoss::new().forward(output, values.clone(), Reduction::Mean),
            _ => cross_entropy.forward(output, classes.clone()),
        };
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        network = Some(adam.step(1e-3, model, gradients));
        f64::from(loss.into_scalar::<f32>())
    })
}

fn main() -> io::Result<()> {
    serve("burn 0.22.1 (flex)", &STEPS, make)
}
