"""The embedding, with and without padding; see record.py."""

import torch
from torch import nn

from record import case, save

# Index 1 is repeated, 0 and 3 are not used.
indices = torch.tensor([[1, 4, 2], [2, 1, 1]])
case("plain", nn.Embedding(5, 3), indices=indices)
case("padding", nn.Embedding(5, 3, padding_idx=1), indices=indices)
save()
