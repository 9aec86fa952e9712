//! Does a step allocate? Only the first one of each parameter, but for optimizers of matrices and wrappers.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use ndarray::Array1;
use tape::{Gradients, Params};

use crate::table;

struct Counting;

thread_local! {
    /// Of this thread alone: the other tests of the program run on theirs.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: Everything is passed on to the system's allocator; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: The caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: The caller keeps the contract of `dealloc`, and `alloc` above took the memory from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn only_first_steps_allocate() {
    let allocates =
        |name: &str| ["muon", "shampoo", "soap", "lbfgs", "lookahead"].iter().any(|start| name.starts_with(start));
    for (name, make) in table::rows::<f32>().into_iter().filter(|(name, _)| !allocates(name)) {
        let mut params = Params::new();
        for index in 0..10 {
            params.add(&format!("layer.{index}"), &Array1::from_elem(1000 + index, 0.5_f32));
        }
        let frozen = params.find("layer.4").unwrap();
        let gradients = Gradients::for_params(&params, &vec![0.25; params.size()]).unwrap();
        let mut optimizer = make();
        // As many stretches as there will ever be.
        params.set_trainable(frozen, false);
        optimizer.step(&mut params, &gradients).unwrap();
        params.set_trainable(frozen, true);
        optimizer.step(&mut params, &gradients).unwrap();

        let before = ALLOCATIONS.get();
        for _ in 0..10 {
            optimizer.step(&mut params, &gradients).unwrap();
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "{name}");
    }
}
