//! What do parameters that are not trained become after a step?

use crate::kernel::{self, View};
use crate::real::Real;

/// New elements of parameters, one parameter after another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Updates<T> {
    /// The parameters' numbers, and where the elements of each begin.
    starts: Vec<(u32, usize)>,
    elements: Vec<T>,
}

impl<T: Real> Updates<T> {
    /// Forgets all and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.starts.clear();
        self.elements.clear();
    }

    pub(crate) fn push(&mut self, parameter: u32, value: View<'_, T>) {
        let start = self.elements.len();
        self.starts.push((parameter, start));
        self.elements.resize(start + value.shape.iter().product::<usize>(), T::zero());
        kernel::copy(value, &mut self.elements[start..]);
    }

    /// The new elements of the parameter that was pushed as number `number`.
    #[cfg(feature = "threads")]
    pub(crate) fn value(&self, number: usize) -> &[T] {
        let end = self.starts.get(number + 1).map_or(self.elements.len(), |&(_, next)| next);
        &self.elements[self.starts[number].1..end]
    }

    /// The new elements of every parameter, to be written.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        let ends = self.starts.iter().skip(1).map(|&(_, start)| start).chain([self.elements.len()]);
        let mut rest = &mut self.elements[..];
        self.starts.iter().zip(ends).map(move |(&(_, start), end)| {
            let (own, behind) = std::mem::take(&mut rest).split_at_mut(end - start);
            rest = behind;
            own
        })
    }

    /// Every parameter's number and its new elements.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &[T])> {
        self.starts.iter().enumerate().map(|(position, &(parameter, start))| {
            let end = self.starts.get(position + 1).map_or(self.elements.len(), |&(_, next)| next);
            (parameter, &self.elements[start..end])
        })
    }
}
