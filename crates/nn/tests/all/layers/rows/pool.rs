//! Rows of pools.

use nn::Pool;
use tape::Pooling;

use crate::layers::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let row = |name, pool: Pool, input: &[usize], output: &[usize]| Row::layer(name, pool, input, output, &[]);
    let overlapping = Pooling::new(3).stride(2).padding(1);
    vec![
        row("MaxPool1d", Pool::MaxPool1d(Pooling::new(2)), &[3, 2, 5], &[3, 2, 2]),
        row("MaxPool2d", Pool::MaxPool2d(overlapping), &[2, 2, 4, 5], &[2, 2, 2, 3]),
        row("MaxPool3d", Pool::MaxPool3d(Pooling::new([1, 2, 2]).ceil(true)), &[2, 1, 2, 3, 2], &[2, 1, 2, 2, 1]),
        row("AvgPool1d", Pool::AvgPool1d(Pooling::new(2).ceil(true)), &[3, 2, 5], &[3, 2, 3]),
        row("AvgPool2d", Pool::AvgPool2d(overlapping), &[2, 2, 4, 5], &[2, 2, 2, 3]),
        row("AvgPool3d", Pool::AvgPool3d(Pooling::new(2)), &[2, 1, 2, 3, 2], &[2, 1, 1, 1, 1]),
        row("LpPool1d", Pool::LpPool1d { norm: 2.0, windows: Pooling::new(2) }, &[3, 2, 4], &[3, 2, 2]),
        row("LpPool2d", Pool::LpPool2d { norm: 4.0, windows: Pooling::new(2).stride(1) }, &[2, 1, 3, 3], &[2, 1, 2, 2]),
        row(
            "LpPool3d",
            Pool::LpPool3d { norm: 2.0, windows: Pooling::new([1, 2, 1]) },
            &[2, 1, 2, 2, 2],
            &[2, 1, 2, 1, 2],
        ),
        row("AdaptiveMaxPool1d", Pool::AdaptiveMaxPool1d(2.into()), &[3, 2, 5], &[3, 2, 2]),
        row("AdaptiveMaxPool2d", Pool::AdaptiveMaxPool2d([2, 3].into()), &[2, 2, 5, 4], &[2, 2, 2, 3]),
        row("AdaptiveMaxPool3d", Pool::AdaptiveMaxPool3d(1.into()), &[2, 2, 2, 3, 2], &[2, 2, 1, 1, 1]),
        row("AdaptiveAvgPool1d", Pool::AdaptiveAvgPool1d(2.into()), &[3, 2, 5], &[3, 2, 2]),
        row("AdaptiveAvgPool2d", Pool::AdaptiveAvgPool2d([2, 3].into()), &[2, 2, 5, 4], &[2, 2, 2, 3]),
        row("AdaptiveAvgPool3d", Pool::AdaptiveAvgPool3d(1.into()), &[2, 2, 2, 3, 2], &[2, 2, 1, 1, 1]),
        row("GlobalMaxPool", Pool::GlobalMaxPool, &[3, 2, 2, 3], &[3, 2]),
        row("GlobalAvgPool", Pool::GlobalAvgPool, &[3, 2, 4], &[3, 2]),
    ]
}
