//! Does training keep its promises? All tests across the files of the crate, as one program.

mod allocations;
mod checkpoints;
mod interchange;
mod killed;
mod parameter_files;
mod trainer;
