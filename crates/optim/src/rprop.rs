//! Rprop: steps that grow while the sign of the gradient stays and shrink when it turns.
//!
//! ```text
//! s = g g_before
//! delta = clamp(delta {1.2 if s > 0, 0.5 if s < 0, 1 if s = 0}, 1e-6, 50)      from delta = eta
//! g = 0 if s < 0
//! theta = theta - delta sign(g),  g_before = g
//! ```
//!
//! Paper: Riedmiller and Braun, ICNN 1993. For gradients of all examples together; those of mini-batches change their sign by
//! chance.
//!
//! Defaults are PyTorch 2.15's, which the formula has. The learning rate, there 0.01, is the length of the first step only.
//! No departure.

use tape::Real;

use crate::descent::Descent;
use crate::error::Error;
use crate::moments::sign;
use crate::recipe::{Piece, Recipe};

/// Rprop (Riedmiller and Braun, ICNN 1993).
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, Rprop};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0, 1.0, 1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1e-9, -1e9, 0.0])?;
/// Rprop::new(0.25).step(&mut params, &gradients)?;
/// assert_eq!(params.values(), [0.75, 1.25, 1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Rprop<T> = Descent<RpropRecipe, T>;

/// The formula and settings of [`Rprop`].
#[derive(Debug, Clone)]
pub struct RpropRecipe {
    /// What a step is multiplied by when the gradient turns, in (0, 1).
    pub shrink: f64,
    /// What a step is multiplied by while the gradient keeps its sign, above 1.
    pub grow: f64,
    /// The shortest step.
    pub shortest: f64,
    /// The longest step.
    pub longest: f64,
}

impl Default for RpropRecipe {
    /// The settings that the head of the file gives.
    fn default() -> Self {
        Self { shrink: 0.5, grow: 1.2, shortest: 1e-6, longest: 50.0 }
    }
}

impl<T: Real> Descent<RpropRecipe, T> {
    /// Rprop, whose first step is this long.
    #[must_use]
    pub fn new(learning_rate: f64) -> Self {
        Self::by(RpropRecipe::default(), learning_rate)
    }

    /// What steps are multiplied by when the gradient turns and while it does not.
    #[must_use]
    pub fn factors(mut self, shrink: f64, grow: f64) -> Self {
        self.method.shrink = shrink;
        self.method.grow = grow;
        self
    }

    /// The shortest and the longest step.
    #[must_use]
    pub fn lengths(mut self, shortest: f64, longest: f64) -> Self {
        self.method.shortest = shortest;
        self.method.longest = longest;
        self
    }
}

impl Recipe for RpropRecipe {
    const NAME: &'static str = "rprop";

    fn check<T: Real>(&self) -> Result<(), Error> {
        Error::unless_amount(Self::NAME, "shortest", self.shortest)?;
        Error::unless_amount(Self::NAME, "longest", self.longest)?;
        Error::unless(
            self.shrink > 0.0 && self.shrink < 1.0,
            Self::NAME,
            "shrink",
            self.shrink,
            "it must be > 0 and < 1",
        )?;
        Error::unless(
            self.grow > 1.0 && self.grow.is_finite(),
            Self::NAME,
            "grow",
            self.grow,
            "it must be finite and > 1",
        )
    }

    fn arrays(&self) -> &'static [&'static str] {
        &["prev", "step_size"]
    }

    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>) {
        let start = if t == 1 { eta } else { 0.0 };
        let [shrink, grow, shortest, longest, start] =
            [self.shrink, self.grow, self.shortest, self.longest, start].map(<T as Real>::from_f64);
        piece.each(move |g, [before, delta]| {
            let s = g * before;
            let factor = if s > T::zero() { grow } else { T::one() };
            let factor = if s < T::zero() { shrink } else { factor };
            let delta = (delta + start) * factor;
            let delta = if delta < shortest { shortest } else { delta };
            let delta = if delta > longest { longest } else { delta };
            let g = if s < T::zero() { T::zero() } else { g };
            (delta * sign(g), [g, delta])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::one_element;

    #[test]
    fn steps_by_hand() {
        // 1, 2, then no step and half the length, then 1 again.
        let rprop = || Rprop::new(1.0).factors(0.5, 2.0);
        assert_eq!(one_element(rprop(), &[3.0, 1.0]), -3.0);
        assert_eq!(one_element(rprop(), &[3.0, 1.0, -5.0]), -3.0);
        assert_eq!(one_element(rprop(), &[3.0, 1.0, -5.0, -5.0]), -2.0);
        assert_eq!(one_element(rprop().lengths(0.0, 1.5), &[3.0, 1.0]), -2.5);
    }
}
