//! L-BFGS: a Newton step from the last changes of the gradient.
//!
//! ```text
//! s = theta - theta_before,  y = g - g_before, kept if y.s > 1e-10, the last `history` of them
//! d = -H g by two loops over them, from H = y.s / y.y
//! theta = theta + t d,  t = min(1, 1 / |g|_1) eta at the first step, then eta, or by a line search from there
//! ```
//!
//! Paper: Liu and Nocedal, Mathematical Programming 45, 1989; the line search finds the strong Wolfe conditions with
//! c1 1e-4 and c2 0.9, as Schmidt's minFunc does.
//!
//! Defaults are PyTorch 2.15's: rate 1, history 100, up to 20 iterations and 25 evaluations a step, tolerances 1e-7 of the
//! gradient and 1e-9 of changes. [`step`](crate::Optimizer::step) is one iteration at a fixed rate, PyTorch's `max_iter=1`
//! without line search; [`step_with`](crate::Optimizer::step_with) searches, PyTorch's `line_search_fn="strong_wolfe"`.
//! Departures: a loss or gradient that is not finite where a step begins is reported; within a search it counts as too far; and
//! what is frozen or not reached does not move.

use std::ops::Range;

use tape::{Gradients, Params, Real};

use crate::clip;
use crate::error::Error;
use crate::layout::Layout;
use crate::optimizer::{Evaluate, Optimizer, Step};
use crate::state::State;
use crate::wolfe::{Line, Point, search};

const NAME: &str = "lbfgs";

/// L-BFGS (Liu and Nocedal 1989). For losses over all examples.
///
/// ```
/// use ndarray::array;
/// use optim::{Lbfgs, Optimizer};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![-1.2, 1.0]);
/// let mut lbfgs = Lbfgs::new();
/// for _ in 0..6 {
///     lbfgs.step_with(&mut params, &mut |params| {
///         let [x, y] = params.values() else { unreachable!() };
///         let loss = (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
///         let g = [-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)];
///         (loss, tape::Gradients::for_params(params, &g).unwrap())
///     })?;
/// }
/// assert!(params.values().iter().all(|x| (x - 1.0).abs() < 1e-4), "{:?}", params.values());
/// # Ok::<(), optim::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lbfgs<T> {
    learning_rate: f64,
    history: usize,
    iterations: u64,
    evaluations: u64,
    tolerance_gradient: f64,
    tolerance_change: f64,
    step: u64,
    iteration: u64,
    layout: Option<Layout>,
    /// The last direction, and the gradient that it was from.
    direction: Vec<T>,
    gradient: Vec<T>,
    /// How far the last direction was followed.
    length: f64,
    /// H = gamma I before the changes are taken in.
    gamma: f64,
    /// The changes of parameters and gradient, oldest first.
    changes: Vec<(Vec<T>, Vec<T>)>,
    /// What takes part in the step in progress.
    stretches: Vec<Range<usize>>,
}

impl<T: Real> Default for Lbfgs<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> Lbfgs<T> {
    /// L-BFGS with the settings that the head of the file gives.
    #[must_use]
    pub fn new() -> Self {
        Self {
            learning_rate: 1.0,
            history: 100,
            iterations: 20,
            evaluations: 25,
            tolerance_gradient: 1e-7,
            tolerance_change: 1e-9,
            step: 0,
            iteration: 0,
            layout: None,
            direction: Vec::new(),
            gradient: Vec::new(),
            length: 0.0,
            gamma: 1.0,
            changes: Vec::new(),
            stretches: Vec::new(),
        }
    }

    /// How much of a Newton step is taken, or tried first.
    #[must_use]
    pub fn rate(self, learning_rate: f64) -> Self {
        Self { learning_rate, ..self }
    }

    /// How many changes are kept.
    #[must_use]
    pub fn history(self, changes: usize) -> Self {
        Self { history: changes, ..self }
    }

    /// How many iterations a step with a loss has at most, and how many evaluations.
    #[must_use]
    pub fn budget(self, iterations: u64, evaluations: u64) -> Self {
        Self { iterations, evaluations, ..self }
    }

    /// The largest element of a gradient, and the largest change, that count as none.
    #[must_use]
    pub fn tolerances(self, gradient: f64, change: f64) -> Self {
        Self { tolerance_gradient: gradient, tolerance_change: change, ..self }
    }

    /// Takes a new gradient in and finds the next direction; says how far to try it, and its slope.
    fn turn(&mut self, g: &[T]) -> (f64, f64) {
        self.iteration += 1;
        if self.iteration == 1 {
            self.direction = g.iter().map(|&g| -g).collect();
        } else {
            let length: T = Real::from_f64(self.length);
            let y: Vec<T> = g.iter().zip(&self.gradient).map(|(&g, &before)| g - before).collect();
            let s: Vec<T> = self.direction.iter().map(|&d| d * length).collect();
            let ys = dot(&y, &s);
            if ys > 1e-10 {
                if self.changes.len() >= self.history {
                    self.changes.remove(0);
                }
                self.gamma = ys / dot(&y, &y);
                self.changes.push((s, y));
            }
            self.direction = self.newton(g);
        }
        let mut end = 0;
        for range in self.stretches.iter().cloned().chain([g.len()..g.len()]) {
            self.direction[end..range.start].fill(T::zero());
            end = range.end;
        }
        self.gradient = g.to_vec();
        let sizes: f64 = g.iter().map(|g| g.widen().abs()).sum();
        let first = if self.iteration == 1 { (1.0 / sizes).min(1.0) } else { 1.0 };
        (first * self.learning_rate, dot(g, &self.direction))
    }

    /// -H g, by two loops over the changes.
    fn newton(&self, g: &[T]) -> Vec<T> {
        let mut q: Vec<T> = g.iter().map(|&g| -g).collect();
        let mut alphas = Vec::with_capacity(self.changes.len());
        for (s, y) in self.changes.iter().rev() {
            let alpha = dot(s, &q) * (1.0 / dot(y, s));
            add(&mut q, -alpha, y);
            alphas.push(alpha);
        }
        let gamma: T = Real::from_f64(self.gamma);
        q.iter_mut().for_each(|q| *q *= gamma);
        for ((s, y), alpha) in self.changes.iter().zip(alphas.into_iter().rev()) {
            let beta = dot(y, &q) * (1.0 / dot(y, s));
            add(&mut q, alpha - beta, s);
        }
        q
    }

    /// The gradient of what takes part, zero elsewhere, and its norm, if it is finite.
    fn flat(params: &Params<T>, gradients: &Gradients<T>) -> Result<(Vec<T>, f64), Error> {
        let stretches: Vec<_> = gradients.stretches(params)?.collect();
        let norm = clip::finite_norm(params, gradients, &stretches)?;
        let mut flat = vec![T::zero(); params.size()];
        for range in stretches {
            flat[range.clone()].copy_from_slice(&gradients.params()[range]);
        }
        Ok((flat, norm))
    }

    /// Checks everything that can be wrong with a step.
    fn begin(&mut self, params: &Params<T>, gradients: &Gradients<T>) -> Result<(Vec<T>, Step), Error> {
        Optimizer::<T>::check(self)?;
        if let Some(layout) = &self.layout {
            layout.check_model(params)?;
        }
        let (g, gradient_norm) = Self::flat(params, gradients)?;
        self.layout.get_or_insert_with(|| Layout::of(params));
        self.stretches.clear();
        self.stretches.extend(gradients.stretches(params)?);
        let (step, learning_rate) = (self.step + 1, self.learning_rate);
        Ok((g, Step { step, learning_rate, gradient_norm, clip_factor: 1.0 }))
    }

    /// Iterates with line searches from a point whose loss and gradient are known.
    fn iterate(&mut self, params: &mut Params<T>, evaluate: &mut Evaluate<'_, T>, mut loss: f64, mut g: Vec<T>) {
        let mut evaluations = 1;
        for _ in 0..self.iterations {
            let (first, slope) = self.turn(&g);
            if slope > -self.tolerance_change {
                break;
            }
            let start = params.values().to_vec();
            let direction = &self.direction;
            let before = loss;
            let mut at = |t: f64| {
                params.values_mut().copy_from_slice(&start);
                add(params.values_mut(), t, direction);
                let (loss, gradients) = evaluate(params);
                // What cannot be evaluated is too far, with a slope that leads back.
                let flat = Self::flat(params, &gradients).ok().filter(|_| loss.is_finite());
                let (g, slope) = flat.map_or((g.clone(), f64::MAX), |(g, _)| {
                    let slope = dot(&g, direction);
                    (g, slope)
                });
                Point { t, loss: if slope == f64::MAX { f64::MAX } else { loss }, slope, gradient: g }
            };
            let origin = Point { t: 0.0, loss, slope, gradient: g.clone() };
            let longest = largest(direction);
            let line = Line {
                first,
                longest,
                tolerance: self.tolerance_change,
                tries: self.evaluations.saturating_sub(evaluations),
            };
            let (found, tried) = search(&mut at, &origin, &line);
            evaluations += tried;
            params.values_mut().copy_from_slice(&start);
            add(params.values_mut(), found.t, direction);
            (loss, g, self.length) = (found.loss, found.gradient, found.t);
            let still =
                longest * self.length.abs() <= self.tolerance_change || (loss - before).abs() < self.tolerance_change;
            if evaluations >= self.evaluations || largest(&g) <= self.tolerance_gradient || still {
                break;
            }
        }
    }
}

impl<T: Real> Optimizer<T> for Lbfgs<T> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        Error::unless_amount(NAME, "learning rate", self.learning_rate)?;
        Error::unless_amount(NAME, "gradient tolerance", self.tolerance_gradient)?;
        Error::unless_amount(NAME, "change tolerance", self.tolerance_change)?;
        Error::unless(self.history > 0, NAME, "history", self.history, "it must be at least 1")?;
        Error::unless(self.iterations > 0, NAME, "iterations", self.iterations, "it must be at least 1")?;
        Error::unless(self.evaluations > 1, NAME, "evaluations", self.evaluations, "it must be at least 2")
    }

    fn step(&mut self, params: &mut Params<T>, gradients: &Gradients<T>) -> Result<Step, Error> {
        let (g, step) = self.begin(params, gradients)?;
        self.step += 1;
        if largest(&g) > self.tolerance_gradient {
            let (first, slope) = self.turn(&g);
            self.length = first;
            if slope <= -self.tolerance_change {
                add(params.values_mut(), first, &self.direction);
            }
        }
        Ok(step)
    }

    fn step_with(&mut self, params: &mut Params<T>, evaluate: &mut Evaluate<'_, T>) -> Result<Step, Error> {
        let (loss, gradients) = evaluate(params);
        Error::unless_finite(NAME, loss)?;
        let (g, step) = self.begin(params, &gradients)?;
        self.step += 1;
        if largest(&g) > self.tolerance_gradient {
            self.iterate(params, evaluate, loss, g);
        }
        Ok(step)
    }

    fn steps(&self) -> u64 {
        self.step
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn base_learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, rate: f64) {
        self.learning_rate = rate;
    }

    fn state(&self) -> State<T> {
        let mut state = State::bare(NAME, self.step);
        if self.iteration == 0 {
            return state;
        }
        let mut buffers = vec![("d".to_owned(), &*self.direction), ("prev_grad".to_owned(), &*self.gradient)];
        for (index, (s, y)) in self.changes.iter().enumerate() {
            buffers.extend([(format!("s{index}"), &**s), (format!("y{index}"), &**y)]);
        }
        let numbers = [
            ("iteration", self.iteration as f64),
            ("length", self.length),
            ("gamma", self.gamma),
            ("changes", self.changes.len() as f64),
        ];
        state = State::of_buffers(NAME, self.step, self.layout.as_ref(), &buffers, &numbers);
        state
    }

    fn restore(&mut self, state: &State<T>) -> Result<(), Error> {
        state.check_name(NAME)?;
        let fresh = state.parameters.is_empty();
        let numbers = ["iteration", "length", "gamma", "changes"];
        let numbers = if fresh { vec![0.0, 0.0, 1.0, 0.0] } else { state.check_numbers(&numbers)? };
        let count = (state.arrays.len() as f64).min(numbers[3]) as usize;
        let mut names = vec!["d".to_owned(), "prev_grad".to_owned()];
        names.extend((0..count).flat_map(|index| [format!("s{index}"), format!("y{index}")]));
        let (layout, buffers) = state.check_buffers(&names, self.layout.as_ref())?;
        let mut buffers = buffers.into_iter();
        self.direction = buffers.next().unwrap_or_default();
        self.gradient = buffers.next().unwrap_or_default();
        self.changes.clear();
        while let (Some(s), Some(y)) = (buffers.next(), buffers.next()) {
            self.changes.push((s, y));
        }
        (self.iteration, self.length, self.gamma) = (numbers[0] as u64, numbers[1], numbers[2]);
        self.layout = layout;
        self.step = state.step;
        Ok(())
    }
}

fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.widen() * b.widen()).sum()
}

fn add<T: Real>(to: &mut [T], factor: f64, values: &[T]) {
    let factor: T = Real::from_f64(factor);
    for (x, &value) in to.iter_mut().zip(values) {
        *x += factor * value;
    }
}

fn largest<T: Real>(values: &[T]) -> f64 {
    values.iter().fold(0.0, |largest, x| x.widen().abs().max(largest))
}
