//! Where does each buffer lie? Buffers that are never needed at the same time share their memory.

use super::schedule::{Memory, Place, Schedule};

/// The offset of every buffer, and how much memory they take together.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) offsets: Vec<usize>,
    pub(super) len: usize,
}

/// The steps during which a buffer holds something: from the first that writes it to the last that touches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Life {
    first: usize,
    last: usize,
}

/// Buffers begin on a cache line, for elements of four bytes or more.
const LINE: usize = 16;

/// Lays the buffers out, in the order in which they come to life, each into the smallest gap that holds it.
pub(super) fn lay_out(schedule: &Schedule) -> Layout {
    let lives = lives(schedule);
    let mut order: Vec<usize> = (0..lives.len()).filter(|&buffer| lives[buffer].is_some()).collect();
    order.sort_by_key(|&buffer| lives[buffer].map(|life| life.first));
    let mut offsets = vec![0; lives.len()];
    let mut len = 0;
    // What is alive, in the order of the memory: where it begins, where it ends, and its last step.
    let mut alive: Vec<(usize, usize, usize)> = Vec::new();
    for buffer in order {
        let Some(Life { first, last }) = lives[buffer] else { continue };
        alive.retain(|&(_, _, last)| last >= first);
        let size = schedule.buffers[buffer].next_multiple_of(LINE);
        let starts = std::iter::once(0).chain(alive.iter().map(|&(_, end, _)| end));
        let ends = alive.iter().map(|&(start, ..)| start).chain(std::iter::once(usize::MAX));
        let (position, start) = starts
            .zip(ends)
            .enumerate()
            .filter(|(_, (start, end))| end - start >= size)
            .min_by_key(|(_, (start, end))| end - start)
            .map(|(position, (start, _))| (position, start))
            .expect("the last gap is endless");
        alive.insert(position, (start, start + size, last));
        offsets[buffer] = start;
        len = len.max(start + size);
    }
    let layout = Layout { offsets, len };
    assert_apart(schedule, &lives, &layout);
    layout
}

/// When each buffer is in use; `None` for one that no step touches.
fn lives(schedule: &Schedule) -> Vec<Option<Life>> {
    let mut lives: Vec<Option<Life>> = vec![None; schedule.buffers.len()];
    let mut touch = |place: &Place, step: usize| {
        if let Memory::Buffer(buffer) = place.memory {
            let life = lives[buffer as usize].get_or_insert(Life { first: step, last: step });
            *life = Life { first: life.first.min(step), last: life.last.max(step) };
        }
    };
    // Inputs are written before the first step, and roots read behind the last.
    schedule.inputs.iter().flatten().for_each(|place| touch(place, 0));
    for (index, step) in schedule.steps.iter().enumerate() {
        step.operands.iter().chain([&step.output]).for_each(|place| touch(place, index + 1));
    }
    schedule.roots.iter().for_each(|place| touch(place, schedule.steps.len() + 1));
    lives
}

/// What the steps rely on: while a buffer is alive, its memory is its own. The output of a step therefore never
/// overlaps its operands.
fn assert_apart(schedule: &Schedule, lives: &[Option<Life>], layout: &Layout) {
    let mut placed: Vec<(usize, usize, Life)> = lives
        .iter()
        .enumerate()
        .filter_map(|(buffer, life)| {
            let start = layout.offsets[buffer];
            life.map(|life| (start, start + schedule.buffers[buffer], life))
        })
        .filter(|(start, end, _)| start < end)
        .collect();
    placed.sort_by_key(|&(start, ..)| start);
    for (index, &(_, end, life)) in placed.iter().enumerate() {
        for &(_, _, other) in placed[index + 1..].iter().take_while(|&&(start, ..)| start < end) {
            let apart = life.last < other.first || other.last < life.first;
            assert!(apart, "two buffers that are alive at once overlap");
        }
    }
    for step in &schedule.steps {
        if let Memory::Buffer(_) | Memory::Gradients = step.output.memory {
            let same = |place: &&Place| place.memory == step.output.memory;
            assert_eq!(step.operands.iter().find(same), None, "a step reads what it writes: {step:?}");
        }
    }
}
