//! The embedding.

use nn::Embedding;

use crate::pytorch::reference::references;

#[test]
fn with_and_without_padding() {
    let references = references!("embedding");
    for (case, plan) in [("plain", Embedding::new(5, 3)), ("padding", Embedding::new(5, 3).padding_index(1))] {
        references.case(case).compare(
            |params, rng| plan.build(params, rng),
            |layer, pass, inputs| vec![("output", layer.forward(pass, &inputs.indices("indices")))],
        );
    }
}
