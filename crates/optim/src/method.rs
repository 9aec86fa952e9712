//! How does an optimizer see the model: element by element, matrix by matrix, or as a whole?

use std::ops::Range;

use tape::Real;

use crate::clip::Clip;
use crate::error::Error;
use crate::group::Group;
use crate::layout::{Layout, Part};
use crate::recipe::{Adjust, Piece, Recipe};

/// The formula of one optimizer and its settings. [`Descent`](crate::Descent) does the rest.
///
/// An optimizer that treats every element alike is a [`Recipe`], and every recipe is a method. One that looks at whole
/// matrices asks its [`Work`] for [`tensors`](Work::tensors); one that joins all parameters keeps
/// [`numbers`](Work::numbers).
///
/// Normalised descent, where every parameter moves by the learning rate:
///
/// ```
/// use ndarray::array;
/// use optim::{Descent, Error, Method, Optimizer, Work};
/// use tape::{Gradients, Params, Real};
///
/// struct Normalised;
///
/// impl<T: Real> Method<T> for Normalised {
///     const NAME: &'static str = "normalised";
///
///     fn check(&self) -> Result<(), Error> {
///         Ok(())
///     }
///
///     fn update(&self, work: &mut Work<'_, T>) {
///         work.tensors(|_t, eta, tensor| {
///             let norm = tensor.gradient.iter().map(|&g| g * g).sum::<T>().sqrt();
///             tensor.descend(eta / norm.widen());
///         });
///     }
/// }
///
/// let mut params = Params::<f64>::new();
/// params.add("x", &array![1.0, 2.0]);
/// let gradients = Gradients::for_params(&params, &[30.0, -40.0])?;
/// Descent::by(Normalised, 0.5).step(&mut params, &gradients)?;
/// assert!((params.values()[0] - 0.7).abs() < 1e-15 && (params.values()[1] - 2.4).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Method<T: Real> {
    /// The optimizer's name, as in its saved state.
    const NAME: &'static str;

    /// Whether the settings are allowed.
    ///
    /// # Errors
    /// [`Error::Setting`] with the first that is not.
    fn check(&self) -> Result<(), Error>;

    /// How many arrays it keeps that are laid out like the parameters, and at first zero.
    fn array_count(&self) -> usize {
        0
    }

    /// The name of one of them.
    fn array_name(&self, _index: usize) -> String {
        String::new()
    }

    /// What else it keeps for a parameter of this shape: names, and how many elements, at first zero.
    fn shaped_arrays(&self, _shape: &[usize]) -> Vec<(String, usize)> {
        Vec::new()
    }

    /// The numbers that it keeps for the whole model, and what they are before the first step.
    fn numbers(&self) -> &'static [(&'static str, f64)] {
        &[]
    }

    /// Where the model is to be evaluated, if not at theta: w, for theta + w (theta - the first array).
    fn evaluation(&self) -> Option<f64> {
        None
    }

    /// Takes one step.
    fn update(&self, work: &mut Work<'_, T>);
}

impl<T: Real, R: Recipe> Method<T> for R {
    const NAME: &'static str = R::NAME;

    fn check(&self) -> Result<(), Error> {
        Recipe::check::<T>(self)
    }

    fn array_count(&self) -> usize {
        self.arrays().len()
    }

    fn array_name(&self, index: usize) -> String {
        self.arrays()[index].to_owned()
    }

    fn evaluation(&self) -> Option<f64> {
        Recipe::evaluation(self)
    }

    fn update(&self, work: &mut Work<'_, T>) {
        work.pieces(|t, eta, piece| Recipe::update(self, t, eta, piece));
    }
}

/// A step in progress: what a [`Method`] reads and writes.
#[derive(Debug)]
pub struct Work<'a, T> {
    /// Which step of the optimizer it is, counted from 1.
    pub step: u64,
    /// The learning rate, without the factors of groups.
    pub eta: f64,
    pub(crate) theta: &'a mut [T],
    pub(crate) gradient: &'a [T],
    pub(crate) arrays: &'a mut [Vec<T>],
    pub(crate) shaped: &'a mut [Vec<Vec<T>>],
    pub(crate) numbers: &'a mut [f64],
    pub(crate) layout: &'a Layout,
    pub(crate) groups: &'a [Group],
    pub(crate) decay: Decay,
    pub(crate) clip_factor: f64,
    pub(crate) clip: Clip,
    /// Room for one parameter's gradient.
    pub(crate) room: &'a mut Vec<T>,
}

/// How parameters shrink.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decay {
    pub(crate) lambda: f64,
    pub(crate) decoupled: bool,
}

impl<T: Real> Work<'_, T> {
    /// Visits the parameters in contiguous pieces of equal `t`, the count of their steps that includes this one, and
    /// equal learning rate, both handed to `visit`.
    pub fn pieces(&mut self, mut visit: impl FnMut(u64, f64, Piece<'_, T>)) {
        for Part { t, group, range } in self.layout.parts() {
            let (eta, adjust) = self.settings(group);
            let piece = Piece {
                theta: &mut self.theta[range.clone()],
                gradient: &self.gradient[range.clone()],
                arrays: self.arrays,
                range,
                adjust,
            };
            visit(t, eta, piece);
        }
    }

    /// Visits each parameter by itself, with the count of its steps and its learning rate.
    pub fn tensors(&mut self, mut visit: impl FnMut(u64, f64, TensorPiece<'_, T>)) {
        for (index, shape, Part { t, group, range }) in self.layout.tensors() {
            let (eta, adjust) = self.settings(group);
            let theta = &mut self.theta[range.clone()];
            self.room.clear();
            let adjusted = self.gradient[range.clone()].iter().zip(&*theta).map(|(&g, &x)| adjust.gradient(g, x));
            self.room.extend(adjusted);
            let others = self.shaped.get_mut(index).map_or(&mut [][..], |arrays| &mut arrays[..]);
            let tensor = TensorPiece {
                index,
                shape,
                theta,
                gradient: self.room,
                keep: adjust.keep,
                arrays: TensorArrays { all: self.arrays, range },
                others,
            };
            visit(t, eta, tensor);
        }
    }

    /// The numbers of the whole model, in the order of [`Method::numbers`].
    #[must_use]
    pub fn numbers(&mut self) -> &mut [f64] {
        self.numbers
    }

    fn settings(&self, group: usize) -> (f64, Adjust<T>) {
        let group = group.checked_sub(1).map(|index| &self.groups[index]);
        let eta = self.eta * group.map_or(1.0, |group| group.rate);
        let lambda = group.and_then(|group| group.weight_decay).unwrap_or(self.decay.lambda);
        let (lambda, keep) = if self.decay.decoupled { (0.0, 1.0 - eta * lambda) } else { (lambda, 1.0) };
        let limit = if let Clip::Value(limit) = self.clip { limit } else { f64::INFINITY };
        let [clip, limit, lambda, keep] = [self.clip_factor, limit, lambda, keep].map(<T as Real>::from_f64);
        (eta, Adjust { clip, limit, lambda, keep })
    }
}

/// One parameter in the step in progress.
#[derive(Debug)]
pub struct TensorPiece<'a, T> {
    /// The parameter's place in the model.
    pub index: usize,
    /// The lengths of its axes.
    pub shape: &'a [usize],
    /// Its elements, row by row.
    pub theta: &'a mut [T],
    /// A copy of its gradient, clipped and with L2 decay in it, to be turned into the direction of the step.
    pub gradient: &'a mut [T],
    /// What decoupled decay leaves of the parameter: 1 - eta lambda.
    pub keep: T,
    /// Its arrays in its own shape.
    pub arrays: TensorArrays<'a, T>,
    /// Its arrays of other lengths, in the order of [`Method::shaped_arrays`].
    pub others: &'a mut [Vec<T>],
}

impl<T: Real> TensorPiece<'_, T> {
    /// theta = keep theta - `rate` gradient.
    pub fn descend(self, rate: f64) {
        let rate: T = Real::from_f64(rate);
        for (theta, &mut d) in self.theta.iter_mut().zip(self.gradient) {
            *theta = self.keep * *theta - rate * d;
        }
    }
}

/// The arrays of one parameter that are laid out like it.
#[derive(Debug)]
pub struct TensorArrays<'a, T> {
    all: &'a mut [Vec<T>],
    range: Range<usize>,
}

impl<T> TensorArrays<'_, T> {
    /// All N of them.
    ///
    /// # Panics
    /// If N is not [`Method::array_count`].
    #[must_use]
    pub fn all<const N: usize>(&mut self) -> [&mut [T]; N] {
        let all: &mut [Vec<T>; N] = (&mut *self.all).try_into().expect("a method asks for all of its arrays");
        all.each_mut().map(|array| &mut array[self.range.clone()])
    }
}
