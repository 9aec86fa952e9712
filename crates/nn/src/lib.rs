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
//! and [`Sequential`] compute; [`cross_entropy`] and [`mse`] say how wrong the result is.

mod error;
pub mod init;
mod layer;
mod loss;

pub use error::Error;
pub use init::Init;
pub use layer::activation::Activation;
pub use layer::embedding::Embedding;
pub use layer::linear::Linear;
pub use layer::recurrent::{self, Gru, GruCell, Lstm, LstmCell, Nonlinearity, Rnn, RnnCell};
pub use layer::sequential::{Layer, Sequential};
pub use loss::cross_entropy::{cross_entropy, try_cross_entropy};
pub use loss::mse::{mse, try_mse};
