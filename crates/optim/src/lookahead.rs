//! Lookahead: every few steps go back part of the way.
//!
//! ```text
//! the inner optimizer steps theta; after every k steps
//! phi = phi + alpha (theta - phi),  theta = phi          from phi = theta
//! ```
//!
//! Paper: Zhang et al., arXiv:1907.08610. PyTorch has none. Defaults are the paper's: k 5, alpha 0.5. The inner state goes
//! on over the returns, as optax's does by default.

use tape::{Gradients, Params, Real};

use crate::error::Error;
use crate::layout::Layout;
use crate::optimizer::{Evaluate, Optimizer, Step};
use crate::state::State;

const NAME: &str = "lookahead";

/// Lookahead around another optimizer (Zhang et al., arXiv:1907.08610).
///
/// ```
/// use ndarray::array;
/// use optim::{Lookahead, Optimizer, Sgd};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![0.0]);
/// let slope = tape::Gradients::for_params(&params, &[-1.0])?;
/// let mut lookahead = Lookahead::new(Sgd::new(1.0)).every(2);
/// lookahead.step(&mut params, &slope)?;
/// assert_eq!(params.values(), [1.0]);
/// lookahead.step(&mut params, &slope)?; // at 2, and half-way back to 0
/// assert_eq!(params.values(), [1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lookahead<O, T> {
    inner: O,
    every: u64,
    alpha: f64,
    layout: Option<Layout>,
    slow: Vec<T>,
}

impl<O, T: Real> Lookahead<O, T> {
    /// Goes half-way back after every five steps of `inner`.
    #[must_use]
    pub fn new(inner: O) -> Self {
        Self { inner, every: 5, alpha: 0.5, layout: None, slow: Vec::new() }
    }

    /// After how many steps.
    #[must_use]
    pub fn every(self, steps: u64) -> Self {
        Self { every: steps, ..self }
    }

    /// The share of the way that is kept, in [0, 1].
    #[must_use]
    pub fn alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }
}

impl<T: Real, O: Optimizer<T>> Lookahead<O, T> {
    /// Keeps where the parameters were before the first step, and goes back where it is time.
    fn follow(
        &mut self,
        params: &mut Params<T>,
        step: impl FnOnce(&mut O, &mut Params<T>) -> Result<Step, Error>,
    ) -> Result<Step, Error> {
        self.check()?;
        if let Some(layout) = &self.layout {
            layout.check_model(params)?;
        }
        let start = self.layout.is_none().then(|| params.values().to_vec());
        let done = step(&mut self.inner, params)?;
        if let Some(start) = start {
            self.layout = Some(Layout::of(params));
            self.slow = start;
        }
        if self.inner.steps().is_multiple_of(self.every) {
            let alpha: T = Real::from_f64(self.alpha);
            // A frozen parameter stays where it is.
            let ranges: Vec<_> =
                params.iter().filter(|(_, one)| one.is_trainable()).map(|(_, one)| one.range()).collect();
            for range in ranges {
                for (theta, phi) in params.values_mut()[range.clone()].iter_mut().zip(&mut self.slow[range]) {
                    *phi += alpha * (*theta - *phi);
                    *theta = *phi;
                }
            }
        }
        Ok(done)
    }
}

impl<T: Real, O: Optimizer<T>> Optimizer<T> for Lookahead<O, T> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        Error::unless(self.every > 0, NAME, "every", self.every, "it must be at least 1")?;
        Error::unless((0.0..=1.0).contains(&self.alpha), NAME, "alpha", self.alpha, "it must be >= 0 and <= 1")?;
        self.inner.check()
    }

    fn step(&mut self, params: &mut Params<T>, gradients: &Gradients<T>) -> Result<Step, Error> {
        self.follow(params, |inner, params| inner.step(params, gradients))
    }

    fn step_with(&mut self, params: &mut Params<T>, evaluate: &mut Evaluate<'_, T>) -> Result<Step, Error> {
        self.follow(params, |inner, params| inner.step_with(params, evaluate))
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
        let slow = [("slow".to_owned(), &*self.slow)];
        let state = State::of_buffers(NAME, self.inner.steps(), self.layout.as_ref(), &slow, &[]);
        State { inner: Some(Box::new(self.inner.state())), ..state }
    }

    fn restore(&mut self, state: &State<T>) -> Result<(), Error> {
        state.check_name(NAME)?;
        let (layout, mut buffers) = state.check_buffers(&["slow".to_owned()], self.layout.as_ref())?;
        self.inner.restore(state.check_inner()?)?;
        self.layout = layout;
        self.slow = buffers.pop().unwrap_or_default();
        Ok(())
    }
}
