//! How does a race look?

use plot::{PlotError, Trail};

use super::{Fairness, Field, Landscape, Pictured, RACERS, race, rate};

/// The picture of a race: its landscape as Radford showed it, with the trails of a field at these rates.
///
/// # Panics
/// If the landscape's axes did not rise.
#[must_use]
pub fn picture(landscape: &'static Landscape, field: &Field, fairness: Fairness) -> plot::Landscape {
    ground(landscape).map_or_else(
        |error| panic!("{error}"),
        |ground| {
            let racers = field.racers.iter().map(|&racer| &RACERS[racer]);
            racers.fold(ground.note(field.rates(fairness)).formula(landscape.formula), |ground, racer| {
                let mut optimizer = racer.optimizer(landscape, fairness);
                let way = race(landscape, &mut *optimizer, landscape.start, landscape.frames);
                let trail = Trail::new(racer.name, &way.positions).slopes(&way.slopes);
                ground.trail(trail.rate(rate(racer, landscape, fairness)))
            })
        },
    )
}

fn ground(landscape: &'static Landscape) -> Result<plot::Landscape, PlotError> {
    let ground = plot::Landscape::new(landscape.title, |x, y| landscape.value([x, y]), landscape.x, landscape.y)?;
    let ground = match landscape.minimum {
        Some([x, y]) => ground.minimum(x, y),
        None => ground,
    };
    match landscape.pictured {
        Pictured::Map => Ok(ground),
        Pictured::Surface { elevation, azimuth, z } => ground.surface(elevation, azimuth, z),
    }
}
