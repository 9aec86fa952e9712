//! How long the scalar functions take in a crate that differentiates numbers: `peer-tapes CRATE MODE`.
//!
//! `recorded` records anew each time and sweeps, `forward` carries all ten derivatives of a small function along, `itself` is
//! the plain function. Each crate has the functions in its own operators; all are the same text.

use std::hint::black_box;
use std::{env, io};

use serve::{Run, serve};

#[path = "../../../src/serve.rs"]
#[allow(unreachable_pub, reason = "the file is a public module at home")]
mod serve;

/// Writes both functions for a type of numbers, with what makes its constants.
macro_rules! functions {
    ($number:ty, $constant:expr $(, $life:lifetime)?) => {
        fn rosenbrock$(<$life>)?(x: &[$number]) -> $number {
            let c = $constant;
            let terms = x.windows(2).map(|pair| {
                let (along, across) = (pair[0] - c(1.0), pair[1] - pair[0] * pair[0]);
                along * along + across * across * c(100.0)
            });
            terms.reduce(|sum, term| sum + term).expect("there are several variables")
        }

        fn transcendental$(<$life>)?(x: &[$number]) -> $number {
            let c = $constant;
            let terms = x.iter().map(|&x| x.sin() * (x * c(0.1) + c(1.0)).exp() + (x * x + c(1.0)).ln());
            terms.reduce(|sum, term| sum + term).expect("there are several variables")
        }
    };
}

/// The value at one point, whose gradient is put behind the others.
type At = fn(&str, &[f64], &mut Vec<f64>) -> f64;

fn itself(function: &str, x: &[f64], _: &mut Vec<f64>) -> f64 {
    functions!(f64, |c: f64| c);
    if function == "rosenbrock" { rosenbrock(x) } else { transcendental(x) }
}

fn reverse(function: &str, x: &[f64], gradient: &mut Vec<f64>) -> f64 {
    use reverse::{Gradient, Tape, Var};
    functions!(Var<'a>, |c: f64| c, 'a);
    let tape = Tape::new();
    let variables = tape.add_vars(x);
    let y = if function == "rosenbrock" { rosenbrock(&variables) } else { transcendental(&variables) };
    gradient.extend(y.grad().wrt(&variables));
    y.val()
}

fn easy_ml(function: &str, x: &[f64], gradient: &mut Vec<f64>) -> f64 {
    use easy_ml::differentiation::{Record, WengertList};
    use easy_ml::numeric::extra::{Exp, Ln, Sin};
    functions!(Record<'a, f64>, |c: f64| c, 'a);
    let list = WengertList::new();
    let variables: Vec<_> = x.iter().map(|&x| Record::variable(x, &list)).collect();
    let y = if function == "rosenbrock" { rosenbrock(&variables) } else { transcendental(&variables) };
    let derivatives = y.derivatives();
    gradient.extend(variables.iter().map(|x| derivatives[x]));
    y.number
}

fn num_dual(function: &str, x: &[f64], gradient: &mut Vec<f64>) -> f64 {
    use nalgebra::SVector;
    use num_dual::{DualNum, DualSVec64};
    functions!(DualSVec64<10>, |c: f64| c);
    let f = if function == "rosenbrock" { rosenbrock } else { transcendental };
    let f = |x: SVector<DualSVec64<10>, 10>| f(x.as_slice());
    let (y, slopes) = num_dual::gradient(f, &SVector::from_column_slice(x));
    gradient.extend(slopes.iter());
    y
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (name, at): (&str, At) = match arguments[..] {
        ["reverse", "recorded"] => ("reverse 0.2.2", reverse),
        ["easy-ml", "recorded"] => ("Easy ML 2.3.0", easy_ml),
        ["num-dual", "forward"] => ("num-dual 0.15.1", num_dual),
        [_, "itself"] => ("Rust", itself),
        _ => panic!("{arguments:?} is no crate and mode"),
    };
    let small = ["rosenbrock-small", "transcendental-small"];
    let every = ["rosenbrock", "transcendental", "rosenbrock-small", "transcendental-small"];
    let works = if name.starts_with("num-dual") { &small[..] } else { &every };
    serve(name, works, |work| -> Run {
        let function = work.split('-').next().expect("a name has a first part").to_owned();
        let n = if work.ends_with("-small") { 10 } else { 10_000 };
        let x: Vec<f64> = (0..10_000).map(|i| 0.5 + 0.1 * f64::from(i * 7 % 13) / 13.0).collect();
        Box::new(move |gradient| {
            gradient.clear();
            black_box(&x).chunks(n).map(|x| at(&function, x, gradient)).sum()
        })
    })
}
