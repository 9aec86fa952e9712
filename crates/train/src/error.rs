//! What can go wrong around training: one enumeration.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file, a data set or a run that cannot be used.
///
/// Whatever fails leaves the parameters, the optimizer and every existing file as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refuses a file.
    #[error("cannot {action} {path:?}: {source}")]
    File {
        /// What was asked for: read, write.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The content of a file is damaged, or of another format.
    #[error("{path:?} is damaged or not what it should be: {reason}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The first thing that is wrong with it.
        reason: String,
    },
    /// The arrays of a file are not the parameters of this model.
    #[error("{path:?} does not fit the model: {misfit}")]
    Misfit {
        /// The file.
        path: PathBuf,
        /// Every difference.
        misfit: Misfit,
    },
    /// A checkpoint of another version of the format.
    #[error("{path:?} is a checkpoint of version {found}; this program reads version {known}")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that the file states.
        found: u32,
        /// The version that is read.
        known: u32,
    },
    /// A checkpoint of another run: another model, optimizer, data set or seed.
    #[error("{path:?} is the checkpoint of another run: {difference}")]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// The first difference.
        difference: String,
    },
    /// The parameters' names cannot be written to a file.
    #[error("the parameter name {name:?} is reserved by the safetensors format")]
    ReservedName {
        /// The name.
        name: String,
    },
    /// There are not as many targets as inputs.
    #[error("data set: {inputs} inputs and {targets} targets; each input needs one target")]
    Lengths {
        /// How many inputs there are.
        inputs: usize,
        /// How many targets there are.
        targets: usize,
    },
    /// A setting outside its range.
    #[error("{setting} is {value}: {rule}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// Its value.
        value: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// A data set that is to be learnt from or evaluated is empty.
    #[error("the {set} set has no examples")]
    NoExamples {
        /// Which set: training, test.
        set: &'static str,
    },
    /// The optimizer's settings are not allowed.
    #[error("optimizer: {0}")]
    Optimizer(#[source] optim::Error),
    /// The optimizer refused a step. The parameters are those before it.
    #[error("epoch {epoch}, step {step}: {source}")]
    Step {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The step within the epoch, counted from 1.
        step: usize,
        /// The optimizer's reason.
        source: optim::Error,
    },
    /// The loss became infinite or NaN. The parameters are those before the step.
    #[error("epoch {epoch}, step {step}: the loss is {loss}; try a smaller learning rate or clip the gradients")]
    NonFiniteLoss {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The step within the epoch, counted from 1.
        step: usize,
        /// The loss.
        loss: f64,
    },
}

impl Error {
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    pub(crate) fn corrupt(path: &Path, reason: impl fmt::Display) -> Self {
        Self::Corrupt { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// How the arrays of a file differ from the parameters of a model.
///
/// ```
/// let misfit = train::Misfit { missing: vec!["0.bias".into()], ..Default::default() };
/// assert_eq!(misfit.to_string(), "missing \"0.bias\"");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Misfit {
    /// Parameters that the file lacks.
    pub missing: Vec<String>,
    /// Arrays of the file that are no parameter.
    pub unexpected: Vec<String>,
    /// Arrays that cannot be the parameter of their name, each with the reason.
    pub misshapen: Vec<(String, String)>,
}

impl Misfit {
    /// Whether everything fits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.misshapen.is_empty()
    }
}

/// A model of another family differs in every name; a message that lists them all hides what it says.
const NAMES_SHOWN: usize = 8;

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |names: &[String]| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>();
        let reasons = self.misshapen.iter().map(|(name, reason)| format!("{name:?} {reason}")).collect();
        let kinds = [("missing ", quoted(&self.missing)), ("unexpected ", quoted(&self.unexpected)), ("", reasons)];
        let mut separator = "";
        for (kind, texts) in kinds {
            if !texts.is_empty() {
                let shown = &texts[..texts.len().min(NAMES_SHOWN)];
                write!(f, "{separator}{kind}{}", shown.join(", "))?;
                separator = "; ";
            }
            if texts.len() > NAMES_SHOWN {
                write!(f, " and {} more", texts.len() - NAMES_SHOWN)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_says_what_is_wrong_and_where() {
        let path = PathBuf::from("out/run");
        let texts = [
            (
                Error::file("read", &path)(io::Error::new(io::ErrorKind::NotFound, "no such file")),
                "cannot read \"out/run\": no such file",
            ),
            (Error::corrupt(&path, "it is cut off"), "\"out/run\" is damaged or not what it should be: it is cut off"),
            (
                Error::Version { path: path.clone(), found: 7, known: 1 },
                "\"out/run\" is a checkpoint of version 7; this program reads version 1",
            ),
            (
                Error::OtherRun { path: path.clone(), difference: "the seed is 1 there and 0 here".into() },
                "\"out/run\" is the checkpoint of another run: the seed is 1 there and 0 here",
            ),
            (
                Error::ReservedName { name: "__metadata__".into() },
                "the parameter name \"__metadata__\" is reserved by the safetensors format",
            ),
            (Error::Lengths { inputs: 3, targets: 2 }, "data set: 3 inputs and 2 targets; each input needs one target"),
            (
                Error::Setting { setting: "batch size", value: "0".into(), rule: "it must be at least 1" },
                "batch size is 0: it must be at least 1",
            ),
            (Error::NoExamples { set: "test" }, "the test set has no examples"),
            (
                Error::Optimizer(optim::Error::OtherOptimizer { expected: "adam", found: "sgd".into() }),
                "optimizer: saved state: it is of optimizer \"sgd\", not of \"adam\"",
            ),
            (
                Error::Step {
                    epoch: 2,
                    step: 7,
                    source: optim::Error::NonFinite { parameter: "0.bias".into(), count: 1, size: 10 },
                },
                "epoch 2, step 7: gradient of \"0.bias\": 1 of 10 elements are NaN or infinite; nothing was stepped",
            ),
            (
                Error::NonFiniteLoss { epoch: 2, step: 7, loss: f64::NAN },
                "epoch 2, step 7: the loss is NaN; try a smaller learning rate or clip the gradients",
            ),
        ];
        for (error, text) in texts {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn a_misfit_lists_each_kind_and_cuts_long_lists() {
        let misfit = Misfit {
            missing: (0..10).map(|layer| format!("{layer}.bias")).collect(),
            unexpected: vec!["extra".into()],
            misshapen: vec![("0.weight".into(), "has shape [2] where [3] is expected".into())],
        };
        let error = Error::Misfit { path: "m".into(), misfit };
        assert_eq!(
            error.to_string(),
            "\"m\" does not fit the model: missing \"0.bias\", \"1.bias\", \"2.bias\", \"3.bias\", \"4.bias\", \
             \"5.bias\", \"6.bias\", \"7.bias\" and 2 more; unexpected \"extra\"; \
             \"0.weight\" has shape [2] where [3] is expected"
        );
    }
}
