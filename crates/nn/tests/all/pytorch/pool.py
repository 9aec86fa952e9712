"""Pools; see record.py."""

import torch
from torch import nn

from record import case, save

line, image, volume = torch.randn(1, 2, 7), torch.randn(1, 2, 5, 6), torch.randn(1, 1, 3, 4, 3)
case("max1d", nn.MaxPool1d(2), x=line)
case("max1d_settings", nn.MaxPool1d(3, stride=2, padding=1, dilation=2, ceil_mode=True), x=line)
case("max2d", nn.MaxPool2d((2, 3), stride=(1, 2), padding=(1, 1)), x=image)
# Equal elements in one window: the first gets the gradient.
case("max2d_ties", nn.MaxPool2d(2, stride=1), x=torch.ones(1, 1, 3, 3))
case("max3d", nn.MaxPool3d(2, ceil_mode=True), x=volume)
case("avg1d", nn.AvgPool1d(3, stride=2, padding=1), x=line)
case("avg2d", nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True), x=image)
case("avg2d_inside", nn.AvgPool2d((2, 3), padding=1, count_include_pad=False), x=image)
case("avg3d", nn.AvgPool3d((1, 2, 2)), x=volume)
case("lp1d", nn.LPPool1d(2, 3, stride=2), x=line)
case("lp2d", nn.LPPool2d(1.5, 2), x=image.abs())
case("lp3d", nn.LPPool3d(4, (1, 2, 2)), x=volume)
case("adaptive_max1d", nn.AdaptiveMaxPool1d(3), x=line)
case("adaptive_max2d", nn.AdaptiveMaxPool2d((3, 4)), x=image)
case("adaptive_max3d", nn.AdaptiveMaxPool3d((2, 3, 1)), x=volume)
case("adaptive_avg1d", nn.AdaptiveAvgPool1d(3), x=line)
case("adaptive_avg2d", nn.AdaptiveAvgPool2d((3, 4)), x=image)
case("adaptive_avg3d", nn.AdaptiveAvgPool3d((2, 3, 1)), x=volume)
case("global_max", nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten()), x=image)
case("global_avg", nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten()), x=volume)
save()
