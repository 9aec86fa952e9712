//! The numeric conventions of reductions, scans, orders and indexing: a named test for every choice.

use ndarray::{ArrayD, Axis, array, s};
use tape::{Axes, Error, Order, Params, Program, Tape, Tensor};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Value and gradient of an operation at a vector, under the adjoint 1.5, 2.5, 3.5, ..
fn at(x: &[f64], operation: impl Fn(Tensor<f64>) -> Tensor<f64>) -> (Vec<f64>, Vec<f64>) {
    let tape = Tape::new();
    let x = tape.variable(x);
    let y = operation(x);
    let adjoint: Vec<f64> = (0..y.shape().size()).map(|i| i as f64 + 1.5).collect();
    let gradients = (y * tape.constant(adjoint).reshape(y.shape())).sum().backward();
    (y.to_array().iter().copied().collect(), gradients[x].iter().copied().collect())
}

fn all_nan(numbers: &[f64]) -> bool {
    numbers.iter().all(|number| number.is_nan())
}

#[test]
fn a_full_max_and_min_split_ties_evenly() {
    assert_eq!(at(&[2.0, 5.0, 5.0, 5.0], |x| x.max_all()), (vec![5.0], vec![0.0, 0.5, 0.5, 0.5]));
    assert_eq!(at(&[2.0, 5.0, 2.0], |x| x.min_all()), (vec![2.0], vec![0.75, 0.0, 0.75]));
    assert_eq!(at(&[0.0, -0.0], |x| x.max_all()).1, [0.75, 0.75]);
}

#[test]
fn along_an_axis_the_first_of_equal_extremes_gets_the_gradient() {
    assert_eq!(at(&[5.0, 2.0, 5.0], |x| x.max_axis(0)), (vec![5.0], vec![1.5, 0.0, 0.0]));
    assert_eq!(at(&[2.0, 5.0, 2.0], |x| x.min_axis(0)), (vec![2.0], vec![1.5, 0.0, 0.0]));
    let tape = Tape::<f64>::new();
    let x = tape.constant([5.0, 2.0, 5.0, 2.0]);
    assert_eq!((x.argmax(0).sum(), x.argmin(0).sum()), (0, 1));
}

#[test]
fn over_axes_amax_and_amin_split_ties_evenly() {
    assert_eq!(at(&[5.0, 2.0, 5.0], |x| x.amax(0)), (vec![5.0], vec![0.75, 0.0, 0.75]));
    assert_eq!(at(&[2.0, 5.0, 2.0], |x| x.amin(..)), (vec![2.0], vec![0.75, 0.0, 0.75]));
    // Exactly the extreme, whatever the number of ties, also where adding them up would round or overflow.
    assert_eq!(at(&[0.1, 0.1, 0.1], |x| x.amax(0)), (vec![0.1], vec![0.5, 0.5, 0.5]));
    assert_eq!(at(&[f64::MAX, f64::MAX], |x| x.amax(0)), (vec![f64::MAX], vec![0.75, 0.75]));
    assert_eq!(at(&[INF, 1.0, INF], |x| x.amax(0)), (vec![INF], vec![0.75, 0.0, 0.75]));
    assert_eq!(at(&[-INF, -INF], |x| x.amax(0)), (vec![-INF], vec![0.75, 0.75]));
}

#[test]
fn nan_propagates_through_every_extreme() {
    let operations: [fn(Tensor<f64>) -> Tensor<f64>; 10] = [
        |x| x.max_all(),
        |x| x.min_all(),
        |x| x.max_axis(0),
        |x| x.min_axis(0),
        |x| x.amax(0),
        |x| x.amin(0),
        |x| x.norm(INF, 0),
        |x| x.norm(-INF, 0),
        |x| x.median(0),
        |x| x.quantile(0.1, 0),
    ];
    for operation in operations {
        assert!(all_nan(&at(&[1.0, NAN, 3.0], operation).0));
        assert!(all_nan(&at(&[NAN, 1.0], operation).0));
    }
    let tape = Tape::<f64>::new();
    let x = tape.constant([1.0, NAN, 3.0, NAN]);
    assert_eq!((x.argmax(0).sum(), x.argmin(0).sum()), (1, 1));
}

#[test]
fn products_are_right_with_any_number_of_zeros() {
    assert_eq!(at(&[2.0, 3.0, 4.0], |x| x.prod()), (vec![24.0], vec![18.0, 12.0, 9.0]));
    assert_eq!(at(&[2.0, 0.0, 4.0], |x| x.prod()), (vec![0.0], vec![0.0, 12.0, 0.0]));
    assert_eq!(at(&[0.0, 3.0, 0.0, 2.0, 7.0], |x| x.prod()), (vec![0.0], vec![0.0; 5]));
    assert_eq!(at(&[0.0, 0.0, 0.0], |x| x.prod_axes(0)), (vec![0.0], vec![0.0; 3]));
}

#[test]
fn running_products_are_right_with_any_number_of_zeros() {
    assert_eq!(at(&[2.0, 3.0, 4.0], |x| x.cumprod(0)), (vec![2.0, 6.0, 24.0], vec![51.0, 33.0, 21.0]));
    assert_eq!(at(&[2.0, 0.0, 4.0], |x| x.cumprod(0)), (vec![2.0, 0.0, 0.0], vec![1.5, 33.0, 0.0]));
    assert_eq!(at(&[0.0, 0.0, 4.0], |x| x.cumprod(0)), (vec![0.0; 3], vec![1.5, 0.0, 0.0]));
}

#[test]
fn running_extremes_give_ties_to_the_last() {
    assert_eq!(at(&[1.0, 3.0, 3.0, 2.0], |x| x.cummax(0).0), (vec![1.0, 3.0, 3.0, 3.0], vec![1.5, 2.5, 8.0, 0.0]));
    assert_eq!(at(&[2.0, 1.0, 1.0, 4.0], |x| x.cummin(0).0), (vec![2.0, 1.0, 1.0, 1.0], vec![1.5, 2.5, 8.0, 0.0]));
    let tape = Tape::<f64>::new();
    let (values, places) = tape.constant([1.0, NAN, 5.0, NAN]).cummax(0);
    assert!(values.to_array().iter().skip(1).all(|value| value.is_nan()));
    assert_eq!(places.values(), [0, 1, 1, 3]);
}

#[test]
fn sorting_is_stable_and_puts_nan_last_as_the_largest() {
    let tape = Tape::<f64>::new();
    let x = tape.constant([2.0, NAN, 1.0, 2.0, 1.0, NAN, -INF, INF]);
    assert_eq!(x.argsort(0, Order::Ascending), array![6, 2, 4, 0, 3, 7, 1, 5].into_dyn());
    assert_eq!(x.argsort(0, Order::Descending), array![1, 5, 7, 0, 3, 2, 4, 6].into_dyn());
    assert_eq!(tape.constant([0.0, -0.0, 0.0]).argsort(0, Order::Descending), array![0, 1, 2].into_dyn());
    for k in 0..=8 {
        for order in [Order::Ascending, Order::Descending] {
            let few = x.top_k(k, 0, order).1;
            assert_eq!(few.to_array(), x.argsort(0, order).slice(s![..k]).to_owned().into_dyn(), "the first {k}");
        }
    }
}

#[test]
fn the_median_is_the_lower_of_two_and_its_element_gets_the_gradient() {
    assert_eq!(at(&[4.0, 1.0, 3.0, 2.0], |x| x.median(0)), (vec![2.0], vec![0.0, 0.0, 0.0, 1.5]));
    assert_eq!(at(&[4.0, 1.0, 3.0], |x| x.median(..)), (vec![3.0], vec![0.0, 0.0, 1.5]));
    assert_eq!(at(&[1.0, NAN, NAN], |x| x.median(0)).1, [0.0, 1.5, 0.0]);
}

#[test]
fn a_quantile_at_an_end_or_on_an_element_is_that_element() {
    assert_eq!(at(&[1.0, INF, -INF], |x| x.quantile(0.0, 0)).0, [-INF]);
    assert_eq!(at(&[1.0, INF, -INF], |x| x.quantile(0.5, 0)), (vec![1.0], vec![1.5, 0.0, 0.0]));
    assert_eq!(at(&[1.0, INF, -INF], |x| x.quantile(1.0, 0)).0, [INF]);
}

#[test]
fn logsumexp_subtracts_the_maximum_and_minus_infinities_have_no_gradient() {
    let (value, gradient) = at(&[1e5, 1e5], |x| x.logsumexp(0));
    assert_eq!((value[0] - 1e5, gradient), (1e5 + 2.0_f64.ln() - 1e5, vec![0.75, 0.75]));
    assert_eq!(at(&[-INF, -INF], |x| x.logsumexp(0)), (vec![-INF], vec![0.0, 0.0]));
    assert_eq!(at(&[-INF, 2.0], |x| x.logsumexp(0)), (vec![2.0], vec![0.0, 1.5]));
    assert_eq!(at(&[INF, 2.0], |x| x.logsumexp(0)).0, [INF]);
    assert!(all_nan(&at(&[NAN, 2.0], |x| x.logsumexp(0)).0));
}

#[test]
fn logcumsumexp_keeps_what_is_small_and_minus_infinities_have_no_gradient() {
    assert_eq!(at(&[-1000.0, 0.0], |x| x.logcumsumexp(0)), (vec![-1000.0, 0.0], vec![1.5, 2.5]));
    assert_eq!(at(&[-INF, -INF, 1.0], |x| x.logcumsumexp(0)), (vec![-INF, -INF, 1.0], vec![0.0, 0.0, 3.5]));
}

#[test]
fn the_softmax_of_a_fully_masked_line_is_zeros_with_zero_gradient() {
    assert_eq!(at(&[-INF, -INF], |x| x.softmax(0)), (vec![0.0, 0.0], vec![0.0, 0.0]));
    assert_eq!(at(&[-INF, -INF], |x| x.log_softmax(0)), (vec![-INF, -INF], vec![0.0, 0.0]));
    assert_eq!(at(&[3.0, -INF], |x| x.softmax(0)), (vec![1.0, 0.0], vec![0.0, 0.0]));
    let tape = Tape::<f64>::new();
    let x = tape.variable([[-INF, 1.0], [-INF, 1.0]]);
    assert_eq!(x.softmax(0).to_array(), array![[0.0, 0.5], [0.0, 0.5]].into_dyn());
}

#[test]
fn variances_have_no_cancellation() {
    let tape = Tape::<f32>::new();
    let x = tape.constant([1e7, 1e7 + 1.0, 1e7 + 2.0]);
    assert_eq!((x.var().item(), x.std().item(), x.var_axes(0, 0.0).item()), (1.0, 1.0, 2.0 / 3.0));
    let far = tape.constant([1e30_f32, -1e30]);
    assert_eq!(far.std_axes(0, 0.0).item(), 1e30);
}

#[test]
fn the_deviation_of_equal_values_has_zero_gradient() {
    for value in [0.1, -7.3e-5, 1e17, 0.0] {
        for n in [2, 3, 5, 7, 100] {
            let (found, gradient) = at(&vec![value; n], |x| x.std());
            assert_eq!((found, gradient), (vec![0.0], vec![0.0; n]));
            assert_eq!(at(&vec![value; n], |x| x.var()), (vec![0.0], vec![0.0; n]));
        }
    }
}

#[test]
fn a_variance_of_too_few_elements_is_nan() {
    assert!(all_nan(&at(&[3.0], |x| x.var()).0) && all_nan(&at(&[3.0], |x| x.std()).0));
    assert_eq!(at(&[3.0], |x| x.var_axes(0, 0.0)), (vec![0.0], vec![0.0]));
    assert_eq!(at(&[1.0, 3.0], |x| x.var_axes(Axes::keep(0), 2.0)).0, [INF]);
}

#[test]
fn norms_of_the_zero_vector_have_zero_gradient() {
    for p in [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, INF, -INF] {
        assert_eq!(at(&[0.0, 0.0, 0.0], |x| x.norm(p, 0)), (vec![0.0], vec![0.0; 3]), "p = {p}");
    }
}

#[test]
fn elements_that_are_zero_get_no_gradient_from_a_norm() {
    for p in [0.5, 1.0, 1.5, 2.0, 3.0, INF] {
        let (value, gradient) = at(&[0.0, -2.0, 0.0], |x| x.norm(p, 0));
        assert!((value[0] - 2.0).abs() < 1e-15 && (gradient[1] + 1.5).abs() < 1e-14, "p = {p}");
        assert_eq!([gradient[0], gradient[2]], [0.0, 0.0], "p = {p}");
    }
}

#[test]
fn norm_one_has_the_sign_norm_infinity_splits_ties_and_norm_zero_counts() {
    assert_eq!(at(&[-3.0, 0.0, 4.0], |x| x.norm(1.0, 0)), (vec![7.0], vec![-1.5, 0.0, 1.5]));
    assert_eq!(at(&[-3.0, 1.0, 3.0], |x| x.norm(INF, 0)), (vec![3.0], vec![-0.75, 0.0, 0.75]));
    assert_eq!(at(&[-3.0, 3.0, 9.0], |x| x.norm(-INF, 0)), (vec![3.0], vec![-0.75, 0.75, 0.0]));
    assert_eq!(at(&[-3.0, 0.0, 1e-300, 0.2], |x| x.norm(0.0, 0)), (vec![3.0], vec![0.0; 4]));
}

#[test]
fn norms_neither_overflow_nor_vanish() {
    for scale in [1e300, 1e-300, 1e-160, 1e160] {
        for (p, expected) in [(2.0, 5.0), (3.0, 91.0_f64.cbrt())] {
            let (value, gradient) = at(&[3.0 * scale, 4.0 * scale], |x| x.norm(p, 0));
            assert!((value[0] / scale / expected - 1.0).abs() < 1e-14, "p = {p} at {scale}: {value:?}");
            let slope = |x: f64| 1.5 * (x / expected).powf(p - 1.0);
            assert!((gradient[0] - slope(3.0)).abs() < 1e-14 && (gradient[1] - slope(4.0)).abs() < 1e-14);
        }
    }
    assert_eq!(at(&[3.0, 4.0], |x| x.norm(2.0, 0)).0, [5.0]);
    assert_eq!(at(&[INF, 1.0], |x| x.norm(2.0, 0)).0, [INF]);
    assert!(all_nan(&at(&[NAN, 1.0], |x| x.norm(2.0, 0)).0));
}

#[test]
fn gathered_and_embedded_elements_add_their_gradients_up() {
    assert_eq!(at(&[7.0, 8.0], |x| x.gather(0, &[1, 1, 0])), (vec![8.0, 8.0, 7.0], vec![3.5, 4.0]));
    assert_eq!(at(&[7.0, 8.0], |x| x.index_select(0, &[1, 1])).1, [0.0, 4.0]);
    assert_eq!(at(&[7.0, 8.0], |x| x.take(&array![[1], [1]])).1, [0.0, 4.0]);
    assert_eq!(at(&[7.0, 8.0], |x| x.embedding(&array![[0, 0], [1, 0]])).1, [1.5 + 2.5 + 4.5, 3.5]);
}

#[test]
fn gather_takes_indices_that_are_shorter_in_the_other_axes() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let y = x.gather(0, &array![[2]]);
    assert_eq!(y.to_array(), array![[5.0]].into_dyn());
    assert_eq!(y.sum().backward()[x].as_slice(), Some(&[0.0, 0.0, 0.0, 0.0, 1.0, 0.0][..]));
}

#[test]
fn of_writes_to_one_place_the_last_wins_and_only_it_gets_gradient() {
    let tape = Tape::<f64>::new();
    let (x, new) = (tape.variable([1.0, 2.0, 3.0]), tape.variable([10.0, 20.0, 30.0, 40.0]));
    let y = x.scatter(0, &[2, 0, 2, 2], new);
    assert_eq!(y.to_array(), array![20.0, 2.0, 40.0].into_dyn());
    let gradients = (y * tape.constant([1.5, 2.5, 3.5])).sum().backward();
    assert_eq!(gradients[x].as_slice(), Some(&[0.0, 2.5, 0.0][..]));
    assert_eq!(gradients[new].as_slice(), Some(&[0.0, 1.5, 0.0, 3.5][..]));
}

#[test]
fn what_a_write_or_a_mask_covers_gets_no_gradient_even_if_it_is_infinite() {
    assert_eq!(at(&[0.0, 4.0], |x| x.sqrt().scatter(0, &[0], 7.0)), (vec![7.0, 2.0], vec![0.0, 2.5 * 0.25]));
    assert_eq!(at(&[0.0, 4.0], |x| x.sqrt().masked_fill(x.eq(0.0), 7.0)), (vec![7.0, 2.0], vec![0.0, 2.5 * 0.25]));
    assert_eq!(at(&[NAN, 4.0], |x| x.scatter(0, &[0], 7.0)), (vec![7.0, 4.0], vec![0.0, 2.5]));
    let tape = Tape::<f64>::new();
    let infinite = tape.variable([[INF, 1.0], [2.0, 3.0]]).tril(0).triu(1);
    assert_eq!(infinite.to_array(), ArrayD::zeros(vec![2, 2]));
}

#[test]
fn slices_with_negative_steps_single_elements_and_middle_axes_are_right() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(ArrayD::from_shape_vec(vec![2, 3, 2], (0..12).map(f64::from).collect()).unwrap());
    assert_eq!(x.slice(s![.., ..;-2, ..]).to_array(), x.to_array().slice(s![.., ..;-2, ..]).to_owned().into_dyn());
    assert_eq!(x.slice(s![.., 1..2, ..;-1]).to_array(), x.to_array().slice(s![.., 1..2, ..;-1]).to_owned().into_dyn());
    let middle = x.select(1, -2);
    assert_eq!(middle.to_array(), x.to_array().index_axis(Axis(1), 1).to_owned());
    let gradient = middle.sum().backward()[x].to_owned();
    assert_eq!(gradient.sum_axis(Axis(2)), array![[0.0, 2.0, 0.0], [0.0, 2.0, 0.0]].into_dyn());
}

#[test]
fn a_zero_adjoint_absorbs_in_every_reduction() {
    // The line that is not used has an infinite derivative behind it.
    let tape = Tape::<f64>::new();
    let x = tape.variable([[0.0, 0.0], [1.0, 4.0]]);
    let lines: [fn(Tensor<f64>) -> Tensor<f64>; 5] =
        [|x| x.sum_axes(-1), |x| x.prod_axes(-1), |x| x.norm(2.0, -1), |x| x.logsumexp(-1), |x| x.amax(-1)];
    for line in lines {
        let gradient = line(x.sqrt()).select(0, 1).backward()[x].to_owned();
        assert!(gradient.iter().all(|g| g.is_finite()) && gradient[[0, 0]] == 0.0, "{gradient}");
    }
}

#[test]
fn a_program_chooses_anew_in_every_run_or_refuses_to_be_recorded() {
    let params = Params::<f64>::new();
    let point = array![1.0, 3.0, 2.0];
    let compute =
        |x: Tensor<f64>| x.norm(3.0, 0) + x.amax(0) + x.logsumexp(0) + x.std() + x.prod() + x.cumprod(0).sum();
    let mut program = Program::record(&params, (point.clone(),), |_, (x,)| compute(x));
    for point in [point.clone(), array![9.0, -3.0, 0.5], array![-1.0, -1.0, 700.0]] {
        let tape = Tape::new();
        let eager = compute(tape.variable(&point)).item();
        let replayed = program.run(&params, (&point,)).unwrap().0;
        assert!((replayed - eager).abs() <= 1e-14 * eager.abs(), "{replayed}, not {eager}");
    }
    /// An operation whose shape or indices depend on the elements.
    type Operation = fn(Tensor<f64>) -> Result<Tensor<f64>, Error>;
    let refused: [Operation; 3] = [
        |x| x.try_masked_select(x.gt(0.0)),
        |x| Ok(x * x.try_argsort(0, Order::Ascending)?[0] as f64),
        |x| Ok(x * x.try_argmax(0)?[[]] as f64),
    ];
    for compute in refused {
        let recorded = Program::try_record(&params, (point.clone(),), |_, (x,)| Ok((compute(x)?.sum(), Vec::new())));
        assert!(matches!(recorded.unwrap_err(), Error::LookedAt { .. }));
    }
}
