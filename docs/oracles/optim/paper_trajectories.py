"""Which way do the equations of the papers go, where neither PyTorch nor optax has the optimizer in that form?

    pip install numpy
    python docs/oracles/optim/paper_trajectories.py > crates/optim/tests/all/data/papers.txt

Lines are as in torch_trajectories.py. Everything is written from the papers' equations, for clarity alone.
"""

import numpy as np
from problems import network, quadratic, record, rosenbrock, sequence


def each(rule):
    """An optimizer that treats every parameter by itself: rule(state, theta, g, t) returns the new theta."""

    def start(params):
        states, counts = [{} for _ in params], [0] * len(params)

        def step(params, gradients, _):
            for index, gradient in enumerate(gradients):
                if gradient is not None:
                    counts[index] += 1
                    params[index][...] = rule(states[index], params[index], gradient, counts[index])

        return step

    return start


def average(state, name, beta, value):
    state[name] = beta * state.get(name, 0.0) + (1 - beta) * value
    return state[name]


def adan(eta, betas=(0.98, 0.92, 0.99), epsilon=1e-8, decay=0.0):
    """Xie et al., arXiv:2208.06677, Algorithm 1, with betas as what is kept."""

    def rule(state, theta, g, t):
        difference = g - state.get("before", g)
        state["before"] = g
        m = average(state, "m", betas[0], g) / (1 - betas[0] ** t)
        n = average(state, "n", betas[1], difference) / (1 - betas[1] ** t)
        s = average(state, "s", betas[2], (g + betas[1] * difference) ** 2) / (1 - betas[2] ** t)
        return (theta - eta * (m + betas[1] * n) / (np.sqrt(s) + epsilon)) / (1 + eta * decay)

    return each(rule)


def adam_direction(state, g, t, betas, epsilon):
    m = average(state, "m", betas[0], g) / (1 - betas[0] ** t)
    v = average(state, "v", betas[1], g * g) / (1 - betas[1] ** t)
    return m, m / (np.sqrt(v) + epsilon)


def inverse_root(matrix, power):
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(np.maximum(values, 0.0) ** (-1 / power)) @ vectors.T


def shampoo(eta, betas=(0.9, 0.999), epsilon=1e-8, matrix_epsilon=1e-6, start=25, every=100, decay=0.0):
    """Shi et al., arXiv:2309.06497, Algorithm 2: grafted to Adam, with averages; vectors are Adam's."""

    def rule(state, theta, g, t):
        m, u = adam_direction(state, g, t, betas, epsilon)
        if g.ndim == 2:
            correction = 1 - betas[1] ** t
            left = average(state, "left", betas[1], g @ g.T) / correction
            right = average(state, "right", betas[1], g.T @ g) / correction
            if t >= start:
                if (t - start) % every == 0:
                    state["roots"] = [inverse_root(a + matrix_epsilon * np.eye(len(a)), 4) for a in (left, right)]
                p = state["roots"][0] @ m @ state["roots"][1]
                u = p * (np.linalg.norm(u) / np.linalg.norm(p))
        return (1 - eta * decay) * theta - eta * u

    return each(rule)


def soap(eta, betas=(0.95, 0.95), epsilon=1e-8, every=10, decay=0.01):
    """Vyas et al., arXiv:2409.11321, Algorithm 3; the first step only finds the basis. Vectors are Adam's."""

    def rule(state, theta, g, t):
        matrix = g.ndim == 2
        if t == 1:
            if matrix:
                average(state, "left", betas[1], g @ g.T)
                average(state, "right", betas[1], g.T @ g)
                state["q"] = [np.linalg.eigh(state[side])[1][:, ::-1] for side in ("left", "right")]
            return theta
        t -= 1
        into = lambda x: state["q"][0].T @ x @ state["q"][1] if matrix else x
        out = lambda x: state["q"][0] @ x @ state["q"][1].T if matrix else x
        m = average(state, "m", betas[0], g) / (1 - betas[0] ** t)
        v = average(state, "v", betas[1], into(g) ** 2) / (1 - betas[1] ** t)
        # The root of v is corrected, and epsilon is not, as in the authors' code.
        root = np.sqrt(state["v"]) + epsilon
        theta = (1 - eta * decay) * theta - eta * out(into(m) / root) * np.sqrt(1 - betas[1] ** t)
        if matrix:
            average(state, "left", betas[1], g @ g.T)
            average(state, "right", betas[1], g.T @ g)
            if t % every == 0:
                for side, name in enumerate(("left", "right")):
                    q = state["q"][side]
                    order = np.argsort(-np.diag(q.T @ state[name] @ q), kind="stable")
                    state["v"] = np.take(state["v"], order, axis=side)
                    state["q"][side] = np.linalg.qr(state[name] @ q[:, order])[0]
        return theta

    return each(rule)


def splitmix_sign(step, index):
    mask = 2**64 - 1
    z = ((step << 32) + index) * 0x9E3779B97F4A7C15 & mask
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & mask
    return 1.0 if (z ^ (z >> 31)) & 1 == 0 else -1.0


def sophia(eta, betas=(0.965, 0.99), gamma=0.01, epsilon=1e-8, every=10, decay=1e-4):
    """Liu et al., arXiv:2305.14342, with the bias correction of m that optax has. The signs u are splitmix64's of the
    step and the element; H u comes from differences of gradients along u, 2^-13 long."""

    def start(gradient_of):
        def begin(params):
            states = [{} for _ in params]

            def step(params, gradients, t):
                if (t - 1) % every == 0:
                    signs = np.array([splitmix_sign(t - 1, index) for index in range(sum(p.size for p in params))])
                    parts = np.split(signs, np.cumsum([p.size for p in params])[:-1])
                    parts = [part.reshape(p.shape) for part, p in zip(parts, params)]
                    ahead = gradient_of([p + 2**-13 * u for p, u in zip(params, parts)], t)
                    for state, u, near, far in zip(states, parts, gradients, ahead):
                        average(state, "h", betas[1], u * ((far - near) / 2**-13))
                for p, g, state in zip(params, gradients, states):
                    m = average(state, "m", betas[0], g) / (1 - betas[0] ** t)
                    u = np.clip(m / np.maximum(gamma * state["h"], epsilon), -1, 1)
                    p[...] = (1 - eta * decay) * p - eta * u

            return step

        return begin

    return start


def sam(eta, rho=0.05):
    """Foret et al., arXiv:2010.01412, around plain descent."""

    def start(gradient_of):
        def begin(params):
            def step(params, gradients, t):
                norm = np.sqrt(sum((g * g).sum() for g in gradients))
                ahead = gradient_of([p + rho * g / norm for p, g in zip(params, gradients)], t)
                for p, g in zip(params, ahead):
                    p[...] = p - eta * g

            return step

        return begin

    return start


def lookahead(eta, k=5, alpha=0.5):
    """Zhang et al., arXiv:1907.08610, around plain descent."""

    def start(params):
        slow = [p.copy() for p in params]

        def step(params, gradients, t):
            for p, g in zip(params, gradients):
                if g is not None:
                    p[...] = p - eta * g
            if t % k == 0:
                for p, s, g in zip(params, slow, gradients):
                    if g is not None:
                        s += alpha * (p - s)
                        p[...] = s

        return step

    return start


def adaptive_clipping(eta, share):
    """Brock et al., arXiv:2102.06171, around plain descent; a unit is a row."""

    def rule(state, theta, g, t):
        axis = tuple(range(1, g.ndim)) if g.ndim > 1 else None
        norm = lambda x: np.sqrt((x * x).sum(axis=axis, keepdims=True))
        limit = share * np.maximum(norm(theta), 1e-3)
        return theta - eta * np.where(norm(g) > limit, g * (limit / np.maximum(norm(g), 1e-300)), g)

    return each(rule)


def chain(eta):
    """Adam's direction through a momentum: v = 0.5 v + u, theta -= eta v."""

    def rule(state, theta, g, t):
        _, u = adam_direction(state, g, t, (0.9, 0.999), 1e-8)
        state["trace"] = 0.5 * state.get("trace", 0.0) + u
        return theta - eta * state["trace"]

    return each(rule)


for problem in (quadratic, rosenbrock, network, sequence):
    record("adan", problem, adan(0.05))
    record("adan_all", problem, adan(0.05, (0.9, 0.8, 0.95), 1e-3, 0.1))
    record("shampoo", problem, shampoo(0.05))
    record("shampoo_all", problem, shampoo(0.05, (0.8, 0.9), 1e-3, 1e-3, 3, 4, 0.1))
    # A direction without gradient has only roundings; epsilon keeps them small.
    record("soap", problem, soap(0.05, epsilon=1e-4))
    record("soap_all", problem, soap(0.05, (0.8, 0.9), 1e-3, 3, 0.1))
    record("lookahead", problem, lookahead(1e-3))
    record("lookahead_all", problem, lookahead(1e-3, 3, 0.8))
    record("sgd_clip_adaptively", problem, adaptive_clipping(0.1, 0.02))
    record("chain", problem, chain(0.02))
for problem in (quadratic, rosenbrock, network):
    record("sophia", problem, sophia(0.02)(problem()[1]))
    record("sophia_all", problem, sophia(0.02, (0.8, 0.9), 0.1, 1e-6, 4, 0.1)(problem()[1]))
    record("sam", problem, sam(1e-3)(problem()[1]))
