//! The bilinear layer: `y[k] = Σ_ij W[k, i, j] a[i] b[j] + c[k]`.
//!
//! | | |
//! | --- | --- |
//! | inputs, output | `[.., in1_features]` and `[.., in2_features] -> [.., out_features]` |
//! | `weight` | `[out_features, in1_features, in2_features]`, from U(±1/√in1_features) |
//! | `bias` | `[out_features]`, from U(±1/√in1_features) |
//!
//! PyTorch: `nn.Bilinear`, whose names, layout and initial distributions these are. No departures.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Shape, Tensor};

use crate::error::{Error, unwrap};
use crate::init::Init;

/// The bilinear layer: `y[k] = Σ_ij W[k, i, j] a[i] b[j] + c[k]`.
///
/// `Bilinear::new` is a plan; [`build`](Bilinear::build) adds its parameters and gives the layer. It takes two inputs, so
/// it stands beside a [`Sequential`](crate::Sequential), not in it.
///
/// ```
/// use ndarray::array;
/// use nn::Bilinear;
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let layer = Bilinear::new(2, 2, 1).without_bias().build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// params.view_mut(layer.weight).assign(&array![[[1.0, 10.0], [100.0, 1000.0]]]);
/// let y = tape::Tape::new()
///     .evaluate(&params, |pass| layer.forward(pass, pass.constant([1.0, 2.0]), pass.constant([1.0, 3.0])));
/// assert_eq!(y, array![1.0 + 30.0 + 200.0 + 6000.0].into_dyn());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bilinear<P = ParamId> {
    /// The length of the first input's last axis.
    pub in1_features: usize,
    /// The length of the second input's last axis.
    pub in2_features: usize,
    /// The length of the output's last axis.
    pub out_features: usize,
    /// `[out_features, in1_features, in2_features]`.
    pub weight: P,
    /// `[out_features]`.
    pub bias: Option<P>,
}

impl Bilinear<Init> {
    /// A plan of a layer with a bias, initialised as PyTorch's.
    #[must_use]
    pub fn new(in1_features: usize, in2_features: usize, out_features: usize) -> Self {
        let bound = if in1_features == 0 { 0.0 } else { 1.0 / (in1_features as f64).sqrt() };
        let start = Init::uniform(-bound, bound);
        Self { in1_features, in2_features, out_features, weight: start, bias: Some(start) }
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
    /// If a name is taken: put layers apart with [`Params::within`]. If an initialiser does not suit its parameter.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Bilinear {
        unwrap(self.try_build(params, rng))
    }

    fn try_build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Result<Bilinear, Error> {
        let Self { in1_features, in2_features, out_features, weight, bias } = self;
        let weight = weight.try_array([out_features, in1_features, in2_features], rng)?;
        let weight = params.try_add("weight", &weight)?;
        let bias = match bias {
            Some(bias) => Some(params.try_add("bias", &bias.try_array([out_features], rng)?)?),
            None => None,
        };
        Ok(Bilinear { in1_features, in2_features, out_features, weight, bias })
    }
}

impl Bilinear {
    /// `[.., in1_features]` and `[.., in2_features] -> [.., out_features]`, with equal axes before the last.
    ///
    /// # Panics
    /// If the shapes are others, or other parameters are bound than the layer was built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, a: Tensor<T>, b: Tensor<T>) -> Tensor<T> {
        let (left, right) = (a.shape(), b.shape());
        let features = [(&left, self.in1_features), (&right, self.in2_features)];
        if let Some((input, expected)) = features.into_iter().find(|(shape, expected)| shape.last() != Some(expected)) {
            panic!("{}", Error::Features { layer: "Bilinear", expected, input: input.clone() });
        }
        let rows = &left[..left.rank() - 1];
        if *rows != right[..right.rank() - 1] {
            let expected = format!("the axes of the other input, {left}, before the last");
            panic!("{}", Error::Input { layer: "Bilinear", input: right, expected });
        }
        let (count, [outputs, first, second]) =
            (rows.iter().product::<usize>(), [self.out_features, self.in1_features, self.in2_features]);
        // [first, outputs * second], so that the first input is used up by one product of matrices.
        let weight = pass.parameter(self.weight).permute([1, 0, 2]).reshape([first, outputs * second]);
        let half = a.reshape([count, first]).matmul(weight).reshape([count, outputs, second]);
        let shape: Shape = rows.iter().copied().chain([outputs]).collect();
        let y = half.matmul(b.reshape([count, second, 1])).reshape(shape);
        match self.bias {
            Some(bias) => y + pass.parameter(bias),
            None => y,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::Tape;

    use super::*;

    fn layer(params: &mut Params<f64>) -> Bilinear {
        Bilinear::new(2, 3, 400).build(params, &mut ChaCha8Rng::seed_from_u64(25))
    }

    #[test]
    fn the_start_is_uniform_within_one_over_the_root_of_the_first_inputs() {
        let mut params = Params::new();
        let layer = layer(&mut params);
        assert_eq!(*params.parameter(layer.weight).shape(), [400, 2, 3]);
        let largest = params.values().iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let bound = 0.5_f64.sqrt();
        assert!(largest > 0.95 * bound && largest <= bound, "{largest} within {bound}");
    }

    #[test]
    #[should_panic(expected = "Bilinear: input of shape [2]: expected 3 features on its last axis, found 2")]
    fn another_number_of_features_is_refused() {
        let mut params = Params::new();
        let layer = layer(&mut params);
        let x = |pass: &Pass<'_, f64>| pass.constant([1.0, 2.0]);
        let _ = Tape::new().evaluate(&params, |pass| layer.forward(pass, x(pass), x(pass)));
    }

    #[test]
    #[should_panic(
        expected = "Bilinear: input of shape [1, 3]: expected the axes of the other input, [2], before the last"
    )]
    fn batches_of_two_sizes_are_refused() {
        let mut params = Params::new();
        let layer = layer(&mut params);
        let _ = Tape::new()
            .evaluate(&params, |pass| layer.forward(pass, pass.constant([1.0, 2.0]), pass.constant([[1.0, 2.0, 3.0]])));
    }
}
