//! Does a training step allocate? Only the first does: the memory of the tape and of the gradient map serves the rest.

#![allow(unsafe_code, reason = "only a global allocator can count allocations")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use nn::{Conv2d, Init, Sequential, cross_entropy, mse};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Params, Pass, Real, Tape, Tensor};

thread_local! {
    /// How often this thread allocated. A cell of a number without a destructor: reaching it allocates nothing.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

fn count() {
    COUNT.with(|count| count.set(count.get() + 1));
}

// SAFETY: Every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: The caller keeps the promises of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: The caller keeps the promises of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: The caller keeps the promises of `realloc`.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: The caller keeps the promises of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often each of ten steps allocates: in the forward pass alone, and in all, backwards and update included.
fn allocations<T: Real>(
    plan: Sequential<Init>,
    loss: impl Fn(&Sequential, &Pass<'_, T>) -> Tensor<T>,
) -> (Vec<[usize; 2]>, T) {
    let mut params = Params::<T>::new();
    let model = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
    let mut tape = Tape::new();
    let mut last = T::zero();
    let mut counts = Vec::with_capacity(10);
    for _ in 0..10 {
        let before = COUNT.with(Cell::get);
        let mut forward = 0;
        let (value, gradients) = tape.value_and_grad(&params, |pass| {
            let before = COUNT.with(Cell::get);
            let loss = loss(&model, pass);
            forward = COUNT.with(Cell::get) - before;
            loss
        });
        for (value, &gradient) in params.values_mut().iter_mut().zip(gradients.params()) {
            *value -= T::from_f64(0.1) * gradient;
        }
        drop(gradients);
        counts.push([forward, COUNT.with(Cell::get) - before]);
        last = value;
    }
    (counts, last)
}

fn assert_none(counts: &[[usize; 2]]) {
    assert_eq!(counts[1..], [[0, 0]; 9], "[forward, in all] of each step: {counts:?}");
}

#[test]
fn the_allocator_counts() {
    let before = COUNT.with(Cell::get);
    drop(std::hint::black_box(vec![0_u8; 100]));
    assert_eq!(COUNT.with(Cell::get), before + 1);
}

#[test]
fn a_step_of_a_classifier_allocates_nothing() {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let images = Init::uniform(0.0, 1.0).array::<f32>([64, 64], rng);
    let labels: Vec<usize> = (0..64).map(|row| row % 10).collect();
    let plan = Sequential::new().linear(64, 128).relu().linear(128, 64).tanh().linear(64, 10);
    let (counts, loss) =
        allocations::<f32>(plan, |model, pass| cross_entropy(model.forward(pass, pass.constant(&images)), &labels));
    assert!(loss < 10.0_f32.ln(), "it does not learn: {loss}");
    assert_none(&counts);
}

#[test]
fn a_step_of_a_regression_allocates_nothing() {
    let rng = &mut ChaCha8Rng::seed_from_u64(2);
    let points = Init::normal(0.0, 1.0).array::<f64>([32, 2], rng);
    let targets = points.map_axis(ndarray::Axis(1), |point| point[0] * point[1]).insert_axis(ndarray::Axis(1));
    let plan = Sequential::new().linear(2, 16).tanh().linear(16, 16).sigmoid().linear(16, 1);
    let (counts, loss) = allocations::<f64>(plan, |model, pass| {
        mse(model.forward(pass, pass.constant(&points)), pass.constant(&targets))
    });
    assert!(loss.is_finite());
    assert_none(&counts);
}

#[test]
fn a_step_of_a_convolutional_network_allocates_nothing() {
    let rng = &mut ChaCha8Rng::seed_from_u64(3);
    let images = Init::uniform(0.0, 1.0).array::<f32>([8, 1, 8, 8], rng);
    let labels: Vec<usize> = (0..8).collect();
    let padded = Conv2d::new(1, 2, 3).padding(1);
    let plan =
        Sequential::new().layer(padded).relu().max_pool2d(2).conv2d(2, 4, 3).avg_pool2d(2).flatten().linear(4, 10);
    let (counts, loss) =
        allocations::<f32>(plan, |model, pass| cross_entropy(model.forward(pass, pass.constant(&images)), &labels));
    assert!(loss.is_finite());
    assert_none(&counts);
}
