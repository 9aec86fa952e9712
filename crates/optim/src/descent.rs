//! What do all optimizers share? Checks, clipping, decay, schedule, step counters and state around one recipe.

use std::ops::Range;

use tape::{Gradients, Params, Real};

use crate::clip;
use crate::error::Error;
use crate::layout::Layout;
use crate::optimizer::{Optimizer, Step};
use crate::recipe::{Piece, Recipe};
use crate::schedule::Schedule;
use crate::state::{State, StateArray};

/// An optimizer: a [`Recipe`] and what every recipe needs around it.
///
/// A step does, in PyTorch's order: the norm of all gradients, g = g min(1, c / (norm + 1e-6)) where a clipping norm c
/// is set, g = g + lambda theta (L2 weight decay), then the recipe's formula with the learning rate times the schedule
/// at this step. All of it is one pass that reads and writes every element once, after one that reads the gradients.
///
/// Settings are checked by [`check`](Optimizer::check) and by every step, not where they are set: they come from a
/// user's configuration, and a chain of setters is no place to handle an error in.
#[derive(Debug, Clone)]
pub struct Descent<R, T> {
    pub(crate) recipe: R,
    learning_rate: f64,
    schedule: Schedule,
    clip_norm: Option<f64>,
    weight_decay: f64,
    step: u64,
    /// The model that the state is of; none before the first step.
    layout: Option<Layout>,
    /// The recipe's arrays, laid out like the parameters.
    arrays: Vec<Vec<T>>,
    /// The stretches of the step in progress: kept for their memory.
    stretches: Vec<Range<usize>>,
}

impl<R: Recipe, T: Real> Descent<R, T> {
    /// Descends by `recipe` at a constant learning rate, without decay or clipping.
    #[must_use]
    pub fn by(recipe: R, learning_rate: f64) -> Self {
        Self {
            recipe,
            learning_rate,
            schedule: Schedule::default(),
            clip_norm: None,
            weight_decay: 0.0,
            step: 0,
            layout: None,
            arrays: Vec::new(),
            stretches: Vec::new(),
        }
    }

    /// Multiplies the learning rate by the schedule's value at each step.
    #[must_use]
    pub fn schedule(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// Shortens the gradient, all parameters' together, to this Euclidean norm where it is longer (Pascanu et al.,
    /// arXiv:1211.5063). The gradient map stays as it is.
    #[must_use]
    pub fn clip_norm(self, norm: f64) -> Self {
        Self { clip_norm: Some(norm), ..self }
    }

    /// L2 decay: adds `lambda` times the parameter to its gradient.
    #[must_use]
    pub fn weight_decay(self, lambda: f64) -> Self {
        Self { weight_decay: lambda, ..self }
    }

    /// The norm of the gradients that take part, if all their elements are finite.
    fn finite_norm(&self, params: &Params<T>, gradients: &Gradients<T>) -> Result<f64, Error> {
        let norm = clip::norm(gradients.params(), &self.stretches);
        if norm.is_finite() {
            return Ok(norm);
        }
        let stepped =
            |range: &Range<usize>| self.stretches.iter().any(|s| s.start <= range.start && range.end <= s.end);
        for (_, parameter) in params.iter().filter(|(_, parameter)| stepped(&parameter.range())) {
            let gradient = &gradients.params()[parameter.range()];
            let count = gradient.iter().filter(|g| !g.is_finite()).count();
            if count > 0 {
                return Err(Error::NonFinite { parameter: parameter.name().to_owned(), count, size: gradient.len() });
            }
        }
        // Finite f64 elements so large that their norm is beyond f64.
        Ok(f64::MAX)
    }
}

impl<R: Recipe, T: Real> Optimizer<T> for Descent<R, T> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn check(&self) -> Result<(), Error> {
        let finite = |value: f64| value.is_finite() && value >= 0.0;
        let rule = "it must be finite and >= 0";
        Error::unless(finite(self.learning_rate), R::NAME, "learning rate", self.learning_rate, rule)?;
        Error::unless(finite(self.weight_decay), R::NAME, "weight decay", self.weight_decay, rule)?;
        if let Some(norm) = self.clip_norm {
            Error::unless(norm > 0.0, R::NAME, "clip norm", norm, "it must be > 0")?;
        }
        self.schedule.check()?;
        self.recipe.check::<T>()
    }

    fn step(&mut self, params: &mut Params<T>, gradients: &Gradients<T>) -> Result<Step, Error> {
        self.check()?;
        self.stretches.clear();
        self.stretches.extend(gradients.stretches(params)?);
        if let Some(layout) = &self.layout {
            layout.check_model(params)?;
        }
        let gradient_norm = self.finite_norm(params, gradients)?;

        // Everything is checked: from here on nothing fails.
        let eta = self.learning_rate();
        let clip_factor = self.clip_norm.map_or(1.0, |limit| clip::factor(limit, gradient_norm));
        let (clip, lambda) = (Real::from_f64(clip_factor), Real::from_f64(self.weight_decay));
        let layout = self.layout.get_or_insert_with(|| Layout::of(params));
        // At the first step, or when the settings have since come to need other arrays.
        self.arrays.resize_with(self.recipe.arrays().len(), || vec![T::zero(); layout.size()]);
        let (theta, gradient) = (params.values_mut(), gradients.params());
        layout.count_step(&self.stretches, |t, range| {
            let piece = Piece {
                theta: &mut theta[range.clone()],
                gradient: &gradient[range.clone()],
                arrays: &mut self.arrays,
                range,
                clip,
                lambda,
            };
            self.recipe.update(t, eta, piece);
        });
        self.step += 1;
        Ok(Step { step: self.step, learning_rate: eta, gradient_norm, clip_factor })
    }

    fn steps(&self) -> u64 {
        self.step
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate * self.schedule.at(self.step)
    }

    fn state(&self) -> State<T> {
        let parameters = self.layout.as_ref().map_or_else(Vec::new, Layout::parameters);
        let mut arrays = Vec::new();
        for (parameter, range) in parameters.iter().zip(self.layout.iter().flat_map(Layout::ranges)) {
            // What was never stepped has nothing but zeros.
            if parameter.step > 0 {
                arrays.extend(self.recipe.arrays().iter().zip(&self.arrays).map(|(&name, array)| StateArray {
                    parameter: parameter.name.clone(),
                    name: name.to_owned(),
                    values: array[range.clone()].to_vec(),
                }));
            }
        }
        State { optimizer: R::NAME.to_owned(), step: self.step, parameters, arrays }
    }

    fn restore(&mut self, state: &State<T>) -> Result<(), Error> {
        if state.optimizer != R::NAME {
            return Err(Error::OtherOptimizer { expected: R::NAME, found: state.optimizer.clone() });
        }
        let layout = Layout::restored(&state.parameters)?;
        if let Some(own) = &self.layout {
            own.check_state(&layout)?;
        }
        let arrays = state.flat_arrays(self.recipe.arrays(), &layout)?;
        self.step = state.step;
        // A state from before the first step belongs to no model yet.
        self.layout = (!state.parameters.is_empty()).then_some(layout);
        self.arrays = arrays;
        Ok(())
    }
}
