"""The activations; see record.py."""

import torch
from torch import nn

from record import case, save

# Both tails, both sides of 0 and of other corners, and 0 itself.
points = torch.tensor([[-800.0, -40.0, -3.5, -0.7, -0.1, 0.0], [1e-9, 0.1, 0.7, 3.5, 40.0, 800.0]])
case("relu", nn.ReLU(), x=points)
case("relu6", nn.ReLU6(), x=points)
case("leaky_relu", nn.LeakyReLU(0.125), x=points)
case("elu", nn.ELU(1.5), x=points)
case("celu", nn.CELU(0.75), x=points)
case("selu", nn.SELU(), x=points)
case("gelu", nn.GELU(), x=points)
case("gelu_tanh", nn.GELU(approximate="tanh"), x=points)
case("silu", nn.SiLU(), x=points)
case("mish", nn.Mish(), x=points)
# From 20 on PyTorch's is the input itself, which 40 does not tell from the formula.
case("softplus", nn.Softplus(), x=points)
case("softplus_sharp", nn.Softplus(beta=4.0), x=points)
case("softsign", nn.Softsign(), x=points)
case("tanh", nn.Tanh(), x=points)
case("sigmoid", nn.Sigmoid(), x=points)
case("log_sigmoid", nn.LogSigmoid(), x=points)
case("hard_tanh", nn.Hardtanh(-0.5, 2.0), x=points)
# The derivative of PyTorch's own is 1/6 rounded to f32, also in f64.
case("hard_sigmoid", lambda x: nn.functional.relu6(x + 3.0) / 6.0, x=points)
case("hard_swish", nn.Hardswish(), x=points)
case("tanh_shrink", nn.Tanhshrink(), x=points)
case("soft_shrink", nn.Softshrink(0.25), x=points)
case("hard_shrink", nn.Hardshrink(), x=points)
case("threshold", nn.Threshold(0.5, -1.0), x=points)
case("softmax", nn.Softmax(dim=-1), x=points)
case("softmin", nn.Softmin(dim=0), x=points)
case("log_softmax", nn.LogSoftmax(dim=-1), x=points)
case("log_softmax_first_axis", nn.LogSoftmax(dim=0), x=points)
case("glu", nn.GLU(), x=points)
case("prelu", nn.PReLU(), x=points)
case("prelu_of_channels", nn.PReLU(3, init=0.5), x=torch.randn(2, 3, 2))
save()
