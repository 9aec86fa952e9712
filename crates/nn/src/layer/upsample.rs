//! Up-sampling, or down: the same image on another grid.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[n, channels, lengths..] -> [n, channels, lengths..]` |
//! | lengths | `factor` times the input's, or given ones |
//!
//! How elements of the new grid are made of those of the old one says [`Interpolation`].
//!
//! PyTorch: `nn.Upsample`, with the modes `nearest` ([`Interpolation::Nearest`]), `linear`, `bilinear` and `trilinear`
//! ([`Interpolation::Linear`], and with `align_corners` [`Interpolation::LinearCorners`]), which go by the number of axes
//! here. Departures: factors are whole numbers, the same for all axes; there is no `bicubic`.

use tape::{Interpolation, Real, Shape, Tensor};

use crate::error::Error;

/// The spatial axes, which come behind batch and channels, resized: `[n, channels, lengths..]`, the same out.
///
/// ```
/// use ndarray::array;
/// use nn::Upsample;
/// use tape::Interpolation;
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.constant(&array![[[0.0, 4.0]]]);
/// assert_eq!(Upsample::scale(2).forward(x).to_array(), array![[[0.0, 0.0, 4.0, 4.0]]].into_dyn());
/// let lines = Upsample::size([3]).interpolation(Interpolation::LinearCorners);
/// assert_eq!(lines.forward(x).to_array(), array![[[0.0, 2.0, 4.0]]].into_dyn());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upsample {
    lengths: Lengths,
    interpolation: Interpolation,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Lengths {
    /// So many times those of the input.
    Factor(usize),
    These(Vec<usize>),
}

impl Upsample {
    /// All spatial axes so many times as long, by their nearest elements.
    #[doc(alias = "scale_factor")]
    #[must_use]
    pub fn scale(factor: usize) -> Self {
        Self { lengths: Lengths::Factor(factor), interpolation: Interpolation::Nearest }
    }

    /// The spatial axes as long as this says, by their nearest elements.
    #[must_use]
    pub fn size(lengths: impl Into<Vec<usize>>) -> Self {
        Self { lengths: Lengths::These(lengths.into()), interpolation: Interpolation::Nearest }
    }

    /// With the new elements made in another way.
    #[must_use]
    pub fn interpolation(self, interpolation: Interpolation) -> Self {
        Self { interpolation, ..self }
    }

    /// `[n, channels, lengths..] -> [n, channels, lengths..]`.
    ///
    /// # Panics
    /// If there is no spatial axis, or another number of them than of given lengths, or an axis without elements is to
    /// get some.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, x: Tensor<T>) -> Tensor<T> {
        let input = x.shape();
        let spatial = input.get(2..).filter(|spatial| !spatial.is_empty());
        let lengths: Shape = match (&self.lengths, spatial) {
            (Lengths::Factor(factor), Some(spatial)) => spatial.iter().map(|length| length * factor).collect(),
            (Lengths::These(lengths), Some(spatial)) if lengths.len() == spatial.len() => Shape::from(&lengths[..]),
            (Lengths::Factor(_), None) => refuse(x, "[n, channels, lengths..]".to_owned()),
            (Lengths::These(lengths), _) => refuse(x, format!("[n, channels] and {} axes more", lengths.len())),
        };
        x.interpolate(&lengths[..], self.interpolation)
    }
}

#[track_caller]
fn refuse<T: Real>(x: Tensor<T>, expected: String) -> ! {
    panic!("{}", Error::Input { layer: "Upsample", input: x.shape(), expected })
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use tape::Tape;

    use super::*;

    #[test]
    fn images_grow_along_both_axes() {
        let tape = Tape::<f64>::new();
        let x = tape.constant(array![[[[1.0, 2.0]]]]);
        let y = Upsample::scale(2).forward(x).to_array();
        assert_eq!(y, array![[[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]].into_dyn());
        let y = Upsample::size([1, 4]).interpolation(Interpolation::Linear).forward(x).to_array();
        assert_eq!(y, array![[[[1.0, 1.25, 1.75, 2.0]]]].into_dyn());
    }

    #[test]
    #[should_panic(expected = "Upsample: input of shape [1, 2]: expected [n, channels, lengths..]")]
    fn an_input_without_spatial_axes_is_refused() {
        let _ = Upsample::scale(2).forward(Tape::<f64>::new().constant([[1.0, 2.0]]));
    }

    #[test]
    #[should_panic(expected = "Upsample: input of shape [1, 1, 2]: expected [n, channels] and 2 axes more")]
    fn another_number_of_lengths_than_of_axes_is_refused() {
        let _ = Upsample::size([2, 2]).forward(Tape::<f64>::new().constant(array![[[1.0, 2.0]]]));
    }
}
