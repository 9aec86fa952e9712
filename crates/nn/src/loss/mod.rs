//! Which losses are there, and what do all of them share?
//!
//! A loss is a plain struct of settings with a `loss` and a `try_loss`, and a function of the same name that is the
//! short form for its defaults: `huber(y, target)` is `Huber::new().loss(y, target)`. Settings are plain numbers, so
//! that one value serves every step, every tape and both precisions.

pub(crate) mod bce;
pub(crate) mod bce_with_logits;
pub(crate) mod cosine_embedding;
pub(crate) mod cross_entropy;
pub(crate) mod ctc;
pub(crate) mod focal;
pub(crate) mod gaussian_nll;
pub(crate) mod hinge;
pub(crate) mod hinge_embedding;
pub(crate) mod huber;
pub(crate) mod kl_divergence;
pub(crate) mod l1;
pub(crate) mod log_cosh;
pub(crate) mod margin_ranking;
pub(crate) mod mse;
pub(crate) mod multi_label_margin;
pub(crate) mod multi_label_soft_margin;
pub(crate) mod multi_margin;
pub(crate) mod nll;
pub(crate) mod poisson_nll;
pub(crate) mod reduction;
mod rows;
pub(crate) mod smooth_l1;
pub(crate) mod soft_margin;
pub(crate) mod triplet_margin;
mod weights;

use tape::{Real, Tensor};

use crate::error::Error;

/// What every loss with settings has: its defaults as `Default`, and the choice of a reduction.
macro_rules! reduces {
    ($loss:ident) => {
        impl Default for $loss {
            fn default() -> Self {
                Self::new()
            }
        }

        impl $loss {
            /// With this reduction instead of the mean.
            #[must_use]
            pub fn reduction(mut self, reduction: $crate::Reduction) -> Self {
                self.reduction = reduction;
                self
            }
        }
    };
}

/// What every loss has that compares elements one by one: a loss of its own for each is its `elements`.
macro_rules! elementwise {
    ($loss:ident, $name:expr) => {
        $crate::loss::reduces!($loss);

        impl $loss {
            /// The loss of a prediction and its target: `[..], [..] -> []`, or `[..]` without a reduction.
            ///
            /// # Panics
            /// As [`try_loss`](Self::try_loss) fails.
            #[must_use]
            #[track_caller]
            pub fn loss<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
                $crate::error::unwrap(self.try_loss(prediction, target))
            }

            /// As [`loss`](Self::loss).
            ///
            /// # Errors
            /// [`Error::Target`] if the two shapes differ, [`Error::Setting`] if a setting is out of its range,
            /// [`Error::Tape`] if the two lie on different tapes.
            ///
            /// # Panics
            /// If the recording of one of the two is over, or on another thread.
            #[track_caller]
            pub fn try_loss<T: Real>(&self, prediction: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
                $crate::loss::check_target($name, prediction, target)?;
                self.reduction.apply(self.elements(prediction, target)?)
            }
        }
    };
}

use {elementwise, reduces};

/// Whether a target has the shape of the prediction. None is broadcast: that most often hides `[n, 1]` against `[n]`.
#[track_caller]
fn check_target<T: Real>(loss: &'static str, prediction: Tensor<T>, target: Tensor<T>) -> Result<(), Error> {
    let (prediction, target) = (prediction.shape(), target.shape());
    if prediction == target { Ok(()) } else { Err(Error::Target { loss, prediction, target }) }
}

/// Whether a setting is as the rule says.
fn check_setting(
    loss: &'static str,
    setting: &'static str,
    value: &impl ToString,
    holds: bool,
    rule: &'static str,
) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::Setting { layer: loss, setting, value: value.to_string(), rule }) }
}

/// `1 - x`.
#[track_caller]
fn complement<T: Real>(x: Tensor<T>) -> Tensor<T> {
    -x + T::one()
}
