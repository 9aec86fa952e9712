//! What parameters ask of a file of named arrays, whatever its format.

use std::fmt;
use std::path::Path;

use tape::Real;

use crate::element::Element;
use crate::error::{Error, Misfit};

/// How an array lies in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) shape: Vec<usize>,
    /// The element type, or the name of one that no parameter has.
    pub(crate) element: Result<Element, String>,
    /// Whether the first axis varies fastest, as in Fortran.
    pub(crate) column_major: bool,
}

impl Layout {
    /// Why this cannot be an array of `T` and of `shape`; `None` if it can, but for integers that may turn out too large.
    pub(crate) fn mismatch<T: Real>(&self, shape: &[usize]) -> Option<String> {
        if self.shape != shape {
            return Some(format!("has shape {:?} where {shape:?} is expected", self.shape));
        }
        match &self.element {
            Ok(element) if element.suits::<T>() => None,
            Ok(element) => Some(loss::<T>(element)),
            Err(element) => Some(loss::<T>(element)),
        }
    }
}

fn loss<T: Real>(found: &impl fmt::Display) -> String {
    format!("holds {found}, which {} cannot take without loss", T::NAME)
}

/// An array has an integer that `T` would round.
pub(crate) fn lossy<T: Real>(path: &Path, name: &str, element: Element) -> Error {
    let misshapen = vec![(name.to_owned(), loss::<T>(&element))];
    Error::Misfit { path: path.to_owned(), misfit: Misfit { misshapen, ..Misfit::default() } }
}

/// A file of named arrays, open. Nothing but its table of contents is in memory.
pub(crate) trait Arrays {
    fn path(&self) -> &Path;

    /// In an order that depends on the file alone.
    fn names(&self) -> Vec<&str>;

    /// How the array of this name lies; `None` if there is none.
    fn layout(&self, name: &str) -> Option<&Layout>;

    /// Appends the elements of an array to `elements`, in the order of the file; fails if one cannot be taken without loss.
    ///
    /// # Panics
    /// If there is no such array, or its element type does not suit `T`.
    fn read<T: Real>(&mut self, name: &str, elements: &mut Vec<T>) -> Result<(), Error>;
}
