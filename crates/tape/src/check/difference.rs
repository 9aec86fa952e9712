//! Derivatives along a line, from values alone.

use super::report::{Fault, Verdict};

/// How many steps a tableau has, and by how much each is smaller than the one before.
const COLUMNS: usize = 8;
const SHRINK: f64 = 1.6;

/// How often the first step is made smaller when the tableau does not converge.
const ATTEMPTS: usize = 7;

/// An extrapolated derivative with its own estimate of its error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    pub(super) derivative: f64,
    pub(super) error: f64,
}

/// What came of comparing one derivative.
pub(super) struct Outcome {
    pub(super) numeric: f64,
    pub(super) error: f64,
    pub(super) verdict: Verdict,
    pub(super) note: String,
}

/// A function seen along one direction from a point.
pub(super) struct Line<'a> {
    point: &'a [f64],
    direction: &'a [f64],
    centre: f64,
    /// The length along the direction on which the function is expected to change.
    scale: f64,
    value: &'a mut dyn FnMut(&[f64]) -> Result<f64, Fault>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Central,
    Left,
    Right,
}

impl<'a> Line<'a> {
    pub(super) fn new(
        point: &'a [f64],
        direction: &'a [f64],
        centre: f64,
        value: &'a mut dyn FnMut(&[f64]) -> Result<f64, Fault>,
    ) -> Self {
        // The smallest scale of the elements that move; one at or near zero is taken to live on a scale of a tenth.
        let moving = point.iter().zip(direction).filter(|(_, direction)| **direction != 0.0);
        let scale = moving.map(|(x, direction)| x.abs().max(0.1) / direction.abs()).fold(f64::INFINITY, f64::min);
        Self { point, direction, centre, scale, value }
    }

    fn at(&mut self, step: f64) -> Result<f64, Fault> {
        let moved: Vec<f64> = self.point.iter().zip(self.direction).map(|(x, d)| x + step * d).collect();
        (self.value)(&moved)
    }

    /// Ridders' tableau: differences at shrinking steps, extrapolated by the powers of the step that each kind has.
    fn tableau(&mut self, kind: Kind, first_step: f64) -> Result<Estimate, Fault> {
        let mut best = Estimate { derivative: f64::NAN, error: f64::INFINITY };
        let mut previous: Vec<f64> = Vec::new();
        let power = if kind == Kind::Central { SHRINK * SHRINK } else { SHRINK };
        let mut step = first_step;
        for _ in 0..COLUMNS {
            let (before, behind) = match kind {
                Kind::Central => (self.at(-step)?, self.at(step)?),
                Kind::Right => (self.centre, self.at(step)?),
                Kind::Left => (self.at(-step)?, self.centre),
            };
            let width = if kind == Kind::Central { 2.0 * step } else { step };
            let quotient = (behind - before) / width;
            // What the rounding of the values alone does to the quotient.
            let rounding = f64::EPSILON * before.abs().max(behind.abs()) / width;
            let mut row = vec![quotient];
            let mut factor = power;
            for (column, &above) in previous.iter().enumerate() {
                let left = row[column];
                let extrapolated = (left * factor - above) / (factor - 1.0);
                factor *= power;
                let error = (extrapolated - left).abs().max((extrapolated - above).abs()).max(rounding);
                if error <= best.error {
                    best = Estimate { derivative: extrapolated, error };
                }
                row.push(extrapolated);
            }
            // Higher orders that become worse will not become better.
            if let (Some(last), Some(before)) = (row.last(), previous.last())
                && (last - before).abs() >= 2.0 * best.error
                && row.len() > 3
            {
                break;
            }
            previous = row;
            step /= SHRINK;
        }
        Ok(best)
    }

    /// The best of several tableaus, each begun with a smaller step; a step that leaves the domain is too large.
    fn estimate(&mut self, kind: Kind) -> Result<Estimate, Fault> {
        let mut best = Estimate { derivative: f64::NAN, error: f64::INFINITY };
        let mut step = 0.05 * self.scale;
        for _ in 0..ATTEMPTS {
            let estimate = self.tableau(kind, step)?;
            if estimate.error < best.error && estimate.derivative.is_finite() {
                best = estimate;
            }
            if best.error <= 1e-9 * best.derivative.abs() {
                break;
            }
            step *= 0.1;
        }
        Ok(best)
    }

    /// Compares an analytic derivative along the line with the numeric one.
    pub(super) fn verify(&mut self, analytic: f64, tolerance: f64, largest: f64) -> Result<Outcome, Fault> {
        let central = self.estimate(Kind::Central)?;
        let allowed = |estimate: Estimate| {
            let size = analytic.abs().max(estimate.derivative.abs());
            tolerance * size + 4.0 * estimate.error + 1e-13 * largest
        };
        let reliable = |estimate: Estimate| {
            let size = analytic.abs().max(estimate.derivative.abs());
            estimate.error <= (1e-5 * size.max(1e-4 * largest)).max(1e-11 * self.centre.abs() / self.scale)
        };
        let agrees = (analytic - central.derivative).abs() <= allowed(central);
        let outcome = |estimate: Estimate, verdict, note: String| Outcome {
            numeric: estimate.derivative,
            error: estimate.error,
            verdict,
            note,
        };
        let central_reliable = reliable(central);
        if agrees && central_reliable {
            return Ok(outcome(central, Verdict::Agrees, String::new()));
        }
        let reliable = |estimate: Estimate, centre: f64, scale: f64| {
            let size = analytic.abs().max(estimate.derivative.abs());
            estimate.error <= (1e-4 * size.max(1e-4 * largest)).max(1e-11 * centre.abs() / scale)
        };
        let (left, right) = (self.estimate(Kind::Left)?, self.estimate(Kind::Right)?);
        let [left_known, right_known] = [left, right].map(|side| reliable(side, self.centre, self.scale));
        if analytic.is_infinite() {
            let vertical = self.is_vertical(analytic)?;
            let verdict = if vertical { Verdict::Agrees } else { Verdict::Differs };
            let note = if vertical { "vertical tangent" } else { "infinite, but the function is not steep here" };
            return Ok(outcome(central, verdict, note.to_owned()));
        }
        let differ =
            (left.derivative - right.derivative).abs() > 1e-4 * left.derivative.abs().max(right.derivative.abs());
        Ok(match (left_known, right_known) {
            (true, true) if differ => {
                let (low, high) = (left.derivative.min(right.derivative), left.derivative.max(right.derivative));
                let slack = tolerance * low.abs().max(high.abs()) + 4.0 * left.error.max(right.error);
                let inside = (low - slack..=high + slack).contains(&analytic);
                let note = format!(
                    "not smooth here: {:.6e} to the left, {:.6e} to the right",
                    left.derivative, right.derivative
                );
                outcome(central, if inside { Verdict::Agrees } else { Verdict::Differs }, note)
            }
            (false, true) if !central_reliable => self.one_sided(right, analytic, tolerance, "right"),
            (true, false) if !central_reliable => self.one_sided(left, analytic, tolerance, "left"),
            _ if central_reliable => outcome(central, Verdict::Differs, String::new()),
            _ => {
                let note = "too rough to be verified: the differences do not converge".to_owned();
                outcome(central, Verdict::Unverifiable, note)
            }
        })
    }

    fn one_sided(&self, estimate: Estimate, analytic: f64, tolerance: f64, side: &str) -> Outcome {
        let allowed = 1e-4_f64.max(tolerance) * analytic.abs().max(estimate.derivative.abs()) + 4.0 * estimate.error;
        let agrees = (analytic - estimate.derivative).abs() <= allowed;
        Outcome {
            numeric: estimate.derivative,
            error: estimate.error,
            verdict: if agrees { Verdict::Agrees } else { Verdict::Differs },
            note: format!("smooth to the {side} only"),
        }
    }

    /// Whether the difference quotients grow without end in the direction that an infinite derivative says.
    fn is_vertical(&mut self, analytic: f64) -> Result<bool, Fault> {
        let mut growing = false;
        for side in [1.0, -1.0] {
            let mut quotients = Vec::new();
            for exponent in [2, 4, 6, 8] {
                let step = side * self.scale * 0.1_f64.powi(exponent);
                quotients.push((self.at(step)? - self.centre) / step);
            }
            let steeper = quotients.windows(2).all(|pair| pair[1].abs() > 2.0 * pair[0].abs());
            growing |= steeper && quotients.iter().all(|quotient| quotient * analytic > 0.0);
        }
        Ok(growing)
    }
}
