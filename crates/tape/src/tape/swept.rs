//! What the plain functions ask of a tape: values and gradients of a root, or what is wrong with it.

use super::Tape;
use crate::error::Error;
use crate::gradients::Gradients;
use crate::living;
use crate::real::Real;
use crate::sweep::{self, Root};
use crate::var::Var;

impl<T: Real> Tape<T> {
    /// The value and the gradients of a root that may be constant: its gradients are zero then.
    pub(crate) fn try_value_and_grad_of(&self, root: impl Root<T>) -> Result<(T, Gradients<T>), Error> {
        sweep::value_and_grad(|| self.borrow(), root)
    }

    /// Refuses a variable that is not of this recording.
    pub(crate) fn own_var(&self, var: Var<T>, operation: &'static str) -> Result<(), Error> {
        let storage = self.read();
        if var.is_constant() || storage.owns(var.recording(), var.node()) {
            return Ok(());
        }
        Err(living::mismatch::<T>((storage.recording(), 0), (var.recording(), var.node()), operation))
    }
}
