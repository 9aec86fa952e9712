//! Are pictures sound? All tests across the files of the crate, as one program.

mod pictures;
