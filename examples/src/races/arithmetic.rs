//! Which words may a landscape's formula have that its page has, too?

use std::ops::Mul;

/// `v` times itself, for numbers and for variables of a tape.
///
/// ```
/// assert_eq!(examples::races::square(-3.0), 9.0);
/// ```
pub fn square<T: Copy + Mul<Output = T>>(v: T) -> T {
    v * v
}
