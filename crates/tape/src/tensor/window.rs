//! Windows that slide along an axis, and their overlap-add.

use super::Tensor;
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::shape::Shape;
use crate::transpose::{Linear, Window, Windows};

impl<T: Real> Tensor<T> {
    /// Windows of `size` elements along an axis, `step` apart, the elements in one `dilation` apart: PyTorch's `unfold`.
    /// The axis then counts windows, and a new last axis holds their elements; what no window reaches is left out. Nothing
    /// is copied.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0, 3.0, 4.0, 5.0]);
    /// let pairs = x.windows(0, 2, 1, 2);
    /// assert_eq!(pairs.to_array().as_slice(), Some(&[1.0, 3.0, 2.0, 4.0, 3.0, 5.0][..]));
    /// assert_eq!(pairs.sum().backward()[x].as_slice(), Some(&[1.0, 1.0, 2.0, 1.0, 1.0][..]));
    /// ```
    #[doc(alias = "unfold")]
    #[must_use]
    #[track_caller]
    pub fn windows(self, axis: isize, size: usize, step: usize, dilation: usize) -> Self {
        unwrap(self.try_windows(axis, size, step, dilation))
    }

    /// As [`windows`](Self::windows).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis, [`Error::Argument`] if size, step or dilation is 0, [`Error::Shape`] if
    /// the axis is shorter than a window.
    #[track_caller]
    pub fn try_windows(self, axis: isize, size: usize, step: usize, dilation: usize) -> Result<Self, Error> {
        self.on_tape("windows", |tape| {
            let shape = tape.shape(self.node).clone();
            let axis = shape.axis(axis, "windows")?;
            let windows = windows(shape.rank(), axis, [size, step, dilation], "windows")?;
            if windows.windows[0].extent() > shape[axis] {
                return Err(Error::Shape { operation: "windows", shape, rule: "the axis is shorter than a window" });
            }
            let output = windows.shape(&shape);
            Ok(tape.linear(Linear::Windows(windows), self.node, output))
        })
    }

    /// The transpose of [`windows`](Self::windows): windows, of which the last axis holds the elements and `axis` counts
    /// them, are added up where they would have been read from an axis of `length` elements. PyTorch calls it `fold`.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let windows = tape.variable([[1.0, 2.0], [10.0, 20.0]]);
    /// assert_eq!(windows.overlap_add(0, 4, 1, 1).to_array().as_slice(), Some(&[1.0, 12.0, 20.0, 0.0][..]));
    /// assert_eq!(windows.overlap_add(0, 4, 2, 1).to_array().as_slice(), Some(&[1.0, 2.0, 10.0, 20.0][..]));
    /// ```
    #[doc(alias = "fold")]
    #[must_use]
    #[track_caller]
    pub fn overlap_add(self, axis: isize, length: usize, step: usize, dilation: usize) -> Self {
        unwrap(self.try_overlap_add(axis, length, step, dilation))
    }

    /// As [`overlap_add`](Self::overlap_add).
    ///
    /// # Errors
    /// [`Error::Axis`] if there is no such axis before the last, [`Error::Argument`] if step or dilation is 0,
    /// [`Error::Shape`] if the last axis has no element, or the last window ends behind `length`.
    #[track_caller]
    pub fn try_overlap_add(self, axis: isize, length: usize, step: usize, dilation: usize) -> Result<Self, Error> {
        self.on_tape("overlap_add", |tape| {
            let shape = tape.shape(self.node).clone();
            let Some((&size, before)) = shape.split_last() else {
                return Err(Error::Axis { operation: "overlap_add", axis, shape });
            };
            let mut output = Shape::from(before);
            let axis = output.axis(axis, "overlap_add")?;
            let windows = windows(output.rank(), axis, [size, step, dilation], "overlap_add")?;
            let reach = shape[axis].checked_sub(1).map_or(0, |last| last * step + windows.windows[0].extent());
            if reach > length {
                return Err(Error::Shape {
                    operation: "overlap_add",
                    shape,
                    rule: "the last window ends behind the axis",
                });
            }
            output.as_mut()[axis] = length;
            Ok(tape.linear(Linear::OverlapAdd(windows), self.node, output))
        })
    }
}

fn windows(
    rank: usize,
    axis: usize,
    [size, step, dilation]: [usize; 3],
    operation: &'static str,
) -> Result<Windows, Error> {
    if size == 0 || step == 0 || dilation == 0 {
        return Err(Error::Argument { operation, rule: "size, step and dilation must be at least 1" });
    }
    let [size, step, dilation] = [size, step, dilation].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    let window = Window { axis: axis as u8, size, step, dilation };
    Ok(Windows { first: rank as u8, windows: [window].into_iter().collect() })
}
