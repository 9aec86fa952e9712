//! From which random numbers are parameters drawn?
//!
//! From whole words of the generator, by correctly rounded operations alone (`+ - * /` and the square root), so that the
//! same seed gives the same bits on every platform. The logarithm of the system's mathematics library does not: hence
//! the one below.

use rand::Rng;

/// A number of `[0, 1)`: one of 2^53 equally likely ones, one word each.
pub(super) fn unit(rng: &mut (impl Rng + ?Sized)) -> f64 {
    const SCALE: f64 = 1.0 / (1_u64 << 53) as f64;
    (rng.next_u64() >> 11) as f64 * SCALE
}

/// Standard normal numbers, by Marsaglia's polar method ("A convenient method for generating normal variables", 1964):
/// a point drawn uniformly from the unit disk gives two.
#[derive(Default)]
pub(super) struct StandardNormal {
    second: Option<f64>,
}

impl StandardNormal {
    pub(super) fn draw(&mut self, rng: &mut (impl Rng + ?Sized)) -> f64 {
        if let Some(second) = self.second.take() {
            return second;
        }
        loop {
            let (u, v) = (2.0 * unit(rng) - 1.0, 2.0 * unit(rng) - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let scale = (-2.0 * ln(s) / s).sqrt();
                self.second = Some(v * scale);
                return u * scale;
            }
        }
    }
}

/// The natural logarithm of a positive normal number, to a few units in the last place.
///
/// With x = 2^e m and m between √½ and √2: ln x = e ln 2 + 2 artanh t with t = (m - 1)/(m + 1), |t| < 0.172, whose series
/// has reached 1e-17 at its eleventh term.
fn ln(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i32 - 1023;
    let mut m = f64::from_bits(bits & MANTISSA | 1023 << 52);
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    let t = (m - 1.0) / (m + 1.0);
    let square = t * t;
    let series = (0..11).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * t * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_one() {
        for k in 1..200_000 {
            let x = f64::from(k) * 1e-5;
            let (own, systems) = (ln(x), x.ln());
            assert!((own - systems).abs() <= 4.0 * f64::EPSILON * systems.abs(), "ln {x}: {own} and {systems}");
        }
        // The smallest squared radius that two draws can have.
        assert!((ln(2.0_f64.powi(-105)) + 105.0 * std::f64::consts::LN_2).abs() < 1e-13);
    }
}
