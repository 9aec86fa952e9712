//! How are nodes, numbers and names written down, each once?

use std::collections::{HashMap, HashSet};

use super::message::{Attribute, DataType, Node, Tensor, ValueInfo};
use crate::error::Error;
use crate::params::Params;
use crate::program::graph::{Graph, Id, Value};
use crate::real::Real;
use crate::shape::Shape;

/// The element type of a file that holds `T`.
pub(super) fn data_type<T: Real>() -> DataType {
    if size_of::<T>() == 4 { DataType::Float } else { DataType::Double }
}

/// Writes the nodes of a graph one after another.
pub(super) struct Writer<'a, T: Real> {
    pub(super) graph: &'a Graph<T>,
    params: &'a Params<T>,
    pub(super) inputs: &'a [String],
    pub(super) nodes: Vec<Node>,
    initializers: Vec<Tensor>,
    /// The name of each value that is written.
    pub(super) names: Vec<String>,
    /// Lists of integers that are initializers already, by shape and elements.
    integers: HashMap<(Vec<usize>, Vec<i64>), String>,
    numbers: HashMap<u64, String>,
    taken: HashSet<String>,
}

impl<'a, T: Real> Writer<'a, T> {
    /// # Errors
    /// [`Error::OnnxName`] if two of the inputs, the outputs and the parameters have the same name.
    pub(super) fn new(
        graph: &'a Graph<T>,
        params: &'a Params<T>,
        inputs: &'a [String],
        outputs: &[String],
    ) -> Result<Self, Error> {
        let parameters = params.iter().map(|(_, parameter)| parameter.name().to_owned());
        let mut taken = HashSet::new();
        for name in inputs.iter().chain(outputs).cloned().chain(parameters) {
            if !taken.insert(name.clone()) {
                return Err(Error::OnnxName { name, rule: "each input, output and parameter needs a name of its own" });
            }
        }
        Ok(Self {
            graph,
            params,
            inputs,
            nodes: Vec::new(),
            initializers: Vec::new(),
            names: Vec::new(),
            integers: HashMap::new(),
            numbers: HashMap::new(),
            taken,
        })
    }

    pub(super) fn into_parts(self) -> (Vec<Node>, Vec<Tensor>) {
        (self.nodes, self.initializers)
    }
    /// Gives the results their names, and says what they are.
    pub(super) fn outputs(&mut self, names: &[String]) -> Vec<ValueInfo> {
        let roots = self.graph.roots.clone();
        for (position, (&root, name)) in roots.iter().zip(names).enumerate() {
            let found = self.names[root as usize].clone();
            let first = !roots[..position].contains(&root);
            if first && self.nodes.iter().any(|node| node.outputs.contains(&found)) {
                for node in &mut self.nodes {
                    let mentions = node.inputs.iter_mut().chain(&mut node.outputs);
                    mentions.filter(|mention| **mention == found).for_each(|mention| mention.clone_from(name));
                }
                self.names[root as usize].clone_from(name);
            } else {
                let node = self.node("Identity", &[&found], name.clone(), Vec::new());
                self.nodes.push(node);
            }
        }
        let infos = roots.iter().zip(names);
        infos.map(|(&root, name)| ValueInfo::new(name, data_type::<T>(), &self.value(root).shape)).collect()
    }

    fn value(&self, id: Id) -> &'a Value {
        &self.graph.values[id as usize]
    }

    pub(super) fn operand(&self, value: &Value, position: usize) -> String {
        self.names[value.operands[position] as usize].clone()
    }

    pub(super) fn operand_shape(&self, value: &Value, position: usize) -> &'a Shape {
        &self.value(value.operands[position]).shape
    }

    /// A name that nothing has.
    pub(super) fn fresh(&mut self, operator: &str) -> String {
        let name = (self.nodes.len() + self.initializers.len()..)
            .map(|number| format!("{operator}_{number}"))
            .find(|name| !self.taken.contains(name))
            .expect("there are more numbers than names");
        self.taken.insert(name.clone());
        name
    }

    fn node(&self, operator: &str, inputs: &[&str], output: String, attributes: Vec<Attribute>) -> Node {
        Node {
            name: format!("node_{}", self.nodes.len()),
            op_type: operator.to_owned(),
            inputs: inputs.iter().map(|&input| input.to_owned()).collect(),
            outputs: vec![output],
            attributes,
        }
    }

    /// Writes a node; returns the name of its output.
    pub(super) fn emit(&mut self, operator: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        let output = self.fresh(operator);
        let node = self.node(operator, inputs, output.clone(), attributes);
        self.nodes.push(node);
        output
    }

    pub(super) fn parameter(&mut self, number: usize) -> String {
        let (_, parameter) = self.params.iter().nth(number).expect("the recording bound these parameters");
        let elements = &self.params.values()[parameter.range()];
        self.initialize(parameter.name().to_owned(), parameter.shape(), elements)
    }

    pub(super) fn constant(&mut self, start: usize, shape: &Shape) -> String {
        let name = self.fresh("constant");
        self.initialize(name, shape, &self.graph.constants[start..start + shape.size()])
    }

    fn initialize(&mut self, name: String, shape: &[usize], elements: &[T]) -> String {
        let mut raw_data = Vec::with_capacity(size_of_val(elements));
        for element in elements {
            let element = Real::widen(*element);
            match data_type::<T>() {
                DataType::Float => raw_data.extend((element as f32).to_le_bytes()),
                DataType::Double | DataType::Int64 | DataType::Bool => raw_data.extend(element.to_le_bytes()),
            }
        }
        self.initializers.push(Tensor {
            dims: dims(shape),
            data_type: data_type::<T>() as i32,
            name: name.clone(),
            raw_data,
        });
        name
    }

    /// A number of the elements' type.
    pub(super) fn number(&mut self, number: f64) -> String {
        if let Some(known) = self.numbers.get(&number.to_bits()) {
            return known.clone();
        }
        let name = self.fresh("number");
        self.numbers.insert(number.to_bits(), name.clone());
        self.initialize(name, &[], &[T::from_f64(number)])
    }

    /// Integers: shapes, axes, positions.
    pub(super) fn ints(&mut self, shape: &[usize], elements: Vec<i64>) -> String {
        let key = (shape.to_vec(), elements);
        if let Some(known) = self.integers.get(&key) {
            return known.clone();
        }
        let name = self.fresh("integers");
        let raw_data = key.1.iter().flat_map(|element| element.to_le_bytes()).collect();
        let data_type = DataType::Int64 as i32;
        self.initializers.push(Tensor { dims: dims(shape), data_type, name: name.clone(), raw_data });
        self.integers.insert(key, name.clone());
        name
    }

    pub(super) fn list(&mut self, elements: impl IntoIterator<Item = i64>) -> String {
        let elements: Vec<_> = elements.into_iter().collect();
        self.ints(&[elements.len()], elements)
    }

    pub(super) fn reshape(&mut self, x: &str, shape: &[usize]) -> String {
        let shape = self.list(dims(shape));
        // A length of 0 is one, not one that is to be copied.
        self.emit("Reshape", &[x, &shape], vec![Attribute::int("allowzero", 1)])
    }

    /// `x`, which has the shape `found`, in the shape `asked`: one place along an axis is often not written as an axis.
    pub(super) fn shaped(&mut self, x: String, found: &[usize], asked: &[usize]) -> String {
        if found == asked { x } else { self.reshape(&x, asked) }
    }

    pub(super) fn permute(&mut self, x: &str, axes: impl IntoIterator<Item = usize>) -> String {
        let axes = axes.into_iter().map(|axis| axis as i64).collect();
        self.emit("Transpose", &[x], vec![Attribute::ints("perm", axes)])
    }

    pub(super) fn zeros(&mut self, shape: &[usize]) -> String {
        let name = self.fresh("zeros");
        self.initialize(name, shape, &vec![T::zero(); shape.iter().product()])
    }
}

/// The lengths of a shape as the file has them.
pub(super) fn dims(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&length| length as i64).collect()
}
