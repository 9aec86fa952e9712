//! Adaptive and global pooling: as many windows as are asked for, however long the axes are.

use super::pool::{others, reciprocals};
use super::spatial::PerAxis;
use super::{Axes, Tensor};
use crate::error::{Error, unwrap};
use crate::op::Extreme;
use crate::real::Real;
use crate::transpose::Linear;

/// The methods for a number of axes, plain and fallible.
macro_rules! adaptive_pools {
    ($($(#[$doc:meta])* $name:ident, $try_name:ident, $work:ident, $axes:literal;)*) => {
        impl<T: Real> Tensor<T> {$(
            $(#[$doc])*
            #[must_use]
            #[track_caller]
            pub fn $name(self, counts: impl Into<PerAxis<$axes>>) -> Self {
                unwrap(self.$try_name(counts))
            }

            #[doc = concat!("As [`", stringify!($name), "`](Self::", stringify!($name), ").")]
            ///
            /// # Errors
            /// [`Error::Shape`] if there are too few axes, or one of the pooled has no element.
            #[track_caller]
            pub fn $try_name(self, counts: impl Into<PerAxis<$axes>>) -> Result<Self, Error> {
                $work(self, counts.into(), stringify!($name))
            }
        )*}
    };
}

adaptive_pools! {
    /// The largest elements of so many windows along the last axis as are asked for: window `i` of `m` goes from
    /// `i length / m`, rounded down, to `(i + 1) length / m`, rounded up. The first of those that tie gets the gradient.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([1.0, 2.0, 4.0, 3.0, 0.0]);
    /// assert_eq!(x.adaptive_max_pool1d(2).to_array().as_slice(), Some(&[4.0, 4.0][..]));
    /// ```
    adaptive_max_pool1d, try_adaptive_max_pool1d, adaptive_max_pool, 1;

    /// The largest elements of so many windows over the last two axes as are asked for; see
    /// [`adaptive_max_pool1d`](Self::adaptive_max_pool1d).
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([[1.0, 2.0, 5.0], [4.0, 3.0, 0.0]]);
    /// assert_eq!(x.adaptive_max_pool2d([1, 2]).to_array().as_slice(), Some(&[4.0, 5.0][..]));
    /// ```
    adaptive_max_pool2d, try_adaptive_max_pool2d, adaptive_max_pool, 2;

    /// The largest elements of so many windows over the last three axes as are asked for; see
    /// [`adaptive_max_pool1d`](Self::adaptive_max_pool1d).
    ///
    /// ```
    /// use ndarray::array;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant(array![[[1.0, 2.0]], [[4.0, 3.0]]]);
    /// assert_eq!(x.adaptive_max_pool3d(1).to_array().as_slice(), Some(&[4.0][..]));
    /// ```
    adaptive_max_pool3d, try_adaptive_max_pool3d, adaptive_max_pool, 3;

    /// The means of so many windows along the last axis as are asked for; which, says
    /// [`adaptive_max_pool1d`](Self::adaptive_max_pool1d).
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0, 6.0]);
    /// let y = x.adaptive_avg_pool1d(2);
    /// assert_eq!(y.to_array().as_slice(), Some(&[1.5, 4.0][..]));
    /// assert_eq!(y.sum().backward()[x].as_slice(), Some(&[0.5, 1.0, 0.5][..]));
    /// ```
    adaptive_avg_pool1d, try_adaptive_avg_pool1d, adaptive_avg_pool, 1;

    /// The means of so many windows over the last two axes as are asked for; see
    /// [`adaptive_avg_pool1d`](Self::adaptive_avg_pool1d).
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant([[1.0, 2.0, 6.0], [5.0, 4.0, 0.0]]);
    /// assert_eq!(x.adaptive_avg_pool2d([1, 2]).to_array().as_slice(), Some(&[3.0, 3.0][..]));
    /// ```
    adaptive_avg_pool2d, try_adaptive_avg_pool2d, adaptive_avg_pool, 2;

    /// The means of so many windows over the last three axes as are asked for; see
    /// [`adaptive_avg_pool1d`](Self::adaptive_avg_pool1d).
    ///
    /// ```
    /// use ndarray::array;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant(array![[[1.0, 2.0]], [[4.0, 3.0]]]);
    /// assert_eq!(x.adaptive_avg_pool3d(1).to_array().as_slice(), Some(&[2.5][..]));
    /// ```
    adaptive_avg_pool3d, try_adaptive_avg_pool3d, adaptive_avg_pool, 3;
}

impl<T: Real> Tensor<T> {
    /// The largest element of every channel: `[n, c, spatial..] -> [n, c]`. The first of those that tie gets the gradient.
    ///
    /// ```
    /// use ndarray::array;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.constant(array![[[[1.0, 2.0], [4.0, 3.0]], [[5.0, 8.0], [7.0, 6.0]]]]);
    /// assert_eq!(x.global_max_pool().shape(), [1, 2]);
    /// assert_eq!(x.global_max_pool().to_array().as_slice(), Some(&[4.0, 8.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn global_max_pool(self) -> Self {
        unwrap(self.try_global_max_pool())
    }

    /// As [`global_max_pool`](Self::global_max_pool).
    ///
    /// # Errors
    /// [`Error::Shape`] if there are fewer than three axes, or a spatial axis has no element.
    #[track_caller]
    pub fn try_global_max_pool(self) -> Result<Self, Error> {
        self.try_first_extreme(Extreme::Max, &self.spatial("global_max_pool")?, "global_max_pool")
    }

    /// The mean of every channel: `[n, c, spatial..] -> [n, c]`.
    ///
    /// ```
    /// use ndarray::array;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable(array![[[[1.0, 2.0], [4.0, 5.0]]]]);
    /// assert_eq!(x.global_avg_pool().to_array().as_slice(), Some(&[3.0][..]));
    /// assert_eq!(x.global_avg_pool().sum().backward()[x].as_slice(), Some(&[0.25; 4][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn global_avg_pool(self) -> Self {
        unwrap(self.try_global_avg_pool())
    }

    /// As [`global_avg_pool`](Self::global_avg_pool).
    ///
    /// # Errors
    /// As [`try_global_max_pool`](Self::try_global_max_pool).
    #[track_caller]
    pub fn try_global_avg_pool(self) -> Result<Self, Error> {
        self.try_mean_named(&self.spatial("global_avg_pool")?, "global_avg_pool")
    }

    /// The axes behind batch and channels.
    #[track_caller]
    fn spatial(self, operation: &'static str) -> Result<Axes, Error> {
        self.on_tape(operation, |tape| {
            let shape = tape.shape(self.node).clone();
            if shape.rank() < 3 {
                let rule = "a global pool needs a batch, channels and at least one spatial axis";
                return Err(Error::Shape { operation, shape, rule });
            }
            if shape[2..].contains(&0) {
                return Err(Error::Shape { operation, shape, rule: "there is no element to pool" });
            }
            Ok(Axes::from(&(2..shape.rank() as isize).collect::<Vec<_>>()[..]))
        })
    }
}

#[track_caller]
fn adaptive_max_pool<T: Real, const D: usize>(
    x: Tensor<T>,
    counts: PerAxis<D>,
    operation: &'static str,
) -> Result<Tensor<T>, Error> {
    // From the last axis on, so that of elements that tie the first row by row is left.
    adaptive_pool(x, counts, operation, |x, axis, windows| {
        let longest = windows.iter().map(|&(begin, end)| end - begin).max().unwrap_or(1);
        let rows = x.on_tape(operation, |tape| {
            let mut shape = tape.shape(x.node).clone();
            // A shorter window has its last element more than once, which never is the first to win.
            let places = windows.iter().flat_map(|&(begin, end)| (0..longest).map(move |at| (begin + at).min(end - 1)));
            let places: Vec<_> = places.map(|place| place as u32).collect();
            let indices = tape.save(places.into_iter());
            shape.as_mut()[axis] = windows.len() * longest;
            let rows = tape.linear(Linear::SelectRows { axis, indices }, x.node, shape.clone());
            shape.as_mut()[axis] = windows.len();
            shape.as_mut().insert(axis + 1, longest);
            Ok(tape.reshape(rows.node, shape))
        })?;
        rows.try_first_extreme(Extreme::Max, &Axes::from(axis as isize + 1), operation)
    })
}

#[track_caller]
fn adaptive_avg_pool<T: Real, const D: usize>(
    x: Tensor<T>,
    counts: PerAxis<D>,
    operation: &'static str,
) -> Result<Tensor<T>, Error> {
    adaptive_pool(x, counts, operation, |x, axis, windows| {
        let (sums, weights) = x.on_tape(operation, |tape| {
            let mut shape = tape.shape(x.node).clone();
            let read: Vec<_> = windows.iter().flat_map(|&(begin, end)| begin as u32..end as u32).collect();
            let read = tape.save(read.into_iter());
            let lengths: Vec<_> = windows.iter().map(|&(begin, end)| end - begin).collect();
            let window = |(window, &length): (usize, &usize)| std::iter::repeat_n(window as u32, length);
            let added: Vec<_> = lengths.iter().enumerate().flat_map(window).collect();
            let added = tape.save(added.into_iter());
            shape.as_mut()[axis] = read.len as usize;
            let rows = tape.linear(Linear::SelectRows { axis, indices: read }, x.node, shape.clone());
            shape.as_mut()[axis] = windows.len();
            let sums = tape.linear(Linear::AddRows { axis, indices: added }, rows.node, shape.clone());
            let along = (axis..shape.rank()).map(|own| if own == axis { windows.len() } else { 1 }).collect();
            Ok((sums, reciprocals(tape, along, &lengths)))
        })?;
        sums.try_mul(weights)
    })
}

/// Pools axis by axis, the last first: `work` is told the axis and where each window begins and ends.
#[track_caller]
fn adaptive_pool<T: Real, const D: usize>(
    x: Tensor<T>,
    counts: PerAxis<D>,
    operation: &'static str,
    work: impl Fn(Tensor<T>, usize, &[(usize, usize)]) -> Result<Tensor<T>, Error>,
) -> Result<Tensor<T>, Error> {
    let (shape, others) = x.on_tape(operation, |tape| {
        let shape = tape.shape(x.node).clone();
        let others = others::<D>(&shape, operation)?;
        if shape[others..].contains(&0) {
            return Err(Error::Shape { operation, shape, rule: "there is no element to pool" });
        }
        Ok((shape, others))
    })?;
    (0..D).rev().try_fold(x, |x, axis| {
        let (count, length) = (counts.0[axis], shape[others + axis]);
        let windows: Vec<_> = (0..count).map(|i| (i * length / count, ((i + 1) * length).div_ceil(count))).collect();
        work(x, others + axis, &windows)
    })
}
