"""The elementary functions of doubles, computed with 60 digits.

    pip install mpmath==1.3
    python docs/oracles/tape/vector_math.py > crates/tape/tests/all/oracle/vector_math.txt

A line is a function's name, the bits of the argument, the bits of the rounded exact result, and what that lacks to the exact
one in thousandths of a unit in the last place.
"""

import math
import random
import struct

import mpmath

mpmath.mp.dps = 60
POINTS = 100


def bits(x):
    return struct.pack(">d", x).hex()


def spread(low, high):
    """Arguments spread evenly."""
    return lambda draw: draw.uniform(low, high)


def sizes(low, high, around=0.0, signed=True):
    """Distances of every order of magnitude from a point."""

    def point(draw):
        distance = math.exp(draw.uniform(math.log(low), math.log(high)))
        return around + (draw.choice([-1.0, 1.0]) if signed else 1.0) * distance

    return point


POSITIVE = [sizes(1e-320, 1e308, signed=False), sizes(0.4, 2.5, signed=False), sizes(1e-15, 0.3, around=1.0)]
EVERYWHERE = [sizes(1e-300, 1e300), spread(-3.0, 3.0), spread(-30.0, 30.0)]
INSIDE = [sizes(1e-300, 1.0), spread(-1.0, 1.0), lambda draw: 1.0 - math.exp(draw.uniform(-34.0, -1.0))]
EXPONENTS = [sizes(1e-300, 1.0), spread(-3.0, 3.0), spread(-745.0, 709.7)]
ANGLES = [sizes(1e-300, 1.0), spread(-10.0, 10.0), spread(-1.5e6, 1.5e6)]
TAILS = [sizes(1e-300, 1.0), spread(-6.0, 6.0), spread(0.0, 26.0)]

FUNCTIONS = {
    "exp": (mpmath.exp, EXPONENTS),
    "exp2": (lambda x: mpmath.mpf(2) ** x, [sizes(1e-300, 1.0), spread(-3.0, 3.0), spread(-1073.0, 1023.9)]),
    "exp_m1": (mpmath.expm1, EXPONENTS),
    "ln": (mpmath.log, POSITIVE),
    "log2": (lambda x: mpmath.log(x) / mpmath.log(2), POSITIVE),
    "log10": (mpmath.log10, POSITIVE),
    "ln_1p": (mpmath.log1p, [sizes(1e-300, 0.9), spread(-0.99, 3.0), sizes(1.0, 1e300, signed=False)]),
    "tanh": (mpmath.tanh, EVERYWHERE),
    "sinh": (mpmath.sinh, [sizes(1e-300, 1.0), spread(-3.0, 3.0), spread(-710.4, 710.4)]),
    "cosh": (mpmath.cosh, [sizes(1e-300, 1.0), spread(-3.0, 3.0), spread(-710.4, 710.4)]),
    "asinh": (mpmath.asinh, EVERYWHERE),
    "acosh": (mpmath.acosh, [sizes(1e-15, 1.0, around=1.0, signed=False), spread(1.0, 30.0), sizes(1.0, 1e308, signed=False)]),
    "atanh": (mpmath.atanh, INSIDE),
    "sin": (mpmath.sin, ANGLES),
    "cos": (mpmath.cos, ANGLES),
    "tan": (mpmath.tan, ANGLES),
    "asin": (mpmath.asin, INSIDE),
    "acos": (mpmath.acos, INSIDE),
    "atan": (mpmath.atan, EVERYWHERE),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), [sizes(1e-300, 1.0), spread(-10.0, 10.0), spread(-740.0, 40.0)]),
    "erf": (mpmath.erf, [sizes(1e-300, 1.0), spread(-2.0, 2.0), spread(-6.5, 6.5)]),
    "erfc": (mpmath.erfc, TAILS),
    "normal_cdf": (mpmath.ncdf, [sizes(1e-300, 1.0), spread(-2.0, 1.0), spread(-37.0, 9.0)]),
}


def lines():
    draw = random.Random(20261124)
    for name, (function, ranges) in FUNCTIONS.items():
        for number in range(POINTS):
            x = ranges[number % len(ranges)](draw)
            exact = function(mpmath.mpf(x))
            rounded = float(exact)
            if rounded != 0.0 and math.isfinite(rounded):
                missing = (exact - mpmath.mpf(rounded)) / mpmath.mpf(math.ulp(rounded))
                yield f"{name} {bits(x)} {bits(rounded)} {int(mpmath.nint(missing * 1000))}\n"


if __name__ == "__main__":
    print("".join(lines()), end="")
