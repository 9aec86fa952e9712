//! What the operations of a graph are in ONNX's operators.
//!
//! Structural operations have operators of their own there, except for windows: those gather along each axis in turn,
//! which needs a list of positions an axis instead of one for every element. Adding to places that were zero is
//! `ScatterElements`.

use std::collections::{HashMap, HashSet};

use super::formula::{Formula, Term, binary, unary};
use super::message::{Attribute, DataType, Node, Tensor, ValueInfo};
use crate::error::Error;
use crate::indices::Saved;
use crate::kernel::{PlaneWindows, Search};
use crate::op::{Comparison, Extreme, TensorOp};
use crate::params::Params;
use crate::program::graph::{Graph, Id, Source, Value};
use crate::real::Real;
use crate::shape::Shape;
use crate::transpose::{AxisSet, Cut, Linear, Window, Windows};

/// The element type of a file that holds `T`.
pub(super) fn data_type<T: Real>() -> DataType {
    if size_of::<T>() == 4 { DataType::Float } else { DataType::Double }
}

/// Writes the nodes of a graph one after another.
pub(super) struct Writer<'a, T: Real> {
    graph: &'a Graph<T>,
    params: &'a Params<T>,
    inputs: &'a [String],
    nodes: Vec<Node>,
    initializers: Vec<Tensor>,
    /// The name of each value that is written.
    names: Vec<String>,
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

    /// Writes every value.
    pub(super) fn write(&mut self) -> Result<(), Error> {
        for value in &self.graph.values {
            let name = match &value.source {
                &Source::Input(number) => self.inputs[number].clone(),
                &Source::Param(number) => self.parameter(number),
                &Source::Constant(start) => self.constant(start, &value.shape),
                Source::Computed(op) => self.computed(op, value)?,
                &Source::Custom { name, .. } => return Err(Error::NotInOnnx { operation: name }),
                Source::Draw(_) => return Err(Error::NotInOnnx { operation: "a random draw" }),
                &Source::Places { axis, search, .. } => self.places(search, axis, value)?,
            };
            self.names.push(name);
        }
        Ok(())
    }

    /// The places of what is looked for along an axis, as one list.
    fn places(&mut self, search: Search, axis: usize, value: &Value) -> Result<String, Error> {
        let (x, length) = (self.operand(value, 0), self.operand_shape(value, 0)[axis]);
        let lines = self.operand_shape(value, 0).size().checked_div(length).unwrap_or_default();
        let count = value.shape.size().checked_div(lines).unwrap_or_default();
        let places = match search {
            Search::Max => self.emit("ArgMax", &[&x], vec![Attribute::int("axis", axis as i64)]),
            Search::Min => self.emit("ArgMin", &[&x], vec![Attribute::int("axis", axis as i64)]),
            Search::First { descending } => self.top_k(&x, axis, count, descending),
            Search::Rank(rank) => {
                let first = self.top_k(&x, axis, rank + 1, false);
                let place = self.list([rank as i64]);
                self.emit("Gather", &[&first, &place], vec![Attribute::int("axis", axis as i64)])
            }
            Search::RunningMax => return Err(Error::NotInOnnx { operation: "cummax" }),
            Search::RunningMin => return Err(Error::NotInOnnx { operation: "cummin" }),
            Search::MaxInWindows(windows) => self.max_in_windows(&x, lines, windows),
        };
        Ok(self.reshape(&places, &[value.shape.size()]))
    }

    /// The places in their plane of the largest elements of windows: those in the windows, through a list of what lies where.
    fn max_in_windows(&mut self, x: &str, planes: usize, windows: PlaneWindows) -> String {
        let PlaneWindows { lengths, sizes, steps, dilations } = windows;
        let [count, size] = [windows.counts(), sizes].map(|each| each.iter().product::<usize>());
        let shape: Shape = [planes].into_iter().chain(lengths).collect();
        let window = |axis: usize| Window {
            axis: axis as u8 + 1,
            size: sizes[axis] as u32,
            step: steps[axis] as u32,
            dilation: dilations[axis] as u32,
        };
        let all = Windows { first: 4, windows: (0..3).map(window).collect() };
        let x = self.reshape(x, &shape);
        let x = self.windows(&all, &x, &shape);
        let x = self.reshape(&x, &[planes, count, size]);
        let largest = vec![Attribute::int("axis", 2), Attribute::int("keepdims", 0)];
        let within = self.emit("ArgMax", &[&x], largest);
        let inside = self.list(windows.inside().map(|place| place as i64));
        let within = self.emit("Gather", &[&inside, &within], vec![Attribute::int("axis", 0)]);
        let starts = self.list(windows.starts().map(|place| place as i64));
        self.emit("Add", &[&within, &starts], Vec::new())
    }

    /// The places of the first few elements in order, of equal ones those in front first.
    fn top_k(&mut self, x: &str, axis: usize, count: usize, descending: bool) -> String {
        let count = self.list([count as i64]);
        let attributes = vec![Attribute::int("axis", axis as i64), Attribute::int("largest", descending.into())];
        let elements = self.fresh("TopK");
        let places = self.emit("TopK", &[x, &count], attributes);
        self.nodes.last_mut().expect("just written").outputs.insert(0, elements);
        places
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

    fn operand(&self, value: &Value, position: usize) -> String {
        self.names[value.operands[position] as usize].clone()
    }

    fn operand_shape(&self, value: &Value, position: usize) -> &'a Shape {
        &self.value(value.operands[position]).shape
    }

    /// A name that nothing has.
    fn fresh(&mut self, operator: &str) -> String {
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
    fn emit(&mut self, operator: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        let output = self.fresh(operator);
        let node = self.node(operator, inputs, output.clone(), attributes);
        self.nodes.push(node);
        output
    }

    fn parameter(&mut self, number: usize) -> String {
        let (_, parameter) = self.params.iter().nth(number).expect("the recording bound these parameters");
        let elements = &self.params.values()[parameter.range()];
        self.initialize(parameter.name().to_owned(), parameter.shape(), elements)
    }

    fn constant(&mut self, start: usize, shape: &Shape) -> String {
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
    fn number(&mut self, number: f64) -> String {
        if let Some(known) = self.numbers.get(&number.to_bits()) {
            return known.clone();
        }
        let name = self.fresh("number");
        self.numbers.insert(number.to_bits(), name.clone());
        self.initialize(name, &[], &[T::from_f64(number)])
    }

    /// Integers: shapes, axes, positions.
    fn ints(&mut self, shape: &[usize], elements: Vec<i64>) -> String {
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

    fn list(&mut self, elements: impl IntoIterator<Item = i64>) -> String {
        let elements: Vec<_> = elements.into_iter().collect();
        self.ints(&[elements.len()], elements)
    }

    fn reshape(&mut self, x: &str, shape: &[usize]) -> String {
        let shape = self.list(dims(shape));
        // A length of 0 is one, not one that is to be copied.
        self.emit("Reshape", &[x, &shape], vec![Attribute::int("allowzero", 1)])
    }

    /// `x`, which has the shape `found`, in the shape `asked`: one place along an axis is often not written as an axis.
    fn shaped(&mut self, x: String, found: &[usize], asked: &[usize]) -> String {
        if found == asked { x } else { self.reshape(&x, asked) }
    }

    fn permute(&mut self, x: &str, axes: impl IntoIterator<Item = usize>) -> String {
        let axes = axes.into_iter().map(|axis| axis as i64).collect();
        self.emit("Transpose", &[x], vec![Attribute::ints("perm", axes)])
    }

    fn zeros(&mut self, shape: &[usize]) -> String {
        let name = self.fresh("zeros");
        self.initialize(name, shape, &vec![T::zero(); shape.iter().product()])
    }

    fn computed(&mut self, op: &TensorOp, value: &Value) -> Result<String, Error> {
        let x = self.operand(value, 0);
        Ok(match op {
            TensorOp::Leaf | TensorOp::StackVars => unreachable!("{op:?} is no computed tensor of a program"),
            TensorOp::Detach => self.emit("Identity", &[&x], Vec::new()),
            TensorOp::Unary(rule) => self.formula(&unary(*rule), op.name(), &[&x])?,
            &TensorOp::Powi(n) => {
                let exponent = self.number(f64::from(n));
                self.emit("Pow", &[&x, &exponent], Vec::new())
            }
            TensorOp::Binary(rule) => {
                let y = self.operand(value, 1);
                self.formula(&binary(*rule), op.name(), &[&x, &y])?
            }
            TensorOp::Compare(comparison) => self.compare(*comparison, &x, &self.operand(value, 1)),
            TensorOp::Select => {
                let mask = self.emit("Cast", &[&x], vec![Attribute::int("to", DataType::Bool as i64)]);
                self.emit("Where", &[&mask, &self.operand(value, 1), &self.operand(value, 2)], Vec::new())
            }
            TensorOp::Linear(linear) => self.linear(linear, value, &x),
            &TensorOp::MatMul { left_transposed, right_transposed } => {
                self.product([left_transposed, right_transposed], value)
            }
            &TensorOp::Concat { axis } => {
                let operands: Vec<_> =
                    (0..value.operands.len()).map(|position| self.operand(value, position)).collect();
                let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
                self.emit("Concat", &operands, vec![Attribute::int("axis", axis as i64)])
            }
            TensorOp::Extreme(extreme) => {
                let operator = match extreme {
                    Extreme::Max => "ReduceMax",
                    Extreme::Min => "ReduceMin",
                };
                self.emit(operator, &[&x], vec![Attribute::int("keepdims", 0)])
            }
            TensorOp::Softmax => self.emit("Softmax", &[&x], vec![Attribute::int("axis", -1)]),
            TensorOp::LogSoftmax => self.emit("LogSoftmax", &[&x], vec![Attribute::int("axis", -1)]),
            TensorOp::Custom(operation) => return Err(Error::NotInOnnx { operation }),
        })
    }

    fn formula(&mut self, formula: &Formula, operation: &'static str, operands: &[&str]) -> Result<String, Error> {
        let mut names: Vec<String> = Vec::with_capacity(formula.lines().len());
        for term in formula.lines() {
            let name = match term {
                &Term::Operand(number) => operands[number].to_owned(),
                &Term::Constant(value) => self.number(value),
                Term::MinPositive => self.number(Real::widen(T::min_positive_value())),
                Term::Operator(operator, lines) => {
                    let inputs: Vec<&str> = lines.iter().flatten().map(|line| names[line.line()].as_str()).collect();
                    // The remainder with the sign of the dividend, as Rust has it.
                    let fmod = (*operator == "Mod").then(|| Attribute::int("fmod", 1));
                    self.emit(operator, &inputs, fmod.into_iter().collect())
                }
                Term::Missing => return Err(Error::NotInOnnx { operation }),
            };
            names.push(name);
        }
        Ok(names.pop().expect("a formula has a result"))
    }

    fn compare(&mut self, comparison: Comparison, x: &str, y: &str) -> String {
        let (operator, negated) = match comparison {
            Comparison::Less => ("Less", false),
            Comparison::LessOrEqual => ("LessOrEqual", false),
            Comparison::Greater => ("Greater", false),
            Comparison::GreaterOrEqual => ("GreaterOrEqual", false),
            Comparison::Equal => ("Equal", false),
            Comparison::NotEqual => ("Equal", true),
        };
        let mut mask = self.emit(operator, &[x, y], Vec::new());
        if negated {
            mask = self.emit("Not", &[&mask], Vec::new());
        }
        self.emit("Cast", &[&mask], vec![Attribute::int("to", data_type::<T>() as i64)])
    }

    /// `Gemm` where it serves, which takes swapped factors as they are; `MatMul` for batches.
    fn product(&mut self, swapped: [bool; 2], value: &Value) -> String {
        let ranks = [0, 1].map(|side| self.operand_shape(value, side).rank());
        let [left, right] = [0, 1].map(|side| self.operand(value, side));
        if ranks == [2, 2] {
            let flags = [("transA", swapped[0]), ("transB", swapped[1])];
            let flags = flags.iter().filter(|(_, set)| *set).map(|(name, _)| Attribute::int(name, 1)).collect();
            return self.emit("Gemm", &[&left, &right], flags);
        }
        let factors = [(left, swapped[0], ranks[0]), (right, swapped[1], ranks[1])].map(|(factor, swapped, rank)| {
            let swap = || (0..rank - 2).chain([rank - 1, rank - 2]);
            if swapped { self.permute(&factor, swap()) } else { factor }
        });
        self.emit("MatMul", &[&factors[0], &factors[1]], Vec::new())
    }

    fn linear(&mut self, linear: &Linear, value: &Value, x: &str) -> String {
        let own = self.operand_shape(value, 0);
        match linear {
            Linear::Reshape => self.reshape(x, &value.shape),
            Linear::Permute(axes) => self.permute(x, axes.iter().map(|&axis| usize::from(axis))),
            Linear::Sum(axes) => {
                let list: Vec<_> =
                    (0..own.rank()).filter(|&axis| axes.contains(axis)).map(|axis| axis as i64).collect();
                let list = self.list(list);
                let sum = self.emit("ReduceSum", &[x, &list], vec![Attribute::int("keepdims", 0)]);
                let left = (0..own.rank()).filter(|&axis| !axes.contains(axis)).count();
                if left == value.shape.rank() { sum } else { self.reshape(&sum, &value.shape) }
            }
            Linear::Broadcast(axes) => self.broadcast(*axes, x, own, &value.shape),
            Linear::Slice(cut) => self.slice(cut, x, own, &value.shape),
            Linear::Pad(cut) => self.pad(cut, x, own, &value.shape),
            &Linear::SelectRows { axis, indices } => {
                let places = self.indices(indices, value, &[indices.len as usize]);
                let rows = self.emit("Gather", &[x, &places], vec![Attribute::int("axis", axis as i64)]);
                self.shaped(rows, &with_length(own, axis, indices.len as usize), &value.shape)
            }
            &Linear::TakeAlong { axis, indices } => {
                let shape = along(own, axis, indices);
                let places = self.indices(indices, value, &shape);
                let taken = self.emit("GatherElements", &[x, &places], vec![Attribute::int("axis", axis as i64)]);
                self.shaped(taken, &shape, &value.shape)
            }
            &Linear::AddRows { axis, indices } => {
                let shape = with_length(&value.shape, axis, indices.len as usize);
                let x = self.shaped(x.to_owned(), own, &shape);
                let column = with_length(&vec![1; shape.len()], axis, indices.len as usize);
                let column = self.indices(indices, value, &column);
                let shape = self.list(dims(&shape));
                let places = self.emit("Expand", &[&column, &shape], Vec::new());
                self.add_at(axis, &places, &x, &value.shape)
            }
            &Linear::PutAlong { axis, indices } => {
                let shape = along(&value.shape, axis, indices);
                let x = self.shaped(x.to_owned(), own, &shape);
                let places = self.indices(indices, value, &shape);
                self.add_at(axis, &places, &x, &value.shape)
            }
            Linear::RunningSum { axis, reversed } => {
                let axis = self.ints(&[], vec![*axis as i64]);
                self.emit("CumSum", &[x, &axis], vec![Attribute::int("reverse", (*reversed).into())])
            }
            Linear::Windows(windows) => self.windows(windows, x, own),
            Linear::OverlapAdd(windows) => self.overlap_add(windows, x, own, &value.shape),
        }
    }

    /// The indices of an operation in this shape: as they are, or as an input or another value brings them.
    fn indices(&mut self, saved: Saved, value: &Value, shape: &[usize]) -> String {
        if let Some(entry) = self.graph.index_inputs.iter().find(|entry| entry.list == saved) {
            let input = self.inputs[entry.input].clone();
            return self.reshape(&input, shape);
        }
        // Behind the one operand comes the value that fills in the list.
        if value.operands.len() > 1 {
            let places = self.operand(value, 1);
            return self.reshape(&places, shape);
        }
        self.ints(shape, saved.of(&self.graph.indices).iter().map(|&index| i64::from(index)).collect())
    }

    fn add_at(&mut self, axis: usize, indices: &str, x: &str, shape: &[usize]) -> String {
        let zeros = self.zeros(shape);
        let attributes = vec![Attribute::int("axis", axis as i64), Attribute::string("reduction", "add")];
        self.emit("ScatterElements", &[&zeros, indices, x], attributes)
    }

    fn broadcast(&mut self, axes: AxisSet, x: &str, own: &Shape, shape: &Shape) -> String {
        let aligned: Vec<_> = (0..shape.rank()).map(|axis| if axes.contains(axis) { 1 } else { shape[axis] }).collect();
        let x = if **own == *aligned { x.to_owned() } else { self.reshape(x, &aligned) };
        let shape = self.list(dims(shape));
        self.emit("Expand", &[&x, &shape], Vec::new())
    }

    fn slice(&mut self, cut: &Cut, x: &str, own: &Shape, shape: &Shape) -> String {
        let starts: Vec<_> = cut.starts.iter().map(|&start| i64::from(start)).collect();
        let steps: Vec<_> = cut.steps.iter().map(|&step| i64::from(step)).collect();
        let ends = (0..own.rank()).map(|axis| match starts[axis] + steps[axis] * shape[axis] as i64 {
            // Before the first element; a plain -1 is the last one.
            ..=-1 => -(own[axis] as i64) - 1,
            end => end,
        });
        let ends = self.list(ends);
        let [starts, axes, steps] = [starts, (0..own.rank() as i64).collect(), steps].map(|list| self.list(list));
        self.emit("Slice", &[x, &starts, &ends, &axes, &steps], Vec::new())
    }

    fn pad(&mut self, cut: &Cut, x: &str, own: &Shape, shape: &Shape) -> String {
        if cut.steps.iter().all(|&step| step == 1) {
            let before = cut.starts.iter().map(|&start| i64::from(start));
            let behind =
                (0..own.rank()).map(|axis| shape[axis] as i64 - own[axis] as i64 - i64::from(cut.starts[axis]));
            let pads = self.list(before.chain(behind));
            return self.emit("Pad", &[x, &pads], Vec::new());
        }
        let strides = strides(shape);
        let start = cut.starts.iter().zip(&strides).map(|(&start, &stride)| i64::from(start) * stride).sum();
        let steps: Vec<_> = cut.steps.iter().zip(&strides).map(|(&step, &stride)| i64::from(step) * stride).collect();
        let places = places(own, &steps, start);
        self.add_flat(places, x, shape)
    }

    /// Adds all elements to places that are counted row by row.
    fn add_flat(&mut self, places: Vec<i64>, x: &str, shape: &Shape) -> String {
        let elements = self.reshape(x, &[places.len()]);
        let places = self.list(places);
        let sums = self.add_at(0, &places, &elements, &[shape.size()]);
        self.reshape(&sums, shape)
    }

    fn windows(&mut self, windows: &Windows, x: &str, own: &Shape) -> String {
        // Where each axis of the operand, and the inside of each window, is while axes are gathered.
        let mut outside: Vec<usize> = (0..own.rank()).collect();
        let mut inside: Vec<usize> = Vec::new();
        let mut x = x.to_owned();
        for window in &windows.windows {
            let axis = outside[usize::from(window.axis)];
            let [count, size] = [window.count(own[usize::from(window.axis)]), window.size as usize];
            let [step, dilation] = [window.step as usize, window.dilation as usize];
            let places = (0..count).flat_map(|at| (0..size).map(move |within| (at * step + within * dilation) as i64));
            let places = self.ints(&[count, size], places.collect());
            x = self.emit("Gather", &[&x, &places], vec![Attribute::int("axis", axis as i64)]);
            outside.iter_mut().chain(&mut inside).filter(|place| **place > axis).for_each(|place| *place += 1);
            inside.push(axis + 1);
        }
        let first = usize::from(windows.first);
        outside.splice(first..first, inside);
        self.permute(&x, outside)
    }

    fn overlap_add(&mut self, windows: &Windows, x: &str, own: &Shape, shape: &Shape) -> String {
        let first = usize::from(windows.first);
        let inside = first..first + windows.windows.len();
        let outside = (0..own.rank()).filter(|axis| !inside.contains(axis));
        let strides = strides(shape);
        let mut steps = vec![0; own.rank()];
        outside.zip(&strides).for_each(|(axis, &stride)| steps[axis] = stride);
        for (window, place) in windows.windows.iter().zip(inside) {
            let axis = usize::from(window.axis);
            steps[if axis < first { axis } else { axis + windows.windows.len() }] *= i64::from(window.step);
            steps[place] = strides[axis] * i64::from(window.dilation);
        }
        let places = places(own, &steps, 0);
        self.add_flat(places, x, shape)
    }
}

fn with_length(shape: &[usize], axis: usize, length: usize) -> Vec<usize> {
    let mut shape = shape.to_vec();
    shape[axis] = length;
    shape
}

/// The shape of a list with as many indices for every line along the axis.
fn along(shape: &[usize], axis: usize, indices: Saved) -> Vec<usize> {
    let lines = with_length(shape, axis, 1).iter().product::<usize>();
    with_length(shape, axis, (indices.len as usize).checked_div(lines).unwrap_or_default())
}

fn dims(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&length| length as i64).collect()
}

/// How far apart two elements of an array are that follow each other along an axis.
fn strides(shape: &[usize]) -> Vec<i64> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis] as i64;
    }
    strides
}

/// `start + Σ steps[axis] index[axis]` for every index of the shape, row by row.
fn places(shape: &[usize], steps: &[i64], start: i64) -> Vec<i64> {
    let mut places = vec![start];
    for (&length, &step) in shape.iter().zip(steps) {
        places = places.iter().flat_map(|&place| (0..length as i64).map(move |index| place + step * index)).collect();
    }
    places
}
