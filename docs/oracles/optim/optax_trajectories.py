"""Which way do optax's optimizers go, where PyTorch has none? Trajectories that crates/optim/tests/all/trajectories.rs repeats.

    pip install optax==0.2.8 jax numpy
    python docs/oracles/optim/optax_trajectories.py > crates/optim/tests/all/data/optax.txt

Lines are as in torch_trajectories.py. Where nothing joins the parameters each has an optimizer of its own, since optax has
no skipped parameters.
"""

import jax
import numpy as np
import optax
from optax import contrib
from problems import network, quadratic, record, rosenbrock, sequence

jax.config.update("jax_enable_x64", True)

SEPARATE = {
    "adabelief": lambda: optax.adabelief(0.05),
    "adabelief_all": lambda: optax.adabelief(0.05, b1=0.8, b2=0.9, eps=1e-3, eps_root=1e-4),
    "yogi": lambda: optax.yogi(0.05),
    "yogi_all": lambda: optax.yogi(0.05, b1=0.8, b2=0.9, eps=1e-2),
    "lion": lambda: optax.lion(0.01),
    "lion_all": lambda: optax.lion(0.01, b1=0.8, b2=0.9, weight_decay=0.3),
    "ademamix": lambda: optax.contrib.ademamix(0.02),
    "ademamix_all": lambda: optax.contrib.ademamix(0.02, b1=0.8, b2=0.9, b3=0.99, alpha=3.0, eps=1e-3, weight_decay=0.1),
    "novograd": lambda: optax.novograd(0.01),
    "novograd_all": lambda: optax.novograd(0.01, b1=0.8, b2=0.5, eps=1e-3, weight_decay=0.1),
    "lars": lambda: optax.lars(2e-3),
    "lars_all": lambda: optax.lars(2e-3, weight_decay=0.1, trust_coefficient=0.5, eps=1e-3, momentum=0.8),
    "lamb": lambda: optax.lamb(0.01),
    "lamb_all": lambda: optax.lamb(0.02, b1=0.8, b2=0.9, eps=1e-3, weight_decay=0.1),
}
JOINED = {
    "prodigy": lambda: contrib.prodigy(),
    "prodigy_all": lambda: contrib.prodigy(0.5, betas=(0.8, 0.9), eps=1e-4, estim_lr0=1e-2, estim_lr_coef=0.5, weight_decay=0.1),
    "dadapt": lambda: contrib.dadapt_adamw(),
    "dadapt_all": lambda: contrib.dadapt_adamw(0.5, betas=(0.8, 0.9), eps=1e-4, estim_lr0=1e-2, weight_decay=0.1),
    "schedule_free_sgd": lambda: contrib.schedule_free_sgd(2e-3),
    "schedule_free_sgd_all": lambda: contrib.schedule_free_sgd(2e-3, b1=0.8, weight_decay=0.1, weight_lr_power=1.0),
    "schedule_free_adamw": lambda: contrib.schedule_free_adamw(0.05),
    "schedule_free_adamw_all": lambda: contrib.schedule_free_adamw(0.05, b1=0.8, b2=0.9, eps=1e-3, weight_decay=0.1),
}


def separate(optimizer):
    def start(params):
        descents = [optimizer() for _ in params]
        states = [descent.init(param) for descent, param in zip(descents, params)]

        def step(params, gradients, t):
            for index, (descent, gradient) in enumerate(zip(descents, gradients)):
                if gradient is not None:
                    update, states[index] = descent.update(gradient, states[index], params[index])
                    params[index][...] = optax.apply_updates(params[index], update)

        return step

    return start


def joined(optimizer):
    def start(params):
        descent = optimizer()
        # optax keeps what it is given, and what it was given is changed in place here.
        state = [descent.init([param.copy() for param in params])]

        def step(params, gradients, t):
            update, state[0] = descent.update(gradients, state[0], params)
            for param, new in zip(params, optax.apply_updates(params, update)):
                param[...] = new

        return step

    return start


for case, optimizer in SEPARATE.items():
    for problem in (quadratic, rosenbrock, network, sequence):
        record(case, problem, separate(optimizer))
for case, optimizer in JOINED.items():
    for problem in (quadratic, rosenbrock, network):
        record(case, problem, joined(optimizer))
