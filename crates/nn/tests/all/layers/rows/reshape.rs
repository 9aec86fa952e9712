//! Rows of other shapes and other grids.

use nn::{Reshape, Upsample};
use tape::Interpolation;

use crate::layers::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let row = |name, layer: Reshape, input: &[usize], output: &[usize]| Row::layer(name, layer, input, output, &[]);
    let unflatten = Reshape::Unflatten { axis: 1, lengths: vec![2, -1] };
    let lines = Upsample::size([3, 5]).interpolation(Interpolation::Linear);
    let corners = Upsample::scale(3).interpolation(Interpolation::LinearCorners);
    vec![
        row("Flatten", Reshape::Flatten { start: 1, end: -1 }, &[3, 2, 2, 2], &[3, 8]),
        row("Flatten the last two", Reshape::Flatten { start: -2, end: -1 }, &[3, 2, 2, 3], &[3, 2, 6]),
        row("Unflatten", unflatten, &[3, 6, 2], &[3, 2, 3, 2]),
        row("PixelShuffle", Reshape::PixelShuffle { factor: 2 }, &[3, 8, 2, 1], &[3, 2, 4, 2]),
        row("PixelUnshuffle", Reshape::PixelUnshuffle { factor: 2 }, &[3, 1, 4, 2], &[3, 4, 2, 1]),
        Row::layer("Upsample", Upsample::scale(2), &[3, 2, 2, 3], &[3, 2, 4, 6], &[]),
        Row::layer("Upsample by lines", lines, &[2, 2, 2, 3], &[2, 2, 3, 5], &[]),
        Row::layer("Upsample from corner to corner", corners, &[2, 2, 3], &[2, 2, 9], &[]),
    ]
}
