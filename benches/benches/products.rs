//! How fast matrices are multiplied at the shapes of the training steps, beside `gemm` and `faer`.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::Array2;
use tape::Tape;

/// `c = a b^T` by `gemm`, on one thread; all row by row.
fn gemm(a: &Array2<f32>, b: &Array2<f32>, c: &mut Array2<f32>) {
    let ((m, k), n) = (a.dim(), b.nrows());
    assert!(a.is_standard_layout() && b.is_standard_layout() && c.is_standard_layout() && c.dim() == (m, n));
    let (row_of_c, row_of_a, row_of_b) = (n as isize, k as isize, k as isize);
    // SAFETY: the three matrices have these sizes and strides, and `c` is borrowed alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            row_of_c,
            false,
            a.as_ptr(),
            1,
            row_of_a,
            b.as_ptr(),
            row_of_b,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// The same by `faer`.
fn faer(a: &Array2<f32>, b: &Array2<f32>, c: &mut Array2<f32>) {
    fn rows(matrix: &Array2<f32>) -> MatRef<'_, f32> {
        MatRef::from_row_major_slice(matrix.as_slice().expect("row by row"), matrix.nrows(), matrix.ncols())
    }
    let (m, n) = c.dim();
    let c = MatMut::from_row_major_slice_mut(c.as_slice_mut().expect("row by row"), m, n);
    matmul(c, Accum::Replace, rows(a), rows(b).transpose(), 1.0, Par::Seq);
}

fn products(criterion: &mut Criterion) {
    for (m, k, n) in [(32, 16, 16), (64, 128, 64), (64, 64, 128), (128, 784, 512), (128, 512, 256), (128, 256, 10)] {
        let mut group = criterion.benchmark_group(format!("{m} x {k} x {n}"));
        let a = Array2::from_shape_fn((m, k), |(i, j)| ((i * 7 + j * 3) % 17) as f32 / 17.0);
        // As a layer keeps its weight: transposed.
        let b = Array2::from_shape_fn((n, k), |(i, j)| ((i * 5 + j * 11) % 13) as f32 / 13.0);
        let mut tape = Tape::new();
        let product = tape.constant(&a).matmul(tape.constant(&b).t()).to_array();
        let expected = a.dot(&b.t());
        let agrees = |product: &mut dyn Iterator<Item = &f32>| {
            product.zip(&expected).all(|(one, other)| (one - other).abs() <= 1e-5 * k as f32)
        };
        assert!(agrees(&mut product.iter()));
        group.throughput(Throughput::Elements((2 * m * k * n) as u64));
        group.bench_function("tape", |bencher| {
            bencher.iter(|| {
                tape.reset();
                tape.constant(&a).matmul(tape.constant(&b).t())
            });
        });
        let mut c = Array2::zeros((m, n));
        for (name, product) in [("gemm", gemm as fn(&_, &_, &mut _)), ("faer", faer)] {
            product(&a, &b, &mut c);
            assert!(agrees(&mut c.iter()));
            group.bench_function(name, |bencher| bencher.iter(|| product(&a, &b, &mut c)));
        }
        group.finish();
    }
}

criterion_group!(benches, products);
criterion_main!(benches);
