"""How long the scalar functions take in CasADi: `casadi_scalars.py`, value and gradient from its virtual machine.

A function is evaluated in buffers that it keeps, without copies on Python's side; at several points through `map`.
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
    if points > 1:
        f = f.map(points)
    at = 0.5 + 0.1 * (np.arange(n * points) * 7 % 13) / 13
    values, gradient = np.zeros(points), np.zeros(n * points)
    buffer, evaluate = f.buffer()
    # CasADi keeps none of these alive: the function below does.
    views = memoryview(at), memoryview(values), memoryview(gradient)
    buffer.set_arg(0, views[0])
    buffer.set_res(0, views[1])
    buffer.set_res(1, views[2])

    def run(alive=(f, buffer, views)):
        evaluate()
        return values.sum(), gradient

    return run


serve(f"CasADi {casadi.__version__}", [f + size for f in FUNCTIONS for size in SIZES], make)
