//! From expressions to instructions for many points at once: each expression is one run, with an element for every point.

use super::code::{Code, Draft, NOWHERE};
use super::graph::{Graph, Id, Kind};
use super::machine::Operation;
use crate::real::Real;
use crate::rules::Binary;

/// The instructions that compute the roots and ask every guard, for `points` points: an input's elements lie one after
/// another, point by point, and so do those of a root.
pub(super) fn compile<T: Real>(graph: &Graph<T>, roots: &[Id], inputs: usize, points: u32) -> Code<T> {
    let live = graph.live(roots);
    let mut readers = vec![0_u32; graph.expressions.len()];
    let cosines = |id: Id| graph.cosine_beside(id, &live).filter(|_| live[id as usize]);
    let cosines: Vec<Option<Id>> = (0..graph.expressions.len() as Id).map(cosines).collect();
    let mut sines = vec![None; cosines.len()];
    for (sine, cosine) in (0..).zip(&cosines) {
        cosine.iter().for_each(|&cosine| sines[cosine as usize] = Some(sine));
    }
    let live = (0..graph.expressions.len() as Id).filter(|&id| live[id as usize]);
    live.clone().flat_map(|id| graph.operands(id)).for_each(|&operand| readers[operand as usize] += 1);
    roots.iter().for_each(|&root| readers[root as usize] += 1);
    let mut writer =
        Writer { graph, draft: Draft::new(graph, inputs as u32 * points), points, readers, cosines, sines };
    live.for_each(|id| writer.expression(id));
    let results = roots.iter().map(|&root| writer.address(root)).collect();
    writer.draft.finish(results)
}

struct Writer<'a, T> {
    graph: &'a Graph<T>,
    draft: Draft<T>,
    points: u32,
    /// How often an expression is still going to be read.
    readers: Vec<u32>,
    /// The cosine that is computed together with a sine, and the sine that is with a cosine.
    cosines: Vec<Option<Id>>,
    sines: Vec<Option<Id>>,
}

impl<T: Real> Writer<'_, T> {
    fn address(&mut self, id: Id) -> u32 {
        if self.graph.known(id).is_some() {
            return self.draft.splat(self.graph, id, self.points as usize);
        }
        self.draft.addresses[id as usize]
    }

    fn emit(&mut self, operation: Operation, out: u32, operands: [u32; 4]) {
        self.draft.emit(operation, self.points as usize, out, operands);
    }

    fn expression(&mut self, id: Id) {
        let expression = self.graph.expressions[id as usize];
        let kind = expression.kind;
        let mut operands = [0; 4];
        for (position, &operand) in self.graph.operands(id).iter().enumerate().take(kind.arity()) {
            operands[position] = self.address(operand);
        }
        match kind {
            Kind::Constant => return,
            Kind::Input => {
                self.draft.addresses[id as usize] = expression.operands[0] * self.points;
                return;
            }
            Kind::Guard(question, answer) => {
                let [a, b, ..] = operands;
                self.emit(Operation::CheckPoints(question, answer), 0, [a, b, expression.anchor, 0]);
            }
            Kind::Sum => self.sum(id),
            Kind::Copy
            | Kind::Unary(_)
            | Kind::Powi(_)
            | Kind::Binary(_)
            | Kind::MulAdd
            | Kind::UnaryShare(_)
            | Kind::PowiShare(_)
            | Kind::LeftShare(_)
            | Kind::RightShare(_) => {
                let pair = self.cosines[id as usize].map(|cosine| (id, cosine));
                let pair = pair.or_else(|| self.sines[id as usize].map(|sine| (sine, id)));
                if let Some((sine, cosine)) = pair {
                    self.sin_cos(sine, cosine, operands);
                    self.release(self.graph.operands(id)[0]);
                    return;
                }
                let out = self.draft.rooms.take(self.points);
                self.emit(Operation::Compute(kind), out, operands);
                self.draft.addresses[id as usize] = out;
            }
        }
        for &operand in self.graph.operands(id) {
            self.release(operand);
        }
    }

    /// Sine and cosine at once, when the first of them comes; each has a room of its own.
    fn sin_cos(&mut self, sine: Id, cosine: Id, operands: [u32; 4]) {
        if self.draft.addresses[sine as usize] == NOWHERE {
            let out = self.draft.rooms.take(2 * self.points);
            self.emit(Operation::SinCos, out, operands);
            self.draft.addresses[sine as usize] = out;
            self.draft.addresses[cosine as usize] = out + self.points;
        }
    }

    /// Term after term, in turn into two rooms: no instruction writes what it reads.
    fn sum(&mut self, id: Id) {
        let graph = self.graph;
        let [mut out, mut other] = [(); 2].map(|()| self.draft.rooms.take(self.points));
        let (first, rest) = graph.operands(id).split_first().expect("a sum has terms");
        let mut sum = self.address(*first);
        for &term in rest {
            let term = self.address(term);
            self.emit(Operation::Compute(Kind::Binary(Binary::Add)), out, [sum, term, 0, 0]);
            sum = out;
            std::mem::swap(&mut out, &mut other);
        }
        self.draft.addresses[id as usize] = sum;
        self.draft.rooms.give_back(out, self.points);
    }

    /// One reader less; after the last one, the room is used again.
    fn release(&mut self, id: Id) {
        self.readers[id as usize] -= 1;
        let address = self.draft.addresses[id as usize];
        let stays = matches!(self.graph.kind(id), Kind::Input | Kind::Constant) || address == NOWHERE;
        if self.readers[id as usize] == 0 && !stays {
            self.draft.rooms.give_back(address, self.points);
        }
    }
}
