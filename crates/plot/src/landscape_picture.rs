//! How is a race laid out: the ground with its trails, read-outs, and losses against steps?

use crate::axis::{Axis, Scale};
use crate::chart;
use crate::colour::{Paint, RADFORD, SERIES};
use crate::landscape::Landscape;
use crate::number;
use crate::scene::{Anchor, Area, Point, Scene, Shape, Stroke, Text};
use crate::terrain::{Leg, Spot, Terrain, append};
use crate::text;
use crate::trace;

const WIDTH: f64 = 620.0;
/// That of Radford's animations; more, where a legend is too long to leave room for the losses.
const HEIGHT: f64 = 480.0;
const LEAST_LOSSES: f64 = 120.0;

/// Where the ground is, with the labels of its axes.
const GROUND: Area = Area { x: 6.0, y: 58.0, width: 370.0, height: 412.0 };

/// The left and right end of the read-outs and of the losses.
const BESIDE: [f64; 2] = [384.0, 608.0];

/// Where the columns of numbers end, from the right end.
const RATES: f64 = 92.0;
const VALUES: f64 = 45.0;
const ROW: f64 = 17.0;
/// For the labels of the steps.
const BELOW_LOSSES: f64 = 48.0;
const SMALL: f64 = 11.0;
const READ_OUT: f64 = 10.0;

/// Numbers that change 25 times a second cannot be read: read-outs follow every this many steps.
#[cfg(feature = "gif")]
const READ_OUT_EVERY: usize = 5;

/// A picture whose frames differ only in how far the trails have come.
pub(crate) struct Stage<'a> {
    landscape: &'a Landscape,
    /// What is the same in all frames.
    pub(crate) still: Vec<Shape>,
    tracks: Vec<Track>,
    star: Option<Point>,
    losses: Option<Losses>,
    last: usize,
    height: f64,
}

/// A trail on paper.
struct Track {
    paint: Paint,
    legs: Vec<Leg>,
    spots: Vec<Option<Spot>>,
    values: Vec<f64>,
    /// The same on the chart of losses.
    chart: Vec<Option<Point>>,
}

/// The chart of losses.
struct Losses {
    plot: Area,
}

impl<'a> Stage<'a> {
    /// Width and height in pixels.
    #[cfg(feature = "gif")]
    pub(crate) fn size(&self) -> (f64, f64) {
        (WIDTH, self.height)
    }

    pub(crate) fn new(landscape: &'a Landscape) -> Self {
        let terrain = Terrain::new(landscape, GROUND);
        let mut still = headings(landscape);
        still.extend(terrain.ground());
        let mut tracks: Vec<Track> =
            landscape.trails.iter().enumerate().map(|(n, _)| track(landscape, &terrain, n)).collect();
        let star = landscape.minimum.and_then(|place| terrain.spot(place)).map(|spot| spot.at);
        still.extend(legend(landscape));
        let height = HEIGHT.max(losses_top(landscape) + LEAST_LOSSES + BELOW_LOSSES);
        let losses = losses(landscape, height, &mut tracks, &mut still);
        let last = landscape.frames().saturating_sub(1);
        Stage { landscape, still, tracks, star, losses, last, height }
    }

    /// The whole picture after a step.
    pub(crate) fn scene(&self, step: usize) -> Scene {
        let step = step.min(self.last);
        let mut scene = Scene::new(WIDTH, self.height, self.description(step));
        scene.shapes.extend(self.still.iter().cloned());
        scene.shapes.extend(self.moving(step, step));
        scene
    }

    /// What a film shows on top of what is still: read-outs wait for a step that they can be read at.
    #[cfg(feature = "gif")]
    pub(crate) fn film_frame(&self, step: usize) -> Vec<Shape> {
        let readable = if step == self.last { step } else { step - step % READ_OUT_EVERY };
        self.moving(step, readable)
    }

    fn moving(&self, step: usize, readable: usize) -> Vec<Shape> {
        let mut shapes = Vec::new();
        for track in &self.tracks {
            shapes.extend(track.trail(step));
        }
        if let Some(at) = self.star {
            shapes.push(star(at));
        }
        for (n, track) in self.tracks.iter().enumerate() {
            shapes.extend(track.marker(n, step));
        }
        shapes.push(Shape::Text(
            Text::new((BESIDE[1], 26.0), format!("step {step} of {}", self.last), 12.0, Paint::Ink).anchor(Anchor::End),
        ));
        for (n, track) in self.tracks.iter().enumerate() {
            shapes.extend(self.read_out(n, track, readable));
        }
        if let Some(losses) = &self.losses {
            for track in &self.tracks {
                shapes.extend(track.losses(step, losses.plot));
            }
        }
        shapes
    }

    fn read_out(&self, n: usize, track: &Track, step: usize) -> Vec<Shape> {
        let trail = &self.landscape.trails[n];
        let y = row(n);
        let number = |value: Option<&f64>| value.map_or_else(|| "–".to_owned(), |&value| number::short(value));
        let at =
            |x: f64, content: String| Shape::Text(Text::new((x, y), content, READ_OUT, Paint::Ink).anchor(Anchor::End));
        vec![at(BESIDE[1] - VALUES, number(track.values.get(step))), at(BESIDE[1], number(trail.slopes.get(step)))]
    }

    fn description(&self, step: usize) -> String {
        let names: Vec<&str> = self.landscape.trails.iter().map(|trail| trail.name.as_str()).collect();
        let parts =
            [self.landscape.title.clone(), self.landscape.note.clone(), names.join(", "), format!("step {step}")];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
    }
}

impl Track {
    fn trail(&self, step: usize) -> Vec<Shape> {
        let (mut seen, mut hidden) = (Vec::new(), Vec::new());
        for leg in &self.legs[..step.min(self.legs.len())] {
            leg.seen.iter().for_each(|piece| append(&mut seen, piece));
            leg.hidden.iter().for_each(|piece| append(&mut hidden, piece));
        }
        let mut shapes = Vec::new();
        if !hidden.is_empty() {
            shapes.push(Shape::Line { pieces: hidden, stroke: Stroke::solid(self.paint, 2.0).faint(0.3) });
        }
        if !seen.is_empty() {
            let halo = Stroke::solid(Paint::Paper, 5.0).faint(0.55);
            shapes.push(Shape::Line { pieces: seen.clone(), stroke: halo });
            shapes.push(Shape::Line { pieces: seen, stroke: Stroke::solid(self.paint, 2.8).faint(0.85) });
        }
        shapes
    }

    fn marker(&self, n: usize, step: usize) -> Option<Shape> {
        let spot = (*self.spots.get(step)?)?;
        let edge = Stroke::solid(Paint::Ink, 1.3);
        let edge = if spot.hidden { edge.faint(0.4) } else { edge };
        let fill = if spot.hidden { Paint::Grid } else { self.paint };
        Some(chart::symbol(n, spot.at, fill, edge))
    }

    fn losses(&self, step: usize, plot: Area) -> Option<Shape> {
        let until = &self.chart[..self.chart.len().min(step + 1)];
        let pieces: Vec<Vec<Point>> =
            trace::stretches(until).iter().flat_map(|stretch| trace::cut(&trace::thin(stretch), plot)).collect();
        (!pieces.is_empty()).then(|| Shape::Line { pieces, stroke: Stroke::solid(self.paint, 1.6) })
    }
}

fn paint(landscape: &Landscape, n: usize) -> Paint {
    if landscape.radford { Paint::Radford(n % RADFORD) } else { Paint::Series(n % SERIES) }
}

fn row(n: usize) -> f64 {
    88.0 + n as f64 * ROW
}

fn losses_top(landscape: &Landscape) -> f64 {
    row(landscape.trails.len().max(1)) + 16.0
}

fn track(landscape: &Landscape, terrain: &Terrain<'_>, n: usize) -> Track {
    let positions = &landscape.trails[n].positions;
    Track {
        paint: paint(landscape, n),
        legs: positions.windows(2).map(|pair| terrain.leg(pair[0], pair[1])).collect(),
        spots: positions.iter().map(|&position| terrain.spot(position)).collect(),
        values: positions.iter().map(|&[x, y]| (landscape.f)(x, y)).collect(),
        chart: Vec::new(),
    }
}

fn headings(landscape: &Landscape) -> Vec<Shape> {
    let (left, right) = (16.0, BESIDE[1]);
    let title = text::shorten(&landscape.title, 17.0, 330.0);
    let formula = text::shorten(&landscape.formula, SMALL, BESIDE[0] - left - 10.0);
    let note = text::shorten(&landscape.note, SMALL, right - BESIDE[0]);
    let mut shapes = vec![Shape::Text(Text::new((left, 27.0), title, 16.0, Paint::Ink).bold())];
    for (at, content, anchor) in [((left, 46.0), formula, Anchor::Start), ((right, 46.0), note, Anchor::End)] {
        if !content.is_empty() {
            shapes.push(Shape::Text(Text::new(at, content, SMALL, Paint::Muted).anchor(anchor)));
        }
    }
    shapes
}

/// The names with their markers and rates, and what the numbers beside them are.
fn legend(landscape: &Landscape) -> Vec<Shape> {
    let mut shapes = Vec::new();
    let muted =
        |x: f64, content: &str| Shape::Text(Text::new((x, 70.0), content, SMALL, Paint::Muted).anchor(Anchor::End));
    if landscape.trails.is_empty() {
        return shapes;
    }
    let [left, right] = BESIDE;
    let slope = format!("|∇{}|", landscape.names[2]);
    for (x, name, room) in
        [(right - RATES, "rate", 50.0), (right - VALUES, &landscape.names[2], 46.0), (right, &slope, 46.0)]
    {
        shapes.push(muted(x, &text::shorten(name, SMALL, room)));
    }
    for (n, trail) in landscape.trails.iter().enumerate() {
        let y = row(n);
        let stroke = Stroke::solid(paint(landscape, n), 2.8);
        shapes.push(Shape::Line { pieces: vec![vec![(left, y - 4.0), (left + 16.0, y - 4.0)]], stroke });
        shapes.push(chart::symbol(n, (left + 8.0, y - 4.0), paint(landscape, n), Stroke::solid(Paint::Ink, 1.2)));
        let name = text::shorten(&trail.name, SMALL, 66.0);
        shapes.push(Shape::Text(Text::new((left + 21.0, y), name, SMALL, Paint::Ink)));
        if let Some(rate) = trail.rate {
            let at = (right - RATES, y);
            shapes.push(Shape::Text(Text::new(at, number::shortest(rate), READ_OUT, Paint::Muted).anchor(Anchor::End)));
        }
    }
    shapes
}

/// Losses against steps: above the minimum on a logarithmic axis, or, where there is none, as heights.
fn losses(landscape: &Landscape, height: f64, tracks: &mut [Track], still: &mut Vec<Shape>) -> Option<Losses> {
    let floor = landscape.minimum.map(|[x, y]| (landscape.f)(x, y));
    let top = losses_top(landscape);
    let plot =
        Area { x: BESIDE[0] + 40.0, y: top, width: BESIDE[1] - BESIDE[0] - 44.0, height: height - BELOW_LOSSES - top };
    let scale = if floor.is_some() { Scale::Log } else { Scale::Linear };
    let values = || tracks.iter().flat_map(|track| track.values.iter().map(|value| value - floor.unwrap_or(0.0)));
    let y_axis = match (landscape.surface, floor) {
        (Some(surface), None) => Axis::exactly(surface.z[0], surface.z[1], scale),
        // What is lower than twelve powers of ten below the start is rounding.
        (_, Some(floor)) => {
            let starts = tracks.iter().filter_map(|track| track.values.first());
            let highest = starts.map(|value| value - floor).fold(1e-300, f64::max);
            let shown = values().filter(|&value| value > 1e-12 * highest && value < 1e3 * highest);
            Axis::around(shown, scale)
        }
        (None, None) => Axis::around(values(), scale),
    };
    let x_axis = Axis::exactly(0.0, (landscape.frames().max(2) - 1) as f64, Scale::Linear);
    let (Some(x_axis), Some(y_axis)) = (x_axis, y_axis) else {
        return None;
    };
    let mut scene = Scene::new(WIDTH, height, "");
    chart::grid(x_axis, y_axis, plot, &mut scene);
    let name = &landscape.names[2];
    let above = floor.is_some_and(|floor| floor != 0.0);
    let label = if above { format!("{name} − minimum") } else { name.clone() };
    let label = text::shorten(&label, SMALL, BESIDE[1] - BESIDE[0]);
    scene.text(Text::new((BESIDE[0], top - 10.0), label, SMALL, Paint::Muted));
    let at = (plot.x + plot.width / 2.0, plot.bottom() + 34.0);
    scene.text(Text::new(at, "step", SMALL, Paint::Muted).anchor(Anchor::Middle));
    still.extend(scene.shapes);
    for track in tracks {
        let numbered = (0u32..).map(f64::from).zip(&track.values);
        let place = |(step, value)| chart::locate(x_axis, y_axis, plot, step, value - floor.unwrap_or(0.0));
        track.chart = numbered.map(place).collect();
    }
    Some(Losses { plot })
}

/// Five points, at the goal.
fn star((x, y): Point) -> Shape {
    let corners = (0..10).map(|i| {
        let radius = if i % 2 == 0 { 9.0 } else { 3.9 };
        let (sin, cos) = (f64::from(i) * std::f64::consts::PI / 5.0).sin_cos();
        (x + radius * sin, y - radius * cos)
    });
    Shape::Polygon { corners: corners.collect(), fill: Paint::Star, edge: Stroke::solid(Paint::Ink, 1.2) }
}
