//! Memory for time: what a sweep forgets on the way forwards, and computes again on the way back.

use std::rc::Rc;

use ndarray::{ArrayD, ArrayViewD};

use crate::custom::CustomOp;
use crate::error::{Error, unwrap};
use crate::op::TensorOp;
use crate::real::Real;
use crate::tape::Tape;
use crate::tensor::Tensor;

/// Nodes of their own for tensors: derivatives with respect to them are partial, whatever lies between the tensors.
fn aliases<T: Real>(tensors: &[Tensor<T>]) -> Vec<Tensor<T>> {
    tensors.iter().map(|tensor| tensor.reshape(tensor.shape())).collect()
}

/// A function whose inside is forgotten.
struct Checkpoint<F>(F);

impl<T: Real, F: Fn(&[Tensor<T>]) -> Tensor<T>> CustomOp<T> for Checkpoint<F> {
    fn name(&self) -> &'static str {
        "checkpoint"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        Tape::with_spare(|tape| {
            let inputs: Vec<_> = inputs.iter().map(|input| tape.constant(input)).collect();
            Ok((self.0)(&inputs).to_array())
        })
    }

    fn vjp(&self, inputs: &[Tensor<T>], _: Tensor<T>, adjoint: Tensor<T>) -> Vec<Option<Tensor<T>>> {
        let inputs = aliases(inputs);
        (self.0)(&inputs).vjp(adjoint, inputs).into_iter().map(Some).collect()
    }

    fn swept_vjp(&self, inputs: &[Tensor<T>], _: Tensor<T>, adjoint: Tensor<T>) -> Vec<Option<Tensor<T>>> {
        swept((self.0)(inputs), adjoint, inputs)
    }
}

/// The shares of variables in an output's adjoint as numbers: they take no memory for what a recorded adjoint computes in
/// between.
fn swept<T: Real>(output: Tensor<T>, adjoint: Tensor<T>, inputs: &[Tensor<T>]) -> Vec<Option<Tensor<T>>> {
    let weighted = (output * adjoint).sum();
    if unwrap(weighted.on_tape("checkpoint", |tape| Ok(!tape.is_active(weighted.node)))) {
        return vec![None; inputs.len()];
    }
    let gradients = weighted.backward();
    let recorded = |input: &Tensor<T>| {
        let share = gradients.get(*input)?.to_owned();
        Some(unwrap(input.on_tape("checkpoint", |tape| Ok(tape.record_array(TensorOp::Leaf, &[], &share)))))
    };
    inputs.iter().map(recorded).collect()
}

/// The value of `f`, whose inside is forgotten and recorded again when a sweep comes to it: the tape keeps the inputs and
/// the output only, and `f` runs once more for each derivative.
///
/// `f` must compute the same each time, and only from what it is given: a tensor that it captures is of another tape.
/// Cut into the square root of n segments, a chain of n steps needs memory for about twice that many steps.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.variable([1.0, 2.0]);
/// let y = tape::checkpoint(|x| (x[0].powi(2) * 3.0).exp().ln(), &[x]).sum();
/// assert_eq!(tape.len(), 3, "the variable, the checkpoint and the sum");
/// let g = &y.backward()[x];
/// assert!((g[0] - 6.0_f64).abs() < 1e-12 && (g[1] - 12.0_f64).abs() < 1e-12);
/// ```
///
/// # Panics
/// As [`try_checkpoint`] fails.
#[must_use]
#[track_caller]
pub fn checkpoint<T: Real>(f: impl Fn(&[Tensor<T>]) -> Tensor<T> + 'static, inputs: &[Tensor<T>]) -> Tensor<T> {
    unwrap(try_checkpoint(f, inputs))
}

/// As [`checkpoint`].
///
/// # Errors
/// [`Error::NoTape`] if there is no input, and as any operation whose handles are stale or of different tapes.
#[track_caller]
pub fn try_checkpoint<T: Real>(
    f: impl Fn(&[Tensor<T>]) -> Tensor<T> + 'static,
    inputs: &[Tensor<T>],
) -> Result<Tensor<T>, Error> {
    Tensor::try_custom(Checkpoint(f), inputs)
}

/// The step of a loop, how often it is taken, and how many states are held on the way back.
struct Loop<F> {
    step: Rc<F>,
    steps: usize,
    snapshots: usize,
}

impl<F> Clone for Loop<F> {
    fn clone(&self) -> Self {
        Self { step: Rc::clone(&self.step), ..*self }
    }
}

/// The fewest steps forwards that lead back over `n` steps with `s` states held, the first one among them: `r n` less
/// the binomial coefficient of `s + r` over `r - 1`, with the least `r` for which that of `s + r` over `r` is at least `n`
/// (Griewank and Walther, Algorithm 799, 2000).
fn fewest(n: usize, s: usize) -> usize {
    let (mut r, mut reach, mut before) = (0, 1, 0);
    // `before` is the coefficient of s + r over r - 1.
    while reach < n {
        r += 1;
        before = reach * (s + r) / (s + 1);
        reach = reach * (s + r) / r;
    }
    r * n - before
}

/// How far to go to the next state that is held.
fn stride(n: usize, s: usize) -> usize {
    (1..n).min_by_key(|&k| k + fewest(n - k, s - 1) + fewest(k, s)).expect("more than one step")
}

impl<F> Loop<F> {
    fn advance<T: Real>(&self, state: &ArrayD<T>, steps: usize) -> ArrayD<T>
    where
        F: Fn(Tensor<T>) -> Tensor<T>,
    {
        Tape::with_spare(|tape| {
            (0..steps).fold(state.clone(), |state, _| {
                tape.reset();
                (self.step)(tape.constant(&state)).to_array()
            })
        })
    }

    /// Leads an adjoint back over one step.
    fn back<T: Real>(&self, state: &ArrayD<T>, adjoint: &ArrayD<T>) -> ArrayD<T>
    where
        F: Fn(Tensor<T>) -> Tensor<T>,
    {
        Tape::with_spare(|tape| {
            let state = tape.variable(state);
            let [share] = swept((self.step)(state), tape.constant(adjoint), &[state])[..] else {
                unreachable!("one share an input")
            };
            share.map_or_else(|| ArrayD::zeros(adjoint.raw_dim()), Tensor::to_array)
        })
    }

    /// Leads an adjoint back over `n` steps from a state that is held, with `s` states held, that one among them.
    fn reverse<T: Real>(&self, state: &ArrayD<T>, n: usize, s: usize, mut adjoint: ArrayD<T>) -> ArrayD<T>
    where
        F: Fn(Tensor<T>) -> Tensor<T>,
    {
        if n <= 1 || s == 1 {
            for before in (0..n).rev() {
                adjoint = self.back(&self.advance(state, before), &adjoint);
            }
            return adjoint;
        }
        let k = stride(n, s);
        let adjoint = self.reverse(&self.advance(state, k), n - k, s - 1, adjoint);
        self.reverse(state, k, s, adjoint)
    }
}

impl<T: Real, F: Fn(Tensor<T>) -> Tensor<T> + 'static> CustomOp<T> for Loop<F> {
    fn name(&self) -> &'static str {
        "checkpoint_loop"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        Ok(self.advance(&inputs[0].to_owned(), self.steps))
    }

    fn vjp(&self, inputs: &[Tensor<T>], _: Tensor<T>, adjoint: Tensor<T>) -> Vec<Option<Tensor<T>>> {
        vec![Some(Tensor::custom(LoopShare(self.clone()), &[inputs[0], adjoint]))]
    }
}

/// A loop's share of an adjoint, of the first state and that adjoint.
struct LoopShare<F>(Loop<F>);

impl<T: Real, F: Fn(Tensor<T>) -> Tensor<T> + 'static> CustomOp<T> for LoopShare<F> {
    fn name(&self) -> &'static str {
        "checkpoint_loop's share"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        Ok(self.0.reverse(&inputs[0].to_owned(), self.0.steps, self.0.snapshots, inputs[1].to_owned()))
    }

    fn vjp(&self, inputs: &[Tensor<T>], _: Tensor<T>, adjoint: Tensor<T>) -> Vec<Option<Tensor<T>>> {
        let inputs = aliases(inputs);
        let end = (0..self.0.steps).fold(inputs[0], |state, _| (self.0.step)(state));
        let share = end.vjp(inputs[1], inputs[0]);
        share.vjp(adjoint, inputs).into_iter().map(Some).collect()
    }
}

/// A state after `steps` steps, of which the tape keeps the first and the last only. A sweep holds at most `snapshots`
/// states at a time, the first one among them, and goes back with the fewest steps forwards that this allows: with
/// `C(s + r, s)` steps and s snapshots, fewer than r times as many (Griewank and Walther's revolve).
///
/// Every state has the shape of the first, and a step depends on its state alone: what else it needs is part of the
/// state. A second derivative records all the steps.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.variable([3.0]);
/// let y = tape::checkpoint_loop(|x| x * 2.0, x, 10, 3).sum();
/// assert_eq!((y.item(), y.backward()[x][0]), (3072.0, 1024.0));
/// ```
///
/// # Panics
/// As [`try_checkpoint_loop`] fails.
#[must_use]
#[track_caller]
pub fn checkpoint_loop<T: Real>(
    step: impl Fn(Tensor<T>) -> Tensor<T> + 'static,
    state: Tensor<T>,
    steps: usize,
    snapshots: usize,
) -> Tensor<T> {
    unwrap(try_checkpoint_loop(step, state, steps, snapshots))
}

/// As [`checkpoint_loop`].
///
/// # Errors
/// [`Error::Rejected`] if no snapshot is allowed, [`Error::Stale`] if the state is.
#[track_caller]
pub fn try_checkpoint_loop<T: Real>(
    step: impl Fn(Tensor<T>) -> Tensor<T> + 'static,
    state: Tensor<T>,
    steps: usize,
    snapshots: usize,
) -> Result<Tensor<T>, Error> {
    if snapshots == 0 {
        let reason = "the first state is a snapshot; there must be at least one".to_owned();
        return Err(Error::Rejected { operation: "checkpoint_loop", reason });
    }
    // More snapshots than steps hold nothing more.
    let snapshots = snapshots.min(steps.max(1));
    Tensor::try_custom(Loop { step: Rc::new(step), steps, snapshots }, &[state])
}
