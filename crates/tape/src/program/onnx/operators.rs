//! What are the operations of a graph in ONNX's operators?
//!
//! Structural operations have operators of their own there, except for windows: those gather along each axis in turn,
//! which needs a list of positions an axis instead of one for every element. Adding to places that were zero is
//! `ScatterElements`.

use super::formula::{Formula, Term, binary, unary};
use super::message::{Attribute, DataType};
use super::writer::{Writer, data_type, dims};
use crate::error::Error;
use crate::indices::Saved;
use crate::kernel::{PlaneWindows, Search};
use crate::op::{Comparison, Extreme, TensorOp};
use crate::program::graph::{Source, Value};
use crate::real::Real;
use crate::shape::Shape;
use crate::transpose::{AxisSet, Cut, Linear, Window, Windows};

impl<T: Real> Writer<'_, T> {
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
        let within = self.emit("ArgMax", &[&x], vec![Attribute::int("axis", 2)]);
        let within = self.reshape(&within, &[planes, count]);
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
