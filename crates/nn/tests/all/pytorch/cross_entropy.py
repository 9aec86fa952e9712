"""The cross-entropy of logits that a careless formula overflows at; see record.py."""

import torch
from torch import nn

from record import case, save

logits = torch.tensor([[1e3, -1e3, 0.0], [1e300, 1e300, -1e300], [-745.0, 0.0, 709.0]])
case("extreme", nn.functional.cross_entropy, x=logits, labels=torch.tensor([1, 0, 0]))
save()
