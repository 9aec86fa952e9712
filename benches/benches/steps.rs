//! How long a training step takes, recorded anew each time and replayed as a program, on one thread and on two: forwards,
//! backwards, Adam.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use benches::{STEPS, Step};
use criterion::{Criterion, criterion_group, criterion_main};

fn steps(criterion: &mut Criterion) {
    for (name, _) in STEPS {
        let mut group = criterion.benchmark_group(name);
        let mut step = Step::named(name);
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
