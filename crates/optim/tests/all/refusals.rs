//! What does every optimizer refuse, and is all as it was then?

use ndarray::{Array1, array};
use optim::{Adam, Error, Optimizer, Schedule, State};
use tape::Params;

use crate::model::{bits, gradients, model, run};
use crate::table;

#[test]
fn a_gradient_that_is_not_finite_leaves_all_as_it_was() {
    for (name, make) in table::rows::<f32>() {
        for at_step in [0, 4] {
            let (mut optimizer, mut params) = (make(), model::<f32>());
            run(&mut *optimizer, &mut params, 1, at_step);
            let (before, state) = (params.clone(), optimizer.state());
            let mut bad = gradients(&params, 9);
            bad.params_mut()[41] = f32::NAN;
            bad.params_mut()[42] = f32::NEG_INFINITY;
            let error = optimizer.step(&mut params, &bad).unwrap_err();
            assert_eq!(
                error.to_string(),
                "gradient of \"bias\": 2 of 3 elements are NaN or infinite; nothing was stepped",
                "{name}"
            );
            assert_eq!(bits(params.values()), bits(before.values()), "{name}");
            assert_eq!(optimizer.state(), state, "{name}");
            // Where the parameter takes no part, its gradient is not looked at.
            let bias = params.find("bias").unwrap();
            params.set_trainable(bias, false);
            optimizer.step(&mut params, &bad).unwrap();
        }
    }
}

#[test]
fn another_model_is_refused_and_the_first_difference_named() {
    for (name, make) in table::rows::<f32>() {
        let mut optimizer = make();
        run(&mut *optimizer, &mut model(), 1, 2);
        let state = optimizer.state();
        let mut refuse = |params: &mut Params<f32>, difference: &str| {
            let before = params.clone();
            let error = optimizer.step(params, &gradients(&before, 3)).unwrap_err();
            let text = format!("the optimizer's state is of another model: its parameter {difference}");
            assert_eq!(error.to_string(), text, "{name}");
            assert_eq!(params.values(), before.values(), "{name}");
            assert_eq!(optimizer.state(), state, "{name}");
            // The same difference between two states.
            let mut other = make();
            other.step(params, &gradients(&before, 3)).unwrap();
            let error = optimizer.restore(&other.state()).unwrap_err();
            assert!(matches!(error, Error::Model { .. }), "{name}: {error}");
            assert_eq!(optimizer.state(), state, "{name}");
        };
        let mut reshaped = Params::new();
        reshaped.add("weight", &ndarray::Array2::<f32>::zeros((8, 5)));
        reshaped.add("bias", &Array1::zeros(3));
        refuse(&mut reshaped, "0 is \"weight\" [40], the model's is \"weight\" [8, 5]");
        let mut renamed = Params::new();
        renamed.add("weight", &Array1::<f32>::zeros(40));
        renamed.add("offset", &Array1::zeros(3));
        refuse(&mut renamed, "1 is \"bias\" [3], the model's is \"offset\" [3]");
        let mut grown = model();
        grown.add("more", &Array1::zeros(1));
        refuse(&mut grown, "2 is none, the model's is \"more\" [1]");
        let mut shrunk = Params::new();
        shrunk.add("weight", &Array1::<f32>::zeros(40));
        refuse(&mut shrunk, "1 is \"bias\" [3], the model's is none");

        // The same names and shapes in another set of parameters are the same model: a checkpoint's.
        optimizer.step(&mut model(), &gradients(&model(), 1)).unwrap_err();
        let mut same = model();
        optimizer.step(&mut same.clone(), &gradients(&same, 1)).unwrap();
        run(&mut *optimizer, &mut same, 3, 4);
    }
}

#[test]
fn a_saved_state_is_checked_before_it_is_taken() {
    let mut adam = Adam::new(0.1);
    run(&mut adam, &mut model::<f32>(), 1, 2);
    let own = adam.state();
    let mut refuse = |fresh: bool, change: &dyn Fn(&mut State<f32>), text: &str| {
        let mut state = own.clone();
        change(&mut state);
        let mut target = if fresh { Adam::new(0.1) } else { adam.clone() };
        let before = target.state();
        assert_eq!(target.restore(&state).unwrap_err().to_string(), text);
        assert_eq!(target.state(), before);
        adam.restore(&own).unwrap();
    };
    for fresh in [true, false] {
        refuse(fresh, &|s| s.optimizer = "sgd".into(), "saved state: it is of optimizer \"sgd\", not of \"adam\"");
        refuse(fresh, &|s| drop(s.arrays.remove(1)), "saved state: \"weight.exp_avg_sq\": it is missing");
        refuse(fresh, &|s| s.arrays.push(s.arrays[0].clone()), "saved state: \"weight.exp_avg\": it is there twice");
        refuse(fresh, &|s| s.arrays[0].values[5] = f32::NAN, "saved state: \"weight.exp_avg\": it has NaN");
        refuse(
            fresh,
            &|s| s.arrays[2].values.truncate(2),
            "saved state: \"bias.exp_avg\": 2 elements where shape [3] has 3",
        );
        refuse(
            fresh,
            &|s| s.parameters[1].step = 0,
            "saved state: \"bias.exp_avg\": no stepped parameter of this optimizer has such an array",
        );
        refuse(fresh, &|s| s.step = 1, "saved state: \"weight\": it has seen 2 steps, the optimizer 1");
        refuse(fresh, &|s| s.parameters[1].name = "weight".into(), "saved state: \"weight\": it is there twice");
        refuse(
            fresh,
            &|s| s.parameters[1].shape = vec![usize::MAX, 2],
            "saved state: \"bias\": its shape is too large",
        );
    }
    let absurd = |s: &mut State<f32>| {
        s.parameters[1] = optim::ParameterState { name: "bias".into(), shape: vec![usize::MAX / 2], step: 0 };
        s.arrays.truncate(2);
    };
    let size = usize::MAX / 2 + 40;
    refuse(true, &absurd, &format!("saved state: \"shapes\": no memory for {size} elements"));
}

#[test]
fn gradients_of_other_parameters_are_refused() {
    let mut params = model::<f32>();
    let mut adam = Adam::new(0.1);
    let error = adam.step(&mut params, &gradients(&model(), 1)).unwrap_err();
    assert_eq!(error, Error::Gradients(tape::Error::ForeignParameter));
    assert_eq!(error.to_string(), "parameters: the identifier belongs to another set of parameters");
    let old = gradients(&params, 1);
    params.add("late", &array![1.0]);
    let error = adam.step(&mut params, &old).unwrap_err();
    assert_eq!(error, Error::Gradients(tape::Error::ParameterLayout { expected: 44, found: 43 }));
    assert_eq!(adam.steps(), 0);
}

#[test]
fn settings_are_checked_before_a_step() {
    let (mut params, mut adam) = (model::<f32>(), Adam::new(0.1).betas(0.9, 1.5));
    let before = params.clone();
    let error = adam.step(&mut params, &gradients(&before, 1)).unwrap_err();
    assert_eq!(error.to_string(), "adam: beta2 = 1.5: it must be >= 0 and < 1");
    assert_eq!(params.values(), before.values());
    let mut adam = Adam::new(0.1).schedule(Schedule::cosine(0));
    let error = adam.step(&mut params, &gradients(&before, 1)).unwrap_err();
    assert_eq!(error.to_string(), "schedule: total steps = 0: there must be at least 1");
}
