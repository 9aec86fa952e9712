//! Attention, as a function and in several heads.

use nn::{AttentionMask, Init, MultiheadAttention, scaled_dot_product_attention};
use tape::{Mask, Pass};

use crate::pytorch::reference::{Inputs, Reference, references};

/// The mask of this name that PyTorch was given.
fn mask(pass: &Pass<'_, f64>, reference: &Reference, name: &str) -> Mask<f64> {
    pass.constant(reference.get(name)).ne(0.0)
}

fn function(case: &str, masks: impl Fn(&Pass<'_, f64>, &Reference, &Inputs<'_>) -> AttentionMask<f64>) {
    let references = references!("attention");
    let reference = references.case(case);
    reference.compare_function(|pass, inputs| {
        let [query, key, value] = ["query", "key", "value"].map(|name| inputs.get(name));
        scaled_dot_product_attention(pass, query, key, value, masks(pass, reference, inputs), 0.0)
    });
}

#[test]
fn as_a_function() {
    for case in ["function", "function_without_batch", "function_extreme"] {
        function(case, |_, _, _| AttentionMask::none());
    }
}

#[test]
fn as_a_function_with_masks() {
    for case in ["function_causal", "function_causal_of_more_queries"] {
        function(case, |_, _, _| AttentionMask::none().causal());
    }
    function("function_allowed", |pass, reference, _| AttentionMask::none().allowed(mask(pass, reference, "allowed")));
    function("function_additive", |_, _, inputs| AttentionMask::none().additive(inputs.get("additive")));
}

fn heads(case: &str, plan: MultiheadAttention<Init>, masks: impl Fn(&Pass<'_, f64>, &Reference) -> AttentionMask<f64>) {
    let references = references!("attention");
    let reference = references.case(case);
    reference.compare(
        |params, rng| plan.build(params, rng),
        |layer, pass, inputs| {
            let [query, key, value] = ["query", "key", "value"].map(|name| inputs.get(name));
            let (output, weights) = layer.forward_with_weights(pass, query, key, value, masks(pass, reference));
            vec![("output", output), ("weights", weights)]
        },
    );
}

#[test]
fn in_heads() {
    let plan = MultiheadAttention::new(4, 2);
    for (case, plan) in [
        ("cross", plan),
        ("cross_without_batch", plan),
        ("cross_without_bias", plan.without_bias()),
        ("other_features", plan.kdim(3).vdim(5)),
    ] {
        heads(case, plan, |_, _| AttentionMask::none());
    }
}

#[test]
fn in_heads_with_masks() {
    let plan = MultiheadAttention::new(4, 2);
    heads("causal", plan, |_, _| AttentionMask::none().causal());
    heads("blocked", plan, |pass, reference| AttentionMask::none().blocked(mask(pass, reference, "blocked")));
    heads("padding", plan, |pass, reference| AttentionMask::none().padding(mask(pass, reference, "padding")));
    heads("padding_and_causal", plan, |pass, reference| {
        AttentionMask::none().padding(mask(pass, reference, "padding")).causal()
    });
}

#[test]
fn of_a_sequence_to_itself() {
    let (references, plan) = (references!("attention"), MultiheadAttention::new(4, 2));
    references.case("self").compare(
        |params, rng| plan.build(params, rng),
        |layer, pass, inputs| {
            let x = inputs.get("x");
            vec![("output", layer.forward(pass, x, x, x, AttentionMask::none()))]
        },
    );
    references.case("self_with_the_batch_second").compare(
        |params, rng| plan.build(params, rng),
        |layer, pass, inputs| {
            let x = inputs.get("x").transpose(0, 1);
            vec![("output", layer.forward(pass, x, x, x, AttentionMask::none()).transpose(0, 1))]
        },
    );
}
