//! How an engine answers the driver of `benches/peers`: a protocol of lines, which the peers written in Rust include too.
//!
//! First a line with the engine's name and the works that it can do, separated by tabs. Then, for each line `WORK ITERATIONS`,
//! one with the nanoseconds of the fastest iteration, the value that the last one computed, and a checksum of its gradient if
//! it gives one.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::time::Instant;

/// Does a work once: leaves its gradient, if it gives one, in the list, and returns its value.
pub type Run = Box<dyn FnMut(&mut Vec<f64>) -> f64>;

/// Answers until the input ends; `make` prepares a work when it is first asked for.
///
/// # Errors
/// If the output is closed, or a request is no work of these and a number.
pub fn serve(name: &str, works: &[&str], mut make: impl FnMut(&str) -> Run) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{name}\t{}", works.join("\t"))?;
    let mut running: HashMap<String, (Run, Vec<f64>)> = HashMap::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let refused = || io::Error::new(io::ErrorKind::InvalidInput, format!("{line:?} is not WORK ITERATIONS"));
        let (work, iterations) = line.split_once(' ').ok_or_else(refused)?;
        let iterations: u32 = iterations.parse().map_err(|_| refused())?;
        if !works.contains(&work) {
            return Err(refused());
        }
        let (run, gradient) = running.entry(work.to_owned()).or_insert_with(|| (make(work), Vec::new()));
        let (mut fastest, mut value) = (u128::MAX, 0.0);
        for _ in 0..iterations {
            let start = Instant::now();
            value = run(gradient);
            fastest = fastest.min(start.elapsed().as_nanos());
        }
        match gradient.is_empty() {
            true => writeln!(output, "{fastest} {value}")?,
            false => writeln!(output, "{fastest} {value} {}", checksum(gradient))?,
        }
        output.flush()?;
    }
    Ok(())
}

/// The sum of the elements, the one at `i` taken `i mod 7 + 1` times: it sees what is missing and what changed places.
fn checksum(gradient: &[f64]) -> f64 {
    gradient.iter().enumerate().map(|(i, g)| (i % 7 + 1) as f64 * g).sum()
}
