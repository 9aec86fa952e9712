//! Instructions, the memory they work on, and how it is handed out.

use std::collections::{BTreeMap, HashMap};

use super::graph::{Graph, Id};
use super::machine::{Instruction, Operation};
use super::runs::FEW;
use crate::real::Real;

/// How many elements a cache line has, of `f64`; of `f32` it is half of one.
const LINE: u32 = 8;

/// A list of instructions, ready to run.
///
/// The memory begins with the inputs; its constants are written once, and no instruction writes to them.
pub(super) struct Code<T> {
    pub(super) instructions: Vec<Instruction>,
    /// The addresses that gathers read, and the guards that checks stand for.
    pub(super) lists: Vec<u32>,
    /// The memory as it is before the first run.
    pub(super) memory: Vec<T>,
    /// Where the results lie after a run.
    pub(super) results: Vec<u32>,
    /// The same, as stretches of results that lie one after another: the first one's number, and how many.
    stretches: Vec<(u32, u32)>,
}

impl<T: Real> Code<T> {
    /// The memory, filled if it is not yet there, from a cache line on.
    pub(super) fn prepare<'a>(&self, memory: &'a mut Vec<T>) -> &'a mut [T] {
        let unaligned = |memory: &[T]| memory.as_ptr().align_offset(LINE as usize * size_of::<T>()).min(LINE as usize);
        if memory.is_empty() {
            memory.reserve_exact(LINE as usize + self.memory.len());
            memory.resize(unaligned(memory), T::zero());
            memory.extend_from_slice(&self.memory);
        }
        let start = unaligned(memory);
        &mut memory[start..]
    }

    /// Reads results, from one on.
    pub(super) fn results(&self, first: usize, memory: &[T], out: &mut [T]) {
        let end = first + out.len();
        for &(start, len) in &self.stretches {
            let (start, stop) = (start as usize, (start + len) as usize);
            let (from, to) = (start.max(first), stop.min(end));
            if from < to {
                let address = self.results[from] as usize;
                out[from - first..to - first].copy_from_slice(&memory[address..][..to - from]);
            }
        }
    }

    /// About how many nanoseconds a run takes.
    ///
    /// An element of a vector takes a quarter of one, a number alone two, starting an instruction ten: measured, and all
    /// that matters is the ratio. Memory beyond a second-level cache is twice as slow.
    pub(super) fn cost(&self) -> f64 {
        const CACHE: usize = 1 << 20;
        let beyond = if self.memory.len() * size_of::<T>() > CACHE { 2.0 } else { 1.0 };
        let time = |instruction: &Instruction| match instruction.len {
            1 => 2.0,
            len => 10.0 + 0.25 * beyond * f64::from(len),
        };
        self.instructions.iter().map(time).sum()
    }
}

/// What becomes [`Code`].
pub(super) struct Draft<T> {
    pub(super) instructions: Vec<Instruction>,
    pub(super) lists: Vec<u32>,
    /// Where an expression's element lies, once it has a place.
    pub(super) addresses: Vec<u32>,
    pub(super) rooms: Rooms,
    constants: Vec<(u32, T)>,
    splats: HashMap<Id, (u32, u32)>,
}

/// No place yet.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Hands out stretches of the memory, and takes them back.
#[derive(Default)]
pub(super) struct Rooms {
    free: BTreeMap<u32, Vec<u32>>,
    end: u32,
}

impl Rooms {
    pub(super) fn take(&mut self, len: u32) -> u32 {
        if let Some(address) = self.free.get_mut(&len).and_then(Vec::pop) {
            return address;
        }
        self.append(len)
    }

    /// A stretch that nobody had before. Runs begin at a cache line: a vector that straddles two takes twice as long.
    fn append(&mut self, len: u32) -> u32 {
        if len as usize >= FEW {
            self.end = self.end.next_multiple_of(LINE);
        }
        self.end += len;
        self.end - len
    }

    pub(super) fn give_back(&mut self, address: u32, len: u32) {
        self.free.entry(len).or_default().push(address);
    }
}

impl<T: Real> Draft<T> {
    /// With room for `len` numbers of inputs at the beginning.
    pub(super) fn new(graph: &Graph<T>, len: u32) -> Self {
        let mut rooms = Rooms::default();
        rooms.take(len);
        Self {
            instructions: Vec::new(),
            lists: Vec::new(),
            addresses: vec![NOWHERE; graph.expressions.len()],
            rooms,
            constants: Vec::new(),
            splats: HashMap::new(),
        }
    }

    pub(super) fn emit(&mut self, operation: Operation, len: usize, out: u32, operands: [u32; 4]) {
        self.instructions.push(Instruction { operation, len: len as u32, out, operands });
    }

    /// Where an element lies; constants get their place when they are first asked for.
    pub(super) fn address(&mut self, graph: &Graph<T>, id: Id) -> u32 {
        if let (NOWHERE, Some(value)) = (self.addresses[id as usize], graph.known(id)) {
            self.addresses[id as usize] = self.constant_run(&[value]);
        }
        self.addresses[id as usize]
    }

    /// A run of constants.
    pub(super) fn constant_run(&mut self, values: &[T]) -> u32 {
        let first = self.rooms.append(values.len() as u32);
        self.constants.extend((first..).zip(values.iter().copied()));
        first
    }

    /// A run of one element many times. It stays, for whoever wants the same.
    pub(super) fn splat(&mut self, graph: &Graph<T>, id: Id, len: usize) -> u32 {
        if let Some(&(address, longest)) = self.splats.get(&id)
            && longest as usize >= len
        {
            return address;
        }
        let address = if let Some(value) = graph.known(id) {
            self.constant_run(&vec![value; len])
        } else {
            let (from, address) = (self.addresses[id as usize], self.rooms.take(len as u32));
            self.emit(Operation::Splat, len, address, [from, 0, 0, 0]);
            address
        };
        self.splats.insert(id, (address, len as u32));
        address
    }

    pub(super) fn finish(self, results: Vec<u32>) -> Code<T> {
        let mut memory = vec![T::zero(); self.rooms.end as usize];
        for (address, value) in self.constants {
            memory[address as usize] = value;
        }
        let mut stretches: Vec<(u32, u32)> = Vec::new();
        for (number, &address) in results.iter().enumerate() {
            match stretches.last_mut() {
                Some((first, len)) if address == results[*first as usize] + *len => *len += 1,
                Some(_) | None => stretches.push((number as u32, 1)),
            }
        }
        Code { instructions: self.instructions, lists: self.lists, memory, results, stretches }
    }
}
