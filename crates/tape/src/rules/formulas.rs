//! Formulas that several rows of the table share.

use super::Algebra;

/// `p / (p^2 + q^2)` without squaring, 0 at the origin and at infinity.
#[inline(always)]
pub(super) fn over_radius<A: Algebra>(p: A, q: A) -> A {
    let h = p.hypot(q);
    let degenerate = A::or(h.eq(A::zero()), h.eq(A::constant(f64::INFINITY)));
    A::select(degenerate, A::zero(), (p / h) / h)
}

/// The adjoint for the greater of two, half of it in a tie, nothing for the lesser.
#[inline(always)]
pub(super) fn split<A: Algebra>(lesser: A, greater: A, g: A) -> A {
    let tie = A::select(lesser.eq(greater), g * A::constant(0.5), A::zero());
    A::select(lesser.lt(greater), g, tie)
}

/// The adjoint for the operand that `f64::max` or `f64::min` chose: a number wins over a NaN, a tie is halved.
#[inline(always)]
pub(super) fn winner<A: Algebra>(own: A, other: A, better: A::Mask, y: A, g: A) -> A {
    let tie = A::select(own.eq(other), g * A::constant(0.5), A::zero());
    A::select(A::or(better, other.is_nan()), g, tie).nan_where(y)
}

/// The same number, but 0 for -0, so that what is divided by it is infinite with its own sign. Unlike `abs`, it has
/// derivative 1 at 0.
#[inline(always)]
pub(super) fn unsigned_zero<A: Algebra>(x: A) -> A {
    x + A::zero()
}

/// `e^-|x|`, in a form whose derivatives at 0 are those from the right.
#[inline(always)]
pub(super) fn decay<A: Algebra>(x: A) -> A {
    A::select(x.lt(A::zero()), x, -x).exp()
}

/// `e^(-scale x^2)` for a scale of 1 or 1/2. The square of a large x has a rounding error that the exponential would magnify
/// to hundreds of units in the last place: the square of x to six binary places is exact, and the rest is small.
#[inline(always)]
pub(super) fn gaussian<A: Algebra>(x: A, scale: f64) -> A {
    /// Beyond this, the power is 0 in every format.
    const FAR: f64 = 60.0;
    let coarse = (x * A::constant(64.0)).trunc() * A::constant(1.0 / 64.0);
    let scale = A::constant(-scale);
    let power = (scale * (coarse * coarse)).exp() * (scale * ((x - coarse) * (x + coarse))).exp();
    A::select(x.abs().lt(A::constant(FAR)), power, A::zero()).nan_where(x)
}

/// The sum of `coefficients[i] x^i`.
#[inline(always)]
pub(super) fn polynomial<A: Algebra, const N: usize>(x: A, coefficients: [f64; N]) -> A {
    let mut sum = A::constant(coefficients[N - 1]);
    for &coefficient in coefficients[..N - 1].iter().rev() {
        sum = sum * x + A::constant(coefficient);
    }
    sum
}

/// `2k / (2k + 1)!` for k = 1, 2, ...: the series of `x cosh x - sinh x`, divided by x^3, in powers of x^2, and, with -x^2,
/// that of `sin x - x cos x`. To 1e-19 for |x| <= 1.
const DIFFERENCE: [f64; 9] = [
    1.0 / 3.0,
    1.0 / 30.0,
    1.0 / 840.0,
    1.0 / 45_360.0,
    1.0 / 3_991_680.0,
    1.0 / 518_918_400.0,
    1.0 / 93_405_312_000.0,
    1.0 / 22_230_464_256_000.0,
    1.0 / 6_758_061_133_824_000.0,
];

/// `1 / (2k)!` for k = 0, 1, ...: the series of `cosh x` in powers of x^2.
const COSH: [f64; 10] = [
    1.0,
    1.0 / 2.0,
    1.0 / 24.0,
    1.0 / 720.0,
    1.0 / 40_320.0,
    1.0 / 3_628_800.0,
    1.0 / 479_001_600.0,
    1.0 / 87_178_291_200.0,
    1.0 / 20_922_789_888_000.0,
    1.0 / 6_402_373_705_728_000.0,
];

/// `x - tanh x`, which is about `x^3 / 3` near 0.
#[inline(always)]
pub(super) fn tanh_shrink<A: Algebra>(x: A) -> A {
    let square = x * x;
    let near = x * square * (polynomial(square, DIFFERENCE) / polynomial(square, COSH));
    A::select(x.abs().lt(A::one()), near, x - x.tanh())
}

/// `sin(pi x)` and `cos(pi x)`, exactly reduced to half a period on each side.
#[inline(always)]
pub(super) fn sin_cos_pi<A: Algebra>(x: A) -> [A; 2] {
    let nearest = x.round();
    let half = nearest * A::constant(0.5);
    let odd = A::constant(-1.0);
    let sign = A::select(half.eq(half.floor()), A::one(), odd);
    let angle = (x - nearest) * A::constant(std::f64::consts::PI);
    [sign * angle.sin(), sign * angle.cos()]
}

/// `sin(pi x) / (pi x)`, 1 at 0.
#[inline(always)]
pub(super) fn sinc<A: Algebra>(x: A) -> A {
    let [sin, _] = sin_cos_pi(x);
    A::select(x.eq(A::zero()), A::one(), sin / (x * A::constant(std::f64::consts::PI)))
}

/// The derivative of [`sinc`]: `(cos(pi x) - sinc x) / x`, and its series near 0, where that cancels.
#[inline(always)]
pub(super) fn sinc_slope<A: Algebra>(x: A) -> A {
    use std::f64::consts::PI;
    let z = x * A::constant(PI);
    let near = -(A::constant(PI) * (z * polynomial(-(z * z), DIFFERENCE)));
    let [sin, cos] = sin_cos_pi(x);
    A::select(z.abs().lt(A::one()), near, (cos - sin / z) / x)
}

/// `e^z - 1 - z e^z` for z <= 0, which is about `-z^2 / 2` near 0.
#[inline(always)]
pub(super) fn exp_excess<A: Algebra>(z: A) -> A {
    /// `(k + 1) / (k + 2)!` for k = 0, 1, ...; to 1e-17 for |z| <= 1/8.
    const SERIES: [f64; 11] = [
        1.0 / 2.0,
        1.0 / 3.0,
        1.0 / 8.0,
        1.0 / 30.0,
        1.0 / 144.0,
        1.0 / 840.0,
        1.0 / 5_760.0,
        1.0 / 45_360.0,
        1.0 / 403_200.0,
        1.0 / 3_991_680.0,
        1.0 / 43_545_600.0,
    ];
    /// Here `z e^z` is 0 in every format, but not as a product with an infinite z.
    const FAR: f64 = -1000.0;
    let near = -(z * z * polynomial(z, SERIES));
    let product = A::select(z.lt(A::constant(FAR)), A::zero(), z * z.exp());
    A::select(z.abs().lt(A::constant(0.125)), near, z.exp_m1() - product)
}

/// `tanh(softplus(x))` and its derivative, as quotients of polynomials of `e^-|x|`, which neither overflow nor cancel.
#[inline(always)]
pub(super) fn tanh_softplus<A: Algebra>(x: A) -> [A; 2] {
    let (e, negative) = (decay(x), x.lt(A::zero()));
    let [one, two, four] = [1.0, 2.0, 4.0].map(A::constant);
    let numerator = A::select(negative, e * (e + two), one + two * e);
    let denominator = numerator + A::select(negative, two, two * (e * e));
    let slope = four * (e * (one + e)) / (denominator * denominator);
    [numerator / denominator, A::select(negative, slope, e * slope)]
}

/// The argument of the logistic function in the tanh form of GELU, `2 sqrt(2/pi) (x + 0.044715 x^3)`, and its derivative.
#[inline(always)]
pub(super) fn gelu_argument<A: Algebra>(x: A) -> [A; 2] {
    const LINEAR: f64 = std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::SQRT_2;
    const CUBIC: f64 = 0.044_715 * LINEAR;
    let square = x * x;
    let linear = A::constant(LINEAR);
    [x * (linear + A::constant(CUBIC) * square), linear + A::constant(3.0 * CUBIC) * square]
}
