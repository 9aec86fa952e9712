"""Convolutions and transposed convolutions; see record.py."""

import torch
from torch import nn

from record import case, save

case("conv1d", nn.Conv1d(2, 3, 2), x=torch.randn(2, 2, 4))
case("conv1d_dilated", nn.Conv1d(2, 2, 3, stride=2, padding=3, dilation=2), x=torch.randn(2, 2, 6))
case("conv1d_same", nn.Conv1d(1, 2, 4, padding="same", dilation=1), x=torch.randn(2, 1, 5))
case("conv1d_circular", nn.Conv1d(1, 2, 3, padding=2, padding_mode="circular"), x=torch.randn(2, 1, 4))
case("conv1d_replicate", nn.Conv1d(1, 2, 3, padding=2, padding_mode="replicate"), x=torch.randn(1, 1, 4))
case("conv1d_unbatched", nn.Conv1d(2, 1, 2), x=torch.randn(2, 4))
case("conv2d", nn.Conv2d(2, 2, 3), x=torch.randn(2, 2, 4, 3))
case(
    "conv2d_settings",
    nn.Conv2d(4, 2, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, bias=False),
    x=torch.randn(1, 4, 5, 3),
)
case("conv2d_depthwise", nn.Conv2d(3, 6, 2, groups=3), x=torch.randn(1, 3, 3, 3))
reflect = nn.Conv2d(1, 2, 3, padding=(1, 2), padding_mode="reflect", stride=2)
case("conv2d_reflect", reflect, x=torch.randn(1, 1, 3, 4))
same = nn.Conv2d(1, 1, (2, 3), padding="same", dilation=(3, 1), padding_mode="reflect")
case("conv2d_same_reflect", same, x=torch.randn(1, 1, 4, 3))
case("conv3d", nn.Conv3d(2, 2, (1, 2, 2), stride=(1, 2, 1), padding=(0, 1, 0)), x=torch.randn(1, 2, 2, 3, 3))
case("conv_transpose1d", nn.ConvTranspose1d(2, 3, 3, stride=2), x=torch.randn(2, 2, 3))
case("conv_transpose1d_unbatched", nn.ConvTranspose1d(2, 1, 2), x=torch.randn(2, 3))
case(
    "conv_transpose2d",
    nn.ConvTranspose2d(2, 4, (3, 2), stride=(2, 3), padding=(1, 0), output_padding=(1, 2), groups=2, dilation=(1, 2)),
    x=torch.randn(1, 2, 2, 3),
)
case("conv_transpose3d", nn.ConvTranspose3d(1, 2, 2, bias=False, padding=(1, 0, 0)), x=torch.randn(1, 1, 2, 2, 2))
save()
