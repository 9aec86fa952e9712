//! The normal distribution of one plain number, by the error function of `libm`: what a variable's value is.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

/// What `FRAC_1_SQRT_2` lacks to the square root of one half.
pub(super) const FRAC_1_SQRT_2_LOW: f64 = -4.833_646_656_726_457e-17;

/// `erfc(-x / sqrt 2) / 2`. Far out, `erfc` magnifies what rounding does to its argument, by up to 1500 times: the part
/// that was rounded off is put back to first order.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    let z = -x * FRAC_1_SQRT_2;
    let tail = libm::erfc(z);
    if !(1.0..28.0).contains(&z) {
        return 0.5 * tail;
    }
    let rounded_off = (-x).mul_add(FRAC_1_SQRT_2, -z) - x * FRAC_1_SQRT_2_LOW;
    0.5 * (tail - FRAC_2_SQRT_PI * (-z * z).exp() * rounded_off)
}
