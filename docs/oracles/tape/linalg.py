"""PyTorch's values and gradients of linear algebra, in forms that do not depend on the signs of vectors.

    python docs/oracles/tape/linalg.py > crates/tape/tests/all/oracle/linalg.txt
"""

import torch
from record import record, spread
from torch import linalg

SQUARE = [(2, 2), (3, 3), (2, 3, 3)]
OBLONG = [(4, 2), (2, 3), (2, 3, 2)]


def regular(shape):
    return spread(shape, -1.0, 1.0) + 2.0 * torch.eye(shape[-1])


def definite(x):
    return x @ x.mT + torch.eye(x.shape[-1])


def flat(*tensors):
    return torch.cat([tensor.flatten() for tensor in tensors])


def eigh(x):
    values, vectors = linalg.eigh((x + x.mT) / 2)
    return flat(values, vectors * vectors)


def svd(x):
    u, s, vt = linalg.svd(x, full_matrices=False)
    return flat(s, u * u, vt * vt, u @ vt)


def qr(x):
    q, r = linalg.qr(x)
    signs = torch.sign(torch.diagonal(r, dim1=-2, dim2=-1)).detach()
    return flat(q * signs.unsqueeze(-2), r * signs.unsqueeze(-1))


for shape in SQUARE:
    right = spread((*shape[:-1], 2), -2.0, 2.0, phase=0.2)
    a = regular(shape)
    record("solve", linalg.solve, a, right)
    record("inverse", linalg.inv, a)
    record("det", linalg.det, a)
    record("slogdet", lambda x: linalg.slogdet(x).logabsdet, a)
    record("cholesky", lambda x: linalg.cholesky(definite(x)), a)
    record("eigh", eigh, a)
    for upper in (False, True):
        for unit in (False, True):
            name = f"{'upper' if upper else 'lower'}{'_unit' if unit else ''}"
            solve = lambda a, b: linalg.solve_triangular(a, b, upper=upper, unitriangular=unit)
            record(name, solve, a, right)

for shape in OBLONG:
    x = spread(shape, -2.0, 2.0, phase=0.1)
    record("qr", qr, x)
    record("svd", svd, x)
    record("pinv", linalg.pinv, x)
