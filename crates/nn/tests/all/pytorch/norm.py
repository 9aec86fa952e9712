"""The normalising layers, in evaluation and in training; see record.py."""

import torch
from torch import nn

from record import case, save


def moved(module):
    """With parameters and running statistics that are not those of the start."""
    for _, array in [*module.named_parameters(), *module.named_buffers()]:
        array.data = torch.rand_like(array) + 0.5 if array.is_floating_point() else torch.full_like(array, 3)
    return module


def both(name, build, *shape):
    """In evaluation and in training. What is not around zero tells whether digits are lost."""
    for suffix in ["", "_training"]:
        module = moved(build()).train(suffix != "")
        case(name + suffix, module, x=torch.randn(shape) + 3.0)


case("layer_norm", moved(nn.LayerNorm(4)), x=torch.randn(3, 4))
case("layer_norm_two_axes", moved(nn.LayerNorm((2, 3), eps=0.1, bias=False)), x=torch.randn(3, 2, 3))
# A constant row, and one that is nearly so.
rows = torch.tensor([[7.1, 7.1, 7.1], [1e3, 1e3 + 1e-4, 1e3]])
case("layer_norm_without_affine", nn.LayerNorm(3, elementwise_affine=False), x=rows)
case("rms_norm", moved(nn.RMSNorm(4)), x=torch.randn(3, 4))
case("rms_norm_two_axes", moved(nn.RMSNorm((2, 2), eps=0.1)), x=torch.randn(2, 2, 2))
case("group_norm", moved(nn.GroupNorm(2, 4)), x=torch.randn(3, 4, 2))
case("group_norm_without_affine", nn.GroupNorm(3, 3, affine=False), x=torch.randn(2, 3, 2, 2))
case("instance_norm_1d", nn.InstanceNorm1d(2), x=torch.randn(3, 2, 4))
case("instance_norm_1d_alone", moved(nn.InstanceNorm1d(2, affine=True)), x=torch.randn(2, 4))
case("instance_norm_3d", moved(nn.InstanceNorm3d(2, affine=True)), x=torch.randn(1, 2, 2, 1, 2))
both("instance_norm_2d", lambda: nn.InstanceNorm2d(2, affine=True, track_running_stats=True, momentum=0.3), 2, 2, 2, 2)
both("batch_norm_1d", lambda: nn.BatchNorm1d(3), 4, 3)
both("batch_norm_1d_lengths", lambda: nn.BatchNorm1d(2, eps=0.1, affine=False), 2, 2, 3)
both("batch_norm_2d", lambda: nn.BatchNorm2d(2, momentum=None), 2, 2, 2, 1)
both("batch_norm_3d", lambda: nn.BatchNorm3d(2, track_running_stats=False), 2, 2, 1, 2, 2)
save()
