"""Values and gradients of every elementwise operation that PyTorch has too; record.py describes the format.

    python docs/oracles/tape/elementwise.py > crates/tape/tests/all/oracle/elementwise.txt
"""

import torch
import torch.nn.functional as F
from record import record
from record import spread as fill

# An odd matrix among them, and an axis of length 1.
SHAPES = [(4,), (3, 3), (2, 1, 3)]


def spread(*arguments, **phase):
    """Three decimals, which keep the file small."""
    return torch.round(fill(*arguments, **phase), decimals=3)


class Digamma(torch.autograd.Function):
    """PyTorch's trigamma is right to 1e-10 only; its zeta function, of which that is a value, to 1e-15."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.digamma(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.special.zeta(torch.tensor(2.0), x)


class Trigamma(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.special.zeta(torch.tensor(2.0), x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return -2 * g * torch.special.zeta(torch.tensor(3.0), x)


# hardsigmoid and celu are written out: gradients of PyTorch's own have constants in single precision.
UNARY = [
    ("neg", torch.neg, -3, 3), ("recip", torch.reciprocal, 0.2, 3), ("abs", torch.abs, -3, 3),
    ("sign", torch.sign, -3, 3), ("floor", torch.floor, -3, 3), ("ceil", torch.ceil, -3, 3),
    ("round", torch.round, -3, 3), ("trunc", torch.trunc, -3, 3), ("fract", torch.frac, -3, 3),
    ("sqrt", torch.sqrt, 0.1, 4), ("rsqrt", torch.rsqrt, 0.1, 4), ("square", torch.square, -3, 3),
    ("exp", torch.exp, -3, 3), ("exp2", torch.exp2, -3, 3), ("exp_m1", torch.expm1, -3, 3),
    ("ln", torch.log, 0.1, 4), ("log2", torch.log2, 0.1, 4), ("log10", torch.log10, 0.1, 4),
    ("ln_1p", torch.log1p, -0.9, 4), ("sin", torch.sin, -3, 3), ("cos", torch.cos, -3, 3),
    ("tan", torch.tan, -1.2, 1.2), ("asin", torch.asin, -0.9, 0.9), ("acos", torch.acos, -0.9, 0.9),
    ("atan", torch.atan, -3, 3), ("sinh", torch.sinh, -3, 3), ("cosh", torch.cosh, -3, 3),
    ("tanh", torch.tanh, -3, 3), ("asinh", torch.asinh, -3, 3), ("acosh", torch.acosh, 1.2, 4),
    ("atanh", torch.atanh, -0.9, 0.9), ("to_degrees", torch.rad2deg, -3, 3), ("to_radians", torch.deg2rad, -180, 180),
    ("erf", torch.erf, -2, 2), ("erfc", torch.erfc, -2, 4), ("normal_cdf", torch.special.ndtr, -3, 3),
    ("lgamma", torch.lgamma, 0.2, 9), ("digamma", Digamma.apply, 0.2, 9), ("sinc", torch.sinc, -2.4, 2.4),
    ("sigmoid", torch.sigmoid, -4, 4), ("log_sigmoid", F.logsigmoid, -4, 4), ("silu", F.silu, -4, 4),
    ("mish", F.mish, -4, 4), ("gelu", F.gelu, -4, 4), ("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), -4, 4),
    ("selu", F.selu, -3, 3), ("softsign", F.softsign, -3, 3), ("tanh_shrink", F.tanhshrink, -3, 3),
    ("relu", F.relu, -3, 3), ("relu6", F.relu6, -2, 8), ("hard_sigmoid", lambda x: F.relu6(x + 3) / 6, -5, 5),
    ("hard_swish", F.hardswish, -5, 5), ("powi", lambda x: x ** 5, -2, 2), ("powi_neg", lambda x: x ** -3, 0.3, 2),
    ("leaky_relu_number", lambda x: F.leaky_relu(x, 0.2), -3, 3), ("elu_number", lambda x: F.elu(x, 1.3), -3, 3),
    ("celu_number", lambda x: torch.where(x > 0, x, 1.3 * torch.expm1(x / 1.3)), -3, 3), ("softplus_number", lambda x: F.softplus(x, beta=1.5), -4, 4),
    ("soft_shrink_number", lambda x: F.softshrink(x, 0.7), -3, 3),
    ("hard_shrink_number", lambda x: F.hardshrink(x, 0.7), -3, 3), ("threshold", lambda x: F.threshold(x, 0.4, -1.5), -3, 3),
    ("hard_tanh", lambda x: F.hardtanh(x, -0.8, 1.1), -3, 3), ("clamp_number", lambda x: x.clamp(-0.8, 1.1), -3, 3),
    ("polygamma1", Trigamma.apply, 0.3, 6), ("polygamma3", lambda x: torch.polygamma(3, x), 0.8, 6),
    ("powf_number", lambda x: x ** 2.3, 0.2, 3), ("number_powf", lambda x: 1.7 ** x, -3, 3),
    ("rem_number", lambda x: torch.fmod(x, 0.7), -3, 3), ("remainder_number", lambda x: torch.remainder(x, 0.7), -3, 3),
]

# Name, function, range of a, range of b.
BINARY = [
    ("add", torch.add, (-3, 3), (-3, 3)), ("sub", torch.sub, (-3, 3), (-3, 3)), ("mul", torch.mul, (-3, 3), (-3, 3)),
    ("div", torch.div, (-3, 3), (0.2, 3)), ("rem", torch.fmod, (-3, 3), (0.9, 1.1)),
    ("remainder", torch.remainder, (-3, 3), (-1.1, -0.9)), ("powf", torch.pow, (0.2, 3), (-2, 3)),
    ("atan2", torch.atan2, (-3, 3), (-3, 3)), ("hypot", torch.hypot, (-3, 3), (-3, 3)),
    ("maximum", torch.maximum, (-3, 3), (-3, 3)), ("minimum", torch.minimum, (-3, 3), (-3, 3)),
    ("max", torch.fmax, (-3, 3), (-3, 3)), ("min", torch.fmin, (-3, 3), (-3, 3)),
    ("copysign", torch.copysign, (-3, 3), (-3, 3)), ("logaddexp", torch.logaddexp, (-3, 3), (-3, 3)),
    ("xlogy", torch.xlogy, (-3, 3), (0.2, 4)), ("leaky_relu", torch.prelu, (-3, 3), (0.1, 0.5)),
    ("clamp_min", torch.clamp_min, (-3, 3), (-3, 3)), ("clamp_max", torch.clamp_max, (-3, 3), (-3, 3)),
]

for shape in SHAPES:
    for name, function, low, high in UNARY:
        record(name, function, spread(shape, low, high))
    for name, function, a, b in BINARY:
        if name == "leaky_relu":
            # PyTorch has one slope a channel, which is the second axis.
            slopes = spread((1 if len(shape) < 2 else shape[1],), *b)
            record(name, function, spread(shape, *a), slopes)
        else:
            record(name, function, spread(shape, *a), spread(shape, *b, phase=0.21))
    record("powf_broadcast", torch.pow, spread(shape, 0.2, 3), spread(shape[-1:], -2, 3, phase=0.4))
    record("lerp", torch.lerp, spread(shape, -3, 3), spread(shape, -2, 4, phase=0.3), spread(shape, -0.5, 1.5, phase=0.6))
    record("clamp", torch.clamp, spread(shape, -3, 3), spread(shape, -2, -0.5, phase=0.3), spread(shape, 0.5, 2, phase=0.6))
    record("mul_add", lambda x, a, b: x * a + b, *(spread(shape, -3, 3, phase=phase) for phase in (0, 0.3, 0.6)))
    record("select", lambda x, a, b: torch.where(x > 0.5, a, b), *(spread(shape, -3, 3, phase=phase) for phase in (0, 0.3, 0.6)))
for shape, dim in [((6,), 0), ((4, 3), -2), ((2, 3, 2), 2)]:
    record(f"glu_{dim}", lambda x, dim=dim: F.glu(x, dim), spread(shape, -3, 3))
