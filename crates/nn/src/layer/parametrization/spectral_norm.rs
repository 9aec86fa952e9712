//! Spectral normalisation: a weight is divided by its largest singular value.
//!
//! `w / σ` with `σ = uᵀ W v`, where W is w as a matrix with one row for every entry of an axis, and u and v, nearly its
//! first singular vectors, are followed by the power method: in each pass that trains, `u = W v / |W v|` and
//! `v = Wᵀ u / |Wᵀ u|`, through which nothing is differentiated. In evaluation they stay.
//!
//! | | |
//! | --- | --- |
//! | `parametrizations.weight.original` | w: the parameter that was there |
//! | `parametrizations.weight.0._u`, `parametrizations.weight.0._v` | `[rows]`, `[columns]`, not trained; from N(0, 1), behind 15 iterations |
//! | `axis`, `power_iterations`, `eps` | 0, 1, 1e-12 |
//!
//! T. Miyato et al., Spectral normalization for generative adversarial networks, ICLR 2018. PyTorch:
//! `nn.utils.parametrizations.spectral_norm`, whose names, layout and defaults these are. Departures: the axis of a
//! transposed convolution, 1, has to be given; a vector, whose singular value is its length, is refused. The draws are not
//! PyTorch's, for its generator is another one.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Tape, Tensor};

use super::{add, check_axis, check_free, place};
use crate::error::{Error, unwrap};
use crate::init::Init;

const NAME: &str = "SpectralNorm";

/// So many iterations make reasonable singular vectors of random ones.
const FIRST_ITERATIONS: usize = 15;

/// Spectral normalisation of a parameter of any layer: `w / σ` with the largest singular value σ.
///
/// `SpectralNorm::new` is a plan; [`build`](SpectralNorm::build) takes the parameter:
///
/// ```
/// use ndarray::array;
/// use nn::{Linear, SpectralNorm};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let (mut params, mut rng) = (tape::Params::<f64>::new(), ChaCha8Rng::seed_from_u64(0));
/// let layer = Linear::new(2, 2).without_bias().build(&mut params, &mut rng);
/// params.view_mut(layer.weight).assign(&array![[0.5, 0.0], [0.0, 4.0]]);
/// let norm = SpectralNorm::new().build(&mut params, layer.weight, &mut rng);
/// let y = tape::Tape::new().evaluate(&params, |pass| {
///     let x = pass.constant([[8.0, 1.0]]);
///     norm.apply(pass, || layer.forward(pass, x))
/// });
/// assert!((y - array![[1.0, 1.0]].into_dyn()).iter().all(|difference: &f64| difference.abs() < 1e-12));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpectralNorm<P = ParamId> {
    /// Whose entries are the rows of the matrix.
    pub axis: usize,
    /// How often a pass that trains improves the singular vectors.
    pub power_iterations: usize,
    /// What lengths are at least taken for before they divide.
    pub eps: f64,
    /// w: the parameter that was there.
    pub original: P,
    /// u, `[rows]`.
    pub u: P,
    /// v, `[columns]`.
    pub v: P,
}

impl Default for SpectralNorm<()> {
    fn default() -> Self {
        Self::new()
    }
}

impl SpectralNorm<()> {
    /// A plan with rows along the first axis and one iteration a pass.
    #[doc(alias = "spectral_norm")]
    #[must_use]
    pub const fn new() -> Self {
        Self { axis: 0, power_iterations: 1, eps: 1e-12, original: (), u: (), v: () }
    }

    /// With rows along this axis: that of the outputs, which is 1 for a transposed convolution.
    #[doc(alias = "dim")]
    #[must_use]
    pub fn axis(self, axis: usize) -> Self {
        Self { axis, ..self }
    }

    /// With so many iterations a pass.
    #[doc(alias = "n_power_iterations")]
    #[must_use]
    pub fn power_iterations(self, power_iterations: usize) -> Self {
        Self { power_iterations, ..self }
    }

    /// With lengths that are at least taken for this before they divide.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// Takes a parameter and adds its singular vectors.
    ///
    /// # Panics
    /// If the parameter has fewer than two axes or not the one that is asked for, or belongs to another set of parameters,
    /// or a name is taken; if there is to be no iteration.
    #[track_caller]
    pub fn build<T: Real>(
        self,
        params: &mut Params<T>,
        weight: ParamId,
        rng: &mut (impl Rng + ?Sized),
    ) -> SpectralNorm {
        unwrap(self.try_build(params, weight, rng))
    }

    fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        weight: ParamId,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<SpectralNorm, Error> {
        let Self { axis, power_iterations, eps, .. } = self;
        check_axis(NAME, params, weight, axis)?;
        let shape = params.parameter(weight).shape().clone();
        if shape.rank() < 2 {
            return Err(Error::Weight { layer: NAME, weight: shape, rule: "it must have at least two axes" });
        }
        if power_iterations == 0 {
            let (setting, value) = ("power_iterations", power_iterations.to_string());
            return Err(Error::Setting { layer: NAME, setting, value, rule: "there must be at least one" });
        }
        let columns = shape.size().checked_div(shape[axis]).unwrap_or(0);
        let start = Init::normal(0.0, 1.0).try_array([columns], rng)?;
        let tape = Tape::new();
        let matrix = rows(tape.bind(params).parameter(weight).detach(), axis);
        let (u, v) = power_method(matrix, normalised(tape.constant(&start), eps), FIRST_ITERATIONS, eps);
        let (u, v) = (u.to_array(), v.to_array());
        let place = place(params, weight);
        let [of_u, of_v, of_original] = ["0._u", "0._v", "original"].map(|part| format!("{place}.{part}"));
        check_free(params, &[&of_u, &of_v, &of_original])?;
        let (u, v) = (add(params, &of_u, &u, false)?, add(params, &of_v, &v, false)?);
        params.try_rename(weight, &of_original)?;
        Ok(SpectralNorm { axis, power_iterations, eps, original: weight, u, v })
    }
}

impl SpectralNorm {
    /// The weight: `w / σ`. A pass that trains improves the singular vectors first, and updates them.
    ///
    /// # Panics
    /// If other parameters are bound than it was built with.
    #[must_use]
    #[track_caller]
    pub fn weight<T: Real>(&self, pass: &Pass<'_, T>) -> Tensor<T> {
        let weight = pass.parameter(self.original);
        let matrix = rows(weight, self.axis);
        let (u, v) = if pass.is_training() {
            let (u, v) = power_method(matrix.detach(), pass.updated(self.v), self.power_iterations, self.eps);
            pass.update(self.u, u);
            pass.update(self.v, v);
            (u, v)
        } else {
            (pass.parameter(self.u), pass.parameter(self.v))
        };
        weight / u.dot(matrix.matmul(v))
    }

    /// Computes with the weight in the place of the parameter that it was built for: runs a layer.
    ///
    /// # Panics
    /// If other parameters are bound than it was built with.
    #[track_caller]
    pub fn apply<T: Real, R>(&self, pass: &Pass<'_, T>, compute: impl FnOnce() -> R) -> R {
        pass.with_parameter(self.original, self.weight(pass), compute)
    }
}

/// A weight as a matrix with one row for every entry of an axis.
#[track_caller]
fn rows<T: Real>(weight: Tensor<T>, axis: usize) -> Tensor<T> {
    let weight = if axis == 0 { weight } else { weight.movedim(axis as isize, 0) };
    let shape = weight.shape();
    weight.reshape([shape[0], shape[1..].iter().product()])
}

#[track_caller]
fn normalised<T: Real>(x: Tensor<T>, eps: f64) -> Tensor<T> {
    x / x.norm(2.0, ..).maximum(T::from_f64(eps))
}

/// The singular vectors that so many iterations make of the right one.
#[track_caller]
fn power_method<T: Real>(matrix: Tensor<T>, v: Tensor<T>, iterations: usize, eps: f64) -> (Tensor<T>, Tensor<T>) {
    let (mut u, mut v) = (v, v);
    for _ in 0..iterations {
        u = normalised(matrix.matmul(v), eps);
        v = normalised(matrix.t().matmul(u), eps);
    }
    (u, v)
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::check_params;

    use super::*;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(8)
    }

    /// A matrix with singular values 3 and 1, as `[1, 2, 2]` with rows along axis 1.
    fn built() -> (Params<f64>, SpectralNorm) {
        let mut params = Params::new();
        let weight = params.within("layer", |params| params.add("weight", &array![[[2.0, 1.0], [1.0, 2.0]]]));
        let norm = SpectralNorm::new().axis(1).build(&mut params, weight, &mut rng());
        (params, norm)
    }

    #[test]
    fn the_largest_singular_value_becomes_one() {
        let (params, norm) = built();
        let weight = Tape::new().evaluate(&params, |pass| norm.weight(pass));
        let expected = array![[[2.0, 1.0], [1.0, 2.0]]] / 3.0;
        assert!(weight.iter().zip(&expected).all(|(weight, expected)| (weight - expected).abs() < 1e-12), "{weight}");
        let names: Vec<_> = params.iter().map(|(_, found)| (found.name(), found.is_trainable())).collect();
        let expected = [
            ("layer.parametrizations.weight.original", true),
            ("layer.parametrizations.weight.0._u", false),
            ("layer.parametrizations.weight.0._v", false),
        ];
        assert_eq!(names, expected);
    }

    /// With respect to the weight, where the singular vectors are the constants that they are taken for.
    #[test]
    fn the_gradient_is_right() {
        let (params, norm) = built();
        check_params(&params, |pass| norm.apply(pass, || pass.parameter(norm.original).powi(3))).assert();
    }

    #[test]
    fn training_follows_a_weight_that_moves() {
        let (mut params, norm) = built();
        params.view_mut(norm.original).assign(&array![[[5.0, 0.0], [0.0, -1.0]]]);
        for step in 0..30 {
            let (_, gradients) = Tape::new().value_and_grad(&params, |pass| norm.weight(&pass.training(step)).sum());
            params.apply_updates(&gradients).unwrap();
        }
        let weight = Tape::new().evaluate(&params, |pass| norm.weight(pass));
        assert!((weight[[0, 0, 0]] - 1.0).abs() < 1e-12 && (weight[[0, 1, 1]] + 0.2).abs() < 1e-12, "{weight}");
    }

    #[test]
    fn misuse_changes_nothing() {
        let mut params = Params::<f64>::new();
        let (matrix, vector) = (params.add("matrix", &array![[3.0]]), params.add("vector", &array![3.0]));
        let plan = SpectralNorm::new();
        for (id, plan, message) in [
            (matrix, plan.axis(2), "SpectralNorm: weight of shape [1, 1]: it does not have the axis"),
            (vector, plan, "SpectralNorm: weight of shape [1]: it must have at least two axes"),
            (matrix, plan.power_iterations(0), "SpectralNorm: power_iterations 0: there must be at least one"),
        ] {
            assert_eq!(plan.try_build(&mut params, id, &mut rng()).unwrap_err().to_string(), message);
        }
        assert_eq!((params.len(), params.parameter(matrix).name()), (2, "matrix"));
    }
}
