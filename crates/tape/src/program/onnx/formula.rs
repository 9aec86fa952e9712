//! What an elementwise operation is in ONNX: one of its operators by name, or the rule's formula worked out in operators.
//!
//! The rules are generic over what they compute with, so that evaluating one with [`Symbol`]s instead of numbers writes
//! its formula down.

use std::cell::RefCell;
use std::ops;

use crate::rules::{Algebra, Binary, Unary};

/// An intermediate result of a formula: its place in the list of [`Term`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Symbol(usize);

/// One line of a formula.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Term {
    /// The operand of this number.
    Operand(usize),
    Constant(f64),
    /// The smallest positive number that has all its digits.
    MinPositive,
    /// An operator of ONNX, on one to three earlier lines.
    Operator(&'static str, [Option<Symbol>; 3]),
    /// A function that ONNX does not have.
    Missing,
}

/// The lines of a formula, the last one its result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Formula(Vec<Term>);

impl Symbol {
    /// Its line.
    pub(super) fn line(self) -> usize {
        self.0
    }
}

thread_local! {
    /// Where the formula that is being written grows: symbols are plain numbers, as a rule demands of what it computes with.
    static LINES: RefCell<Vec<Term>> = const { RefCell::new(Vec::new()) };
}

fn push(term: Term) -> Symbol {
    LINES.with_borrow_mut(|lines| {
        let known = lines.iter().position(|line| *line == term);
        Symbol(known.unwrap_or_else(|| {
            lines.push(term);
            lines.len() - 1
        }))
    })
}

impl Formula {
    /// The formula that `rule` writes, given its operands.
    fn of<const N: usize>(rule: impl FnOnce([Symbol; N]) -> Symbol) -> Self {
        LINES.set(Vec::new());
        let result = rule(std::array::from_fn(|operand| push(Term::Operand(operand))));
        let mut lines = LINES.take();
        lines.truncate(result.0 + 1);
        Self(lines).without_unused()
    }

    /// The lines that the result needs; masks and constants that a rule names in passing are left out.
    fn without_unused(self) -> Self {
        let Self(lines) = self;
        let mut used = vec![false; lines.len()];
        *used.last_mut().expect("a result") = true;
        for (line, term) in lines.iter().enumerate().rev() {
            if let (true, Term::Operator(_, operands)) = (used[line], term) {
                operands.iter().flatten().for_each(|operand| used[operand.0] = true);
            }
        }
        let mut renamed = vec![Symbol(0); lines.len()];
        let mut kept = Vec::new();
        for (line, mut term) in lines.into_iter().enumerate().filter(|(line, _)| used[*line]) {
            if let Term::Operator(_, operands) = &mut term {
                operands.iter_mut().flatten().for_each(|operand| *operand = renamed[operand.0]);
            }
            renamed[line] = Symbol(kept.len());
            kept.push(term);
        }
        Self(kept)
    }

    pub(super) fn lines(&self) -> &[Term] {
        &self.0
    }
}

/// An operation of one operand.
pub(super) fn unary(rule: Unary) -> Formula {
    match operator(rule) {
        Some(name) => Formula::of(|[x]| x.to(name)),
        None => Formula::of(|[x]| rule.value(x)),
    }
}

/// An operation of two operands.
pub(super) fn binary(rule: Binary) -> Formula {
    Formula::of(|[a, b]| rule.value(a, b))
}

/// The operator that is this very function, so that a reader of the file and the engines that fuse operators know it by
/// its name. Those of one formula line have it anyway.
fn operator(rule: Unary) -> Option<&'static str> {
    match rule {
        Unary::Relu => Some("Relu"),
        Unary::Softsign => Some("Softsign"),
        Unary::HardSwish => Some("HardSwish"),
        Unary::Neg
        | Unary::Recip
        | Unary::Abs
        | Unary::Sign
        | Unary::Signum
        | Unary::Floor
        | Unary::Ceil
        | Unary::Round
        | Unary::Trunc
        | Unary::Fract
        | Unary::Sqrt
        | Unary::Cbrt
        | Unary::Exp
        | Unary::Exp2
        | Unary::ExpM1
        | Unary::Ln
        | Unary::Log2
        | Unary::Log10
        | Unary::Ln1p
        | Unary::Sin
        | Unary::Cos
        | Unary::Tan
        | Unary::Asin
        | Unary::Acos
        | Unary::Atan
        | Unary::Sinh
        | Unary::Cosh
        | Unary::Tanh
        | Unary::Asinh
        | Unary::Acosh
        | Unary::Atanh
        | Unary::ToDegrees
        | Unary::ToRadians
        | Unary::Square
        | Unary::Rsqrt
        | Unary::Erf
        | Unary::Erfc
        | Unary::NormalCdf
        | Unary::Lgamma
        | Unary::Digamma
        | Unary::Sinc
        | Unary::Sigmoid
        | Unary::LogSigmoid
        | Unary::Silu
        | Unary::Mish
        | Unary::Gelu
        | Unary::GeluTanh
        | Unary::Selu
        | Unary::TanhShrink
        | Unary::Relu6
        | Unary::HardSigmoid => None,
    }
}

impl Symbol {
    fn to(self, operator: &'static str) -> Self {
        push(Term::Operator(operator, [Some(self), None, None]))
    }

    fn with(self, operator: &'static str, other: Self) -> Self {
        push(Term::Operator(operator, [Some(self), Some(other), None]))
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $operator:literal),*) => {
        $(impl ops::$trait for Symbol {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                self.with($operator, other)
            }
        })*
    };
}
operators!(Add add "Add", Sub sub "Sub", Mul mul "Mul", Div div "Div", Rem rem "Mod");

impl ops::Neg for Symbol {
    type Output = Self;

    fn neg(self) -> Self {
        self.to("Neg")
    }
}

macro_rules! functions {
    (operators: $($function:ident $operator:literal)*; comparisons: $($comparison:ident $symbol:literal)*;) => {
        $(fn $function(self) -> Self { self.to($operator) })*
        $(fn $comparison(self, other: Self) -> Self { self.with($symbol, other) })*
    };
}

impl Algebra for Symbol {
    type Mask = Self;

    functions! {
        operators: is_nan "IsNaN" abs "Abs" floor "Floor" ceil "Ceil" recip "Reciprocal" sqrt "Sqrt" exp "Exp" ln "Log"
            sin "Sin" cos "Cos" tan "Tan" asin "Asin" acos "Acos" atan "Atan" sinh "Sinh" cosh "Cosh" tanh "Tanh"
            asinh "Asinh" acosh "Acosh" atanh "Atanh" sigmoid "Sigmoid" erf "Erf";
        comparisons: lt "Less" le "LessOrEqual" eq "Equal" powf "Pow";
    }

    fn constant(value: f64) -> Self {
        push(Term::Constant(value))
    }

    fn min_positive() -> Self {
        push(Term::MinPositive)
    }

    fn or(one: Self, other: Self) -> Self {
        one.with("Or", other)
    }

    fn and(one: Self, other: Self) -> Self {
        one.with("And", other)
    }

    fn select(mask: Self, yes: Self, no: Self) -> Self {
        push(Term::Operator("Where", [Some(mask), Some(yes), Some(no)]))
    }

    fn powi(self, exponent: i32) -> Self {
        if exponent == 2 { self * self } else { self.powf(Self::constant(f64::from(exponent))) }
    }

    /// That of zero is its sign, where ONNX's `Sign` has 0.
    fn signum(self) -> Self {
        let of_zero = Self::select(self.recip().lt(Self::zero()), -Self::one(), Self::one());
        Self::select(self.eq(Self::zero()), of_zero, self.to("Sign")).nan_where(self)
    }

    fn trunc(self) -> Self {
        Self::select(self.lt(Self::zero()), self.ceil(), self.floor())
    }

    /// Halves go away from zero, where ONNX's `Round` has them go to the even side.
    fn round(self) -> Self {
        let whole = self.trunc();
        let far = Self::constant(0.5).le((self - whole).abs());
        Self::select(far, whole + self.to("Sign"), whole)
    }

    fn fract(self) -> Self {
        self - self.trunc()
    }

    fn cbrt(self) -> Self {
        self.to("Sign") * self.abs().powf(Self::constant(1.0 / 3.0))
    }

    fn exp2(self) -> Self {
        Self::constant(2.0).powf(self)
    }

    /// By the hyperbolic tangent where subtracting 1 would leave few digits.
    fn exp_m1(self) -> Self {
        let half = (self * Self::constant(0.5)).tanh();
        let near = half * Self::constant(2.0) / (Self::one() - half);
        Self::select(self.abs().lt(Self::constant(0.5)), near, self.exp() - Self::one())
    }

    fn log2(self) -> Self {
        self.ln() * Self::constant(std::f64::consts::LOG2_E)
    }

    fn log10(self) -> Self {
        self.ln() * Self::constant(std::f64::consts::LOG10_E)
    }

    /// With what adding 1 rounds off put back, as in W. Kahan's lecture notes.
    fn ln_1p(self) -> Self {
        let above = Self::one() + self;
        let near = above.ln() * (self / (above - Self::one()));
        let near = Self::select(above.eq(Self::one()), self, near);
        Self::select(self.lt(Self::one()), near, above.ln())
    }

    fn to_degrees(self) -> Self {
        self * Self::constant(180.0 / std::f64::consts::PI)
    }

    fn to_radians(self) -> Self {
        self * Self::constant(std::f64::consts::PI / 180.0)
    }

    fn erfc(self) -> Self {
        Self::one() - self.erf()
    }

    fn normal_cdf(self) -> Self {
        (Self::one() + (self * Self::constant(std::f64::consts::FRAC_1_SQRT_2)).erf()) * Self::constant(0.5)
    }

    fn lgamma(self) -> Self {
        push(Term::Missing)
    }

    fn digamma(self) -> Self {
        push(Term::Missing)
    }

    fn polygamma(self, _: Self) -> Self {
        push(Term::Missing)
    }

    fn log(self, base: Self) -> Self {
        self.ln() / base.ln()
    }

    fn atan2(self, x: Self) -> Self {
        let (zero, pi) = (Self::zero(), Self::constant(std::f64::consts::PI));
        let half_turn = Self::select(x.signum().lt(zero), pi, zero).copysign(self);
        let right_angle = Self::constant(std::f64::consts::FRAC_PI_2).copysign(self);
        let upright = Self::select(self.eq(zero), half_turn, right_angle);
        Self::select(x.eq(zero), upright, (self / x).atan() + Self::select(x.lt(zero), half_turn, zero))
    }

    fn hypot(self, other: Self) -> Self {
        let (one, other) = (self.abs(), other.abs());
        let largest = Self::select(one.lt(other), other, one);
        let [one, other] = [one / largest, other / largest];
        let scaled = largest * (one * one + other * other).sqrt();
        let unscalable = Self::or(largest.eq(Self::zero()), largest.eq(Self::constant(f64::INFINITY)));
        Self::select(unscalable, largest, scaled)
    }

    fn copysign(self, sign: Self) -> Self {
        self.abs() * sign.signum()
    }

    fn max(self, other: Self) -> Self {
        Self::select(Self::or(self.lt(other), self.is_nan()), other, self)
    }

    fn min(self, other: Self) -> Self {
        Self::select(Self::or(other.lt(self), self.is_nan()), other, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(formula: &Formula) -> Vec<String> {
        let line = |term: &Term| match term {
            Term::Operand(number) => format!("operand {number}"),
            Term::Constant(value) => format!("{value}"),
            Term::MinPositive => "smallest".to_owned(),
            Term::Operator(name, operands) => {
                let operands: Vec<_> = operands.iter().flatten().map(|operand| operand.0.to_string()).collect();
                format!("{name}({})", operands.join(", "))
            }
            Term::Missing => "missing".to_owned(),
        };
        formula.lines().iter().map(line).collect()
    }

    #[test]
    fn functions_that_onnx_has_are_one_operator() {
        assert_eq!(written(&unary(Unary::Tanh)), ["operand 0", "Tanh(0)"]);
        assert_eq!(written(&unary(Unary::Relu)), ["operand 0", "Relu(0)"]);
        assert_eq!(written(&binary(Binary::Add)), ["operand 0", "operand 1", "Add(0, 1)"]);
    }

    #[test]
    fn others_are_their_formula_each_part_once() {
        assert_eq!(written(&unary(Unary::Silu)), ["operand 0", "Sigmoid(0)", "Mul(0, 1)"]);
        let softplus = written(&unary(Unary::LogSigmoid));
        assert_eq!(softplus.iter().filter(|line| line.starts_with("Exp(")).count(), 1, "{softplus:?}");
    }

    /// What a formula comes to, each operator as the standard describes it.
    fn evaluate(formula: &Formula, operands: &[f64]) -> f64 {
        let truth = |mask: bool| f64::from(u8::from(mask));
        let mut values: Vec<f64> = Vec::new();
        for term in formula.lines() {
            let value = match term {
                Term::Operand(number) => operands[*number],
                Term::Constant(value) => *value,
                Term::MinPositive => f64::MIN_POSITIVE,
                Term::Missing => panic!("a function that there is not"),
                Term::Operator(name, lines) => {
                    let [a, b, c] = lines.map(|line| line.map_or(f64::NAN, |line| values[line.line()]));
                    match *name {
                        "Add" => a + b,
                        "Sub" => a - b,
                        "Mul" => a * b,
                        "Div" => a / b,
                        "Mod" => a % b,
                        "Pow" => a.powf(b),
                        "Less" => truth(a < b),
                        "LessOrEqual" => truth(a <= b),
                        "Equal" => truth(a == b),
                        "And" => a * b,
                        "Or" => truth(a + b > 0.0),
                        "IsNaN" => truth(a.is_nan()),
                        "Where" if a == 0.0 => c,
                        "Where" => b,
                        "Sign" if a == 0.0 => 0.0,
                        "Sign" => a.signum(),
                        "Neg" => -a,
                        "Relu" if a < 0.0 => 0.0,
                        "Relu" => a,
                        "Softsign" => a / (1.0 + a.abs()),
                        "HardSwish" => a * (a / 6.0 + 0.5).clamp(0.0, 1.0),
                        "Abs" => a.abs(),
                        "Floor" => a.floor(),
                        "Ceil" => a.ceil(),
                        "Reciprocal" => a.recip(),
                        "Sqrt" => a.sqrt(),
                        "Exp" => a.exp(),
                        "Log" => a.ln(),
                        "Sin" => a.sin(),
                        "Cos" => a.cos(),
                        "Tan" => a.tan(),
                        "Asin" => a.asin(),
                        "Acos" => a.acos(),
                        "Atan" => a.atan(),
                        "Sinh" => a.sinh(),
                        "Cosh" => a.cosh(),
                        "Tanh" => a.tanh(),
                        "Asinh" => a.asinh(),
                        "Acosh" => a.acosh(),
                        "Atanh" => a.atanh(),
                        "Sigmoid" => 1.0 / (1.0 + (-a).exp()),
                        "Erf" => libm::erf(a),
                        other => panic!("{other} is no operator that formulas have"),
                    }
                }
            };
            values.push(value);
        }
        values[values.len() - 1]
    }

    fn assert_close(name: &str, operands: &[f64], found: f64, expected: f64) {
        let close = found == expected || (found - expected).abs() <= 1e-12 * (1.0 + expected.abs());
        assert!(close || found.is_nan() && expected.is_nan(), "{name} at {operands:?}: {found}, not {expected}");
    }

    /// Every row, over the intervals that the table samples, at zero and at whole and half numbers.
    #[test]
    fn every_formula_is_the_function_of_its_row() {
        let mut missing = Vec::new();
        let grid = |(low, high): (f64, f64)| (0..=40).map(move |at| low + (high - low) * f64::from(at) / 40.0);
        let kinks = || (-6..=6).map(|at| f64::from(at) / 2.0).chain([-0.0, f64::NAN, 1e-9, -1e-9, 30.0, -30.0]);
        for &rule in Unary::ALL {
            let formula = unary(rule);
            if formula.lines().contains(&Term::Missing) {
                missing.push(rule.name());
                continue;
            }
            let intervals = rule.intervals().iter().flat_map(|operands| grid(operands[0]));
            for x in intervals.chain(kinks()) {
                assert_close(rule.name(), &[x], evaluate(&formula, &[x]), rule.value(x));
            }
        }
        for &rule in Binary::ALL {
            let formula = binary(rule);
            if formula.lines().contains(&Term::Missing) {
                missing.push(rule.name());
                continue;
            }
            for operands in rule.intervals() {
                for (a, b) in grid(operands[0]).flat_map(|a| grid(operands[1]).map(move |b| (a, b))) {
                    assert_close(rule.name(), &[a, b], evaluate(&formula, &[a, b]), rule.value(a, b));
                }
            }
        }
        assert_eq!(missing, ["lgamma", "digamma", "polygamma"]);
    }

    /// Where the quadrants and the signs of zero meet.
    #[test]
    fn the_angle_is_right_all_around() {
        let formula = binary(Binary::Atan2);
        for y in [0.0, -0.0, 1.0, -2.0] {
            for x in [0.0, -0.0, 3.0, -0.5] {
                assert_close("atan2", &[y, x], evaluate(&formula, &[y, x]), y.atan2(x));
            }
        }
    }
}
