//! What do these images look like, and what was said about them?

use crate::chart::{EDGE, TITLE_HEIGHT, TITLE_SIZE};
use crate::colour::{GREYS, Paint};
use crate::scene::{Area, Scene, Shape, Stroke, Text};
use crate::{PlotError, save, text};
use std::collections::BTreeMap;
use std::path::Path;

/// A sheet of small grey images with a caption under each: the misclassified ones, the filters of a
/// first layer.
///
/// Pixels are squares, never smoothed. A sheet without an image says so.
///
/// ```
/// use plot::ImageSheet;
///
/// let sheet = ImageSheet::new(2, 2)
///     .title("Misclassified")
///     .image(&[0.0, 1.0, 1.0, 0.0], "true 3, said 8 (61 %)")?;
/// assert!(sheet.to_svg().contains(">true 3, said 8</text>"));
///
/// let error = sheet.image(&[0.5; 3], "true 1").unwrap_err();
/// assert_eq!(error.to_string(), r#"image sheet: image 1 ("true 1") has 3 pixels, but 2 x 2 needs 4"#);
/// # Ok::<(), plot::PlotError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ImageSheet {
    title: String,
    rows: usize,
    columns: usize,
    per_line: Option<usize>,
    inverted: bool,
    images: Vec<Image>,
}

#[derive(Debug, Clone)]
struct Image {
    /// Row by row; `None` where the pixel is not a number.
    greys: Vec<Option<u8>>,
    caption: String,
}

/// Images are enlarged by a whole factor to about this size.
const IMAGE: f64 = 84.0;
/// No narrower, lest captions break after every word.
const LEAST_CELL: f64 = 104.0;
const GAP: f64 = 18.0;
const SIZE: f64 = 11.0;
const CAPTION_LINES: usize = 3;
/// Unless told otherwise, a sheet is not wider than a page of text.
const PAGE: f64 = 900.0;

impl ImageSheet {
    /// A sheet for images of `rows x columns` pixels.
    #[must_use]
    pub fn new(rows: usize, columns: usize) -> Self {
        ImageSheet { title: String::new(), rows, columns, per_line: None, inverted: false, images: Vec::new() }
    }

    /// What the images have in common.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds an image: `rows x columns` pixels, row by row, from 0 (black) to 1 (white). Values
    /// beyond are black or white, and those that are not a number are painted in vermilion.
    ///
    /// # Errors
    /// [`PlotError::PixelCount`] if there are more or fewer pixels.
    pub fn image(mut self, pixels: &[f32], caption: impl Into<String>) -> Result<Self, PlotError> {
        let (rows, columns, caption) = (self.rows, self.columns, caption.into());
        if rows.checked_mul(columns) != Some(pixels.len()) {
            return Err(PlotError::PixelCount {
                index: self.images.len(),
                caption,
                pixels: pixels.len(),
                rows,
                columns,
            });
        }
        let white = f32::from(GREYS - 1);
        let grey = |&value: &f32| (!value.is_nan()).then(|| (value.clamp(0.0, 1.0) * white).round() as u8);
        self.images.push(Image { greys: pixels.iter().map(grey).collect(), caption });
        Ok(self)
    }

    /// Images on a line of the sheet (at least one), instead of as many as fit on a page.
    #[must_use]
    pub fn columns(mut self, images: usize) -> Self {
        self.per_line = Some(images.max(1));
        self
    }

    /// Shows 0 as white and 1 as black: data sets of handwriting store ink as 1, and ink is dark on
    /// paper.
    #[must_use]
    pub fn inverted(mut self) -> Self {
        self.inverted = true;
        self
    }

    /// The sheet as the text of an SVG file.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let pixel = (IMAGE / self.rows.max(self.columns).max(1) as f64).floor().max(1.0);
        let size = (self.columns as f64 * pixel, self.rows as f64 * pixel);
        let cell = size.0.max(LEAST_CELL);
        let fitting = ((PAGE - 2.0 * EDGE + GAP) / (cell + GAP)).floor().max(1.0) as usize;
        let per_line = self.per_line.unwrap_or(fitting).min(self.images.len().max(1));

        let title_width = text::width(&self.title, TITLE_SIZE * 1.08).min(PAGE / 2.0);
        let inner = (per_line as f64 * (cell + GAP) - GAP).max(title_width).max(160.0);
        let mut scene = Scene::new(inner + 2.0 * EDGE, 0.0, self.description());
        let mut y = EDGE;
        if !self.title.is_empty() {
            let title = text::shorten(&self.title, TITLE_SIZE * 1.08, inner);
            scene.text(Text::new((EDGE, y + 12.0), title, TITLE_SIZE, Paint::Ink).bold());
            y += TITLE_HEIGHT;
        }
        if self.images.is_empty() {
            scene.text(Text::new((EDGE, y + 10.0), "no images", 12.0, Paint::Muted));
            y += 14.0 + GAP;
        }
        for images in self.images.chunks(per_line) {
            let mut lines = 0;
            for (i, image) in images.iter().enumerate() {
                let x = EDGE + i as f64 * (cell + GAP);
                let area = Area { x, y, width: size.0, height: size.1 };
                self.draw(image, pixel, area, &mut scene);
                let caption = text::wrap(&image.caption, SIZE, cell, CAPTION_LINES);
                lines = lines.max(caption.len());
                for (line, words) in caption.into_iter().enumerate() {
                    let at = (x, y + size.1 + 16.0 + line as f64 * SIZE * text::LINE);
                    let paint = if line == 0 { Paint::Ink } else { Paint::Muted };
                    scene.text(Text::new(at, words, SIZE, paint));
                }
            }
            y += size.1 + 8.0 + lines as f64 * SIZE * text::LINE + GAP;
        }
        scene.height = y - GAP + EDGE;
        scene.to_svg()
    }

    /// Writes the sheet to an SVG file. Missing directories are made; a file that is there already
    /// is replaced, or kept as it is if anything goes wrong.
    ///
    /// # Errors
    /// [`PlotError::NotSvg`] if the name does not end in `.svg`, [`PlotError::Save`] if the disk
    /// refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        save::save(path.as_ref(), &self.to_svg())
    }

    fn description(&self) -> String {
        let captions: Vec<&str> = self.images.iter().map(|image| image.caption.as_str()).collect();
        format!("{} ({} images) {}", self.title, self.images.len(), captions.join("; ")).trim().to_owned()
    }

    /// One rectangle for the most frequent grey, and over it one path for each other grey, of runs
    /// along the rows: an eighth of the size of a rectangle per pixel.
    fn draw(&self, image: &Image, pixel: f64, area: Area, scene: &mut Scene) {
        let mut frequency: BTreeMap<Option<u8>, usize> = BTreeMap::new();
        for &grey in &image.greys {
            *frequency.entry(grey).or_default() += 1;
        }
        let most = frequency.iter().max_by_key(|&(_, count)| count).map(|(&grey, _)| grey);
        if let Some(grey) = most {
            scene.add(Shape::Pixels { areas: vec![area], fill: self.paint(grey) });
        }
        let mut others: BTreeMap<Option<u8>, Vec<Area>> = BTreeMap::new();
        for (row, greys) in image.greys.chunks(self.columns.max(1)).enumerate() {
            let mut column = 0;
            for run in greys.chunk_by(|a, b| a == b) {
                let place = Area {
                    x: area.x + column as f64 * pixel,
                    y: area.y + row as f64 * pixel,
                    width: run.len() as f64 * pixel,
                    height: pixel,
                };
                column += run.len();
                if Some(run[0]) != most {
                    others.entry(run[0]).or_default().push(place);
                }
            }
        }
        for (grey, areas) in others {
            scene.add(Shape::Pixels { areas, fill: self.paint(grey) });
        }
        // Without it, black images flow into dark paper and white ones into light.
        let around = Area { x: area.x - 0.5, y: area.y - 0.5, width: area.width + 1.0, height: area.height + 1.0 };
        scene.add(Shape::Frame { area: around, stroke: Stroke::solid(Paint::Axis, 1.0) });
    }

    fn paint(&self, grey: Option<u8>) -> Paint {
        match grey {
            Some(grey) if self.inverted => Paint::Grey(GREYS - 1 - grey),
            Some(grey) => Paint::Grey(grey),
            None => Paint::NotANumber,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_neighbours_are_one_run_and_the_background_is_one_rectangle() {
        let pixels = [0.0, 1.0, 1.0, 0.0, 0.5, 0.0];
        let svg = ImageSheet::new(2, 3).image(&pixels, "").unwrap().to_svg();
        let paths: Vec<&str> = svg.lines().filter(|line| line.starts_with("<path")).collect();
        assert_eq!(
            paths,
            [
                r##"<path d="M24 24h84v56h-84z" shape-rendering="crispEdges" fill="#000000"/>"##,
                r##"<path d="M52 52h28v28h-28z" shape-rendering="crispEdges" fill="#828282"/>"##,
                r##"<path d="M52 24h56v28h-56z" shape-rendering="crispEdges" fill="#ffffff"/>"##,
            ]
        );
    }

    #[test]
    fn ink_is_dark_when_inverted_and_what_is_no_number_is_seen() {
        let pixels = [1.0, f32::INFINITY, 7.0, f32::NAN];
        let svg = ImageSheet::new(2, 2).inverted().image(&pixels, "").unwrap().to_svg();
        let fills: Vec<&str> = svg
            .lines()
            .filter(|line| line.starts_with("<path"))
            .map(|line| line.rsplit_once("fill=").unwrap().1)
            .collect();
        assert_eq!(fills, [r##""#000000"/>"##, r##""#d55e00"/>"##]);
    }

    #[test]
    fn a_sheet_without_images_says_so() {
        let svg = ImageSheet::new(28, 28).title("Misclassified").to_svg();
        assert!(svg.contains(">no images</text>") && svg.contains(">Misclassified</text>"));
    }

    #[test]
    fn a_size_that_overflows_is_a_wrong_size() {
        let error = ImageSheet::new(usize::MAX, 2).image(&[0.0; 4], "").unwrap_err();
        assert!(matches!(error, PlotError::PixelCount { pixels: 4, .. }));
    }

    #[test]
    fn columns_break_the_lines() {
        let sheet = |columns| {
            let sheet = (0..6).try_fold(ImageSheet::new(1, 1), |sheet, n| sheet.image(&[0.5], format!("n{n}")));
            sheet.unwrap().columns(columns).to_svg()
        };
        let height =
            |svg: &str| svg.split("height=\"").nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap();
        assert!(height(&sheet(1)) > height(&sheet(2)) && height(&sheet(2)) > height(&sheet(6)));
        assert_eq!(sheet(0), sheet(1));
        assert_eq!(sheet(6), sheet(99));
    }
}
