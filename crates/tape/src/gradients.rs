//! The gradient map: what a sweep returns.

use std::mem::ManuallyDrop;
use std::ops::{Index, Range};
use std::sync::{Arc, OnceLock};

use ndarray::{ArrayD, ArrayViewD};

use crate::error::Error;
use crate::params::{ParamId, Parameter, Params};
use crate::position::Eras;
use crate::real::Real;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::updates::Updates;
use crate::var::Var;

/// The gradients of one root with respect to everything that it was computed from.
///
/// The map is a value of its own: it outlives the recording, sweeping again gives an equal one, and nothing has to be
/// set to zero between two sweeps. It is asked by [`Var`], [`Tensor`] or [`ParamId`]: [`get`](Self::get) answers `None`
/// where the root does not depend on what was asked for and lends a view elsewhere, indexing answers zero there and lends
/// an array that it copied when it was first asked.
///
/// The gradients of parameters lie in one flat buffer, laid out like the [`Params`] that were bound.
///
/// ```
/// let tape = tape::Tape::<f64>::new();
/// let (x, y, unused) = (tape.var(3.0), tape.var(4.0), tape.var(5.0));
/// let gradients = (x * y).backward();
/// assert_eq!(gradients[x], 4.0);
/// assert_eq!(gradients.get(y), Some(3.0));
/// assert_eq!(gradients.get(unused), None);
/// assert_eq!(gradients[unused], 0.0);
/// ```
pub struct Gradients<T: Real> {
    /// Handed on to the thread's next sweep when the map is dropped.
    pub(crate) adjoints: ManuallyDrop<Box<Adjoints<T>>>,
}

/// The adjoints of one sweep, by node number and by tensor number, and where they lie.
///
/// The memory of a map that is dropped serves the thread's next sweep.
#[derive(Debug, Clone)]
pub struct Adjoints<T: Real> {
    /// The numbers that handles of the swept recording bear; none where there was no recording.
    pub(crate) eras: Eras,
    /// The adjoint of every scalar node; [`Real::UNREACHED`](crate::real::sealed::Sealed::UNREACHED) where none arrived.
    pub(crate) scalars: Vec<T>,
    pub(crate) tensors: Vec<TensorAdjoint<T>>,
    /// The elements of all tensor adjoints but those of parameters. A tensor's lie behind those of its operands.
    pub(crate) elements: Vec<T>,
    /// The gradients of the bound parameters, laid out like them.
    pub(crate) params: Vec<T>,
    pub(crate) binding: Option<Binding>,
    pub(crate) updates: Updates<T>,
    zero: T,
}

/// Which parameters were bound.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) set: u32,
    pub(crate) table: Arc<Vec<Parameter>>,
    /// The number of the first parameter's tensor; the others follow in order.
    pub(crate) first_tensor: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct TensorAdjoint<T: Real> {
    pub(crate) node: u32,
    pub(crate) shape: Shape,
    pub(crate) place: Place,
    pub(crate) reached: bool,
    /// The array that indexing lends, copied when it is first asked for.
    lent: OnceLock<ArrayD<T>>,
}

/// Where a tensor's adjoint begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It has none: no gradient is computed for it.
    Nowhere,
    Elements(usize),
    Params(usize),
}

impl<T: Real> TensorAdjoint<T> {
    pub(crate) fn new(node: u32, shape: Shape, place: Place) -> Self {
        Self { node, shape, place, reached: false, lent: OnceLock::new() }
    }
}

impl<T: Real> Default for Adjoints<T> {
    fn default() -> Self {
        Self {
            eras: Eras::default(),
            scalars: Vec::new(),
            tensors: Vec::new(),
            elements: Vec::new(),
            params: Vec::new(),
            binding: None,
            updates: Updates::default(),
            zero: T::zero(),
        }
    }
}

impl<T: Real> Adjoints<T> {
    /// Forgets all adjoints and keeps the memory.
    fn clear(&mut self) {
        self.eras = Eras::default();
        self.scalars.clear();
        self.tensors.clear();
        self.binding = None;
        self.updates.clear();
    }

    pub(crate) fn elements_of(&self, tensor: usize) -> Option<&[T]> {
        let TensorAdjoint { shape, place, reached, .. } = &self.tensors[tensor];
        match *place {
            Place::Elements(start) if *reached => Some(&self.elements[start..start + shape.size()]),
            Place::Params(start) if *reached => Some(&self.params[start..start + shape.size()]),
            Place::Nowhere | Place::Elements(_) | Place::Params(_) => None,
        }
    }

    fn view(&self, tensor: usize) -> Option<ArrayViewD<'_, T>> {
        self.elements_of(tensor).map(|elements| {
            ArrayViewD::from_shape(&*self.tensors[tensor].shape, elements).expect("an adjoint has its tensor's shape")
        })
    }

    fn lend(&self, tensor: usize) -> &ArrayD<T> {
        let TensorAdjoint { lent, shape, .. } = &self.tensors[tensor];
        lent.get_or_init(|| self.view(tensor).map_or_else(|| ArrayD::zeros(&**shape), |view| view.to_owned()))
    }

    /// Forgets the copies that indexing lent, before the buffers behind them are written.
    fn forget_lent(&mut self) {
        for tensor in &mut self.tensors {
            tensor.lent.take();
        }
    }

    fn find_var(&self, var: Var<T>) -> Option<T> {
        self.adjoint(var).copied().filter(|adjoint| adjoint.into_bits() != T::UNREACHED)
    }

    /// The adjoint of a variable of the recording that was swept, as the sweep left it.
    fn adjoint(&self, var: Var<T>) -> Option<&T> {
        let swept = self.eras.contain(var.recording(), var.node(), self.scalars.len());
        swept.then(|| &self.scalars[var.node() as usize])
    }

    fn find_tensor(&self, tensor: Tensor<T>) -> Option<usize> {
        if !self.eras.contain(tensor.tape, tensor.node, self.scalars.len()) {
            return None;
        }
        self.tensors.binary_search_by_key(&tensor.node, |adjoint| adjoint.node).ok()
    }

    fn find_param(&self, id: ParamId) -> Option<usize> {
        let binding = self.binding.as_ref()?;
        (binding.set == id.set && (id.index as usize) < binding.table.len())
            .then(|| binding.first_tensor + id.index as usize)
    }
}

impl<T: Real> Gradients<T> {
    pub(crate) fn take_spare() -> Self {
        let mut adjoints = T::spare().with_borrow_mut(Vec::pop).unwrap_or_default();
        adjoints.clear();
        Self { adjoints: ManuallyDrop::new(adjoints) }
    }

    /// Gradients from another source than a sweep, laid out like the parameters; all parameters count as reached.
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::<f64>::new();
    /// let id = params.add("weight", &array![1.0, 2.0]);
    /// let gradients = tape::Gradients::for_params(&params, &[0.5, -0.5])?;
    /// assert_eq!(gradients[id][[1]], -0.5);
    /// # Ok::<(), tape::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ParameterLayout`] if there are not as many elements as the parameters have.
    pub fn for_params(params: &Params<T>, flat: &[T]) -> Result<Self, Error> {
        if flat.len() != params.size() {
            return Err(Error::ParameterLayout { expected: params.size(), found: flat.len() });
        }
        let mut gradients = Self::take_spare();
        let adjoints = &mut **gradients.adjoints;
        adjoints.params.clear();
        adjoints.params.extend_from_slice(flat);
        adjoints.tensors.extend(params.iter().zip(0..).map(|((_, parameter), node)| TensorAdjoint {
            reached: true,
            ..TensorAdjoint::new(node, parameter.shape().clone(), Place::Params(parameter.range().start))
        }));
        let table = Arc::clone(params.shared_table());
        adjoints.binding = Some(Binding { set: params.set(), table, first_tensor: 0 });
        Ok(gradients)
    }

    /// Says which parameters the root depends on.
    pub(crate) fn set_reached(&mut self, reached: &[bool]) {
        for (tensor, &reached) in self.adjoints.tensors.iter_mut().zip(reached) {
            tensor.reached = reached;
        }
    }

    /// The gradient with respect to a variable, a tensor or a parameter; `None` if the root does not depend on it.
    ///
    /// A [`Var`] gets a number, a [`Tensor`] and a [`ParamId`] a view of the tensor's own shape.
    pub fn get<K: GradientKey<T>>(&self, key: K) -> Option<K::Gradient<'_>> {
        key.find(self)
    }

    /// The gradients of all bound parameters, laid out like [`Params::values`]. Those that were not reached are zero.
    #[must_use]
    pub fn params(&self) -> &[T] {
        match self.adjoints.binding {
            Some(_) => &self.adjoints.params,
            None => &[],
        }
    }

    /// The gradients of all bound parameters, to be changed in place: clipped, averaged, made noisy.
    #[must_use]
    pub fn params_mut(&mut self) -> &mut [T] {
        self.adjoints.forget_lent();
        match self.adjoints.binding {
            Some(_) => &mut self.adjoints.params,
            None => &mut [],
        }
    }

    /// The gradients of all bound parameters and the updates, to be written.
    pub(crate) fn results_mut(&mut self) -> (&mut [T], &mut Updates<T>) {
        self.adjoints.forget_lent();
        let Adjoints { params, updates, .. } = &mut **self.adjoints;
        (params, updates)
    }

    /// The stretches of the flat buffer that an optimizer has to step: trainable parameters that the root depends on,
    /// neighbours joined. One stretch where every parameter takes part.
    ///
    /// # Errors
    /// [`Error::ForeignParameter`] if these gradients are not of `params`, [`Error::ParameterLayout`] if parameters were
    /// added since.
    pub fn stretches(&self, params: &Params<T>) -> Result<impl Iterator<Item = Range<usize>>, Error> {
        let binding = self.adjoints.binding.as_ref().filter(|binding| binding.set == params.set());
        let first = binding.ok_or(Error::ForeignParameter)?.first_tensor;
        if self.adjoints.params.len() != params.size() {
            return Err(Error::ParameterLayout { expected: params.size(), found: self.adjoints.params.len() });
        }
        let reached = self.adjoints.tensors[first..].iter().map(|adjoint| adjoint.reached);
        let mut wanted = params
            .shared_table()
            .iter()
            .zip(reached)
            .filter(|(parameter, reached)| *reached && parameter.is_trainable())
            .map(|(parameter, _)| parameter.range())
            .peekable();
        Ok(std::iter::from_fn(move || {
            let mut stretch = wanted.next()?;
            while let Some(next) = wanted.next_if(|next| next.start == stretch.end) {
                stretch.end = next.end;
            }
            Some(stretch)
        }))
    }

    /// The Euclidean norm of all parameter gradients together, computed in `f64`.
    #[must_use]
    pub fn norm(&self) -> f64 {
        crate::kernel::sum_of_squares(self.params()).sqrt()
    }

    /// Multiplies all parameter gradients.
    pub fn scale(&mut self, factor: f64) {
        let factor = T::from_f64(factor);
        for gradient in self.params_mut() {
            *gradient *= factor;
        }
    }

    /// Adds the parameter gradients of another map: what gradient accumulation over several mini-batches needs.
    /// A parameter is reached if it is in one of the two.
    ///
    /// # Errors
    /// [`Error::ForeignParameter`] if the two are gradients of different sets of parameters, [`Error::ParameterLayout`]
    /// if they have different sizes; nothing is changed then.
    ///
    /// The [`updates`](Self::updates) of the other map, if it has any, take the place of this one's.
    pub fn accumulate(&mut self, other: &Self) -> Result<(), Error> {
        let (own, others) = match (&self.adjoints.binding, &other.adjoints.binding) {
            (Some(own), Some(others)) if own.set == others.set => (own.first_tensor, others.first_tensor),
            _ => return Err(Error::ForeignParameter),
        };
        let (expected, found) = (self.params().len(), other.params().len());
        if expected != found {
            return Err(Error::ParameterLayout { expected, found });
        }
        for (sum, &gradient) in self.params_mut().iter_mut().zip(other.params()) {
            *sum += gradient;
        }
        let parameters = self.adjoints.binding.as_ref().map_or(0, |binding| binding.table.len());
        for index in 0..parameters {
            self.adjoints.tensors[own + index].reached |= other.adjoints.tensors[others + index].reached;
        }
        if other.updates().next().is_some() {
            self.adjoints.updates.clone_from(&other.adjoints.updates);
        }
        Ok(())
    }

    /// What [`Pass::update`](crate::Pass::update) noted in the pass: parameters that are not trained, with the values
    /// that they are to have after the step. [`Params::apply_updates`] writes them.
    pub fn updates(&self) -> impl Iterator<Item = (ParamId, ArrayViewD<'_, T>)> {
        let binding = self.adjoints.binding.as_ref();
        binding.into_iter().flat_map(|&Binding { set, ref table, .. }| {
            self.adjoints.updates.iter().map(move |(index, elements)| {
                let shape = table[index as usize].shape();
                let value = ArrayViewD::from_shape(&**shape, elements).expect("an update has its parameter's shape");
                (ParamId { set, index }, value)
            })
        })
    }
}

impl<T: Real> Params<T> {
    /// Writes the [`updates`](Gradients::updates) that came with the gradients: running statistics take the values that
    /// the pass gave them. A loop of one's own calls it after the optimizer's step.
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::<f64>::new();
    /// let w = params.add("w", &array![2.0]);
    /// let mean = params.add_buffer("mean", &array![0.0]);
    /// let (_, gradients) = tape::Tape::new().value_and_grad(&params, |pass| {
    ///     let pass = &pass.training(0);
    ///     let y = pass.parameter(w) * 5.0;
    ///     pass.update(mean, pass.parameter(mean) * 0.9 + y * 0.1);
    ///     y.sum()
    /// });
    /// assert_eq!(params.values(), [2.0, 0.0]);
    /// params.apply_updates(&gradients)?;
    /// assert_eq!(params.values(), [2.0, 1.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ForeignParameter`] if there are updates of another set of parameters, [`Error::ParameterLayout`] if
    /// parameters were added since; nothing is changed then.
    pub fn apply_updates(&mut self, gradients: &Gradients<T>) -> Result<(), Error> {
        let Some((id, _)) = gradients.updates().next() else { return Ok(()) };
        if id.set != self.set() {
            return Err(Error::ForeignParameter);
        }
        let (expected, found) = (self.size(), gradients.params().len());
        if expected != found {
            return Err(Error::ParameterLayout { expected, found });
        }
        for (index, elements) in gradients.adjoints.updates.iter() {
            let range = self.shared_table()[index as usize].range();
            self.values_mut()[range].copy_from_slice(elements);
        }
        Ok(())
    }
}

impl<T: Real> Clone for Gradients<T> {
    fn clone(&self) -> Self {
        Self { adjoints: self.adjoints.clone() }
    }
}

impl<T: Real> std::fmt::Debug for Gradients<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gradients")
            .field("scalars", &self.adjoints.scalars.len())
            .field("tensors", &self.adjoints.tensors.len())
            .field("params", &self.params().len())
            .finish_non_exhaustive()
    }
}

impl<T: Real> Drop for Gradients<T> {
    fn drop(&mut self) {
        /// How many sets of buffers a thread keeps: a map in use, one accumulated into, and one to spare.
        const KEPT: usize = 3;
        // SAFETY: Nobody looks at the field after this: the map is being dropped.
        let adjoints = unsafe { ManuallyDrop::take(&mut self.adjoints) };
        // A thread that is ending has no list of spares any more: the buffers are freed instead.
        let _ = T::spare().try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT {
                spare.push(adjoints);
            }
        });
    }
}

/// What a gradient map can be asked by: [`Var`], [`Tensor`] or [`ParamId`].
pub trait GradientKey<T: Real>: sealed::Sealed {
    /// What the map answers: a number for a variable, a view for a tensor or a parameter.
    type Gradient<'a>;

    #[doc(hidden)]
    fn find(self, gradients: &Gradients<T>) -> Option<Self::Gradient<'_>>;
}

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for super::Var<T> {}
    impl<T> Sealed for super::Tensor<T> {}
    impl Sealed for super::ParamId {}
}

impl<T: Real> GradientKey<T> for Var<T> {
    type Gradient<'a> = T;

    fn find(self, gradients: &Gradients<T>) -> Option<T> {
        gradients.adjoints.find_var(self)
    }
}

impl<T: Real> GradientKey<T> for Tensor<T> {
    type Gradient<'a> = ArrayViewD<'a, T>;

    fn find(self, gradients: &Gradients<T>) -> Option<ArrayViewD<'_, T>> {
        gradients.adjoints.find_tensor(self).and_then(|tensor| gradients.adjoints.view(tensor))
    }
}

impl<T: Real> GradientKey<T> for ParamId {
    type Gradient<'a> = ArrayViewD<'a, T>;

    fn find(self, gradients: &Gradients<T>) -> Option<ArrayViewD<'_, T>> {
        gradients.adjoints.find_param(self).and_then(|tensor| gradients.adjoints.view(tensor))
    }
}

impl<T: Real> Index<Var<T>> for Gradients<T> {
    type Output = T;

    /// The gradient with respect to a variable; zero if the root does not depend on it.
    ///
    /// # Panics
    /// If the variable is of another recording than the one that was swept.
    #[track_caller]
    fn index(&self, var: Var<T>) -> &T {
        if var.is_constant() {
            return &self.adjoints.zero;
        }
        match self.adjoints.adjoint(var) {
            Some(adjoint) if adjoint.into_bits() == T::UNREACHED => &self.adjoints.zero,
            Some(adjoint) => adjoint,
            None => panic!("{}", Error::UnknownHandle),
        }
    }
}

impl<T: Real> Index<Tensor<T>> for Gradients<T> {
    type Output = ArrayD<T>;

    /// The gradient with respect to a tensor, in its shape; zeros if the root does not depend on it.
    ///
    /// # Panics
    /// If the tensor is of another recording than the one that was swept.
    #[track_caller]
    fn index(&self, tensor: Tensor<T>) -> &ArrayD<T> {
        match self.adjoints.find_tensor(tensor) {
            Some(tensor) => self.adjoints.lend(tensor),
            None => panic!("{}", Error::UnknownHandle),
        }
    }
}

impl<T: Real> Index<ParamId> for Gradients<T> {
    type Output = ArrayD<T>;

    /// The gradient with respect to a parameter, in its shape; zeros if the root does not depend on it.
    ///
    /// # Panics
    /// If the parameter belongs to another set than the one that was bound.
    #[track_caller]
    fn index(&self, id: ParamId) -> &ArrayD<T> {
        match self.adjoints.find_param(id) {
            Some(tensor) => self.adjoints.lend(tensor),
            None => panic!("{}", Error::ForeignParameter),
        }
    }
}
