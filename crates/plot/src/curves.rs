//! How did a quantity change during training?

use crate::axis::{Axis, Scale};
use crate::chart::{self, Margins};
use crate::scene::{Area, Scene};
use crate::{PlotError, save};
use std::path::Path;

/// A chart of lines: losses, accuracies, learning rates, over epochs or steps.
///
/// Each line has its own colour, dash and marker, and its name stands beside its end. Values that
/// are not finite (on a logarithmic axis: not positive) are gaps; a chart without any value says
/// so.
///
/// ```
/// let loss = [2.30, 0.90, f64::NAN, 0.35];
/// let chart = plot::Curves::new("Digits")
///     .x_label("epoch")
///     .y_label("loss (nats per image)")
///     .line("training", &loss);
///
/// let svg = chart.to_svg();
/// assert!(svg.contains(">loss (nats per image)</text>"));
/// // The third epoch is a gap: the first two points make a line, the last one stands alone.
/// assert_eq!(svg.matches("<circle").count(), 3 + 1); // and one in the legend
/// # Ok::<(), plot::PlotError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Curves {
    pub(crate) title: String,
    pub(crate) x_label: String,
    pub(crate) y_label: String,
    pub(crate) series: Vec<Series>,
    pub(crate) marks: Vec<Mark>,
    x_scale: Scale,
    y_scale: Scale,
    y_range: Option<(f64, f64)>,
}

/// A named line.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
    /// The lowest and the highest value at each point, if the line stands for several.
    pub(crate) band: Vec<(f64, f64)>,
}

/// A noted place on the x axis.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) name: String,
    pub(crate) x: f64,
}

/// Size of the plot itself in pixels, without margins.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;

impl Curves {
    /// An empty chart with a title.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Curves { title: title.into(), ..Curves::default() }
    }

    /// What runs along the horizontal axis, with its unit.
    #[must_use]
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.x_label = label.into();
        self
    }

    /// What runs along the vertical axis, with its unit. It stands level, above the axis.
    #[must_use]
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.y_label = label.into();
        self
    }

    /// Makes the horizontal axis logarithmic, as for a search over learning rates.
    #[must_use]
    pub fn log_x(mut self) -> Self {
        self.x_scale = Scale::Log;
        self
    }

    /// Makes the vertical axis logarithmic: a quantity that falls by the same factor every epoch
    /// becomes a straight line.
    #[must_use]
    pub fn log_y(mut self) -> Self {
        self.y_scale = Scale::Log;
        self
    }

    /// Fixes the ends of the vertical axis; what lies beyond is cut off. A range that the axis
    /// cannot show (empty, not finite, not positive on a logarithmic axis) leaves it to the data.
    #[must_use]
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y_range = Some((low, high));
        self
    }

    /// Adds a line with one value per epoch: the first at 1, the next at 2, and so on.
    #[must_use]
    pub fn line<T: Copy + Into<f64>>(self, name: impl Into<String>, values: &[T]) -> Self {
        let numbered = (1u32..).map(f64::from).zip(values.iter().map(|&y| y.into()));
        self.with_series(name.into(), numbered.collect())
    }

    /// Adds a line through points `(x, y)`, in their order.
    #[must_use]
    pub fn points<X, Y>(self, name: impl Into<String>, points: &[(X, Y)]) -> Self
    where
        X: Copy + Into<f64>,
        Y: Copy + Into<f64>,
    {
        self.with_series(name.into(), points.iter().map(|&(x, y)| (x.into(), y.into())).collect())
    }

    /// Adds the line of several runs, such as trainings that differ in their seed: the median of those that got so far, in
    /// a band from the lowest to the highest. A value that cannot be shown counts as none.
    ///
    /// ```
    /// let runs = [vec![3.0, 1.0], vec![5.0, 2.0], vec![4.0, 4.0, 0.5]];
    /// let svg = plot::Curves::new("").runs("three seeds", &runs).to_svg();
    /// // The band is drawn, the line goes through 4, 2 and 0.5.
    /// assert_eq!(svg.matches("fill-opacity").count(), 1);
    /// assert_eq!(svg.matches("<circle").count(), 3 + 1); // and one in the legend
    /// ```
    #[must_use]
    pub fn runs<T: Copy + Into<f64>>(mut self, name: impl Into<String>, runs: &[Vec<T>]) -> Self {
        let (mut points, mut band) = (Vec::new(), Vec::new());
        let longest = runs.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..longest {
            let here = runs.iter().filter_map(|run| run.get(at)).map(|&value| value.into());
            let mut here: Vec<f64> = here.filter(|&value| self.y_scale.shows(value)).collect();
            here.sort_by(f64::total_cmp);
            let middle = match here.as_slice() {
                [] => f64::NAN,
                values => (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0,
            };
            points.push((at as f64 + 1.0, middle));
            let ends = here.first().zip(here.last());
            band.push(ends.map_or((f64::NAN, f64::NAN), |(&low, &high)| (low, high)));
        }
        self.series.push(Series { name: name.into(), points, band });
        self
    }

    fn with_series(mut self, name: String, points: Vec<(f64, f64)>) -> Self {
        self.series.push(Series { name, points, band: Vec::new() });
        self
    }

    /// Notes a place on the horizontal axis, such as the best epoch, with a thin line over the
    /// height of the chart. A place that is not finite is left out.
    #[must_use]
    pub fn mark(mut self, name: impl Into<String>, x: f64) -> Self {
        self.marks.push(Mark { name: name.into(), x });
        self
    }

    /// The chart as the text of an SVG file.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let x_axis = Axis::around(self.all_x(), self.x_scale);
        let margins = Margins::of(self, x_axis, WIDTH);
        let plot = Area { x: margins.left, y: margins.top, width: WIDTH, height: HEIGHT.max(margins.least_height) };
        let mut scene = Scene::new(plot.right() + margins.right, plot.bottom() + margins.bottom, self.description());
        chart::draw(self, x_axis, plot, &margins, &mut scene);
        scene.to_svg()
    }

    /// Writes the chart to an SVG file. Missing directories are made; a file that is there already
    /// is replaced, or kept as it is if anything goes wrong.
    ///
    /// # Errors
    /// [`PlotError::NotSvg`] if the name does not end in `.svg`, [`PlotError::Save`] if the disk
    /// refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        save::save(path.as_ref(), &self.to_svg())
    }

    pub(crate) fn x_scale(&self) -> Scale {
        self.x_scale
    }

    /// Every place on the horizontal axis that is mentioned, also where the value is a gap: a
    /// training that ended in NaN shows how long it went on.
    pub(crate) fn all_x(&self) -> impl Iterator<Item = f64> {
        let points = self.series.iter().flat_map(|series| series.points.iter().map(|&(x, _)| x));
        points.chain(self.marks.iter().map(|mark| mark.x))
    }

    pub(crate) fn y_axis(&self) -> Option<Axis> {
        let lines = self.series.iter().flat_map(|series| series.points.iter().map(|&(_, y)| y));
        let bands = self.series.iter().flat_map(|series| series.band.iter().flat_map(|&(low, high)| [low, high]));
        let values: Vec<f64> = lines.chain(bands).collect();
        let of_data = Axis::around_and_maybe_zero(&values, self.y_scale)?;
        let chosen = self.y_range.and_then(|(low, high)| Axis::exactly(low, high, self.y_scale));
        Some(chosen.unwrap_or(of_data))
    }

    /// Is there any point of this line that is not a gap?
    pub(crate) fn shows(&self, series: &Series) -> bool {
        series.points.iter().any(|&(x, y)| self.x_scale.shows(x) && self.y_scale.shows(y))
    }

    /// What a chart without any value says in place of the lines.
    pub(crate) fn nothing_to_show(&self) -> &'static str {
        match self.y_scale {
            Scale::Linear => "no finite values",
            Scale::Log => "no positive finite values for a logarithmic axis",
        }
    }

    /// The chart in words, for readers who listen.
    pub(crate) fn description(&self) -> String {
        let names: Vec<&str> = self.series.iter().map(|series| series.name.as_str()).collect();
        let axes = match (self.y_label.as_str(), self.x_label.as_str()) {
            ("", x) => x.to_owned(),
            (y, "") => y.to_owned(),
            (y, x) => format!("{y} by {x}"),
        };
        let parts = [self.title.clone(), axes, names.join(", ")];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves() -> Curves {
        Curves::new("Digits").line("test", &[3.0f32, 2.0, 1.0])
    }

    #[test]
    fn a_listener_hears_what_there_is() {
        let labelled = curves().x_label("epoch").y_label("loss").line("training", &[1u8]);
        assert_eq!(labelled.description(), "Digits; loss by epoch; test, training");
        assert_eq!(curves().x_label("epoch").description(), "Digits; epoch; test");
        assert_eq!(Curves::new("").description(), "");
    }

    #[test]
    fn a_range_that_cannot_be_shown_leaves_the_axis_to_the_data() {
        let of_data = curves().y_axis();
        for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert_eq!(curves().y_range(low, high).y_axis(), of_data);
        }
        assert_eq!(curves().log_y().y_range(0.0, 1.0).y_axis(), curves().log_y().y_axis());
        assert_ne!(curves().y_range(0.0, 9.0).y_axis(), of_data);
    }

    #[test]
    fn a_logarithmic_axis_has_gaps_where_values_are_not_positive() {
        let svg = Curves::new("").log_y().line("", &[1.0, 0.1, 0.0, -1.0, 0.01]).to_svg();
        // One stretch of two points makes the only line that is not part of the grid; the last
        // point stands alone.
        assert_eq!((svg.matches("<circle").count(), svg.matches("s-series0").count()), (3, 2), "{svg}");
        let svg = curves().log_y().line("diverged", &[-1.0]).to_svg();
        assert!(svg.contains(">diverged (no values)</text>"));
    }

    #[test]
    fn a_chart_of_nothing_says_what_it_lacks() {
        let nothing: [f64; 0] = [];
        assert!(Curves::new("Empty").to_svg().contains(">no finite values</text>"));
        assert!(Curves::new("Empty").line("a", &nothing).to_svg().contains(">no finite values</text>"));
        let svg = Curves::new("Empty").log_y().line("a", &[0.0, -1.0, f64::NAN]).to_svg();
        assert!(svg.contains(">no positive finite values for a logarithmic axis</text>"));
    }
}
