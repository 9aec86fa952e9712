//! What is in a model? A table of its layers: the shape of each output, the parameters read, the operations done.

use std::collections::HashSet;
use std::fmt;

use ndarray::ArrayD;
use tape::{GraphOperand, ParamId, Params, Pass, Real, Shape, Tape, Tensor};

use crate::layer::chained::Layer;
use crate::layer::sequential::Sequential;

/// A table of what a model computes, one row a layer. It prints as one.
///
/// [`Sequential::summary`] makes it of a chain. A model of one's own is recorded with [`Summary::record`], which says
/// where a row ends:
///
/// ```
/// use nn::{Linear, Summary};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let (mut params, mut rng) = (tape::Params::<f32>::new(), ChaCha8Rng::seed_from_u64(0));
/// let inner = params.within("inner", |params| Linear::new(3, 4).build(params, &mut rng));
/// let outer = params.within("outer", |params| Linear::new(4, 3).build(params, &mut rng));
/// let summary = Summary::record(&params, |pass, rows| {
///     let x = pass.variable([[0.0; 3]; 2]);
///     let h = rows.end("inner", inner.forward(pass, x).relu());
///     rows.end("outer", x + outer.forward(pass, h));
/// });
/// assert_eq!(summary.parameters(), 3 * 4 + 4 + 4 * 3 + 3);
/// // A product of [2, 3] and [3, 4], the bias, and the rectifier.
/// assert_eq!(summary.rows()[0].flops, 2 * 2 * 3 * 4 + 8 + 8);
/// assert_eq!(summary.rows()[1].output, [2, 3]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    rows: Vec<SummaryRow>,
    trained: usize,
    buffers: usize,
}

/// One layer of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SummaryRow {
    /// Which layer: its place and its kind, or whatever it was called when it was recorded.
    pub name: String,
    /// The shape of its output.
    pub output: Shape,
    /// How many elements the parameters have that it reads and no row before it has read.
    pub parameters: usize,
    /// The floating-point operations of computing it once; a sweep takes about twice as many again.
    pub flops: u64,
}

/// The rows of a [`Summary`] that is being recorded.
#[derive(Debug)]
pub struct Rows<'a, T: Real> {
    tape: &'a Tape<T>,
    /// How many nodes there were before the first row.
    start: usize,
    /// Name, output, and how many nodes there were at the end of the row.
    ends: Vec<(String, Shape, usize)>,
}

impl<'a, T: Real> Rows<'a, T> {
    fn begin(tape: &'a Tape<T>) -> Self {
        Self { tape, start: tape.len(), ends: Vec::new() }
    }

    /// Ends a row: what has been recorded since the row before is its. Returns its output as it came.
    #[track_caller]
    pub fn end(&mut self, name: impl Into<String>, output: Tensor<T>) -> Tensor<T> {
        self.ends.push((name.into(), output.shape(), self.tape.len()));
        output
    }

    /// Gives each row the nodes between its end and the one before.
    fn summary(self, params: &Params<T>) -> Summary {
        let graph = self.tape.graph();
        // Node i + 1 is at place i.
        let nodes = graph.nodes();
        let mut read = HashSet::new();
        let mut begin = self.start;
        let mut rows = Vec::with_capacity(self.ends.len());
        for (name, output, end) in self.ends {
            let own = &nodes[begin..end];
            begin = end;
            let mut parameters = 0;
            for operand in own.iter().flat_map(|node| &node.operands) {
                let GraphOperand::Node(number, _) = operand else { continue };
                let operand = &nodes[*number as usize - 1];
                if operand.name.is_some() && read.insert(*number) {
                    parameters += operand.shape.as_ref().map_or(0, Shape::size);
                }
            }
            rows.push(SummaryRow { name, output, parameters, flops: own.iter().map(|node| node.flops).sum() });
        }
        let buffers = params.iter().filter(|(_, parameter)| parameter.is_buffer());
        let buffers = buffers.map(|(_, parameter)| parameter.shape().size()).sum();
        Summary { rows, trained: params.trainable_size(), buffers }
    }
}

impl Summary {
    /// Records a model, as far as its last row. What comes in must be a variable, [`Tape::variable`]: of what is computed of
    /// constants alone, a tape keeps nothing.
    ///
    /// # Panics
    /// Where `compute` does.
    pub fn record<T: Real>(params: &Params<T>, compute: impl FnOnce(&Pass<'_, T>, &mut Rows<'_, T>)) -> Self {
        let (open, tape) = (unfrozen(params), Tape::new());
        let pass = tape.bind(&open);
        let mut rows = Rows::begin(&tape);
        compute(&pass, &mut rows);
        rows.summary(params)
    }

    /// The rows in order.
    #[must_use]
    pub fn rows(&self) -> &[SummaryRow] {
        &self.rows
    }

    /// The number of elements of all parameters that the model reads, each counted once.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.rows.iter().map(|row| row.parameters).sum()
    }

    /// The floating-point operations of computing the model once.
    #[must_use]
    pub fn flops(&self) -> u64 {
        self.rows.iter().map(|row| row.flops).sum()
    }
}

/// The same parameters, all of them trained: of frozen ones too a tape keeps nothing else, and they count.
fn unfrozen<T: Real>(params: &Params<T>) -> Params<T> {
    let mut open = params.clone();
    let ids: Vec<ParamId> = open.iter().map(|(id, _)| id).collect();
    ids.into_iter().for_each(|id| open.set_trainable(id, true));
    open
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![["layer", "output", "parameters", "flops"].map(str::to_owned)];
        lines.extend(
            self.rows.iter().map(|row| {
                [row.name.clone(), row.output.to_string(), row.parameters.to_string(), row.flops.to_string()]
            }),
        );
        lines.push(["all".to_owned(), String::new(), self.parameters().to_string(), self.flops().to_string()]);
        let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or_default();
        let [layer, output, parameters, flops] = [0, 1, 2, 3].map(width);
        for [name, shape, read, done] in &lines {
            writeln!(f, "{name:layer$}  {shape:output$}  {read:>parameters$}  {done:>flops$}")?;
        }
        write!(f, "{} elements are trained", self.trained)?;
        if self.buffers > 0 { write!(f, ", {} belong to buffers", self.buffers) } else { Ok(()) }
    }
}

impl Sequential {
    /// A table of the layers, for an input of this shape: what a chain in it is made of, row by row.
    ///
    /// ```
    /// use nn::Sequential;
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    ///
    /// let mut params = tape::Params::<f32>::new();
    /// let plan = Sequential::new().conv2d(1, 2, 3).relu().max_pool2d(2).flatten().linear(18, 10);
    /// let model = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
    /// assert_eq!(model.summary(&params, [1, 1, 8, 8]).to_string(), "\
    /// layer        output        parameters  flops
    /// 0 Conv2d     [1, 2, 6, 6]          20   1368
    /// 1 Relu       [1, 2, 6, 6]           0     72
    /// 2 MaxPool2d  [1, 2, 3, 3]           0      0
    /// 3 Flatten    [1, 18]                0      0
    /// 4 Linear     [1, 10]              190    370
    /// all                               210   1810
    /// 210 elements are trained");
    /// ```
    ///
    /// Comparisons and moves, which is all that a maximum takes, are no floating-point operations.
    ///
    /// # Panics
    /// If the input does not suit the first layer, or a layer the one before.
    #[must_use]
    #[track_caller]
    pub fn summary<T: Real>(&self, params: &Params<T>, input: impl Into<Shape>) -> Summary {
        // Not by `Summary::record`, whose closure would hide the caller's line from a panic.
        let (open, tape) = (unfrozen(params), Tape::new());
        let pass = tape.bind(&open);
        let mut rows = Rows::begin(&tape);
        let x = pass.variable(ArrayD::zeros(&*input.into()));
        let _ = self.end_rows(&pass, x, "", &mut rows);
        rows.summary(params)
    }

    #[track_caller]
    fn end_rows<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>, prefix: &str, rows: &mut Rows<'_, T>) -> Tensor<T> {
        let mut x = x;
        for (place, layer) in self.layers().iter().enumerate() {
            let name = format!("{prefix}{place}");
            x = match layer {
                Layer::Sequential(inner) => inner.end_rows(pass, x, &format!("{name}."), rows),
                layer => {
                    let y = layer.forward(pass, x);
                    rows.end(format!("{name} {}", layer.kind()), y)
                }
            };
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::layer::linear::Linear;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(0)
    }

    #[test]
    fn frozen_parameters_and_buffers_count_but_are_not_trained() {
        let mut params = Params::<f64>::new();
        let model = Sequential::new().linear(2, 3).layer(Sequential::new().linear(3, 1)).build(&mut params, &mut rng());
        params.freeze("1.*");
        params.add_buffer("mean", &ndarray::array![1.0, 2.0]);
        let summary = model.summary(&params, [4, 2]);
        let names: Vec<_> = summary.rows().iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["0 Linear", "1.0 Linear"]);
        assert_eq!(summary.parameters(), 13);
        assert!(summary.to_string().ends_with("9 elements are trained, 2 belong to buffers"), "{summary}");
        // Nothing of it stays.
        assert_eq!(params.trainable_size(), 9);
    }

    #[test]
    fn a_shared_parameter_is_counted_once() {
        let mut params = Params::<f64>::new();
        let layer = Linear::new(2, 2).build(&mut params, &mut rng());
        let twice: Sequential = [Layer::from(layer), layer.into()].into_iter().collect();
        let summary = twice.summary(&params, [1, 2]);
        let counts: Vec<_> = summary.rows().iter().map(|row| row.parameters).collect();
        assert_eq!(counts, [6, 0]);
        assert_eq!(summary.rows()[0].flops, summary.rows()[1].flops);
    }
}
