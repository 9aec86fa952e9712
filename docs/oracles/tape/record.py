"""What the oracle scripts of this directory share: running PyTorch on a case and printing it as one line.

    pip install torch==2.15
    python docs/oracles/tape/NAME.py > crates/tape/tests/all/oracle/NAME.txt

A line is: name | inputs | output | adjoint of the output | gradients of the inputs, all f64. An array is its shape, as
2x3, and its elements row by row; arrays of one field are separated by semicolons; a gradient that PyTorch does not
compute is a dash. The tests find a case's operation by its name: a change here is a change there.
"""

import torch

torch.set_default_dtype(torch.float64)

# Three shapes that every operation is tried at: a vector, an odd matrix, and one with more axes.
SHAPES = [(5,), (3, 4), (2, 3, 2)]


def spread(shape, low, high, phase=0.0):
    """Elements that fill an interval evenly, in an order that is the same everywhere: no generator needed."""
    size = 1
    for length in shape:
        size *= length
    golden = 0.6180339887498949
    steps = [(golden * (i + 1) + phase) % 1.0 for i in range(size)]
    return torch.tensor([low + (high - low) * step for step in steps]).reshape(shape)


def array(tensor):
    shape = "x".join(str(length) for length in tensor.shape)
    return " ".join([shape or "scalar", *(repr(value) for value in tensor.detach().flatten().tolist())])


def record(name, function, *inputs):
    """Prints what PyTorch computes: the value, and the gradients under an adjoint that is not 1."""
    inputs = [x.detach().clone().requires_grad_(True) for x in inputs]
    output = function(*inputs)
    adjoint = spread(tuple(output.shape), -1.5, 2.0, phase=0.37)
    gradients = torch.autograd.grad(output, inputs, adjoint, allow_unused=True)
    fields = [
        name,
        " ; ".join(array(x) for x in inputs),
        array(output),
        array(adjoint),
        " ; ".join("-" if gradient is None else array(gradient) for gradient in gradients),
    ]
    print(" | ".join(fields))
