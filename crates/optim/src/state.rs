//! What do the steps so far leave behind, as a value that can be kept?

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tape::Real;

use crate::error::Error;
use crate::layout::Layout;

/// The state of an optimizer: plain data, to be written to any format and restored bit for bit.
///
/// The arrays are few and large, everything else is small. A checkpoint may take the arrays out (`std::mem::take`),
/// write them beside the parameters under their [`key`](StateArray::key), and write the rest as JSON. With `serde` the
/// whole is one value, elements as the bits of an f64, since not every format keeps every float.
///
/// ```
/// use ndarray::array;
/// use optim::{Optimizer, Sgd};
/// let mut params = tape::Params::<f32>::new();
/// params.add("weight", &array![1.0, 2.0]);
/// let gradients = tape::Gradients::for_params(&params, &[0.5, -0.5])?;
/// let mut sgd = Sgd::new(0.1).momentum(0.9);
/// sgd.step(&mut params, &gradients)?;
///
/// let state = sgd.state();
/// assert_eq!(state.step, 1);
/// assert_eq!(state.arrays[0].key(), "weight.momentum_buffer");
/// assert_eq!(state.arrays[0].values, [0.5, -0.5]);
///
/// let text = serde_json::to_string(&state)?;
/// let mut resumed = Sgd::new(0.1).momentum(0.9);
/// resumed.restore(&serde_json::from_str(&text)?)?;
/// assert_eq!(resumed.state(), state);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "T: Real")]
pub struct State<T> {
    /// The optimizer's name.
    pub optimizer: String,
    /// How many steps were taken: the position of the schedule.
    pub step: u64,
    /// The parameters of the model, in its order; none before the first step.
    pub parameters: Vec<ParameterState>,
    /// The arrays of every parameter that was stepped at least once.
    pub arrays: Vec<StateArray<T>>,
    /// What is kept once for the whole model, such as an estimate of the distance to go.
    #[serde(default)]
    pub numbers: Vec<StateNumber>,
    /// The state of the optimizer that this one wraps.
    #[serde(default)]
    pub inner: Option<Box<Self>>,
}

/// One number of the whole model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateNumber {
    /// Its name.
    pub name: String,
    /// Its value.
    #[serde(with = "number_bits")]
    pub value: f64,
}

/// Arrays laid out like the parameters, and by parameter those of other lengths.
type Arrays<T> = (Vec<Vec<T>>, Vec<Vec<Vec<T>>>);

/// Which parameter, and how often it was stepped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterState {
    /// The parameter's full name.
    pub name: String,
    /// The lengths of its axes.
    pub shape: Vec<usize>,
    /// How many steps it has seen; fewer than the optimizer's if it was skipped.
    pub step: u64,
}

/// One array of one parameter, such as the average of its gradients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "T: Real")]
pub struct StateArray<T> {
    /// The parameter's full name.
    pub parameter: String,
    /// The name of the array, PyTorch's where it has one: `momentum_buffer`, `exp_avg`, `exp_avg_sq`.
    pub name: String,
    /// The elements, in the parameter's shape, row by row.
    #[serde(with = "bits")]
    pub values: Vec<T>,
}

impl<T> StateArray<T> {
    /// Parameter and name, such as `encoder.0.weight.exp_avg`. The last dot divides them.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}.{}", self.parameter, self.name)
    }
}

impl<T: Real> State<T> {
    /// A state without arrays, numbers and inner state.
    pub(crate) fn bare(optimizer: &str, step: u64) -> Self {
        let (parameters, arrays, numbers) = (Vec::new(), Vec::new(), Vec::new());
        Self { optimizer: optimizer.to_owned(), step, parameters, arrays, numbers, inner: None }
    }

    /// The state of an optimizer that keeps whole buffers of the model, none before its first step.
    pub(crate) fn of_buffers(
        optimizer: &str,
        step: u64,
        layout: Option<&Layout>,
        buffers: &[(String, &[T])],
        numbers: &[(&str, f64)],
    ) -> Self {
        let mut state = Self::bare(optimizer, step);
        let Some(layout) = layout else { return state };
        state.parameters = layout.parameters();
        for (parameter, range) in state.parameters.iter_mut().zip(layout.ranges()) {
            parameter.step = step;
            state.arrays.extend(buffers.iter().map(|(name, values)| StateArray {
                parameter: parameter.name.clone(),
                name: name.clone(),
                values: values[range.clone()].to_vec(),
            }));
        }
        state.numbers = numbers.iter().map(|&(name, value)| StateNumber { name: name.to_owned(), value }).collect();
        state
    }

    /// The layout and the buffers of such a state, checked against the model that the optimizer has already.
    pub(crate) fn check_buffers(
        &self,
        names: &[String],
        own: Option<&Layout>,
    ) -> Result<(Option<Layout>, Vec<Vec<T>>), Error> {
        let layout = Layout::restored(&self.parameters)?;
        if let Some(own) = own {
            own.check_state(&layout)?;
        }
        let (buffers, _) = self.check_arrays(names, |_| Vec::new(), &layout)?;
        Ok((if self.parameters.is_empty() { None } else { Some(layout) }, buffers))
    }

    /// Fails if the state is of another optimizer than the one of this name.
    pub(crate) fn check_name(&self, name: &'static str) -> Result<(), Error> {
        if self.optimizer == name {
            return Ok(());
        }
        Err(Error::OtherOptimizer { expected: name, found: self.optimizer.clone() })
    }

    /// The values of these numbers, and of no others.
    pub(crate) fn check_numbers(&self, names: &[&str]) -> Result<Vec<f64>, Error> {
        let wrong = |item: &str, problem: &str| Error::State { item: format!("{item:?}"), problem: problem.to_owned() };
        if let Some(number) = self.numbers.iter().find(|number| !names.contains(&&*number.name)) {
            return Err(wrong(&number.name, "this optimizer has no such number"));
        }
        let find = |&name: &&str| {
            let mut given = self.numbers.iter().filter(|number| number.name == name);
            match (given.next(), given.next()) {
                (Some(number), None) if number.value.is_nan() => Err(wrong(name, "it is NaN")),
                (Some(number), None) => Ok(number.value),
                (None, _) => Err(wrong(name, "it is missing")),
                (Some(_), Some(_)) => Err(wrong(name, "it is there twice")),
            }
        };
        names.iter().map(find).collect()
    }

    /// The state of the wrapped optimizer.
    pub(crate) fn check_inner(&self) -> Result<&Self, Error> {
        let missing = || Error::State { item: "\"inner\"".to_owned(), problem: "it is missing".to_owned() };
        self.inner.as_deref().ok_or_else(missing)
    }

    /// The arrays of these `names`, each laid out like the parameters, zero where a parameter was never stepped; and
    /// the arrays of other lengths that `shaped` says a parameter of a shape has, none where it was never stepped.
    ///
    /// The state may come from a file: every stepped parameter must have each array once and in its size, and there
    /// must be no other.
    pub(crate) fn check_arrays(
        &self,
        names: &[String],
        shaped: impl Fn(&[usize]) -> Vec<(String, usize)>,
        layout: &Layout,
    ) -> Result<Arrays<T>, Error> {
        let wrong = |item: &str, problem: String| Error::State { item: format!("{item:?}"), problem };
        let mut given = HashMap::new();
        for array in &self.arrays {
            if array.values.iter().any(|value| value.is_nan()) {
                return Err(wrong(&array.key(), "it has NaN".to_owned()));
            }
            if given.insert((array.parameter.clone(), array.name.clone()), &*array.values).is_some() {
                return Err(wrong(&array.key(), "it is there twice".to_owned()));
            }
        }
        // Where every element comes from is settled before memory is taken for them: sizes in a file may be absurd.
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for (ParameterState { name, shape, step }, range) in self.parameters.iter().zip(layout.ranges()) {
            if *step > self.step {
                return Err(wrong(name, format!("it has seen {step} steps, the optimizer {}", self.step)));
            }
            let mut take = |array: &str, size: usize| {
                let key = || format!("{name}.{array}");
                let values = given
                    .remove(&(name.clone(), array.to_owned()))
                    .ok_or_else(|| wrong(&key(), "it is missing".to_owned()))?;
                if values.len() != size {
                    let count = values.len();
                    return Err(wrong(&key(), format!("{count} elements where shape {shape:?} has {size}")));
                }
                Ok(values)
            };
            let mut own = Vec::new();
            if *step > 0 {
                for (index, array) in names.iter().enumerate() {
                    found.push((index, range.clone(), take(array, range.len())?));
                }
                for (array, size) in shaped(shape) {
                    own.push(take(&array, size)?.to_vec());
                }
            }
            others.push(own);
        }
        let unknown = |array: &&StateArray<T>| given.contains_key(&(array.parameter.clone(), array.name.clone()));
        if let Some(array) = self.arrays.iter().find(unknown) {
            return Err(wrong(&array.key(), "no stepped parameter of this optimizer has such an array".to_owned()));
        }
        let mut arrays = Vec::new();
        for _ in names {
            let mut array = Vec::new();
            let size = layout.size();
            array.try_reserve_exact(size).map_err(|_| wrong("shapes", format!("no memory for {size} elements")))?;
            array.resize(size, T::zero());
            arrays.push(array);
        }
        for (index, range, values) in found {
            arrays[index][range].copy_from_slice(values);
        }
        Ok((arrays, others))
    }
}

/// A number as its bits, for the same reason.
mod number_bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.to_bits().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}

/// Elements as the bits of an f64: JSON has no infinity, and its readers may be an ulp off.
mod bits {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use tape::Real;

    pub(super) fn serialize<T: Real, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|&value| Real::widen(value).to_bits()))
    }

    pub(super) fn deserialize<'de, T: Real, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
        let exact = |bits: u64| {
            let value: T = Real::from_f64(f64::from_bits(bits));
            let same = Real::widen(value).to_bits() == bits || value.is_nan();
            same.then_some(value).ok_or_else(|| D::Error::custom(format_args!("an element is no {}", T::NAME)))
        };
        Vec::<u64>::deserialize(deserializer)?.into_iter().map(exact).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array<T>(values: Vec<T>) -> StateArray<T> {
        StateArray { parameter: "w".into(), name: "exp_avg".into(), values }
    }

    #[test]
    fn every_element_survives_json() {
        let written = array(vec![0.1_f32, -0.0, f32::MIN_POSITIVE / 2.0, f32::INFINITY, f32::MAX]);
        let read: StateArray<f32> = serde_json::from_str(&serde_json::to_string(&written).unwrap()).unwrap();
        let bits = |array: &StateArray<f32>| array.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&read), bits(&written));
    }

    #[test]
    fn what_would_be_rounded_is_refused() {
        let text = serde_json::to_string(&array(vec![0.1_f64])).unwrap();
        let error = serde_json::from_str::<StateArray<f32>>(&text).unwrap_err();
        assert!(error.to_string().starts_with("an element is no f32"), "{error}");
    }
}
