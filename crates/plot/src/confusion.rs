//! Which classes are taken for which?

use crate::number::{percent, thousands};
use crate::{PlotError, confusion_picture, save, text};
use ndarray::{Array2, ArrayRef2, Axis};
use std::fmt;
use std::path::Path;

/// How often each class was predicted for each true class.
///
/// As a picture, every cell shows its count, on the colour of its share of the true class (blue
/// where the prediction was right, orange where it was wrong); recall, precision and totals stand
/// at the margins. `Display` is the same as a table for the terminal.
///
/// ```
/// use ndarray::array;
/// use plot::ConfusionMatrix;
///
/// // Rows are true classes, columns predicted ones: 2 of 5 dogs were taken for cats.
/// let matrix = ConfusionMatrix::new(&array![[4, 0], [2, 3]], &["cat", "dog"])?.title("Pets");
/// assert_eq!(matrix.accuracy(), Some(7.0 / 9.0));
/// assert_eq!(matrix.recall(1), Some(3.0 / 5.0)); // of the true dogs, those that were called dogs
/// assert_eq!(matrix.precision(0), Some(4.0 / 6.0)); // of those called cats, the true cats
/// assert_eq!(
///     matrix.to_string(),
///     "\
/// Pets: accuracy 77.8 % (7 of 9)
/// true \\ predicted     cat      dog  total   recall
/// cat                    4        0      4  100.0 %
/// dog                    2        3      5   60.0 %
/// total                  6        3      9
/// precision         66.7 %  100.0 %
/// "
/// );
/// # Ok::<(), plot::PlotError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionMatrix {
    title: String,
    counts: Array2<usize>,
    names: Vec<String>,
}

impl ConfusionMatrix {
    /// A matrix of counts `[true class, predicted class]` and the name of each class.
    ///
    /// # Errors
    /// [`PlotError::NotSquare`], [`PlotError::NoClasses`], or [`PlotError::ClassNames`] if there
    /// are more or fewer names than classes.
    pub fn new(counts: &ArrayRef2<usize>, names: &[impl AsRef<str>]) -> Result<Self, PlotError> {
        let (rows, columns) = counts.dim();
        if rows != columns {
            return Err(PlotError::NotSquare { rows, columns });
        }
        if rows == 0 {
            return Err(PlotError::NoClasses);
        }
        if names.len() != rows {
            return Err(PlotError::ClassNames { classes: rows, names: names.len() });
        }
        let names = names.iter().map(|name| name.as_ref().to_owned()).collect();
        Ok(ConfusionMatrix { title: String::new(), counts: counts.to_owned(), names })
    }

    /// What was classified, and by what.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The share of all predictions that are right; `None` if there is no prediction.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        share(self.right(), self.total())
    }

    /// Of the examples of this class, the share that was recognised; `None` if there is no example.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    #[track_caller]
    pub fn recall(&self, class: usize) -> Option<f64> {
        share(self.count(class, class), self.row_total(class))
    }

    /// Of the predictions of this class, the share that is right; `None` if it was never predicted.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    #[track_caller]
    pub fn precision(&self, class: usize) -> Option<f64> {
        share(self.count(class, class), self.column_total(class))
    }

    /// The picture as the text of an SVG file.
    #[must_use]
    pub fn to_svg(&self) -> String {
        confusion_picture::draw(self).to_svg()
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

    pub(crate) fn classes(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Counts are `u128` from here on, so that no sum of `usize` can overflow.
    #[track_caller]
    pub(crate) fn count(&self, truth: usize, predicted: usize) -> u128 {
        let classes = self.classes();
        assert!(truth < classes && predicted < classes, "class {} of {classes}", truth.max(predicted));
        self.counts[[truth, predicted]] as u128
    }

    pub(crate) fn row_total(&self, class: usize) -> u128 {
        self.counts.row(class).iter().map(|&count| count as u128).sum()
    }

    pub(crate) fn column_total(&self, class: usize) -> u128 {
        self.counts.index_axis(Axis(1), class).iter().map(|&count| count as u128).sum()
    }

    pub(crate) fn total(&self) -> u128 {
        self.counts.iter().map(|&count| count as u128).sum()
    }

    fn right(&self) -> u128 {
        self.counts.diag().iter().map(|&count| count as u128).sum()
    }

    /// The title with the accuracy behind it.
    pub(crate) fn heading(&self) -> String {
        self.shown_title().to_owned() + &self.accuracy_text()
    }

    pub(crate) fn shown_title(&self) -> &str {
        if self.title.is_empty() { "Confusion matrix" } else { &self.title }
    }

    pub(crate) fn accuracy_text(&self) -> String {
        let (right, total) = (self.right(), self.total());
        let share = percent(right, total);
        format!(": accuracy {share} ({} of {})", thousands(right), thousands(total))
    }

    pub(crate) fn recall_text(&self, class: usize) -> String {
        percent(self.count(class, class), self.row_total(class))
    }

    pub(crate) fn precision_text(&self, class: usize) -> String {
        percent(self.count(class, class), self.column_total(class))
    }
}

fn share(part: u128, whole: u128) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = 0..self.classes();
        let with_margins = |first: &str, cells: Vec<String>, last: [&str; 2]| {
            let mut row = vec![first.to_owned()];
            row.extend(cells);
            row.extend(last.map(str::to_owned));
            row
        };
        let mut table = vec![with_margins("true \\ predicted", self.names.clone(), ["total", "recall"])];
        for row in classes.clone() {
            let cells = classes.clone().map(|column| thousands(self.count(row, column))).collect();
            table.push(with_margins(
                &self.names[row],
                cells,
                [&thousands(self.row_total(row)), &self.recall_text(row)],
            ));
        }
        let totals = classes.clone().map(|column| thousands(self.column_total(column))).collect();
        table.push(with_margins("total", totals, [&thousands(self.total()), ""]));
        table.push(with_margins("precision", classes.map(|column| self.precision_text(column)).collect(), ["", ""]));

        let widths: Vec<usize> = (0..table[0].len())
            .map(|column| table.iter().map(|row| terminal_width(&row[column])).max().unwrap_or(0))
            .collect();
        writeln!(f, "{}", self.heading())?;
        for row in table {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let padding = " ".repeat(width - terminal_width(cell));
                line += &if column == 0 { format!("{cell}{padding}") } else { format!("  {padding}{cell}") };
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Columns of a terminal, where Chinese characters take two.
fn terminal_width(text: &str) -> usize {
    text.chars().map(|c| if text::is_wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn shapes_and_names_are_checked() {
        let error =
            |counts: Array2<usize>, names: &[&str]| ConfusionMatrix::new(&counts, names).unwrap_err().to_string();
        assert_eq!(
            error(Array2::zeros((2, 3)), &["a", "b"]),
            "confusion matrix: counts are 2 x 3, but every class needs one row and one column"
        );
        assert_eq!(error(Array2::zeros((2, 2)), &["a"]), "confusion matrix: 2 classes, but 1 class names");
        assert_eq!(error(Array2::zeros((0, 0)), &[]), "confusion matrix: there is no class");
    }

    #[test]
    fn a_class_that_never_occurs_has_no_recall() {
        let matrix = ConfusionMatrix::new(&array![[3, 0], [0, 0]], &["a", "b"]).unwrap();
        assert_eq!((matrix.recall(1), matrix.precision(1), matrix.accuracy()), (None, None, Some(1.0)));
        let empty = ConfusionMatrix::new(&array![[0]], &["a"]).unwrap();
        assert_eq!(empty.accuracy(), None);
        assert_eq!(empty.heading(), "Confusion matrix: accuracy – (0 of 0)");
    }

    #[test]
    fn huge_counts_do_not_overflow() {
        let matrix = ConfusionMatrix::new(&array![[usize::MAX, 0], [0, usize::MAX]], &["a", "b"]).unwrap();
        assert_eq!(matrix.accuracy(), Some(1.0));
        assert_eq!(matrix.total(), 2 * usize::MAX as u128);
    }

    #[test]
    fn a_transposed_view_is_read_in_its_own_order() {
        let counts = array![[4, 0], [2, 3]];
        let matrix = ConfusionMatrix::new(&counts.t(), &["a", "b"]).unwrap();
        assert_eq!((matrix.count(0, 1), matrix.recall(0), matrix.precision(0)), (2, Some(4.0 / 6.0), Some(1.0)));
    }

    #[test]
    fn columns_align_for_wide_characters() {
        let text = ConfusionMatrix::new(&array![[1, 0], [0, 1]], &["猫", "dog"]).unwrap().to_string();
        let ends: Vec<usize> = text.lines().skip(1).take(3).map(terminal_width).collect();
        assert!(ends.iter().all(|&end| end == ends[0]), "{text}");
    }

    #[test]
    #[should_panic(expected = "class 2 of 2")]
    fn a_class_that_is_not_there_panics_by_number() {
        let _ = ConfusionMatrix::new(&array![[1, 0], [0, 1]], &["a", "b"]).unwrap().recall(2);
    }
}
