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

    fn vjp(&self, inputs: &[Tensor<T>], _: Tensor<T>, adjoint: Tensor<T>) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let inputs = aliases(inputs);
        (self.0)(&inputs).try_get_vjp(adjoint, inputs)
    }

    fn swept_vjp(
        &self,
        inputs: &[Tensor<T>],
        _: Tensor<T>,
        adjoint: Tensor<T>,
    ) -> Result<Vec<Option<Tensor<T>>>, Error> {
        swept((self.0)(inputs), adjoint, inputs)
    }
}

/// The shares of variables in an output's adjoint as numbers: they take no memory for what a recorded adjoint computes in
/// between.
fn swept<T: Real>(
    output: Tensor<T>,
    adjoint: Tensor<T>,
    inputs: &[Tensor<T>],
) -> Result<Vec<Option<Tensor<T>>>, Error> {
    let weighted = output.try_mul(adjoint)?.sum();
    if weighted.on_tape("checkpoint", |tape| Ok(!tape.is_active(weighted.node)))? {
        return Ok(vec![None; inputs.len()]);
    }
    let gradients = weighted.try_backward()?;
    let recorded = |input: &Tensor<T>| {
        let Some(share) = gradients.get(*input) else { return Ok(None) };
        let share = share.to_owned();
        input.on_tape("checkpoint", |tape| Ok(Some(tape.record_array(TensorOp::Leaf, &[], &share))))
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

/// A state and the parameters, or what is known of them.
type Arrays<T> = Vec<ArrayD<T>>;

impl<F> Loop<F> {
    /// The state, the first of the inputs, so many steps after step `from`.
    fn advance<T: Real>(&self, inputs: &Arrays<T>, from: usize, steps: usize) -> Arrays<T>
    where
        F: Fn(usize, Tensor<T>, &[Tensor<T>]) -> Tensor<T>,
    {
        let (state, parameters) = inputs.split_first().expect("a state");
        let advanced = Tape::with_spare(|tape| {
            (from..from + steps).fold(state.clone(), |state, t| {
                tape.reset();
                let parameters: Vec<_> = parameters.iter().map(|parameter| tape.constant(parameter)).collect();
                (self.step)(t, tape.constant(&state), &parameters).to_array()
            })
        });
        std::iter::once(advanced).chain(parameters.iter().cloned()).collect()
    }

    /// Leads the state's adjoint, the first of the shares, back over step `t`, and adds what the parameters get of it.
    fn back<T: Real>(&self, inputs: &Arrays<T>, t: usize, shares: &mut Arrays<T>) -> Result<(), Error>
    where
        F: Fn(usize, Tensor<T>, &[Tensor<T>]) -> Tensor<T>,
    {
        Tape::with_spare(|tape| {
            let inputs: Vec<_> = inputs.iter().map(|input| tape.variable(input)).collect();
            let output = (self.step)(t, inputs[0], &inputs[1..]);
            let found = swept(output, tape.constant(&shares[0]), &inputs)?;
            shares[0].fill(T::zero());
            for (sum, share) in shares.iter_mut().zip(found) {
                if let Some(share) = share {
                    sum.zip_mut_with(&tape.view(share), |sum, &share| *sum += share);
                }
            }
            Ok(())
        })
    }

    /// Leads an adjoint back over steps `from` to `from + n` from a state that is held, with `s` states held, that one
    /// among them.
    fn reverse<T: Real>(
        &self,
        inputs: &Arrays<T>,
        from: usize,
        n: usize,
        s: usize,
        shares: &mut Arrays<T>,
    ) -> Result<(), Error>
    where
        F: Fn(usize, Tensor<T>, &[Tensor<T>]) -> Tensor<T>,
    {
        if n <= 1 || s == 1 {
            return (0..n)
                .rev()
                .try_for_each(|before| self.back(&self.advance(inputs, from, before), from + before, shares));
        }
        let k = stride(n, s);
        self.reverse(&self.advance(inputs, from, k), from + k, n - k, s - 1, shares)?;
        self.reverse(inputs, from, k, s, shares)
    }
}

impl<T, F> CustomOp<T> for Loop<F>
where
    T: Real,
    F: Fn(usize, Tensor<T>, &[Tensor<T>]) -> Tensor<T> + 'static,
{
    fn name(&self) -> &'static str {
        "checkpoint_loop"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let inputs = inputs.iter().map(ArrayViewD::to_owned).collect();
        Ok(self.advance(&inputs, 0, self.steps).swap_remove(0))
    }

    fn vjp(&self, inputs: &[Tensor<T>], _: Tensor<T>, adjoint: Tensor<T>) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let with_adjoint = [inputs, &[adjoint]].concat();
        let packed = Tensor::try_custom(LoopShares(self.clone()), &with_adjoint)?;
        let mut end = 0;
        let unpack = |input: &Tensor<T>| {
            let shape = input.shape();
            let start = end;
            end += shape.size();
            packed.try_narrow(0, start..end)?.try_reshape(shape).map(Some)
        };
        inputs.iter().map(unpack).collect()
    }
}

/// A loop's shares of an adjoint, of its inputs and that adjoint: all of them in one vector, one after another.
struct LoopShares<F>(Loop<F>);

impl<T, F> CustomOp<T> for LoopShares<F>
where
    T: Real,
    F: Fn(usize, Tensor<T>, &[Tensor<T>]) -> Tensor<T> + 'static,
{
    fn name(&self) -> &'static str {
        "checkpoint_loop's shares"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let (adjoint, inputs) = inputs.split_last().expect("the adjoint is the last");
        let inputs: Arrays<T> = inputs.iter().map(ArrayViewD::to_owned).collect();
        let mut shares: Arrays<T> = inputs.iter().map(|input| ArrayD::zeros(input.raw_dim())).collect();
        shares[0].assign(adjoint);
        self.0.reverse(&inputs, 0, self.0.steps, self.0.snapshots, &mut shares)?;
        Ok(shares.into_iter().flatten().collect::<ndarray::Array1<T>>().into_dyn())
    }

    fn vjp(&self, inputs: &[Tensor<T>], _: Tensor<T>, adjoint: Tensor<T>) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let inputs = aliases(inputs);
        let (&first, variables) = inputs.split_last().expect("the adjoint is the last");
        let end = (0..self.0.steps).fold(variables[0], |state, t| (self.0.step)(t, state, &variables[1..]));
        let flat = |share: Tensor<T>| share.try_reshape([share.shape().size()]);
        let shares = end.try_vjp(first, variables)?.into_iter().map(flat).collect::<Result<Vec<_>, _>>()?;
        Tensor::try_concat(&shares, 0)?.try_get_vjp(adjoint, inputs)
    }
}

/// A state after `steps` steps, of which the tape keeps the first and the last only. A step gets its number, counted from
/// 0, the state before it, and the parameters, which are the same in all steps, and whose shares are summed over them. A
/// sweep holds at most `snapshots` states at a time, the first one among them, and goes back with the fewest steps forwards
/// that this allows: with `C(s + r, s)` steps and s snapshots, fewer than r times as many (Griewank and Walther's
/// revolve).
///
/// Every state has the shape of the first. A step must compute the same each time, and only from what it is given: a tensor
/// that it captures is of another tape. A second derivative records all the steps.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (x, w) = (tape.variable([3.0]), tape.variable([2.0]));
/// let y = tape::checkpoint_loop(|_, x, w| x * w[0], x, &[w], 10, 3).sum();
/// let gradients = y.backward();
/// // y = x w^10.
/// assert_eq!((y.item(), gradients[x][0], gradients[w][0]), (3072.0, 1024.0, 3.0 * 10.0 * 512.0));
/// ```
///
/// # Panics
/// As [`try_checkpoint_loop`] fails.
#[must_use]
#[track_caller]
pub fn checkpoint_loop<T: Real>(
    step: impl Fn(usize, Tensor<T>, &[Tensor<T>]) -> Tensor<T> + 'static,
    state: Tensor<T>,
    parameters: &[Tensor<T>],
    steps: usize,
    snapshots: usize,
) -> Tensor<T> {
    unwrap(try_checkpoint_loop(step, state, parameters, steps, snapshots))
}

/// As [`checkpoint_loop`].
///
/// # Errors
/// [`Error::Rejected`] if no snapshot is allowed, [`Error::CustomShape`] if the last state has another shape than the first,
/// [`Error::Stale`] or [`Error::Foreign`] if a handle is not of the state's recording.
#[track_caller]
pub fn try_checkpoint_loop<T: Real>(
    step: impl Fn(usize, Tensor<T>, &[Tensor<T>]) -> Tensor<T> + 'static,
    state: Tensor<T>,
    parameters: &[Tensor<T>],
    steps: usize,
    snapshots: usize,
) -> Result<Tensor<T>, Error> {
    const OPERATION: &str = "checkpoint_loop";
    if snapshots == 0 {
        let reason = "the first state is a snapshot; there must be at least one".to_owned();
        return Err(Error::Rejected { operation: OPERATION, reason });
    }
    // More snapshots than steps hold nothing more.
    let snapshots = snapshots.min(steps.max(1));
    let inputs = [&[state], parameters].concat();
    let expected = state.on_tape(OPERATION, |tape| Ok(tape.shape(state.node).clone()))?;
    let end = Tensor::try_custom(Loop { step: Rc::new(step), steps, snapshots }, &inputs)?;
    let found = end.shape();
    if expected != found {
        return Err(Error::CustomShape { operation: OPERATION, what: "last state", expected, found });
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: usize = 1024;
    /// A state of 2 KiB: large beside what is known of an operation.
    const WIDTH: usize = 256;

    fn step(x: Tensor<f64>) -> Tensor<f64> {
        (x * 1.01).sin() + x * 0.1
    }

    /// The memory that a gradient leaves behind, which is the most that its tapes had, for a tape gives nothing back: that
    /// of the recording, and that of the tapes on which a sweep recorded again.
    fn bytes(chain: impl FnOnce(Tensor<f64>) -> Tensor<f64> + Send) -> (usize, ArrayD<f64>) {
        // On a thread of its own no tape was used before.
        std::thread::scope(|scope| {
            let work = scope.spawn(|| {
                let tape = Tape::new();
                let x = tape.variable(vec![0.5; WIDTH]);
                let gradient = chain(x).sum().backward()[x].clone();
                let spare: usize = <f64 as crate::real::sealed::Sealed>::spare_tapes()
                    .with_borrow(|spare| spare.iter().map(Tape::bytes).sum());
                (tape.bytes() + spare, gradient)
            });
            work.join().expect("the gradient is computed")
        })
    }

    #[test]
    fn memory_falls_to_the_square_root_and_to_the_snapshots() {
        const SEGMENT: usize = 32;
        const SNAPSHOTS: usize = 4;
        let (whole, expected) = bytes(|x| (0..STEPS).fold(x, |x, _| step(x)));
        let (segments, gradient) = bytes(|x| {
            let segment = |x: &[Tensor<f64>]| (0..SEGMENT).fold(x[0], |x, _| step(x));
            (0..STEPS / SEGMENT).fold(x, |x, _| checkpoint(segment, &[x]))
        });
        assert_eq!(gradient, expected);
        let (scheduled, gradient) = bytes(|x| checkpoint_loop(|_, x, _| step(x), x, &[], STEPS, SNAPSHOTS));
        assert_eq!(gradient, expected);
        // Snapshots are arrays beside the tapes.
        let scheduled = scheduled + SNAPSHOTS * WIDTH * size_of::<f64>();
        assert!(whole >= 4 * STEPS * WIDTH * size_of::<f64>(), "four tensors a step: {whole} bytes");
        // Of 1024 steps, 32 ends and the 32 steps of one segment are there at a time; memory that doubles as it grows may
        // have twice what is used.
        assert!(segments * 8 < whole, "{segments} bytes in segments, {whole} whole");
        assert!(scheduled * 40 < whole, "{scheduled} bytes with {SNAPSHOTS} snapshots, {whole} whole");
        // The same count in every run.
        assert_eq!(whole, bytes(|x| (0..STEPS).fold(x, |x, _| step(x))).0);
    }

    #[test]
    fn twice_the_segments_of_half_the_length_take_no_more_than_the_square_root_promises() {
        let bytes_of = |steps: usize, segment: usize| {
            let chain = move |x| {
                let inside = move |x: &[Tensor<f64>]| (0..segment).fold(x[0], |x, _| step(x));
                (0..steps / segment).fold(x, |x, _| checkpoint(inside, &[x]))
            };
            bytes(chain).0 as f64
        };
        // 16 times as many steps, at most four times the memory, but for the doubling.
        let growth = bytes_of(4096, 64) / bytes_of(256, 16);
        assert!(growth <= 8.0, "{growth}");
    }
}
