//! Who races, by which rule, and at whose rates?

use optim::{Adadelta, Adagrad, Adam, Adan, Lion, NAdam, Optimizer, RAdam, RmsProp, Sgd};

use super::rates::RMSPROP;
use super::{Landscape, rate};

/// One who races.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Racer {
    /// The name in the legend.
    pub name: &'static str,
    /// The rule in the form that Radford used; for the younger ones it is the library's.
    pub rule: Rule,
    /// The rule as the library has it.
    pub default_rule: Rule,
    /// The library's rate, PyTorch's where it has one; Adan's and Lion's are their papers'.
    pub default_rate: f64,
}

/// How a step follows from the gradients, and with which settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// Along the gradient.
    Sgd,
    /// A heavy ball.
    Momentum {
        /// What is kept of the velocity.
        mu: f64,
    },
    /// A heavy ball that looks ahead; the position is the one looked ahead to.
    Nesterov {
        /// What is kept of the velocity.
        mu: f64,
    },
    /// Divided by the root of the sum of squares.
    Adagrad {
        /// What is added to it.
        epsilon: f64,
        /// Whether under the root.
        inside: bool,
    },
    /// Scaled to the length of the steps before.
    Adadelta {
        /// What is kept of the averages.
        rho: f64,
        /// What is added under the roots.
        epsilon: f64,
        /// Whether the rate is part of the steps that are remembered.
        rate_inside: bool,
    },
    /// Divided by the root of a running average of squares.
    RmsProp {
        /// What is kept of the average.
        rho: f64,
        /// What is added to it.
        epsilon: f64,
        /// Whether under the root.
        inside: bool,
    },
    /// Both averages, corrected for their start.
    Adam,
    /// Adam with a decay of the weights beside it: here the position is drawn to the origin.
    AdamW,
    /// Adam that looks ahead.
    NAdam,
    /// Adam that begins without the second average.
    RAdam,
    /// Averages of the gradient and of its changes.
    Adan,
    /// The sign of an average.
    Lion,
}

const SIX: [Racer; 6] = [
    Racer { name: "SGD", rule: Rule::Sgd, default_rule: Rule::Sgd, default_rate: 1e-3 },
    Racer {
        name: "Momentum",
        rule: Rule::Momentum { mu: 0.95 },
        default_rule: Rule::Momentum { mu: 0.9 },
        default_rate: 1e-3,
    },
    Racer {
        name: "NAG",
        rule: Rule::Nesterov { mu: 0.95 },
        default_rule: Rule::Nesterov { mu: 0.9 },
        default_rate: 1e-3,
    },
    Racer {
        name: "Adagrad",
        rule: Rule::Adagrad { epsilon: 1e-6, inside: true },
        default_rule: Rule::Adagrad { epsilon: 1e-10, inside: false },
        default_rate: 1e-2,
    },
    Racer {
        name: "Adadelta",
        rule: Rule::Adadelta { rho: 0.95, epsilon: 1e-6, rate_inside: true },
        default_rule: Rule::Adadelta { rho: 0.9, epsilon: 1e-6, rate_inside: false },
        default_rate: 1.0,
    },
    Racer {
        name: "RMSprop",
        rule: Rule::RmsProp { rho: 0.95, epsilon: 1e-6, inside: true },
        default_rule: Rule::RmsProp { rho: 0.99, epsilon: 1e-8, inside: false },
        default_rate: 1e-2,
    },
];

/// Everyone, in the order of the legends: Radford's six, then Adam and its successors.
pub const RACERS: [Racer; 12] = [
    SIX[0],
    SIX[1],
    SIX[2],
    SIX[3],
    SIX[4],
    SIX[5],
    Racer { name: "Adam", rule: Rule::Adam, default_rule: Rule::Adam, default_rate: 1e-3 },
    Racer { name: "AdamW", rule: Rule::AdamW, default_rule: Rule::AdamW, default_rate: 1e-3 },
    Racer { name: "NAdam", rule: Rule::NAdam, default_rule: Rule::NAdam, default_rate: 2e-3 },
    Racer { name: "RAdam", rule: Rule::RAdam, default_rule: Rule::RAdam, default_rate: 1e-3 },
    Racer { name: "Adan", rule: Rule::Adan, default_rule: Rule::Adan, default_rate: 1e-3 },
    Racer { name: "Lion", rule: Rule::Lion, default_rule: Rule::Lion, default_rate: 1e-4 },
];

/// Who is shown together: as many as there are colours that everyone can tell apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Its name, in lower case.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// Which of [`RACERS`].
    pub racers: &'static [usize],
}

/// Radford's field, and the one of today.
pub const FIELDS: [Field; 2] = [
    Field { name: "radford", title: "Radford’s six", racers: &[0, 1, 2, 3, 4, 5] },
    Field { name: "adam", title: "Adam and its successors", racers: &[5, 6, 7, 8, 9, 10, 11] },
];

/// Whose rates are raced at: the outcome of a race is mostly that of this choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fairness {
    /// Those of the animations, which were chosen to look good. Adam and its successors, which they did not have,
    /// take those of RMSprop.
    Radford,
    /// Those that a user gets who says nothing.
    Defaults,
    /// For each optimizer and landscape the best of equally many.
    Tuned,
}

impl Fairness {
    /// All of them.
    pub const ALL: [Fairness; 3] = [Fairness::Radford, Fairness::Defaults, Fairness::Tuned];

    /// Its name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fairness::Radford => "radford",
            Fairness::Defaults => "defaults",
            Fairness::Tuned => "tuned",
        }
    }
}

impl Field {
    /// What the legend says of the rates that this field races at.
    ///
    /// ```
    /// use examples::races::{FIELDS, Fairness};
    /// assert_eq!(FIELDS[0].rates(Fairness::Radford), "Radford’s rates");
    /// // He had no Adam.
    /// assert_eq!(FIELDS[1].rates(Fairness::Radford), "all at Radford’s rate for RMSprop");
    /// ```
    #[must_use]
    pub fn rates(&self, fairness: Fairness) -> &'static str {
        match fairness {
            Fairness::Radford if self.racers.iter().all(|&racer| racer <= RMSPROP) => "Radford’s rates",
            Fairness::Radford => "all at Radford’s rate for RMSprop",
            Fairness::Defaults => "library defaults",
            Fairness::Tuned => "rates tuned, equal budget",
        }
    }
}

impl Racer {
    /// The rule that goes with these rates: the library's defaults are those of its own forms.
    #[must_use]
    pub fn rule_at(&self, fairness: Fairness) -> Rule {
        match fairness {
            Fairness::Radford | Fairness::Tuned => self.rule,
            Fairness::Defaults => self.default_rule,
        }
    }

    /// The optimizer for this landscape at these rates.
    ///
    /// ```
    /// use examples::races::{Fairness, LANDSCAPES, RACERS};
    /// let adagrad = RACERS[3].optimizer(&LANDSCAPES[0], Fairness::Radford);
    /// assert_eq!((adagrad.name(), adagrad.learning_rate()), ("adagrad", 1.0));
    /// ```
    #[must_use]
    pub fn optimizer(&self, landscape: &Landscape, fairness: Fairness) -> Box<dyn Optimizer<f64>> {
        self.rule_at(fairness).optimizer(rate(self, landscape, fairness))
    }
}

impl Rule {
    /// The library's optimizer for this rule.
    #[must_use]
    pub fn optimizer(self, rate: f64) -> Box<dyn Optimizer<f64>> {
        match self {
            Rule::Sgd => Box::new(Sgd::new(rate)),
            Rule::Momentum { mu } => Box::new(Sgd::new(rate).momentum(mu)),
            Rule::Nesterov { mu } => Box::new(Sgd::new(rate).momentum(mu).nesterov()),
            Rule::Adagrad { epsilon, inside } => {
                let adagrad = Adagrad::new(rate).eps(epsilon);
                Box::new(if inside { adagrad.eps_inside() } else { adagrad })
            }
            Rule::Adadelta { rho, epsilon, rate_inside } => {
                let adadelta = Adadelta::new(rate).rho(rho).eps(epsilon);
                Box::new(if rate_inside { adadelta.rate_inside() } else { adadelta })
            }
            Rule::RmsProp { rho, epsilon, inside } => {
                let rmsprop = RmsProp::new(rate).alpha(rho).eps(epsilon);
                Box::new(if inside { rmsprop.eps_inside() } else { rmsprop })
            }
            Rule::Adam => Box::new(Adam::new(rate)),
            Rule::AdamW => Box::new(Adam::decoupled(rate)),
            Rule::NAdam => Box::new(NAdam::new(rate)),
            Rule::RAdam => Box::new(RAdam::new(rate)),
            Rule::Adan => Box::new(Adan::new(rate)),
            Rule::Lion => Box::new(Lion::new(rate)),
        }
    }
}
