//! How do several quantities change together?

use crate::axis::{Axis, Scale};
use crate::chart::{self, EDGE, Margins, TITLE_HEIGHT, TITLE_SIZE};
use crate::colour::Paint;
use crate::scene::{Area, Scene, Text};
use crate::{Curves, PlotError, save, text};
use std::path::Path;

/// Charts side by side in one picture, over the same horizontal axis.
///
/// The axis spans what any of the charts shows, so the same epoch is at the same place in each. It
/// is logarithmic if that of any chart is.
///
/// ```
/// use plot::{Curves, Panels};
///
/// let svg = Panels::new("Digits")
///     .panel(Curves::new("Loss").line("training", &[2.3, 0.9, 0.4]))
///     .panel(Curves::new("Accuracy").line("test", &[0.2, 0.7, 0.9, 0.9, 0.9, 0.9]))
///     .to_svg();
/// // The loss has three epochs, and yet both axes go to the sixth.
/// assert_eq!(svg.matches(">6</text>").count(), 2);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Panels {
    title: String,
    panels: Vec<Curves>,
}

/// Size of each plot in pixels, without margins.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 260.0;

impl Panels {
    /// A picture without charts yet; an empty title takes no room.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Panels { title: title.into(), panels: Vec::new() }
    }

    /// Adds a chart to the right of the others.
    #[must_use]
    pub fn panel(mut self, curves: Curves) -> Self {
        self.panels.push(curves);
        self
    }

    /// The picture as the text of an SVG file.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let any_log = self.panels.iter().any(|panel| panel.x_scale() == Scale::Log);
        let scale = if any_log { Scale::Log } else { Scale::Linear };
        let x_axis = Axis::around(self.panels.iter().flat_map(Curves::all_x), scale);
        let margins: Vec<Margins> = self.panels.iter().map(|panel| Margins::of(panel, x_axis, WIDTH)).collect();
        // Plots of the same height on the same line; each as far from its neighbours as its own
        // labels ask for.
        let common = margins.iter().copied().fold(Margins::default(), Margins::max);
        let top = if self.title.is_empty() { 0.0 } else { TITLE_HEIGHT + 4.0 };
        let height = HEIGHT.max(common.least_height);

        let width: f64 = margins.iter().map(|m| m.left + WIDTH + m.right).sum();
        let width = width.max(2.0 * EDGE + WIDTH);
        let mut scene = Scene::new(width, top + common.top.max(EDGE) + height + common.bottom, self.description());
        if !self.title.is_empty() {
            let title = text::shorten(&self.title, TITLE_SIZE * 1.2, width - 2.0 * EDGE);
            scene.text(Text::new((EDGE, EDGE + 12.0), title, TITLE_SIZE + 2.0, Paint::Ink).bold());
        }
        if self.panels.is_empty() {
            scene.text(Text::new((EDGE, top + EDGE + 12.0), "no charts", 12.0, Paint::Muted));
        }
        let mut left = 0.0;
        for (panel, own) in self.panels.iter().zip(&margins) {
            let shared = Margins { left: own.left, right: own.right, ..common };
            let plot = Area { x: left + own.left, y: top + common.top, width: WIDTH, height };
            chart::draw(panel, x_axis, plot, &shared, &mut scene);
            left += own.left + WIDTH + own.right;
        }
        scene.to_svg()
    }

    fn description(&self) -> String {
        let mut parts = vec![self.title.clone()];
        parts.extend(self.panels.iter().map(Curves::description));
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }

    /// Writes the picture to an SVG file. Missing directories are made; a file that is there
    /// already is replaced, or kept as it is if anything goes wrong.
    ///
    /// # Errors
    /// [`PlotError::NotSvg`] if the name does not end in `.svg`, [`PlotError::Save`] if the disk
    /// refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        save::save(path.as_ref(), &self.to_svg())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_without_charts_says_so() {
        assert!(Panels::new("Nothing yet").to_svg().contains(">no charts</text>"));
    }

    #[test]
    fn one_logarithmic_panel_makes_all_of_them_logarithmic() {
        let rates = [(1e-6, 1.0), (1.0, 2.0)];
        let svg = Panels::new("")
            .panel(Curves::new("").log_x().points("a", &rates))
            .panel(Curves::new("").points("b", &rates))
            .to_svg();
        assert_eq!(svg.matches(">10⁻³</text>").count(), 2);
    }

    #[test]
    fn a_mark_above_one_plot_does_not_shift_it_against_the_other() {
        let curves = Curves::new("").line("a", &[1.0, 2.0]);
        let svg = Panels::new("").panel(curves.clone().mark("here", 1.0)).panel(curves).to_svg();
        let heights: Vec<&str> = svg
            .lines()
            .filter(|line| line.starts_with("<circle"))
            .map(|line| line.split("cy=").nth(1).unwrap().split(' ').next().unwrap())
            .collect();
        // Per panel two points and the legend's key.
        assert_eq!(heights[..3], heights[3..]);
    }
}
