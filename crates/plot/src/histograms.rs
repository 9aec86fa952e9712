//! How are numbers distributed, and how does that change?

use std::path::Path;

use crate::axis::{Axis, Scale};
use crate::chart::{EDGE, TITLE_HEIGHT, TITLE_SIZE};
use crate::colour::Paint;
use crate::scene::{Anchor, Point, Scene, Shape, Stroke, Text};
use crate::{PlotError, save, text};

/// Histograms one below the other, as of a layer's weights or gradients over the epochs: the ridges of a landscape whose
/// slopes are time.
///
/// All have the same bins, between the lowest and the highest number of all, and the same height for the same share of
/// their own numbers. What is not finite is in no bin; how many those are is said beside the row.
///
/// ```
/// let svg = plot::Histograms::new("Weights")
///     .x_label("weight")
///     .row("epoch 1", &[-0.1, 0.0, 0.0, 0.1])
///     .row("epoch 2", &[-1.0, 0.5, f64::NAN, 1.0])
///     .to_svg();
/// assert!(svg.contains(">epoch 2 (1 of 4 not finite)</text>"));
/// assert_eq!(svg.matches("fill-opacity").count(), 2);
/// ```
#[derive(Debug, Clone)]
pub struct Histograms {
    title: String,
    x_label: String,
    bins: usize,
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    name: String,
    values: Vec<f64>,
    lost: usize,
}

const WIDTH: f64 = 480.0;
/// From one row to the next; the highest ridge reaches over two of them.
const STRIDE: f64 = 30.0;
const HIGHEST: f64 = 2.4 * STRIDE;
const SIZE: f64 = 11.0;

impl Histograms {
    /// A picture without a row, with 60 bins.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), x_label: String::new(), bins: 60, rows: Vec::new() }
    }

    /// What runs along the horizontal axis, with its unit.
    #[must_use]
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.x_label = label.into();
        self
    }

    /// How many bins each row has (at least one).
    #[must_use]
    pub fn bins(mut self, bins: usize) -> Self {
        self.bins = bins.max(1);
        self
    }

    /// Adds a row below the others.
    #[must_use]
    pub fn row<T: Copy + Into<f64>>(mut self, name: impl Into<String>, values: &[T]) -> Self {
        let finite: Vec<f64> =
            values.iter().map(|&value| value.into()).filter(|value: &f64| value.is_finite()).collect();
        let lost = values.len() - finite.len();
        self.rows.push(Row { name: name.into(), values: finite, lost });
        self
    }

    /// The picture as the text of an SVG file.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let names: Vec<_> = self.rows.iter().map(Row::caption).collect();
        let left = EDGE + names.iter().map(|name| text::width(name, SIZE)).fold(0.0, f64::max) + 12.0;
        let top = EDGE + if self.title.is_empty() { 0.0 } else { TITLE_HEIGHT } + HIGHEST - STRIDE;
        let bottom = top + STRIDE * self.rows.len() as f64;
        let mut scene = Scene::new(left + WIDTH + EDGE, bottom + 62.0, self.description());
        if !self.title.is_empty() {
            let title = text::shorten(&self.title, TITLE_SIZE * 1.08, left + WIDTH - EDGE);
            scene.text(Text::new((EDGE, EDGE + 12.0), title, TITLE_SIZE, Paint::Ink).bold());
        }
        let all = self.rows.iter().flat_map(|row| row.values.iter().copied());
        let Some(axis) = Axis::around(all, Scale::Linear) else {
            let at = (left + WIDTH / 2.0, (top + bottom) / 2.0);
            scene.text(Text::new(at, "no finite values", 12.0, Paint::Muted).anchor(Anchor::Middle));
            return scene.to_svg();
        };
        under(axis, &self.x_label, left, top, bottom, &mut scene);
        let shares: Vec<Vec<f64>> = self.rows.iter().map(|row| row.shares(axis, self.bins)).collect();
        let highest = shares.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
        for (number, (shares, name)) in shares.iter().zip(names).enumerate() {
            let ground = top + STRIDE * (number as f64 + 1.0) - 4.0;
            scene.text(Text::new((left - 12.0, ground), name, SIZE, Paint::Ink).anchor(Anchor::End));
            ridge(shares, highest, left, ground, &mut scene);
        }
        scene.to_svg()
    }

    /// Writes the picture to an SVG file. Missing directories are made; a file that is there already is replaced, or kept
    /// as it is if anything goes wrong.
    ///
    /// # Errors
    /// [`PlotError::NotSvg`] if the name does not end in `.svg`, [`PlotError::Save`] if the disk refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        save::save(path.as_ref(), &self.to_svg())
    }

    fn description(&self) -> String {
        let names: Vec<_> = self.rows.iter().map(|row| row.name.as_str()).collect();
        format!("{}: histograms of {} by {}", self.title, self.x_label, names.join(", "))
    }
}

impl Row {
    fn caption(&self) -> String {
        match self.lost {
            0 => self.name.clone(),
            lost => format!("{} ({lost} of {} not finite)", self.name, lost + self.values.len()),
        }
    }

    /// Which part of the row's numbers is in each bin.
    fn shares(&self, axis: Axis, bins: usize) -> Vec<f64> {
        let mut shares = vec![0.0; bins];
        for place in self.values.iter().filter_map(|&value| axis.place(value)) {
            shares[((place * bins as f64) as usize).min(bins - 1)] += 1.0 / self.values.len() as f64;
        }
        shares
    }
}

/// The axis below all rows, and its lines behind them.
fn under(axis: Axis, label: &str, left: f64, top: f64, bottom: f64, scene: &mut Scene) {
    for tick in axis.ticks() {
        let Some(across) = axis.place(tick.value) else { continue };
        let x = (left + across * WIDTH).floor() + 0.5;
        scene.line((x, top - HIGHEST + STRIDE), (x, bottom), Stroke::solid(Paint::Grid, 1.0));
        scene.text(Text::new((x, bottom + 16.0), tick.label, SIZE, Paint::Muted).anchor(Anchor::Middle));
    }
    let at = (left + WIDTH / 2.0, bottom + 38.0);
    scene.text(Text::new(at, label, 12.0, Paint::Muted).anchor(Anchor::Middle));
}

fn ridge(shares: &[f64], highest: f64, left: f64, ground: f64, scene: &mut Scene) {
    let bin = WIDTH / shares.len() as f64;
    let top = |share: f64| ground - HIGHEST * share / highest;
    let outline: Vec<Point> = shares
        .iter()
        .enumerate()
        .flat_map(|(number, &share)| {
            let x = left + number as f64 * bin;
            [(x, top(share)), (x + bin, top(share))]
        })
        .collect();
    let ends = [(left, ground), (left + WIDTH, ground)];
    let corners = [ends[0]].into_iter().chain(outline.iter().copied()).chain([ends[1]]).collect();
    scene.add(Shape::Veil { corners, fill: Paint::Series(0), opacity: 0.35 });
    scene.add(Shape::Line { pieces: vec![outline], stroke: Stroke::solid(Paint::Series(0), 1.2) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_rows_own_numbers() {
        let row = |values: &[f64]| Histograms::new("").row("", values).rows.remove(0);
        let axis = Axis::exactly(0.0, 4.0, Scale::Linear).unwrap();
        assert_eq!(row(&[0.5, 0.6, 1.5, 3.9]).shares(axis, 4), [0.5, 0.25, 0.0, 0.25]);
        assert_eq!(row(&[4.0, 4.0]).shares(axis, 4), [0.0, 0.0, 0.0, 1.0], "the upper end is in the last bin");
    }

    #[test]
    fn the_highest_bin_of_all_rows_reaches_the_whole_height() {
        let svg = Histograms::new("").bins(2).row("a", &[0.0, 1.0]).row("b", &[0.0, 0.0]).to_svg();
        let lines: Vec<_> =
            svg.lines().filter(|line| line.starts_with("<path") && line.contains("s-series0")).collect();
        let heights = |line: &str| -> Vec<f64> {
            let path = line.split("d=\"").nth(1).unwrap().split('"').next().unwrap();
            path.split(['M', 'L']).filter_map(|point| point.split(' ').nth(1)?.parse().ok()).collect()
        };
        let drop = |line: &str| heights(line).iter().copied().fold(f64::NEG_INFINITY, f64::max) - heights(line)[0];
        assert_eq!((drop(lines[0]), drop(lines[1])), (0.0, HIGHEST));
    }

    #[test]
    fn nothing_finite_says_so() {
        let svg = Histograms::new("Weights").row("epoch 1", &[f64::NAN]).to_svg();
        assert!(svg.contains(">no finite values</text>"));
    }
}
