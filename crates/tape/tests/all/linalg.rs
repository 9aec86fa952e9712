//! Linear algebra: values that multiply back, gradients of every order, edges, and uses that are refused.

use ndarray::{ArrayD, array, s};
use tape::{Error, Shape, Tape, Tensor, check_tensors};

/// Elements that fill an interval evenly.
fn spread(shape: &[usize], phase: f64) -> ArrayD<f64> {
    let size: usize = shape.iter().product();
    let steps = (0..size).map(|i| (0.618_033_988_749_894_9 * (i as f64 + 1.0) + phase).fract() * 4.0 - 2.0);
    ArrayD::from_shape_vec(shape, steps.collect()).unwrap()
}

/// Well away from singular.
fn regular(shape: &[usize]) -> ArrayD<f64> {
    spread(shape, 0.2) + ndarray::Array2::<f64>::eye(shape[shape.len() - 1]) * 4.0
}

fn flat(tensors: &[Tensor<f64>]) -> Tensor<f64> {
    let vectors: Vec<_> = tensors.iter().map(|tensor| tensor.reshape([tensor.shape().size()])).collect();
    Tensor::concat(&vectors, 0)
}

/// The gradient under an adjoint that is not 1, and the gradient of the gradient.
fn verify(f: impl Fn(&[Tensor<f64>]) -> Tensor<f64>, inputs: &[ArrayD<f64>]) {
    let loss = |x: &[Tensor<f64>]| f(x).sin().sum();
    check_tensors(loss, inputs).assert();
    let slope = |x: &[Tensor<f64>]| {
        let slopes = loss(x).grad(x);
        slopes.iter().map(|slope| slope.powi(2).sum()).reduce(|sum, slope| sum + slope).unwrap()
    };
    check_tensors(slope, inputs).assert();
}

fn definite(x: Tensor<f64>) -> Tensor<f64> {
    let n = x.shape()[x.shape().rank() - 1];
    x.matmul(x.t()) + identity(x, n)
}

/// A unit matrix on the tape of a tensor.
fn identity(x: Tensor<f64>, n: usize) -> Tensor<f64> {
    let row = Tensor::stack(&vec![x.detach().sum() * 0.0; n], 0);
    let counted = (0..n).map(|i| row.slice(s![i]) + i as f64).collect::<Vec<_>>();
    let counted = Tensor::stack(&counted, 0);
    counted.unsqueeze(-1).eq(counted.unsqueeze(0)).to_tensor()
}

fn assert_close(left: Tensor<f64>, right: Tensor<f64>) {
    assert_eq!(left.shape(), right.shape());
    assert!((left - right).abs().max_all().item() < 1e-13, "{} and {}", left.to_array(), right.to_array());
}

#[test]
fn systems_and_inverses_have_their_gradients() {
    for (a, b) in [(&[3, 3][..], &[3, 2][..]), (&[2, 3, 3], &[3]), (&[3, 3], &[2, 3, 1]), (&[2, 1, 2, 2], &[3, 2, 2])] {
        let inputs = [regular(a), spread(b, 0.5)];
        verify(|x| x[0].solve(x[1]), &inputs);
        for (upper, unit) in [(false, false), (false, true), (true, false), (true, true)] {
            verify(|x| x[0].solve_triangular(x[1], upper, unit), &inputs);
        }
        verify(|x| x[0].inverse(), &inputs[..1]);
    }
    let view = |x: Tensor<f64>| x.t().slice(s![..;-1, ..;2]);
    verify(|x| (view(x[0]) + identity(x[0], 3) * 4.0).solve(x[1].t()), &[spread(&[5, 3], 0.3), spread(&[2, 3], 0.6)]);
}

#[test]
fn pseudo_inverses_have_their_gradients() {
    for shape in [&[4, 2][..], &[2, 3], &[3, 3], &[2, 3, 2]] {
        verify(|x| x[0].pinv(), &[spread(shape, 0.4)]);
        let sides = [&shape[..shape.len() - 1], &[2]].concat();
        verify(|x| x[0].lstsq(x[1]), &[spread(shape, 0.4), spread(&sides, 0.1)]);
    }
    let tape = Tape::<f64>::new();
    let a = tape.variable(spread(&[4, 1], 0.1)).matmul(tape.variable(spread(&[1, 3], 0.3)));
    let p = a.pinv();
    assert_close(a.matmul(p).matmul(a), a);
    assert_close(p.matmul(a), p.matmul(a).t());
}

#[test]
fn determinants_have_their_gradients_also_of_singular_matrices() {
    for shape in [&[1, 1][..], &[3, 3], &[2, 4, 4]] {
        verify(|x| x[0].det(), &[spread(shape, 0.3)]);
        verify(|x| x[0].slogdet().1, &[regular(shape)]);
    }
    // Ranks 2, 1 and 0 of 3; and equal singular values, a turn.
    let (u, v) = (array![1.0, 2.0, -1.0], array![0.5, 1.0, 1.5]);
    let one = ndarray::Array2::from_shape_fn((3, 3), |(i, j)| u[i] * v[j]);
    let mut two = one.clone();
    two[[0, 1]] += 1.0;
    let turn = array![[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]];
    for singular in [two, one, ndarray::Array2::zeros((3, 3)), turn] {
        verify(|x| x[0].det() + x[0].sum() * 0.3, &[singular.into_dyn()]);
    }
    let third = |x: &[Tensor<f64>]| x[0].det().grad(x[0]).sin().sum().grad(x[0]).sin().sum().grad(x[0]).sin().sum();
    check_tensors(third, &[regular(&[3, 3])]).assert();
}

#[test]
fn factors_multiply_back_and_have_their_gradients() {
    for shape in [&[3, 3][..], &[2, 2, 2]] {
        verify(|x| definite(x[0]).cholesky(), &[spread(shape, 0.4)]);
        let tape = Tape::<f64>::new();
        let a = definite(tape.variable(spread(shape, 0.4)));
        let l = a.cholesky();
        assert_close(l.matmul(l.t()), a);
    }
    for shape in [&[4, 2][..], &[3, 3], &[2, 4], &[2, 3, 2], &[2, 1, 2, 3]] {
        let tape = Tape::<f64>::new();
        let a = tape.variable(spread(shape, 0.4));
        let (q, r) = a.qr();
        assert_close(q.matmul(r), a);
        let gram = q.t().matmul(q);
        assert_close(gram, identity(q, r.shape()[shape.len() - 2]).broadcast_to(gram.shape()));
        verify(|x| x[0].qr().0, &[spread(shape, 0.4)]);
        verify(|x| x[0].qr().1, &[spread(shape, 0.4)]);
    }
    verify(|x| flat(&<[_; 2]>::from(x[0].t().slice(s![..;-1, ..]).qr())), &[spread(&[2, 3], 0.4)]);
}

#[test]
fn eigenvalues_and_vectors_have_their_gradients() {
    for shape in [&[1, 1][..], &[3, 3], &[2, 3, 3]] {
        let eigen = |x: &[Tensor<f64>]| ((x[0] + x[0].t()) * 0.5).eigh();
        verify(|x| flat(&<[_; 2]>::from(eigen(x))), &[spread(shape, 0.4)]);
        let tape = Tape::<f64>::new();
        let a = tape.variable(spread(shape, 0.4));
        let (values, vectors) = eigen(&[a]);
        assert_close((vectors * values.unsqueeze(-2)).matmul(vectors.t()), (a + a.t()) * 0.5);
    }
}

#[test]
fn singular_values_and_vectors_have_their_gradients() {
    for shape in [&[4, 2][..], &[3, 3], &[2, 4], &[2, 3, 2], &[1, 3], &[3, 1]] {
        verify(|x| flat(&<[_; 3]>::from(x[0].svd())), &[spread(shape, 0.4)]);
        let tape = Tape::<f64>::new();
        let a = tape.variable(spread(shape, 0.4));
        let (u, s, vt) = a.svd();
        assert_close((u * s.unsqueeze(-2)).matmul(vt), a);
    }
}

#[test]
fn tangents_agree_with_gradients() {
    let operations: [fn(Tensor<f64>) -> Tensor<f64>; 6] = [
        |x| x.inverse(),
        |x| x.det(),
        |x| definite(x).cholesky(),
        |x| flat(&<[_; 2]>::from(x.qr())),
        |x| flat(&<[_; 2]>::from((x + x.t()).eigh())),
        |x| flat(&<[_; 3]>::from(x.svd())),
    ];
    for operation in operations {
        let tape = Tape::<f64>::new();
        let x = tape.variable(regular(&[3, 3]));
        let direction = tape.constant(spread(&[3, 3], 0.8));
        let y = operation(x).sin().sum();
        let (forwards, backwards) = (y.jvp(x, direction).item(), (y.grad(x) * direction).sum().item());
        assert!((forwards - backwards).abs() < 1e-12, "{forwards} and {backwards}");
    }
}

#[test]
fn signs_do_not_depend_on_the_algorithm() {
    let tape = Tape::<f64>::new();
    let a = tape.variable(spread(&[3, 3], 0.7));
    let largest = |vectors: Tensor<f64>| vectors.max_axis(0) + vectors.min_axis(0);
    assert!(largest((a + a.t()).eigh().1).to_array().iter().all(|&x| x > 0.0));
    assert!(largest(a.svd().0).to_array().iter().all(|&x| x > 0.0));
    let r = a.qr().1;
    assert!((0..3).all(|i| r.at([i, i]).value() > 0.0));
}

#[test]
fn only_the_lower_triangle_of_a_symmetric_matrix_is_read() {
    let tape = Tape::<f64>::new();
    let whole = tape.variable([[4.0, 2.0], [2.0, 10.0]]);
    let lower = tape.variable([[4.0, f64::NAN], [2.0, 10.0]]);
    assert_eq!(lower.cholesky().to_array(), whole.cholesky().to_array());
    assert_eq!(lower.eigh().0.to_array(), whole.eigh().0.to_array());
    let triangle = tape.variable([[2.0, f64::NAN], [1.0, 4.0]]);
    let x = triangle.solve_triangular(tape.constant([2.0, 9.0]), false, false);
    assert_eq!(x.sum().backward()[triangle].as_slice().unwrap()[1], 0.0);
}

#[test]
fn equal_eigenvalues_and_singular_values_contribute_nothing_through_vectors() {
    let tape = Tape::<f64>::new();
    let a = tape.variable([[2.0, 0.0], [0.0, 2.0]]);
    let weights = tape.constant([[0.3, 0.7], [-0.2, 0.5]]);
    assert_eq!((a.eigh().1 * weights).sum().backward()[a].as_slice(), Some(&[0.0; 4][..]));
    let (u, s, _) = a.svd();
    assert_eq!((u * weights).sum().backward()[a].as_slice(), Some(&[0.0; 4][..]));
    let trace: Vec<f64> = s.sum().backward()[a].iter().map(|x| x.round()).collect();
    assert_eq!(trace, [1.0, 0.0, 0.0, 1.0]);
    let zero = tape.variable([[0.0], [0.0]]);
    assert!((zero.svd().0 * tape.constant([[1.0], [2.0]])).sum().backward()[zero].iter().all(|&x| x == 0.0));
}

#[test]
fn a_singular_matrix_has_a_logarithm_of_minus_infinity_and_no_gradient() {
    let tape = Tape::<f64>::new();
    let a = tape.variable([[1.0, 2.0], [2.0, 4.0]]);
    let (sign, logarithm) = a.slogdet();
    assert_eq!((sign.item(), logarithm.item()), (0.0, f64::NEG_INFINITY));
    assert!(logarithm.backward()[a].iter().all(|slope| slope.is_nan()));
}

#[test]
fn a_determinant_is_zero_at_every_lower_rank_and_nan_where_an_element_is() {
    for n in 1..6 {
        let tape = Tape::<f64>::new();
        let column = tape.variable(spread(&[n, 1], 0.3));
        let rank_one = column.matmul(column.t() * 0.0 + 1.0);
        let expected = if n == 1 { column.sum().item() } else { 0.0 };
        assert!((rank_one.det().item() - expected).abs() < 1e-15);
        assert_eq!((rank_one * 0.0).slogdet().1.item(), f64::NEG_INFINITY);
        assert!(tape.variable(ArrayD::from_elem(vec![n, n], f64::NAN)).det().item().is_nan());
    }
}

#[test]
fn matrices_of_no_size_work() {
    for shape in [[0, 0, 0], [2, 0, 0], [0, 3, 3]] {
        let tape = Tape::<f64>::new();
        let a = tape.variable(ArrayD::<f64>::zeros(&shape[..]));
        assert_eq!(a.det().to_array(), ArrayD::ones(&shape[..1]));
        assert_eq!(a.slogdet().1.to_array(), ArrayD::zeros(&shape[..1]));
        for square in [a.inverse(), a.solve(a), a.cholesky(), a.qr().0, a.qr().1, a.eigh().1, a.svd().0, a.pinv()] {
            assert_eq!(square.shape(), shape);
            assert_eq!(square.sum().backward()[a].shape(), shape);
        }
        assert_eq!(a.det().sum().grad(a).sum().item(), 0.0);
    }
    for shape in [[3, 0], [0, 3]] {
        let tape = Tape::<f64>::new();
        let a = tape.variable(ArrayD::<f64>::zeros(&shape[..]));
        let (u, s, vt) = a.svd();
        let (q, r) = a.qr();
        assert_eq!([u, q].map(Tensor::shape), [[shape[0], 0]; 2].map(Shape::from));
        assert_eq!([vt, r].map(Tensor::shape), [[0, shape[1]]; 2].map(Shape::from));
        assert_eq!(s.shape(), [0]);
        assert_eq!(a.pinv().shape(), [shape[1], shape[0]]);
        assert_eq!((q.sum() + r.sum() + u.sum() + a.pinv().sum()).backward()[a].shape(), shape);
    }
}

#[test]
fn single_precision_is_the_rounded_double() {
    let elements = regular(&[3, 3]).mapv(|x| x as f32);
    let (single, double) = (Tape::<f32>::new(), Tape::<f64>::new());
    let x = single.variable(&elements).inverse().to_array();
    let exact = double.variable(elements.mapv(f64::from)).inverse().to_array();
    assert_eq!(x, exact.mapv(|x| x as f32));
}

#[test]
fn misuse_is_an_error_by_name() {
    let tape = Tape::<f64>::new();
    let square = tape.variable(regular(&[2, 2]));
    let (oblong, vector) = (tape.variable(spread(&[2, 3], 0.1)), tape.variable([1.0, 2.0, 3.0]));
    let singular = tape.variable(array![[[[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 4.0]]]]);
    let text = |result: Result<Tensor<f64>, Error>| result.unwrap_err().to_string();
    let rule = "the matrix must be square: its last two axes equally long";
    assert_eq!(text(oblong.try_inverse()), format!("inverse: shape [2, 3]: {rule}"));
    assert_eq!(text(oblong.try_det()), format!("det: shape [2, 3]: {rule}"));
    assert_eq!(text(oblong.try_cholesky()), format!("cholesky: shape [2, 3]: {rule}"));
    assert_eq!(text(oblong.try_slogdet().map(|it| it.0)), format!("slogdet: shape [2, 3]: {rule}"));
    assert_eq!(text(oblong.try_eigh().map(|it| it.0)), format!("eigh: shape [2, 3]: {rule}"));
    let rule = "a matrix, or a batch of matrices, has at least two axes";
    assert_eq!(text(vector.try_qr().map(|it| it.0)), format!("qr: shape [3]: {rule}"));
    assert_eq!(text(vector.try_svd().map(|it| it.0)), format!("svd: shape [3]: {rule}"));
    assert_eq!(text(vector.try_pinv()), format!("pinv: shape [3]: {rule}"));
    let rule = "the right-hand side must have a row for every row of the matrix";
    assert_eq!(text(square.try_solve(vector)), format!("solve: shapes [2, 2] and [3]: {rule}"));
    assert_eq!(text(square.try_lstsq(vector)), format!("lstsq: shapes [2, 2] and [3]: {rule}"));
    assert_eq!(
        text(square.try_solve_triangular(vector.sum(), true, false)),
        format!("solve_triangular: shapes [2, 2] and []: {rule}")
    );
    assert!(matches!(
        tape.variable(regular(&[2, 2, 2])).try_solve(tape.variable(spread(&[3, 2, 1], 0.1))),
        Err(Error::Broadcast { operation: "solve", .. })
    ));
    assert_eq!(text(singular.try_inverse()), "inverse: matrix [0, 1] of the batch is singular");
    assert_eq!(text((square * 0.0).try_solve(square)), "solve: the matrix is singular");
    assert_eq!(text(singular.try_cholesky()), "cholesky: matrix [0, 1] of the batch is not positive definite");
}
