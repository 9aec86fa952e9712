//! What examples share: the data that they learn from, embedded in the program, and the races.

pub mod races;

use ndarray::{Array2, ArrayView2};
use train::Dataset;

/// Rows and columns of an image of a digit.
pub const SIDE: usize = 8;

/// Handwritten digits: E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998, CC BY 4.0.
const DIGITS: &[u8] = include_bytes!("../data/digits.bin");

/// The ink of a pixel that is all black.
const INK: f32 = 16.0;

/// 1,797 handwritten digits: images `[n, 64]`, row by row, from 0 (paper) to 1 (ink), and the digit that each shows.
///
/// ```
/// let digits = examples::digits();
/// assert_eq!(digits.len(), 1797);
/// assert_eq!(digits.targets()[..5], [0, 1, 2, 3, 4]);
/// assert!(digits.inputs().iter().all(|ink| (0.0..=1.0).contains(ink)));
/// ```
#[must_use]
pub fn digits() -> Dataset<Array2<f32>, Vec<usize>> {
    let rows = ArrayView2::from_shape((DIGITS.len() / (SIDE * SIDE + 1), SIDE * SIDE + 1), DIGITS);
    let rows = rows.expect("the file has whole rows");
    let (pixels, labels) = rows.split_at(ndarray::Axis(1), SIDE * SIDE);
    let labels = labels.iter().map(|&label| usize::from(label)).collect();
    Dataset::new(pixels.mapv(|ink| f32::from(ink) / INK), labels).expect("each row is an image and its label")
}

/// The code of the book and of the README, run as tests.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/src/numbers.md")]
    mod numbers {}
    #[doc = include_str!("../../docs/src/tensors.md")]
    mod tensors {}
    #[doc = include_str!("../../docs/src/higher.md")]
    mod higher {}
    #[doc = include_str!("../../docs/src/trust.md")]
    mod trust {}
    #[doc = include_str!("../../docs/src/programs.md")]
    mod programs {}
    #[doc = include_str!("../../docs/src/seeing.md")]
    mod seeing {}
    #[doc = include_str!("../../docs/src/linear_algebra.md")]
    mod linear_algebra {}
    #[doc = include_str!("../../docs/src/networks.md")]
    mod networks {}
    #[doc = include_str!("../../docs/src/explanations.md")]
    mod explanations {}
    #[doc = include_str!("../../docs/src/optimizers.md")]
    mod optimizers {}
    #[doc = include_str!("../../docs/src/races.md")]
    mod races {}
}
