//! Gradient verification: is the derivative that was computed the derivative that is there?
//!
//! Analytic gradients are compared with central differences, extrapolated to a step of zero with Ridders' tableau. The
//! tableau also estimates its own error, so that a function too rough to be verified is reported as such instead of
//! passing or failing by luck.
//!
//! C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4 (2), 1982.

mod difference;
mod report;

use std::cell::RefCell;

use ndarray::ArrayD;

use self::difference::Line;
pub use self::report::{Entry, Fault, Report, Verdict};
use crate::params::Params;
use crate::shape::Shape;
use crate::tape::{Pass, Tape};
use crate::tensor::Tensor;
use crate::var::Var;

/// How gradients are verified. The plain functions [`check`], [`check_tensors`], [`check_params`] and
/// [`check_gradient`] verify every element with the defaults.
///
/// ```
/// use tape::Check;
/// // A hundred variables, along eight random directions instead of one by one.
/// let point: Vec<f64> = (0..100).map(|i| 0.01 * f64::from(i)).collect();
/// let report = Check::new().directions(8).function(|x| x.iter().map(|x| x.sin()).product(), &point);
/// assert!(report.passed());
/// assert_eq!(report.entries().len(), 8);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Check {
    tolerance: f64,
    directions: Option<usize>,
    seed: u64,
}

impl Default for Check {
    fn default() -> Self {
        Self::new()
    }
}

/// What is asked of a function at a point.
type Answer<'a, R> = dyn FnMut(&[f64]) -> Result<R, Fault> + 'a;

/// What is verified: inputs with names and shapes, laid one after another in one vector.
struct Problem<'a> {
    inputs: Vec<(String, Shape)>,
    point: Vec<f64>,
    value: &'a mut Answer<'a, f64>,
    gradient: &'a mut Answer<'a, Vec<f64>>,
}

impl Check {
    /// Every element, to a relative tolerance of 1e-6.
    #[must_use]
    pub fn new() -> Self {
        Self { tolerance: 1e-6, directions: None, seed: 0 }
    }

    /// How far the analytic derivative may be from the numeric one, relative to the larger of the two, beyond four times
    /// the numeric one's own error estimate.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Verifies along so many random directions instead of at every element: what a network with many parameters has
    /// time for. A wrong element anywhere shows in almost every direction.
    #[must_use]
    pub fn directions(mut self, directions: usize) -> Self {
        self.directions = Some(directions);
        self
    }

    /// The seed of the random directions and of the weights that reduce a tensor to a number. 0 unless set.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Verifies the gradient of a function of several variables; see [`check`].
    pub fn function(self, f: impl Fn(&[Var]) -> Var, x: &[f64]) -> Report {
        let value = |x: &[f64]| Ok(evaluate(&f, x));
        self.gradient(value, |x| Ok(crate::value_and_grad(&f, x).1), x)
    }

    /// Verifies a gradient that was worked out by hand against a plain function; see [`check_gradient`].
    fn gradient(
        self,
        mut value: impl FnMut(&[f64]) -> Result<f64, Fault>,
        mut gradient: impl FnMut(&[f64]) -> Result<Vec<f64>, Fault>,
        x: &[f64],
    ) -> Report {
        let inputs = vec![("x".to_owned(), Shape::from([x.len()]))];
        self.run(Problem { inputs, point: x.to_vec(), value: &mut value, gradient: &mut gradient })
    }

    /// Verifies the gradients of a function of tensors; see [`check_tensors`].
    pub fn tensors(self, f: impl Fn(&[Tensor<f64>]) -> Tensor<f64>, inputs: &[ArrayD<f64>]) -> Report {
        let names = inputs.iter().enumerate();
        let names = names.map(|(index, array)| (format!("input {index}"), Shape::from(array.shape()))).collect();
        let point: Vec<f64> = inputs.iter().flatten().copied().collect();
        let weights = RefCell::new(Weights::new(self.seed));
        let shapes: Vec<Shape> = inputs.iter().map(|array| Shape::from(array.shape())).collect();
        let record = |x: &[f64]| -> Result<_, Fault> {
            let tape = Tape::new();
            let mut rest = x;
            let leaves: Vec<_> = shapes
                .iter()
                .map(|shape| {
                    let (own, others) = rest.split_at(shape.size());
                    rest = others;
                    tape.variable(own).reshape(shape)
                })
                .collect();
            let root = weights.borrow_mut().reduce(&tape, f(&leaves))?;
            Ok((tape, leaves, root))
        };
        self.run(Problem {
            inputs: names,
            point,
            // `tape` is kept, because the root is a handle to it.
            value: &mut |x| record(x).map(|(_tape, _, root)| root.item()),
            gradient: &mut |x| {
                let (tape, leaves, root) = record(x)?;
                let (_, gradients) = tape.value_and_grad_of(root);
                Ok(leaves.iter().flat_map(|&leaf| gradients[leaf].iter().copied().collect::<Vec<_>>()).collect())
            },
        })
    }

    /// Verifies the gradients of a loss with respect to parameters; see [`check_params`].
    pub fn params(self, params: &Params<f64>, loss: impl Fn(&Pass<'_, f64>) -> Tensor<f64>) -> Report {
        let trainable: Vec<_> = params.iter().map(|(_, parameter)| parameter).filter(|p| p.is_trainable()).collect();
        let inputs = trainable.iter().map(|p| (p.name().to_owned(), p.shape().clone())).collect();
        let gather = |flat: &[f64]| trainable.iter().flat_map(|p| flat[p.range()].iter().copied()).collect::<Vec<_>>();
        let mut weights = Weights::new(self.seed);
        let mut tape = Tape::new();
        let mut moved = params.clone();
        let mut record = |x: &[f64], swept: bool| -> Result<(f64, Vec<f64>), Fault> {
            let mut rest = x;
            for parameter in &trainable {
                let (own, others) = rest.split_at(parameter.shape().size());
                moved.values_mut()[parameter.range()].copy_from_slice(own);
                rest = others;
            }
            tape.reset();
            let root = weights.reduce(&tape, loss(&tape.bind(&moved)))?;
            let value = root.item();
            let gradient = if swept { gather(tape.value_and_grad_of(root).1.params()) } else { Vec::new() };
            tape.reset();
            Ok((value, gradient))
        };
        let record = RefCell::new(&mut record);
        self.run(Problem {
            inputs,
            point: gather(params.values()),
            value: &mut |x| Ok((record.borrow_mut())(x, false)?.0),
            gradient: &mut |x| Ok((record.borrow_mut())(x, true)?.1),
        })
    }

    fn run(self, problem: Problem<'_>) -> Report {
        let names = problem.inputs.clone();
        match self.compare(problem) {
            Ok(entries) => Report::new(names, entries, None),
            Err(fault) => Report::new(names, Vec::new(), Some(fault)),
        }
    }

    fn compare(self, problem: Problem<'_>) -> Result<Vec<Entry>, Fault> {
        let Problem { inputs, point, value, gradient } = problem;
        let (first, second) = (value(&point)?, value(&point)?);
        if first.to_bits() != second.to_bits() {
            return Err(Fault::NotDeterministic { what: "value", first, second });
        }
        let analytic = gradient(&point)?;
        if analytic.len() != point.len() {
            return Err(Fault::GradientLength { expected: point.len(), found: analytic.len() });
        }
        for (first, second) in analytic.iter().zip(gradient(&point)?) {
            if first.to_bits() != second.to_bits() {
                return Err(Fault::NotDeterministic { what: "gradient", first: *first, second });
            }
        }
        let largest = analytic.iter().filter(|g| g.is_finite()).fold(0.0_f64, |largest, g| largest.max(g.abs()));
        let mut entries = Vec::new();
        let mut verify = |label: String, direction: &[f64], analytic: f64| -> Result<(), Fault> {
            let mut line = Line::new(&point, direction, first, value);
            let outcome = line.verify(analytic, self.tolerance, largest)?;
            entries.push(Entry::new(label, analytic, outcome));
            Ok(())
        };
        match self.directions {
            None => {
                let mut place = 0;
                for (name, shape) in &inputs {
                    for element in 0..shape.size() {
                        let mut direction = vec![0.0; point.len()];
                        direction[place] = 1.0;
                        verify(label(name, shape, element), &direction, analytic[place])?;
                        place += 1;
                    }
                }
            }
            Some(directions) if !point.is_empty() => {
                let mut random = Weights::new(self.seed);
                for index in 0..directions {
                    let direction: Vec<f64> = point.iter().map(|_| random.next()).collect();
                    let along = analytic.iter().zip(&direction).map(|(g, d)| g * d).sum();
                    verify(format!("direction {index}"), &direction, along)?;
                }
            }
            Some(_) => {}
        }
        Ok(entries)
    }
}

/// The name of an element: `weight[3, 1]`.
fn label(name: &str, shape: &Shape, element: usize) -> String {
    let mut rest = element;
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&length| {
            let at = rest % length;
            rest /= length;
            at
        })
        .collect();
    index.reverse();
    if index.is_empty() { name.to_owned() } else { format!("{name}{index:?}") }
}

fn evaluate(f: impl Fn(&[Var]) -> Var, x: &[f64]) -> f64 {
    // Not constants: a function may ask for the tape of its arguments.
    let tape = Tape::new();
    f(&tape.vars(x)).value()
}

/// Random numbers between 1/2 and 3/2, of either sign: the weights that make one number of a tensor, so that the adjoint
/// that arrives at it is not 1, and the directions of the fast mode.
struct Weights {
    seed: u64,
    state: u64,
    output: Option<Shape>,
}

impl Weights {
    fn new(seed: u64) -> Self {
        Self { seed, state: seed, output: None }
    }

    /// SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", 2014).
    fn next(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let size = 0.5 + (z >> 11) as f64 / (1_u64 << 53) as f64;
        if z & 1 == 0 { size } else { -size }
    }

    /// The weighted sum of a tensor's elements, with the same weights at every call.
    fn reduce(&mut self, tape: &Tape<f64>, output: Tensor<f64>) -> Result<Tensor<f64>, Fault> {
        let shape = output.shape();
        let expected = self.output.get_or_insert_with(|| shape.clone()).clone();
        if expected != shape {
            return Err(Fault::OutputShape { expected, found: shape });
        }
        self.state = self.seed;
        let weights: Vec<f64> = (0..shape.size()).map(|_| self.next()).collect();
        Ok((output * tape.constant(weights).reshape(shape)).sum())
    }
}

/// Verifies the gradient of a function of several variables, at every one.
///
/// ```
/// tape::check(|x| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2), &[1.2, 1.0]).assert();
/// ```
pub fn check(f: impl Fn(&[Var]) -> Var, x: &[f64]) -> Report {
    Check::new().function(f, x)
}

/// Verifies the gradients of a function of tensors, at every element of every input. An output of more than one element
/// is weighted with random numbers and summed.
///
/// ```
/// use ndarray::array;
/// let (a, b) = (array![[0.5, -1.0], [2.0, 0.1]].into_dyn(), array![0.3, 0.7].into_dyn());
/// tape::check_tensors(|x| x[0].matmul(x[1]).tanh(), &[a, b]).assert();
/// ```
pub fn check_tensors(f: impl Fn(&[Tensor<f64>]) -> Tensor<f64>, inputs: &[ArrayD<f64>]) -> Report {
    Check::new().tensors(f, inputs)
}

/// Verifies the gradients of a loss with respect to every element of every trainable parameter. Networks in `f32` are
/// verified through [`Params::cast`].
///
/// ```
/// use ndarray::array;
/// let mut params = tape::Params::new();
/// let w = params.add("w", &array![[0.5, -1.0]]);
/// let report = tape::check_params(&params, |pass| pass.constant([[1.0], [2.0]]).matmul(pass.parameter(w)).sigmoid());
/// assert_eq!(report.entries()[1].element(), "w[0, 1]");
/// report.assert();
/// ```
pub fn check_params(params: &Params<f64>, loss: impl Fn(&Pass<'_, f64>) -> Tensor<f64>) -> Report {
    Check::new().params(params, loss)
}

/// Verifies a gradient that was worked out by hand.
///
/// ```
/// let cube = |x: &[f64]| x[0].powi(3);
/// tape::check_gradient(cube, |x| vec![3.0 * x[0] * x[0]], &[2.0]).assert();
/// assert!(!tape::check_gradient(cube, |x| vec![3.003 * x[0] * x[0]], &[2.0]).passed());
/// ```
pub fn check_gradient(f: impl Fn(&[f64]) -> f64, gradient: impl Fn(&[f64]) -> Vec<f64>, x: &[f64]) -> Report {
    Check::new().gradient(|x| Ok(f(x)), |x| Ok(gradient(x)), x)
}

/// Asserts, at the line where it stands, that the gradient of a function of several variables is right at a point.
///
/// ```
/// tape::assert_gradients!(|x| x[0].sin() * x[1].exp(), &[0.3, -0.2]);
/// ```
#[macro_export]
macro_rules! assert_gradients {
    ($f:expr, $x:expr $(,)?) => {
        $crate::check($f, $x).assert()
    };
}
