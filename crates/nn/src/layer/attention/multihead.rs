//! Multi-head attention: several attentions beside one another, each in features of its own.
//!
//! Queries, keys and values are each mapped linearly to `embed_dim` features and split into `heads` parts; every head
//! attends on its own ([`scaled_dot_product_attention`](crate::scaled_dot_product_attention)); what they find is put side by
//! side again and mapped once more.
//!
//! | | |
//! | --- | --- |
//! | query, key, value | `[.., n, embed_dim], [.., s, kdim], [.., s, vdim]` |
//! | output; weights | `[.., n, embed_dim]`; `[.., heads, n, s]` |
//! | `in_proj_weight` | `[3 embed_dim, embed_dim]`: those of queries, keys and values below one another, Xavier uniform |
//! | `q_proj_weight`, `k_proj_weight`, `v_proj_weight` | `[embed_dim, embed_dim]`, `[embed_dim, kdim]`, `[embed_dim, vdim]`, in its place where `kdim` or `vdim` differ |
//! | `in_proj_bias` | `[3 embed_dim]`, zeros |
//! | `out_proj.weight`, `out_proj.bias` | as [`Linear`]'s, the bias from zeros |
//!
//! A. Vaswani et al., "Attention is all you need", NeurIPS 2017.
//!
//! PyTorch: `nn.MultiheadAttention`, whose names, layouts and initial distributions these are. Departures: the batch is the
//! first axis, `batch_first=True`, for then the tokens of a sample lie together; what comes with the batch second is
//! turned by `transpose(0, 1)`, which copies nothing. Masks are those of [`AttentionMask`]. The weights are returned
//! for every head; PyTorch's default is their `mean_axes(-3)`. A query that may see no key gets zeros from the heads, not
//! NaN. `add_bias_kv` and `add_zero_attn` do not exist; rotary positions do.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Shape, Tensor};

use super::mask::AttentionMask;
use super::scaled_dot_product::attend;
use crate::error::{Error, unwrap};
use crate::init::{Gain, Init};
use crate::layer::dropout::Dropout;
use crate::layer::linear::Linear;
use crate::layer::position::RotaryPositions;

const NAME: &str = "MultiheadAttention";

/// The weights that map queries, keys and values into the heads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InProjection<P = ParamId> {
    /// All have `embed_dim` features: one parameter, `in_proj_weight`.
    Packed(P),
    /// Keys or values have other features than queries.
    Separate {
        /// `q_proj_weight`, `[embed_dim, embed_dim]`.
        query: P,
        /// `k_proj_weight`, `[embed_dim, kdim]`.
        key: P,
        /// `v_proj_weight`, `[embed_dim, vdim]`.
        value: P,
    },
}

/// Attention in several heads: `[.., n, embed_dim], [.., s, kdim], [.., s, vdim] -> [.., n, embed_dim]`.
///
/// `MultiheadAttention::new` is a plan; [`build`](MultiheadAttention::build) adds its parameters and gives the layer.
///
/// ```
/// use ndarray::array;
/// use nn::{AttentionMask, Init, MultiheadAttention};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let layer = MultiheadAttention::new(2, 2).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// let names: Vec<_> = params.iter().map(|(_, parameter)| parameter.name()).collect();
/// assert_eq!(names, ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]);
/// // Queries and keys of zero make every score equal; values are handed on as they are.
/// let weights = array![[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]];
/// params.view_mut(params.find("in_proj_weight").unwrap()).assign(&weights);
/// Init::identity().fill(&mut params, layer.out_proj.weight, &mut ChaCha8Rng::seed_from_u64(0));
/// let y = tape::Tape::new().evaluate(&params, |pass| {
///     let x = pass.constant([[1.0, 5.0], [3.0, 7.0]]);
///     layer.forward(pass, x, x, x, AttentionMask::none().causal())
/// });
/// assert_eq!(y, array![[1.0, 5.0], [2.0, 6.0]].into_dyn());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MultiheadAttention<P = ParamId> {
    /// The number of features of queries and outputs, all heads together.
    pub embed_dim: usize,
    /// Into how many parts they are split.
    #[doc(alias = "num_heads")]
    pub heads: usize,
    /// The number of features of keys.
    pub kdim: usize,
    /// The number of features of values.
    pub vdim: usize,
    /// With which probability a weight is dropped in training.
    pub dropout: Dropout,
    /// How queries and keys are turned by their positions.
    pub rotary: Option<RotaryPositions>,
    /// The weights into the heads.
    pub in_proj: InProjection<P>,
    /// `in_proj_bias`, `[3 embed_dim]`.
    pub in_proj_bias: Option<P>,
    /// What maps the heads' findings to the output.
    pub out_proj: Linear<P>,
}

impl MultiheadAttention<Init> {
    /// A plan of a layer with biases and without dropout, all of whose inputs have `embed_dim` features, initialised as
    /// PyTorch's.
    #[must_use]
    pub fn new(embed_dim: usize, heads: usize) -> Self {
        let zeros = Init::constant(0.0);
        Self {
            embed_dim,
            heads,
            kdim: embed_dim,
            vdim: embed_dim,
            dropout: Dropout::new(0.0),
            rotary: None,
            in_proj: InProjection::Packed(Init::xavier_uniform(Gain::Linear)),
            in_proj_bias: Some(zeros),
            out_proj: Linear::new(embed_dim, embed_dim).bias(zeros),
        }
    }

    /// With keys of so many features.
    #[must_use]
    pub fn kdim(self, kdim: usize) -> Self {
        Self { kdim, ..self }.arranged()
    }

    /// With values of so many features.
    #[must_use]
    pub fn vdim(self, vdim: usize) -> Self {
        Self { vdim, ..self }.arranged()
    }

    /// With the weights in one parameter, or in three if they do not fit together.
    fn arranged(self) -> Self {
        let (InProjection::Packed(start) | InProjection::Separate { query: start, .. }) = self.in_proj;
        let in_proj = if self.kdim == self.embed_dim && self.vdim == self.embed_dim {
            InProjection::Packed(start)
        } else {
            InProjection::Separate { query: start, key: start, value: start }
        };
        Self { in_proj, ..self }
    }

    /// With weights dropped in training, with this probability.
    ///
    /// # Panics
    /// If it is not from 0 to 1.
    #[must_use]
    #[track_caller]
    pub fn dropout(self, p: f64) -> Self {
        Self { dropout: Dropout::new(p), ..self }
    }

    /// With the queries and keys of each head, which have `embed_dim / heads` features, turned by their positions.
    #[must_use]
    pub fn rotary(self, rotary: RotaryPositions) -> Self {
        Self { rotary: Some(rotary), ..self }
    }

    /// Without biases.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { in_proj_bias: None, out_proj: self.out_proj.without_bias(), ..self }
    }

    /// Adds the parameters, in the order of PyTorch's, and initialises them.
    ///
    /// # Panics
    /// If a name is taken: put layers apart with [`Params::within`]. If the heads do not divide the features, or
    /// the rotary positions are not of a head's features.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> MultiheadAttention {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<MultiheadAttention, Error> {
        let Self { embed_dim, heads, kdim, vdim, dropout, rotary, in_proj, in_proj_bias, out_proj } = self;
        self.check()?;
        let in_proj = match in_proj {
            InProjection::Packed(start) => InProjection::Packed(
                params.try_add("in_proj_weight", &start.try_array([3 * embed_dim, embed_dim], rng)?)?,
            ),
            InProjection::Separate { query, key, value } => {
                let mut add = |name, start: Init, features| {
                    Ok::<_, Error>(params.try_add(name, &start.try_array([embed_dim, features], rng)?)?)
                };
                InProjection::Separate {
                    query: add("q_proj_weight", query, embed_dim)?,
                    key: add("k_proj_weight", key, kdim)?,
                    value: add("v_proj_weight", value, vdim)?,
                }
            }
        };
        let in_proj_bias = match in_proj_bias {
            Some(start) => Some(params.try_add("in_proj_bias", &start.try_array([3 * embed_dim], rng)?)?),
            None => None,
        };
        let out_proj = params.within("out_proj", |params| out_proj.try_build(params, rng))?;
        Ok(MultiheadAttention { embed_dim, heads, kdim, vdim, dropout, rotary, in_proj, in_proj_bias, out_proj })
    }

    fn check(&self) -> Result<(), Error> {
        let setting = |setting, value: String, rule| Err(Error::Setting { layer: NAME, setting, value, rule });
        if self.heads == 0 || !self.embed_dim.is_multiple_of(self.heads) {
            let rule = "they must divide the number of features, embed_dim";
            return setting("heads", self.heads.to_string(), rule);
        }
        if let Some(rotary) = self.rotary.filter(|rotary| rotary.features != self.embed_dim / self.heads) {
            let rule = "they must be of as many features as one head has";
            return setting("rotary positions of", rotary.features.to_string(), rule);
        }
        Ok(())
    }
}

impl MultiheadAttention {
    /// `[.., n, embed_dim], [.., s, kdim], [.., s, vdim] -> [.., n, embed_dim]`: self-attention where all three are the
    /// same tensor. Zero samples or queries give zero rows; without keys the heads find zeros.
    ///
    /// # Panics
    /// If an input has another number of features than the layer was made for, keys and values are not as many, the batch
    /// axes differ, a mask does not broadcast to the scores, or other parameters are bound than the layer was built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(
        &self,
        pass: &Pass<'_, T>,
        query: Tensor<T>,
        key: Tensor<T>,
        value: Tensor<T>,
        mask: AttentionMask<T>,
    ) -> Tensor<T> {
        self.forward_with_weights(pass, query, key, value, mask).0
    }

    /// The output as [`forward`](Self::forward) gives it, and what each query attended to in each head: weights
    /// `[.., heads, n, s]`, those that dropout left.
    ///
    /// ```
    /// # use nn::{AttentionMask, MultiheadAttention};
    /// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    /// # let mut params = tape::Params::<f64>::new();
    /// # let layer = MultiheadAttention::new(4, 2).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
    /// let tape = tape::Tape::new();
    /// let pass = tape.bind(&params);
    /// let x = tape.constant([[1.0; 4], [-1.0; 4], [0.5; 4]]);
    /// let (_, weights) = layer.forward_with_weights(&pass, x, x, x, AttentionMask::none().causal());
    /// assert_eq!(weights.shape(), [2, 3, 3]);
    /// let mean = weights.mean_axes(-3).to_array();
    /// assert_eq!((mean[[0, 0]], mean[[0, 1]]), (1.0, 0.0));
    /// ```
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    #[doc(alias = "need_weights")]
    #[must_use]
    #[track_caller]
    pub fn forward_with_weights<T: Real>(
        &self,
        pass: &Pass<'_, T>,
        query: Tensor<T>,
        key: Tensor<T>,
        value: Tensor<T>,
        mask: AttentionMask<T>,
    ) -> (Tensor<T>, Tensor<T>) {
        let shape = query.shape();
        if let Err(error) = self.check_inputs(&shape, &key.shape(), &value.shape()) {
            panic!("{error}");
        }
        let weights = self.weights(pass);
        let mut parts = [query, key, value];
        for (number, part) in parts.iter_mut().enumerate() {
            let mut projected = part.matmul(weights[number].t());
            if let Some(bias) = self.in_proj_bias {
                projected += pass.parameter(bias).narrow(0, number * self.embed_dim..(number + 1) * self.embed_dim);
            }
            *part = self.split(projected);
        }
        if let Some(rotary) = self.rotary {
            [parts[0], parts[1]] = rotary.rotate_both(pass, parts[0], parts[1]);
        }
        let (found, weights) = unwrap(attend(pass, parts, mask, self.dropout));
        let joined = found.transpose(-3, -2).reshape(shape);
        (self.out_proj.forward(pass, joined), weights)
    }

    /// Those of queries, keys and values. The weight is cut, and not what it makes of the tokens: they are more.
    #[track_caller]
    fn weights<T: Real>(&self, pass: &Pass<'_, T>) -> [Tensor<T>; 3] {
        match self.in_proj {
            InProjection::Packed(weight) => {
                let (weight, n) = (pass.parameter(weight), self.embed_dim);
                [weight.narrow(0, 0..n), weight.narrow(0, n..2 * n), weight.narrow(0, 2 * n..3 * n)]
            }
            InProjection::Separate { query, key, value } => {
                [pass.parameter(query), pass.parameter(key), pass.parameter(value)]
            }
        }
    }

    /// `[.., tokens, embed_dim] -> [.., heads, tokens, embed_dim / heads]`, without copying.
    #[track_caller]
    fn split<T: Real>(&self, x: Tensor<T>) -> Tensor<T> {
        let shape = x.shape();
        let heads = [self.heads, self.embed_dim / self.heads];
        let split: Shape = shape[..shape.rank() - 1].iter().copied().chain(heads).collect();
        x.reshape(split).transpose(-3, -2)
    }

    fn check_inputs(&self, query: &Shape, key: &Shape, value: &Shape) -> Result<(), Error> {
        let inputs = [(query, self.embed_dim), (key, self.kdim), (value, self.vdim)];
        if let Some((input, expected)) = inputs.into_iter().find(|(shape, features)| shape.last() != Some(features)) {
            return Err(Error::Features { layer: NAME, expected, input: input.clone() });
        }
        let rule = match (&**query, &**key, &**value) {
            ([batch @ .., _, _], [own @ .., keys, _], [others @ .., values, _]) => {
                if batch != own || own != others {
                    "the axes before the last two must be equal"
                } else if keys != values {
                    "there must be one value for each key"
                } else {
                    return Ok(());
                }
            }
            _ => "each needs two axes at least, [.., tokens, features]",
        };
        let [query, key, value] = [query, key, value].map(Shape::clone);
        Err(Error::Attention { operation: NAME, query, key, value, rule })
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::Tape;

    use super::*;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(42)
    }

    #[test]
    fn parameters_have_pytorchs_names_layouts_and_order() {
        let names = |plan: MultiheadAttention<Init>| {
            let mut params = Params::<f32>::new();
            params.within("self_attn", |params| plan.build(params, &mut rng()));
            params.iter().map(|(_, found)| format!("{} {}", found.name(), found.shape())).collect::<Vec<_>>()
        };
        let plan = MultiheadAttention::new(4, 2);
        let packed = [
            "self_attn.in_proj_weight [12, 4]",
            "self_attn.in_proj_bias [12]",
            "self_attn.out_proj.weight [4, 4]",
            "self_attn.out_proj.bias [4]",
        ];
        assert_eq!(names(plan), packed);
        assert_eq!(names(plan.kdim(3).kdim(4)), packed);
        let separate = [
            "self_attn.q_proj_weight [4, 4]",
            "self_attn.k_proj_weight [4, 3]",
            "self_attn.v_proj_weight [4, 5]",
            "self_attn.out_proj.weight [4, 4]",
        ];
        assert_eq!(names(plan.kdim(3).vdim(5).without_bias()), separate);
    }

    #[test]
    fn the_default_start_is_pytorchs() {
        let mut params = Params::<f64>::new();
        let layer = MultiheadAttention::new(100, 2).build(&mut params, &mut rng());
        let InProjection::Packed(weight) = layer.in_proj else { panic!("all features are the same") };
        let largest = |id| params.view(id).iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        // √(6 / (300 + 100)) and 1 / √100; that of so many draws the largest is further below happens never.
        for (id, bound) in [(weight, 0.015_f64.sqrt()), (layer.out_proj.weight, 0.1)] {
            assert!(largest(id) <= bound && largest(id) > 0.99 * bound, "{} of {bound}", largest(id));
        }
        assert_eq!([layer.in_proj_bias, layer.out_proj.bias].map(|id| largest(id.unwrap())), [0.0, 0.0]);
    }

    #[test]
    fn settings_that_do_not_fit_are_refused() {
        let (plan, rotary) = (MultiheadAttention::new(6, 2), RotaryPositions::new);
        for (plan, text) in [
            (
                MultiheadAttention::new(6, 4),
                "MultiheadAttention: heads 4: they must divide the number of features, embed_dim",
            ),
            (
                MultiheadAttention::new(6, 0),
                "MultiheadAttention: heads 0: they must divide the number of features, embed_dim",
            ),
            (
                plan.rotary(rotary(6)),
                "MultiheadAttention: rotary positions of 6: they must be of as many features as one head has",
            ),
        ] {
            let mut params = Params::<f32>::new();
            assert_eq!(plan.try_build(&mut params, &mut rng()).unwrap_err().to_string(), text);
            assert!(params.is_empty(), "a failing call adds nothing");
        }
    }

    #[test]
    fn inputs_that_do_not_fit_are_refused() {
        let mut params = Params::<f64>::new();
        let layer = MultiheadAttention::new(2, 1).kdim(3).build(&mut params, &mut rng());
        for (query, key, value, text) in [
            (
                &[1, 3][..],
                &[1, 3][..],
                &[1, 2][..],
                "MultiheadAttention: input of shape [1, 3]: expected 2 features on its last axis, found 3",
            ),
            (
                &[1, 2],
                &[1, 2],
                &[1, 2],
                "MultiheadAttention: input of shape [1, 2]: expected 3 features on its last axis, found 2",
            ),
            (
                &[1, 2],
                &[4, 3],
                &[5, 2],
                "MultiheadAttention: query of shape [1, 2], key of shape [4, 3], value of shape [5, 2]: \
                 there must be one value for each key",
            ),
            (
                &[2, 1, 2],
                &[1, 4, 3],
                &[1, 4, 2],
                "MultiheadAttention: query of shape [2, 1, 2], key of shape [1, 4, 3], value of shape [1, 4, 2]: \
                 the axes before the last two must be equal",
            ),
            (
                &[2],
                &[3],
                &[2],
                "MultiheadAttention: query of shape [2], key of shape [3], value of shape [2]: \
                 each needs two axes at least, [.., tokens, features]",
            ),
        ] {
            let shapes = [query, key, value].map(Shape::from);
            assert_eq!(layer.check_inputs(&shapes[0], &shapes[1], &shapes[2]).unwrap_err().to_string(), text);
        }
    }

    /// A head is a layer of one head with its rows of the weights; what the heads find lies side by side.
    #[test]
    fn heads_are_attentions_of_their_own() {
        let mut params = Params::<f64>::new();
        let identity = Init::identity();
        let mut plan = MultiheadAttention::new(4, 2);
        plan.out_proj = plan.out_proj.weight(identity);
        let layer = params.within("both", |params| plan.build(params, &mut rng()));
        let InProjection::Packed(weight) = layer.in_proj else { panic!("all features are the same") };
        let weight = params.view(weight).to_owned();
        let x = Init::normal(0.0, 1.0).array::<f64>([3, 4], &mut rng());
        let tape = Tape::new();
        let pass = tape.bind(&params);
        let input = tape.constant(&x);
        let whole = layer.forward(&pass, input, input, input, AttentionMask::none()).to_array();
        for head in 0..2 {
            let part = |which: usize| {
                let rows = weight.slice(ndarray::s![4 * which + 2 * head..4 * which + 2 * head + 2, ..]).to_owned();
                input.matmul(tape.constant(&rows).t())
            };
            let parts = [part(0), part(1), part(2)];
            let alone = attend(&pass, parts, AttentionMask::none(), Dropout::new(0.0)).unwrap().0.to_array();
            for (found, expected) in whole.slice(ndarray::s![.., 2 * head..2 * head + 2]).iter().zip(&alone) {
                assert!((found - expected).abs() < 1e-15, "head {head}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn the_first_token_does_not_depend_on_what_comes_after_it() {
        let mut params = Params::<f64>::new();
        let plan = MultiheadAttention::new(4, 2).rotary(RotaryPositions::new(2));
        let layer = plan.build(&mut params, &mut rng());
        let tape = Tape::new();
        let x = tape.variable(Init::normal(0.0, 1.0).array::<f64>([3, 4], &mut rng()));
        let y = layer.forward(&tape.bind(&params), x, x, x, AttentionMask::none().causal());
        let gradients = y.select(0, 0).sum().backward();
        assert!(gradients[x].slice(ndarray::s![1.., ..]).iter().all(|gradient| *gradient == 0.0));
        assert!(gradients[x].slice(ndarray::s![0, ..]).iter().any(|gradient| *gradient != 0.0));
    }
}
