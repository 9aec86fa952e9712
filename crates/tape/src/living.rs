//! Which tape a handle belongs to.
//!
//! A handle carries a number, not a reference. Every recording has a number of its own, and this thread's table leads
//! from the number to the tape; a number that leads nowhere is a handle whose recording is over, or is another thread's.

use std::cell::Cell;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use crate::error::Error;
use crate::op::Node;
use crate::real::Real;
use crate::tape::Storage;

/// The tape that a thread used last, under the number of its current recording: one comparison, and the table is not
/// searched.
pub struct Recent<T: Real> {
    recording: Cell<u32>,
    storage: Cell<Option<NonNull<Storage<T>>>>,
}

impl<T: Real> Recent<T> {
    pub(crate) const fn none() -> Self {
        Self { recording: Cell::new(0), storage: Cell::new(None) }
    }
}

/// What other threads may know of a tape.
#[derive(Debug)]
pub(crate) struct Badge {
    thread: ThreadId,
    current: AtomicU32,
    /// The numbers of the current recording's earlier eras; see [`crate::position`].
    earlier: Mutex<Vec<u32>>,
}

/// Every living tape of every thread. Only creating and dropping a tape, and explaining a failure, look at it.
static BADGES: Mutex<Vec<Arc<Badge>>> = Mutex::new(Vec::new());

/// How many recordings there were. It does not come round in a thousand years; the 32-bit numbers made of it do.
static RECORDINGS: AtomicU64 = AtomicU64::new(0);

/// How many different numbers there are: 0 means no tape, and the highest bit is a mark.
const NUMBERS: u64 = (u32::MAX >> 1) as u64;

/// Set in the numbers of recordings that keep what is asked of their variables, so that a handle alone tells.
pub(crate) const WATCHED: u32 = 1 << 31;

fn badges() -> MutexGuard<'static, Vec<Arc<Badge>>> {
    // The list is whole after every operation on it, also where a thread panicked while it held the lock.
    BADGES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number for a new recording.
///
/// After 2^31 - 1 recordings, hours of tiny steps, the numbers come round. One that a living tape still bears is left
/// out, so that two tapes never share one. What remains is a handle that was kept for exactly 2^31 - 1 recordings and is
/// taken for one of the current: its node number is still checked, so it reads a wrong number, never wild memory.
fn next_number() -> u32 {
    loop {
        let count = RECORDINGS.fetch_add(1, Ordering::Relaxed);
        let number = (count % NUMBERS) as u32 + 1;
        if count < NUMBERS
            || badges().iter().all(|badge| ![number, number | WATCHED].iter().any(|&number| badge.bears(number)))
        {
            return number;
        }
    }
}

/// Enters a new tape into this thread's table; its recordings are `WATCHED`, or the mark is 0.
pub(crate) fn enter<T: Real>(storage: NonNull<Storage<T>>, mark: u32) -> Arc<Badge> {
    let number = next_number() | mark;
    let badge = Arc::new(Badge {
        thread: std::thread::current().id(),
        current: AtomicU32::new(number),
        earlier: Mutex::default(),
    });
    badges().push(Arc::clone(&badge));
    T::living().with_borrow_mut(|living| living.push(storage));
    badge
}

/// Gives what a tape records next a number of its own.
pub(crate) fn renumber(badge: &Badge) -> u32 {
    let number = next_number() | (badge.number() & WATCHED);
    badge.current.store(number, Ordering::Relaxed);
    number
}

/// Says under which numbers what a tape recorded before is still valid.
pub(crate) fn keep(badge: &Badge, earlier: impl Iterator<Item = u32>) {
    let mut kept = badge.earlier();
    kept.clear();
    kept.extend(earlier);
}

/// Makes a tape the one that the thread used last.
pub(crate) fn remember<T: Real>(storage: NonNull<Storage<T>>, recording: u32) {
    T::recent().with(|recent| {
        recent.recording.set(recording);
        recent.storage.set(Some(storage));
    });
}

/// Makes every use of a tape search for it, until it is remembered again.
pub(crate) fn forget<T: Real>(storage: NonNull<Storage<T>>) {
    // A thread that is ending may have lost its memory already.
    let _ = T::recent().try_with(|recent| {
        if recent.storage.get() == Some(storage) {
            recent.recording.set(0);
            recent.storage.set(None);
        }
    });
}

/// Takes a tape that is about to be freed out of the table.
pub(crate) fn leave<T: Real>(storage: NonNull<Storage<T>>, badge: &Arc<Badge>) {
    badges().retain(|other| !Arc::ptr_eq(other, badge));
    // A thread that is ending may have lost its table already; then nobody can look the tape up any more either.
    let _ = T::living().try_with(|living| living.borrow_mut().retain(|&other| other != storage));
    forget(storage);
}

impl Badge {
    pub(crate) fn number(&self) -> u32 {
        self.current.load(Ordering::Relaxed)
    }

    fn earlier(&self) -> MutexGuard<'_, Vec<u32>> {
        self.earlier.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bears(&self, number: u32) -> bool {
        self.number() == number || self.earlier().contains(&number)
    }
}

/// Whether another tape than the one with this badge bears the number.
pub(crate) fn is_anothers(number: u32, own: &Arc<Badge>) -> bool {
    badges().iter().any(|badge| !Arc::ptr_eq(badge, own) && badge.bears(number))
}

/// The tape that was used last, if this is the number of its current era. A tape whose use is observed (paused, or watched
/// for anomalies) is never remembered, so that this one comparison is all that those modes cost where they are off.
#[inline(always)]
fn recent<T: Real>(recording: u32) -> Option<NonNull<Storage<T>>> {
    T::recent().with(|recent| match recent.storage.get() {
        Some(storage) if recent.recording.get() == recording => Some(storage),
        Some(_) | None => None,
    })
}

/// Adds a node whose operands all bear this number, if it is that of the tape that was used last.
#[inline(always)]
pub(crate) fn push<T: Real>(recording: u32, node: Node<T>) -> Option<u32> {
    // SAFETY: As in `with`.
    recent(recording).map(|storage| unsafe { &mut *storage.as_ptr() }.push(node))
}

/// Whether the tape that was used last bears this number: then it is neither paused nor watched.
#[inline(always)]
pub(crate) fn is_recent<T: Real>(recording: u32) -> bool {
    recent::<T>(recording).is_some()
}

/// Does something to the tape that a handle belongs to.
///
/// `work` must not run code of users, which could come back here while the tape is borrowed.
#[inline(always)]
#[track_caller]
pub(crate) fn with<T: Real, R>(
    recording: u32,
    node: u32,
    operation: &'static str,
    work: impl FnOnce(&mut Storage<T>) -> R,
) -> Result<R, Error> {
    let storage = match recent(recording) {
        Some(storage) => storage,
        None => search(recording, node, operation)?,
    };
    // SAFETY: A tape in the table is alive: it leaves the table before it is freed, and both happen on this thread.
    // Nobody else borrows it: `work` runs no code of users, so these borrows do not nest, and `Tape` itself only goes
    // through here or holds no borrow while it runs code of users.
    let storage = unsafe { &mut *storage.as_ptr() };
    storage.watch_from(Location::caller());
    let done = work(storage);
    storage.watched(done)
}

#[cold]
fn search<T: Real>(recording: u32, node: u32, operation: &'static str) -> Result<NonNull<Storage<T>>, Error> {
    // SAFETY: As in `with`.
    let owns = |storage: &NonNull<Storage<T>>| unsafe { storage.as_ref() }.owns(recording, node);
    let storage = T::living().with_borrow(|living| living.iter().copied().find(owns));
    let storage = storage.ok_or_else(|| explain(recording, operation))?;
    // SAFETY: As in `with`.
    let owner = unsafe { storage.as_ref() };
    // Handles of earlier eras are searched for every time: that their nodes are still there is seen only here.
    if owner.recording() == recording && !owner.is_observed() {
        remember(storage, recording);
    }
    Ok(storage)
}

/// Why two handles do not go together, each a recording's number and a node.
#[cold]
pub(crate) fn mismatch<T: Real>(left: (u32, u32), right: (u32, u32), operation: &'static str) -> Error {
    let stale = [left, right].map(|(recording, node)| search::<T>(recording, node, operation).err());
    stale.into_iter().flatten().next().unwrap_or(Error::Foreign { operation })
}

/// Why a handle leads to no tape of this thread.
#[cold]
fn explain(recording: u32, operation: &'static str) -> Error {
    let here = std::thread::current().id();
    if badges().iter().any(|badge| badge.thread != here && badge.bears(recording)) {
        return Error::OtherThread { operation };
    }
    Error::Stale { operation }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    /// After 2^31 - 1 recordings the numbers start over. A tape that lives through all of them keeps its own, also those of
    /// what it recorded before it was rewound.
    #[test]
    fn numbers_that_come_round_leave_living_tapes_alone() {
        let mut old = Tape::<f64>::new();
        let x = old.var(3.0);
        let here = old.position();
        old.rewind(here);
        let y = old.var(4.0);
        let until_x = NUMBERS - 2 + u64::from(x.recording());
        RECORDINGS.fetch_max(until_x, Ordering::Relaxed);
        let mut new = Tape::<f64>::new();
        for _ in 0..4 {
            new.reset();
            let number = new.var(1.0).recording();
            assert!(number != x.recording() && number != y.recording());
        }
        assert_eq!((x * y).backward()[x], 4.0);
    }
}
