//! Activations as layers: what stands between two layers of a sequence.
//!
//! | activation | formula | PyTorch |
//! | --- | --- | --- |
//! | `Identity` | `x` | `nn.Identity` |
//! | `Relu` | `max(x, 0)`; derivative 0 at 0 | `nn.ReLU` |
//! | `Tanh` | `tanh x` | `nn.Tanh` |
//! | `Sigmoid` | `1 / (1 + e^-x)` | `nn.Sigmoid` |
//! | `LogSoftmax` | `x - ln Σ e^x` along an axis | `nn.LogSoftmax` |
//!
//! Each but the first is a method of [`Tensor`] too, whose value and derivative are a row of the tape's table; in a
//! `forward` of one's own that is the shorter way.
//! No departures.

use tape::{Real, Tensor};

/// A function without parameters, as a layer: `[..] -> [..]`.
///
/// ```
/// use nn::Activation;
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.constant([-2.0, 3.0]);
/// assert_eq!(Activation::Relu.forward(x).to_array().as_slice(), Some(&[0.0, 3.0][..]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activation {
    /// The input itself, where a sequence wants a layer.
    Identity,
    /// `max(x, 0)`: [`Tensor::relu`].
    Relu,
    /// The hyperbolic tangent: [`Tensor::tanh`].
    Tanh,
    /// The logistic function: [`Tensor::sigmoid`].
    Sigmoid,
    /// The logarithms of the softmax along an axis: [`Tensor::log_softmax`]. Not needed before
    /// [`cross_entropy`](crate::cross_entropy), which takes the logits themselves.
    LogSoftmax {
        /// The axis; a negative one counts from the last.
        axis: isize,
    },
}

impl Activation {
    /// `[..] -> [..]`.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(self, x: Tensor<T>) -> Tensor<T> {
        match self {
            Self::Identity => x,
            Self::Relu => x.relu(),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => x.sigmoid(),
            Self::LogSoftmax { axis } => x.log_softmax(axis),
        }
    }
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    /// At `ln 3` and its opposite every one of them is a short fraction or 0.
    #[test]
    fn values_are_those_of_the_formulas() {
        let x = 3.0_f64.ln();
        for (activation, expected) in [
            (Activation::Identity, [-x, x]),
            (Activation::Relu, [0.0, x]),
            (Activation::Tanh, [-0.8, 0.8]),
            (Activation::Sigmoid, [0.25, 0.75]),
            (Activation::LogSoftmax { axis: 0 }, [0.1_f64.ln(), 0.9_f64.ln()]),
        ] {
            let tape = Tape::new();
            let y = activation.forward(tape.constant([-x, x]));
            for (y, expected) in y.to_array().iter().zip(expected) {
                assert!((y - expected).abs() < 1e-15, "{activation:?}: {y}, not {expected}");
            }
        }
    }
}
