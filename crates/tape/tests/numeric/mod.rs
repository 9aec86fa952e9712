//! How far apart two numbers are, and derivatives from differences: what several test files measure with.

#![allow(dead_code, reason = "each test file uses the part that it needs")]

use tape::Real;

/// Whether two numbers have the same bits. A NaN is a NaN: its sign and payload are not the same on every machine.
pub(crate) fn same<T: Real>(one: T, other: T) -> bool {
    let bits = |x: T| (x.is_nan(), x.is_sign_negative() && !x.is_nan());
    bits(one) == bits(other) && (one == other || one.is_nan())
}

/// How many representable numbers lie between two, counted in the type itself.
pub(crate) fn ulps<T: Real>(one: T, other: T) -> u64 {
    // Numbers in ascending order have their bits in ascending order, once those of negative ones are turned round.
    fn position<T: Real>(x: T) -> i64 {
        let bits = match T::NAME {
            "f32" => i64::from((x.widen() as f32).to_bits().cast_signed()) & i64::from(u32::MAX),
            _ => x.widen().to_bits().cast_signed(),
        };
        let sign = if T::NAME == "f32" { 1 << 31 } else { i64::MIN };
        if bits & sign == 0 { bits } else { -(bits & !sign) }
    }
    if one.is_nan() || other.is_nan() {
        return if one.is_nan() && other.is_nan() { 0 } else { u64::MAX };
    }
    position(one).abs_diff(position(other))
}

/// A derivative from differences, and how far it may be off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estimate {
    pub(crate) derivative: f64,
    pub(crate) error: f64,
}

/// The derivative of `f` at 0 by Ridders' method: central differences at shrinking steps, extrapolated to step zero.
pub(crate) fn slope(mut f: impl FnMut(f64) -> f64, step: f64) -> Estimate {
    const SHRINK: f64 = 1.6;
    const ROUNDS: usize = 12;
    let mut table = [[0.0_f64; ROUNDS]; ROUNDS];
    let mut best = Estimate { derivative: f64::NAN, error: f64::INFINITY };
    let mut h = step;
    for round in 0..ROUNDS {
        table[round][0] = (f(h) - f(-h)) / (2.0 * h);
        let mut power = SHRINK * SHRINK;
        for order in 1..=round {
            let (finer, coarser) = (table[round][order - 1], table[round - 1][order - 1]);
            table[round][order] = finer + (finer - coarser) / (power - 1.0);
            let new = table[round][order];
            let error = (new - finer).abs().max((new - coarser).abs());
            if error < best.error {
                best = Estimate { derivative: new, error };
            }
            power *= SHRINK * SHRINK;
        }
        h /= SHRINK;
    }
    best
}
