//! What is left of an elementwise optimizer when all that optimizers share is taken away?

use std::array::from_fn;
use std::ops::Range;

use tape::Real;

use crate::error::Error;

/// The formula of one optimizer for one element, and its settings. [`Descent`](crate::Descent) does the rest. What needs
/// to see a whole matrix or model is a [`Method`](crate::Method); every recipe is one.
///
/// An optimizer of one's own is a few lines. Here each element moves by the learning rate, whatever the size of its
/// gradient:
///
/// ```
/// use ndarray::array;
/// use optim::{Descent, Error, Optimizer, Piece, Recipe};
/// use tape::{Gradients, Params, Real};
///
/// struct SignDescent;
///
/// impl Recipe for SignDescent {
///     const NAME: &'static str = "sign descent";
///
///     fn check<T: Real>(&self) -> Result<(), Error> {
///         Ok(())
///     }
///
///     fn arrays(&self) -> &'static [&'static str] {
///         &[]
///     }
///
///     fn update<T: Real>(&self, _t: u64, eta: f64, piece: Piece<'_, T>) {
///         let eta: T = Real::from_f64(eta);
///         piece.each(move |g: T, []| (eta * g.signum(), []));
///     }
/// }
///
/// let mut params = Params::<f64>::new();
/// params.add("x", &array![1.0, 2.0]);
/// let gradients = Gradients::for_params(&params, &[7.0, -0.01])?;
/// Descent::by(SignDescent, 0.25).step(&mut params, &gradients)?;
/// assert_eq!(params.values(), [0.75, 2.25]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Recipe {
    /// The optimizer's name, as in its saved state.
    const NAME: &'static str;

    /// Whether the settings are allowed for elements of type `T`.
    ///
    /// # Errors
    /// [`Error::Setting`] with the first that is not.
    fn check<T: Real>(&self) -> Result<(), Error>;

    /// The names of the arrays that it keeps, each as large as the parameters and at first zero.
    fn arrays(&self) -> &'static [&'static str];

    /// Where the model is to be evaluated, if not at theta: w, for theta + w (theta - the first array).
    fn evaluation(&self) -> Option<f64> {
        None
    }

    /// Steps a piece of the parameters whose `t`th step this is, counted from 1, with learning rate `eta`.
    fn update<T: Real>(&self, t: u64, eta: f64, piece: Piece<'_, T>);
}

/// A stretch of the parameters with its gradients and state, all of the same length and contiguous.
#[derive(Debug)]
pub struct Piece<'a, T> {
    pub(crate) theta: &'a mut [T],
    pub(crate) gradient: &'a [T],
    /// The arrays of all parameters, of which `range` is this piece's.
    pub(crate) arrays: &'a mut [Vec<T>],
    pub(crate) range: Range<usize>,
    pub(crate) adjust: Adjust<T>,
}

/// What is done to gradient and parameter before a recipe sees them: g = clamp(clip g, limit) + lambda theta, and
/// theta = keep theta.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adjust<T> {
    pub(crate) clip: T,
    pub(crate) limit: T,
    pub(crate) lambda: T,
    pub(crate) keep: T,
}

impl<T: Real> Adjust<T> {
    pub(crate) fn nothing() -> Self {
        Self { clip: T::one(), limit: T::infinity(), lambda: T::zero(), keep: T::one() }
    }

    #[inline(always)]
    pub(crate) fn gradient(self, gradient: T, theta: T) -> T {
        let g = gradient * self.clip;
        let g = if g > self.limit { self.limit } else { g };
        let g = if g < -self.limit { -self.limit } else { g };
        g + self.lambda * theta
    }
}

impl<T: Real> Piece<'_, T> {
    /// One fused pass: theta -= d for every element, where `rule` makes d of the element's gradient, clipped and with
    /// the weight decay in it, and of its N state elements, and returns it with their new values.
    ///
    /// Compiled for the widest vectors that the machine has; a `rule` that does not branch becomes vector instructions.
    /// It owns what it uses (`'static`, so `move`): constants behind references might change with every store, for all
    /// that the compiler knows, and the pass would be scalar. Multiplications and additions are not contracted, so that
    /// every machine computes the same bits.
    ///
    /// # Panics
    /// If N is not the number of [`Recipe::arrays`].
    pub fn each<const N: usize>(self, rule: impl Fn(T, [T; N]) -> (T, [T; N]) + 'static) {
        self.each_at(
            #[inline(always)]
            move |theta, g, state| {
                let (d, state) = rule(g, state);
                (theta - d, state)
            },
        );
    }

    /// As [`each`](Self::each), for a `rule` that needs the element itself: it is given theta, already shrunk by
    /// decoupled decay, the gradient and the state, and returns the new theta and state.
    ///
    /// # Panics
    /// If N is not the number of [`Recipe::arrays`].
    pub fn each_at<const N: usize>(self, rule: impl Fn(T, T, [T; N]) -> (T, [T; N]) + 'static) {
        let Self { theta, gradient, arrays, range, adjust } = self;
        let arrays: &mut [Vec<T>; N] = arrays.try_into().expect("a rule has one element of every array");
        let arrays = arrays.each_mut().map(|array| &mut array[range.clone()]);
        pulp::Arch::new().dispatch(Pass { theta, gradient, arrays, adjust, rule });
    }
}

/// The loop over a piece. A type and not a closure, since what is to be compiled for a vector width has to be inlined
/// into pulp's entry for it, and of a closure only its body would be.
struct Pass<'a, T, const N: usize, R> {
    theta: &'a mut [T],
    gradient: &'a [T],
    arrays: [&'a mut [T]; N],
    adjust: Adjust<T>,
    rule: R,
}

impl<T: Real, const N: usize, R: Fn(T, T, [T; N]) -> (T, [T; N])> pulp::NullaryFnOnce for Pass<'_, T, N, R> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { theta, gradient, mut arrays, adjust, rule } = self;
        // Equal lengths in plain sight: no bounds are checked in the loop.
        let length = theta.len();
        let gradient = &gradient[..length];
        for array in &mut arrays {
            *array = &mut std::mem::take(array)[..length];
        }
        for i in 0..length {
            let g = adjust.gradient(gradient[i], theta[i]);
            let (new_theta, new) = rule(adjust.keep * theta[i], g, from_fn(|k| arrays[k][i]));
            theta[i] = new_theta;
            for (array, new) in arrays.iter_mut().zip(new) {
                array[i] = new;
            }
        }
    }
}

/// Where an element ends from 0 after these gradients: the exact small case of an elementwise optimizer.
#[cfg(test)]
pub(crate) fn one_element(mut optimizer: impl crate::Optimizer<f64>, gradients: &[f64]) -> f64 {
    let mut params = tape::Params::new();
    params.add("x", &ndarray::array![0.0]);
    for &g in gradients {
        let gradients = tape::Gradients::for_params(&params, &[g]).expect("there is one element");
        optimizer.step(&mut params, &gradients).expect("the step is sound");
    }
    params.values()[0]
}
