//! The same elements in another shape, as layers.
//!
//! | layer | from, to | PyTorch |
//! | --- | --- | --- |
//! | `Flatten` | `[n, a, b, ..] -> [n, a b ..]` | `nn.Flatten` |
//! | `Unflatten` | `[.., a b, ..] -> [.., a, b, ..]` | `nn.Unflatten` |
//! | `PixelShuffle` | `[.., c f f, h, w] -> [.., c, h f, w f]` | `nn.PixelShuffle` |
//! | `PixelUnshuffle` | `[.., c, h f, w f] -> [.., c f f, h, w]` | `nn.PixelUnshuffle` |
//!
//! W. Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural
//! network", CVPR 2016, for the shuffle. No departures.

use tape::{Real, Shape, Tensor};

use crate::error::Error;

/// The same elements in another shape, as a layer.
///
/// ```
/// use ndarray::array;
/// use nn::Reshape;
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.constant(&array![[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]]);
/// assert_eq!(Reshape::Flatten { start: 1, end: -1 }.forward(x).shape(), [1, 4]);
/// let shuffled = Reshape::PixelShuffle { factor: 2 }.forward(x);
/// assert_eq!(shuffled.to_array(), array![[[[1.0, 2.0], [3.0, 4.0]]]].into_dyn());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reshape {
    /// Neighbouring axes become one: [`Tensor::flatten`]. PyTorch's defaults are 1 and -1.
    Flatten {
        /// The first of them; a negative one counts from the last.
        start: isize,
        /// The last of them.
        end: isize,
    },
    /// An axis becomes several: [`Tensor::unflatten`].
    Unflatten {
        /// The axis; a negative one counts from the last.
        axis: isize,
        /// Their lengths, of which one may be -1: it follows from the others.
        lengths: Vec<isize>,
    },
    /// Squares of channels become squares of pixels: `[.., c f f, h, w] -> [.., c, h f, w f]`.
    PixelShuffle {
        /// How much longer the last two axes get.
        factor: usize,
    },
    /// Squares of pixels become squares of channels: `[.., c, h f, w f] -> [.., c f f, h, w]`.
    PixelUnshuffle {
        /// How much shorter the last two axes get.
        factor: usize,
    },
}

impl Reshape {
    /// The elements in their new shape.
    ///
    /// # Panics
    /// If there are no such axes, or they do not divide as they must.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, x: Tensor<T>) -> Tensor<T> {
        match *self {
            Self::Flatten { start, end } => x.flatten(start, end),
            Self::Unflatten { axis, ref lengths } => x.unflatten(axis, lengths),
            Self::PixelShuffle { factor } => shuffle(x, factor),
            Self::PixelUnshuffle { factor } => unshuffle(x, factor),
        }
    }
}

#[track_caller]
fn shuffle<T: Real>(x: Tensor<T>, factor: usize) -> Tensor<T> {
    let input = x.shape();
    if let [others @ .., channels, height, width] = &input[..]
        && let Some(channels) = divided(*channels, factor * factor)
    {
        let turned = turned(x, others, [channels, factor, factor, *height, *width], [0, 3, 1, 4, 2]);
        return turned.reshape(joined(others, [channels, height * factor, width * factor]));
    }
    let expected = format!("[.., c {factor} {factor}, h, w]");
    panic!("{}", Error::Input { layer: "PixelShuffle", input, expected });
}

#[track_caller]
fn unshuffle<T: Real>(x: Tensor<T>, factor: usize) -> Tensor<T> {
    let input = x.shape();
    if let [others @ .., channels, height, width] = &input[..]
        && let (Some(height), Some(width)) = (divided(*height, factor), divided(*width, factor))
    {
        let turned = turned(x, others, [*channels, height, factor, width, factor], [0, 2, 4, 1, 3]);
        return turned.reshape(joined(others, [channels * factor * factor, height, width]));
    }
    let expected = format!("[.., c, h {factor}, w {factor}]");
    panic!("{}", Error::Input { layer: "PixelUnshuffle", input, expected });
}

/// The quotient, if there is no rest.
fn divided(number: usize, by: usize) -> Option<usize> {
    (by > 0 && number.is_multiple_of(by)).then(|| number / by)
}

fn joined<const N: usize>(others: &[usize], last: [usize; N]) -> Shape {
    others.iter().copied().chain(last).collect()
}

/// The last three axes as these five, in another order.
#[track_caller]
fn turned<T: Real>(x: Tensor<T>, others: &[usize], lengths: [usize; 5], order: [isize; 5]) -> Tensor<T> {
    let behind = others.len() as isize;
    let order: Vec<isize> = (0..behind).chain(order.map(|axis| behind + axis)).collect();
    x.reshape(joined(others, lengths)).permute(order)
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;
    use tape::Tape;

    use super::*;

    fn numbers(shape: [usize; 4]) -> Array4<f64> {
        let size = shape.iter().product::<usize>() as u32;
        Array4::from_shape_vec(shape, (0..size).map(f64::from).collect()).unwrap()
    }

    #[test]
    fn a_shuffle_and_back_is_nothing() {
        let tape = Tape::new();
        let x = tape.constant(numbers([2, 18, 2, 3]));
        let y = Reshape::PixelShuffle { factor: 3 }.forward(x);
        assert_eq!(y.shape(), [2, 2, 6, 9]);
        // Channel c 9 + i 3 + j of the input is at row i and column j of each square.
        assert_eq!(y.to_array()[[1, 1, 3 + 2, 6 + 1]], x.to_array()[[1, 9 + 2 * 3 + 1, 1, 2]]);
        assert_eq!(Reshape::PixelUnshuffle { factor: 3 }.forward(y).to_array(), x.to_array());
    }

    #[test]
    fn flattening_and_back_is_nothing() {
        let tape = Tape::new();
        let x = tape.constant(numbers([2, 3, 2, 2]));
        let flat = Reshape::Flatten { start: 1, end: -1 }.forward(x);
        assert_eq!(flat.shape(), [2, 12]);
        let back = Reshape::Unflatten { axis: 1, lengths: vec![3, -1, 2] }.forward(flat);
        assert_eq!(back.to_array(), x.to_array());
    }

    #[test]
    #[should_panic(expected = "PixelShuffle: input of shape [1, 6, 1, 1]: expected [.., c 2 2, h, w]")]
    fn channels_that_make_no_squares_are_refused() {
        let _ = Reshape::PixelShuffle { factor: 2 }.forward(Tape::new().constant(numbers([1, 6, 1, 1])));
    }

    #[test]
    #[should_panic(expected = "PixelUnshuffle: input of shape [1, 1, 4, 3]: expected [.., c, h 2, w 2]")]
    fn pixels_that_make_no_squares_are_refused() {
        let _ = Reshape::PixelUnshuffle { factor: 2 }.forward(Tape::new().constant(numbers([1, 1, 4, 3])));
    }
}
