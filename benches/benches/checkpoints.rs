//! Memory for time: how much memory a long chain of steps needs, and how long its gradient takes, whole, in segments of the
//! square root of its length, and by the binomial schedule.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(unsafe_code, reason = "an allocator that counts is an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::ArrayD;
use tape::{Tape, Tensor, checkpoint, checkpoint_loop};

/// The heap: what is there now, and the most that was there.
struct Heap {
    now: AtomicUsize,
    most: AtomicUsize,
}

// SAFETY: Every call is handed on to the system's allocator.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = self.now.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        self.most.fetch_max(now, Ordering::Relaxed);
        // SAFETY: The caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.now.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: As above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static HEAP: Heap = Heap { now: AtomicUsize::new(0), most: AtomicUsize::new(0) };

/// The most bytes that `work` had on the heap beyond those that were there before. It runs on a thread of its own, whose
/// tapes and buffers end with it, so that it finds no memory that was used before.
fn peak(work: impl FnOnce() + Send) -> usize {
    let before = HEAP.now.load(Ordering::Relaxed);
    HEAP.most.store(before, Ordering::Relaxed);
    std::thread::scope(|scope| scope.spawn(work).join().expect("the gradient is computed"));
    HEAP.most.load(Ordering::Relaxed) - before
}

const STEPS: usize = 1024;
const SEGMENT: usize = 32;
const SNAPSHOTS: usize = 4;
/// A state of 8 KiB: large beside what is known of an operation, small beside a cache.
const WIDTH: usize = 1024;

/// One step of three operations.
fn step(x: Tensor<f64>) -> Tensor<f64> {
    (x * 1.01).sin() + x * 0.1
}

/// A chain of steps, recorded in one way or another.
type Chain = fn(Tensor<f64>) -> Tensor<f64>;

const CHAINS: [(&str, Chain); 3] = [
    ("whole", |x| (0..STEPS).fold(x, |x, _| step(x))),
    ("segments of the square root", |x| {
        let segment = |x: &[Tensor<f64>]| (0..SEGMENT).fold(x[0], |x, _| step(x));
        (0..STEPS / SEGMENT).fold(x, |x, _| checkpoint(segment, &[x]))
    }),
    ("binomial schedule", |x| checkpoint_loop(|_, x, _| step(x), x, &[], STEPS, SNAPSHOTS)),
];

fn gradient(tape: &mut Tape<f64>, chain: Chain) -> ArrayD<f64> {
    tape.reset();
    let x = tape.variable(vec![0.5; WIDTH]);
    chain(x).sum().backward()[x].to_owned()
}

/// The fewest steps that lead back over n with s snapshots: r n less the binomial coefficient of s + r over r - 1, with the
/// least r for which that of s + r over s reaches n (Griewank and Walther, Algorithm 799, 2000).
fn fewest(n: usize, s: usize) -> usize {
    let over = |n: usize, k: usize| (0..k).fold(1, |product, i| product * (n - i) / (i + 1));
    let r = (0..).find(|r| over(s + r, s) >= n).expect("the coefficients grow");
    r * n - over(s + r, r - 1)
}

fn verify() {
    let whole = gradient(&mut Tape::new(), CHAINS[0].1);
    let peaks = CHAINS.map(|(name, chain)| {
        let found = gradient(&mut Tape::new(), chain);
        assert_eq!(found, whole, "{name}: the same operations in the same order");
        peak(move || drop(black_box(gradient(&mut Tape::new(), chain))))
    });
    let [all, segments, binomial] = peaks;
    // Of n steps, the square root keeps the ends of its segments and the inside of one: 2 sqrt(n) of n, here a sixteenth.
    // Memory that doubles as it grows may double either figure.
    assert!(segments * 6 < all, "{segments} bytes in segments, {all} bytes whole");
    assert!(binomial * 50 < all, "{binomial} bytes by the binomial schedule, {all} bytes whole");

    let calls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&calls);
    let counting = move |_, x, _: &[Tensor<f64>]| {
        counted.set(counted.get() + 1);
        step(x)
    };
    let tape = Tape::new();
    let x = tape.variable([0.5]);
    let y = checkpoint_loop(counting, x, &[], STEPS, SNAPSHOTS).sum();
    assert_eq!(calls.replace(0), STEPS, "forwards");
    let _ = y.backward();
    assert_eq!(calls.get(), fewest(STEPS, SNAPSHOTS) + STEPS, "backwards");
}

fn checkpoints(criterion: &mut Criterion) {
    verify();
    let mut group = criterion.benchmark_group("a chain of 1024 steps of 1024 elements");
    group.sample_size(10);
    for (name, chain) in CHAINS {
        let bytes = peak(move || drop(black_box(gradient(&mut Tape::new(), chain))));
        eprintln!("{name}: at most {} KiB", bytes / 1024);
        let mut tape = Tape::new();
        group.bench_function(name, |bencher| bencher.iter(|| gradient(&mut tape, chain)));
    }
    group.finish();
}

criterion_group!(benches, checkpoints);
criterion_main!(benches);
