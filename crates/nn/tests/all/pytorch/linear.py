"""The fully connected layer, alone and in networks; see record.py."""

import torch
from torch import nn

from record import case, save

case("linear", nn.Linear(4, 3), x=torch.randn(2, 3, 4))
case("linear_without_bias", nn.Linear(4, 3, bias=False), x=torch.randn(5, 4))

labels = torch.tensor([3, 0, 4, 4, 1, 2])
network = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 6), nn.Tanh(), nn.Linear(6, 5))
cross_entropy = lambda x, labels: nn.functional.cross_entropy(network(x), labels)
case("mlp_cross_entropy", cross_entropy, network, x=torch.randn(6, 5), labels=labels)

network = nn.Sequential(nn.Linear(3, 8), nn.Sigmoid(), nn.Linear(8, 2))
mse = lambda x, target: nn.functional.mse_loss(network(x), target)
case("mlp_mse", mse, network, x=torch.randn(6, 3), target=torch.randn(6, 2))
save()
