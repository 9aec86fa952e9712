//! Group normalisation: the channels of each sample, group by group, by the mean and variance of the group.
//!
//! `y = (x - mean) / √(var + eps) * weight + bias`, where mean and variance (divided by the number of elements) are taken
//! over the channels of a group and everything behind them. Weight and bias are one number a channel.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[n, num_channels, ..]` |
//! | `weight` | `[num_channels]`, from 1 |
//! | `bias` | `[num_channels]`, from 0 |
//! | `eps` | 1e-5 |
//!
//! Y. Wu, K. He, Group normalization, ECCV 2018. PyTorch: `nn.GroupNorm`, whose names, layout and defaults these are.
//! Departure: a group of one value, which is its mean, gives the bias also where there is only one such group, which
//! PyTorch refuses.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Shape, Tensor};

use super::{Affine, Moments, scale, try_build_affine};
use crate::error::{Error, unwrap};
use crate::init::Init;

/// Group normalisation: `[n, num_channels, ..] -> [n, num_channels, ..]`.
///
/// `GroupNorm::new` is a plan; [`build`](GroupNorm::build) adds its parameters and gives the layer.
///
/// ```
/// use nn::GroupNorm;
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let layer = GroupNorm::new(2, 4).eps(0.0).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// // Channels 0 and 1 are one group, 2 and 3 the other.
/// let x = [[1.0, 3.0, 10.0, 30.0]];
/// let y = tape::Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant(x)));
/// assert_eq!(y.as_slice(), Some(&[-1.0, 1.0, -1.0, 1.0][..]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupNorm<P = ParamId> {
    /// Into how many groups the channels are split.
    pub num_groups: usize,
    /// The length of the input's second axis.
    pub num_channels: usize,
    /// What is added to the variance.
    pub eps: f64,
    /// `[num_channels]`.
    pub weight: Option<P>,
    /// `[num_channels]`.
    pub bias: Option<P>,
}

impl GroupNorm<Init> {
    /// A plan of a layer with weights of one and biases of zero.
    #[must_use]
    pub fn new(num_groups: usize, num_channels: usize) -> Self {
        let (weight, bias) = (Some(Init::constant(1.0)), Some(Init::constant(0.0)));
        Self { num_groups, num_channels, eps: 1e-5, weight, bias }
    }

    /// With this added to the variance.
    #[must_use]
    pub fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    /// With the weights initialised this way.
    #[must_use]
    pub fn weight(self, weight: Init) -> Self {
        Self { weight: Some(weight), ..self }
    }

    /// With the biases initialised this way.
    #[must_use]
    pub fn bias(self, bias: Init) -> Self {
        Self { bias: Some(bias), ..self }
    }

    /// Without parameters.
    #[must_use]
    pub fn without_affine(self) -> Self {
        Self { weight: None, bias: None, ..self }
    }

    /// Adds the parameters `weight` and `bias`, in this order, and initialises them.
    ///
    /// # Panics
    /// If the groups do not divide the channels. If a name is taken: put layers apart with [`Params::within`].
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> GroupNorm {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<GroupNorm, Error> {
        let Self { num_groups, num_channels, eps, weight, bias } = self;
        if num_groups == 0 || num_channels % num_groups != 0 {
            let rule = "it must divide the number of channels";
            return Err(Error::Setting {
                layer: "GroupNorm",
                setting: "num_groups",
                value: num_groups.to_string(),
                rule,
            });
        }
        let [weight, bias] = try_build_affine([weight, bias], &Shape::from([num_channels]), params, rng)?;
        Ok(GroupNorm { num_groups, num_channels, eps, weight, bias })
    }
}

impl GroupNorm {
    /// `[n, num_channels, ..] -> [n, num_channels, ..]`.
    ///
    /// # Panics
    /// If the input's second axis does not have `num_channels`, or other parameters are bound than the layer was built
    /// with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let input = x.shape();
        let [n, channels, lengths @ ..] = &*input else { panic!("{}", self.other(&input)) };
        if *channels != self.num_channels {
            panic!("{}", self.other(&input));
        }
        let size = channels / self.num_groups * lengths.iter().product::<usize>();
        let Moments { distances, variance, .. } = Moments::over(x.reshape([*n, self.num_groups, size]), &[2]);
        let y = (distances * scale(variance, self.eps)).reshape(&input);
        let Affine { weight, bias } = Affine::beside(pass, self.weight, self.bias, lengths.len());
        let y = weight.map_or(y, |weight| y * weight);
        bias.map_or(y, |bias| y + bias)
    }

    fn other(&self, input: &Shape) -> Error {
        let expected = format!("[n, {}, ..]", self.num_channels);
        Error::Input { layer: "GroupNorm", input: input.clone(), expected }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::Tape;

    use super::*;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(0)
    }

    #[test]
    fn a_group_of_one_value_gives_the_bias() {
        let mut params = Params::<f64>::new();
        let layer = GroupNorm::new(2, 2).bias(Init::constant(0.25)).build(&mut params, &mut rng());
        let y = Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant([[3.0, -4.0]])));
        assert_eq!(y.as_slice(), Some(&[0.25, 0.25][..]));
    }

    #[test]
    #[should_panic(expected = "GroupNorm: num_groups 3: it must divide the number of channels")]
    fn groups_of_different_size_are_refused() {
        let _ = GroupNorm::new(3, 4).build(&mut Params::<f64>::new(), &mut rng());
    }

    #[test]
    #[should_panic(expected = "GroupNorm: input of shape [4]: expected [n, 4, ..]")]
    fn an_input_without_a_batch_is_refused() {
        let mut params = Params::<f64>::new();
        let layer = GroupNorm::new(2, 4).build(&mut params, &mut rng());
        let _ = Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant([0.0; 4])));
    }
}
