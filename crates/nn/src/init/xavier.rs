//! Xavier (Glorot) initialisation: the spread is kept forwards and backwards, as well as both can be at once.
//!
//! The standard deviation is `gain √(2 / (fan_in + fan_out))`; the uniform form draws from ±√3 times that.
//!
//! X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
//! PyTorch: `nn.init.xavier_uniform_`, `xavier_normal_`; their default gain, 1, is [`Gain::Linear`].

use tape::Shape;

use super::{Gain, Init, Rule, fans};
use crate::error::Error;

impl Init {
    /// Uniform within `±gain √(6 / (fan_in + fan_out))`, for weights `[out, in, ..]`.
    ///
    /// ```
    /// use nn::{Init, init::Gain};
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// // √(6 / (4 + 2)) = 1.
    /// let array = Init::xavier_uniform(Gain::Linear).array::<f64>([4, 2], &mut ChaCha8Rng::seed_from_u64(0));
    /// assert!(array.iter().all(|element| element.abs() <= 1.0) && array.iter().any(|element| element.abs() > 0.7));
    /// ```
    #[doc(alias = "glorot_uniform")]
    #[doc(alias = "xavier_uniform_")]
    #[must_use]
    pub const fn xavier_uniform(gain: Gain) -> Self {
        Self(Rule::XavierUniform(gain))
    }

    /// Normal with standard deviation `gain √(2 / (fan_in + fan_out))`, for weights `[out, in, ..]`.
    #[doc(alias = "glorot_normal")]
    #[doc(alias = "xavier_normal_")]
    #[must_use]
    pub const fn xavier_normal(gain: Gain) -> Self {
        Self(Rule::XavierNormal(gain))
    }
}

pub(super) fn std(shape: &Shape, gain: Gain, initialiser: &'static str) -> Result<f64, Error> {
    let (fan_in, fan_out) = fans(shape, initialiser)?;
    Ok(gain.factor() * (2.0 / (fan_in + fan_out)).sqrt())
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::init::normal::tests::assert_moments;

    #[test]
    fn the_spread_follows_both_fans() {
        // Fans 250 * 4 and 100 * 4.
        let (shape, rng) = ([100, 250, 4], &mut ChaCha8Rng::seed_from_u64(13));
        let variance = (5.0_f64 / 3.0).powi(2) * 2.0 / 1400.0;
        let bound = (3.0 * variance).sqrt();
        let uniform = Init::xavier_uniform(Gain::Tanh).array::<f64>(shape, rng);
        assert!(uniform.iter().all(|element| element.abs() <= bound));
        assert_moments(uniform.as_slice().unwrap(), 0.0, variance, bound.powi(4) / 5.0);
        let normal = Init::xavier_normal(Gain::Tanh).array::<f64>(shape, rng);
        assert_moments(normal.as_slice().unwrap(), 0.0, variance, 3.0 * variance.powi(2));
    }
}
