"""Convolutions, pools, resizing and einsum: what PyTorch computes, for crates/tape/tests/all/oracle/convolution.txt.

    python docs/oracles/tape/convolution.py > crates/tape/tests/all/oracle/convolution.txt
"""

import torch
import torch.nn.functional as F

from record import record, spread


def short(x):
    """Rounded to multiples of 1/64, which take few digits to print."""
    return (64 * x).round() / 64


def at(name, function, *shapes):
    inputs = [short(spread(shape, -2.0, 2.0, 0.21 * i)) for i, shape in enumerate(shapes)]
    record(name, function, *inputs)


# Convolutions: plain, odd, in groups.
at("conv1d", lambda x, w: F.conv1d(x, w), (2, 2, 5), (3, 2, 2))
at("conv1d odd", lambda x, w: F.conv1d(F.pad(x, (2, 1)), w, stride=3, dilation=2), (1, 2, 6), (2, 2, 2))
at("conv1d groups", lambda x, w: F.conv1d(x, w, padding=1, groups=2), (2, 4, 4), (2, 2, 3))
at("conv2d", lambda x, w: F.conv2d(x, w), (2, 2, 3, 4), (2, 2, 2, 2))
at("conv2d odd", lambda x, w: F.conv2d(x, w, stride=(2, 3), padding=(1, 2), dilation=(2, 1)), (1, 2, 4, 5), (2, 2, 2, 2))
at("conv2d groups", lambda x, w: F.conv2d(x, w, stride=2, padding=1, groups=2), (1, 4, 3, 4), (4, 2, 3, 2))
at("conv3d", lambda x, w: F.conv3d(x, w), (1, 2, 2, 3, 3), (2, 2, 2, 2, 2))
at("conv3d odd", lambda x, w: F.conv3d(x, w, stride=(1, 2, 1), padding=(1, 0, 1), dilation=(2, 1, 1)), (1, 1, 2, 3, 2), (2, 1, 2, 2, 2))
at("conv3d groups", lambda x, w: F.conv3d(x, w, groups=2), (1, 2, 2, 2, 3), (4, 1, 1, 2, 2))
at("conv_transpose1d", lambda x, w: F.conv_transpose1d(x, w), (2, 2, 3), (2, 3, 2))
at("conv_transpose1d odd", lambda x, w: F.conv_transpose1d(x, w, stride=3, padding=1, output_padding=2, dilation=2), (1, 2, 3), (2, 2, 2))
at("conv_transpose1d groups", lambda x, w: F.conv_transpose1d(x, w, groups=2), (1, 4, 3), (4, 2, 2))
at("conv_transpose2d", lambda x, w: F.conv_transpose2d(x, w), (1, 2, 2, 3), (2, 2, 2, 2))
at("conv_transpose2d odd", lambda x, w: F.conv_transpose2d(x, w, stride=(2, 3), padding=(1, 0), output_padding=(1, 2)), (1, 2, 3, 2), (2, 1, 3, 2))
at("conv_transpose2d groups", lambda x, w: F.conv_transpose2d(x, w, stride=2, dilation=(1, 2), groups=2), (2, 2, 2, 2), (2, 2, 2, 2))
at("conv_transpose3d", lambda x, w: F.conv_transpose3d(x, w), (1, 2, 2, 2, 2), (2, 1, 1, 2, 2))
at("conv_transpose3d odd", lambda x, w: F.conv_transpose3d(x, w, stride=(1, 2, 1), padding=(0, 1, 0), output_padding=(0, 1, 0)), (1, 1, 2, 2, 2), (1, 2, 2, 2, 1))
at("conv_transpose3d groups", lambda x, w: F.conv_transpose3d(x, w, groups=2), (1, 2, 1, 2, 2), (2, 1, 2, 1, 2))

# Pools.
ROWS, IMAGES, CUBES = (2, 7), (2, 5, 4), (1, 3, 4, 3)
at("max_pool", lambda x: F.max_pool1d(x, 3, 2, 1, ceil_mode=True), ROWS)
at("max_pool", lambda x: F.max_pool2d(x, (3, 2), 2, (1, 0), dilation=(1, 2)), IMAGES)
at("max_pool", lambda x: F.max_pool3d(x, 2, 1), CUBES)
at("avg_pool", lambda x: F.avg_pool1d(x, 3, 2, 1, ceil_mode=True), ROWS)
at("avg_pool", lambda x: F.avg_pool2d(x, (3, 2), 2, (1, 0), ceil_mode=True), IMAGES)
at("avg_pool", lambda x: F.avg_pool3d(x, 2, 2, 1), CUBES)
at("avg_pool own", lambda x: F.avg_pool1d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False), ROWS)
at("avg_pool own", lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False), IMAGES)
at("avg_pool own", lambda x: F.avg_pool3d(x, 2, 2, 1, count_include_pad=False), CUBES)
at("adaptive_max_pool", lambda x: F.adaptive_max_pool1d(x, 3), ROWS)
at("adaptive_max_pool", lambda x: F.adaptive_max_pool2d(x, (2, 3)), IMAGES)
at("adaptive_max_pool", lambda x: F.adaptive_max_pool3d(x, 2), CUBES)
at("adaptive_avg_pool", lambda x: F.adaptive_avg_pool1d(x, 3), ROWS)
at("adaptive_avg_pool", lambda x: F.adaptive_avg_pool2d(x, (2, 3)), IMAGES)
at("adaptive_avg_pool", lambda x: F.adaptive_avg_pool3d(x, 2), CUBES)

# Resizing.
for shape, sizes, mode in [
    ((1, 2, 4), (7,), "linear"),
    ((1, 1, 3, 4), (2, 7), "bilinear"),
    ((1, 1, 2, 3, 2), (3, 2, 4), "trilinear"),
]:
    at("nearest", lambda x, sizes=sizes: F.interpolate(x, sizes, mode="nearest"), shape)
    at("linear", lambda x, sizes=sizes, mode=mode: F.interpolate(x, sizes, mode=mode), shape)
    at("corners", lambda x, sizes=sizes, mode=mode: F.interpolate(x, sizes, mode=mode, align_corners=True), shape)

# Einsum: the name is the equation.
for equation, *shapes in [
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
    ("iij->j", (3, 3, 2)),
    ("...ij,kj->...ki", (2, 2, 3), (2, 3)),
    ("ab,bc,ca", (2, 3), (3, 2), (2, 2)),
]:
    at(f"einsum {equation}", lambda *x, equation=equation: torch.einsum(equation, *x), *shapes)
