//! What is timed: the training steps and scalar functions of the project's yardstick table.

pub mod serve;
mod steps;

use num_traits::Float;

pub use self::steps::{STEPS, Step};

/// Rosenbrock's function of many variables.
pub fn rosenbrock<T: Float>(x: &[T]) -> T {
    let (one, hundred) = (T::one(), T::from(100.0).expect("100 is a number"));
    x.windows(2).fold(T::zero(), |sum, pair| {
        let (along, across) = (one - pair[0], pair[1] - pair[0] * pair[0]);
        sum + along * along + hundred * (across * across)
    })
}

/// The sum of `sin(x) exp(0.1 x + 1) + ln(1 + x^2)`.
pub fn transcendental<T: Float>(x: &[T]) -> T {
    let (one, tenth) = (T::one(), T::from(0.1).expect("a tenth is a number"));
    x.iter().fold(T::zero(), |sum, &x| sum + x.sin() * (tenth * x + one).exp() + (one + x * x).ln())
}

/// A point with `n` coordinates at which both functions are well-behaved.
#[must_use]
pub fn point(n: usize) -> Vec<f64> {
    (0..n).map(|i| 0.5 + 0.1 * (i * 7 % 13) as f64 / 13.0).collect()
}
