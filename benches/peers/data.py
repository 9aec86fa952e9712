"""What the training steps start from: weights and mini-batches by the formulas of `benches/src/steps.rs`, worked out anew.

Whoever computes the same first losses as Wengert from these does the same work.
"""

import numpy as np

BATCHES = 16
# Input shape, number of classes (or of values, for a regression).
SHAPES = {
    "mlp-small": ((32, 2), 1),
    "mlp-medium": ((64, 64), 10),
    "mlp-large": ((128, 784), 10),
    "lenet": ((64, 1, 28, 28), 10),
    "lstm": ((32, 32, 32), 32),
    "transformer": ((16, 64, 64), 32),
}


def weight(shape):
    """A parameter of several axes: element j is ((37 j + 11) mod 101 / 101 - 1/2) / sqrt(product of all axes but the first)."""
    j = np.arange(np.prod(shape))
    scale = np.sqrt(np.float32(np.prod(shape[1:])))
    return (((37 * j + 11) % 101 / np.float32(101) - np.float32(0.5)) / scale).astype(np.float32).reshape(shape)


def batches(work):
    """Inputs and targets of all mini-batches: values for the regression, classes for all others, one for each token."""
    shape, classes = SHAPES[work]
    return [batch(shape, classes, k) for k in range(BATCHES)]


def batch(shape, classes, k):
    x = ((31 * np.arange(np.prod(shape)) + 7 * k) % 97 / np.float32(97)).astype(np.float32).reshape(shape)
    if classes == 1:
        y = ((13 * np.arange(shape[0]) + k) % 11 / np.float32(11)).astype(np.float32).reshape(-1, 1)
        return x, y
    rows = shape[:2] if len(shape) == 3 else shape[:1]
    j = np.arange(np.prod(rows))
    return x, ((7 * j + 3 * (j // 10) + k) % classes).reshape(rows)
