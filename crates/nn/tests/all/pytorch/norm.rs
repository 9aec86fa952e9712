//! The normalising layers, in evaluation and in training.

use nn::{
    BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, LayerNorm,
    RmsNorm,
};

use crate::pytorch::reference::references;

#[test]
fn of_samples() {
    let references = references!("norm");
    references.case("layer_norm").compare_layer(LayerNorm::new([4]));
    references.case("layer_norm_two_axes").compare_layer(LayerNorm::new([2, 3]).eps(0.1).without_bias());
    references.case("layer_norm_without_affine").compare_layer(LayerNorm::new([3]).without_affine());
    references.case("rms_norm").compare_layer(RmsNorm::new([4]));
    references.case("rms_norm_two_axes").compare_layer(RmsNorm::new([2, 2]).eps(0.1));
    references.case("group_norm").compare_layer(GroupNorm::new(2, 4));
    references.case("group_norm_without_affine").compare_layer(GroupNorm::new(3, 3).without_affine());
}

#[test]
fn of_instances() {
    let references = references!("norm");
    references.case("instance_norm_1d").compare_layer(InstanceNorm1d::new(2));
    references.case("instance_norm_1d_alone").compare_layer(InstanceNorm1d::new(2).affine());
    references.case("instance_norm_3d").compare_layer(InstanceNorm3d::new(2).affine());
    let tracking = InstanceNorm2d::new(2).affine().running_statistics().momentum(0.3);
    references.case("instance_norm_2d").compare_layer(tracking);
    references.case("instance_norm_2d_training").compare_layer_in_training(tracking);
}

#[test]
fn of_batches() {
    let references = references!("norm");
    references.case("batch_norm_1d").compare_layer(BatchNorm1d::new(3));
    references.case("batch_norm_1d_training").compare_layer_in_training(BatchNorm1d::new(3));
    let plain = BatchNorm1d::new(2).eps(0.1).without_affine();
    references.case("batch_norm_1d_lengths").compare_layer(plain);
    references.case("batch_norm_1d_lengths_training").compare_layer_in_training(plain);
    references.case("batch_norm_2d").compare_layer(BatchNorm2d::new(2).cumulative());
    references.case("batch_norm_2d_training").compare_layer_in_training(BatchNorm2d::new(2).cumulative());
    let own = BatchNorm3d::new(2).without_running_statistics();
    references.case("batch_norm_3d").compare_layer(own);
    references.case("batch_norm_3d_training").compare_layer_in_training(own);
}
