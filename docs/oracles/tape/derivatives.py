"""Correctly rounded derivatives of elementwise operations, also where their formulas overflow, underflow or cancel.

    pip install mpmath==1.3
    python docs/oracles/tape/derivatives.py > crates/tape/tests/all/oracle/derivatives.txt

A line is: name | operands | partial derivatives, in f64. A parameter that is a constant has a dash for its partial.
"""

from mpmath import mp, mpf, inf

mp.dps = 400  # enough for 1 - tanh(300)

e, ln, sqrt, pi = mp.exp, mp.log, mp.sqrt, mp.pi
sigmoid = lambda x: 1 / (1 + e(-x))
density = lambda x: e(-x * x / 2) / sqrt(2 * pi)
cdf = lambda x: mp.erfc(-x / sqrt(2)) / 2


def mish(x):
    n = e(x)
    p = n * (n + 2)
    return p / (p + 2) + x * 4 * n * (n + 1) / (p + 2) ** 2


def sinc(x):
    return (pi * x * mp.cospi(x) - mp.sinpi(x)) / (pi * x * x) if x else mpf(0)


SCALE, ALPHA = mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717")
TAILS = [-700.5, -100.25, -38.3, -30.1, -5.7, -0.9, -1e-9, 1e-9, 0.3, 2.5, 36.8, 300.25]
POSITIVE = [5e-309, 1e-300, 3e-20, 0.1, 0.7, 1.5, 42.0, 1e30, 1.7e308]

UNARY = [
    ("recip", lambda x: -1 / x**2, [1e-150, -0.3, 7.1, -1e150]),
    ("sqrt", lambda x: 1 / (2 * sqrt(x)), POSITIVE),
    ("rsqrt", lambda x: -1 / (2 * x * sqrt(x)), [1e-200, 3e-20, 0.1, 1.5, 1e30, 1e200]),
    ("cbrt", lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2), [-1e300, -2.5, *POSITIVE]),
    ("exp", e, TAILS), ("exp2", lambda x: 2**x * ln(2), TAILS), ("exp_m1", e, TAILS),
    ("ln", lambda x: 1 / x, POSITIVE[1:]), ("log2", lambda x: 1 / (x * ln(2)), POSITIVE[1:] + [9e-309]),
    ("log10", lambda x: 1 / (x * ln(10)), POSITIVE),
    ("ln_1p", lambda x: 1 / (1 + x), [-0.999999, -0.5, -1e-17, 1e-17, 0.3, 1e200]),
    ("sin", mp.cos, [-1e5, -2.0, 1e-9, 1.1, 3e8]), ("cos", lambda x: -mp.sin(x), [-1e5, -2.0, 1e-9, 1.1, 3e8]),
    ("tan", lambda x: 1 + mp.tan(x) ** 2, [-2.0, 1e-9, 1.1, 1.5707963, 1e5]),
    ("asin", lambda x: 1 / sqrt(1 - x**2), [-0.9999999999, -0.3, 1e-200, 0.7, 0.999999]),
    ("acos", lambda x: -1 / sqrt(1 - x**2), [-0.9999999999, -0.3, 1e-200, 0.7, 0.999999]),
    ("atan", lambda x: 1 / (1 + x**2), [-1e154, -3.3, 1e-200, 0.7, 1.01, 1e20]),
    ("sinh", mp.cosh, [-700.0, -3.3, 1e-200, 0.7, 40.0]), ("cosh", mp.sinh, [-700.0, -3.3, 1e-200, 0.7, 40.0]),
    ("asinh", lambda x: 1 / sqrt(1 + x**2), [-1e300, -3.3, 1e-200, 0.7, 1e20]),
    ("acosh", lambda x: 1 / sqrt(x**2 - 1), [1.0000000001, 1.5, 40.0, 1e300]),
    ("atanh", lambda x: 1 / (1 - x**2), [-0.9999999999, -0.3, 1e-200, 0.7, 0.999999]),
    ("square", lambda x: 2 * x, [-1e300, -0.3, 1e-200]),
    ("erf", lambda x: 2 / sqrt(pi) * e(-x * x), [-26.1, -5.3, -0.3, 1e-200, 1.7, 9.99]),
    ("erfc", lambda x: -2 / sqrt(pi) * e(-x * x), [-26.1, -5.3, -0.3, 1e-200, 1.7, 9.99]),
    ("normal_cdf", density, [-37.1, -5.3, -0.3, 1e-200, 1.7, 20.99]),
    ("lgamma", mp.digamma, [1e-200, 0.01, 0.9, 1.4, 1.5, 1.9, 2.5, 9.9, 10.1, 1e5, 1e300]),
    ("digamma", lambda x: mp.polygamma(1, x), [1e-100, 0.01, 0.9, 1.5, 2.5, 9.9, 10.1, 33.3, 1e5, 1e300, -0.3, -5.6]),
    ("sinc", sinc, [-7.25, -0.31, -0.01, 1e-9, 0.3, 0.33, 1.0, 100.25]),
    ("sigmoid", lambda x: sigmoid(x) * sigmoid(-x), TAILS), ("log_sigmoid", lambda x: sigmoid(-x), TAILS),
    ("silu", lambda x: sigmoid(x) * (1 + x * sigmoid(-x)), TAILS), ("mish", mish, TAILS),
    ("gelu", lambda x: cdf(x) + x * density(x), [-37.3, -20.7, -5.3, -1.7, -0.1, 1e-9, 0.3, 2.5, 30.0]),
    ("selu", lambda x: SCALE if x > 0 else SCALE * ALPHA * e(x), TAILS),
    ("softsign", lambda x: 1 / (1 + abs(x)) ** 2, [-1e150, -2.5, 1e-9, 1e100]),
    ("tanh_shrink", lambda x: mp.tanh(x) ** 2, [-20.0, -1.5, -1e-150, 1e-9, 0.3]),
]


def excess(z):
    return e(z) * (1 - z) - 1


BINARY = [
    ("div", lambda a, b: (1 / b, -a / b**2), [(3.0, -7.0), (1e-200, 1e-300), (1e300, 1e200)]),
    ("powf", lambda a, b: (b * a ** (b - 1), a**b * ln(a)),
     [(1e300, 0.3), (1e-300, 0.3), (1e200, -0.3), (1.0000001, 1e9), (2.5, 3.0), (1e-308, 1.5), (0.7, -2.3), (1e-200, 1.5)]),
    ("log", lambda a, b: (1 / (a * ln(b)), -ln(a) / (b * ln(b) ** 2)), [(1e308, 10.0), (1e-300, 0.3), (3.0, 1e300), (2.0, 1.0000001)]),
    ("atan2", lambda a, b: (b / (a * a + b * b), -a / (a * a + b * b)), [(1e200, 1e200), (-1e-200, 3e-200), (0.3, -2.0), (1e160, 1.0)]),
    ("hypot", lambda a, b: (a / sqrt(a * a + b * b), b / sqrt(a * a + b * b)), [(1e200, -1e200), (1e-200, 3e-200), (0.3, -2.0)]),
    ("logaddexp", lambda a, b: (sigmoid(a - b), sigmoid(b - a)), [(1000.0, 999.5), (-1000.0, -300.25), (0.3, 0.3), (700.0, 10.0)]),
    ("xlogy", lambda a, b: (ln(b), a / b), [(2.5, 1e-300), (-1e-300, 1.0000001), (3.0, 7.0)]),
    ("softplus", lambda a, b: (sigmoid(a * b), (a * sigmoid(a * b) - ln(1 + e(a * b)) / b) / b),
     [(-700.0, 1.0), (-20.0, 1.5), (0.0, 0.5), (0.25, 2.0), (30.0, 1.0), (500.0, 0.5)]),
    ("elu", lambda a, b: (b * e(a), e(a) - 1), [(-700.0, 1.5), (-1e-12, 0.7), (-0.3, 1.0)]),
    ("celu", lambda a, b: (e(a / b), excess(a / b)), [(-700.0, 2.0), (-0.125, 0.5), (-1e-9, 1.0), (-0.0625, 1.0), (-4e300, 2.0)]),
    ("polygamma", lambda a, b: (mp.polygamma(int(b) + 1, a), None), [(0.3, 1.0), (2.5, 2.0), (1e5, 1.0), (20.5, 3.0)]),
]


def number(x):
    return "-" if x is None else repr(float(x))


for name, derivative, points in UNARY:
    for x in points:
        print(f"{name} | {x!r} | {number(derivative(mpf(x)))}")
for name, partials, points in BINARY:
    for a, b in points:
        print(f"{name} | {a!r} {b!r} | {' '.join(number(x) for x in partials(mpf(a), mpf(b)))}")
