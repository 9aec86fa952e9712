"""Which way do PyTorch's optimizers go? Trajectories that crates/optim/tests/torch.rs repeats.

    pip install torch==2.15
    python docs/oracles/optim/trajectories.py > crates/optim/tests/data/torch.txt

A line is: case, problem, step, and the parameters after that step, all f64. Cases and problems are repeated by name in
the test; a change here is a change there.
"""

import torch
from torch.nn.utils import clip_grad_norm_
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

torch.set_default_dtype(torch.float64)
STEPS = 50
RECORDED = [1, 2, 3, 10, 12, 25, 50]

# name: (optimizer, its settings, further: clip = norm, cosine = (total, warm-up, end as a fraction of the rate))
CASES = {
    "sgd": (SGD, dict(lr=1e-3), {}),
    "sgd_decay": (SGD, dict(lr=1e-3, weight_decay=0.1), {}),
    "sgd_clip": (SGD, dict(lr=1e-2), dict(clip=3.0)),
    "momentum": (SGD, dict(lr=5e-4, momentum=0.9), {}),
    "dampening": (SGD, dict(lr=1e-3, momentum=0.9, dampening=0.3), {}),
    "nesterov": (SGD, dict(lr=5e-4, momentum=0.9, nesterov=True), {}),
    "nesterov_all": (SGD, dict(lr=2e-2, momentum=0.8, nesterov=True, weight_decay=0.05), dict(clip=2.0, cosine=(50, 5, 0.1))),
    "adam": (Adam, dict(lr=0.05), {}),
    "adam_betas": (Adam, dict(lr=0.05, betas=(0.8, 0.95), eps=1e-3), {}),
    "adam_decay": (Adam, dict(lr=0.05, weight_decay=0.1), {}),
    "adam_clip": (Adam, dict(lr=0.05, eps=0.1), dict(clip=1.0)),
    "adam_cosine": (Adam, dict(lr=0.1), dict(cosine=(50, 0, 0.0))),
    "adam_all": (Adam, dict(lr=0.1, weight_decay=0.01), dict(clip=5.0, cosine=(60, 10, 0.2))),
}


def quadratic():
    """Half of the sum of a (x - c)^2, from 0."""
    a, c = torch.tensor([1.0, 40.0, 400.0]), torch.tensor([1.0, -2.0, 3.0])
    x = torch.zeros(3)
    return [x], lambda t: [a * (x - c)]


def rosenbrock():
    """(1 - x)^2 + 100 (y - x^2)^2, from (-1.2, 1)."""
    p = torch.tensor([-1.2, 1.0])

    def gradient(t):
        x, y = p.tolist()
        return [torch.tensor([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])]

    return [p], gradient


def sequence():
    """Gradients that are given. The second parameter is first reached at step 10, and not at every fourth step."""
    first, second = torch.tensor([[0.5, -1.0, 2.0], [0.0, 1.5, -0.25]]), torch.tensor([1.0, 0.0, -1.0])

    def gradient(t):
        g = torch.tensor([((7 * t + 3 * i) % 11 - 5) / 8 for i in range(9)])
        return [g[:6].reshape(2, 3), g[6:] if t >= 10 and t % 4 != 0 else None]

    return [first, second], gradient


for case, (optimizer, settings, further) in CASES.items():
    for problem in (quadratic, rosenbrock, sequence):
        params, gradient = problem()
        descent = optimizer(params, **settings)
        schedule = None
        if "cosine" in further:
            total, warmup, end = further["cosine"]
            schedule = CosineAnnealingLR(descent, T_max=total - warmup, eta_min=end * settings["lr"])
            if warmup:
                rise = LinearLR(descent, start_factor=1 / (warmup + 1), total_iters=warmup)
                schedule = SequentialLR(descent, [rise, schedule], milestones=[warmup])
        for t in range(1, STEPS + 1):
            for param, g in zip(params, gradient(t)):
                param.grad = g
            if "clip" in further:
                clip_grad_norm_(params, further["clip"])
            descent.step()
            if schedule:
                schedule.step()
            if t in RECORDED:
                values = torch.cat([param.flatten() for param in params])
                assert values.abs().max() < 10, (case, problem.__name__, values)
                print(case, problem.__name__, t, *map(repr, values.tolist()))
