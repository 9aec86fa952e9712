//! Which way do optimizers take over an error surface?

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::landscape_picture::Stage;
use crate::{PlotError, Trail, save};

/// A function of two numbers with the trails of optimizers on it: as a map of level lines or as a surface, with read-outs and
/// the losses beside it.
///
/// Level lines are log-spaced above the minimum, so that a valley shows as much as the mountains around it. On a surface,
/// trails lie on the ground between the steps too, and what the ground hides is faint.
///
/// ```
/// use plot::{Landscape, Trail};
///
/// let valley = |x: f64, y: f64| 0.5 * x * x + 8.0 * y * y;
/// let mut position = [-3.0, 1.0];
/// let mut positions = vec![position];
/// for _ in 0..40 {
///     position = [position[0] * (1.0 - 0.1), position[1] * (1.0 - 0.1 * 16.0)];
///     positions.push(position);
/// }
/// let map = Landscape::new("A long valley", valley, [-4.0, 4.0], [-2.0, 2.0])?
///     .minimum(0.0, 0.0)
///     .trail(Trail::new("SGD", &positions).rate(0.1));
/// assert!(map.to_svg().contains(">step 40 of 40</text>"));
/// assert!(map.frame_svg(3).contains(">step 3 of 40</text>"));
///
/// let surface = map.surface(40.0, -60.0, [0.0, 40.0])?;
/// assert!(surface.to_svg().starts_with("<svg"));
/// # Ok::<(), plot::PlotError>(())
/// ```
#[derive(Clone)]
pub struct Landscape {
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) formula: String,
    /// Of x, y and the function.
    pub(crate) names: [String; 3],
    pub(crate) f: Arc<Function>,
    pub(crate) x: [f64; 2],
    pub(crate) y: [f64; 2],
    pub(crate) surface: Option<Surface>,
    pub(crate) minimum: Option<[f64; 2]>,
    pub(crate) trails: Vec<Trail>,
    pub(crate) radford: bool,
    pub(crate) dark: bool,
}

pub(crate) type Function = dyn Fn(f64, f64) -> f64 + Send + Sync;

/// Seen from the side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Surface {
    pub(crate) elevation: f64,
    pub(crate) azimuth: f64,
    pub(crate) z: [f64; 2],
}

impl fmt::Debug for Landscape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Landscape");
        shown.field("title", &self.title).field("x", &self.x).field("y", &self.y).field("surface", &self.surface);
        shown.field("trails", &self.trails).finish_non_exhaustive()
    }
}

impl Landscape {
    /// A map of `f` between the ends of `x` and `y`.
    ///
    /// # Errors
    /// [`PlotError::Ends`] unless both rise and are finite.
    pub fn new(
        title: impl Into<String>,
        f: impl Fn(f64, f64) -> f64 + Send + Sync + 'static,
        x: [f64; 2],
        y: [f64; 2],
    ) -> Result<Self, PlotError> {
        PlotError::unless_ends("x", x)?;
        PlotError::unless_ends("y", y)?;
        Ok(Landscape {
            title: title.into(),
            note: String::new(),
            formula: String::new(),
            names: ["x", "y", "f"].map(String::from),
            f: Arc::new(f),
            x,
            y,
            surface: None,
            minimum: None,
            trails: Vec::new(),
            radford: false,
            dark: false,
        })
    }

    /// A note beside the title: whose learning rates these are, for one.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// The formula of the function, below the title.
    #[must_use]
    pub fn formula(mut self, formula: impl Into<String>) -> Self {
        self.formula = formula.into();
        self
    }

    /// What the axes are, with their units, and what the function is: `x`, `y` and `f` if nothing is said.
    ///
    /// ```
    /// let surface = plot::Landscape::new("One neuron", |w, b| (w + b - 1.0).powi(2), [-1.0, 1.0], [-1.0, 1.0])?
    ///     .names("weight", "bias", "loss")
    ///     .surface(40.0, -50.0, [0.0, 9.0])?;
    /// let svg = surface.to_svg();
    /// assert!([">weight<", ">bias<", ">loss<"].iter().all(|name| svg.contains(name)));
    /// # Ok::<(), plot::PlotError>(())
    /// ```
    #[must_use]
    pub fn names(mut self, x: impl Into<String>, y: impl Into<String>, f: impl Into<String>) -> Self {
        self.names = [x.into(), y.into(), f.into()];
        self
    }

    /// Shows a surface between the heights `z` in place of a map, from `elevation` degrees above the horizon and `azimuth`
    /// degrees from the direction of x towards that of y.
    ///
    /// # Errors
    /// [`PlotError::Ends`] unless `z` rises and is finite, [`PlotError::Angle`] unless the elevation is from 0 to 90 and the
    /// azimuth finite.
    pub fn surface(mut self, elevation: f64, azimuth: f64, z: [f64; 2]) -> Result<Self, PlotError> {
        PlotError::unless_ends("z", z)?;
        if !((0.0..=90.0).contains(&elevation) && azimuth.is_finite()) {
            return Err(PlotError::Angle { elevation, azimuth });
        }
        self.surface = Some(Surface { elevation, azimuth, z });
        Ok(self)
    }

    /// Marks the lowest point with a star. Losses are then shown on a logarithmic axis, as heights above it.
    #[must_use]
    pub fn minimum(mut self, x: f64, y: f64) -> Self {
        self.minimum = Some([x, y]);
        self
    }

    /// Adds the trail of an optimizer, in the next colour and with the next marker.
    #[must_use]
    pub fn trail(mut self, trail: Trail) -> Self {
        self.trails.push(trail);
        self
    }

    /// Gives the trails the colours of Alec Radford's animations, in their order: red, green, magenta, blue, yellow, black.
    /// They are not safe for colour-blind readers.
    #[must_use]
    pub fn radford_colours(mut self) -> Self {
        self.radford = true;
        self
    }

    /// Draws films on dark paper. SVGs follow the reader's system.
    #[must_use]
    pub fn dark(mut self) -> Self {
        self.dark = true;
        self
    }

    /// Positions of the longest trail.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.trails.iter().map(|trail| trail.positions.len()).max().unwrap_or(0)
    }

    /// The picture after the last step, as the text of an SVG file.
    #[must_use]
    pub fn to_svg(&self) -> String {
        self.frame_svg(self.frames().saturating_sub(1))
    }

    /// The picture after this step; after the last one it stays as it is.
    #[must_use]
    pub fn frame_svg(&self, step: usize) -> String {
        Stage::new(self).scene(step).to_svg()
    }

    /// Writes the picture after the last step to an SVG file, as [`Curves::save`](crate::Curves::save) does.
    ///
    /// # Errors
    /// [`PlotError::NotSvg`] if the name does not end in `.svg`, [`PlotError::Save`] if the disk refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        save::save(path.as_ref(), &self.to_svg())
    }

    /// The race as a film, the bytes of a GIF: a step a frame, 25 frames a second, for ever.
    #[cfg(feature = "gif")]
    #[must_use]
    pub fn to_gif(&self) -> Vec<u8> {
        crate::film::film(&Stage::new(self), self.frames(), self.dark)
    }

    /// Writes the film to a GIF file, all of it or none.
    ///
    /// # Errors
    /// [`PlotError::NotGif`] if the name does not end in `.gif`, [`PlotError::Save`] if the disk refuses.
    #[cfg(feature = "gif")]
    pub fn save_gif(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        save::save_gif(path.as_ref(), &self.to_gif())
    }
}
