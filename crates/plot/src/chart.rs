//! How is a set of curves laid out and drawn: grid, lines, markers, names?

use crate::axis::Axis;
use crate::colour::{Paint, SERIES};
use crate::curves::{Curves, Series};
use crate::scene::{Anchor, Area, Point, Scene, Shape, Stroke, Text};
use crate::text;
use crate::trace;

/// Free space around everything.
pub(crate) const EDGE: f64 = 24.0;
pub(crate) const TITLE_SIZE: f64 = 16.0;
/// A title's line, with the space below it.
pub(crate) const TITLE_HEIGHT: f64 = 30.0;

const LABEL_SIZE: f64 = 12.0;
const TICK_SIZE: f64 = 11.0;
const MARK_ROW: f64 = 15.0;
/// Length of the piece of line beside a name, long enough to show every dash on both sides of the
/// marker.
const KEY: f64 = 34.0;
const KEY_ROW: f64 = 19.0;
const WIDEST_NAME: f64 = 180.0;

/// Room that a chart needs around its plot.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Margins {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
    /// A plot less high than this has no room for the names of all lines.
    pub(crate) least_height: f64,
}

impl Margins {
    pub(crate) fn of(curves: &Curves, x_axis: Option<Axis>, width: f64) -> Margins {
        let ticks = curves.y_axis().map_or(Vec::new(), |axis| axis.ticks());
        let tick_width = ticks.iter().map(|tick| text::width(&tick.label, TICK_SIZE)).fold(0.0, f64::max);
        let named = || curves.series.iter().filter(|series| !series.name.is_empty());
        let name_width = named().map(|series| text::width(&name_of(curves, series), LABEL_SIZE)).fold(0.0, f64::max);
        let line = Area { x: 0.0, y: 0.0, width, height: 0.0 };
        let mark_rows = placed_marks(curves, x_axis, line).iter().map(|mark| mark.row + 1).max().unwrap_or(0);
        let row = |used: bool, height: f64| if used { height } else { 0.0 };
        Margins {
            left: EDGE + row(tick_width > 0.0, tick_width + 8.0),
            right: EDGE + row(name_width > 0.0, 12.0 + KEY + 8.0 + name_width),
            top: EDGE
                + row(!curves.title.is_empty(), TITLE_HEIGHT)
                + row(!curves.y_label.is_empty(), 20.0)
                + mark_rows as f64 * MARK_ROW
                + row(mark_rows > 0, 6.0),
            bottom: EDGE + 16.0 + row(!curves.x_label.is_empty(), 20.0),
            least_height: named().count() as f64 * KEY_ROW,
        }
    }

    /// Room enough for either.
    pub(crate) fn max(self, other: Margins) -> Margins {
        Margins {
            left: self.left.max(other.left),
            right: self.right.max(other.right),
            top: self.top.max(other.top),
            bottom: self.bottom.max(other.bottom),
            least_height: self.least_height.max(other.least_height),
        }
    }
}

/// Draws a chart whose plot takes exactly `plot`, with its labels in the margins around.
pub(crate) fn draw(curves: &Curves, x_axis: Option<Axis>, plot: Area, margins: &Margins, scene: &mut Scene) {
    headings(curves, plot, margins, scene);
    let (Some(x_axis), Some(y_axis)) = (x_axis, curves.y_axis()) else {
        scene.add(Shape::Frame { area: plot, stroke: Stroke::solid(Paint::Grid, 1.0) });
        let middle = (plot.x + plot.width / 2.0, plot.y + plot.height / 2.0);
        scene.text(Text::new(middle, curves.nothing_to_show(), LABEL_SIZE, Paint::Muted).anchor(Anchor::Middle));
        return;
    };
    grid(x_axis, y_axis, plot, scene);
    marks(curves, x_axis, plot, scene);

    let traces: Vec<Vec<Option<Point>>> = curves
        .series
        .iter()
        .map(|series| series.points.iter().map(|&(x, y)| locate(x_axis, y_axis, plot, x, y)).collect())
        .collect();
    for (n, places) in traces.iter().enumerate() {
        line(n, places, plot, scene);
    }
    // Markers come after all lines, lest a line strike out another one's marker.
    for (n, places) in traces.iter().enumerate() {
        for point in marked(n, traces.len(), places, plot) {
            scene.add(marker(n, point));
        }
    }
    names(curves, &traces, plot, scene);
}

pub(crate) fn locate(x_axis: Axis, y_axis: Axis, plot: Area, x: f64, y: f64) -> Option<Point> {
    let (across, up) = (x_axis.place(x)?, y_axis.place(y)?);
    Some((plot.x + across * plot.width, plot.bottom() - up * plot.height))
}

fn headings(curves: &Curves, plot: Area, margins: &Margins, scene: &mut Scene) {
    let left = plot.x - margins.left + EDGE;
    let room = plot.right() + margins.right - EDGE - left;
    let mut baseline = plot.y - margins.top + EDGE;
    if !curves.title.is_empty() {
        let title = text::shorten(&curves.title, TITLE_SIZE * 1.08, room);
        scene.text(Text::new((left, baseline + 12.0), title, TITLE_SIZE, Paint::Ink).bold());
        baseline += TITLE_HEIGHT;
    }
    if !curves.y_label.is_empty() {
        let label = text::shorten(&curves.y_label, LABEL_SIZE, room);
        scene.text(Text::new((left, baseline + 6.0), label, LABEL_SIZE, Paint::Muted));
    }
    if !curves.x_label.is_empty() {
        let label = text::shorten(&curves.x_label, LABEL_SIZE, plot.width);
        let at = (plot.x + plot.width / 2.0, plot.bottom() + 38.0);
        scene.text(Text::new(at, label, LABEL_SIZE, Paint::Muted).anchor(Anchor::Middle));
    }
}

pub(crate) fn grid(x_axis: Axis, y_axis: Axis, plot: Area, scene: &mut Scene) {
    let (light, axis) = (Stroke::solid(Paint::Grid, 1.0), Stroke::solid(Paint::Axis, 1.0));
    // Half pixels, because a line one pixel wide is sharp only there.
    let sharp = |v: f64| v.floor() + 0.5;
    let height = |value| y_axis.place(value).map(|up| sharp(plot.bottom() - up * plot.height));
    let across = |value| x_axis.place(value).map(|across| sharp(plot.x + across * plot.width));

    let between = y_axis.between_ticks();
    for tick in y_axis.ticks() {
        let Some(y) = height(tick.value) else {
            continue;
        };
        scene.line((plot.x, y), (plot.right(), y), light);
        if !between.is_empty() {
            scene.line((plot.x, y), (plot.x + 7.0, y), axis);
        }
        let at = (plot.x - 8.0, y + 4.0);
        scene.text(Text::new(at, tick.label, TICK_SIZE, Paint::Muted).anchor(Anchor::End));
    }
    for y in between.into_iter().filter_map(height) {
        scene.line((plot.x, y), (plot.x + 4.0, y), axis);
    }
    let bottom = sharp(plot.bottom());
    scene.line((plot.x, bottom), (plot.right(), bottom), axis);
    for tick in x_axis.ticks() {
        let Some(x) = across(tick.value) else {
            continue;
        };
        scene.line((x, bottom), (x, bottom + 5.0), axis);
        let at = (x, bottom + 18.0);
        scene.text(Text::new(at, tick.label, TICK_SIZE, Paint::Muted).anchor(Anchor::Middle));
    }
    for x in x_axis.between_ticks().into_iter().filter_map(across) {
        scene.line((x, bottom), (x, bottom + 3.0), axis);
    }
}

/// A mark's note above the plot.
struct PlacedMark {
    x: f64,
    name: String,
    centre: f64,
    /// 0 is the row next to the plot.
    row: usize,
}

/// Notes that would touch go to different rows.
fn placed_marks(curves: &Curves, x_axis: Option<Axis>, plot: Area) -> Vec<PlacedMark> {
    let mut placed: Vec<(PlacedMark, f64)> = Vec::new();
    for mark in &curves.marks {
        let Some(across) = x_axis.and_then(|axis| axis.place(mark.x)) else {
            continue;
        };
        let x = plot.x + across * plot.width;
        let name = text::shorten(&mark.name, TICK_SIZE, plot.width);
        let half = text::width(&name, TICK_SIZE) / 2.0;
        let centre = x.max(plot.x + half).min(plot.right() - half);
        let touches = |other: &(PlacedMark, f64)| (other.0.centre - centre).abs() < other.1 + half + 8.0;
        let taken: Vec<usize> = placed.iter().filter(|other| touches(other)).map(|other| other.0.row).collect();
        let row = (0..).find(|row| !taken.contains(row)).unwrap_or(0);
        placed.push((PlacedMark { x, name, centre, row }, half));
    }
    placed.into_iter().map(|(mark, _)| mark).collect()
}

fn marks(curves: &Curves, x_axis: Axis, plot: Area, scene: &mut Scene) {
    for mark in placed_marks(curves, Some(x_axis), plot) {
        let stroke = Stroke::dashed(Paint::Muted, 1.0, "3 4");
        scene.line((mark.x, plot.y - 3.0), (mark.x, plot.bottom()), stroke);
        let at = (mark.centre, plot.y - 8.0 - mark.row as f64 * MARK_ROW);
        scene.text(Text::new(at, mark.name, TICK_SIZE, Paint::Ink).anchor(Anchor::Middle));
    }
}

/// Dashes and markers repeat after another number of lines than colours do, so 35 lines differ.
const DASHES: [&str; 5] = ["", "8 5", "0.1 5", "10 5 0.1 5", "4 5"];

fn stroke_of(n: usize) -> Stroke {
    Stroke::dashed(Paint::Series(n % SERIES), 2.0, DASHES[n % DASHES.len()])
}

fn line(n: usize, places: &[Option<Point>], plot: Area, scene: &mut Scene) {
    let pieces: Vec<Vec<Point>> =
        trace::stretches(places).iter().flat_map(|stretch| trace::cut(&trace::thin(stretch), plot)).collect();
    if pieces.is_empty() {
        return;
    }
    let stroke = stroke_of(n);
    // Many values to a pixel are noise: a thin line, and no dash in it, leaves its shape to be
    // seen.
    let stroke = if is_dense(places, plot) { Stroke { width: 1.0, dash: "", ..stroke } } else { stroke };
    scene.add(Shape::Line { pieces, stroke });
}

fn is_dense(places: &[Option<Point>], plot: Area) -> bool {
    places.len() as f64 > 2.0 * plot.width
}

/// Points that get a marker: all of a short series; of a long one a few, at other places than those
/// of its neighbours, and the last; of a dense one only that. A point between gaps always, because
/// no line shows it.
fn marked(n: usize, series: usize, places: &[Option<Point>], plot: Area) -> Vec<Point> {
    let stride = if places.len() <= 15 { 1 } else { places.len().div_ceil(8) };
    let offset = n * stride / series.max(1);
    let dense = is_dense(places, plot);
    let last = places.iter().rposition(Option::is_some);
    let alone = |i: usize| {
        let gap = |place: Option<&Option<Point>>| place.is_none_or(Option::is_none);
        gap(i.checked_sub(1).and_then(|before| places.get(before))) && gap(places.get(i + 1))
    };
    let inside = |p: &Point| (plot.x..=plot.right()).contains(&p.0) && (plot.y..=plot.bottom()).contains(&p.1);
    places
        .iter()
        .enumerate()
        .filter(|&(i, _)| {
            let near_last = last.is_some_and(|last| last - i.min(last) <= stride / 2);
            Some(i) == last || alone(i) || (i % stride == offset && !(near_last && stride > 1) && !dense)
        })
        .filter_map(|(_, place)| place.filter(inside))
        .collect()
}

fn marker(n: usize, at: Point) -> Shape {
    symbol(n, at, Paint::Series(n % SERIES), Stroke::solid(Paint::Paper, 1.2))
}

/// The n-th shape of markers: five of them, which differ also without colours.
pub(crate) fn symbol(n: usize, (x, y): Point, fill: Paint, edge: Stroke) -> Shape {
    let polygon = |corners: &[Point]| Shape::Polygon {
        corners: corners.iter().map(|&(dx, dy)| (x + dx, y + dy)).collect(),
        fill,
        edge,
    };
    // Sizes that look alike: a triangle needs more than a square.
    match n % 5 {
        0 => Shape::Circle { centre: (x, y), radius: 4.0, fill, edge },
        1 => polygon(&[(-3.6, -3.6), (3.6, -3.6), (3.6, 3.6), (-3.6, 3.6)]),
        2 => polygon(&[(0.0, -5.2), (4.8, 3.4), (-4.8, 3.4)]),
        3 => polygon(&[(0.0, -5.2), (5.2, 0.0), (0.0, 5.2), (-5.2, 0.0)]),
        _ => polygon(&[(0.0, 5.2), (4.8, -3.4), (-4.8, -3.4)]),
    }
}

fn name_of(curves: &Curves, series: &Series) -> String {
    let name = text::shorten(&series.name, LABEL_SIZE, WIDEST_NAME);
    if curves.shows(series) { name } else { name + " (no values)" }
}

/// The legend stands where the lines end, in their order, and so never covers them.
fn names(curves: &Curves, traces: &[Vec<Option<Point>>], plot: Area, scene: &mut Scene) {
    let mut rows: Vec<(f64, usize)> = (0..traces.len())
        .filter(|&n| !curves.series[n].name.is_empty())
        .map(|n| (traces[n].iter().rev().flatten().next().map_or(plot.bottom(), |point| point.1), n))
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let wanted: Vec<f64> = rows.iter().map(|row| row.0).collect();
    let x = plot.right() + 12.0;
    for (y, (_, n)) in spread(&wanted, KEY_ROW, plot.y + 6.0, plot.bottom() - 6.0).into_iter().zip(rows) {
        let series = &curves.series[n];
        scene.line((x, y), (x + KEY, y), stroke_of(n));
        scene.add(marker(n, (x + KEY / 2.0, y)));
        scene.text(Text::new((x + KEY + 8.0, y + 4.0), name_of(curves, series), LABEL_SIZE, Paint::Ink));
    }
}

/// Rising places as near as may be to the wanted ones (rising too), with a distance between them,
/// within limits where the limits have room for that.
fn spread(wanted: &[f64], distance: f64, low: f64, high: f64) -> Vec<f64> {
    let mut places = wanted.to_vec();
    let mut least = low;
    for place in &mut places {
        *place = place.max(least);
        least = *place + distance;
    }
    let mut most = high;
    for place in places.iter_mut().rev() {
        *place = place.min(most);
        most = *place - distance;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_overlap_move_apart_and_stay_in_order() {
        assert_eq!(spread(&[10.0, 50.0], 19.0, 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(spread(&[50.0, 51.0], 19.0, 0.0, 100.0), [50.0, 69.0]);
        assert_eq!(spread(&[95.0, 120.0, 1e9], 19.0, 0.0, 100.0), [62.0, 81.0, 100.0]);
        assert!(spread(&[], 19.0, 0.0, 100.0).is_empty());
    }

    #[test]
    fn long_lines_get_a_few_markers_and_lonely_points_always_one() {
        let plot = Area { x: 0.0, y: 0.0, width: 1000.0, height: 1.0 };
        let mut places: Vec<Option<Point>> = (0..1000).map(|i| Some((f64::from(i), 0.5))).collect();
        let few = marked(0, 2, &places, plot).len();
        assert!((6..=10).contains(&few), "{few}");
        (places[500], places[502]) = (None, None);
        assert!(marked(0, 2, &places, plot).contains(&(501.0, 0.5)));
        let short: Vec<Option<Point>> = places[..10].to_vec();
        assert_eq!(marked(0, 1, &short, plot).len(), 10);
    }

    #[test]
    fn a_point_outside_the_plot_has_no_marker() {
        let plot = Area { x: 0.0, y: 0.0, width: 10.0, height: 10.0 };
        assert_eq!(marked(0, 1, &[Some((5.0, -3.0)), Some((5.0, 3.0))], plot), [(5.0, 3.0)]);
    }

    #[test]
    fn marks_side_by_side_share_a_row_and_crowded_ones_do_not() {
        let curves = Curves::new("").line("a", &[1.0; 100]).mark("first", 5.0).mark("last", 95.0).mark("best", 94.0);
        let plot = Area { x: 0.0, y: 0.0, width: 500.0, height: 100.0 };
        let axis = Axis::around(curves.all_x(), curves.x_scale());
        let rows: Vec<usize> = placed_marks(&curves, axis, plot).iter().map(|mark| mark.row).collect();
        assert_eq!(rows, [0, 0, 1]);
    }

    #[test]
    fn forty_lines_make_the_plot_higher() {
        let curves = (0..40).fold(Curves::new(""), |curves, n| curves.line(format!("{n}"), &[1.0, 2.0]));
        let axis = Axis::around(curves.all_x(), curves.x_scale());
        assert!(Margins::of(&curves, axis, 500.0).least_height >= 40.0 * KEY_ROW);
    }
}
