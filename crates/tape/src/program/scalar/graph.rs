//! What a recorded function computes, without repetitions: the list as expressions.
//!
//! Building an expression that is there already gives that one; an operation on constants gives a constant; algebra is
//! done where it is exact in floating point, for every operand, zeros of either sign, infinities and NaN included.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use num_traits::Float;

use super::uses;
use crate::guard::{Asked, Guard, Question};
use crate::kernel::Side;
use crate::op::{Node, Op};
use crate::real::Real;
use crate::rules::{Binary, Unary};

/// From how many terms on a sum is computed in parts. Shorter ones keep the order in which they were written.
const MANY: usize = 16;

/// The number of an expression. An operand's is lower than its user's.
pub(super) type Id = u32;

/// What an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// The input that the first operand counts: no expression, but its position.
    Input,
    /// The constant that the first operand counts.
    Constant,
    /// Its operand, detached.
    Copy,
    Unary(Unary),
    Powi(i32),
    Binary(Binary),
    /// `a b + c`, rounded once. The fourth operand is `a b`, which only the derivative needs.
    MulAdd,
    /// Of `[x, y, g]`: the operand's share of the adjoint `g` of `y = rule(x)`, zero where `g` is.
    UnaryShare(Unary),
    PowiShare(i32),
    /// Of `[a, b, y, g]`.
    LeftShare(Binary),
    RightShare(Binary),
    /// Of many terms, which lie in a list of their own.
    Sum,
    /// Whether the question about two operands has this answer.
    Guard(Question, u8),
}

impl Kind {
    /// How many operands are read when the expression is evaluated; those of a sum are counted elsewhere.
    pub(super) fn arity(self) -> usize {
        match self {
            Self::Input | Self::Constant | Self::Sum => 0,
            Self::Copy | Self::Unary(_) | Self::Powi(_) => 1,
            Self::Binary(_) | Self::Guard(..) => 2,
            Self::MulAdd | Self::UnaryShare(_) | Self::PowiShare(_) => 3,
            Self::LeftShare(_) | Self::RightShare(_) => 4,
        }
    }
}

/// An expression and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expression {
    pub(super) kind: Kind,
    pub(super) operands: [Id; 4],
    /// The recorded operation that it belongs to, also as a part of its derivative: what a loop recorded lies in the
    /// order of its rounds. A guard's number.
    pub(super) anchor: u32,
}

/// A table whose keys are small numbers of our own: the standard hash defends against chosen keys, at five times the time.
pub(super) type Table<K, V> = HashMap<K, V, BuildHasherDefault<Mixed>>;

/// Words, mixed by multiplication: each times an odd number of half ones and half zeros, the high half folded onto the low.
#[derive(Default)]
pub(super) struct Mixed(u64);

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0.rotate_left(23) ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Expressions, and how to find them again.
pub(super) struct Graph<T> {
    pub(super) expressions: Vec<Expression>,
    constants: Vec<T>,
    terms: Vec<Id>,
    known: Table<(Kind, [Id; 4]), Id>,
    known_constants: Table<u64, Id>,
}

/// What is read of a recording: its nodes, its guards, and the nodes of its inputs, which come first.
pub(super) struct Recorded<'a, T: Real> {
    pub(super) nodes: &'a [Node<T>],
    pub(super) guards: &'a [Guard<T>],
}

impl<T: Real> Graph<T> {
    /// The expressions of a recording, those of its nodes in order.
    pub(super) fn new(recorded: &Recorded<'_, T>) -> (Self, Vec<Id>) {
        let mut graph = Self {
            expressions: Vec::with_capacity(recorded.nodes.len()),
            constants: Vec::new(),
            terms: Vec::new(),
            known: Table::with_capacity_and_hasher(2 * recorded.nodes.len(), BuildHasherDefault::default()),
            known_constants: Table::default(),
        };
        let mut ids = vec![graph.constant(T::zero())];
        for (number, node) in recorded.nodes.iter().enumerate().skip(1) {
            let id = graph.node(recorded.nodes, &ids, number as u32, *node);
            ids.push(id);
        }
        for (number, guard) in recorded.guards.iter().enumerate() {
            let [a, b] = [guard.left, guard.right].map(|asked| graph.asked(&ids, asked));
            graph.push(Kind::Guard(guard.question, guard.answer), [a, b, 0, 0], number as u32);
        }
        (graph, ids)
    }

    fn asked(&mut self, ids: &[Id], asked: Asked<T>) -> Id {
        if asked.node == 0 { self.constant(asked.value) } else { ids[asked.node as usize] }
    }

    fn node(&mut self, nodes: &[Node<T>], ids: &[Id], number: u32, node: Node<T>) -> Id {
        let left = ids[node.left as usize];
        let right = || ids[T::word_out_of_bits(node.right) as usize];
        let constant = T::out_of_bits(node.right);
        match node.op {
            Op::Leaf => self.push(Kind::Input, [number - 1, 0, 0, 0], number),
            Op::Unary(rule) => self.unary(rule, left, number),
            Op::Powi => {
                let kind = Kind::Powi(T::word_out_of_bits(node.right).cast_signed());
                self.push(kind, [left, 0, 0, 0], number)
            }
            Op::Binary(rule) => self.binary(rule, left, right(), number),
            Op::RightConstant(rule) => {
                let right = self.constant(constant);
                self.binary(rule, left, right, number)
            }
            Op::LeftConstant(rule) => {
                let constant = self.constant(constant);
                self.binary(rule, constant, left, number)
            }
            Op::AddProduct => self.mul_add(nodes, ids, node.left, right(), number),
            Op::AddProductConstant => {
                let addend = self.constant(constant);
                self.mul_add(nodes, ids, node.left, addend, number)
            }
            Op::Detached => self.push(Kind::Copy, [left, 0, 0, 0], number),
            Op::Element | Op::Tensor => unreachable!("a recording with tensors is refused before"),
        }
    }

    /// The factors of a recorded product, plus something, rounded once.
    fn mul_add(&mut self, nodes: &[Node<T>], ids: &[Id], product: u32, addend: Id, anchor: u32) -> Id {
        let Node { op, left, right, .. } = nodes[product as usize];
        let first = ids[left as usize];
        let second = match op {
            Op::Binary(Binary::Mul) => ids[T::word_out_of_bits(right) as usize],
            Op::RightConstant(Binary::Mul) | Op::LeftConstant(Binary::Mul) => self.constant(T::out_of_bits(right)),
            Op::Leaf
            | Op::Unary(_)
            | Op::Powi
            | Op::Binary(_)
            | Op::RightConstant(_)
            | Op::LeftConstant(_)
            | Op::AddProduct
            | Op::AddProductConstant
            | Op::Detached
            | Op::Element
            | Op::Tensor => unreachable!("what is added to is a product"),
        };
        self.push(Kind::MulAdd, [first, second, addend, ids[product as usize]], anchor)
    }

    pub(super) fn kind(&self, id: Id) -> Kind {
        self.expressions[id as usize].kind
    }

    /// What is read when the expression is evaluated.
    pub(super) fn operands(&self, id: Id) -> &[Id] {
        let Expression { kind, operands, .. } = &self.expressions[id as usize];
        match kind {
            Kind::Sum => &self.terms[operands[0] as usize..][..operands[1] as usize],
            kind => &operands[..kind.arity()],
        }
    }

    /// The value of a constant expression.
    pub(super) fn known(&self, id: Id) -> Option<T> {
        let Expression { kind, operands, .. } = self.expressions[id as usize];
        (kind == Kind::Constant).then(|| self.constants[operands[0] as usize])
    }

    fn is(&self, id: Id, value: f64) -> bool {
        self.known(id).is_some_and(|known| known.into_bits() == T::from_f64(value).into_bits())
    }

    pub(super) fn constant(&mut self, value: T) -> Id {
        // Widening is exact, so that distinct numbers have distinct bits.
        if let Some(&id) = self.known_constants.get(&value.widen().to_bits()) {
            return id;
        }
        let id = self.append(Kind::Constant, [self.constants.len() as u32, 0, 0, 0], 0);
        self.constants.push(value);
        self.known_constants.insert(value.widen().to_bits(), id);
        id
    }

    /// An input beyond those that were recorded.
    pub(super) fn seed(&mut self, number: usize) -> Id {
        self.push(Kind::Input, [number as u32, 0, 0, 0], 0)
    }

    /// The expression of this kind and these operands.
    pub(super) fn push(&mut self, kind: Kind, operands: [Id; 4], anchor: u32) -> Id {
        if let Some(&id) = self.known.get(&(kind, operands)) {
            return id;
        }
        let id = self.append(kind, operands, anchor);
        self.known.insert((kind, operands), id);
        id
    }

    fn append(&mut self, kind: Kind, operands: [Id; 4], anchor: u32) -> Id {
        self.expressions.push(Expression { kind, operands, anchor });
        (self.expressions.len() - 1) as Id
    }

    pub(super) fn unary(&mut self, rule: Unary, x: Id, anchor: u32) -> Id {
        match self.known(x) {
            Some(value) => self.constant(rule.value(value)),
            None => match self.negated(x) {
                Some(own) if rule == Unary::Neg => own,
                Some(_) | None => self.push(Kind::Unary(rule), [x, 0, 0, 0], anchor),
            },
        }
    }

    pub(super) fn binary(&mut self, rule: Binary, a: Id, b: Id, anchor: u32) -> Id {
        if let (Some(a), Some(b)) = (self.known(a), self.known(b)) {
            return self.constant(rule.value(a, b));
        }
        // x + 0 is not x where x is -0, and x + -0 is.
        let left_vanishes = (rule == Binary::Mul && self.is(a, 1.0)) || (rule == Binary::Add && self.is(a, -0.0));
        let right_vanishes = ((rule == Binary::Mul || rule == Binary::Div) && self.is(b, 1.0))
            || (rule == Binary::Add && self.is(b, -0.0))
            || (rule == Binary::Sub && self.is(b, 0.0));
        match (left_vanishes, right_vanishes) {
            (_, true) => a,
            (true, false) => b,
            (false, false) => self.push(Kind::Binary(rule), [a, b, 0, 0], anchor),
        }
    }

    /// What an expression is the negative of.
    fn negated(&self, id: Id) -> Option<Id> {
        let Expression { kind, operands, .. } = self.expressions[id as usize];
        (kind == Kind::Unary(Unary::Neg)).then_some(operands[0])
    }

    /// The sum of terms in this order; of many, in whatever order is fast.
    pub(super) fn sum(&mut self, terms: &[Id], anchor: u32) -> Id {
        if terms.len() >= MANY {
            return self.sum_of_many(terms, anchor);
        }
        let (&first, rest) = terms.split_first().expect("a sum has terms");
        rest.iter().fold(first, |sum, &term| match self.negated(term) {
            Some(positive) => self.binary(Binary::Sub, sum, positive, anchor),
            None => self.binary(Binary::Add, sum, term, anchor),
        })
    }

    fn sum_of_many(&mut self, terms: &[Id], anchor: u32) -> Id {
        let operands = [self.terms.len() as u32, terms.len() as u32, 0, 0];
        self.terms.extend_from_slice(terms);
        self.append(Kind::Sum, operands, anchor)
    }

    /// Turns long chains of additions, whose intermediate results nobody else reads, into sums of many terms.
    pub(super) fn collapse_chains(&mut self, roots: &[Id]) {
        let mut readers = vec![0_u32; self.expressions.len()];
        let live = self.live(roots);
        let live_ids = (0..self.expressions.len() as Id).filter(|&id| live[id as usize]);
        for id in live_ids.clone() {
            for &operand in self.operands(id) {
                readers[operand as usize] += 1;
            }
            if self.kind(id) == Kind::MulAdd {
                // The derivative names the product too, so that it is no link.
                readers[self.expressions[id as usize].operands[3] as usize] += 2;
            }
        }
        for &root in roots {
            readers[root as usize] += 2;
        }
        // How long the chain that ends at an expression is, and whether a longer one goes on from it.
        let mut lengths = vec![0_u32; self.expressions.len()];
        let mut continued = vec![false; self.expressions.len()];
        let is_link = |graph: &Self, id: Id| graph.kind(id) == Kind::Binary(Binary::Add) && readers[id as usize] == 1;
        for id in live_ids.clone() {
            if self.kind(id) != Kind::Binary(Binary::Add) {
                continue;
            }
            let link = self.operands(id).iter().copied().filter(|&operand| is_link(self, operand));
            let link = link.max_by_key(|&operand| lengths[operand as usize]);
            lengths[id as usize] = 1 + link.map_or(0, |link| lengths[link as usize]);
            if let Some(link) = link {
                continued[link as usize] = true;
            }
        }
        let ends: Vec<Id> =
            live_ids.filter(|&id| lengths[id as usize] as usize + 1 >= MANY && !continued[id as usize]).collect();
        for end in ends {
            let mut terms = Vec::new();
            let mut at = end;
            loop {
                let [a, b, ..] = self.expressions[at as usize].operands;
                let longer = |id: Id| if is_link(self, id) { lengths[id as usize] } else { 0 };
                // The same choice as above: of equally long chains, the right one.
                let (link, term) = if longer(a) > longer(b) { (a, b) } else { (b, a) };
                terms.push(term);
                if longer(link) == 0 {
                    terms.push(link);
                    break;
                }
                at = link;
            }
            terms.reverse();
            let operands = [self.terms.len() as u32, terms.len() as u32, 0, 0];
            self.terms.extend_from_slice(&terms);
            let expression = &mut self.expressions[end as usize];
            (expression.kind, expression.operands) = (Kind::Sum, operands);
        }
        self.known.retain(|&(kind, _), &mut id| kind == self.expressions[id as usize].kind);
    }

    /// Which expressions are needed for some of them, and for every guard.
    pub(super) fn live(&self, roots: &[Id]) -> Vec<bool> {
        let mut live = vec![false; self.expressions.len()];
        roots.iter().for_each(|&root| live[root as usize] = true);
        for id in (0..self.expressions.len()).rev() {
            live[id] |= matches!(self.expressions[id].kind, Kind::Guard(..));
            if live[id] {
                self.operands(id as Id).iter().for_each(|&operand| live[operand as usize] = true);
            }
        }
        live
    }

    /// The cosine of what an expression is the sine of, if both are needed: the two are computed together.
    pub(super) fn cosine_beside(&self, id: Id, live: &[bool]) -> Option<Id> {
        let Expression { kind, operands, .. } = self.expressions[id as usize];
        let cosine = *self.known.get(&(Kind::Unary(Unary::Cos), operands))?;
        (kind == Kind::Unary(Unary::Sin) && live[cosine as usize]).then_some(cosine)
    }

    /// The operand's share of the adjoint `g` of `y = rule(x)`.
    pub(super) fn unary_share(&mut self, rule: Unary, x: Id, y: Id, g: Id, anchor: u32) -> Id {
        // An adjoint that is known is not zero, so that nothing absorbs.
        let known = self.known(g).is_some();
        if rule == Unary::Neg {
            self.unary(Unary::Neg, g, anchor)
        } else if rule == Unary::Exp && known {
            self.binary(Binary::Mul, g, y, anchor)
        } else if rule == Unary::Sin {
            let cos = self.unary(Unary::Cos, x, anchor);
            self.left_share(Binary::Mul, [x, cos], y, g, anchor)
        } else if rule == Unary::Cos {
            let sin = self.unary(Unary::Sin, x, anchor);
            let negative = self.left_share(Binary::Mul, [x, sin], y, g, anchor);
            self.unary(Unary::Neg, negative, anchor)
        } else {
            self.share(Kind::UnaryShare(rule), [x, y, g, 0], uses::unary(rule), g, anchor)
        }
    }

    pub(super) fn powi_share(&mut self, n: i32, x: Id, y: Id, g: Id, anchor: u32) -> Id {
        self.share(Kind::PowiShare(n), [x, y, g, 0], uses::powi(n), g, anchor)
    }

    /// The left operand's share of the adjoint `g` of `y = rule(a, b)`.
    pub(super) fn left_share(&mut self, rule: Binary, [a, b]: [Id; 2], y: Id, g: Id, anchor: u32) -> Id {
        // A product with a finite number is zero where the adjoint is: it needs no rule of its own to absorb.
        let plain = self.known(g).is_some() || self.known(b).is_some_and(|b| b.is_finite() && b != T::zero());
        if rule.passes_on(Side::Left) {
            g
        } else if (rule == Binary::Mul || rule == Binary::Div) && plain {
            self.binary(rule, g, b, anchor)
        } else {
            self.share(Kind::LeftShare(rule), [a, b, y, g], uses::left(rule), g, anchor)
        }
    }

    /// The right operand's share.
    pub(super) fn right_share(&mut self, rule: Binary, [a, b]: [Id; 2], y: Id, g: Id, anchor: u32) -> Id {
        let plain = self.known(g).is_some() || self.known(a).is_some_and(Float::is_finite);
        if rule.passes_on(Side::Right) {
            g
        } else if rule == Binary::Sub {
            self.unary(Unary::Neg, g, anchor)
        } else if rule == Binary::Mul && plain {
            self.binary(Binary::Mul, g, a, anchor)
        } else if rule == Binary::Mul {
            // The share of a factor is the same on either side, so that those of a square are one expression.
            self.left_share(Binary::Mul, [b, a], y, g, anchor)
        } else {
            self.share(Kind::RightShare(rule), [a, b, y, g], uses::right(rule), g, anchor)
        }
    }

    /// A share; operands that its rule does not look at are replaced by the adjoint, which is there anyway.
    fn share(&mut self, kind: Kind, operands: [Id; 4], used: [bool; 4], g: Id, anchor: u32) -> Id {
        let mut kept = [0; 4];
        for position in 0..kind.arity() {
            kept[position] = if used[position] { operands[position] } else { g };
        }
        self.push(kind, kept, anchor)
    }
}
