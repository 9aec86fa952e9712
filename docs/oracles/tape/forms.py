"""Forms of tensors, joining and slicing, and what PyTorch has under no name of its own but computes all the same, for
crates/tape/tests/all/oracle/forms.txt.

    python docs/oracles/tape/forms.py > crates/tape/tests/all/oracle/forms.txt
"""

import torch
import torch.nn.functional as F

from record import SHAPES, record, spread


def short(shape, low=-2.0, high=2.0, phase=0.0):
    """Multiples of 1/64, which take few digits to print."""
    return (64 * spread(shape, low, high, phase)).round() / 64


def at(name, function, *cases, low=-2.0, high=2.0):
    for shapes in cases:
        record(name, function, *(short(shape, low, high, 0.21 * i) for i, shape in enumerate(shapes)))


MATRICES = [[(2, 3)], [(3, 1)], [(2, 3, 4)]]
ANY = [[shape] for shape in SHAPES]

at("reshape", lambda x: x.reshape(-1, 2), [(4,)], [(3, 4)], [(2, 3, 2)])
at("permute", lambda x: x.permute(2, 0, 1), [(2, 3, 4)], [(1, 3, 2)], [(3, 2, 1)])
at("transpose", lambda x: x.transpose(0, -1), *MATRICES)
at("t", lambda x: x.mT, *MATRICES)
at("unsqueeze", lambda x: x.unsqueeze(-1), *ANY)
at("squeeze", lambda x: x.squeeze(1), [(2, 1)], [(3, 1, 2)], [(1, 1, 4)])
at("concat", lambda *x: torch.cat(x, 0), [(2,), (3,)], [(1, 3), (2, 3)], [(2, 2, 1), (1, 2, 1), (3, 2, 1)])
at("concat twice the same", lambda x: torch.cat([x, x], -1), *ANY)
at("stack", lambda *x: torch.stack(x, 1), [(3,), (3,)], [(2, 3), (2, 3)], [(2, 1, 2), (2, 1, 2), (2, 1, 2)])
at("slice", lambda x: x[1:3], *[[(5,)], [(3, 4)], [(4, 1, 2)]])
at("slice steps", lambda x: x[..., 1::2], *ANY)
# PyTorch has no negative steps.
at("slice backwards", lambda x: x.flip(-1)[..., ::2], *ANY)
at("slice empty", lambda x: x[..., 1:1], *ANY)
at("at", lambda x: x.flatten()[0] * x.flatten()[-1], *MATRICES)
at("stack_vars", lambda x: torch.stack([x.flatten()[-1], x.flatten()[0], x.flatten()[-1]]), *MATRICES)
at("overlap_add", lambda x: torch.stack([x[0], x[1] + x[3], x[2] + x[4], x[5]]), [(6,)], [(6, 2)], [(6, 1, 3)])


def lstsq(a, b):
    """By the normal equations, because PyTorch's own has no derivative where there are fewer rows than columns."""
    return torch.linalg.solve(a.mT @ a, a.mT @ b)


at("lstsq", lstsq, [(3, 2), (3, 1)], [(4, 1), (4, 2)], [(2, 3, 2), (2, 3, 2)])
at("solve vector", lambda a, b: torch.linalg.solve(a + 3 * torch.eye(a.shape[-1]), b), [(1, 1), (1,)], [(2, 2), (2,)], [(3, 3), (3,)])

at("cbrt", lambda x: x.sign() * x.abs().pow(1 / 3), *ANY)
at("signum", torch.sign, *ANY)
at("log", lambda a, b: a.log() / b.log(), [(5,), (5,)], [(3, 4), (4,)], [(2, 1, 2), (3, 1)], low=1.25, high=4.0)
at("abs_sub", lambda a, b: F.relu(a - b), [(5,), (5,)], [(3, 4), (4,)], [(2, 1, 2), (3, 1)])
at("global_avg_pool", lambda x: x.mean((-2, -1)), [(1, 2, 2, 2)], [(2, 1, 3, 1)], [(1, 1, 2, 3)])
at("global_max_pool", lambda x: x.amax((-2, -1)), [(1, 2, 2, 2)], [(2, 1, 3, 1)], [(1, 1, 2, 3)])
