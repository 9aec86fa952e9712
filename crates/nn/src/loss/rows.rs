//! Rows of scores with one class number each: which is right, which counts, and how much?

use tape::{Indices, Mask, Padding, Real, Shape, Tensor};

use super::reduction::Reduction;
use super::weights::Weights;
use crate::error::Error;

/// Scores `[.., classes]` as rows, and a label for each.
pub(super) struct Rows<'a, T> {
    /// `[rows, classes]`.
    pub(super) scores: Tensor<T>,
    /// `[rows, 1]`.
    pub(super) labels: Indices<'a>,
    /// The shape of the scores without their last axis.
    pub(super) leading: Shape,
    pub(super) classes: usize,
    ignored: Option<usize>,
}

impl<'a, T: Real> Rows<'a, T> {
    /// Checks that there is one label a row, each of a class, or the one that is ignored.
    #[track_caller]
    pub(super) fn new(
        loss: &'static str,
        scores: Tensor<T>,
        labels: Indices<'a>,
        ignored: Option<usize>,
    ) -> Result<Self, Error> {
        let shape = scores.shape();
        let Some((&classes, leading)) = shape.split_last() else {
            return Err(Error::NoClasses { loss, logits: shape });
        };
        let (rows, found) = (leading.iter().product(), labels.values().len());
        if found != rows {
            return Err(Error::LabelCount { loss, expected: rows, found, logits: shape });
        }
        if let Some(index) = ignored {
            let rule = "it must be a class, or the number of classes";
            super::check_setting(loss, "ignore_index", &index, index <= classes, rule)?;
        }
        let known = |label: usize| label < classes || Some(label) == ignored;
        if let Some((row, &label)) = labels.values().iter().enumerate().find(|(_, label)| !known(**label)) {
            return Err(Error::Label { loss, label, row, classes });
        }
        let leading = Shape::from(leading);
        let scores = if shape.rank() == 2 { scores } else { scores.try_reshape(Shape::from([rows, classes]))? };
        let labels = labels.reshape([rows, 1]).expect("there is one label a row");
        Ok(Self { scores, labels, leading, classes, ignored })
    }

    /// Of every row the element under its label, in a tensor like the scores: `[rows, classes] -> [rows]`.
    #[track_caller]
    pub(super) fn under_labels(&self, x: Tensor<T>) -> Result<Tensor<T>, Error> {
        // The label that is ignored may be one behind the last class: it gets an element too, which nobody looks at.
        let behind = isize::from(self.ignored == Some(self.classes));
        let x = if behind == 0 { x } else { x.try_pad([(0, 0), (0, behind)], Padding::Constant(T::zero()))? };
        Ok(x.try_gather(1, &self.labels)?.try_squeeze(1)?)
    }

    /// The weight of every row, `[rows]`: that of its label's class. Of a label that is no class it is 0.
    #[track_caller]
    pub(super) fn weights(&self, weights: &Weights) -> Result<Tensor<T>, Error> {
        let table = weights.values().iter().copied().chain([0.0]);
        self.look_up(&table.map(T::from_f64).collect::<Vec<_>>())
    }

    /// Of every row the classes that are not its label: `[rows, classes]`.
    #[track_caller]
    pub(super) fn others(&self) -> Result<Mask<T>, Error> {
        let numbers: Vec<T> = (0..self.classes).map(|class| T::from_f64(class as f64)).collect();
        let own = self.look_up(&numbers)?.try_unsqueeze(1)?;
        Ok(own.ne(own.new_constant(numbers)))
    }

    /// Which rows count, `[rows]`; `None` if no label is ignored.
    #[track_caller]
    fn counted(&self) -> Result<Option<Mask<T>>, Error> {
        let Some(ignored) = self.ignored else { return Ok(None) };
        let mut table = vec![T::one(); self.classes + 1];
        table[ignored] = T::zero();
        Ok(Some(self.look_up(&table)?.ne(T::zero())))
    }

    /// For every row the number that a table has for its label: so it is that of each run, also in a program.
    #[track_caller]
    fn look_up(&self, table: &[T]) -> Result<Tensor<T>, Error> {
        Ok(self.scores.new_constant(table).try_take(&self.labels)?.try_squeeze(1)?)
    }

    /// The losses of rows whose classes have logarithms of probabilities: with the logarithm l under the label and the
    /// weight w of its class, `-(w l keep + spread)`, and nothing for a row that is ignored; then reduced, where the
    /// mean divides by the sum of w over the rows that count.
    #[track_caller]
    pub(super) fn negated(
        &self,
        logs: Tensor<T>,
        weights: Option<&Weights>,
        keep: T,
        spread: Option<Tensor<T>>,
        reduction: Reduction,
    ) -> Result<Tensor<T>, Error> {
        let counted = self.counted()?;
        let weights = weights.map(|weights| self.weights(weights)).transpose()?;
        let mut losses = -self.under_labels(logs)?;
        if let Some(weights) = weights {
            losses *= weights;
        }
        if let Some(spread) = spread {
            losses = losses * keep - spread;
        }
        let Some(counted) = counted else {
            let losses = self.shaped(losses)?;
            return match weights {
                Some(weights) => reduction.apply_weighted(losses, weights),
                None => reduction.apply(losses),
            };
        };
        let losses = self.shaped(counted.select(losses, T::zero()))?;
        let weights = match weights {
            Some(weights) => counted.select(weights, T::zero()),
            None => counted.to_tensor(),
        };
        reduction.apply_weighted(losses, weights)
    }

    /// One loss a row in the shape of the rows.
    #[track_caller]
    pub(super) fn shaped(&self, losses: Tensor<T>) -> Result<Tensor<T>, Error> {
        Ok(if self.leading.rank() == 1 { losses } else { losses.try_reshape(&self.leading)? })
    }
}
