"""The bilinear layer; see record.py."""

import torch
from torch import nn

from record import case, save

case("bilinear", nn.Bilinear(3, 2, 4), a=torch.randn(5, 3), b=torch.randn(5, 2))
case("bilinear_of_sequences", nn.Bilinear(2, 3, 1, bias=False), a=torch.randn(2, 3, 2), b=torch.randn(2, 3, 3))
save()
