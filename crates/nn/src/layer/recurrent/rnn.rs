//! The simple recurrent layer: `h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[time, batch, input_size] -> [time, batch, directions * hidden_size]`; `[batch, time, ..]` if `batch_first`; without the batch |
//! | state | `h: [num_layers * directions, batch, hidden_size]`, zeros unless given |
//! | `weight_ih_l0`, `weight_hh_l0` | `[hidden_size, input_size]`, `[hidden_size, hidden_size]`, from U(±1/√hidden_size) |
//! | `bias_ih_l0`, `bias_hh_l0` | `[hidden_size]`, from U(±1/√hidden_size) |
//!
//! J. L. Elman, Finding structure in time, Cognitive Science 14, 1990. PyTorch: `nn.RNN`, `nn.RNNCell`, whose names,
//! layout and initial distributions these are. Departures: a sequence of no steps is allowed, and sequences of different
//! lengths are given padded with their lengths instead of packed; see [`Recurrent::forward_lengths`](super::Recurrent).

use tape::{ParamId, Real, Tensor};

use super::{Cell, Recurrent, Rule, sealed};
use crate::init::Init;

/// Which function a simple recurrent layer applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonlinearity {
    /// The hyperbolic tangent.
    Tanh,
    /// `max(x, 0)`.
    Relu,
}

/// The simple recurrent layer, `h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`, over sequences:
/// `[time, batch, input_size] -> [time, batch, directions * hidden_size]`.
///
/// With all weights 1 and the rectifier it adds up:
///
/// ```
/// use nn::{Init, Nonlinearity, Rnn};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let one = Init::constant(1.0);
/// let plan = Rnn::new(1, 1).nonlinearity(Nonlinearity::Relu).weight_ih(one).weight_hh(one).without_bias();
/// let layer = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// let tape = tape::Tape::new();
/// let x = tape.constant([[1.0], [2.0], [3.0]]);
/// let (output, last) = layer.forward(&tape.bind(&params), x, None);
/// assert_eq!(output.to_array().as_slice(), Some(&[1.0, 3.0, 6.0][..]));
/// assert_eq!(last.to_array().as_slice(), Some(&[6.0][..]));
/// ```
#[doc(alias = "RNN")]
pub type Rnn<P = ParamId> = Recurrent<Nonlinearity, P>;

/// One step of an [`Rnn`]: `[batch, input_size], [batch, hidden_size] -> [batch, hidden_size]`.
#[doc(alias = "RNNCell")]
pub type RnnCell<P = ParamId> = Cell<Nonlinearity, P>;

impl Rnn<Init> {
    /// A plan of one layer in one direction, with biases and the hyperbolic tangent.
    #[must_use]
    pub fn new(input_size: usize, hidden_size: usize) -> Self {
        Self::plan(Nonlinearity::Tanh, input_size, hidden_size)
    }

    /// With this function.
    #[must_use]
    pub fn nonlinearity(self, nonlinearity: Nonlinearity) -> Self {
        self.each(|cell| cell.nonlinearity(nonlinearity))
    }
}

impl RnnCell<Init> {
    /// A plan of a cell with biases and the hyperbolic tangent.
    #[must_use]
    pub fn new(input_size: usize, hidden_size: usize) -> Self {
        Self::plan(Nonlinearity::Tanh, input_size, hidden_size)
    }

    /// With this function.
    #[must_use]
    pub fn nonlinearity(self, nonlinearity: Nonlinearity) -> Self {
        Self { rule: nonlinearity, ..self }
    }
}

impl Rule for Nonlinearity {
    type State<T: Real> = Tensor<T>;
}

impl sealed::Rule for Nonlinearity {
    const LAYER: &'static str = "Rnn";
    const CELL: &'static str = "RnnCell";
    const GATES: usize = 1;
    const ONE_SUM: bool = true;

    #[track_caller]
    fn next<T: Real>(self, inputs: Tensor<T>, recurrent: Tensor<T>, _: Tensor<T>) -> Tensor<T> {
        let sum = inputs + recurrent;
        match self {
            Self::Tanh => sum.tanh(),
            Self::Relu => sum.relu(),
        }
    }
}
