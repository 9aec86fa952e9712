//! What is in the page that races in a browser, and what must its arithmetic give?

use optim::{AdamRecipe, AdanRecipe, LionRecipe, NAdamRecipe, RAdamRecipe};
use plot::Palette;
use serde_json::{Value, json};

use super::{FIELDS, Fairness, LANDSCAPES, Landscape, Pictured, RACERS, Rule, race, race_by, rate};

const PAGE: &str = include_str!("../../races/page.html");
const ARITHMETIC: &str = include_str!("../../races/arithmetic.js");
const GROUND: &str = include_str!("../../races/ground.js");
const CONTROLS: &str = include_str!("../../races/controls.js");

/// The races as one page that needs nothing else, to orbit, scrub, and start anew: all numbers in it are those of this
/// module.
#[must_use]
pub fn page() -> String {
    let data = serde_json::to_string(&data()).expect("plain numbers and names are JSON");
    [
        ("data", data.as_str()),
        ("formulas", &formulas()),
        ("arithmetic", ARITHMETIC),
        ("ground", GROUND),
        ("controls", CONTROLS),
    ]
    .into_iter()
    .fold(PAGE.to_owned(), |page, (place, content)| page.replace(&format!("{{{{{place}}}}}"), content.trim_end()))
}

/// The functions, as they are written in `landscape.rs`.
fn formulas() -> String {
    let mut script = String::from("const square = (v) => v * v;\nconst FORMULAS = {\n");
    for Landscape { name, code, .. } in LANDSCAPES {
        // A formula that was broken over lines is broken where that file is formatted.
        let [value, x, y] = [code.value, code.slopes[0], code.slopes[1]]
            .map(|code| code.split_whitespace().collect::<Vec<_>>().join(" "));
        script += &format!(
            "  {name}: {{\n    value: (x, y) => {value},\n    slopes: [\n      (x, y) => {x},\n      (x, y) => {y},\n    ],\n  }},\n"
        );
    }
    script + "};"
}

fn data() -> Value {
    let colours = |palette: Palette| {
        let Palette { paper, ink, muted, axis, grid, star, series, radford, heights, levels } = palette;
        json!({
            "paper": paper, "ink": ink, "muted": muted, "axis": axis, "grid": grid, "star": star,
            "series": series, "radford": radford, "heights": heights, "levels": levels,
        })
    };
    let racers = RACERS.iter().map(|racer| {
        let by_fairness = |of: &dyn Fn(Fairness) -> Value| -> Value {
            Fairness::ALL.map(|fairness| (fairness.name().to_owned(), of(fairness))).into_iter().collect()
        };
        let rates = |fairness| {
            let rate = |landscape: &Landscape| (landscape.name.to_owned(), json!(rate(racer, landscape, fairness)));
            LANDSCAPES.iter().map(rate).collect()
        };
        json!({
            "name": racer.name,
            "rules": by_fairness(&|fairness| settings(racer.rule_at(fairness))),
            "rates": by_fairness(&rates),
        })
    });
    json!({
        "landscapes": LANDSCAPES.iter().map(landscape).collect::<Vec<_>>(),
        "racers": racers.collect::<Vec<_>>(),
        "fields": FIELDS.map(|field| json!({
            "name": field.name, "title": field.title, "racers": field.racers,
            "fairness": Fairness::ALL.map(|fairness| json!({ "name": fairness.name(), "title": field.rates(fairness) })),
        })),
        "palette": { "light": colours(Palette::light()), "dark": colours(Palette::dark()) },
    })
}

fn landscape(landscape: &Landscape) -> Value {
    let (view, [elevation, azimuth], z) = match landscape.pictured {
        // Seen from where its valleys open.
        Pictured::Map => ("map", [50.0, -120.0], None),
        Pictured::Surface { elevation, azimuth, z } => ("surface", [elevation, azimuth], Some(z)),
    };
    json!({
        "name": landscape.name, "title": landscape.title, "formula": landscape.formula, "start": landscape.start,
        "frames": landscape.frames, "x": landscape.x, "y": landscape.y, "z": z, "minimum": landscape.minimum,
        "view": view, "elevation": elevation, "azimuth": azimuth,
    })
}

/// A rule with all of its settings; `decay` is what the rate takes of the position itself.
fn settings(rule: Rule) -> Value {
    let averages = |kind: &str, [beta1, beta2]: [f64; 2], epsilon: f64, decay: f64| json!({ "kind": kind, "beta1": beta1, "beta2": beta2, "epsilon": epsilon, "decay": decay });
    match rule {
        Rule::Sgd => json!({ "kind": "sgd", "decay": 0 }),
        Rule::Momentum { mu } => json!({ "kind": "momentum", "mu": mu, "decay": 0 }),
        Rule::Nesterov { mu } => json!({ "kind": "nesterov", "mu": mu, "decay": 0 }),
        Rule::Adagrad { epsilon, inside } => {
            json!({ "kind": "adagrad", "epsilon": epsilon, "inside": inside, "decay": 0 })
        }
        Rule::Adadelta { rho, epsilon, rate_inside } => {
            json!({ "kind": "adadelta", "rho": rho, "epsilon": epsilon, "inside": rate_inside, "decay": 0 })
        }
        Rule::RmsProp { rho, epsilon, inside } => {
            json!({ "kind": "rmsprop", "rho": rho, "epsilon": epsilon, "inside": inside, "decay": 0 })
        }
        Rule::Adam | Rule::AdamW => {
            let AdamRecipe { beta1, beta2, epsilon, .. } = AdamRecipe::default();
            averages("adam", [beta1, beta2], epsilon, if rule == Rule::AdamW { 0.01 } else { 0.0 })
        }
        Rule::NAdam => {
            let NAdamRecipe { beta1, beta2, epsilon, momentum_decay } = NAdamRecipe::default();
            let mut settings = averages("nadam", [beta1, beta2], epsilon, 0.0);
            settings["psi"] = json!(momentum_decay);
            settings
        }
        Rule::RAdam => {
            let RAdamRecipe { beta1, beta2, epsilon } = RAdamRecipe::default();
            averages("radam", [beta1, beta2], epsilon, 0.0)
        }
        Rule::Adan => {
            let AdanRecipe { beta1, beta2, beta3, epsilon, .. } = AdanRecipe::default();
            let mut settings = averages("adan", [beta1, beta2], epsilon, 0.0);
            settings["beta3"] = json!(beta3);
            settings
        }
        Rule::Lion => {
            let LionRecipe { beta1, beta2 } = LionRecipe::default();
            averages("lion", [beta1, beta2], 0.0, 1e-3)
        }
    }
}

/// What the page's arithmetic is held to: every racer's trajectory on every landscape at all rates, as JSON. Of each, only
/// the positions that rounding leaves certain: those that do not change when the slopes are computed in another way.
#[must_use]
pub fn trajectories() -> String {
    let mut all = Vec::new();
    for landscape in LANDSCAPES {
        for fairness in Fairness::ALL {
            for (index, racer) in RACERS.iter().enumerate() {
                let optimizer = || racer.optimizer(landscape, fairness);
                let way = race(landscape, &mut *optimizer(), landscape.start, landscape.frames);
                let written = |position| (landscape.value(position), landscape.written_gradient(position));
                let again = race_by(written, &mut *optimizer(), landscape.start, landscape.frames);
                let certain = way.shared_with(&again, 1e-12);
                all.push(json!({
                    "landscape": landscape.name, "fairness": fairness.name(), "racer": index,
                    "positions": &way.positions[..certain], "values": &way.values[..certain],
                    "slopes": &way.slopes[..certain],
                }));
            }
        }
    }
    Value::Array(all).to_string()
}
