//! Where does each sequence of a batch end?

use tape::{Elements, Pass, Real, Shape, Tensor};

use crate::error::Error;

/// How many steps each sequence of a batch has; what stands behind its end is not looked at.
///
/// Made from numbers, or from a tensor `[batch]` that holds them: in a [`Program`](tape::Program), numbers are those of
/// the recording for ever, while a tensor is an input of every run.
#[derive(Debug, Clone, Copy)]
pub enum Lengths<'a, T> {
    /// One number a sequence.
    Numbers(&'a [usize]),
    /// One element a sequence, which is not looked at: what exceeds the number of steps counts as all of them.
    Tensor(Tensor<T>),
}

impl<'a, T> From<&'a [usize]> for Lengths<'a, T> {
    fn from(lengths: &'a [usize]) -> Self {
        Self::Numbers(lengths)
    }
}

impl<'a, T> From<&'a Vec<usize>> for Lengths<'a, T> {
    fn from(lengths: &'a Vec<usize>) -> Self {
        Self::Numbers(lengths)
    }
}

impl<'a, T, const N: usize> From<&'a [usize; N]> for Lengths<'a, T> {
    fn from(lengths: &'a [usize; N]) -> Self {
        Self::Numbers(lengths)
    }
}

impl<T> From<Tensor<T>> for Lengths<'_, T> {
    fn from(lengths: Tensor<T>) -> Self {
        Self::Tensor(lengths)
    }
}

/// Whole numbers as a column.
pub(super) struct Column<'a>(pub(super) &'a [usize]);

impl<T: Real> Elements<T> for Column<'_> {
    fn shape(&self) -> Shape {
        Shape::from([self.0.len(), 1])
    }

    fn write(&self, out: &mut [T]) {
        out.iter_mut().zip(self.0).for_each(|(out, &number)| *out = T::from_f64(number as f64));
    }
}

impl<T: Real> Lengths<'_, T> {
    /// The lengths as a column `[batch, 1]`, if there is one a sequence and none exceeds the steps.
    #[track_caller]
    pub(super) fn column(
        self,
        layer: &'static str,
        pass: &Pass<'_, T>,
        steps: usize,
        batch: usize,
    ) -> Result<Tensor<T>, Error> {
        let found = match self {
            Self::Numbers(lengths) => Shape::from([lengths.len()]),
            Self::Tensor(lengths) => lengths.shape(),
        };
        if found != [batch] {
            return Err(Error::LengthCount { layer, batch, found });
        }
        match self {
            Self::Numbers(lengths) => match lengths.iter().enumerate().find(|(_, length)| **length > steps) {
                Some((row, &length)) => Err(Error::Length { layer, row, length, steps }),
                None => Ok(pass.constant(Column(lengths))),
            },
            Self::Tensor(lengths) => Ok(lengths.detach().unsqueeze(1)),
        }
    }
}
