//! Other shapes and other grids.

use nn::{Layer, Reshape, Upsample};
use tape::Interpolation;

use crate::pytorch::reference::references;

#[test]
fn of_every_kind() {
    let references = references!("reshape");
    let linear = |upsample: Upsample| Layer::from(upsample.interpolation(Interpolation::Linear));
    for (case, layer) in [
        ("flatten", Reshape::Flatten { start: 1, end: -1 }.into()),
        ("unflatten", Reshape::Unflatten { axis: 1, lengths: vec![2, 2] }.into()),
        ("shuffle", Reshape::PixelShuffle { factor: 2 }.into()),
        ("unshuffle", Reshape::PixelUnshuffle { factor: 3 }.into()),
        ("nearest", Upsample::scale(3).into()),
        ("nearest_size", Upsample::size([3, 5]).into()),
        ("linear", linear(Upsample::size([7]))),
        ("bilinear", linear(Upsample::scale(2))),
        ("bilinear_corners", Upsample::size([1, 5]).interpolation(Interpolation::LinearCorners).into()),
        ("trilinear", linear(Upsample::scale(2))),
    ] {
        references.case(case).compare_layer(layer);
    }
}
