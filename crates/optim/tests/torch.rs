//! Does every optimizer go where PyTorch's goes? 50 steps on three problems, in f64.

mod table;

use ndarray::array;
use optim::Optimizer;
use tape::{Gradients, Params};

/// Made by `docs/oracles/optim/trajectories.py`, which has the same problems and cases.
const TRAJECTORIES: &str = include_str!("data/torch.txt");

const STEPS: u64 = 50;

/// Both sides do some ten roundings a step, and Rosenbrock's valley magnifies a difference a few hundred times in 50
/// steps: 50 * 10 * 1e-16 * 300 is 1.5e-11.
const TOLERANCE: f64 = 1e-10;

struct Problem {
    name: &'static str,
    params: Params<f64>,
    /// The gradient at these values in step t, counted from 1.
    gradient: fn(&[f64], u64) -> Vec<f64>,
    /// Whether the parameter is reached in step t.
    reached: fn(&str, u64) -> bool,
}

fn problems() -> [Problem; 3] {
    let mut quadratic = Params::new();
    quadratic.add("x", &array![0.0, 0.0, 0.0]);
    let mut rosenbrock = Params::new();
    rosenbrock.add("p", &array![-1.2, 1.0]);
    let mut sequence = Params::new();
    sequence.add("first", &array![[0.5, -1.0, 2.0], [0.0, 1.5, -0.25]]);
    sequence.add("second", &array![1.0, 0.0, -1.0]);
    [
        Problem {
            name: "quadratic",
            params: quadratic,
            gradient: |x, _| vec![x[0] - 1.0, 40.0 * (x[1] + 2.0), 400.0 * (x[2] - 3.0)],
            reached: |_, _| true,
        },
        Problem {
            name: "rosenbrock",
            params: rosenbrock,
            gradient: |p, _| {
                let (x, y) = (p[0], p[1]);
                vec![-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)]
            },
            reached: |_, _| true,
        },
        Problem {
            name: "sequence",
            params: sequence,
            gradient: |_, t| (0..9).map(|i| (((7 * t + 3 * i) % 11) as f64 - 5.0) / 8.0).collect(),
            reached: |name, t| name == "first" || (t >= 10 && t % 4 != 0),
        },
    ]
}

/// PyTorch's parameters after step t.
fn recorded(case: &str, problem: &str, t: u64) -> Option<Vec<f64>> {
    let start = format!("{case} {problem} {t} ");
    let values = TRAJECTORIES.lines().find_map(|line| line.strip_prefix(&start))?;
    Some(values.split(' ').map(|value| value.parse().expect("the file holds numbers")).collect())
}

#[test]
fn every_trajectory_is_pytorchs() {
    let mut compared = 0;
    for (case, make) in table::rows::<f64>() {
        for Problem { name, mut params, gradient, reached } in problems() {
            let mut optimizer: Box<dyn Optimizer<f64>> = make();
            for t in 1..=STEPS {
                // A frozen parameter is skipped just as one without gradient.
                for id in params.iter().map(|(id, _)| id).collect::<Vec<_>>() {
                    let trainable = reached(params.parameter(id).name(), t);
                    params.set_trainable(id, trainable);
                }
                let gradients = Gradients::for_params(&params, &gradient(params.values(), t)).unwrap();
                optimizer.step(&mut params, &gradients).unwrap();
                let Some(expected) = recorded(case, name, t) else { continue };
                compared += 1;
                assert_eq!(expected.len(), params.size());
                for (index, (own, torch)) in params.values().iter().zip(&expected).enumerate() {
                    let close = (own - torch).abs() <= TOLERANCE * torch.abs().max(1.0);
                    assert!(close, "{case}, {name}, step {t}, element {index}: {own:?}, PyTorch has {torch:?}");
                }
            }
        }
    }
    assert_eq!(compared, TRAJECTORIES.lines().count(), "every line of the file is used");
}
