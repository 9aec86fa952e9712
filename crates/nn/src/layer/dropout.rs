//! Dropout: in training, some elements are left out by chance.
//!
//! | layer | what is left out together | what takes its place |
//! | --- | --- | --- |
//! | [`Dropout`] | an element | 0 |
//! | [`Dropout1d`], [`Dropout2d`], [`Dropout3d`] | a channel of a sample | 0 |
//! | [`AlphaDropout`] | an element | `-λα`, where the SELU ends on its left |
//! | [`FeatureAlphaDropout`] | a channel of a sample | the same |
//!
//! Each is left out with probability p, independently of the others. What stays is divided by 1 - p, so that the mean is
//! the same as in evaluation, where nothing happens; the last two instead scale and shift by
//! `a = ((1 - p)(1 + p (λα)²))^(-1/2)` and `a p λα`, which keeps mean 0 and variance 1.
//!
//! N. Srivastava et al., Dropout, JMLR 15, 2014; J. Tompson et al., Efficient object localization using convolutional
//! networks, CVPR 2015, for channels; G. Klambauer et al., Self-normalizing neural networks, NeurIPS 2017, for the last
//! two. PyTorch: layers of the same names, whose default of p = 0.5 this is. Departures: three axes are `[channels,
//! height, width]` for `Dropout2d`, where PyTorch takes them, with a warning, for those of `Dropout1d`. The draws are not
//! PyTorch's, for its generator is another one.

use tape::{Pass, Real, Shape, Tensor};

use crate::error::{Error, unwrap};

/// The value on the left end of the SELU is the negative of this.
const LAMBDA_ALPHA: f64 = 1.758_099_340_847_376_6;

/// Leaves out elements in training: `[..] -> [..]`.
///
/// ```
/// let (params, tape) = (tape::Params::<f64>::new(), tape::Tape::new());
/// let (pass, dropout) = (tape.bind(&params), nn::Dropout::new(0.75));
/// let x = tape.variable([3.0; 1000]);
/// assert_eq!(dropout.forward(&pass, x).to_array(), x.to_array());
/// let y = dropout.forward(&pass.training(1), x).to_array();
/// assert!(y.iter().all(|&y| y == 0.0 || y == 12.0));
/// let kept = y.iter().filter(|y| **y != 0.0).count();
/// assert!((200..300).contains(&kept));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout(Probability);

/// Leaves out channels of samples in training, with `D` axes behind the channels: `[n, channels, ..]`, or without the
/// batch. [`Dropout1d`], [`Dropout2d`] and [`Dropout3d`] are those that there are.
///
/// ```
/// let (params, tape) = (tape::Params::<f64>::new(), tape::Tape::new());
/// let x = tape.constant([[1.0; 50]; 100]);
/// let y = nn::Dropout1d::new(0.5).forward(&tape.bind(&params).training(1), x).to_array();
/// assert!(y.outer_iter().all(|row| row.iter().all(|y| *y == 0.0) || row.iter().all(|y| *y == 2.0)));
/// let kept = y.outer_iter().filter(|row| row[[0]] != 0.0).count();
/// assert!((30..70).contains(&kept));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelDropout<const D: usize>(Probability);

/// Leaves out channels of `[n, channels, length]`; see [`ChannelDropout`].
pub type Dropout1d = ChannelDropout<1>;
/// Leaves out channels of `[n, channels, height, width]`; see [`ChannelDropout`].
pub type Dropout2d = ChannelDropout<2>;
/// Leaves out channels of `[n, channels, depth, height, width]`; see [`ChannelDropout`].
pub type Dropout3d = ChannelDropout<3>;

/// Leaves out elements in training so that mean 0 and variance 1 stay: for networks of
/// [`Activation::Selu`](crate::Activation), `[..] -> [..]`.
///
/// ```
/// let (params, tape) = (tape::Params::<f64>::new(), tape::Tape::new());
/// let pass = tape.bind(&params).training(1);
/// let y = nn::AlphaDropout::new(0.2).forward(&pass, pass.normal([10_000])).to_array();
/// assert!(y.mean().unwrap().abs() < 0.05 && (y.var(0.0) - 1.0).abs() < 0.05);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlphaDropout(Probability);

/// As [`AlphaDropout`], of whole channels of samples: `[n, channels, ..] -> [n, channels, ..]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeatureAlphaDropout(Probability);

/// From 0 to 1: what is made only if it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Probability(f64);

impl Probability {
    pub(crate) fn try_new(layer: &'static str, setting: &'static str, p: f64) -> Result<Self, Error> {
        if (0.0..=1.0).contains(&p) {
            Ok(Self(p))
        } else {
            Err(Error::Setting { layer, setting, value: p.to_string(), rule: "a probability lies between 0 and 1" })
        }
    }

    /// Ones where something stays, if something may be left out and something may stay.
    #[track_caller]
    fn mask<T: Real>(self, pass: &Pass<'_, T>, shape: impl FnOnce() -> Shape) -> Fate<T> {
        match self.0 {
            _ if !pass.is_training() => Fate::AllStay,
            0.0 => Fate::AllStay,
            1.0 => Fate::NothingStays,
            p => Fate::Masked(pass.bernoulli(1.0 - p, shape())),
        }
    }

    /// What is left out is 0, what stays is scaled up.
    #[track_caller]
    pub(crate) fn drop<T: Real>(self, pass: &Pass<'_, T>, x: Tensor<T>, shape: impl FnOnce() -> Shape) -> Tensor<T> {
        match self.mask(pass, shape) {
            Fate::AllStay => x,
            Fate::NothingStays => x * T::zero(),
            Fate::Masked(mask) => x * (mask * T::from_f64(1.0 / (1.0 - self.0))),
        }
    }

    /// What is left out is the left end of the SELU; then mean and variance are put right.
    #[track_caller]
    fn drop_alpha<T: Real>(self, pass: &Pass<'_, T>, x: Tensor<T>, shape: impl FnOnce() -> Shape) -> Tensor<T> {
        match self.mask(pass, shape) {
            Fate::AllStay => x,
            Fate::NothingStays => x * T::zero(),
            Fate::Masked(mask) => {
                let p = self.0;
                let a = ((1.0 - p) * (1.0 + p * LAMBDA_ALPHA * LAMBDA_ALPHA)).sqrt().recip();
                // a (m x - λα (1 - m)) + a p λα, with all that is constant together.
                let shift = mask * T::from_f64(a * LAMBDA_ALPHA) + T::from_f64(a * LAMBDA_ALPHA * (p - 1.0));
                x * (mask * T::from_f64(a)) + shift
            }
        }
    }
}

enum Fate<T> {
    AllStay,
    NothingStays,
    Masked(Tensor<T>),
}

/// The shape of a mask that has one element for `kept` axes in front.
fn in_front(shape: &Shape, kept: usize) -> Shape {
    shape.iter().enumerate().map(|(axis, &length)| if axis < kept { length } else { 1 }).collect()
}

macro_rules! constructors {
    ($([$($parameter:tt)*] $layer:ty, $name:expr;)*) => {$(
        impl<$($parameter)*> $layer {
            const NAME: &'static str = $name;

            /// With this probability of being left out.
            ///
            /// # Panics
            /// If it is not from 0 to 1.
            #[must_use]
            #[track_caller]
            pub fn new(p: f64) -> Self {
                unwrap(Self::try_new(p))
            }

            /// As [`new`](Self::new).
            ///
            /// # Errors
            /// [`Error::Setting`] if the probability is not from 0 to 1.
            pub fn try_new(p: f64) -> Result<Self, Error> {
                Probability::try_new(Self::NAME, "p", p).map(Self)
            }

            /// The probability of being left out.
            #[must_use]
            pub fn p(self) -> f64 {
                self.0.0
            }
        }

        impl<$($parameter)*> Default for $layer {
            /// With one half.
            fn default() -> Self {
                Self(Probability(0.5))
            }
        }
    )*};
}
constructors! {
    [] Dropout, "Dropout";
    [const D: usize] ChannelDropout<D>, ["Dropout1d", "Dropout2d", "Dropout3d"][D - 1];
    [] AlphaDropout, "AlphaDropout";
    [] FeatureAlphaDropout, "FeatureAlphaDropout";
}

impl Dropout {
    /// `[..] -> [..]`: the input itself if the pass evaluates.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        self.0.drop(pass, x, || x.shape())
    }
}

impl<const D: usize> ChannelDropout<D> {
    /// `[n, channels, ..] -> [n, channels, ..]`, or without the batch: the input itself if the pass evaluates.
    ///
    /// # Panics
    /// If the input has other axes.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let input = x.shape();
        let Some(kept @ 1..=2) = input.rank().checked_sub(D) else {
            let lengths = ["length", "height, width", "depth, height, width"][D - 1];
            let expected = format!("[n, channels, {lengths}] or [channels, {lengths}]");
            panic!("{}", Error::Input { layer: Self::NAME, input, expected });
        };
        self.0.drop(pass, x, || in_front(&input, kept))
    }
}

impl AlphaDropout {
    /// `[..] -> [..]`: the input itself if the pass evaluates.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        self.0.drop_alpha(pass, x, || x.shape())
    }
}

impl FeatureAlphaDropout {
    /// `[n, channels, ..] -> [n, channels, ..]`: the input itself if the pass evaluates.
    ///
    /// # Panics
    /// If the input has fewer than two axes.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let input = x.shape();
        if input.rank() < 2 {
            panic!("{}", Error::Input { layer: Self::NAME, input, expected: "[n, channels, ..]".to_owned() });
        }
        self.0.drop_alpha(pass, x, || in_front(&input, 2))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array4, Axis};
    use tape::{Params, Tape};

    use super::*;

    #[test]
    fn nothing_and_all_are_left_out_exactly() {
        let (params, tape) = (Params::<f64>::new(), Tape::new());
        let pass = tape.bind(&params).training(3);
        let x = tape.variable([1.0, -2.0, 3.0]);
        for (p, factor) in [(0.0, 1.0), (1.0, 0.0)] {
            let outputs = [Dropout::new(p).forward(&pass, x), AlphaDropout::new(p).forward(&pass, x)];
            for y in outputs {
                assert_eq!(y.to_array(), x.to_array() * factor);
                assert_eq!(y.sum().backward()[x].as_slice(), Some(&[factor; 3][..]));
            }
        }
    }

    #[test]
    fn what_is_left_out_has_no_gradient_and_what_stays_is_scaled() {
        let (params, tape) = (Params::<f64>::new(), Tape::new());
        let x = tape.variable([1.0; 200]);
        let y = Dropout::new(0.2).forward(&tape.bind(&params).training(3), x);
        let gradient = y.sum().backward()[x].to_owned();
        assert_eq!(gradient, y.to_array());
        assert!(gradient.iter().all(|&factor| factor == 0.0 || factor == 1.25));
    }

    #[test]
    fn every_draw_is_another_one() {
        let (params, tape) = (Params::<f64>::new(), Tape::new());
        let pass = tape.bind(&params).training(3);
        let x = tape.constant([1.0; 100]);
        let draw = || Dropout::default().forward(&pass, x).to_array();
        assert_ne!(draw(), draw());
    }

    /// Where 2 stays and where it is left out, as `torch.nn.AlphaDropout(0.3)` of PyTorch 2.15 gives them.
    #[test]
    fn alpha_dropout_gives_pytorchs_two_values() {
        let (params, tape) = (Params::<f64>::new(), Tape::new());
        let y = AlphaDropout::new(0.3).forward(&tape.bind(&params).training(3), tape.constant([2.0; 100])).to_array();
        let expected = [-1.059_548_158_986_480_1, 2.175_997_300_629_775];
        assert!(y.iter().all(|y| expected.iter().any(|expected| (y - expected).abs() < 1e-14)), "{y}");
        assert!(expected.iter().all(|expected| y.iter().any(|y| (y - expected).abs() < 1e-14)), "{y}");
    }

    #[test]
    fn channels_are_left_out_as_wholes() {
        let (params, tape) = (Params::<f64>::new(), Tape::new());
        let pass = tape.bind(&params).training(3);
        let x = tape.constant(Array4::ones((20, 10, 3, 4)));
        let (zeros, alphas) = (Dropout2d::new(0.5).forward(&pass, x), FeatureAlphaDropout::new(0.5).forward(&pass, x));
        for y in [zeros.to_array(), alphas.to_array()] {
            let first = y.index_axis(Axis(3), 0).index_axis(Axis(2), 0).to_owned();
            assert_eq!(first.insert_axis(Axis(2)).insert_axis(Axis(3)).broadcast(y.dim()).unwrap(), y);
            let mut values: Vec<f64> = y.iter().copied().collect();
            values.sort_unstable_by(f64::total_cmp);
            values.dedup();
            assert_eq!(values.len(), 2, "some stay, some do not: {values:?}");
        }
        // Without the batch.
        let alone = Dropout2d::new(0.5).forward(&pass, x.select(0, 0)).to_array();
        assert!(alone.outer_iter().all(|channel| channel.iter().all(|y| *y == channel[[0, 0]])));
    }

    #[test]
    #[should_panic(
        expected = "Dropout2d: input of shape [3, 2]: expected [n, channels, height, width] or [channels, height, width]"
    )]
    fn other_axes_are_refused() {
        let (params, tape) = (Params::<f64>::new(), Tape::new());
        let _ = Dropout2d::default().forward(&tape.bind(&params), tape.constant([[0.0; 2]; 3]));
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        for p in [-0.1, 1.5, f64::NAN] {
            let error = Dropout::try_new(p).unwrap_err().to_string();
            assert_eq!(error, format!("Dropout: p {p}: a probability lies between 0 and 1"));
        }
        let error = Dropout3d::try_new(2.0).unwrap_err().to_string();
        assert_eq!(error, "Dropout3d: p 2: a probability lies between 0 and 1");
    }
}
