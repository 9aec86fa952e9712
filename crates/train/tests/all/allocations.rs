//! A training step allocates nothing once the memory of the first one is there.

#![allow(unsafe_code, reason = "an allocator that counts is an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use ndarray::Array2;
use nn::{Sequential, cross_entropy};
use optim::{Adam, Optimizer};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{Params, Tape};

struct Counting;

thread_local! {
    /// Of this thread alone: the other tests of the program run on theirs.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: Every call is handed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: The caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: As above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_step_allocates_nothing_after_the_first() {
    for widths in [[64, 128, 10], [300, 257, 33]] {
        let mut params = Params::<f32>::new();
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let [inputs, hidden, outputs] = widths;
        let model =
            Sequential::new().linear(inputs, hidden).tanh().linear(hidden, outputs).build(&mut params, &mut rng);
        let mut adam = Adam::new(1e-3).clip_norm(1.0);
        let x = Array2::from_shape_fn((64, inputs), |(i, j)| ((i * 3 + j * 7) % 11) as f32 / 11.0);
        let labels: Vec<_> = (0..64).map(|i| i % outputs).collect();
        let mut tape = Tape::new();
        let mut step = || {
            let before = COUNT.with(Cell::get);
            let (_, gradients) =
                tape.value_and_grad(&params, |pass| cross_entropy(model.forward(pass, pass.constant(&x)), &labels));
            adam.step(&mut params, &gradients).unwrap();
            drop(gradients);
            COUNT.with(Cell::get) - before
        };
        let counts: Vec<_> = (0..6).map(|_| step()).collect();
        assert_eq!(counts[1..], [0; 5], "all steps: {counts:?}");
    }
}

#[test]
fn draws_and_running_statistics_allocate_nothing_after_the_first() {
    let mut params = Params::<f32>::new();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let model = Sequential::new().linear(20, 30).tanh().linear(30, 5).build(&mut params, &mut rng);
    let mean = params.add_buffer("running_mean", &ndarray::Array1::zeros(20));
    let mut adam = Adam::new(1e-3);
    let x = Array2::from_shape_fn((16, 20), |(i, j)| ((i * 3 + j * 7) % 11) as f32 / 11.0);
    let labels: Vec<_> = (0..16).map(|i| i % 5).collect();
    let mut tape = Tape::new();
    let mut step = |seed: u64| {
        let before = COUNT.with(Cell::get);
        let (_, gradients) = tape.value_and_grad(&params, |pass| {
            let pass = &pass.training(seed);
            let x = pass.constant(&x) + pass.normal([16, 20]) * 0.1;
            pass.update(mean, pass.updated(mean) * 0.9 + x.mean_axes(0) * 0.1);
            cross_entropy(model.forward(pass, x * pass.bernoulli(0.5, [16, 20])), &labels)
        });
        adam.step(&mut params, &gradients).unwrap();
        params.apply_updates(&gradients).unwrap();
        drop(gradients);
        COUNT.with(Cell::get) - before
    };
    let counts: Vec<_> = (0..6).map(&mut step).collect();
    assert_eq!(counts[1..], [0; 5], "all steps: {counts:?}");
    assert!(params.view(mean).sum() > 0.0);
}

#[test]
fn recording_scalars_allocates_nothing_after_the_first() {
    let mut tape = Tape::<f64>::new();
    let mut pass = || {
        let before = COUNT.with(Cell::get);
        tape.reset();
        let x = tape.var(0.5);
        let y = (0..5_000).fold(x, |y, _| (y * x).sin() + 1.0);
        let gradient = y.backward()[x];
        assert!(gradient.is_finite());
        COUNT.with(Cell::get) - before
    };
    let counts: Vec<_> = (0..5).map(|_| pass()).collect();
    assert_eq!(counts[1..], [0; 4], "all passes: {counts:?}");
}
