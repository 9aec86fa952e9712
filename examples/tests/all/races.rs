//! Do the races go where Radford's went?

use examples::races::{
    FIELDS, Fairness, LANDSCAPES, Landscape, RACERS, READ_OFF, Trajectory, landscape, race, rate, tune,
};

fn run(name: &str, landscape: &Landscape, fairness: Fairness) -> Trajectory {
    let racer = RACERS.iter().find(|racer| racer.name == name).unwrap();
    race(landscape, &mut *racer.optimizer(landscape, fairness), landscape.start, landscape.frames)
}

#[test]
fn the_positions_are_radfords() {
    for &(name, racer, step, expected) in READ_OFF {
        let position = run(racer, landscape(name).unwrap(), Fairness::Radford).positions[step];
        for (found, expected) in position.into_iter().zip(expected) {
            // Half of the last digit, and Adagrad's epsilon, which keeps its first step a little below the rate.
            assert!((found - expected).abs() < 1e-6, "{name} {racer} {step}: {position:?}");
        }
    }
}

/// docs/oracles/races/trajectories.py works the same rules in plain arithmetic.
#[test]
fn whole_trajectories_are_those_of_plain_arithmetic() {
    for (landscape, oracle) in LANDSCAPES.iter().zip([
        include_str!("races/beale.txt"),
        include_str!("races/valley.txt"),
        include_str!("races/saddle.txt"),
    ]) {
        let mut expected: Vec<(&str, Vec<[f64; 2]>)> = Vec::new();
        for line in oracle.lines() {
            match (line.split_once(' '), expected.last_mut()) {
                (Some((x, y)), Some((_, positions))) => positions.push([x.parse().unwrap(), y.parse().unwrap()]),
                _ => expected.push((line, Vec::new())),
            }
        }
        assert_eq!(expected.len(), FIELDS[0].racers.len());
        for (name, positions) in expected {
            let way = run(name, landscape, Fairness::Radford);
            assert_eq!(way.positions.len(), positions.len(), "{} {name}", landscape.name);
            // Rounding grows where a racer falls ever faster, and where it jumps to and fro across the valley: there, RMSprop
            // is a chaotic map in its last third, and no two ways to write the rule agree in where it is.
            let (certain, tolerance) = match (landscape.name, name) {
                ("beale", "RMSprop") => (140, 1e-10),
                ("saddle", "Momentum" | "NAG") => (positions.len(), 1e-8),
                _ => (positions.len(), 1e-12),
            };
            let error = |(found, expected): (&f64, &f64)| (found - expected).abs() / expected.abs().max(1.0);
            let pairs = way.positions[..certain].iter().flatten().zip(positions.iter().flatten());
            let worst = pairs.map(error).fold(0.0, f64::max);
            assert!(worst < tolerance, "{} {name}: {worst:e}", landscape.name);
        }
    }
}

#[test]
fn heights_and_slopes_are_those_of_the_positions() {
    for landscape in LANDSCAPES {
        let way = run("Adam", landscape, Fairness::Radford);
        assert_eq!((way.values.len(), way.slopes.len()), (landscape.frames, landscape.frames));
        for ((&position, value), slope) in way.positions.iter().zip(way.values).zip(way.slopes) {
            let [x, y] = landscape.written_gradient(position);
            assert!(value == landscape.value(position) && (slope - x.hypot(y)).abs() <= 1e-12 * slope.max(1.0));
        }
    }
}

/// Momentum and NAG run down the monkey saddle ever faster, until there is no number for where they are.
#[test]
fn a_trajectory_ends_where_the_numbers_do() {
    let saddle = landscape("saddle").unwrap();
    for name in ["Momentum", "NAG"] {
        let way = run(name, saddle, Fairness::Radford);
        assert!((60..saddle.frames).contains(&way.positions.len()));
        assert!(way.values.iter().all(|value| value.is_finite()));
    }
}

#[test]
fn the_tuned_rates_are_those_that_the_search_finds() {
    for landscape in LANDSCAPES {
        for racer in RACERS {
            assert_eq!(
                tune(&racer, landscape),
                rate(&racer, landscape, Fairness::Tuned),
                "{} {racer:?}",
                landscape.name
            );
        }
    }
}
