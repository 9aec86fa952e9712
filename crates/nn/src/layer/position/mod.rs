//! Positions: how attention, to which the order of its keys is all the same, learns of it.

mod rotary;
mod sinusoidal;

pub use self::rotary::{Pairs, RotaryPositions};
pub use self::sinusoidal::SinusoidalPositions;

/// The slowest wave of both is `2π` times this many tokens long: the papers' number.
const BASE: f64 = 10_000.0;

/// How fast pair number `pair` of `features` turns, in radians a token: `base^(-2 pair / features)`.
fn frequency(base: f64, pair: usize, features: usize) -> f64 {
    base.powf(-((2 * pair) as f64) / features as f64)
}
