//! Control over recording: going back to a position, pausing, watching for anomalies.

use super::{Storage, Tape};
use crate::anomaly::{Anomalies, Watch};
use crate::custom::Callbacks;
use crate::error::{Error, unwrap};
use crate::living;
use crate::position::Position;
use crate::real::Real;

impl<T: Real> Storage<T> {
    /// The end of the recording.
    fn position(&self) -> Position {
        Position {
            era: self.eras.at_end(self.nodes.len()),
            nodes: self.nodes.len() as u32,
            slots: self.slots.len() as u32,
            operands: self.operands.len() as u32,
            indices: self.indices.len() as u32,
            arena: self.arena.mark(),
            bound: self.bound.is_some(),
            updates: self.updates.len() as u32,
        }
    }

    /// Forgets what was recorded behind a position, which must be one of this recording, and returns the code of users
    /// that ran there.
    fn rewind(&mut self, position: Position) -> Callbacks<T> {
        // Taken apart completely, so that whoever gives the tape another list is asked what a rewind does to it.
        let Self {
            nodes,
            slots,
            operands,
            indices,
            arena,
            bound,
            updates,
            watch,
            recording,
            eras,
            badge,
            paused,
            scratch,
            callbacks,
            origins,
            guards,
            replaced,
        } = self;
        // A program's recording is lent out shared, so that nobody can rewind it. So is a tape while a tensor stands in for a
        // parameter.
        let _stay = (recording, eras, badge, paused, scratch, origins, guards, replaced);
        nodes.truncate(position.nodes as usize);
        slots.truncate(position.slots as usize);
        operands.truncate(position.operands as usize);
        indices.truncate(position.indices as usize);
        arena.rewind(position.arena);
        updates.truncate(position.updates as usize);
        if !position.bound {
            *bound = None;
        }
        if let Some(watch) = watch {
            watch.forget_behind(position.nodes as usize);
        }
        callbacks.take_from(position.nodes)
    }
}

impl<T: Real> Tape<T> {
    /// The end of the recording, to [`rewind`](Self::rewind) to.
    #[must_use]
    pub fn position(&self) -> Position {
        self.read().position()
    }

    /// Forgets what was recorded behind a position, and keeps its memory for what follows. Handles from before the
    /// position stay valid, parameters that were bound before it stay bound; handles from behind it are refused from now
    /// on, also when new nodes have taken their place.
    ///
    /// What several computations share is recorded once, and each starts from there:
    ///
    /// ```
    /// let mut tape = tape::Tape::<f64>::new();
    /// let x = tape.var(0.5);
    /// let shared = x.exp();
    /// let here = tape.position();
    /// for n in 1..1000 {
    ///     assert_eq!((shared * f64::from(n)).backward()[x], 0.5_f64.exp() * f64::from(n));
    ///     tape.rewind(here);
    /// }
    /// assert_eq!(tape.len(), 2);
    /// ```
    ///
    /// # Panics
    /// If the position is not one of this recording, or lies behind one that was rewound to; see
    /// [`try_rewind`](Self::try_rewind).
    #[track_caller]
    pub fn rewind(&mut self, position: Position) {
        unwrap(self.try_rewind(position));
    }

    /// As [`rewind`](Self::rewind).
    ///
    /// # Errors
    /// [`Error::StalePosition`] if the tape was reset, or rewound to an earlier position, after this one was taken,
    /// [`Error::ForeignPosition`] if it is one of another tape; nothing is changed then.
    pub fn try_rewind(&mut self, position: Position) -> Result<(), Error> {
        let storage = self.storage_mut();
        let badge = storage.badge.as_ref().expect("a living tape has a badge");
        if !storage.eras.reach(position.era, position.nodes, storage.nodes.len()) {
            let foreign = living::is_anothers(position.era, badge);
            return Err(if foreign { Error::ForeignPosition } else { Error::StalePosition });
        }
        let number = living::renumber(badge);
        storage.eras.rewind(position.era, position.nodes, number);
        living::keep(badge, storage.eras.earlier());
        storage.recording = number;
        let forgotten = storage.rewind(position);
        self.remember();
        drop(forgotten);
        Ok(())
    }

    /// Computes without recording derivatives: what variables and tensors of this tape give meanwhile are constants. Nests,
    /// and ends also where `compute` panics. PyTorch's `no_grad`.
    ///
    /// Variables that are made meanwhile are variables as ever. Tensors need their memory until the next reset or rewind,
    /// also if they are constants; numbers need none.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.var(3.0);
    /// let scale = tape.no_grad(|| x * x);
    /// assert_eq!((scale.value(), scale.is_constant()), (9.0, true));
    /// assert_eq!((scale * x).backward()[x], 9.0);
    /// ```
    pub fn no_grad<R>(&self, compute: impl FnOnce() -> R) -> R {
        struct Resume<'a, T: Real> {
            tape: &'a Tape<T>,
            before: bool,
        }
        impl<T: Real> Drop for Resume<'_, T> {
            fn drop(&mut self) {
                self.tape.borrow().paused = self.before;
            }
        }
        let before = std::mem::replace(&mut self.borrow().paused, true);
        living::forget(self.storage);
        let _resume = Resume { tape: self, before };
        compute()
    }

    /// Has every operation from now on examined for anomalies: the first one whose value or adjoint is NaN, or infinite if
    /// that is asked for, panics with an [`Anomaly`](crate::Anomaly) that names the operation, its operands' values and the
    /// line that recorded it. Methods that return an error return it as [`Error::Anomaly`].
    ///
    /// It is meant for finding the place and slows everything down meanwhile; where it is not asked for, it costs nothing.
    /// It stays on over resets.
    ///
    /// ```
    /// use tape::{Anomalies, Tape};
    /// let tape = Tape::<f64>::new();
    /// tape.detect_anomalies(Anomalies::NonFinite);
    /// let x = tape.variable([4.0, 0.0]);
    /// let error = x.sqrt().sum().try_backward().unwrap_err();
    /// let text = error.to_string();
    /// assert!(text.starts_with("anomaly: backwards, sqrt recorded at"), "{text}");
    /// assert!(text.ends_with("gave operand 1 the adjoint inf at [1] of [2]; operands: 0 at [1] of [2]"), "{text}");
    /// ```
    pub fn detect_anomalies(&self, which: Anomalies) {
        self.borrow().watch = Watch::of(which);
        living::forget(self.storage);
    }
}
