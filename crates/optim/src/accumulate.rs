//! Gradient accumulation: one step from the mean gradient of several mini-batches.

use tape::{Gradients, Params, Real};

use crate::clip;
use crate::error::Error;
use crate::layout::Layout;
use crate::optimizer::{Optimizer, Step};
use crate::state::State;

const NAME: &str = "accumulate";

/// Gathers the gradients of several calls, and steps another optimizer with their mean.
///
/// A parameter takes part if one of the gradients reached it. Calls in between change nothing but the sum, and report the
/// step that was taken last.
///
/// ```
/// use ndarray::array;
/// use optim::{Accumulate, Optimizer, Sgd};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![0.0]);
/// let mut sgd = Accumulate::new(Sgd::new(1.0), 2);
/// for g in [1.0, 3.0] {
///     let gradients = tape::Gradients::for_params(&params, &[g])?;
///     sgd.step(&mut params, &gradients)?;
/// }
/// assert_eq!(params.values(), [-2.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Accumulate<O, T> {
    inner: O,
    batches: u64,
    gathered: u64,
    layout: Option<Layout>,
    sum: Vec<T>,
    /// By element 1 where a gradient reached it, else 0: kept like the sum, so that it is saved like it.
    reached: Vec<T>,
}

impl<O, T: Real> Accumulate<O, T> {
    /// Steps `inner` once in `batches` calls.
    #[must_use]
    pub fn new(inner: O, batches: u64) -> Self {
        Self { inner, batches, gathered: 0, layout: None, sum: Vec::new(), reached: Vec::new() }
    }

    /// How many gradients wait in the sum.
    #[must_use]
    pub fn gathered(&self) -> u64 {
        self.gathered
    }
}

impl<T: Real, O: Optimizer<T>> Accumulate<O, T> {
    /// Steps with the mean. Whatever no gradient reached is frozen for the moment.
    fn step_mean(&mut self, params: &mut Params<T>) -> Result<Step, Error> {
        let scale: T = Real::from_f64(1.0 / self.batches as f64);
        let mean: Vec<T> = self.sum.iter().map(|&g| g * scale).collect();
        let gradients = Gradients::for_params(params, &mean)?;
        let unreached: Vec<_> = params
            .iter()
            .filter(|(_, parameter)| {
                parameter.is_trainable() && self.reached[parameter.range()].iter().all(|&reached| reached == T::zero())
            })
            .map(|(id, _)| id)
            .collect();
        unreached.iter().for_each(|&id| params.set_trainable(id, false));
        let done = self.inner.step(params, &gradients);
        unreached.iter().for_each(|&id| params.set_trainable(id, true));
        done
    }
}

impl<T: Real, O: Optimizer<T>> Optimizer<T> for Accumulate<O, T> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        Error::unless(self.batches > 0, NAME, "batches", self.batches, "it must be at least 1")?;
        self.inner.check()
    }

    fn step(&mut self, params: &mut Params<T>, gradients: &Gradients<T>) -> Result<Step, Error> {
        self.check()?;
        if let Some(layout) = &self.layout {
            layout.check_model(params)?;
        }
        let stretches: Vec<_> = gradients.stretches(params)?.collect();
        let gradient_norm = clip::finite_norm(params, gradients, &stretches)?;
        let before = self.clone_sum();
        self.layout.get_or_insert_with(|| Layout::of(params));
        self.sum.resize(params.size(), T::zero());
        self.reached.resize(params.size(), T::zero());
        for range in stretches {
            self.reached[range.clone()].fill(T::one());
            let added = self.sum[range.clone()].iter_mut().zip(&gradients.params()[range]);
            added.for_each(|(sum, &g)| *sum += g);
        }
        self.gathered += 1;
        if self.gathered < self.batches {
            let learning_rate = self.inner.learning_rate();
            return Ok(Step { step: self.inner.steps(), learning_rate, gradient_norm, clip_factor: 1.0 });
        }
        let done = self.step_mean(params);
        if done.is_ok() {
            self.gathered = 0;
            self.sum.fill(T::zero());
            self.reached.fill(T::zero());
        } else {
            (self.sum, self.reached) = before;
            self.gathered -= 1;
        }
        done
    }

    fn steps(&self) -> u64 {
        self.inner.steps()
    }

    fn learning_rate(&self) -> f64 {
        self.inner.learning_rate()
    }

    fn base_learning_rate(&self) -> f64 {
        self.inner.base_learning_rate()
    }

    fn set_learning_rate(&mut self, rate: f64) {
        self.inner.set_learning_rate(rate);
    }

    fn evaluation(&self, params: &Params<T>) -> Option<Vec<T>> {
        self.inner.evaluation(params)
    }

    fn state(&self) -> State<T> {
        let buffers = [("sum".to_owned(), &*self.sum), ("reached".to_owned(), &*self.reached)];
        let numbers = [("gathered", self.gathered as f64)];
        // One more than the steps: the sum is there before the first.
        let step = self.inner.steps() + 1;
        let state = State::of_buffers(NAME, step, self.layout.as_ref(), &buffers, &numbers);
        State { inner: Some(Box::new(self.inner.state())), ..state }
    }

    fn restore(&mut self, state: &State<T>) -> Result<(), Error> {
        state.check_name(NAME)?;
        let names = ["sum".to_owned(), "reached".to_owned()];
        let (layout, mut buffers) = state.check_buffers(&names, self.layout.as_ref())?;
        let gathered = if layout.is_some() { state.check_numbers(&["gathered"])?[0] } else { 0.0 };
        self.inner.restore(state.check_inner()?)?;
        self.layout = layout;
        self.gathered = gathered as u64;
        self.reached = buffers.pop().unwrap_or_default();
        self.sum = buffers.pop().unwrap_or_default();
        Ok(())
    }
}

impl<O, T: Real> Accumulate<O, T> {
    /// What a failing step goes back to; only the step of the inner optimizer can fail.
    fn clone_sum(&self) -> (Vec<T>, Vec<T>) {
        if self.gathered + 1 == self.batches {
            (self.sum.clone(), self.reached.clone())
        } else {
            (Vec::new(), Vec::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sgd;

    #[test]
    fn continuing_between_two_batches_equals_never_having_stopped() {
        let mut params = Params::<f64>::new();
        params.add("x", &ndarray::array![0.0, 1.0]);
        let mut whole = Accumulate::new(Sgd::new(0.5).momentum(0.5), 3);
        let mut other = params.clone();
        let gradients = |params: &Params<f64>, t: f64| Gradients::for_params(params, &[t, -0.5 * t]).unwrap();
        for t in 1..=7 {
            let gradients = gradients(&params, f64::from(t));
            whole.step(&mut params, &gradients).unwrap();
        }
        let mut stopped = Accumulate::new(Sgd::new(0.5).momentum(0.5), 3);
        for t in 1..=7 {
            if t == 5 {
                let state = stopped.state();
                stopped = Accumulate::new(Sgd::new(0.5).momentum(0.5), 3);
                stopped.restore(&state).unwrap();
                assert_eq!(stopped.gathered(), 1);
            }
            let gradients = gradients(&other, f64::from(t));
            stopped.step(&mut other, &gradients).unwrap();
        }
        assert_eq!(params.values(), other.values());
        assert_eq!(whole.state(), stopped.state());
    }

    #[test]
    fn what_no_batch_reached_is_skipped() {
        let mut params = Params::<f64>::new();
        params.add("a", &ndarray::array![1.0]);
        let b = params.add("b", &ndarray::array![1.0]);
        let gradients = Gradients::for_params(&params, &[1.0, 1.0]).unwrap();
        params.set_trainable(b, false);
        let mut sgd = Accumulate::new(Sgd::new(0.5).weight_decay(1.0), 2);
        sgd.step(&mut params, &gradients).unwrap();
        params.set_trainable(b, true);
        sgd.step(&mut params, &gradients).unwrap();
        // a has the mean 1, b the half of 1: one of its two batches.
        assert_eq!(params.values(), [0.0, 0.25]);
    }
}
