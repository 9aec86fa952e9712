"""Other shapes and other grids; see record.py."""

import torch
from torch import nn

from record import case, save

line, image, volume = torch.randn(1, 2, 4), torch.randn(2, 4, 2, 3), torch.randn(1, 1, 2, 2, 3)
case("flatten", nn.Flatten(), x=image)
case("unflatten", nn.Unflatten(1, (2, 2)), x=image)
case("shuffle", nn.PixelShuffle(2), x=image)
case("unshuffle", nn.PixelUnshuffle(3), x=torch.randn(1, 2, 3, 6))
case("nearest", nn.Upsample(scale_factor=3), x=image)
case("nearest_size", nn.Upsample(size=(3, 5)), x=image)
case("linear", nn.Upsample(size=7, mode="linear"), x=line)
case("bilinear", nn.Upsample(scale_factor=2, mode="bilinear"), x=image)
case("bilinear_corners", nn.Upsample(size=(1, 5), mode="bilinear", align_corners=True), x=image)
case("trilinear", nn.Upsample(scale_factor=2, mode="trilinear"), x=volume)
save()
