//! Models go to PyTorch and to ONNX and come back: the same numbers everywhere.
//!
//! `examples/data/pytorch/` holds models that PyTorch 2.15 saved as safetensors, each with an input and PyTorch's output.
//! They are loaded here under PyTorch's own names and must give that output. Then each of them, with other weights, goes the
//! other way: `cargo run --release --example exchange` writes parameters, inputs, outputs and an ONNX file of each to
//! `target/exchange/`, and `examples/exchange/pytorch.py check` has PyTorch and onnxruntime look at them.

#![allow(clippy::print_stdout, reason = "a program talks to its user")]

mod models;

use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{Onnx, Params, Tape};
use train::ParameterFile;

use crate::models::Model;

/// Relative to the larger of the two and 1: single precision, and sums in another order.
const TOLERANCE: f32 = 1e-5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let saved = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/pytorch");
    let out = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("target/exchange"), PathBuf::from);
    std::fs::create_dir_all(&out)?;
    for mut model in models::all() {
        let ours = model.params.clone();
        let (x, expected) = model.load(&saved)?;
        let difference = distance(&model.evaluate(&x), &expected);
        println!("{:<12} {} parameters; PyTorch's output to {difference:.1e}", model.name, model.params.size());
        assert!(difference <= TOLERANCE, "{} computes what PyTorch does", model.name);

        model.params.set_values(ours.values())?;
        model.write(&out)?;
    }
    println!("wrote them to {}", out.display());
    Ok(())
}

/// The largest difference of two elements.
fn distance(found: &ArrayD<f32>, expected: &ArrayD<f32>) -> f32 {
    assert_eq!(found.shape(), expected.shape());
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs() / a.abs().max(b.abs()).max(1.0));
    differences.fold(0.0, f32::max)
}

impl Model {
    fn evaluate(&self, x: &ArrayD<f32>) -> ArrayD<f32> {
        Tape::new().evaluate(&self.params, |pass| (self.forward)(pass, pass.constant(x)))
    }

    /// Takes the parameters that PyTorch saved; returns its input and output, which lie in the same file.
    fn load(&mut self, saved: &Path) -> Result<(ArrayD<f32>, ArrayD<f32>), train::Error> {
        let file = || ParameterFile::new(saved.join(format!("{}.safetensors", self.name))).lenient();
        let mut example = Params::new();
        let x = example.add("x", &ArrayD::zeros(self.input));
        let y = example.add("y", &ArrayD::zeros(self.output));
        let rest = file().load(&mut example)?;
        assert!(rest.missing.is_empty() && rest.misshapen.is_empty(), "{rest}");
        let rest = file().rename("*", "model.*").load(&mut self.params)?;
        assert_eq!(rest.to_string(), r#"unexpected "x", "y""#, "every parameter is in the file, and nothing else");
        Ok((example.view(x).to_owned(), example.view(y).to_owned()))
    }

    /// Writes parameters, an input with its output, and the ONNX file.
    fn write(&self, out: &Path) -> Result<(), Box<dyn std::error::Error>> {
        let x = nn::Init::normal(0.0, 1.0).array::<f32>(self.input, &mut ChaCha8Rng::seed_from_u64(11));
        let y = self.evaluate(&x);
        train::save_parameters(&self.params, out.join(format!("{}.safetensors", self.name)))?;
        let mut example = Params::new();
        example.add("x", &x);
        example.add("y", &y);
        train::save_parameters(&example, out.join(format!("{}.npz", self.name)))?;

        let export = Onnx::new(self.name).input("x").output("y");
        let onnx = export.export(&self.params, (&x,), |pass, (x,)| vec![(self.forward)(pass, x)])?;
        Ok(train::write_file(out.join(format!("{}.onnx", self.name)), &onnx)?)
    }
}
