//! Activations as layers: what stands between two layers of a sequence.
//!
//! | activation | formula | PyTorch |
//! | --- | --- | --- |
//! | `Identity` | `x` | `nn.Identity` |
//! | `Relu` | `max(x, 0)`; derivative 0 at 0 | `nn.ReLU` |
//! | `Relu6` | `min(max(x, 0), 6)`; derivative 0 at both corners | `nn.ReLU6` |
//! | `LeakyRelu` | `x` above 0, else `slope x` | `nn.LeakyReLU`, slope 0.01 |
//! | `Elu` | `x` above 0, else `α (e^x - 1)` | `nn.ELU`, α = 1 |
//! | `Celu` | `x` above 0, else `α (e^(x/α) - 1)` | `nn.CELU`, α = 1 |
//! | `Selu` | `λ x` above 0, else `λ α (e^x - 1)`, whose constants keep mean 0 and variance 1 | `nn.SELU` |
//! | `Gelu` | `x Φ(x)`, with the normal distribution function Φ | `nn.GELU` |
//! | `GeluTanh` | the same with `tanh` in Φ's stead | `nn.GELU(approximate="tanh")` |
//! | `Silu` | `x / (1 + e^-x)` | `nn.SiLU` |
//! | `Mish` | `x tanh(ln(1 + e^x))` | `nn.Mish` |
//! | `Softplus` | `ln(1 + e^(β x)) / β` | `nn.Softplus`, β = 1 |
//! | `Softsign` | `x / (1 + abs x)` | `nn.Softsign` |
//! | `Tanh` | `tanh x` | `nn.Tanh` |
//! | `Sigmoid` | `1 / (1 + e^-x)` | `nn.Sigmoid` |
//! | `LogSigmoid` | `-ln(1 + e^-x)` | `nn.LogSigmoid` |
//! | `HardTanh` | `x` between two bounds, else the nearer; derivative 0 at both | `nn.Hardtanh`, -1 and 1 |
//! | `HardSigmoid` | `min(max(x / 6 + 1/2, 0), 1)` | `nn.Hardsigmoid` |
//! | `HardSwish` | `x` times the hard sigmoid | `nn.Hardswish` |
//! | `TanhShrink` | `x - tanh x` | `nn.Tanhshrink` |
//! | `SoftShrink` | nearer to 0 by λ, but not past it | `nn.Softshrink`, λ = 0.5 |
//! | `HardShrink` | `x`, or 0 within λ of 0 | `nn.Hardshrink`, λ = 0.5 |
//! | `Threshold` | `x` above a threshold, else a value | `nn.Threshold` |
//! | `Softmax` | `e^x / Σ e^x` along an axis | `nn.Softmax` |
//! | `Softmin` | `e^-x / Σ e^-x` along an axis | `nn.Softmin` |
//! | `LogSoftmax` | `x - ln Σ e^x` along an axis | `nn.LogSoftmax` |
//! | `Glu` | the first half along an axis times the sigmoid of the second | `nn.GLU`, the last axis |
//!
//! Each but `Identity` and `Softmin` is a method of [`Tensor`] too, whose value and derivative are a row of the tape's table; in
//! a `forward` of one's own that is the shorter way. [`Prelu`](crate::Prelu) has parameters and is a layer of its own.
//!
//! Departures: a setting that PyTorch has a default for has to be said; `Softplus` is the same formula everywhere (PyTorch's
//! is `x` where `β x > 20`, which differs by at most 2e-9 / β); a row of `Softmax` that is all -inf is zeros (NaN in
//! PyTorch); the derivative of `HardSigmoid` is 1/6 (PyTorch's is 1/6 rounded to f32, also in f64).

use tape::{Real, Tensor};

/// A function without parameters, as a layer: `[..] -> [..]`.
///
/// ```
/// use nn::Activation;
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.constant([-2.0, 3.0]);
/// assert_eq!(Activation::Relu.forward(x).to_array().as_slice(), Some(&[0.0, 3.0][..]));
/// let leaky = Activation::LeakyRelu { slope: 0.25 };
/// assert_eq!(leaky.forward(x).to_array().as_slice(), Some(&[-0.5, 3.0][..]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// The input itself, where a sequence wants a layer.
    Identity,
    /// `max(x, 0)`: [`Tensor::relu`].
    Relu,
    /// The rectifier that ends at 6: [`Tensor::relu6`].
    Relu6,
    /// The rectifier with a slope below 0: [`Tensor::leaky_relu`].
    LeakyRelu {
        /// The slope below 0. PyTorch's default is 0.01.
        slope: f64,
    },
    /// The exponential linear unit: [`Tensor::elu`].
    Elu {
        /// The negative of the limit far below 0. PyTorch's default is 1.
        alpha: f64,
    },
    /// The continuously differentiable exponential linear unit: [`Tensor::celu`].
    Celu {
        /// The negative of the limit far below 0. PyTorch's default is 1.
        alpha: f64,
    },
    /// The self-normalising exponential linear unit: [`Tensor::selu`].
    Selu,
    /// The Gaussian error linear unit: [`Tensor::gelu`].
    Gelu,
    /// The Gaussian error linear unit, approximated by a hyperbolic tangent: [`Tensor::gelu_tanh`].
    GeluTanh,
    /// The sigmoid linear unit, also called swish: [`Tensor::silu`].
    #[doc(alias = "swish")]
    Silu,
    /// [`Tensor::mish`].
    Mish,
    /// The smooth rectifier: [`Tensor::softplus`].
    Softplus {
        /// How sharp the bend is. PyTorch's default is 1.
        beta: f64,
    },
    /// [`Tensor::softsign`].
    Softsign,
    /// The hyperbolic tangent: [`Tensor::tanh`].
    Tanh,
    /// The logistic function: [`Tensor::sigmoid`].
    Sigmoid,
    /// The logarithm of the logistic function: [`Tensor::log_sigmoid`].
    LogSigmoid,
    /// The nearest number between two bounds: [`Tensor::hard_tanh`].
    HardTanh {
        /// The lower bound. PyTorch's default is -1.
        min: f64,
        /// The upper bound. PyTorch's default is 1.
        max: f64,
    },
    /// The logistic function made of three straight lines: [`Tensor::hard_sigmoid`].
    HardSigmoid,
    /// The number times its hard sigmoid: [`Tensor::hard_swish`].
    HardSwish,
    /// What the hyperbolic tangent takes away: [`Tensor::tanh_shrink`].
    TanhShrink,
    /// Nearer to 0 by a distance, but not past it: [`Tensor::soft_shrink`].
    SoftShrink {
        /// The distance. PyTorch's default is 0.5.
        lambda: f64,
    },
    /// 0 within a distance of it: [`Tensor::hard_shrink`].
    HardShrink {
        /// The distance. PyTorch's default is 0.5.
        lambda: f64,
    },
    /// The number itself above a threshold: [`Tensor::threshold`].
    Threshold {
        /// The threshold.
        threshold: f64,
        /// What stands in the place of numbers that do not exceed it.
        value: f64,
    },
    /// The softmax along an axis: [`Tensor::softmax`].
    Softmax {
        /// The axis; a negative one counts from the last.
        axis: isize,
    },
    /// The softmax of the negative along an axis.
    Softmin {
        /// The axis; a negative one counts from the last.
        axis: isize,
    },
    /// The logarithms of the softmax along an axis: [`Tensor::log_softmax`]. Not needed before
    /// [`cross_entropy`](crate::cross_entropy), which takes the logits themselves.
    LogSoftmax {
        /// The axis; a negative one counts from the last.
        axis: isize,
    },
    /// The gated linear unit along an axis, which becomes half as long: [`Tensor::glu`].
    Glu {
        /// The axis; a negative one counts from the last.
        axis: isize,
    },
}

impl Activation {
    /// `[..] -> [..]`.
    ///
    /// # Panics
    /// If there is no such axis, or [`Glu`](Self::Glu)'s is of odd length.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(self, x: Tensor<T>) -> Tensor<T> {
        let number = T::from_f64;
        match self {
            Self::Identity => x,
            Self::Relu => x.relu(),
            Self::Relu6 => x.relu6(),
            Self::LeakyRelu { slope } => x.leaky_relu(number(slope)),
            Self::Elu { alpha } => x.elu(number(alpha)),
            Self::Celu { alpha } => x.celu(number(alpha)),
            Self::Selu => x.selu(),
            Self::Gelu => x.gelu(),
            Self::GeluTanh => x.gelu_tanh(),
            Self::Silu => x.silu(),
            Self::Mish => x.mish(),
            Self::Softplus { beta } => x.softplus(number(beta)),
            Self::Softsign => x.softsign(),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => x.sigmoid(),
            Self::LogSigmoid => x.log_sigmoid(),
            Self::HardTanh { min, max } => x.hard_tanh(number(min), number(max)),
            Self::HardSigmoid => x.hard_sigmoid(),
            Self::HardSwish => x.hard_swish(),
            Self::TanhShrink => x.tanh_shrink(),
            Self::SoftShrink { lambda } => x.soft_shrink(number(lambda)),
            Self::HardShrink { lambda } => x.hard_shrink(number(lambda)),
            Self::Threshold { threshold, value } => x.threshold(number(threshold), number(value)),
            Self::Softmax { axis } => x.softmax(axis),
            Self::Softmin { axis } => (-x).softmax(axis),
            Self::LogSoftmax { axis } => x.log_softmax(axis),
            Self::Glu { axis } => x.glu(axis),
        }
    }
}

#[cfg(test)]
mod tests {
    use tape::Tape;

    use super::*;

    /// At `ln 3` and its opposite most of them are a short fraction or 0; the others are worked out by the formula.
    #[test]
    fn values_are_those_of_the_formulas() {
        let x = 3.0_f64.ln();
        let (scale, alpha) = (1.050_700_987_355_480_5, 1.673_263_242_354_377_2);
        // Φ(ln 3), to 16 digits; tanh(ln 4) = 15/17 and tanh(ln(4/3)) = 7/25.
        let normal = 0.864_031_392_358_575_5;
        let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
        for (activation, expected) in [
            (Activation::Identity, [-x, x]),
            (Activation::Relu, [0.0, x]),
            (Activation::Relu6, [0.0, x]),
            (Activation::LeakyRelu { slope: 0.5 }, [-0.5 * x, x]),
            (Activation::Elu { alpha: 3.0 }, [-2.0, x]),
            (Activation::Celu { alpha: 0.5 }, [-4.0 / 9.0, x]),
            (Activation::Selu, [-scale * alpha * 2.0 / 3.0, scale * x]),
            (Activation::Gelu, [-x * (1.0 - normal), x * normal]),
            (Activation::GeluTanh, [-0.5 * x * (1.0 - inner.tanh()), 0.5 * x * (1.0 + inner.tanh())]),
            (Activation::Silu, [-0.25 * x, 0.75 * x]),
            (Activation::Mish, [-x * 7.0 / 25.0, x * 15.0 / 17.0]),
            (Activation::Softplus { beta: 1.0 }, [(4.0_f64 / 3.0).ln(), 4.0_f64.ln()]),
            (Activation::Softplus { beta: 2.0 }, [(10.0_f64 / 9.0).ln() / 2.0, 10.0_f64.ln() / 2.0]),
            (Activation::Softsign, [-x / (1.0 + x), x / (1.0 + x)]),
            (Activation::Tanh, [-0.8, 0.8]),
            (Activation::Sigmoid, [0.25, 0.75]),
            (Activation::LogSigmoid, [0.25_f64.ln(), 0.75_f64.ln()]),
            (Activation::HardTanh { min: -0.5, max: 2.0 }, [-0.5, x]),
            (Activation::HardSigmoid, [0.5 - x / 6.0, 0.5 + x / 6.0]),
            (Activation::HardSwish, [-x * (0.5 - x / 6.0), x * (0.5 + x / 6.0)]),
            (Activation::TanhShrink, [0.8 - x, x - 0.8]),
            (Activation::SoftShrink { lambda: 1.0 }, [1.0 - x, x - 1.0]),
            (Activation::HardShrink { lambda: 1.0 }, [-x, x]),
            (Activation::Threshold { threshold: 1.0, value: 7.0 }, [7.0, x]),
            (Activation::Softmax { axis: 0 }, [0.1, 0.9]),
            (Activation::Softmin { axis: 0 }, [0.9, 0.1]),
            (Activation::LogSoftmax { axis: 0 }, [0.1_f64.ln(), 0.9_f64.ln()]),
        ] {
            let tape = Tape::new();
            let y = activation.forward(tape.constant([-x, x]));
            for (y, expected) in y.to_array().iter().zip(expected) {
                assert!((y - expected).abs() < 1e-15, "{activation:?}: {y}, not {expected}");
            }
            assert_eq!(y.shape(), [2]);
        }
    }

    #[test]
    fn the_gated_linear_unit_halves_its_axis() {
        let tape = Tape::new();
        let y = Activation::Glu { axis: -1 }.forward(tape.constant([8.0, 3.0_f64.ln()]));
        assert_eq!(y.to_array().as_slice(), Some(&[6.0][..]));
    }
}
