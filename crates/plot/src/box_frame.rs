//! Which sides of the box around a surface are drawn, and which of its edges carry the numbers?

use crate::colour::Paint;
use crate::orbit::{Orbit, Place};
use crate::scene::{Anchor, Area, Shape, Stroke, Text};
use crate::terrain::{NAME_SIZE, TICK_SIZE};
use crate::text;
use crate::ticks::{self, Tick};

/// How far beyond an edge its numbers and its name stand, in lengths of the box.
const NUMBERS: f64 = 0.065;
const NAMES: f64 = 0.15;

/// A name narrower than this stands level: it is as wide as it is high.
const LEVEL: f64 = 16.0;

/// The sides of the box as the eye sees them.
struct Sides {
    /// The x and the y at which the walls behind the surface stand, and those in front.
    wall: [f64; 2],
    front: [f64; 2],
    floor: f64,
    ceiling: f64,
    /// Where the upright edge is that is furthest to the left: nothing is beside it.
    upright: [f64; 2],
}

impl Sides {
    fn of(orbit: &Orbit) -> Sides {
        let end = |axis: usize, near: bool| orbit.ends[axis][usize::from((orbit.eye[axis] > 0.0) == near)];
        let (wall, front) = ([0, 1].map(|axis| end(axis, false)), [0, 1].map(|axis| end(axis, true)));
        let [floor, ceiling] = orbit.ends[2];
        let left = |edge: &[f64; 2]| orbit.on_paper([edge[0], edge[1], floor]).0;
        let edges = [[wall[0], front[1]], [front[0], wall[1]]];
        let upright = if left(&edges[0]) < left(&edges[1]) { edges[0] } else { edges[1] };
        Sides { wall, front, floor, ceiling, upright }
    }
}

/// The sides of the box that are behind the surface, with their grid, and labelled axes in front.
pub(crate) fn box_frame(orbit: &Orbit, names: &[String; 3], room: Area) -> Vec<Shape> {
    let sides = Sides::of(orbit);
    let mut shapes = grid(orbit, &sides);
    shapes.extend(labels(orbit, &sides, names, room));
    shapes
}

fn grid(orbit: &Orbit, sides: &Sides) -> Vec<Shape> {
    let [xs, ys, zs] = orbit.ends;
    let Sides { wall, front, floor, ceiling, upright } = *sides;
    let mut shapes = Vec::new();
    let mut line = |places: &[Place], paint| {
        let places = places.iter().map(|&place| orbit.on_paper(place)).collect();
        shapes.push(Shape::Line { pieces: vec![places], stroke: Stroke::solid(paint, 1.0) });
    };
    let values = |ends: [f64; 2]| ticks::linear(ends[0], ends[1], false).into_iter().map(|tick| tick.value);
    for x in values(xs) {
        line(&[[x, front[1], floor], [x, wall[1], floor], [x, wall[1], ceiling]], Paint::Grid);
    }
    for y in values(ys) {
        line(&[[front[0], y, floor], [wall[0], y, floor], [wall[0], y, ceiling]], Paint::Grid);
    }
    for z in values(zs) {
        line(&[[front[0], wall[1], z], [wall[0], wall[1], z], [wall[0], front[1], z]], Paint::Grid);
    }
    line(&[[xs[0], front[1], floor], [xs[1], front[1], floor]], Paint::Axis);
    line(&[[front[0], ys[0], floor], [front[0], ys[1], floor]], Paint::Axis);
    line(&[[upright[0], upright[1], floor], [upright[0], upright[1], ceiling]], Paint::Axis);
    shapes
}

fn labels(orbit: &Orbit, sides: &Sides, [x_name, y_name, z_name]: &[String; 3], room: Area) -> Vec<Shape> {
    let [xs, ys, zs] = orbit.ends;
    let Sides { front, floor, ceiling, upright, .. } = *sides;
    // Beside an edge: this far out from the middle of the box.
    let beyond = |ends: [f64; 2], end: f64, share: f64| end + share * (2.0 * end - ends[0] - ends[1]);
    let label = |place: Place, content: &str, size: f64, fill: Paint| {
        let (x, y) = orbit.on_paper(place);
        // From some sides there is no room beyond an axis.
        let at = (x.clamp(room.x + 8.0, room.right() - 8.0), (y + 4.0).clamp(room.y + 8.0, room.bottom() - 2.0));
        Shape::Text(Text::new(at, content, size, fill).anchor(Anchor::Middle))
    };
    // At the corner in front, the numbers of two axes would be one on the other.
    let inner = |ends: [f64; 2], front: f64| {
        let apart = 0.03 * (ends[1] - ends[0]);
        ticks::linear(ends[0], ends[1], false).into_iter().filter(move |tick| (tick.value - front).abs() > apart)
    };
    let mut shapes = Vec::new();
    for Tick { value, label: number } in inner(xs, front[0]) {
        shapes.push(label([value, beyond(ys, front[1], NUMBERS), floor], &number, TICK_SIZE, Paint::Muted));
    }
    for Tick { value, label: number } in inner(ys, front[1]) {
        shapes.push(label([beyond(xs, front[0], NUMBERS), value, floor], &number, TICK_SIZE, Paint::Muted));
    }
    for Tick { value, label: number } in ticks::linear(zs[0], zs[1], false) {
        let (x, y) = orbit.on_paper([upright[0], upright[1], value]);
        let number = Text::new((x - 6.0, y + 4.0), number, TICK_SIZE, Paint::Muted);
        shapes.push(Shape::Text(number.anchor(Anchor::End)));
    }
    let middle = |ends: [f64; 2]| (ends[0] + ends[1]) / 2.0;
    let (across, up) = (beyond(ys, front[1], NAMES), beyond(xs, front[0], NAMES));
    for (name, place, edge) in [
        (x_name, [middle(xs), across, floor], xs.map(|x| [x, across, floor])),
        (y_name, [up, middle(ys), floor], ys.map(|y| [up, y, floor])),
    ] {
        let level = text::width(name, NAME_SIZE) < LEVEL;
        shapes.push(if level { label(place, name, NAME_SIZE, Paint::Ink) } else { along(orbit, edge, name) });
    }
    let (x, y) = orbit.on_paper([upright[0], upright[1], ceiling]);
    shapes.push(Shape::Text(Text::new((x, y - 8.0), z_name, NAME_SIZE, Paint::Ink).anchor(Anchor::Middle)));
    shapes
}

/// A name in the middle of a line beside an edge, in its direction: level, it would reach over the numbers into the surface.
fn along(orbit: &Orbit, edge: [Place; 2], name: &str) -> Shape {
    let [(x0, y0), (x1, y1)] = edge.map(|place| orbit.on_paper(place));
    let (across, down) = if x0 <= x1 { (x1 - x0, y1 - y0) } else { (x0 - x1, y0 - y1) };
    let name = text::shorten(name, NAME_SIZE, across.hypot(down));
    let turn = down.atan2(across);
    // The position of a text is on its baseline, a third of its size below its middle.
    let below = NAME_SIZE / 3.0;
    let at = ((x0 + x1) / 2.0 - below * turn.sin(), (y0 + y1) / 2.0 + below * turn.cos());
    Shape::Text(Text::new(at, name, NAME_SIZE, Paint::Ink).anchor(Anchor::Middle).turned(turn.to_degrees()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From wherever the box is seen, walls are behind it and numbers in front of it or to its left.
    #[test]
    fn walls_are_behind_and_numbers_in_front() {
        let area = Area { x: 0.0, y: 0.0, width: 100.0, height: 100.0 };
        for azimuth in [-135.0, -75.0, 10.0, 100.0, 200.0] {
            let orbit = Orbit::new(30.0, azimuth, [[-1.0, 1.0], [0.0, 3.0], [-5.0, 5.0]], area);
            let Sides { wall, front, floor, ceiling, upright } = Sides::of(&orbit);
            assert!(
                orbit.nearness([front[0], front[1], floor]) > orbit.nearness([wall[0], wall[1], floor]),
                "{azimuth}"
            );
            assert_eq!((floor, ceiling), (-5.0, 5.0));
            let corners = [-1.0, 1.0].into_iter().flat_map(|x| [0.0, 3.0].map(|y| orbit.on_paper([x, y, floor]).0));
            assert!(
                corners.fold(f64::INFINITY, f64::min) == orbit.on_paper([upright[0], upright[1], floor]).0,
                "{azimuth}"
            );
        }
    }

    /// Once, "second direction" stood level beside its slanted axis, over the numbers and into the surface.
    #[test]
    fn long_names_run_along_their_edges_and_letters_stand_level() {
        let area = Area { x: 0.0, y: 0.0, width: 300.0, height: 300.0 };
        let orbit = Orbit::new(50.0, 120.0, [[-1.0, 1.0]; 3], area);
        let turns = |names: [&str; 3]| {
            let shapes = labels(&orbit, &Sides::of(&orbit), &names.map(str::to_owned), area);
            let texts = shapes.into_iter().filter_map(|shape| match shape {
                Shape::Text(text) if text.size == NAME_SIZE => Some(text.turn),
                _ => None,
            });
            texts.collect::<Vec<_>>()
        };
        assert_eq!(turns(["x", "y", "z"]), [0.0; 3]);
        let [first, second, height] = turns(["first direction", "second direction", "loss"])[..] else {
            panic!("three names")
        };
        // The edge of x falls to the right, that of y rises, and both are read from left to right.
        assert!(10.0 < first && first < 60.0 && -80.0 < second && second < -10.0, "{first} {second}");
        assert_eq!(height, 0.0);
    }
}
