//! Which learning rate does each optimizer race at, and how were the tuned ones found?

use super::{Fairness, LANDSCAPES, Landscape, RACERS, Racer, Trajectory, race};

/// Radford's rates, one row per landscape, one column for each of his six.
const RADFORD: [[f64; 6]; 3] = [
    [0.001, 0.001, 0.001, 1.0, 5.0, 0.075],
    [0.01, 0.01, 0.01, 0.05, 1.0, 0.01],
    [0.005, 0.005, 0.005, 0.05, 1.0, 0.01],
];

/// The last of his six in [`RACERS`], whose rates Adam and its successors take.
pub(super) const RMSPROP: usize = 5;

/// How many rates each optimizer may try on each landscape: ten to a factor of ten, from 1e-5 to 1e3.
const TRIALS: usize = 81;

/// The best of [`TRIALS`] rates, one row per landscape, one column for each of [`RACERS`]. `races --tune` prints them.
const TUNED: [[f64; 12]; 3] = [
    [0.025, 0.00079, 0.00079, 2.5, 7.9, 0.05, 1.6, 0.4, 0.63, 0.005, 1.6, 0.2],
    [0.063, 0.025, 0.016, 0.16, 1.0, 0.04, 0.13, 0.13, 0.13, 0.063, 0.13, 0.13],
    [0.063, 0.02, 0.02, 0.13, 1.6, 0.025, 0.1, 0.1, 0.079, 0.2, 0.13, 0.13],
];

/// Below the pass, the height at which a race is won: inside the picture, and past all hesitation.
const WON: f64 = -1.0;

/// The longest step before that, in widths of the picture: at a high rate anyone leaps out of any landscape, unseeing.
const LEAP: f64 = 0.1;

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
        Fairness::Tuned => TUNED[row][column],
    }
}

/// Finds a racer's rate for a landscape: the best of 81, ten to a factor of ten, each for as many
/// steps as the race has, from its start.
///
/// ```
/// use examples::races::{RACERS, landscape, tune};
/// // Descent on 5 x^2 - y^2 multiplies y by 1 + 2 rate. Its first step is 2.5 rate long, so that rates are below 0.078.
/// assert_eq!(tune(&RACERS[0], landscape("valley").unwrap()), 0.063);
/// ```
#[must_use]
pub fn tune(racer: &Racer, landscape: &Landscape) -> f64 {
    let trials = (0..TRIALS).map(|i| rounded(10f64.powf(i as f64 / 10.0 - 5.0)));
    let scored = trials.map(|rate| {
        let way = race(landscape, &mut *racer.rule.optimizer(rate), landscape.start, landscape.frames);
        (score(landscape, &way), rate)
    });
    // Of equals the smaller rate, which comes first.
    let (_, rate) = scored.min_by(|one, other| one.0.total_cmp(&other.0)).expect("there are trials");
    rate
}

/// The less the better. Where there is a minimum, the height of the last position; where there is none, the steps until
/// the race is won, or the height reached if it is not.
fn score(landscape: &Landscape, way: &Trajectory) -> f64 {
    let last = way.values.last().copied().filter(|_| way.values.len() == landscape.frames).unwrap_or(f64::INFINITY);
    if landscape.minimum.is_some() {
        return last;
    }
    let won = way.values.iter().position(|&value| value <= WON);
    let seen = &way.positions[..won.map_or(way.positions.len(), |step| step + 1)];
    let longest = LEAP * (landscape.x[1] - landscape.x[0]);
    let leaps = seen.windows(2).any(|p| (p[1][0] - p[0][0]).hypot(p[1][1] - p[0][1]) > longest);
    match won {
        _ if leaps => f64::INFINITY,
        Some(steps) => steps as f64,
        None => landscape.frames as f64 + last.max(WON) - WON,
    }
}

/// Two digits: a rate that people would write.
fn rounded(rate: f64) -> f64 {
    format!("{rate:.1e}").parse().expect("a number was written")
}
