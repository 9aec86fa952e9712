//! Layer normalisation: each sample by its own mean and variance, over the last axes.
//!
//! `y = (x - mean) / √(var + eps) * weight + bias`, where mean and variance (divided by the number of elements) are taken
//! over the axes of `normalized_shape`.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[.., normalized_shape]` |
//! | `weight` | `[normalized_shape]`, from 1 |
//! | `bias` | `[normalized_shape]`, from 0 |
//! | `eps` | 1e-5 |
//!
//! J. L. Ba, J. R. Kiros, G. E. Hinton, Layer normalization, arXiv 1607.06450, 2016. PyTorch: `nn.LayerNorm`, whose names,
//! layout and defaults these are. No departures.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Shape, Tensor};

use super::{Moments, scale, try_build_affine};
use crate::error::{Error, unwrap};
use crate::init::Init;

/// Layer normalisation over the last axes: `[.., normalized_shape] -> [.., normalized_shape]`.
///
/// `LayerNorm::new` is a plan; [`build`](LayerNorm::build) adds its parameters and gives the layer.
///
/// ```
/// use nn::LayerNorm;
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let layer = LayerNorm::new([4]).eps(3.0).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// // The mean is 5, the variance 1; and equal elements are all at the mean.
/// let x = [[4.0, 6.0, 4.0, 6.0], [7.0, 7.0, 7.0, 7.0]];
/// let y = tape::Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant(x)));
/// assert_eq!(y.as_slice(), Some(&[-0.5, 0.5, -0.5, 0.5, 0.0, 0.0, 0.0, 0.0][..]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LayerNorm<P = ParamId> {
    /// The lengths of the last axes, those that are normalised over.
    pub normalized_shape: Shape,
    /// What is added to the variance.
    pub eps: f64,
    /// `[normalized_shape]`.
    pub weight: Option<P>,
    /// `[normalized_shape]`.
    pub bias: Option<P>,
}

impl LayerNorm<Init> {
    /// A plan of a layer with a weight of ones and a bias of zeros.
    #[must_use]
    pub fn new(normalized_shape: impl Into<Shape>) -> Self {
        let (weight, bias) = (Some(Init::constant(1.0)), Some(Init::constant(0.0)));
        Self { normalized_shape: normalized_shape.into(), eps: 1e-5, weight, bias }
    }

    /// With this added to the variance.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// With the weight initialised this way.
    #[must_use]
    pub fn weight(self, weight: Init) -> Self {
        Self { weight: Some(weight), ..self }
    }

    /// With the bias initialised this way.
    #[must_use]
    pub fn bias(self, bias: Init) -> Self {
        Self { bias: Some(bias), ..self }
    }

    /// Without a bias.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    /// Without parameters.
    #[doc(alias = "elementwise_affine")]
    #[must_use]
    pub fn without_affine(self) -> Self {
        Self { weight: None, bias: None, ..self }
    }

    /// Adds the parameters `weight` and `bias`, in this order, and initialises them.
    ///
    /// # Panics
    /// If a name is taken: put layers apart with [`Params::within`].
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> LayerNorm {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<LayerNorm, Error> {
        let Self { normalized_shape, eps, weight, bias } = self;
        let [weight, bias] = try_build_affine([weight, bias], &normalized_shape, params, rng)?;
        Ok(LayerNorm { normalized_shape, eps, weight, bias })
    }
}

impl LayerNorm {
    /// `[.., normalized_shape] -> [.., normalized_shape]`.
    ///
    /// # Panics
    /// If the input's last axes are not those of `normalized_shape`, or other parameters are bound than the layer was
    /// built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let axes = last_axes("LayerNorm", &x.shape(), &self.normalized_shape);
        let Moments { distances, variance, .. } = Moments::over(x, &axes);
        let y = distances * scale(variance, self.eps);
        let y = self.weight.map_or(y, |weight| y * pass.parameter(weight));
        self.bias.map_or(y, |bias| y + pass.parameter(bias))
    }
}

/// The last axes, as many as the normalised shape has, if they are its.
#[track_caller]
pub(super) fn last_axes(layer: &'static str, input: &Shape, normalized: &Shape) -> Vec<isize> {
    if !input.ends_with(normalized) {
        let lengths: Vec<_> = normalized.iter().map(ToString::to_string).collect();
        let expected = format!("[.., {}]", lengths.join(", "));
        panic!("{}", Error::Input { layer, input: input.clone(), expected });
    }
    (-(normalized.rank() as isize)..0).collect()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::Tape;

    use super::*;

    fn normalised(rows: &[[f32; 3]]) -> (Vec<f32>, Vec<f32>) {
        let params = Params::<f32>::new();
        let layer = LayerNorm::new([3]).without_affine();
        let layer = layer.build(&mut params.clone(), &mut ChaCha8Rng::seed_from_u64(0));
        let tape = Tape::new();
        let pass = tape.bind(&params);
        let x = tape.variable(rows.concat()).reshape([rows.len(), 3]);
        let y = layer.forward(&pass, x);
        let gradient = (y * tape.constant([1.0, 2.0, 4.0])).sum().backward()[x].to_owned();
        (y.to_array().into_iter().collect(), gradient.into_iter().collect())
    }

    #[test]
    fn a_constant_row_is_zero_with_a_finite_gradient() {
        let (y, gradient) = normalised(&[[0.0; 3], [0.1; 3], [-4e6; 3], [1e-40; 3]]);
        // The mean of equal numbers may be a unit in the last place beside them. That `eps` makes nothing of it, unless
        // they are large.
        assert!(y[..6].iter().chain(&y[9..]).all(|y| y.abs() < 1e-5) && y.iter().all(|y| y.abs() <= 1.5), "{y:?}");
        assert!(gradient.iter().all(|gradient| gradient.is_finite() && gradient.abs() < 2000.0));
    }

    #[test]
    fn a_large_mean_costs_no_more_digits_than_it_has() {
        // 1024 ± 1/8 are numbers of f32, and their squares are not.
        let (y, _) = normalised(&[[1023.875, 1024.0, 1024.125]]);
        let expected = 0.125 / (1.0 / 96.0 + 1e-5_f32).sqrt();
        assert!((y[0] + expected).abs() < 1e-6 && y[1].abs() < 1e-6 && (y[2] - expected).abs() < 1e-6, "{y:?}");
    }

    #[test]
    #[should_panic(expected = "LayerNorm: input of shape [2, 4]: expected [.., 2, 3]")]
    fn other_axes_are_refused() {
        let mut params = Params::<f64>::new();
        let layer = LayerNorm::new([2, 3]).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
        let _ = Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant([[0.0; 4]; 2])));
    }
}
