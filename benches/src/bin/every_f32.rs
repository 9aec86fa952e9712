//! How far are the vector functions of `f32` from the exact results? Every number is tried: `every_f32 [--stride N] [NAME...]`.
//!
//! The reference is the function of `f64` rounded to `f32`, which is the rounded exact result but for about one number in
//! 10^8 that lies within an error of 10^-16 of a tie. Distances are counted in numbers of the format: 0 is the rounded
//! result, 1 its neighbour. Both zeros count as one number. A distance is at most half a unit less than the error.

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

/// The number's place among all numbers of its format, in order.
fn place(x: f32) -> i64 {
    let bits = i64::from(x.to_bits() & 0x7fff_ffff);
    if x.is_sign_negative() { -bits } else { bits }
}

/// The largest distance and where it is; `None` where one of the two is not a number and the other one is.
fn worst(&(_, function, reference, limit): &Function, stride: usize) -> Option<(i64, f32)> {
    let mut worst = (0, 0.0);
    for x in (0..=u32::MAX).step_by(stride).map(f32::from_bits) {
        let (found, wanted) = (function(x), reference(f64::from(x)) as f32);
        let expected_nan = wanted.is_nan() || x.abs() > limit;
        if found.is_nan() != expected_nan {
            return None;
        }
        let distance = (place(found) - place(wanted)).abs();
        if !expected_nan && distance > worst.0 {
            worst = (distance, x);
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
        let (distance, x) = worst(function, stride).unwrap_or_else(|| panic!("{} has a wrong domain", function.0));
        println!("{:<10} at most {distance} from the rounded result, first at {x:e}", function.0);
        assert!(distance <= 2, "{} is further than two units from the exact result", function.0);
    }
}
