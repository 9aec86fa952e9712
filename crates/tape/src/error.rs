//! What can go wrong when a tape is used: one enumeration.

use std::fmt;
use std::panic::Location;

use crate::anomaly::Anomaly;
use crate::shape::Shape;

/// A use of the tape that breaks one of its rules.
///
/// Operators and plain methods panic with this error's text at the caller's line; their `try_` forms return it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two shapes do not broadcast together.
    #[error(
        "{operation}: shapes {left} and {right} do not broadcast: \
         aligned at the last axis, two lengths must be equal or one of them 1"
    )]
    Broadcast {
        /// The operation that was asked for.
        operation: &'static str,
        /// The left operand's shape.
        left: Shape,
        /// The right operand's shape.
        right: Shape,
    },
    /// The operands' shapes break a rule of the operation.
    #[error("{operation}: shapes {left} and {right}: {rule}")]
    Shapes {
        /// The operation that was asked for.
        operation: &'static str,
        /// The left operand's shape.
        left: Shape,
        /// The right operand's, or the wanted, shape.
        right: Shape,
        /// The rule that they break.
        rule: &'static str,
    },
    /// One operand's shape breaks a rule of the operation.
    #[error("{operation}: shape {shape}: {rule}")]
    Shape {
        /// The operation that was asked for.
        operation: &'static str,
        /// The operand's shape.
        shape: Shape,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// A number that is given to the operation breaks one of its rules.
    #[error("{operation}: {rule}")]
    Argument {
        /// The operation that was asked for.
        operation: &'static str,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// There is no such axis.
    #[error("{operation}: axis {axis} of shape {shape}: an axis lies between -{rank} and {rank}, exclusive", rank = shape.rank())]
    Axis {
        /// The operation that was asked for.
        operation: &'static str,
        /// The axis that was asked for.
        axis: isize,
        /// The operand's shape.
        shape: Shape,
    },
    /// The axes name one axis twice, or are too few or too many.
    #[error("{operation}: axes {axes:?} of shape {shape}: {rule}")]
    Axes {
        /// The operation that was asked for.
        operation: &'static str,
        /// The axes that were asked for.
        axes: Vec<isize>,
        /// The operand's shape.
        shape: Shape,
        /// The rule that they break.
        rule: &'static str,
    },
    /// An index or a bound lies outside its axis.
    #[error("{operation}: index {index} on axis {axis} of shape {shape}: it must lie below {length}", length = shape[*axis])]
    Index {
        /// The operation that was asked for.
        operation: &'static str,
        /// The index that was asked for.
        index: isize,
        /// The axis it was meant for.
        axis: usize,
        /// The operand's shape.
        shape: Shape,
    },
    /// The tape of a handle was reset, rewound or dropped after the handle was made.
    #[error("{operation}: stale handle: its tape was reset, rewound or dropped after the handle was made")]
    Stale {
        /// The operation that was asked for.
        operation: &'static str,
    },
    /// The operands lie on two tapes.
    #[error("{operation}: foreign handle: the operands belong to two different tapes")]
    Foreign {
        /// The operation that was asked for.
        operation: &'static str,
    },
    /// A handle is used on another thread than the one that owns its tape.
    #[error("{operation}: handle used on another thread: its tape belongs to the thread that made it")]
    OtherThread {
        /// The operation that was asked for.
        operation: &'static str,
    },
    /// No operand says which tape to record on.
    #[error("{operation}: no operand is on a tape; at least one must be")]
    NoTape {
        /// The operation that was asked for.
        operation: &'static str,
    },
    /// There is nothing to sweep: the root does not depend on any variable.
    #[error("backward: constant root: it depends on no variable or trainable parameter of a tape")]
    ConstantRoot,
    /// The root of a sweep has more than one element.
    #[error(
        "backward: root of shape {shape}: only a single element has a gradient; reduce it first, with sum() or mean()"
    )]
    RootNotScalar {
        /// The root's shape.
        shape: Shape,
    },
    /// A handle that the gradient map knows nothing of.
    #[error("gradients: the handle is not of the recording that was swept")]
    UnknownHandle,
    /// A root that a graph does not show.
    #[error("graph: the root is a constant, or not of the recording that the graph shows")]
    NotInGraph,
    /// Another set of parameters is bound to the recording.
    #[error("parameters: other parameters, or other values, are bound to this recording already; reset the tape first")]
    AlreadyBound,
    /// A parameter's name is taken.
    #[error("parameters: the name {name:?} is taken; each parameter needs a name of its own")]
    DuplicateParameter {
        /// The name.
        name: String,
    },
    /// A pattern chooses no parameter.
    #[error("parameters: no name matches {pattern:?}")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// No parameter has this name.
    #[error("parameters: there is no parameter {name:?}")]
    UnknownParameter {
        /// The name that was asked for.
        name: String,
    },
    /// An array does not have the shape of the parameter it is for.
    #[error("parameter {name:?}: shape {found} where {expected} is expected")]
    ParameterShape {
        /// The parameter's name.
        name: String,
        /// The parameter's shape.
        expected: Shape,
        /// The array's shape.
        found: Shape,
    },
    /// A parameter identifier of another set of parameters.
    #[error("parameters: the identifier belongs to another set of parameters")]
    ForeignParameter,
    /// Two flat buffers are not laid out alike.
    #[error("parameters: {found} elements where the parameters have {expected}")]
    ParameterLayout {
        /// How many elements the parameters have.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A pass that evaluates is asked for what only one that trains does.
    #[error("{operation}: the pass evaluates; `pass.training(seed)` gives one that trains")]
    NotTraining {
        /// What was asked for.
        operation: &'static str,
    },
    /// A parameter that the optimizer moves is to be given another value.
    #[error("update: parameter {name:?} is trainable: it is the optimizer's; add it with `add_buffer`, or freeze it")]
    TrainableUpdate {
        /// The parameter's name.
        name: String,
    },
    /// A program draws random numbers from a seed that is the same in every run.
    #[error(
        "{operation}: the seed would be the same in every run of the program: \
         make a Seed one of its inputs, and train with that"
    )]
    FixedSeed {
        /// What was drawn.
        operation: &'static str,
    },
    /// A replayed function would have taken another path than the one that was recorded.
    #[error(
        "program: path changed at point {point}: what {location} asks has another answer than when it was recorded"
    )]
    PathChanged {
        /// Where the function asks: the first question whose answer differs.
        location: &'static Location<'static>,
        /// The number of the point in its batch; 0 if there is only one.
        point: usize,
    },
    /// Something that a replay could not do again was done while a program was recorded.
    #[error("{operation}: cannot be recorded in a program of scalars: its result would be a constant at every replay")]
    NotReplayable {
        /// What was done.
        operation: &'static str,
    },
    /// A program was given another number of elements than it needs.
    #[error("program: {found} {what} where {expected} are expected")]
    ProgramSize {
        /// Which elements.
        what: &'static str,
        /// How many the program needs.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A position that cannot be rewound to any more.
    #[error(
        "rewind: stale position: its tape was reset, rewound to an earlier position, or dropped after it was taken"
    )]
    StalePosition,
    /// A position of another tape.
    #[error("rewind: foreign position: it is one of another tape")]
    ForeignPosition,
    /// An operation gave NaN, or an infinity, on a tape that
    /// [`detects anomalies`](crate::Tape::detect_anomalies).
    #[error("{0}")]
    Anomaly(Box<Anomaly>),
    /// The inputs do not suit an operation of a user, or a decomposition.
    #[error("{operation}: {reason}")]
    Rejected {
        /// The operation that was asked for.
        operation: &'static str,
        /// Why not.
        reason: String,
    },
    /// A user's code returned an array of another shape than it had to.
    #[error("{operation}: {what} of shape {found} where {expected} is expected")]
    CustomShape {
        /// The operation's name, or "hook".
        operation: &'static str,
        /// What was returned.
        what: &'static str,
        /// The shape that it should have.
        expected: Shape,
        /// The shape that it has.
        found: Shape,
    },
    /// An operation of a user returned more or fewer shares than it has inputs.
    #[error("{operation}: {found} shares of an adjoint where there are {expected} inputs")]
    CustomCount {
        /// The operation's name.
        operation: &'static str,
        /// How many inputs it has.
        expected: usize,
        /// How many shares it returned.
        found: usize,
    },
    /// A variable takes part in a program of tensors.
    #[error("program: a variable (Var) takes part: a program of tensors replays operations of tensors only")]
    ScalarInProgram,
    /// Elements are looked at while a program is recorded.
    #[error("{operation}: a program is recorded: what is looked at now would be the same in every run")]
    LookedAt {
        /// The operation that was asked for.
        operation: &'static str,
    },
    /// Code of a user takes part in a program that is to run on several threads.
    #[error("{operation}: runs on one thread only: its code belongs to the thread that recorded it")]
    NotSharded {
        /// The operation's name.
        operation: &'static str,
    },
    /// No operation reads an index input of a program.
    #[error("program: no operation reads the indices of input {input}: a copy of them would be the same in every run")]
    UnusedIndices {
        /// The number of the input.
        input: usize,
    },
    /// An operation of a computation that is exported has no counterpart in ONNX.
    #[cfg(feature = "onnx")]
    #[error("onnx: {operation} has no counterpart among the operators of ONNX")]
    NotInOnnx {
        /// The operation.
        operation: &'static str,
    },
    /// A name of an input or an output of an ONNX model cannot be used.
    #[cfg(feature = "onnx")]
    #[error("onnx: the name {name:?} cannot be used: {rule}")]
    OnnxName {
        /// The name.
        name: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// A program is run with more or fewer inputs than it was recorded with.
    #[error("program: {found} inputs where the recording had {expected}")]
    ProgramInputs {
        /// How many the recording had.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A program's input is not what it was in the recording.
    #[error("program: input {input} is {found} where the recording had {expected}")]
    ProgramInput {
        /// The number of the input.
        input: usize,
        /// What it was in the recording.
        expected: InputKind,
        /// What it is.
        found: InputKind,
    },
    /// More nodes than a 32-bit number counts.
    #[error("tape: more than {limit} operations in one recording")]
    Full {
        /// The most operations a recording holds.
        limit: usize,
    },
}

/// What an input of a program is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputKind {
    /// Elements of this shape.
    Array(Shape),
    /// Indices of this shape.
    Indices(Shape),
    /// A [`Seed`](crate::Seed).
    Seed,
}

impl fmt::Display for InputKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Array(shape) => write!(f, "an array of shape {shape}"),
            Self::Indices(shape) => write!(f, "a list of indices of shape {shape}"),
            Self::Seed => f.write_str("a seed"),
        }
    }
}

/// The value, or a panic with the error's text at the line of the caller, whose callers are marked to be looked through.
#[track_caller]
pub(crate) fn unwrap<R>(result: Result<R, Error>) -> R {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
