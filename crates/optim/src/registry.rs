//! Which optimizers are there by name, and at which rate are they worth a first try?

use tape::Real;

use crate::*;

/// An optimizer that can be asked for by name.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// The name, in lower case with underscores.
    pub name: &'static str,
    /// The learning rate for a first try with a small network and mini-batches.
    pub rate: f64,
    /// Whether it evaluates the loss itself, so that it has to be stepped by [`Optimizer::step_with`].
    pub evaluates: bool,
}

/// Settings that every optimizer by name may have.
#[derive(Debug, Clone, Default)]
pub struct Common {
    /// The learning rate; the recommended one if there is none.
    pub rate: Option<f64>,
    /// What the learning rate is multiplied by; Schedule-Free optimizers, Rprop and L-BFGS have none.
    pub schedule: Schedule,
    /// The norm that gradients are clipped to.
    pub clip_norm: Option<f64>,
}

macro_rules! registry {
    ($($name:literal, $rate:literal, $evaluates:literal, |$eta:ident, $common:ident| $make:expr;)*) => {
        /// Every optimizer by name, with its recommended rate.
        pub const OPTIMIZERS: &[Named] = &[$(Named { name: $name, rate: $rate, evaluates: $evaluates }),*];

        /// The optimizer of this name, with its defaults and the `common` settings.
        ///
        /// ```
        /// use optim::{Common, Optimizer, by_name};
        /// let adamw = by_name::<f32>("adamw", &Common::default())?;
        /// assert_eq!(adamw.learning_rate(), 2e-3);
        /// let error = by_name::<f32>("adamx", &Common::default()).err().unwrap();
        /// assert!(error.to_string().starts_with("no optimizer is called \"adamx\"; there are sgd, momentum, "));
        /// # Ok::<(), optim::Error>(())
        /// ```
        ///
        /// # Errors
        /// [`Error::UnknownOptimizer`], with the names that there are.
        pub fn by_name<T: Real>(name: &str, common: &Common) -> Result<Box<dyn Optimizer<T>>, Error> {
            match name {
                $($name => {
                    let ($eta, $common) = (common.rate.unwrap_or($rate), common);
                    Ok(Box::new($make))
                })*
                _ => {
                    let known: Vec<_> = OPTIMIZERS.iter().map(|named| named.name).collect();
                    Err(Error::UnknownOptimizer { name: name.to_owned(), known: known.join(", ") })
                }
            }
        }
    };
}

impl Common {
    fn apply<M, T: Real>(&self, descent: Descent<M, T>) -> Descent<M, T> {
        self.clip(descent.schedule(self.schedule.clone()))
    }

    fn clip<M, T: Real>(&self, descent: Descent<M, T>) -> Descent<M, T> {
        match self.clip_norm {
            Some(norm) => descent.clip_norm(norm),
            None => descent,
        }
    }
}

registry! {
    "sgd", 0.3, false, |eta, common| common.apply(Sgd::new(eta));
    "momentum", 0.05, false, |eta, common| common.apply(Sgd::new(eta).momentum(0.9));
    "nesterov", 0.05, false, |eta, common| common.apply(Sgd::new(eta).momentum(0.9).nesterov());
    "adagrad", 0.02, false, |eta, common| common.apply(Adagrad::new(eta));
    "adadelta", 1.0, false, |eta, common| common.apply(Adadelta::new(eta));
    "rmsprop", 1e-3, false, |eta, common| common.apply(RmsProp::new(eta));
    "rmsprop_centred", 1e-3, false, |eta, common| common.apply(RmsProp::new(eta).centred());
    "rmsprop_momentum", 2e-4, false, |eta, common| common.apply(RmsProp::new(eta).momentum(0.9));
    "rprop", 1e-3, false, |eta, common| common.clip(Rprop::new(eta));
    "asgd", 0.3, false, |eta, common| common.apply(Asgd::new(eta));
    "adam", 2e-3, false, |eta, common| common.apply(Adam::new(eta));
    "amsgrad", 2e-3, false, |eta, common| common.apply(Adam::new(eta).amsgrad());
    "adamax", 4e-3, false, |eta, common| common.apply(AdaMax::new(eta));
    "nadam", 2e-3, false, |eta, common| common.apply(NAdam::new(eta));
    "adamw", 2e-3, false, |eta, common| common.apply(Adam::decoupled(eta));
    "radam", 2e-3, false, |eta, common| common.apply(RAdam::new(eta));
    "adabelief", 2e-3, false, |eta, common| common.apply(AdaBelief::new(eta));
    "yogi", 1e-2, false, |eta, common| common.apply(Yogi::new(eta));
    "adan", 2e-3, false, |eta, common| common.apply(Adan::new(eta));
    "lion", 3e-4, false, |eta, common| common.apply(Lion::new(eta));
    "novograd", 1e-2, false, |eta, common| common.apply(NovoGrad::new(eta));
    "ademamix", 1e-3, false, |eta, common| common.apply(AdEmaMix::new(eta));
    "lars", 10.0, false, |eta, common| common.apply(Lars::new(eta));
    "lamb", 1e-2, false, |eta, common| common.apply(Lamb::new(eta));
    "adafactor", 1e-2, false, |eta, common| common.apply(Adafactor::new(eta));
    "shampoo", 2e-3, false, |eta, common| common.apply(Shampoo::new(eta));
    "soap", 3e-3, false, |eta, common| common.apply(Soap::new(eta));
    "muon", 0.01, false, |eta, common| common.apply(Muon::new(eta));
    "sophia", 1e-3, true, |eta, common| Sophia::new(eta).schedule(common.schedule.clone());
    "prodigy", 1.0, false, |eta, common| common.apply(Prodigy::new(eta));
    "d_adaptation", 1.0, false, |eta, common| common.apply(DAdaptation::new(eta));
    "schedule_free_sgd", 1.0, false, |eta, common| common.clip(ScheduleFree::sgd(eta));
    "schedule_free_adamw", 5e-3, false, |eta, common| common.clip(ScheduleFree::adamw(eta));
    "lbfgs", 1.0, true, |eta, _common| Lbfgs::new().rate(eta);
    "sam", 0.05, true, |eta, common| Sam::new(common.apply(Sgd::new(eta).momentum(0.9)));
    "lookahead", 2e-3, false, |eta, common| Lookahead::new(common.apply(Adam::new(eta)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_makes_a_sound_optimizer_at_its_rate() {
        let common = Common { clip_norm: Some(5.0), ..Common::default() };
        for named in OPTIMIZERS {
            let optimizer = by_name::<f32>(named.name, &common).unwrap();
            optimizer.check().unwrap();
            assert_eq!(optimizer.learning_rate(), named.rate, "{}", named.name);
            assert_eq!(OPTIMIZERS.iter().filter(|other| other.name == named.name).count(), 1);
        }
    }

    /// Each makes a small bowl at least ten times less deep.
    #[test]
    fn every_name_descends() {
        for named in OPTIMIZERS {
            let mut optimizer = by_name::<f64>(named.name, &Common::default()).unwrap();
            let mut params = tape::Params::new();
            params.add("x", &ndarray::array![[0.5, -0.4], [0.3, 0.6]]);
            params.add("y", &ndarray::array![0.5, -0.5]);
            let loss = |params: &tape::Params<f64>| params.values().iter().map(|x| x * x).sum::<f64>() / 2.0;
            let start = loss(&params);
            for _ in 0..3000 {
                optimizer
                    .step_with(&mut params, &mut |params| {
                        (loss(params), tape::Gradients::for_params(params, params.values()).unwrap())
                    })
                    .unwrap();
            }
            assert!(loss(&params) < start / 10.0, "{}: from {start} to {}", named.name, loss(&params));
        }
    }
}
