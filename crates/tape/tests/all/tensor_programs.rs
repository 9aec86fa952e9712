//! A program computes what the eager tape computes, at every input, and refuses what it could not replay.

use ndarray::{Array2, ArrayD, array, s};
use proptest::prelude::*;
use tape::{Axes, Convolution, Error, Indices, Order, Params, Pass, Program, Seed, Tape, Tensor};

use crate::allocations::counted;

fn matrix(rows: usize, cols: usize, seed: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, cols), |(i, j)| ((i * 31 + j * 17 + seed * 7) % 29) as f64 / 14.5 - 1.0)
}

/// A network of two layers with everything that a classifier's step has.
struct Network {
    params: Params<f64>,
    ids: [tape::ParamId; 4],
}

impl Network {
    fn new() -> Self {
        let mut params = Params::new();
        let ids = [
            params.add("0.weight", &matrix(8, 5, 1)),
            params.add("0.bias", &array![0.1, -0.2, 0.3, 0.0, 0.5, -0.6, 0.7, 0.05]),
            params.add("1.weight", &matrix(3, 8, 2)),
            params.add("1.bias", &array![0.01, 0.02, 0.03]),
        ];
        Self { params, ids }
    }

    fn loss(&self, pass: &Pass<'_, f64>, x: Tensor<f64>, labels: Indices<'_>) -> Tensor<f64> {
        let [w0, b0, w1, b1] = self.ids.map(|id| pass.parameter(id));
        let hidden = (x.matmul(w0.t()) + b0).tanh().relu();
        let scores = (hidden.matmul(w1.t()) + b1).log_softmax(-1);
        let rows = labels.values().len();
        let chosen = scores.gather(1, labels.reshape([rows, 1]).unwrap());
        chosen.sum() / -(rows as f64)
    }
}

#[test]
fn a_training_step_is_the_eager_one_bit_for_bit() {
    let mut network = Network::new();
    let labels = [0_usize, 2, 1, 1];
    let mut step = Program::record(&network.params, (&matrix(4, 5, 3), &labels), |pass, (x, labels)| {
        network.loss(pass, x, labels)
    });
    let mut tape = Tape::new();
    for round in 0..5 {
        let (x, labels) = (matrix(4, 5, 11 + round), [round % 3, 1, (round + 2) % 3, 0]);
        let (expected, eager) =
            tape.value_and_grad(&network.params, |pass| network.loss(pass, pass.constant(&x), Indices::from(&labels)));
        let (loss, gradients) = step.run(&network.params, (&x, &labels)).unwrap();
        assert_eq!(loss, expected, "round {round}");
        assert_eq!(gradients.params(), eager.params(), "round {round}");
        for (theta, g) in network.params.values_mut().iter_mut().zip(eager.params()) {
            *theta -= 0.1 * g;
        }
    }
}

#[test]
fn a_convolution_is_replayed_bit_for_bit() {
    let mut params = Params::<f64>::new();
    let weight = params.add("weight", &matrix(3, 18, 5).into_shape_with_order((3, 2, 3, 3)).unwrap());
    let loss = |pass: &Pass<'_, f64>, x: Tensor<f64>| {
        let y = x.conv2d(pass.parameter(weight), Convolution::new().stride(2).padding(1)).tanh();
        (y.cumsum(-1) * y).sum() + y.flip(-1).logsumexp(-1).sum()
    };
    let image = |seed| matrix(4, 35, seed).into_shape_with_order((2, 2, 5, 7)).unwrap();
    let mut step = Program::record(&params, (&image(1),), |pass, (x,)| loss(pass, x));
    let mut tape = Tape::new();
    for seed in 2..5 {
        let (expected, eager) = tape.value_and_grad(&params, |pass| loss(pass, pass.constant(image(seed))));
        let (value, gradients) = step.run(&params, (&image(seed),)).unwrap();
        assert_eq!(value, expected);
        assert_eq!(gradients.params(), eager.params());
    }
}

#[test]
fn a_run_allocates_nothing() {
    let network = Network::new();
    let (x, labels) = (matrix(4, 5, 3), [0_usize, 2, 1, 1]);
    let mut step = Program::record(&network.params, (&x, &labels), |pass, (x, labels)| network.loss(pass, x, labels));
    let mut counts = [0; 5];
    for count in &mut counts {
        (*count, _) = counted(|| step.run(&network.params, (&x, &labels)).unwrap());
    }
    assert_eq!(counts[1..], [0; 4], "all runs: {counts:?}");
}

#[test]
fn a_run_that_draws_and_updates_allocates_nothing() {
    let mut network = Network::new();
    let mean = network.params.add_buffer("running_mean", &ndarray::Array1::zeros(5));
    let (x, labels) = (matrix(4, 5, 3), [0_usize, 2, 1, 1]);
    let mut step = Program::record(&network.params, (&x, &labels, Seed::from(0)), |pass, (x, labels, seed)| {
        let pass = &pass.training(seed);
        pass.update(mean, pass.updated(mean) * 0.9 + x.mean_axes(0) * 0.1);
        network.loss(pass, x * pass.bernoulli(0.5, [4, 5]) + pass.normal([5]), labels)
    });
    let mut counts = [0; 5];
    for (seed, count) in counts.iter_mut().enumerate() {
        (*count, _) = counted(|| {
            let (_, gradients) = step.run(&network.params, (&x, &labels, Seed::from(seed as u64))).unwrap();
            network.params.apply_updates(gradients).unwrap();
        });
    }
    assert_eq!(counts[1..], [0; 4], "all runs: {counts:?}");
}

#[test]
fn what_is_the_same_is_computed_once_and_what_is_unused_never() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![1.0, 2.0]);
    let lean = Program::record(&params, (&[1.0, 2.0],), |pass, (x,)| (x * pass.parameter(w)).exp().sum());
    let lavish = Program::record(&params, (&[1.0, 2.0],), |pass, (x,)| {
        let _ = (x + 1.0).sin();
        let one = pass.constant([2.0, 2.0]) * 0.5;
        let twice = [(x * pass.parameter(w)).exp(), (x * pass.parameter(w)).exp()];
        (twice[0] * 1.0 / one.sum().reshape([1]) + (twice[1] - 0.0) / 2.0).sum()
    });
    // Both divide by two, and add; nothing else is left of the detours.
    assert!(lavish.steps() <= lean.steps() + 6, "{} steps, and {}", lean.steps(), lavish.steps());
}

#[test]
fn the_places_of_the_largest_elements_are_found_anew() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![1.0, 1.0, 1.0]);
    let loss = |pass: &Pass<'_, f64>, x: Tensor<f64>| (x * pass.parameter(w)).max_axis(-1).powi(2).sum();
    let mut step = Program::record(&params, (array![[1.0, 2.0, 3.0]],), |pass, (x,)| loss(pass, x));
    let x = array![[5.0, -1.0, 2.0]];
    assert_eq!(step.run(&params, (&x,)).unwrap().0, 25.0);
    assert_eq!(step.run(&params, (&x,)).unwrap().1.params(), [50.0, 0.0, 0.0]);
}

#[test]
fn orders_ranks_and_running_extremes_are_found_anew() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![0.5, -1.0, 2.0, 1.5]);
    let compute = |pass: &Pass<'_, f64>, x: Tensor<f64>| {
        let x = x * pass.parameter(w);
        let weights = pass.constant([[1.0], [2.0], [-3.0]]);
        let (sorted, order) = x.sort(0, Order::Descending);
        let (few, places) = x.top_k(2, -1, Order::Ascending);
        let picked = (x * 3.0).gather(-1, &places) * few + x.t().index_select(1, order.reshape([12]).unwrap()).sum();
        let running = x.cummax(0).0.powi(2) - x.t().cummin(1).0.t();
        let middle = x.median(0) + x.quantile(0.3, 0) + x.median(..);
        vec![(sorted * weights).sum() + picked.sum() + (running * weights).sum() + middle.powi(2).sum(), sorted, few]
    };
    let input = |seed| matrix(3, 4, seed);
    let mut program = Program::try_record(&params, (&input(1),), |pass, (x,)| {
        let mut results = compute(pass, x);
        Ok((results.remove(0), results))
    })
    .unwrap();
    let mut tape = Tape::new();
    for seed in 2..8 {
        let mut outputs = Vec::new();
        let (expected, eager) = tape.value_and_grad(&params, |pass| {
            let results = compute(pass, pass.constant(input(seed)));
            outputs = results[1..].iter().map(|result| result.to_array()).collect();
            results[0]
        });
        let x = input(seed);
        let (allocations, (value, gradients)) = counted(|| program.run(&params, (&x,)).unwrap());
        assert_eq!((value, gradients.params()), (expected, eager.params()));
        assert!(seed == 2 || allocations == 0, "{allocations} allocations");
        assert_eq!([program.output(0), program.output(1)], [&outputs[0], &outputs[1]]);
    }
}

#[test]
fn places_that_are_found_are_used_but_not_looked_at() {
    let params = Params::<f64>::new();
    let looked = "values: a program is recorded: what is looked at now would be the same in every run";
    let look = std::panic::catch_unwind(|| {
        Program::forward(&Params::new(), (array![1.0, 2.0],), |_, (x,)| {
            vec![x * x.sort(0, Order::Ascending).1.values()[0] as f64]
        })
    });
    assert_eq!(look.unwrap_err().downcast_ref::<String>().unwrap(), looked);
    // Of four elements, the second may be found behind the end of three: not now, but in another run.
    let short = Program::try_record(&params, (array![1.0, 9.0, 2.0, 3.0],), |pass, (x,)| {
        let (_, places) = x.top_k(1, 0, Order::Descending);
        Ok((pass.constant([1.0, 2.0, 3.0]).try_gather(0, &places)?.sum(), Vec::new()))
    });
    assert_eq!(short.unwrap_err().to_string(), "gather: index 3 on axis 0 of shape [3]: it must lie below 3");
    let scattered = Program::try_record(&params, (array![1.0, 9.0],), |_, (x,)| {
        Ok((x.try_scatter(0, x.sort(0, Order::Ascending).1, 0.0)?.sum(), Vec::new()))
    });
    let text = "scatter: a program is recorded: what is looked at now would be the same in every run";
    assert_eq!(scattered.unwrap_err().to_string(), text);
    // Those of one program are not those of another, nor of a tape.
    let mut leaked = None;
    let _ = Program::forward(&params, (array![1.0, 9.0],), |_, (x,)| {
        leaked = Some(x.sort(0, Order::Ascending).1);
        vec![x]
    });
    let text = "gather: a program is recorded: what is looked at now would be the same in every run";
    let foreign = Tape::new().constant([1.0, 2.0]).try_gather(0, leaked.as_ref().unwrap());
    assert_eq!(foreign.unwrap_err().to_string(), text);
}

/// An empty list begins where the next one does, and was taken for it.
#[test]
fn places_are_found_behind_an_axis_without_lines() {
    let params = Params::<f64>::new();
    let compute = |x: Tensor<f64>| x.narrow(0, 0..0).max_axis(1).sum() + x.max_axis(1).sum();
    let mut program = Program::record(&params, (array![[1.0, 2.0, 3.0]],), |_, (x,)| compute(x));
    assert_eq!(program.run(&params, (array![[7.0, 2.0, 3.0]],)).unwrap().0, 7.0);
}

#[test]
fn comparisons_and_masks_are_computed_anew() {
    let params = Params::<f64>::new();
    let mut step = Program::forward(&params, (array![1.0, -1.0],), |_, (x,)| vec![x.gt(0.0).select(x * 2.0, x)]);
    step.run(&params, (array![-3.0, 3.0],)).unwrap();
    assert_eq!(step.output(0), &array![-3.0, 6.0].into_dyn());
}

#[test]
fn detached_values_are_computed_anew_and_not_differentiated() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![3.0]);
    let mut step = Program::record(&params, (), |pass, ()| {
        let w = pass.parameter(w);
        (w * w.detach()).sum()
    });
    params.view_mut(w)[[0]] = 5.0;
    let (value, gradients) = step.run(&params, ()).unwrap();
    assert_eq!((value, gradients.params()), (25.0, &[5.0][..]));
}

#[test]
fn parameters_that_the_loss_does_not_reach_have_no_gradient() {
    let mut params = Params::<f64>::new();
    let (w, unused) = (params.add("w", &array![3.0]), params.add("unused", &array![1.0]));
    let mut step = Program::record(&params, (), |pass, ()| pass.parameter(w).powi(2).sum());
    let (_, gradients) = step.run(&params, ()).unwrap();
    assert!(gradients.get(unused).is_none());
    assert_eq!(gradients.get(w).unwrap()[[0]], 6.0);
    assert_eq!(gradients.stretches(&params).unwrap().collect::<Vec<_>>(), [0..1]);
}

#[test]
fn a_root_that_is_a_parameter_has_gradient_one() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![[3.0]]);
    let mut step = Program::record(&params, (), |pass, ()| pass.parameter(w));
    let (value, gradients) = step.run(&params, ()).unwrap();
    assert_eq!((value, gradients.params()), (3.0, &[1.0][..]));
}

#[test]
fn wrong_inputs_are_refused_and_change_nothing() {
    let network = Network::new();
    let (x, labels) = (matrix(4, 5, 3), [0_usize, 2, 1, 1]);
    let mut step = Program::record(&network.params, (&x, &labels), |pass, (x, labels)| network.loss(pass, x, labels));
    let before = step.run(&network.params, (&x, &labels)).unwrap().1.params().to_vec();
    let refuse = |error: Result<(), Error>, text: &str| assert_eq!(error.unwrap_err().to_string(), text);
    refuse(
        step.run(&network.params, (&matrix(3, 5, 3), &labels)).map(|_| ()),
        "program: input 0 is an array of shape [3, 5] where the recording had an array of shape [4, 5]",
    );
    refuse(
        step.run(&network.params, (&x, &x)).map(|_| ()),
        "program: input 1 is an array of shape [4, 5] where the recording had a list of indices of shape [4]",
    );
    refuse(step.run(&network.params, (&x,)).map(|_| ()), "program: 1 inputs where the recording had 2");
    refuse(
        step.run(&network.params, (&x, &[0_usize, 1, 2, 3])).map(|_| ()),
        "program: index 3 on axis 1 of shape [4, 3]: it must lie below 3",
    );
    refuse(
        step.run(&Network::new().params, (&x, &labels)).map(|_| ()),
        "parameters: the identifier belongs to another set of parameters",
    );
    assert_eq!(step.run(&network.params, (&x, &labels)).unwrap().1.params(), before);
}

/// What a program records of its one input.
type Computation = fn(&Pass<'_, f64>, Tensor<f64>) -> Result<Tensor<f64>, Error>;

#[test]
fn what_could_not_be_replayed_is_refused_when_it_is_recorded() {
    let params = Params::<f64>::new();
    let record = |compute: Computation| {
        Program::try_record(&params, (array![1.0, 2.0],), |pass, (x,)| Ok((compute(pass, x)?, Vec::new()))).unwrap_err()
    };
    let looked = "a program is recorded: what is looked at now would be the same in every run";
    assert_eq!(record(|_, x| Ok(x * x.sum().try_item()?)).to_string(), format!("item: {looked}"));
    assert_eq!(record(|_, x| Ok(x * x.try_at([0])?)).to_string(), format!("at: {looked}"));
    let text = "program: a variable (Var) takes part: a program of tensors replays operations of tensors only";
    assert_eq!(record(|pass, x| Ok((x * pass.var(1.0)).sum())).to_string(), text);
    assert_eq!(
        record(|_, x| Ok(x)).to_string(),
        "backward: root of shape [2]: only a single element has a gradient; reduce it first, with sum() or mean()"
    );
    let copied = Program::try_record(&params, (array![1.0, 2.0], &[1_usize]), |_, (x, rows)| {
        Ok((x.index_select(0, rows.values()).sum(), Vec::new()))
    });
    assert_eq!(
        copied.unwrap_err().to_string(),
        "program: no operation reads the indices of input 1: a copy of them would be the same in every run"
    );
}

#[test]
#[should_panic(expected = "to_array: a program is recorded")]
fn a_look_at_the_elements_panics() {
    let params = Params::<f64>::new();
    let _ = Program::forward(&params, (array![1.0, 2.0],), |_, (x,)| vec![x * x.to_array()[[0]]]);
}

/// A step of a random program: which operation, on which of the values so far.
type Step = (usize, usize, usize);

fn tensors(steps: &[Step], x: &[Tensor<f64>]) -> Tensor<f64> {
    let mut values = x.to_vec();
    for &(operation, left, right) in steps {
        let (a, b) = (values[left % values.len()], values[right % values.len()]);
        let value = match operation {
            0 => a + b,
            1 => a - b.mean_axes(Axes::keep(-1)),
            2 => a.tanh() * b,
            3 => a / (b * b + 1.0),
            4 => a.matmul(b.t()).tanh().matmul(b),
            5 => a.log_softmax(-1),
            6 => a.t().log_softmax(0).t() * 0.5,
            7 => Tensor::concat(&[a.slice(s![.., ..1]), b.slice(s![.., 1..;-1])], 1),
            8 => a.index_select(1, &[2, 0, 0]) + b.sum_axes(0),
            9 => a.gather(1, &array![[0, 2, 2], [1, 1, 0]]),
            10 => Tensor::stack(&[a.slice(s![0, ..]), b.slice(s![-1, ..])], 0),
            11 => a.reshape([3, 2]).t() - b,
            12 => a.lt(b).select(a.exp() * 0.1, b.detach() * a),
            13 => (a.powi(2) + 0.5).sqrt() * b.sum(),
            14 => (a.powi(2) + 0.5).ln().broadcast_to([2, 2, 3]).sum_axes(0),
            15 => a.max_axis(-1).unsqueeze(-1) * b,
            16 => b * a.max_all(),
            17 => a.maximum(b) + a.relu(),
            18 => a.sort(-1, Order::Descending).0 * b,
            19 => a.cummax(0).0 - b.cummin(1).0,
            20 => a.median(1).unsqueeze(1) * b + a.quantile(0.7, ..),
            _ => b.gather(1, a.top_k(2, 1, Order::Ascending).1).sum_axes(Axes::keep(1)) * a,
        };
        values.push(value.tanh() * 2.0);
    }
    values.iter().copied().reduce(|sum, value| sum + value).expect("there are inputs").sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_programs_agree_with_the_eager_tape(
        steps in prop::collection::vec((0_usize..22, 0_usize..100, 0_usize..100), 1..16),
        x in prop::collection::vec(-1.5_f64..1.5, 24),
    ) {
        let input = |elements: &[f64]| ArrayD::from_shape_vec(vec![2, 3], elements.to_vec()).unwrap();
        let mut params = Params::new();
        let w = params.add("w", &input(&x[..6]));
        let mut program =
            Program::record(&params, (&input(&x[6..12]),), |pass, (x,)| tensors(&steps, &[pass.parameter(w), x]));
        params.view_mut(w).assign(&input(&x[12..18]));
        let other = input(&x[18..]);
        let (expected, eager) = Tape::new()
            .value_and_grad(&params, |pass| tensors(&steps, &[pass.parameter(w), pass.constant(&other)]));
        let (value, gradients) = program.run(&params, (&other,)).unwrap();
        prop_assert!((value - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{value}, not {expected}");
        for (found, expected) in gradients.params().iter().zip(eager.params()) {
            prop_assert!((found - expected).abs() <= 1e-11 * expected.abs().max(1.0), "{found}, not {expected}");
        }
    }
}
