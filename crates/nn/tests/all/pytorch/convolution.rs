//! Convolutions and transposed convolutions.

use nn::{Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, Layer, PaddingMode};

use crate::pytorch::reference::references;

#[test]
fn with_every_setting() {
    let references = references!("convolution");
    let layer = |case, plan: Layer<_>| references.case(case).compare_layer(plan);
    let padded = Conv1d::new(1, 2, 3).padding(2);
    layer("conv1d", Conv1d::new(2, 3, 2).into());
    layer("conv1d_dilated", Conv1d::new(2, 2, 3).stride(2).padding(3).dilation(2).into());
    layer("conv1d_same", Conv1d::new(1, 2, 4).same().into());
    layer("conv1d_circular", padded.padding_mode(PaddingMode::Circular).into());
    layer("conv1d_replicate", padded.padding_mode(PaddingMode::Replicate).into());
    layer("conv1d_unbatched", Conv1d::new(2, 1, 2).into());
    layer("conv2d", Conv2d::new(2, 2, 3).into());
    let settings = Conv2d::new(4, 2, [3, 2]).stride([2, 1]).padding([1, 2]).dilation([1, 2]).groups(2);
    layer("conv2d_settings", settings.without_bias().into());
    layer("conv2d_depthwise", Conv2d::new(3, 6, 2).groups(3).into());
    let reflect = Conv2d::new(1, 2, 3).padding([1, 2]).padding_mode(PaddingMode::Reflect).stride(2);
    layer("conv2d_reflect", reflect.into());
    let same = Conv2d::new(1, 1, [2, 3]).same().dilation([3, 1]).padding_mode(PaddingMode::Reflect);
    layer("conv2d_same_reflect", same.into());
    layer("conv3d", Conv3d::new(2, 2, [1, 2, 2]).stride([1, 2, 1]).padding([0, 1, 0]).into());
}

#[test]
fn transposed() {
    let references = references!("convolution");
    references.case("conv_transpose1d").compare_layer(ConvTranspose1d::new(2, 3, 3).stride(2));
    references.case("conv_transpose1d_unbatched").compare_layer(ConvTranspose1d::new(2, 1, 2));
    let settings = ConvTranspose2d::new(2, 4, [3, 2]).stride([2, 3]).padding([1, 0]).output_padding([1, 2]);
    references.case("conv_transpose2d").compare_layer(settings.groups(2).dilation([1, 2]));
    let volume = ConvTranspose3d::new(1, 2, 2).padding([1, 0, 0]).without_bias();
    references.case("conv_transpose3d").compare_layer(volume);
}
