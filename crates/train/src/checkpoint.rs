//! A run in one file: what it takes to continue as if it had never stopped.
//!
//! The file is a safetensors file. Its arrays are the parameters (`parameters.<name>`), those of the optimizer
//! (`optimizer.<name>.<array>`), the best parameters so far if early stopping keeps them (`best.<name>`), and, as its
//! last four bytes, the CRC-32 of everything before (`checksum`). Its one text is JSON with all else.

use std::io;
use std::path::Path;

use optim::{Optimizer, State};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tape::{Params, Real};

use crate::archive::{Archive, Entry, encode};
use crate::arrays::Arrays;
use crate::atomic::replace;
use crate::error::Error;
use crate::parameters;

/// Raised whenever a file of the old kind would be misread.
const VERSION: u32 = 1;
const TEXT: &str = "wengert.checkpoint";
const CHECKSUM: &str = "checksum";
const CHECKSUM_SIZE: usize = 4;
const PARAMETERS: &str = "parameters.";
const OPTIMIZER: &str = "optimizer.";
const BEST: &str = "best.";

/// What the text of the file holds.
#[derive(Serialize, Deserialize)]
#[serde(bound(serialize = "T: Real, P: Serialize", deserialize = "T: Real, P: DeserializeOwned"))]
struct Text<T, P> {
    version: u32,
    /// The element type of the parameters.
    elements: String,
    /// Its arrays have lost their elements: those are arrays of the file.
    optimizer: State<T>,
    best: bool,
    progress: P,
}

/// Read before the rest, which may be another in another version.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Writes parameters, the optimizer's state and `progress` to one file, which is replaced whole or not at all.
///
/// This is for a training loop of one's own; [`Trainer`](crate::Trainer) does it by itself. `progress` is whatever else
/// the loop needs to continue: how far it is, the [`GeneratorState`](crate::GeneratorState) of its shuffles. Numbers in it
/// are restored exactly, with one exception that JSON imposes: an infinite or NaN `f64` cannot be read back.
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, Sgd};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("run.checkpoint");
/// let mut params = tape::Params::<f64>::new();
/// params.add("w", &array![1.0]);
/// let mut sgd = Sgd::new(0.5).momentum(0.5);
/// let slope = tape::Gradients::for_params(&params, &[1.0])?;
/// sgd.step(&mut params, &slope)?;
/// train::save_checkpoint(&path, &params, &sgd, &"after step 1")?;
///
/// sgd.step(&mut params, &slope)?;
/// assert_eq!(params.values(), [-0.25]);
/// let progress: String = train::load_checkpoint(&path, &mut params, &mut sgd)?;
/// assert_eq!((progress.as_str(), params.values()), ("after step 1", &[0.5][..]));
/// sgd.step(&mut params, &slope)?;
/// assert_eq!(params.values(), [-0.25]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::File`] if the file cannot be written; it is as it was then.
pub fn save_checkpoint<T: Real>(
    path: impl AsRef<Path>,
    params: &Params<T>,
    optimizer: &(impl Optimizer<T> + ?Sized),
    progress: &impl Serialize,
) -> Result<(), Error> {
    write(path.as_ref(), params, optimizer.state(), None, progress)
}

/// Continues from a file of [`save_checkpoint`]: restores parameters and optimizer, and returns the progress.
///
/// # Errors
/// [`Error::File`] if it cannot be read; [`Error::Corrupt`] if a single bit of it is not as it was written, or if it is
/// no checkpoint; [`Error::Version`]; [`Error::OtherRun`] with the first difference if it is of another model or another
/// optimizer. Parameters and optimizer are as they were then.
pub fn load_checkpoint<T: Real, P: DeserializeOwned>(
    path: impl AsRef<Path>,
    params: &mut Params<T>,
    optimizer: &mut (impl Optimizer<T> + ?Sized),
) -> Result<P, Error> {
    let content = read(path.as_ref(), params)?;
    content.restore(path.as_ref(), params, optimizer).map(|(progress, _)| progress)
}

/// The content of a checkpoint that fits the parameters, not yet restored.
pub(crate) struct Content<T, P> {
    values: Vec<T>,
    optimizer: State<T>,
    best: Option<Vec<T>>,
    pub(crate) progress: P,
}

impl<T: Real, P> Content<T, P> {
    /// Writes to the parameters and to the optimizer, or to none of them; returns the progress and the best parameters.
    pub(crate) fn restore(
        self,
        path: &Path,
        params: &mut Params<T>,
        optimizer: &mut (impl Optimizer<T> + ?Sized),
    ) -> Result<(P, Option<Vec<T>>), Error> {
        optimizer.restore(&self.optimizer).map_err(|error| other_run(path, error.to_string()))?;
        params.values_mut().copy_from_slice(&self.values);
        Ok((self.progress, self.best))
    }
}

pub(crate) fn write<T: Real>(
    path: &Path,
    params: &Params<T>,
    mut optimizer: State<T>,
    best: Option<&[T]>,
    progress: &impl Serialize,
) -> Result<(), Error> {
    let mut entries = parameters::entries(params, params.values(), PARAMETERS)?;
    for array in &mut optimizer.arrays {
        let values = std::mem::take(&mut array.values);
        entries.push(Entry::new(format!("{OPTIMIZER}{}", array.key()), &[values.len()], &values));
    }
    if let Some(best) = best {
        entries.extend(parameters::entries(params, best, BEST)?);
    }
    entries.push(Entry::of_bytes(CHECKSUM, vec![0; CHECKSUM_SIZE]));

    let text = Text { version: VERSION, elements: T::NAME.to_owned(), optimizer, best: best.is_some(), progress };
    let text = serde_json::to_string(&text).map_err(io::Error::other);
    let encoded = text.and_then(|text| encode(&entries, (TEXT, &text)));
    let mut bytes = encoded.map_err(Error::file("write", path))?;
    let checked = bytes.len() - CHECKSUM_SIZE;
    let checksum = crc32fast::hash(&bytes[..checked]);
    bytes[checked..].copy_from_slice(&checksum.to_le_bytes());
    replace(path, |file| file.write_all(&bytes))
}

pub(crate) fn read<T: Real, P: DeserializeOwned>(path: &Path, params: &Params<T>) -> Result<Content<T, P>, Error> {
    let mut archive = Archive::open(path)?;
    let text = checked_text(&mut archive)?;
    let unreadable = |error: serde_json::Error| Error::corrupt(path, format!("its text: {error}"));
    let Version { version } = serde_json::from_str(&text).map_err(unreadable)?;
    if version != VERSION {
        return Err(Error::Version { path: path.to_owned(), found: version, known: VERSION });
    }
    let text: Text<T, P> = serde_json::from_str(&text).map_err(unreadable)?;
    if text.elements != T::NAME {
        return Err(other_run(path, format!("its parameters are {}, not {}", text.elements, T::NAME)));
    }
    let misfit = parameters::misfit(params, &archive, PARAMETERS);
    if !misfit.is_empty() {
        return Err(other_run(path, misfit.to_string()));
    }
    let values = parameters::read(params, &mut archive, PARAMETERS)?;
    let optimizer = read_optimizer(text.optimizer, &mut archive)?;
    same_order(&optimizer, params).map_err(|difference| other_run(path, difference))?;
    let best = match text.best {
        true if !parameters::misfit(params, &archive, BEST).is_empty() => {
            return Err(Error::corrupt(path, "its best parameters are not those of its model"));
        }
        true => Some(parameters::read(params, &mut archive, BEST)?),
        false => None,
    };
    Ok(Content { values, optimizer, best, progress: text.progress })
}

/// The text of a file whose checksum is right.
fn checked_text(archive: &mut Archive) -> Result<String, Error> {
    let (path, text) = (archive.path().to_owned(), archive.text(TEXT).map(str::to_owned));
    let Some(text) = text.filter(|_| archive.contains(CHECKSUM)) else {
        return Err(Error::corrupt(&path, "it is no checkpoint of a training run"));
    };
    let expected = u32::from_le_bytes(archive.tail()?);
    let found = archive.checksum(CHECKSUM_SIZE as u64)?;
    if found == expected {
        Ok(text)
    } else {
        Err(Error::corrupt(&path, format!("its checksum is {found:08x} where {expected:08x} is stated")))
    }
}

/// Gives the arrays of an optimizer's state their elements back.
fn read_optimizer<T: Real>(mut state: State<T>, archive: &mut Archive) -> Result<State<T>, Error> {
    for array in &mut state.arrays {
        let name = format!("{OPTIMIZER}{}", array.key());
        if !archive.is_vector::<T>(&name) {
            return Err(Error::corrupt(archive.path(), format!("it has no array {name:?} of {}", T::NAME)));
        }
        archive.read(&name, &mut array.values)?;
    }
    Ok(state)
}

/// An optimizer finds its arrays by the places of the parameters, so these must be in the model's order too.
fn same_order<T: Real>(state: &State<T>, params: &Params<T>) -> Result<(), String> {
    if state.parameters.is_empty() {
        return Ok(());
    }
    let mut saved = state.parameters.iter().map(|parameter| (parameter.name.as_str(), parameter.shape.as_slice()));
    let mut model = params.iter().map(|(_, parameter)| (parameter.name(), &**parameter.shape()));
    for index in 0.. {
        match (saved.next(), model.next()) {
            (None, None) => break,
            (saved, model) if saved == model => {}
            (saved, model) => {
                let text = |parameter: Option<(&str, &[usize])>| {
                    parameter.map_or("none".to_owned(), |(name, shape)| format!("{name:?} {shape:?}"))
                };
                let (saved, model) = (text(saved), text(model));
                return Err(format!("its optimizer's parameter {index} is {saved}, the model's is {model}"));
            }
        }
    }
    Ok(())
}

fn other_run(path: &Path, difference: String) -> Error {
    Error::OtherRun { path: path.to_owned(), difference }
}
