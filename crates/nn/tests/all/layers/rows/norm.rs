//! Rows of the normalising layers.

use nn::{
    BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, LayerNorm,
    RmsNorm,
};

use crate::layers::row::Row;

const AFFINE: [&str; 2] = ["weight", "bias"];
const ALL: [&str; 5] = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];

pub(crate) fn rows() -> Vec<Row> {
    let row =
        |name, plan: nn::Layer<nn::Init>, shape: &[usize], names: &[&str]| Row::layer(name, plan, shape, shape, names);
    let tracking = InstanceNorm1d::new(3).affine().running_statistics();
    vec![
        row("LayerNorm", LayerNorm::new([4]).into(), &[3, 4], &AFFINE),
        row("LayerNorm over two axes", LayerNorm::new([2, 3]).without_bias().into(), &[3, 2, 3], &AFFINE[..1]),
        row("LayerNorm without parameters", LayerNorm::new([3]).without_affine().eps(0.1).into(), &[2, 2, 3], &[]),
        row("RmsNorm", RmsNorm::new([4]).into(), &[3, 4], &AFFINE[..1]),
        row("RmsNorm without parameters", RmsNorm::new([2, 2]).eps(0.1).without_affine().into(), &[3, 2, 2], &[]),
        row("GroupNorm", GroupNorm::new(2, 4).into(), &[3, 4, 2], &AFFINE),
        row("GroupNorm of one group", GroupNorm::new(1, 3).without_affine().into(), &[2, 3], &[]),
        row("InstanceNorm1d", InstanceNorm1d::new(2).into(), &[3, 2, 3], &[]),
        row("InstanceNorm2d", InstanceNorm2d::new(2).affine().into(), &[2, 2, 2, 2], &AFFINE),
        row("InstanceNorm3d", InstanceNorm3d::new(1).into(), &[2, 1, 2, 1, 2], &[]),
        row("InstanceNorm1d of running statistics", tracking.into(), &[2, 3, 3], &ALL).trains_differently(),
        row("BatchNorm1d", BatchNorm1d::new(2).into(), &[4, 2], &ALL).trains_differently(),
        row("BatchNorm1d with lengths", BatchNorm1d::new(2).into(), &[2, 2, 3], &ALL).trains_differently(),
        row("BatchNorm2d", BatchNorm2d::new(2).cumulative().into(), &[2, 2, 1, 2], &ALL).trains_differently(),
        row("BatchNorm3d", BatchNorm3d::new(2).without_affine().into(), &[2, 2, 1, 2, 1], &ALL[2..])
            .trains_differently(),
        row("BatchNorm1d of the batch", BatchNorm1d::new(2).without_running_statistics().into(), &[3, 2], &AFFINE)
            .mixes_the_batch(),
    ]
}
