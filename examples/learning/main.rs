//! The pictures of the book's chapter on learning, each made by training something and looking at it.
//!
//! `cargo run --release --example learning` writes them to `target/learning/`. Each lesson asserts what its picture shows.

#![allow(clippy::print_stdout, reason = "a program talks to its user")]

mod batches;
mod rates;
mod responsibility;
mod surfaces;
mod weights;

use std::path::{Path, PathBuf};

/// What every lesson returns: files that cannot be written, sizes that do not fit.
type Result = std::result::Result<(), Box<dyn std::error::Error>>;

/// Draws the pictures of a lesson into a directory.
type Lesson = fn(&Path) -> Result;

fn main() -> Result {
    let out = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("target/learning"), PathBuf::from);
    let lessons: [(&str, Lesson); 5] = [
        ("who is responsible", responsibility::draw),
        ("mini-batches", batches::draw),
        ("error surfaces", surfaces::draw),
        ("dynamic learning rates", rates::draw),
        ("weights and gradients", weights::draw),
    ];
    for (lesson, draw) in lessons {
        draw(&out)?;
        println!("{lesson}: drawn");
    }
    println!("the pictures are in {}", out.display());
    Ok(())
}
