//! Which model does a state belong to, and how many steps has each of its parameters seen?

use std::ops::Range;

use tape::{Params, Real, Shape};

use crate::error::Error;
use crate::group::{Group, group_of};
use crate::state::ParameterState;

/// The parameters of the model that was first stepped, in the order of the flat buffer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    slots: Vec<Slot>,
}

#[derive(Debug, Clone)]
struct Slot {
    name: String,
    shape: Shape,
    range: Range<usize>,
    /// How many steps the parameter has seen. Parameters are skipped where they have no gradient, so each counts its
    /// own, as in PyTorch: a bias correction is that of the parameter's own moments.
    t: u64,
    /// Which of the optimizer's groups it is in.
    group: usize,
    /// Whether it takes part in the step in progress.
    stepped: bool,
}

/// A part of the flat buffer in the step in progress: one parameter, or neighbours that are stepped alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Which step of these parameters it is, counted from 1.
    pub(crate) t: u64,
    pub(crate) group: usize,
    pub(crate) range: Range<usize>,
}

impl Layout {
    pub(crate) fn of<T: Real>(params: &Params<T>) -> Self {
        let slots = params.iter().map(|(_, parameter)| Slot {
            name: parameter.name().to_owned(),
            shape: parameter.shape().clone(),
            range: parameter.range(),
            t: 0,
            group: 0,
            stepped: false,
        });
        Self { slots: slots.collect() }
    }

    /// The layout that a saved state describes; its names and sizes are checked, its order is taken as it is.
    pub(crate) fn restored(parameters: &[ParameterState]) -> Result<Self, Error> {
        let mut start: usize = 0;
        let mut slots: Vec<Slot> = Vec::with_capacity(parameters.len());
        for ParameterState { name, shape, step } in parameters {
            let wrong = |problem: &str| Error::State { item: format!("{name:?}"), problem: problem.to_owned() };
            if slots.iter().any(|slot| slot.name == *name) {
                return Err(wrong("it is there twice"));
            }
            // The shape comes from a file: nothing is known of it yet.
            let size = shape.iter().try_fold(1, |size: usize, &length| size.checked_mul(length));
            let end = size.and_then(|size| start.checked_add(size)).ok_or_else(|| wrong("its shape is too large"))?;
            slots.push(Slot {
                name: name.clone(),
                shape: Shape::from(&shape[..]),
                range: start..end,
                t: *step,
                group: 0,
                stepped: false,
            });
            start = end;
        }
        Ok(Self { slots })
    }

    pub(crate) fn parameters(&self) -> Vec<ParameterState> {
        let parameter =
            |slot: &Slot| ParameterState { name: slot.name.clone(), shape: slot.shape.to_vec(), step: slot.t };
        self.slots.iter().map(parameter).collect()
    }

    /// Where each parameter lies in the flat buffer.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.slots.iter().map(|slot| slot.range.clone())
    }

    /// The number of elements of all parameters together.
    pub(crate) fn size(&self) -> usize {
        self.slots.last().map_or(0, |slot| slot.range.end)
    }

    /// Whether these are the names and shapes of `params`, in their order. Allocates nothing if they are.
    pub(crate) fn check_model<T: Real>(&self, params: &Params<T>) -> Result<(), Error> {
        let model = params.iter().map(|(_, parameter)| (parameter.name(), &**parameter.shape()));
        self.check_same(model)
    }

    /// Whether a saved state is of the same model.
    pub(crate) fn check_state(&self, saved: &Self) -> Result<(), Error> {
        saved.check_same(self.slots.iter().map(|slot| (&*slot.name, &*slot.shape)))
    }

    fn check_same<'a>(&self, mut model: impl Iterator<Item = (&'a str, &'a [usize])>) -> Result<(), Error> {
        let mut state = self.slots.iter().map(|slot| (&*slot.name, &*slot.shape));
        for index in 0.. {
            let (state, model) = (state.next(), model.next());
            if state != model {
                let text = |parameter: Option<(&str, &[usize])>| match parameter {
                    Some((name, shape)) => format!("{name:?} {shape:?}"),
                    None => "none".to_owned(),
                };
                return Err(Error::Model { index, state: text(state), model: text(model) });
            }
            if state.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Sorts the parameters into groups by their names.
    pub(crate) fn assign_groups(&mut self, groups: &[Group]) {
        for slot in &mut self.slots {
            slot.group = group_of(&slot.name, groups);
        }
    }

    /// Counts a step for every parameter in the stretches, which are sorted.
    pub(crate) fn count_step(&mut self, stretches: &[Range<usize>]) {
        let mut stretches = stretches.iter().peekable();
        for slot in &mut self.slots {
            while stretches.next_if(|stretch| stretch.end <= slot.range.start).is_some() {}
            let reached = stretches.peek().is_some_and(|stretch| stretch.start <= slot.range.start);
            slot.stepped = reached && !slot.range.is_empty();
            slot.t += u64::from(slot.stepped);
        }
    }

    /// What takes part in the step: neighbours whose counters and groups are equal together.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part> {
        let mut slots = self.slots.iter().filter(|slot| slot.stepped).peekable();
        std::iter::from_fn(move || {
            let Slot { t, group, range, .. } = slots.next()?;
            let mut range = range.clone();
            while let Some(next) =
                slots.next_if(|next| next.range.start == range.end && next.t == *t && next.group == *group)
            {
                range.end = next.range.end;
            }
            Some(Part { t: *t, group: *group, range })
        })
    }

    /// What takes part in the step, each parameter by itself, with its index and shape.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = (usize, &[usize], Part)> {
        self.slots.iter().enumerate().filter(|(_, slot)| slot.stepped).map(|(index, slot)| {
            let Slot { t, group, range, .. } = slot;
            (index, &*slot.shape, Part { t: *t, group: *group, range: range.clone() })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    fn layout(slots: &[(usize, u64)]) -> Layout {
        let parameters: Vec<_> = slots
            .iter()
            .zip('a'..)
            .map(|(&(size, step), name)| ParameterState { name: name.to_string(), shape: vec![size], step })
            .collect();
        Layout::restored(&parameters).unwrap()
    }

    fn pieces(layout: &mut Layout, stretches: &[Range<usize>]) -> Vec<(u64, Range<usize>)> {
        layout.count_step(stretches);
        layout.parts().map(|part| (part.t, part.range)).collect()
    }

    fn counters(layout: &Layout) -> Vec<u64> {
        layout.slots.iter().map(|slot| slot.t).collect()
    }

    #[test]
    fn neighbours_with_equal_counters_are_one_piece() {
        let mut layout = layout(&[(2, 5), (3, 5), (1, 0), (4, 5)]);
        assert_eq!(pieces(&mut layout, slice::from_ref(&(0..10))), [(6, 0..5), (1, 5..6), (6, 6..10)]);
        assert_eq!(counters(&layout), [6, 6, 1, 6]);
    }

    #[test]
    fn what_is_not_in_a_stretch_is_not_counted() {
        let mut layout = layout(&[(2, 0), (3, 0), (1, 0), (4, 0)]);
        assert_eq!(pieces(&mut layout, &[2..5, 6..10]), [(1, 2..5), (1, 6..10)]);
        assert_eq!(counters(&layout), [0, 1, 0, 1]);
        assert_eq!(pieces(&mut layout, slice::from_ref(&(0..10))), [(1, 0..2), (2, 2..5), (1, 5..6), (2, 6..10)]);
        assert_eq!(pieces(&mut layout, &[]), []);
    }

    #[test]
    fn empty_parameters_neither_split_nor_count() {
        let mut layout = layout(&[(0, 0), (2, 3), (0, 0), (3, 3), (0, 0)]);
        assert_eq!(pieces(&mut layout, &[0..0, 0..5, 5..5]), [(4, 0..5)]);
        assert_eq!(counters(&layout), [0, 4, 0, 4, 0]);
    }

    #[test]
    fn neighbours_of_different_groups_are_two_pieces() {
        let mut layout = layout(&[(2, 0), (3, 0), (1, 0)]);
        layout.assign_groups(&[Group::new("b")]);
        assert_eq!(pieces(&mut layout, slice::from_ref(&(0..6))), [(1, 0..2), (1, 2..5), (1, 5..6)]);
        let tensors: Vec<_> = layout.tensors().map(|(index, shape, part)| (index, shape[0], part.group)).collect();
        assert_eq!(tensors, [(0, 2, 0), (1, 3, 1), (2, 1, 0)]);
    }
}
