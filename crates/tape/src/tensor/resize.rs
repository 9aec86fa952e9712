//! Resizing: the same image on another grid, by its nearest elements or by lines between them.

use super::Tensor;
use crate::error::{Error, unwrap};
use crate::real::Real;

/// How elements of a new grid are made of those of the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// Element `i` of `m` is the old element `i length / m`, rounded down.
    Nearest,
    /// On the straight line between the two nearest, axis by axis. Elements stand in the middle of cells: both grids have
    /// the same outer edges, and before the first middle and behind the last nothing changes any more.
    Linear,
    /// As `Linear`, but both grids have the same first and the same last element: PyTorch's `align_corners`.
    LinearCorners,
}

impl Interpolation {
    /// Where element `i` of a new axis lies on the old one: the element before it, and how far behind that it is.
    fn place(self, i: usize, new: usize, old: usize) -> (usize, f64) {
        let place = match self {
            Self::Nearest => return (i * old / new, 0.0),
            Self::Linear => ((i as f64 + 0.5) * (old as f64 / new as f64) - 0.5).clamp(0.0, (old - 1) as f64),
            Self::LinearCorners if new == 1 => 0.0,
            Self::LinearCorners => i as f64 * ((old - 1) as f64 / (new - 1) as f64),
        };
        let before = (place as usize).min(old - 1);
        (before, place - before as f64)
    }
}

impl<T: Real> Tensor<T> {
    /// The tensor with the last axes resized to these lengths: one for lines, two for images, three for volumes; the axes
    /// before them stay as they are.
    ///
    /// ```
    /// use tape::Interpolation;
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([0.0, 4.0]);
    /// let resized = |interpolation| x.interpolate([4], interpolation).to_array().into_raw_vec_and_offset().0;
    /// assert_eq!(resized(Interpolation::Nearest), [0.0, 0.0, 4.0, 4.0]);
    /// assert_eq!(resized(Interpolation::Linear), [0.0, 1.0, 3.0, 4.0]);
    /// assert_eq!(x.interpolate([3], Interpolation::LinearCorners).to_array().as_slice(), Some(&[0.0, 2.0, 4.0][..]));
    /// let gradients = x.interpolate([3], Interpolation::LinearCorners).sum().backward();
    /// assert_eq!(gradients[x].as_slice(), Some(&[1.5, 1.5][..]));
    /// ```
    #[doc(alias = "resize")]
    #[doc(alias = "upsample")]
    #[must_use]
    #[track_caller]
    pub fn interpolate(self, lengths: impl AsRef<[usize]>, interpolation: Interpolation) -> Self {
        unwrap(self.try_interpolate(lengths, interpolation))
    }

    /// As [`interpolate`](Self::interpolate).
    ///
    /// # Errors
    /// [`Error::Shape`] if there are more lengths than axes, or an axis without elements is to get some.
    #[track_caller]
    pub fn try_interpolate(self, lengths: impl AsRef<[usize]>, interpolation: Interpolation) -> Result<Self, Error> {
        let lengths = lengths.as_ref();
        let shape = self.on_tape("interpolate", |tape| Ok(tape.shape(self.node).clone()))?;
        let broken = |rule| Error::Shape { operation: "interpolate", shape: shape.clone(), rule };
        let others =
            shape.rank().checked_sub(lengths.len()).ok_or_else(|| broken("there are more lengths than axes"))?;
        if shape[others..].iter().zip(lengths).any(|(&old, &new)| old == 0 && new > 0) {
            return Err(broken("an axis without elements cannot be resized"));
        }
        lengths
            .iter()
            .zip(others..)
            .try_fold(self, |x, (&new, axis)| x.interpolate_axis(axis, shape[axis], new, interpolation))
    }

    #[track_caller]
    fn interpolate_axis(
        self,
        axis: usize,
        old: usize,
        new: usize,
        interpolation: Interpolation,
    ) -> Result<Self, Error> {
        let along = axis as isize;
        let places = (0..new).map(|i| interpolation.place(i, new, old));
        let (before, weights): (Vec<usize>, Vec<f64>) = places.unzip();
        let lower = self.try_index_select(along, &before[..])?;
        if weights.iter().all(|&weight| weight == 0.0) {
            return Ok(lower);
        }
        let behind: Vec<usize> = before.iter().map(|place| (place + 1).min(old - 1)).collect();
        let upper = self.try_index_select(along, &behind[..])?;
        let weights = self.on_tape("interpolate", |tape| {
            let shape = (axis..tape.shape(self.node).rank()).map(|own| if own == axis { new } else { 1 }).collect();
            Ok(tape.push_leaf(shape, false, |out| {
                out.iter_mut().zip(&weights).for_each(|(out, &weight)| *out = T::from_f64(weight));
            }))
        })?;
        lower.try_mul((-weights).try_add(T::one())?)?.try_add(upper.try_mul(weights)?)
    }
}
