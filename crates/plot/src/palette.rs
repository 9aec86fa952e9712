//! Which colours do the pictures have, for those who draw with other means?

use crate::colour::{Paint, RADFORD, Rgb, SERIES};
use crate::colour_map::HEIGHTS;

/// The colours of the pictures on one kind of paper, as `#rrggbb`: for a web page that is to look like them.
///
/// ```
/// let (light, dark) = (plot::Palette::light(), plot::Palette::dark());
/// assert_eq!((light.paper.as_str(), light.series.len(), dark.heights.len()), ("#ffffff", 7, 24));
/// assert_eq!(light.radford[3], "#0000ff");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    /// The background.
    pub paper: String,
    /// Text, and the edges of markers.
    pub ink: String,
    /// Text that explains.
    pub muted: String,
    /// Axes.
    pub axis: String,
    /// Grid lines.
    pub grid: String,
    /// The goal.
    pub star: String,
    /// Trails, in their order.
    pub series: Vec<String>,
    /// The trails of Alec Radford's animations.
    pub radford: Vec<String>,
    /// Heights, from the lowest.
    pub heights: Vec<String>,
    /// Lines on those heights.
    pub levels: Vec<String>,
}

impl Palette {
    /// On light paper.
    #[must_use]
    pub fn light() -> Self {
        Palette::by(Paint::light)
    }

    /// On dark paper.
    #[must_use]
    pub fn dark() -> Self {
        Palette::by(Paint::dark)
    }

    fn by(colour: fn(Paint) -> Rgb) -> Self {
        let code = |paint| {
            let Rgb(r, g, b) = colour(paint);
            format!("#{r:02x}{g:02x}{b:02x}")
        };
        Palette {
            paper: code(Paint::Paper),
            ink: code(Paint::Ink),
            muted: code(Paint::Muted),
            axis: code(Paint::Axis),
            grid: code(Paint::Grid),
            star: code(Paint::Star),
            series: (0..SERIES).map(|n| code(Paint::Series(n))).collect(),
            radford: (0..RADFORD).map(|n| code(Paint::Radford(n))).collect(),
            heights: (0..HEIGHTS).map(|level| code(Paint::Height(level))).collect(),
            levels: (0..HEIGHTS).map(|level| code(Paint::Level(level))).collect(),
        }
    }
}
