//! Does every optimizer go where PyTorch's, optax's or the paper's goes? 50 steps on four problems, in f64.

use ndarray::{Array1, Array2, array};
use optim::Optimizer;
use tape::{Gradients, ParamId, Params, Tape};

use crate::table;

/// Made by the scripts in `docs/oracles/optim/`, which have the same problems and cases.
const TRAJECTORIES: [&str; 3] =
    [include_str!("data/torch.txt"), include_str!("data/optax.txt"), include_str!("data/papers.txt")];

const STEPS: u64 = 50;

/// Both sides do some ten roundings a step, and Rosenbrock's valley magnifies a difference a few hundred times in 50
/// steps: 50 * 10 * 1e-16 * 300 is 1.5e-11.
const TOLERANCE: f64 = 1e-10;

/// Loss and gradients at these parameters in step t, counted from 1.
type Loss = dyn Fn(&Params<f64>, u64) -> (f64, Gradients<f64>);

struct Problem {
    name: &'static str,
    params: Params<f64>,
    evaluate: Box<Loss>,
    /// Whether the parameter is reached in step t.
    reached: fn(&str, u64) -> bool,
}

impl Problem {
    fn flat(name: &'static str, start: &Array1<f64>, evaluate: impl Fn(&[f64]) -> (f64, Vec<f64>) + 'static) -> Self {
        let mut params = Params::new();
        params.add("x", start);
        let evaluate = move |params: &Params<f64>, _: u64| {
            let (loss, gradient) = evaluate(params.values());
            (loss, Gradients::for_params(params, &gradient).expect("as many as parameters"))
        };
        Self { name, params, evaluate: Box::new(evaluate), reached: |_, _| true }
    }
}

fn quadratic() -> Problem {
    Problem::flat("quadratic", &array![0.0, 0.0, 0.0], |x| {
        let (a, c) = ([1.0, 40.0, 400.0], [1.0, -2.0, 3.0]);
        let loss = (0..3).map(|i| a[i] * (x[i] - c[i]).powi(2)).sum::<f64>() / 2.0;
        (loss, (0..3).map(|i| a[i] * (x[i] - c[i])).collect())
    })
}

fn rosenbrock() -> Problem {
    Problem::flat("rosenbrock", &array![-1.2, 1.0], |p| {
        let (x, y) = (p[0], p[1]);
        let loss = (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
        (loss, vec![-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)])
    })
}

/// 2-3-2 with tanh, mean squared error on four points, differentiated by the tape.
fn network() -> Problem {
    let start: Vec<f64> = (0..17).map(|i| (0.7 * f64::from(i) + 0.3).sin()).collect();
    let matrix = |from: usize, rows, columns| {
        Array2::from_shape_vec((rows, columns), start[from..from + rows * columns].to_vec()).expect("a matrix")
    };
    let vector = |from: usize, size| Array1::from(start[from..from + size].to_vec());
    let mut params = Params::new();
    let ids: [ParamId; 4] = [
        params.add("0.weight", &matrix(0, 3, 2)),
        params.add("0.bias", &vector(6, 3)),
        params.add("1.weight", &matrix(9, 2, 3)),
        params.add("1.bias", &vector(15, 2)),
    ];
    let evaluate = move |params: &Params<f64>, _: u64| {
        Tape::new().value_and_grad(params, |pass| {
            let [w1, b1, w2, b2] = ids.map(|id| pass.parameter(id));
            let x = pass.constant([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
            let y = pass.constant([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]);
            let hidden = (x.matmul(w1.t()) + b1).tanh();
            (hidden.matmul(w2.t()) + b2 - y).powi(2).mean()
        })
    };
    Problem { name: "network", params, evaluate: Box::new(evaluate), reached: |_, _| true }
}

/// Gradients that are given; the second parameter is reached late, and then not always.
fn sequence() -> Problem {
    let mut params = Params::new();
    params.add("first", &array![[0.5, -1.0, 2.0], [0.0, 1.5, -0.25]]);
    params.add("second", &array![1.0, 0.0, -1.0]);
    let evaluate = |params: &Params<f64>, t: u64| {
        let gradient: Vec<f64> = (0..9).map(|i| (((7 * t + 3 * i) % 11) as f64 - 5.0) / 8.0).collect();
        (0.0, Gradients::for_params(params, &gradient).expect("as many as parameters"))
    };
    let reached = |name: &str, t| name == "first" || (t >= 10 && t % 4 != 0);
    Problem { name: "sequence", params, evaluate: Box::new(evaluate), reached }
}

/// The parameters of the oracle after step t.
fn recorded(case: &str, problem: &str, t: u64) -> Option<Vec<f64>> {
    let start = format!("{case} {problem} {t} ");
    let mut lines = TRAJECTORIES.iter().flat_map(|text| text.lines());
    let values = lines.find_map(|line| line.strip_prefix(&start))?;
    Some(values.split(' ').map(|value| value.parse().expect("the files hold numbers")).collect())
}

/// Compares one row's trajectories on all problems, and says with how many points.
fn compare(case: &str, make: fn() -> Box<dyn Optimizer<f64>>, evaluating: bool) -> usize {
    let mut compared = 0;
    for Problem { name, mut params, evaluate, reached } in [quadratic(), rosenbrock(), network(), sequence()] {
        if recorded(case, name, 1).is_none() {
            continue;
        }
        let mut optimizer = make();
        for t in 1..=STEPS {
            // A frozen parameter is skipped just as one without gradient.
            for id in params.iter().map(|(id, _)| id).collect::<Vec<_>>() {
                let trainable = reached(params.parameter(id).name(), t);
                params.set_trainable(id, trainable);
            }
            if evaluating {
                optimizer.step_with(&mut params, &mut |params| evaluate(params, t)).unwrap();
            } else {
                let (_, gradients) = evaluate(&params, t);
                optimizer.step(&mut params, &gradients).unwrap();
            }
            let Some(expected) = recorded(case, name, t) else { continue };
            compared += 1;
            assert_eq!(expected.len(), params.size());
            for (index, (own, oracle)) in params.values().iter().zip(&expected).enumerate() {
                let close = (own - oracle).abs() <= TOLERANCE * oracle.abs().max(1.0);
                assert!(close, "{case}, {name}, step {t}, element {index}: {own:?}, expected {oracle:?}");
            }
        }
    }
    assert!(compared > 0, "{case} is compared with nothing");
    compared
}

#[test]
fn every_trajectory_is_the_oracles() {
    let plain = table::rows::<f64>().into_iter().map(|(case, make)| compare(case, make, false));
    let evaluating = table::evaluating_rows::<f64>().into_iter().map(|(case, make)| compare(case, make, true));
    let compared: usize = plain.chain(evaluating).sum();
    let lines: usize = TRAJECTORIES.iter().map(|text| text.lines().count()).sum();
    assert_eq!(compared, lines, "every line of the files is used");
}
