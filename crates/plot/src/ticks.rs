//! Which round numbers label an axis?

use crate::number::Decimal;

/// A labelled place on an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// Ticks that people like to see; more or fewer are taken where round steps ask for it.
const WANTED: usize = 6;
const FEWEST: usize = 3;
const MOST: usize = 10;

/// Multiples of 1, 2 or 5 times a power of ten, between `low` and `high`: three to ten of them,
/// unless `whole` forbids fractions and there are not as many whole numbers.
pub(crate) fn linear(low: f64, high: f64, whole: bool) -> Vec<Tick> {
    let finest = ((high - low) / MOST as f64).log10().floor() as i32;
    // The step that gives at most ten ticks is at most 2.5 times the one before it, which gave
    // eleven or more: so some candidate has at least three. Four powers of ten surely contain it,
    // rounding included.
    let steps = (finest - 1..finest + 3).flat_map(|exponent| [1, 2, 5].map(|digits| Decimal { digits, exponent }));
    let mut best = Vec::new();
    for step in steps.filter(|step| !whole || step.exponent >= 0) {
        let found = multiples(step, low, high);
        let fits = (FEWEST..=MOST).contains(&found.len());
        // With equally many, the later step is the coarser and the rounder one.
        let better = best.is_empty() || found.len().abs_diff(WANTED) <= best.len().abs_diff(WANTED);
        if (fits && better) || (whole && best.is_empty() && found.len() < FEWEST) {
            best = found;
        }
    }
    label(&best)
}

/// Powers of ten between `low` and `high`, both positive; with 2 and 5 times them, or evenly spaced
/// numbers, where the powers alone are fewer than three.
pub(crate) fn logarithmic(low: f64, high: f64) -> Vec<Tick> {
    for stride in [1, 2, 5, 10, 20, 50, 100] {
        let powers: Vec<Decimal> =
            scaled(low, high, &[1]).into_iter().filter(|power| power.exponent % stride == 0).collect();
        if (FEWEST..=MOST).contains(&powers.len()) {
            return label_each(&powers);
        }
    }
    for mantissas in [&[1, 2, 5][..], &[1, 2, 3, 4, 5, 6, 7, 8, 9]] {
        let found = scaled(low, high, mantissas);
        if (FEWEST..=MOST).contains(&found.len()) {
            return label_each(&found);
        }
    }
    linear(low, high, false)
}

/// Unlabelled places between the powers of ten, for axes of few enough decades that they can be
/// told apart.
pub(crate) fn logarithmic_between(low: f64, high: f64) -> Vec<f64> {
    if (high / low).log10() > 6.0 {
        return Vec::new();
    }
    scaled(low, high, &[2, 3, 4, 5, 6, 7, 8, 9]).into_iter().map(Decimal::value).collect()
}

fn multiples(step: Decimal, low: f64, high: f64) -> Vec<Decimal> {
    let size = step.value();
    // One more at each end, because the quotient is rounded; the comparison with the exact multiple
    // decides.
    let (first, last) = ((low / size).ceil() as i64 - 1, (high / size).floor() as i64 + 1);
    (first..=last)
        .take(4 * MOST)
        .map(|i| Decimal { digits: i * step.digits, exponent: step.exponent })
        .filter(|tick| (low..=high).contains(&tick.value()))
        .collect()
}

/// All `m * 10^k` between `low` and `high` with `m` from the list, in order.
fn scaled(low: f64, high: f64, mantissas: &[i64]) -> Vec<Decimal> {
    let (first, last) = (low.log10().floor() as i32 - 1, high.log10().ceil() as i32 + 1);
    (first..=last)
        .flat_map(|exponent| mantissas.iter().map(move |&digits| Decimal { digits, exponent }))
        .filter(|tick| (low..=high).contains(&tick.value()))
        .collect()
}

/// Labels of evenly spaced ticks: all in full, or all as multiples of the same power of ten.
fn label(ticks: &[Decimal]) -> Vec<Tick> {
    let magnitude = ticks.iter().map(|tick| tick.magnitude()).max().unwrap_or(0);
    let plain = (-3..7).contains(&magnitude);
    ticks
        .iter()
        .map(|tick| Tick { value: tick.value(), label: if plain { tick.plain() } else { tick.scientific(magnitude) } })
        .collect()
}

/// Labels of ticks of different magnitudes, each as a multiple of its own power where writing all
/// in full would be long.
fn label_each(ticks: &[Decimal]) -> Vec<Tick> {
    let plain = ticks.iter().all(|tick| (-4..5).contains(&tick.magnitude()));
    ticks
        .iter()
        .map(|tick| Tick {
            value: tick.value(),
            label: if plain { tick.plain() } else { tick.scientific(tick.magnitude()) },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn labels_are_round_and_free_of_noise() {
        assert_eq!(labels(&linear(0.0, 0.3, false)), ["0", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"]);
        assert_eq!(labels(&linear(-1.2, 1.0, false)), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
        assert_eq!(labels(&linear(0.5, 30.6, true)), ["5", "10", "15", "20", "25", "30"]);
        assert_eq!(labels(&linear(0.0, 12_000.0, true)), ["0", "2,000", "4,000", "6,000", "8,000", "10,000", "12,000"]);
        assert_eq!(labels(&linear(0.0, 3e-7, false))[1..3], ["0.5×10⁻⁷", "1.0×10⁻⁷"]);
        assert_eq!(labels(&linear(0.0, 4.1e9, false))[1..3], ["10⁹", "2×10⁹"]);
    }

    #[test]
    fn whole_axes_have_no_fractions_and_then_maybe_few_ticks() {
        assert_eq!(labels(&linear(0.5, 1.5, true)), ["1"]);
        assert_eq!(labels(&linear(0.98, 2.02, true)), ["1", "2"]);
        assert_eq!(labels(&linear(0.98, 3.02, true)), ["1", "2", "3"]);
    }

    #[test]
    fn logarithmic_labels_are_powers_of_ten() {
        assert_eq!(labels(&logarithmic(0.004, 3.0)), ["0.01", "0.1", "1"]);
        assert_eq!(labels(&logarithmic(0.04, 3.0)), ["0.05", "0.1", "0.2", "0.5", "1", "2"]);
        assert_eq!(labels(&logarithmic(1e-9, 1e-6)), ["10⁻⁹", "10⁻⁸", "10⁻⁷", "10⁻⁶"]);
        assert_eq!(labels(&logarithmic(1e-12, 1e9))[..2], ["10⁻¹⁰", "10⁻⁵"]);
        assert_eq!(labels(&logarithmic(2.1, 2.4)), ["2.10", "2.15", "2.20", "2.25", "2.30", "2.35", "2.40"]);
    }

    fn assert_good(ticks: &[Tick], low: f64, high: f64) -> Result<(), TestCaseError> {
        prop_assert!((FEWEST..=MOST).contains(&ticks.len()), "{} ticks: {ticks:?}", ticks.len());
        prop_assert!(ticks.iter().all(|tick| (low..=high).contains(&tick.value)), "{ticks:?}");
        prop_assert!(ticks.is_sorted_by(|a, b| a.value < b.value), "{ticks:?}");
        let mut different = labels(ticks);
        different.dedup();
        prop_assert_eq!(different.len(), ticks.len());
        prop_assert!(ticks.iter().all(|tick| tick.label.chars().count() <= 20), "{ticks:?}");
        Ok(())
    }

    proptest! {
        #[test]
        fn a_linear_axis_has_three_to_ten_rising_ticks_inside(
            mantissa in -10.0..10.0f64, exponent in -280..280i32, share in -9.0..3.0f64,
        ) {
            let low = mantissa * 10f64.powi(exponent);
            let high = low + 10f64.powi(exponent) * 10f64.powf(share);
            assert_good(&linear(low, high, false), low, high)?;
        }

        #[test]
        fn a_logarithmic_axis_has_three_to_ten_rising_ticks_inside(
            exponent in -290.0..280.0f64, decades in -3.0..2.5f64,
        ) {
            let low = 10f64.powf(exponent);
            let high = (low * 10f64.powf(10f64.powf(decades))).min(1e300);
            assert_good(&logarithmic(low, high), low, high)?;
        }

        #[test]
        fn a_whole_axis_that_holds_a_whole_number_has_a_tick(first in -2000..2000i32, count in 0..5000i32) {
            let (low, high) = (f64::from(first) - 0.3, f64::from(first + count) + 0.3);
            let ticks = linear(low, high, true);
            prop_assert!((1..=MOST).contains(&ticks.len()));
            prop_assert!(ticks.iter().all(|tick| tick.value.fract() == 0.0 && (low..=high).contains(&tick.value)));
        }
    }
}
