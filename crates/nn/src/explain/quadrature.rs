//! Where, and with what weights, is a function evaluated to integrate it?

use std::f64::consts::PI;

/// The points and weights of the Gauss-Legendre rule on [0, 1]: exact for polynomials of degree below twice their
/// number.
///
/// A point is a zero of the Legendre polynomial, found by Newton's method from `cos(π (i + 3/4) / (n + 1/2))`; its
/// weight is `2 / ((1 - z²) P_n'(z)²)`. Both are then taken from [-1, 1] to [0, 1].
pub(super) fn gauss_legendre(count: usize) -> Vec<(f64, f64)> {
    let n = count as f64;
    let point = |i: usize| {
        let mut z = (PI * (i as f64 + 0.75) / (n + 0.5)).cos();
        // From there Newton's method is within rounding after four steps, for any n.
        let mut slope = 1.0;
        for _ in 0..6 {
            let (value, derivative) = legendre(count, z);
            slope = derivative;
            z -= value / derivative;
        }
        (0.5 * (1.0 - z), 1.0 / ((1.0 - z * z) * slope * slope))
    };
    (0..count).map(point).collect()
}

/// The Legendre polynomial of a degree of at least 1 and its derivative, by the three-term recurrence.
fn legendre(degree: usize, z: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, z);
    for k in 2..=degree {
        let k = k as f64;
        (before, value) = (value, ((2.0 * k - 1.0) * z * value - (k - 1.0) * before) / k);
    }
    (value, degree as f64 * (z * value - before) / (z * z - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_integrated_exactly() {
        for count in [1, 2, 3, 7, 20, 64] {
            for degree in 0..(2 * count).min(40) {
                let sum: f64 = gauss_legendre(count).iter().map(|(x, weight)| weight * x.powi(degree as i32)).sum();
                let exact = 1.0 / (degree as f64 + 1.0);
                assert!((sum - exact).abs() < 1e-13, "{count} points, degree {degree}: {sum}, not {exact}");
            }
        }
    }

    #[test]
    fn two_points_are_those_of_the_textbook() {
        let points = gauss_legendre(2);
        let offset = 0.5 / 3.0_f64.sqrt();
        for ((x, weight), expected) in points.iter().zip([0.5 - offset, 0.5 + offset]) {
            assert!((x - expected).abs() < 1e-15 && (weight - 0.5).abs() < 1e-15, "{points:?}");
        }
    }
}
