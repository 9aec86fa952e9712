"""How long the training steps take in JAX: `jax_steps.py`, the whole step compiled by XLA, its state donated.

The networks are written as is fastest in XLA on a CPU, where that was tried: images with the channels last, pooling as the
maximum over reshaped axes, one product for all steps' inputs of the LSTM.
"""

import itertools

import jax
import jax.numpy as jnp

import data
from serve import serve


def linear(p, name, x):
    return x @ p[name + ".w"].T + p[name + ".b"]


def mlp(layers, activation):
    def forward(p, x):
        for layer in range(layers):
            x = linear(p, f"{layer}", x)
            x = activation(x) if layer + 1 < layers else x
        return x

    return forward


def convolve(p, name, x, padding):
    dimensions = ("NHWC", "OIHW", "NHWC")
    return jax.lax.conv_general_dilated(x, p[name + ".w"], (1, 1), padding, dimension_numbers=dimensions) + p[name + ".b"]


def pool(x):
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c).max((2, 4))


def lenet(p, x):
    x = x.transpose(0, 2, 3, 1)
    x = pool(jax.nn.relu(convolve(p, "conv1", x, "SAME")))
    x = pool(jax.nn.relu(convolve(p, "conv2", x, "VALID")))
    x = x.transpose(0, 3, 1, 2).reshape(len(x), -1)
    return mlp(3, jax.nn.relu)(p, x)


def lstm(p, x):
    inputs = (linear(p, "ih", x) + p["hh.b"]).transpose(1, 0, 2)

    def cell(state, x):
        h, c = state
        i, f, g, o = jnp.split(x + h @ p["hh.w"].T, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    start = jnp.zeros((len(x), 128))
    return linear(p, "head", jax.lax.scan(cell, (start, start), inputs)[1].transpose(1, 0, 2))


def norm(p, name, x):
    centred = x - x.mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * p[name + ".g"] + p[name + ".b"]


def transformer(p, x):
    batch, tokens, _ = x.shape
    for block in "01":
        heads = linear(p, block + ".in", x).reshape(batch, tokens, 3, 4, 16).transpose(2, 0, 3, 1, 4)
        q, k, v = heads
        weights = jax.nn.softmax(q @ k.swapaxes(-1, -2) / 4.0)
        found = (weights @ v).transpose(0, 2, 1, 3).reshape(batch, tokens, 64)
        x = norm(p, block + ".norm1", x + linear(p, block + ".out", found))
        x = norm(p, block + ".norm2", x + linear(p, block + ".2", jax.nn.relu(linear(p, block + ".1", x))))
    return linear(p, "head", x)


def parameters(linears, convolutions=(), norms=()):
    p = {}
    for name, shape in {**linears, **dict(convolutions)}.items():
        p[name + ".w"], p[name + ".b"] = jnp.asarray(data.weight(shape)), jnp.zeros(shape[0])
    for name in norms:
        p[name + ".g"], p[name + ".b"] = jnp.ones(64), jnp.zeros(64)
    return p


def network(work):
    match work:
        case "mlp-small":
            return mlp(3, jnp.tanh), parameters({"0": (16, 2), "1": (16, 16), "2": (1, 16)})
        case "mlp-medium":
            return mlp(3, jax.nn.relu), parameters({"0": (128, 64), "1": (64, 128), "2": (10, 64)})
        case "mlp-large":
            return mlp(3, jax.nn.relu), parameters({"0": (512, 784), "1": (256, 512), "2": (10, 256)})
        case "lenet":
            convolutions = {"conv1": (8, 1, 5, 5), "conv2": (16, 8, 5, 5)}
            return lenet, parameters({"0": (120, 400), "1": (84, 120), "2": (10, 84)}, convolutions)
        case "lstm":
            return lstm, parameters({"ih": (512, 32), "hh": (512, 128), "head": (32, 128)})
        case "transformer":
            shapes = {"in": (192, 64), "out": (64, 64), "1": (256, 64), "2": (64, 256)}
            linears = {f"{block}.{name}": shape for block in "01" for name, shape in shapes.items()}
            norms = [f"{block}.norm{i}" for block in "01" for i in (1, 2)]
            return transformer, parameters({**linears, "head": (32, 64)}, norms=norms)


def make(work):
    forward, p = network(work)

    def loss_of(p, x, y):
        output = forward(p, x)
        if work == "mlp-small":
            return ((output - y) ** 2).mean()
        return -jnp.take_along_axis(jax.nn.log_softmax(output), y[..., None], -1).mean()

    def adam(p, g, m, v, t):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        return p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v

    def step(state, x, y):
        p, m, v, t = state
        loss, gradients = jax.value_and_grad(loss_of)(p, x, y)
        updated = {name: adam(p[name], gradients[name], m[name], v[name], t) for name in p}
        p, m, v = ({name: parts[i] for name, parts in updated.items()} for i in range(3))
        return (p, m, v, t + 1), loss

    step = jax.jit(step, donate_argnums=0)
    batches = itertools.cycle([(jnp.asarray(x), jnp.asarray(y)) for x, y in data.batches(work)])
    state = p, jax.tree.map(jnp.zeros_like, p), jax.tree.map(jnp.zeros_like, p), jnp.float32(1)

    def run():
        nonlocal state
        state, loss = jax.block_until_ready(step(state, *next(batches)))
        return loss

    return run


serve(f"JAX {jax.__version__}", data.SHAPES, make)
