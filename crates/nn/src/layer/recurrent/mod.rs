//! What do recurrent layers have in common?
//!
//! `cell` is one step with its parameters, `stack` runs cells over sequences, in several layers and both directions,
//! `lengths` says where each sequence ends; `rnn`, `lstm` and `gru` are what is done at a step. A [`Rule`] is that and
//! nothing else: everything around it is written once.

mod cell;
mod gru;
mod lengths;
mod lstm;
mod rnn;
mod stack;

use std::fmt;

use tape::{Elements, Real, Shape, Tensor};

pub use self::cell::Cell;
pub use self::gru::{Gru, GruCell, GruGates};
pub use self::lengths::Lengths;
pub use self::lstm::{Lstm, LstmCell, LstmGates};
pub use self::rnn::{Nonlinearity, Rnn, RnnCell};
pub use self::stack::Recurrent;

/// What a recurrent layer does at one step: [`Nonlinearity`], [`LstmGates`] or [`GruGates`]. Nobody else implements it.
pub trait Rule: Copy + fmt::Debug + PartialEq + sealed::Rule {
    /// What goes from step to step: the hidden state `h`, or `(h, c)` with the cell's state for an LSTM.
    type State<T: Real>: State<T>;
}

/// What goes from step to step: a [`Tensor`], or two. Nobody else implements it.
pub trait State<T: Real>: Copy + fmt::Debug + sealed::State<T> {}

pub(crate) mod sealed {
    use tape::{Real, Tensor};

    pub trait Rule {
        /// The names that a mistake is told of.
        const LAYER: &'static str;
        const CELL: &'static str;
        /// How many vectors as long as the hidden state the parameters give at a step.
        const GATES: usize;
        /// Whether what the input and what the last state give is only ever used as their sum. Then both biases are
        /// added once for all steps.
        const ONE_SUM: bool;

        /// The next state, from what the input and the last hidden state give: `[batch, GATES * hidden_size]` each.
        fn next<T: Real>(
            self,
            inputs: Tensor<T>,
            recurrent: Tensor<T>,
            state: <Self as super::Rule>::State<T>,
        ) -> <Self as super::Rule>::State<T>
        where
            Self: super::Rule;
    }

    pub trait State<T: Real>: Sized {
        const PARTS: usize;

        /// The hidden state is part 0.
        fn part(&self, number: usize) -> Tensor<T>;

        fn of(part: impl FnMut(usize) -> Tensor<T>) -> Self;
    }
}

impl<T: Real> State<T> for Tensor<T> {}

impl<T: Real> sealed::State<T> for Tensor<T> {
    const PARTS: usize = 1;

    fn part(&self, _: usize) -> Tensor<T> {
        *self
    }

    fn of(mut part: impl FnMut(usize) -> Tensor<T>) -> Self {
        part(0)
    }
}

impl<T: Real> State<T> for (Tensor<T>, Tensor<T>) {}

impl<T: Real> sealed::State<T> for (Tensor<T>, Tensor<T>) {
    const PARTS: usize = 2;

    fn part(&self, number: usize) -> Tensor<T> {
        if number == 0 { self.0 } else { self.1 }
    }

    fn of(mut part: impl FnMut(usize) -> Tensor<T>) -> Self {
        (part(0), part(1))
    }
}

/// Zeros of this shape.
struct Zeros(Shape);

impl<T: Real> Elements<T> for Zeros {
    fn shape(&self) -> Shape {
        self.0.clone()
    }

    fn write(&self, out: &mut [T]) {
        out.fill(T::zero());
    }
}

/// Gate number `number` of `[batch, gates * hidden_size]`.
#[track_caller]
fn gate<T: Real>(gates: Tensor<T>, number: usize, hidden_size: usize) -> Tensor<T> {
    gates.narrow(1, number * hidden_size..(number + 1) * hidden_size)
}
