//! Root mean square normalisation: each sample by its own size, over the last axes; the mean stays.
//!
//! `y = x / √(mean of x² + eps) * weight`, where the mean is taken over the axes of `normalized_shape`.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[.., normalized_shape]` |
//! | `weight` | `[normalized_shape]`, from 1 |
//! | `eps` | the element type's machine epsilon |
//!
//! B. Zhang, R. Sennrich, Root mean square layer normalization, NeurIPS 2019. PyTorch: `nn.RMSNorm`, whose names, layout
//! and defaults these are. No departures.

use rand::Rng;
use tape::{Axes, ParamId, Params, Pass, Real, Shape, Tensor};

use super::layer_norm::last_axes;
use super::{scale, try_build_affine};
use crate::error::{Error, unwrap};
use crate::init::Init;

/// Root mean square normalisation over the last axes: `[.., normalized_shape] -> [.., normalized_shape]`.
///
/// `RmsNorm::new` is a plan; [`build`](RmsNorm::build) adds its parameter and gives the layer.
///
/// ```
/// use nn::RmsNorm;
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let layer = RmsNorm::new([2]).eps(39.0).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// // The mean of the squares is 25.
/// let y = tape::Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant([[1.0, 7.0]])));
/// assert_eq!(y.as_slice(), Some(&[1.0 / 8.0, 7.0 / 8.0][..]));
/// ```
#[doc(alias = "RMSNorm")]
#[derive(Debug, Clone, PartialEq)]
pub struct RmsNorm<P = ParamId> {
    /// The lengths of the last axes, those that are normalised over.
    pub normalized_shape: Shape,
    /// What is added to the mean of the squares; `None` is the machine epsilon of the element type.
    pub eps: Option<f64>,
    /// `[normalized_shape]`.
    pub weight: Option<P>,
}

impl RmsNorm<Init> {
    /// A plan of a layer with a weight of ones.
    #[must_use]
    pub fn new(normalized_shape: impl Into<Shape>) -> Self {
        Self { normalized_shape: normalized_shape.into(), eps: None, weight: Some(Init::constant(1.0)) }
    }

    /// With this added to the mean of the squares.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        Self { eps: Some(eps), ..self }
    }

    /// With the weight initialised this way.
    #[must_use]
    pub fn weight(self, weight: Init) -> Self {
        Self { weight: Some(weight), ..self }
    }

    /// Without parameters.
    #[doc(alias = "elementwise_affine")]
    #[must_use]
    pub fn without_affine(self) -> Self {
        Self { weight: None, ..self }
    }

    /// Adds the parameter `weight` and initialises it.
    ///
    /// # Panics
    /// If the name is taken: put layers apart with [`Params::within`].
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> RmsNorm {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<RmsNorm, Error> {
        let Self { normalized_shape, eps, weight } = self;
        let [weight, _] = try_build_affine([weight, None], &normalized_shape, params, rng)?;
        Ok(RmsNorm { normalized_shape, eps, weight })
    }
}

impl RmsNorm {
    /// `[.., normalized_shape] -> [.., normalized_shape]`.
    ///
    /// # Panics
    /// If the input's last axes are not those of `normalized_shape`, or other parameters are bound than the layer was
    /// built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let axes = last_axes("RmsNorm", &x.shape(), &self.normalized_shape);
        let eps = self.eps.unwrap_or_else(|| T::epsilon().widen());
        let y = x * scale(x.powi(2).mean_axes(Axes::keep(&axes[..])), eps);
        self.weight.map_or(y, |weight| y * pass.parameter(weight))
    }
}
