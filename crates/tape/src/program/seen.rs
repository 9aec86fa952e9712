//! Which views are matrices that products can read where they lie?

use std::ops::Range;
use std::sync::Arc;

use super::schedule::Place;

/// Windows of an array as a matrix: element `[i, q * run + j]` lies `rows[i] + runs[q] + j` behind the first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SeenWindows {
    pub(super) rows: Arc<[u32]>,
    pub(super) runs: Arc<[u32]>,
    pub(super) run: usize,
}

impl SeenWindows {
    /// The elements of a place as the rows and columns of a matrix, if they are such windows.
    pub(super) fn of(place: &Place, rows: usize, cols: usize) -> Option<Self> {
        /// Shorter runs leave too much of each vector empty.
        const SHORTEST: usize = 8;
        let Place { shape, strides, .. } = place;
        let split = (0..=shape.rank()).find(|&axes| shape[..axes].iter().product::<usize>() == rows)?;
        let (&run, &step) = (shape.last()?, strides.last()?);
        let fits = split < shape.rank() && shape[split..].iter().product::<usize>() == cols;
        let span: usize =
            shape.iter().zip(strides).map(|(&length, &stride)| length.saturating_sub(1) * stride.unsigned_abs()).sum();
        if u32::try_from(span).is_err()
            || !fits
            || step != 1
            || run < SHORTEST
            || strides.iter().any(|&stride| stride < 0)
        {
            return None;
        }
        let places = |axes: Range<usize>| {
            let steps = shape[axes.clone()].iter().zip(&strides[axes]);
            steps.fold(vec![0], |places: Vec<u32>, (&length, &stride)| {
                let along = (0..length as u32).map(|at| at * stride as u32);
                places.iter().flat_map(|place| along.clone().map(move |along| place + along)).collect()
            })
        };
        Some(Self { rows: places(0..split).into(), runs: places(split..shape.rank() - 1).into(), run })
    }
}
