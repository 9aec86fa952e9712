//! LeCun initialisation: the spread is kept forwards, without a nonlinearity that shrinks it; the start that
//! self-normalising networks ([`Tensor::selu`](tape::Tensor::selu)) assume.
//!
//! The standard deviation is `1 / √fan_in`; the uniform form draws from ±√3 times that.
//!
//! Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, "Efficient BackProp", 1998; G. Klambauer et al., "Self-normalizing neural
//! networks", NeurIPS 2017. PyTorch has them as `kaiming_uniform_` and `kaiming_normal_` with `nonlinearity="linear"`.
//! Keras and JAX cut their normal form off at two deviations; this, like the papers, does not.

use super::{Init, Rule};

impl Init {
    /// Uniform within `±√(3 / fan_in)`, for weights `[out, in, ..]`.
    ///
    /// ```
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// let array = nn::Init::lecun_uniform().array::<f64>([4, 3], &mut ChaCha8Rng::seed_from_u64(0));
    /// assert!(array.iter().all(|element| element.abs() <= 1.0) && array.iter().any(|element| element.abs() > 0.7));
    /// ```
    #[must_use]
    pub const fn lecun_uniform() -> Self {
        Self(Rule::LecunUniform)
    }

    /// Normal with standard deviation `1 / √fan_in`, for weights `[out, in, ..]`.
    #[must_use]
    pub const fn lecun_normal() -> Self {
        Self(Rule::LecunNormal)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::init::normal::tests::assert_moments;

    #[test]
    fn the_spread_follows_the_inputs_of_an_output() {
        let (shape, rng) = ([100, 250, 2, 2], &mut ChaCha8Rng::seed_from_u64(18));
        let (variance, bound) = (0.001, 0.003_f64.sqrt());
        let uniform = Init::lecun_uniform().array::<f64>(shape, rng);
        assert!(uniform.iter().all(|element| element.abs() <= bound));
        assert_moments(uniform.as_slice().unwrap(), 0.0, variance, bound.powi(4) / 5.0);
        let normal = Init::lecun_normal().array::<f64>(shape, rng);
        assert_moments(normal.as_slice().unwrap(), 0.0, variance, 3.0 * variance * variance);
    }
}
