//! Rows of the recurrent layers and their cells.

use nn::recurrent::{Cell, GruGates, LstmGates, Recurrent, Rule};
use nn::{Gru, GruCell, Init, Lstm, LstmCell, Nonlinearity, Rnn, RnnCell};
use tape::{Pass, Real, Tensor};

use crate::layers::row::{Given, Model, Row};

/// A state as tensors, the hidden one first.
trait Parts: Rule {
    const COUNT: usize;
    fn state<T: Real>(parts: &[Tensor<T>]) -> Option<Self::State<T>>;
    fn parts<T: Real>(state: Self::State<T>) -> Vec<Tensor<T>>;
}

macro_rules! one_part {
    ($($rule:ty),*) => {$(
        impl Parts for $rule {
            const COUNT: usize = 1;

            fn state<T: Real>(parts: &[Tensor<T>]) -> Option<Tensor<T>> {
                parts.first().copied()
            }

            fn parts<T: Real>(state: Tensor<T>) -> Vec<Tensor<T>> {
                vec![state]
            }
        }
    )*};
}
one_part!(Nonlinearity, GruGates);

impl Parts for LstmGates {
    const COUNT: usize = 2;

    fn state<T: Real>(parts: &[Tensor<T>]) -> Option<(Tensor<T>, Tensor<T>)> {
        parts.first().copied().zip(parts.get(1).copied())
    }

    fn parts<T: Real>((h, c): (Tensor<T>, Tensor<T>)) -> Vec<Tensor<T>> {
        vec![h, c]
    }
}

impl<R: Parts> Model for Cell<R> {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        let state = self.forward(pass, given.x(), R::state(&given.tensors[1..]));
        Tensor::concat(&R::parts(state), -1)
    }
}

/// The output beside the last states of all layers, one after another.
struct Whole<R> {
    layer: Recurrent<R>,
    lengths: Option<Vec<usize>>,
}

impl<R: Parts> Model for Whole<R> {
    fn forward<T: Real>(&self, pass: &Pass<'_, T>, given: &Given<'_, T>) -> Tensor<T> {
        let (x, state) = (given.x(), R::state(&given.tensors[1..]));
        let batch = if self.layer.batch_first { 0 } else { 1 };
        let samples = x.shape()[batch];
        let (output, state) = match &self.lengths {
            // That each sequence is the one it is alone, is tested in `tests/recurrent.rs`.
            Some(lengths) => self.layer.forward_lengths(pass, x, &lengths[..samples], state),
            None => self.layer.forward(pass, x, state),
        };
        let output = if self.layer.batch_first { output.transpose(0, 1) } else { output };
        let flat = |tensor: Tensor<T>| {
            let shape = tensor.shape();
            let features = shape[0] * shape[2];
            tensor.transpose(0, 1).reshape([samples, features])
        };
        let mut parts = vec![flat(output)];
        parts.extend(R::parts(state).into_iter().map(flat));
        Tensor::concat(&parts, -1)
    }
}

fn cell<R: Parts + 'static>(name: &'static str, plan: Cell<R, Init>, parameters: &[&str]) -> Row {
    let state = |row: Row, _| row.input(&[3, plan.hidden_size]);
    let output = [3, R::COUNT * plan.hidden_size];
    let row = Row::model(name, move |params, rng| plan.build(params, rng), &output).input(&[3, plan.input_size]);
    (0..R::COUNT).fold(row, state).parameters(parameters)
}

/// Two sequences of two steps.
fn whole<R: Parts + 'static>(
    name: &'static str,
    plan: &Recurrent<R, Init>,
    state: bool,
    lengths: Option<&[usize]>,
) -> Row {
    let (batch, steps) = (2, 2);
    let directions = 1 + usize::from(plan.bidirectional);
    let cells = plan.num_layers * directions;
    let hidden = |part: usize| plan.proj_size.filter(|_| part == 0).unwrap_or(plan.hidden_size);
    let states: usize = (0..R::COUNT).map(|part| cells * hidden(part)).sum();
    let (built, lengths) = (plan.clone(), lengths.map(<[usize]>::to_vec));
    let build =
        move |params: &mut _, rng: &mut _| Whole { layer: built.clone().build(params, rng), lengths: lengths.clone() };
    let row = Row::model(name, build, &[batch, steps * directions * hidden(0) + states]);
    let (input, axis) = if plan.batch_first { ([batch, steps], 0) } else { ([steps, batch], 1) };
    let mut row = row.input(&[input[0], input[1], plan.input_size]);
    let mut axes = vec![axis];
    if state {
        row = (0..R::COUNT).fold(row, |row, part| row.input(&[cells, batch, hidden(part)]));
        axes.extend([1; 2].iter().take(R::COUNT));
    }
    axes.push(0);
    let mut names = Vec::new();
    for layer in 0..plan.num_layers {
        for direction in ["", "_reverse"].iter().take(directions) {
            let bias = plan.cells[0].bias_ih.is_some();
            let there =
                |name: &&str| (bias || !name.starts_with("bias")) && (plan.proj_size.is_some() || *name != "weight_hr");
            let kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"];
            names.extend(kinds.iter().filter(|name| there(name)).map(|name| format!("{name}_l{layer}{direction}")));
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    row.batch(&axes).parameters(&names)
}

pub(crate) fn rows() -> Vec<Row> {
    let names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];
    let relu = Rnn::new(2, 2).nonlinearity(Nonlinearity::Relu);
    vec![
        cell("RnnCell", RnnCell::new(2, 3), &names),
        cell("LstmCell", LstmCell::new(2, 2), &names),
        cell("LstmCell without bias", LstmCell::new(2, 2).without_bias(), &names[..2]),
        cell("GruCell", GruCell::new(2, 3), &names),
        whole("Rnn", &Rnn::new(2, 2), true, None),
        whole("Rnn with relu", &relu, false, None),
        whole("Lstm", &Lstm::new(2, 2), false, None),
        whole("Lstm, two layers, both directions", &Lstm::new(1, 1).num_layers(2).bidirectional(), true, None),
        whole("Lstm, projected", &Lstm::new(1, 2).proj_size(1).batch_first(), true, None),
        whole("Gru, batch first", &Gru::new(2, 2).bidirectional().batch_first(), true, None),
        whole("Gru of lengths", &Gru::new(1, 1).num_layers(2).bidirectional(), true, Some(&[2, 1])).mixes_the_batch(),
        whole("Lstm of lengths", &Lstm::new(2, 2).bidirectional().batch_first(), false, Some(&[0, 2]))
            .mixes_the_batch(),
        whole("Rnn with dropout", &Rnn::new(1, 2).num_layers(2).dropout(0.4), false, None).trains_differently(),
        whole("Gru without inputs", &Gru::new(0, 2), false, None),
    ]
}
