//! Parameters in a file that PyTorch and others read and write.

use std::path::Path;

use tape::{Params, Real};

use crate::archive::{Archive, Entry, METADATA, encode};
use crate::atomic::replace;
use crate::error::{Error, Misfit};

/// Writes all parameters as a safetensors file, under their names and in their shapes.
///
/// Names and layouts are PyTorch's where the layers' are, so that `safetensors.torch.load_file` gives a `state_dict`.
/// Equal parameters give equal bytes. The file is replaced whole or not at all, see [`write_file`](crate::write_file).
///
/// ```
/// use ndarray::array;
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("model.safetensors");
///
/// let mut params = tape::Params::<f32>::new();
/// let weight = params.add("0.weight", &array![[0.5, -1.5]]);
/// train::save_parameters(&params, &path)?;
///
/// params.view_mut(weight).fill(0.0);
/// train::load_parameters(&mut params, &path)?;
/// assert_eq!(params.values(), [0.5, -1.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::File`] if the file cannot be written, [`Error::ReservedName`] if a parameter is called `__metadata__`.
pub fn save_parameters<T: Real>(params: &Params<T>, path: impl AsRef<Path>) -> Result<(), Error> {
    let entries = entries(params, params.values(), "")?;
    // What PyTorch's own users write there: some loaders refuse a file that does not say it.
    let bytes = encode(&entries, ("format", "pt")).map_err(Error::file("write", path.as_ref()))?;
    replace(path.as_ref(), |file| file.write_all(&bytes))
}

/// Reads all parameters from a safetensors file.
///
/// The file must hold an array of each parameter's name and shape, and nothing else. Elements are taken as they are;
/// `F32` arrays widen to `f64` parameters without loss. Any other element type is refused: rounding `F64` to `f32`
/// would make another model, which is the caller's to decide (load into `Params<f64>`, then
/// [`cast`](Params::cast)).
///
/// # Errors
/// [`Error::Misfit`] with every missing, unexpected and misshapen name; [`Error::Corrupt`] if the file is damaged or of
/// another format; [`Error::File`] if it cannot be read. The parameters are as they were then.
pub fn load_parameters<T: Real>(params: &mut Params<T>, path: impl AsRef<Path>) -> Result<(), Error> {
    let mut archive = Archive::open(path.as_ref())?;
    let misfit = misfit(params, &archive, "");
    if !misfit.is_empty() {
        return Err(Error::Misfit { path: path.as_ref().to_owned(), misfit });
    }
    let values = read(params, &mut archive, "")?;
    params.values_mut().copy_from_slice(&values);
    Ok(())
}

/// An entry for each parameter, its elements taken from `values`, laid out like the parameters.
pub(crate) fn entries<T: Real>(params: &Params<T>, values: &[T], prefix: &str) -> Result<Vec<Entry>, Error> {
    params
        .iter()
        .map(|(_, parameter)| match format!("{prefix}{}", parameter.name()) {
            name if name == METADATA => Err(Error::ReservedName { name }),
            name => Ok(Entry::new(name, parameter.shape(), &values[parameter.range()])),
        })
        .collect()
}

/// How the arrays of a file whose names begin with `prefix` differ from the parameters.
pub(crate) fn misfit<T: Real>(params: &Params<T>, archive: &Archive, prefix: &str) -> Misfit {
    let mut misfit = Misfit::default();
    for (_, parameter) in params.iter() {
        let name = format!("{prefix}{}", parameter.name());
        if !archive.contains(&name) {
            misfit.missing.push(parameter.name().to_owned());
        } else if let Some(reason) = archive.mismatch::<T>(&name, parameter.shape()) {
            misfit.misshapen.push((parameter.name().to_owned(), reason));
        }
    }
    let names = archive.names().filter_map(|name| name.strip_prefix(prefix));
    misfit.unexpected = names.filter(|name| params.find(name).is_none()).map(str::to_owned).collect();
    misfit
}

/// The elements of all parameters, laid out like them, from a file that is known to fit.
pub(crate) fn read<T: Real>(params: &Params<T>, archive: &mut Archive, prefix: &str) -> Result<Vec<T>, Error> {
    let mut values = Vec::with_capacity(params.size());
    for (_, parameter) in params.iter() {
        archive.read(&format!("{prefix}{}", parameter.name()), &mut values)?;
    }
    Ok(values)
}
