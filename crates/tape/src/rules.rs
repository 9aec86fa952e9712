//! The table of elementwise operations: their values and their derivatives.
//!
//! One row is one operation. A derivative is written once, as the *share* of the output's adjoint `g` that each operand
//! receives, in terms of the operands and the output, and generically over [`Algebra`]: with plain numbers it is the
//! numeric sweep of scalars, with [`Lane`] the vectorised sweep of tensors. A share is linear in `g`, so the same
//! expression is also the operation's tangent.
//!
//! Two things are said once for all rows, where the shares are used: a zero adjoint gives a zero share whatever the
//! partial is, and shares are added up by the sweep. What a derivative is at a kink, at a tie or at the end of the domain
//! is said in the row's note and pinned by a test.
//!
//! A derivative is made of operations that the table has too, so that it can be differentiated again. Where one smooth
//! function has different formulas in different places, they are told apart by `select`, and all conditions fall on the
//! same side at the seam, so that derivatives of every order are right there; `abs` would have derivative 0 at 0.
//!
//! What rules compute with is in `algebra`, what they need to know in `reads`, the rows are in `unary` and `binary`, the formulas that several of them share
//! in `formulas`, and functions that Rust does not have in `special`.

mod algebra;
pub(crate) mod binary;
mod formulas;
mod reads;
mod special;
pub(crate) mod unary;

pub(crate) use self::algebra::{Algebra, Lane};
pub(crate) use self::binary::{Binary, binary_methods, try_binary_methods};
pub(crate) use self::reads::Reads;
pub(crate) use self::unary::{Powi, Unary, unary_methods, visit_power};
use crate::kernel::dispatch;
use crate::real::Real;

/// An operation of one operand.
pub(crate) trait UnaryRule: Copy {
    fn value<A: Algebra>(self, x: A) -> A;
    /// The operand's share of the output's adjoint `g`.
    fn share<A: Algebra>(self, x: A, y: A, g: A) -> A;
}

/// An operation of two operands.
pub(crate) trait BinaryRule: Copy {
    fn value<A: Algebra>(self, a: A, b: A) -> A;
    /// The left operand's share of the output's adjoint `g`.
    fn left<A: Algebra>(self, a: A, b: A, y: A, g: A) -> A;
    /// The right operand's share.
    fn right<A: Algebra>(self, a: A, b: A, y: A, g: A) -> A;
}

/// What is done with whichever rule an operation turns out to have: a loop over slices, chosen once per call.
pub(crate) trait UnaryVisitor {
    fn visit(self, rule: impl UnaryRule);
}

/// As [`UnaryVisitor`], for two operands.
pub(crate) trait BinaryVisitor {
    fn visit(self, rule: impl BinaryRule);
}

/// The range that tests sample an operand from.
pub(crate) type Interval = (f64, f64);

impl Unary {
    /// Whether a recorded variable keeps the partial derivative, because it comes with the value: whoever has a sine has the
    /// cosine for a sixth of what it costs alone.
    #[inline(always)]
    pub(crate) fn keeps_partial(self) -> bool {
        matches!(self, Self::Sin | Self::Cos)
    }

    /// Whether the rule holds for these operands in lanes too, whose periodic functions have a limit.
    pub(crate) fn holds_in_lanes<T: Real>(self, x: &[T]) -> bool {
        // An infinity has no sine, in lanes either. The normalised sinc multiplies by pi first.
        let huge = |x: &T| (x.abs() > T::PERIODIC_LIMIT / T::from_f64(4.0)) & (x.abs() < T::infinity());
        !self.is_periodic()
            || dispatch(
                #[inline(always)]
                || !x.iter().fold(false, |any, x| any | huge(x)),
            )
    }

    /// Whether it is made of sines and cosines; all other rules hold in lanes for every operand.
    pub(crate) fn is_periodic(self) -> bool {
        matches!(self, Self::Sin | Self::Cos | Self::Tan | Self::Sinc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, Tensor, Var, check_gradient};

    /// Points spread evenly over a box of intervals, by the golden ratio: no two share a coordinate.
    fn points(intervals: &[Interval]) -> impl Iterator<Item = Vec<f64>> {
        (1..=12).map(|index| {
            let spread = |(axis, &(low, high)): (usize, &Interval)| {
                let ratio = [0.618_033_988_749_894_9, 0.754_877_666_246_692_8][axis];
                low + (high - low) * (f64::from(index) * ratio).fract()
            };
            intervals.iter().enumerate().map(spread).collect()
        })
    }

    /// A rule of the table as anything that turns numbers into their value and their shares of an adjoint.
    type Shares<'a> = &'a dyn Fn(&[f64], f64) -> (f64, Vec<f64>);

    /// Whether a rule's shares of an adjoint that is not 1 are its value's derivatives, over all its intervals.
    fn agrees(intervals: &[&[Interval]], rule: Shares<'_>) -> bool {
        const ADJOINT: f64 = -1.75;
        intervals.iter().flat_map(|intervals| points(intervals)).all(|point| {
            let value = |x: &[f64]| ADJOINT * rule(x, ADJOINT).0;
            check_gradient(value, |x| rule(x, ADJOINT).1, &point).passed()
        })
    }

    /// Every row as [`Shares`], once with plain numbers and once with lanes.
    fn rows(test: impl Fn(&'static str, &'static [&'static [Interval]], Shares<'_>)) {
        fn unary<A: Algebra>(rule: Unary, x: A, g: A) -> (A, Vec<A>) {
            struct Visit<A>(A, A, Option<(A, Vec<A>)>);
            impl<A: Algebra> UnaryVisitor for &mut Visit<A> {
                fn visit(self, rule: impl UnaryRule) {
                    let y = rule.value(self.0);
                    self.2 = Some((y, vec![rule.share(self.0, y, self.1)]));
                }
            }
            let mut visit = Visit(x, g, None);
            rule.visit(&mut visit);
            visit.2.expect("every rule is visited")
        }
        fn binary<A: Algebra>(rule: Binary, a: A, b: A, g: A) -> (A, Vec<A>) {
            struct Visit<A>(A, A, A, Option<(A, Vec<A>)>);
            impl<A: Algebra> BinaryVisitor for &mut Visit<A> {
                fn visit(self, rule: impl BinaryRule) {
                    let Visit(a, b, g, ref mut out) = *self;
                    let y = rule.value(a, b);
                    *out = Some((y, vec![rule.left(a, b, y, g), rule.right(a, b, y, g)]));
                }
            }
            let mut visit = Visit(a, b, g, None);
            rule.visit(&mut visit);
            visit.3.expect("every rule is visited")
        }
        let plain = |(y, shares): (Lane<f64>, Vec<Lane<f64>>)| (y.0, shares.iter().map(|share| share.0).collect());
        for &rule in Unary::ALL {
            test(rule.name(), rule.intervals(), &|x, g| unary(rule, x[0], g));
            test(rule.name(), rule.intervals(), &|x, g| plain(unary(rule, Lane(x[0]), Lane(g))));
        }
        for &rule in Binary::ALL {
            test(rule.name(), rule.intervals(), &|x, g| binary(rule, x[0], x[1], g));
            test(rule.name(), rule.intervals(), &|x, g| plain(binary(rule, Lane(x[0]), Lane(x[1]), Lane(g))));
        }
    }

    #[test]
    fn every_row_is_the_derivative_of_its_value() {
        rows(|name, intervals, rule| assert!(agrees(intervals, rule), "the rule of {name} is wrong"));
    }

    /// The test above would notice: every share that is not zero everywhere, wrong by a thousandth, makes it fail.
    #[test]
    fn every_row_that_is_wrong_by_a_thousandth_is_found() {
        let (broken, found) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
        rows(|name, intervals, rule| {
            for operand in 0..intervals[0].len() {
                let vanishes = intervals
                    .iter()
                    .flat_map(|intervals| points(intervals))
                    .all(|point| rule(&point, 1.0).1[operand] == 0.0);
                if vanishes {
                    continue;
                }
                broken.set(broken.get() + 1);
                let wrong = agrees(intervals, &|x, g| {
                    let (y, mut shares) = rule(x, g);
                    shares[operand] *= 1.001;
                    (y, shares)
                });
                assert!(!wrong, "operand {operand} of {name}, wrong by a thousandth, is not noticed");
                found.set(found.get() + 1);
            }
        });
        assert_eq!((broken.get(), found.get()), (found.get(), broken.get()));
        assert!(broken.get() > 190, "only {} shares were broken", broken.get());
    }

    #[test]
    fn integer_powers_are_differentiated() {
        for n in [-7, -2, -1, 0, 1, 2, 3, 12] {
            for x in [-1.5, -0.3, 0.4, 2.0] {
                crate::check(|x| x[0].powi(n), &[x]).assert();
            }
        }
    }

    #[test]
    fn a_tensor_and_a_variable_follow_the_same_rule() {
        let tape = Tape::<f64>::new();
        let x: Tensor<f64> = tape.variable([0.3, 0.6]);
        let v: Var = tape.var(0.6);
        let (tensor, scalar) = (x.tanh().sum().backward(), v.tanh().backward());
        assert!((tensor[x][[1]] - scalar[v]).abs() < 1e-15);
    }
}
