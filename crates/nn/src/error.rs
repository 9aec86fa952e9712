//! What can go wrong when layers, losses and initialisers are used: one enumeration.

use tape::Shape;

/// A use of a layer, a loss or an initialiser that breaks one of its rules.
///
/// Plain functions panic with this error's text at the caller's line; their `try_` forms return it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input of a layer has another number of features than the layer was made for.
    #[error("{layer}: input of shape {input}: expected {expected} features on its last axis, found {found}",
        found = input.last().map_or_else(|| "no axis".to_owned(), ToString::to_string))]
    Features {
        /// The layer.
        layer: &'static str,
        /// How many features the layer was made for.
        expected: usize,
        /// The input's shape.
        input: Shape,
    },
    /// A setting of a layer is out of its range, or does not suit the others.
    #[error("{layer}: {setting} {value}: {rule}")]
    Setting {
        /// The layer.
        layer: &'static str,
        /// The setting.
        setting: &'static str,
        /// What it was set to.
        value: String,
        /// What is asked of it.
        rule: &'static str,
    },
    /// A target does not have the shape of what was predicted.
    #[error("{loss}: prediction of shape {prediction} and target of shape {target}: the two must be equal")]
    Target {
        /// The loss.
        loss: &'static str,
        /// The prediction's shape.
        prediction: Shape,
        /// The target's shape.
        target: Shape,
    },
    /// The scores have no axis for the classes.
    #[error("{loss}: logits of shape {logits}: the last axis must be that of the classes")]
    NoClasses {
        /// The loss.
        loss: &'static str,
        /// The logits' shape.
        logits: Shape,
    },
    /// There is not one label a row.
    #[error("{loss}: logits of shape {logits}: expected {expected} labels, one a row, found {found}")]
    LabelCount {
        /// The loss.
        loss: &'static str,
        /// The logits' shape.
        logits: Shape,
        /// How many rows there are.
        expected: usize,
        /// How many labels were given.
        found: usize,
    },
    /// A label names no class.
    #[error("{loss}: label {label} of row {row}: expected one below {classes}, the number of classes")]
    Label {
        /// The loss.
        loss: &'static str,
        /// The label.
        label: usize,
        /// Its position among the labels.
        row: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// What a loss is given has a shape that it cannot have.
    #[error("{loss}: {operand} of shape {shape}: {rule}")]
    Operand {
        /// The loss.
        loss: &'static str,
        /// What is wrong.
        operand: &'static str,
        /// Its shape.
        shape: Shape,
        /// What is asked of it.
        rule: &'static str,
    },
    /// A sequence is said to be longer than the axis it lies along.
    #[error("{loss}: {lengths} {length} of sequence {row}: at most {most}, the length of its axis")]
    Length {
        /// The loss.
        loss: &'static str,
        /// Whose lengths they are.
        lengths: &'static str,
        /// The length.
        length: usize,
        /// Its position among the lengths.
        row: usize,
        /// The length of the axis.
        most: usize,
    },
    /// An initialiser that scales by the fans was asked for an array that has none.
    #[error("{initialiser}: shape {shape}: fans need at least two axes, [out, in, ..]")]
    Fans {
        /// The initialiser.
        initialiser: &'static str,
        /// The array's shape.
        shape: Shape,
    },
    /// The tape refused an operation.
    #[error(transparent)]
    Tape(#[from] tape::Error),
}

/// The value, or a panic at the caller's line.
#[track_caller]
pub(crate) fn unwrap<R>(result: Result<R, Error>) -> R {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_says_what_was_expected_and_what_was_found() {
        let (layer, loss) = ("Linear", "cross_entropy");
        let shape = Shape::from([2, 3]);
        for (error, text) in [
            (
                Error::Features { layer, expected: 4, input: shape.clone() },
                "Linear: input of shape [2, 3]: expected 4 features on its last axis, found 3",
            ),
            (
                Error::Features { layer, expected: 4, input: Shape::default() },
                "Linear: input of shape []: expected 4 features on its last axis, found no axis",
            ),
            (
                Error::Setting {
                    layer: "Embedding",
                    setting: "padding_index",
                    value: 7.to_string(),
                    rule: "it must be below the number of embeddings",
                },
                "Embedding: padding_index 7: it must be below the number of embeddings",
            ),
            (
                Error::Target { loss: "mse", prediction: shape.clone(), target: Shape::from([3]) },
                "mse: prediction of shape [2, 3] and target of shape [3]: the two must be equal",
            ),
            (
                Error::NoClasses { loss, logits: Shape::default() },
                "cross_entropy: logits of shape []: the last axis must be that of the classes",
            ),
            (
                Error::LabelCount { loss, logits: shape, expected: 2, found: 5 },
                "cross_entropy: logits of shape [2, 3]: expected 2 labels, one a row, found 5",
            ),
            (
                Error::Label { loss, label: 3, row: 1, classes: 3 },
                "cross_entropy: label 3 of row 1: expected one below 3, the number of classes",
            ),
            (
                Error::Operand { loss, operand: "target", shape: Shape::from([7]), rule: "one for each pair is needed" },
                "cross_entropy: target of shape [7]: one for each pair is needed",
            ),
            (
                Error::Length { loss: "ctc", lengths: "input_lengths", length: 4, row: 1, most: 3 },
                "ctc: input_lengths 4 of sequence 1: at most 3, the length of its axis",
            ),
            (
                Error::Fans { initialiser: "xavier_normal", shape: Shape::from([7]) },
                "xavier_normal: shape [7]: fans need at least two axes, [out, in, ..]",
            ),
            (
                Error::Tape(tape::Error::ForeignParameter),
                "parameters: the identifier belongs to another set of parameters",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}
