"""Where are Radford's six after each step? Plain arithmetic from the forms that docs/src/races.md gives.

    python docs/oracles/races/trajectories.py examples/tests/all/races

writes a file per landscape: a line with the optimizer's name, then a line with x and y for every frame. A trajectory ends
early where its numbers do.
"""

import sys
from pathlib import Path

import numpy as np


def beale(x, y):
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3
    slope = [2 * a * (y - 1) + 2 * b * (y**2 - 1) + 2 * c * (y**3 - 1), 2 * a * x + 4 * b * x * y + 6 * c * x * y**2]
    return a**2 + b**2 + c**2, np.array(slope)


def valley(x, y):
    return 5 * x**2 - y**2, np.array([10 * x, -2 * y])


def saddle(x, y):
    return x**3 - 3 * x * y**2, np.array([3 * x**2 - 3 * y**2, -6 * x * y])


EPSILON = 1e-6
KEPT = 0.95


def descent(rate):
    while True:
        g = yield
        yield -rate * g


def heavy_ball(rate):
    v = 0
    while True:
        g = yield
        v = KEPT * v - rate * g
        yield v


def look_ahead(rate):
    v = 0
    while True:
        g = yield
        v = KEPT * v - rate * g
        yield KEPT * v - rate * g


def adagrad(rate):
    s = 0
    while True:
        g = yield
        s = s + g**2
        yield -rate * g / np.sqrt(s + EPSILON)


def adadelta(rate):
    a = d = 0
    while True:
        g = yield
        a = KEPT * a + (1 - KEPT) * g**2
        u = rate * g * np.sqrt(d + EPSILON) / np.sqrt(a + EPSILON)
        d = KEPT * d + (1 - KEPT) * u**2
        yield -u


def rmsprop(rate):
    v = 0
    while True:
        g = yield
        v = KEPT * v + (1 - KEPT) * g**2
        yield -rate * g / np.sqrt(v + EPSILON)


FIELD = [
    ("SGD", descent),
    ("Momentum", heavy_ball),
    ("NAG", look_ahead),
    ("Adagrad", adagrad),
    ("Adadelta", adadelta),
    ("RMSprop", rmsprop),
]
RACES = [
    ("beale", beale, (1.0, 1.6), 199, [0.001, 0.001, 0.001, 1.0, 5.0, 0.075]),
    ("valley", valley, (0.25, -1e-6), 199, [0.01, 0.01, 0.01, 0.05, 1.0, 0.01]),
    ("saddle", saddle, (-0.245, -0.5), 175, [0.005, 0.005, 0.005, 0.05, 1.0, 0.01]),
]


def trajectory(f, start, frames, steps):
    point = np.array(start)
    while frames > 0:
        value, g = f(*point)
        if not (np.isfinite(value) and np.all(np.isfinite(g))):
            return
        yield point
        next(steps)
        point = point + steps.send(g)
        frames -= 1


np.seterr(all="ignore")
for name, f, start, frames, rates in RACES:
    lines = []
    for (optimizer, steps), rate in zip(FIELD, rates):
        lines.append(optimizer)
        lines += [f"{float(x)!r} {float(y)!r}" for x, y in trajectory(f, start, frames, steps(rate))]
    (Path(sys.argv[1]) / f"{name}.txt").write_text("\n".join(lines) + "\n")
