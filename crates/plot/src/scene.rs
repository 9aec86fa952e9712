//! What is a picture made of, and how does it become an SVG file?
//!
//! A scene is a list of shapes in drawing order, as plain data. Colours are roles: light ones are
//! written as attributes, which every program understands, and dark ones as a style sheet for
//! readers whose system is dark. Nothing in the file has an id, so any number of pictures can be
//! pasted into one page.

use crate::colour::{Paint, Rgb};
use crate::number::push_coordinate;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A place in pixels, `y` downwards.
pub(crate) type Point = (f64, f64);

/// An upright rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Area {
    pub(crate) fn right(self) -> f64 {
        self.x + self.width
    }

    pub(crate) fn bottom(self) -> f64 {
        self.y + self.height
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stroke {
    pub(crate) paint: Paint,
    pub(crate) width: f64,
    /// SVG's dash array; empty for a solid line.
    pub(crate) dash: &'static str,
    /// From 0, nothing, to 1, which hides what is below.
    pub(crate) opacity: f64,
}

impl Stroke {
    pub(crate) fn solid(paint: Paint, width: f64) -> Self {
        Stroke { paint, width, dash: "", opacity: 1.0 }
    }

    pub(crate) fn dashed(paint: Paint, width: f64, dash: &'static str) -> Self {
        Stroke { dash, ..Stroke::solid(paint, width) }
    }

    pub(crate) fn faint(self, opacity: f64) -> Self {
        Stroke { opacity, ..self }
    }
}

/// Which part of a text its position names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text; its position is on the baseline.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub(crate) at: Point,
    pub(crate) content: String,
    pub(crate) size: f64,
    pub(crate) anchor: Anchor,
    pub(crate) fill: Paint,
    pub(crate) bold: bool,
    /// Degrees, clockwise, about the position.
    pub(crate) turn: f64,
}

impl Text {
    pub(crate) fn new(at: Point, content: impl Into<String>, size: f64, fill: Paint) -> Self {
        Text { at, content: content.into(), size, anchor: Anchor::Start, fill, bold: false, turn: 0.0 }
    }

    pub(crate) fn anchor(self, anchor: Anchor) -> Self {
        Text { anchor, ..self }
    }

    pub(crate) fn bold(self) -> Self {
        Text { bold: true, ..self }
    }

    pub(crate) fn turned(self, turn: f64) -> Self {
        Text { turn, ..self }
    }
}

/// One thing on the paper.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// A filled rectangle with rounded corners.
    Box { area: Area, radius: f64, fill: Paint },
    /// The outline of a rectangle.
    Frame { area: Area, stroke: Stroke },
    /// Many filled rectangles of one colour, with edges that meet without a seam: pixels.
    Pixels { areas: Vec<Area>, fill: Paint },
    /// A line in one or more pieces.
    Line { pieces: Vec<Vec<Point>>, stroke: Stroke },
    /// A filled polygon with an edge.
    Polygon { corners: Vec<Point>, fill: Paint, edge: Stroke },
    /// What an odd number of rings goes round, filled.
    Region { rings: Vec<Vec<Point>>, fill: Paint },
    /// A filled circle with an edge.
    Circle { centre: Point, radius: f64, fill: Paint, edge: Stroke },
    /// A text.
    Text(Text),
}

#[cfg(feature = "gif")]
impl Shape {
    /// What its area is filled with.
    pub(crate) fn fill(&self) -> Option<Paint> {
        match self {
            Shape::Box { fill, .. }
            | Shape::Pixels { fill, .. }
            | Shape::Polygon { fill, .. }
            | Shape::Region { fill, .. }
            | Shape::Circle { fill, .. } => Some(*fill),
            Shape::Frame { .. } | Shape::Line { .. } | Shape::Text(_) => None,
        }
    }
}

/// A picture: its size, what it shows in words (for readers who listen), and its shapes in drawing
/// order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) description: String,
    pub(crate) shapes: Vec<Shape>,
}

impl Scene {
    pub(crate) fn new(width: f64, height: f64, description: impl Into<String>) -> Self {
        Scene { width, height, description: description.into(), shapes: Vec::new() }
    }

    pub(crate) fn add(&mut self, shape: Shape) {
        self.shapes.push(shape);
    }

    pub(crate) fn text(&mut self, text: Text) {
        self.add(Shape::Text(text));
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: Point, to: Point, stroke: Stroke) {
        self.add(Shape::Line { pieces: vec![vec![from, to]], stroke });
    }

    pub(crate) fn to_svg(&self) -> String {
        let mut body = Body { out: String::new(), fills: BTreeSet::new(), strokes: BTreeSet::new() };
        let paper = Area { x: 0.0, y: 0.0, width: self.width, height: self.height };
        body.shape(&Shape::Box { area: paper, radius: 0.0, fill: Paint::Paper });
        for shape in &self.shapes {
            body.shape(shape);
        }

        let mut svg = String::from(r#"<svg xmlns="http://www.w3.org/2000/svg" class="wengert""#);
        let mut size = String::new();
        push_coordinate(&mut size, self.width);
        let width = size.len();
        size.push(' ');
        push_coordinate(&mut size, self.height);
        let (w, h) = (&size[..width], &size[width + 1..]);
        let _ = write!(svg, r#" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img""#);
        svg.push_str(r#" font-family="system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif">"#);
        svg.push_str("\n<title>");
        push_escaped(&mut svg, &self.description);
        svg.push_str("</title>\n<style>\n.wengert{max-width:100%;height:auto}\n@media (prefers-color-scheme:dark){\n");
        for (set, class, property) in [(&body.fills, "f", "fill"), (&body.strokes, "s", "stroke")] {
            for paint in set {
                let Rgb(r, g, b) = paint.dark();
                let _ = writeln!(svg, ".wengert .{class}-{}{{{property}:#{r:02x}{g:02x}{b:02x}}}", paint.name());
            }
        }
        svg.push_str("}\n</style>\n");
        svg.push_str(&body.out);
        svg.push_str("</svg>\n");
        svg
    }
}

/// The shapes as text, and the paints that need a dark twin.
struct Body {
    out: String,
    fills: BTreeSet<Paint>,
    strokes: BTreeSet<Paint>,
}

impl Body {
    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Box { area, radius, fill } => {
                self.open("rect");
                self.area(*area);
                if *radius > 0.0 {
                    self.number("rx", *radius);
                }
                self.paint(Some(*fill), None);
                self.close();
            }
            Shape::Frame { area, stroke } => {
                self.open("rect");
                self.area(*area);
                self.paint(None, Some(*stroke));
                self.close();
            }
            Shape::Pixels { areas, fill } => {
                self.open("path");
                self.out.push_str(r#" d=""#);
                for area in areas {
                    self.pixel(*area);
                }
                self.out.push('"');
                self.out.push_str(r#" shape-rendering="crispEdges""#);
                self.paint(Some(*fill), None);
                self.close();
            }
            Shape::Line { pieces, stroke } => {
                self.open("path");
                self.out.push_str(r#" d=""#);
                for piece in pieces {
                    self.points(piece);
                }
                self.out.push('"');
                self.paint(None, Some(*stroke));
                self.close();
            }
            Shape::Polygon { corners, fill, edge } => {
                self.open("path");
                self.out.push_str(r#" d=""#);
                self.points(corners);
                self.out.push_str(r#"Z""#);
                self.paint(Some(*fill), Some(*edge));
                self.close();
            }
            Shape::Region { rings, fill } => {
                self.open("path");
                self.out.push_str(r#" d=""#);
                for ring in rings {
                    self.points(ring);
                    self.out.push('Z');
                }
                self.out.push_str(r#"" fill-rule="evenodd""#);
                self.paint(Some(*fill), None);
                self.close();
            }
            Shape::Circle { centre, radius, fill, edge } => {
                self.open("circle");
                self.number("cx", centre.0);
                self.number("cy", centre.1);
                self.number("r", *radius);
                self.paint(Some(*fill), Some(*edge));
                self.close();
            }
            Shape::Text(text) => self.text(text),
        }
    }

    fn open(&mut self, element: &str) {
        self.out.push('<');
        self.out.push_str(element);
    }

    fn close(&mut self) {
        self.out.push_str("/>\n");
    }

    fn number(&mut self, attribute: &str, value: f64) {
        let _ = write!(self.out, r#" {attribute}=""#);
        push_coordinate(&mut self.out, value);
        self.out.push('"');
    }

    fn area(&mut self, area: Area) {
        self.number("x", area.x);
        self.number("y", area.y);
        self.number("width", area.width);
        self.number("height", area.height);
    }

    fn points(&mut self, points: &[Point]) {
        for (i, &(x, y)) in points.iter().enumerate() {
            self.out.push(if i == 0 { 'M' } else { 'L' });
            push_coordinate(&mut self.out, x);
            self.out.push(' ');
            push_coordinate(&mut self.out, y);
        }
    }

    fn pixel(&mut self, area: Area) {
        for (command, value) in
            [('M', area.x), (' ', area.y), ('h', area.width), ('v', area.height), ('h', -area.width)]
        {
            self.out.push(command);
            push_coordinate(&mut self.out, value);
        }
        self.out.push('z');
    }

    fn paint(&mut self, fill: Option<Paint>, stroke: Option<Stroke>) {
        let mut classes = Vec::new();
        match fill {
            Some(paint) => {
                self.colour("fill", paint);
                if paint.light() != paint.dark() {
                    classes.push(format!("f-{}", paint.name()));
                    self.fills.insert(paint);
                }
            }
            None => self.out.push_str(r#" fill="none""#),
        }
        if let Some(Stroke { paint, width, dash, opacity }) = stroke {
            self.colour("stroke", paint);
            self.number("stroke-width", width);
            self.out.push_str(r#" stroke-linejoin="round" stroke-linecap="round""#);
            if !dash.is_empty() {
                let _ = write!(self.out, r#" stroke-dasharray="{dash}""#);
            }
            if opacity < 1.0 {
                self.number("stroke-opacity", opacity);
            }
            if paint.light() != paint.dark() {
                classes.push(format!("s-{}", paint.name()));
                self.strokes.insert(paint);
            }
        }
        if !classes.is_empty() {
            let _ = write!(self.out, r#" class="{}""#, classes.join(" "));
        }
    }

    fn colour(&mut self, attribute: &str, paint: Paint) {
        let Rgb(r, g, b) = paint.light();
        let _ = write!(self.out, r##" {attribute}="#{r:02x}{g:02x}{b:02x}""##);
    }

    fn text(&mut self, text: &Text) {
        self.open("text");
        self.number("x", text.at.0);
        self.number("y", text.at.1);
        self.number("font-size", text.size);
        match text.anchor {
            Anchor::Start => {}
            Anchor::Middle => self.out.push_str(r#" text-anchor="middle""#),
            Anchor::End => self.out.push_str(r#" text-anchor="end""#),
        }
        if text.bold {
            self.out.push_str(r#" font-weight="600""#);
        }
        if text.turn != 0.0 {
            self.out.push_str(r#" transform="rotate("#);
            for (value, end) in [(text.turn, ' '), (text.at.0, ' '), (text.at.1, ')')] {
                push_coordinate(&mut self.out, value);
                self.out.push(end);
            }
            self.out.push('"');
        }
        self.paint(Some(text.fill), None);
        self.out.push('>');
        push_escaped(&mut self.out, &text.content);
        self.out.push_str("</text>\n");
    }
}

/// Appends a text that says itself in XML. Characters that XML 1.0 forbids, in any notation, become
/// U+FFFD.
fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_picture_to_the_letter() {
        let mut scene = Scene::new(40.0, 20.5, "a < b");
        let edge = Stroke::solid(Paint::Paper, 1.0);
        let dashed = Stroke::dashed(Paint::Series(0), 2.0, "4 2");
        scene.add(Shape::Line { pieces: vec![vec![(0.1 + 0.2, 1.0), (2.0, -0.0)]], stroke: dashed });
        scene.add(Shape::Circle { centre: (5.0, 6.0), radius: 3.0, fill: Paint::Series(0), edge });
        let area = Area { x: 1.0, y: 2.0, width: 3.0, height: 1.0 };
        scene.add(Shape::Pixels { areas: vec![area, Area { y: 4.0, ..area }], fill: Paint::Grey(0) });
        scene.text(Text::new((20.0, 10.0), "5 > 4 & \"so\"", 12.0, Paint::Ink).anchor(Anchor::Middle).turned(-90.0));
        assert_eq!(
            scene.to_svg(),
            r##"<svg xmlns="http://www.w3.org/2000/svg" class="wengert" width="40" height="20.5" viewBox="0 0 40 20.5" role="img" font-family="system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif">
<title>a &lt; b</title>
<style>
.wengert{max-width:100%;height:auto}
@media (prefers-color-scheme:dark){
.wengert .f-paper{fill:#14171c}
.wengert .f-ink{fill:#e6edf3}
.wengert .f-series0{fill:#2688c9}
.wengert .s-paper{stroke:#14171c}
.wengert .s-series0{stroke:#2688c9}
}
</style>
<rect x="0" y="0" width="40" height="20.5" fill="#ffffff" class="f-paper"/>
<path d="M0.3 1L2 0" fill="none" stroke="#005fa3" stroke-width="2" stroke-linejoin="round" stroke-linecap="round" stroke-dasharray="4 2" class="s-series0"/>
<circle cx="5" cy="6" r="3" fill="#005fa3" stroke="#ffffff" stroke-width="1" stroke-linejoin="round" stroke-linecap="round" class="f-series0 s-paper"/>
<path d="M1 2h3v1h-3zM1 4h3v1h-3z" shape-rendering="crispEdges" fill="#000000"/>
<text x="20" y="10" font-size="12" text-anchor="middle" transform="rotate(-90 20 10)" fill="#1f2328" class="f-ink">5 &gt; 4 &amp; &quot;so&quot;</text>
</svg>
"##
        );
    }

    #[test]
    fn any_text_comes_back_from_a_strict_reader() {
        let said = "<&>\"' \u{0}\u{8}\u{fffe}\u{ffff} \u{7f}\u{85} 数字 😀\ttab";
        let mut scene = Scene::new(1.0, 1.0, said);
        scene.text(Text::new((0.0, 0.0), said, 12.0, Paint::Ink));
        let svg = scene.to_svg();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let read = document.descendants().find(|node| node.has_tag_name("text")).and_then(|node| node.text());
        assert_eq!(read, Some("<&>\"' \u{fffd}\u{fffd}\u{fffd}\u{fffd} \u{7f}\u{85} 数字 😀 tab"));
    }

    #[test]
    fn a_number_that_is_none_does_not_break_the_file() {
        let mut scene = Scene::new(f64::NAN, f64::INFINITY, "");
        scene.line((f64::NAN, 0.0), (f64::NEG_INFINITY, 1.0), Stroke::solid(Paint::Ink, 1.0));
        let svg = scene.to_svg();
        assert!(svg.contains(r#"d="M0 0L0 1""#) && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
