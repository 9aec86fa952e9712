//! Which model do the tests across files step?

use ndarray::{Array1, array};
use optim::Optimizer;
use tape::{Gradients, Params, Real};

/// Two parameters of 40 and 3 elements, so that a pass has whole vectors and a remainder.
pub(crate) fn model<T: Real>() -> Params<T> {
    let mut params = Params::new();
    params.add("weight", &Array1::from_shape_fn(40, |i| number::<T>((i as f64 * 0.7).sin())));
    params.add("bias", &array![0.25, -0.5, 1.0].mapv(number::<T>));
    params
}

fn number<T: Real>(value: f64) -> T {
    Real::from_f64(value)
}

/// Gradients that differ from step to step and from element to element.
pub(crate) fn gradients<T: Real>(params: &Params<T>, t: u64) -> Gradients<T> {
    let flat: Vec<T> = (0..params.size()).map(|i| number((i as f64 * 1.3 + t as f64 * 2.1).sin())).collect();
    Gradients::for_params(params, &flat).unwrap()
}

/// Steps `first..=last`; the bias is skipped in every third.
pub(crate) fn run<T: Real>(optimizer: &mut dyn Optimizer<T>, params: &mut Params<T>, first: u64, last: u64) {
    let bias = params.find("bias").unwrap();
    for t in first..=last {
        params.set_trainable(bias, t % 3 != 0);
        let gradients = gradients(params, t);
        optimizer.step(params, &gradients).unwrap();
    }
    params.set_trainable(bias, true);
}

/// To be compared bit for bit.
pub(crate) fn bits<T: Real>(values: &[T]) -> Vec<u64> {
    values.iter().map(|&value| Real::widen(value).to_bits()).collect()
}
