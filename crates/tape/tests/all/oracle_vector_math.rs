//! The vectorised functions of `f64` against results of 60 digits, made by `docs/oracles/tape/vector_math.py`.

use tape::{Tape, Tensor, VectorMath};

/// One element, and a tensor of them.
type Function = (&'static str, fn(f64) -> f64, fn(Tensor<f64>) -> Tensor<f64>);

macro_rules! functions {
    ($($vector:ident $method:ident),* $(,)?) => {
        &[$((stringify!($method), |x| x.$vector(), |x| x.$method())),*]
    };
}

const FUNCTIONS: &[Function] = functions! {
    vector_exp exp, vector_exp2 exp2, vector_exp_m1 exp_m1, vector_ln ln, vector_log2 log2, vector_log10 log10,
    vector_ln_1p ln_1p, vector_tanh tanh, vector_sinh sinh, vector_cosh cosh, vector_asinh asinh, vector_acosh acosh,
    vector_atanh atanh, vector_sin sin, vector_cos cos, vector_tan tan, vector_asin asin, vector_acos acos,
    vector_atan atan, vector_sigmoid sigmoid, vector_erf erf, vector_erfc erfc, vector_normal_cdf normal_cdf,
};

fn number(hex: &str) -> f64 {
    f64::from_bits(u64::from_str_radix(hex, 16).expect("sixteen digits"))
}

/// Arguments with the rounded exact results, and what these lack in units in the last place.
fn cases(name: &str) -> Vec<(f64, f64, f64)> {
    let case = |line: &str| {
        let fields: Vec<&str> = line.split(' ').collect();
        let lacking: f64 = fields[3].parse().expect("a number of thousandths");
        (fields[0] == name).then(|| (number(fields[1]), number(fields[2]), lacking / 1000.0))
    };
    include_str!("oracle/vector_math.txt").lines().filter_map(case).collect()
}

#[test]
fn every_function_is_within_two_units_of_the_exact_result() {
    for &(name, function, _) in FUNCTIONS {
        let cases = cases(name);
        assert!(cases.len() > 50, "{name} has {} cases", cases.len());
        for (x, rounded, lacking) in cases {
            let found = function(x);
            let magnitude = rounded.abs().max(f64::MIN_POSITIVE);
            let units = (found - rounded) / (magnitude.next_up() - magnitude) - lacking;
            assert!(units.abs() <= 2.0, "{name}({x:e}) = {found:e} is {units} units from the exact result");
        }
    }
}

#[test]
fn vectors_of_this_machine_give_the_same_bits_as_single_numbers() {
    for &(name, function, method) in FUNCTIONS {
        // A tensor with an angle near the limit of the reduction is computed by plain functions.
        let is_near_limit = |x: f64| ["sin", "cos", "tan"].contains(&name) && x.abs() > f64::PERIODIC_LIMIT / 4.0;
        let x: Vec<f64> = cases(name).iter().map(|case| case.0).filter(|&x| !is_near_limit(x)).collect();
        let tape = Tape::new();
        let y = method(tape.constant(x.clone())).to_array();
        for (x, y) in x.into_iter().zip(y) {
            assert_eq!(y.to_bits(), function(x).to_bits(), "{name}({x:e})");
        }
    }
}

/// NaN for NaN is asserted of all of them.
#[test]
fn edges_are_as_in_the_standard_library() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    const TINY: f64 = 5e-324;
    let half_pi = std::f64::consts::FRAC_PI_2;
    let edges: &[(&str, &[(f64, f64)])] = &[
        ("exp", &[(0.0, 1.0), (INF, INF), (-INF, 0.0), (710.0, INF), (-745.0, TINY), (-746.0, 0.0)]),
        ("exp2", &[(INF, INF), (-INF, 0.0), (-1074.0, TINY), (1024.0, INF), (10.0, 1024.0)]),
        ("exp_m1", &[(-0.0, -0.0), (TINY, TINY), (INF, INF), (-INF, -1.0), (-800.0, -1.0)]),
        ("ln", &[(0.0, -INF), (-0.0, -INF), (-1.0, NAN), (-INF, NAN), (INF, INF), (1.0, 0.0)]),
        ("log2", &[(0.0, -INF), (-1.0, NAN), (INF, INF), (1.0, 0.0), (TINY, -1074.0), (1024.0, 10.0), (0.125, -3.0)]),
        ("log10", &[(0.0, -INF), (-1.0, NAN), (INF, INF), (1.0, 0.0), (1e3, 3.0), (1e15, 15.0), (1e22, 22.0)]),
        ("ln_1p", &[(-0.0, -0.0), (TINY, TINY), (-1.0, -INF), (-1.5, NAN), (INF, INF)]),
        ("tanh", &[(-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (800.0, 1.0)]),
        ("sinh", &[(-0.0, -0.0), (TINY, TINY), (INF, INF), (-INF, -INF), (711.0, INF), (-711.0, -INF)]),
        ("cosh", &[(-0.0, 1.0), (TINY, 1.0), (INF, INF), (-INF, INF), (711.0, INF)]),
        ("asinh", &[(-0.0, -0.0), (TINY, TINY), (INF, INF), (-INF, -INF)]),
        ("acosh", &[(1.0, 0.0), (0.9, NAN), (-5.0, NAN), (-INF, NAN), (INF, INF)]),
        ("atanh", &[(-0.0, -0.0), (TINY, TINY), (1.0, INF), (-1.0, -INF), (1.1, NAN), (-INF, NAN)]),
        ("sin", &[(-0.0, -0.0), (TINY, TINY), (INF, NAN)]),
        ("cos", &[(-0.0, 1.0), (INF, NAN)]),
        ("tan", &[(-0.0, -0.0), (TINY, TINY), (-INF, NAN)]),
        ("asin", &[(-0.0, -0.0), (TINY, TINY), (1.0, half_pi), (-1.0, -half_pi), (1.1, NAN), (INF, NAN)]),
        ("acos", &[(1.0, 0.0), (-1.0, 2.0 * half_pi), (0.0, half_pi), (-1.1, NAN), (INF, NAN)]),
        ("atan", &[(-0.0, -0.0), (TINY, TINY), (INF, half_pi), (-INF, -half_pi), (1e300, half_pi)]),
        ("sigmoid", &[(0.0, 0.5), (INF, 1.0), (-INF, 0.0)]),
        ("erf", &[(-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (30.0, 1.0)]),
        ("erfc", &[(0.0, 1.0), (INF, 0.0), (-INF, 2.0), (30.0, 0.0)]),
        ("normal_cdf", &[(-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (-40.0, 0.0)]),
    ];
    for &(name, function, _) in FUNCTIONS {
        let (_, edges) = edges.iter().find(|edge| edge.0 == name).expect("every function has edges");
        for &(x, wanted) in edges.iter().chain(&[(NAN, NAN)]) {
            let found = function(x);
            let same = if wanted.is_nan() { found.is_nan() } else { found.to_bits() == wanted.to_bits() };
            assert!(same, "{name}({x:e}) = {found:e}, not {wanted:e}");
        }
    }
}
