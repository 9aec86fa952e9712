//! Which optimizers do the tests across files hold to the same promises? A new one is a row here.

use optim::{
    AdEmaMix, AdaBelief, AdaMax, Adadelta, Adafactor, Adagrad, Adam, AdamRecipe, Adan, Asgd, Chain, DAdaptation,
    Descent, Group, Lamb, Lars, Lbfgs, Lion, Lookahead, Muon, NAdam, NovoGrad, Optimizer, Prodigy, RAdam, RmsProp,
    Rprop, Sam, Schedule, ScheduleFree, Sgd, SgdRecipe, Shampoo, Soap, Sophia, Yogi,
};
use tape::Real;

/// As [`rows`], of those that evaluate the loss themselves: they are stepped by `step_with` alone.
pub(crate) fn evaluating_rows<T: Real>() -> Vec<Row<T>> {
    vec![
        ("lbfgs_wolfe", || Box::new(Lbfgs::new().budget(1, 1 + 25))),
        ("lbfgs_wolfe_all", || Box::new(Lbfgs::new().rate(0.8).history(3).budget(2, 5))),
        ("sophia", || Box::new(Sophia::new(0.02))),
        ("sophia_all", || Box::new(Sophia::new(0.02).betas(0.8, 0.9).gamma(0.1).eps(1e-6).every(4).decay(0.1))),
        ("sam", || Box::new(Sam::new(Sgd::new(1e-3)))),
    ]
}

/// A name and an optimizer with these settings. `trajectories.rs` finds the oracle's trajectory under the name.
pub(crate) type Row<T> = (&'static str, fn() -> Box<dyn Optimizer<T>>);

/// Every optimizer, in every form that takes another path through the code.
pub(crate) fn rows<T: Real>() -> Vec<Row<T>> {
    let mut rows = first_order();
    rows.extend(adam_family());
    rows.extend(by_layers());
    rows.extend(without_rates());
    rows.extend(combined());
    rows
}

fn first_order<T: Real>() -> Vec<Row<T>> {
    vec![
        ("sgd", || Box::new(Sgd::new(1e-3))),
        ("sgd_decay", || Box::new(Sgd::new(1e-3).weight_decay(0.1))),
        ("sgd_clip", || Box::new(Sgd::new(1e-2).clip_norm(3.0))),
        ("sgd_clip_value", || Box::new(Sgd::new(1e-2).clip_value(0.5))),
        ("sgd_clip_tensor", || Box::new(Sgd::new(1e-2).clip_tensor_norm(0.5))),
        ("sgd_clip_adaptively", || Box::new(Sgd::new(0.1).clip_adaptively(0.02))),
        ("momentum", || Box::new(Sgd::new(5e-4).momentum(0.9))),
        ("momentum_varied", || {
            let rise = Schedule::linear(20).between(0.5, 0.9);
            Box::new(Sgd::new(5e-4).momentum(0.5).vary(move |sgd, t| sgd.momentum = rise.at(t)))
        }),
        ("dampening", || Box::new(Sgd::new(1e-3).momentum(0.9).dampening(0.3))),
        ("nesterov", || Box::new(Sgd::new(5e-4).momentum(0.9).nesterov())),
        ("nesterov_all", || {
            let schedule = Schedule::cosine(50).warmup(5).between(1.0, 0.1);
            Box::new(Sgd::new(2e-2).momentum(0.8).nesterov().weight_decay(0.05).clip_norm(2.0).schedule(schedule))
        }),
        ("adagrad", || Box::new(Adagrad::new(0.1))),
        ("adagrad_all", || Box::new(Adagrad::new(0.1).rate_decay(0.1).initial(0.5).eps(1e-3).weight_decay(0.1))),
        ("adadelta", || Box::new(Adadelta::new(1.0))),
        ("adadelta_all", || Box::new(Adadelta::new(0.7).rho(0.8).eps(1e-4).weight_decay(0.1))),
        ("rmsprop", || Box::new(RmsProp::new(0.01))),
        ("rmsprop_centred", || Box::new(RmsProp::new(0.01).alpha(0.9).eps(1e-2).centred())),
        ("rmsprop_momentum", || Box::new(RmsProp::new(0.01).alpha(0.9).momentum(0.8))),
        ("rmsprop_all", || Box::new(RmsProp::new(0.01).alpha(0.9).eps(1e-2).centred().momentum(0.8).weight_decay(0.1))),
        ("rprop", || Box::new(Rprop::new(0.01))),
        ("rprop_all", || Box::new(Rprop::new(0.1).factors(0.4, 1.3).lengths(1e-3, 0.5))),
        ("asgd", || Box::new(Asgd::new(1e-3))),
        ("asgd_all", || Box::new(Asgd::new(1e-3).lambda(0.1).alpha(0.5).start(5.0).weight_decay(0.1))),
    ]
}

fn adam_family<T: Real>() -> Vec<Row<T>> {
    vec![
        ("adam", || Box::new(Adam::new(0.05))),
        ("adam_betas", || Box::new(Adam::new(0.05).betas(0.8, 0.95).eps(1e-3))),
        ("adam_decay", || Box::new(Adam::new(0.05).weight_decay(0.1))),
        ("adam_clip", || Box::new(Adam::new(0.05).eps(0.1).clip_norm(1.0))),
        ("adam_cosine", || Box::new(Adam::new(0.1).schedule(Schedule::cosine(50)))),
        ("adam_all", || {
            let schedule = Schedule::cosine(60).warmup(10).between(1.0, 0.2);
            Box::new(Adam::new(0.1).weight_decay(0.01).clip_norm(5.0).schedule(schedule))
        }),
        ("amsgrad", || Box::new(Adam::new(0.05).amsgrad())),
        ("amsgrad_all", || Box::new(Adam::new(0.05).amsgrad().betas(0.8, 0.9).weight_decay(0.1))),
        ("adamw", || Box::new(Adam::decoupled(0.05))),
        ("adamw_all", || {
            let schedule = Schedule::cosine(60).warmup(10).between(1.0, 0.2);
            Box::new(Adam::decoupled(0.1).decoupled_weight_decay(0.5).clip_norm(5.0).schedule(schedule))
        }),
        ("adamw_groups", || {
            let vectors = |pattern| Group::new(pattern).weight_decay(0.0).rate(2.0);
            let adam = Adam::decoupled(0.05).decoupled_weight_decay(0.5);
            Box::new(adam.group(vectors("*.bias")).group(vectors("second")))
        }),
        ("adamax", || Box::new(AdaMax::new(0.05))),
        ("adamax_all", || Box::new(AdaMax::new(0.05).betas(0.8, 0.9).eps(1e-2).weight_decay(0.1))),
        ("nadam", || Box::new(NAdam::new(0.05))),
        ("nadam_all", || Box::new(NAdam::new(0.01).betas(0.8, 0.9).eps(1e-2).momentum_decay(0.1).weight_decay(0.1))),
        ("nadam_decoupled", || Box::new(NAdam::new(0.05).decoupled_weight_decay(0.1))),
        ("radam", || Box::new(RAdam::new(5e-4))),
        ("radam_all", || Box::new(RAdam::new(5e-4).betas(0.8, 0.9).eps(1e-2).weight_decay(0.1))),
        ("adabelief", || Box::new(AdaBelief::new(0.05))),
        ("adabelief_all", || Box::new(AdaBelief::new(0.05).betas(0.8, 0.9).eps(1e-3).eps_root(1e-4))),
        ("yogi", || Box::new(Yogi::new(0.05))),
        ("yogi_all", || Box::new(Yogi::new(0.05).betas(0.8, 0.9).eps(1e-2))),
        ("adan", || Box::new(Adan::new(0.05))),
        ("adan_all", || Box::new(Adan::new(0.05).betas(0.9, 0.8, 0.95).eps(1e-3).proximal_decay(0.1))),
        ("lion", || Box::new(Lion::new(0.01))),
        ("lion_all", || Box::new(Lion::new(0.01).betas(0.8, 0.9).decoupled_weight_decay(0.3))),
        ("ademamix", || Box::new(AdEmaMix::new(0.02))),
        ("ademamix_all", || {
            Box::new(AdEmaMix::new(0.02).betas(0.8, 0.9, 0.99).alpha(3.0).eps(1e-3).decoupled_weight_decay(0.1))
        }),
    ]
}

fn by_layers<T: Real>() -> Vec<Row<T>> {
    vec![
        ("novograd", || Box::new(NovoGrad::new(0.01))),
        ("novograd_all", || Box::new(NovoGrad::new(0.01).betas(0.8, 0.5).eps(1e-3).momentum_decay(0.1))),
        ("lars", || Box::new(Lars::new(2e-3))),
        ("lars_all", || Box::new(Lars::new(2e-3).trust(0.5).eps(1e-3).momentum(0.8).weight_decay(0.1))),
        ("lamb", || Box::new(Lamb::new(0.01))),
        ("lamb_all", || Box::new(Lamb::new(0.02).betas(0.8, 0.9).eps(1e-3).direction_decay(0.1))),
        ("adafactor", || Box::new(Adafactor::new(0.05))),
        ("adafactor_all", || {
            let adafactor = Adafactor::new(0.1).power(-0.5).eps1(1e-2).eps2(1e-2).limit(1.5);
            Box::new(adafactor.decoupled_weight_decay(0.1))
        }),
        ("muon", || Box::new(Muon::new(0.02))),
        ("muon_all", || {
            let muon = Muon::new(0.02).momentum(0.8).without_nesterov().iterations(3).match_adamw();
            Box::new(muon.decoupled_weight_decay(0.3))
        }),
        ("shampoo", || Box::new(Shampoo::new(0.05))),
        ("shampoo_all", || {
            let shampoo = Shampoo::new(0.05).betas(0.8, 0.9).eps(1e-3).delta(1e-3).start(3).every(4);
            Box::new(shampoo.decoupled_weight_decay(0.1))
        }),
        ("soap", || Box::new(Soap::new(0.05).eps(1e-4))),
        ("soap_all", || Box::new(Soap::new(0.05).betas(0.8, 0.9).eps(1e-3).every(3).decoupled_weight_decay(0.1))),
    ]
}

fn without_rates<T: Real>() -> Vec<Row<T>> {
    vec![
        ("prodigy", || Box::new(Prodigy::new(1.0))),
        ("prodigy_all", || {
            Box::new(Prodigy::new(0.5).betas(0.8, 0.9).eps(1e-4).d0(1e-2).coefficient(0.5).estimated_decay(0.1))
        }),
        ("dadapt", || Box::new(DAdaptation::new(1.0))),
        ("dadapt_all", || Box::new(DAdaptation::new(0.5).betas(0.8, 0.9).eps(1e-4).d0(1e-2).estimated_decay(0.1))),
        ("schedule_free_sgd", || Box::new(ScheduleFree::sgd(2e-3))),
        ("schedule_free_sgd_all", || Box::new(ScheduleFree::sgd(2e-3).beta(0.8).power(1.0).decay_at_y(0.1))),
        ("schedule_free_adamw", || Box::new(ScheduleFree::adamw(0.05))),
        ("schedule_free_adamw_all", || {
            Box::new(ScheduleFree::adamw(0.05).beta(0.8).second_moment(0.9, 1e-3).decay_at_y(0.1))
        }),
    ]
}

fn combined<T: Real>() -> Vec<Row<T>> {
    vec![
        ("lbfgs", || Box::new(Lbfgs::new().rate(0.01))),
        ("lbfgs_history", || Box::new(Lbfgs::new().rate(0.02).history(2))),
        ("lookahead", || Box::new(Lookahead::new(Sgd::new(1e-3)))),
        ("lookahead_all", || Box::new(Lookahead::new(Sgd::new(1e-3)).every(3).alpha(0.8))),
        ("chain", || {
            let momentum = SgdRecipe { momentum: 0.5, dampening: 0.0, nesterov: false };
            Box::new(Descent::by(Chain::new().then(AdamRecipe::default()).then(momentum), 0.02))
        }),
    ]
}
