"""What the oracle scripts of this directory share: running PyTorch 2.15 on a case and writing down what it computes.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 numpy
    venv/bin/python crates/nn/tests/all/pytorch/NAME.py

A script writes the file of its own name beside it. A case begins with the line `case NAME`. Every further line is an
array: its name, its shape as 2x3 (- for a number), and its elements row by row, written so that reading them gives the
same f64, booleans as 1 and 0. Parameters and buffers go by PyTorch's names; `gradient.` stands before the name of what was differentiated
with respect to, `upstream.` before the name of the output that arrives from above with these numbers, `after.` before
that of a buffer which the forward pass changed.
"""

import sys
from pathlib import Path

import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

_lines = []


def _write(name, array):
    shape = "x".join(map(str, array.shape)) or "-"
    elements = (repr(+element) for element in array.detach().flatten().tolist())
    _lines.append(" ".join([name, shape, *elements]))


def case(name, forward, module=None, **inputs):
    """Runs `forward` on the inputs, in their order, and records outputs and gradients.

    `forward` is a module, or a function that uses `module`, and returns a tensor, recorded as `output`, or a dictionary
    of tensors. An input of integers or booleans is a constant; every other is differentiated with respect to.
    """
    module = forward if isinstance(forward, torch.nn.Module) else module
    parameters = dict(module.named_parameters()) if module is not None else {}
    buffers = dict(module.named_buffers()) if module is not None else {}
    _lines.append(f"case {name}")
    for key, array in {**parameters, **buffers}.items():
        _write(key, array)
    before = {key: array.clone() for key, array in buffers.items()}
    leaves = {}
    for key, array in inputs.items():
        _write(key, array)
        leaves[key] = array.clone().requires_grad_() if array.is_floating_point() else array
    outputs = forward(*leaves.values())
    if isinstance(outputs, torch.Tensor):
        outputs = {"output": outputs}
    root = 0.0
    for key, output in outputs.items():
        upstream = torch.randn_like(output)
        _write(key, output)
        _write(f"upstream.{key}", upstream)
        root = root + (output * upstream).sum()
    root.backward()
    for key, leaf in {**leaves, **parameters}.items():
        if leaf.requires_grad:
            gradient = leaf.grad if leaf.grad is not None else torch.zeros_like(leaf)
            _write(f"gradient.{key}", gradient)
    for key, array in before.items():
        if not torch.equal(array, buffers[key]):
            _write(f"after.{key}", buffers[key])


def save():
    """Writes the recorded cases beside the script."""
    path = Path(sys.argv[0]).with_suffix(".txt")
    path.write_text("\n".join(_lines) + "\n", encoding="ascii")
