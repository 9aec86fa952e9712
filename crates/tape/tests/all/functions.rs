//! Functions without a tape in sight: the products, the matrices, and the parameters' form, against each other.

use ndarray::{Array2, ArrayD, array};
use tape::{Error, Params, Tape, Var};

fn f(x: &[Var]) -> Vec<Var> {
    vec![(x[0] * x[1]).sin(), x[1].exp() / x[2], x[0].powi(3)]
}

const X: [f64; 3] = [0.7, -0.4, 1.3];

fn close(one: &Array2<f64>, other: &Array2<f64>) -> bool {
    one.shape() == other.shape() && one.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-6)
}

#[test]
fn both_modes_and_differences_give_the_same_jacobian() {
    let rows = tape::jacobian(f, &X);
    // The same outputs twice: more outputs than inputs, so forwards.
    let columns = tape::jacobian(|x| f(x).into_iter().chain(f(x)).collect(), &X);
    assert!(close(&rows, &columns.slice(ndarray::s![3.., ..]).to_owned()));
    let differences = Array2::from_shape_fn((3, 3), |(i, j)| {
        let at = |h: f64| {
            let mut x = X;
            x[j] += h;
            tape::jvp(f, &x, &[0.0; 3]).0[i]
        };
        (at(1e-5) - at(-1e-5)) / 2e-5
    });
    assert!(close(&rows, &differences));
    let (v, w) = ([0.3, -1.0, 2.0], [1.5, 0.2, -0.6]);
    let (jvp, vjp) = (tape::jvp(f, &X, &v).1, tape::vjp(f, &X, &w).1);
    for i in 0..3 {
        assert!((jvp[i] - rows.row(i).dot(&ndarray::aview1(&v))).abs() < 1e-12);
        assert!((vjp[i] - rows.column(i).dot(&ndarray::aview1(&w))).abs() < 1e-12);
    }
}

#[test]
fn a_hessian_is_symmetric_and_its_products_are_its_columns() {
    let g = |x: &[Var]| f(x).into_iter().sum::<Var>().sin();
    let hessian = tape::hessian(g, &X);
    assert!(close(&hessian, &hessian.t().to_owned()));
    for j in 0..3 {
        let mut unit = [0.0; 3];
        unit[j] = 1.0;
        let column = tape::hvp(g, &X, &unit);
        assert!(column.iter().zip(hessian.column(j)).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}

#[test]
fn constants_and_unreachable_inputs_have_zeros() {
    let constant = |_: &[Var]| vec![Var::constant(2.0); 4];
    assert_eq!(tape::jacobian(constant, &X), Array2::<f64>::zeros((4, 3)));
    assert_eq!(tape::jvp(constant, &X, &X), (vec![2.0; 4], vec![0.0; 4]));
    assert_eq!(tape::hessian(|x| x[0] * 2.0, &X), Array2::<f64>::zeros((3, 3)));
    assert_eq!(tape::hvp(|x| x[0] * 2.0, &X, &X), [0.0; 3]);
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.variable([1.0, 2.0]), tape.variable([[3.0]]));
    assert_eq!(x.jacobian(y), ArrayD::<f64>::zeros(vec![2, 1, 1]));
    assert_eq!(x.sum().hvp(y, y).to_array(), array![[0.0]].into_dyn());
}

#[test]
fn tensors_have_the_same_jacobian_both_ways_round() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([[0.5, -1.0]]);
    let y = x.t().matmul(x);
    let tall = y.jacobian(x);
    assert_eq!(tall.shape(), [2, 2, 1, 2]);
    assert_eq!(tall, array![[[[1.0, 0.0]], [[-1.0, 0.5]]], [[[-1.0, 0.5]], [[0.0, -2.0]]]].into_dyn());
    assert_eq!(y.sum_axes(0).jacobian(x), array![[[0.0, 0.5]], [[-1.0, -1.5]]].into_dyn());
}

#[test]
fn parameters_that_are_not_trained_have_no_part_in_a_product() {
    let mut params = Params::<f64>::new();
    let a = params.add("a", &array![2.0]);
    let b = params.add("b", &array![[3.0, 4.0]]);
    params.set_trainable(a, false);
    let loss = |pass: &tape::Pass<'_, f64>| (pass.parameter(b).powi(2) * pass.parameter(a)).sum();
    let (value, gradients, product) = Tape::new().hvp(&params, &[9.0, 1.0, 10.0], loss);
    assert_eq!((value, gradients.params(), product.as_slice()), (50.0, &[0.0, 12.0, 16.0][..], &[0.0, 4.0, 40.0][..]));
}

/// The text of an error, and that the plain function panics with it.
fn refused<R: std::fmt::Debug>(tried: Result<R, Error>, plain: impl FnOnce() -> R) -> String {
    let text = tried.unwrap_err().to_string();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(plain)).unwrap_err();
    assert_eq!(*panic.downcast_ref::<String>().unwrap(), text);
    text
}

#[test]
fn too_few_tangents_and_weights_are_refused() {
    assert_eq!(
        refused(tape::try_jvp(f, &X, &[1.0]), || tape::jvp(f, &X, &[1.0])),
        "jvp: shapes [3] and [1]: there must be one tangent a variable"
    );
    assert_eq!(
        refused(tape::try_vjp(f, &X, &[1.0; 2]), || tape::vjp(f, &X, &[1.0; 2])),
        "vjp: shapes [3] and [2]: there must be one adjoint an output"
    );
    let g = |x: &[Var]| x[0].sin();
    assert_eq!(
        refused(tape::try_hvp(g, &X, &[]), || tape::hvp(g, &X, &[])),
        "hvp: shapes [3] and [0]: there must be one tangent a variable"
    );
}

#[test]
fn what_is_of_another_tape_is_refused_by_every_function() {
    let other = Tape::<f64>::new();
    let far = other.var(1.0);
    let one = |_: &[Var]| far;
    let two = |_: &[Var]| vec![far, far];
    let foreign = |operation: &'static str| Error::Foreign { operation }.to_string();
    assert_eq!(refused(tape::try_value_and_grad(one, &X), || tape::value_and_grad(one, &X)), foreign("backward"));
    assert_eq!(refused(tape::try_jvp(two, &X, &X), || tape::jvp(two, &X, &X)), foreign("jvp"));
    assert_eq!(refused(tape::try_vjp(two, &X, &[1.0; 2]), || tape::vjp(two, &X, &[1.0; 2])), foreign("vjp"));
    assert_eq!(refused(tape::try_hvp(one, &X, &X), || tape::hvp(one, &X, &X)), foreign("jvp"));
    assert_eq!(refused(tape::try_jacobian(two, &X), || tape::jacobian(two, &X)), foreign("backward"));
    assert_eq!(refused(tape::try_jacobian(two, &X[..1]), || tape::jacobian(two, &X[..1])), foreign("jvp"));
    assert_eq!(refused(tape::try_hessian(one, &X), || tape::hessian(one, &X)), foreign("grad"));
    // And the next call is none the worse.
    assert_eq!(tape::gradient(|x| x[0] * x[1], &X), [X[1], X[0], 0.0]);
}

#[test]
fn a_product_with_the_parameters_hessian_is_refused_with_its_reason_and_the_tape_goes_on() {
    let mut params = Params::<f64>::new();
    let a = params.add("a", &array![2.0, 3.0]);
    let mut tape = Tape::new();
    let text = |result: Result<(f64, tape::Gradients<f64>, Vec<f64>), Error>| result.unwrap_err().to_string();
    assert_eq!(
        text(tape.try_hvp(&params, &[1.0], |pass| pass.parameter(a).sum())),
        "hvp: shapes [2] and [1]: there must be one tangent a parameter"
    );
    let whole = text(tape.try_hvp(&params, &[1.0, 2.0], |pass| pass.parameter(a)));
    assert!(whole.starts_with("backward: root of shape [2]: only a single element has a gradient"), "{whole}");
    let other = Tape::<f64>::new();
    let far = other.variable(1.0);
    assert_eq!(
        text(tape.try_hvp(&params, &[1.0, 2.0], |_| far)),
        "backward: foreign handle: the operands belong to two different tapes"
    );
    assert!(tape.is_empty());
    let (_, _, product) = tape.try_hvp(&params, &[1.0, 10.0], |pass| pass.parameter(a).powi(3).sum()).unwrap();
    assert_eq!(product, [12.0, 180.0]);
}
