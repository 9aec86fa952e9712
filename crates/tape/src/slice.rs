//! What ndarray's `s!` means for a tensor.

use ndarray::SliceInfoElem;

use crate::error::Error;
use crate::shape::Shape;
use crate::transpose::Cut;

/// A slice with everything relative worked out.
pub(crate) struct Resolved {
    pub(crate) cut: Cut,
    /// The shape of the cut: every axis is still there.
    pub(crate) length: Shape,
    /// The shape of the result: without the axes that were indexed, with those that are new.
    pub(crate) shape: Shape,
}

/// Works out a slice; axes that it does not mention are taken whole.
pub(crate) fn resolve(slices: &[SliceInfoElem], own: &Shape) -> Result<Resolved, Error> {
    let mut resolved = Resolved { cut: Cut::default(), length: Shape::default(), shape: Shape::default() };
    let mut axes = 0..own.rank();
    let whole = SliceInfoElem::Slice { start: 0, end: None, step: 1 };
    let named = slices.iter().filter(|slice| !matches!(slice, SliceInfoElem::NewAxis)).count();
    if named > own.rank() {
        let axes = (0..named as isize).collect();
        let rule = "there are more slices than axes";
        return Err(Error::Axes { operation: "slice", axes, shape: own.clone(), rule });
    }
    for slice in slices.iter().chain(std::iter::repeat_n(&whole, own.rank() - named)) {
        let Resolved { cut, length, shape } = &mut resolved;
        match *slice {
            SliceInfoElem::NewAxis => shape.as_mut().push(1),
            SliceInfoElem::Index(index) => {
                let axis = axes.next().expect("counted above");
                cut.starts.push(bound(index, own, axis, false)? as u32);
                cut.steps.push(1);
                length.as_mut().push(1);
            }
            SliceInfoElem::Slice { start, end, step } => {
                let axis = axes.next().expect("counted above");
                let start = bound(start, own, axis, true)?;
                let end = end.map_or(Ok(own[axis]), |end| bound(end, own, axis, true))?.max(start);
                let count = (end - start).div_ceil(step.unsigned_abs());
                // A negative step begins at the last element of the range.
                let first = if step < 0 && end > start { end - 1 } else { start };
                cut.starts.push(first as u32);
                cut.steps.push(step as i32);
                length.as_mut().push(count);
                shape.as_mut().push(count);
            }
        }
    }
    Ok(resolved)
}

/// A possibly negative index or bound, counted from the beginning.
fn bound(index: isize, own: &Shape, axis: usize, end: bool) -> Result<usize, Error> {
    let length = own[axis];
    let counted = if index < 0 { length.checked_add_signed(index) } else { Some(index as usize) };
    counted.filter(|&counted| counted < length || (end && counted == length)).ok_or_else(|| Error::Index {
        operation: "slice",
        index,
        axis,
        shape: own.clone(),
    })
}
