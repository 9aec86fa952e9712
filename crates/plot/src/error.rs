//! What can go wrong between numbers and a picture on disk?

use std::io;
use std::path::PathBuf;

/// Everything that `plot` reports instead of drawing a wrong picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// A confusion matrix has as many rows (true classes) as columns (predicted classes).
    #[error("confusion matrix: counts are {rows} x {columns}, but every class needs one row and one column")]
    NotSquare {
        /// Rows of the counts that were given.
        rows: usize,
        /// Columns of the counts that were given.
        columns: usize,
    },
    /// A confusion matrix without a class has nothing to show.
    #[error("confusion matrix: there is no class")]
    NoClasses,
    /// Every class has exactly one name.
    #[error("confusion matrix: {classes} classes, but {names} class names")]
    ClassNames {
        /// Rows of the counts.
        classes: usize,
        /// Names that were given.
        names: usize,
    },
    /// An image has as many pixels as the sheet's `rows x columns`.
    #[error(
        "image sheet: image {index} ({caption:?}) has {pixels} pixels, but {rows} x {columns} needs {}",
        rows.saturating_mul(*columns)
    )]
    PixelCount {
        /// Position of the image on the sheet, from 0.
        index: usize,
        /// Its caption.
        caption: String,
        /// Pixels that were given.
        pixels: usize,
        /// Pixel rows of every image on this sheet.
        rows: usize,
        /// Pixel columns of every image on this sheet.
        columns: usize,
    },
    /// An axis runs from a lower to a higher number.
    #[error("landscape: {axis} runs from {low} to {high}, but its ends must rise and be finite")]
    Ends {
        /// Which axis.
        axis: &'static str,
        /// Where it was to begin.
        low: f64,
        /// Where it was to end.
        high: f64,
    },
    /// A surface is seen from above, and from somewhere.
    #[error(
        "landscape: elevation {elevation} and azimuth {azimuth}, but one must be from 0 to 90 degrees and the other finite"
    )]
    Angle {
        /// Degrees above the horizon.
        elevation: f64,
        /// Degrees about the vertical axis.
        azimuth: f64,
    },
    /// The layers, nodes and connections of a network do not fit together.
    #[error("network: moment {caption:?}: {reason}")]
    Network {
        /// The moment's caption.
        caption: String,
        /// What was given, and what it should have been.
        reason: String,
    },
    /// The file name promises another format than the one that would be written.
    #[error("cannot save {}: pictures are written as SVG, so the name has to end in .svg", path.display())]
    NotSvg {
        /// The file that was asked for.
        path: PathBuf,
    },
    /// The file name promises another format than that of a film.
    #[error("cannot save {}: films are written as GIF, so the name has to end in .gif", path.display())]
    NotGif {
        /// The file that was asked for.
        path: PathBuf,
    },
    /// The disk said no. Whatever was at `path` before is still there, unharmed.
    #[error("cannot save {}: {action}: {source}", path.display())]
    Save {
        /// The file that was asked for.
        path: PathBuf,
        /// The step that failed.
        action: &'static str,
        /// The reason.
        source: io::Error,
    },
}

impl PlotError {
    pub(crate) fn unless_ends(axis: &'static str, [low, high]: [f64; 2]) -> Result<(), PlotError> {
        let sound = low.is_finite() && high.is_finite() && low < high && (high - low).is_finite();
        if sound { Ok(()) } else { Err(PlotError::Ends { axis, low, high }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_says_what_and_why() {
        let cases = [
            (
                PlotError::NotSquare { rows: 2, columns: 3 },
                "confusion matrix: counts are 2 x 3, but every class needs one row and one column",
            ),
            (PlotError::NoClasses, "confusion matrix: there is no class"),
            (PlotError::ClassNames { classes: 2, names: 3 }, "confusion matrix: 2 classes, but 3 class names"),
            (
                PlotError::PixelCount { index: 4, caption: "true 3".into(), pixels: 63, rows: 8, columns: 8 },
                "image sheet: image 4 (\"true 3\") has 63 pixels, but 8 x 8 needs 64",
            ),
            (
                PlotError::unless_ends("y", [1.0, 1.0]).unwrap_err(),
                "landscape: y runs from 1 to 1, but its ends must rise and be finite",
            ),
            (
                PlotError::Angle { elevation: f64::NAN, azimuth: 0.0 },
                "landscape: elevation NaN and azimuth 0, but one must be from 0 to 90 degrees and the other finite",
            ),
            (
                PlotError::Network { caption: "step 1".into(), reason: "0 matrices of shares between 2 layers".into() },
                "network: moment \"step 1\": 0 matrices of shares between 2 layers",
            ),
            (
                PlotError::NotSvg { path: "out/loss.png".into() },
                "cannot save out/loss.png: pictures are written as SVG, so the name has to end in .svg",
            ),
            (
                PlotError::NotGif { path: "race.mp4".into() },
                "cannot save race.mp4: films are written as GIF, so the name has to end in .gif",
            ),
            (
                PlotError::Save {
                    path: "out/loss.svg".into(),
                    action: "writing a temporary file beside it",
                    source: io::Error::other("disk full"),
                },
                "cannot save out/loss.svg: writing a temporary file beside it: disk full",
            ),
        ];
        for (error, text) in cases {
            assert_eq!(error.to_string(), text);
        }
    }
}
