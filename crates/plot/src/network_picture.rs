//! Which nodes and connections of a network answer for its error, moment by moment?

use std::path::Path;

use ndarray::Array2;

use crate::chart::{EDGE, TITLE_HEIGHT, TITLE_SIZE};
use crate::colour::{LEVELS, Paint};
use crate::scene::{Anchor, Point, Scene, Shape, Stroke, Text};
use crate::{PlotError, save, text};

/// A network drawn as nodes and connections, at one moment of its training or at several: what goes forward, and how the
/// error comes back.
///
/// The inside of a node is its activation, its ring the error's derivative with respect to it, a connection's width its
/// share of the error. Blue is above zero, orange below; the strongest colour and the widest line are the largest
/// magnitude in the whole picture, so that moments compare. What is not a number is vermilion.
///
/// ```
/// use ndarray::array;
/// let picture = plot::NetworkPicture::new("One product")
///     .layer("input")
///     .layer("output")
///     .moment("step 1", &[vec![1.0, -2.0], vec![0.5]], &[vec![0.0, 0.0], vec![0.25]], &[array![[0.25, -0.5]]])?;
/// let svg = picture.to_svg();
/// assert!(svg.contains(">step 1</text>"));
/// assert_eq!(svg.matches("<circle").count(), 2 * 3 + 3); // a node and what keeps lines off it; three in the legend
///
/// let error = picture.moment("step 2", &[vec![1.0], vec![0.5]], &[], &[]).unwrap_err();
/// assert_eq!(error.to_string(), r#"network: moment "step 2": 0 layers of deltas, where there are 2 layers of activations"#);
/// # Ok::<(), plot::PlotError>(())
/// ```
#[derive(Debug, Clone)]
pub struct NetworkPicture {
    title: String,
    layers: Vec<String>,
    moments: Vec<Moment>,
    columns: usize,
}

#[derive(Debug, Clone)]
struct Moment {
    caption: String,
    activations: Vec<Vec<f64>>,
    deltas: Vec<Vec<f64>>,
    shares: Vec<Array2<f64>>,
}

/// The pictures of two moments stand so far apart.
const GAP: f64 = 28.0;
/// From one layer to the next.
const STRIDE: f64 = 92.0;
const LARGEST_RADIUS: f64 = 11.0;
const HEIGHT: f64 = 190.0;
const SIZE: f64 = 11.0;
const WIDEST: f64 = 6.0;
const RING: f64 = 4.0;
/// A connection with less than this part of the largest share is not drawn: it could not be seen, and many of them hide
/// the others.
const VISIBLE: f64 = 0.01;

impl NetworkPicture {
    /// A picture without a moment.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), layers: Vec::new(), moments: Vec::new(), columns: 3 }
    }

    /// Names the next layer, the input's first. Layers without a name have none.
    #[must_use]
    pub fn layer(mut self, name: impl Into<String>) -> Self {
        self.layers.push(name.into());
        self
    }

    /// Moments on a line of the picture (at least one) instead of three.
    #[must_use]
    pub fn columns(mut self, moments: usize) -> Self {
        self.columns = moments.max(1);
        self
    }

    /// Adds a moment: activations and deltas of every layer, the input's first, and between each two layers the shares
    /// of their connections, `[to, from]`.
    ///
    /// # Errors
    /// [`PlotError::Network`] if the sizes contradict each other.
    pub fn moment(
        mut self,
        caption: impl Into<String>,
        activations: &[Vec<f64>],
        deltas: &[Vec<f64>],
        shares: &[Array2<f64>],
    ) -> Result<Self, PlotError> {
        let caption = caption.into();
        let refused = |reason: String| PlotError::Network { caption: caption.clone(), reason };
        if deltas.len() != activations.len() {
            let (found, layers) = (deltas.len(), activations.len());
            return Err(refused(format!("{found} layers of deltas, where there are {layers} layers of activations")));
        }
        for (layer, (activations, deltas)) in activations.iter().zip(deltas).enumerate() {
            if activations.len() != deltas.len() {
                let (activations, deltas) = (activations.len(), deltas.len());
                return Err(refused(format!("layer {layer} has {activations} activations and {deltas} deltas")));
            }
        }
        if shares.len() + 1 != activations.len().max(1) {
            let (found, layers) = (shares.len(), activations.len());
            return Err(refused(format!("{found} matrices of shares between {layers} layers")));
        }
        for (layer, (shares, ends)) in shares.iter().zip(activations.windows(2)).enumerate() {
            let (rows, columns, to, from) = (shares.nrows(), shares.ncols(), ends[1].len(), ends[0].len());
            if [rows, columns] != [to, from] {
                let reason = format!("{rows} x {columns} shares behind layer {layer}, which need {to} x {from}");
                return Err(refused(reason));
            }
        }
        let (activations, deltas, shares) = (activations.to_vec(), deltas.to_vec(), shares.to_vec());
        self.moments.push(Moment { caption, activations, deltas, shares });
        Ok(self)
    }

    /// The picture as the text of an SVG file.
    #[must_use]
    pub fn to_svg(&self) -> String {
        self.scene().to_svg()
    }

    /// Writes the picture to an SVG file. Missing directories are made; a file that is there already is replaced, or
    /// kept as it is if anything goes wrong.
    ///
    /// # Errors
    /// [`PlotError::NotSvg`] if the name does not end in `.svg`, [`PlotError::Save`] if the disk refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        save::save(path.as_ref(), &self.to_svg())
    }

    fn scene(&self) -> Scene {
        let layers = self.moments.iter().map(|moment| moment.activations.len()).max().unwrap_or(0);
        let cell = (layers.saturating_sub(1) as f64 * STRIDE + 4.0 * LARGEST_RADIUS).max(140.0);
        let columns = self.columns.min(self.moments.len().max(1));
        let title_width = text::width(&self.title, TITLE_SIZE * 1.08);
        let inner = (columns as f64 * (cell + GAP) - GAP).max(title_width).max(430.0);
        let mut scene = Scene::new(inner + 2.0 * EDGE, 0.0, self.description());
        let mut y = EDGE;
        if !self.title.is_empty() {
            scene.text(Text::new((EDGE, y + 12.0), &*self.title, TITLE_SIZE, Paint::Ink).bold());
            y += TITLE_HEIGHT;
        }
        y = legend(&mut scene, y);
        let scales = Scales::of(&self.moments);
        if self.moments.is_empty() {
            scene.text(Text::new((EDGE, y + 10.0), "no moments", 12.0, Paint::Muted));
            y += 14.0 + GAP;
        }
        for moments in self.moments.chunks(columns) {
            for (column, moment) in moments.iter().enumerate() {
                let x = EDGE + column as f64 * (cell + GAP);
                scene.text(Text::new((x, y + SIZE), &*moment.caption, 12.0, Paint::Ink).bold());
                self.draw(moment, &scales, (x + 2.0 * LARGEST_RADIUS, y + 26.0), &mut scene);
            }
            y += 26.0 + HEIGHT + 18.0 + GAP;
        }
        scene.height = y - GAP + EDGE;
        scene
    }

    fn draw(&self, moment: &Moment, scales: &Scales, corner: Point, scene: &mut Scene) {
        let most = moment.activations.iter().map(Vec::len).max().unwrap_or(1).max(1);
        let pitch = HEIGHT / most as f64;
        let radius = (pitch * 0.36).min(LARGEST_RADIUS);
        let place = |layer: usize, node: usize| {
            let nodes = moment.activations[layer].len();
            let y = corner.1 + HEIGHT / 2.0 + (node as f64 - (nodes as f64 - 1.0) / 2.0) * pitch;
            (corner.0 + layer as f64 * STRIDE, y)
        };
        // The widest connections lie on top of the others.
        let mut connections: Vec<(f64, Point, Point)> = Vec::new();
        for (layer, shares) in moment.shares.iter().enumerate() {
            for ((to, from), &share) in shares.indexed_iter() {
                connections.push((share, place(layer, from), place(layer + 1, to)));
            }
        }
        connections.sort_by(|one, other| one.0.abs().total_cmp(&other.0.abs()));
        for (share, from, to) in connections {
            let part = part(share, scales.share);
            if part.is_nan() || part.abs() >= VISIBLE {
                let width = if part.is_nan() { 1.0 } else { 0.4 + (WIDEST - 0.4) * part.abs() };
                scene.line(from, to, Stroke::solid(paint(part), width));
            }
        }
        for (layer, (activations, deltas)) in moment.activations.iter().zip(&moment.deltas).enumerate() {
            for (node, (&activation, &delta)) in activations.iter().zip(deltas).enumerate() {
                let (centre, delta) = (place(layer, node), part(delta, scales.delta));
                let ring = if delta.is_nan() { RING } else { RING * delta.abs() };
                let edge = Stroke::solid(paint(delta), ring);
                // Paper around the ring, so that it is not lost among the connections' ends.
                let halo = Stroke::solid(Paint::Paper, 0.0);
                let around = radius + ring / 2.0 + 1.5;
                scene.add(Shape::Circle { centre, radius: around, fill: Paint::Paper, edge: halo });
                scene.add(Shape::Circle { centre, radius, fill: paint(part(activation, scales.activation)), edge });
            }
            if let Some(name) = self.layers.get(layer) {
                let at = (corner.0 + layer as f64 * STRIDE, corner.1 + HEIGHT + 16.0);
                scene.text(Text::new(at, name, SIZE, Paint::Muted).anchor(Anchor::Middle));
            }
        }
    }

    fn description(&self) -> String {
        let captions: Vec<_> = self.moments.iter().map(|moment| moment.caption.as_str()).collect();
        format!("{} ({} moments) {}", self.title, self.moments.len(), captions.join("; ")).trim().to_owned()
    }
}

/// What is drawn in full strength: the largest magnitude of each kind in all moments.
struct Scales {
    activation: f64,
    delta: f64,
    share: f64,
}

impl Scales {
    fn of(moments: &[Moment]) -> Self {
        let largest = |values: &mut dyn Iterator<Item = f64>| {
            values.filter(|value| value.is_finite()).fold(0.0_f64, |largest, value| largest.max(value.abs()))
        };
        Self {
            activation: largest(&mut moments.iter().flat_map(|m| m.activations.iter().flatten().copied())),
            delta: largest(&mut moments.iter().flat_map(|m| m.deltas.iter().flatten().copied())),
            share: largest(&mut moments.iter().flat_map(|m| m.shares.iter().flatten().copied())),
        }
    }
}

/// A value as a part of the largest magnitude; NaN if it is not finite.
fn part(value: f64, largest: f64) -> f64 {
    if !value.is_finite() {
        f64::NAN
    } else if largest > 0.0 {
        value / largest
    } else {
        0.0
    }
}

fn paint(part: f64) -> Paint {
    // What is there at all is not as pale as paper.
    let level = |magnitude: f64| (magnitude.sqrt() * f64::from(LEVELS)).ceil() as u8;
    if part.is_nan() {
        Paint::NotANumber
    } else if part < 0.0 {
        Paint::Wrong(level(-part))
    } else {
        Paint::Right(level(part))
    }
}

fn legend(scene: &mut Scene, y: f64) -> f64 {
    let centre = y + 8.0;
    let mut x = EDGE + 8.0;
    let said = |scene: &mut Scene, x: &mut f64, words: &str| {
        scene.text(Text::new((*x + 14.0, centre + 4.0), words, SIZE, Paint::Muted));
        *x += 14.0 + text::width(words, SIZE) + 22.0;
    };
    let plain = Stroke::solid(Paint::Axis, 0.5);
    for (part, words) in [(1.0, "above zero"), (-1.0, "below zero")] {
        scene.add(Shape::Circle { centre: (x, centre), radius: 6.0, fill: paint(part), edge: plain });
        said(scene, &mut x, words);
    }
    let ring = Stroke::solid(paint(1.0), 3.0);
    scene.add(Shape::Circle { centre: (x, centre), radius: 6.0, fill: Paint::Paper, edge: ring });
    said(scene, &mut x, "ring: delta");
    scene.line((x - 8.0, centre), (x + 8.0, centre), Stroke::solid(paint(1.0), 4.0));
    said(scene, &mut x, "width: share of the error");
    y + 30.0
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn two_layers(picture: NetworkPicture, share: f64) -> NetworkPicture {
        picture
            .moment("m", &[vec![1.0, -1.0], vec![0.5]], &[vec![0.0, 0.0], vec![1.0]], &[array![[share, 0.001]]])
            .unwrap()
    }

    fn lines(svg: &str) -> Vec<&str> {
        svg.lines().filter(|line| line.starts_with("<path")).collect()
    }

    #[test]
    fn the_largest_share_is_the_widest_line_and_tiny_ones_are_none() {
        let svg = two_layers(NetworkPicture::new(""), -2.0).to_svg();
        let connections: Vec<_> = lines(&svg).into_iter().filter(|line| line.contains("stroke-width=\"6\"")).collect();
        assert_eq!(connections.len(), 1, "{svg}");
        assert!(connections[0].contains("s-wrong16"), "below zero it is orange: {}", connections[0]);
        assert_eq!(lines(&svg).len(), 2, "one connection, and the legend's line");
    }

    #[test]
    fn all_moments_have_one_scale() {
        let svg = two_layers(two_layers(NetworkPicture::new(""), 4.0), 1.0).to_svg();
        let widths: Vec<_> = ["6", "1.8"].map(|width| svg.matches(&format!("stroke-width=\"{width}\"")).count()).into();
        assert_eq!(widths, [1, 1], "the second is a quarter of the first");
    }

    #[test]
    fn what_is_not_a_number_is_seen() {
        let svg = two_layers(NetworkPicture::new(""), f64::NAN).to_svg();
        assert!(svg.contains("#d55e00") && !svg.contains("NaN"));
    }

    #[test]
    fn sizes_that_contradict_each_other_are_refused() {
        let picture = || NetworkPicture::new("");
        let (nodes, deltas) = ([vec![1.0, 2.0], vec![3.0]], [vec![0.0, 0.0], vec![1.0]]);
        for (moment, reason) in [
            (
                picture().moment("m", &nodes, &deltas[..1], &[]),
                "1 layers of deltas, where there are 2 layers of activations",
            ),
            (picture().moment("m", &nodes, &[vec![0.0], vec![1.0]], &[]), "layer 0 has 2 activations and 1 deltas"),
            (picture().moment("m", &nodes, &deltas, &[]), "0 matrices of shares between 2 layers"),
            (
                picture().moment("m", &nodes, &deltas, &[array![[1.0], [2.0]]]),
                "2 x 1 shares behind layer 0, which need 1 x 2",
            ),
        ] {
            assert_eq!(moment.unwrap_err().to_string(), format!("network: moment \"m\": {reason}"));
        }
    }

    #[test]
    fn a_picture_without_moments_says_so() {
        assert!(NetworkPicture::new("Nothing").to_svg().contains(">no moments</text>"));
    }
}
