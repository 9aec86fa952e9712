//! Rows of the table: operations of users, checkpoints, and what equations define.

use ndarray::{ArrayD, ArrayViewD};
use tape::{CustomOp, Error, Tensor, Var, checkpoint, checkpoint_loop, fixed_point, root, solve};

use super::rows::{Row, Run, row};

/// `a exp(b)`, with a tangent of its own or without.
struct Growth {
    own_tangent: bool,
}

impl CustomOp<f64> for Growth {
    fn name(&self) -> &'static str {
        "growth"
    }

    fn value(&self, inputs: &[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
        Ok(&inputs[0] * &inputs[1].mapv(f64::exp))
    }

    fn vjp(
        &self,
        inputs: &[Tensor<f64>],
        output: Tensor<f64>,
        adjoint: Tensor<f64>,
    ) -> Result<Vec<Option<Tensor<f64>>>, Error> {
        Ok(vec![Some(adjoint * inputs[1].exp()), Some(adjoint * output)])
    }

    fn jvp(
        &self,
        inputs: &[Tensor<f64>],
        output: Tensor<f64>,
        tangents: &[Option<Tensor<f64>>],
    ) -> Result<Option<Tensor<f64>>, Error> {
        if !self.own_tangent {
            return Ok(None);
        }
        let parts = [tangents[0].map(|da| da * inputs[1].exp()), tangents[1].map(|db| db * output)];
        Ok(parts.into_iter().flatten().reduce(|sum, part| sum + part))
    }
}

fn cell(x: &[Tensor<f64>]) -> Tensor<f64> {
    (x[0] * x[1]).sin() + x[0]
}

pub(crate) fn own() -> Vec<Row> {
    vec![
        row("Tensor::custom", &[&[3], &[3]], |x| Tensor::custom(Growth { own_tangent: false }, x)),
        row("Tensor::custom, with jvp", &[&[3], &[3]], |x| Tensor::custom(Growth { own_tangent: true }, x)),
        Row {
            run: Run::Numbers(|x| Var::custom("product", x, |x| x[0] * x[1], |x| vec![x[1], x[0]])),
            ..row("Var::custom", &[&[1], &[1]], |x| x[0])
        },
        row("checkpoint", &[&[3], &[3]], |x| checkpoint(cell, x)),
        row("checkpoint_loop", &[&[3], &[3]], |x| {
            checkpoint_loop(|_, state, p| cell(&[state, p[0]]), x[0], &x[1..], 4, 2)
        }),
        row("solve", &[&[3, 3], &[3]], |x| {
            let pivots = (x[1].detach() * 0.0 + 3.0).diag_embed(0);
            solve(x[0] + pivots, x[1])
        }),
        row("root", &[&[3]], |x| {
            let newton = |a: &[ArrayViewD<'_, f64>]| {
                Ok(a[0].mapv(|a| (0..60).fold(a, |x, _| x - (x.powi(3) + x - a) / (3.0 * x * x + 1.0))))
            };
            root(newton, |x, a| x.powi(3) + x - a[0], x)
        }),
        row("fixed_point", &[&[3]], |x| {
            let iterate = |a: &[ArrayViewD<'_, f64>]| Ok(a[0].mapv(|a| (0..80).fold(a, |x, _| 0.5 * x.sin() + a)));
            fixed_point(iterate, |x, a| x.sin() * 0.5 + a[0], x)
        }),
    ]
}
