//! What running statistics become behind a step, kept while the optimizer has the gradients.

use std::ops::Range;

use tape::{Gradients, Params, Real};

/// New elements of parameters that are not trained. Its memory serves every step.
#[derive(Debug, Default)]
pub(crate) struct Updates<T> {
    places: Vec<Range<usize>>,
    elements: Vec<T>,
}

impl<T: Real> Updates<T> {
    /// Keeps the updates that came with these gradients, and none of before.
    pub(crate) fn keep(&mut self, params: &Params<T>, gradients: &Gradients<T>) {
        self.places.clear();
        self.elements.clear();
        for (id, value) in gradients.updates() {
            self.places.push(params.parameter(id).range());
            self.elements.extend(value.iter());
        }
    }

    pub(crate) fn write(&self, params: &mut Params<T>) {
        let mut elements = &self.elements[..];
        for place in &self.places {
            let (own, behind) = elements.split_at(place.len());
            params.values_mut()[place.clone()].copy_from_slice(own);
            elements = behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use tape::Tape;

    use super::*;

    #[test]
    fn the_last_updates_are_written_to_their_parameters() {
        let mut params = Params::<f64>::new();
        let w = params.add("w", &array![2.0]);
        let [one, other] = ["one", "other"].map(|name| params.add_buffer(name, &array![0.0, 0.0]));
        let mut updates = Updates::default();
        for factor in [1.0, 10.0] {
            let (_, gradients) = Tape::new().value_and_grad(&params, |pass| {
                let pass = &pass.training(0);
                pass.update(other, pass.constant([1.0, 2.0]) * factor);
                pass.update(one, pass.constant([3.0, 4.0]) * factor);
                pass.parameter(w).sum()
            });
            updates.keep(&params, &gradients);
        }
        assert_eq!(params.values(), [2.0, 0.0, 0.0, 0.0, 0.0]);
        updates.write(&mut params);
        assert_eq!(params.values(), [2.0, 30.0, 40.0, 10.0, 20.0]);
    }
}
