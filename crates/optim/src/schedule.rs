//! Which value does a hyper-parameter have at step t?

use std::f64::consts::PI;

use crate::error::Error;

/// A value as a pure function of the step: no state, so its position is the optimizer's step counter and nothing else.
///
/// Given to [`schedule`](crate::Descent::schedule) it is what the learning rate is multiplied by.
///
/// | schedule | value at t = 0, 1, ... |
/// | --- | --- |
/// | `constant(c)` | c |
/// | `cosine(total)` | end + (start - end) (1 + cos(pi t / total)) / 2, then end; from 1 to 0 |
/// | `.between(a, b)` | start = a, end = b |
/// | `.warmup(w)` | start (t + 1) / (w + 1) while t < w, then the curve over the other total - w steps |
///
/// ```
/// use optim::Schedule;
/// let schedule = Schedule::cosine(9).warmup(1);
/// assert_eq!(schedule.at(0), 0.5);
/// assert_eq!(schedule.at(1), 1.0);
/// assert!((schedule.at(5) - 0.5).abs() < 1e-15);
/// assert_eq!(schedule.at(9), 0.0);
/// ```
///
/// Papers: the cosine is from Loshchilov and Hutter, arXiv:1608.03983, the linear warm-up from Goyal et al.,
/// arXiv:1706.02677. In PyTorch this is `SequentialLR([LinearLR(1 / (w + 1), total_iters=w),
/// CosineAnnealingLR(total - w)], [w])`, with one departure: after `total` the value stays at its end, as in optax,
/// where PyTorch's rises again with the cosine. The warm-up starts such that its first step is not wasted on a rate of
/// zero, as optax's is, and that the peak is reached right after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    curve: Curve,
    start: f64,
    end: f64,
    warmup: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum Curve {
    Constant,
    Cosine { total: u64 },
}

impl Schedule {
    /// The same value at every step.
    #[must_use]
    pub fn constant(value: f64) -> Self {
        Self { curve: Curve::Constant, start: value, end: value, warmup: 0 }
    }

    /// From 1 down to 0 along half a cosine; a warm-up is part of the `total_steps`.
    #[must_use]
    pub fn cosine(total_steps: u64) -> Self {
        Self { curve: Curve::Cosine { total: total_steps }, start: 1.0, end: 0.0, warmup: 0 }
    }

    /// From `start` to `end` in place of 1 to 0. A constant schedule is at `start`.
    ///
    /// ```
    /// let schedule = optim::Schedule::cosine(10).between(1.0, 0.1);
    /// assert_eq!(schedule.at(10), 0.1);
    /// ```
    #[must_use]
    pub fn between(self, start: f64, end: f64) -> Self {
        Self { start, end, ..self }
    }

    /// Rises linearly over the first `steps` steps, then starts.
    #[must_use]
    pub fn warmup(self, steps: u64) -> Self {
        Self { warmup: steps, ..self }
    }

    /// The value at step `t`, counted from 0.
    #[must_use]
    pub fn at(&self, t: u64) -> f64 {
        if t < self.warmup {
            return self.start * ((t + 1) as f64 / (self.warmup as f64 + 1.0));
        }
        match self.curve {
            Curve::Constant => self.start,
            Curve::Cosine { total } if t >= total => self.end,
            Curve::Cosine { total } => {
                let passed = (t - self.warmup) as f64 / (total - self.warmup) as f64;
                self.end + (self.start - self.end) * (1.0 + (PI * passed).cos()) / 2.0
            }
        }
    }

    /// Whether the schedule has a value at every step that a rate can have.
    ///
    /// # Errors
    /// [`Error::Setting`] if there are no steps, or none after the warm-up, or if an end is negative or not finite.
    pub fn check(&self) -> Result<(), Error> {
        let rule = "it must be finite and >= 0";
        let sound = |value: f64| value.is_finite() && value >= 0.0;
        Error::unless(sound(self.start), "schedule", "start", self.start, rule)?;
        Error::unless(sound(self.end), "schedule", "end", self.end, rule)?;
        match self.curve {
            Curve::Constant => Ok(()),
            Curve::Cosine { total } => {
                Error::unless(total > 0, "schedule", "total steps", total, "there must be at least 1")?;
                let rule = "it must be shorter than the total steps, which it is part of";
                Error::unless(self.warmup < total, "schedule", "warm-up", self.warmup, rule)
            }
        }
    }
}

impl Default for Schedule {
    /// The constant 1.
    fn default() -> Self {
        Self::constant(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_meets_the_peak_once() {
        let schedule = Schedule::cosine(20).warmup(4).between(2.0, 0.5);
        let values: Vec<f64> = (0..6).map(|t| schedule.at(t)).collect();
        assert_eq!(values[..5], [0.4, 0.8, 1.2, 1.6, 2.0]);
        assert!(values[5] < 2.0);
        assert!((schedule.at(12) - 1.25).abs() < 1e-15);
    }

    #[test]
    fn it_stays_at_its_end() {
        let schedule = Schedule::cosine(20).between(1.0, 0.25);
        assert_eq!([20, 21, 40, u64::MAX].map(|t| schedule.at(t)), [0.25; 4]);
        assert_eq!(Schedule::constant(0.5).warmup(3).at(u64::MAX), 0.5);
    }

    #[test]
    fn a_schedule_without_steps_is_refused() {
        let text = |schedule: Schedule| schedule.check().unwrap_err().to_string();
        assert_eq!(text(Schedule::cosine(0)), "schedule: total steps = 0: there must be at least 1");
        assert_eq!(
            text(Schedule::cosine(5).warmup(5)),
            "schedule: warm-up = 5: it must be shorter than the total steps, which it is part of"
        );
        assert_eq!(text(Schedule::constant(f64::NAN)), "schedule: start = NaN: it must be finite and >= 0");
        assert_eq!(text(Schedule::cosine(5).between(1.0, -0.5)), "schedule: end = -0.5: it must be finite and >= 0");
    }
}
