"""Products in all their forms: what PyTorch computes, for crates/tape/tests/all/oracle/products.txt.

    python docs/oracles/tape/products.py > crates/tape/tests/all/oracle/products.txt
"""

import torch

from record import record, spread


def short(shape, phase):
    """Multiples of 1/64, which take few digits to print."""
    return (64 * spread(shape, -2.0, 2.0, phase)).round() / 64


def at(name, function, *cases):
    for shapes in cases:
        record(name, function, *(short(shape, 0.21 * i) for i, shape in enumerate(shapes)))


# All forms that NumPy's matmul has: vectors, matrices, batches, batches that broadcast, and inner lengths of 1 and 0.
at("matmul vectors", torch.matmul, [(1,), (1,)], [(3,), (3,)], [(5,), (5,)])
at("matmul vector left", torch.matmul, [(3,), (3, 2)], [(2,), (2, 2, 4)], [(1,), (3, 1, 2)])
at("matmul vector right", torch.matmul, [(2, 3), (3,)], [(2, 4, 2), (2,)], [(3, 2, 1), (1,)])
at("matmul", torch.matmul, [(2, 3), (3, 4)], [(1, 5), (5, 1)], [(3, 1), (1, 2)])
at("matmul empty", torch.matmul, [(2, 0), (0, 3)], [(0, 2), (2, 3)], [(2, 3, 0), (0, 1)])
at("matmul batch", torch.matmul, [(2, 2, 3), (2, 3, 2)], [(3, 1, 2), (3, 2, 1)], [(2, 2, 1, 3), (2, 2, 3, 2)])
at("matmul broadcast", torch.matmul, [(2, 2, 3), (3, 2)], [(2, 3), (2, 3, 2)], [(3, 1, 2, 2), (2, 2, 3)])
at("matmul left turned", lambda a, b: a.mT @ b, [(3, 2), (3, 4)], [(2, 3, 2), (3, 1)], [(1, 3), (2, 1, 2)])
at("matmul right turned", lambda a, b: a @ b.mT, [(2, 3), (4, 3)], [(2, 2, 3), (1, 3)], [(3, 1), (2, 2, 1)])
at("matmul both turned", lambda a, b: a.mT @ b.mT, [(3, 2), (4, 3)], [(2, 3, 2), (1, 3)], [(1, 3), (2, 2, 1)])
at("matmul with itself", lambda a: a @ a.mT, [(2, 3)], [(3, 1)], [(2, 2, 2)])

at("dot", torch.dot, [(1,), (1,)], [(3,), (3,)], [(6,), (6,)])
at("outer", torch.outer, [(1,), (3,)], [(3,), (2,)], [(4,), (4,)])
at("trace", lambda x: x.diagonal(dim1=-2, dim2=-1).sum(-1), [(3, 3)], [(2, 4)], [(2, 3, 2)])

# Named axes: transposes, diagonals, traces and sums of one operand, products of two and of three, batches, and indices
# that repeat within an operand and between operands.
EINSUM = {
    "ij->ji": [[(2, 3)], [(3, 1)], [(2, 2)]],
    "ii->i": [[(2, 2)], [(3, 3)], [(1, 1)]],
    "ii->": [[(2, 2)], [(3, 3)], [(1, 1)]],
    "iji->j": [[(2, 3, 2)], [(3, 1, 3)], [(1, 2, 1)]],
    "ijk->ik": [[(2, 3, 2)], [(1, 2, 3)], [(3, 2, 1)]],
    "i,i->": [[(3,), (3,)], [(1,), (1,)], [(5,), (5,)]],
    "i,j->ij": [[(3,), (2,)], [(1,), (4,)], [(2,), (2,)]],
    "ij,jk": [[(2, 3), (3, 2)], [(1, 2), (2, 1)], [(3, 3), (3, 1)]],
    "ij,ij->ij": [[(2, 3), (2, 3)], [(1, 2), (1, 2)], [(3, 2), (3, 2)]],
    "ii,ij->j": [[(2, 2), (2, 3)], [(3, 3), (3, 1)], [(1, 1), (1, 2)]],
    "ii,jj->ij": [[(2, 2), (3, 3)], [(1, 1), (2, 2)], [(3, 3), (1, 1)]],
    "bij,bjk->bik": [[(2, 2, 3), (2, 3, 2)], [(1, 2, 2), (1, 2, 1)], [(3, 1, 2), (3, 2, 2)]],
    "bhqd,bhkd->bhqk": [[(1, 2, 2, 3), (1, 2, 3, 3)], [(2, 1, 1, 2), (2, 1, 2, 2)], [(1, 1, 3, 1), (1, 1, 2, 1)]],
    "...ij,jk->...ik": [[(2, 2, 3), (3, 2)], [(2, 3), (3, 1)], [(2, 1, 1, 2), (2, 2)]],
    "ij,jk,kl->il": [[(2, 3), (3, 2), (2, 2)], [(1, 2), (2, 1), (1, 3)], [(2, 2), (2, 2), (2, 2)]],
    "ij,jj,j->i": [[(2, 3), (3, 3), (3,)], [(1, 2), (2, 2), (2,)], [(3, 1), (1, 1), (1,)]],
    "a,ab,b->": [[(2,), (2, 3), (3,)], [(1,), (1, 2), (2,)], [(3,), (3, 3), (3,)]],
}
for equation, cases in EINSUM.items():
    at(f"einsum {equation}", lambda *x, equation=equation: torch.einsum(equation, *x), *cases)
