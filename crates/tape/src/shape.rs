//! Shapes, strides, broadcasting and its reverse.

use std::fmt;
use std::ops::Deref;

use smallvec::SmallVec;

use crate::error::Error;

/// Axes that fit into a shape without a heap allocation: a batch of 3-d images with channels has five.
pub(crate) const INLINE_AXES: usize = 6;

/// One stride an axis, in elements; 0 repeats the element along the axis, negative walks backwards.
pub(crate) type Strides = SmallVec<[isize; INLINE_AXES]>;

/// The lengths of a tensor's axes, outermost first. A scalar has no axis; an axis may have length zero.
///
/// ```
/// let shape = tape::Shape::from([2, 3]);
/// assert_eq!(shape.size(), 6);
/// assert_eq!(shape.to_string(), "[2, 3]");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(SmallVec<[usize; INLINE_AXES]>);

impl Shape {
    /// The number of elements: the product of the axes, 1 for a scalar.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.iter().product()
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The strides of a dense tensor of this shape whose last axis is contiguous.
    pub(crate) fn dense_strides(&self) -> Strides {
        let mut strides = Strides::from_elem(1, self.rank());
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis] * self.0[axis] as isize;
        }
        strides
    }

    /// The shape that both operands broadcast to by NumPy's rule: aligned at the last axis, equal or one of them 1.
    ///
    /// # Errors
    /// [`Error::Broadcast`] when an aligned pair of axes has different lengths and neither is 1.
    pub(crate) fn broadcast(&self, other: &Self, operation: &'static str) -> Result<Self, Error> {
        let rank = self.rank().max(other.rank());
        let aligned = |shape: &Self, axis: usize| (axis + shape.rank()).checked_sub(rank).map_or(1, |own| shape.0[own]);
        (0..rank)
            .map(|axis| match (aligned(self, axis), aligned(other, axis)) {
                (left, right) if left == right || right == 1 => Some(left),
                (1, right) => Some(right),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| Error::Broadcast { operation, left: self.clone(), right: other.clone() })
    }

    /// Whether a tensor of this shape broadcasts to `target` without `target` growing.
    pub(crate) fn broadcasts_to(&self, target: &Self) -> bool {
        self.rank() <= target.rank()
            && self.0.iter().rev().zip(target.0.iter().rev()).all(|(&own, &wanted)| own == wanted || own == 1)
    }

    /// The axis that a possibly negative number means: -1 is the last.
    ///
    /// # Errors
    /// [`Error::Axis`] when the number is outside `-rank..rank`.
    pub(crate) fn axis(&self, axis: isize, operation: &'static str) -> Result<usize, Error> {
        let rank = self.rank() as isize;
        if (-rank..rank).contains(&axis) {
            Ok(axis.rem_euclid(rank) as usize)
        } else {
            Err(Error::Axis { operation, axis, shape: self.clone() })
        }
    }

    pub(crate) fn as_mut(&mut self) -> &mut SmallVec<[usize; INLINE_AXES]> {
        &mut self.0
    }
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl From<&[usize]> for Shape {
    fn from(axes: &[usize]) -> Self {
        Self(SmallVec::from_slice(axes))
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(axes: [usize; N]) -> Self {
        Self(SmallVec::from_slice(&axes))
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl From<Vec<usize>> for Shape {
    fn from(axes: Vec<usize>) -> Self {
        Self(SmallVec::from_vec(axes))
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(axes: I) -> Self {
        Self(axes.into_iter().collect())
    }
}

impl<const N: usize> PartialEq<[usize; N]> for Shape {
    fn eq(&self, axes: &[usize; N]) -> bool {
        self.0.as_slice() == axes
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.as_slice())
    }
}
