//! How fast matrices are multiplied at the shapes of the training steps.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array2;
use tape::Tape;

fn products(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matmul");
    for (m, k, n) in [(32, 16, 16), (64, 128, 64), (64, 64, 128), (128, 784, 512), (128, 512, 256)] {
        let a = Array2::from_shape_fn((m, k), |(i, j)| ((i * 7 + j * 3) % 17) as f32 / 17.0);
        // As a layer keeps its weight: transposed.
        let b = Array2::from_shape_fn((n, k), |(i, j)| ((i * 5 + j * 11) % 13) as f32 / 13.0);
        let mut tape = Tape::new();
        let product = tape.constant(&a).matmul(tape.constant(&b).t()).to_array();
        let expected = a.dot(&b.t()).into_dyn();
        assert!(product.iter().zip(&expected).all(|(one, other)| (one - other).abs() <= 1e-5 * k as f32));
        group.throughput(Throughput::Elements((2 * m * k * n) as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{m}x{k}x{n}")), |bencher| {
            bencher.iter(|| {
                tape.reset();
                tape.constant(&a).matmul(tape.constant(&b).t())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, products);
criterion_main!(benches);
