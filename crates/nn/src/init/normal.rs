//! Normal initialisation: N(mean, std²).
//!
//! PyTorch: `nn.init.normal_`, whose defaults 0 and 1 have to be said here.

use rand::Rng;
use tape::Real;
use tape::random::StandardNormal;

use super::{Init, Rule};

impl Init {
    /// Every element is drawn from the normal distribution of this mean and standard deviation.
    ///
    /// # Panics
    /// If one of them is not finite, or the deviation is negative.
    #[must_use]
    #[track_caller]
    pub fn normal(mean: f64, std: f64) -> Self {
        assert!(
            mean.is_finite() && std.is_finite() && std >= 0.0,
            "normal: mean {mean} and standard deviation {std}: both must be finite, the deviation not negative"
        );
        Self(Rule::Normal { mean, std })
    }
}

pub(super) fn fill<T: Real>(mean: f64, std: f64, out: &mut [T], rng: &mut (impl Rng + ?Sized)) {
    let mut standard = StandardNormal::default();
    for element in out {
        *element = T::from_f64(mean + std * standard.draw(rng));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    /// Asserts that n independent draws have a mean and a variance, given the fourth central moment too.
    ///
    /// The sample's mean deviates by √(variance/n) and its variance by √((fourth - variance²)/n); five times that happens
    /// once in two million seeds.
    pub(in crate::init) fn assert_moments(draws: &[f64], mean: f64, variance: f64, fourth: f64) {
        let n = draws.len() as f64;
        let found_mean = draws.iter().sum::<f64>() / n;
        let found_variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / n;
        let mean_tolerance = 5.0 * (variance / n).sqrt();
        let variance_tolerance = 5.0 * ((fourth - variance * variance) / n).sqrt();
        assert!((found_mean - mean).abs() < mean_tolerance, "mean {found_mean}, not {mean}");
        assert!((found_variance - variance).abs() < variance_tolerance, "variance {found_variance}, not {variance}");
    }

    /// The fraction of a normal distribution that lies within one, two and three standard deviations.
    const WITHIN: [(f64, f64); 3] =
        [(1.0, 0.682_689_492_137_086), (2.0, 0.954_499_736_103_642), (3.0, 0.997_300_203_936_740)];

    #[test]
    fn draws_are_normal() {
        let (mean, std) = (0.5, 2.0_f64);
        let array = Init::normal(mean, std).array::<f64>([100_000], &mut ChaCha8Rng::seed_from_u64(12));
        let draws = array.as_slice().unwrap();
        let n = draws.len() as f64;
        assert_moments(draws, mean, std.powi(2), 3.0 * std.powi(4));
        for (deviations, expected) in WITHIN {
            let within = draws.iter().filter(|draw| (**draw - mean).abs() < deviations * std).count() as f64 / n;
            let tolerance = 5.0 * (expected * (1.0 - expected) / n).sqrt();
            assert!((within - expected).abs() < tolerance, "{within} within {deviations} deviations, not {expected}");
        }
        let neighbours = draws.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>() / n;
        assert!(neighbours.abs() < 5.0 * std.powi(2) / n.sqrt(), "neighbours correlate: {neighbours}");
    }

    #[test]
    #[should_panic(
        expected = "normal: mean 0 and standard deviation -1: both must be finite, the deviation not negative"
    )]
    fn a_negative_deviation_is_refused() {
        let _ = Init::normal(0.0, -1.0);
    }
}
