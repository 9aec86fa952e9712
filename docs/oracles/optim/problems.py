"""Which problems are the optimizers compared on? The same ones, by name, as in crates/optim/tests/all/trajectories.rs.

Each returns the parameters to start from, a list of arrays, and the gradient there: of the parameters in step t, None
for one that the loss does not reach in that step.
"""

import numpy as np

STEPS = 50
RECORDED = [1, 2, 12, 50]


def quadratic():
    """Half of the sum of a (x - c)^2, from 0."""
    a, c = np.array([1.0, 40.0, 400.0]), np.array([1.0, -2.0, 3.0])
    return [np.zeros(3)], lambda params, t: [a * (params[0] - c)]


def rosenbrock():
    """(1 - x)^2 + 100 (y - x^2)^2, from (-1.2, 1)."""

    def gradient(params, t):
        x, y = params[0].tolist()
        return [np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])]

    return [np.array([-1.2, 1.0])], gradient


def network():
    """2-3-2 with tanh, mean squared error on four points: W1 [3, 2], b1 [3], W2 [2, 3], b2 [2]."""
    start = np.sin(0.7 * np.arange(17) + 0.3)
    shapes = [(3, 2), (3,), (2, 3), (2,)]
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    params = [part.reshape(shape).copy() for part, shape in zip(np.split(start, ends[:-1]), shapes)]
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])

    def gradient(params, t):
        w1, b1, w2, b2 = params
        hidden = np.tanh(x @ w1.T + b1)
        out = 2.0 * (hidden @ w2.T + b2 - y) / y.size
        inner = (out @ w2) * (1.0 - hidden**2)
        return [inner.T @ x, inner.sum(0), out.T @ hidden, out.sum(0)]

    return params, gradient


def sequence():
    """Gradients that are given. The second parameter is first reached at step 10, and not at every fourth step."""
    first, second = np.array([[0.5, -1.0, 2.0], [0.0, 1.5, -0.25]]), np.array([1.0, 0.0, -1.0])

    def gradient(params, t):
        g = np.array([((7 * t + 3 * i) % 11 - 5) / 8 for i in range(9)])
        return [g[:6].reshape(2, 3), g[6:] if t >= 10 and t % 4 != 0 else None]

    return [first, second], gradient


def record(case, problem, make):
    """Runs `make(params)`, which returns `step(params, gradients, t)` in place, and prints what the test reads."""
    params, gradient = problem()
    step = make(params)
    # From step 46 on, Rprop follows the sign of what the hyperbolic tangent of a saturated node was rounded by: one unit in
    # its last place makes another path there, and none before.
    rounding = (case, problem.__name__) == ("rprop", "network")
    recorded = RECORDED[:-1] + [40] if rounding else RECORDED
    for t in range(1, STEPS + 1):
        step(params, gradient(params, t), t)
        if t in recorded:
            values = np.concatenate([np.ravel(param) for param in params])
            assert np.abs(values).max() < 100, (case, problem.__name__, values)
            print(case, problem.__name__, t, *map(repr, values.tolist()))
