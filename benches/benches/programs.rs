//! How long a scalar function takes: itself, recorded and swept, replayed, and replayed at many points at once.
//!
//! Compare within one run: each function's own time is the unit.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;

use benches::{point, rosenbrock, transcendental};
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use tape::{ScalarProgram, Tape, Var, value_and_grad};

/// A function by name, for variables and for plain numbers.
type Function = (&'static str, fn(&[Var]) -> Var, fn(&[f64]) -> f64);

/// How many variables, and how many points in a batch.
const SIZES: [(usize, usize); 2] = [(10_000, 16), (10, 1_024)];

fn programs(criterion: &mut Criterion) {
    let functions: [Function; 2] =
        [("rosenbrock", rosenbrock, rosenbrock), ("transcendental", transcendental, transcendental)];
    for (name, recorded, plain) in functions {
        for (variables, points) in SIZES {
            let mut group = criterion.benchmark_group(format!("{name}/{variables}"));
            let x = point(variables);
            verify(recorded, &x);
            group.throughput(Throughput::Elements(variables as u64));
            group.bench_function("itself", |bencher| bencher.iter(|| plain(black_box(&x))));
            let mut tape = Tape::new();
            group.bench_function("record and sweep", |bencher| {
                bencher.iter(|| {
                    tape.reset();
                    recorded(&tape.vars(&x)).backward()
                });
            });
            replay(&mut group, recorded, &x, points);
            group.finish();
        }
    }
}

fn replay(group: &mut BenchmarkGroup<'_, WallTime>, f: fn(&[Var]) -> Var, x: &[f64], points: usize) {
    let mut gradient = vec![0.0; x.len()];
    group.bench_function("record a program", |bencher| bencher.iter(|| ScalarProgram::record(f, x)));
    let mut program = ScalarProgram::record(f, x).expect("the functions can be replayed");
    group.bench_function("replay the value", |bencher| bencher.iter(|| program.value(black_box(x))));
    group.bench_function("replay", |bencher| bencher.iter(|| program.value_and_grad(black_box(x), &mut gradient)));
    let many = x.repeat(points);
    let (mut y, mut gradients) = (vec![0.0; points], vec![0.0; many.len()]);
    group.throughput(Throughput::Elements(many.len() as u64));
    group.bench_function("replay a batch", |bencher| {
        bencher.iter(|| program.batch(black_box(&many), &mut y, &mut gradients));
    });
}

/// The program says what the tape says, alone and in a batch.
fn verify(f: fn(&[Var]) -> Var, x: &[f64]) {
    let elsewhere: Vec<f64> = x.iter().map(|x| 1.1 - x).collect();
    let mut program = ScalarProgram::record(f, x).expect("the functions can be replayed");
    let (y, dy) = value_and_grad(f, &elsewhere);
    let near = |found: f64, wanted: f64| (found - wanted).abs() <= 1e-12 * wanted.abs().max(1.0);
    let mut gradient = vec![0.0; x.len()];
    let replayed = program.value_and_grad(&elsewhere, &mut gradient).expect("the path is the same");
    let (mut ys, mut gradients) = ([0.0; 2], vec![0.0; 2 * x.len()]);
    program.batch(&elsewhere.repeat(2), &mut ys, &mut gradients).expect("the path is the same");
    assert!([replayed, ys[0], ys[1]].iter().all(|&found| near(found, y)), "{replayed} and {ys:?} instead of {y}");
    assert!(gradient.iter().chain(&gradients).zip(dy.iter().cycle()).all(|(&found, &wanted)| near(found, wanted)));
}

criterion_group!(benches, programs);
criterion_main!(benches);
