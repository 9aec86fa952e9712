//! How far a run is, on the terminal.

use indicatif::{ProgressBar, ProgressStyle};

use crate::history::Epoch;

/// A bar on standard error, gone when the run is over; nothing at all where standard error is no terminal.
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    /// A bar over all steps of a run, of which some are done.
    pub(crate) fn new(shown: bool, steps: usize, done: usize) -> Self {
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} %, {eta} left  {msg}");
        let bar = || {
            let bar = ProgressBar::new(steps as u64).with_position(done as u64);
            bar.with_style(style.expect("the template is well-formed"))
        };
        Self(shown.then(bar).filter(|bar| !bar.is_hidden()))
    }

    pub(crate) fn step(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }

    pub(crate) fn epoch(&self, epoch: &Epoch) {
        if let Some(bar) = &self.0 {
            bar.set_message(epoch.to_string());
        }
    }

    /// Runs something that may print; the bar is out of its way meanwhile.
    pub(crate) fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        match &self.0 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
