//! Where on an axis does a value lie, and from where to where does the axis run?

use crate::ticks::{self, Tick};

/// Even steps or even factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scale {
    #[default]
    Linear,
    Log,
}

impl Scale {
    /// Can this value be shown at all? What cannot is a gap in its line.
    pub(crate) fn shows(self, value: f64) -> bool {
        value.is_finite() && (self == Scale::Linear || value > 0.0)
    }

    fn least(self) -> f64 {
        match self {
            Scale::Linear => -LARGEST,
            Scale::Log => 1.0 / LARGEST,
        }
    }
}

/// A stretch of numbers laid along an edge of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    whole: bool,
}

/// Values beyond these are laid at the edge: arithmetic on ends that are larger still would
/// overflow.
const LARGEST: f64 = 1e280;

/// Share of the axis left free beyond the data at each end.
const ROOM: f64 = 0.04;

/// Shortest axis, relative to the numbers on it, whose tick labels still differ in a handful of
/// digits.
const SHORTEST: f64 = 1e-9;

impl Axis {
    /// An axis with room for all values that it can show; `None` if there are none.
    pub(crate) fn around(values: impl IntoIterator<Item = f64>, scale: Scale) -> Option<Axis> {
        let (mut low, mut high, mut whole) = (f64::INFINITY, f64::NEG_INFINITY, true);
        for value in values.into_iter().filter(|&value| scale.shows(value)) {
            low = low.min(value);
            high = high.max(value);
            whole &= value.fract() == 0.0;
        }
        (low <= high).then(|| Axis::between(low, high, scale, whole).with_room())
    }

    /// As `around`, but starting at zero if the values come near to it from above: a falling loss
    /// is then seen in proportion, and an accuracy that moves between 0.95 and 0.97 still fills the
    /// chart.
    pub(crate) fn around_and_maybe_zero(values: &[f64], scale: Scale) -> Option<Axis> {
        let shown = || values.iter().copied().filter(|&value| scale.shows(value));
        let (low, high) = shown().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let from_zero = scale == Scale::Linear && low >= 0.0 && low < 0.3 * high;
        let axis = Axis::around(shown(), scale)?;
        Some(if from_zero { Axis { low: 0.0, ..axis } } else { axis })
    }

    /// An axis from exactly `low` to `high`; `None` unless that is a stretch which the scale can
    /// show.
    pub(crate) fn exactly(low: f64, high: f64, scale: Scale) -> Option<Axis> {
        let sound = scale.shows(low) && scale.shows(high) && low < high;
        sound.then(|| Axis::between(low, high, scale, false))
    }

    fn between(low: f64, high: f64, scale: Scale, whole: bool) -> Axis {
        let least = scale.least();
        let (low, high) = (low.clamp(least, LARGEST), high.clamp(least, LARGEST));
        let too_short = high - low < SHORTEST * low.abs().max(high.abs()).max(1.0 / LARGEST);
        let (low, high) = match scale {
            _ if !too_short => (low, high),
            Scale::Log => (low / 10f64.sqrt(), high * 10f64.sqrt()),
            // The one epoch that there is lies in the middle between its neighbours.
            Scale::Linear if low == 0.0 || (whole && low.abs() < 1e6) => (low - 0.5, high + 0.5),
            Scale::Linear => (low - 0.1 * low.abs(), high + 0.1 * high.abs()),
        };
        Axis { scale, low, high, whole: whole && scale == Scale::Linear }
    }

    fn with_room(self) -> Axis {
        let (low, high) = match self.scale {
            Scale::Linear => {
                let room = (self.high - self.low) * ROOM;
                (self.low - room, self.high + room)
            }
            Scale::Log => {
                let room = 10f64.powf((self.high.log10() - self.low.log10()) * ROOM);
                (self.low / room, self.high * room)
            }
        };
        Axis { low, high, ..self }
    }

    /// The place of a value: 0 at the low end, 1 at the high end, beyond them outside. `None` for a
    /// gap.
    pub(crate) fn place(&self, value: f64) -> Option<f64> {
        if !self.scale.shows(value) {
            return None;
        }
        let value = value.clamp(self.scale.least(), LARGEST);
        let place = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value.log10() - self.low.log10()) / (self.high.log10() - self.low.log10()),
        };
        // Far outside is far outside; bounded, it stays a number in the arithmetic that follows.
        Some(place.clamp(-1e6, 1e6))
    }

    pub(crate) fn ticks(&self) -> Vec<Tick> {
        match self.scale {
            Scale::Linear => ticks::linear(self.low, self.high, self.whole),
            Scale::Log => ticks::logarithmic(self.low, self.high),
        }
    }

    /// Unlabelled places between the ticks.
    pub(crate) fn between_ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => Vec::new(),
            Scale::Log => ticks::logarithmic_between(self.low, self.high),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANY: proptest::num::f64::Any = proptest::num::f64::ANY;

    fn labels(axis: Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn places_run_from_end_to_end() {
        let linear = Axis::exactly(2.0, 4.0, Scale::Linear).unwrap();
        assert_eq!([2.0, 3.0, 4.0, 6.0].map(|v| linear.place(v)), [Some(0.0), Some(0.5), Some(1.0), Some(2.0)]);
        let log = Axis::exactly(0.01, 100.0, Scale::Log).unwrap();
        assert_eq!([0.01, 1.0, 100.0].map(|v| log.place(v)), [Some(0.0), Some(0.5), Some(1.0)]);
    }

    #[test]
    fn what_cannot_be_shown_has_no_place() {
        let linear = Axis::exactly(-1.0, 1.0, Scale::Linear).unwrap();
        let log = Axis::exactly(0.1, 1.0, Scale::Log).unwrap();
        for gap in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!((linear.place(gap), log.place(gap)), (None, None));
        }
        assert_eq!((linear.place(0.0), linear.place(-1.0)), (Some(0.5), Some(0.0)));
        assert_eq!((log.place(0.0), log.place(-1.0)), (None, None));
    }

    #[test]
    fn a_stretch_of_nothing_is_refused() {
        assert_eq!(Axis::around([f64::NAN, f64::INFINITY], Scale::Linear), None);
        assert_eq!(Axis::around([0.0, -3.0], Scale::Log), None);
        assert_eq!(Axis::exactly(1.0, 1.0, Scale::Linear), None);
        assert_eq!(Axis::exactly(f64::NAN, 1.0, Scale::Linear), None);
        assert_eq!(Axis::exactly(0.0, 1.0, Scale::Log), None);
    }

    #[test]
    fn a_single_value_lies_in_the_middle() {
        for (value, scale) in [(1.0, Scale::Linear), (0.0, Scale::Linear), (-2.5e9, Scale::Linear), (3.0, Scale::Log)] {
            let place = Axis::around([value], scale).unwrap().place(value).unwrap();
            assert!((place - 0.5).abs() < 1e-9, "{value}: {place}");
        }
        assert_eq!(labels(Axis::around([1.0], Scale::Linear).unwrap()), ["1"]);
    }

    #[test]
    fn zero_is_the_base_only_when_it_is_near() {
        let base = |values: &[f64]| Axis::around_and_maybe_zero(values, Scale::Linear).unwrap().place(0.0).unwrap();
        assert_eq!(base(&[2.3, 0.1]), 0.0);
        assert!(base(&[0.95, 0.97]) < -1.0);
        assert!(base(&[-1.0, 5.0]) > 0.0);
    }

    proptest! {
        #[test]
        fn any_numbers_at_all_give_an_axis_that_shows_them(a in ANY, b in ANY, log: bool) {
            let scale = if log { Scale::Log } else { Scale::Linear };
            let Some(axis) = Axis::around([a, b], scale) else {
                prop_assert!(!scale.shows(a) && !scale.shows(b));
                return Ok(());
            };
            let ticks = axis.ticks();
            prop_assert!((1..=10).contains(&ticks.len()), "{axis:?}: {ticks:?}");
            for tick in ticks {
                let place = axis.place(tick.value).unwrap();
                prop_assert!((-1e-9..=1.0 + 1e-9).contains(&place), "{axis:?}: {tick:?} at {place}");
            }
            for value in [a, b] {
                let place = axis.place(value);
                prop_assert_eq!(place.is_some(), scale.shows(value));
                if value.abs() <= LARGEST && (!log || value >= 1.0 / LARGEST) {
                    prop_assert!(place.is_none_or(|place| (0.0..=1.0).contains(&place)), "{axis:?}: {value}");
                }
            }
        }
    }
}
