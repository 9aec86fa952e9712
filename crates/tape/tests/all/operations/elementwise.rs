//! Rows of the table: the rules, of tensors and of numbers, and what is composed of them.

use ndarray::ArrayD;
use tape::Tensor;

use super::rows::{Row, Run, constant, row};

/// Three points of each of the intervals that the rule's own check samples, an operand after another; the ends are left out.
fn points(name: &str) -> Vec<ArrayD<f64>> {
    let operation = tape::operations().find(|operation| operation.name == name);
    let operation = operation.unwrap_or_else(|| panic!("{name} is no row of the rules"));
    let within = |operand: usize| {
        let shares = if operand == 0 { [0.15, 0.45, 0.8] } else { [0.7, 0.25, 0.5] };
        let intervals = operation.intervals.iter().map(|operands| operands[operand]);
        let points: Vec<f64> =
            intervals.flat_map(|(low, high)| shares.map(|share| low + share * (high - low))).collect();
        ArrayD::from_shape_vec(vec![points.len()], points).expect("one axis")
    };
    (0..operation.intervals[0].len()).map(within).collect()
}

macro_rules! rules {
    (unary: $($unary:ident)*; binary: $($binary:ident)*;) => {
        pub(crate) fn rules() -> Vec<Row> {
            vec![
                $(Row {
                    name: stringify!($unary),
                    inputs: points(stringify!($unary)),
                    run: Run::Both(|x| x[0].$unary(), |x| x[0].$unary()),
                },)*
                $(Row {
                    name: stringify!($binary),
                    inputs: points(stringify!($binary)),
                    run: Run::Both(|x| x[0].$binary(x[1]), |x| x[0].$binary(x[1])),
                },)*
            ]
        }
    };
}

rules! {
    unary: neg recip abs signum floor ceil round trunc fract sqrt cbrt exp exp2 exp_m1 ln log2 log10 ln_1p sin cos tan asin
        acos atan sinh cosh tanh asinh acosh atanh to_degrees to_radians sign square rsqrt erf erfc normal_cdf lgamma
        digamma sinc sigmoid log_sigmoid silu mish gelu gelu_tanh selu softsign tanh_shrink relu6 hard_sigmoid hard_swish
        relu;
    binary: add sub mul div rem powf log atan2 hypot max min maximum minimum abs_sub copysign remainder logaddexp xlogy
        clamp_min clamp_max leaky_relu elu celu softplus soft_shrink hard_shrink polygamma;
}

pub(crate) fn composed() -> Vec<Row> {
    vec![
        Row { run: Run::Both(|x| x[0].powi(3), |x| x[0].powi(3)), ..row("powi", &[&[3]], |x| x[0]) },
        Row {
            run: Run::Both(|x| x[0].mul_add(x[1], x[2]), |x| x[0].mul_add(x[1], x[2])),
            ..row("mul_add", &[&[3], &[3], &[3]], |x| x[0])
        },
        Row {
            run: Run::Both(|x| x[0].lerp(x[1], x[2]), |x| x[0].lerp(x[1], x[2])),
            ..row("lerp", &[&[3], &[3], &[3]], |x| x[0])
        },
        Row { run: Run::Both(|x| x[0].clamp(-0.7, 0.9), |x| x[0].clamp(-0.7, 0.9)), ..row("clamp", &[&[6]], |x| x[0]) },
        Row {
            run: Run::Both(|x| x[0].threshold(0.1, -2.0), |x| x[0].threshold(0.1, -2.0)),
            ..row("threshold", &[&[4]], |x| x[0])
        },
        Row {
            run: Run::Both(|x| x[0].hard_tanh(-0.7, 0.9), |x| x[0].hard_tanh(-0.7, 0.9)),
            ..row("hard_tanh", &[&[4]], |x| x[0])
        },
        row("sin_cos", &[&[3]], |x| {
            let (sin, cos) = x[0].sin_cos();
            Tensor::stack(&[sin, cos], 0)
        }),
        row("glu", &[&[4, 2]], |x| x[0].glu(0)),
        constant("lt, le, gt, ge, eq, ne", "1 or 0, which jumps and does not change in between", &[3], |_, x| {
            Tensor::stack(
                &[x.lt(0.1), x.le(0.1), x.gt(0.1), x.ge(0.1), x.eq(0.1), x.ne(0.1)].map(tape::Mask::to_tensor),
                0,
            )
        }),
        constant("is_nan, is_finite, is_infinite", "1 or 0, as comparisons are", &[3], |_, x| {
            Tensor::stack(&[x.is_nan(), x.is_finite(), x.is_infinite()].map(tape::Mask::to_tensor), 0)
        }),
        constant("detach", "its very purpose", &[3], |_, x| x.detach()),
    ]
}
