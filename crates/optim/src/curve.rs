//! Along which curve does a schedule run?

use std::f64::consts::PI;

use crate::error::Error;
use crate::schedule::{Function, Schedule};

/// The form of a [`Schedule`], without its ends and its warm-up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Curve {
    Constant,
    Held { factor: f64, steps: u64 },
    Polynomial { total: u64, power: f64 },
    Cosine { total: u64 },
    Geometric { total: u64 },
    Wsd { total: u64, decay: u64 },
    Rex { total: u64 },
    Chebyshev { total: u64, low: f64 },
    Steps { every: u64, gamma: f64 },
    Milestones(Vec<(u64, f64)>),
    Exponential { gamma: f64 },
    InverseTime { rate: f64, steps: u64 },
    InverseRoot { warmup: u64 },
    Restarts { steps: u64, multiple: u64 },
    PeriodicCosine { steps: u64 },
    Cyclic { low: f64, up: u64, down: u64 },
    OneCycle { total: u64 },
    Function(Function),
    Joined { first: Box<Schedule>, steps: u64, next: Box<Schedule> },
    Product(Box<Schedule>, Box<Schedule>),
}

impl Curve {
    /// After how many steps, those of the warm-up included, it stays at its end.
    pub(crate) fn total(&self) -> Option<u64> {
        match *self {
            Self::Polynomial { total, .. }
            | Self::Cosine { total }
            | Self::Geometric { total }
            | Self::Wsd { total, .. }
            | Self::Rex { total } => Some(total),
            Self::Constant
            | Self::Held { .. }
            | Self::Chebyshev { .. }
            | Self::Steps { .. }
            | Self::Milestones(_)
            | Self::Exponential { .. }
            | Self::InverseTime { .. }
            | Self::InverseRoot { .. }
            | Self::Restarts { .. }
            | Self::PeriodicCosine { .. }
            | Self::Cyclic { .. }
            | Self::OneCycle { .. }
            | Self::Function(_)
            | Self::Joined { .. }
            | Self::Product(..) => None,
        }
    }

    /// The value at step t >= warmup.
    pub(crate) fn at(&self, t: u64, warmup: u64, start: f64, end: f64) -> f64 {
        if let Some(total) = self.total() {
            if t >= total {
                return end;
            }
            let passed = (t - warmup) as f64 / (total - warmup) as f64;
            return self.towards_end(passed, t, start, end);
        }
        let t = t - warmup;
        let value = match self {
            Self::Constant => return start,
            Self::Function(function) => (function.0)(t),
            Self::Joined { first, steps, .. } if t < *steps => first.at(t),
            Self::Joined { steps, next, .. } => next.at(t - steps),
            Self::Product(one, other) => one.at(t) * other.at(t),
            Self::Held { factor, steps } => {
                if t < *steps {
                    *factor
                } else {
                    1.0
                }
            }
            Self::Chebyshev { total, low } => chebyshev(t % total, *total, *low),
            Self::Steps { every, gamma } => power(*gamma, t / every),
            Self::Milestones(all) => all.iter().filter(|(at, _)| *at <= t).map(|(_, factor)| factor).product(),
            Self::Exponential { gamma } => power(*gamma, t),
            Self::InverseTime { rate, steps } => 1.0 / (1.0 + rate * t as f64 / *steps as f64),
            Self::InverseRoot { warmup } => {
                let (t, w) = (t as f64 + 1.0, *warmup as f64);
                (t / w).min((w / t).sqrt())
            }
            Self::Restarts { steps, multiple } => restarted(t, *steps, *multiple),
            Self::PeriodicCosine { steps } => half_cosine((t % (2 * steps)) as f64 / *steps as f64),
            Self::Cyclic { low, up, down } => {
                let t = t % (up + down);
                let height = if t < *up { t as f64 / *up as f64 } else { (up + down - t) as f64 / *down as f64 };
                low + (1.0 - low) * height
            }
            Self::OneCycle { total } => one_cycle(t, *total),
            Self::Polynomial { .. }
            | Self::Cosine { .. }
            | Self::Geometric { .. }
            | Self::Wsd { .. }
            | Self::Rex { .. } => {
                unreachable!("curves with an end were left above")
            }
        };
        (start * value).max(end)
    }

    /// The value of a curve with an end after this share of its steps.
    fn towards_end(&self, passed: f64, t: u64, start: f64, end: f64) -> f64 {
        match *self {
            Self::Polynomial { power, .. } => end + (start - end) * (1.0 - passed).powf(power),
            Self::Cosine { .. } => end + (start - end) * half_cosine(passed),
            Self::Geometric { .. } => start * (end / start).powf(passed),
            Self::Wsd { total, decay } if t < total - decay => start,
            Self::Wsd { total, decay } => end + (start - end) * ((total - t) as f64 / decay as f64),
            Self::Rex { .. } => end + (start - end) * (1.0 - passed) / (1.0 - passed / 2.0),
            Self::Constant
            | Self::Held { .. }
            | Self::Chebyshev { .. }
            | Self::Steps { .. }
            | Self::Milestones(_)
            | Self::Exponential { .. }
            | Self::InverseTime { .. }
            | Self::InverseRoot { .. }
            | Self::Restarts { .. }
            | Self::PeriodicCosine { .. }
            | Self::Cyclic { .. }
            | Self::OneCycle { .. }
            | Self::Function(_)
            | Self::Joined { .. }
            | Self::Product(..) => unreachable!("curves without an end have no share of it"),
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let count =
            |setting, steps: u64| Error::unless(steps > 0, "schedule", setting, steps, "there must be at least 1");
        let amount = |setting, value: f64| Error::unless_amount("schedule", setting, value);
        match self {
            Self::Constant | Self::Cosine { .. } | Self::Rex { .. } | Self::Geometric { .. } | Self::Function(_) => {
                Ok(())
            }
            Self::Held { factor, .. } => amount("factor", *factor),
            Self::Polynomial { power, .. } => amount("power", *power),
            Self::Wsd { total, decay } => {
                let rule = "they must be part of the total steps";
                Error::unless(decay <= total, "schedule", "decay steps", decay, rule)
            }
            Self::Chebyshev { total, low } => {
                let rule = "it must be a power of two";
                Error::unless(total.is_power_of_two(), "schedule", "total steps", total, rule)?;
                Error::unless(*low > 0.0 && *low <= 1.0, "schedule", "low", low, "it must be > 0 and <= 1")
            }
            Self::Steps { every, gamma } => count("steps", *every).and(amount("factor", *gamma)),
            Self::Milestones(all) => all.iter().try_for_each(|(_, factor)| amount("factor", *factor)),
            Self::Exponential { gamma } => amount("factor", *gamma),
            Self::InverseTime { rate, steps } => count("steps", *steps).and(amount("rate", *rate)),
            Self::InverseRoot { warmup } => count("steps", *warmup),
            Self::Restarts { steps, multiple } => count("steps", *steps).and(count("multiple", *multiple)),
            Self::PeriodicCosine { steps } => count("steps", *steps),
            Self::Cyclic { low, up, down } => count("steps", *up).and(count("steps", *down)).and(amount("low", *low)),
            Self::OneCycle { total } => count("total steps", *total),
            Self::Joined { first, next, .. } => first.check().and(next.check()),
            Self::Product(one, other) => one.check().and(other.check()),
        }
    }
}

fn power(base: f64, exponent: u64) -> f64 {
    base.powf(exponent as f64)
}

/// From 1 at 0 to 0 at 1, and on.
fn half_cosine(passed: f64) -> f64 {
    (1.0 + (PI * passed).cos()) / 2.0
}

fn restarted(t: u64, steps: u64, multiple: u64) -> f64 {
    if multiple == 1 {
        return half_cosine((t % steps) as f64 / steps as f64);
    }
    // At most 64 cycles: their lengths double at least.
    let (mut start, mut length) = (0, steps);
    while t - start >= length {
        start += length;
        length = length.saturating_mul(multiple);
    }
    half_cosine((t - start) as f64 / length as f64)
}

/// PyTorch's `OneCycleLR` with its defaults, divided by the peak: the rise ends at 0.3 T - 1, a step before what the
/// share suggests, and the fall at T - 1.
fn one_cycle(t: u64, total: u64) -> f64 {
    const START: f64 = 1.0 / 25.0;
    const END: f64 = START / 1e4;
    let (t, last) = (t as f64, total as f64 - 1.0);
    let peak = 0.3 * total as f64 - 1.0;
    if t >= last {
        END
    } else if t <= peak {
        1.0 + (START - 1.0) * half_cosine(t / peak)
    } else {
        END + (1.0 - END) * half_cosine((t - peak) / (last - peak))
    }
}

/// One over the root number n(t) of Chebyshev's polynomial of degree `total` on [1, 1 / low].
fn chebyshev(t: u64, total: u64, low: f64) -> f64 {
    let (m, big) = (1.0, 1.0 / low);
    let angle = PI * (fractal(t, total) as f64 - 0.5) / total as f64;
    2.0 / (big + m - (big - m) * angle.cos())
}

/// The place of step t in the order 1 2 -> 1 4 2 3 -> 1 8 4 5 2 7 3 6: every number n of an order is followed, in the
/// next of length `total`, by total + 1 - n.
fn fractal(t: u64, total: u64) -> u64 {
    match total {
        1 => 1,
        _ if t.is_multiple_of(2) => fractal(t / 2, total / 2),
        _ => total + 1 - fractal(t / 2, total / 2),
    }
}

#[cfg(test)]
mod tests {
    use crate::schedule::Schedule;

    /// PyTorch 2.15: `OneCycleLR(SGD(lr=1, momentum=0.9), 1.0, total_steps=20)`, `CosineAnnealingWarmRestarts(.., 4, 2)` and
    /// `CyclicLR(.., 0.25, 1.0, 4, 6)`, whose recursions drift in the last places.
    #[test]
    fn cycles_are_pytorchs() {
        for (schedule, steps, expected) in [
            (
                Schedule::one_cycle(20),
                [0, 2, 5, 10, 19],
                [0.040000000000000036, 0.3716718427000253, 1.0, 0.7169430017913008, 4e-06],
            ),
            (
                Schedule::restarts(4, 2),
                [0, 3, 4, 9, 13],
                [1.0, 0.14644660940672627, 1.0, 0.30865828381745514, 0.9903926402016152],
            ),
            (
                Schedule::cyclic(0.25, 4, 6),
                [0, 3, 4, 9, 13],
                [0.25, 0.8125000000000001, 0.9999999999999998, 0.3750000000000001, 0.8124999999999997],
            ),
        ] {
            for (t, expected) in steps.into_iter().zip(expected) {
                let value = schedule.at(t);
                assert!((value - expected).abs() < 1e-12, "{schedule:?} at {t}: {value}, expected {expected}");
            }
        }
    }
}
