//! Stochastic gradient descent with momentum.
//!
//! ```text
//! g = g + lambda theta
//! v = g                       at a parameter's first step
//! v = mu v + (1 - tau) g      from then on
//! d = v, with Nesterov's momentum d = g + mu v, without momentum d = g
//! theta = theta - eta d
//! ```
//!
//! Papers: Robbins and Monro 1951; momentum: Polyak 1964; Nesterov 1983 in the form of Sutskever et al., ICML 2013, in
//! which the parameters that are kept are those looked ahead to.
//!
//! Defaults are PyTorch 2.15's: momentum mu 0, dampening tau 0, weight decay lambda 0. Its learning rate, 1e-3, has to
//! be said here. No departure: the first step takes v = g without dampening, and the rate is outside v, so that a
//! schedule acts on the step and not on the memory (Keras and Sutskever have it inside).

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::recipe::{Piece, Recipe};

/// Stochastic gradient descent, with momentum and Nesterov's momentum.
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, Sgd};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0]);
/// let slope = tape::Gradients::for_params(&params, &[1.0])?;
/// let mut sgd = Sgd::new(0.25).momentum(0.5);
/// sgd.step(&mut params, &slope)?; // v = 1
/// sgd.step(&mut params, &slope)?; // v = 1.5
/// assert_eq!(params.values(), [1.0 - 0.25 - 0.375]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Sgd<T> = Descent<SgdRecipe, T>;

/// The formula and settings of [`Sgd`].
#[derive(Debug, Clone)]
pub struct SgdRecipe {
    /// How much of the last step's direction is kept, mu in [0, 1).
    pub momentum: f64,
    /// How much of a gradient is held back from the momentum, tau in [0, 1].
    pub dampening: f64,
    /// Whether to step along what the momentum will be.
    pub nesterov: bool,
}

impl<T: Real> Descent<SgdRecipe, T> {
    /// Plain descent at this learning rate.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(SgdRecipe { momentum: 0.0, dampening: 0.0, nesterov: false }, learning_rate)
    }

    /// How much of the last step's direction is kept, mu in [0, 1).
    #[must_use]
    pub fn momentum(mut self, mu: f64) -> Self {
        self.method.momentum = mu;
        self
    }

    /// How much of a gradient is held back from the momentum, tau in [0, 1]. The first gradient enters whole.
    #[must_use]
    pub fn dampening(mut self, tau: f64) -> Self {
        self.method.dampening = tau;
        self
    }

    /// Nesterov's momentum: steps along what the momentum will be. Needs momentum and no dampening.
    #[must_use]
    pub fn nesterov(mut self) -> Self {
        self.method.nesterov = true;
        self
    }
}

impl Recipe for SgdRecipe {
    const NAME: &'static str = "sgd";

    fn check<T: Real>(&self) -> Result<(), Error> {
        let Self { momentum: mu, dampening: tau, nesterov } = *self;
        Error::unless_fraction(Self::NAME, "momentum", mu)?;
        Error::unless((0.0..=1.0).contains(&tau), Self::NAME, "dampening", tau, "it must be >= 0 and <= 1")?;
        let sound = !nesterov || (mu > 0.0 && tau == 0.0);
        Error::unless(sound, Self::NAME, "nesterov", nesterov, "it needs momentum > 0 and dampening = 0")
    }

    fn arrays(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["momentum_buffer"] }
    }

    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        let take = if t == 1 { 1.0 } else { 1.0 - self.dampening };
        let [eta, mu, take] = [eta, self.momentum, take].map(<T as Real>::from_f64);
        if self.momentum == 0.0 {
            piece.each(move |g, []| (eta * g, []));
        } else if self.nesterov {
            piece.each(move |g, [v]| {
                let v = mu * v + g;
                (eta * (g + mu * v), [v])
            });
        } else {
            piece.each(move |g, [v]| {
                let v = mu * v + take * g;
                (eta * v, [v])
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Optimizer;
    use crate::recipe::one_element;

    /// Where x ends from 0 after gradients 1, 1, 0 at a rate of 1.
    fn after_three(sgd: Sgd<f64>) -> f64 {
        one_element(sgd, &[1.0, 1.0, 0.0])
    }

    #[test]
    fn each_form_by_hand() {
        assert_eq!(after_three(Sgd::new(1.0)), -2.0);
        // v = 1, 1.5, 0.75
        assert_eq!(after_three(Sgd::new(1.0).momentum(0.5)), -3.25);
        // v = 1, 0.5 + 0.25, 0.375: the first gradient whole
        assert_eq!(after_three(Sgd::new(1.0).momentum(0.5).dampening(0.75)), -2.125);
        // d = 1 + 0.5, 1 + 0.75, 0 + 0.375
        assert_eq!(after_three(Sgd::new(1.0).momentum(0.5).nesterov()), -3.625);
    }

    #[test]
    fn what_it_cannot_be() {
        let text = |sgd: Sgd<f64>| sgd.check().unwrap_err().to_string();
        assert_eq!(text(Sgd::new(-1.0)), "sgd: learning rate = -1: it must be finite and >= 0");
        assert_eq!(text(Sgd::new(f64::NAN)), "sgd: learning rate = NaN: it must be finite and >= 0");
        assert_eq!(text(Sgd::new(1.0).weight_decay(-0.1)), "sgd: weight decay = -0.1: it must be finite and >= 0");
        assert_eq!(text(Sgd::new(1.0).clip_norm(0.0)), "sgd: clip norm = 0: it must be > 0");
        assert_eq!(text(Sgd::new(1.0).momentum(1.0)), "sgd: momentum = 1: it must be >= 0 and < 1");
        assert_eq!(text(Sgd::new(1.0).momentum(f64::NAN)), "sgd: momentum = NaN: it must be >= 0 and < 1");
        assert_eq!(text(Sgd::new(1.0).dampening(1.5)), "sgd: dampening = 1.5: it must be >= 0 and <= 1");
        let rule = "sgd: nesterov = true: it needs momentum > 0 and dampening = 0";
        assert_eq!(text(Sgd::new(1.0).nesterov()), rule);
        assert_eq!(text(Sgd::new(1.0).momentum(0.9).dampening(0.1).nesterov()), rule);
    }
}
