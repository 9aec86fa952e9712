//! The rectifier whose slope below 0 is learnt: `x` above 0, else `a x`.
//!
//! | | |
//! | --- | --- |
//! | input, output | `[n, channels, ..] -> [n, channels, ..]`, or anything where there is one slope for all |
//! | `weight` | `[num_parameters]`, all 1/4 |
//!
//! K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015.
//! PyTorch: `nn.PReLU`, whose name, layout and start these are. It advises against weight decay for the slope, which would
//! pull it towards the plain rectifier. No departures.

use std::iter::{once, repeat_n};

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Shape, Tensor};

use crate::error::{Error, unwrap};
use crate::init::Init;

/// The rectifier whose slope below 0 is learnt, for all channels together or for each: `[n, channels, ..]`, the same out.
///
/// `Prelu::new` is a plan; [`build`](Prelu::build) adds its parameter and gives the layer.
///
/// ```
/// use ndarray::array;
/// use nn::Prelu;
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let layer = Prelu::new().build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// let y = tape::Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant([-8.0, 8.0])));
/// assert_eq!(y, array![-2.0, 8.0].into_dyn());
/// ```
#[doc(alias = "PReLU")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prelu<P = ParamId> {
    /// How many slopes there are: one for all, or one for each channel.
    pub num_parameters: usize,
    /// `[num_parameters]`.
    pub weight: P,
}

impl Default for Prelu<Init> {
    fn default() -> Self {
        Self::new()
    }
}

impl Prelu<Init> {
    /// A plan with one slope for everything, initialised as PyTorch's.
    #[must_use]
    pub fn new() -> Self {
        Self { num_parameters: 1, weight: Init::constant(0.25) }
    }

    /// With a slope for each of so many channels, which are the second axis.
    #[must_use]
    pub fn channels(self, channels: usize) -> Self {
        Self { num_parameters: channels, ..self }
    }

    /// With the slopes initialised this way.
    #[must_use]
    pub fn weight(self, weight: Init) -> Self {
        Self { weight, ..self }
    }

    /// Adds the parameter `weight` and initialises it.
    ///
    /// # Panics
    /// If the name is taken: put layers apart with [`Params::within`]. If the initialiser scales by fans, which slopes do
    /// not have.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Prelu {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Prelu, Error> {
        let Self { num_parameters, weight } = self;
        let weight = params.try_add("weight", &weight.try_array([num_parameters], rng)?)?;
        Ok(Prelu { num_parameters, weight })
    }
}

impl Prelu {
    /// `[n, channels, ..] -> [n, channels, ..]`.
    ///
    /// # Panics
    /// If there is a slope for each channel and the input's second axis is another number of channels, or other parameters
    /// are bound than the layer was built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let slopes = pass.parameter(self.weight);
        if self.num_parameters == 1 {
            return x.leaky_relu(slopes.squeeze(0));
        }
        let input = x.shape();
        if input.get(1) != Some(&self.num_parameters) {
            let expected = format!("[n, {}, ..]", self.num_parameters);
            panic!("{}", Error::Input { layer: "Prelu", input, expected });
        }
        let shape = once(self.num_parameters).chain(repeat_n(1, input.rank() - 2));
        x.leaky_relu(slopes.reshape(shape.collect::<Shape>()))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::Tape;

    use super::*;

    #[test]
    fn every_channel_has_its_own_slope() {
        let mut params = Params::<f64>::new();
        let layer = Prelu::new().channels(2).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
        params.set_values(&[0.5, 2.0]).unwrap();
        let x = array![[[-1.0, 3.0], [-1.0, -4.0]]];
        let y = Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant(&x)));
        assert_eq!(y, array![[[-0.5, 3.0], [-2.0, -8.0]]].into_dyn());
    }

    #[test]
    #[should_panic(expected = "Prelu: input of shape [2, 2]: expected [n, 3, ..]")]
    fn another_number_of_channels_is_refused() {
        let mut params = Params::<f64>::new();
        let layer = Prelu::new().channels(3).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
        let _ = Tape::new().evaluate(&params, |pass| layer.forward(pass, pass.constant([[1.0, 2.0], [3.0, 4.0]])));
    }
}
