//! Cross-entropy from logits, for labels that are class numbers.
//!
//! With rows `z` of logits and labels `c`: the mean over the rows of `-ln softmax(z)_c = ln Σ_j e^(z_j) - z_c`. The
//! gradient of a row is `(softmax(z) - onehot(c)) / rows`.
//!
//! PyTorch: `nn.CrossEntropyLoss`, `nn.functional.cross_entropy`. Departures: the classes are always the last axis
//! (PyTorch has them second, which for `[rows, classes]` is the same), so that sequences `[batch, time, classes]` need no
//! permutation; and the mean over no rows is 0 with a zero gradient, where PyTorch has NaN.

use tape::{Indices, Real, Shape, Tensor};

use crate::error::{Error, unwrap};

const NAME: &str = "cross_entropy";

/// The mean of `-ln softmax(logits)[label]` over the rows: `[.., classes] -> []`, with one label a row.
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
/// As [`try_cross_entropy`] fails.
#[doc(alias = "CrossEntropyLoss")]
#[must_use]
#[track_caller]
pub fn cross_entropy<'a, T: Real>(logits: Tensor<T>, labels: impl Into<Indices<'a>>) -> Tensor<T> {
    unwrap(try_cross_entropy(logits, labels))
}

/// As [`cross_entropy`].
///
/// # Errors
/// [`Error::NoClasses`] if the logits have no axis, [`Error::LabelCount`] if there is not one label a row,
/// [`Error::Label`] if a label is not below the number of classes.
///
/// # Panics
/// If the recording of the logits is over, or on another thread.
#[track_caller]
pub fn try_cross_entropy<'a, T: Real>(logits: Tensor<T>, labels: impl Into<Indices<'a>>) -> Result<Tensor<T>, Error> {
    let labels = labels.into();
    let shape = logits.shape();
    let Some((&classes, leading)) = shape.split_last() else {
        return Err(Error::NoClasses { loss: NAME, logits: shape });
    };
    let rows: usize = leading.iter().product();
    let found = labels.values().len();
    if found != rows {
        return Err(Error::LabelCount { loss: NAME, expected: rows, found, logits: shape });
    }
    if let Some((row, &label)) = labels.values().iter().enumerate().find(|(_, label)| **label >= classes) {
        return Err(Error::Label { loss: NAME, label, row, classes });
    }
    let logits = if shape.rank() == 2 { logits } else { logits.try_reshape(Shape::from([rows, classes]))? };
    let labels = labels.reshape([rows, 1]).expect("there is one label a row");
    let chosen = logits.try_log_softmax(-1)?.try_gather(1, labels)?;
    Ok(chosen.sum().try_div(T::from_f64(-(rows.max(1) as f64)))?)
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
            assert_eq!(try_cross_entropy(logits, labels).unwrap_err().to_string(), text);
        }
        assert_eq!(tape.len(), nodes, "a failing call records nothing");
        let scalar = try_cross_entropy(tape.constant(1.0), &[0]).unwrap_err().to_string();
        assert_eq!(scalar, "cross_entropy: logits of shape []: the last axis must be that of the classes");
    }

    #[test]
    #[should_panic(expected = "cross_entropy: label 5 of row 0: expected one below 2, the number of classes")]
    fn the_plain_form_panics() {
        let _ = cross_entropy(Tape::<f64>::new().constant([[1.0, 2.0]]), &[5]);
    }
}
