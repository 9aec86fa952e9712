//! Elementwise operations and their shares, tile by tile.
//!
//! Operands come as views of the output's shape, broadcast with strides of 0 where they were smaller. A tile of each is
//! read as a dense slice, and one vectorised loop per rule does the rest.

use super::{Room, TILE, Tiles, View, dispatch};
use crate::op::Comparison;
use crate::real::Real;
use crate::rules::{Binary, BinaryRule, BinaryVisitor, Lane, Reads, Unary, UnaryRule, UnaryVisitor, visit_power};

/// Which operand of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Stores a share, or adds it to those that arrived before.
#[inline(always)]
fn deposit<T: Real>(out: &mut T, share: T, accumulate: bool) {
    *out = if accumulate { *out + share } else { share };
}

/// A zero adjoint absorbs: its share is zero, also where the partial is infinite or NaN.
#[inline(always)]
fn absorbing<T: Real>(g: T, share: T) -> T {
    if g == T::zero() { T::zero() } else { share }
}

struct MapUnary<'a, T> {
    x: View<'a, T>,
    out: &'a mut [T],
}

impl<T: Real> UnaryVisitor for MapUnary<'_, T> {
    fn visit(self, rule: impl UnaryRule) {
        let mut room = Room::new();
        let mut x = Tiles::new(self.x, &mut room);
        for (tile, out) in self.out.chunks_mut(TILE).enumerate() {
            let x = x.read(tile * TILE, out.len());
            dispatch(
                #[inline(always)]
                || {
                    for (out, &x) in out.iter_mut().zip(x) {
                        *out = rule.value(Lane(x)).0;
                    }
                },
            );
        }
    }
}

/// `out = rule(x)`.
pub(crate) fn unary<T: Real>(rule: Unary, x: View<'_, T>, out: &mut [T]) {
    if !holds_in_lanes(rule, x, out.len()) {
        let mut room = Room::new();
        let mut x = Tiles::new(x, &mut room);
        for (tile, out) in out.chunks_mut(TILE).enumerate() {
            let x = x.read(tile * TILE, out.len());
            out.iter_mut().zip(x).for_each(|(out, &x)| *out = rule.value(x));
        }
        return;
    }
    rule.visit(MapUnary { x, out });
}

/// Whether a rule holds in lanes for every element of a view.
fn holds_in_lanes<T: Real>(rule: Unary, x: View<'_, T>, len: usize) -> bool {
    if !rule.is_periodic() {
        return true;
    }
    let mut room = Room::new();
    let mut x = Tiles::new(x, &mut room);
    (0..len).step_by(TILE).all(|start| rule.holds_in_lanes(x.read(start, TILE.min(len - start))))
}

/// `out = x^n`.
pub(crate) fn powi<T: Real>(n: i32, x: View<'_, T>, out: &mut [T]) {
    visit_power(n, MapUnary { x, out });
}

struct ShareUnary<'a, T> {
    x: View<'a, T>,
    y: View<'a, T>,
    g: View<'a, T>,
    out: &'a mut [T],
    accumulate: bool,
}

impl<T: Real> UnaryVisitor for ShareUnary<'_, T> {
    fn visit(self, rule: impl UnaryRule) {
        let accumulate = self.accumulate;
        // What a rule does not read need not be gathered from wherever it lies: the adjoint stands in for it.
        let reads = rule.share(Reads::LEFT, Reads::OUTPUT, Reads::ADJOINT);
        let x = if reads.contains(Reads::LEFT) { self.x } else { self.g };
        let y = if reads.contains(Reads::OUTPUT) { self.y } else { self.g };
        let (mut of_x, mut of_y, mut of_g) = (Room::new(), Room::new(), Room::new());
        let (mut x, mut y) = (Tiles::new(x, &mut of_x), Tiles::new(y, &mut of_y));
        let mut g = Tiles::new(self.g, &mut of_g);
        for (tile, out) in self.out.chunks_mut(TILE).enumerate() {
            let (start, len) = (tile * TILE, out.len());
            let (x, y, g) = (x.read(start, len), y.read(start, len), g.read(start, len));
            dispatch(
                #[inline(always)]
                || {
                    for (((out, &x), &y), &g) in out.iter_mut().zip(x).zip(y).zip(g) {
                        deposit(out, absorbing(g, rule.share(Lane(x), Lane(y), Lane(g)).0), accumulate);
                    }
                },
            );
        }
    }
}

/// The operand's share of the adjoint `g` of `y = rule(x)`.
pub(crate) fn unary_share<T: Real>(
    rule: Unary,
    x: View<'_, T>,
    y: View<'_, T>,
    g: View<'_, T>,
    out: &mut [T],
    accumulate: bool,
) {
    if !holds_in_lanes(rule, x, out.len()) {
        let (mut of_x, mut of_y, mut of_g) = (Room::new(), Room::new(), Room::new());
        let (mut x, mut y) = (Tiles::new(x, &mut of_x), Tiles::new(y, &mut of_y));
        let mut g = Tiles::new(g, &mut of_g);
        for (tile, out) in out.chunks_mut(TILE).enumerate() {
            let (start, len) = (tile * TILE, out.len());
            let (x, y, g) = (x.read(start, len), y.read(start, len), g.read(start, len));
            for (((out, &x), &y), &g) in out.iter_mut().zip(x).zip(y).zip(g) {
                deposit(out, absorbing(g, rule.share(x, y, g)), accumulate);
            }
        }
        return;
    }
    rule.visit(ShareUnary { x, y, g, out, accumulate });
}

/// The operand's share of the adjoint `g` of `y = x^n`.
pub(crate) fn powi_share<T: Real>(
    n: i32,
    x: View<'_, T>,
    y: View<'_, T>,
    g: View<'_, T>,
    out: &mut [T],
    accumulate: bool,
) {
    visit_power(n, ShareUnary { x, y, g, out, accumulate });
}

struct MapBinary<'a, T> {
    a: View<'a, T>,
    b: View<'a, T>,
    out: &'a mut [T],
}

impl<T: Real> BinaryVisitor for MapBinary<'_, T> {
    fn visit(self, rule: impl BinaryRule) {
        zip(
            self.a,
            self.b,
            self.out,
            #[inline(always)]
            |a, b| rule.value(Lane(a), Lane(b)).0,
        );
    }
}

/// `out = f(a, b)`; `f` has to be inlined always.
#[inline(always)]
fn zip<T: Real>(a: View<'_, T>, b: View<'_, T>, out: &mut [T], f: impl Fn(T, T) -> T) {
    let (mut of_a, mut of_b) = (Room::new(), Room::new());
    let (mut a, mut b) = (Tiles::new(a, &mut of_a), Tiles::new(b, &mut of_b));
    for (tile, out) in out.chunks_mut(TILE).enumerate() {
        let (a, b) = (a.read(tile * TILE, out.len()), b.read(tile * TILE, out.len()));
        dispatch(
            #[inline(always)]
            || {
                for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                    *out = f(a, b);
                }
            },
        );
    }
}

/// `out = rule(a, b)`.
pub(crate) fn binary<T: Real>(rule: Binary, a: View<'_, T>, b: View<'_, T>, out: &mut [T]) {
    rule.visit(MapBinary { a, b, out });
}

struct ShareBinary<'a, T> {
    side: Side,
    a: View<'a, T>,
    b: View<'a, T>,
    y: View<'a, T>,
    g: View<'a, T>,
    out: &'a mut [T],
    accumulate: bool,
}

impl<'a, T: Real> ShareBinary<'a, T> {
    #[inline(always)]
    fn run(self, reads: Reads, share: impl Fn(T, T, T, T) -> T) {
        // As with one operand, what is not read is not gathered.
        let a = if reads.contains(Reads::LEFT) { self.a } else { self.g };
        let b = if reads.contains(Reads::RIGHT) { self.b } else { self.g };
        let y = if reads.contains(Reads::OUTPUT) { self.y } else { self.g };
        let (mut of_a, mut of_b, mut of_y, mut of_g) = (Room::new(), Room::new(), Room::new(), Room::new());
        let (mut a, mut b) = (Tiles::new(a, &mut of_a), Tiles::new(b, &mut of_b));
        let (mut y, mut g) = (Tiles::new(y, &mut of_y), Tiles::new(self.g, &mut of_g));
        let accumulate = self.accumulate;
        for (tile, out) in self.out.chunks_mut(TILE).enumerate() {
            let (start, len) = (tile * TILE, out.len());
            let (a, b, y, g) = (a.read(start, len), b.read(start, len), y.read(start, len), g.read(start, len));
            dispatch(
                #[inline(always)]
                || {
                    for ((((out, &a), &b), &y), &g) in out.iter_mut().zip(a).zip(b).zip(y).zip(g) {
                        deposit(out, absorbing(g, share(a, b, y, g)), accumulate);
                    }
                },
            );
        }
    }
}

impl<T: Real> BinaryVisitor for ShareBinary<'_, T> {
    fn visit(self, rule: impl BinaryRule) {
        let (a, b, y, g) = (Reads::LEFT, Reads::RIGHT, Reads::OUTPUT, Reads::ADJOINT);
        match self.side {
            Side::Left => self.run(
                rule.left(a, b, y, g),
                #[inline(always)]
                |a, b, y, g| rule.left(Lane(a), Lane(b), Lane(y), Lane(g)).0,
            ),
            Side::Right => self.run(
                rule.right(a, b, y, g),
                #[inline(always)]
                |a, b, y, g| rule.right(Lane(a), Lane(b), Lane(y), Lane(g)).0,
            ),
        }
    }
}

/// One operand's share of the adjoint `g` of `y = rule(a, b)`, in the output's shape.
#[allow(clippy::too_many_arguments, reason = "operands, output, adjoint and share of one rule")]
pub(crate) fn binary_share<T: Real>(
    rule: Binary,
    side: Side,
    a: View<'_, T>,
    b: View<'_, T>,
    y: View<'_, T>,
    g: View<'_, T>,
    out: &mut [T],
    accumulate: bool,
) {
    rule.visit(ShareBinary { side, a, b, y, g, out, accumulate });
}

/// `out = 1` where the comparison holds, 0 elsewhere.
pub(crate) fn compare<T: Real>(comparison: Comparison, a: View<'_, T>, b: View<'_, T>, out: &mut [T]) {
    #[inline(always)]
    fn indicator<T: Real>(holds: bool) -> T {
        if holds { T::one() } else { T::zero() }
    }
    match comparison {
        Comparison::Less => zip(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| indicator(a < b),
        ),
        Comparison::LessOrEqual => zip(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| indicator(a <= b),
        ),
        Comparison::Greater => zip(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| indicator(a > b),
        ),
        Comparison::GreaterOrEqual => zip(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| indicator(a >= b),
        ),
        Comparison::Equal => zip(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| indicator(a == b),
        ),
        Comparison::NotEqual => zip(
            a,
            b,
            out,
            #[inline(always)]
            |a, b| indicator(a != b),
        ),
    }
}

/// `out = a` where the mask is not 0, `b` elsewhere.
pub(crate) fn select<T: Real>(mask: View<'_, T>, a: View<'_, T>, b: View<'_, T>, out: &mut [T]) {
    let (mut of_mask, mut of_a, mut of_b) = (Room::new(), Room::new(), Room::new());
    let mut mask = Tiles::new(mask, &mut of_mask);
    let mut a = Tiles::new(a, &mut of_a);
    let mut b = Tiles::new(b, &mut of_b);
    for (tile, out) in out.chunks_mut(TILE).enumerate() {
        let (start, len) = (tile * TILE, out.len());
        let (mask, a, b) = (mask.read(start, len), a.read(start, len), b.read(start, len));
        dispatch(
            #[inline(always)]
            || {
                for (((out, &mask), &a), &b) in out.iter_mut().zip(mask).zip(a).zip(b) {
                    *out = if mask == T::zero() { b } else { a };
                }
            },
        );
    }
}

/// The share of a selection's left or right operand: the adjoint where it was selected, nothing elsewhere.
pub(crate) fn select_share<T: Real>(side: Side, mask: View<'_, T>, g: View<'_, T>, out: &mut [T]) {
    match side {
        Side::Left => zip(
            mask,
            g,
            out,
            #[inline(always)]
            |mask, g| if mask == T::zero() { T::zero() } else { g },
        ),
        Side::Right => zip(
            mask,
            g,
            out,
            #[inline(always)]
            |mask, g| if mask == T::zero() { g } else { T::zero() },
        ),
    }
}
