//! The cross-entropy.

use nn::cross_entropy;

use crate::pytorch::reference::references;

#[test]
fn of_extreme_logits() {
    let reference = references!("cross_entropy");
    reference.case("extreme").compare_function(|_, inputs| cross_entropy(inputs.get("x"), &inputs.indices("labels")));
}
