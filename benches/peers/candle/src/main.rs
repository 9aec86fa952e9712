//! How long the training steps take in candle on a CPU: its own layers and losses, and its AdamW without decay, which is Adam.
//!
//! The transformer is written out, for candle has none with a derivative: its normalisation and softmax are the ones that can
//! be trained.

use std::io;

use candle_core::{D, DType, Device, Module, Result, Tensor};
use candle_nn::rnn::{LSTM, LSTMConfig, RNN};
use candle_nn::{
    AdamW, Conv2d, Conv2dConfig, Linear, Optimizer, ParamsAdamW, VarBuilder, VarMap, conv2d, linear, loss, lstm, ops,
};
use data::{BATCHES, STEPS, classes, inputs, shape, values, weight};
use serve::{Run, serve};

#[path = "../../data.rs"]
mod data;
#[path = "../../../src/serve.rs"]
mod serve;

/// A block of the encoder, normalised behind attention and behind the network for each token.
struct Block {
    projections: Linear,
    output: Linear,
    inner: Linear,
    outer: Linear,
    norms: [(Tensor, Tensor); 2],
}

impl Block {
    fn new(builder: &VarBuilder) -> Result<Self> {
        let norm = |name: &str| -> Result<_> {
            let builder = builder.pp(name);
            Ok((builder.get(64, "weight")?, builder.get(64, "bias")?))
        };
        Ok(Self {
            projections: linear(64, 192, builder.pp("projections"))?,
            output: linear(64, 64, builder.pp("output"))?,
            inner: linear(64, 256, builder.pp("inner"))?,
            outer: linear(256, 64, builder.pp("outer"))?,
            norms: [norm("norm1")?, norm("norm2")?],
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let heads = self.projections.forward(x)?.reshape((16, 64, 3, 4, 16))?.permute((2, 0, 3, 1, 4))?;
        let part = |i| heads.get(i)?.contiguous();
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let scores = (query.matmul(&key.transpose(2, 3)?.contiguous()?)? * 0.25)?;
        let found = ops::softmax(&scores, D::Minus1)?.matmul(&value)?;
        let found = found.transpose(1, 2)?.reshape((16, 64, 64))?;
        let [first, second] = &self.norms;
        let x = ops::layer_norm_slow(&(x + self.output.forward(&found)?)?, &first.0, &first.1, 1e-5)?;
        let fed = self.outer.forward(&self.inner.forward(&x)?.relu()?)?;
        ops::layer_norm_slow(&(x + fed)?, &second.0, &second.1, 1e-5)
    }
}

/// Whichever parts a step has, its linear layers last.
struct Network {
    convolutions: Vec<Conv2d>,
    lstm: Option<LSTM>,
    blocks: Vec<Block>,
    linears: Vec<Linear>,
    tanh: bool,
}

impl Network {
    fn new(step: &str, builder: &VarBuilder) -> Result<Self> {
        let widths: &[usize] = match step {
            "mlp-small" => &[2, 16, 16, 1],
            "mlp-medium" => &[64, 128, 64, 10],
            "mlp-large" => &[784, 512, 256, 10],
            "lenet" => &[400, 120, 84, 10],
            "lstm" => &[128, 32],
            _ => &[64, 32],
        };
        let numbered = widths.windows(2).enumerate();
        let linears = numbered
            .map(|(i, pair)| linear(pair[0], pair[1], builder.pp(format!("linear{i}"))))
            .collect::<Result<_>>()?;
        let padded = Conv2dConfig { padding: 2, ..Default::default() };
        let convolutions = match step {
            "lenet" => vec![
                conv2d(1, 8, 5, padded, builder.pp("conv1"))?,
                conv2d(8, 16, 5, Conv2dConfig::default(), builder.pp("conv2"))?,
            ],
            _ => vec![],
        };
        let recurrent =
            (step == "lstm").then(|| lstm(32, 128, LSTMConfig::default(), builder.pp("lstm"))).transpose()?;
        let names: &[&str] = if step == "transformer" { &["block0", "block1"] } else { &[] };
        let blocks = names.iter().map(|name| Block::new(&builder.pp(name))).collect::<Result<_>>()?;
        Ok(Self { convolutions, lstm: recurrent, blocks, linears, tanh: step == "mlp-small" })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for convolution in &self.convolutions {
            x = convolution.forward(&x)?.relu()?.max_pool2d(2)?;
        }
        if !self.convolutions.is_empty() {
            x = x.flatten_from(1)?;
        }
        if let Some(lstm) = &self.lstm {
            x = lstm.states_to_tensor(&lstm.seq(&x)?)?;
        }
        for block in &self.blocks {
            x = block.forward(&x)?;
        }
        for (i, linear) in self.linears.iter().enumerate() {
            x = linear.forward(&x)?;
            if i + 1 < self.linears.len() {
                x = if self.tanh { x.tanh()? } else { x.relu()? };
            }
        }
        x.flatten_to(x.rank() - 2)
    }
}

fn make(step: &str) -> Result<Run> {
    let device = Device::Cpu;
    let variables = VarMap::new();
    let network = Network::new(step, &VarBuilder::from_varmap(&variables, DType::F32, &device))?;
    for (name, variable) in variables.data().lock().expect("nobody panicked").iter() {
        let shape = variable.dims();
        let start = match shape.len() {
            1 if name.contains("norm") && name.ends_with("weight") => Tensor::ones(shape, DType::F32, &device)?,
            1 => Tensor::zeros(shape, DType::F32, &device)?,
            _ => Tensor::from_vec(weight(shape), shape, &device)?,
        };
        variable.set(&start)?;
    }
    let settings = ParamsAdamW { lr: 1e-3, weight_decay: 0.0, ..Default::default() };
    let mut adam = AdamW::new(variables.all_vars(), settings)?;
    let batches = (0..BATCHES)
        .map(|k| {
            let x = Tensor::from_vec(inputs(step, k), shape(step).0, &device)?;
            let y = match step {
                "mlp-small" => Tensor::from_vec(values(k), (32, 1), &device)?,
                _ => Tensor::new(classes(step, k), &device)?,
            };
            Ok((x, y))
        })
        .collect::<Result<Vec<_>>>()?;
    let regression = step == "mlp-small";
    let mut next = 0;
    let mut step = move || -> Result<f64> {
        let (x, y) = &batches[next];
        next = (next + 1) % BATCHES;
        let output = network.forward(x)?;
        let loss = if regression { loss::mse(&output, y)? } else { loss::cross_entropy(&output, y)? };
        adam.backward_step(&loss)?;
        Ok(f64::from(loss.to_scalar::<f32>()?))
    };
    Ok(Box::new(move |_| step().expect("the shapes fit")))
}

fn main() -> io::Result<()> {
    serve("candle 0.11.1", &STEPS, |step| make(step).expect("the shapes fit"))
}
