//! A computation in a file that other engines run: ONNX, operator set 17.
//!
//! What is exported is the graph that a [`Program`](crate::Program) would run: recorded once, constants worked out, nothing
//! computed twice. `formula` says what the elementwise rules are in ONNX's operators, `operators` does the same for all else;
//! `writer` writes both down, and `message` has the messages of the file.

mod formula;
mod message;
mod operators;
mod writer;

use prost::Message;

use self::message::{DataType, Graph, IR_VERSION, Model, OPSET, OperatorSet, ValueInfo};
use self::writer::Writer;
use super::graph;
use super::inputs::{Given, Inputs};
use crate::error::Error;
use crate::params::Params;
use crate::real::Real;
use crate::tape::{Pass, Tape};
use crate::tensor::Tensor;

/// Writes a computation of tensors as an ONNX model (operator set 17, file version 8).
///
/// Parameters become initializers under their names. Shapes are those of the recording, the batch's too: another size of
/// batch is another export. Lists of indices are inputs of 64-bit integers. Everything that an evaluating pass records
/// can be exported but what ONNX does not have: `lgamma`, `digamma`, `polygamma`, `cummax`, `cummin`, and custom operations.
/// Masked rows of `softmax` that hold nothing are NaN in other engines, and zero here.
///
/// ```
/// use ndarray::array;
/// let mut params = tape::Params::<f32>::new();
/// let weight = params.add("weight", &array![[1.0, 2.0], [3.0, 4.0]]);
/// let model = tape::Onnx::new("doubled").input("x").output("y").export(&params, (&[[0.0; 2]; 3],), |pass, (x,)| {
///     vec![x.matmul(pass.parameter(weight)).relu()]
/// })?;
/// // The first field of the file is its version, 8; names are in it as they are.
/// assert_eq!(model[..2], [0x08, 8]);
/// for name in [&b"weight"[..], b"Gemm", b"Relu"] {
///     assert!(model.windows(name.len()).any(|bytes| bytes == name));
/// }
/// # Ok::<(), tape::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Onnx {
    name: String,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

impl Onnx {
    /// A model of this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Names the next input. Those that get no name are `input0`, `input1`, ..., by their position.
    #[must_use]
    pub fn input(mut self, name: &str) -> Self {
        self.inputs.push(name.to_owned());
        self
    }

    /// Names the next output. Those that get no name are `output0`, `output1`, ..., by their position.
    #[must_use]
    pub fn output(mut self, name: &str) -> Self {
        self.outputs.push(name.to_owned());
        self
    }

    /// Records `compute` with a pass that evaluates, and returns the bytes of the file. The inputs say what shapes there
    /// are; their elements do not matter, indices must be valid.
    ///
    /// # Errors
    /// [`Error::NotInOnnx`] if an operation has no counterpart, [`Error::OnnxName`] if a name is used twice or names more
    /// inputs or outputs than there are, and what keeps a computation from being a [`Program`](crate::Program).
    #[allow(
        clippy::needless_pass_by_value,
        reason = "inputs are a tuple of references, written where they are handed over"
    )]
    pub fn export<T: Real, I: Inputs<T>>(
        &self,
        params: &Params<T>,
        inputs: I,
        compute: impl FnOnce(&Pass<'_, T>, I::Recorded) -> Vec<Tensor<T>>,
    ) -> Result<Vec<u8>, Error> {
        let tape = Tape::for_program();
        let pass = tape.bind(params);
        let mut nodes = Vec::with_capacity(I::COUNT);
        let recorded = inputs.record(&tape, None, &mut nodes);
        let roots = compute(&pass, recorded);
        let tensors: Vec<u32> = nodes.iter().map(|node| node.unwrap_or(0)).collect();
        let storage = tape.read();
        let graph = graph::read(storage, &tensors, &storage.own_all(&roots, "onnx")?)?;

        let input_names = names(&self.inputs, I::COUNT, "input")?;
        let output_names = names(&self.outputs, roots.len(), "output")?;
        let mut infos = Vec::with_capacity(I::COUNT);
        inputs.visit(|number, given| {
            let (element, shape) = match given {
                Given::Elements(elements) => (writer::data_type::<T>(), elements.shape()),
                Given::Indices(indices) => (DataType::Int64, indices.shape().clone()),
                Given::Seed(_) => return Err(Error::NotInOnnx { operation: "a seed" }),
            };
            infos.push(ValueInfo::new(&input_names[number], element, &shape));
            Ok(())
        })?;
        let mut writer = Writer::new(&graph, params, &input_names, &output_names)?;
        writer.write()?;
        let outputs = writer.outputs(&output_names);
        let (nodes, initializers) = writer.into_parts();
        let graph = Graph { nodes, name: self.name.clone(), initializers, inputs: infos, outputs };
        let model = Model {
            ir_version: IR_VERSION,
            producer_name: "wengert".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(graph),
            opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
        };
        Ok(model.encode_to_vec())
    }
}

/// A name for each of `count` inputs or outputs.
fn names(given: &[String], count: usize, kind: &'static str) -> Result<Vec<String>, Error> {
    if let Some(name) = given.get(count) {
        return Err(Error::OnnxName { name: name.clone(), rule: "there are not so many inputs or outputs" });
    }
    Ok((0..count).map(|number| given.get(number).cloned().unwrap_or_else(|| format!("{kind}{number}"))).collect())
}
