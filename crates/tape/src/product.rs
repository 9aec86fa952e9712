//! Batches of matrix products, as single products of the kernel.

use smallvec::SmallVec;

use crate::arena::Arena;
use crate::kernel::{self, MatrixRef, View};
use crate::real::Real;
use crate::shape::{INLINE_AXES, Shape, Strides};

/// A factor: its last two axes are the matrix, swapped if `transposed`; those before are the batch.
#[derive(Clone, Copy)]
pub(crate) struct Operand<'a, T> {
    pub(crate) view: View<'a, T>,
    pub(crate) transposed: bool,
}

impl<'a, T: Real> Operand<'a, T> {
    fn batch(&self) -> &'a [usize] {
        &self.view.shape[..self.view.shape.len() - 2]
    }

    /// The matrix that begins at an element: rows, columns and their strides.
    fn matrix(&self, offset: usize) -> MatrixRef<'a, T> {
        let View { data, shape, strides, .. } = self.view;
        let (row, col) =
            if self.transposed { (shape.len() - 1, shape.len() - 2) } else { (shape.len() - 2, shape.len() - 1) };
        let empty = shape[row] == 0 || shape[col] == 0;
        MatrixRef {
            data: if empty { &[] } else { &data[offset..] },
            rows: shape[row],
            cols: shape[col],
            row_stride: strides[row],
            col_stride: strides[col],
        }
    }

    /// The whole batch as one tall matrix, its rows below one another, if it lies that way.
    fn stacked(&self) -> Option<MatrixRef<'a, T>> {
        let elements = self.view.dense()?;
        let cols = *self.view.shape.last()?;
        let rows = elements.len().checked_div(cols)?;
        let (row_stride, col_stride) = (cols as isize, 1);
        Some(match self.transposed {
            false => MatrixRef { data: elements, rows, cols, row_stride, col_stride },
            true => {
                MatrixRef { data: elements, rows: cols, cols: rows, row_stride: col_stride, col_stride: row_stride }
            }
        })
    }
}

/// The stride of an operand along each axis of the full batch: 0 where the operand is repeated.
fn batch_strides(own: &[usize], strides: &[isize], full: &[usize]) -> Strides {
    let new = full.len() - own.len();
    let stride = |axis: usize| if axis < new || own[axis - new] == 1 { 0 } else { strides[axis - new] };
    (0..full.len()).map(stride).collect()
}

/// `out = left right`, or `out += left right`, for every matrix of the batch. The batches broadcast; where `out` has a
/// batch axis of length 1, or none, and the factors do not, the products are summed.
pub(crate) fn batched<T: Real>(
    left: Operand<'_, T>,
    right: Operand<'_, T>,
    output: &Shape,
    scratch: &Arena<T>,
    out: &mut [T],
    accumulate: bool,
) {
    if left.view.strides.iter().chain(right.view.strides).any(|&stride| stride < 0) {
        return with_forward_strides(left, right, output, scratch, out, accumulate);
    }
    let batch = &output[..output.rank() - 2];
    // A batch of rows times one matrix is one product.
    if right.batch().iter().all(|&length| length == 1)
        && left.batch() == batch
        && !left.transposed
        && let Some(rows) = left.stacked()
    {
        return kernel::matmul(rows, right.matrix(right.view.offset), out, accumulate);
    }
    // So is a sum over a batch of products `A^T G`.
    if batch.iter().all(|&length| length == 1)
        && left.batch() == right.batch()
        && left.transposed
        && !right.transposed
        && let (Some(left), Some(right)) = (left.stacked(), right.stacked())
    {
        return kernel::matmul(left, right, out, accumulate);
    }
    one_by_one(left, right, output, out, accumulate);
}

fn with_forward_strides<T: Real>(
    left: Operand<'_, T>,
    right: Operand<'_, T>,
    output: &Shape,
    scratch: &Arena<T>,
    out: &mut [T],
    accumulate: bool,
) {
    let copied = |operand: Operand<'_, T>| {
        let elements = scratch.take(operand.view.size());
        kernel::copy(operand.view, elements);
        (&*elements, Shape::from(operand.view.shape).dense_strides())
    };
    let ((left_data, left_strides), (right_data, right_strides)) = (copied(left), copied(right));
    let left = Operand { view: View { data: left_data, offset: 0, strides: &left_strides, ..left.view }, ..left };
    let right = Operand { view: View { data: right_data, offset: 0, strides: &right_strides, ..right.view }, ..right };
    batched(left, right, output, scratch, out, accumulate);
}

fn one_by_one<T: Real>(left: Operand<'_, T>, right: Operand<'_, T>, output: &Shape, out: &mut [T], accumulate: bool) {
    let (own, matrix) = output.split_at(output.rank() - 2);
    let size: usize = matrix.iter().product();
    let full = Shape::from(left.batch())
        .broadcast(&Shape::from(right.batch()), "matmul")
        .and_then(|full| full.broadcast(&Shape::from(own), "matmul"))
        .expect("the batches were checked when the product was recorded");
    let strides = [
        batch_strides(left.batch(), left.view.strides, &full),
        batch_strides(right.batch(), right.view.strides, &full),
        batch_strides(own, &Shape::from(own).dense_strides(), &full),
    ];
    if full.size() == 0 && !accumulate {
        out.fill(T::zero());
    }
    let mut position: SmallVec<[usize; INLINE_AXES]> = SmallVec::from_elem(0, full.rank());
    for _ in 0..full.size() {
        let [l, r, o] = [0, 1, 2].map(|operand| {
            position.iter().zip(&strides[operand]).map(|(&at, &stride)| at as isize * stride).sum::<isize>() as usize
        });
        // The first of the products that are summed into one output matrix starts it.
        let first = position.iter().zip(&strides[2]).all(|(&at, &stride)| at == 0 || stride != 0);
        let (l, r) = (left.matrix(left.view.offset + l), right.matrix(right.view.offset + r));
        kernel::matmul(l, r, &mut out[o * size..][..size], accumulate || !first);
        for (at, &length) in position.iter_mut().zip(full.iter()).rev() {
            *at += 1;
            if *at < length {
                break;
            }
            *at = 0;
        }
    }
}
