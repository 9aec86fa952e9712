//! Rotary positions: queries and keys are turned by angles that grow with their positions, so that their product, the
//! score, depends on how far they are apart and not on where.
//!
//! Features are taken in pairs. At position p, pair i is turned by the angle `p ω` with `ω = 10000^(-2i / features)`:
//! `(a, b)` becomes `(a cos - b sin, b cos + a sin)`. The first position is 0. There are no parameters.
//!
//! J. Su et al., "RoFormer: enhanced transformer with rotary position embedding", 2021. PyTorch has no such layer in
//! `torch.nn`; `torchtune.modules.RotaryPositionalEmbeddings` and the paper pair neighbours, as here; GPT-NeoX and LLaMA,
//! as Hugging Face publishes it, pair the halves: [`Pairs::Halves`].

use tape::{Elements, Pass, Real, Shape, Tensor};

use super::sinusoidal::tokens;
use super::{BASE, frequency};

/// Which two features are turned together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// Features 2i and 2i + 1.
    #[doc(alias = "interleaved")]
    Neighbours,
    /// Features i and i + features / 2.
    #[doc(alias = "rotate_half")]
    Halves,
}

/// Turns features by angles that grow with the position: `[.., tokens, features] -> [.., tokens, features]`.
///
/// ```
/// use nn::RotaryPositions;
/// let y = tape::Tape::new().evaluate(&tape::Params::new(), |pass| {
///     RotaryPositions::new(2).forward(pass, pass.constant([[3.0, 4.0], [1.0, 0.0]]))
/// });
/// // Position 0 stays; position 1 is turned by one radian.
/// assert_eq!(y, ndarray::array![[3.0, 4.0], [1_f64.cos(), 1_f64.sin()]].into_dyn());
/// ```
#[doc(alias = "RoPE")]
#[doc(alias = "RotaryPositionalEmbeddings")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RotaryPositions {
    /// The length of the input's last axis.
    pub features: usize,
    /// By how much slower the last pair turns than the first, nearly.
    pub base: f64,
    /// Which features are turned together.
    pub pairs: Pairs,
}

impl RotaryPositions {
    /// The paper's angles, of base 10000, and pairs of neighbours.
    ///
    /// # Panics
    /// If the number of features is odd.
    #[must_use]
    #[track_caller]
    pub const fn new(features: usize) -> Self {
        assert!(features.is_multiple_of(2), "RotaryPositions: an odd number of features: they are turned in pairs");
        Self { features, base: BASE, pairs: Pairs::Neighbours }
    }

    /// With another base.
    #[must_use]
    pub const fn base(self, base: f64) -> Self {
        Self { base, ..self }
    }

    /// With other pairs.
    #[must_use]
    pub const fn pairs(self, pairs: Pairs) -> Self {
        Self { pairs, ..self }
    }

    /// `[.., tokens, features] -> [.., tokens, features]`; the first token is at position 0.
    ///
    /// # Panics
    /// If the input has fewer than two axes, or the last does not have `features`.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        self.forward_from(pass, x, 0)
    }

    /// As [`forward`](Self::forward), with the first token at another position: the next tokens of a text whose keys are
    /// kept.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    #[must_use]
    #[track_caller]
    pub fn forward_from<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>, first: usize) -> Tensor<T> {
        let tokens = tokens("RotaryPositions", self.features, &x.shape());
        self.turn(x, self.waves(pass, first, tokens))
    }

    /// Queries and keys, with one table for both if they are as many.
    #[track_caller]
    pub(crate) fn rotate_both<T: Real>(
        &self,
        pass: &Pass<'_, T>,
        queries: Tensor<T>,
        keys: Tensor<T>,
    ) -> [Tensor<T>; 2] {
        let [queried, kept] = [queries, keys].map(Tensor::shape);
        let [queried, kept] = [queried[queried.rank() - 2], kept[kept.rank() - 2]];
        let waves = self.waves(pass, 0, queried);
        let of_keys = if kept == queried { waves } else { self.waves(pass, 0, kept) };
        [self.turn(queries, waves), self.turn(keys, of_keys)]
    }

    /// Cosines, and sines with the sign that they have in the sum, of every feature: `[tokens, features]` each.
    #[track_caller]
    fn waves<T: Real>(&self, pass: &Pass<'_, T>, first: usize, tokens: usize) -> [Tensor<T>; 2] {
        let cosines = Waves { positions: *self, first, tokens, sine: false };
        [pass.constant(&cosines), pass.constant(Waves { sine: true, ..cosines })]
    }

    #[track_caller]
    fn turn<T: Real>(&self, x: Tensor<T>, [cos, sin]: [Tensor<T>; 2]) -> Tensor<T> {
        let half = self.features / 2;
        let partners = match self.pairs {
            Pairs::Halves => x.roll(half as isize, -1),
            Pairs::Neighbours => {
                let shape = x.shape();
                let paired: Shape = shape[..shape.rank() - 1].iter().copied().chain([half, 2]).collect();
                x.reshape(paired).flip(-1).reshape(shape)
            }
        };
        x * cos + partners * sin
    }
}

/// A table of waves, written to where it is wanted.
struct Waves {
    positions: RotaryPositions,
    first: usize,
    tokens: usize,
    /// Which of both waves; the first feature of each pair has the sine's opposite.
    sine: bool,
}

impl<T: Real> Elements<T> for Waves {
    fn shape(&self) -> Shape {
        Shape::from([self.tokens, self.positions.features])
    }

    fn write(&self, out: &mut [T]) {
        let RotaryPositions { features, base, pairs } = self.positions;
        for pair in 0..features / 2 {
            let omega = frequency(base, pair, features);
            let [one, other] = match pairs {
                Pairs::Neighbours => [2 * pair, 2 * pair + 1],
                Pairs::Halves => [pair, pair + features / 2],
            };
            for token in 0..self.tokens {
                let (sin, cos) = ((self.first + token) as f64 * omega).sin_cos();
                let waves = if self.sine { [-sin, sin] } else { [cos, cos] };
                [out[token * features + one], out[token * features + other]] = waves.map(T::from_f64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, s};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::{Params, Tape};

    use super::*;
    use crate::Init;

    fn turned(positions: RotaryPositions, x: &Array2<f64>, first: usize) -> Array2<f64> {
        let y = Tape::new().evaluate(&Params::new(), |pass| positions.forward_from(pass, pass.constant(x), first));
        y.into_dimensionality().unwrap()
    }

    fn drawn(shape: [usize; 2]) -> Array2<f64> {
        Init::normal(0.0, 1.0).array(shape, &mut ChaCha8Rng::seed_from_u64(41)).into_dimensionality().unwrap()
    }

    #[test]
    fn every_pair_is_turned_by_its_angle() {
        let x = drawn([7, 6]);
        for pairs in [Pairs::Neighbours, Pairs::Halves] {
            let y = turned(RotaryPositions::new(6).base(27.0).pairs(pairs), &x, 3);
            for token in 0..7 {
                for pair in 0..3 {
                    let [one, other] = match pairs {
                        Pairs::Neighbours => [2 * pair, 2 * pair + 1],
                        Pairs::Halves => [pair, pair + 3],
                    };
                    // Frequencies 1, 1/3 and 1/9.
                    let (sin, cos) = ((token + 3) as f64 / 3_f64.powi(pair as i32)).sin_cos();
                    let (a, b) = (x[[token, one]], x[[token, other]]);
                    let expected = [a * cos - b * sin, b * cos + a * sin];
                    assert!((y[[token, one]] - expected[0]).abs() < 1e-13, "{pairs:?}: token {token}, pair {pair}");
                    assert!((y[[token, other]] - expected[1]).abs() < 1e-13, "{pairs:?}: token {token}, pair {pair}");
                }
            }
        }
    }

    #[test]
    fn scores_depend_on_the_distance_alone() {
        let (query, key) = (drawn([1, 8]), drawn([2, 8]).slice(s![1.., ..]).to_owned());
        let positions = RotaryPositions::new(8);
        let score = |at: usize, of: usize| turned(positions, &query, at).dot(&turned(positions, &key, of).t())[[0, 0]];
        assert!((score(5, 2) - score(103, 100)).abs() < 1e-12);
        assert!((score(5, 2) - score(5, 3)).abs() > 1e-3);
    }

    #[test]
    #[should_panic(expected = "RotaryPositions: an odd number of features: they are turned in pairs")]
    fn an_odd_number_of_features_is_refused() {
        let _ = RotaryPositions::new(3);
    }

    #[test]
    #[should_panic(expected = "RotaryPositions: input of shape [1, 2]: expected 4 features on its last axis, found 2")]
    fn other_features_are_refused() {
        let (tape, params) = (Tape::<f32>::new(), Params::new());
        let _ = RotaryPositions::new(4).forward(&tape.bind(&params), tape.constant([[0.0; 2]]));
    }
}
