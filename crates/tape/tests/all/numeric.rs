//! How far apart are two numbers? What several test files measure with.

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
