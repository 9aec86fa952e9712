//! What elementwise derivatives are at kinks, ties, ends of domains and infinities: the lines of the conventions, each of
//! them for a variable and for an element of a tensor.

use num_traits::Float;
use tape::{Operand, Real, Tape, Tensor, Var, derivative, gradient};

/// Equal, or both NaN; 0 and -0 are equal.
#[track_caller]
fn assert_same(found: f64, expected: f64, what: &str) {
    assert!(found == expected || (found.is_nan() && expected.is_nan()), "{what}: {found:?}, not {expected:?}");
}

/// The derivative of an expression in x at some points, of a variable and of a tensor.
macro_rules! slopes {
    ($x:ident => $y:expr; $($at:expr => $expected:expr),* $(,)?) => {
        for (at, expected) in [$(($at, $expected)),*] {
            let what = |kind| format!("the derivative of {} of a {kind} at {at:?}", stringify!($y));
            assert_same(derivative(|$x| $y, at), expected, &what("variable"));
            let tape = Tape::<f64>::new();
            let v = tape.variable([at]);
            let $x = v;
            assert_same($y.sum().backward()[v][[0]], expected, &what("tensor"));
        }
    };
}

/// As `slopes`, for two operands; they are variables both.
macro_rules! partials {
    ($a:ident, $b:ident => $y:expr; $($at:expr => $expected:expr),* $(,)?) => {
        for (at, expected) in [$(($at, $expected)),*] {
            let what = |kind| format!("a partial of {} of a {kind} at {at:?}", stringify!($y));
            let found = gradient(|x| { let ($a, $b) = (x[0], x[1]); $y }, &[at.0, at.1]);
            assert_same(found[0], expected.0, &what("variable"));
            assert_same(found[1], expected.1, &what("variable"));
            let tape = Tape::<f64>::new();
            let v = [tape.variable([at.0]), tape.variable([at.1])];
            let [$a, $b] = v;
            let gradients = $y.sum().backward();
            assert_same(gradients[v[0]][[0]], expected.0, &what("tensor"));
            assert_same(gradients[v[1]][[0]], expected.1, &what("tensor"));
        }
    };
}

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn sums_products_and_negation() {
    partials!(a, b => a + b; (3.0, -4.0) => (1.0, 1.0));
    partials!(a, b => a - b; (3.0, -4.0) => (1.0, -1.0));
    partials!(a, b => a * b; (3.0, -4.0) => (-4.0, 3.0));
    slopes!(x => -x; -3.0 => -1.0);
}

#[test]
fn a_quotient_divides_the_value_again() {
    partials!(a, b => a / b; (3.0, -4.0) => (-0.25, -0.1875), (1.0, 0.0) => (INF, -INF), (0.0, 0.0) => (INF, NAN),
        (1e300, 1e200) => (1e-200, -1e-100));
}

/// 1 / 0.1 rounds to 10, but the remainder was taken of 9 whole parts.
#[test]
fn a_remainder_counts_the_whole_parts_that_were_taken_off() {
    partials!(a, b => a % b; (7.5, 2.0) => (1.0, -3.0), (-7.5, 2.0) => (1.0, 3.0), (7.5, -2.0) => (1.0, 3.0),
        (6.0, 2.0) => (1.0, -3.0), (1.0, 0.1) => (1.0, -9.0), (1.0, 0.0) => (NAN, NAN));
    partials!(a, b => a.remainder(b); (7.5, 2.0) => (1.0, -3.0), (-7.5, 2.0) => (1.0, 4.0), (7.5, -2.0) => (1.0, 4.0),
        (-6.0, 2.0) => (1.0, 3.0), (1.0, 0.1) => (1.0, -9.0), (1.0, 0.0) => (NAN, NAN));
}

#[test]
fn the_remainder_has_the_sign_of_the_divisor() {
    for (a, b, expected) in [(7.5, 2.0, 1.5), (-7.5, 2.0, 0.5), (7.5, -2.0, -0.5), (-7.5, -2.0, -1.5), (6.0, -2.0, 0.0)]
    {
        assert_eq!(Var::constant(a).remainder(b).value(), expected);
        assert_eq!(Tape::new().constant(a).remainder(b).item(), expected);
    }
}

#[test]
fn steps_have_derivative_zero_also_at_their_jumps() {
    slopes!(x => x.floor(); 1.0 => 0.0, 1.5 => 0.0, -0.0 => 0.0, NAN => NAN);
    slopes!(x => x.ceil(); 1.0 => 0.0, 1.5 => 0.0, NAN => NAN);
    slopes!(x => x.round(); 0.5 => 0.0, 1.2 => 0.0, NAN => NAN);
    slopes!(x => x.trunc(); 1.0 => 0.0, 1.5 => 0.0, NAN => NAN);
    slopes!(x => x.signum(); 0.0 => 0.0, -2.0 => 0.0, NAN => NAN);
    slopes!(x => x.sign(); 0.0 => 0.0, -0.0 => 0.0, -2.0 => 0.0, NAN => NAN);
    slopes!(x => x.fract(); 1.0 => 1.0, -0.25 => 1.0, INF => NAN);
}

#[test]
fn the_sign_of_zero_is_zero() {
    for (x, expected) in [(0.0, 0.0), (-0.0, 0.0), (-1e-300, -1.0), (INF, 1.0)] {
        assert_eq!(Var::constant(x).sign().value().to_bits(), f64::to_bits(expected));
        assert_eq!(Tape::new().constant(x).sign().item().to_bits(), f64::to_bits(expected));
    }
}

#[test]
fn abs_has_derivative_zero_at_zero() {
    slopes!(x => x.abs(); 0.0 => 0.0, -0.0 => 0.0, -2.0 => -1.0, 5e-324 => 1.0, NAN => NAN, -INF => -1.0);
}

#[test]
fn fused_multiply_add() {
    let expected = [3.0, 2.0, 1.0];
    assert_eq!(gradient(|x| x[0].mul_add(x[1], x[2]), &[2.0, 3.0, -6.0]), expected);
    let tape = Tape::<f64>::new();
    let x = [2.0, 3.0, -6.0].map(|x| tape.variable([x]));
    let gradients = x[0].mul_add(x[1], x[2]).sum().backward();
    assert_eq!(x.map(|x| gradients[x][[0]]), expected);
}

#[test]
fn reciprocals() {
    slopes!(x => x.recip(); 0.0 => -INF, -0.0 => -INF, 2.0 => -0.25, INF => 0.0);
    slopes!(x => x.rsqrt(); 0.0 => -INF, -0.0 => -INF, 4.0 => -0.0625, INF => 0.0, -1.0 => NAN);
}

#[test]
fn integer_powers() {
    slopes!(x => x.powi(0); 0.0 => 0.0, 3.0 => 0.0, INF => 0.0, NAN => 0.0);
    slopes!(x => x.powi(1); 0.0 => 1.0, -3.0 => 1.0);
    slopes!(x => x.powi(2); 0.0 => 0.0, -3.0 => -6.0);
    slopes!(x => x.powi(3); 0.0 => 0.0, -2.0 => 12.0);
    slopes!(x => x.powi(-1); 0.0 => -INF, -0.0 => -INF, -2.0 => -0.25);
    slopes!(x => x.powi(-2); 0.0 => -INF, -0.0 => INF, -2.0 => 0.25);
    slopes!(x => x.powi(i32::MIN); 1.0 => f64::from(i32::MIN), -1.0 => -f64::from(i32::MIN), 0.0 => -INF, -0.0 => INF, INF => 0.0);
    slopes!(x => x.powi(i32::MAX); 1.0 => f64::from(i32::MAX), -1.0 => f64::from(i32::MAX), 0.0 => 0.0);
}

/// An odd exponent beyond 2^24 rounds to an even number in single precision: the sign must not follow it.
#[test]
fn a_large_odd_power_of_a_negative_single_keeps_its_sign() {
    let tape = Tape::<f32>::new();
    let x = tape.var(-1.0);
    assert_eq!(x.powi((1 << 24) + 2).backward()[x], -16_777_218.0);
}

#[test]
fn general_powers() {
    partials!(a, b => a.powf(b); (0.0, 2.0) => (0.0, 0.0), (0.0, 1.0) => (1.0, 0.0), (0.0, 0.5) => (INF, 0.0),
        (0.0, 0.0) => (0.0, 0.0), (5.0, 0.0) => (0.0, 5.0_f64.ln()), (-2.0, 3.0) => (12.0, NAN), (-2.0, -1.0) => (-0.25, NAN),
        (-2.0, 0.5) => (NAN, NAN), (2.0, INF) => (INF, INF), (1.0, 7.0) => (7.0, 0.0));
}

/// R7.
#[test]
fn a_constant_exponent_takes_no_logarithm() {
    slopes!(x => x.powf(2.0); -3.0 => -6.0, 0.0 => 0.0);
}

#[test]
fn roots() {
    slopes!(x => x.sqrt(); 0.0 => INF, -0.0 => INF, 4.0 => 0.25, -1.0 => NAN, INF => 0.0);
    slopes!(x => x.cbrt(); 0.0 => INF, -0.0 => INF, -8.0 => 1.0 / 12.0, INF => 0.0);
}

#[test]
fn exponentials() {
    slopes!(x => x.exp(); -INF => 0.0, 0.0 => 1.0, INF => INF);
    slopes!(x => x.exp2(); 0.0 => 2.0_f64.ln(), 3.0 => 8.0 * 2.0_f64.ln(), -INF => 0.0);
    slopes!(x => x.exp_m1(); -INF => 0.0, 0.0 => 1.0);
    let tiny = derivative(Var::exp_m1, -40.0);
    assert!((tiny / 4.248_354_255_291_589e-18 - 1.0).abs() < 1e-14, "never the value plus 1: {tiny:e}");
}

#[test]
fn logarithms() {
    slopes!(x => x.ln(); 0.0 => INF, -0.0 => INF, -1.0 => NAN, 4.0 => 0.25, INF => 0.0);
    slopes!(x => x.log2(); 0.0 => INF, -0.0 => INF, -1.0 => NAN);
    slopes!(x => x.log10(); 0.0 => INF, -0.0 => INF, -1.0 => NAN);
    slopes!(x => x.ln_1p(); -1.0 => INF, -2.0 => NAN, 3.0 => 0.25);
    partials!(a, b => a.log(b); (0.0, 2.0) => (INF, INF), (-1.0, 2.0) => (NAN, NAN), (2.0, -2.0) => (NAN, NAN), (1.0, 2.0) => (1.0 / 2.0_f64.ln(), 0.0));
}

#[test]
fn trigonometry() {
    slopes!(x => x.sin(); 0.0 => 1.0, INF => NAN);
    slopes!(x => x.cos(); 0.0 => 0.0, INF => NAN);
    slopes!(x => x.tan(); 0.0 => 1.0, INF => NAN);
    slopes!(x => x.sin_cos().0; 0.0 => 1.0);
    slopes!(x => x.sin_cos().1; 0.0 => 0.0);
    slopes!(x => x.asin(); 1.0 => INF, -1.0 => INF, 2.0 => NAN, 0.0 => 1.0);
    slopes!(x => x.acos(); 1.0 => -INF, -1.0 => -INF, -2.0 => NAN, 0.0 => -1.0);
    slopes!(x => x.atan(); 1.0 => 0.5, INF => 0.0, -INF => 0.0, 1e200 => 0.0, NAN => NAN);
    slopes!(x => x.to_degrees(); 1.0 => 180.0 / std::f64::consts::PI);
    slopes!(x => x.to_radians(); 1.0 => std::f64::consts::PI / 180.0);
}

#[test]
fn the_origin_of_the_plane_has_zero_derivatives() {
    partials!(y, x => y.atan2(x); (0.0, 0.0) => (0.0, 0.0), (-0.0, -0.0) => (0.0, 0.0), (0.0, 2.0) => (0.5, 0.0), (2.0, 0.0) => (0.0, -0.5), (INF, 1.0) => (0.0, 0.0));
    partials!(a, b => a.hypot(b); (0.0, 0.0) => (0.0, 0.0), (-0.0, 0.0) => (0.0, 0.0), (3.0, -4.0) => (0.6, -0.8), (0.0, -2.0) => (0.0, -1.0));
}

#[test]
fn hyperbolic_functions() {
    slopes!(x => x.sinh(); 0.0 => 1.0);
    slopes!(x => x.cosh(); 0.0 => 0.0);
    slopes!(x => x.tanh(); 800.0 => 0.0, -800.0 => 0.0, 0.0 => 1.0, INF => 0.0);
    slopes!(x => x.asinh(); 0.0 => 1.0, INF => 0.0);
    slopes!(x => x.acosh(); 1.0 => INF, 0.5 => NAN, -2.0 => NAN, INF => 0.0);
    slopes!(x => x.atanh(); 1.0 => INF, -1.0 => INF, 2.0 => NAN, 0.0 => 1.0);
}

#[test]
fn a_tie_of_max_and_min_is_halved_and_a_number_wins_over_nan() {
    partials!(a, b => a.max(b); (1.0, 2.0) => (0.0, 1.0), (2.0, 2.0) => (0.5, 0.5), (0.0, -0.0) => (0.5, 0.5), (NAN, 2.0) => (0.0, 1.0), (2.0, NAN) => (1.0, 0.0), (NAN, NAN) => (NAN, NAN));
    partials!(a, b => a.min(b); (1.0, 2.0) => (1.0, 0.0), (2.0, 2.0) => (0.5, 0.5), (-0.0, 0.0) => (0.5, 0.5), (NAN, 2.0) => (0.0, 1.0), (2.0, NAN) => (1.0, 0.0));
    partials!(a, b => a.maximum(b); (1.0, 2.0) => (0.0, 1.0), (2.0, 2.0) => (0.5, 0.5), (NAN, 2.0) => (NAN, NAN));
    partials!(a, b => a.minimum(b); (1.0, 2.0) => (1.0, 0.0), (2.0, 2.0) => (0.5, 0.5), (2.0, NAN) => (NAN, NAN));
}

#[test]
fn a_clamped_number_has_derivative_one_at_its_bounds() {
    slopes!(x => x.clamp(-1.0, 1.0) * 2.0; -1.0 => 2.0, 1.0 => 2.0, 0.5 => 2.0, 1.5 => 0.0, -INF => 0.0, NAN => NAN);
    partials!(a, b => a.clamp_min(b); (1.0, 1.0) => (1.0, 0.0), (0.0, 1.0) => (0.0, 1.0), (2.0, 1.0) => (1.0, 0.0), (NAN, 1.0) => (NAN, NAN));
    partials!(a, b => a.clamp_max(b); (1.0, 1.0) => (1.0, 0.0), (0.0, 1.0) => (1.0, 0.0), (2.0, 1.0) => (0.0, 1.0), (1.0, NAN) => (NAN, NAN));
}

#[test]
fn a_difference_that_is_not_positive_has_no_derivative() {
    partials!(a, b => a.abs_sub(b); (2.0, 1.0) => (1.0, -1.0), (1.0, 1.0) => (0.0, 0.0), (1.0, 2.0) => (0.0, 0.0), (NAN, 1.0) => (NAN, NAN));
}

#[test]
fn a_copied_sign_has_no_derivative() {
    partials!(a, s => a.copysign(s); (3.0, -2.0) => (-1.0, 0.0), (-3.0, -0.0) => (1.0, 0.0), (0.0, -1.0) => (0.0, 0.0), (-3.0, 1.0) => (-1.0, 0.0));
}

#[test]
fn rectifiers_at_their_corners() {
    slopes!(x => x.relu(); 0.0 => 0.0, -0.0 => 0.0, 5e-324 => 1.0, -1.0 => 0.0, NAN => NAN);
    slopes!(x => x.relu6(); 0.0 => 0.0, 6.0 => 0.0, 3.0 => 1.0, 7.0 => 0.0, NAN => NAN);
    slopes!(x => x.leaky_relu(0.25); 0.0 => 0.25, -1.0 => 0.25, 1.0 => 1.0, NAN => NAN);
    slopes!(x => x.elu(1.5); 0.0 => 1.5, 1.0 => 1.0, -INF => 0.0, NAN => NAN);
    slopes!(x => x.celu(2.0); 0.0 => 1.0, 1.0 => 1.0, -INF => 0.0, NAN => NAN);
    slopes!(x => x.selu(); 1.0 => 1.050_700_987_355_480_5, -INF => 0.0, NAN => NAN);
    slopes!(x => x.hard_tanh(-1.0, 1.0) * 2.0; -1.0 => 0.0, 1.0 => 0.0, 0.5 => 2.0, 3.0 => 0.0, NAN => NAN);
    slopes!(x => x.hard_sigmoid(); -3.0 => 0.0, 3.0 => 0.0, 0.0 => 1.0 / 6.0, NAN => NAN);
    slopes!(x => x.hard_swish(); -3.0 => 0.0, 3.0 => 1.0, 0.0 => 0.5, NAN => NAN);
    slopes!(x => x.soft_shrink(0.5); -0.5 => 0.0, 0.5 => 0.0, 0.0 => 0.0, 1.0 => 1.0, NAN => NAN);
    slopes!(x => x.hard_shrink(0.5); -0.5 => 0.0, 0.5 => 0.0, 0.0 => 0.0, 1.0 => 1.0, NAN => NAN);
    slopes!(x => x.threshold(0.5, 9.0) * 2.0; 0.5 => 0.0, 0.25 => 0.0, 1.0 => 2.0, NAN => NAN);
    slopes!(x => x.softsign(); 0.0 => 1.0, 1.0 => 0.25, 1e300 => 0.0);
    partials!(x, slope => x.leaky_relu(slope); (-3.0, 0.25) => (0.25, -3.0), (0.0, 0.25) => (0.25, 0.0), (3.0, 0.25) => (1.0, 0.0));
}

#[test]
fn smooth_activations_in_the_middle_and_at_the_ends() {
    slopes!(x => x.sigmoid(); 0.0 => 0.25, 1000.0 => 0.0, -1000.0 => 0.0, NAN => NAN);
    slopes!(x => x.log_sigmoid(); 0.0 => 0.5, -1000.0 => 1.0, 1000.0 => 0.0, -INF => 1.0, NAN => NAN);
    slopes!(x => x.softplus(1.0); 0.0 => 0.5, 1000.0 => 1.0, -1000.0 => 0.0, NAN => NAN);
    slopes!(x => x.silu(); 0.0 => 0.5, 1000.0 => 1.0, -1000.0 => 0.0, NAN => NAN);
    slopes!(x => x.mish(); 0.0 => 0.6, 1000.0 => 1.0, -1000.0 => 0.0, NAN => NAN);
    slopes!(x => x.gelu(); 0.0 => 0.5, 1000.0 => 1.0, -1000.0 => 0.0, NAN => NAN);
    slopes!(x => x.gelu_tanh(); 0.0 => 0.5, 1e300 => 1.0, -1e300 => 0.0, NAN => NAN);
    slopes!(x => x.tanh_shrink(); 0.0 => 0.0, 1000.0 => 1.0, NAN => NAN);
    slopes!(x => x.sinc(); 0.0 => 0.0, 1.0 => -1.0, NAN => NAN);
}

#[test]
fn values_in_the_tails_keep_their_digits() {
    let close =
        |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 4e-15, "{found:e}, not {expected:e}");
    for x in [Var::constant(-700.5), Var::constant(-40.0)] {
        close(x.sigmoid().value(), x.value().exp());
        close(x.log_sigmoid().value(), x.value());
        close(x.softplus(1.0).value(), x.value().exp().ln_1p());
    }
    // By mpmath: erfc(-x / sqrt 2) x / 2 at -30, and x - tanh x at 0.001.
    close(Var::constant(-30.0).gelu().value(), -1.472014178144456e-196);
    close(Var::constant(0.001).tanh_shrink().value(), 3.33333200000054e-10);
}

#[test]
fn special_functions_at_their_poles() {
    slopes!(x => x.erf(); 0.0 => std::f64::consts::FRAC_2_SQRT_PI, INF => 0.0, -INF => 0.0, NAN => NAN);
    slopes!(x => x.erfc(); 0.0 => -std::f64::consts::FRAC_2_SQRT_PI, INF => 0.0, NAN => NAN);
    slopes!(x => x.lgamma(); 0.0 => -INF, -0.0 => INF, -2.0 => NAN, INF => INF, NAN => NAN);
    slopes!(x => x.digamma(); 0.0 => INF, -0.0 => INF, -2.0 => NAN, INF => 0.0, NAN => NAN);
}

#[test]
fn logarithms_of_sums_and_of_products_with_zero() {
    partials!(a, b => a.logaddexp(b); (-INF, -INF) => (0.0, 0.0), (-INF, 1.0) => (0.0, 1.0), (INF, 1.0) => (1.0, 0.0), (2.0, 2.0) => (0.5, 0.5), (1e300, -1e300) => (1.0, 0.0), (NAN, 1.0) => (NAN, NAN));
    partials!(a, b => a.xlogy(b); (0.0, 0.0) => (0.0, 0.0), (0.0, 2.0) => (2.0_f64.ln(), 0.0), (0.0, -1.0) => (0.0, 0.0), (2.0, 0.0) => (-INF, INF), (2.0, -1.0) => (NAN, NAN), (0.0, NAN) => (NAN, NAN));
    for (a, b, expected) in
        [(-INF, -INF, -INF), (INF, INF, INF), (INF, -INF, INF), (1000.0, 1000.0, 1000.0 + 2.0_f64.ln())]
    {
        assert_eq!(Var::constant(a).logaddexp(b).value(), expected);
        assert_eq!(Tape::new().constant(a).logaddexp(b).item(), expected);
    }
}

#[test]
fn interpolation_is_exact_at_both_ends() {
    for (weight, expected) in [(0.0, 0.1), (1.0, 1e300)] {
        assert_eq!(Var::constant(0.1).lerp(1e300, weight).value(), expected);
        assert_eq!(Tape::new().constant(0.1).lerp(1e300, weight).item(), expected);
    }
}

/// R6: what does not count gets exactly nothing, even through an infinite partial. A zero partial does not absorb.
#[test]
fn a_zero_adjoint_absorbs_and_a_zero_partial_does_not() {
    slopes!(x => x.sqrt() * 0.0; 0.0 => 0.0, -1.0 => 0.0);
    slopes!(x => (x * 0.0).sqrt(); 3.0 => NAN);
    // R9: a selection gives nothing to what it did not choose.
    slopes!(x => x.max(0.0).sqrt(); -2.0 => 0.0);
}

#[test]
fn tensors_are_classified_by_masks() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([NAN, INF, -INF, 0.0, -1.0]);
    let mask = |mask: tape::Mask<f64>| mask.to_tensor().to_array().into_raw_vec_and_offset().0;
    assert_eq!(mask(x.is_nan()), [1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(mask(x.is_infinite()), [0.0, 1.0, 1.0, 0.0, 0.0]);
    assert_eq!(mask(x.is_finite()), [0.0, 0.0, 0.0, 1.0, 1.0]);
    assert_eq!(mask(!x.is_finite()), [1.0, 1.0, 1.0, 0.0, 0.0]);
    assert_eq!(mask(x.is_nan() | x.lt(0.0)), [1.0, 0.0, 1.0, 0.0, 1.0]);
}

#[test]
fn shapes_that_do_not_fit_are_refused_by_the_name_of_the_operation() {
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.variable([1.0, 2.0]), tape.variable([1.0, 2.0, 3.0]));
    for (error, name) in [
        (x.try_lerp(1.0, y).unwrap_err(), "lerp"),
        (x.try_clamp(y, 3.0).unwrap_err(), "clamp"),
        (x.try_mul_add(2.0, y).unwrap_err(), "mul_add"),
        (x.try_elu(y).unwrap_err(), "elu"),
        (y.try_glu(0).unwrap_err(), "glu"),
        (x.try_glu(1).unwrap_err(), "glu"),
    ] {
        assert!(error.to_string().starts_with(name), "{error}");
    }
}

/// Three operands of different shapes, an empty one among them, and views that are not dense.
#[test]
fn composed_operations_pass_the_gradient_check_at_broadcast_and_strided_shapes() {
    let tape = Tape::<f64>::new();
    let empty = tape.variable(ndarray::Array2::<f64>::zeros((0, 3)));
    let y = empty.lerp(tape.variable([1.0, 2.0, 3.0]), 0.5).clamp(-1.0, 1.0).mul_add(2.0, 1.0).hard_tanh(0.0, 1.0);
    assert_eq!(y.glu(0).shape(), [0, 3]);
    assert_eq!(y.sum().backward()[empty].shape(), [0, 3]);
    let inputs =
        [ndarray::array![[0.3, -1.2], [2.1, 0.7], [-0.4, 1.9]].into_dyn(), ndarray::array![0.6, -0.9, 0.2].into_dyn()];
    tape::check_tensors(
        |x| {
            let (turned, row) = (x[0].t().slice(ndarray::s![.., ..;-1]), x[1]);
            (turned.lerp(row, 0.3).mul_add(row, turned).clamp(row - 1.5, 1.1) * (row + 2.0)).sum()
        },
        &inputs,
    )
    .assert();
}

/// Every operation of one operand, at a point, recorded by a variable or a tensor.
macro_rules! unary {
    ($($name:ident)*) => {
        vec![$((stringify!($name), (|x| x.$name()) as fn(Var<f64>) -> Var<f64>, (|x| x.$name()) as fn(Tensor<f64>) -> Tensor<f64>)),*]
    };
}
type Unary = (&'static str, fn(Var<f64>) -> Var<f64>, fn(Tensor<f64>) -> Tensor<f64>);
fn unary() -> Vec<Unary> {
    unary!(recip abs sign signum floor ceil round trunc fract sqrt rsqrt cbrt square exp exp2 exp_m1 ln log2 log10 ln_1p sin cos
        tan asin acos atan sinh cosh tanh asinh acosh atanh to_degrees to_radians erf erfc normal_cdf lgamma digamma sinc
        sigmoid log_sigmoid silu mish gelu gelu_tanh selu softsign tanh_shrink relu relu6 hard_sigmoid hard_swish)
}

macro_rules! binary {
    ($($name:ident)*) => {
        vec![$((
            stringify!($name),
            (|a, b| a.$name(b)) as fn(Var<f64>, Var<f64>) -> Var<f64>,
            (|a, b| a.$name(b)) as fn(Tensor<f64>, Tensor<f64>) -> Tensor<f64>,
        )),*]
    };
}
type Binary = (&'static str, fn(Var<f64>, Var<f64>) -> Var<f64>, fn(Tensor<f64>, Tensor<f64>) -> Tensor<f64>);
/// Without sums, products and quotients, whose partials are those of arithmetic whatever the value is.
fn binary() -> Vec<Binary> {
    binary!(rem remainder powf log atan2 max min maximum minimum abs_sub copysign logaddexp xlogy clamp_min clamp_max
        leaky_relu elu celu softplus soft_shrink hard_shrink polygamma)
}

/// Everything extreme, of both signs, and NaN.
fn extremes() -> Vec<f64> {
    let positive =
        [0.0, 5e-324, 1e-308, 1e-20, 0.3, 0.5, 1.0, 2.0, 2.5, 3.0, 40.0, 800.0, 1e10, 1e155, 1e300, f64::MAX, INF];
    positive.into_iter().flat_map(|x| [x, -x]).chain([NAN]).collect()
}

/// R2, for every row and at everything extreme; and a tensor's value is the variable's up to 4 ulp.
#[test]
fn a_nan_value_has_nan_derivatives() {
    for (name, variable, tensor) in unary() {
        for x in extremes() {
            let value = variable(Var::constant(x)).value();
            let tape = Tape::<f64>::new();
            let v = tape.variable([x]);
            let y = tensor(v).sum();
            let close = (y.item() - value).abs() <= 4.0 * f64::EPSILON * value.abs().max(f64::MIN_POSITIVE);
            assert!(
                close || y.item() == value || (value.is_nan() && y.item().is_nan()),
                "{name}({x:e}): {value:e}, {:e}",
                y.item()
            );
            if value.is_nan() {
                assert_same(derivative(variable, x), NAN, &format!("{name} at {x:e}"));
                assert_same(y.backward()[v][[0]], NAN, &format!("{name} of a tensor at {x:e}"));
            }
        }
    }
    for (name, variable, tensor) in binary() {
        for (a, b) in extremes().into_iter().flat_map(|a| extremes().into_iter().map(move |b| (a, b))) {
            if variable(Var::constant(a), Var::constant(b)).value().is_nan() {
                let tape = Tape::<f64>::new();
                let v = [a, b].map(|x| tape.variable([x]));
                let gradients = tensor(v[0], v[1]).sum().backward();
                for (operand, found) in gradient(|x| variable(x[0], x[1]), &[a, b]).into_iter().enumerate() {
                    assert_same(found, NAN, &format!("partial {operand} of {name} at {a:e}, {b:e}"));
                    assert_same(
                        gradients[v[operand]][[0]],
                        NAN,
                        &format!("partial {operand} of {name} of tensors at {a:e}, {b:e}"),
                    );
                }
            }
        }
    }
}

/// The finite singles at a stride through all bit patterns.
fn singles() -> Vec<f32> {
    (0..=u32::MAX).step_by(65_521).map(f32::from_bits).filter(|x| x.is_finite()).collect()
}

#[test]
fn smooth_activations_are_finite_with_finite_gradients_for_every_finite_single() {
    macro_rules! check {
        ($($name:ident($($parameter:expr)?))*) => {$({
            let (tape, singles) = (Tape::<f32>::new(), singles());
            let x = tape.variable(&singles);
            let y = x.$name($($parameter)?);
            let gradients = y.sum().backward();
            let (values, slopes) = (y.to_array(), gradients[x].to_owned());
            for ((&at, &value), &slope) in singles.iter().zip(&values).zip(&slopes) {
                // The largest numbers are scaled beyond the largest.
                let representable = stringify!($name) != "selu" || f64::from(at) * 1.0508 < f64::from(f32::MAX);
                assert!((value.is_finite() || !representable) && slope.is_finite(), "{}({at:e}): {value:e}, {slope:e}", stringify!($name));
            }
            for &at in singles.iter().step_by(16) {
                let tape = Tape::<f32>::new();
                let x = tape.var(at);
                let y = x.$name($($parameter)?);
                let representable = stringify!($name) != "selu" || f64::from(at) * 1.0508 < f64::from(f32::MAX);
                assert!((y.value().is_finite() || !representable) && y.backward()[x].is_finite(), "{} of a variable at {at:e}", stringify!($name));
            }
        })*};
    }
    check!(softplus(1.0) softplus(3.0) log_sigmoid() silu() mish() elu(1.0) selu() gelu() gelu_tanh() sigmoid() celu(0.5) tanh_shrink()
        softsign() normal_cdf());
}

/// Every form with a plain number, on both sides, at negative operands.
#[test]
fn operators_with_numbers_on_either_side() {
    slopes!(x => -3.0 + x; -2.0 => 1.0);
    slopes!(x => x + -3.0; -2.0 => 1.0);
    slopes!(x => -3.0 - x; -2.0 => -1.0);
    slopes!(x => x - -3.0; -2.0 => 1.0);
    slopes!(x => -3.0 * x; -2.0 => -3.0);
    slopes!(x => x * -3.0; -2.0 => -3.0);
    slopes!(x => -3.0 / x; -2.0 => 0.75);
    slopes!(x => x / -4.0; -2.0 => -0.25);
    slopes!(x => -7.5 % x; -2.0 => -3.0);
    slopes!(x => x % -2.0; -7.5 => 1.0);
}

/// The vocabulary of `Float` is a tensor's too, with numbers, variables and tensors as operands.
#[test]
fn a_tensor_takes_numbers_variables_and_tensors() {
    fn accepts<T: Real>(x: Tensor<T>, operand: impl Into<Operand<T>> + Copy) -> Tensor<T> {
        x.powf(operand).mul_add(operand, operand).clamp(operand, operand).lerp(operand, operand).hypot(operand)
    }
    let tape = Tape::<f64>::new();
    let (x, half) = (tape.variable([1.0, 2.0]), tape.var(0.5));
    let expected = accepts(x, 0.5).to_array();
    assert_eq!(accepts(x, half).to_array(), expected);
    assert_eq!(accepts(x, tape.variable([0.5])).to_array(), expected);
    assert!(expected.iter().all(|y| Float::abs(y - 0.5_f64.hypot(0.5)) < 1e-15));
}
