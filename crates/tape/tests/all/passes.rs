//! A pass trains or evaluates: what is drawn, what is updated, and what is refused.

use ndarray::array;
use proptest::prelude::*;
use tape::{Error, Params, Pass, Seed, Tape, Tensor};

/// A weight that is trained, and a mean that is not.
fn params() -> (Params<f64>, tape::ParamId, tape::ParamId) {
    let mut params = Params::new();
    let weight = params.add("weight", &array![1.0, 2.0]);
    let mean = params.add_buffer("mean", &array![0.5, 0.5]);
    (params, weight, mean)
}

#[test]
fn every_pass_evaluates_until_it_is_told_to_train() {
    let (params, weight, mean) = params();
    let mut tape = Tape::new();
    let _ = tape.value_and_grad(&params, |pass| {
        assert!(!pass.is_training());
        assert!(pass.training(1).is_training());
        assert!(!pass.training(1).evaluation().is_training());
        pass.parameter(weight).sum()
    });
    let _ = tape.evaluate(&params, |pass| {
        assert!(!pass.is_training());
        pass.parameter(mean)
    });
    tape.reset();
    assert!(!tape.bind(&params).is_training());
}

#[test]
fn a_pass_that_evaluates_draws_and_updates_nothing() {
    let (params, _, mean) = params();
    let tape = Tape::new();
    let pass = tape.bind(&params);
    let nodes = pass.len();
    for (error, operation) in [
        (pass.try_bernoulli(0.5, [2]).unwrap_err(), "bernoulli"),
        (pass.try_normal([2]).unwrap_err(), "normal"),
        (pass.try_uniform([2]).unwrap_err(), "uniform"),
        (pass.try_update(mean, pass.parameter(mean)).unwrap_err(), "update"),
    ] {
        let expected = format!("{operation}: the pass evaluates; `pass.training(seed)` gives one that trains");
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(pass.len(), nodes);
}

#[test]
#[should_panic(expected = "normal: the pass evaluates; `pass.training(seed)` gives one that trains")]
fn the_plain_method_panics_with_that_text() {
    let (params, ..) = params();
    let _ = Tape::new().bind(&params).normal([2]);
}

#[test]
fn what_cannot_be_drawn_is_refused_and_counts_as_no_draw() {
    let (params, ..) = params();
    let tape = Tape::new();
    let pass = tape.bind(&params).training(3);
    for probability in [-0.1, 1.1, f64::NAN] {
        let error = pass.try_bernoulli(probability, [2]).unwrap_err();
        assert_eq!(error.to_string(), "bernoulli: a probability lies between 0 and 1");
    }
    let error = pass.try_uniform(vec![1; 33]).unwrap_err().to_string();
    assert!(error.starts_with("uniform: shape [1, ") && error.ends_with("a tensor has at most 32 axes"), "{error}");
    let first = pass.normal([4]).to_array();
    assert_eq!(first, tape.bind(&params).training(3).normal([4]).to_array());
}

#[test]
fn each_draw_has_a_stream_of_its_own() {
    let (params, ..) = params();
    let tape = Tape::new();
    let second = |first: usize| {
        let pass = tape.bind(&params).training(3);
        let _ = pass.bernoulli(0.5, [first]);
        pass.normal([5]).to_array()
    };
    // How much was drawn before does not matter, how often does.
    assert_eq!(second(1), second(1000));
    assert_ne!(second(1), tape.bind(&params).training(3).normal([5]).to_array());
    assert_ne!(second(1), tape.bind(&params).training(4).normal([5]).to_array());
    // Two passes of one seed are the same, on whatever tape.
    assert_eq!(second(1), {
        let tape = Tape::new();
        let pass = tape.bind(&params).training(Seed::from(3));
        let _ = pass.uniform([2, 2]);
        pass.normal([5]).to_array()
    });
}

#[test]
fn draws_are_constants_of_their_shape() {
    let (params, weight, _) = params();
    let tape = Tape::new();
    let pass = tape.bind(&params).training(3);
    let mask = pass.bernoulli(0.5, [3, 2]);
    let loss = (pass.parameter(weight) * mask).sum();
    let gradients = loss.backward();
    assert_eq!(gradients.get(mask), None);
    assert_eq!(gradients[weight], mask.to_array().sum_axis(ndarray::Axis(0)));
    assert_eq!(pass.normal([0, 4]).shape(), [0, 4]);
    assert_eq!(pass.uniform([]).shape(), []);
}

#[test]
fn an_update_leaves_the_pass_alone_and_is_written_afterwards() {
    let (mut params, weight, mean) = params();
    let mut tape = Tape::new();
    let (_, gradients) = tape.value_and_grad(&params, |pass| {
        let pass = &pass.training(0);
        let w = pass.parameter(weight);
        pass.update(mean, w * w + 1.0);
        assert_eq!(pass.parameter(mean).to_array(), array![0.5, 0.5].into_dyn());
        assert_eq!(pass.updated(mean).to_array(), array![2.0, 5.0].into_dyn());
        (w * pass.parameter(mean)).sum()
    });
    assert_eq!(gradients.params(), [0.5, 0.5, 0.0, 0.0]);
    let updates: Vec<_> = gradients.updates().map(|(id, value)| (id, value.to_owned())).collect();
    assert_eq!(updates, [(mean, array![2.0, 5.0].into_dyn())]);
    params.apply_updates(&gradients).unwrap();
    assert_eq!(params.values(), [1.0, 2.0, 2.0, 5.0]);
    // The next pass knows nothing of it.
    let (_, gradients) = tape.value_and_grad(&params, |pass| pass.parameter(weight).sum());
    assert_eq!(gradients.updates().count(), 0);
    params.apply_updates(&gradients).unwrap();
    assert_eq!(params.values(), [1.0, 2.0, 2.0, 5.0]);
}

#[test]
fn the_last_of_several_updates_counts_and_a_strided_value_is_written_in_its_own_order() {
    let mut params = Params::new();
    let mean = params.add_buffer("mean", &array![[0.0, 0.0], [0.0, 0.0]]);
    let count = params.add_buffer("count", &array![0.0]);
    let (_, gradients) = Tape::new().value_and_grad(&params, |pass| {
        let pass = &pass.training(0);
        pass.update(count, pass.updated(count) + 1.0);
        pass.update(mean, pass.constant([[9.0, 9.0], [9.0, 9.0]]));
        pass.update(count, pass.updated(count) + 1.0);
        pass.update(mean, pass.constant([[1.0, 2.0], [3.0, 4.0]]).t());
        pass.constant(0.0)
    });
    params.apply_updates(&gradients).unwrap();
    assert_eq!(params.values(), [1.0, 3.0, 2.0, 4.0, 2.0]);
}

#[test]
fn what_cannot_be_updated_is_refused() {
    let (params, weight, mean) = params();
    let tape = Tape::new();
    let pass = &tape.bind(&params).training(0);
    let value = pass.constant([1.0, 2.0]);
    let refused = |result: Result<(), Error>| result.unwrap_err().to_string();
    assert_eq!(
        refused(pass.try_update(weight, value)),
        "update: parameter \"weight\" is trainable: it is the optimizer's; add it with `add_buffer`, or freeze it"
    );
    assert_eq!(
        refused(pass.try_update(mean, pass.constant([1.0]))),
        "parameter \"mean\": shape [1] where [2] is expected"
    );
    let mut others = Params::new();
    let foreign = others.add_buffer("mean", &array![0.0, 0.0]);
    assert_eq!(
        refused(pass.try_update(foreign, value)),
        "parameters: the identifier belongs to another set of parameters"
    );
    let other = Tape::new();
    assert_eq!(
        refused(pass.try_update(mean, other.constant([1.0, 2.0]))),
        "update: foreign handle: the operands belong to two different tapes"
    );
    let stale = {
        let mut tape = Tape::new();
        let stale = tape.constant([1.0, 2.0]);
        tape.reset();
        stale
    };
    assert_eq!(
        refused(pass.try_update(mean, stale)),
        "update: stale handle: its tape was reset, rewound or dropped after the handle was made"
    );
    let gradients = pass.parameter(weight).sum().backward();
    assert_eq!(gradients.updates().count(), 0);
}

#[test]
fn updates_of_other_parameters_are_not_written() {
    let (mut params, weight, mean) = params();
    let (_, gradients) = Tape::new().value_and_grad(&params, |pass| {
        pass.training(0).update(mean, pass.parameter(weight));
        pass.parameter(weight).sum()
    });
    let (mut others, ..) = self::params();
    let error = others.apply_updates(&gradients).unwrap_err();
    assert_eq!(error.to_string(), "parameters: the identifier belongs to another set of parameters");
    params.add("late", &array![7.0]);
    let error = params.apply_updates(&gradients).unwrap_err();
    assert_eq!(error.to_string(), "parameters: 4 elements where the parameters have 5");
    assert_eq!(params.values(), [1.0, 2.0, 0.5, 0.5, 7.0]);
}

#[test]
fn a_rewind_forgets_the_updates_behind_it() {
    let (params, weight, mean) = params();
    let mut tape = Tape::new();
    let (position, value) = {
        let pass = tape.bind(&params).training(0);
        pass.update(mean, pass.constant([1.0, 1.0]));
        let value = pass.constant([2.0, 2.0]);
        let position = pass.position();
        pass.update(mean, value);
        (position, value)
    };
    assert_eq!(tape.bind(&params).updated(mean).to_array(), value.to_array());
    tape.rewind(position);
    let pass = tape.bind(&params);
    assert_eq!(pass.updated(mean).to_array(), array![1.0, 1.0].into_dyn());
    let gradients = pass.parameter(weight).sum().backward();
    assert_eq!(gradients.updates().map(|(_, value)| value.sum()).sum::<f64>(), 2.0);
}

#[test]
fn accumulated_gradients_keep_the_latest_updates() {
    let (params, weight, mean) = params();
    let mut tape = Tape::new();
    let mut pass_of = |update: Option<[f64; 2]>| {
        tape.value_and_grad(&params, |pass| {
            if let Some(value) = update {
                pass.training(0).update(mean, pass.constant(value));
            }
            pass.parameter(weight).sum()
        })
        .1
    };
    let (mut sum, second, third) = (pass_of(Some([1.0, 1.0])), pass_of(Some([2.0, 3.0])), pass_of(None));
    sum.accumulate(&second).unwrap();
    sum.accumulate(&third).unwrap();
    let mut written = params.clone();
    written.apply_updates(&sum).unwrap();
    assert_eq!(written.values(), [1.0, 2.0, 2.0, 3.0]);
    assert_eq!(sum.params(), [3.0, 3.0, 0.0, 0.0]);
}

#[test]
fn a_sweep_from_a_constant_root_carries_updates_too() {
    let (params, _, mean) = params();
    let (value, gradients) = Tape::new().value_and_grad(&params, |pass| {
        pass.training(0).update(mean, pass.constant([1.0, 1.0]));
        pass.constant(3.0)
    });
    assert_eq!((value, gradients.updates().count()), (3.0, 1));
}

#[test]
fn a_program_does_not_draw_from_one_seed_for_ever() {
    let (params, weight, _) = params();
    let drop = |pass: &Pass<'_, f64>| -> Result<Tensor<f64>, Error> {
        let pass = &pass.training(1);
        Ok((pass.parameter(weight) * pass.try_bernoulli(0.5, [2])?).sum())
    };
    let error = tape::Program::try_record(&params, (), |pass, ()| Ok((drop(pass)?, Vec::new()))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bernoulli: the seed would be the same in every run of the program: \
         make a Seed one of its inputs, and train with that"
    );
}

proptest! {
    /// Whatever else is recorded, and in whatever precision it is, draw number n of a seed is draw number n of that seed.
    #[test]
    fn a_draw_depends_on_seed_and_number_alone(seed: u64, before in 0_usize..4, noise in 0_usize..5, len in 0_usize..40) {
        let params = Params::<f64>::new();
        let drawn = |noise: usize| {
            let tape = Tape::new();
            let pass = tape.bind(&params).training(seed);
            for _ in 0..before {
                let _ = pass.bernoulli(0.5, [noise]);
                for _ in 0..noise {
                    let _ = pass.constant([1.0; 3]).sum();
                }
            }
            [pass.uniform([len]).to_array(), pass.normal([len]).to_array()]
        };
        prop_assert_eq!(drawn(0), drawn(noise));
    }
}

#[test]
fn another_tensor_stands_in_for_a_parameter_until_the_closure_ends() {
    let (params, weight, _) = params();
    let tape = Tape::new();
    let pass = tape.bind(&params);
    let own = pass.parameter(weight);
    let (one, other) = (own * 2.0, tape.constant([7.0, 7.0]));
    let node = |tensor: Tensor<f64>| format!("{tensor:?}");
    pass.with_parameter(weight, one, || {
        assert_eq!(node(pass.parameter(weight)), node(one));
        assert_eq!(node(pass.training(1).parameter(weight)), node(one), "also for passes made meanwhile");
        pass.with_parameter(weight, other, || assert_eq!(node(pass.parameter(weight)), node(other)));
        assert_eq!(node(pass.parameter(weight)), node(one));
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            pass.with_parameter(weight, other, || panic!("a layer does"))
        }));
        assert!(panic.is_err());
        assert_eq!(node(pass.parameter(weight)), node(one));
    });
    assert_eq!(node(pass.parameter(weight)), node(own));
}

#[test]
fn what_cannot_stand_in_is_refused_before_anything_is_computed() {
    let (params, weight, _) = params();
    let mut others = Params::<f64>::new();
    let foreign = others.add("weight", &array![1.0, 2.0]);
    let (tape, elsewhere) = (Tape::new(), Tape::new());
    let pass = tape.bind(&params);
    let refused = |id, value| {
        let result = pass.try_with_parameter(id, value, || unreachable!("nothing is computed"));
        result.map(|()| "").unwrap_err().to_string()
    };
    let message = "parameters: the identifier belongs to another set of parameters";
    assert_eq!(refused(foreign, tape.constant([1.0, 2.0])), message);
    let message = "parameter \"weight\": shape [3] where [2] is expected";
    assert_eq!(refused(weight, tape.constant([1.0, 2.0, 3.0])), message);
    let message = refused(weight, elsewhere.constant([1.0, 2.0]));
    assert!(message.starts_with("with_parameter: "), "{message}");
}
