//! Truncated normal initialisation: N(mean, std²), where only what lies between two bounds is taken.
//!
//! The bounds are values, not numbers of deviations. The spread is smaller than `std` by what is cut off: with bounds two
//! deviations from the mean on both sides, 0.8796 times that.
//!
//! PyTorch: `nn.init.trunc_normal_`, whose defaults 0, 1, -2 and 2 have to be said here. Departure: where the bounds are
//! far out on one side, PyTorch warns that it may be wrong; this is not.

use rand::Rng;
use tape::Real;
use tape::random::unit;

use super::{Init, Rule};

impl Init {
    /// Every element is drawn from the normal distribution of this mean and standard deviation, given that it lies between
    /// `low` and `high`, which may be infinite.
    ///
    /// ```
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// let init = nn::Init::truncated_normal(0.0, 1.0, 4.0, 5.0);
    /// let array = init.array::<f64>([10, 10], &mut ChaCha8Rng::seed_from_u64(0));
    /// assert!(array.iter().all(|element| (4.0..=5.0).contains(element)));
    /// ```
    ///
    /// # Panics
    /// If the mean is not finite, the deviation not positive and finite, or `low` not below `high`.
    #[doc(alias = "trunc_normal_")]
    #[must_use]
    #[track_caller]
    pub fn truncated_normal(mean: f64, std: f64, low: f64, high: f64) -> Self {
        assert!(
            mean.is_finite() && std.is_finite() && std > 0.0 && low < high,
            "truncated_normal: mean {mean}, standard deviation {std}, bounds {low} and {high}: the first two must be \
             finite, the deviation positive, the first bound below the second"
        );
        Self(Rule::TruncatedNormal { mean, std, low, high })
    }
}

pub(super) fn fill<T: Real>([mean, std, low, high]: [f64; 4], out: &mut [T], rng: &mut (impl Rng + ?Sized)) {
    let (start, end) = ((low - mean) / std, (high - mean) / std);
    // Where the density between the bounds is largest, and how far out it is more than e^-40 times that: the rest, which
    // is drawn once in 10^17 times, is left out, so that infinite bounds have a proposal too.
    let mode = 0.0_f64.clamp(start, end);
    let reach = (mode * mode + 80.0).sqrt();
    let (start, end) = (start.max(-reach), end.min(reach));
    for element in out {
        let z = loop {
            let z = start + (end - start) * unit(rng);
            if exponential_chance((z - mode) * (z + mode) / 2.0, rng) {
                break z;
            }
        };
        *element = T::from_f64((mean + std * z).clamp(low, high));
    }
}

/// Yes with the probability e^-x, for x ≥ 0, by comparisons alone: J. von Neumann, "Various techniques used in connection
/// with random digits", 1951. A run of draws that fall from x ≤ 1 has length k with probability x^k / k! - x^(k+1) / (k+1)!,
/// which over the even k sums to e^-x.
fn exponential_chance(x: f64, rng: &mut (impl Rng + ?Sized)) -> bool {
    let mut rest = x;
    loop {
        let (mut last, mut even) = (rest.min(1.0), true);
        loop {
            let next = unit(rng);
            if next >= last {
                break;
            }
            (last, even) = (next, !even);
        }
        if !even {
            return false;
        }
        if rest <= 1.0 {
            return true;
        }
        rest -= 1.0;
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::init::normal::tests::assert_moments;

    /// The density of the standard normal distribution.
    fn density(z: f64) -> f64 {
        (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
    }

    /// With the moments `E z^k = (k - 1) E z^(k-2) - (b^(k-1) φ(b) - a^(k-1) φ(a)) / P(a < z < b)`.
    #[test]
    fn draws_have_the_moments_of_the_distribution_between_the_bounds() {
        let within_two = 0.954_499_736_103_641_6;
        let second = 1.0 - 4.0 * density(2.0) / within_two;
        let fourth = 3.0 * second - 16.0 * density(2.0) / within_two;
        let rng = &mut ChaCha8Rng::seed_from_u64(15);
        let array = Init::truncated_normal(1.0, 0.5, 0.0, 2.0).array::<f64>([100_000], rng);
        assert!(array.iter().all(|element| (0.0..=2.0).contains(element)));
        assert_moments(array.as_slice().unwrap(), 1.0, second / 4.0, fourth / 16.0);
        assert!((second.sqrt() - 0.8796).abs() < 1e-4, "the header says otherwise: {second}");
    }

    #[test]
    fn a_far_tail_is_drawn_as_surely_as_the_middle() {
        // Behind three deviations: the inverse of Mills' ratio, and what the recurrence makes of it.
        let first = density(3.0) / 0.001_349_898_031_630_094_6;
        let second = 1.0 + 3.0 * first;
        let third = 2.0 * first + 9.0 * first;
        let fourth = 3.0 * second + 27.0 * first;
        let variance = second - first * first;
        let central = fourth - 4.0 * first * third + 6.0 * first.powi(2) * second - 3.0 * first.powi(4);
        let rng = &mut ChaCha8Rng::seed_from_u64(16);
        for (low, high, sign) in [(3.0, f64::INFINITY, 1.0), (f64::NEG_INFINITY, -3.0, -1.0)] {
            let array = Init::truncated_normal(0.0, 1.0, low, high).array::<f64>([50_000], rng);
            assert!(array.iter().all(|element| element * sign >= 3.0));
            assert_moments(array.as_slice().unwrap(), sign * first, variance, central);
        }
        let far = Init::truncated_normal(0.0, 1.0, 1e8, 2e8).array::<f64>([100], rng);
        assert!(far.iter().all(|element| (1e8..1e8 + 1e-5).contains(element)));
    }

    #[test]
    fn a_truncation_that_cuts_nothing_off_is_the_normal_distribution() {
        let init = Init::truncated_normal(0.0, 1.0, f64::NEG_INFINITY, f64::INFINITY);
        let array = init.array::<f64>([100_000], &mut ChaCha8Rng::seed_from_u64(17));
        assert_moments(array.as_slice().unwrap(), 0.0, 1.0, 3.0);
    }

    #[test]
    #[should_panic(expected = "truncated_normal: mean 0, standard deviation 1, bounds 2 and 2: the first two must be \
                               finite, the deviation positive, the first bound below the second")]
    fn bounds_with_nothing_between_them_are_refused() {
        let _ = Init::truncated_normal(0.0, 1.0, 2.0, 2.0);
    }
}
