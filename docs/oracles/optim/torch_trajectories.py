"""Which way do PyTorch's optimizers go? Trajectories that crates/optim/tests/all/trajectories.rs repeats.

    pip install torch==2.15 numpy
    python docs/oracles/optim/torch_trajectories.py > crates/optim/tests/all/data/torch.txt

A line is: case, problem, step, and the parameters after that step, all f64. Cases and problems are repeated by name in
the test; a change here is a change there.
"""

import torch
from problems import network, quadratic, record, rosenbrock, sequence
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import (ASGD, SGD, Adadelta, Adafactor, Adagrad, Adam, Adamax, AdamW, Muon, NAdam, RAdam, RMSprop,
                         Rprop)
from torch.optim import _muon
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

torch.set_default_dtype(torch.float64)


def newton_schulz(grad, coefficients, steps, eps):
    """PyTorch's `_zeropower_via_newtonschulz` without its rounding to bfloat16, which no f64 trajectory survives."""
    a, b, c = coefficients
    x = grad.T if grad.size(0) > grad.size(1) else grad
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if grad.size(0) > grad.size(1) else x


_muon._zeropower_via_newtonschulz = newton_schulz

# name: (optimizer, its settings, further: clip = norm, clip_value, cosine = (total, warm-up, end as a fraction of the
# rate), momentum = its values from step 0 on, groups = a function of the parameters)
CASES = {
    "sgd": (SGD, dict(lr=1e-3), {}),
    "sgd_decay": (SGD, dict(lr=1e-3, weight_decay=0.1), {}),
    "sgd_clip": (SGD, dict(lr=1e-2), dict(clip=3.0)),
    "sgd_clip_value": (SGD, dict(lr=1e-2), dict(clip_value=0.5)),
    "sgd_clip_tensor": (SGD, dict(lr=1e-2), dict(clip_tensor=0.5)),
    "momentum": (SGD, dict(lr=5e-4, momentum=0.9), {}),
    "momentum_varied": (SGD, dict(lr=5e-4, momentum=0.5), dict(momentum=lambda t: 0.5 + 0.4 * min(t, 20) / 20)),
    "dampening": (SGD, dict(lr=1e-3, momentum=0.9, dampening=0.3), {}),
    "nesterov": (SGD, dict(lr=5e-4, momentum=0.9, nesterov=True), {}),
    "nesterov_all": (SGD, dict(lr=2e-2, momentum=0.8, nesterov=True, weight_decay=0.05), dict(clip=2.0, cosine=(50, 5, 0.1))),
    "adagrad": (Adagrad, dict(lr=0.1), {}),
    "adagrad_all": (Adagrad, dict(lr=0.1, lr_decay=0.1, initial_accumulator_value=0.5, eps=1e-3, weight_decay=0.1), {}),
    "adadelta": (Adadelta, dict(lr=1.0), {}),
    "adadelta_all": (Adadelta, dict(lr=0.7, rho=0.8, eps=1e-4, weight_decay=0.1), {}),
    "rmsprop": (RMSprop, dict(lr=0.01), {}),
    "rmsprop_centred": (RMSprop, dict(lr=0.01, alpha=0.9, eps=1e-2, centered=True), {}),
    "rmsprop_momentum": (RMSprop, dict(lr=0.01, alpha=0.9, momentum=0.8), {}),
    "rmsprop_all": (RMSprop, dict(lr=0.01, alpha=0.9, eps=1e-2, centered=True, momentum=0.8, weight_decay=0.1), {}),
    "rprop": (Rprop, dict(lr=0.01), {}),
    "rprop_all": (Rprop, dict(lr=0.1, etas=(0.4, 1.3), step_sizes=(1e-3, 0.5)), {}),
    "asgd": (ASGD, dict(lr=1e-3), {}),
    "asgd_all": (ASGD, dict(lr=1e-3, lambd=0.1, alpha=0.5, t0=5, weight_decay=0.1), {}),
    "adam": (Adam, dict(lr=0.05), {}),
    "adam_betas": (Adam, dict(lr=0.05, betas=(0.8, 0.95), eps=1e-3), {}),
    "adam_decay": (Adam, dict(lr=0.05, weight_decay=0.1), {}),
    "adam_clip": (Adam, dict(lr=0.05, eps=0.1), dict(clip=1.0)),
    "adam_cosine": (Adam, dict(lr=0.1), dict(cosine=(50, 0, 0.0))),
    "adam_all": (Adam, dict(lr=0.1, weight_decay=0.01), dict(clip=5.0, cosine=(60, 10, 0.2))),
    "amsgrad": (Adam, dict(lr=0.05, amsgrad=True), {}),
    "amsgrad_all": (Adam, dict(lr=0.05, amsgrad=True, betas=(0.8, 0.9), weight_decay=0.1), {}),
    "adamw": (AdamW, dict(lr=0.05), {}),
    "adamw_all": (AdamW, dict(lr=0.1, weight_decay=0.5), dict(clip=5.0, cosine=(60, 10, 0.2))),
    "adamw_groups": (AdamW, dict(lr=0.05, weight_decay=0.5), dict(groups=lambda params: [
        dict(params=[param for param in params if param.dim() > 1]),
        dict(params=[param for param in params if param.dim() == 1], weight_decay=0.0, lr=0.1)])),
    "adamax": (Adamax, dict(lr=0.05), {}),
    "adamax_all": (Adamax, dict(lr=0.05, betas=(0.8, 0.9), eps=1e-2, weight_decay=0.1), {}),
    "nadam": (NAdam, dict(lr=0.05), {}),
    "nadam_all": (NAdam, dict(lr=0.01, betas=(0.8, 0.9), eps=1e-2, momentum_decay=0.1, weight_decay=0.1), {}),
    "nadam_decoupled": (NAdam, dict(lr=0.05, weight_decay=0.1, decoupled_weight_decay=True), {}),
    "radam": (RAdam, dict(lr=5e-4), {}),
    "radam_all": (RAdam, dict(lr=5e-4, betas=(0.8, 0.9), eps=1e-2, weight_decay=0.1), {}),
    "adafactor": (Adafactor, dict(lr=0.05), {}),
    "adafactor_all": (Adafactor, dict(lr=0.1, beta2_decay=-0.5, eps=(1e-2, 1e-2), d=1.5, weight_decay=0.1), {}),
    "muon": (Muon, dict(lr=0.02), dict(rest=AdamW)),
    "muon_all": (Muon, dict(lr=0.02, weight_decay=0.3, momentum=0.8, nesterov=False, ns_steps=3,
                            adjust_lr_fn="match_rms_adamw"), dict(rest=AdamW)),
}


def make(optimizer, settings, further):
    def start(arrays):
        params = [torch.tensor(array) for array in arrays]
        if "rest" in further:
            matrices = [param for param in params if param.dim() == 2]
            others = [param for param in params if param.dim() != 2]
            rest = further["rest"](others, lr=settings["lr"], weight_decay=settings.get("weight_decay", 0.1)) if others else None
            descents = ([optimizer(matrices, **settings)] if matrices else []) + ([rest] if others else [])
        else:
            descents = [optimizer(further["groups"](params) if "groups" in further else params, **settings)]
        schedule = None
        if "cosine" in further:
            total, warmup, end = further["cosine"]
            schedule = CosineAnnealingLR(descents[0], T_max=total - warmup, eta_min=end * settings["lr"])
            if warmup:
                rise = LinearLR(descents[0], start_factor=1 / (warmup + 1), total_iters=warmup)
                schedule = SequentialLR(descents[0], [rise, schedule], milestones=[warmup])

        def step(arrays, gradients, t):
            for param, gradient in zip(params, gradients):
                param.grad = None if gradient is None else torch.tensor(gradient)
            if "clip" in further:
                clip_grad_norm_(params, further["clip"])
            if "clip_tensor" in further:
                for param in params:
                    clip_grad_norm_([param], further["clip_tensor"])
            if "clip_value" in further:
                clip_grad_value_(params, further["clip_value"])
            if "momentum" in further:
                descents[0].param_groups[0]["momentum"] = further["momentum"](t - 1)
            for descent in descents:
                descent.step()
            if schedule:
                schedule.step()
            for array, param in zip(arrays, params):
                array[...] = param.numpy()

        return step

    return start


for case, settings in CASES.items():
    for problem in (quadratic, rosenbrock, network, sequence):
        if case == "adamw_groups" and problem in (quadratic, rosenbrock):
            continue
        record(case, problem, make(*settings))


def lbfgs(settings, problem, loss):
    def start(arrays):
        params = [torch.tensor(array, requires_grad=True) for array in arrays]
        descent = torch.optim.LBFGS(params, **settings)

        def closure():
            value = loss(*params)
            for param, gradient in zip(params, torch.autograd.grad(value, params)):
                param.grad = gradient
            return value

        def step(arrays, gradients, t):
            descent.step(closure)
            for array, param in zip(arrays, params):
                array[...] = param.detach().numpy()

        return step

    return start


def squared_error(w1, b1, w2, b2):
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    return ((torch.tanh(x @ w1.T + b1) @ w2.T + b2 - y) ** 2).mean()


LOSSES = {
    quadratic: lambda x: (torch.tensor([1.0, 40.0, 400.0]) * (x - torch.tensor([1.0, -2.0, 3.0])) ** 2).sum() / 2,
    rosenbrock: lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] * p[0]) ** 2,
    network: squared_error,
}
for case, settings in {
    "lbfgs": dict(lr=0.01, max_iter=1),
    "lbfgs_history": dict(lr=0.02, max_iter=1, history_size=2),
    "lbfgs_wolfe": dict(max_iter=1, max_eval=26, line_search_fn="strong_wolfe"),
    "lbfgs_wolfe_all": dict(lr=0.8, max_iter=2, max_eval=5, history_size=3, line_search_fn="strong_wolfe"),
}.items():
    for problem, loss in LOSSES.items():
        record(case, problem, lbfgs(settings, problem, loss))
