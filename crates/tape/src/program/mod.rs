//! Programs: record once, replay many times.

mod scalar;

pub use scalar::ScalarProgram;
