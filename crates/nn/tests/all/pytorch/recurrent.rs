//! Recurrent layers and their cells, packed sequences included.

use nn::recurrent::{Cell, GruGates, LstmGates, Recurrent, Rule};
use nn::{Gru, GruCell, Init, Lstm, LstmCell, Nonlinearity, Rnn, RnnCell};
use tape::Tensor;

use crate::pytorch::reference::{Inputs, Reference, References, references};

type Outputs = Vec<(&'static str, Tensor<f64>)>;

/// How the state of a layer is taken from a case, and named for one.
trait Named: Rule {
    fn given(inputs: &Inputs<'_>) -> Self::State<f64>;
    fn named(state: Self::State<f64>, names: [&'static str; 2]) -> Outputs;
}

macro_rules! named {
    ($($rule:ty: |$inputs:ident| $given:expr; |$state:ident, $names:ident| $named:expr;)*) => {$(
        impl Named for $rule {
            fn given($inputs: &Inputs<'_>) -> Self::State<f64> {
                $given
            }

            fn named($state: Self::State<f64>, $names: [&'static str; 2]) -> Outputs {
                $named
            }
        }
    )*};
}
named! {
    Nonlinearity: |inputs| inputs.get("h"); |h, names| vec![(names[0], h)];
    GruGates: |inputs| inputs.get("h"); |h, names| vec![(names[0], h)];
    LstmGates: |inputs| (inputs.get("h"), inputs.get("c")); |state, names| vec![(names[0], state.0), (names[1], state.1)];
}

fn compare_cell<R: Named>(reference: &Reference, plan: Cell<R, Init>) {
    reference.compare(
        |params, rng| plan.build(params, rng),
        |cell, pass, inputs| R::named(cell.forward(pass, inputs.get("x"), Some(R::given(inputs))), ["h_1", "c_1"]),
    );
}

fn compare<R: Named>(reference: &Reference, plan: Recurrent<R, Init>, lengths: Option<&[usize]>, state: bool) {
    reference.compare(
        |params, rng| plan.build(params, rng),
        |layer, pass, inputs| {
            let (x, state) = (inputs.get("x"), state.then(|| R::given(inputs)));
            let (output, state) = match lengths {
                Some(lengths) => layer.forward_lengths(pass, x, lengths, state),
                None => layer.forward(pass, x, state),
            };
            let mut outputs = vec![("output", output)];
            outputs.extend(R::named(state, ["h_n", "c_n"]));
            outputs
        },
    );
}

/// What is recorded of each kind.
fn compare_kind<R: Named>(references: &References, name: &str, cell: Cell<R, Init>, plan: &Recurrent<R, Init>) {
    let case = |suffix: &str| references.case(&format!("{name}{suffix}"));
    let deep = || plan.clone().num_layers(2).bidirectional();
    compare_cell(case("_cell"), cell);
    compare(case(""), plan.clone(), None, false);
    compare(case("_deep"), deep().batch_first(), None, true);
    compare(case("_packed"), deep(), Some(&[2, 4, 1]), true);
    compare(case("_alone"), plan.clone().without_bias().batch_first(), None, true);
}

#[test]
fn simple() {
    let references = references!("recurrent");
    compare_kind(&references, "rnn", RnnCell::new(3, 2), &Rnn::new(3, 2));
    compare(references.case("rnn_relu"), Rnn::new(3, 2).nonlinearity(Nonlinearity::Relu), None, true);
}

#[test]
fn gated() {
    compare_kind(&references!("recurrent"), "gru", GruCell::new(3, 2), &Gru::new(3, 2));
}

#[test]
fn long_short_term_memory() {
    let references = references!("recurrent");
    compare_kind(&references, "lstm", LstmCell::new(3, 2), &Lstm::new(3, 2));
    let projected = Lstm::new(3, 2).num_layers(2).bidirectional().proj_size(1);
    compare(references.case("lstm_projected"), projected, Some(&[3, 4, 4]), true);
}
