//! Elementwise operations against PyTorch: values, and gradients under an adjoint that is not 1.

use tape::{Tape, Tensor};

use crate::oracle;

fn operation(name: &str, _: &Tape<f64>, inputs: &[Tensor<f64>]) -> Tensor<f64> {
    let x = inputs[0];
    macro_rules! named {
        (unary: $($unary:ident)*; binary: $($binary:ident)*;) => {
            match name {
                $(stringify!($unary) => x.$unary(),)*
                $(stringify!($binary) => x.$binary(inputs[1]),)*
                "powi" => x.powi(5),
                "powi_neg" => x.powi(-3),
                "leaky_relu_number" => x.leaky_relu(0.2),
                "elu_number" => x.elu(1.3),
                "celu_number" => x.celu(1.3),
                "softplus_number" => x.softplus(1.5),
                "soft_shrink_number" => x.soft_shrink(0.7),
                "hard_shrink_number" => x.hard_shrink(0.7),
                "threshold" => x.threshold(0.4, -1.5),
                "hard_tanh" => x.hard_tanh(-0.8, 1.1),
                "clamp_number" => x.clamp(-0.8, 1.1),
                "polygamma1" => x.polygamma(1.0),
                "polygamma3" => x.polygamma(3.0),
                "powf_number" => x.powf(2.3),
                "number_powf" => (x * 1.7_f64.ln()).exp(),
                "rem_number" => x % 0.7,
                "remainder_number" => x.remainder(0.7),
                "powf_broadcast" => x.powf(inputs[1]),
                "leaky_relu" => {
                    // PyTorch's slopes belong to the second axis.
                    let axes = x.shape().len().saturating_sub(2);
                    x.leaky_relu((0..axes).fold(inputs[1], |slopes, _| slopes.unsqueeze(-1)))
                }
                "lerp" => x.lerp(inputs[1], inputs[2]),
                "clamp" => x.clamp(inputs[1], inputs[2]),
                "mul_add" => x.mul_add(inputs[1], inputs[2]),
                "select" => x.gt(0.5).select(inputs[1], inputs[2]),
                "glu_0" => x.glu(0),
                "glu_-2" => x.glu(-2),
                "glu_2" => x.glu(2),
                name => panic!("no operation is called {name}"),
            }
        };
    }
    named! {
        unary: neg recip abs sign floor ceil round trunc fract sqrt rsqrt square exp exp2 exp_m1 ln log2 log10 ln_1p sin
            cos tan asin acos atan sinh cosh tanh asinh acosh atanh to_degrees to_radians erf erfc normal_cdf lgamma
            digamma sinc sigmoid log_sigmoid silu mish gelu gelu_tanh selu softsign tanh_shrink relu relu6 hard_sigmoid
            hard_swish;
        binary: add sub mul div rem remainder powf atan2 hypot maximum minimum max min copysign logaddexp xlogy clamp_min
            clamp_max;
    }
}

#[test]
fn elementwise_operations_agree_with_pytorch() {
    let cases = oracle::compare(include_str!("oracle/elementwise.txt"), operation);
    assert!(cases > 250, "{cases}");
}

/// Of all rows of the table, only these have no counterpart in PyTorch; their rules are checked by differences alone.
#[test]
fn every_row_that_pytorch_has_is_compared() {
    let text = include_str!("oracle/elementwise.txt");
    let compared: Vec<&str> = text.lines().filter_map(|line| line.split([' ', '|']).next()).collect();
    let is_compared = |name: &str| compared.iter().any(|compared| compared.trim_end_matches("_number") == name);
    let missing: Vec<&str> =
        tape::operations().map(|operation| operation.name).filter(|name| !is_compared(name)).collect();
    // `signum` differs from `sign` at 0 alone, `polygamma` is compared at two orders.
    assert_eq!(missing, ["signum", "cbrt", "log", "abs_sub", "polygamma"]);
}
