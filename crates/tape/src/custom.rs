//! Code of users in the graph: operations of their own, and hooks on adjoints.
//!
//! The graph itself holds no code. Beside the nodes lies a list of what runs at which of them; a sweep pauses there, lets
//! go of the tape, runs the code, and goes on.

use std::rc::Rc;

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, unwrap};
use crate::gradients::Gradients;
use crate::kernel;
use crate::living;
use crate::op::TensorOp;
use crate::real::Real;
use crate::record::Nodes;
use crate::shape::Shape;
use crate::sweep;
use crate::tape::{Storage, Tape};
use crate::tensor::Tensor;
use crate::var::Var;

/// An operation that the tape does not have: a value, and what its operands' shares of an adjoint are.
///
/// The rule is written with tensors, and serves three times: a sweep calls it on a tape of its own and takes the numbers,
/// a recorded derivative calls it with the handles of the tape, so that it can be differentiated again, and a tangent is
/// its transpose. A [`Program`](crate::Program) runs value and rule anew in every run; what they allocate, they allocate
/// each time.
///
/// A zero adjoint absorbs: where the whole adjoint of an output is zero, a sweep does not ask the rule, and every input
/// gets zeros; a recorded derivative and a tangent take zeros wherever the rule has something else, or fails. Which
/// elements of an input depend on which of an output, the tape does not know: an adjoint that is zero here and not there
/// goes to the rule as it is, and if a partial may be infinite, the rule leaves it out where the adjoint is zero.
///
/// ```
/// use ndarray::{ArrayD, ArrayViewD};
/// use tape::{CustomOp, Error, Tensor};
///
/// /// x^3, as an example.
/// struct Cube;
///
/// impl CustomOp<f64> for Cube {
///     fn name(&self) -> &'static str {
///         "cube"
///     }
///
///     fn value(&self, inputs: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
///         Ok(inputs[0].mapv(|x| x * x * x))
///     }
///
///     fn vjp(
///         &self,
///         inputs: &[Tensor<f64>],
///         _: Tensor<f64>,
///         adjoint: Tensor<f64>,
///     ) -> Result<Vec<Option<Tensor<f64>>>, Error> {
///         Ok(vec![Some(adjoint * 3.0 * inputs[0] * inputs[0])])
///     }
/// }
///
/// let tape = tape::Tape::new();
/// let x = tape.variable([1.0, 2.0]);
/// let y = Tensor::custom(Cube, &[x]).sum();
/// assert_eq!(y.backward()[x].as_slice(), Some(&[3.0, 12.0][..]));
/// assert_eq!(y.grad(x).sum().grad(x).to_array().as_slice(), Some(&[6.0, 12.0][..]));
/// // Trust, as in any other operation.
/// tape::check_tensors(|x| Tensor::custom(Cube, x).sum(), &[ndarray::array![0.5, -1.5].into_dyn()]).assert();
/// ```
pub trait CustomOp<T: Real> {
    /// The name, for errors and pictures.
    fn name(&self) -> &'static str;

    /// The output's elements. They depend on the inputs alone, and their shape on the inputs' shapes.
    ///
    /// # Errors
    /// If the inputs do not suit the operation; [`Error::Rejected`] says why.
    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error>;

    /// Every input's share of the output's adjoint, in the input's shape; `None` for an input that gets none.
    ///
    /// # Errors
    /// If there is no derivative; [`Error::Rejected`] says why. What is differentiated fails with it: `backward` panics
    /// with its text at the line of its caller, `try_backward` returns it, and the tape is as it was before.
    fn vjp(&self, inputs: &[Tensor<T>], output: Tensor<T>, adjoint: Tensor<T>)
    -> Result<Vec<Option<Tensor<T>>>, Error>;

    /// How the output changes when the inputs change by `tangents`, of which `None` is zero. Returning `None`, as the
    /// default does, lets the tape transpose [`vjp`](Self::vjp).
    ///
    /// # Errors
    /// As [`vjp`](Self::vjp).
    fn jvp(
        &self,
        inputs: &[Tensor<T>],
        output: Tensor<T>,
        tangents: &[Option<Tensor<T>>],
    ) -> Result<Option<Tensor<T>>, Error> {
        let _ = (inputs, output, tangents);
        Ok(None)
    }

    /// [`vjp`](Self::vjp) for a sweep, which takes the numbers and differentiates no further: what a rule overrides that
    /// has the numbers for less than it takes to record them, as a [`checkpoint`](crate::checkpoint) does, which sweeps.
    ///
    /// # Errors
    /// As [`vjp`](Self::vjp).
    fn swept_vjp(
        &self,
        inputs: &[Tensor<T>],
        output: Tensor<T>,
        adjoint: Tensor<T>,
    ) -> Result<Vec<Option<Tensor<T>>>, Error> {
        self.vjp(inputs, output, adjoint)
    }
}

/// What runs when a sweep comes to a node.
pub(crate) enum Callback<T: Real> {
    Operation(Rc<dyn CustomOp<T>>),
    Hook(Rc<Hook<T>>),
}

/// Looks at an adjoint, and may give another one in its stead.
type Hook<T> = dyn Fn(ArrayViewD<'_, T>) -> Option<ArrayD<T>>;

impl<T: Real> Clone for Callback<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Operation(operation) => Self::Operation(Rc::clone(operation)),
            Self::Hook(hook) => Self::Hook(Rc::clone(hook)),
        }
    }
}

/// The code of users, by the node that it runs at.
pub(crate) struct Callbacks<T: Real>(Vec<(u32, Callback<T>)>);

impl<T: Real> Callbacks<T> {
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    /// Takes out what runs at nodes from `first` on. Dropping it may run code of users, so whoever takes it drops it when
    /// the tape is not borrowed any more.
    #[must_use]
    pub(crate) fn take_from(&mut self, first: u32) -> Self {
        Self(self.0.split_off(self.0.partition_point(|(node, _)| *node < first)))
    }

    /// Later entries of one node come behind earlier ones.
    fn insert(&mut self, node: u32, callback: Callback<T>) {
        let behind = self.0.partition_point(|(other, _)| *other <= node);
        self.0.insert(behind, (node, callback));
    }

    /// The last node up to `limit` at which something runs.
    pub(crate) fn last_up_to(&self, limit: u32) -> Option<u32> {
        let behind = self.0.partition_point(|(node, _)| *node <= limit);
        behind.checked_sub(1).map(|last| self.0[last].0)
    }

    /// What runs at a node: hooks in the order of their making, then the operation, which gets the adjoint that they leave.
    fn at(&self, node: u32) -> Vec<Callback<T>> {
        let here = self.entries(node).iter().map(|(_, callback)| callback);
        let (operations, hooks): (Vec<_>, Vec<_>) =
            here.cloned().partition(|callback| matches!(callback, Callback::Operation(_)));
        hooks.into_iter().chain(operations).collect()
    }

    pub(crate) fn operation(&self, node: u32) -> Option<Rc<dyn CustomOp<T>>> {
        self.entries(node).iter().find_map(|(_, callback)| match callback {
            Callback::Operation(operation) => Some(Rc::clone(operation)),
            Callback::Hook(_) => None,
        })
    }

    /// What is listed for one node: a recording may have as many entries as nodes, so they are not searched one by one.
    fn entries(&self, node: u32) -> &[(u32, Callback<T>)] {
        let first = self.0.partition_point(|(other, _)| *other < node);
        let behind = self.0.partition_point(|(other, _)| *other <= node);
        &self.0[first..behind]
    }
}

/// Runs what is to be run at a node, whose adjoint is complete. The tape is not borrowed meanwhile.
pub(crate) fn run<T: Real>(recording: u32, node: u32, gradients: &mut Gradients<T>) -> Result<(), Error> {
    let callbacks = living::with(recording, node, "backward", |tape: &mut Storage<T>| tape.callbacks.at(node))?;
    for callback in callbacks {
        let adjoint =
            living::with(recording, node, "backward", |tape: &mut Storage<T>| sweep::adjoint(tape, gradients, node))?;
        let Some(adjoint) = adjoint else { return Ok(()) };
        match callback {
            Callback::Hook(hook) => {
                let Some(other) = hook(adjoint.view()) else { continue };
                if other.shape() != adjoint.shape() {
                    let [expected, found] = [adjoint.shape(), other.shape()].map(Shape::from);
                    return Err(Error::CustomShape { operation: "hook", what: "adjoint", expected, found });
                }
                living::with(recording, node, "backward", |tape: &mut Storage<T>| {
                    sweep::replace_adjoint(tape, gradients, node, &other);
                })?;
            }
            Callback::Operation(operation) => {
                let inputs = living::with(recording, node, "backward", |tape: &mut Storage<T>| arrays(tape, node))?;
                let shares = shares(&*operation, inputs, &adjoint)?;
                living::with(recording, node, "backward", |tape: &mut Storage<T>| {
                    sweep::add_shares(tape, gradients, node, &shares);
                })?;
            }
        }
    }
    Ok(())
}

/// Copies of an operation's inputs and of its output behind them.
fn arrays<T: Real>(tape: &Storage<T>, node: u32) -> Vec<ArrayD<T>> {
    let slot = tape.slot(node);
    let operands = &tape.operands[slot.operands.start as usize..slot.operands.end as usize];
    operands.iter().chain([&node]).map(|&node| kernel::to_array(tape.slot(node).view())).collect()
}

/// The numbers of an operation's shares, worked out on a tape of its own. The arrays are its inputs and its output. An
/// adjoint of zero has shares of zero, whatever the rule is.
pub(crate) fn shares<T: Real>(
    operation: &dyn CustomOp<T>,
    mut arrays: Vec<ArrayD<T>>,
    adjoint: &ArrayD<T>,
) -> Result<Vec<Option<ArrayD<T>>>, Error> {
    let output = arrays.pop().expect("the output is the last");
    if adjoint.iter().all(|&g| g == T::zero()) {
        return Ok(arrays.iter().map(|input| Some(ArrayD::zeros(input.raw_dim()))).collect());
    }
    Tape::with_spare(|tape| {
        // Variables, because the rule may differentiate something itself.
        let inputs: Vec<Tensor<T>> = arrays.iter().map(|input| tape.variable(input)).collect();
        let (output, adjoint) = (tape.variable(&output), tape.constant(adjoint));
        let shares = checked(operation, &inputs, operation.swept_vjp(&inputs, output, adjoint)?)?;
        Ok(shares.into_iter().map(|share| share.map(Tensor::to_array)).collect())
    })
}

/// Shares of the right number and shapes.
pub(crate) fn checked<T: Real>(
    operation: &dyn CustomOp<T>,
    inputs: &[Tensor<T>],
    shares: Vec<Option<Tensor<T>>>,
) -> Result<Vec<Option<Tensor<T>>>, Error> {
    let operation = operation.name();
    if shares.len() != inputs.len() {
        return Err(Error::CustomCount { operation, expected: inputs.len(), found: shares.len() });
    }
    for (input, share) in inputs.iter().zip(&shares) {
        let Some(share) = share else { continue };
        let (expected, found) = (input.shape(), share.shape());
        if expected != found {
            return Err(Error::CustomShape { operation, what: "share of an input", expected, found });
        }
    }
    Ok(shares)
}

impl<T: Real> Tensor<T> {
    /// The output of an operation of one's own; see [`CustomOp`].
    ///
    /// # Panics
    /// As [`try_custom`](Self::try_custom) fails.
    #[must_use]
    #[track_caller]
    pub fn custom(operation: impl CustomOp<T> + 'static, inputs: &[Self]) -> Self {
        unwrap(Self::try_custom(operation, inputs))
    }

    /// As [`custom`](Self::custom).
    ///
    /// # Errors
    /// [`Error::NoTape`] if there is no input, what [`CustomOp::value`] returns, and as any operation whose handles are
    /// stale or of different tapes.
    #[track_caller]
    pub fn try_custom(operation: impl CustomOp<T> + 'static, inputs: &[Self]) -> Result<Self, Error> {
        let name = operation.name();
        let first = *inputs.first().ok_or(Error::NoTape { operation: name })?;
        let operands: Nodes = first.on_tape(name, |tape| tape.own_all(inputs, name))?;
        let elements = first.on_tape(name, |tape| {
            Ok(operands.iter().map(|&node| kernel::to_array(tape.slot(node).view())).collect::<Vec<_>>())
        })?;
        let views: Vec<_> = elements.iter().map(|elements| elements.view()).collect();
        let value = operation.value(&views)?;
        // One that is not kept is dropped after the tape was let go of, because dropping it runs code of users.
        let operation: Rc<dyn CustomOp<T>> = Rc::new(operation);
        first.on_tape(name, |tape| {
            let output = tape.record_array(TensorOp::Custom(name), &operands, &value);
            // A program runs it also where no gradient is computed.
            if tape.is_active(output.node) || tape.origins.is_some() {
                tape.callbacks.insert(output.node, Callback::Operation(Rc::clone(&operation)));
            }
            Ok(output)
        })
    }

    /// Shows the adjoint of this tensor to `hook` in every sweep from now on, as soon as it is complete; what `hook`
    /// returns, if it returns something, is handed on in its stead. Hooks are forgotten with the recording, and recorded
    /// derivatives ([`grad`](Self::grad), [`jvp`](Self::jvp)) do not run them.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([1.0, 2.0]);
    /// let y = x * 10.0;
    /// // Clip what comes back through y.
    /// y.hook(|adjoint| Some(adjoint.mapv(|g| g.clamp(-1.0, 1.0))));
    /// let gradients = (y * tape.constant([0.5, 3.0])).sum().backward();
    /// assert_eq!(gradients[x].as_slice(), Some(&[5.0, 10.0][..]));
    /// ```
    ///
    /// # Panics
    /// If the tensor is stale or a constant, through which no adjoint comes, or a program is recorded.
    #[track_caller]
    pub fn hook(self, hook: impl Fn(ArrayViewD<'_, T>) -> Option<ArrayD<T>> + 'static) {
        let hook: Rc<Hook<T>> = Rc::new(hook);
        unwrap(self.on_tape("hook", |tape| {
            tape.look_at("hook")?;
            if !tape.is_active(self.node) {
                let rule = "no adjoint comes to a constant";
                return Err(Error::Shape { operation: "hook", shape: tape.shape(self.node).clone(), rule });
            }
            tape.callbacks.insert(self.node, Callback::Hook(Rc::clone(&hook)));
            Ok(())
        }));
    }
}

/// A function of numbers with its partial derivatives, as an operation of tensors.
struct Function<T, V, P> {
    name: &'static str,
    value: V,
    partials: P,
    element: std::marker::PhantomData<T>,
}

impl<T, V, P> CustomOp<T> for Function<T, V, P>
where
    T: Real,
    V: Fn(&[T]) -> T,
    P: Fn(&[Var<T>]) -> Vec<Var<T>>,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn value(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<ArrayD<T>, Error> {
        let numbers: Vec<T> = inputs[0].iter().copied().collect();
        Ok(ndarray::arr0((self.value)(&numbers)).into_dyn())
    }

    fn vjp(&self, inputs: &[Tensor<T>], _: Tensor<T>, adjoint: Tensor<T>) -> Result<Vec<Option<Tensor<T>>>, Error> {
        let numbers: Vec<Var<T>> = (0..inputs[0].shape().size()).map(|i| inputs[0].at([i])).collect();
        let adjoint = adjoint.at([]);
        let partials = (self.partials)(&numbers).into_iter();
        let shares: Vec<Var<T>> = partials.map(|partial| adjoint * partial).collect();
        // All may be constants, which are on no tape.
        let share =
            inputs[0].on_tape("custom", |tape| tape.stack_vars(&shares, Shape::from([shares.len()]), "custom"))?;
        Ok(vec![Some(share)])
    }
}

impl<T: Real> Var<T> {
    /// A function of one's own of several numbers, with its partial derivatives. These are computed with variables, so
    /// that they can be differentiated again if they are made of functions that can.
    ///
    /// ```
    /// use tape::Var;
    ///
    /// /// The Bessel function of order n, by its integral, and its derivative, by the functions of the orders beside it.
    /// fn bessel(n: i32, x: Var) -> Var {
    ///     let value = move |x: &[f64]| {
    ///         let angle = |k: i32| std::f64::consts::PI * (f64::from(k) + 0.5) / 200.0;
    ///         (0..200).map(|k| (f64::from(n) * angle(k) - x[0] * angle(k).sin()).cos()).sum::<f64>() / 200.0
    ///     };
    ///     let partials = move |x: &[Var]| vec![0.5 * (bessel(n - 1, x[0]) - bessel(n + 1, x[0]))];
    ///     Var::custom("bessel", &[x], value, partials)
    /// }
    ///
    /// let tape = tape::Tape::new();
    /// let x = tape.var(1.0);
    /// let slope = bessel(0, x).grad(x);
    /// assert!((slope.value() + 0.440_050_585_744_933_5).abs() < 1e-12, "J0' is -J1");
    /// // Bessel's equation, x^2 J0'' + x J0' + x^2 J0 = 0.
    /// assert!((slope.grad(x) + slope + bessel(0, x)).value().abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If the numbers are stale or of different tapes; when it is differentiated, if there is not one partial a number.
    #[must_use]
    #[track_caller]
    pub fn custom(
        name: &'static str,
        inputs: &[Self],
        value: impl Fn(&[T]) -> T + 'static,
        partials: impl Fn(&[Self]) -> Vec<Self> + 'static,
    ) -> Self {
        if inputs.iter().all(|input| input.is_constant()) {
            let numbers: Vec<T> = inputs.iter().map(|input| input.value()).collect();
            return Self::constant(value(&numbers));
        }
        let operation = Function { name, value, partials, element: std::marker::PhantomData };
        Tensor::custom(operation, &[Tensor::stack_vars(inputs)]).at([])
    }

    /// Shows the adjoint of this number to `hook` in every sweep from now on; see [`Tensor::hook`].
    ///
    /// # Panics
    /// If the number is stale or a constant.
    #[track_caller]
    pub fn hook(self, hook: impl Fn(T) -> Option<T> + 'static) {
        let hook = move |adjoint: ArrayViewD<'_, T>| hook(adjoint[[]]).map(|g| ndarray::arr0(g).into_dyn());
        let hook: Rc<Hook<T>> = Rc::new(hook);
        let placed = living::with(self.recording(), self.node(), "hook", |tape: &mut Storage<T>| {
            tape.callbacks.insert(self.node(), Callback::Hook(Rc::clone(&hook)));
        });
        unwrap(placed);
    }
}
