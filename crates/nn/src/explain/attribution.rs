//! What in the input decides: saliency, gradient times input, and integrated gradients.
//!
//! | | formula, for input i of `y = f(x)` | |
//! | --- | --- | --- |
//! | [`saliency`] | `\|∂y/∂x_i\|` | what y is sensitive to |
//! | [`gradient_times_input`] | `x_i ∂y/∂x_i` | what y would lose without `x_i`, to first order |
//! | [`integrated_gradients`] | `(x_i - b_i) ∫ ∂f/∂x_i(b + α (x - b)) dα` over α from 0 to 1 | what of `f(x) - f(b)` is due to `x_i`, where b is a baseline |
//!
//! The last is complete: its values sum to `f(x) - f(b)`, up to the error of the numeric integral.
//!
//! K. Simonyan, A. Vedaldi and A. Zisserman, "Deep Inside Convolutional Networks", ICLR workshop 2014 (saliency); A.
//! Shrikumar, P. Greenside, A. Shcherbina and A. Kundaje, "Not Just a Black Box", 2016 (gradient times input); M.
//! Sundararajan, A. Taly and Q. Yan, "Axiomatic Attribution for Deep Networks", ICML 2017 (integrated gradients).
//!
//! PyTorch has them in Captum: `Saliency`, `InputXGradient`, `IntegratedGradients`, whose numeric integral,
//! Gauss-Legendre, is used here too.

use ndarray::{ArrayBase, ArrayD, Data, Dimension};
use tape::{Params, Pass, Real, Tape, Tensor};

use super::quadrature::gauss_legendre;

/// How sensitive an output is to each element of the input, `|∂y/∂x|`: in the input's shape.
///
/// `forward` makes the output of the input. One with several elements is summed: so each sample of a batch gets its
/// own, if samples do not know of each other.
///
/// ```
/// use ndarray::array;
/// let params = tape::Params::<f64>::new();
/// let x = array![[1.0, 2.0], [3.0, 4.0]];
/// let found = nn::explain::saliency(&params, &x, |_, x| x.select(1, 0) - x.select(1, 1).powi(2));
/// assert_eq!(found, array![[1.0, 4.0], [1.0, 8.0]].into_dyn());
/// ```
///
/// # Panics
/// Where `forward` does.
#[track_caller]
pub fn saliency<T: Real, S: Data<Elem = T>, D: Dimension>(
    params: &Params<T>,
    input: &ArrayBase<S, D>,
    forward: impl FnOnce(&Pass<'_, T>, Tensor<T>) -> Tensor<T>,
) -> ArrayD<T> {
    gradient(&mut Tape::new(), params, input, forward).mapv(T::abs)
}

/// Each element of the input times the output's derivative with respect to it, `x ∂y/∂x`: in the input's shape. An
/// output with several elements is summed, as in [`saliency`].
///
/// ```
/// use ndarray::array;
/// let params = tape::Params::<f64>::new();
/// let x = array![[1.0, 2.0], [3.0, 4.0]];
/// let found = nn::explain::gradient_times_input(&params, &x, |_, x| x.select(1, 0) - x.select(1, 1).powi(2));
/// assert_eq!(found, array![[1.0, -8.0], [3.0, -32.0]].into_dyn());
/// ```
///
/// # Panics
/// Where `forward` does.
#[track_caller]
pub fn gradient_times_input<T: Real, S: Data<Elem = T>, D: Dimension>(
    params: &Params<T>,
    input: &ArrayBase<S, D>,
    forward: impl FnOnce(&Pass<'_, T>, Tensor<T>) -> Tensor<T>,
) -> ArrayD<T> {
    let mut found = gradient(&mut Tape::new(), params, input, forward);
    found.iter_mut().zip(input).for_each(|(found, &x)| *found *= x);
    found
}

/// What [`integrated_gradients`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Integrated<T> {
    /// What of the change is due to each element: in the input's shape.
    pub attributions: ArrayD<T>,
    /// `f(x) - f(baseline)`, which the attributions sum to, but for the error of the numeric integral.
    pub change: T,
}

impl<T: Real> Integrated<T> {
    /// How far the attributions are from summing to the change. More steps make it smaller.
    #[must_use]
    pub fn gap(&self) -> T {
        (self.attributions.iter().copied().sum::<T>() - self.change).abs()
    }
}

/// What of the change of an output from a baseline to the input is due to each element. An output with several elements
/// is summed, as in [`saliency`].
///
/// The integral of the gradients over the straight way from the baseline, often zeros, is taken at `steps` points; 50
/// are plenty for smooth networks.
///
/// ```
/// use ndarray::array;
/// let params = tape::Params::<f64>::new();
/// let (x, baseline) = (array![3.0, 5.0], array![1.0, 0.0]);
/// let found = nn::explain::integrated_gradients(&params, &x, &baseline, 4, |_, x| x.prod());
/// // The way is (1 + 2 t, 5 t), so the integrals of the gradients (5 t, 1 + 2 t) are 5/2 and 2.
/// assert_eq!(found.change, 15.0);
/// assert!((found.attributions[[0]] - 5.0).abs() < 1e-14 && (found.attributions[[1]] - 10.0).abs() < 1e-14);
/// ```
///
/// # Panics
/// If the baseline has another shape than the input, if there are no steps, and where `forward` does.
#[track_caller]
pub fn integrated_gradients<T: Real, S: Data<Elem = T>, D: Dimension>(
    params: &Params<T>,
    input: &ArrayBase<S, D>,
    baseline: &ArrayBase<impl Data<Elem = T>, D>,
    steps: usize,
    forward: impl Fn(&Pass<'_, T>, Tensor<T>) -> Tensor<T>,
) -> Integrated<T> {
    assert!(steps > 0, "integrated_gradients: steps 0: there must be at least 1");
    let (shape, other) = (input.shape(), baseline.shape());
    assert_eq!(shape, other, "integrated_gradients: input and baseline must have one shape");
    let (input, baseline) = (input.to_owned().into_dyn(), baseline.to_owned().into_dyn());
    let way = &input - &baseline;
    let mut tape = Tape::new();
    let mut attributions = ArrayD::zeros(shape);
    for (fraction, weight) in gauss_legendre(steps) {
        let point = &baseline + &way.mapv(|step| step * T::from_f64(fraction));
        let gradient = gradient(&mut tape, params, &point, &forward);
        attributions.zip_mut_with(&gradient, |sum, &gradient| *sum += T::from_f64(weight) * gradient);
    }
    attributions *= &way;
    let mut value = |x: &ArrayD<T>| tape.evaluate(params, |pass| forward(pass, pass.constant(x)).sum())[[]];
    Integrated { attributions, change: value(&input) - value(&baseline) }
}

/// The gradient of the sum of the output.
#[track_caller]
fn gradient<T: Real, S: Data<Elem = T>, D: Dimension>(
    tape: &mut Tape<T>,
    params: &Params<T>,
    input: &ArrayBase<S, D>,
    forward: impl FnOnce(&Pass<'_, T>, Tensor<T>) -> Tensor<T>,
) -> ArrayD<T> {
    tape.reset();
    let pass = tape.bind(params);
    let x = pass.variable(input);
    let y = forward(&pass, x).sum();
    let none = || ArrayD::zeros(input.shape());
    match y.try_backward() {
        Ok(gradients) => gradients.get(x).map_or_else(none, |gradient| gradient.to_owned()),
        Err(tape::Error::ConstantRoot) => none(),
        Err(error) => panic!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::{Init, Sequential};

    fn network() -> (Sequential, Params<f64>, Array2<f64>) {
        let (mut params, rng) = (Params::new(), &mut ChaCha8Rng::seed_from_u64(9));
        let model = Sequential::new().linear(6, 8).tanh().linear(8, 3).build(&mut params, rng);
        let x = Init::normal(0.0, 2.0).array([4, 6], rng).into_dimensionality().unwrap();
        (model, params, x)
    }

    #[test]
    fn integrated_gradients_are_complete() {
        let (model, params, x) = network();
        let baseline = Array2::zeros(x.dim());
        let logit = |pass: &Pass<'_, f64>, x| model.forward(pass, x).select(-1, 1);
        let found = integrated_gradients(&params, &x, &baseline, 64, logit);
        assert!(found.change.abs() > 0.1 && found.gap() < 1e-10, "{} of {}", found.gap(), found.change);
        let coarse = integrated_gradients(&params, &x, &baseline, 2, logit);
        assert!(coarse.gap() > found.gap());
        // Each sample on its own is complete too.
        let row = |row: usize| x.slice(ndarray::s![row..=row, ..]).to_owned();
        let alone = integrated_gradients(&params, &row(2), &Array2::zeros((1, 6)), 64, logit);
        assert!((alone.attributions.sum() - alone.change).abs() < 1e-10);
        for (alone, within) in alone.attributions.iter().zip(found.attributions.outer_iter().nth(2).unwrap()) {
            assert!((alone - within).abs() < 1e-12);
        }
    }

    /// Of a linear function all of them say the same.
    #[test]
    fn a_linear_function_is_its_own_explanation() {
        let (params, x) = (Params::new(), array![[1.0, -2.0, 4.0]]);
        let linear = |pass: &Pass<'_, f64>, x: Tensor<f64>| x.matmul(pass.constant([[3.0], [5.0], [0.0]]));
        assert_eq!(saliency(&params, &x, linear), array![[3.0, 5.0, 0.0]].into_dyn());
        let times = gradient_times_input(&params, &x, linear);
        assert_eq!(times, array![[3.0, -10.0, 0.0]].into_dyn());
        let integrated = integrated_gradients(&params, &x, &array![[0.0, 0.0, 0.0]], 1, linear);
        assert_eq!((integrated.attributions.clone(), integrated.gap()), (times, 0.0));
    }

    #[test]
    fn what_does_not_depend_on_the_input_is_not_explained_by_it() {
        let (params, x) = (Params::<f64>::new(), array![1.0, 2.0]);
        assert_eq!(saliency(&params, &x, |pass, _| pass.constant(3.0)), array![0.0, 0.0].into_dyn());
    }

    #[test]
    #[should_panic(expected = "integrated_gradients: input and baseline must have one shape")]
    fn a_baseline_of_another_shape_is_refused() {
        let _ = integrated_gradients(&Params::<f64>::new(), &array![1.0], &array![1.0, 2.0], 4, |_, x| x);
    }

    #[test]
    #[should_panic(expected = "integrated_gradients: steps 0: there must be at least 1")]
    fn no_steps_are_refused() {
        let _ = integrated_gradients(&Params::<f64>::new(), &array![1.0], &array![1.0], 0, |_, x| x);
    }
}
