//! Activations: the nonlinearity between two layers.
//!
//! Their values and derivatives are rows of the tape's table; as layers they have no parameters. PyTorch: `nn.ReLU`,
//! `nn.Tanh`, `nn.Sigmoid`, `nn.Identity`.

use tape::{Real, Tensor};

/// An elementwise function as a layer: any shape in, the same shape out.
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
    /// `x`.
    Identity,
    /// `max(x, 0)`; its derivative at 0 is 0.
    Relu,
    /// `tanh x`.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
}

impl Activation {
    /// Applies the function to every element.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(self, x: Tensor<T>) -> Tensor<T> {
        match self {
            Self::Identity => x,
            Self::Relu => x.relu(),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => x.sigmoid(),
        }
    }
}
