"""How long the scalar functions take in CasADi: `casadi_scalars.py`, value and gradient from its virtual machine.

A function reads and writes arrays in place, without copies on Python's side; small ones take many points at once, through
`map`.
"""

import casadi
import numpy as np

from serve import serve

SIZES = {"": (10_000, 1), "-batch": (10_000, 16), "-small": (10, 1_000)}


def rosenbrock(x):
    return casadi.sum1((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2)


def transcendental(x):
    return casadi.sum1(casadi.sin(x) * casadi.exp(0.1 * x + 1) + casadi.log(1 + x**2))


FUNCTIONS = {"rosenbrock": rosenbrock, "transcendental": transcendental}


def make(work):
    function, _, _ = work.partition("-")
    n, points = SIZES[work.removeprefix(function)]
    x = casadi.SX.sym("x", n)
    y = FUNCTIONS[function](x)
    f = casadi.Function("f", [x], [y, casadi.gradient(y, x)])
    # So many points in a call: all of the small ones, one of the large ones, which a mapped function is slower for.
    at_once = points if n < 100 else 1
    f = f.map(at_once)
    at = (0.5 + 0.1 * (np.arange(n * points) * 7 % 13) / 13).reshape(-1, n * at_once)
    values, gradients = np.zeros((len(at), at_once)), np.zeros_like(at)
    buffer, evaluate = f.buffer()
    # CasADi keeps none of these alive.
    views = [[memoryview(array) for array in arrays] for arrays in zip(at, values, gradients)]

    def run(alive=f):
        for x, value, gradient in views:
            buffer.set_arg(0, x)
            buffer.set_res(0, value)
            buffer.set_res(1, gradient)
            evaluate()
        return values.sum(), gradients.ravel()

    return run


serve(f"CasADi {casadi.__version__}", [f + size for f in FUNCTIONS for size in SIZES], make)
