//! Wengert: optimizers, learning-rate schedules and clipping: they consume the gradient map.
//!
//! An optimizer reads the gradients of a model, [`tape::Gradients`], and writes its parameters, [`tape::Params`]. Both
//! are flat buffers of the same layout, so a step is one pass over contiguous memory. It never sees a tape or a layer.
//!
//! ```
//! use ndarray::array;
//! use optim::{Adam, Optimizer, Schedule};
//!
//! // The lowest point of (x - 3)^2 + (y + 1)^2.
//! let mut params = tape::Params::<f64>::new();
//! params.add("point", &array![0.0, 0.0]);
//! let mut adam = Adam::new(0.3).schedule(Schedule::cosine(200).warmup(10)).clip_norm(5.0);
//! for _ in 0..200 {
//!     let [x, y] = params.values() else { unreachable!() };
//!     let gradients = tape::Gradients::for_params(&params, &[2.0 * (x - 3.0), 2.0 * (y + 1.0)])?;
//!     adam.step(&mut params, &gradients)?;
//! }
//! assert!((params.values()[0] - 3.0).abs() < 1e-3 && (params.values()[1] + 1.0).abs() < 1e-3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What optimizers share is written once: [`Descent`] checks the gradients, clips them, decays the weights, follows
//! schedules, counts the steps and keeps the state. What is left of an optimizer is a [`Recipe`], its formula for one
//! element, or a [`Method`], which sees whole matrices or the whole model: [`Adam`] is `Descent` with one recipe, [`Muon`]
//! with one method. Wrappers, such as [`Lookahead`], own another optimizer. All are used through the trait [`Optimizer`],
//! also as `Box<dyn Optimizer<f32>>`, and are found by name with [`by_name`].
//!
//! * A failing call leaves parameters and state as they were; the [`Error`] says what was wrong.
//! * A [`State`] saves and restores bit for bit: to continue is the same as never to have stopped.
//! * A parameter that the loss does not depend on, or that is frozen, is skipped and its state untouched; a gradient of
//!   zero is a step.

mod accumulate;
mod adabelief;
mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod adan;
mod ademamix;
mod asgd;
mod chain;
mod clip;
mod compare;
mod curve;
mod d_adaptation;
mod descent;
mod error;
mod feedback;
mod group;
mod lamb;
mod lars;
mod layout;
mod lbfgs;
mod lion;
mod lookahead;
mod matrix;
mod method;
mod moments;
mod muon;
mod nadam;
mod novograd;
mod optimizer;
mod parameter_average;
mod prodigy;
mod radam;
mod recipe;
mod registry;
mod rmsprop;
mod rprop;
mod sam;
mod schedule;
mod schedule_free;
mod sgd;
mod shampoo;
mod soap;
mod sophia;
mod state;
mod wolfe;
mod yogi;

pub use accumulate::Accumulate;
pub use adabelief::{AdaBelief, AdaBeliefRecipe};
pub use adadelta::{Adadelta, AdadeltaRecipe};
pub use adafactor::{Adafactor, AdafactorMethod};
pub use adagrad::{Adagrad, AdagradRecipe};
pub use adam::{Adam, AdamRecipe};
pub use adamax::{AdaMax, AdaMaxRecipe};
pub use adan::{Adan, AdanRecipe};
pub use ademamix::{AdEmaMix, AdEmaMixRecipe};
pub use asgd::{Asgd, AsgdRecipe};
pub use chain::Chain;
pub use compare::{Comparison, RateCurve, Run, compare, find_rate};
pub use d_adaptation::{DAdaptation, DAdaptationMethod};
pub use descent::Descent;
pub use error::Error;
pub use feedback::{BoldDriver, Plateau};
pub use group::Group;
pub use lamb::{Lamb, LambMethod};
pub use lars::{Lars, LarsMethod};
pub use lbfgs::Lbfgs;
pub use lion::{Lion, LionRecipe};
pub use lookahead::Lookahead;
pub use method::{Method, TensorArrays, TensorPiece, Work};
pub use muon::{Muon, MuonMethod};
pub use nadam::{NAdam, NAdamRecipe};
pub use novograd::{NovoGrad, NovoGradMethod};
pub use optimizer::{Evaluate, Optimizer, Step};
pub use parameter_average::ParameterAverage;
pub use prodigy::{Prodigy, ProdigyMethod};
pub use radam::{RAdam, RAdamRecipe};
pub use recipe::{Piece, Recipe};
pub use registry::{Common, Named, OPTIMIZERS, by_name};
pub use rmsprop::{RmsProp, RmsPropRecipe};
pub use rprop::{Rprop, RpropRecipe};
pub use sam::Sam;
pub use schedule::Schedule;
pub use schedule_free::{ScheduleFree, ScheduleFreeMethod};
pub use sgd::{Sgd, SgdRecipe};
pub use shampoo::{Shampoo, ShampooMethod};
pub use soap::{Soap, SoapMethod};
pub use sophia::{Product, Sophia};
pub use state::{ParameterState, State, StateArray, StateNumber};
pub use yogi::{Yogi, YogiRecipe};
