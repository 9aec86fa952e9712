//! Error surfaces: a bowl whose steps are too small, right and too large, and the surface of a real network.

use std::path::Path;

use ndarray::Array2;
use nn::{Sequential, cross_entropy};
use optim::{Optimizer, Sgd};
use plot::{Landscape, Trail};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tape::{Params, Tape};

pub(crate) fn draw(out: &Path) -> super::Result {
    bowl(out)?;
    network(out)
}

/// The error of a line through points is a bowl over its slope and offset.
fn bowl(out: &Path) -> super::Result {
    let x: Vec<f64> = (0..16).map(|k| f64::from(k) / 8.0 - 0.6).collect();
    let points: Vec<(f64, f64)> = x.iter().map(|&x| (x, 1.2 * x + 0.4)).collect();
    let error = {
        let points = points.clone();
        move |slope: f64, offset: f64| {
            points.iter().map(|(x, y)| (slope * x + offset - y).powi(2)).sum::<f64>() / points.len() as f64
        }
    };
    let mut map = Landscape::new("The error of a straight line", error.clone(), [-2.0, 3.0], [-2.0, 2.0])?
        .formula("mean of (slope x + offset \u{2212} y)\u{b2} over 16 points")
        .names("slope", "offset", "error")
        .minimum(1.2, 0.4);
    let mut ends = Vec::new();
    for (name, rate) in [("too small", 0.02), ("right", 0.3), ("too large", 0.86)] {
        let mut position = [-1.5, -1.6];
        let mut positions = vec![position];
        let mut slopes = Vec::new();
        for step in 0..=40 {
            let (_, slope) = tape::value_and_grad(
                |w| {
                    let squares = points.iter().map(|&(x, y)| (w[0] * x + w[1] - y).powi(2));
                    squares.sum::<tape::Var<f64>>() / points.len() as f64
                },
                &position,
            );
            slopes.push(slope[0].hypot(slope[1]));
            if step < 40 {
                position = [position[0] - rate * slope[0], position[1] - rate * slope[1]];
                positions.push(position);
            }
        }
        ends.push(error(position[0], position[1]));
        map = map.trail(Trail::new(name, &positions).rate(rate).slopes(&slopes));
    }
    assert!(ends[1] < 1e-3 && ends[0] > 10.0 * ends[1] && ends[2] > 10.0 * ends[1], "{ends:?}");
    Ok(map.save(out.join("bowl.svg"))?)
}

/// A network that learns two spirals, and the surface around its last weights: along two random directions, each scaled to
/// the norms of the weights that it changes (H. Li, Z. Xu, G. Taylor, C. Studer and T. Goldstein, "Visualizing the Loss
/// Landscape of Neural Nets", NeurIPS 2018), and in the plane that the training's own path spans.
fn network(out: &Path) -> super::Result {
    let (x, labels) = spirals();
    let mut params = Params::<f64>::new();
    let rng = &mut ChaCha8Rng::seed_from_u64(4);
    let model = Sequential::new().linear(2, 24).tanh().linear(24, 24).tanh().linear(24, 2).build(&mut params, rng);
    let mut tape = Tape::new();
    let mut momentum = Sgd::new(0.1).momentum(0.9);
    let mut path = vec![params.values().to_vec()];
    for _ in 0..300 {
        let (_, gradients) =
            tape.value_and_grad(&params, |pass| cross_entropy(model.forward(pass, pass.constant(&x)), &labels));
        momentum.step(&mut params, &gradients)?;
        path.push(params.values().to_vec());
    }
    let around = |directions: [Vec<f64>; 2]| {
        let (params, model, x, labels) = (params.clone(), model.clone(), x.clone(), labels.clone());
        move |a: f64, b: f64| {
            let mut params = params.clone();
            for (value, (one, other)) in params.values_mut().iter_mut().zip(directions[0].iter().zip(&directions[1])) {
                *value += a * one + b * other;
            }
            let (loss, gradients) = Tape::new()
                .value_and_grad(&params, |pass| cross_entropy(model.forward(pass, pass.constant(&x)), &labels));
            (loss, [0, 1].map(|axis: usize| dot(gradients.params(), &directions[axis])))
        }
    };

    let cut = around([direction(&params, rng), direction(&params, rng)]);
    assert!(cut(0.0, 0.0).0 < 0.05, "two spirals are learnt: {}", cut(0.0, 0.0).0);
    let [plain, momentum] = [0.0, 0.8].map(|mu| {
        let (mut position, mut velocity) = ([-0.5, 0.6], [0.0, 0.0]);
        let (mut positions, mut slopes) = (vec![position], Vec::new());
        for _ in 0..80 {
            let (_, slope) = cut(position[0], position[1]);
            velocity = [0, 1].map(|axis: usize| mu * velocity[axis] + slope[axis]);
            position = [0, 1].map(|axis: usize| position[axis] - 0.01 * velocity[axis]);
            slopes.push(slope[0].hypot(slope[1]));
            positions.push(position);
        }
        let (loss, slope) = cut(position[0], position[1]);
        assert!(loss < 0.1, "the way down is found in the cut too: {loss}");
        slopes.push(slope[0].hypot(slope[1]));
        (positions, slopes)
    });
    let trail =
        |name, (positions, slopes): &(Vec<[f64; 2]>, Vec<f64>)| Trail::new(name, positions).rate(0.01).slopes(slopes);
    Landscape::new("A network's error surface", move |a, b| cut(a, b).0, [-0.8, 0.8], [-0.8, 0.8])?
        .formula("cross-entropy of 2\u{2013}24\u{2013}24\u{2013}2 on two spirals")
        .note("random directions, filter-normalised")
        .names("first direction", "second direction", "loss")
        .surface(50.0, 120.0, [0.0, 4.0])?
        .trail(trail("SGD", &plain))
        .trail(trail("momentum", &momentum))
        .save(out.join("surface.svg"))?;

    let plane = Plane::of(&path);
    let positions: Vec<[f64; 2]> = path.iter().map(|values| plane.project(values)).collect();
    assert_eq!(positions.last(), Some(&[0.0, 0.0]), "the path ends where the plane lies");
    let (span, end) = (around(plane.directions), positions[positions.len() - 1]);
    assert!(span(end[0], end[1]).0 < 0.05);
    let map = Landscape::new("The way of a training", move |a, b| span(a, b).0, [-0.5, 1.5], [-0.7, 1.4])?
        .formula("cross-entropy of 2\u{2013}24\u{2013}24\u{2013}2 on two spirals")
        .note("the plane of the path")
        .names("towards the start", "towards the bend", "loss")
        .trail(Trail::new("momentum", &positions).rate(0.1));
    Ok(map.save(out.join("path.svg"))?)
}

/// The plane through the end of a path, its start, and the place that is farthest from the straight line between the two.
struct Plane {
    end: Vec<f64>,
    directions: [Vec<f64>; 2],
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Plane {
    fn of(path: &[Vec<f64>]) -> Self {
        let end = path[path.len() - 1].clone();
        let away = |values: &[f64]| values.iter().zip(&end).map(|(value, end)| value - end).collect::<Vec<_>>();
        let first = away(&path[0]);
        let beside = |values: &[f64]| {
            let away = away(values);
            let along = dot(&away, &first) / dot(&first, &first);
            away.iter().zip(&first).map(|(away, first)| away - along * first).collect::<Vec<_>>()
        };
        let bends = path.iter().map(|values| beside(values));
        let second = bends.max_by(|a, b| dot(a, a).total_cmp(&dot(b, b))).expect("a path has a start");
        Self { directions: [first, second], end }
    }

    /// The two directions are at right angles, so that each coordinate is a projection of its own.
    fn project(&self, values: &[f64]) -> [f64; 2] {
        let away: Vec<f64> = values.iter().zip(&self.end).map(|(value, end)| value - end).collect();
        [0, 1]
            .map(|axis: usize| dot(&away, &self.directions[axis]) / dot(&self.directions[axis], &self.directions[axis]))
    }
}

/// A random direction in which every row of a weight matrix is as long as the row of the weights that it changes.
fn direction(params: &Params<f64>, rng: &mut impl Rng) -> Vec<f64> {
    let mut direction = Vec::with_capacity(params.size());
    for (id, parameter) in params.iter() {
        let shape = parameter.shape();
        let noise = nn::Init::normal(0.0, 1.0).array::<f64>(&**shape, rng);
        let rows = params.view(id);
        let matrices = [noise.view(), rows.view()].map(|array| {
            let columns = shape.iter().skip(1).product::<usize>();
            array.to_shape((shape[0], columns)).expect("rows of a matrix, or single biases").into_owned()
        });
        for (noise, row) in matrices[0].outer_iter().zip(matrices[1].outer_iter()) {
            let [noise_norm, norm] = [noise, row].map(|row| row.dot(&row).sqrt());
            direction.extend(noise.iter().map(|noise| noise * norm / noise_norm.max(f64::MIN_POSITIVE)));
        }
    }
    direction
}

fn spirals() -> (Array2<f64>, Vec<usize>) {
    let labels: Vec<usize> = (0..120).map(|point| point % 2).collect();
    let x = Array2::from_shape_fn((labels.len(), 2), |(point, axis)| {
        let along = (point / 2) as f64 / 60.0;
        let angle = 5.0 * along + std::f64::consts::PI * labels[point] as f64;
        (0.2 + along) * if axis == 0 { angle.cos() } else { angle.sin() }
    });
    (x, labels)
}
