"""How long the training steps take in PyTorch: `pytorch_steps.py eager|compile [THREADS]`.

Adam is the fused one, which is the fastest on a CPU. `compile` compiles forwards and backwards as one graph each.
"""

import itertools
import sys

import torch
from torch import nn

import data
from serve import serve


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.LSTM(32, 128, batch_first=True), nn.Linear(128, 32)

    def forward(self, x):
        return self.head(self.body(x)[0])


def network(work):
    match work:
        case "mlp-small":
            return nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
        case "mlp-medium":
            return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
        case "mlp-large":
            return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
        case "lenet":
            features = nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 5), nn.ReLU()
            classes = nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)
            return nn.Sequential(*features, nn.MaxPool2d(2), nn.Flatten(), *classes)
        case "lstm":
            return Lstm()
        case "transformer":
            block = nn.TransformerEncoderLayer(64, 4, 256, dropout=0.0, batch_first=True)
            return nn.Sequential(nn.TransformerEncoder(block, 2), nn.Linear(64, 32))


def make(work):
    model = network(work)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.from_numpy(data.weight(tuple(parameter.shape))))
            else:
                parameter.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
    regression = work == "mlp-small"

    def loss_of(x, y):
        output = model(x)
        if regression:
            return nn.functional.mse_loss(output, y)
        return nn.functional.cross_entropy(output.flatten(0, -2), y.flatten())

    objective = torch.compile(loss_of) if MODE == "compile" else loss_of
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    batches = itertools.cycle([(torch.from_numpy(x), torch.from_numpy(y)) for x, y in data.batches(work)])

    def step():
        loss = objective(*next(batches))
        loss.backward()
        adam.step()
        adam.zero_grad(set_to_none=True)
        return loss.detach()

    return step


MODE = sys.argv[1]
torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
serve(f"PyTorch {torch.__version__.split('+')[0]}", data.SHAPES, make)
