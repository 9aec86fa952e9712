//! Activations as layers: what stands between two layers of a sequence.
//!
//! | activation | formula | PyTorch |
//! | --- | --- | --- |
//! | `Relu` | `max(x, 0)`; derivative 0 at 0 | `nn.ReLU` |
//! | `Tanh` | `tanh x` | `nn.Tanh` |
//! | `Sigmoid` | `1 / (1 + e^-x)` | `nn.Sigmoid` |
//! | `LogSoftmax` | `x - ln Σ e^x` along an axis | `nn.LogSoftmax` |
//!
//! Each is a method of [`Tensor`] too, which says more about it; in a `forward` of one's own that is the shorter way.
//! No departures.

use tape::{Pass, Real, Tensor};

/// A function without parameters, as a layer: `[..] -> [..]`.
///
/// ```
/// use nn::Activation;
/// let mut tape = tape::Tape::<f64>::new();
/// let y = tape.evaluate(&tape::Params::new(), |pass| Activation::Relu.forward(pass, pass.constant([-1.0, 2.0])));
/// assert_eq!(y.as_slice(), Some(&[0.0, 2.0][..]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
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
    pub fn forward<T: Real>(&self, _pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        match *self {
            Self::Relu => x.relu(),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => x.sigmoid(),
            Self::LogSoftmax { axis } => x.log_softmax(axis),
        }
    }
}

#[cfg(test)]
mod tests {
    use tape::{Params, Tape};

    use super::*;

    /// At `ln 3` and its opposite every one of them is a short fraction or 0.
    #[test]
    fn values_are_those_of_the_formulas() {
        let x = 3.0_f64.ln();
        for (activation, expected) in [
            (Activation::Relu, [0.0, x]),
            (Activation::Tanh, [-0.8, 0.8]),
            (Activation::Sigmoid, [0.25, 0.75]),
            (Activation::LogSoftmax { axis: 0 }, [0.1_f64.ln(), 0.9_f64.ln()]),
        ] {
            let y = Tape::new().evaluate(&Params::new(), |pass| activation.forward(pass, pass.constant([-x, x])));
            for (y, expected) in y.iter().zip(expected) {
                assert!((y - expected).abs() < 1e-15, "{activation:?}: {y}, not {expected}");
            }
        }
    }
}
