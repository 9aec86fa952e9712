//! Identity initialisation: the layer starts by handing on what it is given.
//!
//! A matrix has ones where row and column are the same, a convolution's kernel `[out, in, window..]` in the middle of its
//! window, where output and input channel are the same; zeros elsewhere. Rows and columns, or channels, without a
//! counterpart stay zero. A window of even length has its middle at the higher index, as PyTorch's.
//!
//! PyTorch: `nn.init.eye_` and `nn.init.dirac_`. No departures.

use tape::{Real, Shape};

use super::{Init, Rule};
use crate::error::Error;

impl Init {
    /// A matrix that is 1 where row and column are the same and 0 elsewhere. Takes nothing from the generator.
    ///
    /// ```
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// let array = nn::Init::identity().array::<f32>([2, 3], &mut ChaCha8Rng::seed_from_u64(0));
    /// assert_eq!(array, ndarray::array![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]].into_dyn());
    /// ```
    #[doc(alias = "eye_")]
    #[must_use]
    pub const fn identity() -> Self {
        Self(Rule::Identity)
    }

    /// A convolution's kernel `[out, in, window..]`, along one to three axes, that hands the channels of each group on. Takes
    /// nothing from the generator.
    ///
    /// ```
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// let array = nn::Init::dirac(1).array::<f32>([2, 1, 3], &mut ChaCha8Rng::seed_from_u64(0));
    /// assert_eq!(array, ndarray::array![[[0.0, 1.0, 0.0]], [[0.0, 0.0, 0.0]]].into_dyn());
    /// ```
    ///
    /// # Panics
    /// If there is no group.
    #[doc(alias = "dirac_")]
    #[must_use]
    #[track_caller]
    pub const fn dirac(groups: usize) -> Self {
        assert!(groups > 0, "dirac: 0 groups: there must be at least one");
        Self(Rule::Dirac { groups })
    }
}

pub(super) fn fill_matrix<T: Real>(shape: &Shape, out: &mut [T]) -> Result<(), Error> {
    let &[_, columns] = &**shape else {
        let rule = "a matrix is needed: two axes";
        return Err(Error::InitShape { initialiser: "identity", shape: shape.clone(), rule });
    };
    out.fill(T::zero());
    // Behind the square, the rows have no counterpart.
    let square = columns * columns.min(out.len() / columns.max(1));
    out[..square].iter_mut().step_by(columns + 1).for_each(|element| *element = T::one());
    Ok(())
}

pub(super) fn fill_kernel<T: Real>(groups: usize, shape: &Shape, out: &mut [T]) -> Result<(), Error> {
    let refuse = |rule| Err(Error::InitShape { initialiser: "dirac", shape: shape.clone(), rule });
    let [outputs, inputs, window @ ..] = &**shape else {
        return refuse("a convolution's kernel is needed: three to five axes, [out, in, window..]");
    };
    if !(1..=3).contains(&window.len()) {
        return refuse("a convolution's kernel is needed: three to five axes, [out, in, window..]");
    }
    if !outputs.is_multiple_of(groups) {
        return refuse("the output channels must fall into equal groups");
    }
    out.fill(T::zero());
    if out.is_empty() {
        return Ok(());
    }
    let size: usize = window.iter().product();
    let middle = window.iter().fold(0, |at, &length| at * length + length / 2);
    let of_group = outputs / groups;
    for output in 0..*outputs {
        let channel = output % of_group;
        if channel < *inputs {
            out[(output * inputs + channel) * size + middle] = T::one();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, array};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn made(init: Init, shape: &[usize]) -> ArrayD<f64> {
        init.array(shape, &mut ChaCha8Rng::seed_from_u64(0))
    }

    #[test]
    fn rows_and_columns_without_a_counterpart_stay_zero() {
        assert_eq!(made(Init::identity(), &[3, 2]), array![[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]].into_dyn());
        assert_eq!(made(Init::identity(), &[1, 1]), array![[1.0]].into_dyn());
        for shape in [[0, 2], [2, 0]] {
            assert_eq!(made(Init::identity(), &shape).shape(), shape);
        }
    }

    /// Which elements are one, of `torch.nn.init.dirac_` of PyTorch 2.15.
    #[test]
    fn the_kernels_are_pytorchs() {
        for (groups, shape, ones) in [
            (1, &[2, 2, 4][..], &[&[0, 0, 2][..], &[1, 1, 2]][..]),
            (2, &[4, 2, 3], &[&[0, 0, 1], &[1, 1, 1], &[2, 0, 1], &[3, 1, 1]]),
            (2, &[4, 1, 1, 2], &[&[0, 0, 0, 1], &[2, 0, 0, 1]]),
            (1, &[1, 3, 3, 3, 3], &[&[0, 0, 1, 1, 1]]),
        ] {
            let kernel = made(Init::dirac(groups), shape);
            assert_eq!(kernel.sum(), ones.len() as f64, "{shape:?}");
            assert!(ones.iter().all(|&one| kernel[one] == 1.0), "{shape:?}: {kernel}");
        }
        assert_eq!(made(Init::dirac(1), &[2, 2, 0]).len(), 0);
    }

    #[test]
    fn shapes_of_something_else_are_refused() {
        for (init, shape, text) in [
            (Init::identity(), &[3][..], "identity: shape [3]: a matrix is needed: two axes"),
            (
                Init::dirac(1),
                &[2, 2],
                "dirac: shape [2, 2]: a convolution's kernel is needed: three to five axes, [out, in, window..]",
            ),
            (Init::dirac(2), &[3, 1, 1], "dirac: shape [3, 1, 1]: the output channels must fall into equal groups"),
        ] {
            let refused = init.try_array::<f64>(shape, &mut ChaCha8Rng::seed_from_u64(0)).unwrap_err();
            assert_eq!(refused.to_string(), text);
        }
    }

    #[test]
    #[should_panic(expected = "dirac: 0 groups: there must be at least one")]
    fn no_group_is_refused() {
        let _ = Init::dirac(0);
    }
}
