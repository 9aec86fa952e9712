//! How is the ground drawn, as a map or as a surface, and where on it does a trail run?

use crate::box_frame::box_frame;
use crate::colour::Paint;
use crate::colour_map::HEIGHTS;
use crate::contour::{Grid, simplified};
use crate::landscape::{Landscape, Surface};
use crate::orbit::Orbit;
use crate::scene::{Anchor, Area, Point, Shape, Stroke, Text};
use crate::{text, ticks, trace};

pub(crate) const TICK_SIZE: f64 = 11.0;
pub(crate) const NAME_SIZE: f64 = 12.0;

/// Samples along each side of a map: finer than a level line's thickness.
const FINE: usize = 181;

/// Cells along each side of a surface.
const CELLS: usize = 36;

/// Powers of ten that the level lines of a map go down from the highest place.
const DECADES: f64 = 6.0;

/// How finely a trail follows the ground, in sides of the picture.
const STRIDE: f64 = 1.0 / 90.0;

/// A line may be off by this many pixels.
const UNSEEN: f64 = 0.12;

/// A step of a trail on paper.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Leg {
    /// What is seen of it.
    pub(crate) seen: Vec<Vec<Point>>,
    /// What the ground hides.
    pub(crate) hidden: Vec<Vec<Point>>,
}

/// Where a marker is, and whether the ground hides it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spot {
    pub(crate) at: Point,
    pub(crate) hidden: bool,
}

/// From numbers to places on paper.
pub(crate) enum Terrain<'a> {
    Map { landscape: &'a Landscape, area: Area },
    Surface { landscape: &'a Landscape, orbit: Orbit, room: Area },
}

impl<'a> Terrain<'a> {
    /// Lays the ground out in an area, with room for the labels of its axes.
    pub(crate) fn new(landscape: &'a Landscape, area: Area) -> Self {
        match landscape.surface {
            None => {
                let area =
                    Area { x: area.x + 30.0, y: area.y + 4.0, width: area.width - 34.0, height: area.height - 42.0 };
                Terrain::Map { landscape, area }
            }
            Some(Surface { elevation, azimuth, z }) => {
                let room = area;
                let area =
                    Area { x: area.x + 34.0, y: area.y + 6.0, width: area.width - 62.0, height: area.height - 50.0 };
                let orbit = Orbit::new(elevation, azimuth, [landscape.x, landscape.y, z], area);
                Terrain::Surface { landscape, orbit, room }
            }
        }
    }

    /// Everything below the trails.
    pub(crate) fn ground(&self) -> Vec<Shape> {
        match self {
            Terrain::Map { landscape, area } => map(landscape, *area),
            Terrain::Surface { landscape, orbit, room } => {
                let mut shapes = box_frame(orbit, &landscape.names, *room);
                shapes.extend(surface(landscape, orbit));
                shapes
            }
        }
    }

    /// Where a position is seen; `None` if that is outside the picture.
    pub(crate) fn spot(&self, [x, y]: [f64; 2]) -> Option<Spot> {
        match self {
            Terrain::Map { landscape, area } => {
                let inside = within(landscape.x, x) && within(landscape.y, y);
                inside.then(|| Spot { at: on_map(landscape, *area, (x, y)), hidden: false })
            }
            Terrain::Surface { landscape, orbit, .. } => {
                let z = (landscape.f)(x, y);
                let inside = within(landscape.x, x) && within(landscape.y, y) && within(orbit.ends[2], z);
                inside.then(|| {
                    let hidden = orbit.hides(&*landscape.f, [x, y, z]);
                    Spot { at: orbit.on_paper([x, y, z]), hidden }
                })
            }
        }
    }

    /// A step from one position to the next, along the ground.
    pub(crate) fn leg(&self, from: [f64; 2], to: [f64; 2]) -> Leg {
        match self {
            Terrain::Map { landscape, area } => {
                if !from.iter().chain(&to).all(|number| number.is_finite()) {
                    return Leg::default();
                }
                let ends = [from, to].map(|[x, y]| on_map(landscape, *area, (x, y)));
                Leg { seen: trace::cut(&ends, *area), hidden: Vec::new() }
            }
            Terrain::Surface { landscape, .. } => {
                let sides = |axis: [f64; 2], a: f64, b: f64| (b - a).abs() / (axis[1] - axis[0]);
                let length = sides(landscape.x, from[0], to[0]).hypot(sides(landscape.y, from[1], to[1]));
                // Beyond a few sides, most of a step is outside; it need not be followed finely there.
                let pieces = (length / STRIDE).ceil().clamp(1.0, 400.0);
                let places = (0..=pieces as usize).map(|i| {
                    let share = i as f64 / pieces;
                    [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]
                });
                let spots: Vec<Option<Spot>> = places.map(|place| self.spot(place)).collect();
                let mut leg = Leg::default();
                for pair in spots.windows(2) {
                    let (Some(from), Some(to)) = (pair[0], pair[1]) else { continue };
                    let pieces = if from.hidden && to.hidden { &mut leg.hidden } else { &mut leg.seen };
                    append(pieces, &[from.at, to.at]);
                }
                leg
            }
        }
    }
}

/// Adds a piece of line to the last one if it begins where that ends.
pub(crate) fn append(pieces: &mut Vec<Vec<Point>>, piece: &[Point]) {
    match pieces.last_mut() {
        Some(last) if last.last() == piece.first() => last.extend_from_slice(&piece[1..]),
        _ => pieces.push(piece.to_vec()),
    }
}

fn within([low, high]: [f64; 2], value: f64) -> bool {
    (low..=high).contains(&value)
}

fn on_map(landscape: &Landscape, area: Area, (x, y): Point) -> Point {
    let along = |[low, high]: [f64; 2], value: f64| ((value - low) / (high - low)).clamp(-1e6, 1e6);
    (area.x + area.width * along(landscape.x, x), area.bottom() - area.height * along(landscape.y, y))
}

/// The ground as bands between log-spaced levels, and the lines between them.
fn map(landscape: &Landscape, area: Area) -> Vec<Shape> {
    let heights = Grid::sample(|x, y| (landscape.f)(x, y), landscape.x, landscape.y, FINE, FINE);
    let lowest = heights.values().fold(f64::INFINITY, f64::min);
    let floor = landscape.minimum.map_or(lowest, |[x, y]| (landscape.f)(x, y).min(lowest));
    let highest = heights.values().fold(f64::NEG_INFINITY, f64::max);
    let top = (highest - floor).log10();
    let mut shapes = vec![Shape::Box { area, radius: 0.0, fill: Paint::Height(HEIGHTS - 1) }];
    if top.is_finite() {
        // In logarithms the function is smoother between the nodes, and so are its level lines.
        let bottom = top - DECADES;
        let logarithm = |x, y| ((landscape.f)(x, y) - floor).max(0.0).log10().max(bottom - 1.0);
        let grid = Grid::sample(logarithm, landscape.x, landscape.y, FINE, FINE);
        let paper = |line: &[Point]| {
            let line: Vec<Point> = line.iter().map(|&place| on_map(landscape, area, place)).collect();
            simplified(&line, UNSEEN)
        };
        for level in (0..HEIGHTS - 1).rev() {
            let rings = grid.below(bottom + DECADES * f64::from(level + 1) / f64::from(HEIGHTS));
            if rings.is_empty() {
                continue;
            }
            let lines: Vec<Vec<Point>> =
                rings.iter().flat_map(|ring| grid.lines(ring)).map(|line| paper(&line)).collect();
            let rings = rings.iter().map(|ring| paper(&closed(ring))).collect();
            shapes.push(Shape::Region { rings, fill: Paint::Height(level) });
            if !lines.is_empty() {
                shapes.push(Shape::Line { pieces: lines, stroke: Stroke::solid(Paint::Level(level), 0.8) });
            }
        }
    }
    shapes.extend(map_axes(landscape, area));
    shapes
}

fn closed(ring: &[Point]) -> Vec<Point> {
    ring.iter().chain(ring.first()).copied().collect()
}

fn map_axes(landscape: &Landscape, area: Area) -> Vec<Shape> {
    let axis = Stroke::solid(Paint::Axis, 1.0);
    let mut shapes = vec![Shape::Frame { area, stroke: axis }];
    for tick in ticks::linear(landscape.x[0], landscape.x[1], false) {
        let (x, bottom) = (on_map(landscape, area, (tick.value, 0.0)).0, area.bottom());
        shapes.push(Shape::Line { pieces: vec![vec![(x, bottom), (x, bottom + 4.0)]], stroke: axis });
        let label = Text::new((x, bottom + 17.0), tick.label, TICK_SIZE, Paint::Muted);
        shapes.push(Shape::Text(label.anchor(Anchor::Middle)));
    }
    for tick in ticks::linear(landscape.y[0], landscape.y[1], false) {
        let y = on_map(landscape, area, (0.0, tick.value)).1;
        shapes.push(Shape::Line { pieces: vec![vec![(area.x - 4.0, y), (area.x, y)]], stroke: axis });
        let label = Text::new((area.x - 8.0, y + 4.0), tick.label, TICK_SIZE, Paint::Muted);
        shapes.push(Shape::Text(label.anchor(Anchor::End)));
    }
    let [x, y, _] = &landscape.names;
    let x =
        Text::new((area.right(), area.bottom() + 33.0), text::shorten(x, NAME_SIZE, area.width), NAME_SIZE, Paint::Ink);
    shapes.push(Shape::Text(x.anchor(Anchor::End)));
    // Beside the axis there is room for a letter; a longer name stands above it, on the ground.
    let y = text::shorten(y, NAME_SIZE, area.width - 12.0);
    let beside = text::width(&y, NAME_SIZE) < 16.0;
    let at = if beside { (area.x - 26.0, area.y + 10.0) } else { (area.x + 6.0, area.y + 16.0) };
    shapes.push(Shape::Text(Text::new(at, y, NAME_SIZE, Paint::Ink)));
    shapes
}

/// The cells of the surface, the far ones first, so that the near ones cover them.
fn surface(landscape: &Landscape, orbit: &Orbit) -> Vec<Shape> {
    let along = |[low, high]: [f64; 2], i: usize| low + (high - low) * i as f64 / CELLS as f64;
    let place = |i: usize, j: usize| {
        let (x, y) = (along(landscape.x, i), along(landscape.y, j));
        [x, y, (landscape.f)(x, y)]
    };
    let mut cells = Vec::new();
    for i in 0..CELLS {
        for j in 0..CELLS {
            let corners = [place(i, j), place(i + 1, j), place(i + 1, j + 1), place(i, j + 1)];
            // A cell beyond the box, or without a height, is a hole.
            if corners.iter().all(|corner| within(orbit.ends[2], corner[2])) {
                let height = corners.iter().map(|corner| corner[2]).sum::<f64>() / 4.0;
                let middle = [(corners[0][0] + corners[2][0]) / 2.0, (corners[0][1] + corners[2][1]) / 2.0, height];
                cells.push((orbit.nearness([middle[0], middle[1], 0.0]), height, corners));
            }
        }
    }
    let lowest = cells.iter().map(|cell| cell.1).fold(f64::INFINITY, f64::min);
    let highest = cells.iter().map(|cell| cell.1).fold(f64::NEG_INFINITY, f64::max);
    cells.sort_by(|one, other| one.0.total_cmp(&other.0));
    let painted = cells.into_iter().map(|(_, height, corners)| {
        let share = if highest > lowest { (height - lowest) / (highest - lowest) } else { 0.0 };
        let level = (share * f64::from(HEIGHTS - 1)).round() as u8;
        let corners = corners.iter().map(|&corner| orbit.on_paper(corner)).collect();
        Shape::Polygon { corners, fill: Paint::Height(level), edge: Stroke::solid(Paint::Level(level), 0.5) }
    });
    painted.collect()
}
