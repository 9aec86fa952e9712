//! Which value does a hyper-parameter have at step t?

use std::fmt;
use std::sync::Arc;

use crate::curve::Curve;
use crate::error::Error;

/// A value as a pure function of the step: no state, so its position is the optimizer's step counter and nothing else.
///
/// Given to [`schedule`](crate::Descent::schedule) it is what the learning rate is multiplied by.
///
/// Schedules with an end go from 1 to 0 in `total` steps and stay there; [`between`](Self::between) sets other ends. With
/// p = t / total, and a warm-up of w steps p = (t - w) / (total - w):
///
/// | schedule | value at t = 0, 1, ... | in PyTorch, optax |
/// | --- | --- | --- |
/// | `linear(total)` | start + (end - start) p | `LinearLR`, `SWALR`, `linear_schedule` |
/// | `polynomial(total, k)` | end + (start - end) (1 - p)^k | `PolynomialLR`, `polynomial_schedule` |
/// | `cosine(total)` | end + (start - end) (1 + cos(pi p)) / 2 | `CosineAnnealingLR` up to its end, `cosine_decay_schedule` |
/// | `geometric(total)` | start (end / start)^p, from 1 to 0.01 | `ExponentialLR`, `exponential_decay` with `end_value` |
/// | `wsd(total, n)` | start, and linear to the end over the last n steps: warm-up, stable, decay | |
/// | `rex(total)` | end + (start - end) (1 - p) / (1 - p / 2) | |
/// | `chebyshev(total, low)` | steps of Chebyshev's polynomial in the fractal order, from 1 to `low` | |
///
/// Schedules without an end; [`between`](Self::between) multiplies them by its first value, and keeps them above its
/// second:
///
/// | schedule | value | in PyTorch, optax |
/// | --- | --- | --- |
/// | `constant(c)` | c | `constant_schedule` |
/// | `held(factor, n)` | factor while t < n, then 1 | `ConstantLR` |
/// | `steps(every, gamma)` | gamma^floor(t / every) | `StepLR`, staircase |
/// | `milestones([(t1, f1), ...])` | the product of the f whose milestone is not after t | `MultiStepLR`, `piecewise_constant_schedule` |
/// | `exponential(gamma)` | gamma^t | `ExponentialLR` |
/// | `inverse_time(rate, n)` | 1 / (1 + rate t / n) | Keras `InverseTimeDecay` |
/// | `inverse_root(w)` | min((t + 1) / w, sqrt(w / (t + 1))): Noam's, 1 at its peak | |
/// | `restarts(n, m)` | cosines of n, n m, n m^2, ... steps | `CosineAnnealingWarmRestarts`, `sgdr_schedule` |
/// | `periodic_cosine(n)` | (1 + cos(pi t / n)) / 2, down and up | `CosineAnnealingLR` beyond its end |
/// | `cyclic(low, up, down)` | linear from `low` to 1 in `up` steps and back in `down` | `CyclicLR` |
/// | `one_cycle(total)` | from 1/25 to 1 along a cosine in 30 % of the steps, then to 1/250,000 | `OneCycleLR` |
/// | `function(f)`, `product_of(f)` | f(t); f(1) f(2) ... f(t) | `LambdaLR`; `MultiplicativeLR` |
///
/// Schedules are combined by [`then`](Self::then), one after another, and [`times`](Self::times), as a product.
///
/// ```
/// use optim::Schedule;
/// let schedule = Schedule::cosine(9).warmup(1);
/// assert_eq!(schedule.at(0), 0.5);
/// assert_eq!(schedule.at(1), 1.0);
/// assert!((schedule.at(5) - 0.5).abs() < 1e-15);
/// assert_eq!(schedule.at(9), 0.0);
///
/// let joined = Schedule::constant(1.0).then(100, Schedule::steps(10, 0.5));
/// assert_eq!([99, 100, 109, 110].map(|t| joined.at(t)), [1.0, 1.0, 1.0, 0.5]);
/// ```
///
/// Papers: cosine and restarts: Loshchilov and Hutter, arXiv:1608.03983; linear warm-up: Goyal et al., arXiv:1706.02677;
/// cycles: Smith, arXiv:1506.01186, and Smith and Topin, arXiv:1708.07120; the inverse root: Vaswani et al.,
/// arXiv:1706.03762; warm-up, stable, decay: Hu et al., arXiv:2404.06395; REX: Chen et al., arXiv:2107.04197; Chebyshev:
/// Agarwal et al., arXiv:2103.01338.
///
/// The warmed-up cosine is PyTorch's `SequentialLR([LinearLR(1 / (w + 1), total_iters=w), CosineAnnealingLR(total - w)],
/// [w])`, with one departure: after `total` the value stays at its end, as in optax, where PyTorch's rises again with the
/// cosine. The warm-up starts such that its first step is not wasted on a rate of zero, as optax's is, and that the peak
/// is reached right after it. All are closed forms, while PyTorch multiplies from step to step and drifts.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    curve: Curve,
    start: f64,
    end: f64,
    warmup: u64,
}

/// A user's function of the step; equal to itself alone.
#[derive(Clone)]
pub(crate) struct Function(pub(crate) Arc<dyn Fn(u64) -> f64 + Send + Sync>);

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Schedule {
    fn of(curve: Curve) -> Self {
        Self { curve, start: 1.0, end: 0.0, warmup: 0 }
    }

    /// The same value at every step.
    #[must_use]
    pub fn constant(value: f64) -> Self {
        Self { start: value, ..Self::of(Curve::Constant) }
    }

    /// `factor` for the first `steps` steps, then 1.
    #[must_use]
    pub fn held(factor: f64, steps: u64) -> Self {
        Self::of(Curve::Held { factor, steps })
    }

    /// From 1 down to 0 along a line; a warm-up is part of the `total_steps`.
    #[must_use]
    pub fn linear(total_steps: u64) -> Self {
        Self::polynomial(total_steps, 1.0)
    }

    /// From 1 down to 0 along a power of what is left of the `total_steps`.
    #[must_use]
    pub fn polynomial(total_steps: u64, power: f64) -> Self {
        Self::of(Curve::Polynomial { total: total_steps, power })
    }

    /// From 1 down to 0 along half a cosine; a warm-up is part of the `total_steps`.
    #[must_use]
    pub fn cosine(total_steps: u64) -> Self {
        Self::of(Curve::Cosine { total: total_steps })
    }

    /// From 1 down to 0.01 by the same factor in every step.
    #[must_use]
    pub fn geometric(total_steps: u64) -> Self {
        Self { end: 0.01, ..Self::of(Curve::Geometric { total: total_steps }) }
    }

    /// At 1 until the last `decay_steps` of the `total_steps`, in which it falls to 0 along a line.
    #[must_use]
    pub fn wsd(total_steps: u64, decay_steps: u64) -> Self {
        Self::of(Curve::Wsd { total: total_steps, decay: decay_steps })
    }

    /// From 1 down to 0 along REX, slowly at first.
    #[must_use]
    pub fn rex(total_steps: u64) -> Self {
        Self::of(Curve::Rex { total: total_steps })
    }

    /// The inverse roots of Chebyshev's polynomial on [1, 1 / `low`], in the order that is stable: some steps are as
    /// long as 1, others as short as `low`. `total_steps` is a power of two; then they repeat.
    #[must_use]
    pub fn chebyshev(total_steps: u64, low: f64) -> Self {
        Self::of(Curve::Chebyshev { total: total_steps, low })
    }

    /// Multiplied by `gamma` after `every` steps, again and again.
    #[must_use]
    pub fn steps(every: u64, gamma: f64) -> Self {
        Self::of(Curve::Steps { every, gamma })
    }

    /// Multiplied by each factor when its step is reached.
    #[must_use]
    pub fn milestones(milestones: impl Into<Vec<(u64, f64)>>) -> Self {
        Self::of(Curve::Milestones(milestones.into()))
    }

    /// Multiplied by `gamma` after every step.
    #[must_use]
    pub fn exponential(gamma: f64) -> Self {
        Self::of(Curve::Exponential { gamma })
    }

    /// 1 / (1 + `rate` t / `steps`).
    #[must_use]
    pub fn inverse_time(rate: f64, steps: u64) -> Self {
        Self::of(Curve::InverseTime { rate, steps })
    }

    /// Rises along a line for `warmup_steps` and falls with the inverse root of the step: Noam's schedule of a model of
    /// d dimensions, divided by its peak 1 / sqrt(d w).
    #[must_use]
    pub fn inverse_root(warmup_steps: u64) -> Self {
        Self::of(Curve::InverseRoot { warmup: warmup_steps })
    }

    /// Cosines from 1 to 0, the first of `steps` steps, each `multiple` times as long as the one before.
    #[must_use]
    pub fn restarts(steps: u64, multiple: u64) -> Self {
        Self::of(Curve::Restarts { steps, multiple })
    }

    /// From 1 to 0 along half a cosine of `steps` steps, back up in as many, and so on.
    #[must_use]
    pub fn periodic_cosine(steps: u64) -> Self {
        Self::of(Curve::PeriodicCosine { steps })
    }

    /// From `low` to 1 in `up` steps along a line, back in `down`, and so on. Times a schedule that falls, the cycles
    /// shrink: PyTorch's modes `triangular2` and `exp_range` shrink only what is above `low`.
    #[must_use]
    pub fn cyclic(low: f64, up: u64, down: u64) -> Self {
        Self::of(Curve::Cyclic { low, up, down })
    }

    /// One cycle over `total_steps`: up to 1 for 30 % of them, then down, along cosines.
    #[must_use]
    pub fn one_cycle(total_steps: u64) -> Self {
        Self::of(Curve::OneCycle { total: total_steps })
    }

    /// Any function of the step, counted from 0.
    #[must_use]
    pub fn function(value: impl Fn(u64) -> f64 + Send + Sync + 'static) -> Self {
        Self::of(Curve::Function(Function(Arc::new(value))))
    }

    /// The product of a function over all steps from 1 to t.
    #[must_use]
    pub fn product_of(factor: impl Fn(u64) -> f64 + Send + Sync + 'static) -> Self {
        Self::function(move |t| (1..=t).map(&factor).product())
    }

    /// From `start` to `end` in place of 1 to 0. A schedule without an end is multiplied by `start` and kept above
    /// `end`.
    ///
    /// ```
    /// use optim::Schedule;
    /// assert_eq!(Schedule::cosine(10).between(1.0, 0.1).at(10), 0.1);
    /// assert_eq!(Schedule::exponential(0.5).between(8.0, 1.5).at(1), 4.0);
    /// assert_eq!(Schedule::exponential(0.5).between(8.0, 1.5).at(3), 1.5);
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

    /// This one for `steps` steps, then `next` from its own beginning.
    #[must_use]
    pub fn then(self, steps: u64, next: Self) -> Self {
        Self::of(Curve::Joined { first: Box::new(self), steps, next: Box::new(next) })
    }

    /// The product of two schedules.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self::of(Curve::Product(Box::new(self), Box::new(other)))
    }

    /// The value at step `t`, counted from 0.
    #[must_use]
    pub fn at(&self, t: u64) -> f64 {
        if t < self.warmup {
            return self.start * ((t + 1) as f64 / (self.warmup as f64 + 1.0));
        }
        self.curve.at(t, self.warmup, self.start, self.end)
    }

    /// Whether the schedule has a value at every step that a rate can have. What a user's function returns is checked
    /// in the step that it is used in: a rate that is not finite is refused there.
    ///
    /// # Errors
    /// [`Error::Setting`] if there are no steps, or none after the warm-up, or if an end is negative or not finite.
    pub fn check(&self) -> Result<(), Error> {
        Error::unless_amount("schedule", "start", self.start)?;
        Error::unless_amount("schedule", "end", self.end)?;
        if let Some(total) = self.curve.total() {
            Error::unless(total > 0, "schedule", "total steps", total, "there must be at least 1")?;
            let rule = "it must be shorter than the total steps, which it is part of";
            Error::unless(self.warmup < total, "schedule", "warm-up", self.warmup, rule)?;
        }
        self.curve.check()
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

    fn values<const N: usize>(schedule: &Schedule, steps: [u64; N]) -> [f64; N] {
        steps.map(|t| schedule.at(t))
    }

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
        for schedule in [Schedule::linear(8), Schedule::polynomial(8, 2.0), Schedule::wsd(8, 4), Schedule::rex(8)] {
            assert_eq!([8, 9, u64::MAX].map(|t| schedule.at(t)), [0.0; 3], "{schedule:?}");
        }
    }

    #[test]
    fn curves_with_an_end_by_hand() {
        assert_eq!(values(&Schedule::linear(4), [0, 1, 2, 3]), [1.0, 0.75, 0.5, 0.25]);
        assert_eq!(values(&Schedule::linear(4).between(0.0, 2.0), [0, 1, 4]), [0.0, 0.5, 2.0]);
        assert_eq!(values(&Schedule::polynomial(4, 2.0), [0, 2, 3]), [1.0, 0.25, 0.0625]);
        assert_eq!(values(&Schedule::geometric(2).between(4.0, 1.0), [0, 1, 2, 9]), [4.0, 2.0, 1.0, 1.0]);
        assert_eq!(values(&Schedule::wsd(8, 4), [0, 4, 5, 7]), [1.0, 1.0, 0.75, 0.25]);
        // Half-way: (1/2) / (3/4).
        assert_eq!(values(&Schedule::rex(4), [0, 2]), [1.0, 0.5 / 0.75]);
    }

    #[test]
    fn curves_without_an_end_by_hand() {
        assert_eq!(values(&Schedule::held(0.25, 2), [0, 1, 2]), [0.25, 0.25, 1.0]);
        assert_eq!(values(&Schedule::steps(3, 0.5), [0, 2, 3, 5, 6]), [1.0, 1.0, 0.5, 0.5, 0.25]);
        assert_eq!(values(&Schedule::milestones([(2, 0.5), (4, 0.1)]), [1, 2, 4]), [1.0, 0.5, 0.05]);
        assert_eq!(values(&Schedule::exponential(0.5), [0, 3]), [1.0, 0.125]);
        assert_eq!(values(&Schedule::inverse_time(1.0, 2), [0, 2, 6]), [1.0, 0.5, 0.25]);
        assert_eq!(values(&Schedule::inverse_root(4), [0, 3, 15]), [0.25, 1.0, 0.5]);
        let restarts = Schedule::restarts(2, 2);
        assert!(values(&restarts, [0, 2, 6, 14]) == [1.0; 4], "{:?}", values(&restarts, [0, 2, 6, 14]));
        assert!(restarts.at(1) < restarts.at(3) && (restarts.at(4) - 0.5).abs() < 1e-15);
        assert_eq!(values(&Schedule::periodic_cosine(2), [0, 2, 4]), [1.0, 0.0, 1.0]);
        let cyclic = Schedule::cyclic(0.5, 2, 4);
        assert_eq!(values(&cyclic, [0, 1, 2, 4, 6, 8]), [0.5, 0.75, 1.0, 0.75, 0.5, 1.0]);
        let factorial = Schedule::product_of(|t| t as f64);
        assert_eq!(values(&factorial, [0, 1, 4]), [1.0, 1.0, 24.0]);
    }

    /// The steps are 1 / low apart, each once, and the fractal order of eight is 1 8 4 5 2 7 3 6.
    #[test]
    fn chebyshev_takes_the_inverse_roots_in_fractal_order() {
        let schedule = Schedule::chebyshev(8, 0.1);
        let inverse = |n: u64| {
            let angle = std::f64::consts::PI * (n as f64 - 0.5) / 8.0;
            1.0 / (5.5 - 4.5 * angle.cos())
        };
        for (t, n) in [1, 8, 4, 5, 2, 7, 3, 6].into_iter().enumerate() {
            assert!((schedule.at(t as u64) - inverse(n)).abs() < 1e-15, "step {t}");
            assert_eq!(schedule.at(t as u64), schedule.at(t as u64 + 8));
        }
    }

    #[test]
    fn schedules_are_joined_and_multiplied() {
        let joined = Schedule::linear(4).then(2, Schedule::constant(3.0).then(1, Schedule::constant(5.0)));
        assert_eq!(values(&joined, [0, 1, 2, 3, 9]), [1.0, 0.75, 3.0, 5.0, 5.0]);
        let product = Schedule::linear(4).times(Schedule::steps(2, 0.5)).warmup(1);
        assert_eq!(values(&product, [0, 1, 3]), [0.5, 1.0, 0.25]);
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
        assert_eq!(text(Schedule::steps(0, 0.5)), "schedule: steps = 0: there must be at least 1");
        assert_eq!(text(Schedule::exponential(-1.0)), "schedule: factor = -1: it must be finite and >= 0");
        assert_eq!(text(Schedule::wsd(4, 5)), "schedule: decay steps = 5: they must be part of the total steps");
        assert_eq!(text(Schedule::chebyshev(6, 0.1)), "schedule: total steps = 6: it must be a power of two");
        assert_eq!(text(Schedule::chebyshev(8, 0.0)), "schedule: low = 0: it must be > 0 and <= 1");
        let inner = Schedule::constant(1.0).then(3, Schedule::linear(0));
        assert_eq!(text(inner), "schedule: total steps = 0: there must be at least 1");
    }
}
