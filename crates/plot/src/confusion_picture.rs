//! How is a confusion matrix laid out and coloured?

use crate::chart::{EDGE, TITLE_HEIGHT, TITLE_SIZE};
use crate::colour::{LEVELS, Paint};
use crate::confusion::ConfusionMatrix;
use crate::number::{percent, thousands};
use crate::scene::{Anchor, Area, Scene, Shape, Text};
use crate::text;

const SIZE: f64 = 12.0;
const SMALL: f64 = 11.0;
const WIDEST_NAME: f64 = 130.0;
const LEAST_CELL: f64 = 38.0;
/// Between the cells and their margins.
const GAP: f64 = 14.0;
const LEGEND_ROW: f64 = 20.0;

/// Where everything goes.
struct Layout {
    cell: f64,
    /// The square of all cells.
    cells: Area,
    /// Right edges of the two columns at the margin.
    totals: f64,
    recalls: f64,
    /// Are the names of the columns too long to stand level?
    slanted: bool,
    names: Vec<String>,
    width: f64,
    height: f64,
}

impl Layout {
    fn of(matrix: &ConfusionMatrix) -> Layout {
        let classes = matrix.classes();
        let names: Vec<String> = matrix.names().iter().map(|name| text::shorten(name, SIZE, WIDEST_NAME)).collect();
        let widest = |texts: &mut dyn Iterator<Item = String>, size| {
            texts.map(|text| text::width(&text, size)).fold(0.0, f64::max)
        };
        let pairs = (0..classes).flat_map(|row| (0..classes).map(move |column| (row, column)));
        let counts = widest(&mut pairs.map(|(row, column)| thousands(matrix.count(row, column))), SIZE);
        let below = widest(
            &mut (0..classes).flat_map(|c| [thousands(matrix.column_total(c)), matrix.precision_text(c)]),
            SMALL,
        );
        let cell = (counts + 14.0).max(below + 8.0).max(LEAST_CELL).ceil();
        let name = widest(&mut names.iter().cloned(), SIZE);
        let slanted = name > cell - 6.0;
        let total = text::width(&thousands(matrix.total()), SMALL).max(text::width("total", SMALL));
        let side = name.max(text::width("precision", SMALL));

        let heads = if slanted { name.max(text::width("recall", SMALL)) / 2f64.sqrt() + SIZE } else { 22.0 };
        let x = EDGE + 20.0 + side + 10.0;
        let y = EDGE + TITLE_HEIGHT + 20.0 + heads;
        let square = cell * classes as f64;
        let cells = Area { x, y, width: square, height: square };
        let totals = cells.right() + GAP + total;
        let recalls = totals + 14.0 + text::width("100.0 %", SMALL);
        let heading = text::width(&matrix.heading(), TITLE_SIZE * 1.08).min(720.0);
        let overhang = if slanted { heads - 14.0 } else { 0.0 };
        let legend = EDGE + legend_width();
        Layout {
            cell,
            cells,
            totals,
            recalls,
            slanted,
            names,
            width: (recalls + overhang).max(EDGE + heading).max(legend) + EDGE,
            height: cells.bottom() + GAP + 2.0 * 18.0 + 24.0 + 3.0 * LEGEND_ROW + EDGE,
        }
    }

    fn column(&self, class: usize) -> f64 {
        self.cells.x + (class as f64 + 0.5) * self.cell
    }

    /// Baseline of a row of cells.
    fn row(&self, class: usize) -> f64 {
        self.cells.y + (class as f64 + 0.5) * self.cell + 4.0
    }
}

pub(crate) fn draw(matrix: &ConfusionMatrix) -> Scene {
    let layout = Layout::of(matrix);
    let mut scene = Scene::new(layout.width, layout.height, matrix.heading());
    scene.text(Text::new((EDGE, EDGE + 12.0), heading(matrix, &layout), TITLE_SIZE, Paint::Ink).bold());
    labels(&layout, &mut scene);
    for truth in 0..matrix.classes() {
        for predicted in 0..matrix.classes() {
            cell(matrix, &layout, truth, predicted, &mut scene);
        }
    }
    margins(matrix, &layout, &mut scene);
    legend(&layout, &mut scene);
    scene
}

/// A title that is too long is cut before the accuracy, not the accuracy after the title.
fn heading(matrix: &ConfusionMatrix, layout: &Layout) -> String {
    let accuracy = matrix.accuracy_text();
    let room = layout.width - 2.0 * EDGE - text::width(&accuracy, TITLE_SIZE * 1.08);
    text::shorten(matrix.shown_title(), TITLE_SIZE * 1.08, room) + &accuracy
}

fn labels(layout: &Layout, scene: &mut Scene) {
    let cells = layout.cells;
    let middle = (cells.x + cells.width / 2.0, cells.y + cells.height / 2.0);
    let predicted = Text::new((cells.x, EDGE + TITLE_HEIGHT + 8.0), "predicted class", SIZE, Paint::Muted);
    scene.text(predicted);
    let truth = Text::new((EDGE + 10.0, middle.1), "true class", SIZE, Paint::Muted);
    scene.text(truth.anchor(Anchor::Middle).turned(-90.0));

    for (class, name) in layout.names.iter().enumerate() {
        let at = (cells.x - 10.0, layout.row(class));
        scene.text(Text::new(at, name, SIZE, Paint::Ink).anchor(Anchor::End));
        scene.text(head(layout, layout.column(class), name, SIZE, Paint::Ink, Anchor::Middle));
    }
    scene.text(head(layout, layout.totals, "total", SMALL, Paint::Muted, Anchor::End));
    scene.text(head(layout, layout.recalls, "recall", SMALL, Paint::Muted, Anchor::End));
}

/// The head of a column; all are slanted if one is, since a level one would be struck by its
/// neighbour.
fn head(layout: &Layout, x: f64, name: &str, size: f64, fill: Paint, level: Anchor) -> Text {
    let y = layout.cells.y - 9.0;
    match (layout.slanted, level) {
        (true, Anchor::End) => Text::new((x - 10.0, y), name, size, fill).turned(-45.0),
        (true, _) => Text::new((x - 2.0, y), name, size, fill).turned(-45.0),
        (false, anchor) => Text::new((x, y), name, size, fill).anchor(anchor),
    }
}

fn cell(matrix: &ConfusionMatrix, layout: &Layout, truth: usize, predicted: usize, scene: &mut Scene) {
    let count = matrix.count(truth, predicted);
    let level = level_of(count, matrix.row_total(truth));
    let (fill, ink) = paints(level, truth == predicted);
    let area = Area {
        x: layout.column(predicted) - layout.cell / 2.0 + 1.0,
        y: layout.cells.y + truth as f64 * layout.cell + 1.0,
        width: layout.cell - 2.0,
        height: layout.cell - 2.0,
    };
    scene.add(Shape::Box { area, radius: 3.0, fill });
    // A zero is there for completeness and should not be seen first.
    let ink = if count == 0 { Paint::Axis } else { ink };
    let at = (layout.column(predicted), layout.row(truth));
    scene.text(Text::new(at, thousands(count), SIZE, ink).anchor(Anchor::Middle));
}

fn paints(level: u8, right: bool) -> (Paint, Paint) {
    if right { (Paint::Right(level), Paint::OnRight(level)) } else { (Paint::Wrong(level), Paint::OnWrong(level)) }
}

/// The colour follows the square root of the share, because a good classifier's errors are a few
/// percent: on an even scale they would look like none. And what is not zero never has the colour
/// of zero.
fn level_of(count: u128, total: u128) -> u8 {
    if count == 0 || total == 0 {
        return 0;
    }
    let share = count as f64 / total as f64;
    ((share.sqrt() * f64::from(LEVELS)).round() as u8).clamp(1, LEVELS)
}

fn margins(matrix: &ConfusionMatrix, layout: &Layout, scene: &mut Scene) {
    let mut small = |at, content: String, fill, anchor| {
        scene.text(Text::new(at, content, SMALL, fill).anchor(anchor));
    };
    let (totals, precisions) = (layout.cells.bottom() + GAP + 8.0, layout.cells.bottom() + GAP + 26.0);
    for class in 0..matrix.classes() {
        let (x, y) = (layout.column(class), layout.row(class));
        small((layout.totals, y), thousands(matrix.row_total(class)), Paint::Muted, Anchor::End);
        small((layout.recalls, y), matrix.recall_text(class), Paint::Ink, Anchor::End);
        small((x, totals), thousands(matrix.column_total(class)), Paint::Muted, Anchor::Middle);
        small((x, precisions), matrix.precision_text(class), Paint::Ink, Anchor::Middle);
    }
    let x = layout.cells.x - 10.0;
    small((x, totals), "total".into(), Paint::Muted, Anchor::End);
    small((x, precisions), "precision".into(), Paint::Muted, Anchor::End);
    small((layout.totals, totals), thousands(matrix.total()), Paint::Muted, Anchor::End);
}

/// Shares whose colours the legend shows, in percent.
const SHOWN: [u128; 6] = [0, 1, 5, 20, 50, 100];
const SWATCH: f64 = 40.0;
const LEGEND_NAME: &str = "share of the true class";

fn legend_width() -> f64 {
    text::width(LEGEND_NAME, SMALL) + 12.0 + SHOWN.len() as f64 * SWATCH
}

fn legend(layout: &Layout, scene: &mut Scene) {
    let top = layout.height - EDGE - 3.0 * LEGEND_ROW;
    let x = EDGE + text::width(LEGEND_NAME, SMALL) + 12.0;
    let mut name = |row: f64, name: &str| {
        let at = (x - 10.0, top + (row + 0.5) * LEGEND_ROW + 4.0);
        scene.text(Text::new(at, name, SMALL, Paint::Muted).anchor(Anchor::End));
    };
    name(0.0, LEGEND_NAME);
    name(1.0, "right");
    name(2.0, "wrong");
    for (i, share) in SHOWN.into_iter().enumerate() {
        let left = x + i as f64 * SWATCH;
        let at = (left + SWATCH / 2.0, top + 0.5 * LEGEND_ROW + 4.0);
        let label = percent(share, 100).replace(".0", "");
        scene.text(Text::new(at, label, SMALL, Paint::Muted).anchor(Anchor::Middle));
        for (row, right) in [(1.0, true), (2.0, false)] {
            let y = top + row * LEGEND_ROW + 1.0;
            let area = Area { x: left + 1.0, y, width: SWATCH - 2.0, height: LEGEND_ROW - 2.0 };
            scene.add(Shape::Box { area, radius: 3.0, fill: paints(level_of(share, 100), right).0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn few_errors_are_seen_and_none_is_not() {
        assert_eq!([level_of(0, 1000), level_of(0, 0), level_of(1, 100_000), level_of(1000, 1000)], [0, 0, 1, LEVELS]);
        assert!(level_of(1, 100) >= 2);
    }

    #[test]
    fn a_cell_has_room_for_its_count_and_its_margins() {
        let matrix = ConfusionMatrix::new(&Array2::from_elem((2, 2), 123_456_789), &["a", "b"]).unwrap();
        let layout = Layout::of(&matrix);
        assert!(layout.cell > text::width("123,456,789", SIZE));
        assert!(layout.cell > text::width("246,913,578", SMALL));
        assert!(layout.totals - text::width("493,827,156", SMALL) > layout.cells.right());
    }

    #[test]
    fn a_long_title_leaves_the_accuracy_to_be_read() {
        let matrix = ConfusionMatrix::new(&Array2::eye(2), &["a", "b"]).unwrap();
        let svg = matrix.title("A very long title ".repeat(20)).to_svg();
        assert!(svg.contains("…: accuracy 100.0 % (2 of 2)</text>"), "{svg}");
    }

    #[test]
    fn long_names_are_slanted_and_short_ones_are_not() {
        let layout = |names: &[&str]| Layout::of(&ConfusionMatrix::new(&Array2::zeros((2, 2)), names).unwrap());
        assert!(!layout(&["0", "1"]).slanted);
        assert!(layout(&["T-shirt/top", "ankle boot"]).slanted);
    }
}
