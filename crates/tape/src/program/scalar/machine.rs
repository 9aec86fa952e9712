//! The machine that runs a program: a list of instructions over one flat memory.
//!
//! An instruction works on a run of numbers, each operand a run as long, dense. One loop a rule, compiled for the
//! machine's vectors; a run of one is computed as plain numbers.

use num_traits::Float;

use super::graph::Kind;
use crate::guard::Question;
use crate::kernel::dispatch;
use crate::real::Real;
use crate::rules::{BinaryRule, BinaryVisitor, Lane, Powi, Unary, UnaryRule, UnaryVisitor};

/// What an instruction does with its runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    /// Evaluates an expression of this kind for every element.
    Compute(Kind),
    /// The sines of a run, and the cosines behind them.
    SinCos,
    /// Copies the elements at the addresses that lie in the list from the first operand on.
    Gather,
    /// Repeats the element at the first operand's address.
    Splat,
    /// Adds up the run at the first operand's address.
    Total,
    /// Asks whether each element still gives this answer; the third operand counts the first one's guard.
    Check(Question, u8),
    /// The same, but the elements are points, and ask for one guard.
    CheckPoints(Question, u8),
}

/// One instruction: `len` elements from `out` on, of operands that lie from these addresses on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instruction {
    pub(super) operation: Operation,
    pub(super) len: u32,
    pub(super) out: u32,
    pub(super) operands: [u32; 4],
}

/// A guard that no answer broke.
pub(super) const KEPT: u32 = u32::MAX;

/// How many sums are formed side by side: always as many, so that a total has the same bits at every vector width.
const SUMS: usize = 16;

/// Memory around the run that is written.
struct Around<'a, T> {
    before: &'a [T],
    after: &'a [T],
    end: usize,
}

impl<T> Around<'_, T> {
    #[inline(always)]
    fn read(&self, address: u32, len: usize) -> &[T] {
        let address = address as usize;
        if address < self.before.len() {
            &self.before[address..][..len]
        } else {
            &self.after[address - self.end..][..len]
        }
    }
}

/// Runs a list of instructions; `broken` takes the first guard that was broken: for all, or for every point.
pub(super) fn run<T: Real>(instructions: &[Instruction], lists: &[u32], memory: &mut [T], broken: &mut [u32]) {
    for instruction in instructions {
        let Instruction { operation, len, out, operands } = *instruction;
        let (at, len) = (out as usize, len as usize);
        match operation {
            Operation::Compute(kind) if len == 1 => memory[at] = scalar(kind, operands, memory),
            Operation::Compute(kind) => {
                let (before, rest) = memory.split_at_mut(at);
                let (out, after) = rest.split_at_mut(len);
                vector(kind, operands, &Around { before, after, end: at + len }, out);
            }
            Operation::SinCos => {
                let (before, rest) = memory.split_at_mut(at);
                let (out, after) = rest.split_at_mut(2 * len);
                let around = Around { before, after, end: at + 2 * len };
                sin_cos(around.read(operands[0], len), out);
            }
            Operation::Gather => {
                for (position, &address) in lists[operands[0] as usize..][..len].iter().enumerate() {
                    memory[at + position] = memory[address as usize];
                }
            }
            Operation::Splat => {
                let element = memory[operands[0] as usize];
                memory[at..at + len].fill(element);
            }
            Operation::Total => memory[at] = total(&memory[operands[0] as usize..][..len]),
            Operation::Check(question, answer) => {
                let [a, b] = [0, 1].map(|operand| &memory[operands[operand] as usize..][..len]);
                if !all(question, answer, a, b) {
                    let differs = |(&a, &b): (&T, &T)| question.answer(a, b) != answer;
                    let first = a.iter().zip(b).position(differs).expect("one of them differs");
                    // The guards of a run lie in the order in which they were asked.
                    broken[0] = broken[0].min(lists[operands[2] as usize + first]);
                }
            }
            Operation::CheckPoints(question, answer) => {
                let [a, b] = [0, 1].map(|operand| &memory[operands[operand] as usize..][..len]);
                if !all(question, answer, a, b) {
                    for ((&a, &b), broken) in a.iter().zip(b).zip(&mut *broken) {
                        if question.answer(a, b) != answer {
                            *broken = (*broken).min(operands[2]);
                        }
                    }
                }
            }
        }
    }
}

/// Whether every element gives the answer, without a branch for each.
fn all<T: Real>(question: Question, answer: u8, a: &[T], b: &[T]) -> bool {
    #[inline(always)]
    fn every<T: Real>(a: &[T], b: &[T], holds: impl Fn(T, T) -> bool) -> bool {
        a.iter().zip(b).fold(
            true,
            #[inline(always)]
            |all, (&a, &b)| all & holds(a, b),
        )
    }
    let yes = answer == 1;
    dispatch(
        #[inline(always)]
        || match question {
            Question::Less => every(
                a,
                b,
                #[inline(always)]
                |a, b| (a < b) == yes,
            ),
            Question::LessOrEqual => every(
                a,
                b,
                #[inline(always)]
                |a, b| (a <= b) == yes,
            ),
            Question::Equal => every(
                a,
                b,
                #[inline(always)]
                |a, b| (a == b) == yes,
            ),
            Question::Order
            | Question::Same
            | Question::SameInteger
            | Question::IsNan
            | Question::IsInfinite
            | Question::IsFinite
            | Question::IsNormal
            | Question::IsSubnormal
            | Question::IsSignNegative
            | Question::Classify => every(
                a,
                b,
                #[inline(always)]
                |a, b| question.answer(a, b) == answer,
            ),
        },
    )
}

/// The sum of a run. The zero that it starts from is negative: added to anything, it leaves it as it is.
fn total<T: Real>(x: &[T]) -> T {
    let mut sums = [T::neg_zero(); SUMS];
    dispatch(
        #[inline(always)]
        || {
            let (blocks, rest) = x.as_chunks::<SUMS>();
            for block in blocks {
                for (sum, &x) in sums.iter_mut().zip(block) {
                    *sum += x;
                }
            }
            for (sum, &x) in sums.iter_mut().zip(rest) {
                *sum += x;
            }
        },
    );
    let mut width = SUMS / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

/// A zero adjoint absorbs.
#[inline(always)]
fn absorbing<T: Real>(g: T, share: T) -> T {
    if g == T::zero() { T::zero() } else { share }
}

/// One element, with the functions of plain numbers: a program without runs has the bits of the eager tape.
#[inline(always)]
fn scalar<T: Real>(kind: Kind, operands: [u32; 4], memory: &[T]) -> T {
    let read = |position: usize| memory[operands[position] as usize];
    match kind {
        Kind::Copy => read(0),
        Kind::Unary(rule) => rule.value(read(0)),
        Kind::Powi(n) => Float::powi(read(0), n),
        Kind::Binary(rule) => rule.value(read(0), read(1)),
        Kind::MulAdd => Float::mul_add(read(0), read(1), read(2)),
        Kind::UnaryShare(rule) => absorbing(read(2), rule.share(read(0), read(1), read(2))),
        Kind::PowiShare(n) => absorbing(read(2), Powi(n).share(read(0), read(1), read(2))),
        Kind::LeftShare(rule) => absorbing(read(3), rule.left(read(0), read(1), read(2), read(3))),
        Kind::RightShare(rule) => absorbing(read(3), rule.right(read(0), read(1), read(2), read(3))),
        Kind::Input | Kind::Constant | Kind::Sum | Kind::Guard(..) => unreachable!("has an operation of its own"),
    }
}

/// A run of sines, and their cosines.
fn sin_cos<T: Real>(x: &[T], out: &mut [T]) {
    let (sin, cos) = out.split_at_mut(x.len());
    if x.len() == 1 || !Unary::Sin.holds_in_lanes(x) {
        for ((sin, cos), &x) in sin.iter_mut().zip(cos).zip(x) {
            (*sin, *cos) = (Float::sin(x), Float::cos(x));
        }
        return;
    }
    dispatch(
        #[inline(always)]
        || {
            for ((sin, cos), &x) in sin.iter_mut().zip(cos).zip(x) {
                (*sin, *cos) = x.vector_sin_cos();
            }
        },
    );
}

/// A run of elements.
fn vector<T: Real>(kind: Kind, operands: [u32; 4], around: &Around<'_, T>, out: &mut [T]) {
    let len = out.len();
    let read = |position: usize| around.read(operands[position], len);
    match kind {
        Kind::Copy => out.copy_from_slice(read(0)),
        Kind::Unary(rule) if !rule.holds_in_lanes(read(0)) => {
            out.iter_mut().zip(read(0)).for_each(|(out, &x)| *out = rule.value(x));
        }
        Kind::Unary(rule) => rule.visit(Map { x: read(0), out }),
        Kind::Powi(n) => Map { x: read(0), out }.visit(Powi(n)),
        Kind::Binary(rule) => rule.visit(Zip { a: read(0), b: read(1), out }),
        Kind::MulAdd => {
            let (a, b, c) = (read(0), read(1), read(2));
            dispatch(
                #[inline(always)]
                || {
                    for (((out, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c) {
                        *out = Float::mul_add(a, b, c);
                    }
                },
            );
        }
        Kind::UnaryShare(rule) => rule.visit(Share { x: read(0), y: read(1), g: read(2), out }),
        Kind::PowiShare(n) => Share { x: read(0), y: read(1), g: read(2), out }.visit(Powi(n)),
        Kind::LeftShare(rule) => rule.visit(LeftShare(Shares { a: read(0), b: read(1), y: read(2), g: read(3), out })),
        Kind::RightShare(rule) => {
            rule.visit(RightShare(Shares { a: read(0), b: read(1), y: read(2), g: read(3), out }));
        }
        Kind::Input | Kind::Constant | Kind::Sum | Kind::Guard(..) => unreachable!("has an operation of its own"),
    }
}

struct Map<'a, T> {
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Real> UnaryVisitor for Map<'_, T> {
    #[inline(never)]
    fn visit(self, rule: impl UnaryRule) {
        let Self { x, out } = self;
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

struct Zip<'a, T> {
    a: &'a [T],
    b: &'a [T],
    out: &'a mut [T],
}

impl<T: Real> BinaryVisitor for Zip<'_, T> {
    #[inline(never)]
    fn visit(self, rule: impl BinaryRule) {
        let Self { a, b, out } = self;
        dispatch(
            #[inline(always)]
            || {
                for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                    *out = rule.value(Lane(a), Lane(b)).0;
                }
            },
        );
    }
}

struct Share<'a, T> {
    x: &'a [T],
    y: &'a [T],
    g: &'a [T],
    out: &'a mut [T],
}

impl<T: Real> UnaryVisitor for Share<'_, T> {
    #[inline(never)]
    fn visit(self, rule: impl UnaryRule) {
        let Self { x, y, g, out } = self;
        dispatch(
            #[inline(always)]
            || {
                for (((out, &x), &y), &g) in out.iter_mut().zip(x).zip(y).zip(g) {
                    *out = absorbing(g, rule.share(Lane(x), Lane(y), Lane(g)).0);
                }
            },
        );
    }
}

struct Shares<'a, T> {
    a: &'a [T],
    b: &'a [T],
    y: &'a [T],
    g: &'a [T],
    out: &'a mut [T],
}

impl<T: Real> Shares<'_, T> {
    #[inline(always)]
    fn compute(self, share: impl Fn(T, T, T, T) -> T) {
        let Self { a, b, y, g, out } = self;
        dispatch(
            #[inline(always)]
            || {
                for ((((out, &a), &b), &y), &g) in out.iter_mut().zip(a).zip(b).zip(y).zip(g) {
                    *out = absorbing(g, share(a, b, y, g));
                }
            },
        );
    }
}

struct LeftShare<'a, T>(Shares<'a, T>);

impl<T: Real> BinaryVisitor for LeftShare<'_, T> {
    #[inline(never)]
    fn visit(self, rule: impl BinaryRule) {
        self.0.compute(
            #[inline(always)]
            |a, b, y, g| rule.left(Lane(a), Lane(b), Lane(y), Lane(g)).0,
        );
    }
}

struct RightShare<'a, T>(Shares<'a, T>);

impl<T: Real> BinaryVisitor for RightShare<'_, T> {
    #[inline(never)]
    fn visit(self, rule: impl BinaryRule) {
        self.0.compute(
            #[inline(always)]
            |a, b, y, g| rule.right(Lane(a), Lane(b), Lane(y), Lane(g)).0,
        );
    }
}
