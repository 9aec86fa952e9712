//! A physics-informed network solves a differential equation: it is told nothing but the equation and its boundary.
//!
//! Heat spreads in a rod that is held at 0 at both ends: `u_t = κ u_xx` for x and t from 0 to 1, with
//! `u(x, 0) = sin π x`. The network's own derivatives, two of them in x, are recorded on the tape like any other
//! operation, so that the loss, how far the equation is from holding at points of the domain, is differentiated once
//! more by the optimizer's sweep. The exact solution, `e^(-κ π² t) sin π x`, only judges.
//!
//! M. Raissi, P. Perdikaris and G. E. Karniadakis, "Physics-informed neural networks", Journal of Computational Physics
//! 378, 2019.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::f64::consts::PI;

use ndarray::{Array1, ArrayD, Axis};
use nn::{Init, Sequential};
use optim::{Adam, Optimizer, Schedule};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{Params, Pass, Tape, Tensor};

const DIFFUSIVITY: f64 = 0.1;
const STEPS: u64 = 2000;
const POINTS: usize = 128;

/// How far the solution may be from the exact one, relative to it, in the root of the mean square over the domain.
const TOLERANCE: f64 = 0.002;

/// The temperature that the network stands for. Its form keeps ends and beginning whatever the network says:
/// `sin(π x) + t x (1 - x) N(x, t)`.
fn temperature(model: &Sequential, pass: &Pass<'_, f64>, x: Tensor<f64>, t: Tensor<f64>) -> Tensor<f64> {
    let inside = model.forward(pass, Tensor::stack(&[x, t], 1)).squeeze(1);
    (x * PI).sin() + t * x * (-x + 1.0) * inside
}

/// How far the equation is from holding, squared and averaged over points.
fn residual(model: &Sequential, pass: &Pass<'_, f64>, points: &ArrayD<f64>) -> Tensor<f64> {
    let [x, t] = [0, 1].map(|axis| pass.variable(points.index_axis(Axis(1), axis)));
    let u = temperature(model, pass, x, t);
    // Every point's temperature depends on that point alone, so the gradient of the sum is each one's derivative.
    let [u_x, u_t] = u.sum().grad([x, t]);
    let u_xx = u_x.sum().grad(x);
    (u_t - u_xx * DIFFUSIVITY).powi(2).mean()
}

/// The error relative to the exact solution, on a grid over the domain.
fn error(model: &Sequential, params: &Params<f64>) -> f64 {
    const SIDE: usize = 41;
    let axis = |step: fn(usize) -> usize| Array1::from_shape_fn(SIDE * SIDE, |at| step(at) as f64 / (SIDE - 1) as f64);
    let (x, t) = (axis(|at| at % SIDE), axis(|at| at / SIDE));
    let found = Tape::new().evaluate(params, |pass| temperature(model, pass, pass.constant(&x), pass.constant(&t)));
    let exact = x.mapv(|x| (PI * x).sin()) * t.mapv(|t| (-DIFFUSIVITY * PI * PI * t).exp());
    let squares = |difference: ArrayD<f64>| difference.mapv(|d| d * d).sum();
    (squares(found - exact.view().into_dyn()) / squares(exact.into_dyn())).sqrt()
}

fn run(seed: u64) -> Result<f64, Box<dyn std::error::Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut params = Params::new();
    let model = Sequential::new().linear(2, 24).tanh().linear(24, 24).tanh().linear(24, 1).build(&mut params, &mut rng);
    let mut adam = Adam::new(5e-3).schedule(Schedule::cosine(STEPS));
    let mut tape = Tape::new();
    println!("seed {seed}: error {:.4} before", error(&model, &params));
    for step in 0..STEPS {
        // New points in every step: the equation has to hold everywhere.
        let points = Init::uniform(0.0, 1.0).array([POINTS, 2], &mut rng);
        let (loss, gradients) = tape.value_and_grad(&params, |pass| residual(&model, pass, &points));
        adam.step(&mut params, &gradients)?;
        if step % 500 == 0 {
            println!("  step {step:>4}: residual {loss:.2e}");
        }
    }
    Ok(error(&model, &params))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for seed in 0..3 {
        let error = run(seed)?;
        println!("  after {STEPS} steps: error {error:.5}");
        assert!(error < TOLERANCE, "an error below {TOLERANCE} is wanted");
    }
    Ok(())
}
