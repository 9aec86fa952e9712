//! Parameters in a file that PyTorch and others read and write.

use std::path::Path;

use tape::{Params, Real};

use crate::archive::{Archive, Entry, METADATA};
use crate::arrays::Arrays;
use crate::error::{Error, Misfit};
use crate::parameter_file::ParameterFile;

/// Writes all parameters as a safetensors file (or `.npz`, if the name ends so), under their names and in their shapes.
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
    ParameterFile::new(path.as_ref()).save(params)
}

/// Reads all parameters from a safetensors file.
///
/// The file must hold an array of each parameter's name and shape, and nothing else; elements are taken without loss, or
/// refused: see [`ParameterFile::load`]. Lenient reading, other names and layouts, and NumPy's `.npz` are also there.
///
/// # Errors
/// [`Error::Misfit`] with every missing, unexpected and misshapen name; [`Error::Corrupt`] if the file is damaged or of
/// another format; [`Error::File`] if it cannot be read. The parameters are as they were then.
pub fn load_parameters<T: Real>(params: &mut Params<T>, path: impl AsRef<Path>) -> Result<(), Error> {
    ParameterFile::new(path.as_ref()).load(params).map(drop)
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
        match archive.layout(&format!("{prefix}{}", parameter.name())) {
            None => misfit.missing.push(parameter.name().to_owned()),
            Some(layout) => {
                let reason = layout.mismatch::<T>(parameter.shape());
                misfit.misshapen.extend(reason.map(|reason| (parameter.name().to_owned(), reason)));
            }
        }
    }
    let names = archive.names().into_iter().filter_map(|name| name.strip_prefix(prefix));
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
