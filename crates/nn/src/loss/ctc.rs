//! Connectionist temporal classification: how unlikely is a sequence of labels, whenever each of them is said?
//!
//! Every time step says a class or the blank. A path, one of them for each step, spells the sequence that is left when
//! repetitions are merged and then blanks removed. The loss is minus the logarithm of the sum of the probabilities of
//! all paths that spell the target. The sum is taken by the forward recursion over the states of the target (before,
//! between and after its labels a blank; at each label), in logarithms, for all sequences of a batch at once:
//!
//! ```text
//! blank(i)' = blank(i) + label(i-1), times the probability of the blank
//! label(i)' = label(i) + blank(i) + label(i-1) if label i differs from label i-1, times the probability of label i
//! ```
//!
//! Each time step is a handful of operations of the tape over `[batch, states]`, so the gradient, the backward
//! recursion, is the tape's.
//!
//! | setting | default |
//! | --- | --- |
//! | `blank` | 0, the class that stands for nothing |
//! | `zero_infinity` | false; true lets a target that is too long for its input cost 0 instead of infinity |
//!
//! The mean is that over the batch of the losses divided by the lengths of their targets (by 1 for an empty one).
//!
//! A. Graves, S. Fernández, F. Gomez and J. Schmidhuber, "Connectionist Temporal Classification: Labelling Unsegmented
//! Sequence Data with Recurrent Neural Networks", ICML 2006.
//!
//! PyTorch: `nn.CTCLoss`, `nn.functional.ctc_loss`, whose axes, defaults and mean these are. Departures: targets are
//! padded to one length (PyTorch also takes them one after another); the gradient is that with respect to the
//! log-probabilities, where PyTorch adds the probabilities to it, which makes no difference behind a `log_softmax`; and
//! where the loss is infinite its gradient is 0, where PyTorch has NaN.

use tape::{Indices, Mask, Padding, Real, Tensor};

use super::{check_setting, reduces};
use crate::error::{Error, unwrap};
use crate::loss::reduction::Reduction;

const NAME: &str = "ctc";

/// Connectionist temporal classification, by its [`Reduction`].
///
/// ```
/// use ndarray::array;
/// use nn::{Ctc, Reduction};
/// let tape = tape::Tape::<f64>::new();
/// // Two steps of one sequence, each saying blank, 1 or 2 with these probabilities.
/// let steps = array![[[0.5, 0.3, 0.2]], [[0.4, 0.1, 0.5]]];
/// let log_probabilities = tape.constant(&steps).ln();
/// // The target 1 is spelt by 1-1, blank-1 and 1-blank.
/// let loss = Ctc::new().reduction(Reduction::Sum).loss(log_probabilities, &array![[1]], &[2], &[1]);
/// assert!((loss.item() + (0.3 * 0.1 + 0.5 * 0.1 + 0.3 * 0.4_f64).ln()).abs() < 1e-15);
/// ```
#[doc(alias = "CTCLoss")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ctc {
    blank: usize,
    zero_infinity: bool,
    reduction: Reduction,
}

reduces!(Ctc);

impl Ctc {
    /// With class 0 as the blank, infinite losses as they are, and the mean over the batch.
    #[must_use]
    pub fn new() -> Self {
        Self { blank: 0, zero_infinity: false, reduction: Reduction::Mean }
    }

    /// With another class that stands for nothing.
    #[must_use]
    pub fn blank(self, blank: usize) -> Self {
        Self { blank, ..self }
    }

    /// Whether a target that no path of its input spells costs 0 instead of infinity.
    #[must_use]
    pub fn zero_infinity(self, zero_infinity: bool) -> Self {
        Self { zero_infinity, ..self }
    }

    /// The loss of log-probabilities `[time, batch, classes]` with targets `[batch, length]`, of each of which, as of
    /// each input, the first elements count: `input_lengths` and `target_lengths` say how many. It gives `[]`, or
    /// `[batch]` without a reduction.
    ///
    /// # Panics
    /// As [`try_loss`](Self::try_loss) fails.
    #[must_use]
    #[track_caller]
    pub fn loss<'a, T: Real>(
        &self,
        log_probabilities: Tensor<T>,
        targets: impl Into<Indices<'a>>,
        input_lengths: impl Into<Indices<'a>>,
        target_lengths: impl Into<Indices<'a>>,
    ) -> Tensor<T> {
        unwrap(self.try_loss(log_probabilities, targets, input_lengths, target_lengths))
    }

    /// As [`loss`](Self::loss).
    ///
    /// # Errors
    /// [`Error::Operand`] if log-probabilities, targets or lengths do not have the shapes above, [`Error::Label`] if a
    /// target, or what it is padded with, is no class, [`Error::SequenceLength`] if a sequence is longer than its axis,
    /// [`Error::Setting`] if the blank is no class, or a label.
    ///
    /// # Panics
    /// If the recording of the log-probabilities is over, or on another thread.
    #[track_caller]
    pub fn try_loss<'a, T: Real>(
        &self,
        log_probabilities: Tensor<T>,
        targets: impl Into<Indices<'a>>,
        input_lengths: impl Into<Indices<'a>>,
        target_lengths: impl Into<Indices<'a>>,
    ) -> Result<Tensor<T>, Error> {
        let sequences = Sequences {
            log_probabilities,
            targets: targets.into(),
            input_lengths: input_lengths.into(),
            target_lengths: target_lengths.into(),
        };
        self.check(&sequences)?;
        let losses = -sequences.log_likelihoods(self.blank)?;
        let losses = match self.zero_infinity {
            true => losses.eq(T::infinity()).select(T::zero(), losses),
            false => losses,
        };
        let losses = match self.reduction {
            Reduction::Mean => losses / sequences.divisors()?,
            Reduction::None | Reduction::Sum | Reduction::BatchMean => losses,
        };
        self.reduction.apply(losses)
    }

    fn check<T: Real>(&self, sequences: &Sequences<'_, T>) -> Result<(), Error> {
        let shape = sequences.log_probabilities.shape();
        let &[time, batch, classes] = &*shape else {
            let rule = "[time, batch, classes] is needed";
            return Err(Error::Operand { loss: NAME, operand: "log_probabilities", shape, rule });
        };
        check_setting(NAME, "blank", &self.blank, self.blank < classes, "it must be a class")?;
        let targets = &sequences.targets;
        let shape = targets.shape().clone();
        let &[rows, longest] = &*shape else {
            let rule = "[batch, length] is needed";
            return Err(Error::Operand { loss: NAME, operand: "targets", shape, rule });
        };
        if rows != batch {
            let rule = "there must be one row for each sequence of the batch";
            return Err(Error::Operand { loss: NAME, operand: "targets", shape, rule });
        }
        for (operand, lengths, most) in
            [("input_lengths", &sequences.input_lengths, time), ("target_lengths", &sequences.target_lengths, longest)]
        {
            let shape = lengths.shape();
            if **shape != [batch] {
                let (shape, rule) = (shape.clone(), "there must be one for each sequence of the batch");
                return Err(Error::Operand { loss: NAME, operand, shape, rule });
            }
            if let Some((row, &length)) = lengths.values().iter().enumerate().find(|(_, length)| **length > most) {
                return Err(Error::SequenceLength { loss: NAME, lengths: operand, length, row, most });
            }
        }
        let labels = targets.values();
        if let Some((row, &label)) = labels.iter().enumerate().find(|(_, label)| **label >= classes) {
            return Err(Error::Label { loss: NAME, label, row, classes });
        }
        let mut said = (0..batch).flat_map(|row| &labels[row * longest..][..sequences.target_lengths.values()[row]]);
        let rule = "it must not be a label of a target";
        check_setting(NAME, "blank", &self.blank, said.all(|&label| label != self.blank), rule)
    }
}

/// A batch of inputs and targets that fit together.
struct Sequences<'a, T> {
    log_probabilities: Tensor<T>,
    targets: Indices<'a>,
    input_lengths: Indices<'a>,
    target_lengths: Indices<'a>,
}

impl<T: Real> Sequences<'_, T> {
    /// For every sequence the logarithm of the probability of its target: `[batch]`.
    #[track_caller]
    fn log_likelihoods(&self, blank: usize) -> Result<Tensor<T>, Error> {
        let x = self.log_probabilities;
        let (time, batch, length) = (x.shape()[0], self.targets.shape()[0], self.targets.shape()[1]);
        let nothing = T::neg_infinity();
        // Before the first step all is where the path begins: at the blank before the first label.
        let mut start = vec![nothing; length + 1];
        start[0] = T::zero();
        let mut blanks = x.new_constant(start).try_broadcast_to([batch, length + 1])?;
        let mut labels = blanks.new_constant(vec![nothing; length]).try_broadcast_to([batch, length])?;
        let skips = self.skips(length)?;
        let remaining = self.look_up(&self.input_lengths, (0..=time).map(|steps| steps as f64))?.try_unsqueeze(1)?;
        for step in 0..time {
            let said = x.try_select(0, step as isize)?;
            let into_blanks = blanks.logaddexp(behind(labels, nothing)?);
            let stay = |states: Tensor<T>| states.try_narrow(1, 0..length);
            let into_labels = labels.logaddexp(skips.select(stay(into_blanks)?, stay(blanks)?));
            // The end of the input is where the states stay as they are.
            let goes_on = remaining.gt(T::from_f64(step as f64));
            blanks = goes_on.select(into_blanks + said.try_narrow(1, blank..blank + 1)?, blanks);
            labels = goes_on.select(into_labels + said.try_gather(1, &self.targets)?, labels);
        }
        // A path ends at the last label, or at the blank behind it.
        let last = self.target_lengths.clone().reshape([batch, 1]).expect("there is one length a sequence");
        let ends = blanks.try_gather(1, &last)?.logaddexp(behind(labels, nothing)?.try_gather(1, &last)?);
        Ok(ends.try_squeeze(1)?)
    }

    /// Which labels may follow the one before without a blank between: `[batch, length]`.
    #[track_caller]
    fn skips(&self, length: usize) -> Result<Mask<T>, Error> {
        let classes = self.log_probabilities.shape()[2];
        let labels = self.look_up(&self.targets, (0..classes).map(|class| class as f64))?;
        Ok(labels.ne(behind(labels, -T::one())?.try_narrow(1, 0..length)?))
    }

    /// What the mean divides each loss by: the length of its target, or 1.
    #[track_caller]
    fn divisors(&self) -> Result<Tensor<T>, Error> {
        let longest = self.targets.shape()[1];
        self.look_up(&self.target_lengths, (0..=longest).map(|length| length.max(1) as f64))
    }

    /// For every index the number that a table has for it: so it is that of each run, also in a program.
    #[track_caller]
    fn look_up(&self, indices: &Indices<'_>, table: impl Iterator<Item = f64>) -> Result<Tensor<T>, Error> {
        let table: Vec<T> = table.map(T::from_f64).collect();
        Ok(self.log_probabilities.new_constant(table).try_take(indices)?)
    }
}

/// Each element one further on along the last axis, with a number before the first: `[batch, n] -> [batch, n + 1]`.
#[track_caller]
fn behind<T: Real>(states: Tensor<T>, first: T) -> Result<Tensor<T>, Error> {
    Ok(states.try_pad([(0, 0), (1, 0)], Padding::Constant(first))?)
}

/// The mean over the batch of minus the logarithm of the probability of each target, divided by its length:
/// `[time, batch, classes] -> []`, with targets `[batch, length]`. [`Ctc`] has settings.
///
/// ```
/// use ndarray::array;
/// let tape = tape::Tape::<f64>::new();
/// let x = tape.variable(array![[[0.5_f64.ln(), 0.5_f64.ln()]], [[0.25_f64.ln(), 0.75_f64.ln()]]]);
/// // Nothing is said by two blanks alone.
/// let loss = nn::ctc(x, &array![[1]], &[2], &[0]);
/// assert!((loss.item() - 8.0_f64.ln()).abs() < 1e-15);
/// assert_eq!(loss.backward()[x].as_slice(), Some(&[-1.0, 0.0, -1.0, 0.0][..]));
/// ```
///
/// # Panics
/// As [`Ctc::try_loss`] fails.
#[doc(alias = "ctc_loss")]
#[must_use]
#[track_caller]
pub fn ctc<'a, T: Real>(
    log_probabilities: Tensor<T>,
    targets: impl Into<Indices<'a>>,
    input_lengths: impl Into<Indices<'a>>,
    target_lengths: impl Into<Indices<'a>>,
) -> Tensor<T> {
    Ctc::new().loss(log_probabilities, targets, input_lengths, target_lengths)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, array};
    use tape::Tape;

    use super::*;

    /// The sum over all paths, one by one.
    fn by_paths(steps: &Array3<f64>, target: &[usize]) -> f64 {
        let (time, classes) = (steps.shape()[0], steps.shape()[2]);
        let paths = (0..classes.pow(time as u32)).map(|path| {
            let said: Vec<usize> = (0..time).map(|step| path / classes.pow(step as u32) % classes).collect();
            let mut merged = said.clone();
            merged.dedup();
            merged.retain(|&class| class != 0);
            let probability: f64 = said.iter().enumerate().map(|(step, &class)| steps[[step, 0, class]]).product();
            if merged == target { probability } else { 0.0 }
        });
        paths.sum()
    }

    #[test]
    fn it_sums_over_all_paths_that_spell_the_target() {
        let steps = Array3::from_shape_fn((5, 1, 3), |(step, _, class)| [0.2, 0.3, 0.5][(step * step + class) % 3]);
        for target in [&[][..], &[1], &[2, 1], &[1, 1], &[1, 1, 1], &[2, 2, 1], &[1, 2, 1, 2]] {
            let tape = Tape::<f64>::new();
            let padded = ndarray::Array2::from_shape_fn((1, 4), |(_, at)| target.get(at).copied().unwrap_or(0));
            let loss = Ctc::new().reduction(Reduction::None);
            let losses = loss.loss(tape.constant(&steps).ln(), &padded, &[5], &[target.len()]);
            let expected = -by_paths(&steps, target).ln();
            assert!((losses.to_array()[[0]] - expected).abs() < 1e-14, "{target:?}: {}", losses.to_array());
        }
    }

    #[test]
    fn a_target_that_is_too_long_costs_infinity_or_nothing_and_has_no_gradient() {
        for (zero_infinity, expected) in [(false, f64::INFINITY), (true, 0.0)] {
            let tape = Tape::new();
            let x = tape.variable(Array3::from_elem((2, 2, 2), -1.0));
            // Two equal labels need a blank between them.
            let loss = Ctc::new().zero_infinity(zero_infinity).reduction(Reduction::None);
            let losses = loss.loss(x, &array![[1, 1], [1, 0]], &[2, 2], &[2, 1]);
            assert_eq!(losses.to_array()[[0]], expected);
            let gradients = losses.sum().backward();
            for (at, gradient) in gradients[x].indexed_iter() {
                assert!(if at[1] == 0 { *gradient == 0.0 } else { *gradient < 0.0 }, "{at:?}: {gradient}");
            }
        }
    }

    #[test]
    fn no_input_spells_nothing() {
        let tape = Tape::<f64>::new();
        let x = tape.variable(Array3::from_elem((3, 2, 2), -1.0));
        let losses = Ctc::new().reduction(Reduction::None).loss(x, &array![[1], [1]], &[0, 0], &[0, 1]);
        assert_eq!(losses.to_array().as_slice(), Some(&[0.0, f64::INFINITY][..]));
    }

    #[test]
    fn misuse_is_an_error() {
        let tape = Tape::<f64>::new();
        let (x, flat) = (tape.constant(Array3::zeros((3, 1, 2))), tape.constant([0.0]));
        let (one, two) = (array![[1]], array![[1], [1]]);
        let nodes = tape.len();
        let loss = Ctc::new();
        for (found, text) in [
            (
                loss.try_loss(flat, &one, &[3], &[1]),
                "ctc: log_probabilities of shape [1]: [time, batch, classes] is needed",
            ),
            (loss.blank(2).try_loss(x, &one, &[3], &[1]), "ctc: blank 2: it must be a class"),
            (loss.blank(1).try_loss(x, &one, &[3], &[1]), "ctc: blank 1: it must not be a label of a target"),
            (loss.try_loss(x, &[1], &[3], &[1]), "ctc: targets of shape [1]: [batch, length] is needed"),
            (
                loss.try_loss(x, &two, &[3], &[1]),
                "ctc: targets of shape [2, 1]: there must be one row for each sequence of the batch",
            ),
            (
                loss.try_loss(x, &one, &[3, 3], &[1]),
                "ctc: input_lengths of shape [2]: there must be one for each sequence of the batch",
            ),
            (
                loss.try_loss(x, &one, &[4], &[1]),
                "ctc: input_lengths 4 of sequence 0: at most 3, the length of its axis",
            ),
            (
                loss.try_loss(x, &one, &[3], &[2]),
                "ctc: target_lengths 2 of sequence 0: at most 1, the length of its axis",
            ),
            (
                loss.try_loss(x, &array![[2]], &[3], &[1]),
                "ctc: label 2 of row 0: expected one below 2, the number of classes",
            ),
        ] {
            assert_eq!(found.unwrap_err().to_string(), text);
        }
        assert_eq!(tape.len(), nodes, "a failing call records nothing");
    }
}
