//! Rows of convolutions and transposed convolutions.

use nn::{Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, PaddingMode};

use crate::layers::row::Row;

const BOTH: [&str; 2] = ["weight", "bias"];

pub(crate) fn rows() -> Vec<Row> {
    let strided = Conv2d::new(2, 4, [3, 2]).stride([2, 1]).padding([(1, 0), (0, 1)]).groups(2);
    let mirrored = Conv2d::new(1, 2, 3).padding(1).padding_mode(PaddingMode::Reflect).without_bias();
    let circular = Conv1d::new(2, 2, 3).same().dilation(2).padding_mode(PaddingMode::Circular);
    let back = ConvTranspose2d::new(2, 2, [3, 2]).stride(2).padding([1, 0]).output_padding([1, 0]).groups(2);
    vec![
        Row::layer("Conv1d", Conv1d::new(2, 3, 2), &[4, 2, 5], &[4, 3, 4], &BOTH),
        Row::layer("Conv1d, circular", circular, &[3, 2, 5], &[3, 2, 5], &BOTH),
        Row::layer("Conv2d", Conv2d::new(2, 2, 3), &[3, 2, 4, 3], &[3, 2, 2, 1], &BOTH),
        Row::layer("Conv2d with stride and groups", strided, &[2, 2, 5, 3], &[2, 4, 2, 3], &BOTH),
        Row::layer("Conv2d, mirrored", mirrored, &[2, 1, 3, 4], &[2, 2, 3, 4], &["weight"]),
        Row::layer("Conv2d without inputs", Conv2d::new(0, 2, 1), &[2, 0, 2, 2], &[2, 2, 2, 2], &BOTH),
        Row::layer("Conv3d", Conv3d::new(1, 2, [1, 2, 2]), &[2, 1, 2, 3, 2], &[2, 2, 2, 2, 1], &BOTH),
        Row::layer("ConvTranspose1d", ConvTranspose1d::new(2, 3, 2).stride(2), &[3, 2, 3], &[3, 3, 6], &BOTH),
        Row::layer("ConvTranspose2d", back, &[2, 2, 2, 3], &[2, 2, 4, 6], &BOTH),
        Row::layer(
            "ConvTranspose3d",
            ConvTranspose3d::new(1, 2, [2, 1, 2]).without_bias(),
            &[2, 1, 2, 2, 1],
            &[2, 2, 3, 2, 2],
            &["weight"],
        ),
    ]
}
