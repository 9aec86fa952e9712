//! Pooling: the largest element, the mean or the norm of every window, or of every channel.
//!
//! | pool | formula | PyTorch |
//! | --- | --- | --- |
//! | `MaxPool1d`, `2d`, `3d` | `max x` over a window; of elements that tie, the first gets the gradient | `nn.MaxPool2d` |
//! | `AvgPool1d`, `2d`, `3d` | `Σ x / n` over a window; padding counts unless told otherwise | `nn.AvgPool2d` |
//! | `LpPool1d`, `2d`, `3d` | `(Σ x^p)^(1/p)` over a window | `nn.LPPool2d` |
//! | `AdaptiveMaxPool1d`, `2d`, `3d` | `max x` over as many windows as are asked for | `nn.AdaptiveMaxPool2d` |
//! | `AdaptiveAvgPool1d`, `2d`, `3d` | `Σ x / n` over as many windows as are asked for | `nn.AdaptiveAvgPool2d` |
//! | `GlobalMaxPool`, `GlobalAvgPool` | over all of a channel, `[n, c, lengths..] -> [n, c]` | `nn.AdaptiveAvgPool2d(1)`, `nn.Flatten` |
//!
//! Each but the norm is a method of [`Tensor`] too, which says more of it. Windows adjoin unless their stride says
//! otherwise, as PyTorch's do.
//!
//! Departures: the padding may be another one before than behind; `LpPool` has a zero gradient where all elements of a
//! window are 0 (NaN in PyTorch), and takes padding and dilation too.

use tape::{PerAxis, Pooling, Real, Tensor};

/// A pool, as a layer. Windows lie over the last axes, as many as the name says; global pools leave the first two.
///
/// ```
/// use ndarray::array;
/// use nn::Pool;
/// use tape::Pooling;
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.constant([[1.0, 2.0, 5.0, 0.0], [4.0, 3.0, 0.0, 7.0]]);
/// assert_eq!(Pool::MaxPool2d(Pooling::new(2)).forward(x).to_array(), array![[4.0, 7.0]].into_dyn());
/// assert_eq!(Pool::AdaptiveAvgPool2d([2, 1].into()).forward(x).to_array(), array![[2.0], [3.5]].into_dyn());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Pool {
    /// [`Tensor::max_pool1d`].
    MaxPool1d(Pooling<1>),
    /// [`Tensor::max_pool2d`].
    MaxPool2d(Pooling<2>),
    /// [`Tensor::max_pool3d`].
    MaxPool3d(Pooling<3>),
    /// [`Tensor::avg_pool1d`].
    AvgPool1d(Pooling<1>),
    /// [`Tensor::avg_pool2d`].
    AvgPool2d(Pooling<2>),
    /// [`Tensor::avg_pool3d`].
    AvgPool3d(Pooling<3>),
    /// The p-norm of every window along the last axis.
    #[doc(alias = "LPPool1d")]
    LpPool1d {
        /// p.
        norm: f64,
        /// The windows.
        windows: Pooling<1>,
    },
    /// The p-norm of every window over the last two axes.
    #[doc(alias = "LPPool2d")]
    LpPool2d {
        /// p.
        norm: f64,
        /// The windows.
        windows: Pooling<2>,
    },
    /// The p-norm of every window over the last three axes.
    #[doc(alias = "LPPool3d")]
    LpPool3d {
        /// p.
        norm: f64,
        /// The windows.
        windows: Pooling<3>,
    },
    /// [`Tensor::adaptive_max_pool1d`].
    AdaptiveMaxPool1d(PerAxis<1>),
    /// [`Tensor::adaptive_max_pool2d`].
    AdaptiveMaxPool2d(PerAxis<2>),
    /// [`Tensor::adaptive_max_pool3d`].
    AdaptiveMaxPool3d(PerAxis<3>),
    /// [`Tensor::adaptive_avg_pool1d`].
    AdaptiveAvgPool1d(PerAxis<1>),
    /// [`Tensor::adaptive_avg_pool2d`].
    AdaptiveAvgPool2d(PerAxis<2>),
    /// [`Tensor::adaptive_avg_pool3d`].
    AdaptiveAvgPool3d(PerAxis<3>),
    /// [`Tensor::global_max_pool`].
    GlobalMaxPool,
    /// [`Tensor::global_avg_pool`].
    GlobalAvgPool,
}

impl Pool {
    /// `[.., lengths..] -> [.., windows..]`.
    ///
    /// # Panics
    /// If there are too few axes, if no window fits, or if a setting is out of its range.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(self, x: Tensor<T>) -> Tensor<T> {
        match self {
            Self::MaxPool1d(windows) => x.max_pool1d(windows),
            Self::MaxPool2d(windows) => x.max_pool2d(windows),
            Self::MaxPool3d(windows) => x.max_pool3d(windows),
            Self::AvgPool1d(windows) => x.avg_pool1d(windows),
            Self::AvgPool2d(windows) => x.avg_pool2d(windows),
            Self::AvgPool3d(windows) => x.avg_pool3d(windows),
            Self::LpPool1d { norm, windows } => root(raised(x, norm).avg_pool1d(windows), norm, &windows.size()),
            Self::LpPool2d { norm, windows } => root(raised(x, norm).avg_pool2d(windows), norm, &windows.size()),
            Self::LpPool3d { norm, windows } => root(raised(x, norm).avg_pool3d(windows), norm, &windows.size()),
            Self::AdaptiveMaxPool1d(counts) => x.adaptive_max_pool1d(counts),
            Self::AdaptiveMaxPool2d(counts) => x.adaptive_max_pool2d(counts),
            Self::AdaptiveMaxPool3d(counts) => x.adaptive_max_pool3d(counts),
            Self::AdaptiveAvgPool1d(counts) => x.adaptive_avg_pool1d(counts),
            Self::AdaptiveAvgPool2d(counts) => x.adaptive_avg_pool2d(counts),
            Self::AdaptiveAvgPool3d(counts) => x.adaptive_avg_pool3d(counts),
            Self::GlobalMaxPool => x.global_max_pool(),
            Self::GlobalAvgPool => x.global_avg_pool(),
        }
    }
}

#[track_caller]
fn raised<T: Real>(x: Tensor<T>, norm: f64) -> Tensor<T> {
    x.powf(T::from_f64(norm))
}

/// The root of sums over windows of some size, given their means. Where a sum is 0, so is the norm, and nothing is
/// differentiated.
#[track_caller]
fn root<T: Real>(means: Tensor<T>, norm: f64, size: &[usize]) -> Tensor<T> {
    let sums = means * T::from_f64(size.iter().product::<usize>() as f64);
    sums.eq(T::zero()).select(T::zero(), sums.powf(T::from_f64(norm.recip())))
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    #[test]
    fn every_pool_along_one_axis_is_its_formula() {
        let windows = Pooling::new(2);
        for (pool, expected) in [
            (Pool::MaxPool1d(windows), vec![4.0, 12.0]),
            (Pool::AvgPool1d(windows), vec![3.5, 8.5]),
            (Pool::LpPool1d { norm: 2.0, windows }, vec![5.0, 13.0]),
            (Pool::LpPool1d { norm: 1.0, windows }, vec![7.0, 17.0]),
            (Pool::AdaptiveMaxPool1d(1.into()), vec![12.0]),
            (Pool::AdaptiveAvgPool1d(1.into()), vec![6.0]),
            (Pool::GlobalMaxPool, vec![12.0]),
            (Pool::GlobalAvgPool, vec![6.0]),
        ] {
            let tape = Tape::<f64>::new();
            let y = pool.forward(tape.constant([3.0, 4.0, 5.0, 12.0]).reshape([1, 1, 4]));
            assert_eq!(y.to_array().into_raw_vec_and_offset().0, expected, "{pool:?}");
        }
    }

    #[test]
    fn pools_over_more_axes_are_those_along_each() {
        let tape = Tape::<f64>::new();
        let x = tape.constant((0..8).map(f64::from).collect::<Vec<_>>()).reshape([1, 1, 2, 2, 2]);
        for (pool, expected) in [
            (Pool::MaxPool3d(Pooling::new([2, 2, 1])), vec![6.0, 7.0]),
            (Pool::AvgPool3d(Pooling::new(2)), vec![3.5]),
            (Pool::LpPool3d { norm: 1.0, windows: Pooling::new([2, 1, 1]) }, vec![4.0, 6.0, 8.0, 10.0]),
            (Pool::MaxPool2d(Pooling::new(2)), vec![3.0, 7.0]),
            (Pool::AvgPool2d(Pooling::new(2)), vec![1.5, 5.5]),
            (Pool::LpPool2d { norm: 1.0, windows: Pooling::new(2) }, vec![6.0, 22.0]),
            (Pool::AdaptiveMaxPool2d(1.into()), vec![3.0, 7.0]),
            (Pool::AdaptiveAvgPool2d(1.into()), vec![1.5, 5.5]),
            (Pool::AdaptiveMaxPool3d(1.into()), vec![7.0]),
            (Pool::AdaptiveAvgPool3d(1.into()), vec![3.5]),
        ] {
            assert_eq!(pool.forward(x).to_array().into_raw_vec_and_offset().0, expected, "{pool:?}");
        }
    }

    #[test]
    fn the_norm_of_zeros_has_a_zero_gradient() {
        let tape = Tape::<f64>::new();
        let x = tape.variable([0.0, 0.0, 3.0, 4.0]);
        let y = Pool::LpPool1d { norm: 2.0, windows: Pooling::new(2) }.forward(x);
        let gradient = y.sum().backward()[x].to_owned();
        assert_eq!([gradient[0], gradient[1]], [0.0; 2]);
        // A root and a power of two roundings each.
        assert!((gradient[2] - 0.6).abs() < 1e-15 && (gradient[3] - 0.8).abs() < 1e-15, "{gradient}");
    }

    #[test]
    #[should_panic(expected = "max_pool2d: shape [3]: a pool needs as many axes as its name says")]
    fn too_few_axes_are_refused() {
        let _ = Pool::MaxPool2d(Pooling::new(2)).forward(Tape::<f32>::new().constant([1.0, 2.0, 3.0]));
    }
}
