//! Which random numbers does a seed give?
//!
//! Whole words of ChaCha8, made into numbers by correctly rounded operations alone (`+ - * /` and the square root), so
//! that the same seed gives the same bits on every platform. The logarithm of the system's mathematics library does not:
//! hence the one below.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::real::Real;

/// What the random numbers of a pass are determined by; see [`Pass::training`](crate::Pass::training).
///
/// It is a number. Many seeds come of one by [`child`](Self::child): one a step, one a shard of a batch. As an
/// [`Input`](crate::Input) of a [`Program`](crate::Program), it is another one in every run.
///
/// ```
/// use tape::Seed;
/// let run = Seed::from(7);
/// assert_eq!(run.child(3), Seed::from(7).child(3));
/// assert_ne!(run.child(3), run.child(4));
/// assert_ne!(run.child(3), Seed::from(8).child(3));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seed {
    value: u64,
    /// Which input of which program's recording this is.
    input: Option<(u32, usize)>,
}

impl From<u64> for Seed {
    fn from(value: u64) -> Self {
        Self { value, input: None }
    }
}

impl Seed {
    /// The seed number `n` of those that come of this one.
    ///
    /// A program is given children as inputs of their own: one that is derived while it is recorded would be the same in
    /// every run, and is refused where something is drawn from it.
    #[doc(alias = "fold_in")]
    #[doc(alias = "split")]
    #[must_use]
    pub fn child(self, n: u64) -> Self {
        /// In words from the start of a stream: farther than any draw gets.
        const BEHIND_ALL_DRAWS: u128 = 1 << 67;
        let mut rng = self.stream(n);
        rng.set_word_pos(BEHIND_ALL_DRAWS);
        Self::from(rng.next_u64())
    }

    /// The same seed as input number `input` of a program that is being recorded.
    pub(crate) fn to_input(self, recording: u32, input: usize) -> Self {
        Self { input: Some((recording, input)), ..self }
    }

    /// The number of the program's input that this is, if it is one of this recording.
    pub(crate) fn input_of(self, recording: u32) -> Option<usize> {
        self.input.filter(|(own, _)| *own == recording).map(|(_, input)| input)
    }

    /// The generator of draw number `n`, at its start.
    fn stream(self, n: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.value);
        rng.set_stream(n);
        rng
    }
}

/// What is drawn, element by element and each independent of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distribution {
    /// One where a word of 32 bits is below the threshold, zero elsewhere.
    Bernoulli { threshold: u64 },
    /// Mean zero, variance one.
    Normal,
    /// From zero, included, to one, excluded.
    Uniform,
}

impl Distribution {
    /// Ones with this probability, of `[0, 1]`, to the nearest multiple of 2^-32.
    pub(crate) fn bernoulli(probability: f64) -> Self {
        const WORDS: f64 = (1_u64 << 32) as f64;
        Self::Bernoulli { threshold: (probability * WORDS).round() as u64 }
    }

    /// Draw number `n` of a seed. It is made in `f64` and rounded last.
    pub(crate) fn draw<T: Real>(self, seed: Seed, n: u64, out: &mut [T]) {
        let rng = &mut seed.stream(n);
        match self {
            Self::Bernoulli { threshold } => {
                for element in out {
                    *element = if u64::from(rng.next_u32()) < threshold { T::one() } else { T::zero() };
                }
            }
            Self::Normal => {
                let mut standard = StandardNormal::default();
                for element in out {
                    *element = T::from_f64(standard.draw(rng));
                }
            }
            Self::Uniform => {
                // In the shorter precision, numbers next to one would round to it.
                let below_one = T::one() - T::epsilon() / (T::one() + T::one());
                for element in out {
                    *element = T::from_f64(unit(rng)).min(below_one);
                }
            }
        }
    }
}

/// A number of `[0, 1)`: one of 2^53 equally likely ones, one word of the generator each.
///
/// ```
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// let mut rng = ChaCha8Rng::seed_from_u64(7);
/// let mean = (0..10_000).map(|_| tape::random::unit(&mut rng)).sum::<f64>() / 10_000.0;
/// assert!((mean - 0.5).abs() < 0.02);
/// ```
pub fn unit(rng: &mut (impl Rng + ?Sized)) -> f64 {
    const SCALE: f64 = 1.0 / (1_u64 << 53) as f64;
    (rng.next_u64() >> 11) as f64 * SCALE
}

/// Standard normal numbers, by Marsaglia's polar method ("A convenient method for generating normal variables", 1964):
/// a point drawn uniformly from the unit disk gives two.
///
/// ```
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// let (mut normal, mut rng) = (tape::random::StandardNormal::default(), ChaCha8Rng::seed_from_u64(7));
/// let squares: f64 = (0..10_000).map(|_| normal.draw(&mut rng).powi(2)).sum();
/// assert!((squares / 10_000.0 - 1.0).abs() < 0.05);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct StandardNormal {
    second: Option<f64>,
}

impl StandardNormal {
    /// The next number.
    pub fn draw(&mut self, rng: &mut (impl Rng + ?Sized)) -> f64 {
        if let Some(second) = self.second.take() {
            return second;
        }
        loop {
            let (u, v) = (2.0 * unit(rng) - 1.0, 2.0 * unit(rng) - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let scale = (-2.0 * ln(s) / s).sqrt();
                self.second = Some(v * scale);
                return u * scale;
            }
        }
    }
}

/// The natural logarithm of a positive normal number, to a few units in the last place.
///
/// With x = 2^e m and m between √½ and √2: ln x = e ln 2 + 2 artanh t with t = (m - 1)/(m + 1), |t| < 0.172, whose series
/// has reached 1e-17 at its eleventh term.
fn ln(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i32 - 1023;
    let mut m = f64::from_bits(bits & MANTISSA | 1023 << 52);
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    let t = (m - 1.0) / (m + 1.0);
    let square = t * t;
    let series = (0..11).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * t * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_one() {
        for k in 1..200_000 {
            let x = f64::from(k) * 1e-5;
            let (own, systems) = (ln(x), x.ln());
            assert!((own - systems).abs() <= 4.0 * f64::EPSILON * systems.abs(), "ln {x}: {own} and {systems}");
        }
        // The smallest squared radius that two draws can have.
        assert!((ln(2.0_f64.powi(-105)) + 105.0 * std::f64::consts::LN_2).abs() < 1e-13);
    }

    fn drawn<T: Real>(distribution: Distribution, len: usize) -> Vec<T> {
        let mut out = vec![T::zero(); len];
        distribution.draw(Seed::from(7), 2, &mut out);
        out
    }

    /// The same seed means the same bits, in every version and on every platform: whoever changes these changes every
    /// network that anybody trained from a seed.
    #[test]
    fn draws_are_the_same_bits_for_ever() {
        let bits = |distribution| drawn::<f64>(distribution, 3).into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let ones = [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0];
        assert_eq!(drawn::<f64>(Distribution::bernoulli(0.5), 16), ones);
        let uniform = [0x3fd3_354d_ab25_9422, 0x3fd8_29b2_29d3_57fc, 0x3fcf_e3f3_303a_00e8];
        assert_eq!(bits(Distribution::Uniform), uniform);
        let normal = [0xbff7_bfdd_0cce_dd74, 0xbfed_19e2_4521_4a3d, 0xbff1_c1a8_0607_4311];
        assert_eq!(bits(Distribution::Normal), normal);
        assert_eq!(Seed::from(7).child(2), Seed::from(6_436_395_925_679_685_746));
    }

    #[test]
    fn the_two_precisions_differ_by_rounding_alone() {
        for distribution in [Distribution::bernoulli(0.3), Distribution::Normal, Distribution::Uniform] {
            let (single, double) = (drawn::<f32>(distribution, 1000), drawn::<f64>(distribution, 1000));
            assert!(single.iter().zip(&double).all(|(&single, &double)| single == double as f32));
        }
    }

    #[test]
    fn a_probability_of_zero_or_one_leaves_nothing_to_chance() {
        assert_eq!(drawn::<f32>(Distribution::bernoulli(0.0), 10_000), [0.0; 10_000]);
        assert_eq!(drawn::<f32>(Distribution::bernoulli(1.0), 10_000), [1.0; 10_000]);
    }

    /// A sample's mean deviates by √(variance/n); five times that happens once in two million seeds.
    #[test]
    fn draws_have_the_moments_of_their_distribution() {
        let n = 100_000;
        let assert_mean = |values: &mut dyn Iterator<Item = f64>, mean: f64, variance: f64| {
            let found = values.sum::<f64>() / n as f64;
            assert!((found - mean).abs() < 5.0 * (variance / n as f64).sqrt(), "mean {found}, not {mean}");
        };
        let ones = drawn::<f64>(Distribution::bernoulli(0.3), n);
        assert!(ones.iter().all(|one| *one == 0.0 || *one == 1.0));
        assert_mean(&mut ones.into_iter(), 0.3, 0.21);
        let uniform = drawn::<f64>(Distribution::Uniform, n);
        assert!(uniform.iter().all(|u| (0.0..1.0).contains(u)));
        assert_mean(&mut uniform.iter().copied(), 0.5, 1.0 / 12.0);
        assert_mean(&mut uniform.iter().map(|u| u * u), 1.0 / 3.0, 1.0 / 5.0 - 1.0 / 9.0);
        let normal = drawn::<f64>(Distribution::Normal, n);
        assert_mean(&mut normal.iter().copied(), 0.0, 1.0);
        assert_mean(&mut normal.iter().map(|z| z * z), 1.0, 2.0);
        assert_mean(&mut normal.iter().map(|z| z.powi(4)), 3.0, 105.0 - 9.0);
        // Neighbours, of which every other two come of one point, are independent.
        assert_mean(&mut normal.windows(2).map(|pair| pair[0] * pair[1]), 0.0, 1.0);
    }

    #[test]
    fn seeds_and_numbers_of_draws_make_streams_of_their_own() {
        let mut firsts: Vec<u64> = (0..50)
            .flat_map(|seed| (0..50).map(move |n| Seed::from(seed).stream(n).next_u64()))
            .chain((0..50).map(|n| Seed::from(0).child(n).value))
            .collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 2550);
    }
}
