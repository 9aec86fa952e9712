//! Dynamic learning rates: schedules that know the time, and rates that answer to the error.

use std::path::Path;

use ndarray::array;
use optim::{BoldDriver, Optimizer, Plateau, Schedule, Sgd};
use plot::{Curves, Panels};
use tape::{Gradients, Params};

const STEPS: u64 = 200;

pub(crate) fn draw(out: &Path) -> super::Result {
    schedules(out)?;
    answers(out)
}

fn schedules(out: &Path) -> super::Result {
    let families: [(&str, Vec<(&str, Schedule)>); 6] = [
        (
            "Decay",
            vec![
                ("linear", Schedule::linear(STEPS)),
                ("polynomial, power 2", Schedule::polynomial(STEPS, 2.0)),
                ("geometric", Schedule::geometric(STEPS)),
                ("exponential", Schedule::exponential(0.98)),
                ("inverse time", Schedule::inverse_time(1.0, 40)),
            ],
        ),
        (
            "In stairs",
            vec![
                ("constant", Schedule::constant(0.9)),
                ("held", Schedule::held(1.0 / 3.0, 30)),
                ("steps", Schedule::steps(50, 0.4)),
                ("milestones", Schedule::milestones([(80, 0.5), (160, 0.2)])),
            ],
        ),
        (
            "Warm-up first",
            vec![
                ("cosine", Schedule::cosine(STEPS).warmup(20)),
                ("one cycle", Schedule::one_cycle(STEPS)),
                ("inverse root", Schedule::inverse_root(20)),
                ("trapezoid (WSD)", Schedule::wsd(STEPS, 50).warmup(20)),
                ("REX", Schedule::rex(STEPS).warmup(20)),
            ],
        ),
        (
            "Over and over",
            vec![
                ("warm restarts", Schedule::restarts(40, 2)),
                ("periodic cosine", Schedule::periodic_cosine(50)),
                ("cyclic", Schedule::cyclic(0.1, 25, 25)),
            ],
        ),
        (
            "Made of others",
            vec![
                ("steps, then linear", Schedule::steps(40, 0.7).then(100, Schedule::linear(100).between(0.5, 0.0))),
                ("cosine times steps", Schedule::cosine(STEPS).times(Schedule::steps(50, 0.7))),
                ("of one's own", Schedule::function(|t| 1.0 / (1.0 + (t as f64 / 60.0).powi(2)))),
                ("product of one's own", Schedule::product_of(|t| if t % 20 == 19 { 0.8 } else { 1.0 })),
            ],
        ),
        ("Long and short by turns", vec![("Chebyshev", Schedule::chebyshev(128, 0.2))]),
    ];
    let mut pictures =
        ["decays.svg", "warmups.svg", "composed.svg"].map(|name| (name, Panels::new("The learning rate by step")));
    for (number, (family, curves)) in families.into_iter().enumerate() {
        let mut panel = Curves::new(family).x_label("step").y_label("part of the base rate");
        for (name, schedule) in curves {
            schedule.check()?;
            let points: Vec<_> = (0..STEPS).map(|t| (t as f64, schedule.at(t))).collect();
            panel = panel.points(name, &points);
        }
        let panels = &mut pictures[number / 2].1;
        *panels = panels.clone().panel(panel);
    }
    for (name, panels) in pictures {
        panels.save(out.join(name))?;
    }
    Ok(())
}

/// What a rate does when a step is done, told the loss behind it.
type Answer = Box<dyn FnMut(f64, &mut Params<f64>, &mut Sgd<f64>)>;

/// A valley, 0.5 (x^2 + 30 y^2): the largest rate that does not diverge is 2/30, and a good driver finds it.
fn answers(out: &Path) -> super::Result {
    let valley = |params: &Params<f64>| {
        let [x, y] = params.values() else { unreachable!("two numbers") };
        let slope = Gradients::for_params(params, &[*x, 30.0 * y]).expect("a slope for each");
        (0.5 * (x * x + 30.0 * y * y), slope)
    };
    let start = || {
        let mut params = Params::<f64>::new();
        params.add("x", &array![4.0]);
        params.add("y", &array![1.0]);
        params
    };
    let run = |mut answer: Answer, rate| -> (Vec<f64>, Vec<f64>) {
        let (mut params, mut sgd) = (start(), Sgd::new(rate));
        let (mut losses, mut rates) = (Vec::new(), Vec::new());
        for _ in 0..120 {
            let (loss, slope) = valley(&params);
            losses.push(loss);
            rates.push(Optimizer::<f64>::base_learning_rate(&sgd));
            sgd.step(&mut params, &slope).expect("finite slopes");
            let (loss, _) = valley(&params);
            answer(loss, &mut params, &mut sgd);
        }
        (losses, rates)
    };
    let fixed = run(Box::new(|_, _, _| {}), 0.005);
    let mut driver = BoldDriver::new();
    let bold = run(Box::new(move |loss, params, sgd| _ = driver.observe(loss, params, sgd)), 0.005);
    let mut plateau = Plateau::new().factor(0.5).patience(2);
    let cut = run(Box::new(move |loss, _, sgd| _ = plateau.observe(loss, sgd)), 0.0667);
    assert!(bold.0[119] < 0.1 * fixed.0[119], "{} and {}", bold.0[119], fixed.0[119]);

    let names = ["fixed", "bold driver", "reduced on plateau"];
    let mut error = Curves::new("Error").x_label("step").y_label("loss").log_y();
    let mut rate = Curves::new("Learning rate").x_label("step").y_label("rate").log_y();
    for (name, (losses, rates)) in names.into_iter().zip([fixed, bold, cut]) {
        error = error.line(name, &losses);
        rate = rate.line(name, &rates);
    }
    let title = "Large steps while the error is large: rates that answer to the error";
    Ok(Panels::new(title).panel(error).panel(rate).save(out.join("answers.svg"))?)
}
