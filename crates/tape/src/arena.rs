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

// SAFETY: A block is memory of its own, without any tie to the thread that it was made on; what is written there are numbers.
unsafe impl Send for Block {}

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
    /// Up to where memory is handed out. Blocks behind are left from before a rewind and wait to be used again.
    end: Cell<Mark>,
    element: PhantomData<T>,
}

/// A place in an arena: a block, and how many of its lines lie before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    block: usize,
    used: usize,
}

const START: Mark = Mark { block: 0, used: 0 };

impl<T: Copy> Arena<T> {
    pub(crate) const fn new() -> Self {
        const { assert!(LINE.is_multiple_of(size_of::<T>())) };
        Self { blocks: UnsafeCell::new(Vec::new()), end: Cell::new(START), element: PhantomData }
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
        let Mark { block, used: start } = self.reserve(blocks, lines);
        self.end.set(Mark { block, used: start + lines });
        let block = &blocks[block];
        assert!(start + lines <= block.lines());
        // SAFETY: The lines from `start` on lie inside the block, are aligned, and are initialised for `T`, which is `f32`
        // or `f64` and takes every bit pattern. They are handed out only here, and the block is neither moved nor freed
        // before `reset`, nor handed out again before `rewind`, which need the arena exclusively.
        unsafe { std::slice::from_raw_parts_mut(block.0.cast::<Line>().add(start).cast().as_ptr(), len) }
    }

    /// Where the next piece of so many lines begins.
    fn reserve(&self, blocks: &mut Vec<Block>, lines: usize) -> Mark {
        let Mark { block, used } = self.end.get();
        let has_room = |block: usize, used: usize| blocks.get(block).is_some_and(|block| block.lines() - used >= lines);
        if has_room(block, used) {
            return Mark { block, used };
        }
        let next = if blocks.is_empty() { 0 } else { block + 1 };
        if !has_room(next, 0) {
            // Each new block is twice as large as any before, so there are few, however often there was a rewind.
            let largest = blocks.iter().map(Block::lines).max();
            blocks.insert(next, Block::zeroed(largest.map_or(FIRST_BLOCK, |largest| 2 * largest).max(lines)));
        }
        Mark { block: next, used: 0 }
    }

    /// Up to where memory is handed out.
    pub(crate) fn mark(&self) -> Mark {
        self.end.get()
    }

    /// Takes everything back that was handed out since the mark, and keeps the memory for what follows.
    pub(crate) fn rewind(&mut self, mark: Mark) {
        self.end.set(mark);
    }

    /// Takes everything back. Where one block did not suffice, the next pass gets one that does.
    pub(crate) fn reset(&mut self) {
        let blocks = self.blocks.get_mut();
        if blocks.len() > 1 {
            let total = blocks.iter().map(Block::lines).sum();
            blocks.clear();
            blocks.push(Block::zeroed(total));
        }
        self.end.set(START);
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
    fn a_rewound_arena_hands_out_the_same_memory_again_and_leaves_what_lies_before() {
        let mut arena = Arena::<f64>::new();
        let before = NonNull::from(arena.take(5000));
        let mark = arena.mark();
        let first = [20_000, 3, 40_000].map(|len| arena.take(len).as_ptr());
        let bytes = arena.bytes();
        for _ in 0..10 {
            arena.rewind(mark);
            assert_eq!([20_000, 3, 40_000].map(|len| arena.take(len).as_ptr()), first);
        }
        assert_eq!(arena.bytes(), bytes);
        arena.rewind(mark);
        arena.take(100).fill(7.0);
        // SAFETY: The piece was handed out before the mark, so that it is still lent to this test alone.
        assert!(unsafe { before.as_ref() }.iter().all(|&element| element == 0.0));
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
