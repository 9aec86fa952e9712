//! Residual composition: `y = x + body(x)`, a correction to the input instead of a replacement.
//!
//! | | |
//! | --- | --- |
//! | input, output | what the body takes and returns |
//! | parameters | the body's within `body`, the shortcut's within `shortcut` |
//!
//! With a shortcut, `y = shortcut(x) + body(x)`: what a block needs whose output has another shape than its input.
//!
//! K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016. PyTorch has no such module.

use rand::Rng;
use tape::{ParamId, Params, Pass, Real, Tensor};

use super::sequential::Sequential;
use crate::error::{Error, unwrap};
use crate::init::Init;

/// Layers that are passed by: `y = x + body(x)`, or `shortcut(x) + body(x)`.
///
/// `Residual::new` is a plan; [`build`](Residual::build) adds its parameters and gives the layer.
///
/// ```
/// use ndarray::array;
/// use nn::{Init, Linear, Residual, Sequential};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let double = Linear::new(1, 1).weight(Init::constant(2.0)).without_bias();
/// let mut params = tape::Params::<f64>::new();
/// let block = Residual::new(Sequential::new().layer(double)).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// let y = tape::Tape::new().evaluate(&params, |pass| block.forward(pass, pass.constant([5.0])));
/// assert_eq!(y, array![15.0].into_dyn());
/// assert!(params.find("body.0.weight").is_some());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Residual<P = ParamId> {
    /// The layers that are passed by.
    pub body: Sequential<P>,
    /// What the input goes through on its way past them; nothing unless there is one.
    pub shortcut: Option<Sequential<P>>,
}

impl Residual<Init> {
    /// A plan of layers that the input itself is added to.
    #[must_use]
    pub fn new(body: Sequential<Init>) -> Self {
        Self { body, shortcut: None }
    }

    /// With layers for the input to go through before it is added.
    #[must_use]
    pub fn shortcut(self, shortcut: Sequential<Init>) -> Self {
        Self { shortcut: Some(shortcut), ..self }
    }

    /// Adds the parameters of the body and of the shortcut, and initialises them.
    ///
    /// # Panics
    /// If a name is taken: put layers apart with [`Params::within`]. Where a layer's own `build` does.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Residual {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Residual, Error> {
        let body = params.within("body", |params| self.body.try_build(params, rng))?;
        let shortcut = match self.shortcut {
            Some(shortcut) => Some(params.within("shortcut", |params| shortcut.try_build(params, rng))?),
            None => None,
        };
        Ok(Residual { body, shortcut })
    }
}

impl Residual {
    /// `x + body(x)`, or `shortcut(x) + body(x)`.
    ///
    /// # Panics
    /// If the two do not have the same shape; where a layer's own `forward` does.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(&self, pass: &Pass<'_, T>, x: Tensor<T>) -> Tensor<T> {
        let past = match &self.shortcut {
            Some(shortcut) => shortcut.forward(pass, x),
            None => x,
        };
        let y = self.body.forward(pass, x);
        // Broadcasting would hide that a block was put together wrongly.
        let input = past.shape();
        if input != y.shape() {
            let expected = format!("that of the body's output, {}", y.shape());
            panic!("{}", Error::Input { layer: "Residual", input, expected });
        }
        past + y
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::Tape;

    use super::*;
    use crate::layer::linear::Linear;

    fn times(factor: f64, outputs: usize) -> Sequential<Init> {
        Sequential::new().layer(Linear::new(1, outputs).weight(Init::constant(factor)).without_bias())
    }

    #[test]
    fn the_shortcut_is_named_and_added() {
        let mut params = Params::<f64>::new();
        let plan = Residual::new(times(10.0, 2)).shortcut(times(1.0, 2));
        let block = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
        let names: Vec<_> = params.iter().map(|(_, parameter)| parameter.name()).collect();
        assert_eq!(names, ["body.0.weight", "shortcut.0.weight"]);
        let y = Tape::new().evaluate(&params, |pass| block.forward(pass, pass.constant([[3.0]])));
        assert_eq!(y, array![[33.0, 33.0]].into_dyn());
    }

    #[test]
    #[should_panic(expected = "Residual: input of shape [4, 1]: expected that of the body's output, [4, 2]")]
    fn a_body_that_changes_the_shape_is_refused() {
        let mut params = Params::<f64>::new();
        let block = Residual::new(times(1.0, 2)).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
        let _ = Tape::new().evaluate(&params, |pass| block.forward(pass, pass.constant([[1.0]; 4])));
    }
}
