//! Reverse-mode automatic differentiation on a tape.
//!
//! R. E. Wengert's list of 1964: write every elementary operation down as it happens, and walking the list backwards gives
//! every derivative at once. This crate records scalars ([`Var`]) and arrays ([`Tensor`]) on one [`Tape`], sweeps it
//! backwards into a [`Gradients`] map, and holds the parameters of models in one flat buffer, [`Params`].
//!
//! Any function that is generic over [`num_traits::Float`] differentiates unchanged:
//!
//! ```
//! use num_traits::Float;
//!
//! /// How far a ball flies that is thrown at an angle, in metres.
//! fn range<T: Float>(angle: T, speed: T) -> T {
//!     let gravity = T::from(9.81).unwrap();
//!     speed.powi(2) * (angle + angle).sin() / gravity
//! }
//!
//! // Thrown at 45 degrees it flies farthest: the derivative vanishes.
//! let slope = tape::derivative(|angle| range(angle, 20.0.into()), std::f64::consts::FRAC_PI_4);
//! assert!(slope.abs() < 1e-12);
//! ```
//!
//! The crate in the order of its story: [`rules`](self) are the table of elementwise derivatives and `transpose` that of
//! structural ones; `tape` records, `sweep` applies the chain rule, `gradients` is what comes out; [`check()`] verifies it
//! all against finite differences.

mod anomaly;
mod arena;
mod check;
mod checkpoint;
mod composed;
mod custom;
mod elements;
mod error;
#[cfg(feature = "nalgebra")]
mod field;
mod functions;
mod gradients;
mod graph;
mod guard;
mod higher;
mod implicit;
mod indices;
mod kernel;
#[cfg(feature = "linalg")]
mod linalg;
mod living;
mod op;
mod operations;
mod params;
mod position;
mod product;
mod program;
pub mod random;
mod real;
mod record;
mod rules;
#[cfg(feature = "serde")]
mod saved;
mod shape;
mod slice;
#[cfg(feature = "proptest")]
pub mod strategies;
mod sweep;
mod tape;
mod tensor;
mod transpose;
mod updates;
mod var;

pub use anomaly::{Anomalies, Anomaly, AnomalyOperand, Direction};
pub use check::{Check, Entry, Fault, Report, Verdict, check, check_gradient, check_params, check_tensors};
pub use checkpoint::{checkpoint, checkpoint_loop, try_checkpoint, try_checkpoint_loop};
pub use custom::CustomOp;
pub use elements::Elements;
pub use error::{Error, InputKind};
pub use functions::{
    derivative, gradient, hessian, hvp, jacobian, jvp, try_hessian, try_hvp, try_jacobian, try_jvp, try_value_and_grad,
    try_vjp, value_and_grad, vjp,
};
pub use gradients::{GradientKey, Gradients};
pub use graph::{Graph, GraphNode, GraphOperand, Kind, Statistics};
pub use higher::Variables;
pub use implicit::{fixed_point, root, solve, try_fixed_point, try_root, try_solve};
pub use indices::Indices;
pub use kernel::VectorMath;
pub use operations::{Operation, operations};
pub use params::{ParamId, Parameter, Params, matches};
pub use position::Position;
#[cfg(feature = "onnx")]
pub use program::Onnx;
#[cfg(feature = "threads")]
pub use program::ShardedProgram;
pub use program::{Input, Inputs, Profile, ProfiledStep, Program, ScalarProgram};
pub use random::Seed;
pub use real::Real;
pub use shape::Shape;
pub use sweep::Root;
pub use tape::{Pass, Tape};
pub use tensor::{Axes, Convolution, Interpolation, Margins, Mask, Operand, Order, Padding, PerAxis, Pooling, Tensor};
pub use var::Var;
