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

/// The loss of a network that learns two spirals, over the plane through its last weights along two random directions, each
/// scaled to the norms of the weights it changes (H. Li, Z. Xu, G. Taylor, C. Studer and T. Goldstein, "Visualizing the Loss
/// Landscape of Neural Nets", NeurIPS 2018), with the training's path projected onto it.
fn network(out: &Path) -> super::Result {
    let (x, labels) = spirals();
    let mut params = Params::<f64>::new();
    let rng = &mut ChaCha8Rng::seed_from_u64(4);
    let model = Sequential::new().linear(2, 24).tanh().linear(24, 24).tanh().linear(24, 2).build(&mut params, rng);
    let mut tape = Tape::new();
    let mut momentum = Sgd::new(0.1).momentum(0.9);
    let mut path = vec![params.values().to_vec()];
    for step in 1..=600 {
        let (_, gradients) =
            tape.value_and_grad(&params, |pass| cross_entropy(model.forward(pass, pass.constant(&x)), &labels));
        momentum.step(&mut params, &gradients)?;
        if step % 5 == 0 {
            path.push(params.values().to_vec());
        }
    }
    let end = params.values().to_vec();
    let directions = [direction(&params, rng), direction(&params, rng)];
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let [aa, ab, bb] = [(0, 0), (0, 1), (1, 1)].map(|(i, j)| dot(&directions[i], &directions[j]));
    let project = |values: &[f64]| {
        let away: Vec<f64> = values.iter().zip(&end).map(|(value, end)| value - end).collect();
        let [a, b] = [dot(&away, &directions[0]), dot(&away, &directions[1])];
        let scale = aa * bb - ab * ab;
        [(a * bb - b * ab) / scale, (b * aa - a * ab) / scale]
    };
    let positions: Vec<[f64; 2]> = path.iter().map(|values| project(values)).collect();

    let shown = params.clone();
    let loss = move |a: f64, b: f64| {
        let mut params = shown.clone();
        for (index, value) in params.values_mut().iter_mut().enumerate() {
            *value += a * directions[0][index] + b * directions[1][index];
        }
        let logits =
            Tape::new().evaluate(&params, |pass| cross_entropy(model.forward(pass, pass.constant(&x)), &labels));
        logits.sum()
    };
    assert!(loss(0.0, 0.0) < 0.2, "two spirals are learnt: {}", loss(0.0, 0.0));
    assert_eq!(positions.last(), Some(&[0.0, 0.0]), "the path ends where the plane lies");
    let map = Landscape::new("The loss of a network, cut along two directions", loss, [-1.2, 1.2], [-1.2, 1.2])?
        .formula("cross-entropy of 2\u{2013}24\u{2013}24\u{2013}2 on two spirals")
        .note("filter-normalised directions")
        .names("first direction", "second direction", "loss")
        .trail(Trail::new("momentum", &positions).rate(0.1));
    Ok(map.save(out.join("surface.svg"))?)
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
