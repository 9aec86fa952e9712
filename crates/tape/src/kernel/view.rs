//! Strided views, and how dense code reads them.

/// Elements in memory, seen through a shape and strides: element `[i, j]` is `data[offset + i * strides[0] + j * strides[1]]`.
///
/// A stride of 0 repeats an element (broadcasting), a negative one walks backwards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) offset: usize,
    pub(crate) shape: &'a [usize],
    pub(crate) strides: &'a [isize],
}
