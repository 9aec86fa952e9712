//! Where does a run's time go? What each step does, what that costs, and how long it took.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::schedule::{Action, Place, Step};
use super::{Inputs, Program};
use crate::error::Error;
use crate::params::Params;
use crate::real::Real;
use crate::shape::Shape;

/// One step of a program: what it does, what that costs at least, and how long it took.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ProfiledStep {
    /// The name of the operation, as the method is called.
    pub operation: &'static str,
    /// Whether it computes an operand's share of an adjoint by the operation's rule. Structural operations are linear: on
    /// the way back there are others of them.
    pub is_share: bool,
    /// The shape of what it writes.
    pub shape: Shape,
    /// Additions, multiplications, comparisons and functions, each counted as one.
    pub flops: u64,
    /// The bytes that it reads and writes, those that it reads again and again counted once.
    pub bytes: u64,
    /// The shortest time that it took.
    pub time: Duration,
}

/// Where a run's time goes: [`Program::profile`]. It displays as a table of operations, the longest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    steps: Vec<ProfiledStep>,
}

impl Profile {
    /// The steps, in the order in which they are carried out.
    #[must_use]
    pub fn steps(&self) -> &[ProfiledStep] {
        &self.steps
    }

    /// All operations of a run, each counted as one.
    #[must_use]
    pub fn flops(&self) -> u64 {
        self.steps.iter().map(|step| step.flops).sum()
    }

    /// The bytes that all steps read and write, be it from a cache or from memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.steps.iter().map(|step| step.bytes).sum()
    }

    /// The sum of the steps' shortest times.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.steps.iter().map(|step| step.time).sum()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds: Vec<(String, usize, Duration, u64, u64)> = Vec::new();
        for step in &self.steps {
            let name = if step.is_share { format!("share of {}", step.operation) } else { step.operation.to_owned() };
            let known = kinds.iter().position(|(kind, ..)| *kind == name).unwrap_or_else(|| {
                kinds.push((name, 0, Duration::ZERO, 0, 0));
                kinds.len() - 1
            });
            let (_, count, time, flops, bytes) = &mut kinds[known];
            (*count, *time, *flops, *bytes) = (*count + 1, *time + step.time, *flops + step.flops, *bytes + step.bytes);
        }
        kinds.sort_by_key(|(_, _, time, ..)| std::cmp::Reverse(*time));
        writeln!(f, "{:24} {:>6} {:>12} {:>9} {:>9}", "operation", "steps", "us", "GFLOP/s", "GB/s")?;
        let all = ("all".to_owned(), self.steps.len(), self.time(), self.flops(), self.bytes());
        for (name, count, time, flops, bytes) in kinds.into_iter().chain([all]) {
            let rate = |amount: u64| if time.is_zero() { 0.0 } else { amount as f64 / time.as_secs_f64() / 1e9 };
            let (micros, flops, bytes) = (time.as_secs_f64() * 1e6, rate(flops), rate(bytes));
            writeln!(f, "{name:24} {count:>6} {micros:>12.1} {flops:>9.1} {bytes:>9.1}")?;
        }
        Ok(())
    }
}

impl<T: Real> Program<T> {
    /// Runs so many times, at least once, and tells where the time went. Looking at the clock takes some 20 to 50 ns a
    /// step.
    ///
    /// ```
    /// use ndarray::Array2;
    /// let mut params = tape::Params::<f32>::new();
    /// let w = params.add("w", &Array2::<f32>::ones((3, 4)));
    /// let x = Array2::<f32>::ones((2, 3));
    /// let mut step = tape::Program::record(&params, (&x,), |pass, (x,)| x.matmul(pass.parameter(w)).tanh().sum());
    /// let profile = step.profile(&params, (&x,), 10)?;
    /// let names: Vec<_> = profile.steps().iter().map(|step| (step.operation, step.is_share)).collect();
    /// let forwards = [("matmul", false), ("tanh", false), ("sum", false)];
    /// // The adjoint of a sum is the sum's own, seen once for each element.
    /// let backwards = [("tanh", true), ("matmul", false)];
    /// assert_eq!(names, [&forwards[..], &backwards].concat());
    /// // Two rows of three by three rows of four: a multiplication and an addition for every element of all rows.
    /// assert_eq!(profile.steps()[0].flops, 2 * 2 * 3 * 4);
    /// assert_eq!(profile.steps()[0].bytes, 4 * (2 * 3 + 3 * 4 + 2 * 4));
    /// assert!(profile.to_string().contains("share of tanh"));
    /// # Ok::<(), tape::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    #[allow(
        clippy::needless_pass_by_value,
        reason = "inputs are a tuple of references, written where they are handed over"
    )]
    pub fn profile(&mut self, params: &Params<T>, inputs: impl Inputs<T>, runs: usize) -> Result<Profile, Error> {
        let plan = Arc::clone(&self.plan);
        let mut steps: Vec<ProfiledStep> =
            plan.schedule.steps.iter().map(|step| profiled(step, size_of::<T>())).collect();
        let mut before = Instant::now();
        for _ in 0..runs.max(1) {
            self.run_watched(params, &inputs, |done| {
                let now = Instant::now();
                if let Some(number) = done.checked_sub(1) {
                    steps[number].time = steps[number].time.min(now - before);
                }
                before = now;
            })?;
        }
        Ok(Profile { steps })
    }
}

/// A step before its time is known.
fn profiled(step: &Step, element: usize) -> ProfiledStep {
    let Step { action, operands, output, accumulate } = step;
    let written = output.shape.size();
    // What a step adds to, it also reads.
    let touched = operands.iter().map(own_elements).sum::<usize>() + written * (1 + usize::from(*accumulate));
    let (operation, is_share, flops) = described(action, operands, written as u64);
    let flops = flops + if *accumulate { written as u64 } else { 0 };
    let (shape, bytes) = (output.shape.clone(), (touched * element) as u64);
    ProfiledStep { operation, is_share, shape, flops, bytes, time: Duration::MAX }
}

/// The elements of a place, those that it repeats counted once.
fn own_elements(place: &Place) -> usize {
    if place.shape.size() == 0 {
        return 0;
    }
    let axes = || place.shape.iter().zip(&place.strides);
    let once: usize = axes().map(|(&length, &stride)| if stride == 0 { 1 } else { length }).product();
    // Windows overlap.
    let span: usize = axes().map(|(&length, &stride)| (length - 1) * stride.unsigned_abs()).sum();
    once.min(span + 1)
}

/// The name of an action, whether it is a share, and its operations.
fn described(action: &Action, operands: &[Place], written: u64) -> (&'static str, bool, u64) {
    let read = || operands.first().map_or(0, |place| place.shape.size() as u64);
    match action {
        Action::Unary(rule) => (rule.name(), false, written),
        Action::Powi(_) => ("powi", false, written),
        Action::Binary(rule) => (rule.name(), false, written),
        Action::Compare(comparison) => (comparison.name(), false, written),
        Action::Select => ("select", false, 0),
        Action::Linear(linear) => (linear.name(), false, linear.flops(read())),
        &Action::Product(transposed) => {
            ("matmul", false, product_flops([&operands[0].shape, &operands[1].shape], transposed))
        }
        // Of rows by columns, each element takes as many multiplications and additions as the left factor is wide.
        Action::SeenProduct(..) => {
            let inner = operands[0].shape.last().copied().unwrap_or(0) as u64;
            ("matmul", false, 2 * written * inner)
        }
        Action::Part(_) => ("concat", false, 0),
        Action::Extreme(extreme) => (extreme.name(), false, read()),
        Action::Softmax => ("softmax", false, 5 * written),
        Action::LogSoftmax => ("log_softmax", false, 5 * written),
        Action::Draw(_) => ("draw", false, written),
        // At least: sorting compares more often.
        Action::Places { search, .. } => (search.name(), false, read()),
        // Of what a user's code does, nothing is known.
        Action::Custom(_) => ("custom", false, 0),
        Action::CustomShares(_) | Action::CustomShare(_) => ("custom", true, 0),
        // A partial, and its product with the adjoint.
        Action::UnaryShare(rule) => (rule.name(), true, 2 * written),
        Action::PowiShare(_) => ("powi", true, 3 * written),
        Action::BinaryShare(rule, _) => (rule.name(), true, 2 * written),
        Action::SelectShare(_) => ("select", true, 0),
        Action::ExtremeShare(extreme) => (extreme.name(), true, 2 * written),
        // Products with the output, their sum, a difference, and a product.
        Action::SoftmaxShare => ("softmax", true, 4 * written),
        // An exponential, its product with the sum of the adjoint, that sum, and a difference.
        Action::LogSoftmaxShare => ("log_softmax", true, 4 * written),
        Action::Copy => ("copy", false, 0),
    }
}

/// Two for every element of both factors that meet. Where a batch of products is summed into one, the factors have more
/// matrices than the output.
fn product_flops(shapes: [&Shape; 2], transposed: [bool; 2]) -> u64 {
    let [left, right] = shapes.map(|shape| shape.split_at(shape.rank() - 2));
    let rows = left.1[usize::from(transposed[0])];
    let inner = left.1[usize::from(!transposed[0])];
    let cols = right.1[usize::from(!transposed[1])];
    let batch = Shape::from(left.0).broadcast(&Shape::from(right.0), "matmul");
    let batch = batch.expect("the batches were checked when the product was recorded").size();
    2 * (batch * rows * inner * cols) as u64
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3};

    use super::*;

    #[test]
    fn a_batch_of_products_that_is_summed_counts_all_of_them() {
        let mut params = Params::<f64>::new();
        let w = params.add("w", &Array2::<f64>::ones((3, 4)));
        let x = Array3::<f64>::ones((5, 2, 3));
        let loss = |pass: &crate::Pass<'_, f64>, x: crate::Tensor<f64>| {
            pass.parameter(w).t().matmul(x.transpose(-1, -2)).exp().sum()
        };
        let mut step = Program::record(&params, (&x,), |pass, (x,)| loss(pass, x));
        let profile = step.profile(&params, (&x,), 1).expect("the inputs fit");
        let products: Vec<_> = profile.steps().iter().filter(|step| step.operation == "matmul").collect();
        assert_eq!(products.len(), 2);
        assert!(products.iter().all(|step| step.flops == 5 * 2 * 3 * 4 * 2), "{products:?}");
        assert_eq!(products[1].shape, [3, 4]);
        assert!(profile.time() > Duration::ZERO && profile.flops() > 480 && profile.bytes() > 0);
    }
}
