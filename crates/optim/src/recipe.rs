//! What is left of an optimizer when all that optimizers share is taken away?

use std::array::from_fn;
use std::ops::Range;

use tape::Real;

use crate::error::Error;

/// The formula of one optimizer and its settings. [`Descent`](crate::Descent) does the rest.
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
    pub(crate) clip: T,
    pub(crate) lambda: T,
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
        let Self { theta, gradient, arrays, range, clip, lambda } = self;
        let arrays: &mut [Vec<T>; N] = arrays.try_into().expect("a rule has one element of every array");
        let arrays = arrays.each_mut().map(|array| &mut array[range.clone()]);
        pulp::Arch::new().dispatch(Pass { theta, gradient, arrays, clip, lambda, rule });
    }
}

/// The loop over a piece. A type and not a closure, since what is to be compiled for a vector width has to be inlined
/// into pulp's entry for it, and of a closure only its body would be.
struct Pass<'a, T, const N: usize, R> {
    theta: &'a mut [T],
    gradient: &'a [T],
    arrays: [&'a mut [T]; N],
    clip: T,
    lambda: T,
    rule: R,
}

impl<T: Real, const N: usize, R: Fn(T, [T; N]) -> (T, [T; N])> pulp::NullaryFnOnce for Pass<'_, T, N, R> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { theta, gradient, mut arrays, clip, lambda, rule } = self;
        // Equal lengths in plain sight: no bounds are checked in the loop.
        let length = theta.len();
        let gradient = &gradient[..length];
        for array in &mut arrays {
            *array = &mut std::mem::take(array)[..length];
        }
        for i in 0..length {
            let g = gradient[i] * clip + lambda * theta[i];
            let (d, new) = rule(g, from_fn(|k| arrays[k][i]));
            theta[i] -= d;
            for (array, new) in arrays.iter_mut().zip(new) {
                array[i] = new;
            }
        }
    }
}
