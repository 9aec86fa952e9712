//! Uniform initialisation: U(low, high).
//!
//! PyTorch: `nn.init.uniform_`, whose defaults 0 and 1 have to be said here.

use rand::Rng;
use tape::{Real, random};

use super::{Init, Rule};

impl Init {
    /// Every element is drawn uniformly from `low` to `high`.
    ///
    /// ```
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// let array = nn::Init::uniform(2.0, 3.0).array::<f64>([10, 10], &mut ChaCha8Rng::seed_from_u64(0));
    /// assert!(array.iter().all(|element| (2.0..=3.0).contains(element)));
    /// ```
    ///
    /// # Panics
    /// If a bound is not finite, or `high` is below `low`.
    #[must_use]
    #[track_caller]
    pub fn uniform(low: f64, high: f64) -> Self {
        assert!(
            low.is_finite() && high.is_finite() && low <= high,
            "uniform: bounds {low} and {high}: both must be finite, the first not above the second"
        );
        Self(Rule::Uniform { low, high })
    }
}

pub(super) fn fill<T: Real>(low: f64, high: f64, out: &mut [T], rng: &mut (impl Rng + ?Sized)) {
    for element in out {
        *element = T::from_f64(low + (high - low) * random::unit(rng));
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::init::normal::tests::assert_moments;

    #[test]
    fn draws_fill_the_interval_evenly() {
        let (low, high) = (-1.0_f64, 3.0);
        let array = Init::uniform(low, high).array::<f64>([100_000], &mut ChaCha8Rng::seed_from_u64(11));
        assert!(array.iter().all(|element| (low..high).contains(element)));
        let half = (high - low) / 2.0;
        // Variance b²/3 and fourth moment b⁴/5 about the middle, for the half width b.
        assert_moments(array.as_slice().unwrap(), 1.0, half.powi(2) / 3.0, half.powi(4) / 5.0);
    }

    #[test]
    #[should_panic(expected = "uniform: bounds 1 and 0: both must be finite, the first not above the second")]
    fn bounds_in_the_wrong_order_are_refused() {
        let _ = Init::uniform(1.0, 0.0);
    }
}
