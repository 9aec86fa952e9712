"""Writes the files beside it, as NumPy and PyTorch write them: numpy 2, torch 2.15, safetensors (Python).

    python generate.py

The numbers are 0, 0.5, 1, ... in the order of a parameter's elements, `[2, 3]` for `0.weight`, `[3]` for `0.bias`.
"""

import pathlib

import numpy
import safetensors.torch
import torch

here = pathlib.Path(__file__).parent
weight = numpy.arange(6, dtype=numpy.float32).reshape(2, 3) / 2
bias = numpy.arange(6, 9, dtype=numpy.float32) / 2

numpy.savez(here / "plain.npz", **{"0.weight": weight, "0.bias": bias})
numpy.savez_compressed(here / "compressed.npz", **{"0.weight": weight, "0.bias": bias})
numpy.savez(here / "orders.npz", **{"0.weight": numpy.asfortranarray(weight).astype(">f4"), "0.bias": bias.astype("<f2")})

tensors = {
    "0.weight": torch.tensor(weight).to(torch.bfloat16),
    "0.bias": torch.tensor(bias).to(torch.float16),
    "num_batches_tracked": torch.tensor(7),
}
safetensors.torch.save_file(tensors, here / "pytorch.safetensors")
