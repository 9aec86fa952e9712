//! Derivatives against correctly rounded ones (R5), also where a formula would overflow, underflow or cancel (R10).
//!
//! The numbers are of `docs/oracles/tape/derivatives.py`.

use tape::{Tape, Tensor, Var};

use crate::numeric::ulps;

const TABLE: &str = include_str!("oracle/derivatives.txt");

struct Case<'a> {
    name: &'a str,
    operands: Vec<f64>,
    partials: Vec<Option<f64>>,
}

fn cases() -> impl Iterator<Item = Case<'static>> {
    TABLE.lines().map(|line| {
        let [name, operands, partials] = line.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("three fields: {line}")
        };
        let number = |word: &str| word.parse().expect("a number");
        Case {
            name,
            operands: operands.split(' ').map(number).collect(),
            partials: partials.split(' ').map(|word| (word != "-").then(|| number(word))).collect(),
        }
    })
}

macro_rules! named {
    ($name:expr, $x:expr; unary: $($unary:ident)*; binary: $($binary:ident)*;) => {
        match $name {
            $(stringify!($unary) => $x[0].$unary(),)*
            $(stringify!($binary) => $x[0].$binary($x[1]),)*
            name => panic!("no operation is called {name}"),
        }
    };
}
macro_rules! operation {
    ($name:expr, $x:expr) => {
        named! { $name, $x;
            unary: recip sqrt rsqrt cbrt exp exp2 exp_m1 ln log2 log10 ln_1p sin cos tan asin acos atan sinh cosh asinh acosh
                atanh square erf erfc normal_cdf lgamma digamma sinc sigmoid log_sigmoid silu mish gelu selu softsign
                tanh_shrink;
            binary: div powf log atan2 hypot logaddexp xlogy softplus elu celu polygamma;
        }
    };
}

#[track_caller]
fn assert_partials(case: &Case<'_>, found: &[f64], tolerance: u64) {
    for (&found, expected) in found.iter().zip(&case.partials) {
        let Some(expected) = *expected else { continue };
        let distance = ulps(found, expected);
        let Case { name, operands, .. } = case;
        assert!(distance <= tolerance, "{name}{operands:?}: {found:e}, not {expected:e}, {distance} ulp apart");
    }
}

#[test]
fn derivatives_of_variables_are_within_8_ulp() {
    for case in cases() {
        let tape = Tape::new();
        let x: Vec<Var> = tape.vars(&case.operands);
        let gradients = operation!(case.name, x).backward();
        assert_partials(&case, &x.iter().map(|&x| gradients[x]).collect::<Vec<_>>(), 8);
    }
}

/// Their exponentials are vectorised and off by up to 2 ulp themselves.
#[test]
fn derivatives_of_tensors_are_within_12_ulp() {
    for case in cases() {
        let tape = Tape::new();
        let x: Vec<Tensor<f64>> = case.operands.iter().map(|&x| tape.variable([x])).collect();
        let gradients = operation!(case.name, x).sum().backward();
        assert_partials(&case, &x.iter().map(|&x| gradients[x][[0]]).collect::<Vec<_>>(), 12);
    }
}

/// Recorded derivatives are right to the third order also where a rule changes its formula, which a rule made of `abs`
/// would not be at 0.
#[test]
fn recorded_derivatives_are_smooth_over_the_seams_of_rules() {
    macro_rules! function {
        ($name:expr, $x:expr) => {
            match $name {
                "softplus" => $x.softplus(1.0),
                "celu" => $x.celu(1.0),
                "elu" => $x.elu(1.0),
                "powi" => $x.powi(12),
                "powf" => $x.powf(2.5),
                "logaddexp" => $x.logaddexp(0.3),
                name => named! { name, [$x];
                    unary: sigmoid log_sigmoid silu mish gelu gelu_tanh erf erfc normal_cdf lgamma digamma sinc tanh_shrink
                        atan rsqrt square;
                    binary:;
                },
            }
        };
    }
    for line in include_str!("oracle/higher_elementwise.txt").lines() {
        let [name, numbers @ ..] = &line.split(" | ").collect::<Vec<_>>()[..] else { panic!("no name: {line}") };
        let numbers: Vec<f64> = numbers.iter().map(|word| word.parse().expect("a number")).collect();
        let [at, second, third] = numbers[..] else { panic!("three numbers: {line}") };
        let tape = Tape::<f64>::new();
        let v = tape.var(at);
        let t = tape.variable([at]);
        let of_variable = function!(*name, v).grad(v).grad(v);
        let of_tensor = function!(*name, t).sum().grad(t).sum().grad(t);
        for (found, expected) in [
            (of_variable.value(), second),
            (of_variable.grad(v).value(), third),
            (of_tensor.sum().item(), second),
            (of_tensor.sum().grad(t).sum().item(), third),
        ] {
            let close = (found - expected).abs() <= 1e-12 * expected.abs().max(1e-3);
            assert!(close, "{name} at {at}: {found:e}, not {expected:e}");
        }
    }
}
