//! What examples share: the data that they learn from, embedded in the program, and the races.

pub mod races;

use ndarray::{Array2, ArrayView2};
use nn::Sequential;
use optim::{Common, Optimizer, Schedule};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::Params;
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

/// A multilayer perceptron that reads digits, 64-256-10, and where its parameters start.
///
/// ```
/// let (params, model) = examples::digits_network(0);
/// assert_eq!(params.size(), 64 * 256 + 256 + 256 * 10 + 10);
/// assert_eq!(model.layers().len(), 3);
/// ```
#[must_use]
pub fn digits_network(seed: u64) -> (Params<f32>, Sequential) {
    let mut params = Params::new();
    let plan = Sequential::new().linear(SIDE * SIDE, 256).relu().linear(256, 10);
    let model = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(seed));
    (params, model)
}

/// What besides its rate an optimizer needs to be told to learn digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The optimizer's name.
    pub name: String,
    /// How many images a step learns from.
    pub batch: usize,
    /// How often every image is learnt from.
    pub epochs: usize,
}

impl Recipe {
    /// 30 epochs in batches of 32 images. L-BFGS and Rprop learn from all images in every step: the one takes the loss for
    /// the same function in every step, the other the sign of its slope for the truth. Rprop takes 50 epochs: with
    /// more of them it learns the training images by heart.
    ///
    /// ```
    /// use examples::Recipe;
    /// assert_eq!((Recipe::of("adam", 1437).batch, Recipe::of("adam", 1437).epochs), (32, 30));
    /// assert_eq!((Recipe::of("rprop", 1437).batch, Recipe::of("rprop", 1437).epochs), (1437, 50));
    /// ```
    #[must_use]
    pub fn of(name: &str, images: usize) -> Self {
        let (batch, epochs) = match name {
            "lbfgs" => (images, 30),
            "rprop" => (images, 50),
            _ => (32, 30),
        };
        Self { name: name.to_owned(), batch, epochs }
    }

    /// The optimizer, whose learning rate rises for a twentieth of the steps and then falls to zero along a cosine, and
    /// whose gradients are clipped to a norm of 5, where it has a schedule and clips.
    ///
    /// # Panics
    /// If there is no optimizer of this name.
    #[must_use]
    #[track_caller]
    pub fn optimizer(&self, rate: f64, steps: u64) -> Box<dyn Optimizer<f32>> {
        let schedule = Schedule::cosine(steps).warmup(steps / 20);
        let common = Common { rate: Some(rate), schedule, clip_norm: Some(5.0) };
        optim::by_name(&self.name, &common).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// The code of the book and of the README, run as tests.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/src/learning.md")]
    mod learning {}
    #[doc = include_str!("../../docs/src/learning_zh.md")]
    mod learning_zh {}
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
    #[doc = include_str!("../../docs/src/roofline.md")]
    mod roofline {}
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
