//! What is saved and loaded with serde (feature `serde`): shapes and parameters. Reports of verifications are written, too.
//!
//! A gradient map needs nothing of its own: [`Gradients::params`](crate::Gradients::params) is a slice, laid out like the
//! parameters.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::params::Params;
use crate::real::Real;
use crate::shape::Shape;

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self[..].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

/// Parameters as they are written: what is known of each, in the order of the flat buffer, and the buffer.
#[derive(Serialize, Deserialize)]
struct Written<T> {
    parameters: Vec<Entry>,
    values: Vec<T>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    name: String,
    shape: Shape,
    trainable: bool,
    /// Files from before there were buffers do not say.
    #[serde(default)]
    buffer: bool,
}

impl<T: Real + Serialize> Serialize for Params<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = |parameter: &crate::Parameter| Entry {
            name: parameter.name().to_owned(),
            shape: parameter.shape().clone(),
            trainable: parameter.is_trainable(),
            buffer: parameter.is_buffer(),
        };
        let parameters = self.iter().map(|(_, parameter)| entry(parameter)).collect();
        Written { parameters, values: self.values().to_vec() }.serialize(serializer)
    }
}

impl<'de, T: Real + Deserialize<'de>> Deserialize<'de> for Params<T> {
    /// A set of parameters of its own. A model that was built with another set takes its values over by
    /// [`Params::set_values`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { parameters, values } = Written::<T>::deserialize(deserializer)?;
        let mut params = Self::new();
        let mut rest = &values[..];
        for Entry { name, shape, trainable, buffer } in parameters {
            let size = shape.iter().try_fold(1_usize, |size, &length| size.checked_mul(length));
            let Some((own, behind)) = size.and_then(|size| rest.split_at_checked(size)) else {
                return Err(D::Error::custom(format_args!("parameter {name:?}: too few values for its shape {shape}")));
            };
            let value = ndarray::ArrayView::from_shape(&*shape, own).map_err(D::Error::custom)?;
            let id = if buffer { params.try_add_buffer(&name, &value) } else { params.try_add(&name, &value) };
            let id = id.map_err(D::Error::custom)?;
            params.set_trainable(id, trainable);
            rest = behind;
        }
        if !rest.is_empty() {
            return Err(D::Error::custom(format_args!("{} values more than the parameters have", rest.len())));
        }
        Ok(params)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn saved() -> Params<f64> {
        let mut params = Params::new();
        params.within("layer", |params| params.add("weight", &array![[1.0, 2.5], [-3.0, 1e-300]]));
        params.add_buffer("mean", &array![0.1]);
        let frozen = params.add("frozen", &array![0.2]);
        params.set_trainable(frozen, false);
        params.add("empty", &ndarray::Array2::<f64>::zeros((0, 3)));
        params
    }

    #[test]
    fn parameters_come_back_as_they_were() {
        let params = saved();
        let text = serde_json::to_string(&params).unwrap();
        let loaded: Params<f64> = serde_json::from_str(&text).unwrap();
        assert_eq!(loaded.values(), params.values());
        let known = |params: &Params<f64>| params.iter().map(|(_, parameter)| parameter.clone()).collect::<Vec<_>>();
        assert_eq!(known(&loaded), known(&params));
        assert_eq!(serde_json::to_string(&loaded).unwrap(), text);
        // A model that was built anew takes the values over.
        let mut built = saved();
        built.values_mut().fill(0.0);
        built.set_values(loaded.values()).unwrap();
        assert_eq!(built.values(), params.values());
    }

    #[test]
    fn a_shape_is_written_as_a_list() {
        assert_eq!(serde_json::to_string(&Shape::from([2, 0, 3])).unwrap(), "[2,0,3]");
        assert_eq!(serde_json::from_str::<Shape>("[]").unwrap(), Shape::default());
    }

    #[test]
    fn malformed_parameters_are_refused_with_a_reason() {
        let entry = |name: &str, shape: &str| format!(r#"{{"name":"{name}","shape":{shape},"trainable":true}}"#);
        for (entries, values, reason) in [
            (entry("w", "[2]"), "[1.0]", "parameter \"w\": too few values for its shape [2]"),
            (entry("w", "[1]"), "[1.0, 2.0]", "1 values more than the parameters have"),
            (entry("w", "[4294967296, 4294967296]"), "[1.0]", "too few values"),
            (format!("{},{}", entry("w", "[1]"), entry("w", "[1]")), "[1.0, 2.0]", "the name \"w\" is taken"),
        ] {
            let text = format!(r#"{{"parameters":[{entries}],"values":{values}}}"#);
            let error = serde_json::from_str::<Params<f64>>(&text).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn the_flat_gradients_are_a_list_like_the_parameters() {
        let mut params = Params::new();
        let w = params.add("w", &array![3.0, 4.0]);
        let (_, gradients) = crate::Tape::new().value_and_grad(&params, |pass| pass.parameter(w).powi(2).sum());
        let text = serde_json::to_string(gradients.params()).unwrap();
        assert_eq!(text, "[6.0,8.0]");
        let loaded: Vec<f64> = serde_json::from_str(&text).unwrap();
        let again = crate::Gradients::for_params(&params, &loaded).unwrap();
        assert_eq!(again.params(), gradients.params());
    }

    #[test]
    fn a_report_is_written_with_every_comparison_and_its_verdict() {
        let report = crate::check_gradient(|x| x[0] * 2.0 + x[1] * 4.0, |_| vec![2.0, 5.0], &[1.0, 1.0]);
        let written = serde_json::to_value(&report).unwrap();
        let verdicts = [0, 1].map(|entry| written["entries"][entry]["verdict"].as_str().unwrap().to_owned());
        assert_eq!(verdicts, ["Agrees", "Differs"]);
        assert_eq!(written["entries"][1]["analytic"], 5.0);
        assert_eq!(written["inputs"][0], serde_json::json!(["x", [2]]));
        assert!(written["fault"].is_null());
    }
}
