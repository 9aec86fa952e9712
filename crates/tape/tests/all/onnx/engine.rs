//! A second opinion on what an exported model computes: its operators as the standard describes them, on arrays, without
//! any of the tape's code.

use std::collections::HashMap;

use ndarray::{ArrayD, ArrayViewD, Axis, Dimension, IxDyn, Slice, Zip};

use super::reader::{Model, Node};

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Floats(ArrayD<f64>),
    Ints(ArrayD<i64>),
    Masks(ArrayD<bool>),
}

impl Value {
    fn floats(&self) -> &ArrayD<f64> {
        match self {
            Self::Floats(floats) => floats,
            other => panic!("floats expected, not {other:?}"),
        }
    }

    fn ints(&self) -> &ArrayD<i64> {
        match self {
            Self::Ints(ints) => ints,
            other => panic!("integers expected, not {other:?}"),
        }
    }

    fn masks(&self) -> &ArrayD<bool> {
        match self {
            Self::Masks(masks) => masks,
            other => panic!("masks expected, not {other:?}"),
        }
    }

    fn list(&self) -> Vec<i64> {
        self.ints().iter().copied().collect()
    }
}

/// Evaluates a model; returns its outputs in order.
pub(crate) fn evaluate(model: &Model, inputs: &[Value]) -> Vec<ArrayD<f64>> {
    let mut values: HashMap<String, Value> = model.initializers.clone();
    assert_eq!(inputs.len(), model.inputs.len());
    values.extend(model.inputs.iter().zip(inputs).map(|((name, _, _), value)| (name.clone(), value.clone())));
    for node in &model.nodes {
        let operands: Vec<&Value> = node
            .inputs
            .iter()
            .map(|name| values.get(name).unwrap_or_else(|| panic!("{name} comes too late")))
            .collect();
        let outputs = if node.operator == "TopK" { top_k(node, &operands) } else { vec![compute(node, &operands)] };
        assert_eq!(outputs.len(), node.outputs.len());
        for (name, output) in node.outputs.iter().zip(outputs) {
            assert!(values.insert(name.clone(), output).is_none(), "{name} is written once");
        }
    }
    let outputs = model.outputs.iter().map(|(name, _, shape)| {
        let output = values[name].floats().clone();
        assert_eq!(output.shape(), shape, "{name}");
        output
    });
    outputs.collect()
}

fn broadcast_shape(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let length = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    (0..rank)
        .map(|axis| match (length(a, axis), length(b, axis)) {
            (1, other) | (other, 1) => other,
            (one, other) => {
                assert_eq!(one, other, "shapes broadcast");
                one
            }
        })
        .collect()
}

fn map2<A: Copy, B: Copy, R>(a: &ArrayD<A>, b: &ArrayD<B>, f: impl Fn(A, B) -> R) -> ArrayD<R> {
    let shape = broadcast_shape(a.shape(), b.shape());
    let a = a.broadcast(&*shape).expect("the common shape");
    let b = b.broadcast(&*shape).expect("the common shape");
    Zip::from(&a).and(&b).map_collect(|&a, &b| f(a, b))
}

/// The axis that a possibly negative number means.
fn axis(node: &Node, rank: usize) -> usize {
    let axis = node.ints["axis"][0];
    (if axis < 0 { axis + rank as i64 } else { axis }) as usize
}

fn flag(node: &Node, name: &str) -> bool {
    node.ints.get(name).is_some_and(|value| value[0] != 0)
}

fn compute(node: &Node, operands: &[&Value]) -> Value {
    let x = operands[0];
    if let Some(function) = function(&node.operator) {
        return Value::Floats(x.floats().mapv(function));
    }
    if let Some(function) = arithmetic(&node.operator) {
        if let (Value::Ints(places), "Add") = (x, &*node.operator) {
            let sum =
                map2(&places.mapv(|place| place as f64), &operands[1].ints().mapv(|place| place as f64), function);
            return Value::Ints(sum.mapv(|place| place as i64));
        }
        if node.operator == "Mod" {
            assert!(flag(node, "fmod"), "floats have this remainder only");
        }
        return Value::Floats(map2(x.floats(), operands[1].floats(), function));
    }
    if let Some(comparison) = comparison(&node.operator) {
        return Value::Masks(map2(x.floats(), operands[1].floats(), comparison));
    }
    match node.operator.as_str() {
        "IsNaN" => Value::Masks(x.floats().mapv(f64::is_nan)),
        "Not" => Value::Masks(x.masks().mapv(|mask| !mask)),
        "And" => Value::Masks(map2(x.masks(), operands[1].masks(), |a, b| a && b)),
        "Or" => Value::Masks(map2(x.masks(), operands[1].masks(), |a, b| a || b)),
        "Where" => {
            let choices = map2(operands[1].floats(), operands[2].floats(), |yes, no| (yes, no));
            Value::Floats(map2(x.masks(), &choices, |mask, (yes, no)| if mask { yes } else { no }))
        }
        "Cast" => match x {
            Value::Masks(masks) => Value::Floats(masks.mapv(|mask| f64::from(u8::from(mask)))),
            Value::Floats(floats) => {
                assert_eq!(node.ints["to"], [9], "floats become masks");
                Value::Masks(floats.mapv(|float| float != 0.0))
            }
            Value::Ints(_) => panic!("integers are cast to nothing"),
        },
        "Identity" => x.clone(),
        "Reshape" => {
            assert!(flag(node, "allowzero"));
            let shape: Vec<usize> = operands[1].list().iter().map(|&length| length as usize).collect();
            match x {
                Value::Floats(floats) => {
                    Value::Floats(floats.to_shape(&*shape).expect("as many elements").into_owned())
                }
                Value::Ints(ints) => Value::Ints(ints.to_shape(&*shape).expect("as many elements").into_owned()),
                Value::Masks(_) => panic!("masks are not reshaped"),
            }
        }
        "Transpose" => {
            let axes: Vec<usize> = node.ints["perm"].iter().map(|&axis| axis as usize).collect();
            Value::Floats(x.floats().view().permuted_axes(&*axes).as_standard_layout().into_owned())
        }
        "Expand" => {
            let shape: Vec<usize> = operands[1].list().iter().map(|&length| length as usize).collect();
            match x {
                Value::Ints(ints) => Value::Ints(ints.broadcast(&*shape).expect("the shape").to_owned()),
                floats => Value::Floats(floats.floats().broadcast(&*shape).expect("the shape").to_owned()),
            }
        }
        "Concat" => {
            let views: Vec<ArrayViewD<'_, f64>> = operands.iter().map(|operand| operand.floats().view()).collect();
            let axis = Axis(axis(node, views[0].ndim()));
            Value::Floats(ndarray::concatenate(axis, &views).expect("shapes that fit"))
        }
        "ReduceSum" => {
            let mut axes = operands[1].list();
            axes.sort_unstable();
            assert!(node.ints["keepdims"] == [0]);
            Value::Floats(axes.iter().rev().fold(x.floats().clone(), |sum, &axis| sum.sum_axis(Axis(axis as usize))))
        }
        "ReduceMax" | "ReduceMin" => {
            let larger = |a: f64, b: f64| if a.is_nan() || a > b { a } else { b };
            let sign = if node.operator == "ReduceMax" { 1.0 } else { -1.0 };
            let extreme = x.floats().iter().map(|x| sign * x).fold(f64::NEG_INFINITY, larger);
            Value::Floats(ArrayD::from_elem(IxDyn(&[]), sign * extreme))
        }
        "ArgMax" | "ArgMin" => {
            let sign = if node.operator == "ArgMax" { 1.0 } else { -1.0 };
            let places = x.floats().map_axis(Axis(axis(node, x.floats().ndim())), |lane| {
                (0..lane.len()).fold(0, |best, at| if sign * lane[at] > sign * lane[best] { at } else { best }) as i64
            });
            assert!(!node.ints.contains_key("keepdims"), "the axis stays");
            Value::Ints(places.insert_axis(Axis(axis(node, x.floats().ndim()))))
        }
        "Softmax" | "LogSoftmax" => {
            let mut y = x.floats().clone();
            let axis = Axis(axis(node, y.ndim()));
            for mut lane in y.lanes_mut(axis) {
                let largest = lane.fold(f64::NEG_INFINITY, |a, &b| a.max(b));
                let sum: f64 = lane.iter().map(|x| (x - largest).exp()).sum();
                let log = node.operator == "LogSoftmax";
                lane.mapv_inplace(|x| if log { x - largest - sum.ln() } else { (x - largest).exp() / sum });
            }
            Value::Floats(y)
        }
        "CumSum" => {
            let mut y = x.floats().clone();
            let axis = Axis(operands[1].list()[0] as usize);
            for mut lane in y.lanes_mut(axis) {
                if flag(node, "reverse") {
                    lane.invert_axis(Axis(0));
                }
                (1..lane.len()).for_each(|at| lane[at] += lane[at - 1]);
            }
            Value::Floats(y)
        }
        "Slice" => {
            let [starts, ends, axes, steps] = [1, 2, 3, 4].map(|operand: usize| operands[operand].list());
            let mut y = x.floats().clone();
            for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
                y = cut(&y, axis as usize, start, end, step);
            }
            Value::Floats(y)
        }
        "Pad" => Value::Floats(pad(x.floats(), &operands[1].list())),
        "Gather" if matches!(x, Value::Ints(_)) => {
            let places = x.ints().mapv(|place| place as f64);
            Value::Ints(gather(&places, axis(node, places.ndim()), operands[1].ints()).mapv(|place| place as i64))
        }
        "Gather" => Value::Floats(gather(x.floats(), axis(node, x.floats().ndim()), operands[1].ints())),
        "GatherElements" => {
            let axis = axis(node, x.floats().ndim());
            let indices = operands[1].ints();
            Value::Floats(ArrayD::from_shape_fn(indices.raw_dim(), |at| {
                let mut from = at.clone();
                from[axis] = indices[&at] as usize;
                x.floats()[from]
            }))
        }
        "ScatterElements" => {
            assert_eq!(node.texts["reduction"], "add");
            let axis = axis(node, x.floats().ndim());
            let mut y = x.floats().clone();
            for (at, &index) in operands[1].ints().indexed_iter() {
                let update = operands[2].floats()[&at];
                let mut to = at;
                to[axis] = index as usize;
                y[to] += update;
            }
            Value::Floats(y)
        }
        "Gemm" => {
            let side = |operand: usize, name| {
                let matrix = operands[operand].floats().view();
                (if flag(node, name) { matrix.reversed_axes() } else { matrix }).to_owned()
            };
            Value::Floats(matmul(&side(0, "transA"), &side(1, "transB")))
        }
        "MatMul" => Value::Floats(matmul(x.floats(), operands[1].floats())),
        other => panic!("{other} is none of an export's operators"),
    }
}

fn top_k(node: &Node, operands: &[&Value]) -> Vec<Value> {
    let (x, count) = (operands[0].floats(), operands[1].list()[0] as usize);
    let axis = axis(node, x.ndim());
    let mut shape = x.shape().to_vec();
    shape[axis] = count;
    let mut places = ArrayD::zeros(shape);
    for (lane, mut found) in x.lanes(Axis(axis)).into_iter().zip(places.lanes_mut(Axis(axis))) {
        let mut order: Vec<usize> = (0..lane.len()).collect();
        order.sort_by(
            |&a, &b| if flag(node, "largest") { lane[b].total_cmp(&lane[a]) } else { lane[a].total_cmp(&lane[b]) },
        );
        found.iter_mut().zip(order).for_each(|(found, place)| *found = place as i64);
    }
    let elements = ArrayD::from_shape_fn(places.raw_dim(), |at| {
        let mut from = at.clone();
        from[axis] = places[&at] as usize;
        x[from]
    });
    vec![Value::Floats(elements), Value::Ints(places)]
}

fn function(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "Neg" => |x| -x,
        "Abs" => f64::abs,
        "Sign" => |x| if x == 0.0 { 0.0 } else { x.signum() },
        "Floor" => f64::floor,
        "Ceil" => f64::ceil,
        "Reciprocal" => f64::recip,
        "Sqrt" => f64::sqrt,
        "Exp" => f64::exp,
        "Log" => f64::ln,
        "Sin" => f64::sin,
        "Cos" => f64::cos,
        "Tan" => f64::tan,
        "Asin" => f64::asin,
        "Acos" => f64::acos,
        "Atan" => f64::atan,
        "Sinh" => f64::sinh,
        "Cosh" => f64::cosh,
        "Tanh" => f64::tanh,
        "Asinh" => f64::asinh,
        "Acosh" => f64::acosh,
        "Atanh" => f64::atanh,
        "Sigmoid" => |x| 1.0 / (1.0 + (-x).exp()),
        "Erf" => libm::erf,
        "Relu" => |x| if x < 0.0 { 0.0 } else { x },
        "Softsign" => |x| x / (1.0 + x.abs()),
        "HardSwish" => |x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
        _ => return None,
    })
}

fn arithmetic(name: &str) -> Option<fn(f64, f64) -> f64> {
    Some(match name {
        "Add" => |a, b| a + b,
        "Sub" => |a, b| a - b,
        "Mul" => |a, b| a * b,
        "Div" => |a, b| a / b,
        "Mod" => |a, b| a % b,
        "Pow" => f64::powf,
        _ => return None,
    })
}

fn comparison(name: &str) -> Option<fn(f64, f64) -> bool> {
    Some(match name {
        "Less" => |a, b| a < b,
        "LessOrEqual" => |a, b| a <= b,
        "Greater" => |a, b| a > b,
        "GreaterOrEqual" => |a, b| a >= b,
        "Equal" => |a, b| a == b,
        _ => return None,
    })
}

fn cut(x: &ArrayD<f64>, axis: usize, start: i64, end: i64, step: i64) -> ArrayD<f64> {
    let length = x.shape()[axis] as i64;
    let counted = |at: i64| if at < 0 { at + length } else { at };
    let (start, end) = (counted(start), counted(end));
    let mut places = Vec::new();
    let mut at = start;
    while (step > 0 && at < end.min(length)) || (step < 0 && at > end.max(-1)) {
        places.push(at);
        at += step;
    }
    gather(x, axis, &ArrayD::from_shape_vec(IxDyn(&[places.len()]), places).expect("a list"))
}

fn pad(x: &ArrayD<f64>, pads: &[i64]) -> ArrayD<f64> {
    let rank = x.ndim();
    let padded = |axis: usize| (x.shape()[axis] as i64 + pads[axis] + pads[rank + axis]) as usize;
    let mut y = ArrayD::zeros((0..rank).map(padded).collect::<Vec<_>>());
    let mut inner = y.view_mut();
    for (axis, &start) in pads[..rank].iter().enumerate() {
        let start = start as isize;
        inner.slice_axis_inplace(Axis(axis), Slice::from(start..start + x.shape()[axis] as isize));
    }
    inner.assign(x);
    y
}

/// The indices' axes take the place of the axis.
fn gather(x: &ArrayD<f64>, axis: usize, indices: &ArrayD<i64>) -> ArrayD<f64> {
    let mut shape = x.shape().to_vec();
    shape.splice(axis..=axis, indices.shape().iter().copied());
    ArrayD::from_shape_fn(shape, |at| {
        let at = at.slice();
        let index = indices[&at[axis..axis + indices.ndim()]] as usize;
        let from: Vec<usize> =
            at[..axis].iter().copied().chain([index]).chain(at[axis + indices.ndim()..].iter().copied()).collect();
        x[&*from]
    })
}

fn matmul(a: &ArrayD<f64>, b: &ArrayD<f64>) -> ArrayD<f64> {
    let (left, right) = (a.ndim() - 2, b.ndim() - 2);
    let batch = broadcast_shape(&a.shape()[..left], &b.shape()[..right]);
    let [rows, inner, columns] = [a.shape()[left], a.shape()[left + 1], b.shape()[right + 1]];
    assert_eq!(inner, b.shape()[right]);
    let own = |x: &ArrayD<f64>, rank: usize, at: &[usize]| -> Vec<usize> {
        let skipped = batch.len() - rank;
        (0..rank).map(|axis| if x.shape()[axis] == 1 { 0 } else { at[skipped + axis] }).collect()
    };
    let shape: Vec<usize> = batch.iter().copied().chain([rows, columns]).collect();
    ArrayD::from_shape_fn(shape, |at| {
        let at = at.slice();
        let (at, [row, column]) = (&at[..batch.len()], [at[batch.len()], at[batch.len() + 1]]);
        let [from_a, from_b] = [own(a, left, at), own(b, right, at)];
        (0..inner)
            .map(|k| {
                let a = a[&*from_a.iter().copied().chain([row, k]).collect::<Vec<_>>()];
                a * b[&*from_b.iter().copied().chain([k, column]).collect::<Vec<_>>()]
            })
            .sum()
    })
}
