//! Do the programs and the house keep their promises? All tests across the files of the examples, as one program.

mod digits;
mod house;
mod races;
mod races_page;
