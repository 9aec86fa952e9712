//! From expressions to instructions for one point: the structure of loops, found again.
//!
//! What a loop recorded round after round are the same operations at regularly spaced operands. Expressions of one form
//! that lie equally deep do not depend on each other: they become a run, in the order in which they were recorded, and
//! their operands mostly lie one after another then. Long runs are cut into pieces, and a piece is computed as soon as
//! its operands are there, so that results are read while they are still in the cache, and their room is used again.

use std::ops::Range;

use super::code::{Code, Draft, NOWHERE};
use super::graph::{Graph, Id, Kind, Table};
use super::machine::Operation;
use crate::real::Real;

/// The most elements of a piece: a dozen pieces of `f64` fit into a first-level cache, and the time to start an
/// instruction is small against the time it works.
const PIECE: usize = 256;

/// From how many elements on a run is worth an instruction of its own: below, each is computed alone.
pub(super) const FEW: usize = 8;

/// What is computed at once.
enum Unit {
    /// Expressions of one kind, by their places in the order.
    Run(Range<usize>),
    /// A part of the terms of a sum: which sum, its part, and the terms by their places in the list of terms.
    Part(Id, u32, Range<usize>),
    /// The sum of this many parts.
    Total(Id, u32),
}

/// Units, and which waits for which.
struct Plan<'a, T> {
    graph: &'a Graph<T>,
    units: Vec<Unit>,
    /// Expressions, run after run.
    order: Vec<Id>,
    /// Terms of sums, part after part.
    terms: Vec<Id>,
    /// The unit that computes an expression.
    unit_of: Vec<u32>,
    /// The cosine that is computed together with a sine.
    cosines: Vec<Option<Id>>,
}

/// The instructions that compute the roots and ask every guard.
pub(super) fn compile<T: Real>(graph: &Graph<T>, roots: &[Id], inputs: usize) -> Code<T> {
    let plan = Plan::new(graph, &graph.live(roots));
    let users = plan.users();
    let schedule = plan.schedule(&users);
    let mut kept = vec![false; plan.units.len()];
    for &root in roots {
        let unit = plan.unit_of[root as usize];
        if unit != NOWHERE {
            kept[unit as usize] = true;
        }
    }
    Writer { draft: Draft::new(graph, inputs as u32), plan: &plan, parts: Table::default() }
        .write(&schedule, &users, &kept, roots)
}

/// A number for the form of every expression: its kind, those of its operands, and those of theirs.
///
/// Operations of a loop's body that differ are told apart by what they are computed from, so that each is a run whose
/// elements lie as its users read them. Not any deeper: at the ends of an array forms differ, and would differ one step
/// further inwards with every step.
fn forms<T: Real>(graph: &Graph<T>, live: &[bool]) -> Vec<u32> {
    let count = graph.expressions.len();
    let live = (0..count as Id).filter(|&id| live[id as usize]);
    let mut readers = vec![0_usize; count];
    live.clone().flat_map(|id| graph.operands(id)).for_each(|&operand| readers[operand as usize] += 1);
    // A constant that many read is part of the form; one of many that are read once is data.
    let constant = |id: Id| if readers[id as usize] < FEW { 0 } else { id + 1 };
    let mut forms = vec![0; count];
    for _ in 0..3 {
        let mut known = Table::default();
        let mut next = vec![0; count];
        for id in live.clone() {
            let kind = graph.kind(id);
            let mut operands = [0; 4];
            if kind == Kind::Constant {
                operands[0] = constant(id);
            } else {
                let own = graph.operands(id).iter().take(kind.arity());
                operands.iter_mut().zip(own).for_each(|(form, &operand)| *form = forms[operand as usize]);
            }
            let number = known.len() as u32;
            next[id as usize] = *known.entry((kind, operands)).or_insert(number);
        }
        forms = next;
    }
    forms
}

impl<'a, T: Real> Plan<'a, T> {
    fn new(graph: &'a Graph<T>, live: &[bool]) -> Self {
        let count = graph.expressions.len();
        let cosines = (0..count as Id).map(|id| graph.cosine_beside(id, live).filter(|_| live[id as usize])).collect();
        let unit_of = vec![NOWHERE; count];
        let mut plan = Self { graph, units: Vec::new(), order: Vec::new(), terms: Vec::new(), unit_of, cosines };
        let mut beside = vec![false; count];
        plan.cosines.iter().flatten().for_each(|&cosine| beside[cosine as usize] = true);
        let mut levels = vec![0_u32; count];
        let forms = forms(graph, live);
        // By depth, form and place of origin.
        let mut keys: Vec<(u32, u32, u32, Id)> = Vec::new();
        let mut sums = Vec::new();
        for id in (0..count as Id).filter(|&id| live[id as usize]) {
            let kind = graph.kind(id);
            if matches!(kind, Kind::Input | Kind::Constant) {
                continue;
            }
            let deepest = graph.operands(id).iter().map(|&operand| levels[operand as usize]).max().unwrap_or(0);
            levels[id as usize] = deepest + 1;
            if kind == Kind::Sum {
                sums.push(id);
                continue;
            }
            if beside[id as usize] {
                continue;
            }
            let form = 2 * forms[id as usize] + u32::from(plan.cosines[id as usize].is_some());
            keys.push((deepest + 1, form, graph.expressions[id as usize].anchor, id));
        }
        keys.sort_unstable();
        plan.order = keys.iter().map(|&(_, _, _, id)| id).collect();
        let mut start = 0;
        for run in keys.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let piece = if run.len() < FEW { 1 } else { PIECE };
            let end = start + run.len();
            while start < end {
                let next = end.min(start + piece);
                for &id in &plan.order[start..next] {
                    plan.unit_of[id as usize] = plan.units.len() as u32;
                    if let Some(cosine) = plan.cosines[id as usize] {
                        plan.unit_of[cosine as usize] = plan.units.len() as u32;
                    }
                }
                plan.units.push(Unit::Run(start..next));
                start = next;
            }
        }
        for sum in sums {
            plan.split_sum(sum);
        }
        plan
    }

    /// The terms of a sum, unit by unit.
    fn split_sum(&mut self, sum: Id) {
        let start = self.terms.len();
        self.terms.extend_from_slice(self.graph.operands(sum));
        // In the order in which they lie in their units; an input's origin is its place.
        let place = |id: Id| (self.unit_of[id as usize], self.graph.expressions[id as usize].anchor);
        self.terms[start..].sort_by_key(|&id| place(id));
        let mut part = 0;
        let mut from = start;
        while from < self.terms.len() {
            let unit = self.unit_of[self.terms[from] as usize];
            let same = self.terms[from..].iter().take_while(|&&id| self.unit_of[id as usize] == unit).count();
            self.units.push(Unit::Part(sum, part, from..from + same));
            part += 1;
            from += same;
        }
        self.unit_of[sum as usize] = self.units.len() as u32;
        self.units.push(Unit::Total(sum, part));
    }

    /// The units that a unit reads, each once for every run of equal ones.
    fn operand_units(&self, unit: usize, mut read: impl FnMut(u32)) {
        let mut last = NOWHERE;
        let mut visit = |from: u32| {
            if from != last && from != NOWHERE {
                read(from);
            }
            last = from;
        };
        match &self.units[unit] {
            Unit::Run(range) => {
                let run = &self.order[range.clone()];
                for position in 0..self.graph.kind(run[0]).arity() {
                    run.iter().for_each(|&id| visit(self.unit_of[self.graph.operands(id)[position] as usize]));
                }
            }
            Unit::Part(_, _, range) => {
                self.terms[range.clone()].iter().for_each(|&id| visit(self.unit_of[id as usize]));
            }
            // Its parts are the units before it.
            Unit::Total(_, parts) => (unit as u32 - parts..unit as u32).for_each(visit),
        }
    }

    /// For every unit the units that read it, as often as they do.
    fn users(&self) -> Vec<Vec<u32>> {
        let mut users = vec![Vec::new(); self.units.len()];
        for unit in 0..self.units.len() {
            self.operand_units(unit, |from| users[from as usize].push(unit as u32));
        }
        users
    }

    /// An order in which operands come first: what became possible last is done next.
    fn schedule(&self, users: &[Vec<u32>]) -> Vec<u32> {
        let mut missing = vec![0_u32; self.units.len()];
        users.iter().flatten().for_each(|&user| missing[user as usize] += 1);
        let mut ready: Vec<u32> = (0..self.units.len() as u32).filter(|&unit| missing[unit as usize] == 0).collect();
        // Those that need nothing, so that the beginning of the recording is taken first.
        ready.sort_by_key(|&unit| {
            std::cmp::Reverse(match &self.units[unit as usize] {
                Unit::Run(range) => self.graph.expressions[self.order[range.start] as usize].anchor,
                Unit::Part(sum, ..) | Unit::Total(sum, _) => self.graph.expressions[*sum as usize].anchor,
            })
        });
        let mut schedule = Vec::with_capacity(self.units.len());
        while let Some(unit) = ready.pop() {
            schedule.push(unit);
            for &user in &users[unit as usize] {
                missing[user as usize] -= 1;
                if missing[user as usize] == 0 {
                    ready.push(user);
                }
            }
        }
        assert_eq!(schedule.len(), self.units.len(), "expressions depend on each other in one direction");
        schedule
    }
}

/// Writes instructions, unit by unit, and knows where everything lies.
struct Writer<'a, T> {
    draft: Draft<T>,
    plan: &'a Plan<'a, T>,
    /// Where the parts of a sum lie.
    parts: Table<Id, u32>,
}

/// Where a run of operands lies.
enum Column {
    /// One element after another.
    Dense(u32),
    /// Anywhere.
    Scattered(Vec<u32>),
}

impl<T: Real> Writer<'_, T> {
    fn write(mut self, schedule: &[u32], users: &[Vec<u32>], kept: &[bool], roots: &[Id]) -> Code<T> {
        let plan = self.plan;
        for (id, expression) in plan.graph.expressions.iter().enumerate() {
            if expression.kind == Kind::Input {
                self.draft.addresses[id] = expression.operands[0];
            }
        }
        let mut left: Vec<u32> = users.iter().map(|users| users.len() as u32).collect();
        let mut rooms = vec![(NOWHERE, 0); plan.units.len()];
        for &unit in schedule {
            let room = match &plan.units[unit as usize] {
                Unit::Run(range) => self.run(&plan.order[range.clone()]),
                Unit::Part(sum, part, range) => self.part(*sum, *part, unit, &plan.terms[range.clone()]),
                Unit::Total(sum, parts) => self.total(*sum, *parts),
            };
            rooms[unit as usize] = room;
            plan.operand_units(unit as usize, |from| {
                left[from as usize] -= 1;
                let (address, len) = rooms[from as usize];
                if left[from as usize] == 0 && !kept[from as usize] && address != NOWHERE {
                    self.draft.rooms.give_back(address, len);
                }
            });
        }
        let results = roots.iter().map(|&root| self.draft.address(plan.graph, root)).collect();
        self.draft.finish(results)
    }

    /// The expressions of a run; returns their room.
    fn run(&mut self, run: &[Id]) -> (u32, u32) {
        let graph = self.plan.graph;
        let kind = graph.kind(run[0]);
        if let Kind::Guard(question, answer) = kind {
            let guards = self.draft.lists.len() as u32;
            self.draft.lists.extend(run.iter().map(|&id| graph.expressions[id as usize].anchor));
            let columns = [0, 1].map(|position| self.column(run, position));
            let mut temporary = Vec::new();
            let [a, b] = columns.map(|column| self.dense(column, run.len(), &mut temporary));
            self.draft.emit(Operation::Check(question, answer), run.len(), 0, [a, b, guards, 0]);
            temporary.iter().for_each(|&room| self.draft.rooms.give_back(room, run.len() as u32));
            return (NOWHERE, 0);
        }
        if self.plan.cosines[run[0] as usize].is_some() {
            return self.sines(run);
        }
        let out = self.draft.rooms.take(run.len() as u32);
        let columns: Vec<Column> = (0..kind.arity()).map(|position| self.column(run, position)).collect();
        self.compute(kind, out, run.len(), columns);
        for (place, &id) in run.iter().enumerate() {
            self.draft.addresses[id as usize] = out + place as u32;
        }
        (out, run.len() as u32)
    }

    /// A run of sines with their cosines; returns the room of both.
    fn sines(&mut self, run: &[Id]) -> (u32, u32) {
        let len = run.len() as u32;
        let out = self.draft.rooms.take(2 * len);
        let mut temporary = Vec::new();
        let column = self.column(run, 0);
        let x = self.dense(column, run.len(), &mut temporary);
        self.draft.emit(Operation::SinCos, run.len(), out, [x, 0, 0, 0]);
        temporary.iter().for_each(|&room| self.draft.rooms.give_back(room, len));
        for (place, &sine) in (0..).zip(run) {
            let cosine = self.plan.cosines[sine as usize].expect("all sines of a form have a cosine, or none has");
            self.draft.addresses[sine as usize] = out + place;
            self.draft.addresses[cosine as usize] = out + len + place;
        }
        (out, 2 * len)
    }

    /// Emits instructions for operands that lie one after another but for a few breaks, or collects them first.
    fn compute(&mut self, kind: Kind, out: u32, len: usize, columns: Vec<Column>) {
        let breaks = |at: usize| {
            columns.iter().any(|column| match column {
                Column::Dense(_) => false,
                Column::Scattered(addresses) => addresses[at] != addresses[at - 1] + 1,
            })
        };
        let starts: Vec<usize> = std::iter::once(0).chain((1..len).filter(|&at| breaks(at))).collect();
        if starts.len() <= 1 + len / 32 {
            for (segment, &start) in starts.iter().enumerate() {
                let end = starts.get(segment + 1).copied().unwrap_or(len);
                let mut operands = [0; 4];
                for (operand, column) in operands.iter_mut().zip(&columns) {
                    *operand = match column {
                        Column::Dense(address) => address + start as u32,
                        Column::Scattered(addresses) => addresses[start],
                    };
                }
                self.draft.emit(Operation::Compute(kind), end - start, out + start as u32, operands);
            }
            return;
        }
        let mut temporary = Vec::new();
        let mut operands = [0; 4];
        for (operand, column) in operands.iter_mut().zip(columns) {
            *operand = self.dense(column, len, &mut temporary);
        }
        self.draft.emit(Operation::Compute(kind), len, out, operands);
        temporary.iter().for_each(|&room| self.draft.rooms.give_back(room, len as u32));
    }

    /// One operand of every expression of a run.
    fn column(&mut self, run: &[Id], position: usize) -> Column {
        let graph = self.plan.graph;
        let operand = |id: Id| graph.operands(id)[position];
        let first = operand(run[0]);
        if run.len() == 1 {
            return Column::Dense(self.draft.address(graph, first));
        }
        if run.iter().all(|&id| operand(id) == first) {
            return Column::Dense(self.draft.splat(graph, first, run.len()));
        }
        if run.iter().all(|&id| graph.known(operand(id)).is_some()) {
            let values: Vec<T> = run.iter().filter_map(|&id| graph.known(operand(id))).collect();
            return Column::Dense(self.draft.constant_run(&values));
        }
        Column::Scattered(run.iter().map(|&id| self.draft.address(graph, operand(id))).collect())
    }

    /// Collects the elements of a column where they do not lie one after another.
    fn dense(&mut self, column: Column, len: usize, temporary: &mut Vec<u32>) -> u32 {
        match column {
            Column::Dense(address) => address,
            Column::Scattered(addresses) if addresses.windows(2).all(|pair| pair[1] == pair[0] + 1) => addresses[0],
            Column::Scattered(addresses) => {
                let (out, list) = (self.draft.rooms.take(len as u32), self.draft.lists.len() as u32);
                self.draft.lists.extend_from_slice(&addresses);
                self.draft.emit(Operation::Gather, len, out, [list, 0, 0, 0]);
                temporary.push(out);
                out
            }
        }
    }

    /// A part of a sum, beside the other parts.
    fn part(&mut self, sum: Id, part: u32, unit: u32, terms: &[Id]) -> (u32, u32) {
        let graph = self.plan.graph;
        let parts = match self.parts.get(&sum) {
            Some(&parts) => parts,
            None => {
                // The parts of a sum are units one after another, and its total comes behind them.
                let count = self.plan.unit_of[sum as usize] - (unit - part);
                let parts = self.draft.rooms.take(count);
                self.parts.insert(sum, parts);
                parts
            }
        };
        let addresses = terms.iter().map(|&id| self.draft.address(graph, id)).collect();
        let mut temporary = Vec::new();
        let from = self.dense(Column::Scattered(addresses), terms.len(), &mut temporary);
        self.draft.emit(Operation::Total, terms.len(), parts + part, [from, 0, 0, 0]);
        temporary.iter().for_each(|&room| self.draft.rooms.give_back(room, terms.len() as u32));
        (NOWHERE, 0)
    }

    fn total(&mut self, sum: Id, count: u32) -> (u32, u32) {
        let parts = self.parts.remove(&sum).expect("the parts come before their total");
        let out = self.draft.rooms.take(1);
        self.draft.emit(Operation::Total, count as usize, out, [parts, 0, 0, 0]);
        self.draft.rooms.give_back(parts, count);
        self.draft.addresses[sum as usize] = out;
        (out, 1)
    }
}
