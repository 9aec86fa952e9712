//! Do optimizers keep their promises? All tests across the files of the crate, as one program.

mod allocations;
mod model;
mod promises;
mod refusals;
mod table;
mod trajectories;
