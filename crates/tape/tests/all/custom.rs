//! Operations and hooks of users: differentiated in every mode, checked, and harmless when they go wrong.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use ndarray::{ArrayD, ArrayViewD, array};
use tape::{CustomOp, Error, Tape, Tensor, Var, check, check_tensors};

/// `a exp(b)`, with broadcasting left out: both have one shape.
struct Growth;

impl CustomOp<f64> for Growth {
    fn name(&self) -> &'static str {
        "growth"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
        if inputs[0].shape() != inputs[1].shape() {
            return Err(Error::Rejected { operation: self.name(), reason: "two shapes".to_owned() });
        }
        Ok(&inputs[0] * &inputs[1].mapv(f64::exp))
    }

    fn vjp(
        &self,
        inputs: &[Tensor<f64>],
        output: Tensor<f64>,
        adjoint: Tensor<f64>,
    ) -> Result<Vec<Option<Tensor<f64>>>, Error> {
        Ok(vec![Some(adjoint * inputs[1].exp()), Some(adjoint * output)])
    }
}

/// An operation whose shares are what a test wants them to be.
struct Wrong(fn(Tensor<f64>) -> Vec<Option<Tensor<f64>>>);

impl CustomOp<f64> for Wrong {
    fn name(&self) -> &'static str {
        "wrong"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
        Ok(inputs[0].to_owned())
    }

    fn vjp(&self, _: &[Tensor<f64>], _: Tensor<f64>, adjoint: Tensor<f64>) -> Result<Vec<Option<Tensor<f64>>>, Error> {
        Ok(self.0(adjoint))
    }
}

fn inputs() -> [ArrayD<f64>; 2] {
    [array![[0.5, -1.0], [2.0, 0.3]].into_dyn(), array![[0.1, 0.7], [-0.4, 1.1]].into_dyn()]
}

#[test]
fn a_custom_operation_has_its_derivatives_in_every_mode() {
    check_tensors(|x| Tensor::custom(Growth, x).sin().sum(), &inputs()).assert();
    check_tensors(|x| Tensor::custom(Growth, x).sin().sum().grad(x)[1].powi(2).sum(), &inputs()).assert();
    let tape = Tape::new();
    let x = inputs().map(|x| tape.variable(x));
    let direction = [tape.constant([[1.0, -0.5], [0.3, 2.0]]), tape.constant([[0.2, 0.1], [-1.0, 0.4]])];
    let y = Tensor::custom(Growth, &x);
    let composed = x[0] * x[1].exp();
    let difference = y.jvp(x, direction) - composed.jvp(x, direction);
    assert!(difference.abs().sum().item() < 1e-14);
}

#[test]
fn a_tangent_of_its_own_is_preferred() {
    struct Twice;
    impl CustomOp<f64> for Twice {
        fn name(&self) -> &'static str {
            "twice"
        }
        fn value(&self, inputs: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
            Ok(&inputs[0] * 2.0)
        }
        fn vjp(&self, _: &[Tensor<f64>], _: Tensor<f64>, _: Tensor<f64>) -> Result<Vec<Option<Tensor<f64>>>, Error> {
            panic!("nobody goes backwards here")
        }
        fn jvp(
            &self,
            _: &[Tensor<f64>],
            _: Tensor<f64>,
            dx: &[Option<Tensor<f64>>],
        ) -> Result<Option<Tensor<f64>>, Error> {
            Ok(dx[0].map(|dx| dx * 2.0))
        }
    }
    let tape = Tape::new();
    let x = tape.variable([1.0, 2.0]);
    let tangent = Tensor::custom(Twice, &[x]).jvp(x, tape.constant([3.0, 4.0]));
    assert_eq!(tangent.to_array(), array![6.0, 8.0].into_dyn());
}

#[test]
fn an_absent_share_is_none_at_all() {
    let tape = Tape::new();
    let x = tape.variable([1.0, 2.0]);
    let gradients = Tensor::custom(Wrong(|_| vec![None]), &[x]).sum().backward();
    assert!(gradients.get(x).is_none());
}

#[test]
fn wrong_shares_and_refused_inputs_are_errors_by_name() {
    let tape = Tape::new();
    let x = tape.variable([1.0, 2.0]);
    let error = |shares| Tensor::custom(Wrong(shares), &[x]).sum().try_backward().unwrap_err().to_string();
    assert_eq!(error(|g| vec![Some(g.sum())]), "wrong: share of an input of shape [] where [2] is expected");
    assert_eq!(error(|_| vec![]), "wrong: 0 shares of an adjoint where there are 1 inputs");
    let recorded = Tensor::custom(Wrong(|_| vec![]), &[x]).sum().try_grad(x).unwrap_err();
    assert_eq!(recorded.to_string(), "wrong: 0 shares of an adjoint where there are 1 inputs");
    let refused = Tensor::try_custom(Growth, &[x, x.sum()]).unwrap_err();
    assert_eq!(refused.to_string(), "growth: two shapes");
    assert_eq!(
        Tensor::try_custom(Growth, &[]).unwrap_err().to_string(),
        "growth: no operand is on a tape; at least one must be"
    );
}

/// The square root, whose slope at 0 is infinite, with a tangent of its own or without.
struct Root {
    own_tangent: bool,
}

impl CustomOp<f64> for Root {
    fn name(&self) -> &'static str {
        "root"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
        Ok(inputs[0].mapv(f64::sqrt))
    }

    fn vjp(&self, _: &[Tensor<f64>], y: Tensor<f64>, adjoint: Tensor<f64>) -> Result<Vec<Option<Tensor<f64>>>, Error> {
        Ok(vec![Some(adjoint * (0.5 / y))])
    }

    fn jvp(&self, _: &[Tensor<f64>], y: Tensor<f64>, dx: &[Option<Tensor<f64>>]) -> Result<Option<Tensor<f64>>, Error> {
        Ok(dx[0].filter(|_| self.own_tangent).map(|dx| dx * (0.5 / y)))
    }
}

#[test]
fn an_adjoint_of_zero_absorbs_whatever_the_rule_says() {
    let tape = Tape::new();
    let x = tape.variable([0.0, 4.0]);
    for own_tangent in [false, true] {
        let y = Tensor::custom(Root { own_tangent }, &[x]);
        let unused = (y * tape.constant([0.0, 0.0])).sum();
        assert_eq!(unused.backward()[x], array![0.0, 0.0].into_dyn(), "swept");
        assert_eq!(unused.grad(x).to_array(), array![0.0, 0.0].into_dyn(), "recorded");
        assert_eq!(y.jvp(x, tape.constant([0.0, 0.0])).to_array(), array![0.0, 0.0].into_dyn(), "forwards");
        // It counts as reached: the root depends on it, with a derivative of zero.
        assert!(unused.backward().get(x).is_some());
        let infinite = y.sum().backward();
        assert_eq!(infinite[x], array![f64::INFINITY, 0.25].into_dyn());
        // Zero here and not there is the rule's own business: nobody else knows what depends on what.
        let half = (y * tape.constant([0.0, 1.0])).sum().backward();
        assert!(half[x][0].is_nan() && half[x][1] == 0.25);
    }
    // A number's function has one output, so that every zero is the whole of its adjoint.
    let v = tape.var(0.0);
    let root = Var::custom("root", &[v], |x| x[0].sqrt(), |x| vec![0.5 / x[0].sqrt()]);
    assert_eq!(((root * 0.0) + v).backward()[v], 1.0);
    assert_eq!(((root * 0.0) + v).grad(v).value(), 1.0);
}

#[test]
fn a_zero_adjoint_through_a_rule_keeps_its_own_derivative() {
    let tape = Tape::new();
    let x = tape.variable([0.0]);
    // d/dx (g(x)^2) is 2 g g', zero at 0; its derivative, 2 g'^2, is not.
    let linear = Tensor::custom(Wrong(|g| vec![Some(g * 3.0)]), &[x]);
    let slope = linear.powi(2).sum().grad(x);
    assert_eq!((slope.item(), slope.sum().grad(x).item()), (0.0, 18.0));
}

#[test]
fn a_rule_that_fails_is_an_error_with_its_text_and_poisons_nothing() {
    /// Fails where an element is negative.
    struct Partial;
    impl CustomOp<f64> for Partial {
        fn name(&self) -> &'static str {
            "partial"
        }
        fn value(&self, inputs: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
            Ok(inputs[0].mapv(|x| x * x))
        }
        fn vjp(&self, x: &[Tensor<f64>], _: Tensor<f64>, g: Tensor<f64>) -> Result<Vec<Option<Tensor<f64>>>, Error> {
            if x[0].to_array().iter().any(|&x| x < 0.0) {
                return Err(Error::Rejected { operation: "partial", reason: "an element is negative".to_owned() });
            }
            Ok(vec![Some(g * x[0] * 2.0)])
        }
    }
    let tape = Tape::new();
    let (good, bad) = (tape.variable([1.0, 2.0]), tape.variable([1.0, -2.0]));
    let through = |x: Tensor<f64>| (Tensor::custom(Partial, &[x]) + x * good).sum();
    const TEXT: &str = "partial: an element is negative";
    let y = through(bad);
    assert_eq!(y.try_backward().unwrap_err().to_string(), TEXT);
    assert_eq!(y.try_grad(bad).unwrap_err().to_string(), TEXT);
    assert_eq!(y.try_jvp(bad, tape.constant([1.0, 1.0])).unwrap_err().to_string(), TEXT);
    assert_eq!(y.try_hvp(bad, tape.constant([1.0, 1.0])).unwrap_err().to_string(), TEXT);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(y.backward()))).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), TEXT);
    let squares = |x: &[Var]| Tensor::custom(Partial, &[Tensor::stack_vars(x)]).sum().at([]);
    assert_eq!(tape::try_value_and_grad(squares, &[1.0, -2.0]).unwrap_err().to_string(), TEXT);
    assert_eq!(tape::value_and_grad(squares, &[1.0, 2.0]), (5.0, vec![2.0, 4.0]));
    // The tape, its other roots and the next sweep are as if nothing had been asked.
    assert_eq!(through(good).backward()[good], array![4.0, 8.0].into_dyn());
    assert_eq!(through(good).grad(good).to_array(), array![4.0, 8.0].into_dyn());
    // Inside of a checkpoint, too.
    let hidden = tape::checkpoint(|x| Tensor::custom(Partial, x), &[bad]).sum();
    assert_eq!(hidden.try_backward().unwrap_err().to_string(), TEXT);
    let looped = tape::checkpoint_loop(|_, x, _| Tensor::custom(Partial, &[x]) * -1.0, good, &[], 3, 2).sum();
    assert_eq!(looped.try_backward().unwrap_err().to_string(), TEXT);
}

#[test]
fn a_rule_that_is_wrong_by_a_thousandth_is_found() {
    let report =
        check_tensors(|x| Tensor::custom(Wrong(|g| vec![Some(g * 1.001)]), x).sum(), &[array![0.5, 1.5].into_dyn()]);
    assert!(!report.passed());
}

#[test]
fn the_tape_may_be_used_while_a_rule_runs() {
    /// Its rule records on the very tape that is swept: handles are `Copy`, so nobody can forbid it.
    struct Meddling(Tensor<f64>);
    impl CustomOp<f64> for Meddling {
        fn name(&self) -> &'static str {
            "meddling"
        }
        fn value(&self, inputs: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
            Ok(inputs[0].to_owned())
        }
        fn vjp(
            &self,
            _: &[Tensor<f64>],
            _: Tensor<f64>,
            adjoint: Tensor<f64>,
        ) -> Result<Vec<Option<Tensor<f64>>>, Error> {
            for _ in 0..1000 {
                let _ = self.0.exp().sum().at([]) * 2.0;
            }
            Ok(vec![Some(adjoint)])
        }
    }
    let tape = Tape::new();
    let x = tape.variable([1.0, 2.0]);
    let y = Tensor::custom(Meddling(x), &[x * 3.0]).powi(2).sum();
    assert_eq!(y.backward()[x], array![18.0, 36.0].into_dyn());
    assert_eq!(y.backward()[x], array![18.0, 36.0].into_dyn());
}

#[test]
fn a_rule_that_panics_leaves_the_tape_usable() {
    let tape = Tape::new();
    let x = tape.variable([1.0, 2.0]);
    let y = Tensor::custom(Wrong(|_| panic!("in the rule")), &[x]).sum();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| y.backward())).is_err());
    assert_eq!(x.sum().backward()[x], array![1.0, 1.0].into_dyn());
}

#[test]
fn operations_are_forgotten_with_their_recording() {
    let alive = Rc::new(());
    struct Counted(#[allow(dead_code, reason = "it is there to be dropped")] Rc<()>);
    impl CustomOp<f64> for Counted {
        fn name(&self) -> &'static str {
            "counted"
        }
        fn value(&self, inputs: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
            Ok(inputs[0].to_owned())
        }
        fn vjp(
            &self,
            _: &[Tensor<f64>],
            _: Tensor<f64>,
            adjoint: Tensor<f64>,
        ) -> Result<Vec<Option<Tensor<f64>>>, Error> {
            Ok(vec![Some(adjoint)])
        }
    }
    let mut tape = Tape::new();
    let x = tape.variable([1.0]);
    let here = tape.position();
    let _ = Tensor::custom(Counted(Rc::clone(&alive)), &[x]);
    assert_eq!(Rc::strong_count(&alive), 2);
    tape.rewind(here);
    assert_eq!(Rc::strong_count(&alive), 1);
    let _ = Tensor::custom(Counted(Rc::clone(&alive)), &[x]);
    tape.reset();
    assert_eq!(Rc::strong_count(&alive), 1);
    // A constant is not differentiated: nothing is kept for it.
    let _ = Tensor::custom(Counted(Rc::clone(&alive)), &[tape.constant([1.0])]);
    assert_eq!(Rc::strong_count(&alive), 1);
}

/// Code of users runs when an operation is dropped, and may use the very tape that forgets it: handles are `Copy`.
#[test]
fn the_tape_may_be_used_while_an_operation_is_dropped() {
    struct Parting(Tensor<f64>, Rc<Cell<f64>>);
    impl CustomOp<f64> for Parting {
        fn name(&self) -> &'static str {
            "parting"
        }
        fn value(&self, inputs: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
            Ok(inputs[0].to_owned())
        }
        fn vjp(
            &self,
            _: &[Tensor<f64>],
            _: Tensor<f64>,
            adjoint: Tensor<f64>,
        ) -> Result<Vec<Option<Tensor<f64>>>, Error> {
            Ok(vec![Some(adjoint)])
        }
    }
    impl Drop for Parting {
        fn drop(&mut self) {
            // A handle whose recording is over is refused; one from before a rewind is as good as ever.
            let sum = self.0.try_item().map(|_| (0..1000).fold(self.0, |sum, _| sum + self.0).item());
            self.1.set(sum.unwrap_or(f64::NAN));
        }
    }
    let seen = Rc::new(Cell::new(0.0));
    let mut tape = Tape::new();
    let x = tape.variable(2.0);
    let here = tape.position();
    let _ = Tensor::custom(Parting(x, Rc::clone(&seen)), &[x]);
    tape.rewind(here);
    assert_eq!(seen.replace(0.0), 2002.0);
    // One that is applied to a constant is dropped at once.
    let _ = Tensor::custom(Parting(x, Rc::clone(&seen)), &[tape.constant(1.0)]);
    assert_eq!(seen.replace(0.0), 2002.0);
    let parting = Parting(x, Rc::clone(&seen));
    x.hook(move |_| {
        let _ = &parting;
        None
    });
    assert_eq!(x.backward()[x].sum(), 1.0);
    tape.reset();
    assert!(seen.get().is_nan());
    assert_eq!(tape.len(), 0);
}

#[test]
fn a_function_of_numbers_is_checked_to_the_second_order() {
    let product = |x: &[Var]| Var::custom("product", x, |x| x[0] * x[1], |x| vec![x[1], x[0]]);
    check(|x| (product(x) * x[0]).sin(), &[0.7, -1.2]).assert();
    check(|x| (product(x) * x[0]).sin().grad(x)[0], &[0.7, -1.2]).assert();
    assert_eq!(product(&[2.0.into(), 3.0.into()]).value(), 6.0);
    assert!(product(&[2.0.into(), 3.0.into()]).is_constant());
}

#[test]
fn hooks_see_complete_adjoints_in_the_order_of_the_sweep() {
    let tape = Tape::<f64>::new();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let note = |name: &'static str| {
        let seen = Rc::clone(&seen);
        move |g: f64| {
            seen.borrow_mut().push((name, g));
            None
        }
    };
    let x = tape.var(3.0);
    let y = x * x;
    x.hook(note("x"));
    y.hook(note("y"));
    let root = y * 2.0 + y;
    assert_eq!(root.backward()[x], 18.0);
    assert_eq!(*seen.borrow(), [("y", 3.0), ("x", 18.0)]);
}

#[test]
fn a_hook_may_replace_an_adjoint_once_for_each_hook() {
    let tape = Tape::<f64>::new();
    let x = tape.var(3.0);
    let y = x * 5.0;
    y.hook(|g| Some(g + 1.0));
    y.hook(|g| Some(g * 10.0));
    let gradients = (y * 2.0).backward();
    assert_eq!((gradients[y], gradients[x]), (30.0, 150.0));
    // A recorded derivative is the mathematical one.
    assert_eq!((y * 2.0).grad(x).value(), 10.0);
}

#[test]
fn a_hook_on_what_is_not_reached_does_not_run() {
    let tape = Tape::<f64>::new();
    let ran = Rc::new(Cell::new(false));
    let (x, unused) = (tape.var(1.0), tape.variable([1.0]));
    let flag = Rc::clone(&ran);
    unused.hook(move |_| {
        flag.set(true);
        None
    });
    let _ = (x * x).backward();
    assert!(!ran.get());
}

#[test]
fn a_hook_of_another_shape_is_an_error() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([1.0, 2.0]);
    x.hook(|_| Some(array![1.0].into_dyn()));
    let error = x.sum().try_backward().unwrap_err();
    assert_eq!(error.to_string(), "hook: adjoint of shape [1] where [2] is expected");
}
