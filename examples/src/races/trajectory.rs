//! Where is an optimizer after each step?

use ndarray::array;
use optim::Optimizer;
use tape::{Gradients, Params};

use super::Landscape;

/// The way of one optimizer: a position per frame, the start first. It ends early where the numbers do: at a place whose
/// height or slope overflows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trajectory {
    /// Where it was.
    pub positions: Vec<[f64; 2]>,
    /// How high that is.
    pub values: Vec<f64>,
    /// The Euclidean norm of the gradient there.
    pub slopes: Vec<f64>,
}

/// Races one optimizer over `frames` positions from `start`, with gradients from the tape.
///
/// ```
/// use examples::races::{landscape, race};
/// let valley = landscape("valley").unwrap();
/// let way = race(valley, &mut optim::Sgd::new(0.05), [1.0, 1.0], 3);
/// // Each step halves x and makes y a tenth larger.
/// for (position, expected) in way.positions.iter().zip([[1.0, 1.0], [0.5, 1.1], [0.25, 1.21]]) {
///     assert!(position.iter().zip(expected).all(|(p, e)| (p - e).abs() < 1e-12));
/// }
/// assert_eq!((way.values[0], way.slopes[0]), (4.0, 104.0_f64.sqrt()));
/// ```
#[must_use]
pub fn race(landscape: &Landscape, optimizer: &mut dyn Optimizer<f64>, start: [f64; 2], frames: usize) -> Trajectory {
    race_by(|position| landscape.value_and_gradient(position), optimizer, start, frames)
}

/// As [`race`], with heights and slopes from a function: those that are written in the page, for one.
#[must_use]
pub fn race_by(
    evaluate: impl Fn([f64; 2]) -> (f64, [f64; 2]),
    optimizer: &mut dyn Optimizer<f64>,
    start: [f64; 2],
    frames: usize,
) -> Trajectory {
    let mut params = Params::new();
    params.add("position", &array![start[0], start[1]]);
    let mut way = Trajectory::default();
    while way.positions.len() < frames {
        let position = [params.values()[0], params.values()[1]];
        let (value, gradient) = evaluate(position);
        if !(value.is_finite() && gradient.iter().all(|slope| slope.is_finite())) {
            break;
        }
        way.positions.push(position);
        way.values.push(value);
        way.slopes.push(gradient[0].hypot(gradient[1]));
        let gradients = Gradients::for_params(&params, &gradient).expect("there are two slopes for two numbers");
        optimizer.step(&mut params, &gradients).expect("the settings are sound and the gradients finite");
    }
    way
}

impl Trajectory {
    /// How many positions two trajectories share, to within `tolerance` of them or of 1. Two ways to write the same slopes
    /// differ by rounding: where that is amplified until it is seen, nothing determines the trajectory.
    #[must_use]
    pub fn shared_with(&self, other: &Trajectory, tolerance: f64) -> usize {
        let close = |(one, other): (&f64, &f64)| (one - other).abs() <= tolerance * one.abs().max(1.0);
        let pairs = self.positions.iter().zip(&other.positions);
        pairs.take_while(|(one, other)| one.iter().zip(*other).all(close)).count()
    }
}

/// Where Radford's racers were at some steps, as read off his animations: landscape, racer, step, position.
pub const READ_OFF: &[(&str, &str, usize, [f64; 2])] = &[
    ("beale", "SGD", 50, [1.007414, 0.508716]),
    ("beale", "NAG", 198, [3.092209, 0.522085]),
    ("beale", "Adagrad", 1, [0.0, 0.6]),
    ("beale", "Adagrad", 198, [2.818721, 0.450422]),
    ("beale", "Adadelta", 10, [1.031198, 0.421567]),
    ("beale", "RMSprop", 1, [0.664590, 1.264590]),
    ("valley", "Momentum", 40, [0.084743, -0.000075]),
    ("valley", "Adagrad", 40, [0.002154, -0.808550]),
    ("saddle", "SGD", 60, [-0.112506, -0.364720]),
    ("saddle", "NAG", 60, [0.205946, -0.362031]),
    ("saddle", "RMSprop", 60, [0.709881, -1.102745]),
];
