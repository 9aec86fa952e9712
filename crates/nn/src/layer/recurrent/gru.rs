//! The gated recurrent unit: a state that moves towards a new one as far as a gate lets it.
//!
//! With the three gates `r, z, n` of `W_ih x + b_ih`, one below the other in the parameters, and those of
//! `W_hh h + b_hh`: `r = σ(r_x + r_h)`, `z = σ(z_x + z_h)`, `n = tanh(n_x + r n_h)` and `h' = (1 - z) n + z h`, which is
//! computed as `n + z (h - n)`.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[time, batch, input_size] -> [time, batch, directions * hidden_size]`; `[batch, time, ..]` if `batch_first`; without the batch |
//! | state | `h: [num_layers * directions, batch, hidden_size]`, zeros unless given |
//! | `weight_ih_l0`, `weight_hh_l0` | `[3 hidden_size, input_size]`, `[3 hidden_size, hidden_size]`, from U(±1/√hidden_size) |
//! | `bias_ih_l0`, `bias_hh_l0` | `[3 hidden_size]`, from U(±1/√hidden_size) |
//!
//! K. Cho et al., Learning phrase representations using RNN encoder-decoder, EMNLP 2014; the reset gate acts behind the
//! product, as in PyTorch and cuDNN. PyTorch: `nn.GRU`, `nn.GRUCell`, whose names, layout and initial distributions these
//! are. Departures: a sequence of no steps is allowed, and sequences of different lengths are given padded with their
//! lengths instead of packed; see [`Recurrent::forward_lengths`](super::Recurrent).

use tape::{ParamId, Real, Tensor};

use super::{Cell, Recurrent, Rule, gate, sealed};
use crate::init::Init;

/// What a GRU does at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GruGates;

/// The gated recurrent unit over sequences: `[time, batch, input_size] -> [time, batch, directions * hidden_size]`.
///
/// Without weights, the gates are half open, and the state goes half the way to what is new:
///
/// ```
/// use ndarray::array;
/// use nn::{Gru, Init};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let zero = Init::constant(0.0);
/// let plan = Gru::new(1, 1).weight_ih(zero).weight_hh(zero).bias_ih(zero).bias_hh(zero);
/// let layer = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// // Of the three gates one below the other, r, z and n, the last is what is new: tanh(40) is 1.
/// params.view_mut(layer.cells[0].bias_ih.unwrap()).assign(&array![0.0, 0.0, 40.0]);
/// let tape = tape::Tape::new();
/// let (output, _) = layer.forward(&tape.bind(&params), tape.constant([[7.0], [7.0], [7.0]]), None);
/// assert_eq!(output.to_array().as_slice(), Some(&[0.5, 0.75, 0.875][..]));
/// ```
#[doc(alias = "GRU")]
pub type Gru<P = ParamId> = Recurrent<GruGates, P>;

/// One step of a [`Gru`]: `[batch, input_size], [batch, hidden_size] -> [batch, hidden_size]`.
#[doc(alias = "GRUCell")]
pub type GruCell<P = ParamId> = Cell<GruGates, P>;

impl Gru<Init> {
    /// A plan of one layer in one direction, with biases.
    #[must_use]
    pub fn new(input_size: usize, hidden_size: usize) -> Self {
        Self::plan(GruGates, input_size, hidden_size)
    }
}

impl GruCell<Init> {
    /// A plan of a cell with biases.
    #[must_use]
    pub fn new(input_size: usize, hidden_size: usize) -> Self {
        Self::plan(GruGates, input_size, hidden_size)
    }
}

impl Rule for GruGates {
    type State<T: Real> = Tensor<T>;
}

impl sealed::Rule for GruGates {
    const LAYER: &'static str = "Gru";
    const CELL: &'static str = "GruCell";
    const GATES: usize = 3;
    const ONE_SUM: bool = false;

    #[track_caller]
    fn next<T: Real>(self, inputs: Tensor<T>, recurrent: Tensor<T>, h: Tensor<T>) -> Tensor<T> {
        let hidden_size = h.shape()[1];
        // One sum and one sigmoid for both gates.
        let both = 0..2 * hidden_size;
        let opened = (inputs.narrow(1, both.clone()) + recurrent.narrow(1, both)).sigmoid();
        let (r, z) = (gate(opened, 0, hidden_size), gate(opened, 1, hidden_size));
        let n = (gate(inputs, 2, hidden_size) + r * gate(recurrent, 2, hidden_size)).tanh();
        n + z * (h - n)
    }
}
