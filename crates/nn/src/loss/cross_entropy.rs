//! Cross-entropy from logits, for labels that are class numbers or for target probabilities.
//!
//! With rows `z` of logits and labels `c`: `-ln softmax(z)_c = ln Σ_j e^(z_j) - z_c`, and the mean over the rows. The
//! gradient of a row is `(softmax(z) - onehot(c)) / rows`. With target probabilities `t`: `-Σ_j t_j ln softmax(z)_j`.
//!
//! | setting | default |
//! | --- | --- |
//! | `weights` | none; one `w` for each class |
//! | `label_smoothing` | 0, from 0 to 1; with ε the target of a class is `(1 - ε) t + ε / classes` |
//! | `ignore_index` | none; a class, or the number of classes, whose rows cost nothing |
//!
//! With all of them, a row costs `-(1 - ε) w_c ln softmax(z)_c - ε / classes Σ_j w_j ln softmax(z)_j`. The mean divides
//! by the sum of `w_c` over the rows that are not ignored, with target probabilities by the number of rows. If all are
//! ignored, it is 0 with a zero gradient.
//!
//! C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna, "Rethinking the Inception Architecture for Computer
//! Vision", CVPR 2016 (label smoothing).
//!
//! PyTorch: `nn.CrossEntropyLoss`, `nn.functional.cross_entropy`. Departures: the classes are always the last axis
//! (PyTorch has them second, which for `[rows, classes]` is the same), so that sequences `[batch, time, classes]` need
//! no permutation; the mean over no rows is 0 with a zero gradient, where PyTorch has NaN; labels are not negative, so
//! what is ignored is not -100 unless told otherwise, but a class, as that of padding, or the number behind the last
//! one; and a target probability of 0 under a logit of minus infinity costs 0, where PyTorch has NaN.

use tape::{Elements, Indices, Real, Tensor};

use super::rows::Rows;
use super::weights::Weights;
use super::{check_setting, check_target, reduces};
use crate::error::{Error, unwrap};
use crate::loss::reduction::Reduction;

const NAME: &str = "cross_entropy";

/// The cross-entropy of logits, by its [`Reduction`].
///
/// ```
/// use nn::CrossEntropy;
/// let tape = tape::Tape::<f64>::new();
/// // Three rows in which both classes have probability 1/2; the last one is padding.
/// let logits = tape.constant([[0.0, 0.0], [1.0, 1.0], [5.0, 5.0]]);
/// let loss = CrossEntropy::new().weights([3.0, 1.0]).ignore_index(2);
/// assert_eq!(loss.loss(logits, &[0, 1, 2]).item(), 2.0_f64.ln());
/// ```
#[doc(alias = "CrossEntropyLoss")]
#[derive(Debug, Clone, PartialEq)]
pub struct CrossEntropy {
    weights: Option<Weights>,
    label_smoothing: f64,
    ignore_index: Option<usize>,
    reduction: Reduction,
}

reduces!(CrossEntropy);

impl CrossEntropy {
    /// Every class alike, no smoothing, nothing ignored, and the mean over all rows.
    #[must_use]
    pub fn new() -> Self {
        Self { weights: None, label_smoothing: 0.0, ignore_index: None, reduction: Reduction::Mean }
    }

    /// With a weight for each class, along one axis.
    #[must_use]
    pub fn weights(self, weights: impl Elements<f64>) -> Self {
        Self { weights: Some(Weights::new(weights)), ..self }
    }

    /// With this share of each row's target spread over all classes evenly.
    #[must_use]
    pub fn label_smoothing(self, label_smoothing: f64) -> Self {
        Self { label_smoothing, ..self }
    }

    /// With rows of this label left out: a class, or the number of classes.
    #[must_use]
    pub fn ignore_index(self, ignore_index: usize) -> Self {
        Self { ignore_index: Some(ignore_index), ..self }
    }

    /// The loss of logits, with one label a row: `[.., classes] -> []`, or `[..]` without a reduction.
    ///
    /// It never overflows, whatever the logits.
    ///
    /// # Panics
    /// As [`try_loss`](Self::try_loss) fails.
    #[must_use]
    #[track_caller]
    pub fn loss<'a, T: Real>(&self, logits: Tensor<T>, labels: impl Into<Indices<'a>>) -> Tensor<T> {
        unwrap(self.try_loss(logits, labels))
    }

    /// As [`loss`](Self::loss).
    ///
    /// # Errors
    /// [`Error::NoClasses`] if the logits have no axis, [`Error::LabelCount`] if there is not one label a row,
    /// [`Error::Label`] if a label is neither a class nor ignored, [`Error::Setting`] if the weights are not one for
    /// each class, the smoothing is not from 0 to 1, or what is ignored is above the number of classes.
    ///
    /// # Panics
    /// If the recording of the logits is over, or on another thread.
    #[track_caller]
    pub fn try_loss<'a, T: Real>(&self, logits: Tensor<T>, labels: impl Into<Indices<'a>>) -> Result<Tensor<T>, Error> {
        let rows = Rows::new(NAME, logits, labels.into(), self.ignore_index)?;
        self.check(rows.classes)?;
        let log_softmax = rows.scores.try_log_softmax(-1)?;
        let spread = if self.label_smoothing == 0.0 {
            None
        } else {
            let all = match &self.weights {
                Some(weights) => log_softmax * weights.beside(log_softmax),
                None => log_softmax,
            };
            Some(all.try_sum_axes(1)? * T::from_f64(self.label_smoothing / rows.classes as f64))
        };
        rows.negated(
            log_softmax,
            self.weights.as_ref(),
            T::from_f64(1.0 - self.label_smoothing),
            spread,
            self.reduction,
        )
    }

    /// The loss of logits, with target probabilities of the same shape, each row's of which sum to 1:
    /// `[.., classes], [.., classes] -> []`, or `[..]` without a reduction.
    ///
    /// # Panics
    /// As [`try_soft_loss`](Self::try_soft_loss) fails.
    #[must_use]
    #[track_caller]
    pub fn soft_loss<T: Real>(&self, logits: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
        unwrap(self.try_soft_loss(logits, target))
    }

    /// As [`soft_loss`](Self::soft_loss).
    ///
    /// # Errors
    /// [`Error::NoClasses`] if the logits have no axis, [`Error::Target`] if the two shapes differ, [`Error::Setting`]
    /// if the weights are not one for each class, the smoothing is not from 0 to 1, or a label is ignored, of which
    /// there are none, [`Error::Tape`] if the two lie on different tapes.
    ///
    /// # Panics
    /// If the recording of one of the two is over, or on another thread.
    #[track_caller]
    pub fn try_soft_loss<T: Real>(&self, logits: Tensor<T>, target: Tensor<T>) -> Result<Tensor<T>, Error> {
        let shape = logits.shape();
        let Some(&classes) = shape.last() else { return Err(Error::NoClasses { loss: NAME, logits: shape }) };
        check_target(NAME, logits, target)?;
        self.check(classes)?;
        if let Some(index) = self.ignore_index {
            check_setting(NAME, "ignore_index", &index, false, "it suits labels, not target probabilities")?;
        }
        let smoothing = self.label_smoothing;
        let target = if smoothing == 0.0 {
            target
        } else {
            target * T::from_f64(1.0 - smoothing) + T::from_f64(smoothing / classes as f64)
        };
        let log_softmax = logits.try_log_softmax(-1)?;
        let masked_out = target.eq(T::zero()) & log_softmax.eq(T::neg_infinity());
        let products = masked_out.select(T::zero(), target.try_mul(log_softmax)?);
        let products = match &self.weights {
            Some(weights) => products * weights.beside(products),
            None => products,
        };
        self.reduction.apply(-products.try_sum_axes(-1)?)
    }

    fn check(&self, classes: usize) -> Result<(), Error> {
        if let Some(weights) = &self.weights {
            weights.check_classes(NAME, classes)?;
        }
        let smoothing = self.label_smoothing;
        check_setting(NAME, "label_smoothing", &smoothing, (0.0..=1.0).contains(&smoothing), "it must be from 0 to 1")
    }
}

/// The mean of `-ln softmax(logits)[label]` over the rows: `[.., classes] -> []`, with one label a row.
/// [`CrossEntropy`] has settings.
///
/// It never overflows, whatever the logits. Without rows it is 0, with a zero gradient.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// // e^0 : e^0 : e^(ln 2) are 1/4, 1/4 and 1/2.
/// let logits = tape.variable([[0.0, 0.0, 2.0_f64.ln()]]);
/// let loss = nn::cross_entropy(logits, &[2]);
/// assert!((loss.item() - 2.0_f64.ln()).abs() < 1e-15);
/// let gradient = &loss.backward()[logits];
/// assert!((gradient[[0, 0]] - 0.25).abs() < 1e-15 && (gradient[[0, 2]] + 0.5).abs() < 1e-15);
/// ```
///
/// # Panics
/// As [`CrossEntropy::try_loss`] fails.
#[must_use]
#[track_caller]
pub fn cross_entropy<'a, T: Real>(logits: Tensor<T>, labels: impl Into<Indices<'a>>) -> Tensor<T> {
    CrossEntropy::new().loss(logits, labels)
}

/// The mean over the rows of `-Σ_j t_j ln softmax(logits)_j`, with target probabilities t:
/// `[.., classes], [.., classes] -> []`. [`CrossEntropy`] has settings.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let logits = tape.variable([[0.0, 3.0_f64.ln()]]);
/// let loss = nn::soft_cross_entropy(logits, tape.constant([[0.5, 0.5]]));
/// assert!((loss.item() + (0.25_f64.ln() + 0.75_f64.ln()) / 2.0).abs() < 1e-15);
/// let gradient = &loss.backward()[logits];
/// assert!((gradient[[0, 0]] + 0.25).abs() < 1e-15 && (gradient[[0, 1]] - 0.25).abs() < 1e-15);
/// ```
///
/// # Panics
/// As [`CrossEntropy::try_soft_loss`] fails.
#[must_use]
#[track_caller]
pub fn soft_cross_entropy<T: Real>(logits: Tensor<T>, target: Tensor<T>) -> Tensor<T> {
    CrossEntropy::new().soft_loss(logits, target)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use tape::Tape;

    use super::*;

    #[test]
    fn equal_logits_cost_the_logarithm_of_the_number_of_classes() {
        let tape = Tape::<f64>::new();
        let logits = tape.variable([[7.0; 10]; 4]);
        let loss = cross_entropy(logits, &[0, 3, 9, 9]);
        assert!((loss.item() - 10.0_f64.ln()).abs() < 1e-15);
        let gradients = loss.backward();
        for (element, gradient) in gradients[logits].indexed_iter() {
            let label = [0, 3, 9, 9][element[0]] == element[1];
            let expected = (0.1 - f64::from(label)) / 4.0;
            assert!((gradient - expected).abs() < 1e-16);
        }
    }

    #[test]
    fn leading_axes_are_rows() {
        let tape = Tape::<f64>::new();
        let logits = array![[[1.0, 2.0], [3.0, 5.0]], [[0.5, -1.0], [2.0, 2.5]]];
        let labels = [0, 1, 1, 0];
        let flat = logits.clone().into_shape_with_order((4, 2)).unwrap();
        let expected = cross_entropy(tape.constant(&flat), &labels).item();
        assert_eq!(cross_entropy(tape.constant(&logits), &labels).item(), expected);
        let row = cross_entropy(tape.constant([1.0, 2.0]), &[0]).item();
        assert_eq!(row, cross_entropy(tape.constant([[1.0, 2.0]]), &[0]).item());
    }

    #[test]
    fn logits_of_any_size_neither_overflow_nor_vanish() {
        let tape = Tape::<f32>::new();
        let logits = tape.variable([[3e38, -3e38], [1e4, 1e4 - 1.0], [-3e38, -3e38]]);
        let loss = cross_entropy(logits, &[0, 0, 1]);
        let expected = ((-1.0_f32).exp().ln_1p() + 2.0_f32.ln()) / 3.0;
        assert!((loss.item() - expected).abs() < 1e-6, "{}, not {expected}", loss.item());
        assert!(loss.backward()[logits].iter().all(|gradient| gradient.is_finite()));
    }

    #[test]
    fn no_rows_cost_nothing() {
        for classes in [0, 3] {
            let tape = Tape::<f64>::new();
            let logits = tape.variable(Array2::zeros((0, classes)));
            let loss = cross_entropy(logits, &[]);
            assert_eq!(loss.item(), 0.0);
            assert_eq!(loss.backward()[logits].shape(), [0, classes]);
        }
    }

    #[test]
    fn misuse_is_an_error() {
        let tape = Tape::<f64>::new();
        let logits = tape.constant([[1.0, 2.0], [3.0, 4.0]]);
        let nodes = tape.len();
        for (logits, labels, text) in [
            (logits, &[0, 2][..], "cross_entropy: label 2 of row 1: expected one below 2, the number of classes"),
            (logits, &[0], "cross_entropy: logits of shape [2, 2]: expected 2 labels, one a row, found 1"),
        ] {
            assert_eq!(CrossEntropy::new().try_loss(logits, labels).unwrap_err().to_string(), text);
        }
        assert_eq!(tape.len(), nodes, "a failing call records nothing");
        let scalar = CrossEntropy::new().try_loss(tape.constant(1.0), &[0]).unwrap_err().to_string();
        assert_eq!(scalar, "cross_entropy: logits of shape []: the last axis must be that of the classes");
    }

    #[test]
    #[should_panic(expected = "cross_entropy: label 5 of row 0: expected one below 2, the number of classes")]
    fn the_plain_form_panics() {
        let _ = cross_entropy(Tape::<f64>::new().constant([[1.0, 2.0]]), &[5]);
    }

    #[test]
    fn what_is_ignored_gets_no_gradient_and_is_not_counted() {
        for ignored in [1, 2] {
            let tape = Tape::<f64>::new();
            let logits = tape.variable([[0.0, 0.0], [f64::NAN, 7.0], [0.0, 0.0]]);
            let loss = CrossEntropy::new().ignore_index(ignored).loss(logits, &[0, ignored, 0]);
            assert_eq!(loss.item(), 2.0_f64.ln());
            let expected = [-0.25, 0.25, 0.0, 0.0, -0.25, 0.25];
            assert_eq!(loss.backward()[logits].as_slice(), Some(&expected[..]));
        }
    }

    #[test]
    fn where_all_is_ignored_the_loss_is_zero_with_zero_gradient() {
        for smoothing in [0.0, 0.1] {
            let tape = Tape::<f64>::new();
            let logits = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
            let loss = CrossEntropy::new().weights([1.0, 2.0]).label_smoothing(smoothing).ignore_index(0);
            let loss = loss.loss(logits, &[0, 0]);
            assert_eq!(loss.item(), 0.0);
            assert_eq!(loss.backward()[logits].as_slice(), Some(&[0.0; 4][..]));
        }
    }

    /// Classes that are masked out by a logit of minus infinity.
    #[test]
    fn a_target_of_zero_costs_nothing_whatever_the_logit() {
        let tape = Tape::<f64>::new();
        let logits = tape.variable([[0.0, 0.0, f64::NEG_INFINITY]]);
        let target = tape.variable([[1.0, 0.0, 0.0]]);
        let loss = soft_cross_entropy(logits, target);
        assert_eq!(loss.item(), 2.0_f64.ln());
        let gradients = loss.backward();
        assert_eq!(gradients[logits].as_slice(), Some(&[-0.5, 0.5, 0.0][..]));
        // A masked class has no slope; one that is merely not wanted has.
        assert_eq!(gradients[target].as_slice(), Some(&[2.0_f64.ln(), 2.0_f64.ln(), 0.0][..]));
    }

    #[test]
    fn settings_out_of_their_range_are_errors() {
        let tape = Tape::<f64>::new();
        let logits = tape.constant([[1.0, 2.0]]);
        let nodes = tape.len();
        for (loss, text) in [
            (CrossEntropy::new().label_smoothing(1.5), "cross_entropy: label_smoothing 1.5: it must be from 0 to 1"),
            (
                CrossEntropy::new().label_smoothing(f64::NAN),
                "cross_entropy: label_smoothing NaN: it must be from 0 to 1",
            ),
            (
                CrossEntropy::new().weights([1.0, 2.0, 3.0]),
                "cross_entropy: weights [3]: one for each class is needed, along one axis",
            ),
            (
                CrossEntropy::new().ignore_index(3),
                "cross_entropy: ignore_index 3: it must be a class, or the number of classes",
            ),
        ] {
            assert_eq!(loss.try_loss(logits, &[0]).unwrap_err().to_string(), text);
        }
        let soft = CrossEntropy::new().ignore_index(0).try_soft_loss(logits, logits).unwrap_err();
        let text = "cross_entropy: ignore_index 0: it suits labels, not target probabilities";
        assert_eq!((soft.to_string().as_str(), tape.len()), (text, nodes));
    }
}
