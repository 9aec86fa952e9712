//! What convolutions and pools share: numbers for each spatial axis, margins, and windows over all of them.

use smallvec::SmallVec;

use super::Tensor;
use super::pad::pad_with;
use crate::error::Error;
use crate::real::Real;
use crate::shape::{INLINE_AXES, Shape};
use crate::tape::Storage;
use crate::transpose::{Window, Windows};

/// A number for each of `D` spatial axes: one for all of them, or an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PerAxis<const D: usize>(pub(super) [usize; D]);

impl<const D: usize> From<usize> for PerAxis<D> {
    fn from(number: usize) -> Self {
        Self([number; D])
    }
}

impl<const D: usize> From<[usize; D]> for PerAxis<D> {
    fn from(numbers: [usize; D]) -> Self {
        Self(numbers)
    }
}

impl<const D: usize> From<PerAxis<D>> for [usize; D] {
    fn from(numbers: PerAxis<D>) -> Self {
        numbers.0
    }
}

/// How many elements are added before and behind each of `D` spatial axes: one number for all sides, one number an axis,
/// one pair `(before, behind)` for all axes, or one pair an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Margins<const D: usize>(pub(super) [(usize, usize); D]);

impl<const D: usize> From<usize> for Margins<D> {
    fn from(number: usize) -> Self {
        Self([(number, number); D])
    }
}

impl<const D: usize> From<[usize; D]> for Margins<D> {
    fn from(numbers: [usize; D]) -> Self {
        Self(numbers.map(|number| (number, number)))
    }
}

impl<const D: usize> From<(usize, usize)> for Margins<D> {
    fn from(sides: (usize, usize)) -> Self {
        Self([sides; D])
    }
}

impl<const D: usize> From<[(usize, usize); D]> for Margins<D> {
    fn from(sides: [(usize, usize); D]) -> Self {
        Self(sides)
    }
}

impl<const D: usize> From<Margins<D>> for [(usize, usize); D] {
    fn from(sides: Margins<D>) -> Self {
        sides.0
    }
}

/// Windows over `D` neighbouring axes, of which `first` is the first; the axes inside the windows come behind all others.
pub(super) fn windows<const D: usize>(
    first: usize,
    size: [usize; D],
    stride: [usize; D],
    dilation: [usize; D],
    operation: &'static str,
) -> Result<Windows, Error> {
    if stride.contains(&0) || dilation.contains(&0) {
        return Err(Error::Argument { operation, rule: "stride and dilation must be at least 1" });
    }
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let window = |axis: usize| Window {
        axis: (first + axis) as u8,
        size: number(size[axis]),
        step: number(stride[axis]),
        dilation: number(dilation[axis]),
    };
    Ok(Windows { first: (first + D) as u8, windows: (0..D).map(window).collect() })
}

/// A tensor with margins of one value around its last `D` axes.
pub(super) fn pad<T: Real, const D: usize>(
    tape: &mut Storage<T>,
    x: u32,
    margins: [(usize, usize); D],
    value: T,
) -> Result<Tensor<T>, Error> {
    if margins == [(0, 0); D] {
        return Ok(Tensor::new(x, tape.recording()));
    }
    let others = tape.shape(x).rank() - D;
    let amounts: SmallVec<[_; INLINE_AXES]> = std::iter::repeat_n((0, 0), others).chain(margins).collect();
    pad_with(tape, x, &amounts, value)
}

/// A shape made of pieces.
pub(super) fn joined(pieces: &[&[usize]]) -> Shape {
    pieces.iter().copied().flatten().copied().collect()
}
