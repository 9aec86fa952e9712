//! How do shapes become pixels?

use tiny_skia::{FillRule, LineCap, LineJoin, Path, PathBuilder, Pixmap, Rect, StrokeDash, Transform};

use crate::colour::{Paint, Rgb};
use crate::lettering;
use crate::scene::{Anchor, Area, Point, Shape, Stroke, Text};

/// How thick a pen writes, in font sizes.
const PEN: f64 = 0.092;
const BOLD_PEN: f64 = 0.135;

/// Paper of whole pixels that shapes are drawn on.
#[derive(Clone)]
pub(crate) struct Canvas {
    pixels: Pixmap,
    dark: bool,
}

impl Canvas {
    /// Empty paper, at least one pixel large.
    pub(crate) fn new(width: u16, height: u16, dark: bool) -> Canvas {
        let pixels = Pixmap::new(u32::from(width.max(1)), u32::from(height.max(1)));
        let mut canvas = Canvas { pixels: pixels.expect("the size is not zero and far from overflow"), dark };
        let Rgb(r, g, b) = canvas.colour(Paint::Paper);
        canvas.pixels.fill(tiny_skia::Color::from_rgba8(r, g, b, 255));
        canvas
    }

    /// The colours of the pixels, row by row.
    pub(crate) fn colours(&self) -> impl Iterator<Item = Rgb> {
        self.pixels.pixels().iter().map(|pixel| Rgb(pixel.red(), pixel.green(), pixel.blue()))
    }

    pub(crate) fn colour(&self, paint: Paint) -> Rgb {
        if self.dark { paint.dark() } else { paint.light() }
    }

    pub(crate) fn draw(&mut self, shape: &Shape) {
        match shape {
            // The only round boxes are cells of a matrix, whose corners at this size are a pixel.
            Shape::Box { area, radius: _, fill } => {
                self.fill(rectangles(std::slice::from_ref(area)), *fill, true);
            }
            Shape::Frame { area, stroke } => self.stroke(rectangles(std::slice::from_ref(area)), *stroke),
            Shape::Pixels { areas, fill } => self.fill(rectangles(areas), *fill, false),
            Shape::Line { pieces, stroke } => self.stroke(lines(pieces, false), *stroke),
            Shape::Polygon { corners, fill, edge } => {
                let path = lines(std::slice::from_ref(corners), true);
                self.fill(path.clone(), *fill, true);
                self.stroke(path, *edge);
            }
            Shape::Region { rings, fill } => self.fill(lines(rings, true), *fill, true),
            Shape::Circle { centre, radius, fill, edge } => {
                let path = PathBuilder::from_circle(centre.0 as f32, centre.1 as f32, *radius as f32);
                self.fill(path.clone(), *fill, true);
                self.stroke(path, *edge);
            }
            Shape::Text(text) => self.text(text),
        }
    }

    fn paint(&self, paint: Paint, opacity: f64, smooth: bool) -> tiny_skia::Paint<'static> {
        let Rgb(r, g, b) = self.colour(paint);
        let mut brush = tiny_skia::Paint { anti_alias: smooth, ..tiny_skia::Paint::default() };
        brush.set_color_rgba8(r, g, b, (opacity.clamp(0.0, 1.0) * 255.0).round() as u8);
        brush
    }

    fn fill(&mut self, path: Option<Path>, fill: Paint, smooth: bool) {
        if let Some(path) = path {
            let brush = self.paint(fill, 1.0, smooth);
            self.pixels.fill_path(&path, &brush, FillRule::EvenOdd, Transform::identity(), None);
        }
    }

    fn stroke(&mut self, path: Option<Path>, Stroke { paint, width, dash, opacity }: Stroke) {
        if let Some(path) = path {
            let lengths = dash.split(' ').filter_map(|length| length.parse().ok()).collect();
            let stroke = tiny_skia::Stroke {
                width: width as f32,
                line_cap: LineCap::Round,
                line_join: LineJoin::Round,
                dash: StrokeDash::new(lengths, 0.0),
                ..tiny_skia::Stroke::default()
            };
            let brush = self.paint(paint, opacity, true);
            self.pixels.stroke_path(&path, &brush, &stroke, Transform::identity(), None);
        }
    }

    fn text(&mut self, text: &Text) {
        let (strokes, width) = lettering::write(&text.content, text.size);
        let start = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let (sin, cos) = text.turn.to_radians().sin_cos();
        let mut builder = PathBuilder::new();
        for stroke in &strokes {
            let place = |&(x, y): &Point| {
                let x = x + start;
                (text.at.0 + x * cos - y * sin, text.at.1 + x * sin + y * cos)
            };
            let points: Vec<Point> = stroke.points.iter().map(place).collect();
            if stroke.round {
                round(&mut builder, &points, stroke.closed);
            } else {
                straight(&mut builder, &points, false);
            }
        }
        let pen = if text.bold { BOLD_PEN } else { PEN };
        self.stroke(builder.finish(), Stroke::solid(text.fill, pen * text.size));
    }
}

fn rectangles(areas: &[Area]) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for area in areas {
        let [x, y, right, bottom] = [area.x, area.y, area.right(), area.bottom()].map(|edge| edge as f32);
        if let Some(rectangle) = Rect::from_ltrb(x, y, right, bottom) {
            builder.push_rect(rectangle);
        }
    }
    builder.finish()
}

fn lines(pieces: &[Vec<Point>], closed: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for piece in pieces {
        straight(&mut builder, piece, closed);
    }
    builder.finish()
}

fn straight(builder: &mut PathBuilder, points: &[Point], closed: bool) {
    for (i, &(x, y)) in points.iter().enumerate() {
        if i == 0 {
            builder.move_to(x as f32, y as f32);
        } else {
            builder.line_to(x as f32, y as f32);
        }
    }
    if closed && !points.is_empty() {
        builder.close();
    }
}

/// A quadratic B-spline: it touches the middles of the sides between the points.
fn round(builder: &mut PathBuilder, points: &[Point], closed: bool) {
    let middle = |a: Point, b: Point| (((a.0 + b.0) / 2.0) as f32, ((a.1 + b.1) / 2.0) as f32);
    let (Some(&first), Some(&last)) = (points.first(), points.last()) else { return };
    if closed {
        let (x, y) = middle(last, first);
        builder.move_to(x, y);
        for (i, &point) in points.iter().enumerate() {
            let (x, y) = middle(point, points[(i + 1) % points.len()]);
            builder.quad_to(point.0 as f32, point.1 as f32, x, y);
        }
        builder.close();
        return;
    }
    builder.move_to(first.0 as f32, first.1 as f32);
    for pair in points.windows(2).skip(1) {
        let (x, y) = middle(pair[0], pair[1]);
        builder.quad_to(pair[0].0 as f32, pair[0].1 as f32, x, y);
    }
    builder.line_to(last.0 as f32, last.1 as f32);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(canvas: &Canvas, x: usize, y: usize) -> Rgb {
        canvas.colours().nth(y * 20 + x).unwrap()
    }

    #[test]
    fn shapes_cover_the_pixels_that_they_cover() {
        let mut canvas = Canvas::new(20, 10, false);
        assert_eq!(canvas.colours().count(), 200);
        let area = Area { x: 2.0, y: 2.0, width: 4.0, height: 3.0 };
        canvas.draw(&Shape::Box { area, radius: 0.0, fill: Paint::Ink });
        assert_eq!((pixel(&canvas, 2, 2), pixel(&canvas, 5, 4)), (Paint::Ink.light(), Paint::Ink.light()));
        assert_eq!((pixel(&canvas, 6, 4), pixel(&canvas, 1, 2)), (Paint::Paper.light(), Paint::Paper.light()));
        // A ring leaves its hole.
        let square = |r: f64| vec![(12.0 - r, 5.0 - r), (12.0 + r, 5.0 - r), (12.0 + r, 5.0 + r), (12.0 - r, 5.0 + r)];
        canvas.draw(&Shape::Region { rings: vec![square(4.0), square(1.0)], fill: Paint::Axis });
        assert_eq!((pixel(&canvas, 9, 2), pixel(&canvas, 12, 5)), (Paint::Axis.light(), Paint::Paper.light()));
    }

    #[test]
    fn a_faint_stroke_lets_the_paper_through() {
        let mut canvas = Canvas::new(20, 10, true);
        let stroke = Stroke::solid(Paint::Ink, 4.0).faint(0.5);
        canvas.draw(&Shape::Line { pieces: vec![vec![(2.0, 5.0), (18.0, 5.0)]], stroke });
        let (Rgb(r, ..), Rgb(paper, ..), Rgb(ink, ..)) =
            (pixel(&canvas, 10, 5), Paint::Paper.dark(), Paint::Ink.dark());
        assert!(r.abs_diff(((u16::from(paper) + u16::from(ink)) / 2) as u8) <= 1);
    }

    #[test]
    fn a_letter_leaves_ink_where_its_strokes_are() {
        let mut canvas = Canvas::new(20, 10, false);
        canvas.draw(&Shape::Text(Text::new((18.0, 9.0), "I", 10.0, Paint::Ink).bold().anchor(Anchor::End)));
        assert!(pixel(&canvas, 18, 5).luminance() < 0.5 && pixel(&canvas, 15, 5) == Paint::Paper.light());
    }
}
