//! Parameters in a file that other programs read and write: which format, which names, which layouts.

use std::io;
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, ArrayViewD, IxDyn, ShapeBuilder};
use tape::{Parameter, Params, Real};

use crate::archive::{Archive, Entry, METADATA, encode};
use crate::arrays::{Arrays, Layout};
use crate::atomic::replace;
use crate::error::{Error, Misfit};
use crate::npz::{self, Npz};
use crate::pattern::Pattern;

/// A file of parameters, with all that it names and lays out in another way than the model.
///
/// A file whose name ends in `.npz` is written as NumPy's archive, every other one as safetensors; which of the two a file
/// is that is read, its first bytes tell. Names and layouts are the parameters' own, which are PyTorch's where the layers'
/// are; rules say where the file differs, and serve both ways.
///
/// ```
/// use ndarray::array;
/// use train::ParameterFile;
/// let directory = tempfile::tempdir()?;
///
/// let mut params = tape::Params::<f32>::new();
/// let weight = params.add("encoder.0.weight", &array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// // A program that multiplies from the other side has the weight as `[in, out]`, under another name.
/// let file = ParameterFile::new(directory.path().join("model.npz"))
///     .rename("*.weight", "*/kernel")
///     .transpose("*.weight");
/// file.save(&params)?;
///
/// params.view_mut(weight).fill(0.0);
/// file.load(&mut params)?;
/// assert_eq!(params.values(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
///
/// // Without the rules, nothing fits; a lenient reading takes what does, and tells the rest.
/// let misfit = ParameterFile::new(directory.path().join("model.npz")).lenient().load(&mut params)?;
/// assert_eq!(misfit.to_string(), "missing \"encoder.0.weight\"; unexpected \"encoder.0/kernel\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is read or written before `load` or `save`"]
pub struct ParameterFile {
    path: PathBuf,
    renames: Vec<(Pattern, Pattern)>,
    permutations: Vec<(String, Option<Vec<usize>>)>,
    lenient: bool,
}

impl ParameterFile {
    /// A file with the names and layouts of the parameters.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), renames: Vec::new(), permutations: Vec::new(), lenient: false }
    }

    /// A parameter of a name like `parameter` has one like `array` in the file. Each `*` stands for any characters, and
    /// for the same ones in both. The first rule that means a parameter counts.
    pub fn rename(mut self, parameter: &str, array: &str) -> Self {
        self.renames.push((Pattern::new(parameter), Pattern::new(array)));
        self
    }

    /// The file has parameters of a name like this ([`tape::matches()`]) with their axes in the reverse order, as `[in, out]` matrices of other
    /// libraries are.
    pub fn transpose(mut self, parameter: &str) -> Self {
        self.permutations.push((parameter.to_owned(), None));
        self
    }

    /// The file has parameters of a name like this with their axes in another order: axis `i` of the file's array is axis
    /// `axes[i]` of the parameter. The first rule that means a parameter counts, transpositions included.
    ///
    /// ```
    /// // JAX and TensorFlow have the kernels of convolutions as [height, width, in, out].
    /// let file = train::ParameterFile::new("model.npz").permute("conv*.weight", &[2, 3, 1, 0]);
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("model.npz");
    /// # let file = train::ParameterFile::new(&path).permute("conv*.weight", &[2, 3, 1, 0]);
    /// # let mut params = tape::Params::<f32>::new();
    /// # let kernel = ndarray::Array::from_iter((0..24).map(|x| x as f32)).into_shape_with_order((4, 3, 2, 1))?;
    /// # let id = params.add("conv0.weight", &kernel);
    /// # file.save(&params)?;
    /// # let mut other = tape::Params::<f32>::new();
    /// # let other_id = other.add("conv0.weight", &ndarray::Array4::zeros((2, 1, 3, 4)));
    /// # train::ParameterFile::new(&path).load(&mut other)?;
    /// # for ((o, i, h, w), value) in kernel.indexed_iter() {
    /// #     assert_eq!(other.view(other_id)[[h, w, i, o]], *value);
    /// # }
    /// # params.view_mut(id).fill(0.0);
    /// # file.load(&mut params)?;
    /// # assert_eq!(params.view(id), kernel.into_dyn());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn permute(mut self, parameter: &str, axes: &[usize]) -> Self {
        self.permutations.push((parameter.to_owned(), Some(axes.to_vec())));
        self
    }

    /// Reads what fits, and reports the rest instead of failing: for a model that shares only some layers with the file.
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Writes all parameters; equal ones give equal bytes. The file is replaced whole or not at all, see
    /// [`write_file`](crate::write_file).
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be written, [`Error::ReservedName`] if an array of a safetensors file were called
    /// `__metadata__`, [`Error::Setting`] if a rule does not suit the parameters.
    pub fn save<T: Real>(&self, params: &Params<T>) -> Result<(), Error> {
        let places = self.places(params)?;
        let arrays = places.iter().map(|place| {
            let array = place.of_file(params.view(place.id));
            (place.name.as_str(), array.shape().to_vec(), array.iter().copied().collect::<Vec<_>>())
        });
        let bytes = if self.path.extension().is_some_and(|extension| extension == "npz") {
            npz::encode(arrays)
        } else {
            if let Some(place) = places.iter().find(|place| place.name == METADATA) {
                return Err(Error::ReservedName { name: place.name.clone() });
            }
            let entries: Vec<_> =
                arrays.map(|(name, shape, elements)| Entry::new(name.to_owned(), &shape, &elements)).collect();
            // What PyTorch's own users write there: some loaders refuse a file that does not say it.
            encode(&entries, ("format", "pt"))
        };
        let bytes = bytes.map_err(Error::file("write", &self.path))?;
        replace(&self.path, |file| file.write_all(&bytes))
    }

    /// Reads the parameters. Unless reading is [lenient](Self::lenient), the file must hold an array for each of them, and
    /// nothing else; returns how the two differ, which is in nothing then.
    ///
    /// Elements are taken as they are: narrower floating-point numbers widen, integers are taken where they are exact
    /// (PyTorch counts batches in them). `F64` is refused by `f32` parameters: rounding would make another model, which is
    /// the caller's to decide (load into `Params<f64>`, then [`cast`](Params::cast)).
    ///
    /// # Errors
    /// [`Error::Misfit`] with every missing, unexpected and misshapen name; [`Error::Corrupt`] if the file is damaged or of
    /// another format; [`Error::File`] if it cannot be read; [`Error::Setting`] if a rule does not suit the parameters. The
    /// parameters are as they were then.
    pub fn load<T: Real>(&self, params: &mut Params<T>) -> Result<Misfit, Error> {
        let places = self.places(params)?;
        let mut source = Source::open(&self.path)?;
        let mut misfit = Misfit::default();
        let mut fitting = Vec::new();
        for place in &places {
            let parameter = params.parameter(place.id);
            match source.layout(&place.name) {
                None => misfit.missing.push(place.name.clone()),
                Some(layout) => match layout.mismatch::<T>(&place.shape(parameter)) {
                    Some(reason) => misfit.misshapen.push((place.name.clone(), reason)),
                    None => fitting.push((place, layout.clone())),
                },
            }
        }
        let is_expected = |name: &str| places.iter().any(|place| place.name == name);
        let unexpected = source.names().into_iter().filter(|name| !is_expected(name)).map(str::to_owned);
        misfit.unexpected = unexpected.collect();
        if !(self.lenient || misfit.is_empty()) {
            return Err(Error::Misfit { path: self.path.clone(), misfit });
        }
        // Everything is read before anything is written.
        let mut values = params.values().to_vec();
        for (place, layout) in fitting {
            let mut elements = Vec::new();
            source.read(&place.name, &mut elements)?;
            let range = params.parameter(place.id).range();
            let array = place.of_parameter(array(elements, &layout));
            values[range].iter_mut().zip(&array).for_each(|(value, &element)| *value = element);
        }
        params.values_mut().copy_from_slice(&values);
        Ok(misfit)
    }

    /// Where in the file each parameter is.
    fn places<T: Real>(&self, params: &Params<T>) -> Result<Vec<Place>, Error> {
        for (parameter, array) in &self.renames {
            if parameter.stars() != array.stars() {
                let value = format!("{parameter} to {array}");
                return Err(Error::Setting { setting: "rename", value, rule: "both must have as many stars" });
            }
        }
        let mut places: Vec<Place> = Vec::with_capacity(params.len());
        for (id, parameter) in params.iter() {
            let name = parameter.name();
            let renamed = self.renames.iter().find_map(|(ours, theirs)| Some(theirs.filled(&ours.captures(name)?)));
            let name = renamed.unwrap_or_else(|| name.to_owned());
            if places.iter().any(|place| place.name == name) {
                let rule = "each array can be one parameter only";
                return Err(Error::Setting { setting: "rename", value: format!("{name:?} twice"), rule });
            }
            places.push(Place { id, name, axes: self.axes(parameter)? });
        }
        Ok(places)
    }

    /// Which of the parameter's axes each axis of the file's array is.
    fn axes(&self, parameter: &Parameter) -> Result<Vec<usize>, Error> {
        let rank = parameter.shape().len();
        let rule = self.permutations.iter().find(|(pattern, _)| tape::matches(pattern, parameter.name()));
        let axes: Vec<usize> = match rule {
            None => (0..rank).collect(),
            Some((_, None)) => (0..rank).rev().collect(),
            Some((_, Some(axes))) => axes.clone(),
        };
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        if sorted.iter().copied().eq(0..rank) {
            return Ok(axes);
        }
        let value = format!("{axes:?} for {:?} of shape {}", parameter.name(), parameter.shape());
        Err(Error::Setting { setting: "permute", value, rule: "it must name each axis once" })
    }
}

/// Where a parameter is in a file.
struct Place {
    id: tape::ParamId,
    name: String,
    axes: Vec<usize>,
}

impl Place {
    /// The shape of the file's array.
    fn shape(&self, parameter: &Parameter) -> Vec<usize> {
        self.axes.iter().map(|&axis| parameter.shape()[axis]).collect()
    }

    fn of_file<'a, T>(&self, parameter: ArrayViewD<'a, T>) -> ArrayViewD<'a, T> {
        parameter.permuted_axes(&*self.axes)
    }

    fn of_parameter<T>(&self, array: ArrayD<T>) -> ArrayD<T> {
        let mut inverse = vec![0; self.axes.len()];
        self.axes.iter().enumerate().for_each(|(ours, &theirs)| inverse[theirs] = ours);
        array.permuted_axes(&*inverse)
    }
}

fn array<T>(elements: Vec<T>, layout: &Layout) -> ArrayD<T> {
    let shape = IxDyn(&layout.shape).set_f(layout.column_major);
    ArrayD::from_shape_vec(shape, elements).expect("as many elements as the layout has were read")
}

/// An open file of either format.
enum Source {
    Safetensors(Archive),
    Npz(Npz),
}

impl Source {
    fn open(path: &Path) -> Result<Self, Error> {
        let zip = is_zip(path).map_err(Error::file("read", path))?;
        if zip { Npz::open(path).map(Self::Npz) } else { Archive::open(path).map(Self::Safetensors) }
    }

    fn names(&self) -> Vec<&str> {
        match self {
            Self::Safetensors(file) => file.names(),
            Self::Npz(file) => file.names(),
        }
    }

    fn layout(&self, name: &str) -> Option<&Layout> {
        match self {
            Self::Safetensors(file) => file.layout(name),
            Self::Npz(file) => file.layout(name),
        }
    }

    fn read<T: Real>(&mut self, name: &str, elements: &mut Vec<T>) -> Result<(), Error> {
        match self {
            Self::Safetensors(file) => file.read(name, elements),
            Self::Npz(file) => file.read(name, elements),
        }
    }
}

/// Whether a file begins as a zip file does, or is named like one; the readers refuse what is no file at all.
fn is_zip(path: &Path) -> io::Result<bool> {
    if !std::fs::metadata(path)?.is_file() {
        return Ok(false);
    }
    let mut start = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(std::fs::File::open(path)?, npz::MAGIC.len() as u64), &mut start)?;
    Ok(start == npz::MAGIC || path.extension().is_some_and(|extension| extension == "npz"))
}
