//! Sparse initialisation: normal numbers, a share of which, the same in every column, is zero.
//!
//! Of each column of the weight `[out, in]`, `⌈sparsity out⌉` elements, chosen at random, are zero: as many outputs do not
//! hear of an input. The others are from N(0, std²).
//!
//! J. Martens, "Deep learning via Hessian-free optimization", ICML 2010. PyTorch: `nn.init.sparse_`, whose default
//! deviation, 0.01, has to be said here. No departures.

use rand::Rng;
use tape::random::{StandardNormal, unit};
use tape::{Real, Shape};

use super::{Init, Rule};
use crate::error::Error;

impl Init {
    /// Of each column of a matrix `[out, in]`, this share is zero, rounded up to whole elements, and the rest from the normal
    /// distribution of mean 0 and this standard deviation.
    ///
    /// ```
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// let array = nn::Init::sparse(0.5, 0.01).array::<f64>([4, 3], &mut ChaCha8Rng::seed_from_u64(0));
    /// for column in array.axis_iter(ndarray::Axis(1)) {
    ///     assert_eq!(column.iter().filter(|element| **element == 0.0).count(), 2);
    /// }
    /// ```
    ///
    /// # Panics
    /// If the share is not from 0 to 1, or the deviation negative or not finite.
    #[doc(alias = "sparse_")]
    #[must_use]
    #[track_caller]
    pub fn sparse(sparsity: f64, std: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&sparsity) && std.is_finite() && std >= 0.0,
            "sparse: sparsity {sparsity} and standard deviation {std}: the first must be from 0 to 1, the second finite \
             and not negative"
        );
        Self(Rule::Sparse { sparsity, std })
    }
}

pub(super) fn fill<T: Real>(
    sparsity: f64,
    std: f64,
    shape: &Shape,
    out: &mut [T],
    rng: &mut (impl Rng + ?Sized),
) -> Result<(), Error> {
    let &[rows, columns] = &**shape else {
        let rule = "a matrix is needed: two axes";
        return Err(Error::InitShape { initialiser: "sparse", shape: shape.clone(), rule });
    };
    let mut normal = StandardNormal::default();
    out.iter_mut().for_each(|element| *element = T::from_f64(std * normal.draw(rng)));
    let zeros = (sparsity * rows as f64).ceil() as usize;
    let mut order: Vec<usize> = (0..rows).collect();
    for column in 0..columns {
        // The first steps of Fisher and Yates' shuffle, of whatever order the last column left.
        for place in 0..zeros {
            let other = place + ((rows - place) as f64 * unit(rng)) as usize;
            order.swap(place, other);
            out[order[place] * columns + column] = T::zero();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, Axis};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::init::normal::tests::assert_moments;

    fn made(sparsity: f64, std: f64, shape: &[usize]) -> ArrayD<f64> {
        Init::sparse(sparsity, std).array(shape, &mut ChaCha8Rng::seed_from_u64(20))
    }

    #[test]
    fn every_column_has_its_share_of_zeros_anywhere() {
        // A tenth of 25, rounded up.
        let (rows, columns, zeros) = (25, 4000, 3);
        let array = made(0.1, 2.0, &[rows, columns]);
        for column in array.axis_iter(Axis(1)) {
            assert_eq!(column.iter().filter(|element| **element == 0.0).count(), zeros);
        }
        for row in array.axis_iter(Axis(0)) {
            let found = row.iter().filter(|element| **element == 0.0).count() as f64;
            let share = zeros as f64 / rows as f64;
            let deviation = (columns as f64 * share * (1.0 - share)).sqrt();
            assert!((found - columns as f64 * share).abs() < 5.0 * deviation, "{found}");
        }
        let others: Vec<f64> = array.into_iter().filter(|element| *element != 0.0).collect();
        assert_moments(&others, 0.0, 4.0, 48.0);
    }

    #[test]
    fn all_and_nothing_can_be_zero() {
        assert!(made(1.0, 1.0, &[5, 3]).iter().all(|element| *element == 0.0));
        assert!(made(0.0, 1.0, &[5, 3]).iter().all(|element| *element != 0.0));
        assert_eq!(made(0.5, 1.0, &[0, 3]).shape(), [0, 3]);
    }

    #[test]
    #[should_panic(expected = "sparse: shape [2, 2, 2]: a matrix is needed: two axes")]
    fn a_kernel_is_refused() {
        let _ = made(0.5, 1.0, &[2, 2, 2]);
    }

    #[test]
    #[should_panic(
        expected = "sparse: sparsity 1.5 and standard deviation 1: the first must be from 0 to 1, the second \
                               finite and not negative"
    )]
    fn more_than_all_is_refused() {
        let _ = Init::sparse(1.5, 1.0);
    }
}
