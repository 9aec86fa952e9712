"""Second and third derivatives of smooth elementwise operations, also at the seams between formulas of their rules.

    pip install mpmath==1.3
    python docs/oracles/tape/higher_elementwise.py > crates/tape/tests/all/oracle/higher_elementwise.txt

A line is: name | x | second derivative | third derivative, in f64.
"""

from mpmath import mp, mpf

mp.dps = 60

e, ln, sqrt, tanh = mp.exp, mp.log, mp.sqrt, mp.tanh
sigmoid = lambda x: 1 / (1 + e(-x))
softplus = lambda x: ln(1 + e(x))
u = lambda x: 2 * sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)

FUNCTIONS = [
    ("sigmoid", sigmoid, [0.0, -0.8, 30.0]), ("log_sigmoid", lambda x: -softplus(-x), [0.0, -0.8, 30.0]),
    ("softplus", softplus, [0.0, -30.0, 1.3]), ("silu", lambda x: x * sigmoid(x), [0.0, -0.8, 1.3]),
    ("mish", lambda x: x * tanh(softplus(x)), [0.0, -0.8, 1.3]),
    ("gelu", lambda x: x * mp.erfc(-x / sqrt(2)) / 2, [0.0, -5.0, 1.3]),
    ("gelu_tanh", lambda x: x * sigmoid(u(x)), [0.0, -0.8, 1.3]),
    ("erf", mp.erf, [0.0, -0.8, 1.3]), ("erfc", mp.erfc, [0.0, -0.8, 3.3]),
    ("normal_cdf", lambda x: mp.erfc(-x / sqrt(2)) / 2, [0.0, -5.0, 1.3]),
    ("lgamma", mp.loggamma, [0.5, 2.5, 11.0]), ("digamma", mp.digamma, [0.5, 2.5, 11.0]),
    ("sinc", lambda x: mp.sincpi(x), [0.0, -0.1, 0.4, 1.0]),
    ("tanh_shrink", lambda x: x - tanh(x), [0.0, -0.8, 1.3]), ("atan", mp.atan, [0.0, 1.0, -3.0]),
    ("rsqrt", lambda x: 1 / sqrt(x), [0.5, 2.0]), ("celu", lambda x: e(x) - 1, [-0.8]), ("elu", lambda x: e(x) - 1, [-0.8]),
    ("square", lambda x: x * x, [0.0, 2.0]), ("powi", lambda x: x**12, [-0.9, 0.0, 1.1]),
    ("logaddexp", lambda x: ln(e(x) + e(mpf(0.3))), [0.3, -0.8]), ("powf", lambda x: x ** mpf(2.5), [0.7, 2.0]),
]

for name, function, points in FUNCTIONS:
    for x in points:
        second, third = (float(mp.re(mp.taylor(function, mpf(x), 3)[k]) * mp.factorial(k)) for k in (2, 3))
        print(f"{name} | {x!r} | {second!r} | {third!r}")
