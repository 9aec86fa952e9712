//! Where tensor values lie: memory that is handed out piece by piece and taken back all at once.

use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::ptr::NonNull;

/// A cache line: pieces begin on one, so that vector loads do not straddle two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

const LINE: usize = size_of::<Line>();

/// The first block holds this many lines: 64 KiB, enough for a small network.
const FIRST_BLOCK: usize = 1024;

/// Memory from the heap, kept as a bare pointer: a `Box` would claim the slices that were lent out of it for itself
/// whenever it is touched.
struct Block(NonNull<[Line]>);

impl Block {
    fn zeroed(lines: usize) -> Self {
        // SAFETY: Zero bytes are a valid `Line`.
        let lines = unsafe { Box::<[Line]>::new_zeroed_slice(lines).assume_init() };
        Self(NonNull::from(Box::leak(lines)))
    }

    fn lines(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: The pointer came from a leaked `Box` and is freed only here.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// Hands out slices of `T` that keep their address until the arena is reset.
///
/// After the first pass of a loop, one block holds everything that a pass needs, and nothing is allocated any more.
pub(crate) struct Arena<T> {
    blocks: UnsafeCell<Vec<Block>>,
    /// Lines of the newest block that are handed out.
    used: Cell<usize>,
    element: PhantomData<T>,
}

impl<T: Copy> Arena<T> {
    pub(crate) const fn new() -> Self {
        const { assert!(LINE.is_multiple_of(size_of::<T>())) };
        Self { blocks: UnsafeCell::new(Vec::new()), used: Cell::new(0), element: PhantomData }
    }

    /// A new slice of `len` elements with whatever values the memory held before.
    #[allow(clippy::mut_from_ref, reason = "every call hands out another piece of memory")]
    pub(crate) fn take(&self, len: usize) -> &mut [T]
    where
        T: crate::real::Real,
    {
        if len == 0 {
            return &mut [];
        }
        let lines = (len * size_of::<T>()).div_ceil(LINE);
        // SAFETY: `Arena` is not `Sync`, and this borrow of the list ends before `take` returns.
        let blocks = unsafe { &mut *self.blocks.get() };
        if blocks.last().is_none_or(|block| block.lines() - self.used.get() < lines) {
            let grown = blocks.last().map_or(FIRST_BLOCK, |block| 2 * block.lines()).max(lines);
            blocks.push(Block::zeroed(grown));
            self.used.set(0);
        }
        let block = blocks.last().expect("a block was just made sure of");
        let start = self.used.get();
        self.used.set(start + lines);
        assert!(self.used.get() <= block.lines());
        // SAFETY: The lines from `start` on lie inside the block, are aligned, and are initialised for `T`, which is `f32`
        // or `f64` and takes every bit pattern. They are handed out only here, and the block is neither moved nor freed
        // before `reset`, which needs the arena exclusively.
        unsafe { std::slice::from_raw_parts_mut(block.0.cast::<Line>().add(start).cast().as_ptr(), len) }
    }

    /// Takes everything back. Where one block did not suffice, the next pass gets one that does.
    pub(crate) fn reset(&mut self) {
        let blocks = self.blocks.get_mut();
        if blocks.len() > 1 {
            let total = blocks.iter().map(Block::lines).sum();
            blocks.clear();
            blocks.push(Block::zeroed(total));
        }
        self.used.set(0);
    }

    /// The bytes that the arena holds, handed out or not.
    pub(crate) fn bytes(&self) -> usize {
        // SAFETY: `Arena` is not `Sync`, and no other borrow of the list is alive.
        unsafe { &*self.blocks.get() }.iter().map(|block| block.lines() * LINE).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_aligned_and_apart() {
        let arena = Arena::<f32>::new();
        let first = arena.take(3);
        let second = arena.take(100_000);
        first.fill(1.0);
        second.fill(2.0);
        assert_eq!(first, [1.0; 3]);
        assert_eq!(second.as_ptr() as usize % LINE, 0);
        assert!(arena.take(0).is_empty());
    }

    #[test]
    fn a_reset_arena_serves_the_same_pass_from_one_block() {
        let mut arena = Arena::<f64>::new();
        for _ in 0..3 {
            for _ in 0..10 {
                arena.take(10_000).fill(1.0);
            }
            arena.reset();
        }
        let bytes = arena.bytes();
        for _ in 0..10 {
            arena.take(10_000).fill(1.0);
        }
        assert_eq!(arena.bytes(), bytes);
    }
}
