//! Where along the middle of `[outer, middle, inner]` are the elements that are looked for?

use std::cmp::Ordering;

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
}

impl Search {
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

fn compare<T: Real>(a: T, b: T) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}
