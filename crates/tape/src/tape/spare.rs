//! Tapes between two uses: their memory serves the next one.

use super::Tape;
use crate::real::Real;

impl<T: Real> Tape<T> {
    /// Lends an empty tape. What is computed with it may ask for another one, and gets it; one on which something panicked
    /// is not used again.
    #[track_caller]
    pub(crate) fn with_spare<R>(compute: impl FnOnce(&mut Self) -> R) -> R {
        let mut tape = T::spare_tapes().with_borrow_mut(Vec::pop).unwrap_or_default();
        let result = compute(&mut tape);
        tape.reset();
        T::spare_tapes().with_borrow_mut(|spare| spare.push(tape));
        result
    }
}
