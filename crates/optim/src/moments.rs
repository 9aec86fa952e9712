//! How are moments of the gradient estimated?

use tape::Real;

/// An exponential moving average: m = beta m + (1 - beta) x, from m = 0.
///
/// PyTorch writes it as m + (1 - beta) (x - m). This form never makes NaN from finite x: where x^2 overflows,
/// the average is infinite and stays so, while the other would subtract infinities.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Average<T> {
    keep: T,
    take: T,
}

impl<T: Real> Average<T> {
    pub(crate) fn new(beta: f64) -> Self {
        Self { keep: Real::from_f64(beta), take: Real::from_f64(1.0 - beta) }
    }

    #[inline(always)]
    pub(crate) fn next(self, m: T, x: T) -> T {
        self.keep * m + self.take * x
    }
}

/// 1 - beta^t: what the average of t equal values, begun at zero, has to be divided by to give that value.
pub(crate) fn bias_correction(beta: f64, t: u64) -> f64 {
    1.0 - beta.powf(t as f64)
}

/// Adam's moments of one parameter at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) beta1: f64,
    pub(crate) beta2: f64,
    pub(crate) epsilon: f64,
}

impl Moments {
    /// Makes the gradient of step t Adam's direction m^ / (sqrt(v^) + epsilon).
    pub(crate) fn direction<T: Real>(self, t: u64, gradient: &mut [T], m: &mut [T], v: &mut [T]) {
        let (first, second) = (Average::new(self.beta1), Average::new(self.beta2));
        let length = 1.0 / bias_correction(self.beta1, t);
        let correction = 1.0 / bias_correction(self.beta2, t).sqrt();
        let [length, correction, epsilon] = [length, correction, self.epsilon].map(<T as Real>::from_f64);
        for ((g, m), v) in gradient.iter_mut().zip(m).zip(v) {
            *m = first.next(*m, *g);
            *v = second.next(*v, *g * *g);
            *g = length * *m / (v.sqrt() * correction + epsilon);
        }
    }
}

/// How much longer a layer's step is for its weights: c |theta| / (|u| + epsilon), 1 if either norm is zero.
pub(crate) fn trust_ratio([theta, u]: [f64; 2], c: f64, epsilon: f64) -> f64 {
    if theta > 0.0 && u > 0.0 { c * theta / (u + epsilon) } else { 1.0 }
}

/// The larger of two numbers that are not NaN: one instruction, where `Float::max` is several.
#[inline(always)]
pub(crate) fn larger<T: Real>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// -1, 0 or 1, where `signum` has 1 for 0.
#[inline(always)]
pub(crate) fn sign<T: Real>(x: T) -> T {
    let positive = if x > T::zero() { T::one() } else { T::zero() };
    let negative = if x < T::zero() { T::one() } else { T::zero() };
    positive - negative
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corrected_average_of_equal_values_is_that_value() {
        let average = Average::<f64>::new(0.9);
        let mut m = 0.0;
        for t in 1..100 {
            m = average.next(m, 5.0);
            assert!((m / bias_correction(0.9, t) - 5.0).abs() < 1e-13);
        }
    }

    #[test]
    fn a_square_that_overflows_makes_no_nan() {
        let average = Average::<f32>::new(0.999);
        let g = 1e30_f32;
        let v = average.next(average.next(0.0, g * g), 0.0);
        assert_eq!(v, f32::INFINITY);
    }
}
