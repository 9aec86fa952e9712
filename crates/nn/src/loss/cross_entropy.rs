//! Cross-entropy from logits: `mean(-log softmax(logits)[label])` over the rows.
//!
//! Logits, not probabilities: the logarithm of the softmax is computed without overflow. PyTorch: `nn.CrossEntropyLoss`
//! with class numbers and the mean. One departure: over no row at all the loss is 0 with zero gradient, where PyTorch
//! has NaN.

use ndarray::ArrayView2;
use tape::{Operand, Real, Tensor};

use crate::error::{Error, unwrap};

/// The cross-entropy, of shape `[]`, of logits `[.., classes]` against one class number a row.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let logits = tape.variable([[0.0, 0.0], [3.0_f64.ln(), 0.0]]);
/// // The classes are as likely as not in the first row; 3 to 1 in the second, where the unlikely one is right.
/// let loss = nn::cross_entropy(logits, &[0, 1]);
/// assert!((loss.item() - (2.0_f64.ln() + 4.0_f64.ln()) / 2.0).abs() < 1e-15);
/// // The gradient is (softmax - one-hot) / rows.
/// let gradients = loss.backward();
/// assert!((gradients[logits][[1, 0]] - 0.375).abs() < 1e-15);
/// ```
///
/// # Panics
/// If there is not one label a row, or a label names no class; see [`try_cross_entropy`].
#[doc(alias = "CrossEntropyLoss")]
#[must_use]
#[track_caller]
pub fn cross_entropy<T: Real>(logits: Tensor<T>, labels: &[usize]) -> Tensor<T> {
    unwrap(try_cross_entropy(logits, labels))
}

/// As [`cross_entropy`].
///
/// # Errors
/// [`Error::NoClasses`] if the logits have no axis, [`Error::LabelCount`] if there is not one label a row,
/// [`Error::Label`] if a label is not below the number of classes.
pub fn try_cross_entropy<T: Real>(logits: Tensor<T>, labels: &[usize]) -> Result<Tensor<T>, Error> {
    const LOSS: &str = "cross_entropy";
    let shape = logits.shape();
    let Some((&classes, rows)) = shape.split_last() else {
        return Err(Error::NoClasses { loss: LOSS, logits: shape });
    };
    let rows = rows.iter().product::<usize>();
    if labels.len() != rows {
        return Err(Error::LabelCount { loss: LOSS, logits: shape, expected: rows, found: labels.len() });
    }
    if let Some((row, &label)) = labels.iter().enumerate().find(|(_, label)| **label >= classes) {
        return Err(Error::Label { loss: LOSS, label, row, classes });
    }
    let chosen = ArrayView2::from_shape((rows, 1), labels).expect("one label a row");
    let likelihoods = logits.try_log_softmax(-1)?.try_reshape([rows, classes])?.try_gather(1, &chosen)?;
    Ok(likelihoods.sum().try_div(Operand::Number(T::from_f64(-(rows.max(1) as f64))))?)
}
