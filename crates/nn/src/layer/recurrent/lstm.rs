//! The long short-term memory: a state that is kept unless a gate says otherwise.
//!
//! With the four gates `i, f, g, o` of `W_ih x + b_ih + W_hh h + b_hh`, one below the other in the parameters:
//! `c' = σ(f) c + σ(i) tanh(g)` and `h' = σ(o) tanh(c')`, or `h' = W_hr (σ(o) tanh(c'))` with a projection.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[time, batch, input_size] -> [time, batch, directions * hidden_size]`; `[batch, time, ..]` if `batch_first`; without the batch |
//! | state | `(h, c)`, each `[num_layers * directions, batch, hidden_size]`, zeros unless given |
//! | `weight_ih_l0`, `weight_hh_l0` | `[4 hidden_size, input_size]`, `[4 hidden_size, hidden_size]`, from U(±1/√hidden_size) |
//! | `bias_ih_l0`, `bias_hh_l0` | `[4 hidden_size]`, from U(±1/√hidden_size) |
//! | `weight_hr_l0` | `[proj_size, hidden_size]`, only with a projection, whose length `h` and the output have then |
//!
//! S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation 9, 1997, with the forget gate of F. A. Gers
//! et al., 2000. PyTorch: `nn.LSTM`, `nn.LSTMCell`, whose names, layout and initial distributions these are. Departures:
//! a sequence of no steps is allowed, and sequences of different lengths are given padded with their lengths instead of
//! packed; see [`Recurrent::forward_lengths`](super::Recurrent).

use tape::{ParamId, Real, Tensor};

use super::{Cell, Recurrent, Rule, gate, sealed};
use crate::init::Init;

/// What an LSTM does at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LstmGates;

/// The long short-term memory over sequences: `[time, batch, input_size] -> [time, batch, directions * hidden_size]`.
///
/// Without weights, all gates are half open, and what is remembered goes half the way to what is let in:
///
/// ```
/// use ndarray::array;
/// use nn::{Init, Lstm};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let zero = Init::constant(0.0);
/// let plan = Lstm::new(1, 1).weight_ih(zero).weight_hh(zero).bias_ih(zero).bias_hh(zero);
/// let layer = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// // Of the four gates one below the other, i, f, g and o, the third is what is let in: tanh(40) is 1.
/// params.view_mut(layer.cells[0].bias_ih.unwrap()).assign(&array![0.0, 0.0, 40.0, 0.0]);
/// let tape = tape::Tape::new();
/// let (output, (h, c)) = layer.forward(&tape.bind(&params), tape.constant([[7.0], [7.0]]), None);
/// assert_eq!(c.to_array().as_slice(), Some(&[0.75][..]));
/// assert_eq!(output.to_array().as_slice(), Some(&[0.5 * 0.5_f64.tanh(), 0.5 * 0.75_f64.tanh()][..]));
/// assert_eq!(h.to_array()[[0, 0]], 0.5 * 0.75_f64.tanh());
/// ```
#[doc(alias = "LSTM")]
pub type Lstm<P = ParamId> = Recurrent<LstmGates, P>;

/// One step of an [`Lstm`]: `[batch, input_size]` and a state of `[batch, hidden_size]` twice give such a state.
#[doc(alias = "LSTMCell")]
pub type LstmCell<P = ParamId> = Cell<LstmGates, P>;

impl Lstm<Init> {
    /// A plan of one layer in one direction, with biases.
    #[must_use]
    pub fn new(input_size: usize, hidden_size: usize) -> Self {
        Self::plan(LstmGates, input_size, hidden_size)
    }

    /// With hidden states of this length, projected from those of `hidden_size`: H. Sak et al., 2014.
    #[must_use]
    pub fn proj_size(self, proj_size: usize) -> Self {
        Self { proj_size: Some(proj_size), ..self }
    }
}

impl LstmCell<Init> {
    /// A plan of a cell with biases.
    #[must_use]
    pub fn new(input_size: usize, hidden_size: usize) -> Self {
        Self::plan(LstmGates, input_size, hidden_size)
    }
}

impl Rule for LstmGates {
    type State<T: Real> = (Tensor<T>, Tensor<T>);
}

impl sealed::Rule for LstmGates {
    const LAYER: &'static str = "Lstm";
    const CELL: &'static str = "LstmCell";
    const GATES: usize = 4;
    const ONE_SUM: bool = true;

    #[track_caller]
    fn next<T: Real>(
        self,
        inputs: Tensor<T>,
        recurrent: Tensor<T>,
        (_, c): (Tensor<T>, Tensor<T>),
    ) -> (Tensor<T>, Tensor<T>) {
        let gates = inputs + recurrent;
        let hidden_size = c.shape()[1];
        let [i, f, g, o] = [0, 1, 2, 3].map(|number| gate(gates, number, hidden_size));
        let c = f.sigmoid() * c + i.sigmoid() * g.tanh();
        (o.sigmoid() * c.tanh(), c)
    }
}
