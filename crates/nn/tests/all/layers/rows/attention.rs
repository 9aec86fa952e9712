//! Rows of attention, as a function and in several heads.

use ndarray::array;
use nn::{AttentionMask, MultiheadAttention, Pairs, RotaryPositions, scaled_dot_product_attention};
use tape::{Pass, Real, Tensor};

use crate::layers::row::{Given, Model, Row};

/// Who may look at whom, of three queries and four keys: the second query at nothing.
#[derive(Clone, Copy)]
enum Masking {
    None,
    Causal,
    Blocked,
}

impl Masking {
    fn mask<T: Real>(self, pass: &Pass<'_, T>) -> AttentionMask<T> {
        match self {
            Self::None => AttentionMask::none(),
            Self::Causal => AttentionMask::none().causal(),
            Self::Blocked => {
                let blocked = array![[false, true, false, true], [true; 4], [true, false, false, false]];
                AttentionMask::none().blocked(pass.mask(&blocked))
            }
        }
    }
}

struct Function(Masking);

impl Model for Function {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        let [query, key, value] = given.tensors[..] else { panic!("three inputs") };
        scaled_dot_product_attention(pass, query, key, value, self.0.mask(pass), 0.0)
    }
}

/// The output beside the weights of all heads.
struct Heads(MultiheadAttention, Masking);

impl Model for Heads {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        let [query, key, value] = given.tensors[..] else { panic!("three inputs") };
        let (output, weights) = self.0.forward_with_weights(pass, query, key, value, self.1.mask(pass));
        Tensor::concat(&[output, weights.transpose(-3, -2).flatten(-2, -1)], -1)
    }
}

/// Of a sequence to itself.
struct OfItself(MultiheadAttention);

impl Model for OfItself {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        let x = given.x();
        self.0.forward(pass, x, x, x, AttentionMask::none().causal())
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let function = |name, masking| {
        Row::model(name, move |_, _| Function(masking), &[2, 3, 2])
            .input(&[2, 3, 3])
            .input(&[2, 4, 3])
            .input(&[2, 4, 2])
    };
    let names = &["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"][..];
    let separate = &["q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias"];
    let separate = [&separate[..], &names[2..]].concat();
    let plan = MultiheadAttention::new(4, 2);
    let heads = |name, plan: MultiheadAttention<nn::Init>, masking| {
        Row::model(name, move |params, rng| Heads(plan.build(params, rng), masking), &[2, 3, 12])
            .input(&[2, 3, 4])
            .input(&[2, 4, plan.kdim])
            .input(&[2, 4, plan.vdim])
    };
    let of_itself = |name, plan: MultiheadAttention<nn::Init>| {
        Row::model(name, move |params, rng| OfItself(plan.build(params, rng)), &[2, 3, 4]).input(&[2, 3, 4])
    };
    vec![
        function("Attention", Masking::None),
        function("Attention that is causal", Masking::Causal),
        function("Attention where a query is blocked", Masking::Blocked),
        heads("MultiheadAttention", plan, Masking::None).parameters(names),
        heads("MultiheadAttention where a query is blocked", plan, Masking::Blocked).parameters(names),
        heads("MultiheadAttention of other features", plan.kdim(3).vdim(5), Masking::None).parameters(&separate),
        of_itself("MultiheadAttention without bias", plan.without_bias().dropout(0.4))
            .parameters(&["in_proj_weight", "out_proj.weight"])
            .trains_differently(),
        of_itself("MultiheadAttention with rotary positions", plan.rotary(RotaryPositions::new(2))).parameters(names),
        of_itself(
            "MultiheadAttention of one head with rotary halves",
            MultiheadAttention::new(4, 1).rotary(RotaryPositions::new(4).pairs(Pairs::Halves)),
        )
        .parameters(names),
    ]
}
