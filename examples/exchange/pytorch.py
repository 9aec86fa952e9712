"""The other side of `examples/exchange`: torch 2.15, safetensors, numpy, onnx and onnxruntime from PyPI.

    python pytorch.py generate            # writes ../data/pytorch/*.safetensors: weights, an input, PyTorch's output
    python pytorch.py check target/exchange   # what the example wrote, in PyTorch and in onnxruntime
"""

import pathlib
import sys

import numpy
import safetensors.torch
import torch
from torch import nn

TOLERANCE = 1e-5


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(5, 8, num_layers=2, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.lstm(x)[0])


class Gru(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(4, 6, bidirectional=True, batch_first=True)
        self.head = nn.Linear(12, 2)

    def forward(self, x):
        return self.head(self.gru(x)[0])


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        block = nn.TransformerEncoderLayer(16, 4, dim_feedforward=32, activation="gelu", norm_first=True, batch_first=True)
        self.encoder = nn.TransformerEncoder(block, 2, norm=nn.LayerNorm(16), enable_nested_tensor=False)
        self.head = nn.Linear(16, 7)

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.head(self.encoder(x, mask=mask, is_causal=True))


MODELS = {
    "mlp": (lambda: nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10)), (3, 64)),
    "pinn": (
        lambda: nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)),
        (5, 2),
    ),
    "lenet": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(4, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 10),
        ),
        (2, 1, 8, 8),
    ),
    "lstm": (Lstm, (2, 6, 5)),
    "gru": (Gru, (3, 5, 4)),
    "transformer": (Transformer, (2, 6, 16)),
}  # fmt: skip


def generate():
    out = pathlib.Path(__file__).parent.parent / "data" / "pytorch"
    for name, (make, shape) in MODELS.items():
        torch.manual_seed(3)
        model = make().eval()
        x = torch.randn(shape)
        with torch.no_grad():
            y = model(x)
        tensors = {f"model.{key}": value for key, value in model.state_dict().items()}
        safetensors.torch.save_file(tensors | {"x": x, "y": y}, out / f"{name}.safetensors")


def distance(found, expected):
    assert found.shape == expected.shape
    return float(numpy.max(numpy.abs(found - expected) / numpy.maximum(1, numpy.maximum(abs(found), abs(expected)))))


def check(directory):
    import onnx
    import onnxruntime

    for name, (make, _) in MODELS.items():
        model = make().eval()
        model.load_state_dict(safetensors.torch.load_file(directory / f"{name}.safetensors"), strict=True)
        example = numpy.load(directory / f"{name}.npz")
        with torch.no_grad():
            pytorch = distance(model(torch.tensor(example["x"])).numpy(), example["y"])
        onnx.checker.check_model(onnx.load(directory / f"{name}.onnx"), full_check=True)
        session = onnxruntime.InferenceSession(str(directory / f"{name}.onnx"), providers=["CPUExecutionProvider"])
        [y] = session.run(None, {"x": example["x"]})
        runtime = distance(y, example["y"])
        print(f"{name:12} PyTorch {pytorch:.1e}, onnxruntime {runtime:.1e}")
        assert max(pytorch, runtime) <= TOLERANCE, name


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["generate"]:
            generate()
        case ["check", directory]:
            check(pathlib.Path(directory))
        case _:
            sys.exit(__doc__)
