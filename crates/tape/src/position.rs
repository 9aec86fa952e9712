//! Where a recording can be rewound to, and which handles a rewind leaves valid.
//!
//! A recording has a number, and handles bear it. A rewind gives what follows another number: the recording then consists
//! of eras, one after another, and a handle is valid if the era whose number it bears still holds its node. A node that a
//! rewind forgot is in no era, whatever was recorded in its place since.

use smallvec::SmallVec;

use crate::arena::Mark;

/// A point of a recording that [`Tape::rewind`](crate::Tape::rewind) goes back to.
///
/// It is plain data, taken with [`Tape::position`](crate::Tape::position), and serves any number of rewinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The era that the point lies in, or at the end of.
    pub(crate) era: u32,
    pub(crate) nodes: u32,
    pub(crate) slots: u32,
    pub(crate) operands: u32,
    pub(crate) indices: u32,
    pub(crate) arena: Mark,
    /// Whether parameters were bound.
    pub(crate) bound: bool,
    pub(crate) updates: u32,
}

/// A stretch of a recording: from its first node to the next era's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Era {
    number: u32,
    first: u32,
}

/// The eras of a recording, oldest first. There is one unless the tape was rewound.
///
/// As many are kept as there are positions of which one lies behind the other, not as many as there were rewinds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Eras(SmallVec<[Era; 2]>);

impl Eras {
    /// A new recording: a single era, from node 1 on.
    pub(crate) fn start(&mut self, number: u32) {
        self.0.clear();
        self.0.push(Era { number, first: 1 });
    }

    /// Whether a handle of this number to this node is valid in a recording of `len` nodes.
    pub(crate) fn contain(&self, number: u32, node: u32, len: usize) -> bool {
        self.0.iter().position(|era| era.number == number).is_some_and(|era| {
            let end = self.0.get(era + 1).map_or(len, |next| next.first as usize);
            (self.0[era].first as usize..end).contains(&(node as usize))
        })
    }

    /// The number of the era that holds a node.
    pub(crate) fn number_of(&self, node: u32) -> u32 {
        self.0.iter().rev().find(|era| era.first <= node).map_or(0, |era| era.number)
    }

    /// The era that a position at the end of a recording of `len` nodes lies in. An era without nodes is passed over for
    /// the one before, so that a loop that takes a position behind each rewind does not make the list longer.
    pub(crate) fn at_end(&self, len: usize) -> u32 {
        let settled = self.0.iter().rev().find(|era| (era.first as usize) < len);
        settled.or(self.0.first()).map_or(0, |era| era.number)
    }

    /// Whether `nodes` nodes of the era with this number are still there, or all that it ever had.
    pub(crate) fn reach(&self, number: u32, nodes: u32, len: usize) -> bool {
        self.0.iter().position(|era| era.number == number).is_some_and(|era| {
            let end = self.0.get(era + 1).map_or(len, |next| next.first as usize);
            nodes as usize <= end
        })
    }

    /// Ends the era with the number `kept` before node `first`, forgets all later ones, and begins a new one there.
    pub(crate) fn rewind(&mut self, kept: u32, first: u32, number: u32) {
        let behind = self.0.iter().position(|era| era.number == kept).map_or(0, |era| era + 1);
        self.0.truncate(behind);
        self.0.push(Era { number, first });
    }

    /// The numbers of all eras but the newest.
    pub(crate) fn earlier(&self) -> impl Iterator<Item = u32> {
        self.0.iter().rev().skip(1).map(|era| era.number)
    }
}
