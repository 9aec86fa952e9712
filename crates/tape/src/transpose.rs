//! Structural operations and their transposes: the other half of the derivative rules.
//!
//! These operations are linear and move elements about. The adjoint of a linear operation is its transpose, and the
//! transpose of each is again one of them, so that a derivative here is not a formula but a name:
//!
//! | operation | transpose |
//! | --- | --- |
//! | reshape | reshape |
//! | permute | inverse permute |
//! | sum | broadcast |
//! | slice | pad |
//! | select rows (gather) | add rows (scatter-add) |
//! | take along an axis | put along it |
//! | windows | overlap-add |
//! | running sum | running sum from the other end |
//! | matrix product | matrix product with a swapped operand |

use smallvec::SmallVec;

use crate::arena::Arena;
use crate::indices::Saved;
use crate::kernel::{self, View};
use crate::real::Real;
use crate::shape::{INLINE_AXES, Shape, Strides};

/// A set of axes, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct AxisSet(u32);

/// A tensor has at most as many axes as an [`AxisSet`] has bits.
pub(crate) const MOST_AXES: usize = 32;

impl AxisSet {
    pub(crate) fn contains(self, axis: usize) -> bool {
        self.0 >> axis & 1 == 1
    }

    pub(crate) fn with(self, axis: usize) -> Self {
        Self(self.0 | 1 << axis)
    }

    pub(crate) fn all(rank: usize) -> Self {
        (0..rank).fold(Self::default(), Self::with)
    }

    /// The axes of `target` that a tensor of shape `own` is repeated along when it broadcasts to `target`.
    pub(crate) fn broadcast(own: &[usize], target: &[usize]) -> Self {
        let new = target.len() - own.len();
        let repeated = |axis: &usize| *axis < new || own[*axis - new] != target[*axis];
        (0..target.len()).filter(repeated).fold(Self::default(), Self::with)
    }
}

/// Every `step`-th element from `start` on, along each axis.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Cut {
    pub(crate) starts: SmallVec<[u32; INLINE_AXES]>,
    pub(crate) steps: SmallVec<[i32; INLINE_AXES]>,
}

/// Windows along one axis: how many elements each has, how far apart two of them begin, and how far apart the elements
/// in one lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    pub(crate) axis: u8,
    pub(crate) size: u32,
    pub(crate) step: u32,
    pub(crate) dilation: u32,
}

impl Window {
    /// How many elements lie between a window's first and last, both included.
    pub(crate) fn extent(self) -> usize {
        (self.size as usize).saturating_sub(1) * self.dilation as usize + 1
    }

    /// How many windows fit into an axis, from its beginning on; elements that none reaches are left over.
    pub(crate) fn count(self, length: usize) -> usize {
        length.checked_sub(self.extent()).map_or(0, |rest| rest / self.step as usize + 1)
    }
}

/// Windows along several axes, which may overlap. Each of these axes then counts windows instead of elements; the axes
/// inside the windows, in the order of the list, are new ones, the first of them being axis `first` of the output.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Windows {
    pub(crate) first: u8,
    pub(crate) windows: SmallVec<[Window; 3]>,
}

impl Windows {
    /// The shape of all windows of a tensor of shape `own`.
    pub(crate) fn shape(&self, own: &Shape) -> Shape {
        let mut shape = own.clone();
        for window in &self.windows {
            shape.as_mut()[window.axis as usize] = window.count(own[window.axis as usize]);
        }
        let sizes = self.windows.iter().map(|window| window.size as usize);
        shape.as_mut().insert_many(self.first as usize, sizes);
        shape
    }

    /// The strides under which the windows are seen in a tensor with strides `own`.
    fn strides(&self, own: &[isize]) -> Strides {
        let mut strides = Strides::from_slice(own);
        for window in &self.windows {
            strides[window.axis as usize] *= window.step as isize;
        }
        let inside = self.windows.iter().map(|window| own[window.axis as usize] * window.dilation as isize);
        strides.insert_many(self.first as usize, inside);
        strides
    }
}

/// A linear operation of one operand. Together with the operand's and the output's shape it is complete.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Linear {
    /// The same elements, row by row, under another shape.
    Reshape,
    /// Output axis `i` is operand axis `axes[i]`.
    Permute(SmallVec<[u8; 2 * INLINE_AXES]>),
    /// Sums over these axes of the operand; the output has them with length 1, or has them no more.
    Sum(AxisSet),
    /// Repeats along these axes of the output; the operand has them with length 1, or does not have them.
    Broadcast(AxisSet),
    Slice(Cut),
    /// Puts the operand where a slice would have read it, and zeros elsewhere.
    Pad(Cut),
    /// Output row `i` along the axis is the operand's row `indices[i]`.
    SelectRows {
        axis: usize,
        indices: Saved,
    },
    /// Adds row `i` along the axis to the output's row `indices[i]`.
    AddRows {
        axis: usize,
        indices: Saved,
    },
    /// Each output element is the one of its own line along the axis that its index names.
    TakeAlong {
        axis: usize,
        indices: Saved,
    },
    /// Adds each element to the one of its own line along the axis that its index names.
    PutAlong {
        axis: usize,
        indices: Saved,
    },
    /// Sums of each element and all before it along the axis, or of all behind it.
    RunningSum {
        axis: usize,
        reversed: bool,
    },
    /// All windows, side by side.
    Windows(Windows),
    /// Adds every window to the place where it would have been read.
    OverlapAdd(Windows),
}

impl Linear {
    /// The name of the operation, as the method is called; of those that only adjoints use, as NumPy or PyTorch does.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Reshape => "reshape",
            Self::Permute(_) => "permute",
            Self::Sum(_) => "sum",
            Self::Broadcast(_) => "broadcast_to",
            Self::Slice(_) => "slice",
            Self::Pad(_) => "pad",
            Self::SelectRows { .. } => "index_select",
            Self::AddRows { .. } => "index_add",
            Self::TakeAlong { .. } => "gather",
            Self::PutAlong { .. } => "scatter_add",
            Self::RunningSum { .. } => "cumsum",
            Self::Windows(_) => "windows",
            Self::OverlapAdd(_) => "overlap_add",
        }
    }

    /// The additions of computing the output from an operand of so many elements.
    pub(crate) fn flops(&self, read: u64) -> u64 {
        match self {
            Self::Sum(_)
            | Self::AddRows { .. }
            | Self::PutAlong { .. }
            | Self::RunningSum { .. }
            | Self::OverlapAdd(_) => read,
            Self::Reshape
            | Self::Permute(_)
            | Self::Broadcast(_)
            | Self::Slice(_)
            | Self::Pad(_)
            | Self::SelectRows { .. }
            | Self::TakeAlong { .. }
            | Self::Windows(_) => 0,
        }
    }

    /// The transpose, from this operation's output back to its operand.
    pub(crate) fn transposed(&self) -> Self {
        match self {
            Self::Reshape => Self::Reshape,
            Self::Permute(axes) => {
                let mut inverse = axes.clone();
                for (to, &from) in axes.iter().enumerate() {
                    inverse[from as usize] = to as u8;
                }
                Self::Permute(inverse)
            }
            Self::Sum(axes) => Self::Broadcast(*axes),
            Self::Broadcast(axes) => Self::Sum(*axes),
            Self::Slice(cut) => Self::Pad(cut.clone()),
            Self::Pad(cut) => Self::Slice(cut.clone()),
            &Self::SelectRows { axis, indices } => Self::AddRows { axis, indices },
            &Self::AddRows { axis, indices } => Self::SelectRows { axis, indices },
            &Self::TakeAlong { axis, indices } => Self::PutAlong { axis, indices },
            &Self::PutAlong { axis, indices } => Self::TakeAlong { axis, indices },
            &Self::RunningSum { axis, reversed } => Self::RunningSum { axis, reversed: !reversed },
            Self::Windows(windows) => Self::OverlapAdd(windows.clone()),
            Self::OverlapAdd(windows) => Self::Windows(windows.clone()),
        }
    }

    /// The offset and strides under which the operand's own elements are the output, where that is possible: then
    /// nothing is computed and nothing copied.
    pub(crate) fn view<T: Copy>(&self, x: View<'_, T>, output: &Shape) -> Option<(usize, Strides)> {
        self.view_of(x.offset, x.shape, x.strides, output)
    }

    /// As [`view`](Self::view), of a tensor of which only the layout is known.
    pub(crate) fn view_of(
        &self,
        offset: usize,
        shape: &[usize],
        strides: &[isize],
        output: &Shape,
    ) -> Option<(usize, Strides)> {
        match self {
            Self::Reshape => kernel::is_dense(shape, strides).then(|| (offset, output.dense_strides())),
            Self::Permute(axes) => Some((offset, axes.iter().map(|&axis| strides[axis as usize]).collect())),
            Self::Broadcast(repeated) => {
                // An axis of length 1 may have any stride, so only the others need to find their partner.
                let mut own = shape.iter().zip(strides).filter(|(length, _)| **length != 1);
                let stride = |(axis, &length): (usize, &usize)| match length {
                    _ if repeated.contains(axis) => 0,
                    1 => 1,
                    _ => *own.next().expect("the operand has every axis that is not repeated").1,
                };
                Some((offset, output.iter().enumerate().map(stride).collect()))
            }
            Self::Slice(Cut { starts, steps }) => {
                let starts = starts.iter().zip(strides).map(|(&start, &stride)| start as isize * stride);
                let offset = if output.size() == 0 { 0 } else { offset.strict_add_signed(starts.sum()) };
                Some((offset, steps.iter().zip(strides).map(|(&step, &stride)| step as isize * stride).collect()))
            }
            Self::Windows(windows) => Some((offset, windows.strides(strides))),
            Self::Sum(_)
            | Self::Pad(_)
            | Self::SelectRows { .. }
            | Self::AddRows { .. }
            | Self::TakeAlong { .. }
            | Self::PutAlong { .. }
            | Self::RunningSum { .. }
            | Self::OverlapAdd(_) => None,
        }
    }

    /// Computes the output, dense and row by row, into `out`, or adds it to what is there.
    pub(crate) fn apply<T: Real>(
        &self,
        x: View<'_, T>,
        output: &Shape,
        indices: &[u32],
        scratch: &Arena<T>,
        out: &mut [T],
        accumulate: bool,
    ) {
        if let Some((offset, strides)) = self.view(x, output) {
            let view = View { offset, strides: &strides, shape: output, data: x.data };
            return if accumulate { kernel::add(view, out) } else { kernel::copy(view, out) };
        }
        let elements = || kernel::dense(x, scratch);
        match self {
            Self::Reshape => write(elements(), out, accumulate),
            Self::Permute(_) | Self::Broadcast(_) | Self::Slice(_) | Self::Windows(_) => {
                unreachable!("these are views")
            }
            Self::Sum(axes) => sum(elements(), x.shape, *axes, scratch, out, accumulate),
            Self::Pad(Cut { starts, steps }) => {
                if !accumulate {
                    out.fill(T::zero());
                }
                let own = output.dense_strides();
                let offset = starts.iter().zip(&own).map(|(&start, &stride)| start as usize * stride as usize).sum();
                let strides: Strides = steps.iter().zip(&own).map(|(&step, &stride)| step as isize * stride).collect();
                kernel::add_strided(x, out, offset, &strides);
            }
            Self::SelectRows { axis, indices: saved } => {
                let [outer, length, inner] = around(x.shape, *axis);
                if accumulate {
                    let selected = scratch.take(out.len());
                    kernel::select_rows(elements(), outer, length, inner, saved.of(indices), selected);
                    write(selected, out, true);
                } else {
                    kernel::select_rows(elements(), outer, length, inner, saved.of(indices), out);
                }
            }
            Self::AddRows { axis, indices: saved } => {
                if !accumulate {
                    out.fill(T::zero());
                }
                let [outer, length, inner] = around(output, *axis);
                kernel::add_rows(elements(), outer, length, inner, saved.of(indices), out);
            }
            Self::TakeAlong { axis, indices: saved } => {
                let [outer, length, inner] = around(x.shape, *axis);
                let count = count_along(saved.len, outer, inner);
                if accumulate {
                    let taken = scratch.take(out.len());
                    kernel::take_along(elements(), outer, length, inner, saved.of(indices), count, taken);
                    write(taken, out, true);
                } else {
                    kernel::take_along(elements(), outer, length, inner, saved.of(indices), count, out);
                }
            }
            Self::PutAlong { axis, indices: saved } => {
                if !accumulate {
                    out.fill(T::zero());
                }
                let [outer, length, inner] = around(output, *axis);
                let count = count_along(saved.len, outer, inner);
                kernel::put_along(elements(), outer, length, inner, saved.of(indices), count, out);
            }
            Self::RunningSum { axis, reversed } => {
                kernel::running_sum(elements(), around(x.shape, *axis), *reversed, out, accumulate);
            }
            Self::OverlapAdd(windows) => {
                if !accumulate {
                    out.fill(T::zero());
                }
                kernel::add_strided(x, out, 0, &windows.strides(&output.dense_strides()));
            }
        }
    }
}

/// The strides under which a tensor is seen in the larger shape that it broadcasts to.
pub(crate) fn broadcast_strides<T: Real>(x: View<'_, T>, output: &Shape) -> Strides {
    let broadcast = Linear::Broadcast(AxisSet::broadcast(x.shape, output));
    broadcast.view(x, output).expect("a broadcast is a view").1
}

/// A shape seen as what lies before an axis, the axis, and what lies behind it.
pub(crate) fn around(shape: &[usize], axis: usize) -> [usize; 3] {
    [shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product()]
}

fn count_along(indices: u32, outer: usize, inner: usize) -> usize {
    (indices as usize).checked_div(outer * inner).unwrap_or(0)
}

fn write<T: Real>(elements: &[T], out: &mut [T], accumulate: bool) {
    if accumulate {
        for (sum, &element) in out.iter_mut().zip(elements) {
            *sum += element;
        }
    } else {
        out.copy_from_slice(elements);
    }
}

/// Sums a dense tensor over some axes, run of neighbouring axes by run, the innermost first.
fn sum<T: Real>(x: &[T], shape: &[usize], axes: AxisSet, scratch: &Arena<T>, out: &mut [T], accumulate: bool) {
    // Neighbouring axes of one kind are one axis, and axes of length 1 are none.
    let mut runs: SmallVec<[(bool, usize); INLINE_AXES]> = SmallVec::new();
    for (axis, &length) in shape.iter().enumerate().filter(|(_, length)| **length != 1) {
        let summed = axes.contains(axis);
        match runs.last_mut() {
            Some((kind, run)) if *kind == summed => *run *= length,
            Some(_) | None => runs.push((summed, length)),
        }
    }
    let mut x = x;
    while let Some(at) = runs.iter().rposition(|(summed, _)| *summed) {
        let size = |runs: &[(bool, usize)]| runs.iter().map(|(_, length)| length).product::<usize>();
        let [outer, middle, inner] = [size(&runs[..at]), runs[at].1, size(&runs[at + 1..])];
        runs.remove(at);
        if runs.iter().all(|(summed, _)| !summed) {
            return kernel::sum(x, outer, middle, inner, out, accumulate);
        }
        let partial = scratch.take(outer * inner);
        kernel::sum(x, outer, middle, inner, partial, false);
        x = partial;
    }
    write(x, out, accumulate);
}

/// Which of the three matrices around a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Factor {
    Left,
    Right,
    Adjoint,
}

/// A matrix product that is an operand's share of another one's adjoint: two factors, each with whether its last two
/// axes are swapped.
pub(crate) type ProductShare = [(Factor, bool); 2];

/// The left operand's share of `C = A B`: `dA = dC B^T`, and the transpose of that where `A` was swapped itself.
pub(crate) fn left_share(left_transposed: bool, right_transposed: bool) -> ProductShare {
    if left_transposed {
        [(Factor::Right, right_transposed), (Factor::Adjoint, true)]
    } else {
        [(Factor::Adjoint, false), (Factor::Right, !right_transposed)]
    }
}

/// The right operand's share of `C = A B`: `dB = A^T dC`, and the transpose of that where `B` was swapped itself.
pub(crate) fn right_share(left_transposed: bool, right_transposed: bool) -> ProductShare {
    if right_transposed {
        [(Factor::Adjoint, true), (Factor::Left, left_transposed)]
    } else {
        [(Factor::Left, !left_transposed), (Factor::Adjoint, false)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn elements(size: usize, seed: u64) -> Vec<f64> {
        (0..size as u64).map(|i| ((i * 37 + seed * 101 + 11) % 64) as f64 / 16.0 - 2.0).collect()
    }

    /// An operation with its operand's and its output's shape, and the indices that it saved.
    #[derive(Debug)]
    struct Case(Linear, Shape, Shape, Vec<u32>);

    fn cut(shape: &Shape, seed: usize) -> (Cut, Shape) {
        let mut cut = Cut::default();
        let mut output = Shape::default();
        for (axis, &length) in shape.iter().enumerate() {
            let step = [1, 2, -1, -2][(seed + axis) % 4];
            let count = if length == 0 { 0 } else { 1 + (seed * 7 + axis) % length.div_ceil(2) };
            cut.starts.push(if step > 0 || count == 0 { 0 } else { length as u32 - 1 });
            cut.steps.push(step);
            output.as_mut().push(count);
        }
        (cut, output)
    }

    /// Overlapping, adjoining and gappy windows along every second axis, whose elements are side by side or not.
    fn windows(shape: &Shape, seed: usize) -> Windows {
        let window = |axis: usize| Window {
            axis: axis as u8,
            size: 1 + ((seed + axis) % 3) as u32,
            step: 1 + ((seed / 2 + axis) % 3) as u32,
            dilation: 1 + ((seed / 4 + axis) % 2) as u32,
        };
        let windows = (0..shape.rank()).filter(|axis| (axis + seed).is_multiple_of(2)).map(window).collect();
        Windows { first: (seed % (shape.rank() + 1)) as u8, windows }
    }

    /// One of each kind for a shape.
    fn cases(shape: &Shape, seed: usize) -> Vec<Case> {
        let rank = shape.rank();
        let axes = (0..rank).filter(|axis| (seed >> axis) & 1 == 1).fold(AxisSet::default(), AxisSet::with);
        let kept: Shape = (0..rank).map(|axis| if axes.contains(axis) { 1 } else { shape[axis] }).collect();
        let dropped: Shape = (0..rank).filter(|&axis| !axes.contains(axis)).map(|axis| shape[axis]).collect();
        let mut order: Vec<u8> = (0..rank as u8).collect();
        order.rotate_left(seed % rank.max(1));
        let permuted: Shape = order.iter().map(|&axis| shape[axis as usize]).collect();
        let (slice, sliced) = cut(shape, seed);
        let windows = windows(shape, seed);
        let windowed = windows.shape(shape);
        let mut cases = vec![
            Case(Linear::Reshape, shape.clone(), Shape::from([shape.size()]), vec![]),
            Case(Linear::Permute(order.iter().copied().collect()), shape.clone(), permuted, vec![]),
            Case(Linear::Sum(axes), shape.clone(), kept.clone(), vec![]),
            Case(Linear::Sum(axes), shape.clone(), dropped.clone(), vec![]),
            Case(Linear::Broadcast(axes), kept, shape.clone(), vec![]),
            Case(Linear::Broadcast(axes), dropped, shape.clone(), vec![]),
            Case(Linear::Slice(slice.clone()), shape.clone(), sliced.clone(), vec![]),
            Case(Linear::Pad(slice), sliced, shape.clone(), vec![]),
            Case(Linear::Windows(windows.clone()), shape.clone(), windowed.clone(), vec![]),
            Case(Linear::OverlapAdd(windows), windowed, shape.clone(), vec![]),
        ];
        if let Some(axis) = (0..rank).find(|&axis| shape[axis] > 0) {
            let length = shape[axis];
            // More indices than rows: some repeat.
            let rows: Vec<u32> = (0..length + 2).map(|i| ((i * 3 + seed) % length) as u32).collect();
            let indices = Saved { start: 0, len: rows.len() as u32 };
            let mut selected = shape.clone();
            selected.as_mut()[axis] = rows.len();
            cases.push(Case(Linear::SelectRows { axis, indices }, shape.clone(), selected.clone(), rows.clone()));
            cases.push(Case(Linear::AddRows { axis, indices }, selected.clone(), shape.clone(), rows));
            let places: Vec<u32> = (0..selected.size()).map(|i| ((i * 5 + seed) % length) as u32).collect();
            let indices = Saved { start: 0, len: places.len() as u32 };
            cases.push(Case(Linear::TakeAlong { axis, indices }, shape.clone(), selected.clone(), places.clone()));
            cases.push(Case(Linear::PutAlong { axis, indices }, selected, shape.clone(), places));
        }
        for axis in 0..rank {
            let running = Linear::RunningSum { axis, reversed: (seed + axis).is_multiple_of(2) };
            cases.push(Case(running, shape.clone(), shape.clone(), vec![]));
        }
        cases
    }

    fn apply(linear: &Linear, x: &[f64], from: &Shape, to: &Shape, indices: &[u32], before: f64) -> Vec<f64> {
        let strides = from.dense_strides();
        let view = View { data: x, offset: 0, shape: from, strides: &strides };
        let mut out = vec![before; to.size()];
        linear.apply(view, to, indices, &Arena::new(), &mut out, before != 0.0);
        out
    }

    fn inner(x: &[f64], y: &[f64]) -> f64 {
        x.iter().zip(y).map(|(x, y)| x * y).sum()
    }

    /// `<A x, y> = <x, A^T y>` exactly: the elements are small multiples of 1/16.
    fn is_transposed(Case(linear, from, to, indices): &Case, factor: f64) -> bool {
        let (x, y) = (elements(from.size(), 1), elements(to.size(), 2));
        let forwards = apply(linear, &x, from, to, indices, 0.0);
        let backwards = apply(&linear.transposed(), &y, to, from, indices, 0.0);
        (inner(&forwards, &y) - factor * inner(&x, &backwards)).abs() <= 1e-9
    }

    proptest! {
        #[test]
        fn every_structural_operation_and_its_transpose(
            axes in prop::collection::vec(prop_oneof![Just(0_usize), Just(1), 2_usize..5], 0..5),
            seed in 0_usize..64,
        ) {
            for case in cases(&Shape::from(axes), seed) {
                prop_assert!(is_transposed(&case, 1.0), "{case:?}");
                prop_assert_eq!(&case.0.transposed().transposed(), &case.0);
                // Accumulating adds to what is there.
                let Case(linear, from, to, indices) = &case;
                let x = elements(from.size(), 3);
                let stored = apply(linear, &x, from, to, indices, 0.0);
                let added = apply(linear, &x, from, to, indices, 8.0);
                prop_assert!(stored.iter().zip(&added).all(|(stored, added)| stored + 8.0 == *added), "{case:?}");
            }
        }

        /// Both shares of a product are transposes of it, for all four ways in which its factors may be swapped.
        #[test]
        fn every_matrix_product_and_its_transposes(
            (m, k, n) in (0_usize..5, 0_usize..5, 0_usize..5),
            batch in prop::collection::vec(1_usize..4, 0..3),
            left_transposed: bool, right_transposed: bool, left_broadcast: bool, right_broadcast: bool,
        ) {
            use crate::product::{Operand, batched};
            let shape = |broadcast: bool, rows: usize, cols: usize, transposed: bool| -> Shape {
                let (rows, cols) = if transposed { (cols, rows) } else { (rows, cols) };
                batch.iter().map(|&length| if broadcast { 1 } else { length }).chain([rows, cols]).collect()
            };
            let a_shape = shape(left_broadcast, m, k, left_transposed);
            let b_shape = shape(right_broadcast, k, n, right_transposed);
            let c_shape = shape(left_broadcast && right_broadcast, m, n, false);
            let (a, b, g) = (elements(a_shape.size(), 1), elements(b_shape.size(), 2), elements(c_shape.size(), 3));
            let product = |[(left, left_swapped), (right, right_swapped)]: ProductShare, to: &Shape| {
                let strides = [&a_shape, &b_shape, &c_shape].map(Shape::dense_strides);
                let operand = |factor, transposed| {
                    let (data, shape, strides) = match factor {
                        Factor::Left => (&a, &a_shape, &strides[0]),
                        Factor::Right => (&b, &b_shape, &strides[1]),
                        Factor::Adjoint => (&g, &c_shape, &strides[2]),
                    };
                    Operand { view: View { data: data.as_slice(), offset: 0, shape, strides }, transposed }
                };
                let mut out = vec![f64::NAN; to.size()];
                batched(operand(left, left_swapped), operand(right, right_swapped), to, &Arena::new(), &mut out, false);
                out
            };
            let forwards = product([(Factor::Left, left_transposed), (Factor::Right, right_transposed)], &c_shape);
            let left = product(left_share(left_transposed, right_transposed), &a_shape);
            let right = product(right_share(left_transposed, right_transposed), &b_shape);
            // The product is bilinear: with either factor held fast, <A B, G> is <A, G B^T> and <B, A^T G>.
            let whole = inner(&forwards, &g);
            prop_assert!((whole - inner(&a, &left)).abs() < 1e-9);
            prop_assert!((whole - inner(&b, &right)).abs() < 1e-9);
        }
    }

    /// The test above would notice: a transpose wrong by a thousandth is found for every kind of operation.
    #[test]
    fn a_transpose_that_is_wrong_by_a_thousandth_is_found() {
        for case in cases(&Shape::from([3, 4, 2]), 5) {
            assert!(is_transposed(&case, 1.0) && !is_transposed(&case, 1.001), "{case:?}");
        }
    }
}
