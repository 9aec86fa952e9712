//! The cosine embedding loss of two vectors x and y: `1 - cos(x, y)` where the target is 1,
//! `max(0, cos(x, y) - margin)` where it is -1.
//!
//! What belongs together is turned into one direction, what does not is turned apart up to the margin. Each vector is
//! divided by its largest magnitude first, so that nothing overflows; a zero vector has the cosine 0 with everything.
//!
//! | setting | default |
//! | --- | --- |
//! | `margin` | 0, from -1 to 1 |
//!
//! PyTorch: `nn.CosineEmbeddingLoss`, `nn.functional.cosine_embedding_loss`, whose default this is. Departures: PyTorch
//! adds 1e-12 to each squared length, which shows in vectors shorter than 1e-3; those of [`mse`](crate::mse).

use tape::{Axes, Real, Tensor};

use super::{check_setting, check_target, reduces};
use crate::error::{Error, unwrap};
use crate::loss::reduction::Reduction;

const NAME: &str = "cosine_embedding";

/// The cosine embedding loss of pairs of vectors, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (x, y) = (tape.constant([[1.0, 0.0], [1.0, 0.0]]), tape.constant([[0.0, 2.0], [3.0, 4.0]]));
/// let loss = nn::CosineEmbedding::new().margin(0.5).loss(x, y, tape.constant([1.0, -1.0]));
/// assert!((loss.item() - (1.0 + 0.1) / 2.0).abs() < 1e-15);
/// ```
#[doc(alias = "CosineEmbeddingLoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosineEmbedding {
    margin: f64,
    reduction: Reduction,
}

reduces!(CosineEmbedding);

impl CosineEmbedding {
    /// Without a margin, and the mean over all pairs.
    #[must_use]
    pub fn new() -> Self {
        Self { margin: 0.0, reduction: Reduction::Mean }
    }

    /// With another margin.
    #[must_use]
    pub fn margin(self, margin: f64) -> Self {
        Self { margin, ..self }
    }

    /// The loss of vectors and whether they belong together: `[.., features], [.., features], [..] -> []`, or `[..]`
    /// without a reduction.
    ///
    /// # Panics
    /// As [`try_loss`](Self::try_loss) fails.
    #[must_use]
    #[track_caller]
    pub fn loss<T: Real>(&self, first: Tensor<T>, second: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
        unwrap(self.try_loss(first, second, target))
    }

    /// As [`loss`](Self::loss).
    ///
    /// # Errors
    /// [`Error::Target`] if the two vectors differ in shape, [`Error::Operand`] if they have no axis or there is not
    /// one target a pair, [`Error::Setting`] if the margin is not from -1 to 1, [`Error::Tape`] if the three lie on
    /// different tapes.
    ///
    /// # Panics
    /// If the recording of one of the three is over, or on another thread.
    #[track_caller]
    pub fn try_loss<T: Real>(
        &self,
        first: Tensor<T>,
        second: Tensor<T>,
        target: Tensor<T>,
    ) -> Result<Tensor<T>, Error> {
        check_target(NAME, first, second)?;
        let margin = self.margin;
        check_setting(NAME, "margin", &margin, (-1.0..=1.0).contains(&margin), "it must be from -1 to 1")?;
        let shape = first.shape();
        let Some((&features, leading)) = shape.split_last() else {
            let rule = "the last axis must be that of the features";
            return Err(Error::Operand { loss: NAME, operand: "first", shape, rule });
        };
        if *target.shape() != *leading {
            let (shape, rule) = (target.shape(), "one for each pair is needed");
            return Err(Error::Operand { loss: NAME, operand: "target", shape, rule });
        }
        let cosine = if features == 0 {
            first.try_add(second)?.sum_axes(-1)
        } else {
            let (first, second) = (direction(first)?, direction(second)?);
            first.try_mul(second)?.sum_axes(-1)
        };
        let apart = (cosine - T::from_f64(margin)).clamp_min(T::zero());
        let rest = target.eq(-T::one()).try_select(apart, T::zero())?;
        self.reduction.apply(target.eq(T::one()).try_select(-cosine + T::one(), rest)?)
    }
}

/// Vectors along a last axis that is not empty, divided by their lengths; zero vectors stay.
#[track_caller]
fn direction<T: Real>(x: Tensor<T>) -> Result<Tensor<T>, Error> {
    // The direction of x / c is that of x, whatever c is: it is a constant.
    let largest = x.detach().abs().try_amax(Axes::keep(-1))?;
    let scaled = x / largest.eq(T::zero()).select(T::one(), largest);
    let squares = scaled.powi(2).try_sum_axes(Axes::keep(-1))?;
    Ok(scaled / squares.eq(T::zero()).select(T::one(), squares).sqrt())
}

/// The mean over all pairs of `1 - cos(x, y)` where the target is 1 and `max(0, cos(x, y))` where it is -1:
/// `[.., features], [.., features], [..] -> []`. [`CosineEmbedding`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.variable([[1.0, 0.0], [0.0, 2.0]]);
/// let loss = nn::cosine_embedding(x, tape.constant([[3.0, 4.0], [3.0, 4.0]]), tape.constant([1.0, -1.0]));
/// assert!((loss.item() - (0.4 + 0.8) / 2.0).abs() < 1e-15);
/// // The length does not matter, so the gradient is at right angles.
/// let gradient = &loss.backward()[x];
/// assert!(gradient[[0, 0]].abs() < 1e-15 && (gradient[[0, 1]] + 0.4).abs() < 1e-15);
/// assert!((gradient[[1, 0]] - 0.15).abs() < 1e-15 && gradient[[1, 1]].abs() < 1e-15);
/// ```
///
/// # Panics
/// As [`CosineEmbedding::try_loss`] fails.
#[doc(alias = "cosine_embedding_loss")]
#[must_use]
#[track_caller]
pub fn cosine_embedding<T: Real>(first: Tensor<T>, second: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    CosineEmbedding::new().loss(first, second, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn vectors_of_any_length_have_a_direction_and_zero_has_none() {
        let tape = Tape::<f32>::new();
        let x = tape.variable([[3e38, 3e38], [1e-38, 1e-38], [0.0, 0.0]]);
        let y = tape.constant([[3e38, 3e38], [2.0, 2.0], [1.0, 0.0]]);
        let losses = CosineEmbedding::new().reduction(Reduction::None).loss(x, y, tape.constant([1.0; 3]));
        let losses_found = losses.to_array();
        assert!(losses_found[[0]].abs() < 1e-6 && losses_found[[1]].abs() < 1e-6 && losses_found[[2]] == 1.0);
        assert!(losses.sum().backward()[x].iter().all(|gradient| gradient.is_finite()));
    }

    #[test]
    fn there_is_one_target_a_pair() {
        let tape = Tape::<f64>::new();
        let x = tape.constant([[1.0, 2.0]]);
        let error = CosineEmbedding::new().try_loss(x, x, tape.constant([[1.0]])).unwrap_err();
        assert_eq!(error.to_string(), "cosine_embedding: target of shape [1, 1]: one for each pair is needed");
        let one = tape.constant(1.0);
        let error = CosineEmbedding::new().try_loss(one, one, one).unwrap_err();
        let text = "cosine_embedding: first of shape []: the last axis must be that of the features";
        assert_eq!(error.to_string(), text);
    }
}
