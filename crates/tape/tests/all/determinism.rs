//! The same program gives the same gradient, bit for bit, in every run and on every thread.

use ndarray::{Array2, ArrayD, array, s};
use tape::{Axes, Tape, Tensor};

/// A program with every kind of kernel in it: products, sums along rows and columns, vector functions, picking, scans.
fn gradient(size: usize) -> (u64, Vec<u64>) {
    let x = Array2::from_shape_fn((size, size + 3), |(i, j)| ((i * 31 + j * 17) % 29) as f64 / 14.5 - 1.0);
    let tape = Tape::<f64>::new();
    let x = tape.variable(x);
    let product = x.matmul(x.t()).tanh();
    let normal = product - product.mean_axes(Axes::keep(-1));
    let picked = normal.log_softmax(-1).index_select(0, &[0, size - 1, 0]).cumsum(1);
    let scalar = picked.at([1, 1]).sin() * 0.5;
    let joined = Tensor::concat(&[picked, normal.slice(s![..3, ..;-1])], 1);
    let loss = (joined.sigmoid() * scalar).sum() + x.exp().sum_axes(0).max_all() + x.sin().prod_axes(-1).sum();
    let gradients = loss.backward();
    (loss.item().to_bits(), bits(&gradients[x]))
}

fn bits(array: &ArrayD<f64>) -> Vec<u64> {
    array.iter().map(|element| element.to_bits()).collect()
}

#[test]
fn every_run_and_every_thread_gives_the_same_bits() {
    for size in [3, 17, 70] {
        let expected = gradient(size);
        assert_eq!(gradient(size), expected, "another run, size {size}");
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(move || gradient(size))).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), expected, "another thread, size {size}");
        }
    }
}

#[test]
fn memory_that_was_used_before_makes_no_difference() {
    let mut tape = Tape::<f64>::new();
    let mut run = |scale: f64| {
        tape.reset();
        let x = tape.variable(array![[0.3, -0.7, 1.1], [2.0, 0.1, -0.4]]);
        bits(&(x * scale).matmul(x.t()).sum_axes(0).tanh().sum().backward()[x])
    };
    let first = run(1.0);
    let _ = run(f64::NAN);
    assert_eq!(run(1.0), first);
}
