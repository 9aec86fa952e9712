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
    /// Queries, keys and values do not suit one another.
    #[error("{operation}: query of shape {query}, key of shape {key}, value of shape {value}: {rule}")]
    Attention {
        /// The layer or function.
        operation: &'static str,
        /// The shape of the queries.
        query: Shape,
        /// The shape of the keys.
        key: Shape,
        /// The shape of the values.
        value: Shape,
        /// The rule that they break.
        rule: &'static str,
    },
    /// A mask does not suit the scores that it is meant for.
    #[error("attention: {mask} mask of shape {shape} and scores of shape {scores}: {rule}",
        rule = if *mask == "padding" { "it must be [keys] or [batch, keys]" } else { "it must broadcast to theirs" })]
    AttentionMask {
        /// Which of the masks.
        mask: &'static str,
        /// Its shape.
        shape: Shape,
        /// The scores' shape, `[.., queries, keys]`.
        scores: Shape,
    },
    /// The input of a layer does not have the axes, or the channels, that the layer was made for.
    #[error("{layer}: input of shape {input}: expected {expected}")]
    Input {
        /// The layer.
        layer: &'static str,
        /// The input's shape.
        input: Shape,
        /// The shapes that it takes.
        expected: String,
    },
    /// A normalising layer is to take the variance of one value.
    #[error("{layer}: input of shape {input}: one value a {of} has no spread; train with more, or evaluate")]
    OneValue {
        /// The layer.
        layer: &'static str,
        /// The input's shape.
        input: Shape,
        /// What there is one value of.
        of: &'static str,
    },
    /// A parameter cannot be normalised in the way that is asked for.
    #[error("{layer}: weight of shape {weight}: {rule}")]
    Weight {
        /// The normalisation.
        layer: &'static str,
        /// The parameter's shape.
        weight: Shape,
        /// The rule that it breaks.
        rule: &'static str,
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
    /// A recurrent layer was given a state of another shape than its own.
    #[error("{layer}: state of shape {found}: expected {expected}")]
    State {
        /// The layer.
        layer: &'static str,
        /// The shape of the layer's states.
        expected: Shape,
        /// The shape of the given one.
        found: Shape,
    },
    /// There is not one length a sequence.
    #[error("{layer}: lengths of shape {found}: expected [{batch}], one a sequence")]
    LengthCount {
        /// The layer.
        layer: &'static str,
        /// How many sequences there are.
        batch: usize,
        /// The shape of the lengths.
        found: Shape,
    },
    /// A sequence is said to be longer than its input.
    #[error("{layer}: length {length} of sequence {row}: there are {steps} steps")]
    Length {
        /// The layer.
        layer: &'static str,
        /// The length.
        length: usize,
        /// The sequence's position in the batch.
        row: usize,
        /// How many steps the input has.
        steps: usize,
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
    SequenceLength {
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
    /// An initialiser does not suit the array that it was asked for.
    #[error("{initialiser}: shape {shape}: {rule}")]
    InitShape {
        /// The initialiser.
        initialiser: &'static str,
        /// The array's shape.
        shape: Shape,
        /// The rule that it breaks.
        rule: &'static str,
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
                Error::Input { layer: "Conv1d", input: shape.clone(), expected: "[n, 3, length]".to_owned() },
                "Conv1d: input of shape [2, 3]: expected [n, 3, length]",
            ),
            (
                Error::Weight { layer: "WeightNorm", weight: shape.clone(), rule: "it does not have the axis" },
                "WeightNorm: weight of shape [2, 3]: it does not have the axis",
            ),
            (
                Error::OneValue { layer: "BatchNorm1d", input: Shape::from([1, 3]), of: "channel" },
                "BatchNorm1d: input of shape [1, 3]: one value a channel has no spread; train with more, or evaluate",
            ),
            (
                Error::State { layer: "Gru", expected: Shape::from([1, 2, 3]), found: shape.clone() },
                "Gru: state of shape [2, 3]: expected [1, 2, 3]",
            ),
            (
                Error::LengthCount { layer: "Gru", batch: 2, found: Shape::from([3]) },
                "Gru: lengths of shape [3]: expected [2], one a sequence",
            ),
            (
                Error::Length { layer: "Gru", length: 7, row: 1, steps: 5 },
                "Gru: length 7 of sequence 1: there are 5 steps",
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
                Error::LabelCount { loss, logits: shape.clone(), expected: 2, found: 5 },
                "cross_entropy: logits of shape [2, 3]: expected 2 labels, one a row, found 5",
            ),
            (
                Error::Label { loss, label: 3, row: 1, classes: 3 },
                "cross_entropy: label 3 of row 1: expected one below 3, the number of classes",
            ),
            (
                Error::Operand {
                    loss,
                    operand: "target",
                    shape: Shape::from([7]),
                    rule: "one for each pair is needed",
                },
                "cross_entropy: target of shape [7]: one for each pair is needed",
            ),
            (
                Error::SequenceLength { loss: "ctc", lengths: "input_lengths", length: 4, row: 1, most: 3 },
                "ctc: input_lengths 4 of sequence 1: at most 3, the length of its axis",
            ),
            (
                Error::Fans { initialiser: "xavier_normal", shape: Shape::from([7]) },
                "xavier_normal: shape [7]: fans need at least two axes, [out, in, ..]",
            ),
            (
                Error::InitShape {
                    initialiser: "sparse",
                    shape: Shape::from([7]),
                    rule: "a matrix is needed: two axes",
                },
                "sparse: shape [7]: a matrix is needed: two axes",
            ),
            (
                Error::Attention {
                    operation: "MultiheadAttention",
                    query: shape.clone(),
                    key: shape.clone(),
                    value: Shape::from([4, 3]),
                    rule: "there must be one value for each key",
                },
                "MultiheadAttention: query of shape [2, 3], key of shape [2, 3], value of shape [4, 3]: \
                 there must be one value for each key",
            ),
            (
                Error::AttentionMask { mask: "additive", shape: Shape::from([4]), scores: shape.clone() },
                "attention: additive mask of shape [4] and scores of shape [2, 3]: it must broadcast to theirs",
            ),
            (
                Error::AttentionMask { mask: "padding", shape: Shape::from([4]), scores: shape },
                "attention: padding mask of shape [4] and scores of shape [2, 3]: it must be [keys] or [batch, keys]",
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
