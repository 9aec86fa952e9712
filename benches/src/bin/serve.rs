//! Wengert's side of `benches/peers/compare.py`: does the works that it is asked for, in the mode of its first argument.
//!
//! `recorded` records anew each time and sweeps, `replayed` runs programs (on as many threads as the second argument says),
//! `batched` evaluates a scalar program at many points at once, `itself` is the plain function on numbers.

use std::hint::black_box;
use std::{env, io};

use benches::serve::{Run, serve};
use benches::{STEPS, Step, point, rosenbrock, transcendental};
use tape::{ScalarProgram, Var, value_and_grad};

/// Variables and points of the scalar works.
const SIZES: [(&str, usize, usize); 3] = [("", 10_000, 1), ("-batch", 10_000, 16), ("-small", 10, 1_000)];

/// A scalar function, for variables and for numbers.
type Function = (fn(&[Var]) -> Var, fn(&[f64]) -> f64);

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let mode = arguments.first().map_or("replayed", String::as_str);
    let threads = arguments.get(1).map_or(1, |threads| threads.parse().expect("the second argument is a number"));
    let functions = ["rosenbrock", "transcendental"];
    let scalars: Vec<String> = functions.iter().flat_map(|f| SIZES.map(|(size, ..)| format!("{f}{size}"))).collect();
    let steps = STEPS.map(|(name, _)| name);
    let works: Vec<&str> = match mode {
        "recorded" | "replayed" => steps.into_iter().chain(scalars.iter().map(String::as_str)).collect(),
        _ => scalars.iter().map(String::as_str).collect(),
    };
    serve(concat!("Wengert ", env!("CARGO_PKG_VERSION")), &works, |work| match mode {
        _ if !steps.contains(&work) => scalar(work, mode),
        "recorded" => {
            let mut step = Step::named(work);
            Box::new(move |_| f64::from(step.run()))
        }
        _ if threads == 1 => {
            let mut step = Step::named(work);
            let mut program = step.record();
            Box::new(move |_| f64::from(step.replay(&mut program)))
        }
        _ => {
            let mut step = Step::named(work);
            let mut program = step.record_sharded(threads);
            Box::new(move |_| f64::from(step.replay_sharded(&mut program)))
        }
    })
}

fn scalar(work: &str, mode: &str) -> Run {
    let (function, size) = work.split_once('-').map_or((work, ""), |(function, _)| (function, &work[function.len()..]));
    let (f, plain): Function = match function {
        "rosenbrock" => (rosenbrock, rosenbrock),
        _ => (transcendental, transcendental),
    };
    let (_, n, points) = SIZES.into_iter().find(|&(name, ..)| name == size).expect("works are functions and sizes");
    let x = point(n * points);
    let mut program = ScalarProgram::record(f, &x[..n]).expect("the functions can be replayed");
    let mut values = vec![0.0; points];
    match mode {
        "itself" => Box::new(move |_| black_box(&x).chunks(n).map(plain).sum()),
        "recorded" => Box::new(move |gradient| {
            gradient.clear();
            let at = |x| {
                let (y, slopes) = value_and_grad(f, x);
                gradient.extend(slopes);
                y
            };
            x.chunks(n).map(at).sum()
        }),
        "replayed" => Box::new(move |gradient| {
            gradient.resize(n * points, 0.0);
            let pairs = x.chunks(n).zip(gradient.chunks_mut(n));
            pairs.map(|(x, gradient)| program.value_and_grad(x, gradient).expect("there is one path")).sum()
        }),
        "batched" => Box::new(move |gradient| {
            gradient.resize(n * points, 0.0);
            program.batch(&x, &mut values, gradient).expect("there is one path");
            values.iter().sum()
        }),
        other => panic!("{other} is none of recorded, replayed, batched, itself"),
    }
}
