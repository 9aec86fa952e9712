//! What is on the tape: as a list, as a picture, as numbers.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;
use std::fmt::Write;

use crate::error::Error;
use crate::op::{Argument, Node, Op, TensorOp};
use crate::params::Parameter;
use crate::position::Eras;
use crate::real::{Real, shortest};
use crate::shape::Shape;
use crate::sweep::Root;
use crate::tape::{Slot, Storage, Tape};

/// A recording, or the part of it that lies under a root, to be looked at: what [`Tape::graph`] returns.
///
/// It is a copy, so that it can be kept. It prints as a numbered list, in the middle of which long ones are abbreviated
/// (`{:#}` prints them whole), and is drawn by Graphviz or Mermaid.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.var(3.0);
/// let t = tape.variable([[1.0, 2.0]]);
/// let y = (t * x).tanh().sum();
/// assert_eq!(tape.graph().under(y).to_string(), "\
/// %1 = variable() = 3
/// %2 = variable() [1, 2]
/// %3 = stack_vars(%1) []
/// %4 = mul(%2, %3) [1, 2]
/// %5 = tanh(%4) [1, 2]
/// %6 = sum(%5) []
/// ");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    nodes: Vec<GraphNode>,
    /// The numbers that handles of the recording bear.
    eras: Eras,
}

/// One operation of a [`Graph`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GraphNode {
    /// Its number on the tape, from 1.
    pub number: u32,
    /// The operation, as its method is called; `variable`, `constant` or `parameter` where nothing comes before it.
    pub operation: &'static str,
    /// What it is applied to.
    pub operands: Vec<GraphOperand>,
    /// A tensor's shape; none for a scalar.
    pub shape: Option<Shape>,
    /// A scalar's value.
    pub value: Option<f64>,
    /// A parameter's name.
    pub name: Option<String>,
    /// The floating-point operations that computing it took; a function of an element counts as one.
    pub flops: u64,
    /// The bytes that it takes of the tape: its entry, and its elements unless they lie in another's memory.
    pub bytes: usize,
    /// The element type's name.
    element: &'static str,
}

/// What an operation of a [`Graph`] is applied to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GraphOperand {
    /// The result of the operation with this number; `true` if a product reads its last two axes swapped.
    Node(u32, bool),
    /// A constant.
    Number(f64),
}

impl GraphOperand {
    fn write(&self, f: &mut fmt::Formatter<'_>, element: &str) -> fmt::Result {
        match self {
            Self::Node(number, false) => write!(f, "%{number}"),
            Self::Node(number, true) => write!(f, "%{number}^T"),
            Self::Number(number) => write!(f, "{}", shortest(*number, element)),
        }
    }
}

impl fmt::Display for GraphNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{} = {}(", self.number, self.operation)?;
        if let Some(name) = &self.name {
            write!(f, "{name:?}")?;
        }
        for (position, operand) in self.operands.iter().enumerate() {
            write!(f, "{}", if position == 0 { "" } else { ", " })?;
            operand.write(f, self.element)?;
        }
        write!(f, ")")?;
        if let Some(shape) = &self.shape {
            write!(f, " {shape}")?;
        }
        if let Some(value) = self.value {
            write!(f, " = {}", shortest(value, self.element))?;
        }
        Ok(())
    }
}

/// How many operations a list shows at its beginning and at its end, if it is not to be printed whole.
const SHOWN: usize = 20;

/// Writes a list of so many lines, the middle left out if it is long.
fn write_lines(f: &mut fmt::Formatter<'_>, len: usize, line: impl Fn(usize) -> GraphNode) -> fmt::Result {
    let whole = f.alternate() || len <= 2 * SHOWN + 1;
    let (head, tail) = if whole { (len, len) } else { (SHOWN, len - SHOWN) };
    for index in 0..head {
        writeln!(f, "{}", line(index))?;
    }
    if !whole {
        writeln!(f, "... {} more ...", tail - head)?;
    }
    for index in tail..len {
        writeln!(f, "{}", line(index))?;
    }
    Ok(())
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(f, self.nodes.len(), |index| self.nodes[index].clone())
    }
}

impl<T: Real> fmt::Display for Tape<T> {
    /// The recording as a numbered list, abbreviated in the middle if it is long; whole with `{:#}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let storage = self.read();
        write_lines(f, storage.nodes.len() - 1, |index| storage.describe(index as u32 + 1))
    }
}

impl Graph {
    /// The operations, in the order in which they were recorded.
    #[must_use]
    pub fn nodes(&self) -> &[GraphNode] {
        &self.nodes
    }

    /// What the root is computed from, and the root.
    ///
    /// # Panics
    /// If the root is not of the recording that this graph shows.
    #[must_use]
    #[track_caller]
    pub fn under<T: Real>(&self, root: impl Root<T>) -> Self {
        let (recording, number) = root.handle().place();
        let behind = self.nodes.last().map_or(0, |node| node.number as usize + 1);
        if !self.eras.contain(recording, number, behind) {
            panic!("{}", Error::NotInGraph);
        }
        let mut wanted = HashSet::from([number]);
        let mut nodes: Vec<GraphNode> = Vec::new();
        for node in self.nodes.iter().rev().filter(|node| node.number <= number) {
            if wanted.contains(&node.number) {
                wanted.extend(node.operands.iter().filter_map(|operand| match operand {
                    GraphOperand::Node(operand, _) => Some(*operand),
                    GraphOperand::Number(_) => None,
                }));
                nodes.push(node.clone());
            }
        }
        nodes.reverse();
        Self { nodes, eras: self.eras.clone() }
    }

    /// The graph in the language of Graphviz: `dot -Tsvg` draws it, from the leaves down to the roots.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let y = tape.var(3.0).powi(2);
    /// assert_eq!(tape.graph().to_dot(), "\
    /// digraph tape {
    ///   node [shape=box];
    ///   n1 [label=\"variable\\n3\", style=rounded];
    ///   n2 [label=\"powi(., 2)\\n9\"];
    ///   n1 -> n2;
    /// }
    /// ");
    /// # let _ = y;
    /// ```
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut dot = String::from("digraph tape {\n  node [shape=box];\n");
        for node in &self.nodes {
            let label = node.label().map(|line| line.replace('\\', "\\\\").replace('"', "\\\"")).join("\\n");
            let style = if node.is_leaf() { ", style=rounded" } else { "" };
            let _ = writeln!(dot, "  n{} [label=\"{label}\"{style}];", node.number);
        }
        for (from, to) in self.edges() {
            let _ = writeln!(dot, "  n{from} -> n{to};");
        }
        dot + "}\n"
    }

    /// The graph in the language of Mermaid, which many viewers of Markdown draw.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let y = tape.var(3.0).powi(2);
    /// assert_eq!(tape.graph().to_mermaid(), "\
    /// flowchart TD
    ///   n1(\"variable<br/>3\")
    ///   n2[\"powi(., 2)<br/>9\"]
    ///   n1 --> n2
    /// ");
    /// # let _ = y;
    /// ```
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut mermaid = String::from("flowchart TD\n");
        for node in &self.nodes {
            let escaped = |line: String| line.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;");
            let label = node.label().map(escaped).join("<br/>");
            let (open, close) = if node.is_leaf() { ('(', ')') } else { ('[', ']') };
            let _ = writeln!(mermaid, "  n{}{open}\"{label}\"{close}", node.number);
        }
        for (from, to) in self.edges() {
            let _ = writeln!(mermaid, "  n{from} --> n{to}");
        }
        mermaid
    }

    /// From which operation to which, once for every use. Operands that the graph does not show are left out.
    fn edges(&self) -> impl Iterator<Item = (u32, u32)> {
        self.nodes.iter().flat_map(|node| {
            node.operands.iter().filter_map(|operand| match operand {
                GraphOperand::Node(operand, _) => Some((*operand, node.number)),
                GraphOperand::Number(_) => None,
            })
        })
    }

    /// How many operations of each kind there are, and what they cost.
    ///
    /// ```
    /// let tape = tape::Tape::<f32>::new();
    /// let (a, b) = (tape.variable([[0.5; 3]; 2]), tape.variable([[0.25; 4]; 3]));
    /// let _ = a.matmul(b).tanh();
    /// let statistics = tape.graph().statistics();
    /// // [2, 3] x [3, 4] has 2 * 2 * 4 * 3 multiplications and additions, tanh one function for each of 8 elements.
    /// assert_eq!(statistics.flops(), 48 + 8);
    /// assert_eq!(statistics.kinds()[0].operation, "matmul");
    /// assert!(statistics.to_string().starts_with("operation  count  bytes  flops\n"), "{statistics}");
    /// ```
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let mut kinds: HashMap<&'static str, Kind> = HashMap::new();
        for node in &self.nodes {
            let none = Kind { operation: node.operation, count: 0, bytes: 0, flops: 0 };
            let kind = kinds.entry(node.operation).or_insert(none);
            kind.count += 1;
            kind.bytes += node.bytes;
            kind.flops += node.flops;
        }
        let mut kinds: Vec<_> = kinds.into_values().collect();
        kinds.sort_by_key(|kind| (std::cmp::Reverse((kind.flops, kind.bytes)), kind.operation));
        Statistics { kinds }
    }
}

impl GraphNode {
    fn is_leaf(&self) -> bool {
        self.operands.is_empty()
    }

    /// What a picture says of it: the operation, and the shape or the value.
    fn label(&self) -> [String; 2] {
        let constants = self.operands.iter().any(|operand| matches!(operand, GraphOperand::Number(_)));
        let mut operation = String::from(self.operation);
        if constants {
            let operands = self.operands.iter().map(|operand| match operand {
                GraphOperand::Node(..) => String::from("."),
                GraphOperand::Number(number) => shortest(*number, self.element),
            });
            let _ = write!(operation, "({})", operands.collect::<Vec<_>>().join(", "));
        }
        if let Some(name) = &self.name {
            operation.clone_from(name);
        }
        let shape = self.shape.as_ref().map(ToString::to_string);
        let value = self.value.map(|value| shortest(value, self.element));
        [operation, shape.or(value).unwrap_or_default()]
    }
}

/// How many operations of each kind a [`Graph`] has, and what they cost; the most costly first. It prints as a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    kinds: Vec<Kind>,
}

/// All operations of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kind {
    /// The operation, as its method is called.
    pub operation: &'static str,
    /// How many there are.
    pub count: usize,
    /// The bytes that they take of the tape.
    pub bytes: usize,
    /// The floating-point operations that computing them took.
    pub flops: u64,
}

impl Statistics {
    /// Every kind of operation, that with the most floating-point operations first.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// How many operations there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.kinds.iter().map(|kind| kind.count).sum()
    }

    /// The bytes that they take of the tape.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.kinds.iter().map(|kind| kind.bytes).sum()
    }

    /// The floating-point operations of computing the values once; a sweep takes about twice as many again.
    #[must_use]
    pub fn flops(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.flops).sum()
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |operation: &str, count: usize, bytes: usize, flops: u64| {
            [operation.to_owned(), count.to_string(), bytes.to_string(), flops.to_string()]
        };
        let mut rows = vec![["operation", "count", "bytes", "flops"].map(String::from)];
        rows.extend(self.kinds.iter().map(|kind| row(kind.operation, kind.count, kind.bytes, kind.flops)));
        rows.push(row("all", self.count(), self.bytes(), self.flops()));
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
        let [operation, count, bytes, flops] = [0, 1, 2, 3].map(width);
        for row in &rows {
            let [name, counted, taken, computed] = row;
            writeln!(f, "{name:operation$}  {counted:>count$}  {taken:>bytes$}  {computed:>flops$}")?;
        }
        Ok(())
    }
}

impl<T: Real> Tape<T> {
    /// What is recorded, to be looked at: as a list, as a picture, as numbers.
    #[must_use]
    pub fn graph(&self) -> Graph {
        let storage = self.read();
        let mut counted = HashSet::new();
        let nodes = (1..storage.nodes.len() as u32).map(|number| {
            let node = storage.describe(number);
            let elements = storage.own_elements(number, &mut counted) * size_of::<T>();
            GraphNode { bytes: node.bytes + elements, ..node }
        });
        Graph { nodes: nodes.collect(), eras: storage.eras.clone() }
    }
}

impl<T: Real> Storage<T> {
    /// How many elements of the tape's memory are this node's, and none's before. `counted` has the memory of those.
    fn own_elements(&self, number: u32, counted: &mut HashSet<*const T>) -> usize {
        let node = self.nodes[number as usize];
        if node.op != Op::Tensor {
            return 0;
        }
        let index = node.left as usize;
        let data = self.slots[index].view().data;
        if self.parameter(index).is_none() && counted.insert(data.as_ptr()) { data.len() } else { 0 }
    }

    /// The bound parameter that a tensor is.
    fn parameter(&self, slot: usize) -> Option<&Parameter> {
        let bound = self.bound.as_ref()?;
        slot.checked_sub(bound.first_slot).and_then(|index| bound.table.get(index))
    }

    fn describe(&self, number: u32) -> GraphNode {
        let node = self.nodes[number as usize];
        match node.op {
            Op::Tensor => self.describe_tensor(number, node.left as usize),
            Op::Leaf
            | Op::Unary(_)
            | Op::Powi
            | Op::Binary(_)
            | Op::RightConstant(_)
            | Op::LeftConstant(_)
            | Op::AddProduct
            | Op::AddProductConstant
            | Op::Detached
            | Op::Element => GraphNode {
                number,
                operation: node.op.name(),
                operands: node.arguments().map(operand).chain(self.element_index(node)).collect(),
                shape: None,
                value: Some(node.value.widen()),
                name: None,
                flops: node.op.flops(),
                bytes: size_of::<Node<T>>(),
                element: T::NAME,
            },
        }
    }

    /// Which element of its tensor a scalar is.
    fn element_index(&self, node: Node<T>) -> Option<GraphOperand> {
        (node.op == Op::Element).then(|| GraphOperand::Number(f64::from(T::word_out_of_bits(node.right))))
    }

    fn describe_tensor(&self, number: u32, index: usize) -> GraphNode {
        let slot = &self.slots[index];
        let operands = &self.operands[slot.operands.start as usize..slot.operands.end as usize];
        let parameter = self.parameter(index);
        let is_leaf = matches!(slot.op, TensorOp::Leaf);
        let operation = match parameter {
            Some(_) => "parameter",
            None if is_leaf && !slot.active => "constant",
            None => slot.op.name(),
        };
        let swapped = if let TensorOp::MatMul { left_transposed, right_transposed } = slot.op {
            [left_transposed, right_transposed]
        } else {
            [false; 2]
        };
        let swapped = swapped.into_iter().chain(std::iter::repeat(false));
        let exponent = if let TensorOp::Powi(n) = slot.op { Some(GraphOperand::Number(f64::from(n))) } else { None };
        // Stacked constants have no node.
        let nodes = operands.iter().zip(swapped).filter(|(operand, _)| **operand != 0);
        let first = operands.first().filter(|&&operand| self.nodes[operand as usize].op == Op::Tensor);
        let first: &[usize] = first.map_or(&[], |&operand| self.shape(operand));
        GraphNode {
            number,
            operation,
            operands: nodes.map(|(&operand, swapped)| GraphOperand::Node(operand, swapped)).chain(exponent).collect(),
            shape: Some(slot.shape.clone()),
            value: None,
            name: parameter.map(|parameter| parameter.name().to_owned()),
            flops: slot.op.flops(first, &slot.shape),
            bytes: size_of::<Node<T>>() + size_of::<Slot<T>>() + size_of_val(operands),
            element: T::NAME,
        }
    }
}

fn operand<T: Real>(argument: Argument<T>) -> GraphOperand {
    match argument {
        Argument::Node(node) => GraphOperand::Node(node, false),
        Argument::Number(number) => GraphOperand::Number(number.widen()),
    }
}
