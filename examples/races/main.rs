//! Optimizers race down three landscapes: pictures, films and a page to play with.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::PathBuf;

use clap::Parser;
use examples::races::{FIELDS, Fairness, LANDSCAPES, page, picture};

/// Draws Alec Radford's races of optimizers, with gradients from the tape.
#[derive(Parser)]
struct Options {
    /// Where the pictures go.
    #[arg(long, default_value = "target/races")]
    out: PathBuf,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    for landscape in LANDSCAPES {
        for field in &FIELDS {
            for fairness in Fairness::ALL {
                let name = format!("{}-{}-{}.svg", landscape.name, field.name, fairness.name());
                picture(landscape, field, fairness).save(options.out.join(name))?;
            }
        }
    }
    std::fs::write(options.out.join("races.html"), page())?;
    for landscape in LANDSCAPES {
        let film = picture(landscape, &FIELDS[0], Fairness::Radford).to_gif();
        println!("{} {} bytes", landscape.name, film.len());
        std::fs::write(options.out.join(format!("{}.gif", landscape.name)), film)?;
    }
    Ok(())
}
