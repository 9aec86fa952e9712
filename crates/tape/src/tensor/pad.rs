//! Padding: more elements before and behind each axis, or fewer.

use super::Tensor;
use super::index::leading;
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::Storage;
use crate::transpose::Linear;

/// What padding is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Padding<T> {
    /// This number: `c c | 1 2 3 | c c`.
    Constant(T),
    /// The elements in a mirror that stands on the first and on the last: `3 2 | 1 2 3 | 2 1`.
    Reflect,
    /// The first and the last element: `1 1 | 1 2 3 | 3 3`.
    Replicate,
    /// The elements from the other end: `2 3 | 1 2 3 | 1 2`.
    Circular,
}

impl<T> Padding<T> {
    /// Whether an axis of some length can be padded by so many elements; if not, the rule that is broken.
    fn fits(&self, more: usize, length: usize) -> Result<(), &'static str> {
        match self {
            Self::Constant(_) => Ok(()),
            Self::Reflect | Self::Replicate | Self::Circular if more > 0 && length == 0 => {
                Err("there is no element to make the padding of")
            }
            Self::Reflect if more > 0 && more >= length => Err("a reflection must be shorter than its axis"),
            Self::Reflect | Self::Replicate | Self::Circular => Ok(()),
        }
    }
}

impl<T: Real> Tensor<T> {
    /// The tensor with `amounts[i]` more elements before and behind axis i; a negative amount takes so many away. The
    /// amounts are aligned at the last axis, and axes that they do not reach stay as they are.
    ///
    /// ```
    /// use tape::Padding;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0, 3.0]);
    /// let padded = x.pad([(2, 1)], Padding::Reflect);
    /// assert_eq!(padded.to_array().as_slice(), Some(&[3.0, 2.0, 1.0, 2.0, 3.0, 2.0][..]));
    /// assert_eq!(padded.sum().backward()[x].as_slice(), Some(&[1.0, 3.0, 2.0][..]));
    /// assert_eq!(x.pad([(-1, 1)], Padding::Constant(9.0)).to_array().as_slice(), Some(&[2.0, 3.0, 9.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn pad(self, amounts: impl AsRef<[(isize, isize)]>, padding: Padding<T>) -> Self {
        unwrap(self.try_pad(amounts, padding))
    }

    /// As [`pad`](Self::pad).
    ///
    /// # Errors
    /// [`Error::Axes`] if there are more amounts than axes; [`Error::Shape`] if more is taken away than there is, if
    /// padding is to be made of no elements, or if a reflection reaches beyond the other end.
    #[track_caller]
    pub fn try_pad(self, amounts: impl AsRef<[(isize, isize)]>, padding: Padding<T>) -> Result<Self, Error> {
        let amounts = amounts.as_ref();
        self.on_tape("pad", |tape| {
            let shape = tape.shape(self.node).clone();
            let Some(new) = shape.rank().checked_sub(amounts.len()) else {
                let (axes, rule) = ((0..amounts.len() as isize).collect(), "there are more amounts than axes");
                return Err(Error::Axes { operation: "pad", axes, shape, rule });
            };
            let broken = |rule| Error::Shape { operation: "pad", shape: shape.clone(), rule };
            // What is left of each axis when the negative amounts have been taken away, and where it begins.
            let (mut cut, mut cropped) = (leading(&shape), shape.clone());
            for (axis, &(before, behind)) in (new..).zip(amounts) {
                let taken = before.min(0).unsigned_abs().saturating_add(behind.min(0).unsigned_abs());
                cropped.as_mut()[axis] =
                    shape[axis].checked_sub(taken).ok_or_else(|| broken("more is taken away than there is"))?;
                cut.starts[axis] = before.min(0).unsigned_abs() as u32;
                let more = before.max(behind).max(0) as usize;
                padding.fits(more, cropped[axis]).map_err(broken)?;
            }
            let x = if cropped == shape { self } else { tape.linear(Linear::Slice(cut), self.node, cropped) };
            let more = amounts.iter().map(|&(before, behind)| (before.max(0) as usize, behind.max(0) as usize));
            let more: Vec<_> = std::iter::repeat_n((0, 0), new).chain(more).collect();
            if more.iter().all(|&amounts| amounts == (0, 0)) {
                return Ok(x);
            }
            match padding {
                Padding::Constant(value) => pad_with(tape, x.node, &more, value),
                Padding::Reflect => Ok(pad_from(tape, x, &more, |place, length| {
                    let mirrored = place.unsigned_abs();
                    if mirrored < length { mirrored } else { 2 * (length - 1) - mirrored }
                })),
                Padding::Replicate => {
                    Ok(pad_from(tape, x, &more, |place, length| place.clamp(0, length as isize - 1) as usize))
                }
                Padding::Circular => {
                    Ok(pad_from(tape, x, &more, |place, length| place.rem_euclid(length as isize) as usize))
                }
            }
        })
    }
}

/// So many more elements of one value before and behind each axis.
pub(super) fn pad_with<T: Real>(
    tape: &mut Storage<T>,
    x: u32,
    amounts: &[(usize, usize)],
    value: T,
) -> Result<Tensor<T>, Error> {
    let own = tape.shape(x).clone();
    let shape: Shape = own.iter().zip(amounts).map(|(length, (before, behind))| length + before + behind).collect();
    let mut cut = leading(&own);
    cut.starts = amounts.iter().map(|&(before, _)| before as u32).collect();
    let padded = tape.linear(Linear::Pad(cut.clone()), x, shape.clone());
    if value == T::zero() {
        return Ok(padded);
    }
    let ones = tape.push_leaf(own, false, |out| out.fill(T::one()));
    let inside = tape.linear(Linear::Pad(cut), ones.node, shape);
    let value = tape.push_leaf(Shape::default(), false, |out| out[0] = value);
    tape.select(inside.node, padded.node, value.node)
}

/// Axis by axis, the rows that `place` names for each place: those before the first have negative ones.
fn pad_from<T: Real>(
    tape: &mut Storage<T>,
    x: Tensor<T>,
    amounts: &[(usize, usize)],
    place: impl Fn(isize, usize) -> usize,
) -> Tensor<T> {
    let mut padded = x;
    for (axis, &(before, behind)) in amounts.iter().enumerate().filter(|(_, amounts)| **amounts != (0, 0)) {
        let mut shape = tape.shape(padded.node).clone();
        let length = shape[axis];
        let places = (0..before + length + behind).map(|at| place(at as isize - before as isize, length) as u32);
        let indices = tape.save(places);
        shape.as_mut()[axis] = indices.len as usize;
        padded = tape.linear(Linear::SelectRows { axis, indices }, padded.node, shape);
    }
    padded
}
