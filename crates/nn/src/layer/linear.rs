//! The fully connected layer: `y = x Wᵀ + b`.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[.., in_features] -> [.., out_features]` |
//! | `weight` | `[out_features, in_features]`, from U(±1/√in_features) |
//! | `bias` | `[out_features]`, from U(±1/√in_features) |
//!
//! The product reads the weight from its other side: nothing is transposed in memory.
//!
//! PyTorch: `nn.Linear`, whose names, layout and initial distributions these are; it writes the weight's as Kaiming
//! uniform with a = √5. The draws are not its own, for its generator is another one. No departures.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Tensor};

use crate::error::{Error, unwrap};
use crate::init::Init;

/// The fully connected layer: `y = x Wᵀ + b`, `[.., in_features] -> [.., out_features]`.
///
/// `Linear::new` is a plan; [`build`](Linear::build) adds its parameters and gives the layer, the `Linear` that stands in
/// the fields of a model.
///
/// ```
/// use ndarray::array;
/// use nn::Linear;
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let layer = Linear::new(2, 3).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// params.view_mut(layer.weight).assign(&array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
/// params.view_mut(layer.bias.unwrap()).assign(&array![0.1, 0.2, 0.3]);
/// let y = tape::Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant([[10.0, 20.0]])));
/// assert_eq!(y, array![[10.1, 20.2, 30.3]].into_dyn());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear<P = ParamId> {
    /// The length of the input's last axis.
    pub in_features: usize,
    /// The length of the output's last axis.
    pub out_features: usize,
    /// `[out_features, in_features]`.
    pub weight: P,
    /// `[out_features]`.
    pub bias: Option<P>,
}

impl Linear<Init> {
    /// A plan of a layer with a bias, initialised as PyTorch's.
    #[must_use]
    pub fn new(in_features: usize, out_features: usize) -> Self {
        // Without inputs there is nothing to scale by: the bias starts from 0, as PyTorch's does.
        let bound = if in_features == 0 { 0.0 } else { 1.0 / (in_features as f64).sqrt() };
        let start = Init::uniform(-bound, bound);
        Self { in_features, out_features, weight: start, bias: Some(start) }
    }

    /// With the weight initialised this way.
    #[must_use]
    pub fn weight(self, weight: Init) -> Self {
        Self { weight, ..self }
    }

    /// With a bias, initialised this way.
    #[must_use]
    pub fn bias(self, bias: Init) -> Self {
        Self { bias: Some(bias), ..self }
    }

    /// Without a bias.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    /// Adds the parameters `weight` and `bias`, in this order, and initialises them.
    ///
    /// # Panics
    /// If a name is taken: put layers apart with [`Params::within`]. If an initialiser does not suit its parameter, as
    /// one that scales by the fans does not suit a bias.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Linear {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Linear, Error> {
        let Self { in_features, out_features, weight, bias } = self;
        let weight = params.try_add("weight", &weight.try_array([out_features, in_features], rng)?)?;
        let bias = match bias {
            Some(bias) => Some(params.try_add("bias", &bias.try_array([out_features], rng)?)?),
            None => None,
        };
        Ok(Linear { in_features, out_features, weight, bias })
    }
}

impl Linear {
    /// `[.., in_features] -> [.., out_features]`; zero rows give zero rows.
    ///
    /// # Panics
    /// If the input's last axis does not have `in_features`, or other parameters are bound than the layer was built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let input = x.shape();
        if input.last() != Some(&self.in_features) {
            panic!("{}", Error::Features { layer: "Linear", expected: self.in_features, input });
        }
        let y = x.matmul(pass.parameter(self.weight).t());
        match self.bias {
            Some(bias) => y + pass.parameter(bias),
            None => y,
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::Tape;

    use super::*;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(21)
    }

    #[test]
    fn parameters_have_pytorchs_names_and_layout() {
        let mut params = Params::<f32>::new();
        params.within("head", |params| Linear::new(5, 3).build(params, &mut rng()));
        let found: Vec<_> = params.iter().map(|(_, found)| (found.name(), found.shape().to_string())).collect();
        assert_eq!(found, [("head.weight", "[3, 5]".to_owned()), ("head.bias", "[3]".to_owned())]);
    }

    #[test]
    fn the_default_start_is_uniform_within_one_over_the_root_of_the_inputs() {
        let mut params = Params::<f64>::new();
        let layer = Linear::new(100, 400).build(&mut params, &mut rng());
        let bound = 0.1 + 1e-15;
        assert!(params.values().iter().all(|value| value.abs() <= bound));
        for id in [layer.weight, layer.bias.unwrap()] {
            let largest = params.view(id).iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            // The largest of 400 uniform draws is below 95 % of the bound once in a billion.
            assert!(largest > 0.095, "{largest}");
        }
    }

    #[test]
    fn chosen_initialisers_are_used() {
        let mut params = Params::<f64>::new();
        let plan = Linear::new(2, 1).weight(Init::constant(3.0)).bias(Init::constant(4.0));
        let _ = plan.build(&mut params, &mut rng());
        assert_eq!(params.values(), [3.0, 3.0, 4.0]);
    }

    #[test]
    fn vectors_and_batches_of_matrices_go_through() {
        let mut params = Params::<f64>::new();
        let layer = Linear::new(2, 1).weight(Init::constant(1.0)).without_bias().build(&mut params, &mut rng());
        let mut tape = Tape::new();
        let y = tape.evaluate(&params, |pass| layer.forward(pass, pass.constant([1.0, 2.0])));
        assert_eq!(y, array![3.0].into_dyn());
        let x = array![[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]];
        let y = tape.evaluate(&params, |pass| layer.forward(pass, pass.constant(&x)));
        assert_eq!(y, array![[[3.0], [7.0]], [[11.0], [15.0]]].into_dyn());
    }

    #[test]
    fn no_inputs_leave_the_bias() {
        let mut params = Params::<f64>::new();
        let layer = Linear::new(0, 2).build(&mut params, &mut rng());
        let x = array![[], []];
        let y = Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant(&x)));
        assert_eq!(y, array![[0.0, 0.0], [0.0, 0.0]].into_dyn());
    }

    #[test]
    #[should_panic(expected = "Linear: input of shape [1, 3]: expected 2 features on its last axis, found 3")]
    fn another_number_of_features_is_refused() {
        let mut params = Params::<f64>::new();
        let layer = Linear::new(2, 1).build(&mut params, &mut rng());
        let _ = Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant([[1.0, 2.0, 3.0]])));
    }
}
