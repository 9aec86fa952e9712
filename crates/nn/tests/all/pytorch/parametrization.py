"""Weights that are computed from other parameters; see record.py."""

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from record import case, save


def moved(module):
    """With a magnitude that is not the one of the start."""
    module.parametrizations.weight.original0.data += 0.5
    return module


case("weight_norm", moved(weight_norm(nn.Linear(3, 2))), x=torch.randn(4, 3))
case("weight_norm_inputs", moved(weight_norm(nn.Linear(3, 2), dim=1)), x=torch.randn(4, 3))
case("weight_norm_of_all", moved(weight_norm(nn.Linear(3, 2), dim=None)), x=torch.randn(4, 3))
case("weight_norm_conv", moved(weight_norm(nn.Conv2d(2, 3, 2))), x=torch.randn(1, 2, 3, 3))
for suffix in ["", "_training"]:
    module = spectral_norm(nn.Linear(3, 2), n_power_iterations=2)
    # The singular vectors are not those of the weight any more.
    module.parametrizations.weight.original.data += torch.randn(2, 3)
    case("spectral_norm" + suffix, module.train(suffix != ""), x=torch.randn(4, 3))
module = spectral_norm(nn.ConvTranspose1d(2, 3, 2))
module.parametrizations.weight.original.data += torch.randn(2, 3, 2)
case("spectral_norm_conv_transpose_training", module, x=torch.randn(1, 2, 3))
save()
