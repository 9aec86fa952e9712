//! How is a layer carried from one set of parameters to another? By names and bytes, which is what every file format
//! does; those of the `train` crate are tested there.

use tape::Params;

/// A parameter's name, and the bits of its elements.
pub(crate) type Written = Vec<(String, Vec<u8>)>;

pub(crate) fn bytes(params: &Params<f64>) -> Written {
    let write = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
    params.iter().map(|(_, found)| (found.name().to_owned(), write(&params.values()[found.range()]))).collect()
}

/// In the opposite order, so that it is the name that finds a parameter, and not its place.
pub(crate) fn load(params: &mut Params<f64>, written: &Written) {
    for (name, bytes) in written.iter().rev() {
        let id = params.find(name).unwrap_or_else(|| panic!("no parameter {name}"));
        let range = params.parameter(id).range();
        let elements: Vec<_> = elements(bytes).collect();
        params.values_mut()[range].copy_from_slice(&elements);
    }
}

fn elements(bytes: &[u8]) -> impl Iterator<Item = f64> {
    bytes.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().expect("eight at a time")))
}
