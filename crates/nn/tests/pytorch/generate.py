"""Writes what PyTorch computes for the cases of ../pytorch.rs, one file a case, beside this script.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 numpy
    venv/bin/python crates/nn/tests/pytorch/generate.py

A line is an array: its name, its shape as 2x3 (- for a number), and its elements row by row, written so that reading
them gives the same f64. Names of parameters are PyTorch's; `gradient.` stands before the name of what the output was
differentiated with respect to. Where the output is not a loss, it is weighted with `upstream` and summed first.
"""

from pathlib import Path

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
HERE = Path(__file__).parent


def write(case, arrays):
    with open(HERE / f"{case}.txt", "w", encoding="ascii") as file:
        for name, array in arrays.items():
            shape = "x".join(map(str, array.shape)) or "-"
            elements = " ".join(repr(element) for element in array.detach().flatten().tolist())
            file.write(f"{name} {shape} {elements}\n")


def case(name, model, x, loss=None, others=None):
    """The output for `x`, and the gradients of the loss, or of the output's weighted sum."""
    arrays = {"x": x, **dict(model.named_parameters()), **(others or {})}
    x = x.clone().requires_grad_()
    output = model(x)
    arrays["output"] = output
    if loss is None:
        arrays["upstream"] = upstream = torch.randn_like(output)
        root = (output * upstream).sum()
    else:
        root = loss(output)
        arrays["loss"] = root
        # Not 1, so that a loss which forgets what arrives from above is found out.
        root = 2.5 * root
    root.backward()
    arrays["gradient.x"] = x.grad
    arrays |= {f"gradient.{key}": parameter.grad for key, parameter in model.named_parameters()}
    write(name, arrays)


def main():
    torch.manual_seed(0)
    case("linear", nn.Linear(4, 3), torch.randn(2, 3, 4))
    case("linear_without_bias", nn.Linear(4, 3, bias=False), torch.randn(5, 4))

    # Both tails, both sides of 0, and 0 itself.
    points = torch.tensor([[-800.0, -40.0, -3.0, -0.1, 0.0], [1e-9, 0.1, 3.0, 40.0, 800.0]])
    for name, activation in [
        ("relu", nn.ReLU()),
        ("tanh", nn.Tanh()),
        ("sigmoid", nn.Sigmoid()),
        ("log_softmax", nn.LogSoftmax(dim=-1)),
        ("log_softmax_first_axis", nn.LogSoftmax(dim=0)),
    ]:
        case(name, activation, points)

    labels = torch.tensor([3, 0, 4, 4, 1, 2])
    network = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 6), nn.Tanh(), nn.Linear(6, 5))
    cross_entropy = lambda logits: nn.functional.cross_entropy(logits, labels)
    case("mlp_cross_entropy", network, torch.randn(6, 5), cross_entropy, {"labels": labels})

    target = torch.randn(6, 2)
    network = nn.Sequential(nn.Linear(3, 8), nn.Sigmoid(), nn.Linear(8, 2))
    case("mlp_mse", network, torch.randn(6, 3), lambda output: nn.functional.mse_loss(output, target), {"target": target})

    extreme = torch.tensor([[1e3, -1e3, 0.0], [1e300, 1e300, -1e300], [-745.0, 0.0, 709.0]])
    labels = torch.tensor([1, 0, 0])
    cross_entropy = lambda logits: nn.functional.cross_entropy(logits, labels)
    case("cross_entropy_extreme", nn.Identity(), extreme, cross_entropy, {"labels": labels})


main()
