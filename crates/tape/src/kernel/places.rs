//! Where along the middle of `[outer, middle, inner]` are the elements that are looked for?

use std::cmp::Ordering;

use smallvec::SmallVec;

use super::dispatch;
use super::reduce::{max, min};
use crate::arena::Arena;
use crate::real::Real;

/// Which elements of a line are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    /// The largest: the first of several, or the first NaN.
    Max,
    /// The smallest, likewise.
    Min,
    /// For every element the largest up to it: the last of several, and a NaN once there was one.
    RunningMax,
    /// For every element the smallest up to it, likewise.
    RunningMin,
    /// The first few in order. Equal elements stay in theirs, and a NaN counts as the largest.
    First { descending: bool },
    /// The one of this rank, the smallest having rank 0; the first NaN if there is one.
    Rank(usize),
    /// The largest in each window, of a line that is a plane, row by row: the first of several, or the first NaN.
    MaxInWindows(PlaneWindows),
}

/// Windows over up to three axes; what there is of fewer has length and size 1 in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlaneWindows {
    pub(crate) lengths: [usize; 3],
    pub(crate) sizes: [usize; 3],
    pub(crate) steps: [usize; 3],
    pub(crate) dilations: [usize; 3],
}

impl PlaneWindows {
    /// How many windows there are along each axis.
    pub(crate) fn counts(&self) -> [usize; 3] {
        std::array::from_fn(|axis| {
            let extent = (self.sizes[axis] - 1) * self.dilations[axis] + 1;
            self.lengths[axis].checked_sub(extent).map_or(0, |rest| rest / self.steps[axis] + 1)
        })
    }

    /// How far apart in the plane two neighbours along each axis lie.
    fn strides(&self) -> [usize; 3] {
        [self.lengths[1] * self.lengths[2], self.lengths[2], 1]
    }

    /// How far apart in the plane two neighbouring windows along each axis begin.
    fn apart(&self) -> [usize; 3] {
        std::array::from_fn(|axis| self.steps[axis] * self.strides()[axis])
    }

    /// Where in the plane the elements of a window lie, from its first on, row by row.
    pub(crate) fn inside(&self) -> impl Iterator<Item = usize> {
        places(self.sizes, std::array::from_fn(|axis| self.dilations[axis] * self.strides()[axis]))
    }

    /// Where in the plane the windows begin, row by row.
    #[cfg(feature = "onnx")]
    pub(crate) fn starts(&self) -> impl Iterator<Item = usize> {
        places(self.counts(), self.apart())
    }
}

/// The places of so many elements along each axis, so far apart.
fn places([slices, rows, cols]: [usize; 3], apart: [usize; 3]) -> impl Iterator<Item = usize> {
    let all =
        (0..slices).flat_map(move |slice| (0..rows).flat_map(move |row| (0..cols).map(move |col| [slice, row, col])));
    all.map(move |at| at.iter().zip(&apart).map(|(at, apart)| at * apart).sum())
}

impl Search {
    /// The name of the operation that looks for them, as the method is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Max => "argmax",
            Self::Min => "argmin",
            Self::RunningMax => "cummax",
            Self::RunningMin => "cummin",
            Self::First { .. } => "top_k",
            Self::Rank(_) => "quantile",
            Self::MaxInWindows(_) => "max_pool",
        }
    }

    /// Fills in `[outer, count, inner]` places, `count` of each line. `line` is memory for the order of one.
    pub(crate) fn find<T: Real>(
        self,
        x: &[T],
        lines: [usize; 3],
        scratch: &Arena<T>,
        line: &mut Vec<u32>,
        places: &mut [u32],
    ) {
        let [outer, middle, inner] = lines;
        assert_eq!(x.len(), outer * middle * inner);
        match self {
            Self::Max => max(x, outer, middle, inner, scratch.take(outer * inner), places),
            Self::Min => min(x, outer, middle, inner, scratch.take(outer * inner), places),
            Self::RunningMax => running(x, lines, places, |a, b| a > b),
            Self::RunningMin => running(x, lines, places, |a, b| a < b),
            Self::First { descending } => first(x, lines, descending, line, places),
            Self::Rank(rank) => ranked(x, lines, rank, line, places),
            Self::MaxInWindows(windows) => max_in_windows(x, &windows, places),
        }
    }
}

fn running<T: Real>(x: &[T], [outer, middle, inner]: [usize; 3], places: &mut [u32], better: impl Fn(T, T) -> bool) {
    assert_eq!(x.len(), places.len());
    for o in 0..outer {
        for i in 0..inner {
            let at = |m: usize| (o * middle + m) * inner + i;
            let mut found = 0;
            for m in 0..middle {
                let (v, best) = (x[at(m)], x[at(found)]);
                if better(v, best) || v == best || v.is_nan() {
                    found = m;
                }
                places[at(m)] = found as u32;
            }
        }
    }
}

fn first<T: Real>(
    x: &[T],
    [outer, middle, inner]: [usize; 3],
    descending: bool,
    line: &mut Vec<u32>,
    places: &mut [u32],
) {
    let count = places.len().checked_div(outer * inner).unwrap_or(0);
    assert!(count <= middle && places.len() == outer * count * inner);
    for o in 0..outer {
        for i in 0..inner {
            let at = |m: u32| x[(o * middle + m as usize) * inner + i];
            // The place decides between equals, so that the order is the same whichever way it is found.
            let compare = |&one: &u32, &other: &u32| {
                let order = compare(at(one), at(other));
                (if descending { order.reverse() } else { order }).then(one.cmp(&other))
            };
            line.clear();
            line.extend(0..middle as u32);
            if 0 < count && count < middle {
                line.select_nth_unstable_by(count - 1, compare);
                line.truncate(count);
            }
            line.sort_unstable_by(compare);
            for (c, &m) in line[..count].iter().enumerate() {
                places[(o * count + c) * inner + i] = m;
            }
        }
    }
}

fn ranked<T: Real>(x: &[T], [outer, middle, inner]: [usize; 3], rank: usize, line: &mut Vec<u32>, places: &mut [u32]) {
    assert!(rank < middle || outer * inner == 0, "a line without elements has no rank");
    assert_eq!(places.len(), outer * inner);
    for o in 0..outer {
        for i in 0..inner {
            let at = |m: u32| x[(o * middle + m as usize) * inner + i];
            let nan = (0..middle as u32).find(|&m| at(m).is_nan());
            places[o * inner + i] = nan.unwrap_or_else(|| {
                line.clear();
                line.extend(0..middle as u32);
                let compare = |&one: &u32, &other: &u32| compare(at(one), at(other)).then(one.cmp(&other));
                *line.select_nth_unstable_by(rank, compare).1
            });
        }
    }
}

/// How many windows are compared side by side: a vector of `f32`, on the widest machine.
const SIDE_BY_SIDE: usize = 16;

/// Every `step`-th element, at most so many as are compared at a time; zeros behind the last.
#[inline(always)]
fn every<T: Real>(elements: &[T], step: usize) -> [T; SIDE_BY_SIDE] {
    let mut some = [T::zero(); SIDE_BY_SIDE];
    match step {
        1 => some[..elements.len()].copy_from_slice(elements),
        2 => {
            let (pairs, last) = elements.as_chunks::<2>();
            some.iter_mut().zip(pairs).for_each(|(some, pair)| *some = pair[0]);
            some[pairs.len()] = last[0];
        }
        _ => some.iter_mut().zip(elements.iter().step_by(step)).for_each(|(some, &element)| *some = element),
    }
    some
}

/// The windows of a row side by side.
fn max_in_windows<T: Real>(x: &[T], windows: &PlaneWindows, places: &mut [u32]) {
    let [slices, rows, cols] = windows.counts();
    let (plane, count) = (windows.lengths.iter().product::<usize>(), slices * rows * cols);
    if count == 0 {
        return;
    }
    // Walked through for every row of windows.
    let inside: SmallVec<[usize; 32]> = windows.inside().collect();
    let [to_slice, to_row, to_col] = windows.apart();
    dispatch(
        #[inline(always)]
        || {
            for (plane, places) in x.chunks_exact(plane).zip(places.chunks_exact_mut(count)) {
                for (line, places) in places.chunks_exact_mut(cols).enumerate() {
                    let first = line / rows * to_slice + line % rows * to_row;
                    for (chunk, places) in places.chunks_mut(SIDE_BY_SIDE).enumerate() {
                        largest_of_each(plane, first + chunk * SIDE_BY_SIDE * to_col, to_col, &inside, places);
                    }
                }
            }
        },
    );
}

/// The places of the largest elements of neighbouring windows, of which the first begins at `first`.
#[inline(always)]
fn largest_of_each<T: Real>(plane: &[T], first: usize, step: usize, inside: &[usize], places: &mut [u32]) {
    let mut best = [T::zero(); SIDE_BY_SIDE];
    let mut found = [0; SIDE_BY_SIDE];
    for (number, &inside) in inside.iter().enumerate() {
        let v = every(&plane[first + inside..][..(places.len() - 1) * step + 1], step);
        if number == 0 {
            best = v;
            continue;
        }
        for col in 0..SIDE_BY_SIDE {
            let better = (v[col] > best[col]) | (v[col].is_nan() & !best[col].is_nan());
            best[col] = if better { v[col] } else { best[col] };
            found[col] = if better { inside as u32 } else { found[col] };
        }
    }
    for (col, (place, &found)) in places.iter_mut().zip(&found).enumerate() {
        *place = (first + col * step) as u32 + found;
    }
}

fn compare<T: Real>(a: T, b: T) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}
