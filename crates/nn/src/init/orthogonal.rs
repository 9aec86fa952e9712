//! Orthogonal initialisation: a linear map that turns and mirrors, and changes no length but by the gain.
//!
//! The weight `[out, in, ..]` counts as the matrix `[out, in * ..]`. Its rows, or its columns if those are fewer, have
//! length `gain` and stand at right angles to one another; all such matrices are equally likely.
//!
//! They are made of normal numbers by Gram and Schmidt's process, each vector being projected until it stays: that makes
//! them orthogonal to the last bits (W. Kahan's "twice is enough"; L. Giraud et al., "The loss of orthogonality in the
//! Gram-Schmidt orthogonalization process", 2005). It is the decomposition `Q R` with a positive diagonal of `R`, the one
//! whose `Q` is uniformly distributed: F. Mezzadri, "How to generate random matrices from the classical compact groups",
//! 2007.
//!
//! A. Saxe, J. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
//! networks", ICLR 2014. PyTorch: `nn.init.orthogonal_`, whose default gain, 1, is [`Gain::Linear`]. No departures.

use rand::Rng;
use tape::random::StandardNormal;
use tape::{Real, Shape};

use super::{Gain, Init, Rule};
use crate::error::Error;

const NAME: &str = "orthogonal";

impl Init {
    /// Rows of length `gain` at right angles to one another, or columns if those are fewer; for weights `[out, in, ..]`.
    ///
    /// ```
    /// use nn::{Init, init::Gain};
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// let w = Init::orthogonal(Gain::Factor(2.0)).array::<f64>([2, 2], &mut ChaCha8Rng::seed_from_u64(0));
    /// let column = |k: usize| [w[[0, k]], w[[1, k]]];
    /// let dot = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
    /// assert!(dot(column(0), column(1)).abs() < 1e-15);
    /// assert!((dot(column(0), column(0)) - 4.0).abs() < 1e-14);
    /// ```
    #[doc(alias = "orthogonal_")]
    #[must_use]
    pub const fn orthogonal(gain: Gain) -> Self {
        Self(Rule::Orthogonal(gain))
    }
}

pub(super) fn fill<T: Real>(
    gain: Gain,
    shape: &Shape,
    out: &mut [T],
    rng: &mut (impl Rng + ?Sized),
) -> Result<(), Error> {
    let &[rows, _, ..] = &**shape else {
        let rule = "a matrix is needed: at least two axes, [out, in, ..]";
        return Err(Error::InitShape { initialiser: NAME, shape: shape.clone(), rule });
    };
    if out.is_empty() {
        return Ok(());
    }
    let columns = out.len() / rows;
    let (count, length) = (rows.min(columns), rows.max(columns));
    let vectors = orthonormal(count, length, rng);
    let factor = gain.factor();
    for (place, element) in out.iter_mut().enumerate() {
        let (row, column) = (place / columns, place % columns);
        let at = if rows <= columns { row * length + column } else { column * length + row };
        *element = T::from_f64(factor * vectors[at]);
    }
    Ok(())
}

/// So many vectors of a length that is not smaller, one after another.
fn orthonormal(count: usize, length: usize, rng: &mut (impl Rng + ?Sized)) -> Vec<f64> {
    let mut normal = StandardNormal::default();
    let mut vectors = vec![0.0; count * length];
    for done in 0..count {
        let (before, rest) = vectors.split_at_mut(done * length);
        let vector = &mut rest[..length];
        loop {
            vector.iter_mut().for_each(|element| *element = normal.draw(rng));
            if project(before, vector) {
                break;
            }
        }
    }
    vectors
}

/// Makes a vector orthogonal to all of `before` and of length 1; no if nothing of it was left.
fn project(before: &[f64], vector: &mut [f64]) -> bool {
    let mut norm = dot(vector, vector).sqrt();
    loop {
        for other in before.chunks_exact(vector.len()) {
            let along = dot(vector, other);
            vector.iter_mut().zip(other).for_each(|(element, &other)| *element -= along * other);
        }
        let left = dot(vector, vector).sqrt();
        // What a projection leaves at least half of the length of was orthogonal before, up to roundings.
        if left >= 0.5 * norm {
            vector.iter_mut().for_each(|element| *element /= left);
            return left > 0.0;
        }
        norm = left;
    }
}

/// In eight sums beside one another: a fixed order, which the compiler makes vector instructions of.
fn dot(left: &[f64], right: &[f64]) -> f64 {
    let (lefts, rights) = (left.chunks_exact(8), right.chunks_exact(8));
    let rest: f64 = lefts.remainder().iter().zip(rights.remainder()).map(|(l, r)| l * r).sum();
    let mut sums = [0.0; 8];
    for (left, right) in lefts.zip(rights) {
        for (sum, (left, right)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum += left * right;
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayD};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::init::normal::tests::assert_moments;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(19)
    }

    #[test]
    fn the_shorter_side_is_orthogonal_to_the_last_bits() {
        for shape in [&[1, 1][..], &[5, 5], &[40, 40], &[3, 7], &[7, 3], &[1, 4], &[4, 1], &[6, 2, 3, 3], &[20, 2, 3]] {
            let array: ArrayD<f64> = Init::orthogonal(Gain::Relu).array(shape, &mut rng());
            let matrix = array.to_shape((shape[0], shape[1..].iter().product::<usize>())).unwrap();
            let matrix = if matrix.nrows() <= matrix.ncols() { matrix.to_owned() } else { matrix.t().to_owned() };
            let error = matrix.dot(&matrix.t()) - 2.0 * Array2::<f64>::eye(matrix.nrows());
            // Each element of the product is a sum of so many rounded products, of numbers that together have length 2.
            let tolerance = 8.0 * f64::EPSILON * (matrix.ncols() as f64).sqrt();
            let worst = error.iter().fold(0.0_f64, |worst, error| worst.max(error.abs()));
            assert!(worst <= tolerance, "{shape:?}: {worst:e}");
        }
    }

    /// A rotation or a reflection of the plane by an angle that is as likely as any other. Were the signs left as a
    /// decomposition gives them, the first element would always be negative, or positive.
    #[test]
    fn every_orthogonal_matrix_is_as_likely() {
        let rng = &mut rng();
        let drawn: Vec<_> = (0..20_000).map(|_| Init::orthogonal(Gain::Linear).array::<f64>([2, 2], rng)).collect();
        for element in [[0, 0], [0, 1], [1, 0], [1, 1]] {
            let cosines: Vec<_> = drawn.iter().map(|matrix| matrix[element]).collect();
            assert_moments(&cosines, 0.0, 0.5, 0.375);
        }
        let determinants: Vec<_> = drawn.iter().map(|w| w[[0, 0]] * w[[1, 1]] - w[[0, 1]] * w[[1, 0]]).collect();
        assert!(determinants.iter().all(|determinant| (determinant.abs() - 1.0).abs() < 1e-14));
        let mean = determinants.iter().sum::<f64>() / determinants.len() as f64;
        assert!(mean.abs() < 5.0 / (determinants.len() as f64).sqrt(), "{mean}");
    }

    #[test]
    fn nothing_is_drawn_for_a_weight_without_elements() {
        for shape in [[0, 3], [3, 0]] {
            assert_eq!(Init::orthogonal(Gain::Linear).array::<f32>(shape, &mut rng()).shape(), shape);
        }
    }

    #[test]
    fn a_vector_that_lies_in_the_span_of_the_others_is_drawn_anew() {
        let mut vector = [3.0, 0.0];
        assert!(!project(&[1.0, 0.0], &mut vector));
    }

    #[test]
    #[should_panic(expected = "orthogonal: shape [3]: a matrix is needed: at least two axes, [out, in, ..]")]
    fn a_vector_is_refused() {
        let _ = Init::orthogonal(Gain::Linear).array::<f32>([3], &mut rng());
    }
}
