//! Does every optimizer keep what the crate promises of all of them?

use ndarray::{Array1, array};
use optim::{Adam, Optimizer, Schedule, Sgd, State, Step};
use proptest::prelude::*;
use tape::{Gradients, Params, Real, Tape};

use crate::model::{bits, gradients, model, run};
use crate::table;

fn step<T: Real>(optimizer: &mut dyn Optimizer<T>, params: &mut Params<T>, flat: &[T]) -> Step {
    let gradients = Gradients::for_params(params, flat).unwrap();
    optimizer.step(params, &gradients).unwrap()
}

fn continuing_equals_never_having_stopped<T: Real>() {
    for (name, make) in table::rows::<T>() {
        let (mut whole, mut params) = (make(), model::<T>());
        run(&mut *whole, &mut params, 1, 20);

        let (mut first, mut stopped) = (make(), model::<T>());
        run(&mut *first, &mut stopped, 1, 7);
        let text = serde_json::to_string(&first.state()).unwrap();
        drop(first);
        let mut second = make();
        second.restore(&serde_json::from_str(&text).unwrap()).unwrap();
        run(&mut *second, &mut stopped, 8, 20);

        assert_eq!(bits(params.values()), bits(stopped.values()), "{name}");
        assert_eq!(whole.state(), second.state(), "{name}");
        assert_eq!(whole.learning_rate().to_bits(), second.learning_rate().to_bits(), "{name}");
        assert_eq!(second.steps(), 20, "{name}");
    }
}

#[test]
fn continuing_equals_never_having_stopped_in_both_precisions() {
    continuing_equals_never_having_stopped::<f32>();
    continuing_equals_never_having_stopped::<f64>();
}

#[test]
fn going_back_to_an_earlier_state_repeats_the_steps() {
    for (name, make) in table::rows::<f32>() {
        let (mut optimizer, mut params) = (make(), model::<f32>());
        let before_all = optimizer.state();
        run(&mut *optimizer, &mut params, 1, 5);
        let (state, then) = (optimizer.state(), params.clone());
        run(&mut *optimizer, &mut params, 6, 9);
        let mut again = then;
        optimizer.restore(&state).unwrap();
        run(&mut *optimizer, &mut again, 6, 9);
        assert_eq!(bits(params.values()), bits(again.values()), "{name}");
        optimizer.restore(&before_all).unwrap_err();
        let mut fresh = make();
        fresh.restore(&before_all).unwrap();
        assert_eq!(fresh.state(), before_all, "{name}");
    }
}

#[test]
fn a_skipped_parameter_and_its_state_stay_as_they_are() {
    for (name, make) in table::rows::<f64>() {
        let (mut optimizer, mut params) = (make(), model::<f64>());
        run(&mut *optimizer, &mut params, 1, 4);
        let of_bias = |state: State<f64>| {
            let step = state.parameters.iter().find(|parameter| parameter.name == "bias").unwrap().step;
            (step, state.arrays.into_iter().filter(|array| array.parameter == "bias").collect::<Vec<_>>())
        };
        let (before, state) = (params.clone(), of_bias(optimizer.state()));
        if !keeps_whole_buffers(name) {
            assert_eq!(state.0, 3, "{name}: skipped in step 3");
        }

        let bias = params.find("bias").unwrap();
        params.set_trainable(bias, false);
        optimizer.step(&mut params, &gradients(&before, 5)).unwrap();
        assert_eq!(params.view(bias), before.view(bias), "{name}");
        if !keeps_whole_buffers(name) {
            assert_eq!(of_bias(optimizer.state()), state, "{name}");
        }
        let weight = params.find("weight").unwrap();
        assert_ne!(params.view(weight), before.view(weight), "{name}");
    }
}

/// The bias correction is that of the steps which the parameter itself has seen: its first step is as long as the rate,
/// whenever that is, and its second as a fresh optimizer's second.
#[test]
fn a_parameter_that_the_loss_reaches_late_starts_its_own_count() {
    let mut params = Params::<f64>::new();
    let [early, late] = ["early", "late"].map(|name| params.add(name, &array![1.0, 2.0]));
    let mut adam = Adam::new(0.125);
    let mut tape = Tape::new();
    for t in 1..=12 {
        let (_, gradients) = tape.value_and_grad(&params, |pass| {
            let loss = pass.parameter(early).sum();
            if t <= 10 { loss } else { loss + pass.parameter(late).sum() }
        });
        assert_eq!(gradients.get(late).is_some(), t > 10);
        adam.step(&mut params, &gradients).unwrap();
    }
    let moved = |id, start: f64| (start - params.view(id)[[0]]) / 0.125;
    assert!((moved(early, 1.0) - 12.0).abs() < 1e-6 && (moved(late, 1.0) - 2.0).abs() < 1e-6);
    let steps: Vec<u64> = adam.state().parameters.iter().map(|parameter| parameter.step).collect();
    assert_eq!((adam.steps(), steps), (12, vec![12, 2]));
}

/// A parameter without gradient is skipped, one whose gradient is zero is stepped: here by its momentum.
#[test]
fn a_zero_gradient_is_a_step() {
    let mut params = model::<f64>();
    let mut sgd = Sgd::new(0.1).momentum(0.9);
    run(&mut sgd, &mut params, 1, 1);
    let before = params.clone();
    step(&mut sgd, &mut params, &[0.0; 43]);
    assert!(params.values().iter().zip(before.values()).filter(|(after, before)| after != before).count() > 40);
}

#[test]
fn zero_gradients_make_no_nan() {
    for (name, make) in table::rows::<f32>() {
        let (mut optimizer, mut params) = (make(), model::<f32>());
        for _ in 0..3 {
            let step = step(&mut *optimizer, &mut params, &[0.0; 43]);
            assert_eq!((step.gradient_norm, step.clip_factor), (0.0, 1.0), "{name}");
        }
        assert!(params.values().iter().all(|value| value.is_finite()), "{name}");
        let state = optimizer.state();
        assert!(state.arrays.iter().flat_map(|array| &array.values).all(|value| value.is_finite()), "{name}");
    }
}

#[test]
fn gradients_whose_squares_overflow_are_finite() {
    let mut params = Params::<f64>::new();
    params.add("x", &array![0.0, 0.0]);
    let report = step(&mut Sgd::new(1.0).clip_norm(1.0), &mut params, &[3e200, 4e200]);
    assert!((report.gradient_norm / 5e200 - 1.0).abs() < 1e-15);
    assert!((params.values()[0] + 0.6).abs() < 1e-15 && (params.values()[1] + 0.8).abs() < 1e-15);
    // Even a norm that f64 does not hold.
    let report = step(&mut Sgd::new(1.0).clip_norm(1.0), &mut params, &[f64::MAX, f64::MAX]);
    assert!(report.gradient_norm.is_finite() && params.values().iter().all(|x| x.is_finite()));
}

#[test]
fn a_step_says_what_it_did() {
    let mut params = Params::<f32>::new();
    params.add("x", &array![0.0, 0.0]);
    let gradients = Gradients::for_params(&params, &[3.0, 4.0]).unwrap();
    let mut sgd = Sgd::new(0.5).schedule(Schedule::cosine(4).warmup(1)).clip_norm(1.0);
    assert_eq!(sgd.learning_rate(), 0.25);
    let step = sgd.step(&mut params, &gradients).unwrap();
    assert_eq!((step.step, step.learning_rate, step.gradient_norm), (1, 0.25, 5.0));
    assert_eq!(step.clip_factor, 1.0 / 5.000_001);
    assert_eq!((sgd.steps(), sgd.learning_rate()), (1, 0.5));
    // The caller's map is not clipped.
    assert_eq!(gradients.params(), [3.0, 4.0]);
}

#[test]
fn models_without_elements_or_gradients_are_stepped() {
    for (name, make) in table::rows::<f32>() {
        let mut params = Params::new();
        step(&mut *make(), &mut params, &[]);
        let (mut params, mut optimizer) = (model::<f32>(), make());
        params.add("empty", &Array1::zeros(0));
        for id in params.iter().map(|(id, _)| id).collect::<Vec<_>>() {
            params.set_trainable(id, false);
        }
        let before = params.clone();
        optimizer.step(&mut params, &gradients(&before, 1)).unwrap();
        assert_eq!(params.values(), before.values(), "{name}");
        assert_eq!(optimizer.steps(), 1, "{name}");
        assert!(optimizer.state().arrays.is_empty() || keeps_whole_buffers(name), "{name}");
    }
}

proptest! {
    /// How the same elements are divided into parameters, and where frozen ones lie between them, makes no difference.
    #[test]
    fn stretches_make_no_difference(
        sizes in prop::collection::vec(0_usize..70, 1..6),
        gaps in prop::collection::vec(any::<bool>(), 6),
    ) {
        let size = sizes.iter().sum();
        let value = |i: usize| (i as f32 * 0.7).sin();
        let gradient = |i: usize, t: u64| (i as f32 * 1.3 + t as f32 * 2.1).sin();
        for (name, make) in table::rows::<f32>().into_iter().filter(|(name, _)| is_elementwise(name)) {
            let (mut one, mut one_params) = (make(), Params::new());
            one_params.add("all", &Array1::from_shape_fn(size, value));
            let (mut cut, mut cut_params) = (make(), Params::new());
            // Which element of the one parameter each element of the divided ones is.
            let mut origin = Vec::new();
            for (index, (&size, &gap)) in sizes.iter().zip(&gaps).enumerate() {
                let start = origin.iter().flatten().count();
                cut_params.add(&format!("{index}"), &Array1::from_shape_fn(size, |i| value(start + i)));
                origin.extend((start..start + size).map(Some));
                if gap {
                    let id = cut_params.add(&format!("{index} frozen"), &array![7.0, 7.0, 7.0]);
                    cut_params.set_trainable(id, false);
                    origin.extend([None; 3]);
                }
            }
            for t in 1..=4 {
                let flat: Vec<f32> = (0..size).map(|i| gradient(i, t)).collect();
                step(&mut *one, &mut one_params, &flat);
                let flat: Vec<f32> = origin.iter().map(|origin| origin.map_or(9.0, |i| gradient(i, t))).collect();
                step(&mut *cut, &mut cut_params, &flat);
            }
            for (own, origin) in cut_params.values().iter().zip(origin) {
                let expected = origin.map_or(7.0, |i| one_params.values()[i]);
                // A gap moves elements to other lanes of the norm, whose last bit may then be another.
                let close = *own == expected || (*own - expected).abs() <= 1e-6 && has_clipping(name);
                prop_assert!(close, "{}: {} and {}", name, own, expected);
            }
        }
    }
}

/// The others look at whole parameters: at norms, rows and matrices.
fn is_elementwise(name: &str) -> bool {
    let whole =
        ["clip_", "novograd", "lars", "lamb", "adafactor", "muon", "shampoo", "soap", "prodigy", "dadapt", "lbfgs"];
    !whole.iter().any(|part| name.contains(part))
}

/// Their state is of the model and not of its parameters one by one.
fn keeps_whole_buffers(name: &str) -> bool {
    name.starts_with("lookahead") || name.starts_with("lbfgs")
}

fn has_clipping(name: &str) -> bool {
    name.ends_with("clip") || name.ends_with("all")
}
