//! What becomes of the losses of many elements, rows or sequences?

use tape::{Real, Tensor};

use crate::error::Error;

/// How the losses of many elements, rows or sequences become one number: PyTorch's `reduction`.
///
/// ```
/// use nn::{L1, Reduction};
/// let tape = tape::Tape::<f64>::new();
/// let (y, target) = (tape.constant([[1.0, 5.0], [2.0, 2.0]]), tape.constant([[0.0, 2.0], [2.0, 2.0]]));
/// let loss = |reduction| L1::new().reduction(reduction).loss(y, target);
/// assert_eq!(loss(Reduction::None).to_array().as_slice(), Some(&[1.0, 3.0, 0.0, 0.0][..]));
/// assert_eq!(loss(Reduction::Mean).item(), 1.0);
/// assert_eq!(loss(Reduction::Sum).item(), 4.0);
/// assert_eq!(loss(Reduction::BatchMean).item(), 2.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reduction {
    /// They stay as they are.
    None,
    /// Their mean; 0 with a zero gradient if there are none, where PyTorch has NaN. A loss with class weights or
    /// ignored targets says what it divides by.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// Their sum, divided by the length of their first axis: PyTorch's `batchmean`, which it has for the
    /// Kullback-Leibler divergence alone.
    BatchMean,
}

impl Reduction {
    #[track_caller]
    pub(crate) fn apply<T: Real>(self, losses: Tensor<T>) -> Result<Tensor<T>, Error> {
        let shape = losses.shape();
        let count = match self {
            Self::None => return Ok(losses),
            Self::Sum => return Ok(losses.sum()),
            Self::Mean => shape.size(),
            Self::BatchMean => shape.first().copied().unwrap_or(1),
        };
        Ok(losses.sum().try_div(T::from_f64(count.max(1) as f64))?)
    }

    /// As [`apply`](Self::apply), where the mean divides by the sum of these weights; 0 if that is 0.
    #[track_caller]
    pub(crate) fn apply_weighted<T: Real>(self, losses: Tensor<T>, weights: Tensor<T>) -> Result<Tensor<T>, Error> {
        match self {
            Self::None | Self::Sum | Self::BatchMean => self.apply(losses),
            Self::Mean => {
                let total = weights.sum();
                let total = total.eq(T::zero()).try_select(T::one(), total)?;
                Ok(losses.sum().try_div(total)?)
            }
        }
    }
}
