//! Strided views, and how dense code reads them.

use std::mem::MaybeUninit;

use ndarray::ArrayD;
use smallvec::SmallVec;

use crate::arena::Arena;
use crate::real::Real;

/// How many elements the elementwise kernels work on at a time: a few such tiles stay in the first-level cache.
pub(crate) const TILE: usize = 1024;

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

impl<'a, T> View<'a, T> {
    /// The number of elements.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the elements lie one after the other in row-major order. No elements do.
    pub(crate) fn is_dense(&self) -> bool {
        is_dense(self.shape, self.strides)
    }

    /// The elements as a slice, if the view is dense.
    pub(crate) fn dense(&self) -> Option<&'a [T]> {
        if !self.is_dense() {
            return None;
        }
        match self.size() {
            0 => Some(&[]),
            size => Some(&self.data[self.offset..self.offset + size]),
        }
    }

    /// The fewest axes that visit the same elements in the same order; none of length 1. Not for empty views.
    fn collapsed(&self) -> Axes {
        collapse(self.shape, self.strides)
    }
}

/// Whether elements with this shape and these strides lie one after the other in row-major order. No elements do.
pub(crate) fn is_dense(shape: &[usize], strides: &[isize]) -> bool {
    let mut expected = 1;
    let mut dense = true;
    for (&length, &stride) in shape.iter().zip(strides).rev() {
        if length == 0 {
            return true;
        }
        dense &= length == 1 || stride == expected;
        expected *= length as isize;
    }
    dense
}

/// One axis of a view.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Axis {
    length: usize,
    stride: isize,
}

type Axes = SmallVec<[Axis; 6]>;

fn collapse(shape: &[usize], strides: &[isize]) -> Axes {
    let mut axes = Axes::new();
    for (&length, &stride) in shape.iter().zip(strides) {
        if length == 1 {
            continue;
        }
        match axes.last_mut() {
            Some(outer) if outer.stride == stride * length as isize => {
                outer.length *= length;
                outer.stride = stride;
            }
            _ => axes.push(Axis { length, stride }),
        }
    }
    axes
}

/// `out = view`, row by row.
pub(crate) fn copy<T: Real>(view: View<'_, T>, out: &mut [T]) {
    write::<T, false>(view, out);
}

/// `out += view`, row by row.
pub(crate) fn add<T: Real>(view: View<'_, T>, out: &mut [T]) {
    write::<T, true>(view, out);
}

/// The elements of a view row by row, copied only where they do not lie so.
pub(crate) fn dense<'a, T: Real>(view: View<'a, T>, scratch: &'a Arena<T>) -> &'a [T] {
    view.dense().unwrap_or_else(|| {
        let copied = scratch.take(view.size());
        copy(view, copied);
        copied
    })
}

/// A copy of the elements as an array.
pub(crate) fn to_array<T: Real>(view: View<'_, T>) -> ArrayD<T> {
    let mut elements = vec![T::zero(); view.size()];
    copy(view, &mut elements);
    ArrayD::from_shape_vec(view.shape, elements).expect("a view has as many elements as its shape says")
}

/// Whether an element is not zero.
pub(crate) fn any_nonzero<T: Real>(view: View<'_, T>, scratch: &Arena<T>) -> bool {
    dense(view, scratch).iter().any(|&element| element != T::zero())
}

/// `out = view`, or `out += view`.
fn write<T: Real, const ADD: bool>(view: View<'_, T>, out: &mut [T]) {
    assert_eq!(view.size(), out.len(), "the output has as many elements as the view");
    if out.is_empty() {
        return;
    }
    let mut axes = view.collapsed();
    let Some(inner) = axes.pop() else {
        write_run::<T, ADD>(view.data, view.offset, 0, out);
        return;
    };
    // A transpose: the rows of the output are far apart in memory, but some other axis has its elements side by side.
    let near = axes.iter().position(|axis| axis.stride == 1).filter(|_| inner.stride.unsigned_abs() > 1);
    match near {
        Some(position) => {
            let row_stride = inner.length * axes[position + 1..].iter().map(|axis| axis.length).product::<usize>();
            let rows = axes[position].length;
            // Visit the other axes one by one, and both of these at once.
            axes[position].length = 1;
            let outputs = output_strides(&axes, inner.length, position, rows);
            for_each(&axes, &outputs, (view.offset, 0), |offset, start| {
                transpose::<T, ADD>(view.data, offset, inner, rows, &mut out[start..], row_stride);
            });
        }
        None => {
            let mut rows = out.chunks_exact_mut(inner.length);
            for_each(&axes, &[], (view.offset, 0), |offset, _| {
                if let Some(row) = rows.next() {
                    write_run::<T, ADD>(view.data, offset, inner.stride, row);
                }
            });
        }
    }
}

/// Adds the elements of a view, in the order in which they lie, to the places of `out` that an offset and strides say;
/// places may repeat.
pub(crate) fn add_strided<T: Real>(x: View<'_, T>, out: &mut [T], offset: usize, strides: &[isize]) {
    put_strided::<T, true>(x, out, offset, strides);
}

/// Writes the elements of a view to the places of `out` that an offset and strides say.
pub(crate) fn copy_strided<T: Real>(x: View<'_, T>, out: &mut [T], offset: usize, strides: &[isize]) {
    put_strided::<T, false>(x, out, offset, strides);
}

fn put_strided<T: Real, const ADD: bool>(x: View<'_, T>, out: &mut [T], offset: usize, strides: &[isize]) {
    if x.size() == 0 {
        return;
    }
    let put = |out: &mut T, element: T| *out = if ADD { *out + element } else { element };
    // In the order in which the elements lie, whatever the order of the axes: what is read again soon is near.
    let axes = x.shape.iter().zip(x.strides).zip(strides).map(|((&length, &from), &to)| (length, from, to));
    let mut axes: SmallVec<[(usize, isize, isize); 8]> = axes.filter(|(length, ..)| *length != 1).collect();
    axes.sort_by_key(|(_, from, _)| std::cmp::Reverse(from.unsigned_abs()));
    // The fewest axes along which both go on with one stride each.
    let mut read = Axes::new();
    let mut written: SmallVec<[isize; 6]> = SmallVec::new();
    for (length, from, to) in axes {
        match (read.last_mut(), written.last_mut()) {
            (Some(outer), Some(outer_to))
                if outer.stride == from * length as isize && *outer_to == to * length as isize =>
            {
                (outer.length, outer.stride, *outer_to) = (outer.length * length, from, to);
            }
            _ => {
                read.push(Axis { length, stride: from });
                written.push(to);
            }
        }
    }
    let inner = read.pop().unwrap_or(Axis { length: 1, stride: 1 });
    let step = written.pop().unwrap_or(1);
    for_each(&read, &written, (x.offset, offset), |from, to| {
        if step == 1 && inner.stride == 1 {
            let (from, to) = (&x.data[from..from + inner.length], &mut out[to..to + inner.length]);
            if ADD { add_run(from, to) } else { copy_run(from, to) }
        } else {
            let (mut from, mut to) = (from as isize, to as isize);
            for _ in 0..inner.length {
                put(&mut out[to as usize], x.data[from as usize]);
                from += inner.stride;
                to += step;
            }
        }
    });
}

/// How many elements short runs are copied and added by: what any machine has a few vectors for.
const CHUNK: usize = 8;

/// Copies a run, a short one without a call.
#[inline(always)]
fn copy_run<T: Copy>(from: &[T], to: &mut [T]) {
    let len = to.len();
    assert_eq!(from.len(), len);
    if !(CHUNK..=16 * CHUNK).contains(&len) {
        return if len < CHUNK {
            to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
        } else {
            to.copy_from_slice(from);
        };
    }
    let ((whole, _), (to_whole, _)) = (from.as_chunks::<CHUNK>(), to.as_chunks_mut::<CHUNK>());
    to_whole.iter_mut().zip(whole).for_each(|(to, from)| *to = *from);
    // The last chunk overlaps the one before it: writing an element twice does no harm.
    to[len - CHUNK..].copy_from_slice(&from[len - CHUNK..]);
}

/// Adds a run.
#[inline(always)]
fn add_run<T: Real>(from: &[T], to: &mut [T]) {
    let ((whole, rest), (to_whole, to_rest)) = (from.as_chunks::<CHUNK>(), to.as_chunks_mut::<CHUNK>());
    for (to, from) in to_whole.iter_mut().zip(whole) {
        for (to, &from) in to.iter_mut().zip(from) {
            *to += from;
        }
    }
    to_rest.iter_mut().zip(rest).for_each(|(to, &from)| *to += from);
}

/// The strides of the dense output along `axes`, of which the one at `position` has `rows` elements in truth.
fn output_strides(axes: &Axes, inner: usize, position: usize, rows: usize) -> SmallVec<[isize; 6]> {
    let mut strides: SmallVec<[isize; 6]> = SmallVec::from_elem(0, axes.len());
    let mut stride = inner;
    for (i, axis) in axes.iter().enumerate().rev() {
        strides[i] = stride as isize;
        stride *= if i == position { rows } else { axis.length };
    }
    strides
}

/// Calls `visit` for each combination of indices, in row-major order, with where the axes' strides lead from the first
/// offset, and where the output's, all zero when there are none, lead from the second.
#[inline(always)]
fn for_each(axes: &[Axis], outputs: &[isize], (offset, start): (usize, usize), mut visit: impl FnMut(usize, usize)) {
    let Some((inner, outer)) = axes.split_last() else { return visit(offset, start) };
    let inner_output = outputs.last().copied().unwrap_or(0);
    let mut index: SmallVec<[usize; 6]> = SmallVec::from_elem(0, outer.len());
    let (mut offset, mut start) = (offset as isize, start as isize);
    loop {
        for i in 0..inner.length as isize {
            visit((offset + i * inner.stride) as usize, (start + i * inner_output) as usize);
        }
        let mut i = outer.len();
        loop {
            if i == 0 {
                return;
            }
            i -= 1;
            let output = outputs.get(i).copied().unwrap_or(0);
            index[i] += 1;
            if index[i] < outer[i].length {
                offset += outer[i].stride;
                start += output;
                break;
            }
            offset -= outer[i].stride * (outer[i].length as isize - 1);
            start -= output * (outer[i].length as isize - 1);
            index[i] = 0;
        }
    }
}

/// Writes `data[offset + i * stride]` to `out[i]`, or adds it.
#[inline(always)]
fn write_run<T: Real, const ADD: bool>(data: &[T], offset: usize, stride: isize, out: &mut [T]) {
    match stride {
        1 if ADD => add_run(&data[offset..offset + out.len()], out),
        1 => copy_run(&data[offset..offset + out.len()], out),
        0 if ADD => {
            let x = data[offset];
            out.iter_mut().for_each(|y| *y += x);
        }
        0 => out.fill(data[offset]),
        _ => {
            let elements = data[offset..].iter().step_by(stride.max(1) as usize);
            let backwards = data[..=offset].iter().rev().step_by(stride.min(-1).unsigned_abs());
            let put = |(y, &x): (&mut T, &T)| if ADD { *y += x } else { *y = x };
            let columns = out.len();
            if stride > 0 {
                assert!((columns - 1) * stride as usize + offset < data.len(), "the view lies within its data");
                out.iter_mut().zip(elements).for_each(put);
            } else {
                assert!((columns - 1) * stride.unsigned_abs() <= offset, "the view lies within its data");
                out.iter_mut().zip(backwards).for_each(put);
            }
        }
    }
}

/// Writes `rows` rows of `column.length` elements each, `row_stride` apart; the elements of a column lie side by side
/// in `data`. In blocks, so that neither side runs through more cache lines than there are.
fn transpose<T: Real, const ADD: bool>(
    data: &[T],
    offset: usize,
    column: Axis,
    rows: usize,
    out: &mut [T],
    row_stride: usize,
) {
    const BLOCK: usize = 16;
    for column_start in (0..column.length).step_by(BLOCK) {
        let columns = BLOCK.min(column.length - column_start);
        let start = (offset as isize + column_start as isize * column.stride) as usize;
        for row_start in (0..rows).step_by(BLOCK) {
            for row in row_start..rows.min(row_start + BLOCK) {
                let to = row * row_stride + column_start;
                write_run::<T, ADD>(data, start + row, column.stride, &mut out[to..to + columns]);
            }
        }
    }
}

/// Room for the tiles of one view that is not dense. A place of its own, because a reader that held it would be copied with
/// all of it wherever it is handed on.
pub(crate) struct Room<T>([MaybeUninit<T>; 2 * TILE]);

impl<T: Real> Room<T> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Room([const { MaybeUninit::uninit() }; 2 * TILE])
    }
}

/// Reads a view in tiles of at most [`TILE`] elements, in row-major order, as dense slices.
///
/// Elementwise kernels are thereby written for dense slices only; several views of one shape are read side by side.
pub(crate) enum Tiles<'a, T> {
    /// The elements lie one after the other.
    Dense(&'a [T]),
    /// The elements repeat with this period, and there are as many of them as a read at any phase needs.
    Periodic(&'a [T], usize),
    /// Anything else is gathered from these axes.
    Gathered(Gather<'a, T>, &'a mut [MaybeUninit<T>; 2 * TILE]),
}

impl<'a, T: Real> Tiles<'a, T> {
    /// Prepares to read `view`.
    #[inline(always)]
    pub(crate) fn new(view: View<'a, T>, room: &'a mut Room<T>) -> Self {
        match view.dense() {
            Some(dense) => Tiles::Dense(dense),
            None => Self::of_strided(view, room),
        }
    }

    #[inline(never)]
    fn of_strided(view: View<'a, T>, Room(room): &'a mut Room<T>) -> Self {
        let mut axes = view.collapsed();
        // Collapsing leaves one repeating axis at most in front.
        if axes[0].stride == 0 {
            let period = axes[1..].iter().map(|axis| axis.length).product();
            if period <= TILE {
                axes.remove(0);
                let needed = view.size().min(TILE) + period - 1;
                Gather { data: view.data, offset: view.offset, axes }.write(0, &mut room[..period]);
                let mut filled = period;
                while filled < needed {
                    let more = filled.min(needed - filled);
                    room.copy_within(..more, filled);
                    filled += more;
                }
                // SAFETY: the first period was gathered, and what is behind it copied from what is before it.
                return Tiles::Periodic(unsafe { room[..needed].assume_init_ref() }, period);
            }
        }
        Tiles::Gathered(Gather { data: view.data, offset: view.offset, axes }, room)
    }

    /// The elements `start..start + len` in row-major order; `len` is at most [`TILE`].
    #[inline(always)]
    pub(crate) fn read(&mut self, start: usize, len: usize) -> &[T] {
        assert!(len <= TILE, "a tile has at most {TILE} elements");
        match self {
            Tiles::Dense(data) => &data[start..start + len],
            &mut Tiles::Periodic(data, period) => &data[start % period..][..len],
            Tiles::Gathered(gather, room) => {
                let tile = &mut room[..len];
                gather.write(start, tile);
                // SAFETY: the elements have just been written.
                unsafe { tile.assume_init_ref() }
            }
        }
    }
}

/// A view as its fewest axes.
pub(crate) struct Gather<'a, T> {
    data: &'a [T],
    offset: usize,
    axes: Axes,
}

impl<T: Real> Gather<'_, T> {
    /// Writes the elements from `start` on in row-major order to `out`, all of it.
    #[inline(never)]
    fn write(&self, start: usize, out: &mut [MaybeUninit<T>]) {
        let Some((inner, outer)) = self.axes.split_last() else {
            out.fill(MaybeUninit::new(self.data[self.offset]));
            return;
        };
        let mut first = start % inner.length;
        let mut row = start / inner.length;
        let mut written = 0;
        while written < out.len() {
            let run = (inner.length - first).min(out.len() - written);
            let mut at = self.offset as isize + first as isize * inner.stride;
            let mut rest = row;
            for axis in outer.iter().rev() {
                at += (rest % axis.length) as isize * axis.stride;
                rest /= axis.length;
            }
            let out = &mut out[written..written + run];
            if inner.stride == 1 {
                out.write_copy_of_slice(&self.data[at as usize..at as usize + run]);
            } else if inner.stride == 0 {
                out.fill(MaybeUninit::new(self.data[at as usize]));
            } else {
                for out in out {
                    out.write(self.data[at as usize]);
                    at += inner.stride;
                }
            }
            (first, row, written) = (0, row + 1, written + run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_the_elements_in_order_whatever_the_strides() {
        let data: Vec<f64> = (0..20_000).map(f64::from).collect();
        let views: [(usize, &[usize], &[isize]); 9] = [
            (3, &[2, 1500], &[1500, 1]),
            (0, &[40, 50], &[1, 40]),
            (0, &[70, 30], &[0, 1]),
            (5, &[70, 30], &[0, 2]),
            (1999, &[2000], &[-1]),
            (7, &[3000], &[0]),
            (7, &[3, 1500], &[0, 1]),
            (1, &[7, 9, 30], &[1, 0, 60]),
            (2, &[4, 3, 5, 40], &[0, 800, 0, -1]),
        ];
        for (offset, shape, strides) in views {
            let offset = if strides.last() == Some(&-1) { offset + 2000 } else { offset };
            let view = View { data: &data, offset, shape, strides };
            let mut wanted = vec![0.0; view.size()];
            copy(view, &mut wanted);
            for first in [0, 1, 29, 30, 999] {
                let mut room = Room::new();
                let mut tiles = Tiles::new(view, &mut room);
                for start in (first..view.size()).step_by(TILE) {
                    let len = TILE.min(view.size() - start);
                    assert_eq!(tiles.read(start, len), &wanted[start..start + len], "{shape:?} {strides:?} at {start}");
                }
            }
        }
    }
}
