//! What a model makes of a batch, and how that is scored.

use ndarray::Axis;
use tape::{Params, Pass, Real, Tape, Tensor};

use crate::dataset::{Batch, Dataset};
use crate::metrics::{Metrics, Tally, highest};
use crate::rows::Rows;

/// What a closure that is given to [`Trainer::run`](crate::Trainer::run) or [`evaluate`] may return.
///
/// A single [`Tensor`] is the loss. A pair is the loss and the scores of the classes (logits or probabilities,
/// `[n, ..., classes]`), from which the accuracy is counted; it needs targets that are class numbers, one for each row
/// of scores.
pub trait Outcome<T: Real, Y> {
    /// The loss, of one element: the mean over the batch.
    fn loss(&self) -> Tensor<T>;

    /// How many of the predictions are right, and how many there are; `None` where there are no classes.
    ///
    /// # Panics
    /// If there are not as many predictions as targets.
    fn hits(&self, pass: &Pass<'_, T>, targets: &Y) -> Option<(usize, usize)>;
}

impl<T: Real, Y> Outcome<T, Y> for Tensor<T> {
    fn loss(&self) -> Tensor<T> {
        *self
    }

    fn hits(&self, _pass: &Pass<'_, T>, _targets: &Y) -> Option<(usize, usize)> {
        None
    }
}

impl<T: Real, Y> Outcome<T, Y> for (Tensor<T>, Tensor<T>)
where
    for<'a> &'a Y: IntoIterator<Item = &'a usize>,
{
    fn loss(&self) -> Tensor<T> {
        self.0
    }

    fn hits(&self, pass: &Pass<'_, T>, targets: &Y) -> Option<(usize, usize)> {
        let scores = pass.view(self.1);
        let last = Axis(scores.ndim().checked_sub(1).expect("scores have an axis of classes"));
        let mut targets = targets.into_iter();
        let (mut right, mut predictions) = (0, 0);
        for row in scores.lanes(last) {
            let Some(&target) = targets.next() else {
                panic!("accuracy: scores of shape {:?} are more rows than there are targets", scores.shape());
            };
            right += usize::from(highest(row.iter()) == target);
            predictions += 1;
        }
        let left = targets.count();
        assert!(
            left == 0,
            "accuracy: scores of shape {:?} are {left} rows less than there are targets",
            scores.shape()
        );
        Some((right, predictions))
    }
}

/// Loss and accuracy of a model over a data set, `batch_size` examples at a time.
///
/// The loss is the mean over the examples, each batch counting by their number. Over no examples it is NaN.
///
/// ```
/// use ndarray::array;
/// use train::Dataset;
/// let mut params = tape::Params::<f64>::new();
/// let weight = params.add("weight", &array![[2.0], [0.0]]);
/// let data = Dataset::new(array![[1.0, 9.0], [2.0, 9.0], [3.0, 9.0]], array![[2.0], [4.0], [9.0]])?;
/// let metrics = train::evaluate(&mut tape::Tape::new(), &params, &data, 2, |pass, batch| {
///     let error = pass.constant(&batch.inputs).matmul(pass.parameter(weight)) - pass.constant(&batch.targets);
///     (error * error).mean()
/// });
/// assert_eq!(metrics.loss, 3.0);
/// assert_eq!(metrics.accuracy, None);
/// # Ok::<(), train::Error>(())
/// ```
///
/// # Panics
/// If `batch_size` is 0.
#[track_caller]
pub fn evaluate<T: Real, X: Rows, Y: Rows, R: Outcome<T, Y>>(
    tape: &mut Tape<T>,
    params: &Params<T>,
    data: &Dataset<X, Y>,
    batch_size: usize,
    mut model: impl FnMut(&Pass<'_, T>, &Batch<X, Y>) -> R,
) -> Metrics {
    let mut tally = Tally::default();
    for batch in data.ordered_batches(batch_size) {
        let mut hits = None;
        let loss = tape.evaluate(params, |pass| {
            let outcome = model(pass, &batch);
            hits = outcome.hits(pass, &batch.targets);
            outcome.loss()
        });
        tally.add(batch.len(), Real::widen(loss.sum()), hits);
    }
    tally.metrics()
}
