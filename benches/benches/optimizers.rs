//! How long an optimizer's step takes, beside a plain copy of the same bytes, out of cache.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array1;
use optim::{Adam, Lion, Optimizer, Sgd};
use tape::{Gradients, Params};

/// 64 MiB of parameters: no cache holds them.
const ELEMENTS: usize = 1 << 24;

/// Of how many buffers like the parameters a step reads and writes elements, and reads them for the norm.
struct Row {
    name: &'static str,
    make: fn() -> Box<dyn Optimizer<f32>>,
    read: usize,
    written: usize,
}

fn verify(name: &str, optimizer: &mut dyn Optimizer<f32>, params: &mut Params<f32>, gradients: &Gradients<f32>) {
    let before = params.values()[ELEMENTS / 3];
    optimizer.step(params, gradients).expect("gradients are finite");
    assert!(params.values()[ELEMENTS / 3] < before, "{name} does not descend");
}

fn optimizers(criterion: &mut Criterion) {
    let rows = [
        Row { name: "sgd", make: || Box::new(Sgd::new(1e-3)), read: 3, written: 1 },
        Row { name: "momentum", make: || Box::new(Sgd::new(1e-3).momentum(0.9)), read: 4, written: 2 },
        Row { name: "lion", make: || Box::new(Lion::new(1e-4)), read: 4, written: 2 },
        Row { name: "adamw", make: || Box::new(Adam::decoupled(1e-3)), read: 5, written: 3 },
    ];
    let mut group = criterion.benchmark_group("optimizers, 16 Mi elements");
    group.sample_size(10);
    for Row { name, make, read, written } in rows {
        let mut params = Params::<f32>::new();
        params.add("weight", &Array1::from_elem(ELEMENTS, 0.5));
        let gradients = Gradients::for_params(&params, &vec![0.25; ELEMENTS]).expect("as many as parameters");
        let mut optimizer = make();
        verify(name, &mut *optimizer, &mut params, &gradients);
        let bytes = (read + written) * ELEMENTS * size_of::<f32>();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(name, |bencher| bencher.iter(|| optimizer.step(&mut params, &gradients)));
        // A copy reads and writes half of them each.
        let source = vec![1_u8; bytes / 2];
        let mut target = vec![0_u8; bytes / 2];
        group.bench_function(format!("a copy of the bytes of {name}"), |bencher| {
            bencher.iter_batched(|| (), |()| target.copy_from_slice(&source), BatchSize::PerIteration);
        });
        assert_eq!(target, source);
    }
    group.finish();
}

criterion_group!(benches, optimizers);
criterion_main!(benches);
