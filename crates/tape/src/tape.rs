//! Recording: the list of nodes, where values lie, and starting over.

mod control;
mod pass;
mod spare;
mod swept;

use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use ndarray::{ArrayViewD, IxDyn, ShapeBuilder};

pub use self::pass::Pass;
use crate::anomaly::Watch;
use crate::arena::Arena;
use crate::custom::Callbacks;
use crate::elements::Elements;
use crate::error::{Error, unwrap};
use crate::gradients::Gradients;
use crate::guard::Guard;
use crate::indices::{self, Found, Indices, Saved};
use crate::kernel::{Search, View};
use crate::living::{self, Badge};
use crate::op::{Node, Op, TensorOp};
use crate::params::{Parameter, Params};
use crate::position::Eras;
use crate::random::Distribution;
use crate::real::Real;
use crate::shape::{Shape, Strides};
use crate::sweep::Root;
use crate::tensor::Tensor;
use crate::transpose::MOST_AXES;
use crate::var::Var;

/// The list of everything that is computed from its variables, in the order in which it is computed.
///
/// Handles into it, [`Var`] and [`Tensor`], are plain numbers without a lifetime: functions take and return them by
/// value, and record by computing. The memory of a tape serves every recording after a [`reset`](Self::reset), so a loop
/// allocates in its first pass only.
///
/// ```
/// use ndarray::array;
/// let tape = tape::Tape::new();
/// let w = tape.variable(array![[0.1, 0.2], [0.3, 0.4]]);
/// let loss = tape.constant(array![[1.0, 2.0]]).matmul(w).tanh().sum();
/// let gradients = loss.backward();
/// assert_eq!(gradients[w].shape(), [2, 2]);
/// assert!((gradients[w][[1, 0]] - 2.0 * (1.0 - 0.7_f64.tanh().powi(2))).abs() < 1e-15);
/// ```
pub struct Tape<T: Real> {
    storage: NonNull<Storage<T>>,
    /// A tape belongs to the thread that made it, whose table leads to it.
    not_send: PhantomData<*const T>,
}

/// What a tape owns. Handles reach it through the thread's table of living tapes.
pub struct Storage<T: Real> {
    /// The number of the newest era: what new handles bear.
    recording: u32,
    pub(crate) eras: Eras,
    badge: Option<Arc<Badge>>,
    /// Whether what is computed is recorded without its derivative.
    paused: bool,
    pub(crate) watch: Option<Box<Watch>>,
    /// Node 0 is nobody's: a handle with number 0 is a constant.
    pub(crate) nodes: Vec<Node<T>>,
    pub(crate) slots: Vec<Slot<T>>,
    /// The operands of tensors, slot after slot.
    pub(crate) operands: Vec<u32>,
    /// Indices that operations keep: which rows were selected, which element was the largest.
    pub(crate) indices: Vec<u32>,
    pub(crate) arena: Arena<T>,
    /// For intermediate results inside of one operation.
    pub(crate) scratch: Arena<T>,
    pub(crate) bound: Option<Bound<T>>,
    /// Which bound parameter, by its number, is to have which node's value after the step; the last of several counts.
    pub(crate) updates: Vec<(u32, u32)>,
    /// Parameters, by number, that other tensors stand in for at present; the last one of a parameter counts.
    pub(crate) replaced: Vec<(u32, Tensor<T>)>,
    /// Code of users, and at which nodes it runs.
    pub(crate) callbacks: Callbacks<T>,
    /// What was asked of the variables, if the recording is watched.
    pub(crate) guards: Vec<Guard<T>>,
    /// Only where a program is recorded: then operations on constants are kept too, for they may depend on its inputs.
    pub(crate) origins: Option<Origins>,
}

/// What a program has to fill in anew in every run of what its recording keeps.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    /// Where lists of indices come from.
    pub(crate) lists: Vec<(Saved, Origin)>,
    /// The nodes that were drawn.
    pub(crate) draws: Vec<(u32, Draw)>,
}

/// A tensor of random numbers whose seed is an input of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Draw {
    pub(crate) distribution: Distribution,
    /// The number of the input that is the seed.
    pub(crate) input: usize,
    /// Which draw of that seed it is.
    pub(crate) number: u64,
}

/// Where one list of indices comes from. A list that has no origin is the same in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The program's input list of this number.
    Input(usize),
    /// The places of elements of a tensor that are looked for along an axis.
    Found { operand: u32, axis: usize, search: Search },
}

/// What is known of one tensor.
pub(crate) struct Slot<T> {
    pub(crate) node: u32,
    pub(crate) op: TensorOp,
    pub(crate) operands: Range<u32>,
    pub(crate) shape: Shape,
    pub(crate) strides: Strides,
    /// Whether a variable or a trainable parameter lies behind it: if not, no gradient is computed.
    pub(crate) active: bool,
    /// The memory that the tensor is a view of: a piece of the arena, or the bound parameters.
    memory: NonNull<[T]>,
    offset: usize,
}

/// The parameters that a recording reads.
pub(crate) struct Bound<T> {
    pub(crate) set: u32,
    pub(crate) table: Arc<Vec<Parameter>>,
    /// Kept so that the memory stays where it is; whoever writes to the parameters meanwhile writes to a copy.
    values: Arc<Vec<T>>,
    pub(crate) first_slot: usize,
}

impl<T> Bound<T> {
    pub(crate) fn values(&self) -> &[T] {
        &self.values
    }
}

impl<T: Real> Slot<T> {
    pub(crate) fn view(&self) -> View<'_, T> {
        // SAFETY: The memory was written before the slot was made and is not written again. It stays while the slot
        // does: the arena is reset, and the parameters are let go of, together with the slots.
        let data = unsafe { self.memory.as_ref() };
        View { data, offset: self.offset, shape: &self.shape, strides: &self.strides }
    }
}

impl<T: Real> Storage<T> {
    fn new() -> Self {
        let mut storage = Self {
            recording: 0,
            eras: Eras::default(),
            badge: None,
            paused: false,
            watch: None,
            nodes: Vec::new(),
            slots: Vec::new(),
            operands: Vec::new(),
            indices: Vec::new(),
            arena: Arena::new(),
            scratch: Arena::new(),
            bound: None,
            updates: Vec::new(),
            replaced: Vec::new(),
            callbacks: Callbacks::none(),
            guards: Vec::new(),
            origins: None,
        };
        drop(storage.clear());
        storage
    }

    pub(crate) fn recording(&self) -> u32 {
        self.recording
    }

    /// Whether a handle of this number to this node is of the current recording and was not rewound.
    pub(crate) fn owns(&self, recording: u32, node: u32) -> bool {
        recording == self.recording || self.eras.contain(recording, node, self.nodes.len())
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether every use of the tape has to pass through [`living::with`], which looks closer.
    pub(crate) fn is_observed(&self) -> bool {
        self.paused || self.watch.is_some()
    }

    /// Forgets everything and keeps the memory.
    #[must_use]
    fn clear(&mut self) -> Callbacks<T> {
        if let Some(watch) = &mut self.watch {
            watch.forget_behind(0);
        }
        self.nodes.clear();
        self.slots.clear();
        self.operands.clear();
        self.indices.clear();
        self.arena.reset();
        self.scratch.reset();
        self.bound = None;
        self.updates.clear();
        self.guards.clear();
        self.origins = None;
        let nobody = Node { value: T::zero(), right: T::word_into_bits(0), left: 0, op: Op::Leaf };
        self.nodes.push(nobody);
        self.callbacks.take_from(0)
    }

    /// Adds a node and returns its number.
    #[inline(always)]
    pub(crate) fn push(&mut self, node: Node<T>) -> u32 {
        let number = self.nodes.len();
        if number == self.nodes.capacity() {
            self.grow();
        }
        self.nodes.push(node);
        number as u32
    }

    #[cold]
    fn grow(&mut self) {
        const LIMIT: usize = u32::MAX as usize;
        let room = self.nodes.len().max(1024).min(LIMIT - self.nodes.len());
        assert!(room > 0, "{}", Error::Full { limit: LIMIT });
        self.nodes.reserve_exact(room);
    }

    /// The slot of a tensor of this recording.
    pub(crate) fn slot(&self, node: u32) -> &Slot<T> {
        &self.slots[self.nodes[node as usize].left as usize]
    }

    pub(crate) fn shape(&self, node: u32) -> &Shape {
        &self.slot(node).shape
    }

    pub(crate) fn is_active(&self, node: u32) -> bool {
        match self.nodes[node as usize].op {
            Op::Tensor => self.slot(node).active,
            Op::Leaf
            | Op::Unary(_)
            | Op::Powi
            | Op::Binary(_)
            | Op::RightConstant(_)
            | Op::LeftConstant(_)
            | Op::AddProduct
            | Op::AddProductConstant
            | Op::Detached
            | Op::Element => node != 0,
        }
    }

    /// Keeps indices for an operation.
    pub(crate) fn save(&mut self, indices: impl ExactSizeIterator<Item = u32>) -> Saved {
        let saved = Saved { start: self.indices.len() as u32, len: indices.len() as u32 };
        self.indices.extend(indices);
        saved
    }

    /// Refuses to show elements while a program is recorded.
    pub(crate) fn look_at(&self, operation: &'static str) -> Result<(), Error> {
        match self.origins {
            None => Ok(()),
            Some(_) => Err(Error::LookedAt { operation }),
        }
    }

    /// Keeps a list of indices for an operation, and notes if it is an input of a program.
    ///
    /// # Errors
    /// [`Error::LookedAt`] if they were found in the recording of another program.
    pub(crate) fn save_indices(&mut self, indices: &Indices<'_>, operation: &'static str) -> Result<Saved, Error> {
        let input = match indices.origin {
            None => None,
            Some(indices::Origin::Input(input)) => Some(input),
            Some(indices::Origin::Found(found)) if found.recording == self.recording => return Ok(found.saved),
            Some(indices::Origin::Found(_)) => return Err(Error::LookedAt { operation }),
        };
        let saved = self.save(indices.recorded().iter().map(|&index| index as u32));
        if let Some(input) = input {
            self.note_origin(saved, Origin::Input(input));
        }
        Ok(saved)
    }

    /// Kept places of a tensor's elements along an axis, for the caller.
    pub(crate) fn show_places(&self, saved: Saved, shape: Shape, length: usize) -> Indices<'static> {
        let values = saved.of(&self.indices).iter().map(|&place| place as usize).collect();
        let found = self.origins.is_some().then_some(Found { recording: self.recording, saved, length });
        Indices::found(values, shape, found)
    }

    /// Notes where a list of indices comes from, if a program is recorded.
    pub(crate) fn note_origin(&mut self, saved: Saved, origin: Origin) {
        if let Some(origins) = &mut self.origins {
            origins.lists.push((saved, origin));
        }
    }

    /// Records a tensor whose elements lie in memory of their own, dense and row by row.
    pub(crate) fn push_dense(
        &mut self,
        op: TensorOp,
        operands: &[u32],
        shape: Shape,
        elements: NonNull<[T]>,
    ) -> Tensor<T> {
        let strides = shape.dense_strides();
        let active = op.is_differentiable() && operands.iter().any(|&operand| self.is_active(operand));
        self.push_slot(op, operands, active, shape, strides, elements, 0)
    }

    /// Records a tensor that is another view of its operand's elements.
    pub(crate) fn push_view(
        &mut self,
        op: TensorOp,
        operand: u32,
        shape: Shape,
        offset: usize,
        strides: Strides,
    ) -> Tensor<T> {
        let &Slot { memory, active, .. } = self.slot(operand);
        let active = active && op.is_differentiable();
        self.push_slot(op, &[operand], active, shape, strides, memory, offset)
    }

    /// Records a tensor before which nothing comes.
    pub(crate) fn push_leaf(&mut self, shape: Shape, active: bool, write: impl FnOnce(&mut [T])) -> Tensor<T> {
        let strides = shape.dense_strides();
        let elements = self.arena.take(shape.size());
        write(elements);
        let elements = NonNull::from(elements);
        self.push_slot(TensorOp::Leaf, &[], active, shape, strides, elements, 0)
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of a slot, in one place")]
    fn push_slot(
        &mut self,
        op: TensorOp,
        operands: &[u32],
        active: bool,
        shape: Shape,
        strides: Strides,
        memory: NonNull<[T]>,
        offset: usize,
    ) -> Tensor<T> {
        let left = self.slots.len() as u32;
        let node = self.push(Node { value: T::zero(), right: T::word_into_bits(0), left, op: Op::Tensor });
        if self.watch.is_some() {
            // SAFETY: As in `Slot::view`: the memory is written, and stays for as long as the slot that is made here.
            let data = unsafe { memory.as_ref() };
            self.examine_tensor(&op, operands, View { data, offset, shape: &shape, strides: &strides });
        }
        // A leaf stays what it was made as; what is computed while recording is paused has no derivative.
        let active = active && (!self.paused || matches!(op, TensorOp::Leaf));
        // What no gradient is computed for is a constant: of how it came about, nothing is kept, unless a program is to
        // compute it again.
        let (op, operands) = if active || self.origins.is_some() { (op, operands) } else { (TensorOp::Leaf, &[][..]) };
        let start = self.operands.len() as u32;
        self.operands.extend_from_slice(operands);
        let operands = start..self.operands.len() as u32;
        self.slots.push(Slot { node, op, operands, shape, strides, active, memory, offset });
        Tensor::new(node, self.recording)
    }

    /// Which parameters are to become the values of which nodes.
    pub(crate) fn latest_updates(&self) -> impl Iterator<Item = (u32, u32)> {
        let updates = &self.updates;
        let is_latest = |&(position, &(parameter, _)): &(usize, &(u32, u32))| {
            updates[position + 1..].iter().all(|later| later.0 != parameter)
        };
        updates.iter().enumerate().filter(is_latest).map(|(_, &update)| update)
    }

    /// Records one leaf for every parameter, or finds those that are there.
    fn bind(&mut self, params: &Params<T>) -> Result<(), Error> {
        if let Some(bound) = &self.bound {
            let same = bound.set == params.set() && Arc::ptr_eq(&bound.values, params.shared_values());
            return if same { Ok(()) } else { Err(Error::AlreadyBound) };
        }
        let (values, table) = (Arc::clone(params.shared_values()), Arc::clone(params.shared_table()));
        let memory = NonNull::from(values.as_slice());
        let first_slot = self.slots.len();
        for parameter in table.iter() {
            let (shape, start) = (parameter.shape().clone(), parameter.range().start);
            let strides = shape.dense_strides();
            self.push_slot(TensorOp::Leaf, &[], parameter.is_trainable(), shape, strides, memory, start);
        }
        self.bound = Some(Bound { set: params.set(), table, values, first_slot });
        Ok(())
    }
}

impl<T: Real> Tape<T> {
    /// An empty tape.
    #[must_use]
    pub fn new() -> Self {
        Self::marked(0)
    }

    /// An empty tape that keeps what is asked of its variables, for a replay to ask again.
    pub(crate) fn watched() -> Self {
        Self::marked(living::WATCHED)
    }

    fn marked(mark: u32) -> Self {
        let storage = NonNull::from(Box::leak(Box::new(Storage::new())));
        let badge = living::enter(storage, mark);
        let mut tape = Self { storage, not_send: PhantomData };
        let owned = tape.storage_mut();
        owned.recording = badge.number();
        owned.eras.start(badge.number());
        owned.badge = Some(badge);
        tape
    }

    /// A tape whose recording becomes a program.
    pub(crate) fn for_program() -> Self {
        let tape = Self::new();
        tape.borrow().origins = Some(Origins::default());
        tape
    }

    /// Records a scalar variable.
    #[must_use]
    pub fn var(&self, value: T) -> Var<T> {
        let storage = self.borrow();
        let node = storage.push(Node { value, right: T::word_into_bits(0), left: 0, op: Op::Leaf });
        Var::new(value, node, storage.recording)
    }

    /// Records a scalar variable for each number.
    #[must_use]
    pub fn vars(&self, values: &[T]) -> Vec<Var<T>> {
        values.iter().map(|&value| self.var(value)).collect()
    }

    /// Records a tensor with respect to which gradients are wanted. The elements are copied.
    ///
    /// ```
    /// let tape = tape::Tape::<f32>::new();
    /// let x = tape.variable([1.0, 2.0, 3.0]);
    /// assert_eq!(x.shape(), [3]);
    /// ```
    ///
    /// # Panics
    /// If there are more than 32 axes.
    #[must_use]
    #[track_caller]
    pub fn variable(&self, elements: impl Elements<T>) -> Tensor<T> {
        self.leaf(&elements, true)
    }

    /// Records a tensor that is not differentiated. The elements are copied.
    ///
    /// # Panics
    /// If there are more than 32 axes.
    #[must_use]
    #[track_caller]
    pub fn constant(&self, elements: impl Elements<T>) -> Tensor<T> {
        self.leaf(&elements, false)
    }

    #[track_caller]
    fn leaf(&self, elements: &impl Elements<T>, active: bool) -> Tensor<T> {
        let shape = elements.shape();
        if shape.rank() > MOST_AXES {
            panic!("{}", Error::Shape { operation: "variable", shape, rule: "a tensor has at most 32 axes" });
        }
        // The elements are code of users, so they must be written before the tape is borrowed.
        let mut target = NonNull::from(self.read().arena.take(shape.size()));
        // SAFETY: The arena lends this piece to nobody else, and it stays until the tape is reset, which needs the tape
        // exclusively.
        elements.write(unsafe { target.as_mut() });
        let strides = shape.dense_strides();
        self.borrow().push_slot(TensorOp::Leaf, &[], active, shape, strides, target, 0)
    }

    /// Binds parameters without copying them: each is a tensor of this recording. One set of parameters a recording;
    /// binding it again gives the same tensors. The pass evaluates; [`Pass::training`] makes one that trains.
    ///
    /// # Panics
    /// If other parameters are bound already.
    #[must_use]
    #[track_caller]
    pub fn bind(&self, params: &Params<T>) -> Pass<'_, T> {
        unwrap(self.borrow().bind(params));
        Pass::evaluating(self)
    }

    /// A tensor's elements, without copying them.
    ///
    /// # Panics
    /// If the tensor is not of this tape's current recording.
    #[must_use]
    #[track_caller]
    pub fn view(&self, tensor: Tensor<T>) -> ArrayViewD<'_, T> {
        let storage = self.read();
        if !storage.owns(tensor.tape, tensor.node) {
            panic!("{}", living::mismatch::<T>((tensor.tape, tensor.node), (storage.recording, 0), "view"));
        }
        unwrap(storage.look_at("view"));
        let slot = storage.slot(tensor.node);
        let View { data, offset, shape, strides } = slot.view();
        if shape.contains(&0) {
            return ArrayViewD::from_shape(shape, &[]).expect("a shape with a zero axis has no element");
        }
        // ndarray knows no negative strides at creation: such an axis is laid forwards and then inverted.
        let mut first = offset;
        let mut forwards: Strides = strides.into();
        for (stride, &length) in forwards.iter_mut().zip(shape) {
            if *stride < 0 {
                first = first.strict_add_signed(*stride * (length as isize - 1));
                *stride = -*stride;
            }
        }
        let positive: Vec<usize> = forwards.iter().map(|&stride| stride as usize).collect();
        let layout = IxDyn(shape).strides(IxDyn(&positive));
        let last: usize = shape.iter().zip(&positive).map(|(&length, &stride)| (length - 1) * stride).sum();
        assert!(first + last < data.len(), "a view lies inside its memory");
        // SAFETY: The first and the last element lie inside the memory, all others between them, and the memory stays
        // and is not written while the tape is borrowed. Overlapping strides are fine for a shared view.
        let mut view = unsafe { ArrayViewD::from_shape_ptr(layout, data.as_ptr().add(first)) };
        for (axis, &stride) in strides.iter().enumerate() {
            if stride < 0 {
                view.invert_axis(ndarray::Axis(axis));
            }
        }
        view
    }

    /// Forgets the recording and keeps its memory for the next one. Handles into it are refused from now on.
    pub fn reset(&mut self) {
        let storage = self.storage_mut();
        let forgotten = storage.clear();
        let badge = storage.badge.as_ref().expect("a living tape has a badge");
        if storage.eras.earlier().next().is_some() {
            living::keep(badge, std::iter::empty());
        }
        storage.recording = living::renumber(badge);
        storage.eras.start(storage.recording);
        self.remember();
        // Dropping what a user's code owns runs code of users: only now is the tape as it will be.
        drop(forgotten);
    }

    /// Binds the parameters, records `loss`, sweeps, and returns the loss with its gradients. The recording is over then,
    /// and its memory serves the next one.
    ///
    /// A loss that depends on no variable has zero gradients.
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::new();
    /// let w = params.add("w", &array![3.0, 4.0]);
    /// let mut tape = tape::Tape::<f64>::new();
    /// let (loss, gradients) = tape.value_and_grad(&params, |pass| {
    ///     let w = pass.parameter(w);
    ///     (w * w).sum()
    /// });
    /// assert_eq!(loss, 25.0);
    /// assert_eq!(gradients.params(), [6.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If the loss has more than one element.
    #[track_caller]
    pub fn value_and_grad<R: Root<T>>(
        &mut self,
        params: &Params<T>,
        loss: impl FnOnce(&Pass<'_, T>) -> R,
    ) -> (T, Gradients<T>) {
        self.reset();
        let loss = loss(&self.bind(params));
        let swept = self.value_and_grad_of(loss);
        self.reset();
        swept
    }

    /// The value and the gradients of a root that may be constant: its gradients are zero then.
    #[track_caller]
    pub(crate) fn value_and_grad_of(&self, root: impl Root<T>) -> (T, Gradients<T>) {
        unwrap(self.try_value_and_grad_of(root))
    }

    /// Binds the parameters, evaluates `compute`, and returns a copy of the result. The recording is over then.
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::new();
    /// let w = params.add("w", &array![3.0, 4.0]);
    /// let doubled = tape::Tape::<f64>::new().evaluate(&params, |pass| pass.parameter(w) * 2.0);
    /// assert_eq!(doubled, array![6.0, 8.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn evaluate(
        &mut self,
        params: &Params<T>,
        compute: impl FnOnce(&Pass<'_, T>) -> Tensor<T>,
    ) -> ndarray::ArrayD<T> {
        self.reset();
        let result = compute(&self.bind(params));
        let array = self.view(result).to_owned();
        self.reset();
        array
    }

    /// How many nodes are recorded.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().nodes.len() - 1
    }

    /// Whether nothing is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of memory that the tape holds, used or not.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let storage = self.read();
        storage.nodes.capacity() * size_of::<Node<T>>()
            + storage.slots.capacity() * size_of::<Slot<T>>()
            + (storage.operands.capacity() + storage.indices.capacity()) * size_of::<u32>()
            + storage.arena.bytes()
            + storage.scratch.bytes()
    }

    pub(crate) fn read(&self) -> &Storage<T> {
        // SAFETY: The storage lives as long as the tape. Handles borrow it mutably only while one operation is recorded,
        // which runs no code of users, so no such borrow is alive here; and what this reference is used for ends before
        // the next operation is recorded, but for elements of the arena, which no operation writes again.
        unsafe { self.storage.as_ref() }
    }

    #[allow(clippy::mut_from_ref, reason = "handles write to the tape too; the borrows do not overlap")]
    fn borrow(&self) -> &mut Storage<T> {
        // SAFETY: As in `read`; the borrow is used for one recording operation or one sweep.
        unsafe { &mut *self.storage.as_ptr() }
    }

    fn storage_mut(&mut self) -> &mut Storage<T> {
        self.borrow()
    }

    /// Makes this the tape that the thread used last, unless its use is observed.
    fn remember(&self) {
        let storage = self.read();
        if storage.is_observed() {
            living::forget(self.storage);
        } else {
            living::remember(self.storage, storage.recording);
        }
    }
}

impl<T: Real> Default for Tape<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> Drop for Tape<T> {
    fn drop(&mut self) {
        if let Some(badge) = self.storage_mut().badge.take() {
            living::leave(self.storage, &badge);
        }
        // SAFETY: The pointer came from a leaked `Box` and is freed only here; the table does not lead to it any more.
        drop(unsafe { Box::from_raw(self.storage.as_ptr()) });
    }
}

impl<T: Real> std::fmt::Debug for Tape<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape").field("nodes", &self.len()).field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}
