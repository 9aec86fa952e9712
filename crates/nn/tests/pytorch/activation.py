"""The activations; see record.py."""

import torch
from torch import nn

from record import case, save

# Both tails, both sides of 0, and 0 itself.
points = torch.tensor([[-800.0, -40.0, -3.0, -0.1, 0.0], [1e-9, 0.1, 3.0, 40.0, 800.0]])
case("relu", nn.ReLU(), x=points)
case("tanh", nn.Tanh(), x=points)
case("sigmoid", nn.Sigmoid(), x=points)
case("log_softmax", nn.LogSoftmax(dim=-1), x=points)
case("log_softmax_first_axis", nn.LogSoftmax(dim=0), x=points)
save()
