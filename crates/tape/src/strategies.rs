//! Strategies for property tests (feature `proptest`): shapes, arrays, and expressions that know their own gradient.
//!
//! ```
//! use proptest::prelude::*;
//! use tape::strategies::expressions;
//!
//! proptest!(|(f in expressions(2), x in -2.0..2.0, y in -2.0..2.0)| {
//!     let gradient = tape::gradient(|x| f.evaluate(x), &[x, y]);
//!     for ((reverse, forward), scale) in gradient.iter().zip(f.gradient(&[x, y])).zip(f.gradient_scale(&[x, y])) {
//!         prop_assert!((reverse - forward).abs() <= 1e-12 * scale, "{f}");
//!     }
//! });
//! ```

use std::fmt;
use std::ops::RangeInclusive;

use ndarray::{Array2, ArrayD};
use num_traits::Float;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::shape::Shape;

/// Shapes of some ranks with axes of some lengths; a length of 0 gives empty tensors.
///
/// ```
/// use proptest::prelude::*;
/// proptest!(|(shape in tape::strategies::shapes(1..=3, 2..=4))| {
///     prop_assert!((2..=64).contains(&shape.size()));
/// });
/// ```
pub fn shapes(ranks: RangeInclusive<usize>, lengths: RangeInclusive<usize>) -> impl Strategy<Value = Shape> + Clone {
    vec(lengths, ranks).prop_map(Shape::from)
}

/// Two shapes that broadcast together, and the shape that they give. Each of the two has axes of length 1, or lacks leading
/// axes, where the other is longer.
///
/// ```
/// use proptest::prelude::*;
/// use tape::{Tape, strategies::broadcastable};
/// proptest!(|((left, right, both) in broadcastable(0..=3, 0..=3))| {
///     let tape = Tape::<f64>::new();
///     let [left, right] = [left, right].map(|shape| tape.constant(ndarray::ArrayD::ones(&*shape)));
///     prop_assert_eq!((left + right).shape(), both);
/// });
/// ```
pub fn broadcastable(
    ranks: RangeInclusive<usize>,
    lengths: RangeInclusive<usize>,
) -> impl Strategy<Value = (Shape, Shape, Shape)> + Clone {
    let axes = vec((lengths, 0..4_u8), ranks);
    (axes, any::<bool>(), 0..=4_usize).prop_map(|(axes, left_is_shorter, missing)| {
        // Of each axis, the left operand has it whole, or the right, or (two of four) both.
        let side = |repeated: u8| -> Vec<usize> {
            axes.iter().map(|&(length, which)| if which == repeated { 1 } else { length }).collect()
        };
        let [mut left, mut right] = [side(0), side(1)];
        let (shorter, longer) = if left_is_shorter { (&mut left, &mut right) } else { (&mut right, &mut left) };
        let missing = missing.min(axes.len());
        shorter.drain(..missing);
        // What the one lacks, the other has whole.
        for (longer, &(length, _)) in longer.iter_mut().zip(&axes[..missing]) {
            *longer = length;
        }
        (left.into(), right.into(), axes.into_iter().map(|(length, _)| length).collect())
    })
}

/// Numbers of a range that keep a distance from some points, such as kinks and poles.
///
/// ```
/// use proptest::prelude::*;
/// proptest!(|(x in tape::strategies::numbers(-1.0..=2.0, &[0.0, 1.0], 0.1))| {
///     prop_assert!(x.abs() >= 0.1 && (x - 1.0).abs() >= 0.1);
/// });
/// ```
///
/// # Panics
/// If nothing of the range is left.
#[track_caller]
pub fn numbers(range: RangeInclusive<f64>, points: &[f64], distance: f64) -> impl Strategy<Value = f64> + Clone {
    let mut points = points.to_vec();
    points.sort_by(f64::total_cmp);
    let mut pieces = Vec::new();
    let mut low = *range.start();
    for point in points {
        pieces.push((low, (point - distance).min(*range.end())));
        low = low.max(point + distance);
    }
    pieces.push((low, *range.end()));
    pieces.retain(|(low, high)| low < high);
    assert!(!pieces.is_empty(), "numbers: nothing of {range:?} is left");
    let total: f64 = pieces.iter().map(|(low, high)| high - low).sum();
    (0.0..1.0).prop_map(move |share| {
        let mut along = share * total;
        for &(low, high) in &pieces {
            if along < high - low {
                return low + along;
            }
            along -= high - low;
        }
        // Rounding may lead past the last piece.
        pieces.last().map_or(f64::NAN, |&(_, high)| high)
    })
}

/// Arrays of a shape, with elements of some strategy.
///
/// ```
/// use proptest::prelude::*;
/// use tape::{Tape, strategies};
/// let positive = strategies::numbers(0.1..=3.0, &[], 0.0);
/// proptest!(|(x in strategies::arrays(tape::Shape::from([2, 3]), positive))| {
///     let tape = Tape::new();
///     let x = tape.variable(x);
///     prop_assert!(x.ln().sum().backward()[x].iter().all(|slope| *slope >= 1.0 / 3.0));
/// });
/// ```
pub fn arrays(
    shape: Shape,
    elements: impl Strategy<Value = f64> + Clone,
) -> impl Strategy<Value = ArrayD<f64>> + Clone {
    vec(elements, shape.size())
        .prop_map(move |elements| ArrayD::from_shape_vec(&*shape, elements).expect("as many elements as the shape has"))
}

/// Square matrices `[n, n]` that are safely regular: the diagonal outweighs the rest of its row by at least 1, so that no
/// eigenvalue is closer to 0 than that.
///
/// ```
/// use proptest::prelude::*;
/// proptest!(|(a in tape::strategies::regular_matrices(2))| {
///     prop_assert!((a[[0, 0]] * a[[1, 1]] - a[[0, 1]] * a[[1, 0]]).abs() >= 1.0);
/// });
/// ```
pub fn regular_matrices(n: usize) -> impl Strategy<Value = Array2<f64>> + Clone {
    (vec(-1.0..1.0_f64, n * n), vec((1.0..2.0_f64, any::<bool>()), n)).prop_map(move |(elements, diagonal)| {
        let mut matrix = Array2::from_shape_vec((n, n), elements).expect("n * n elements");
        for (row, (more, negative)) in diagonal.into_iter().enumerate() {
            matrix[[row, row]] = 0.0;
            let least: f64 = matrix.row(row).iter().map(|element: &f64| element.abs()).sum::<f64>() + more;
            matrix[[row, row]] = if negative { -least } else { least };
        }
        matrix
    })
}

/// A random smooth function of some numbers, which knows its own gradient.
///
/// It is evaluated for any [`Float`], so for variables of a tape, and differentiated in forward mode, by formulas that are
/// not those of the tape. For inputs between -2 and 2, it is finite and has finite derivatives.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// The input with this index.
    Input(usize),
    /// A constant.
    Number(f64),
    /// A function of one expression.
    Unary(Function, Box<Self>),
    /// An operation of two expressions.
    Binary(Operator, Box<[Self; 2]>),
}

/// What an [`Expression`] applies to one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `-x`
    Neg,
    /// `sin x`
    Sin,
    /// `cos x`
    Cos,
    /// `tanh x`
    Tanh,
    /// `atan x`
    Atan,
    /// `asinh x`
    Asinh,
    /// `exp(sin x)`: bounded, so that nothing overflows.
    ExpSin,
    /// `ln(1 + x^2)`
    LnOnePlusSquare,
    /// `sqrt(1 + x^2)`
    SqrtOnePlusSquare,
    /// `x^3`
    Cube,
}

/// What an [`Expression`] applies to two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a b`
    Mul,
    /// `a / (1 + b^2)`
    DivOnePlusSquare,
}

/// Expressions of so many inputs, of up to about 30 operations.
///
/// # Panics
/// If there is no input.
#[track_caller]
pub fn expressions(inputs: usize) -> impl Strategy<Value = Expression> {
    assert!(inputs > 0, "expressions: at least one input is needed");
    let input = (0..inputs).prop_map(Expression::Input);
    let leaf = prop_oneof![3 => input, 1 => (-2.0..2.0).prop_map(Expression::Number)];
    leaf.prop_recursive(6, 32, 2, |inner| {
        let unary = (prop::sample::select(Function::ALL), inner.clone());
        let binary = (prop::sample::select(Operator::ALL), inner.clone(), inner);
        prop_oneof![
            1 => unary.prop_map(|(function, x)| Expression::Unary(function, Box::new(x))),
            2 => binary.prop_map(|(operator, a, b)| Expression::Binary(operator, Box::new([a, b]))),
        ]
    })
}

impl Expression {
    /// The value at a point.
    ///
    /// # Panics
    /// If the point has fewer numbers than the expression has inputs.
    #[track_caller]
    pub fn evaluate<T: Float>(&self, x: &[T]) -> T {
        match self {
            Self::Input(index) => x[*index],
            Self::Number(number) => T::from(*number).expect("a float holds any number"),
            Self::Unary(function, operand) => function.value(operand.evaluate(x)),
            Self::Binary(operator, operands) => operator.value(operands[0].evaluate(x), operands[1].evaluate(x)),
        }
    }

    /// The gradient at a point, in forward mode.
    ///
    /// # Panics
    /// If the point has fewer numbers than the expression has inputs.
    #[must_use]
    #[track_caller]
    pub fn gradient(&self, x: &[f64]) -> Vec<f64> {
        (0..x.len()).map(|input| self.dual(x, input).tangent).collect()
    }

    /// What the gradient would be if no two terms of it cancelled: rounding errors are small relative to this, not to the
    /// gradient itself.
    ///
    /// # Panics
    /// If the point has fewer numbers than the expression has inputs.
    #[must_use]
    #[track_caller]
    pub fn gradient_scale(&self, x: &[f64]) -> Vec<f64> {
        (0..x.len()).map(|input| self.dual(x, input).scale).collect()
    }

    fn dual(&self, x: &[f64], input: usize) -> Dual {
        match self {
            Self::Input(index) => {
                let own = if *index == input { 1.0 } else { 0.0 };
                Dual { value: x[*index], tangent: own, scale: own }
            }
            Self::Number(number) => Dual { value: *number, tangent: 0.0, scale: 0.0 },
            Self::Unary(function, operand) => {
                let Dual { value, tangent, scale } = operand.dual(x, input);
                let slope = function.slope(value);
                // The slope of tanh, 1 - tanh^2, is exact to a part of 1, not of itself.
                let steepest = if *function == Function::Tanh { 1.0 } else { slope.abs() };
                Dual { value: function.value(value), tangent: slope * tangent, scale: steepest * scale }
            }
            Self::Binary(operator, operands) => {
                let [a, b] = [0, 1].map(|side: usize| operands[side].dual(x, input));
                let [left, right] = operator.slopes(a.value, b.value);
                Dual {
                    value: operator.value(a.value, b.value),
                    tangent: left * a.tangent + right * b.tangent,
                    scale: left.abs() * a.scale + right.abs() * b.scale,
                }
            }
        }
    }
}

/// A value, its derivative for one input, and what that would be if nothing cancelled.
struct Dual {
    value: f64,
    tangent: f64,
    scale: f64,
}

impl Function {
    const ALL: &'static [Self] = &[
        Self::Neg,
        Self::Sin,
        Self::Cos,
        Self::Tanh,
        Self::Atan,
        Self::Asinh,
        Self::ExpSin,
        Self::LnOnePlusSquare,
        Self::SqrtOnePlusSquare,
        Self::Cube,
    ];

    fn value<T: Float>(self, x: T) -> T {
        match self {
            Self::Neg => -x,
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Tanh => x.tanh(),
            Self::Atan => x.atan(),
            Self::Asinh => x.asinh(),
            Self::ExpSin => x.sin().exp(),
            Self::LnOnePlusSquare => (x * x).ln_1p(),
            Self::SqrtOnePlusSquare => (x * x + T::one()).sqrt(),
            Self::Cube => x.powi(3),
        }
    }

    fn slope(self, x: f64) -> f64 {
        match self {
            Self::Neg => -1.0,
            Self::Sin => x.cos(),
            Self::Cos => -x.sin(),
            Self::Tanh => x.cosh().powi(-2),
            Self::Atan => 1.0 / (1.0 + x * x),
            Self::Asinh => 1.0 / x.hypot(1.0),
            Self::ExpSin => x.sin().exp() * x.cos(),
            Self::LnOnePlusSquare => 2.0 * x / (1.0 + x * x),
            Self::SqrtOnePlusSquare => x / x.hypot(1.0),
            Self::Cube => 3.0 * x * x,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Neg => "-",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tanh => "tanh",
            Self::Atan => "atan",
            Self::Asinh => "asinh",
            Self::ExpSin => "exp sin",
            Self::LnOnePlusSquare => "ln(1 + .^2)",
            Self::SqrtOnePlusSquare => "sqrt(1 + .^2)",
            Self::Cube => "cube",
        }
    }
}

impl Operator {
    const ALL: &'static [Self] = &[Self::Add, Self::Sub, Self::Mul, Self::DivOnePlusSquare];

    fn value<T: Float>(self, a: T, b: T) -> T {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::DivOnePlusSquare => a / (b * b + T::one()),
        }
    }

    fn slopes(self, a: f64, b: f64) -> [f64; 2] {
        match self {
            Self::Add => [1.0, 1.0],
            Self::Sub => [1.0, -1.0],
            Self::Mul => [b, a],
            Self::DivOnePlusSquare => {
                let below = 1.0 + b * b;
                [1.0 / below, -2.0 * a * (b / below) / below]
            }
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(index) => write!(f, "x[{index}]"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Unary(function, operand) => write!(f, "{}({operand})", function.name()),
            Self::Binary(operator, operands) => {
                let [a, b] = &**operands;
                match operator {
                    Operator::Add => write!(f, "({a} + {b})"),
                    Operator::Sub => write!(f, "({a} - {b})"),
                    Operator::Mul => write!(f, "({a} {b})"),
                    Operator::DivOnePlusSquare => write!(f, "({a} / (1 + {b}^2))"),
                }
            }
        }
    }
}
