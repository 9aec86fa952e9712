//! The bilinear layer.

use nn::Bilinear;

use crate::pytorch::reference::references;

#[test]
fn of_rows_and_of_sequences() {
    let references = references!("bilinear");
    let sequences = Bilinear::new(2, 3, 1).without_bias();
    for (case, plan) in [("bilinear", Bilinear::new(3, 2, 4)), ("bilinear_of_sequences", sequences)] {
        references.case(case).compare(
            |params, rng| plan.build(params, rng),
            |layer, pass, inputs| vec![("output", layer.forward(pass, inputs.get("a"), inputs.get("b")))],
        );
    }
}
