//! Settings of operations along spatial axes: what is said once for all axes, or for each.

use crate::error::Error;
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::Storage;
use crate::transpose::{Cut, Linear};

/// Images have at most depth, height and width.
pub(super) const MOST_SPATIAL: usize = 3;

/// A setting of spatial axes: one value for all of them, or one for each, outermost first.
///
/// What pads an axis has two sides, before the first element and behind the last: a number stands for both sides, and a
/// pair for one each.
///
/// ```
/// use tape::{Convolution, PerAxis};
/// assert_eq!(Convolution::new().stride(2), Convolution::new().stride(PerAxis::from(2)));
/// assert_ne!(Convolution::new().stride([2, 1]), Convolution::new().stride([1, 2]));
/// assert_eq!(Convolution::new().padding([1, 2]), Convolution::new().padding([(1, 1), (2, 2)]));
/// assert_eq!(Convolution::new().padding(3), Convolution::new().padding((3, 3)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerAxis<V = usize> {
    /// As many as there are, up to the most that an operation takes; the others repeat the first.
    values: [V; MOST_SPATIAL],
    /// How many were given, also where that is more than fit.
    given: usize,
}

impl<V: Copy> PerAxis<V> {
    pub(super) fn all(value: V) -> Self {
        Self { values: [value; MOST_SPATIAL], given: 1 }
    }

    fn each(given: usize, values: impl Iterator<Item = V>, default: V) -> Self {
        let mut setting = Self { values: [default; MOST_SPATIAL], given };
        setting.values.iter_mut().zip(values).for_each(|(own, value)| *own = value);
        setting
    }

    /// The value for one of `axes` axes; `None` if values were given for another number of axes.
    fn get(&self, axis: usize, axes: usize) -> Option<V> {
        match self.given {
            1 => Some(self.values[0]),
            given if given == axes => Some(self.values[axis]),
            _ => None,
        }
    }

    /// The values for so many spatial axes; those behind them repeat the default.
    pub(super) fn resolve(&self, axes: usize, shape: &Shape, operation: &'static str) -> Result<[V; 3], Error> {
        let mut values = self.values;
        for (axis, value) in values.iter_mut().enumerate().take(axes) {
            let rule = "a setting needs one value, or one for each spatial axis";
            *value = self.get(axis, axes).ok_or_else(|| Error::Shape { operation, shape: shape.clone(), rule })?;
        }
        Ok(values)
    }
}

impl From<usize> for PerAxis {
    fn from(value: usize) -> Self {
        Self::all(value)
    }
}

impl<const N: usize> From<[usize; N]> for PerAxis {
    fn from(values: [usize; N]) -> Self {
        Self::each(N, values.into_iter(), 0)
    }
}

impl From<&[usize]> for PerAxis {
    fn from(values: &[usize]) -> Self {
        Self::each(values.len(), values.iter().copied(), 0)
    }
}

impl From<usize> for PerAxis<(usize, usize)> {
    fn from(both: usize) -> Self {
        Self::all((both, both))
    }
}

impl<const N: usize> From<[usize; N]> for PerAxis<(usize, usize)> {
    fn from(values: [usize; N]) -> Self {
        Self::each(N, values.into_iter().map(|both| (both, both)), (0, 0))
    }
}

impl From<(usize, usize)> for PerAxis<(usize, usize)> {
    fn from(sides: (usize, usize)) -> Self {
        Self::all(sides)
    }
}

impl<const N: usize> From<[(usize, usize); N]> for PerAxis<(usize, usize)> {
    fn from(values: [(usize, usize); N]) -> Self {
        Self::each(N, values.into_iter(), (0, 0))
    }
}

impl<T: Real> Storage<T> {
    /// Zeros around the last axes: as many before and behind as `pads` says, the last pair for the last axis.
    pub(super) fn pad_last(&mut self, x: u32, pads: &[(usize, usize)]) -> u32 {
        if pads.iter().all(|&pad| pad == (0, 0)) {
            return x;
        }
        let mut shape = self.shape(x).clone();
        let first = shape.rank() - pads.len();
        let mut cut = Cut { starts: shape.iter().map(|_| 0).collect(), steps: shape.iter().map(|_| 1).collect() };
        for (axis, &(before, behind)) in (first..).zip(pads) {
            cut.starts[axis] = before as u32;
            shape.as_mut()[axis] += before + behind;
        }
        self.linear(Linear::Pad(cut), x, shape).node
    }

    /// The last axes without so many elements at their beginning, and with these lengths.
    pub(super) fn crop_last(&mut self, x: u32, starts: &[usize], lengths: &[usize]) -> u32 {
        let mut shape = self.shape(x).clone();
        let first = shape.rank() - starts.len();
        if shape[first..] == *lengths {
            return x;
        }
        let mut cut = Cut { starts: shape.iter().map(|_| 0).collect(), steps: shape.iter().map(|_| 1).collect() };
        for (axis, (&start, &length)) in (first..).zip(starts.iter().zip(lengths)) {
            cut.starts[axis] = start as u32;
            shape.as_mut()[axis] = length;
        }
        self.linear(Linear::Slice(cut), x, shape).node
    }
}
