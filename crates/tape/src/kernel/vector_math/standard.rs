//! Functions of `f64` that are not vectorised: the standard library's, and those of `libm`, within one unit in the last place.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::{quarter, sin_cos, turned};

macro_rules! standard {
    ($($function:ident)*) => {
        $(
            #[inline(always)]
            pub(super) fn $function(x: f64) -> f64 {
                x.$function()
            }
        )*
    };
}
standard! { log2 log10 sinh cosh asinh acosh atanh asin acos atan }

#[inline(always)]
pub(super) fn sin(x: f64) -> f64 {
    sin_cos(x).0
}

#[inline(always)]
pub(super) fn cos(x: f64) -> f64 {
    sin_cos(x).1
}

/// Vectorised: the quotient of two results that are each within 0.7 units.
#[inline(always)]
pub(super) fn tan(x: f64) -> f64 {
    /// As for the sine.
    const TINY: f64 = 1e-9;
    let (sin, cos, turns) = quarter(x);
    let odd = turns & 1 == 1;
    let above = if odd { -cos } else { sin };
    let below = if odd { sin } else { cos };
    // A tangent has half the period of a sine: no sign to put on.
    let tan = turned(x, above / below, 0);
    if x.abs() < TINY { x } else { tan }
}

#[inline(always)]
pub(super) fn erf(x: f64) -> f64 {
    libm::erf(x)
}

#[inline(always)]
pub(super) fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// `erfc(-x / sqrt 2) / 2`. Far out, `erfc` magnifies what rounding does to its argument, by up to 1500 times: the part
/// that was rounded off is put back to first order.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    /// What `FRAC_1_SQRT_2` lacks to the square root of one half.
    const LOW: f64 = -4.833_646_656_726_457e-17;
    let z = -x * FRAC_1_SQRT_2;
    let tail = libm::erfc(z);
    if !(1.0..28.0).contains(&z) {
        return 0.5 * tail;
    }
    let rounded_off = (-x).mul_add(FRAC_1_SQRT_2, -z) - x * LOW;
    0.5 * (tail - FRAC_2_SQRT_PI * (-z * z).exp() * rounded_off)
}
