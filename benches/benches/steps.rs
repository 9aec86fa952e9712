//! How long a training step takes: record, sweep, Adam.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use benches::Step;
use criterion::{Criterion, criterion_group, criterion_main};

fn steps(criterion: &mut Criterion) {
    for (name, widths, batch, regression) in [
        ("2-16-16-1 tanh, batch 32", &[2, 16, 16, 1][..], 32, true),
        ("64-128-64-10 relu, batch 64", &[64, 128, 64, 10], 64, false),
        ("784-512-256-10 relu, batch 128", &[784, 512, 256, 10], 128, false),
    ] {
        let mut step = Step::new(widths, batch, regression);
        step.verify();
        criterion.bench_function(name, |bencher| bencher.iter(|| step.run()));
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
