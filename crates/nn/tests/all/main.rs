//! Do layers and losses keep their promises? All tests across the files of the crate, as one program.

mod allocations;
mod caller_line;
mod layers;
mod losses;
mod programs;
mod pytorch;
mod recurrent;
mod transformer;
