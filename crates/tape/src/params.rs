//! Named parameters in one flat buffer.

mod names;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ndarray::{ArrayBase, ArrayViewD, ArrayViewMutD, Data, Dimension};

pub use self::names::matches;
use crate::Real;
use crate::error::{Error, unwrap};
use crate::shape::Shape;

/// Which parameter of a [`Params`]: what a layer keeps instead of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParamId {
    pub(crate) set: u32,
    pub(crate) index: u32,
}

/// What is known of one parameter: its name, its shape, where it lies, and whether it is trained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    name: String,
    shape: Shape,
    start: usize,
    trainable: bool,
    buffer: bool,
}

impl Parameter {
    /// The full name, such as `encoder.0.weight`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lengths of the parameter's axes.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Where its elements lie in the flat buffer, row by row.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.shape.size()
    }

    /// Whether gradients are computed for it. Running statistics and frozen weights are not trainable.
    #[must_use]
    pub fn is_trainable(&self) -> bool {
        self.trainable
    }

    /// Whether it is no weight but a running statistic or the like: [`Params::add_buffer`].
    #[must_use]
    pub fn is_buffer(&self) -> bool {
        self.buffer
    }
}

/// The parameters of a model: named arrays, one after another in a single flat buffer.
///
/// Gradients come laid out the same way, so that an optimizer is one pass over contiguous memory, clipping one
/// reduction and a checkpoint one file. A tape binds the parameters without copying them; whoever writes to them while
/// a recording still reads them writes to a copy of its own.
///
/// ```
/// use ndarray::array;
/// let mut params = tape::Params::<f64>::new();
/// let weight = params.add("weight", &array![[1.0, 2.0], [3.0, 4.0]]);
/// let bias = params.add("bias", &array![5.0]);
/// assert_eq!(params.values(), [1.0, 2.0, 3.0, 4.0, 5.0]);
/// assert_eq!(params.parameter(bias).range(), 4..5);
/// assert_eq!(params.view(weight)[[1, 0]], 3.0);
/// ```
#[derive(Debug, Clone)]
pub struct Params<T> {
    set: u32,
    values: Arc<Vec<T>>,
    table: Arc<Vec<Parameter>>,
    prefix: String,
}

/// Numbers sets of parameters, so that an identifier of one is not mistaken for one of another.
static SETS: AtomicU32 = AtomicU32::new(0);

impl<T: Real> Default for Params<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> Params<T> {
    /// No parameters.
    #[must_use]
    pub fn new() -> Self {
        Self {
            set: SETS.fetch_add(1, Ordering::Relaxed),
            values: Arc::new(Vec::new()),
            table: Arc::new(Vec::new()),
            prefix: String::new(),
        }
    }

    /// Adds a trainable parameter behind the others.
    ///
    /// # Panics
    /// If the name is taken; see [`Params::try_add`].
    #[track_caller]
    pub fn add<S: Data<Elem = T>, D: Dimension>(&mut self, name: &str, value: &ArrayBase<S, D>) -> ParamId {
        unwrap(self.try_add(name, value))
    }

    /// Adds a trainable parameter behind the others.
    ///
    /// # Errors
    /// [`Error::DuplicateParameter`] if the name, with the prefix of [`Params::within`], is taken.
    pub fn try_add<S: Data<Elem = T>, D: Dimension>(
        &mut self,
        name: &str,
        value: &ArrayBase<S, D>,
    ) -> Result<ParamId, Error> {
        self.push(name, value, false)
    }

    /// Adds a parameter that is not trained, such as a running mean: it is bound, saved and loaded like the others, no
    /// gradient is computed for it, and optimizers leave it alone. What it becomes in training is said by
    /// [`Pass::update`](crate::Pass::update).
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::<f32>::new();
    /// let mean = params.add_buffer("running_mean", &array![0.0, 0.0]);
    /// assert!(!params.parameter(mean).is_trainable());
    /// ```
    ///
    /// # Panics
    /// If the name is taken; see [`Params::try_add_buffer`].
    #[doc(alias = "register_buffer")]
    #[track_caller]
    pub fn add_buffer<S: Data<Elem = T>, D: Dimension>(&mut self, name: &str, value: &ArrayBase<S, D>) -> ParamId {
        unwrap(self.try_add_buffer(name, value))
    }

    /// As [`add_buffer`](Self::add_buffer).
    ///
    /// # Errors
    /// [`Error::DuplicateParameter`] if the name, with the prefix of [`Params::within`], is taken.
    pub fn try_add_buffer<S: Data<Elem = T>, D: Dimension>(
        &mut self,
        name: &str,
        value: &ArrayBase<S, D>,
    ) -> Result<ParamId, Error> {
        self.push(name, value, true)
    }

    fn push<S: Data<Elem = T>, D: Dimension>(
        &mut self,
        name: &str,
        value: &ArrayBase<S, D>,
        buffer: bool,
    ) -> Result<ParamId, Error> {
        let name = format!("{}{name}", self.prefix);
        if self.table.iter().any(|parameter| parameter.name == name) {
            return Err(Error::DuplicateParameter { name });
        }
        let values = Arc::make_mut(&mut self.values);
        let start = values.len();
        values.extend(value.iter().copied());
        let shape = Shape::from(value.shape());
        Arc::make_mut(&mut self.table).push(Parameter { name, shape, start, trainable: !buffer, buffer });
        Ok(self.id(self.table.len() - 1))
    }

    /// Runs `build` with `prefix.` put before the name of every parameter that it adds; nests.
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::<f32>::new();
    /// let id = params.within("encoder", |params| params.add("weight", &array![1.0]));
    /// assert_eq!(params.parameter(id).name(), "encoder.weight");
    /// ```
    pub fn within<R>(&mut self, prefix: &str, build: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.prefix.len();
        self.prefix.push_str(prefix);
        self.prefix.push('.');
        let built = build(self);
        self.prefix.truncate(outer);
        built
    }

    /// The number of parameters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is no parameter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The number of elements of all parameters together.
    #[must_use]
    pub fn size(&self) -> usize {
        self.values.len()
    }

    /// All elements, in the order in which the parameters were added.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All elements, to be written. Copies them first if a recording still reads them.
    pub fn values_mut(&mut self) -> &mut [T] {
        Arc::make_mut(&mut self.values).as_mut_slice()
    }

    /// Replaces all elements at once.
    ///
    /// # Errors
    /// [`Error::ParameterLayout`] if there are not as many; nothing is changed then.
    pub fn set_values(&mut self, values: &[T]) -> Result<(), Error> {
        if values.len() != self.size() {
            return Err(Error::ParameterLayout { expected: self.size(), found: values.len() });
        }
        self.values_mut().copy_from_slice(values);
        Ok(())
    }

    /// Every parameter with its identifier, in the order of the buffer.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ParamId, &Parameter)> {
        self.table.iter().enumerate().map(|(index, parameter)| (self.id(index), parameter))
    }

    /// The parameter of this full name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<ParamId> {
        self.table.iter().position(|parameter| parameter.name == name).map(|index| self.id(index))
    }

    /// Gives a parameter another full name.
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::<f32>::new();
    /// let id = params.within("encoder", |params| params.add("weight", &array![1.0]));
    /// params.rename(id, "encoder.kernel");
    /// assert_eq!((params.find("encoder.kernel"), params.find("encoder.weight")), (Some(id), None));
    /// ```
    ///
    /// # Panics
    /// As [`try_rename`](Self::try_rename) fails.
    #[track_caller]
    pub fn rename(&mut self, id: ParamId, name: &str) {
        unwrap(self.try_rename(id, name));
    }

    /// As [`rename`](Self::rename).
    ///
    /// # Errors
    /// [`Error::ForeignParameter`] if the identifier belongs to another set of parameters,
    /// [`Error::DuplicateParameter`] if another parameter has the name.
    pub fn try_rename(&mut self, id: ParamId, name: &str) -> Result<(), Error> {
        if id.set != self.set {
            return Err(Error::ForeignParameter);
        }
        if self.find(name).is_some_and(|other| other != id) {
            return Err(Error::DuplicateParameter { name: name.to_owned() });
        }
        name.clone_into(&mut Arc::make_mut(&mut self.table)[id.index as usize].name);
        Ok(())
    }

    /// What is known of a parameter.
    ///
    /// # Panics
    /// If the identifier belongs to another set of parameters.
    #[must_use]
    #[track_caller]
    pub fn parameter(&self, id: ParamId) -> &Parameter {
        if id.set != self.set {
            panic!("{}", Error::ForeignParameter);
        }
        &self.table[id.index as usize]
    }

    /// A parameter's elements as an array.
    ///
    /// # Panics
    /// If the identifier belongs to another set of parameters.
    #[must_use]
    #[track_caller]
    pub fn view(&self, id: ParamId) -> ArrayViewD<'_, T> {
        let parameter = self.parameter(id);
        ArrayViewD::from_shape(&*parameter.shape, &self.values[parameter.range()])
            .expect("a parameter's range holds exactly its shape")
    }

    /// A parameter's elements as an array to be written. Copies all parameters first if a recording still reads them.
    ///
    /// # Panics
    /// If the identifier belongs to another set of parameters.
    #[must_use]
    #[track_caller]
    pub fn view_mut(&mut self, id: ParamId) -> ArrayViewMutD<'_, T> {
        let parameter = self.parameter(id);
        let (shape, range) = (parameter.shape.clone(), parameter.range());
        ArrayViewMutD::from_shape(&*shape, &mut self.values_mut()[range])
            .expect("a parameter's range holds exactly its shape")
    }

    /// Trains a parameter, or freezes it: no gradient is computed for a frozen one, and optimizers leave it alone.
    ///
    /// # Panics
    /// If the identifier belongs to another set of parameters.
    #[track_caller]
    pub fn set_trainable(&mut self, id: ParamId, trainable: bool) {
        // Refuses an identifier of another set.
        let _ = self.parameter(id);
        Arc::make_mut(&mut self.table)[id.index as usize].trainable = trainable;
    }

    /// The same parameters in another precision, under the same identifiers: a model that was built with these runs
    /// with those, for instance to verify the gradients of an `f32` network in `f64`.
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::<f32>::new();
    /// let id = params.add("weight", &array![0.5]);
    /// assert_eq!(params.cast::<f64>().view(id)[[0]], 0.5_f64);
    /// ```
    #[must_use]
    pub fn cast<U: Real>(&self) -> Params<U> {
        Params {
            set: self.set,
            values: Arc::new(self.values.iter().map(|value| U::from_f64(value.widen())).collect()),
            table: Arc::clone(&self.table),
            prefix: self.prefix.clone(),
        }
    }

    pub(crate) fn set(&self) -> u32 {
        self.set
    }

    pub(crate) fn shared_values(&self) -> &Arc<Vec<T>> {
        &self.values
    }

    pub(crate) fn shared_table(&self) -> &Arc<Vec<Parameter>> {
        &self.table
    }

    fn id(&self, index: usize) -> ParamId {
        ParamId { set: self.set, index: index as u32 }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_name_is_taken_once() {
        let mut params = Params::<f32>::new();
        params.add("a", &array![1.0]);
        let error = params.try_add("a", &array![2.0]).unwrap_err();
        assert_eq!(error.to_string(), "parameters: the name \"a\" is taken; each parameter needs a name of its own");
        assert_eq!(params.values(), [1.0]);
    }

    #[test]
    fn writing_leaves_a_clone_alone() {
        let mut params = Params::<f32>::new();
        let id = params.add("a", &array![1.0, 2.0]);
        let before = params.clone();
        params.view_mut(id)[[1]] = 7.0;
        assert_eq!(before.values(), [1.0, 2.0]);
        assert_eq!(params.values(), [1.0, 7.0]);
    }

    #[test]
    #[should_panic(expected = "the identifier belongs to another set of parameters")]
    fn an_identifier_of_another_set_is_refused() {
        let mut one = Params::<f32>::new();
        let id = one.add("a", &array![1.0]);
        let mut other = Params::<f32>::new();
        other.add("a", &array![1.0]);
        let _ = other.view(id);
    }

    #[test]
    fn a_name_that_is_taken_is_not_given_again() {
        let mut params = Params::<f32>::new();
        let (a, _) = (params.add("a", &array![1.0]), params.add("b", &array![2.0]));
        let before = params.clone();
        let error = params.try_rename(a, "b").unwrap_err();
        assert_eq!(error.to_string(), "parameters: the name \"b\" is taken; each parameter needs a name of its own");
        assert_eq!(Params::<f32>::new().try_rename(a, "c"), Err(Error::ForeignParameter));
        params.rename(a, "a");
        params.rename(a, "c");
        assert_eq!((params.parameter(a).name(), before.parameter(a).name()), ("c", "a"));
    }

    #[test]
    fn a_wrong_number_of_values_changes_nothing() {
        let mut params = Params::<f32>::new();
        params.add("a", &array![1.0]);
        let error = params.set_values(&[1.0, 2.0]).unwrap_err();
        assert_eq!(error.to_string(), "parameters: 2 elements where the parameters have 1");
        assert_eq!(params.values(), [1.0]);
    }
}
