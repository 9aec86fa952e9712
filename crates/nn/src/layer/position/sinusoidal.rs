//! Sinusoidal positions: waves of many lengths, added to the features of tokens.
//!
//! At position p, features 2i and 2i + 1 are `sin(p ω)` and `cos(p ω)` with `ω = 10000^(-2i / features)`, so that the waves
//! are from 2π to nearly 20000π tokens long, and what is k tokens further is a rotation of what is here. There are no
//! parameters.
//!
//! A. Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.5. PyTorch has no such layer; it is the
//! `PositionalEncoding` of its tutorial on language models, without the dropout behind it.

use ndarray::Array2;
use tape::{Elements, Pass, Real, Shape, Tensor};

use super::{BASE, frequency};
use crate::error::Error;

/// Adds waves that tell tokens their positions: `[.., tokens, features] -> [.., tokens, features]`.
///
/// ```
/// use nn::SinusoidalPositions;
/// let waves = SinusoidalPositions::new(2).table::<f64>(3);
/// assert_eq!(waves, ndarray::array![[0.0, 1.0], [1_f64.sin(), 1_f64.cos()], [2_f64.sin(), 2_f64.cos()]]);
/// let y = tape::Tape::new().evaluate(&tape::Params::new(), |pass| {
///     SinusoidalPositions::new(2).forward(pass, pass.constant([[10.0, 20.0]]))
/// });
/// assert_eq!(y, ndarray::array![[10.0, 21.0]].into_dyn());
/// ```
#[doc(alias = "PositionalEncoding")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SinusoidalPositions {
    /// The length of the input's last axis.
    pub features: usize,
    /// By how much slower the last wave is than the first, nearly.
    pub base: f64,
}

impl SinusoidalPositions {
    /// The paper's waves, of base 10000.
    #[must_use]
    pub const fn new(features: usize) -> Self {
        Self { features, base: BASE }
    }

    /// With another base.
    #[must_use]
    pub const fn base(self, base: f64) -> Self {
        Self { base, ..self }
    }

    /// What is added to the first so many tokens: `[tokens, features]`.
    #[must_use]
    pub fn table<T: Real>(&self, tokens: usize) -> Array2<T> {
        let mut table = Array2::zeros((tokens, self.features));
        Waves { positions: *self, tokens }.write(table.as_slice_mut().expect("a new array is dense"));
        table
    }

    /// `[.., tokens, features] -> [.., tokens, features]`; the first token is at position 0.
    ///
    /// # Panics
    /// If the input has fewer than two axes, or the last does not have `features`.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let tokens = tokens("SinusoidalPositions", self.features, &x.shape());
        x + pass.constant(Waves { positions: *self, tokens })
    }
}

/// How many tokens an input has; panics if it has no such axis or other features.
#[track_caller]
pub(super) fn tokens(layer: &'static str, features: usize, input: &Shape) -> usize {
    match **input {
        [.., tokens, own] if own == features => tokens,
        [_, _, ..] | [] => panic!("{}", Error::Features { layer, expected: features, input: input.clone() }),
        [_] => {
            panic!("{}", Error::Input { layer, expected: "[.., tokens, features]".to_owned(), input: input.clone() })
        }
    }
}

/// The table, written to where it is wanted.
struct Waves {
    positions: SinusoidalPositions,
    tokens: usize,
}

impl<T: Real> Elements<T> for Waves {
    fn shape(&self) -> Shape {
        Shape::from([self.tokens, self.positions.features])
    }

    fn write(&self, out: &mut [T]) {
        let SinusoidalPositions { features, base } = self.positions;
        for feature in 0..features {
            let omega = frequency(base, feature / 2, features);
            for position in 0..self.tokens {
                let angle = position as f64 * omega;
                let wave = if feature % 2 == 0 { angle.sin() } else { angle.cos() };
                out[position * features + feature] = T::from_f64(wave);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tape::{Params, Tape};

    use super::*;

    #[test]
    fn the_waves_become_longer_from_pair_to_pair() {
        let table = SinusoidalPositions::new(5).base(100.0).table::<f64>(50);
        for position in 0..50 {
            let p = position as f64;
            // Frequencies 100^0, 100^(-2/5) and 100^(-4/5); of the last pair there is only the sine.
            let [slow, slower] = [10_f64.powf(-0.8), 10_f64.powf(-1.6)].map(|omega| p * omega);
            let expected = [p.sin(), p.cos(), slow.sin(), slow.cos(), slower.sin()];
            for (feature, expected) in expected.into_iter().enumerate() {
                assert!((table[[position, feature]] - expected).abs() < 1e-13, "position {position}, {feature}");
            }
        }
    }

    #[test]
    fn nothing_is_added_to_no_tokens() {
        let (tape, params) = (Tape::<f32>::new(), Params::new());
        let x = tape.constant(ndarray::Array3::zeros((2, 0, 4)));
        assert_eq!(SinusoidalPositions::new(4).forward(&tape.bind(&params), x).shape(), [2, 0, 4]);
    }

    #[test]
    #[should_panic(expected = "SinusoidalPositions: input of shape [4]: expected [.., tokens, features]")]
    fn a_single_token_without_an_axis_is_refused() {
        let (tape, params) = (Tape::<f32>::new(), Params::new());
        let _ = SinusoidalPositions::new(4).forward(&tape.bind(&params), tape.constant([0.0; 4]));
    }

    #[test]
    #[should_panic(
        expected = "SinusoidalPositions: input of shape [1, 2]: expected 4 features on its last axis, found 2"
    )]
    fn other_features_are_refused() {
        let (tape, params) = (Tape::<f32>::new(), Params::new());
        let _ = SinusoidalPositions::new(4).forward(&tape.bind(&params), tape.constant([[0.0; 2]]));
    }
}
