//! What a verification found, as data and as a table.

use std::fmt;

use super::difference::Outcome;
use crate::shape::Shape;

/// What a comparison of one derivative came to.
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The two derivatives are equal within the tolerance.
    Agrees,
    /// They are not.
    Differs,
    /// The function is too rough here for its differences to tell.
    Unverifiable,
}

/// A reason why derivatives could not be compared at all.
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The function, or its gradient, gives two answers at one point.
    #[error("not deterministic: the same point gave the {what} {first:e} and then {second:e}")]
    NotDeterministic {
        /// The value or the gradient.
        what: &'static str,
        /// The first answer.
        first: f64,
        /// The second answer.
        second: f64,
    },
    /// The gradient has a wrong number of elements.
    #[error("wrong shape: a gradient of {found} elements for an input of {expected}")]
    GradientLength {
        /// How many elements the input has.
        expected: usize,
        /// How many the gradient has.
        found: usize,
    },
    /// The output's shape is not the same at every point.
    #[error("wrong shape: an output of shape {found}, where it was {expected} at the point itself")]
    OutputShape {
        /// The first shape.
        expected: Shape,
        /// The other one.
        found: Shape,
    },
}

/// One derivative, analytic and numeric.
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[derive(Debug, Clone)]
pub struct Entry {
    element: String,
    analytic: f64,
    numeric: f64,
    error: f64,
    verdict: Verdict,
    note: String,
}

impl Entry {
    pub(super) fn new(element: String, analytic: f64, outcome: Outcome) -> Self {
        let Outcome { numeric, error, verdict, note } = outcome;
        Self { element, analytic, numeric, error, verdict, note }
    }

    /// Which element, such as `weight[3, 1]`, or which direction.
    #[must_use]
    pub fn element(&self) -> &str {
        &self.element
    }

    /// The derivative that was to be verified.
    #[must_use]
    pub fn analytic(&self) -> f64 {
        self.analytic
    }

    /// The derivative from differences.
    #[must_use]
    pub fn numeric(&self) -> f64 {
        self.numeric
    }

    /// The estimated error of the numeric derivative.
    #[must_use]
    pub fn estimated_error(&self) -> f64 {
        self.error
    }

    /// The difference of the two, relative to the larger; 0 if they are equal.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        if self.analytic == self.numeric {
            return 0.0;
        }
        (self.analytic - self.numeric).abs() / self.analytic.abs().max(self.numeric.abs())
    }

    /// What the comparison came to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What is remarkable about the function here; empty where it is smooth.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }
}

/// What a verification found. It prints as a table, the worst elements first.
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[derive(Debug, Clone)]
#[must_use = "a verification that nobody looks at verifies nothing"]
pub struct Report {
    inputs: Vec<(String, Shape)>,
    entries: Vec<Entry>,
    fault: Option<Fault>,
}

impl Report {
    pub(super) fn new(inputs: Vec<(String, Shape)>, entries: Vec<Entry>, fault: Option<Fault>) -> Self {
        Self { inputs, entries, fault }
    }

    /// Whether every derivative agrees.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.fault.is_none() && self.entries.iter().all(|entry| entry.verdict == Verdict::Agrees)
    }

    /// Every comparison, in the order of the elements.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What kept the derivatives from being compared at all.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// The comparison with the largest relative error, those that did not agree before those that did.
    #[must_use]
    pub fn worst(&self) -> Option<&Entry> {
        self.sorted().first().copied()
    }

    /// Passes, or panics with the table at the caller's line.
    ///
    /// # Panics
    /// If a derivative does not agree or could not be compared.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.passed(), "{self}");
    }

    fn sorted(&self) -> Vec<&Entry> {
        let mut sorted: Vec<_> = self.entries.iter().collect();
        let key = |entry: &Entry| match entry.verdict {
            Verdict::Differs => (0, -entry.relative_error()),
            Verdict::Unverifiable => (1, -entry.relative_error()),
            Verdict::Agrees => (if entry.note.is_empty() { 3 } else { 2 }, -entry.relative_error()),
        };
        sorted.sort_by(|one, other| {
            let ((rank, error), (other_rank, other_error)) = (key(one), key(other));
            rank.cmp(&other_rank).then(error.total_cmp(&other_error))
        });
        sorted
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// A screenful; whoever wants all asks for the entries.
        const SHOWN: usize = 10;
        if let Some(fault) = &self.fault {
            return write!(f, "gradient check failed: {fault}");
        }
        let count = |verdict| self.entries.iter().filter(|entry| entry.verdict == verdict).count();
        let (differ, rough, total) = (count(Verdict::Differs), count(Verdict::Unverifiable), self.entries.len());
        match (differ, rough, total) {
            (_, _, 0) => return write!(f, "gradient check: there is nothing to verify in {}", self.names()),
            (0, 0, _) => writeln!(f, "gradient check passed: {total} derivatives of {} agree", self.names())?,
            (_, 0, _) => {
                writeln!(f, "gradient check failed: {differ} of {total} derivatives of {} differ", self.names())?;
            }
            _ => writeln!(
                f,
                "gradient check failed: of {total} derivatives of {}, {differ} differ and {rough} could not be verified",
                self.names()
            )?,
        }
        let sorted = self.sorted();
        let shown = &sorted[..sorted.len().min(SHOWN)];
        let width = shown.iter().map(|entry| entry.element.chars().count()).max().unwrap_or(0).max(7);
        write!(
            f,
            "  {:width$}  {:>14}  {:>14}  {:>10}  {:>10}  note",
            "element", "analytic", "numeric", "rel. error", "est. error"
        )?;
        for entry in shown {
            let Entry { element, analytic, numeric, error, note, verdict } = entry;
            let mark = if *verdict == Verdict::Agrees { ' ' } else { '!' };
            let relative = entry.relative_error();
            write!(
                f,
                "\n{mark} {element:width$}  {analytic:>14.6e}  {numeric:>14.6e}  {relative:>10.1e}  {error:>10.1e}  {note}"
            )?;
        }
        match total - shown.len() {
            0 => Ok(()),
            hidden => write!(f, "\n  ... and {hidden} more"),
        }
    }
}

impl Report {
    fn names(&self) -> String {
        let names: Vec<_> = self.inputs.iter().map(|(name, shape)| format!("{name} {shape}")).collect();
        names.join(", ")
    }
}
