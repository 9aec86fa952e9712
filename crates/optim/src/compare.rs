//! Which optimizer, and which rate? A comparison on an equal budget, and a learning-rate finder.

use std::fmt;
use std::time::{Duration, Instant};

use tape::{Params, Real};

use crate::error::Error;
use crate::optimizer::{Evaluate, Optimizer};

/// How one optimizer did in [`compare`].
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What it was called.
    pub name: String,
    /// The loss of every evaluation, in order: a curve to be drawn.
    pub losses: Vec<f64>,
    /// How many steps it took.
    pub steps: u64,
    /// How long all of it took.
    pub time: Duration,
    /// Why it stopped before its budget was used, if it did.
    pub failure: Option<Error>,
}

impl Run {
    /// The lowest loss; infinite if there is none.
    #[must_use]
    pub fn best(&self) -> f64 {
        self.losses.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// What [`compare`] found, best first; shown as a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The runs by their lowest loss.
    pub runs: Vec<Run>,
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.runs.iter().map(|run| run.name.len()).max().unwrap_or(0).max("optimizer".len());
        writeln!(
            f,
            "{:width$}  {:>11}  {:>11}  {:>7}  {:>11}",
            "optimizer", "best loss", "last loss", "steps", "time"
        )?;
        for run in &self.runs {
            let last = run.losses.last().copied().unwrap_or(f64::INFINITY);
            let (best, time) = (run.best(), run.time.as_secs_f64() * 1e3);
            write!(f, "{:width$}  {best:>11.4e}  {last:>11.4e}  {:>7}  {time:>8.2} ms", run.name, run.steps)?;
            match &run.failure {
                Some(failure) => writeln!(f, "  {failure}")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

/// Runs each optimizer from the same parameters, until it has evaluated the loss and its gradient `budget` times: those
/// that evaluate several times a step take fewer steps. The last step may finish beyond the budget.
///
/// ```
/// use ndarray::array;
/// use optim::{Adam, Optimizer, Sgd, compare};
/// let mut start = tape::Params::<f64>::new();
/// start.add("x", &array![1.0, 1.0]);
/// let optimizers: Vec<(&str, Box<dyn Optimizer<f64>>)> =
///     vec![("sgd", Box::new(Sgd::new(0.01))), ("adam", Box::new(Adam::new(0.1)))];
/// // A long valley.
/// let comparison = compare(&start, optimizers, 100, |params| {
///     let [x, y] = params.values() else { unreachable!() };
///     let gradients = tape::Gradients::for_params(params, &[0.1 * x, 100.0 * y]).unwrap();
///     (0.05 * x * x + 50.0 * y * y, gradients)
/// });
/// assert_eq!(comparison.runs[0].name, "adam");
/// assert_eq!(comparison.runs[0].losses.len(), 100);
/// println!("{comparison}");
/// ```
pub fn compare<'a, T: Real>(
    start: &Params<T>,
    optimizers: impl IntoIterator<Item = (&'a str, Box<dyn Optimizer<T>>)>,
    budget: usize,
    mut evaluate: impl FnMut(&Params<T>) -> (f64, tape::Gradients<T>),
) -> Comparison {
    let mut runs = Vec::new();
    for (name, mut optimizer) in optimizers {
        let (mut params, mut losses, begun) = (start.clone(), Vec::new(), Instant::now());
        let mut failure = None;
        while losses.len() < budget && failure.is_none() {
            let evaluate: &mut Evaluate<'_, T> = &mut |params| {
                let (loss, gradients) = evaluate(params);
                losses.push(loss);
                (loss, gradients)
            };
            failure = optimizer.step_with(&mut params, evaluate).err();
        }
        runs.push(Run { name: name.to_owned(), losses, steps: optimizer.steps(), time: begun.elapsed(), failure });
    }
    runs.sort_by(|one, other| one.best().total_cmp(&other.best()));
    Comparison { runs }
}

/// The losses along rates that rise by the same factor from step to step (Smith, arXiv:1506.01186, section 3.3).
#[derive(Debug, Clone, PartialEq)]
pub struct RateCurve {
    /// The rate of each step.
    pub rates: Vec<f64>,
    /// The loss before the step at that rate.
    pub losses: Vec<f64>,
}

impl RateCurve {
    /// A tenth of the rate at which the loss is lowest: large, and well before it diverges. None without losses.
    #[must_use]
    pub fn suggestion(&self) -> Option<f64> {
        let finite = self.rates.iter().zip(&self.losses).filter(|(_, loss)| loss.is_finite());
        finite.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(rate, _)| rate / 10.0)
    }
}

/// Steps a copy of the parameters at rates that rise from `from` to `to` in `steps` steps, until the loss is four times the
/// lowest. The optimizer should be a fresh one without a schedule; it is left with the last rate.
///
/// ```
/// use ndarray::array;
/// use optim::{Sgd, find_rate};
/// let mut start = tape::Params::<f64>::new();
/// start.add("x", &array![1.0]);
/// // Descent on x^2 diverges at rates above 1.
/// let curve = find_rate(&start, &mut Sgd::new(0.0), (1e-4, 1e2), 60, |params| {
///     let x = params.values()[0];
///     (x * x, tape::Gradients::for_params(params, &[2.0 * x]).unwrap())
/// })?;
/// let rate = curve.suggestion().unwrap();
/// assert!(rate > 0.01 && rate < 1.0, "{rate}");
/// # Ok::<(), optim::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`] if the rates do not rise from above zero. A step that fails ends the curve.
pub fn find_rate<T: Real>(
    start: &Params<T>,
    optimizer: &mut (impl Optimizer<T> + ?Sized),
    (from, to): (f64, f64),
    steps: u64,
    mut evaluate: impl FnMut(&Params<T>) -> (f64, tape::Gradients<T>),
) -> Result<RateCurve, Error> {
    let sound = from > 0.0 && to > from && to.is_finite();
    Error::unless(sound, "find_rate", "rates", format_args!("({from}, {to})"), "they must rise from above zero")?;
    let mut params = start.clone();
    let mut curve = RateCurve { rates: Vec::new(), losses: Vec::new() };
    let mut lowest = f64::INFINITY;
    for t in 0..steps {
        let rate = from * (to / from).powf(t as f64 / steps.saturating_sub(1).max(1) as f64);
        optimizer.set_learning_rate(rate);
        let mut loss = None;
        let evaluate: &mut Evaluate<'_, T> = &mut |params| {
            let (value, gradients) = evaluate(params);
            loss.get_or_insert(value);
            (value, gradients)
        };
        let stepped = optimizer.step_with(&mut params, evaluate);
        let Some(loss) = loss else { break };
        curve.rates.push(rate);
        curve.losses.push(loss);
        lowest = lowest.min(loss);
        if stepped.is_err() || loss.is_nan() || loss > 4.0 * lowest {
            break;
        }
    }
    Ok(curve)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Sam, Sgd};

    fn bowl(params: &Params<f64>) -> (f64, tape::Gradients<f64>) {
        let x = params.values()[0];
        (x * x, tape::Gradients::for_params(params, &[2.0 * x]).unwrap())
    }

    fn start() -> Params<f64> {
        let mut params = Params::new();
        params.add("x", &ndarray::array![1.0]);
        params
    }

    #[test]
    fn the_budget_is_of_evaluations() {
        let optimizers: Vec<(&str, Box<dyn Optimizer<f64>>)> = vec![
            ("sam", Box::new(Sam::new(Sgd::new(0.1)))),
            ("diverging", Box::new(Sgd::new(1e200))),
            ("sgd", Box::new(Sgd::new(0.25))),
        ];
        let comparison = compare(&start(), optimizers, 10, bowl);
        let by_name = |name: &str| comparison.runs.iter().find(|run| run.name == name).unwrap();
        assert_eq!((by_name("sam").steps, by_name("sgd").steps, by_name("sgd").losses.len()), (5, 10, 10));
        assert_eq!(by_name("sgd").losses[..3], [1.0, 0.25, 0.0625]);
        assert!(by_name("diverging").failure.is_some());
        let text = comparison.to_string();
        assert!(text.starts_with("optimizer    best loss"), "{text}");
        assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("sgd ")), "{text}");
    }

    #[test]
    fn rates_must_rise() {
        let error = find_rate(&start(), &mut Sgd::new(0.0), (1.0, 0.5), 9, bowl).unwrap_err();
        assert_eq!(error.to_string(), "find_rate: rates = (1, 0.5): they must rise from above zero");
    }
}
