//! How is a parameter computed from others?
//!
//! A parametrisation takes a parameter of a layer that is built: any parameter of any layer. It gives it another name,
//! adds others beside it, and runs the layer with a weight that is computed from them.

pub(crate) mod spectral_norm;
pub(crate) mod weight_norm;

use ndarray::ArrayD;
use tape::{ParamId, Params, Real};

use crate::error::Error;

/// Where the parts of a parameter are named, which PyTorch keeps apart from the parameter's own place:
/// `encoder.weight` has `encoder.parametrizations.weight`.
fn place<T: Real>(params: &Params<T>, id: ParamId) -> String {
    let name = params.parameter(id).name();
    let (before, own) = name.rsplit_once('.').map_or(("", name), |(before, own)| (before, own));
    let separator = if before.is_empty() { "" } else { "." };
    format!("{before}{separator}parametrizations.{own}")
}

/// That a parameter has an axis.
fn check_axis<T: Real>(layer: &'static str, params: &Params<T>, id: ParamId, axis: usize) -> Result<(), Error> {
    let shape = params.parameter(id).shape();
    if axis < shape.rank() {
        return Ok(());
    }
    Err(Error::Weight { layer, weight: shape.clone(), rule: "it does not have the axis" })
}

/// That names are still to be given, so that nothing is half done when one is not.
fn check_free<T: Real>(params: &Params<T>, names: &[&str]) -> Result<(), Error> {
    match names.iter().find(|name| params.find(name).is_some()) {
        Some(&name) => Err(tape::Error::DuplicateParameter { name: name.to_owned() }.into()),
        None => Ok(()),
    }
}

/// Adds a parameter under a full name, also where names are being prefixed.
fn add<T: Real>(params: &mut Params<T>, name: &str, value: &ArrayD<T>, trainable: bool) -> Result<ParamId, Error> {
    let id = if trainable { params.try_add(name, value)? } else { params.try_add_buffer(name, value)? };
    params.try_rename(id, name)?;
    Ok(id)
}
