//! How does a learning rate answer to the error? Reduce on plateau, and the bold driver.

use serde::{Deserialize, Serialize};
use tape::{Params, Real};

use crate::optimizer::Optimizer;

/// Cuts the learning rate when the loss has not become better for a while.
///
/// Forms and defaults are those of PyTorch 2.15's `ReduceLROnPlateau`: a loss is better if it is below (1 - 1e-4) times the
/// best; after more than 10 that are not, the rate is multiplied by 0.1. It is plain data: save it beside the optimizer.
///
/// ```
/// use optim::{Adam, Optimizer, Plateau};
/// let mut adam = Adam::<f32>::new(0.1);
/// let mut plateau = Plateau::new().patience(1).factor(0.5);
/// for loss in [3.0, 2.0, 2.0, 2.0] {
///     plateau.observe(loss, &mut adam);
/// }
/// assert_eq!(Optimizer::<f32>::base_learning_rate(&adam), 0.05);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    factor: f64,
    patience: u64,
    threshold: f64,
    cooldown: u64,
    least_rate: f64,
    best: Option<f64>,
    bad: u64,
    cooling: u64,
}

impl Default for Plateau {
    fn default() -> Self {
        Self::new()
    }
}

impl Plateau {
    /// A tenth of the rate after more than ten losses that are not better.
    #[must_use]
    pub fn new() -> Self {
        let (threshold, cooldown, least_rate) = (1e-4, 0, 0.0);
        Self { factor: 0.1, patience: 10, threshold, cooldown, least_rate, best: None, bad: 0, cooling: 0 }
    }

    /// What the rate is multiplied by.
    #[must_use]
    pub fn factor(self, factor: f64) -> Self {
        Self { factor, ..self }
    }

    /// How many losses in a row may not be better.
    #[must_use]
    pub fn patience(self, losses: u64) -> Self {
        Self { patience: losses, ..self }
    }

    /// By which share of the best a loss has to be below it.
    #[must_use]
    pub fn threshold(self, share: f64) -> Self {
        Self { threshold: share, ..self }
    }

    /// For how many losses after a cut nothing is counted.
    #[must_use]
    pub fn cooldown(self, losses: u64) -> Self {
        Self { cooldown: losses, ..self }
    }

    /// The rate below which it is not cut.
    #[must_use]
    pub fn least_rate(self, rate: f64) -> Self {
        Self { least_rate: rate, ..self }
    }

    /// Takes a loss, usually an epoch's, and says whether it cut the rate. A loss that is NaN is not better.
    pub fn observe<T: Real>(&mut self, loss: f64, optimizer: &mut (impl Optimizer<T> + ?Sized)) -> bool {
        let better = self.best.is_none_or(|best| loss < best * (1.0 - self.threshold));
        if better {
            self.best = Some(loss);
            self.bad = 0;
        } else {
            self.bad += 1;
        }
        if self.cooling > 0 {
            self.cooling -= 1;
            self.bad = 0;
        }
        if self.bad <= self.patience {
            return false;
        }
        self.cooling = self.cooldown;
        self.bad = 0;
        let rate = optimizer.base_learning_rate();
        let new = (rate * self.factor).max(self.least_rate);
        // PyTorch's `eps`: a smaller change is none.
        let cut = rate - new > 1e-8;
        if cut {
            optimizer.set_learning_rate(new);
        }
        cut
    }
}

/// Lets the learning rate grow while the error falls; when it rises, cuts the rate and takes the step back.
///
/// Ask it before each step, with the loss at the present parameters. Rates are multiplied by 1.05 and 0.5 (Vogl et al.,
/// Biological Cybernetics 59, 1988, have 1.05 and 0.7). For losses over all examples: that of a mini-batch rises by chance.
///
/// ```
/// use ndarray::array;
/// use optim::{BoldDriver, Optimizer, Sgd};
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0]);
/// let (mut sgd, mut driver) = (Sgd::new(1e-3), BoldDriver::new());
/// for _ in 0..200 {
///     let x = params.values()[0];
///     driver.observe(x * x, &mut params, &mut sgd);
///     let x = params.values()[0];
///     let gradients = tape::Gradients::for_params(&params, &[2.0 * x])?;
///     sgd.step(&mut params, &gradients)?;
/// }
/// assert!(params.values()[0].abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct BoldDriver<T> {
    grow: f64,
    cut: f64,
    /// The lowest loss and where it was.
    kept: Option<(f64, Vec<T>)>,
}

impl<T: Real> Default for BoldDriver<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> BoldDriver<T> {
    /// Grows by 5 %, cuts by half.
    #[must_use]
    pub fn new() -> Self {
        Self { grow: 1.05, cut: 0.5, kept: None }
    }

    /// What the rate is multiplied by while the error falls, and when it rises.
    #[must_use]
    pub fn factors(self, grow: f64, cut: f64) -> Self {
        Self { grow, cut, ..self }
    }

    /// Takes the loss at `params`, and says whether they stay. If the loss rose, or is NaN, they are set back to where
    /// they were; the optimizer's momentum is not.
    ///
    /// # Panics
    /// If there are more or fewer parameters than before.
    #[track_caller]
    pub fn observe(&mut self, loss: f64, params: &mut Params<T>, optimizer: &mut (impl Optimizer<T> + ?Sized)) -> bool {
        let rate = optimizer.base_learning_rate();
        match &mut self.kept {
            None => self.kept = Some((loss, params.values().to_vec())),
            Some((best, kept)) if loss <= *best => {
                *best = loss;
                kept.copy_from_slice(params.values());
                optimizer.set_learning_rate(rate * self.grow);
            }
            Some((_, kept)) => {
                assert_eq!(kept.len(), params.size(), "bold driver: parameters of another model");
                params.values_mut().copy_from_slice(kept);
                optimizer.set_learning_rate(rate * self.cut);
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sgd;

    /// PyTorch 2.15: `ReduceLROnPlateau(SGD(lr=1), factor=0.5, patience=1, cooldown=1)` over the same losses.
    #[test]
    fn the_plateau_is_pytorchs() {
        let mut sgd = Sgd::<f64>::new(1.0);
        let mut plateau = Plateau::new().factor(0.5).patience(1).cooldown(1);
        let mut rates = Vec::new();
        for loss in [5.0, 4.0, 4.0, 3.9999, 4.0, 4.0, 4.0, 4.0, 1.0, 1.0] {
            plateau.observe(loss, &mut sgd);
            rates.push(Optimizer::base_learning_rate(&sgd));
        }
        assert_eq!(rates, [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]);
    }

    #[test]
    fn the_driver_steps_back() {
        let mut params = Params::<f64>::new();
        params.add("x", &ndarray::array![1.0]);
        let (mut sgd, mut driver) = (Sgd::new(1.0), BoldDriver::new().factors(2.0, 0.25));
        assert!(driver.observe(3.0, &mut params, &mut sgd));
        params.values_mut()[0] = 2.0;
        assert!(driver.observe(2.0, &mut params, &mut sgd));
        params.values_mut()[0] = 3.0;
        assert!(!driver.observe(f64::NAN, &mut params, &mut sgd));
        assert_eq!((params.values()[0], Optimizer::<f64>::base_learning_rate(&sgd)), (2.0, 0.5));
    }
}
