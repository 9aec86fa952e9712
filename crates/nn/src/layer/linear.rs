//! The fully connected layer: `y = x W^T + b`.
//!
//! `[.., in_features] -> [.., out_features]`, with `W` of shape `[out_features, in_features]` and `b` of
//! `[out_features]`, as PyTorch lays them out and names them, `weight` and `bias`.
//!
//! Both start uniform within `±1/√in_features`, which is what PyTorch's `nn.Linear` does (it writes the weight's as
//! Kaiming uniform with a = √5). The draws are not PyTorch's own: its generator is another one.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Tensor};

use crate::error::{Error, unwrap};
use crate::init::Init;

/// A fully connected layer; see [`Linear::new`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linear {
    weight: ParamId,
    bias: Option<ParamId>,
    in_features: usize,
}

/// What a [`Linear`] layer will be: sizes, whether it has a bias, and what its parameters start from.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a layer has no parameters before `build`"]
pub struct LinearBuilder {
    in_features: usize,
    out_features: usize,
    weight: Option<Init>,
    bias: Option<Init>,
    has_bias: bool,
}

impl Linear {
    /// A layer from `in_features` to `out_features`, to be built.
    ///
    /// ```
    /// use nn::{Init, Linear};
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// let mut params = tape::Params::<f64>::new();
    /// let sum = Linear::new(3, 1).weight_init(Init::constant(1.0)).bias_init(Init::constant(0.5))
    ///     .build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
    /// let y = tape::Tape::new().evaluate(&params, |pass| sum.forward(pass, pass.constant([[1.0, 2.0, 3.0]])));
    /// assert_eq!(y[[0, 0]], 6.5);
    /// ```
    #[allow(clippy::new_ret_no_self, reason = "a layer is nothing without its parameters, which `build` adds")]
    pub fn new(in_features: usize, out_features: usize) -> LinearBuilder {
        LinearBuilder { in_features, out_features, weight: None, bias: None, has_bias: true }
    }

    /// `[.., in_features] -> [.., out_features]`.
    ///
    /// # Panics
    /// If the last axis of `x` does not have `in_features` elements.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let input = x.shape();
        if input.last() != Some(&self.in_features) {
            unwrap(Err(Error::Features { layer: "Linear", expected: self.in_features, input }))
        }
        let product = x.matmul(pass.parameter(self.weight).t());
        match self.bias {
            Some(bias) => product + pass.parameter(bias),
            None => product,
        }
    }

    /// The weight, `[out_features, in_features]`.
    #[must_use]
    pub fn weight(&self) -> ParamId {
        self.weight
    }

    /// The bias, `[out_features]`, if there is one.
    #[must_use]
    pub fn bias(&self) -> Option<ParamId> {
        self.bias
    }
}

impl LinearBuilder {
    /// Without a bias.
    pub fn no_bias(mut self) -> Self {
        self.has_bias = false;
        self
    }

    /// What the weight starts from.
    pub fn weight_init(mut self, init: Init) -> Self {
        self.weight = Some(init);
        self
    }

    /// What the bias starts from.
    pub fn bias_init(mut self, init: Init) -> Self {
        self.bias = Some(init);
        self
    }

    /// Adds the parameters, weight first, and returns the layer.
    ///
    /// # Panics
    /// If `params` has parameters of these names already.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Linear {
        let Self { in_features, out_features, weight, bias, has_bias } = self;
        // A layer without inputs has nothing to scale by: its bias starts from 0, as PyTorch's does.
        let bound = if in_features == 0 { 0.0 } else { 1.0 / (in_features as f64).sqrt() };
        let default = Init::uniform(-bound, bound);
        let weight = weight.unwrap_or(default).array([out_features, in_features], rng);
        let weight = params.add("weight", &weight);
        let bias = has_bias.then(|| bias.unwrap_or(default).array([out_features], rng));
        let bias = bias.map(|bias| params.add("bias", &bias));
        Linear { weight, bias, in_features }
    }
}
