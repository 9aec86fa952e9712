//! Which learning rate does each optimizer race at, and how were the tuned ones found?

use optim::Optimizer;
use tape::{Gradients, Params};

use super::{Fairness, LANDSCAPES, Landscape, RACERS, Racer};

/// Radford's rates, one row per landscape, one column for each of his six.
const RADFORD: [[f64; 6]; 3] = [
    [0.001, 0.001, 0.001, 1.0, 5.0, 0.075],
    [0.01, 0.01, 0.01, 0.05, 1.0, 0.01],
    [0.005, 0.005, 0.005, 0.05, 1.0, 0.01],
];

/// His RMSprop, whose rates Adam and its successors take.
const RMSPROP: usize = 5;

/// How many rates each optimizer may try on each landscape: ten to a factor of ten, from 1e-5 to 1e3.
const TRIALS: usize = 81;

/// The best of [`TRIALS`] rates, one row per landscape, one column for each of [`RACERS`]. `races --tune` prints them.
const TUNED: [[f64; 12]; 3] = [[0.0; 12]; 3];

/// When a race is won.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// The height that has to be reached.
    pub height: f64,
    /// A racer that is thrown higher than this is out.
    pub ceiling: f64,
}

/// What a search over rates found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuned {
    /// The rate that reaches the target in the fewest steps; if none does, the one that gets lowest.
    pub rate: f64,
    /// After how many steps, if it does.
    pub steps: Option<usize>,
}

fn place(racer: &Racer, landscape: &Landscape) -> (usize, usize) {
    let row = LANDSCAPES.iter().position(|other| other.name == landscape.name);
    let column = RACERS.iter().position(|other| other.name == racer.name);
    (row.expect("a landscape of the list"), column.expect("a racer of the list"))
}

/// The learning rate of a racer of [`RACERS`] on a landscape of [`LANDSCAPES`].
///
/// ```
/// use examples::races::{Fairness, LANDSCAPES, RACERS, rate};
/// assert_eq!(rate(&RACERS[4], &LANDSCAPES[0], Fairness::Radford), 5.0);
/// assert_eq!(rate(&RACERS[4], &LANDSCAPES[0], Fairness::Defaults), 1.0);
/// ```
#[must_use]
pub fn rate(racer: &Racer, landscape: &Landscape, fairness: Fairness) -> f64 {
    let (row, column) = place(racer, landscape);
    match fairness {
        Fairness::Radford => RADFORD[row][column.min(RMSPROP)],
        Fairness::Defaults => racer.default_rate,
        Fairness::Tuned => tuned(racer, landscape),
    }
}

/// The tuned rate that is written down.
#[must_use]
pub fn tuned(racer: &Racer, landscape: &Landscape) -> f64 {
    let (row, column) = place(racer, landscape);
    TUNED[row][column]
}

impl Landscape {
    /// A thousandth above the minimum; where there is none, below the pass by half of the way to the lower edge of the
    /// picture.
    #[must_use]
    pub fn target(&self) -> Target {
        match self.minimum {
            Some(minimum) => Target { height: self.value(minimum) + 1e-3, ceiling: f64::INFINITY },
            None => Target { height: -1.0, ceiling: 5.0 },
        }
    }
}

/// Finds a racer's rate for a landscape: [`TRIALS`] of them, each for as many steps as the race has, from the same start.
///
/// ```
/// use examples::races::{RACERS, landscape, tune};
/// // Of x on 5 x^2 - y^2, descent makes 1 - 10 rate, so it diverges above a rate of 0.2.
/// let found = tune(&RACERS[0], landscape("valley").unwrap());
/// assert!(found.rate > 0.1 && found.rate <= 0.2, "{found:?}");
/// ```
#[must_use]
pub fn tune(racer: &Racer, landscape: &Landscape) -> Tuned {
    let mut start = Params::new();
    start.add("position", &ndarray::arr1(&landscape.start));
    let rates: Vec<f64> = (0..TRIALS).map(|i| rounded(10f64.powf(i as f64 / 10.0 - 5.0))).collect();
    let names: Vec<String> = rates.iter().map(f64::to_string).collect();
    let trials = names.iter().zip(&rates).map(|(name, &rate)| (name.as_str(), racer.rule.optimizer(rate)));
    let trials: Vec<(&str, Box<dyn Optimizer<f64>>)> = trials.collect();
    let comparison = optim::compare(&start, trials, landscape.frames, |params| {
        let position = [params.values()[0], params.values()[1]];
        let (value, slope) = landscape.value_and_gradient(position);
        (value, Gradients::for_params(params, &slope).expect("there are two slopes for two numbers"))
    });

    let target = landscape.target();
    let found = comparison.runs.iter().map(|run| {
        let steps = run.losses.iter().position(|&f| f <= target.height);
        let before = &run.losses[..steps.unwrap_or(run.losses.len())];
        let thrown_out = before.iter().any(|&f| f.is_nan() || f > target.ceiling);
        let lowest = if thrown_out { f64::INFINITY } else { run.best() };
        let rate: f64 = run.name.parse().expect("the name is the rate");
        (Tuned { rate, steps: steps.filter(|_| !thrown_out) }, lowest)
    });
    // Of equals the smaller rate: it is further from the rates at which the racer is thrown out.
    let (best, _) = found
        .min_by(|(one, one_lowest), (other, other_lowest)| {
            let steps = |tuned: &Tuned| tuned.steps.unwrap_or(usize::MAX);
            let by_height = if one.steps.is_some() { std::cmp::Ordering::Equal } else { one_lowest.total_cmp(other_lowest) };
            steps(one).cmp(&steps(other)).then(by_height).then(one.rate.total_cmp(&other.rate))
        })
        .expect("there are trials");
    best
}

/// Two digits: a rate that people would write.
fn rounded(rate: f64) -> f64 {
    format!("{rate:.1e}").parse().expect("a number was written")
}
