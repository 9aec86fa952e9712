//! Weight normalisation: the length of a weight and its direction are learnt apart.
//!
//! `w = g v/|v|`, where the lengths `|v|` are taken over all axes but one, whose every entry has a length of its own; or
//! over all axes.
//!
//! | | |
//! | --- | --- |
//! | `parametrizations.weight.original0` | g: the weight's shape with length 1 along all other axes, or `[]`; from the lengths of the weight |
//! | `parametrizations.weight.original1` | v: the weight's shape; from the weight |
//! | `axis` | 0 |
//!
//! T. Salimans, D. P. Kingma, Weight normalization, NeurIPS 2016. PyTorch: `nn.utils.parametrizations.weight_norm`, whose
//! names, layout and defaults these are. No departures.

use tape::{Axes, ParamId, Params, Pass, Real, Tape, Tensor};

use super::{add, check_axis, check_free, place};
use crate::error::{Error, unwrap};

const NAME: &str = "WeightNorm";

/// Weight normalisation of a parameter of any layer: `w = g v/|v|`.
///
/// `WeightNorm::new` is a plan; [`build`](WeightNorm::build) takes the parameter, which stays what it is at first:
///
/// ```
/// use ndarray::array;
/// use nn::{Linear, WeightNorm};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let layer = Linear::new(2, 1).without_bias().build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// params.view_mut(layer.weight).assign(&array![[3.0, 4.0]]);
/// let norm = WeightNorm::new().build(&mut params, layer.weight);
/// assert_eq!(params.view(norm.magnitude), array![[5.0]].into_dyn());
///
/// // Twice the length, in the same direction.
/// params.view_mut(norm.magnitude).fill(10.0);
/// let y = tape::Tape::new().evaluate(&params, |pass| {
///     let x = pass.constant([[1.0, 10.0]]);
///     norm.apply(pass, || layer.forward(pass, x))
/// });
/// assert!((y[[0, 0]] - 86.0).abs() < 1e-13);
/// let names: Vec<_> = params.iter().map(|(_, parameter)| parameter.name()).collect();
/// assert_eq!(names, ["parametrizations.weight.original1", "parametrizations.weight.original0"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightNorm<P = ParamId> {
    /// Whose entries have lengths of their own; `None` takes one length of all.
    pub axis: Option<usize>,
    /// g, PyTorch's `original0`.
    pub magnitude: P,
    /// v, PyTorch's `original1`: the parameter that was there.
    pub direction: P,
}

impl Default for WeightNorm<()> {
    fn default() -> Self {
        Self::new()
    }
}

impl WeightNorm<()> {
    /// A plan with one length for every entry of the first axis: for each output of a layer.
    #[doc(alias = "weight_norm")]
    #[must_use]
    pub const fn new() -> Self {
        Self { axis: Some(0), magnitude: (), direction: () }
    }

    /// With one length for every entry of this axis, or of all.
    #[doc(alias = "dim")]
    #[must_use]
    pub fn axis(self, axis: impl Into<Option<usize>>) -> Self {
        Self { axis: axis.into(), ..self }
    }

    /// Makes a parameter the direction and adds the magnitude, so that the weight stays what it is.
    ///
    /// # Panics
    /// If the parameter does not have the axis, or belongs to another set of parameters, or a name is taken.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, weight: ParamId) -> WeightNorm {
        unwrap(self.try_build(params, weight))
    }

    fn try_build<T: Real>(self, params: &mut Params<T>, weight: ParamId) -> Result<WeightNorm, Error> {
        if let Some(axis) = self.axis {
            check_axis(NAME, params, weight, axis)?;
        }
        let lengths = Tape::new().evaluate(params, |pass| lengths(pass.parameter(weight), self.axis));
        let place = place(params, weight);
        let [of_magnitude, of_direction] = [0, 1].map(|number| format!("{place}.original{number}"));
        check_free(params, &[&of_magnitude, &of_direction])?;
        let magnitude = add(params, &of_magnitude, &lengths, true)?;
        params.try_rename(weight, &of_direction)?;
        Ok(WeightNorm { axis: self.axis, magnitude, direction: weight })
    }
}

impl WeightNorm {
    /// The weight: `g v/|v|`.
    ///
    /// # Panics
    /// If other parameters are bound than it was built with.
    #[must_use]
    #[track_caller]
    pub fn weight<T: Real>(&self, pass: &Pass<'_, T>) -> Tensor<T> {
        let direction = pass.parameter(self.direction);
        direction * (pass.parameter(self.magnitude) / lengths(direction, self.axis))
    }

    /// Computes with the weight in the place of the parameter that it was built for: runs a layer.
    ///
    /// # Panics
    /// If other parameters are bound than it was built with.
    #[track_caller]
    pub fn apply<T: Real, R>(&self, pass: &Pass<'_, T>, compute: impl FnOnce() -> R) -> R {
        pass.with_parameter(self.direction, self.weight(pass), compute)
    }
}

/// The lengths over all axes but one, which are kept; or the one over all.
#[track_caller]
fn lengths<T: Real>(weight: Tensor<T>, axis: Option<usize>) -> Tensor<T> {
    let Some(axis) = axis else { return weight.norm(2.0, ..) };
    let others: Vec<isize> = (0..weight.shape().rank() as isize).filter(|&other| other != axis as isize).collect();
    weight.norm(2.0, Axes::keep(&others[..]))
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use tape::check_params;

    use super::*;

    #[test]
    fn the_weight_is_what_it_was_whatever_the_axis() {
        for axis in [Some(0), Some(1), Some(2), None] {
            let mut params = Params::<f64>::new();
            let before = array![[[1.0, -2.0], [3.0, 0.5], [0.0, 1.0]], [[2.0, 2.0], [-1.0, 4.0], [5.0, -0.5]]];
            let (id, norm) = params.within("a.b", |params| {
                let id = params.add("weight_hh_l0", &before);
                (id, WeightNorm::new().axis(axis).build(params, id))
            });
            let expected = match axis {
                Some(axis) => [0, 1, 2].map(|other| if other == axis { before.shape()[axis] } else { 1 }).to_vec(),
                None => vec![],
            };
            assert_eq!(params.parameter(norm.magnitude).shape()[..], expected);
            assert_eq!(params.parameter(norm.magnitude).name(), "a.b.parametrizations.weight_hh_l0.original0");
            let weight = Tape::new().evaluate(&params, |pass| norm.weight(pass));
            assert!(weight.iter().zip(&before).all(|(weight, before)| (weight - before).abs() < 1e-15));
            check_params(&params, |pass| norm.apply(pass, || pass.parameter(id).powi(2))).assert();
        }
    }

    #[test]
    fn misuse_changes_nothing() {
        let mut params = Params::<f64>::new();
        let id = params.add("weight", &array![[3.0, 4.0]]);
        let error = WeightNorm::new().axis(2).try_build(&mut params, id).unwrap_err();
        assert_eq!(error.to_string(), "WeightNorm: weight of shape [1, 2]: it does not have the axis");
        params.add("parametrizations.weight.original1", &array![0.0]);
        let error = WeightNorm::new().try_build(&mut params, id).unwrap_err();
        assert!(error.to_string().contains("the name \"parametrizations.weight.original1\" is taken"), "{error}");
        assert_eq!((params.len(), params.parameter(id).name()), (2, "weight"));
    }
}
