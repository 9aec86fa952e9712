//! How often does this thread allocate? What several test files count with.

#![allow(unsafe_code, reason = "only a global allocator can count allocations")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// A cell of a number without a destructor: reaching it allocates nothing.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// The allocator of all tests of this program, which run on a thread each and do not see each other's counts.
struct Counting;

fn count() {
    COUNT.set(COUNT.get() + 1);
}

// SAFETY: Every call goes to the system's allocator as it came; counting neither allocates nor panics.
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

/// How often `work` allocates on this thread, and its result.
pub(crate) fn counted<R>(work: impl FnOnce() -> R) -> (usize, R) {
    let before = COUNT.get();
    let result = work();
    (COUNT.get() - before, result)
}
