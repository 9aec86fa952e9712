//! Kaiming (He) initialisation: the spread is kept through rectifiers, forwards or backwards.
//!
//! The standard deviation is `gain / √fan`; the uniform form draws from ±√3 times that.
//!
//! K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015.
//! PyTorch: `nn.init.kaiming_uniform_`, `kaiming_normal_`; their defaults are [`Gain::LeakyRelu`] with slope 0, which is
//! [`Gain::Relu`], and [`Fan::In`].

use tape::Shape;

use super::{Fan, Gain, Init, Rule, fans};
use crate::error::Error;

impl Init {
    /// Uniform within `±gain √(3 / fan)`, for weights `[out, in, ..]`.
    ///
    /// ```
    /// use nn::{Init, init::{Fan, Gain}};
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// // √2 √(3 / 6) = 1.
    /// let init = Init::kaiming_uniform(Gain::Relu, Fan::In);
    /// let array = init.array::<f64>([2, 6], &mut ChaCha8Rng::seed_from_u64(0));
    /// assert!(array.iter().all(|element| element.abs() <= 1.0) && array.iter().any(|element| element.abs() > 0.7));
    /// ```
    #[doc(alias = "he_uniform")]
    #[doc(alias = "kaiming_uniform_")]
    #[must_use]
    pub const fn kaiming_uniform(gain: Gain, fan: Fan) -> Self {
        Self(Rule::KaimingUniform(gain, fan))
    }

    /// Normal with standard deviation `gain / √fan`, for weights `[out, in, ..]`.
    #[doc(alias = "he_normal")]
    #[doc(alias = "kaiming_normal_")]
    #[must_use]
    pub const fn kaiming_normal(gain: Gain, fan: Fan) -> Self {
        Self(Rule::KaimingNormal(gain, fan))
    }
}

pub(super) fn std(shape: &Shape, gain: Gain, fan: Fan, initialiser: &'static str) -> Result<f64, Error> {
    let (fan_in, fan_out) = fans(shape, initialiser)?;
    let fan = match fan {
        Fan::In => fan_in,
        Fan::Out => fan_out,
    };
    Ok(gain.factor() / fan.sqrt())
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::init::normal::tests::assert_moments;

    #[test]
    fn the_spread_follows_the_chosen_fan() {
        let (shape, rng) = ([100, 250, 4], &mut ChaCha8Rng::seed_from_u64(14));
        let gains = [(Gain::Relu, 2.0), (Gain::LeakyRelu(0.5), 2.0 / 1.25), (Gain::Selu, 0.5625)];
        for (fan, size) in [(Fan::In, 1000.0), (Fan::Out, 400.0)] {
            for (gain, squared) in gains {
                let variance: f64 = squared / size;
                let bound = (3.0 * variance).sqrt();
                let uniform = Init::kaiming_uniform(gain, fan).array::<f64>(shape, rng);
                // Rounding of the bound itself.
                assert!(uniform.iter().all(|element| element.abs() <= bound * (1.0 + 1e-15)));
                assert_moments(uniform.as_slice().unwrap(), 0.0, variance, bound.powi(4) / 5.0);
                let normal = Init::kaiming_normal(gain, fan).array::<f64>(shape, rng);
                assert_moments(normal.as_slice().unwrap(), 0.0, variance, 3.0 * variance.powi(2));
            }
        }
    }

    #[test]
    fn nothing_is_drawn_for_a_weight_without_inputs() {
        let array = Init::kaiming_normal(Gain::Relu, Fan::In).array::<f32>([3, 0], &mut ChaCha8Rng::seed_from_u64(0));
        assert_eq!(array.shape(), [3, 0]);
    }
}
