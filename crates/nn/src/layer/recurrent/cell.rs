//! One step of a recurrent layer, with its parameters.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Shape, Tensor};

use super::sealed::State as _;
use super::{Rule, Zeros};
use crate::error::{Error, unwrap};
use crate::init::Init;

/// One step of a recurrent layer: [`RnnCell`](crate::RnnCell), [`LstmCell`](crate::LstmCell) or
/// [`GruCell`](crate::GruCell).
///
/// A plan until [`build`](Cell::build) has added its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell<R, P = ParamId> {
    /// What is done at a step.
    pub rule: R,
    /// The length of the input's last axis.
    pub input_size: usize,
    /// The length of the state's last axis.
    pub hidden_size: usize,
    /// `[gates * hidden_size, input_size]`, one gate below the other.
    pub weight_ih: P,
    /// `[gates * hidden_size, hidden_size]`, or `proj_size` columns with a projection.
    pub weight_hh: P,
    /// `[gates * hidden_size]`.
    pub bias_ih: Option<P>,
    /// `[gates * hidden_size]`.
    pub bias_hh: Option<P>,
    /// `[proj_size, hidden_size]`: the projection of an LSTM that has one.
    pub weight_hr: Option<P>,
}

impl<R: Rule> Cell<R, Init> {
    pub(super) fn plan(rule: R, input_size: usize, hidden_size: usize) -> Self {
        // Nothing is drawn where there is no state.
        let bound = if hidden_size == 0 { 0.0 } else { 1.0 / (hidden_size as f64).sqrt() };
        let start = Init::uniform(-bound, bound);
        let bias = Some(start);
        let [weight_ih, weight_hh] = [start; 2];
        Self { rule, input_size, hidden_size, weight_ih, weight_hh, bias_ih: bias, bias_hh: bias, weight_hr: None }
    }

    /// With the weights of the input initialised this way.
    #[must_use]
    pub fn weight_ih(self, weight_ih: Init) -> Self {
        Self { weight_ih, ..self }
    }

    /// With the weights of the last state initialised this way.
    #[must_use]
    pub fn weight_hh(self, weight_hh: Init) -> Self {
        Self { weight_hh, ..self }
    }

    /// With the bias beside the input initialised this way.
    #[must_use]
    pub fn bias_ih(self, bias_ih: Init) -> Self {
        Self { bias_ih: Some(bias_ih), ..self }
    }

    /// With the bias beside the last state initialised this way.
    #[must_use]
    pub fn bias_hh(self, bias_hh: Init) -> Self {
        Self { bias_hh: Some(bias_hh), ..self }
    }

    /// Without biases.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { bias_ih: None, bias_hh: None, ..self }
    }

    /// Adds the parameters `weight_ih`, `weight_hh`, `bias_ih` and `bias_hh`, in this order, and initialises them.
    ///
    /// # Panics
    /// If a name is taken: put layers apart with [`Params::within`]. If an initialiser does not suit its parameter, as
    /// one that scales by the fans does not suit a bias.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Cell<R> {
        unwrap(self.try_build("", self.hidden_size, params, rng))
    }

    /// Adds the parameters under names that end in `suffix`; the hidden state has `recurrent_size`.
    pub(super) fn try_build<T: Real>(
        self,
        suffix: &str,
        recurrent_size: usize,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Cell<R>, Error> {
        let Self { rule, input_size, hidden_size, .. } = self;
        let gates = R::GATES * hidden_size;
        let mut add = |name: &str, start: Init, shape: Shape| -> Result<ParamId, Error> {
            Ok(params.try_add(&format!("{name}{suffix}"), &start.try_array(shape, rng)?)?)
        };
        let weight_ih = add("weight_ih", self.weight_ih, Shape::from([gates, input_size]))?;
        let weight_hh = add("weight_hh", self.weight_hh, Shape::from([gates, recurrent_size]))?;
        let mut bias = |name, bias: Option<Init>| bias.map(|bias| add(name, bias, Shape::from([gates]))).transpose();
        let (bias_ih, bias_hh) = (bias("bias_ih", self.bias_ih)?, bias("bias_hh", self.bias_hh)?);
        let projection = Shape::from([recurrent_size, hidden_size]);
        let weight_hr = self.weight_hr.map(|start| add("weight_hr", start, projection)).transpose()?;
        Ok(Cell { rule, input_size, hidden_size, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr })
    }
}

impl<R: Rule> Cell<R> {
    /// The next state: `[batch, input_size]` and a state of `[batch, hidden_size]`, zeros if there is none, give such a
    /// state; or all of them without the batch.
    ///
    /// # Panics
    /// If the input has other axes or another number of features, or the state another shape, or other parameters are
    /// bound than the cell was built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>, state: Option<R::State<T>>) -> R::State<T> {
        let input = x.shape();
        unwrap(check_axes(R::CELL, &input, 1, "[batch, features], or [features] without a batch"));
        unwrap(check_features(R::CELL, &input, self.input_size));
        let lone = input.rank() == 1;
        let expected: Shape = input[..input.rank() - 1].iter().copied().chain([self.hidden_size]).collect();
        if let Some(state) = state {
            unwrap(check_state(R::CELL, state, |_| expected.clone()));
        }
        let x = if lone { x.unsqueeze(0) } else { x };
        let state = match state {
            Some(state) if lone => R::State::of(|number| state.part(number).unsqueeze(0)),
            Some(state) => state,
            None => {
                let zeros = pass.constant(Zeros(Shape::from([x.shape()[0], self.hidden_size])));
                R::State::of(|_| zeros)
            }
        };
        let next = self.bind(pass).next(self.inputs(pass, x), state);
        if lone { R::State::of(|number| next.part(number).squeeze(0)) } else { next }
    }

    /// What the inputs give to the gates, of all steps at once: `[rows, input_size] -> [rows, gates * hidden_size]`.
    #[track_caller]
    pub(super) fn inputs<T: Real>(&self, pass: &Pass<'_, T>, rows: Tensor<T>) -> Tensor<T> {
        let product = rows.matmul(pass.parameter(self.weight_ih).t());
        let bias = |bias: Option<ParamId>| bias.map(|bias| pass.parameter(bias));
        match (bias(self.bias_ih), bias(self.bias_hh).filter(|_| R::ONE_SUM)) {
            (Some(one), Some(other)) => product + (one + other),
            (Some(bias), None) | (None, Some(bias)) => product + bias,
            (None, None) => product,
        }
    }

    /// The cell with its parameters at hand.
    #[track_caller]
    pub(super) fn bind<T: Real>(&self, pass: &Pass<'_, T>) -> Bound<R, T> {
        Bound {
            rule: self.rule,
            weight_hh: pass.parameter(self.weight_hh).t(),
            bias_hh: self.bias_hh.filter(|_| !R::ONE_SUM).map(|bias| pass.parameter(bias)),
            weight_hr: self.weight_hr.map(|weight| pass.parameter(weight).t()),
        }
    }
}

/// A cell in a pass; weights as the products want them.
pub(super) struct Bound<R, T> {
    rule: R,
    weight_hh: Tensor<T>,
    bias_hh: Option<Tensor<T>>,
    weight_hr: Option<Tensor<T>>,
}

impl<R: Rule, T: Real> Bound<R, T> {
    /// The next state, where the inputs give `inputs` to the gates.
    #[track_caller]
    pub(super) fn next(&self, inputs: Tensor<T>, state: R::State<T>) -> R::State<T> {
        let product = state.part(0).matmul(self.weight_hh);
        let recurrent = self.bias_hh.map_or(product, |bias| product + bias);
        let next = self.rule.next(inputs, recurrent, state);
        let Some(weight) = self.weight_hr else { return next };
        let hidden = next.part(0).matmul(weight);
        R::State::of(|number| if number == 0 { hidden } else { next.part(number) })
    }
}

/// That an input has `rank` axes, or one more.
pub(super) fn check_axes(layer: &'static str, input: &Shape, rank: usize, expected: &'static str) -> Result<(), Error> {
    if (rank..=rank + 1).contains(&input.rank()) {
        Ok(())
    } else {
        Err(Error::Input { layer, input: input.clone(), expected: expected.to_owned() })
    }
}

pub(super) fn check_features(layer: &'static str, input: &Shape, expected: usize) -> Result<(), Error> {
    if input.last() == Some(&expected) {
        Ok(())
    } else {
        Err(Error::Features { layer, expected, input: input.clone() })
    }
}

/// That each part of a state has the shape that is expected of it.
#[track_caller]
pub(super) fn check_state<T: Real, S: super::State<T>>(
    layer: &'static str,
    state: S,
    expected: impl Fn(usize) -> Shape,
) -> Result<(), Error> {
    for number in 0..S::PARTS {
        let (expected, found) = (expected(number), state.part(number).shape());
        if found != expected {
            return Err(Error::State { layer, expected, found });
        }
    }
    Ok(())
}
