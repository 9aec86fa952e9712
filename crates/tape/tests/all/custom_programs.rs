//! A program runs users' operations, checkpoints, solvers and decompositions anew in every run.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use ndarray::{Array1, Array2, ArrayD, ArrayViewD, array};
use tape::{CustomOp, Error, Params, Pass, Program, Tape, Tensor};

type Value = fn(&[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error>;
type Rule = fn(&[Tensor<f64>], Tensor<f64>, Tensor<f64>) -> Vec<Option<Tensor<f64>>>;

/// An operation that a test makes up, and how often its value and its rule were asked for.
struct Made {
    value: Value,
    rule: Rule,
    calls: Rc<[Cell<usize>; 2]>,
}

impl CustomOp<f64> for Made {
    fn name(&self) -> &'static str {
        "made"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
        self.calls[0].set(self.calls[0].get() + 1);
        (self.value)(inputs)
    }

    fn vjp(
        &self,
        inputs: &[Tensor<f64>],
        output: Tensor<f64>,
        adjoint: Tensor<f64>,
    ) -> Result<Vec<Option<Tensor<f64>>>, Error> {
        self.calls[1].set(self.calls[1].get() + 1);
        Ok((self.rule)(inputs, output, adjoint))
    }
}

fn made(value: Value, rule: Rule) -> Made {
    Made { value, rule, calls: Rc::default() }
}

/// `a exp(b)`.
fn growth() -> Made {
    made(
        |inputs| Ok(&inputs[0] * &inputs[1].mapv(f64::exp)),
        |inputs, output, adjoint| vec![Some(adjoint * inputs[1].exp()), Some(adjoint * output)],
    )
}

/// The square, whose input gets no share.
fn square_without_share() -> Made {
    made(|inputs| Ok(&inputs[0] * &inputs[0]), |_, _, _| vec![None])
}

fn input(rows: usize, seed: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, 3), |(i, j)| ((i * 5 + j * 3 + seed * 7) % 13) as f64 / 6.0 - 1.0)
}

/// Records a loss of a weight `[3, 3]` and an input, and compares it to the eager tape at other inputs and weights.
#[track_caller]
fn assert_replayed(rows: usize, loss: impl Fn(&Pass<'_, f64>, Tensor<f64>, Tensor<f64>) -> Tensor<f64>) {
    let mut params = Params::<f64>::new();
    let weight = params.add("weight", &(input(3, 1) * 0.3 + Array2::<f64>::eye(3) * 2.0));
    let mut program = Program::record(&params, (&input(rows, 2),), |pass, (x,)| loss(pass, pass.parameter(weight), x));
    let mut tape = Tape::new();
    for seed in 3..7 {
        params.view_mut(weight)[[0, 1]] = seed as f64 * 0.1;
        let x = input(rows, seed);
        let (expected, eager) =
            tape.value_and_grad(&params, |pass| loss(pass, pass.parameter(weight), pass.constant(&x)));
        let (value, gradients) = program.run(&params, (&x,)).unwrap();
        assert_eq!((value, gradients.params()), (expected, eager.params()));
    }
}

#[test]
fn users_operations_are_replayed_bit_for_bit() {
    assert_replayed(4, |_, w, x| {
        let y = x.matmul(w).tanh();
        let custom = Tensor::custom(growth(), &[y, x * 0.5 + y]);
        // Contributions before and behind, one input twice, and one that is a view.
        (custom * y + Tensor::custom(growth(), &[custom.t(), custom.t()]).t()).sum() + y.sum()
    });
    // Straight from and into a parameter.
    assert_replayed(3, |_, w, x| (Tensor::custom(growth(), &[w, w]) * x).sum());
    assert_replayed(3, |_, w, x| Tensor::custom(growth(), &[(w * x).sum(), w.sum()]));
}

#[test]
fn the_code_runs_once_a_run_and_not_where_nobody_asks() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![1.0, 2.0]);
    let calls = [Rc::<[Cell<usize>; 2]>::default(), Rc::default(), Rc::default()];
    let counted = |number: usize| Made { calls: Rc::clone(&calls[number]), ..growth() };
    let mut program = Program::record(&params, (&[0.0; 2],), |pass, (x,)| {
        let w = pass.parameter(w);
        let _unused = Tensor::custom(counted(0), &[w, x]);
        let inactive = Tensor::custom(counted(1), &[x, x]);
        (Tensor::custom(counted(2), &[w, x]) * inactive).sum()
    });
    let count = || calls.each_ref().map(|calls| calls.each_ref().map(Cell::get));
    assert_eq!(count(), [[1, 0], [1, 0], [1, 0]]);
    for _ in 0..2 {
        program.run(&params, (&[0.1, 0.2],)).unwrap();
    }
    assert_eq!(count(), [[1, 0], [3, 0], [3, 2]]);
}

/// Two operations of one name and the same inputs may compute different things.
#[test]
fn operations_are_not_taken_for_one_another() {
    let params = Params::<f64>::new();
    let mut program = Program::forward(&params, (&[1.0],), |_, (x,)| {
        let twice = made(|inputs| Ok(&inputs[0] * 2.0), |_, _, _| vec![None]);
        vec![Tensor::custom(square_without_share(), &[x]) + Tensor::custom(twice, &[x])]
    });
    program.run(&params, (&[5.0],)).unwrap();
    assert_eq!(program.output(0)[[0]], 35.0);
}

#[test]
fn an_input_without_a_share_has_a_zero_gradient() {
    let mut params = Params::<f64>::new();
    let (w, u) = (params.add("w", &array![3.0]), params.add("u", &array![2.0]));
    let mut program = Program::record(&params, (), |pass, ()| {
        let [w, u] = [w, u].map(|id| pass.parameter(id));
        (Tensor::custom(square_without_share(), &[w]) + Tensor::custom(square_without_share(), &[u]) + u).sum()
    });
    let (value, gradients) = program.run(&params, ()).unwrap();
    assert_eq!((value, gradients.params()), (15.0, &[0.0, 1.0][..]));
}

#[test]
fn what_an_operation_does_wrong_is_said_and_the_next_run_is_right() {
    let params = {
        let mut params = Params::<f64>::new();
        params.add("w", &array![1.0, 2.0]);
        params
    };
    let w = params.find("w").unwrap();
    let rejecting: Value = |inputs| match inputs[0][[0]] > 0.0 {
        true => Ok(&inputs[0] * 2.0),
        false => Err(Error::Rejected { operation: "made", reason: "not positive".to_owned() }),
    };
    let changing: Value = |inputs| match inputs[0][[0]] > 0.0 {
        true => Ok(&inputs[0] * 2.0),
        false => Ok(ArrayD::zeros(vec![3])),
    };
    let doubled: Rule = |_, _, adjoint| vec![Some(adjoint * 2.0)];
    let too_many: Rule = |inputs, _, adjoint| match inputs[0].at([0]).value() > 0.0 {
        true => vec![Some(adjoint * 2.0)],
        false => vec![None, None],
    };
    let double: Value = |inputs| Ok(&inputs[0] * 2.0);
    for (value, rule, text) in [
        (rejecting, doubled, "made: not positive"),
        (changing, doubled, "made: output of shape [3] where [2] is expected"),
        (double, too_many, "made: 2 shares of an adjoint where there are 1 inputs"),
    ] {
        let mut program = Program::try_record(&params, (&[1.0, 1.0],), |pass, (x,)| {
            let y = Tensor::custom(made(value, rule), &[x * pass.parameter(w)]);
            Ok((y.sum(), vec![y]))
        })
        .unwrap();
        program.run(&params, (&[3.0, 3.0],)).unwrap();
        assert_eq!(program.run(&params, (&[-1.0, 1.0],)).unwrap_err().to_string(), text);
        assert_eq!(program.output(0), &array![6.0, 12.0].into_dyn());
        let (value, gradients) = program.run(&params, (&[1.0, 2.0],)).unwrap();
        assert_eq!((value, gradients.params()), (10.0, &[2.0, 4.0][..]));
    }
}

#[test]
fn code_that_panics_leaves_a_program_that_runs() {
    let params = Params::<f64>::new();
    let mut program = Program::forward(&params, (&[1.0],), |_, (x,)| {
        let value: Value = |inputs| match inputs[0][[0]] > 0.0 {
            true => Ok(&inputs[0] * 2.0),
            false => panic!("not positive"),
        };
        vec![Tensor::custom(made(value, |_, _, _| vec![None]), &[x])]
    });
    assert!(catch_unwind(AssertUnwindSafe(|| program.run(&params, (&[-1.0],)).is_ok())).is_err());
    assert_eq!(program.run(&params, (&[4.0],)).unwrap().0, 8.0);
}

#[test]
fn hooks_are_refused() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![1.0]);
    let hooked = catch_unwind(AssertUnwindSafe(|| {
        Program::record(&params, (), |pass, ()| {
            let y = pass.parameter(w) * 2.0;
            y.hook(|_| None);
            y.sum()
        })
    }));
    let text = "hook: a program is recorded: what is looked at now would be the same in every run";
    assert_eq!(hooked.unwrap_err().downcast_ref::<String>().unwrap(), text);
}

#[test]
fn checkpoints_and_solutions_are_replayed() {
    assert_replayed(4, |_, w, x| {
        let layer = |x: &[Tensor<f64>]| (x[0].matmul(x[1]).tanh() * x[0]).sin();
        let once = tape::checkpoint(layer, &[x, w]);
        tape::checkpoint(layer, &[once, w]).powi(2).sum()
    });
    assert_replayed(3, |_, w, x| (tape::solve(w, x.select(0, 0)) * x.select(0, 1)).sum());
    assert_replayed(3, |_, w, x| {
        let square_root = |theta: &[ArrayViewD<'_, f64>]| Ok(theta[0].mapv(f64::sqrt));
        let residual = |y: Tensor<f64>, theta: &[Tensor<f64>]| y * y - theta[0];
        let found = tape::root(square_root, residual, &[(w * x).powi(2) + 1.0]);
        (found * Tensor::<f64>::exp(w)).sum()
    });
}

#[test]
fn decompositions_are_replayed() {
    assert_replayed(3, |pass, w, x| {
        let unit = pass.constant(Array2::eye(3));
        let symmetric = w.matmul(w.t()) + unit;
        let (q, r) = w.qr();
        let (values, vectors) = symmetric.eigh();
        let (u, s, v) = w.svd();
        let (sign, log) = w.slogdet();
        let parts = [
            w.solve(x).sum(),
            (w.inverse() * x).sum(),
            w.det() * sign + log,
            (symmetric.cholesky() * x).sum(),
            (q.matmul(x) * r).sum(),
            (values * pass.constant([1.0, 2.0, 3.0])).sum() + (vectors * vectors * x).sum(),
            s.sum() + (u * u * x).sum() + (v * v * x).sum(),
            w.pinv().sum() + w.lstsq(x).powi(2).sum(),
            r.solve_triangular(x, true, false).sum(),
        ];
        parts.into_iter().reduce(|sum, part| sum + part).unwrap()
    });
    let params = Params::<f64>::new();
    let mut solve = Program::forward(&params, (Array2::<f64>::eye(2), Array1::<f64>::zeros(2)), |_, (a, b)| {
        vec![a.solve(b.unsqueeze(1))]
    });
    let error = solve.run(&params, (array![[1.0, 2.0], [2.0, 4.0]], array![1.0, 1.0])).unwrap_err();
    assert!(error.to_string().starts_with("solve: the matrix is"), "{error}");
}
