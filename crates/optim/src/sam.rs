//! SAM: the gradient of the worst place nearby.
//!
//! ```text
//! h = the gradient at theta + rho g / |g|
//! the inner optimizer steps theta with h in place of g
//! ```
//!
//! |g| is over all parameters. Two gradients a step: use [`step_with`](crate::Optimizer::step_with).
//!
//! Paper: Foret et al., arXiv:2010.01412. PyTorch has none. Default: rho 0.05, the paper's.

use tape::{Gradients, Params, Real};

use crate::clip;
use crate::error::Error;
use crate::optimizer::{Evaluate, Optimizer, Step};
use crate::state::State;

/// Sharpness-aware minimisation around another optimizer (Foret et al., arXiv:2010.01412).
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, Sam, Sgd};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![3.0]);
/// let mut sam = Sam::new(Sgd::new(0.25)).rho(1.0);
/// sam.step_with(&mut params, &mut |params| {
///     let x = params.values()[0];
///     (x * x, tape::Gradients::for_params(params, &[2.0 * x]).unwrap())
/// })?;
/// // The gradient at 4 is 8.
/// assert_eq!(params.values(), [1.0]);
/// # Ok::<(), optim::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sam<O> {
    inner: O,
    rho: f64,
}

impl<O> Sam<O> {
    /// Steps `inner` with gradients from 0.05 uphill.
    #[must_use]
    pub fn new(inner: O) -> Self {
        Self { inner, rho: 0.05 }
    }

    /// How far uphill.
    #[must_use]
    pub fn rho(self, rho: f64) -> Self {
        Self { rho, ..self }
    }
}

impl<T: Real, O: Optimizer<T>> Optimizer<T> for Sam<O> {
    fn name(&self) -> &'static str {
        "sam"
    }

    fn check(&self) -> Result<(), Error> {
        Error::unless_amount("sam", "rho", self.rho)?;
        self.inner.check()
    }

    fn step(&mut self, _params: &mut Params<T>, _gradients: &Gradients<T>) -> Result<Step, Error> {
        Err(Error::NeedsLoss { optimizer: "sam" })
    }

    fn step_with(&mut self, params: &mut Params<T>, evaluate: &mut Evaluate<'_, T>) -> Result<Step, Error> {
        self.check()?;
        let (loss, gradients) = evaluate(params);
        Error::unless_finite("sam", loss)?;
        let stretches: Vec<_> = gradients.stretches(params)?.collect();
        let norm = clip::finite_norm(params, &gradients, &stretches)?;
        let before = params.values().to_vec();
        let scale: T = Real::from_f64(if norm > 0.0 { self.rho / norm } else { 0.0 });
        for range in stretches {
            let uphill = params.values_mut()[range.clone()].iter_mut().zip(&gradients.params()[range]);
            uphill.for_each(|(x, &g)| *x += scale * g);
        }
        let (_, uphill) = evaluate(params);
        params.values_mut().copy_from_slice(&before);
        self.inner.step(params, &uphill)
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
        State { inner: Some(Box::new(self.inner.state())), ..State::bare("sam", self.inner.steps()) }
    }

    fn restore(&mut self, state: &State<T>) -> Result<(), Error> {
        state.check_name("sam")?;
        self.inner.restore(state.check_inner()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sgd;

    #[test]
    fn one_gradient_is_not_enough() {
        let mut params = Params::<f64>::new();
        params.add("x", &ndarray::array![1.0]);
        let gradients = Gradients::for_params(&params, &[1.0]).unwrap();
        let error = Sam::new(Sgd::new(0.1)).step(&mut params, &gradients).unwrap_err();
        assert_eq!(error.to_string(), "sam: it evaluates the loss itself: call step_with, not step");
    }

    #[test]
    fn a_gradient_of_zero_is_a_step_where_it_is() {
        let mut params = Params::<f64>::new();
        params.add("x", &ndarray::array![1.0]);
        let zero = |params: &Params<f64>| (0.0, Gradients::for_params(params, &[0.0]).unwrap());
        Sam::new(Sgd::new(0.1)).step_with(&mut params, &mut |params| zero(params)).unwrap();
        assert_eq!(params.values(), [1.0]);
    }
}
