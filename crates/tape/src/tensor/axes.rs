//! Which axes an operation works over: one, several or all, kept or left out.

use std::ops::RangeFull;

use smallvec::SmallVec;

use super::Tensor;
use crate::error::Error;
use crate::real::Real;
use crate::record::reduced;
use crate::shape::{INLINE_AXES, Shape};
use crate::transpose::AxisSet;

/// Which axes a reduction reduces, and whether the result keeps them with length 1.
///
/// Made from one axis, from several, or from `..`, which is all of them; a negative one counts from the last.
///
/// ```
/// use tape::Axes;
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.sum_axes(-1).shape(), [2]);
/// assert_eq!(x.sum_axes(Axes::keep(0)).shape(), [1, 2]);
/// assert_eq!(x.sum_axes([0, 1]).shape(), []);
/// assert_eq!(x.sum_axes(Axes::keep(..)).shape(), [1, 1]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axes {
    /// `None` means all.
    named: Option<SmallVec<[isize; INLINE_AXES]>>,
    keep: bool,
}

impl Axes {
    /// These axes, kept with length 1.
    #[must_use]
    pub fn keep(axes: impl Into<Self>) -> Self {
        Self { keep: true, ..axes.into() }
    }

    pub(super) fn kept(&self) -> bool {
        self.keep
    }

    pub(super) fn resolve(&self, shape: &Shape, operation: &'static str) -> Result<AxisSet, Error> {
        let Some(named) = &self.named else { return Ok(AxisSet::all(shape.rank())) };
        let mut set = AxisSet::default();
        for &axis in named {
            let axis = shape.axis(axis, operation)?;
            if set.contains(axis) {
                let rule = "an axis is named twice";
                return Err(Error::Axes { operation, axes: named.to_vec(), shape: shape.clone(), rule });
            }
            set = set.with(axis);
        }
        Ok(set)
    }
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Self {
        Self { named: Some(SmallVec::from_slice(&[axis])), keep: false }
    }
}

impl From<&[isize]> for Axes {
    fn from(axes: &[isize]) -> Self {
        Self { named: Some(SmallVec::from_slice(axes)), keep: false }
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Self {
        Self::from(&axes[..])
    }
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Self {
        Self { named: None, keep: false }
    }
}

/// A tensor whose reduced axes are one: what an operation along one axis works on when it is asked for several.
pub(super) struct Lines<T> {
    pub(super) tensor: Tensor<T>,
    /// The axis that the lines lie along.
    pub(super) axis: usize,
    /// How long each line is.
    pub(super) length: usize,
    /// The shape that was asked for.
    pub(super) output: Shape,
}

/// Axes in their order.
type AxisList = SmallVec<[usize; INLINE_AXES]>;

impl<T: Real> Tensor<T> {
    /// Looks at a tensor as lines along some axes; several become one axis behind all others.
    #[track_caller]
    pub(super) fn try_lines(self, axes: &Axes, operation: &'static str) -> Result<Lines<T>, Error> {
        self.on_tape(operation, |tape| {
            let shape = tape.shape(self.node).clone();
            let set = axes.resolve(&shape, operation)?;
            let output = reduced(&shape, set, axes.kept());
            let (chosen, others): (AxisList, AxisList) = (0..shape.rank()).partition(|&axis| set.contains(axis));
            let length = chosen.iter().map(|&axis| shape[axis]).product();
            if let [axis] = chosen[..] {
                return Ok(Lines { tensor: self, axis, length, output });
            }
            let order = others.iter().chain(&chosen);
            let permuted = order.clone().map(|&axis| shape[axis]).collect();
            let permute = crate::transpose::Linear::Permute(order.map(|&axis| axis as u8).collect());
            let turned = tape.linear(permute, self.node, permuted);
            let lines: Shape = others.iter().map(|&axis| shape[axis]).chain([length]).collect();
            let tensor = tape.reshape(turned.node, lines);
            Ok(Lines { tensor, axis: others.len(), length, output })
        })
    }

    /// The number of elements that a reduction over these axes makes one of.
    #[track_caller]
    pub(super) fn try_count(self, axes: &Axes, operation: &'static str) -> Result<usize, Error> {
        self.on_tape(operation, |tape| {
            let shape = tape.shape(self.node);
            let set = axes.resolve(shape, operation)?;
            Ok((0..shape.rank()).filter(|&axis| set.contains(axis)).map(|axis| shape[axis]).product())
        })
    }
}
