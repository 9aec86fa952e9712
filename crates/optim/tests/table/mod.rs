//! Which optimizers do the tests across files hold to the same promises? A new one is a row here.

use optim::{Adam, Optimizer, Schedule, Sgd};
use tape::Real;

/// A name and an optimizer with these settings. `torch.rs` finds PyTorch's trajectory under the name.
pub(crate) type Row<T> = (&'static str, fn() -> Box<dyn Optimizer<T>>);

/// Every optimizer, in every form that takes another path through the code.
pub(crate) fn rows<T: Real>() -> Vec<Row<T>> {
    vec![
        ("sgd", || Box::new(Sgd::new(1e-3))),
        ("sgd_decay", || Box::new(Sgd::new(1e-3).weight_decay(0.1))),
        ("sgd_clip", || Box::new(Sgd::new(1e-2).clip_norm(3.0))),
        ("momentum", || Box::new(Sgd::new(5e-4).momentum(0.9))),
        ("dampening", || Box::new(Sgd::new(1e-3).momentum(0.9).dampening(0.3))),
        ("nesterov", || Box::new(Sgd::new(5e-4).momentum(0.9).nesterov())),
        ("nesterov_all", || {
            let schedule = Schedule::cosine(50).warmup(5).between(1.0, 0.1);
            Box::new(Sgd::new(2e-2).momentum(0.8).nesterov().weight_decay(0.05).clip_norm(2.0).schedule(schedule))
        }),
        ("adam", || Box::new(Adam::new(0.05))),
        ("adam_betas", || Box::new(Adam::new(0.05).betas(0.8, 0.95).eps(1e-3))),
        ("adam_decay", || Box::new(Adam::new(0.05).weight_decay(0.1))),
        ("adam_clip", || Box::new(Adam::new(0.05).eps(0.1).clip_norm(1.0))),
        ("adam_cosine", || Box::new(Adam::new(0.1).schedule(Schedule::cosine(50)))),
        ("adam_all", || {
            let schedule = Schedule::cosine(60).warmup(10).between(1.0, 0.2);
            Box::new(Adam::new(0.1).weight_decay(0.01).clip_norm(5.0).schedule(schedule))
        }),
    ]
}
