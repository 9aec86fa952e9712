//! How long recording and sweeping a scalar function take, a thousand variables at a time and more.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;

use benches::{point, rosenbrock, transcendental};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tape::{Check, Tape, Var};

/// A function by name, for variables and for plain numbers.
type Function = (&'static str, fn(&[Var]) -> Var, fn(&[f64]) -> f64);

const VARIABLES: usize = 10_000;

fn scalars(criterion: &mut Criterion) {
    let functions: [Function; 2] =
        [("rosenbrock", rosenbrock, rosenbrock), ("transcendental", transcendental, transcendental)];
    let x = point(VARIABLES);
    for (name, recorded, plain) in functions {
        Check::new().directions(2).function(recorded, &x).assert();
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(VARIABLES as u64));
        group.bench_function("itself", |bencher| bencher.iter(|| plain(black_box(&x))));
        let mut tape = Tape::new();
        group.bench_function("record", |bencher| {
            bencher.iter(|| {
                tape.reset();
                recorded(&tape.vars(&x))
            });
        });
        tape.reset();
        let root = recorded(&tape.vars(&x));
        group.bench_function("sweep", |bencher| bencher.iter(|| root.backward()));
        group.finish();
    }
}

criterion_group!(benches, scalars);
criterion_main!(benches);
