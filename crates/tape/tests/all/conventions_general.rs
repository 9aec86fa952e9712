//! The general conventions (R2, R6, R9, R10) where they concern more than one row of the rules: reductions, selections,
//! products, and numbers so large that a square of theirs overflows.

use ndarray::{array, s};
use tape::{Order, Pooling, Tape, Tensor, Var, derivative, gradient};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs()
}

/// R2: where the extreme is NaN, so is what the NaN gets of it.
#[test]
fn an_extreme_of_nan_has_nan_derivatives() {
    let extremes: [fn(Tensor<f64>) -> Tensor<f64>; 4] =
        [|x| x.max_all(), |x| x.min_all(), |x| x.amax(0), |x| x.norm(INF, 0)];
    for extreme in extremes {
        let tape = Tape::new();
        let x = tape.variable([1.0, NAN, 3.0]);
        let y = extreme(x);
        assert!(y.item().is_nan());
        assert!(y.sum().backward()[x][1].is_nan());
    }
}

/// R2 for reductions whose every element counts.
#[test]
fn a_reduction_of_nan_has_nan_derivatives() {
    let reductions: [fn(Tensor<f64>) -> Tensor<f64>; 6] =
        [|x| x.prod(), |x| x.std(), |x| x.var(), |x| x.norm(2.0, 0), |x| x.logsumexp(0), |x| x.softmax(0).slice(s![0])];
    for (number, reduction) in reductions.into_iter().enumerate() {
        let tape = Tape::new();
        let x = tape.variable([1.0, NAN, 3.0]);
        let y = reduction(x);
        assert!(y.item().is_nan(), "reduction {number}");
        let gradient = y.sum().backward()[x].clone();
        assert!(gradient.iter().any(|g| g.is_nan()), "reduction {number}: {gradient}");
    }
}

#[test]
fn nan_propagates_through_rectifiers_and_bounds_of_tensors() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([NAN, 1.0]);
    let operations: [fn(Tensor<f64>) -> Tensor<f64>; 9] = [
        |x| x.relu(),
        |x| x.relu6(),
        |x| x.leaky_relu(0.1),
        |x| x.hard_tanh(-1.0, 1.0),
        |x| x.clamp(-1.0, 1.0),
        |x| x.clamp_min(0.0),
        |x| x.maximum(0.0),
        |x| x.minimum(0.0),
        |x| x.threshold(0.0, 7.0),
    ];
    for (number, operation) in operations.into_iter().enumerate() {
        let y = operation(x);
        assert!(y.to_array()[[0]].is_nan(), "operation {number}");
        let gradient = y.sum().backward()[x].clone();
        assert!(gradient[[0]].is_nan() && gradient[[1]].is_finite(), "operation {number}: {gradient}");
    }
    // As f64 does, `max` and `min` prefer the number.
    assert_eq!(x.max(0.0).to_array(), array![0.0, 1.0].into_dyn());
    assert_eq!(Var::constant(NAN).max(2.0).value(), 2.0);
}

/// R9: what a selection did not choose gets nothing, not zero times an infinite partial; R6: a zero partial does not absorb.
#[test]
fn what_is_not_chosen_gets_nothing_and_a_zero_partial_is_something() {
    assert_eq!(derivative(|v| v.max(0.5).sqrt(), -1.0), 0.0);
    assert_eq!(derivative(|v| v.sqrt().min(2.0), 9.0), 0.0);
    assert_eq!(derivative(|v| v.sqrt().clamp(1.0, 2.0), 0.0), 0.0);
    assert_eq!(derivative(|v| v.sqrt().abs_sub(1.0), 0.0), 0.0);
    assert!(derivative(|v| (v * 0.0).sqrt(), -1.0).is_nan());
    // Each chooses 2, the root of 4, and leaves the root of 0 with its infinite slope alone.
    let choices: [fn(Tensor<f64>) -> Tensor<f64>; 10] = [
        |x| x.max_all(),
        |x| x.max_axis(0),
        |x| x.amax(0),
        |x| x.sort(0, Order::Descending).0.slice(s![0]),
        |x| x.top_k(1, 0, Order::Descending).0,
        |x| x.cummax(0).0.slice(s![1]),
        |x| x.reshape([1, 1, 2]).max_pool1d(Pooling::new(2)),
        |x| x.gather(0, &[1]),
        |x| x.gt(1.0).select(x, 7.0).slice(s![1]),
        |x| x.quantile(1.0, 0),
    ];
    for (number, choice) in choices.into_iter().enumerate() {
        let tape = Tape::new();
        let x = tape.variable([0.0, 4.0]);
        let y = choice(x.sqrt());
        assert_eq!(y.item(), 2.0, "choice {number}");
        assert_eq!(y.sum().backward()[x], array![0.0, 0.25].into_dyn(), "choice {number}");
        assert_eq!(y.sum().grad(x).to_array(), array![0.0, 0.25].into_dyn(), "choice {number}, recorded");
    }
}

/// R6 ends at a product of matrices: within its sums, zero times infinity is NaN, as in every other engine. An element that is
/// multiplied by itself alone, as a mask does it, absorbs.
#[test]
fn within_the_sums_of_a_product_zero_times_infinity_is_nan() {
    let tape = Tape::new();
    let (a, b) = (tape.variable([[1.0, 2.0]]), tape.variable([[INF, 3.0], [5.0, 4.0]]));
    let gradients = a.matmul(b).slice(s![0, 1]).sum().backward();
    assert!(gradients[a][[0, 0]].is_nan());
    assert_eq!(gradients[a][[0, 1]], 4.0);
    assert_eq!(gradients[b], array![[0.0, 1.0], [0.0, 2.0]].into_dyn());
    let masked = (a.unsqueeze(-1) * b).sum_axes(1).slice(s![0, 1]).sum().backward();
    assert_eq!(masked[a], array![[3.0, 4.0]].into_dyn());
}

/// R10: nothing is squared that would overflow or vanish where the derivative itself is representable.
#[test]
fn derivatives_of_huge_and_tiny_numbers_neither_overflow_nor_vanish() {
    let pairs = |f: fn(Var, Var) -> Var, at: [f64; 2], expected: [f64; 2]| {
        let found = gradient(|x| f(x[0], x[1]), &at);
        assert!(close(found[0], expected[0]) && close(found[1], expected[1]), "{found:?}, not {expected:?}");
    };
    pairs(|a, b| a / b, [1e-300, 1e-200], [1e200, -1e100]);
    pairs(|a, b| a / b, [1e300, 1e200], [1e-200, -1e-100]);
    pairs(|a, b| a.hypot(b), [3e300, 4e300], [0.6, 0.8]);
    pairs(|a, b| a.hypot(b), [3e-300, 4e-300], [0.6, 0.8]);
    pairs(|a, b| a.atan2(b), [3e200, 4e200], [4.0 / 25.0 * 1e-200, -3.0 / 25.0 * 1e-200]);
    pairs(|a, b| a.atan2(b), [3e-200, 4e-200], [4.0 / 25.0 * 1e200, -3.0 / 25.0 * 1e200]);
    for x in [1e200, -1e200] {
        assert!(close(derivative(Var::asinh, x), 1e-200));
        assert!(close(derivative(|v| v.softplus(1.0), x), f64::from(u8::from(x > 0.0))));
    }
    assert!(close(derivative(Var::acosh, 1e200), 1e-200));
    // 1 + tan^2 next to the pole.
    let x = std::f64::consts::FRAC_PI_2;
    assert!(close(derivative(Var::tan, x), 1.0 / x.cos().powi(2)));
    let tape = Tape::new();
    let v = tape.variable([1e300, -1e300]);
    assert_eq!(v.logsumexp(0).sum().backward()[v], array![1.0, 0.0].into_dyn());
    assert_eq!(v.norm(2.0, 0).sum().backward()[v].mapv(|g| (g * 2.0_f64.sqrt()).round()), array![1.0, -1.0].into_dyn());
    // Both tails of the sigmoid: s(x) s(-x), never s (1 - s).
    for x in [40.0, -40.0, 700.0, -700.0] {
        let slope = derivative(Var::sigmoid, x);
        assert!((slope / f64::exp(-f64::abs(x)) - 1.0).abs() < 1e-14, "at {x}: {slope:e}");
    }
}
