//! How long a training step takes, recorded anew each time and replayed as a program, on one thread and on two: forwards,
//! backwards, Adam.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use benches::Step;
use criterion::{Criterion, criterion_group, criterion_main};

fn steps(criterion: &mut Criterion) {
    for (name, widths, batch, regression) in [
        ("2-16-16-1 tanh, batch 32", &[2, 16, 16, 1][..], 32, true),
        ("64-128-64-10 relu, batch 64", &[64, 128, 64, 10], 64, false),
        ("784-512-256-10 relu, batch 128", &[784, 512, 256, 10], 128, false),
    ] {
        let mut group = criterion.benchmark_group(name);
        let mut step = Step::new(widths, batch, regression);
        step.verify();
        group.bench_function("recorded", |bencher| bencher.iter(|| step.run()));
        let mut program = step.record();
        group.bench_function("replayed", |bencher| bencher.iter(|| step.replay(&mut program)));
        let mut sharded = step.record_sharded(2);
        let in_shards = format!("replayed on two threads, {} shards", sharded.shards());
        group.bench_function(in_shards, |bencher| bencher.iter(|| step.replay_sharded(&mut sharded)));
        group.finish();
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
