//! Which tape a handle belongs to.
//!
//! A handle carries a number, not a reference. Every recording has a number of its own, and this thread's table leads
//! from the number to the tape; a number that leads nowhere is a handle whose recording is over, or is another thread's.

use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use crate::error::Error;
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
        if count < NUMBERS || badges().iter().all(|badge| badge.number() & !WATCHED != number) {
            return number;
        }
    }
}

/// Enters a new tape into this thread's table; its recordings are `WATCHED`, or the mark is 0.
pub(crate) fn enter<T: Real>(storage: NonNull<Storage<T>>, mark: u32) -> Arc<Badge> {
    let number = next_number() | mark;
    let badge = Arc::new(Badge { thread: std::thread::current().id(), current: AtomicU32::new(number) });
    badges().push(Arc::clone(&badge));
    T::living().with_borrow_mut(|living| living.push(storage));
    badge
}

/// Gives a tape's next recording its number, which ends the one before.
pub(crate) fn renumber<T: Real>(storage: NonNull<Storage<T>>, badge: &Badge) -> u32 {
    let number = next_number() | (badge.number() & WATCHED);
    badge.current.store(number, Ordering::Relaxed);
    T::recent().with(|recent| {
        recent.recording.set(number);
        recent.storage.set(Some(storage));
    });
    number
}

/// Takes a tape that is about to be freed out of the table.
pub(crate) fn leave<T: Real>(storage: NonNull<Storage<T>>, badge: &Arc<Badge>) {
    badges().retain(|other| !Arc::ptr_eq(other, badge));
    // A thread that is ending may have lost its table already; then nobody can look the tape up any more either.
    let _ = T::living().try_with(|living| living.borrow_mut().retain(|&other| other != storage));
    let _ = T::recent().try_with(|recent| {
        if recent.storage.get() == Some(storage) {
            recent.recording.set(0);
            recent.storage.set(None);
        }
    });
}

impl Badge {
    pub(crate) fn number(&self) -> u32 {
        self.current.load(Ordering::Relaxed)
    }
}

/// Does something to the tape whose current recording has this number.
///
/// `work` must not run code of users, which could come back here while the tape is borrowed.
#[inline(always)]
pub(crate) fn with<T: Real, R>(
    recording: u32,
    operation: &'static str,
    work: impl FnOnce(&mut Storage<T>) -> R,
) -> Result<R, Error> {
    let known = T::recent().with(|recent| match recent.storage.get() {
        Some(storage) if recent.recording.get() == recording => Some(storage),
        Some(_) | None => None,
    });
    let storage = match known {
        Some(storage) => storage,
        None => search(recording, operation)?,
    };
    // SAFETY: A tape in the table is alive: it leaves the table before it is freed, and both happen on this thread.
    // Nobody else borrows it: `work` runs no code of users, so these borrows do not nest, and `Tape` itself only goes
    // through here or holds no borrow while it runs code of users.
    let storage = unsafe { &mut *storage.as_ptr() };
    Ok(work(storage))
}

#[cold]
fn search<T: Real>(recording: u32, operation: &'static str) -> Result<NonNull<Storage<T>>, Error> {
    // SAFETY: As in `with`.
    let number = |storage: &NonNull<Storage<T>>| unsafe { storage.as_ref() }.recording();
    let found = T::living().with_borrow(|living| living.iter().copied().find(|storage| number(storage) == recording));
    let storage = found.ok_or_else(|| explain(recording, operation))?;
    T::recent().with(|recent| {
        recent.recording.set(recording);
        recent.storage.set(Some(storage));
    });
    Ok(storage)
}

/// Why two handles do not go together.
#[cold]
pub(crate) fn mismatch<T: Real>(left: u32, right: u32, operation: &'static str) -> Error {
    let stale = [left, right].map(|recording| with(recording, operation, |_: &mut Storage<T>| ()).err());
    stale.into_iter().flatten().next().unwrap_or(Error::Foreign { operation })
}

/// Why a number leads to no tape of this thread.
#[cold]
fn explain(recording: u32, operation: &'static str) -> Error {
    let here = std::thread::current().id();
    for badge in badges().iter() {
        if badge.current.load(Ordering::Relaxed) == recording && badge.thread != here {
            return Error::OtherThread { operation };
        }
    }
    Error::Stale { operation }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    /// After 2^31 - 1 recordings the numbers start over. A tape that lives through all of them keeps its own.
    #[test]
    fn numbers_that_come_round_leave_living_tapes_alone() {
        let old = Tape::<f64>::new();
        let x = old.var(3.0);
        let until_x = NUMBERS - 2 + u64::from(x.recording());
        RECORDINGS.fetch_max(until_x, Ordering::Relaxed);
        let mut new = Tape::<f64>::new();
        for _ in 0..4 {
            new.reset();
            assert_ne!(new.var(1.0).recording(), x.recording());
        }
        assert_eq!((x * x).backward()[x], 6.0);
    }
}
