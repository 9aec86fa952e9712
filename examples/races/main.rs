//! Optimizers race down three landscapes: pictures, films and a page to play with.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use examples::races::{
    FIELDS, Fairness, Field, LANDSCAPES, Landscape, RACERS, READ_OFF, landscape, page, picture, race, rate, tune,
};

/// Draws Alec Radford's races of optimizers, with gradients from the tape.
#[derive(Parser)]
struct Options {
    /// Where the pictures go.
    #[arg(long, default_value = "target/races")]
    out: PathBuf,
    /// Give the trails the colours of 2014.
    #[arg(long)]
    radford_colours: bool,
    /// Draw the films on dark paper.
    #[arg(long)]
    dark: bool,
    /// Search for the tuned rates again, and print them.
    #[arg(long)]
    tune: bool,
}

/// The largest film that pages of code hosts show at once.
const LARGEST_FILM: usize = 400_000;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    if options.tune {
        tuned();
    }
    fs::create_dir_all(&options.out)?;
    let [six, adam] = &FIELDS;
    for landscape in LANDSCAPES {
        let path = |ending: &str| options.out.join(format!("{}{ending}", landscape.name));
        let as_shown = options.picture(landscape, six, Fairness::Radford);
        as_shown.save(path(".svg"))?;
        film(&as_shown, &path(".gif"))?;
        options.picture(landscape, adam, Fairness::Tuned).save(path("-adam.svg"))?;
    }
    // The same six on the same map: what was a close race is another one at other rates.
    let beale = &LANDSCAPES[0];
    for (fairness, name) in [(Fairness::Defaults, "beale-defaults.svg"), (Fairness::Tuned, "beale-tuned.svg")] {
        options.picture(beale, six, fairness).save(options.out.join(name))?;
    }
    film(&options.picture(beale, adam, Fairness::Tuned), &options.out.join("beale-adam.gif"))?;
    fs::write(options.out.join("races.html"), page())?;

    positions_are_radfords();
    println!("pictures, films and races.html are in {}", options.out.display());
    Ok(())
}

impl Options {
    fn picture(&self, landscape: &'static Landscape, field: &Field, fairness: Fairness) -> plot::Landscape {
        let picture = picture(landscape, field, fairness);
        let picture = if self.radford_colours { picture.radford_colours() } else { picture };
        if self.dark { picture.dark() } else { picture }
    }
}

fn film(picture: &plot::Landscape, path: &Path) -> Result<(), Box<dyn Error>> {
    picture.save_gif(path)?;
    let bytes = usize::try_from(fs::metadata(path)?.len())?;
    println!("{}: {} frames, {:.0} kB", path.display(), picture.frames(), bytes as f64 / 1e3);
    assert!(bytes < LARGEST_FILM, "{} has {bytes} bytes", path.display());
    Ok(())
}

fn tuned() {
    for landscape in LANDSCAPES {
        for racer in &RACERS {
            let found = tune(racer, landscape);
            println!("{:8} {:8} {found}", landscape.name, racer.name);
            assert_eq!(found, rate(racer, landscape, Fairness::Tuned), "the rate that is written down");
        }
    }
}

fn positions_are_radfords() {
    for &(name, racer, step, expected) in READ_OFF {
        let landscape = landscape(name).expect("a landscape of the list");
        let racer = RACERS.iter().find(|other| other.name == racer).expect("a racer of the list");
        let mut optimizer = racer.optimizer(landscape, Fairness::Radford);
        let way = race(landscape, &mut *optimizer, landscape.start, landscape.frames);
        let [x, y] = way.positions[step];
        println!("{name:6} {:8} step {step:3}: ({x:9.6}, {y:9.6})", racer.name);
        assert!((x - expected[0]).abs() < 1e-6 && (y - expected[1]).abs() < 1e-6, "not {expected:?}");
    }
}
