//! How far are the vector functions of `f32` from the exact results? Every number is tried: `every_f32 [--stride N] [NAME...]`.
//!
//! Errors are counted in units in the last place of the result. The reference is the function of `f64`, whose own error of
//! about 10^-16 is 10^-8 of a unit.

#![allow(clippy::print_stdout, reason = "a report")]

use tape::VectorMath;

type Function = (&'static str, fn(f32) -> f32, fn(f64) -> f64, f32);

const ALL: f32 = f32::INFINITY;

const FUNCTIONS: &[Function] = &[
    ("exp", |x| x.vector_exp(), f64::exp, ALL),
    ("exp2", |x| x.vector_exp2(), f64::exp2, ALL),
    ("exp_m1", |x| x.vector_exp_m1(), f64::exp_m1, ALL),
    ("ln", |x| x.vector_ln(), f64::ln, ALL),
    ("log2", |x| x.vector_log2(), f64::log2, ALL),
    ("log10", |x| x.vector_log10(), f64::log10, ALL),
    ("ln_1p", |x| x.vector_ln_1p(), f64::ln_1p, ALL),
    ("tanh", |x| x.vector_tanh(), f64::tanh, ALL),
    ("sinh", |x| x.vector_sinh(), f64::sinh, ALL),
    ("cosh", |x| x.vector_cosh(), f64::cosh, ALL),
    ("asinh", |x| x.vector_asinh(), f64::asinh, ALL),
    ("acosh", |x| x.vector_acosh(), f64::acosh, ALL),
    ("atanh", |x| x.vector_atanh(), f64::atanh, ALL),
    ("sin", |x| x.vector_sin(), f64::sin, f32::PERIODIC_LIMIT),
    ("cos", |x| x.vector_cos(), f64::cos, f32::PERIODIC_LIMIT),
    ("tan", |x| x.vector_tan(), f64::tan, f32::PERIODIC_LIMIT),
    ("asin", |x| x.vector_asin(), f64::asin, ALL),
    ("acos", |x| x.vector_acos(), f64::acos, ALL),
    ("atan", |x| x.vector_atan(), f64::atan, ALL),
    ("sigmoid", |x| x.vector_sigmoid(), |x| 1.0 / (1.0 + (-x).exp()), ALL),
    ("erf", |x| x.vector_erf(), |x| x.vector_erf(), ALL),
    ("erfc", |x| x.vector_erfc(), |x| x.vector_erfc(), ALL),
    ("normal_cdf", |x| x.vector_normal_cdf(), |x| x.vector_normal_cdf(), ALL),
];

/// The error in units in the last place of the rounded exact result.
fn units(found: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if found == rounded && (rounded == 0.0 || rounded.is_infinite()) {
        return 0.0;
    }
    let magnitude = rounded.abs().min(f32::MAX.next_down());
    (f64::from(found) - exact).abs() / f64::from(magnitude.next_up() - magnitude)
}

/// The largest error and where it is; `None` where one of the two is not a number and the other one is.
fn worst(&(_, function, reference, limit): &Function, stride: usize) -> Option<(f64, f32)> {
    let mut worst = (0.0, 0.0);
    for x in (0..=u32::MAX).step_by(stride).map(f32::from_bits) {
        let (found, exact) = (function(x), reference(f64::from(x)));
        let expected_nan = exact.is_nan() || x.abs() > limit;
        if found.is_nan() != expected_nan {
            return None;
        }
        let error = units(found, exact);
        if error > worst.0 {
            worst = (error, x);
        }
    }
    Some(worst)
}

fn main() {
    let mut stride = 1;
    let mut names = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--stride" => {
                let number = arguments.next().and_then(|number| number.parse().ok()).filter(|&number| number > 0);
                stride = number.expect("--stride takes a positive number");
            }
            name => names.push(name.to_owned()),
        }
    }
    for function in FUNCTIONS {
        if !names.is_empty() && !names.iter().any(|name| name == function.0) {
            continue;
        }
        let (error, x) = worst(function, stride).unwrap_or_else(|| panic!("{} has a wrong domain", function.0));
        println!("{:<10} at most {error:.3} units, at {x:e}", function.0);
        assert!(error <= 2.0, "{} is further than two units from the exact result", function.0);
    }
}
