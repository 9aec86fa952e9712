"""Reductions, scans, indexing and shape operations: what PyTorch computes, for crates/tape/tests/all/oracle/structure.txt.

    python docs/oracles/tape/structure.py > crates/tape/tests/all/oracle/structure.txt
"""

import torch
import torch.nn.functional as F

from record import SHAPES, record, spread


def short(x):
    """Rounded to multiples of 1/64, which take few digits to print."""
    return (64 * x).round() / 64


def at_shapes(name, function, low=-2.0, high=2.0, shapes=SHAPES):
    for shape in shapes:
        record(name, function, short(spread(shape, low, high)))


def indices(shape, length):
    """Indices below a length that repeat; the same formula is in the test."""
    size = 1
    for axis in shape:
        size *= axis
    return torch.tensor([(7 * i + 3) % length for i in range(size)]).reshape(shape)


def with_zeros(x):
    """Every third element becomes 0, without gradient: products then have zeros to cope with."""
    mask = (torch.arange(x.numel()) % 3 == 1).reshape(x.shape)
    return x.masked_fill(mask, 0.0)


# Reductions.
at_shapes("sum", lambda x: x.sum(-1))
at_shapes("mean", lambda x: x.mean(0, keepdim=True))
at_shapes("prod", lambda x: x.prod(-1))
at_shapes("prod all", lambda x: x.prod())
at_shapes("prod with zeros", lambda x: with_zeros(x).prod(-1))
at_shapes("var", lambda x: x.var(-1))
at_shapes("var uncorrected", lambda x: x.var(-1, correction=0, keepdim=True))
at_shapes("std", lambda x: x.std())
at_shapes("std axis", lambda x: x.std(-1))
at_shapes("max", lambda x: x.max())
at_shapes("min", lambda x: x.min())
at_shapes("max axis", lambda x: x.max(-1).values)
at_shapes("min axis", lambda x: x.min(0).values)
at_shapes("amax", lambda x: x.amax(-1, keepdim=True))
at_shapes("amin", lambda x: x.amin(0))
at_shapes("logsumexp", lambda x: x.logsumexp(-1))
at_shapes("logsumexp large", lambda x: (500 * x).logsumexp(-1))
at_shapes("softmax", lambda x: x.softmax(-1))
at_shapes("softmax first", lambda x: x.softmax(0))
at_shapes("log_softmax", lambda x: x.log_softmax(0))
for p in [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, float("inf"), float("-inf")]:
    at_shapes(f"norm {p}", lambda x, p=p: torch.linalg.vector_norm(x, p, -1))
    record(f"norm {p}", lambda x, p=p: torch.linalg.vector_norm(x, p, -1), torch.zeros(2, 3))
at_shapes("norm all", lambda x: torch.linalg.vector_norm(x))
at_shapes("median", lambda x: x.median(-1).values)
at_shapes("median all", lambda x: x.median())
at_shapes("quantile", lambda x: x.quantile(0.3, -1))

# Scans and orders.
at_shapes("cumsum", lambda x: x.cumsum(-1))
at_shapes("cumsum first", lambda x: x.cumsum(0))
at_shapes("cumprod", lambda x: x.cumprod(-1))
at_shapes("cumprod with zeros", lambda x: with_zeros(x).cumprod(-1))
at_shapes("cummax", lambda x: x.cummax(-1).values)
at_shapes("cummin", lambda x: x.cummin(0).values)
at_shapes("logcumsumexp", lambda x: (3 * x).logcumsumexp(-1))
at_shapes("sort", lambda x: x.sort(stable=True, dim=-1).values)
at_shapes("sort descending", lambda x: x.sort(stable=True, dim=0, descending=True).values)
at_shapes("top_k", lambda x: x.topk(2, -1).values)
at_shapes("top_k smallest", lambda x: x.topk(2, 0, largest=False).values)

# Picking and putting.
at_shapes("select", lambda x: x.select(-1, -2))
at_shapes("narrow", lambda x: x.narrow(-1, 1, 1))
at_shapes("flip", lambda x: x.flip(-1))
at_shapes("roll", lambda x: x.roll(2, -1))
at_shapes("gather", lambda x: x.gather(0, indices((3, *x.shape[1:]), x.shape[0])))
at_shapes("gather short", lambda x: x.gather(-1, indices(tuple(1 if x.dim() > 1 else 2 for _ in x.shape), x.shape[-1])))
at_shapes("index_select", lambda x: x.index_select(0, indices((4,), x.shape[0])))
at_shapes("take", lambda x: x.take(indices((2, 2), x.numel())))
at_shapes("embedding", lambda x: F.embedding(indices((2, 2), x.shape[0]), x.reshape(x.shape[0], -1)))
at_shapes("masked_fill", lambda x: x.masked_fill(x > 0.5, 7.0))
at_shapes("masked_select", lambda x: x.masked_select(x < 1.0))
for shape in SHAPES:
    x, rows = short(spread(shape, -2.0, 2.0)), short(spread((3, *shape[1:]), -1.0, 1.0, 0.2))
    places = torch.tensor([1, 0, 1])
    along = places.reshape(3, *[1] * (len(shape) - 1)).expand(3, *shape[1:])
    record("index_add", lambda x, r, places=places: x.index_add(0, places, r), x, rows)
    record("scatter_add", lambda x, r, along=along: x.scatter_add(0, along, r), x, rows)
    record("scatter", lambda x, r, along=along: x.scatter(0, along[1:], r[1:]), x, rows)

# Shapes.
at_shapes("flatten", lambda x: x.flatten())
at_shapes("unflatten", lambda x: x.flatten().unflatten(0, (1, -1)))
at_shapes("movedim", lambda x: x.movedim(0, -1))
at_shapes("repeat", lambda x: x.repeat(2, *[1] * (x.dim() - 1), 3))
at_shapes("repeat_interleave", lambda x: x.repeat_interleave(2, -1))
at_shapes("expand", lambda x: x.expand(2, *x.shape))
at_shapes("split", lambda x: x.split([1, x.shape[-1] - 1], -1)[1])
at_shapes("chunk", lambda x: x.chunk(2, -1)[0])
at_shapes("pad constant", lambda x: F.pad(x, (2, 1), value=1.5))
at_shapes("pad crop", lambda x: F.pad(x, (-1, 2)))
for mode, amounts in [("reflect", (1, 1)), ("replicate", (1, 2)), ("circular", (2, 1))]:
    # PyTorch pads in these ways only where there are channels.
    def pad(x, mode=mode, amounts=amounts):
        return F.pad(x.reshape(1, -1, x.shape[-1]), amounts, mode=mode).reshape(*x.shape[:-1], -1)

    at_shapes(f"pad {mode}", pad)
matrices = [(3, 3), (3, 4), (2, 4, 3)]
at_shapes("tril", lambda x: x.tril(-1), shapes=matrices)
at_shapes("triu", lambda x: x.triu(1), shapes=matrices)
at_shapes("diagonal", lambda x: x.diagonal(1, 0, -1), shapes=matrices)
at_shapes("diagonal below", lambda x: x.diagonal(-1, -1, 0), shapes=matrices)
at_shapes("diag_embed", lambda x: x.diag_embed(-1))
at_shapes("windows", lambda x: x.unfold(0, 2, 1))
at_shapes("windows apart", lambda x: x.unfold(-1, 2, 3))
