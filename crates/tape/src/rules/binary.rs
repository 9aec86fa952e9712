//! The rows of two operands. A function with a number as its parameter is one too: where that is a constant, nothing is
//! differentiated with respect to it, and nothing evaluated for that.

use super::formulas::{decay, exp_excess, over_radius, split, unsigned_zero, winner};
use super::{Algebra, BinaryRule, BinaryVisitor, Interval, Reads};
use crate::kernel::Side;

macro_rules! binary_table {
    ($(
        $(#[doc = $text:literal])*
        $row:ident $method:ident $try_method:ident: |$a:ident, $b:ident| $value:expr; |$y:ident, $g:ident| $left:expr, $right:expr;
        $formula:literal, $partials:literal, [$(($first:expr, $second:expr)),+];
    )*) => {
        /// Which operation of two operands.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Binary { $($row),* }

        $(
            #[derive(Clone, Copy)]
            pub(crate) struct $row;

            #[allow(unused_variables, reason = "a rule names operands, output and adjoint, and uses those it needs")]
            impl BinaryRule for $row {
                #[inline(always)]
                fn value<A: Algebra>(self, $a: A, $b: A) -> A { $value }

                #[inline(always)]
                fn left<A: Algebra>(self, $a: A, $b: A, $y: A, $g: A) -> A { $left }

                #[inline(always)]
                fn right<A: Algebra>(self, $a: A, $b: A, $y: A, $g: A) -> A { $right }
            }
        )*

        impl Binary {
            /// Every row of the table.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$row),*];

            #[inline]
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$row => stringify!($method)),* }
            }

            /// The value and the two partial derivatives, as a reader would write them.
            pub(crate) fn formula(self) -> [&'static str; 2] {
                match self { $(Self::$row => [$formula, $partials]),* }
            }

            /// Where the operation is smooth and tests sample its two operands.
            pub(crate) fn intervals(self) -> &'static [&'static [Interval]] {
                match self { $(Self::$row => &[$(&[$first, $second]),+]),* }
            }

            pub(crate) fn value<A: Algebra>(self, a: A, b: A) -> A {
                match self { $(Self::$row => $row.value(a, b)),* }
            }

            #[inline(always)]
            pub(crate) fn left<A: Algebra>(self, a: A, b: A, y: A, g: A) -> A {
                match self { $(Self::$row => $row.left(a, b, y, g)),* }
            }

            #[inline(always)]
            pub(crate) fn right<A: Algebra>(self, a: A, b: A, y: A, g: A) -> A {
                match self { $(Self::$row => $row.right(a, b, y, g)),* }
            }

            /// What the share of one operand reads.
            pub(crate) fn reads(self, side: Side) -> Reads {
                let (a, b, y, g) = (Reads::LEFT, Reads::RIGHT, Reads::OUTPUT, Reads::ADJOINT);
                match side {
                    Side::Left => self.left(a, b, y, g),
                    Side::Right => self.right(a, b, y, g),
                }
            }

            /// Both shares at once: one choice of the rule instead of two.
            #[inline(always)]
            pub(crate) fn shares<A: Algebra>(self, a: A, b: A, y: A, g: A) -> (A, A) {
                match self { $(Self::$row => ($row.left(a, b, y, g), $row.right(a, b, y, g))),* }
            }

            pub(crate) fn visit(self, visitor: impl BinaryVisitor) {
                match self { $(Self::$row => visitor.visit($row)),* }
            }
        }

        /// The methods that the table gives to a handle; `$record` is how the handle records, `$operand` what it takes.
        macro_rules! binary_methods {
            ($record:ident, $operand:ty) => {
                $(
                    #[doc = concat!("`", $formula, "`, elementwise, with a this and b the other; partials `", $partials, "`.")]
                    #[doc = ""]
                    $(#[doc = $text])*
                    #[must_use]
                    #[inline(always)]
                    #[track_caller]
                    #[allow(clippy::should_implement_trait, reason = "the operators record through these methods")]
                    pub fn $method(self, other: $operand) -> Self {
                        self.$record(crate::rules::Binary::$row, crate::rules::binary::$row, other)
                    }
                )*
            };
        }
        pub(crate) use binary_methods;

        /// The same as methods that return an error where shapes or tapes do not fit.
        macro_rules! try_binary_methods {
            ($record:ident, $operand:ty) => {
                $(
                    #[doc = concat!("As [`", stringify!($method), "`](Self::", stringify!($method), ").")]
                    #[doc = ""]
                    #[doc = "# Errors"]
                    #[doc = "If the shapes do not broadcast, or a handle is stale or of another tape."]
                    #[track_caller]
                    pub fn $try_method(self, other: $operand) -> Result<Self, crate::Error> {
                        self.$record(crate::rules::Binary::$row, other)
                    }
                )*
            };
        }
        pub(crate) use try_binary_methods;
    };
}

binary_table! {
    Add add try_add: |a, b| a + b; |y, g| g, g; "a + b", "1, 1", [((-3.0, 3.0), (-3.0, 3.0))];
    Sub sub try_sub: |a, b| a - b; |y, g| g, -g; "a - b", "1, -1", [((-3.0, 3.0), (-3.0, 3.0))];
    Mul mul try_mul: |a, b| a * b; |y, g| g * b, g * a; "a b", "b, a", [((-3.0, 3.0), (-3.0, 3.0))];
    Div div try_div: |a, b| a / b; |y, g| g / b, -(g * (y / b)); "a / b", "1/b, -(a/b)/b",
        [((-3.0, 3.0), (-3.0, -0.2)), ((-3.0, 3.0), (0.2, 3.0))];
    /// The remainder with the sign of a, as of `%` and C's `fmod`. The partials are the same at the jumps.
    Rem rem try_rem: |a, b| a % b; |y, g| g.nan_where(y), -(g * ((a - y) / b).round()).nan_where(y);
        "a % b", "1, -trunc(a/b)", [((2.2, 2.8), (0.95, 1.05)), ((-2.8, -2.2), (0.95, 1.05))];
    /// With b = 0 the partial for a is 0. At a = 0 the partial for b is 0 where b >= 0; for a < 0 it is NaN.
    Pow powf try_powf: |a, b| a.powf(b);
        |y, g|
            g * scaled_lower_power(a, b, y).nan_where(y),
            g * A::select(
                A::or(A::and(y.eq(A::zero()), A::zero().le(a)), A::and(a.eq(A::zero()), A::zero().le(b))),
                A::zero(),
                y * a.ln(),
            );
        "a^b", "b a^(b-1), a^b ln a", [((0.2, 3.0), (-2.0, 3.0))];
    /// The logarithm of a to the base b.
    Log log try_log: |a, b| a.log(b);
        |y, g| (g / b.ln() / unsigned_zero(a)).nan_where(y), -(g * (y / b / b.ln())).nan_where(y);
        "ln a / ln b", "1 / (a ln b), -ln a / (b ln^2 b)", [((0.2, 4.0), (1.5, 4.0)), ((0.2, 4.0), (0.2, 0.7))];
    /// The angle of the point (b, a). At the origin both partials are 0.
    Atan2 atan2 try_atan2: |a, b| a.atan2(b);
        |y, g| (g * over_radius(b, a)).nan_where(y), -(g * over_radius(a, b)).nan_where(y);
        "atan2(a, b)", "b / (a^2 + b^2), -a / (a^2 + b^2)", [((0.2, 3.0), (-3.0, 3.0)), ((-3.0, -0.2), (-3.0, 3.0))];
    /// At the origin both partials are 0.
    Hypot hypot try_hypot: |a, b| a.hypot(b);
        |y, g|
            A::select(y.eq(A::zero()), A::zero(), g * (a / y)),
            A::select(y.eq(A::zero()), A::zero(), g * (b / y));
        "sqrt(a^2 + b^2)", "a/h, b/h", [((0.2, 3.0), (-3.0, 3.0)), ((-3.0, 3.0), (-3.0, -0.2))];
    /// As `f64::max`: a NaN loses to a number. A tie gives each operand one half; 0 and -0 tie.
    Max max try_max: |a, b| a.max(b); |y, g| winner(a, b, b.lt(a), y, g), winner(b, a, a.lt(b), y, g);
        "max(a, b)", "1 to the larger", [((-3.0, -0.1), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1))];
    /// As `f64::min`: a NaN loses to a number. A tie gives each operand one half; 0 and -0 tie.
    Min min try_min: |a, b| a.min(b); |y, g| winner(a, b, a.lt(b), y, g), winner(b, a, b.lt(a), y, g);
        "min(a, b)", "1 to the smaller", [((-3.0, -0.1), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1))];
    /// The larger one, where NaN wins over a number. A tie gives each operand one half.
    Maximum maximum try_maximum: |a, b| A::select(A::or(b.lt(a), a.is_nan()), a, b);
        |y, g| split(b, a, g).nan_where(y), split(a, b, g).nan_where(y);
        "max(a, b)", "1 to the larger", [((-3.0, -0.1), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1))];
    /// The smaller one, where NaN wins over a number. A tie gives each operand one half.
    Minimum minimum try_minimum: |a, b| A::select(A::or(a.lt(b), a.is_nan()), a, b);
        |y, g| split(a, b, g).nan_where(y), split(b, a, g).nan_where(y);
        "min(a, b)", "1 to the smaller", [((-3.0, -0.1), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1))];
    /// The positive difference. Where a <= b both partials are 0.
    AbsSub abs_sub try_abs_sub: |a, b| A::select(a.le(b), A::zero(), a - b);
        |y, g|
            A::select(a.le(b), A::zero(), g.nan_where(y)),
            A::select(a.le(b), A::zero(), -g.nan_where(y));
        "max(a - b, 0)", "1, -1 if a > b else 0, 0", [((0.1, 3.0), (-3.0, -0.1)), ((-3.0, -0.1), (0.1, 3.0))];
    /// The magnitude of a with the sign of b. The partial for b is 0; at a = 0 so is the partial for a.
    Copysign copysign try_copysign: |a, b| a.copysign(b);
        |y, g|
            A::select(a.eq(A::zero()), A::zero(), (g * (a.signum() * b.signum())).nan_where(y)),
            A::zero().nan_where(y);
        "|a| sign b", "sign a sign b, 0", [((0.1, 3.0), (0.1, 3.0)), ((-3.0, -0.1), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1))];
    /// The remainder with the sign of b, as of Python's `%`. The partials are the same at the jumps.
    Remainder remainder try_remainder: |a, b| {
            let r = a % b;
            let same = A::or(r.eq(A::zero()), A::zero().lt(r.signum() * b.signum()));
            A::select(same, r, r + b).nan_where(r)
        };
        |y, g| g.nan_where(y), -(g * (a / b - y / b).round()).nan_where(y);
        "a - b floor(a/b)", "1, -floor(a/b)", [((2.2, 2.8), (0.95, 1.05)), ((-2.8, -2.2), (0.95, 1.05)), ((2.2, 2.8), (-1.05, -0.95))];
    /// `ln(e^a + e^b)` without overflow. If both are `-inf`, so is the value, and the partials are 0 (NaN in PyTorch).
    LogAddExp logaddexp try_logaddexp: |a, b| {
            let larger = A::select(A::or(b.lt(a), a.is_nan()), a, b);
            larger + decay(gap(a, b)).ln_1p()
        };
        |y, g| log_weight(a, b, y, g), log_weight(b, a, y, g);
        "ln(e^a + e^b)", "s(a - b), s(b - a)", [((-3.0, 3.0), (-3.0, 3.0))];
    /// `a ln b`, and 0 where a = 0 even if the logarithm is infinite or NaN. There the partial for b is 0 (NaN in PyTorch at
    /// b = 0), and the partial for a is 0 if b <= 0.
    XLogY xlogy try_xlogy: |a, b| A::select(a.eq(A::zero()), A::zero().nan_where(b), a * b.ln());
        |y, g|
            A::select(A::and(a.eq(A::zero()), b.le(A::zero())), A::zero(), g * b.ln()).nan_where(y),
            A::select(a.eq(A::zero()), A::zero(), g * (a / b)).nan_where(y);
        "a ln b", "ln b, a/b", [((-3.0, 3.0), (0.2, 4.0))];
    /// The larger of a and a lower bound b; NaN passes through. At the bound the adjoint goes to a.
    ClampMin clamp_min try_clamp_min: |a, b| A::select(A::or(b.le(a), a.is_nan()), a, b);
        |y, g| A::select(b.le(a), g, A::zero()).nan_where(y), A::select(b.le(a), A::zero(), g).nan_where(y);
        "max(a, b)", "1, 0 if a >= b else 0, 1", [((-3.0, -0.1), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1))];
    /// The smaller of a and an upper bound b; NaN passes through. At the bound the adjoint goes to a.
    ClampMax clamp_max try_clamp_max: |a, b| A::select(A::or(a.le(b), a.is_nan()), a, b);
        |y, g| A::select(a.le(b), g, A::zero()).nan_where(y), A::select(a.le(b), A::zero(), g).nan_where(y);
        "min(a, b)", "1, 0 if a <= b else 0, 1", [((-3.0, -0.1), (0.1, 3.0)), ((0.1, 3.0), (-3.0, -0.1))];
    /// The rectifier with slope b below 0, and at 0; with a tensor as b, PReLU.
    LeakyRelu leaky_relu try_leaky_relu: |a, b| A::select(A::zero().lt(a), a, a * b);
        |y, g|
            A::select(A::zero().lt(a), g, g * b).nan_where(y),
            A::select(A::zero().lt(a), A::zero(), g * a).nan_where(y);
        "a if a > 0 else a b", "1, 0 if a > 0 else b, a", [((-3.0, -0.1), (0.1, 0.5)), ((0.1, 3.0), (0.1, 0.5))];
    /// The exponential linear unit. At 0 the partial for a is b.
    Elu elu try_elu: |a, b| A::select(A::zero().lt(a), a, b * a.exp_m1());
        |y, g|
            A::select(A::zero().lt(a), g, g * (b * a.exp())).nan_where(y),
            A::select(A::zero().lt(a), A::zero(), g * a.exp_m1()).nan_where(y);
        "a if a > 0 else b (e^a - 1)", "1, 0 if a > 0 else b e^a, e^a - 1",
        [((-3.0, -0.1), (0.5, 2.0)), ((0.1, 3.0), (0.5, 2.0))];
    /// The continuously differentiable exponential linear unit.
    Celu celu try_celu: |a, b| A::select(A::zero().lt(a), a, b * (a / b).exp_m1());
        |y, g|
            A::select(A::zero().lt(a), g, g * (a / b).exp()).nan_where(y),
            A::select(A::zero().lt(a), A::zero(), g * exp_excess(a / b)).nan_where(y);
        "a if a > 0 else b (e^(a/b) - 1)", "1, 0 if a > 0 else e^(a/b), e^(a/b) (1 - a/b) - 1",
        [((-3.0, -0.1), (0.5, 2.0)), ((0.1, 3.0), (0.5, 2.0)), ((-0.1, -0.02), (1.0, 2.0))];
    /// The smooth rectifier with sharpness b, the same formula everywhere; PyTorch's is a itself where a b > 20, which differs by
    /// at most 2e-9 / b.
    Softplus softplus try_softplus: |a, b| {
            let z = a * b;
            A::select(z.lt(A::zero()), A::zero(), a) + decay(z).ln_1p() / b
        };
        |y, g|
            g * (a * b).sigmoid(),
            {
                let z = a * b;
                let slope = A::select(z.lt(A::zero()), a, -a) * (A::select(z.lt(A::zero()), z, -z).sigmoid());
                g * ((slope - decay(z).ln_1p() / b) / b)
            };
        "ln(1 + e^(a b)) / b", "s(a b), (a s(a b) - softplus) / b", [((-4.0, 4.0), (0.5, 2.0)), ((-30.0, 30.0), (0.9, 1.1))];
    /// Nearer to 0 by b, and 0 where that would pass 0, also at the corners.
    SoftShrink soft_shrink try_soft_shrink: |a, b| A::select(a.abs().le(b), A::zero(), a - b * a.signum());
        |y, g|
            A::select(a.abs().le(b), A::zero(), g.nan_where(y)),
            A::select(a.abs().le(b), A::zero(), -(g * a.signum()).nan_where(y));
        "a - b sign a if |a| > b else 0", "1, -sign a if |a| > b else 0, 0",
        [((-3.0, -1.1), (0.1, 1.0)), ((-0.4, 0.4), (0.5, 1.0)), ((1.1, 3.0), (0.1, 1.0))];
    /// a, or 0 where it is within b of 0, also at the jumps. The partial for b is 0.
    HardShrink hard_shrink try_hard_shrink: |a, b| A::select(a.abs().le(b), A::zero(), a);
        |y, g| A::select(a.abs().le(b), A::zero(), g.nan_where(y)), A::zero().nan_where(y);
        "a if |a| > b else 0", "1 if |a| > b else 0, 0",
        [((-3.0, -1.1), (0.1, 1.0)), ((-0.4, 0.4), (0.5, 1.0)), ((1.1, 3.0), (0.1, 1.0))];
    /// The derivative of [`digamma`](Self::digamma) of order b, which is rounded to an integer, so that the partial for it is 0;
    /// NaN for orders outside of 0 to 100.
    Polygamma polygamma try_polygamma: |a, b| a.polygamma(b);
        |y, g| (g * a.polygamma(b.round() + A::one())).nan_where(y), A::zero().nan_where(y);
        "d^b/da^b digamma a", "polygamma_(b+1) a, 0", [((0.5, 4.0), (0.9, 1.1)), ((-0.8, -0.2), (0.9, 1.1)), ((0.5, 4.0), (2.8, 3.2))];
}

/// `a^(b - 1)`: `y / a`, because `b - 1` may be rounded, which large and small a magnify; the power itself where y has lost
/// digits or more.
#[inline(always)]
fn lower_power<A: Algebra>(a: A, b: A, y: A) -> A {
    let size = y.abs();
    let whole = A::and(A::min_positive().le(size), size.lt(A::constant(f64::INFINITY)));
    let usable = A::and(whole, A::and(A::zero().lt(a.abs()), a.abs().lt(A::constant(f64::INFINITY))));
    A::select(usable, y / a, a.powf(b - A::one()))
}

/// `b a^(b-1)`, and 0 at b = 0 where the power is infinite or NaN. Elsewhere at b = 0 it is the product all the same, whose
/// own derivative is not 0.
#[inline(always)]
fn scaled_lower_power<A: Algebra>(a: A, b: A, y: A) -> A {
    let product = b * lower_power(a, b, y);
    A::select(A::and(b.eq(A::zero()), product.is_nan()), A::zero(), product)
}

/// `a - b`, and 0 where both are the same infinity.
#[inline(always)]
fn gap<A: Algebra>(a: A, b: A) -> A {
    let same = A::and(a.eq(b), a.abs().eq(A::constant(f64::INFINITY)));
    A::select(same, A::zero(), a - b)
}

/// The share of one term of a sum of exponentials whose logarithm is y.
#[inline(always)]
fn log_weight<A: Algebra>(own: A, other: A, y: A, g: A) -> A {
    let nothing = y.eq(A::constant(f64::NEG_INFINITY));
    A::select(nothing, A::zero(), (g * gap(own, other).sigmoid()).nan_where(y))
}

impl Binary {
    /// Whether the operand's share is the adjoint itself, so that nothing needs to be computed.
    pub(crate) fn passes_on(self, side: Side) -> bool {
        matches!((self, side), (Self::Add, Side::Left | Side::Right) | (Self::Sub, Side::Left))
    }
}
