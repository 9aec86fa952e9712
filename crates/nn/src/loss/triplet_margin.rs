//! The triplet loss: `max(0, d(anchor, positive) - d(anchor, negative) + margin)`, with `d(x, y) = |x - y + ε|_p`.
//!
//! What is like the anchor should be closer to it than what is not, by the margin. ε, added to every component, keeps
//! the distance of equal vectors away from the norm's kink.
//!
//! | setting | default |
//! | --- | --- |
//! | `margin` | 1, positive |
//! | `p` | 2, at least 1 |
//! | `eps` | 1e-6 |
//! | `swap` | false; true takes the smaller of `d(anchor, negative)` and `d(positive, negative)` |
//!
//! F. Schroff, D. Kalenichenko and J. Philbin, "FaceNet", CVPR 2015; V. Balntas, E. Riba, D. Ponsa and K. Mikolajczyk,
//! "Learning local feature descriptors with triplets and shallow convolutional neural networks", BMVC 2016 (swap).
//!
//! PyTorch: `nn.TripletMarginLoss`, `nn.functional.triplet_margin_loss`, whose defaults these are. Departures: those of
//! [`mse`](crate::mse).

use tape::{Real, Tensor};

use super::{check_setting, check_target, reduces};
use crate::error::{Error, unwrap};
use crate::loss::reduction::Reduction;

const NAME: &str = "triplet_margin";

/// The triplet loss, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (anchor, positive) = (tape.constant([[0.0, 0.0]]), tape.constant([[3.0, 0.0]]));
/// let negative = tape.constant([[3.0, 4.0]]);
/// // The negative is 5 from the anchor, but only 4 from the positive.
/// let loss = nn::TripletMargin::new().margin(3.0);
/// assert!((loss.loss(anchor, positive, negative).item() - 1.0).abs() < 1e-5);
/// assert!((loss.swap(true).loss(anchor, positive, negative).item() - 2.0).abs() < 1e-5);
/// ```
#[doc(alias = "TripletMarginLoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TripletMargin {
    margin: f64,
    p: f64,
    eps: f64,
    swap: bool,
    reduction: Reduction,
}

reduces!(TripletMargin);

impl TripletMargin {
    /// With a margin of 1, Euclidean distances, no swap, and the mean over all triplets.
    #[must_use]
    pub fn new() -> Self {
        Self { margin: 1.0, p: 2.0, eps: 1e-6, swap: false, reduction: Reduction::Mean }
    }

    /// With another margin.
    #[must_use]
    pub fn margin(self, margin: f64) -> Self {
        Self { margin, ..self }
    }

    /// With distances by another norm.
    #[must_use]
    pub fn p(self, p: f64) -> Self {
        Self { p, ..self }
    }

    /// With another number that is added to each component of a difference.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// Whether the negative's distance is that from the anchor or from the positive, whichever is smaller.
    #[must_use]
    pub fn swap(self, swap: bool) -> Self {
        Self { swap, ..self }
    }

    /// The loss of triplets: `[.., features], [.., features], [.., features] -> []`, or `[..]` without a reduction.
    ///
    /// # Panics
    /// As [`try_loss`](Self::try_loss) fails.
    #[must_use]
    #[track_caller]
    pub fn loss<T: Real>(&self, anchor: Tensor<T>, positive: Tensor<T>, negative: Tensor<T>) -> Tensor<T> {
        unwrap(self.try_loss(anchor, positive, negative))
    }

    /// As [`loss`](Self::loss).
    ///
    /// # Errors
    /// [`Error::Target`] if the three differ in shape, [`Error::Operand`] if they have no axis, [`Error::Setting`] if
    /// the margin is not positive or p is below 1, [`Error::Tape`] if the three lie on different tapes.
    ///
    /// # Panics
    /// If the recording of one of the three is over, or on another thread.
    #[track_caller]
    pub fn try_loss<T: Real>(
        &self,
        anchor: Tensor<T>,
        positive: Tensor<T>,
        negative: Tensor<T>,
    ) -> Result<Tensor<T>, Error> {
        check_target(NAME, anchor, positive)?;
        check_target(NAME, anchor, negative)?;
        check_setting(NAME, "margin", &self.margin, self.margin > 0.0, "it must be positive")?;
        check_setting(NAME, "p", &self.p, self.p >= 1.0, "it must be at least 1")?;
        let shape = anchor.shape();
        if shape.rank() == 0 {
            let rule = "the last axis must be that of the features";
            return Err(Error::Operand { loss: NAME, operand: "anchor", shape, rule });
        }
        let near = self.distance(anchor, positive)?;
        let mut far = self.distance(anchor, negative)?;
        if self.swap {
            far = far.minimum(self.distance(positive, negative)?);
        }
        self.reduction.apply((near - far + T::from_f64(self.margin)).clamp_min(T::zero()))
    }

    #[track_caller]
    fn distance<T: Real>(&self, x: Tensor<T>, y: Tensor<T>) -> Result<Tensor<T>, Error> {
        Ok((x.try_sub(y)? + T::from_f64(self.eps)).try_norm(self.p, -1)?)
    }
}

/// The mean over all triplets of `max(0, |anchor - positive| - |anchor - negative| + 1)`:
/// `[.., features], [.., features], [.., features] -> []`. [`TripletMargin`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let anchor = tape.variable([[0.0, 0.0]]);
/// let loss = nn::triplet_margin(anchor, tape.constant([[3.0, 4.0]]), tape.constant([[0.0, 2.0]]));
/// assert!((loss.item() - 4.0).abs() < 1e-5);
/// let gradient = &loss.backward()[anchor];
/// assert!((gradient[[0, 0]] + 0.6).abs() < 1e-5 && (gradient[[0, 1]] - 0.2).abs() < 1e-5);
/// ```
///
/// # Panics
/// As [`TripletMargin::try_loss`] fails.
#[doc(alias = "triplet_margin_loss")]
#[must_use]
#[track_caller]
pub fn triplet_margin<T: Real>(anchor: Tensor<T>, positive: Tensor<T>, negative: Tensor<T>) -> Tensor<T> {
    TripletMargin::new().loss(anchor, positive, negative)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn a_triplet_that_is_apart_costs_nothing() {
        let tape = Tape::<f64>::new();
        let anchor = tape.variable([[0.0], [0.0]]);
        let loss = TripletMargin::new().p(1.0).eps(0.0).reduction(Reduction::None);
        let losses = loss.loss(anchor, tape.constant([[1.0], [1.0]]), tape.constant([[-2.5], [-1.5]]));
        assert_eq!(losses.to_array().as_slice(), Some(&[0.0, 0.5][..]));
        assert_eq!(losses.sum().backward()[anchor].as_slice(), Some(&[0.0, -2.0][..]));
    }
}
