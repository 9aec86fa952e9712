//! The ranking loss of two scores: `max(0, margin - t (x - y))`, where a target t of 1 says that x should be the
//! larger, -1 that y should.
//!
//! | setting | default |
//! | --- | --- |
//! | `margin` | 0 |
//!
//! At the edge of the margin, as for equal scores without one, the gradient is that within: ties are broken.
//!
//! PyTorch: `nn.MarginRankingLoss`, `nn.functional.margin_ranking_loss`, whose default this is. Departures: those of
//! [`mse`](crate::mse).

use tape::{Real, Tensor};

use super::{check_target, reduces};
use crate::error::{Error, unwrap};
use crate::loss::reduction::Reduction;

const NAME: &str = "margin_ranking";

/// The ranking loss of two scores, by its [`Reduction`].
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (x, y) = (tape.constant([1.0, 2.0]), tape.constant([0.5, 3.0]));
/// let loss = nn::MarginRanking::new().margin(1.0).loss(x, y, tape.constant([1.0, 1.0]));
/// assert_eq!(loss.item(), (0.5 + 2.0) / 2.0);
/// ```
#[doc(alias = "MarginRankingLoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarginRanking {
    margin: f64,
    reduction: Reduction,
}

reduces!(MarginRanking);

impl MarginRanking {
    /// Without a margin, and the mean over all elements.
    #[must_use]
    pub fn new() -> Self {
        Self { margin: 0.0, reduction: Reduction::Mean }
    }

    /// With another margin.
    #[must_use]
    pub fn margin(self, margin: f64) -> Self {
        Self { margin, ..self }
    }

    /// The loss of two scores and which should be the larger: `[..], [..], [..] -> []`, or `[..]` without a reduction.
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
    /// [`Error::Target`] if the second scores or the targets differ from the first scores in shape, [`Error::Tape`] if
    /// the three lie on different tapes.
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
        check_target(NAME, first, target)?;
        let lead = first.try_sub(second)?.try_mul(target)?;
        self.reduction.apply((-lead + T::from_f64(self.margin)).clamp_min(T::zero()))
    }
}

/// The mean over all elements of `max(0, -t (x - y))`: `[..], [..], [..] -> []`. [`MarginRanking`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (x, y) = (tape.variable([1.0, 2.0]), tape.variable([0.5, 3.0]));
/// let loss = nn::margin_ranking(x, y, tape.constant([1.0, 1.0]));
/// assert_eq!(loss.item(), 0.5);
/// let gradients = loss.backward();
/// assert_eq!(gradients[x].as_slice(), Some(&[0.0, -0.5][..]));
/// assert_eq!(gradients[y].as_slice(), Some(&[0.0, 0.5][..]));
/// ```
///
/// # Panics
/// As [`MarginRanking::try_loss`] fails.
#[doc(alias = "margin_ranking_loss")]
#[must_use]
#[track_caller]
pub fn margin_ranking<T: Real>(first: Tensor<T>, second: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    MarginRanking::new().loss(first, second, target)
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn a_tie_is_broken() {
        let tape = Tape::<f64>::new();
        let (first, second) = (tape.variable([2.0, 2.0]), tape.variable([2.0, 2.0]));
        let loss = margin_ranking(first, second, tape.constant([1.0, -1.0]));
        assert_eq!(loss.item(), 0.0);
        assert_eq!(loss.backward()[first].as_slice(), Some(&[-0.5, 0.5][..]));
    }
}
