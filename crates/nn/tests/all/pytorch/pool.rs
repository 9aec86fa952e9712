//! Pools.

use nn::Pool;
use tape::Pooling;

use crate::pytorch::reference::references;

#[test]
fn of_every_kind() {
    let references = references!("pool");
    let inside = Pooling::new([2, 3]).padding(1).count_padding(false);
    for (case, pool) in [
        ("max1d", Pool::MaxPool1d(Pooling::new(2))),
        ("max1d_settings", Pool::MaxPool1d(Pooling::new(3).stride(2).padding(1).dilation(2).ceil(true))),
        ("max2d", Pool::MaxPool2d(Pooling::new([2, 3]).stride([1, 2]).padding(1))),
        ("max2d_ties", Pool::MaxPool2d(Pooling::new(2).stride(1))),
        ("max3d", Pool::MaxPool3d(Pooling::new(2).ceil(true))),
        ("avg1d", Pool::AvgPool1d(Pooling::new(3).stride(2).padding(1))),
        ("avg2d", Pool::AvgPool2d(Pooling::new(3).stride(2).padding(1).ceil(true))),
        ("avg2d_inside", Pool::AvgPool2d(inside)),
        ("avg3d", Pool::AvgPool3d(Pooling::new([1, 2, 2]))),
        ("lp1d", Pool::LpPool1d { norm: 2.0, windows: Pooling::new(3).stride(2) }),
        ("lp2d", Pool::LpPool2d { norm: 1.5, windows: Pooling::new(2) }),
        ("lp3d", Pool::LpPool3d { norm: 4.0, windows: Pooling::new([1, 2, 2]) }),
        ("adaptive_max1d", Pool::AdaptiveMaxPool1d(3.into())),
        ("adaptive_max2d", Pool::AdaptiveMaxPool2d([3, 4].into())),
        ("adaptive_max3d", Pool::AdaptiveMaxPool3d([2, 3, 1].into())),
        ("adaptive_avg1d", Pool::AdaptiveAvgPool1d(3.into())),
        ("adaptive_avg2d", Pool::AdaptiveAvgPool2d([3, 4].into())),
        ("adaptive_avg3d", Pool::AdaptiveAvgPool3d([2, 3, 1].into())),
        ("global_max", Pool::GlobalMaxPool),
        ("global_avg", Pool::GlobalAvgPool),
    ] {
        references.case(case).compare_layer(pool);
    }
}
