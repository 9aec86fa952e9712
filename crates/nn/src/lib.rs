//! Wengert: layers, initialisers and losses, built on the tape.
//!
//! A layer is a plain struct of parameter identifiers and settings with a `forward`. Its numbers live in
//! [`tape::Params`], named and laid out as PyTorch names and lays them out; the layer itself does not know whether they
//! are `f32` or `f64`, so that a network trained in one precision is verified in the other.
//!
//! ```
//! use nn::{Sequential, mse};
//! use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//! use tape::{Params, Tape};
//!
//! let mut rng = ChaCha8Rng::seed_from_u64(0);
//! let mut params = Params::<f32>::new();
//! let model = Sequential::new().linear(2, 8).tanh().linear(8, 1).build(&mut params, &mut rng);
//!
//! // Exclusive or, by plain gradient descent.
//! let mut tape = Tape::new();
//! let mut last = f32::INFINITY;
//! for _ in 0..1000 {
//!     let (loss, gradients) = tape.value_and_grad(&params, |pass| {
//!         let x = pass.constant([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
//!         let y = pass.constant([[0.0], [1.0], [1.0], [0.0]]);
//!         mse(model.forward(pass, x), y)
//!     });
//!     for (value, gradient) in params.values_mut().iter_mut().zip(gradients.params()) {
//!         *value -= 0.2 * gradient;
//!     }
//!     last = loss;
//! }
//! assert!(last < 1e-6);
//! ```
//!
//! Whatever a [`Sequential`] cannot say is composed by hand, which is the normal way and needs nothing from this crate
//! but its layers:
//!
//! ```
//! # use nn::Linear;
//! # use tape::{Params, Pass, Real, Tensor};
//! /// Adds a correction to its input instead of replacing it: `[.., features] -> [.., features]`.
//! struct Residual {
//!     inner: Linear,
//!     outer: Linear,
//! }
//!
//! impl Residual {
//!     fn new<T: Real>(features: usize, params: &mut Params<T>, rng: &mut impl rand::Rng) -> Self {
//!         Self {
//!             inner: params.within("inner", |params| Linear::new(features, 4 * features).build(params, rng)),
//!             outer: params.within("outer", |params| Linear::new(4 * features, features).build(params, rng)),
//!         }
//!     }
//!
//!     fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
//!         x + self.outer.forward(pass, self.inner.forward(pass, x).relu())
//!     }
//! }
//! # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//! # let mut params = Params::<f64>::new();
//! # let block = Residual::new(3, &mut params, &mut ChaCha8Rng::seed_from_u64(0));
//! # assert_eq!(params.find("outer.weight").map(|id| params.parameter(id).shape().to_string()).as_deref(), Some("[3, 12]"));
//! # let y = tape::Tape::new().evaluate(&params, |pass| block.forward(pass, pass.constant([[1.0, 2.0, 3.0]])));
//! # assert_eq!(y.shape(), [1, 3]);
//! ```
//!
//! The crate in the order of its story: [`init`] says what numbers a parameter starts from; [`Linear`], [`Activation`]
//! and [`Sequential`] compute; [`cross_entropy`], [`mse`] and the other losses say how wrong the result is; [`explain`]
//! says who is responsible.

mod error;
pub mod explain;
pub mod init;
mod layer;
mod loss;
mod summary;

pub use error::Error;
pub use init::Init;
pub use layer::activation::Activation;
pub use layer::attention::mask::AttentionMask;
pub use layer::attention::multihead::{InProjection, MultiheadAttention};
pub use layer::attention::scaled_dot_product::{scaled_dot_product_attention, try_scaled_dot_product_attention};
pub use layer::bilinear::Bilinear;
pub use layer::chained::Layer;
pub use layer::conv_transpose::{ConvTranspose, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d};
pub use layer::convolution::{Conv, Conv1d, Conv2d, Conv3d, ConvPadding, PaddingMode};
pub use layer::dropout::{AlphaDropout, ChannelDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout};
pub use layer::embedding::Embedding;
pub use layer::linear::Linear;
pub use layer::norm::RunningStatistics;
pub use layer::norm::batch_norm::{BatchNorm, BatchNorm1d, BatchNorm2d, BatchNorm3d};
pub use layer::norm::group_norm::GroupNorm;
pub use layer::norm::instance_norm::{InstanceNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d};
pub use layer::norm::layer_norm::LayerNorm;
pub use layer::norm::rms_norm::RmsNorm;
pub use layer::parametrization::spectral_norm::SpectralNorm;
pub use layer::parametrization::weight_norm::WeightNorm;
pub use layer::pool::Pool;
pub use layer::position::{Pairs, RotaryPositions, SinusoidalPositions};
pub use layer::prelu::Prelu;
pub use layer::recurrent::{self, Gru, GruCell, Lstm, LstmCell, Nonlinearity, Rnn, RnnCell};
pub use layer::reshape::Reshape;
pub use layer::residual::Residual;
pub use layer::sequential::Sequential;
pub use layer::transformer::decoder::{TransformerDecoder, TransformerDecoderLayer};
pub use layer::transformer::encoder::{TransformerEncoder, TransformerEncoderLayer};
pub use layer::transformer::whole::Transformer;
pub use layer::upsample::Upsample;
pub use loss::bce::{Bce, bce};
pub use loss::bce_with_logits::{BceWithLogits, bce_with_logits};
pub use loss::cosine_embedding::{CosineEmbedding, cosine_embedding};
pub use loss::cross_entropy::{CrossEntropy, cross_entropy, soft_cross_entropy};
pub use loss::ctc::{Ctc, ctc};
pub use loss::focal::{Focal, focal};
pub use loss::gaussian_nll::{GaussianNll, gaussian_nll};
pub use loss::hinge::{Hinge, hinge};
pub use loss::hinge_embedding::{HingeEmbedding, hinge_embedding};
pub use loss::huber::{Huber, huber};
pub use loss::kl_divergence::{KlDivergence, kl_divergence};
pub use loss::l1::{L1, l1};
pub use loss::log_cosh::{LogCosh, log_cosh};
pub use loss::margin_ranking::{MarginRanking, margin_ranking};
pub use loss::mse::{Mse, mse};
pub use loss::multi_label_margin::{MultiLabelMargin, multi_label_margin};
pub use loss::multi_label_soft_margin::{MultiLabelSoftMargin, multi_label_soft_margin};
pub use loss::multi_margin::{MultiMargin, multi_margin};
pub use loss::nll::{Nll, nll};
pub use loss::poisson_nll::{PoissonNll, poisson_nll};
pub use loss::reduction::Reduction;
pub use loss::smooth_l1::{SmoothL1, smooth_l1};
pub use loss::soft_margin::{SoftMargin, soft_margin};
pub use loss::triplet_margin::{TripletMargin, triplet_margin};
pub use summary::{Rows, Summary, SummaryRow};
